#include "heartbeat.h"

#include <sk/idl/sched.h>
#include <sk/idl/server.h>
#include <sk/process.h>

#include "../sched/contract.h"

#include "alarm.h"
#include "errand.h"
#include "lifecycle.h"
#include "object.h"
#include "watch.h"

#define NS_PER_MS 1000000ull

static bool is_scheduler(const struct server *server)
{
	return server->index == system_state.sched;
}

static uint64_t period_ns(const struct server *server)
{
	return server->config->heartbeat_ms * NS_PER_MS;
}

static void rearm(const struct server *server)
{
	alarm_set(ALARM_HEARTBEAT + server->index, sk_now_ns() + period_ns(server));
	watch_set(server, period_ns(server));
}

void heartbeat_begin(struct server *server)
{
	if (server->config->heartbeat_ms != 0) {
		rearm(server);
	}
}

/* A question that is open goes to the next instance: it must answer in its turn. */
void heartbeat_end(struct server *server)
{
	if (server->config->heartbeat_ms != 0) {
		alarm_set(ALARM_HEARTBEAT + server->index, 0);
		watch_set(server, 0);
	}
}

/* The time counts from when the question is with the server, not while it waits behind another's. */
static void asked(uint32_t index)
{
	struct server *server = &system_state.servers[index];

	server->beat = BEAT_OPEN;
	if (server->state == SK_SERVER_STATE_RUNNING) {
		rearm(server);
	}
}

/*
 * A server that knows no heartbeat has answered too. But one that knew it and does not any more has lost its way: what it
 * answers others is worth as little.
 */
static void answered(const struct errand *errand, sk_status_t status)
{
	struct server *server = &system_state.servers[errand->subject];
	bool lost = server->knows_heartbeat && status != SK_OK && status != SK_SERVER_DIED;
	bool useless = is_scheduler(server) && status == SK_OK && !watch_answered();

	server->beat = BEAT_NONE;
	server->knows_heartbeat = server->knows_heartbeat || status == SK_OK;
	if ((lost || useless) && server->state == SK_SERVER_STATE_RUNNING) {
		(void)lifecycle_kill(server, lost ? SK_CRASH_REASON_HEARTBEAT : SK_CRASH_REASON_STARVED);
	}
}

/*
 * All that it waits for it is told of, true or not: a server looks before it acts. So a wake-up that got lost, with an
 * interrupt, or with a fault of whoever had to wake it, is not lost for ever.
 */
static void look_around(const struct server *server)
{
	const uint64_t all = SK_SIGNAL_LOG | SK_SIGNAL_STREAM | SK_SIGNAL_INTERRUPT | SK_SIGNAL_PEER | SK_SIGNAL_TIMER |
			     SK_SIGNAL_LOOK;

	if (!is_scheduler(server)) { /* whose bits say something else */
		(void)sk_signal(server->notifications[0], all);
	}
}

/*
 * Whoever waits for a timer that the scheduler has lost: at each heartbeat of the scheduler's those who have none of
 * their own, and all of them behind its restart.
 */
static void look_behind(const struct server *scheduler)
{
	static uint32_t instance;

	for (uint32_t i = 0; i < system_state.manifest.server_count; i++) {
		const struct server *server = &system_state.servers[i];

		if (server->state == SK_SERVER_STATE_RUNNING &&
		    (server->config->heartbeat_ms == 0 || instance != scheduler->instance)) {
			look_around(server);
		}
	}
	instance = scheduler->instance;
}

bool heartbeat_due(struct server *server, enum sk_crash_reason *reason)
{
	*reason = SK_CRASH_REASON_HEARTBEAT;
	if (server->beat == BEAT_OPEN) {
		return false;
	}
	*reason = SK_CRASH_REASON_STARVED;
	if (is_scheduler(server)) {
		if (watch_starved(period_ns(server))) {
			return false;
		}
		look_behind(server);
	}
	rearm(server);
	if (server->beat == BEAT_QUEUED ||
	    (server->ping == SK_CAP_NONE &&
	     object_badge(server->endpoint, SK_RIGHT_CALL,
			  is_scheduler(server) ? SK_BADGE(TIMERS_INTERFACE, SCHED_CLIENT_PROBE)
					       : SK_BADGE(HEARTBEAT_INTERFACE, 0),
			  &server->ping) != SK_OK)) {
		return true;
	}

	struct errand errand = {
		.to = server->ping,
		.tag = HEARTBEAT_TAG_PING | SK_TAG_IDEMPOTENT,
		.sent = asked,
		.done = answered,
		.subject = server->index,
	};

	if (is_scheduler(server)) {
		watch_ask(&errand, period_ns(server));
	}
	look_around(server);
	server->beat = BEAT_QUEUED;
	if (!errand_add(&errand)) {
		server->beat = BEAT_NONE;
	}
	return true;
}
