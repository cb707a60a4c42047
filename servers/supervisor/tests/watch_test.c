/* Who answers, and answers wrongly: servers that are asked, and the scheduler, on the fake kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <arch/trap.h>
#include <sk/idl/sched.h>
#include <sk/idl/server.h>
#include <sk/idl/supervisor_server.h>
#include <sk/idl/vm_exit_server.h>

#include "../boot.h"
#include "../crash.h"
#include "../errand.h"
#include "../heartbeat.h"
#include "../lifecycle.h"
#include "../system.h"
#include "../tasks.h"
#include "fake_kernel.h"
#include "test_archive.h"

enum { SCHED, CONSOLE, MONITOR, VMM, UART };

static const char *manifest_file;

static struct server *server(uint32_t index)
{
	return &system_state.servers[index];
}

/* The question that is under way ends with this status. */
static void answers(sk_status_t status)
{
	fake.calls_allowed = true;
	fake.call_status = status;
	errand_call();
	fake.calls_allowed = false;
	assert_int_equal(fake.called_tag, HEARTBEAT_TAG_PING);
	errand_finish();
}

static int boot(void **state)
{
	(void)state;
	test_boot(manifest_file);
	boot_system();
	fake.calls_allowed = true;
	for (uint32_t i = 0; i < 8; i++) { /* the VM is loaded, and starts */
		errand_call();
		errand_finish();
	}
	fake.calls_allowed = false;
	return 0;
}

/* Bits that the scheduler's worker has been told since the last look. */
static uint64_t told(uint32_t worker)
{
	struct fake_object *notification = fake_at(server(SCHED)->notifications[worker]);
	uint64_t bits = notification->bits;

	notification->bits = 0;
	return bits;
}

static void a_wrong_answer_is_the_end(void **state)
{
	static const sk_status_t wrong[] = { SK_UNKNOWN_OP, SK_BAD_ARG, 77 };
	struct server *uart = server(UART);

	(void)state;
	for (uint32_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		uint32_t crashes = crash_count();

		assert_true(heartbeat_due(uart));
		answers(SK_OK);
		assert_int_equal(crash_count(), crashes);
		assert_true(heartbeat_due(uart));
		answers(wrong[i]);
		assert_int_equal(crash_count(), crashes + 1);
		assert_int_equal(crash_find(crashes + 1)->reason, SK_CRASH_REASON_HEARTBEAT);
		assert_int_equal(crash_find(crashes + 1)->server, UART);
		assert_int_equal(uart->state, SK_SERVER_STATE_RUNNING);
	}
}

/* It died meanwhile, or never knew the question: that is not its answer. */
static void who_can_not_answer_has_not_answered_wrongly(void **state)
{
	struct server *uart = server(UART);
	uint32_t crashes = crash_count();

	(void)state;
	assert_true(heartbeat_due(uart));
	answers(SK_SERVER_DIED);
	assert_true(heartbeat_due(uart));
	uart->knows_heartbeat = false;
	answers(SK_UNKNOWN_OP);
	assert_true(heartbeat_due(uart));
	answers(SK_UNKNOWN_OP);
	assert_true(heartbeat_due(uart));
	answers(SK_OK);
	assert_int_equal(crash_count(), crashes);
}

/* A timer that rings is used up, whoever rang it, and when: the next one is told even if it is the same. */
static void a_timer_that_rings_too_early_is_set_again(void **state)
{
	(void)state;
	tasks_set_deadline(5000);
	(void)told(0);
	tasks_set_deadline(5000);
	assert_int_equal(told(0), 0);
	tasks_deadline_over();
	tasks_set_deadline(5000);
	assert_int_equal(told(0), SCHED_CONTROL_EVENT_DEADLINE_CHANGED);
}

/* While it was stopped by a trap, and is no more, the kernel ran its last plan and may have forgotten its wake time. */
static void a_scheduler_that_goes_on_is_told_to_look(void **state)
{
	const struct sk_caller caller = { .badge = SK_BADGE(INJECTION_INTERFACE, MONITOR) };
	struct sk_caller thread = { .token = 55 };
	bool resume = false;
	bool reached = false;

	(void)state;
	for (uint32_t i = 0; i < 2; i++) {
		thread.badge = fake_at(server(SCHED)->workers[i].thread)->fault_badge;
		assert_int_equal(injection_serve_arm(&caller, SCHED, PROGRAM_TEXT, 5, 0, 1, 0), SK_OK);
		(void)told(0);
		(void)told(1);
		assert_int_equal(thread_fault_serve_fault(&thread, SK_CRASH_REASON_OTHER, TRAP_SYNDROME, 0, PROGRAM_TEXT,
							  0, 0, &resume),
				 SK_OK);
		assert_true(resume);
		assert_int_equal(told(i), SCHED_CONTROL_EVENT_TASKS_CHANGED);
		assert_int_equal(told(1 - i), 0);
		assert_int_equal(injection_serve_disarm(&caller, &reached), SK_OK);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wrong_answer_is_the_end),
		cmocka_unit_test(who_can_not_answer_has_not_answered_wrongly),
		cmocka_unit_test(a_timer_that_rings_too_early_is_set_again),
		cmocka_unit_test(a_scheduler_that_goes_on_is_told_to_look),
	};

	manifest_file = argc > 1 ? argv[1] : "watched.dtb";
	return cmocka_run_group_tests(tests, boot, NULL);
}
