/*
 * Makes each server of the system run in a circle, in a call and on its own turn, and tells how long it took until that
 * was noticed and until the next instance served. What it does next, the server does for ever: the instruction behind
 * the system call in which it waits becomes a jump to itself; then it is called, or signalled. The scheduler's workers
 * hang one after the other, at whatever comes first: mostly an event of the plan.
 *
 * Arguments: start-ms (of the machine's clock), budget-us (that the manifest gives every server); deaf-ms (the
 * scheduler's heartbeat): only the scheduler, and what it does for ever is to wait.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arch/instruction.h>
#include <sk/idl/kernel.h>
#include <sk/idl/supervisor_client.h>
#include <sk/process.h>
#include <sk/server.h>
#include <sk/timer.h>

#define NS_PER_MS 1000000ull
#define LATE_NS (11 * NS_PER_MS)     /* behind the budget: two looks of the kernel's, and some work */
#define PATIENCE_NS (400 * NS_PER_MS)
#define NOTHING_TAG (SK_TAG_METHOD(0, 200) | SK_TAG_IDEMPOTENT) /* no server has such a method */

enum way { CALLED, SIGNALLED, EITHER };

static struct {
	sk_cap_t supervisor;
	sk_cap_t injection;
	uint64_t budget_ns;
	uint32_t failed;
	uint32_t passed;
} hanger;

static uint32_t crashes(void)
{
	uint32_t servers;
	uint32_t vms;
	uint32_t cores;
	uint32_t count = 0;
	uint64_t now_ns;

	(void)operator_system(hanger.supervisor, &servers, &vms, &cores, &count, &now_ns);
	return count;
}

/* It answers: the new instance does. */
static void call(const char *name)
{
	struct sk_msg msg = { .tag = NOTHING_TAG };

	(void)sk_call(sk_cap_named_of_type(name, SK_OBJECT_TYPE_ENDPOINT), &msg);
}

static uint64_t place(uint32_t server, uint32_t thread)
{
	uint64_t registers[34];

	return injection_registers(hanger.injection, server, thread, registers) == SK_OK ? registers[REGISTER_PC] : 0;
}

/* Called, it waits in its loop, not at its start. A worker that nobody calls from here does when it is where that one is. */
static void settle(const char *name, uint32_t server, uint32_t thread)
{
	uint64_t from_ns = sk_now_ns();

	call(name);
	while (place(server, thread) != place(server, 0) && sk_now_ns() - from_ns < PATIENCE_NS) {
		(void)sk_sleep_until(sk_now_ns() + NS_PER_MS);
	}
}

/* The instruction behind the system call in which it waits. */
static sk_status_t change_next(uint32_t server, uint32_t thread, uint32_t instruction)
{
	uint64_t word = 0;
	uint64_t address = place(server, thread);
	sk_status_t status = address != 0 ? SK_OK : INJECTION_ERROR_FAILED;
	unsigned shift = (address & 4u) != 0 ? 32 : 0;

	if (status == SK_OK) {
		status = injection_change_word(hanger.injection, server, address & ~7ull, UINT32_MAX * (1ull << shift),
					       (uint64_t)instruction << shift, &word);
	}
	return status;
}

static void tell(const struct sk_server_info *info, uint32_t thread, enum way way, uint64_t from_ns, uint32_t before)
{
	static const char *const ways[] = { "in a call", "on its own turn", "at what came first" };
	static struct sk_crash_record record;
	uint64_t served_ns = sk_now_ns() - from_ns;
	uint32_t count = crashes();
	bool seen = count == before + 1 && operator_crash(hanger.supervisor, count, &record) == SK_OK;
	uint64_t noticed_ns = seen ? record.at_ns - from_ns : 0;
	bool fine = seen && record.reason == SK_CRASH_REASON_BUDGET && noticed_ns >= hanger.budget_ns &&
		    noticed_ns <= hanger.budget_ns + LATE_NS && (way == CALLED) == (record.caller_tag == NOTHING_TAG);

	hanger.passed += fine ? 1 : 0;
	hanger.failed += fine ? 0 : 1;
	printf("%sok %s %s, worker %" PRIu32 ": noticed after %" PRIu64 " us, served after %" PRIu64 " us, crashes %" PRIu32
	       "\n", fine ? "" : "not ", (const char *)info->name, ways[way], thread, noticed_ns / 1000,
	       served_ns / 1000, count - before);
}

