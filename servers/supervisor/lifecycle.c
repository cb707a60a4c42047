#include "lifecycle.h"

#include <inttypes.h>
#include <stdio.h>

#include <sk/arch/exit.h>
#include <sk/idl/kernel_client.h>
#include <sk/process.h>

#include "alarm.h"
#include "control.h"
#include "failed.h"
#include "heartbeat.h"
#include "power.h"
#include "process.h"
#include "report.h"
#include "standby.h"
#include "vm.h"
#include "wiring.h"

static sk_status_t begin(struct server *server)
{
	if (standby_is_ready(server)) {
		return process_switch(server);
	}
	process_fill(server);
	return process_start(server);
}

static void run_instance(struct server *server)
{
	if (begin(server) == SK_OK) {
		server->state = SK_SERVER_STATE_RUNNING;
		heartbeat_begin(server);
		standby_later(server);
	} else {
		server->state = SK_SERVER_STATE_FAILED;
		control_say("server %s failed its threads could not be started", server->config->name);
	}
}

bool lifecycle_runs(const struct server *server)
{
	return server->state == SK_SERVER_STATE_RUNNING || server->last;
}

void lifecycle_start(struct server *server)
{
	if (server->unusable == NULL) {
		run_instance(server);
	}
}

static void regrow(struct server *server)
{
	server->instance++;
	failed_unmark(server);
	wiring_reset_channels(server, false);
	run_instance(server);
}

/* One level only: dependants that can't go on have policies of their own. The server itself starts cold with them. */
static void restart_dependants(struct server *server)
{
	process_forget(server);
	server->history.count = 0;
	for (uint32_t i = 0; i < system_state.manifest.server_count; i++) {
		struct server *client = &system_state.servers[i];

		if (client != server && client->unusable == NULL && wiring_uses(client->config, server->index)) {
			process_stop(client);
			regrow(client);
		}
	}
	regrow(server);
}

/* Nobody serves it any more: its callers get SERVER_DIED from now on, and those who wait for its signals are told. */
static void abandon(struct server *server)
{
	server->last = false;
	process_abandon(server);
	wiring_tell_users(server);
}

/* Its last instance: it ends what the guest waits for. */
static void begin_last(struct server *server)
{
	server->last = true;
	server->instance++;
	wiring_reset_channels(server, false);
	run_instance(server);
	server->state = SK_SERVER_STATE_FAILED;
}

/* It is not restarted: the declared fallback happens. */
static void give_up(struct server *server, const char *why)
{
	server->state = SK_SERVER_STATE_FAILED;
	control_say("server %s failed %s", server->config->name, why);
	if (server->config->restart.fallback == MANIFEST_FALLBACK_RESTART_DEPENDANTS) {
		restart_dependants(server);
		return;
	}
	if (server->config->restart.fallback == MANIFEST_FALLBACK_MARK_FAILED) {
		if (!server->last && failed_answers(server)) {
			begin_last(server);
			return;
		}
		failed_mark(server);
	}
	if (server->index == system_state.fallback) {
		failed_silence();
	}
	abandon(server);
	switch (server->config->restart.fallback) {
	case MANIFEST_FALLBACK_STOP_VM:
		vm_server_lost(server->index, why);
		break;
	case MANIFEST_FALLBACK_HALT:
		power_down(POWER_OFF);
		break;
	default:
		break;
	}
}

/*
 * The scheduler's restart can't wait for a backoff: it is the one who would end the wait.
 */
static enum restart_verdict judge(struct server *server, uint64_t now_ns, uint64_t *delay_ns)
{
	enum restart_verdict verdict = restart_judge(&server->config->restart, &server->history, now_ns, delay_ns);

	if (verdict == RESTART_LATER && server->index == system_state.sched) {
		*delay_ns = 0;
		return RESTART_NOW;
	}
	return verdict;
}

