#include "standby.h"

#include <inttypes.h>
#include <stdio.h>

#include <sk/arch/exit.h>
#include <sk/idl/kernel_client.h>
#include <sk/process.h>

#include "alarm.h"
#include "grant.h"
#include "object.h"
#include "process.h"

#define NS_PER_MS 1000000ull
#define DELAY_NS NS_PER_MS /* behind a start: who waited for the server goes first */
#define FAILURES_MAX 4u	   /* in a row, each after twice the time of the one before */
#define REGISTER_PC 32u

static sk_status_t make_memory(struct server *server)
{
	struct standby *standby = &server->standby;
	const struct layout *layout = &server->layout;
	struct ram_range range;
	sk_status_t status = ram_take(layout->private_bytes, SK_PAGE_BYTES, &range);

	if (status == SK_OK) {
		standby->ram = range.memory;
		status = memory_clear(standby->ram, 0, range.bytes);
	}
	if (status != SK_OK) {
		return status;
	}
	standby->view = object_view_pair(standby->ram, layout->private_bytes, server->kept,
					 layout->ram_bytes - layout->private_bytes);
	return standby->view != NULL ? SK_OK : SK_NO_MEMORY;
}

static sk_status_t make_process(struct server *server)
{
	struct standby *standby = &server->standby;
	sk_status_t status = object_make_space(SK_SPACE_KIND_PROCESS, PROCESS_TABLE_PAGES, &standby->space);

	for (uint32_t i = 0; status == SK_OK && i < server->config->core_count; i++) {
		status = process_make_worker(server, i, 1, standby->space, &standby->workers[i]);
	}
	return status != SK_OK ? status : process_map(server, standby->space, standby->ram);
}

void standby_build(struct server *server)
{
	struct standby *standby = &server->standby;

	if (!server->config->restart.standby) {
		return;
	}

	uint64_t before = object_bytes();
	sk_status_t status = make_memory(server);

	if (status == SK_OK) {
		status = make_process(server);
	}
	if (status != SK_OK) {
		printf("server %s: it goes without a standby (%d)\n", server->config->name, (int)status);
		*standby = (struct standby){ .state = SK_STANDBY_STATE_NONE };
		return;
	}
	standby->state = SK_STANDBY_STATE_EMPTY;
	standby->body = 1;
	standby->bytes = server->layout.private_bytes + (object_bytes() - before);
	server->ram_bytes += server->layout.private_bytes; /* objects count anyway */
}

void standby_own_thread(const struct server *server, uint32_t slot, uint32_t index)
{
	const struct standby *standby = &server->standby;

	if (standby->state != SK_STANDBY_STATE_NONE) {
		(void)space_cap_delete(standby->space, slot);
		(void)space_cap_grant(standby->space, standby->workers[index].thread, slot, SK_RIGHT_WRITE, 0);
	}
}

void standby_set_alarm(void)
{
	uint64_t first_ns = 0;

	for (uint32_t i = 0; i < system_state.manifest.server_count; i++) {
		uint64_t due_ns = system_state.servers[i].standby.due_ns;

		first_ns = due_ns != 0 && (first_ns == 0 || due_ns < first_ns) ? due_ns : first_ns;
	}
	alarm_set(ALARM_AFTER, first_ns);
}

void standby_later(struct server *server)
{
	struct standby *standby = &server->standby;

	if (standby->state == SK_STANDBY_STATE_EMPTY) {
		standby->due_ns = sk_now_ns() + (DELAY_NS << 4 * standby->failures);
		standby_set_alarm();
	}
}

bool standby_is_late(const struct server *server)
{
	return server->standby.due_ns != 0 && server->standby.due_ns <= sk_now_ns();
}

static void stop(const struct server *server)
{
	for (uint32_t i = 0; i < server->config->core_count; i++) {
		(void)thread_stop(server->standby.workers[i].thread);
	}
}

static void failed(struct server *server, const char *why)
{
	struct standby *standby = &server->standby;

	stop(server);
	standby->failures++;
	standby->state = standby->failures < FAILURES_MAX ? SK_STANDBY_STATE_EMPTY : SK_STANDBY_STATE_GIVEN_UP;
	printf("server %s: its standby %s%s\n", server->config->name, why,
	       standby->state == SK_STANDBY_STATE_EMPTY ? "" : ", and is given up");
	standby_later(server);
}

void standby_make(struct server *server)
{
	struct standby *standby = &server->standby;

	standby->due_ns = 0;
	if (standby->state != SK_STANDBY_STATE_EMPTY) {
		return;
	}
	process_write(server, standby->view, standby->ram);
	standby->state = SK_STANDBY_STATE_LOADING;
	if (process_aim(server, standby->workers, SK_VA_START_PAGE | SK_START_STANDBY) != SK_OK ||
	    thread_start(standby->workers[0].thread) != SK_OK) {
		failed(server, "could not be started");
	}
}

/* It goes on behind the breakpoint. */
static sk_status_t step(sk_cap_t thread)
{
	uint64_t registers[34];
	sk_status_t status = thread_read_registers(thread, registers);

	if (status == SK_OK) {
		registers[REGISTER_PC] += SK_BREAK_BYTES;
		status = thread_write_registers(thread, registers);
	}
	return status;
}

void standby_stopped(struct server *server, uint32_t thread, uint64_t syndrome, uint64_t pc)
{
	struct standby *standby = &server->standby;
	char text[64];

	if (standby->state != SK_STANDBY_STATE_LOADING) {
		return;
	}
	if (thread == 0 && sk_fault_is_standby(syndrome)) {
		stop(server);
		if (step(standby->workers[0].thread) == SK_OK) {
			standby->state = SK_STANDBY_STATE_READY;
			standby->failures = 0;
			return;
		}
	}
	(void)snprintf(text, sizeof(text), "stopped at %#" PRIx64 " (syndrome %#" PRIx64 ")", pc, syndrome);
	failed(server, text);
}