static void hang(uint32_t server, const struct sk_server_info *info, uint32_t thread, enum way way)
{
	uint32_t before = crashes();

	settle((const char *)info->name, server, thread);
	if (change_next(server, thread, INSTRUCTION_LOOP) != SK_OK) {
		printf("not ok %s: no fault could be made\n", (const char *)info->name);
		hanger.failed++;
		return;
	}

	uint64_t from_ns = sk_now_ns();

	if (way == CALLED) {
		call((const char *)info->name);
	} else {
		(void)injection_signal(hanger.injection, server, thread, SK_SIGNAL_STREAM);
		while (crashes() == before && sk_now_ns() - from_ns < PATIENCE_NS) {
			(void)sk_sleep_until(sk_now_ns() + NS_PER_MS);
		}
		call((const char *)info->name);
	}
	tell(info, thread, way, from_ns, before);
}

/*
 * The scheduler waits for ever: whatever it is told, it waits again. It has a heartbeat, but who would ring for that? And
 * the sleep here is one more call that it does not hear.
 */
static void deafen(uint32_t server)
{
	static struct sk_crash_record record;
	uint64_t period_ns = sk_argument_number("deaf-ms", 0) * NS_PER_MS;

	for (uint32_t i = 0; i < 5; i++) {
		uint32_t before = crashes();

		settle("sched", server, 0);

		uint64_t from_ns = sk_now_ns();
		bool made = change_next(server, 0, instruction_branch(-1)) == SK_OK;

		(void)sk_sleep_until(from_ns + 4 * period_ns);

		bool seen = crashes() == before + 1 &&
			    operator_crash(hanger.supervisor, before + 1, &record) == SK_OK;
		uint64_t noticed_ns = seen ? record.at_ns - from_ns : 0;
		bool fine = made && seen && record.reason == SK_CRASH_REASON_STARVED && record.server == server &&
			    noticed_ns <= 2 * period_ns + NS_PER_MS && sk_now_ns() < from_ns + 5 * period_ns;

		hanger.passed += fine ? 1 : 0;
		hanger.failed += fine ? 0 : 1;
		printf("%sok sched is deaf: noticed after %" PRIu64 " us, crashes %" PRIu32 "\n", fine ? "" : "not ",
		       noticed_ns / 1000, crashes() - before);
	}
}

static void signalled(uint64_t bits)
{
	(void)bits;
}

SK_SERVER(sk_server_other, signalled)

int main(void)
{
	struct sk_server_info info;

	hanger.supervisor = sk_cap_named_of_type("supervisor", SK_OBJECT_TYPE_ENDPOINT);
	hanger.injection = sk_cap_named_of_type("injection", SK_OBJECT_TYPE_ENDPOINT);
	hanger.budget_ns = sk_argument_number("budget-us", 0) * 1000;
	(void)sk_sleep_until(sk_argument_number("start-ms", 0) * NS_PER_MS);
	for (uint32_t i = 0; operator_server(hanger.supervisor, i, &info) == SK_OK; i++) {
		if (strcmp((const char *)info.name, sk_start()->name) == 0) {
			continue;
		}
		if (strcmp((const char *)info.name, "sched") == 0) {
			for (uint32_t thread = 0; thread < info.threads && sk_argument("deaf-ms") == NULL; thread++) {
				hang(i, &info, thread, EITHER);
			}
			if (sk_argument("deaf-ms") != NULL) {
				deafen(i);
				break;
			}
			continue;
		}
		hang(i, &info, 0, CALLED);
		hang(i, &info, 0, SIGNALLED);
	}
	printf("hangs: %" PRIu32 " passed, %" PRIu32 " failed\n", hanger.passed, hanger.failed);
	sk_server_run();
}