/* A server that ended itself with code 0 is done; nobody will answer its callers. */
static bool is_done(struct server *server, const struct crash_cause *cause)
{
	uint64_t registers[34];

	if (cause->reason != SK_CRASH_REASON_EXIT ||
	    thread_read_registers(server->workers[cause->thread].thread, registers) != SK_OK ||
	    registers[SK_EXIT_REGISTER_CODE] != 0) {
		return false;
	}
	process_stop(server);
	abandon(server);
	server->state = SK_SERVER_STATE_EXITED;
	heartbeat_end(server);
	printf("server %s: done\n", server->config->name);
	return true;
}

static void report(struct server *server)
{
	const struct sk_crash_record *record = crash_find(server->unreported);

	server->unreported = 0;
	if (record != NULL) {
		report_crash(server->config->name, record);
	}
}

void lifecycle_crashed(struct server *server, const struct crash_cause *cause)
{
	if (is_done(server, cause)) {
		return;
	}

	uint64_t now_ns = sk_now_ns();
	struct sk_crash_record *record = crash_record(server, cause, now_ns);

	process_stop(server);
	heartbeat_end(server);
	server->crashes++;

	enum restart_verdict verdict =
		server->last ? RESTART_NEVER : judge(server, now_ns, &record->delay_ns);

	switch (verdict) {
	case RESTART_NOW:
		record->verdict = SK_CRASH_VERDICT_RESTARTED;
		regrow(server);
		record->took_ns = sk_now_ns() - now_ns;
		break;
	case RESTART_LATER:
		record->verdict = SK_CRASH_VERDICT_DELAYED;
		server->state = SK_SERVER_STATE_WAITING;
		alarm_set(ALARM_RESTART + server->index, now_ns + record->delay_ns);
		break;
	default:
		record->verdict = SK_CRASH_VERDICT_GAVE_UP;
		give_up(server, crash_reason_text(record->reason));
		break;
	}
	/* Talk comes last: the callers wait for the new instance, not for this. With a standby it waits until it is loaded. */
	report(server);
	server->unreported = record->number;
	if (verdict != RESTART_NOW || !standby_is_due(server)) {
		report(server);
	}
}

void lifecycle_after(void)
{
	for (uint32_t i = 0; i < system_state.manifest.server_count; i++) {
		struct server *server = &system_state.servers[i];

		if (standby_is_late(server)) {
			report(server);
			standby_make(server);
		}
	}
	standby_set_alarm();
}

sk_status_t lifecycle_kill(struct server *server, enum sk_crash_reason reason)
{
	struct crash_cause cause = { .reason = reason };
	enum thread_state state;
	uint32_t core;
	uint64_t served;
	uint64_t time_ns;

	if (!lifecycle_runs(server)) {
		return SK_BAD_STATE;
	}
	(void)thread_info(server->workers[0].thread, &state, &core, &cause.caller_badge, &cause.caller_tag, &served,
			  &time_ns);
	lifecycle_crashed(server, &cause);
	return SK_OK;
}

sk_status_t lifecycle_restart(struct server *server)
{
	if (server->unusable != NULL) {
		return SK_BAD_STATE;
	}
	if (lifecycle_runs(server)) {
		process_stop(server);
		heartbeat_end(server);
	}
	alarm_set(ALARM_RESTART + server->index, 0);
	server->history.count = 0;
	regrow(server);
	return server->state == SK_SERVER_STATE_RUNNING ? SK_OK : SK_BAD_STATE;
}

void lifecycle_stop(struct server *server)
{
	if (server->unusable != NULL) {
		return;
	}
	alarm_set(ALARM_RESTART + server->index, 0);
	process_stop(server);
	heartbeat_end(server);
	abandon(server);
	server->state = SK_SERVER_STATE_STOPPED;
}

void lifecycle_backoff_over(struct server *server)
{
	if (server->state == SK_SERVER_STATE_WAITING) {
		regrow(server);
	}
}
