/* Who answers, and answers wrongly: servers that are asked, and the scheduler, on the fake kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <arch/trap.h>
#include <sk/idl/kernel.h>
#include <sk/idl/sched.h>
#include <sk/idl/server.h>
#include <sk/idl/supervisor_server.h>
#include <sk/idl/vm_exit_server.h>

#include "../../sched/contract.h"
#include "../alarm.h"
#include "../boot.h"
#include "../crash.h"
#include "../errand.h"
#include "../heartbeat.h"
#include "../lifecycle.h"
#include "../system.h"
#include "../tasks.h"
#include "../watch.h"
#include "fake_kernel.h"
#include "test_archive.h"

enum { SCHED, CONSOLE, MONITOR, VMM, UART };

#define MS 1000000ull
#define PERIOD_NS (20 * MS)	  /* the scheduler's: watched.dts */
#define UART_PERIOD_NS (100 * MS) /* system.dts */

static const char *manifest_file;

static struct server *server(uint32_t index)
{
	return &system_state.servers[index];
}

static void set_timer(uint32_t core, uint32_t client, uint64_t at_ns)
{
	((struct sk_timer_table *)(uintptr_t)tasks_timers())->deadline_ns[core * SCHED_CLIENTS + client] = at_ns;
}

/* The question that is under way ends with this status. The scheduler, which is asked to set a timer, sets this one. */
static void answers_setting(sk_status_t status, uint32_t client, uint64_t more_ns)
{
	fake.calls_allowed = true;
	fake.call_status = status;
	errand_call();
	fake.calls_allowed = false;
	if (fake.called_tag == TIMERS_TAG_SET) {
		set_timer(0, client, fake.called_word + more_ns);
	} else {
		assert_int_equal(fake.called_tag, HEARTBEAT_TAG_PING);
	}
	errand_finish();
}

static void answers(sk_status_t status)
{
	answers_setting(status, SCHED_CLIENT_PROBE, 0);
}

/* What the server is to be ended for; 0: all is well. */
static uint32_t fails(uint32_t index)
{
	enum sk_crash_reason reason;

	return heartbeat_due(server(index), &reason) ? 0 : (uint32_t)reason;
}

static bool due(uint32_t index)
{
	return fails(index) == 0;
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
	for (uint32_t core = 0; core < 2; core++) {
		fake.plan_count[core] = SK_PLAN_SLOTS; /* as the scheduler has it */
	}
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

		assert_true(due(UART));
		answers(SK_OK);
		assert_int_equal(crash_count(), crashes);
		assert_true(due(UART));
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
	assert_true(due(UART));
	answers(SK_SERVER_DIED);
	assert_true(due(UART));
	uart->knows_heartbeat = false;
	answers(SK_UNKNOWN_OP);
	assert_true(due(UART));
	answers(SK_UNKNOWN_OP);
	assert_true(due(UART));
	answers(SK_OK);
	assert_int_equal(crash_count(), crashes);
}

/* One question at a time is under way: who is asked late has all of its time from then on. */
static void who_is_asked_late_may_answer_late(void **state)
{
	(void)state;
	assert_true(due(SCHED));
	assert_true(due(UART)); /* behind the scheduler, which does not answer for long */
	fake.now_ns += UART_PERIOD_NS - 1;
	answers(SK_OK);
	fake.now_ns += UART_PERIOD_NS - 1;
	for (uint32_t alarm = alarm_take(fake.now_ns); alarm != ALARM_NONE; alarm = alarm_take(fake.now_ns)) {
		assert_int_not_equal(alarm, ALARM_HEARTBEAT + UART);
	}
	fake.now_ns++;
	assert_int_equal(alarm_take(fake.now_ns), ALARM_HEARTBEAT + UART);
	assert_int_equal(fails(UART), SK_CRASH_REASON_HEARTBEAT);
	answers(SK_OK);
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


/* A period later the scheduler has rung, and the supervisor has looked. */
static uint32_t look(void)
{
	fake.now_ns += PERIOD_NS;

	uint32_t reason = fails(SCHED);

	if (reason == 0) {
		answers(SK_OK);
	}
	return reason;
}

/* It ends for that, and the next instance is well. */
static void ends_for(uint32_t reason)
{
	uint32_t crashes = crash_count();

	assert_int_equal(lifecycle_kill(server(SCHED), (enum sk_crash_reason)reason), SK_OK);
	assert_int_equal(crash_find(crashes + 1)->reason, reason);
	assert_int_equal(server(SCHED)->state, SK_SERVER_STATE_RUNNING);
}

static void faults(uint32_t index, uint32_t kernel_reason)
{
	const struct sk_caller thread = { .badge = fake_at(server(index)->workers[0].thread)->fault_badge };
	bool resume = false;

	assert_int_equal(thread_fault_serve_fault(&thread, kernel_reason, 0, 0, 0, 0, 0, &resume), SK_DEFERRED);
}

/* The kernel is to say so if the scheduler rings no more. */
static void the_guard_goes_before_the_scheduler(void **state)
{
	uint32_t crashes;

	(void)state;
	assert_int_equal(look(), 0);
	assert_int_equal(fake.guard_ns[0], fake.now_ns + 2 * PERIOD_NS);
	assert_int_equal(look(), 0);
	assert_int_equal(fake.guard_ns[0], fake.now_ns + 2 * PERIOD_NS);
	assert_int_equal(fake.guard_ns[1], 0);
	/* Other servers' heartbeats have nothing to do with it. */
	fake.now_ns += MS;
	assert_true(due(UART));
	answers(SK_OK);
	assert_int_equal(fake.guard_ns[0], fake.now_ns - MS + 2 * PERIOD_NS);
	/* A budget that is over is no guard's find, unless the guard's time is over; and then it is the scheduler's. */
	crashes = crash_count();
	faults(SCHED, SK_CRASH_REASON_BUDGET);
	assert_int_equal(crash_find(crashes + 1)->reason, SK_CRASH_REASON_BUDGET);
	fake.now_ns = fake.guard_ns[0];
	faults(UART, SK_CRASH_REASON_BUDGET);
	assert_int_equal(crash_find(crashes + 2)->reason, SK_CRASH_REASON_BUDGET);
	faults(SCHED, SK_CRASH_REASON_BUDGET);
	assert_int_equal(crash_find(crashes + 3)->reason, SK_CRASH_REASON_STARVED);
	assert_int_equal(fake.guard_ns[0], fake.now_ns + 2 * PERIOD_NS);
	/* While it is stopped there is nothing to guard. */
	lifecycle_stop(server(SCHED));
	assert_int_equal(fake.guard_ns[0], 0);
	assert_int_equal(lifecycle_restart(server(SCHED)), SK_OK);
	assert_int_equal(fake.guard_ns[0], fake.now_ns + 2 * PERIOD_NS);
}

static void a_timer_that_is_never_rung(void **state)
{
	(void)state;
	for (uint32_t core = 0; core < 2; core++) {
		set_timer(core, MONITOR, fake.now_ns + PERIOD_NS);
		assert_int_equal(look(), 0);
		assert_int_equal(look(), 0);
		assert_int_equal(look(), 0); /* just that late it may be */
		assert_int_equal(look(), SK_CRASH_REASON_STARVED);
		ends_for(SK_CRASH_REASON_STARVED);
		set_timer(core, MONITOR, 0);
		assert_int_equal(look(), 0);
	}
	/* A client that there is not. */
	set_timer(0, system_state.manifest.server_count, 1);
	set_timer(0, SCHED_CLIENT_SUPERVISOR, 1);
	assert_int_equal(look(), 0);
}

static uint32_t tasks_of(uint32_t core)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < tasks_table()->task_end; i++) {
		const struct sk_task *task = &tasks_table()->tasks[i];

		count += task->kind != SK_TASK_KIND_NONE && task->core == core ? 1u : 0u;
	}
	return count;
}

static void a_plan_without_somebody(void **state)
{
	struct sk_task *task = (struct sk_task *)(uintptr_t)&tasks_table()->tasks[4];
	const struct sk_task before = *task;

	(void)state;
	for (uint32_t core = 0; core < 2; core++) {
		fake.plan_count[core] = tasks_of(core) - 1;
		assert_int_equal(look(), 0); /* it may be about to change */
		fake.plan_count[core]++;
		assert_int_equal(look(), 0);
		fake.plan_count[core]--;
		assert_int_equal(look(), 0);
		assert_int_equal(look(), SK_CRASH_REASON_STARVED);
		ends_for(SK_CRASH_REASON_STARVED);
		assert_int_equal(look(), 0); /* of another's plan nothing follows */
		fake.plan_count[core]++;
		assert_int_equal(look(), 0);
	}
	/* Where somebody has a budget he may rest. */
	task->budget_ns = MS;
	fake.plan_count[task->core]--;
	assert_int_equal(look(), 0);
	assert_int_equal(look(), 0);
	*task = before;
	fake.plan_count[task->core]++;
	assert_int_equal(look(), 0);
}

/* A scheduler that answers its clients, and does not do what they ask for. */
static void a_timer_that_is_not_set(void **state)
{
	uint32_t crashes = crash_count();

	(void)state;
	for (uint32_t i = 0; i < 2; i++) {
		assert_true(due(SCHED));
		answers_setting(SK_OK, SCHED_CLIENT_PROBE - i, 1 - i);
		assert_int_equal(crash_count(), crashes + i + 1);
		assert_int_equal(crash_find(crashes + i + 1)->reason, SK_CRASH_REASON_STARVED);
		set_timer(0, SCHED_CLIENT_PROBE - 1, 0);
	}
	/* One that has rung meanwhile is set no more. */
	for (uint32_t i = 0; i < 2; i++) {
		uint64_t asked_ns = fake.now_ns + PERIOD_NS;

		assert_true(due(SCHED));
		fake.now_ns = asked_ns - 1 + i;
		answers_setting(SK_OK, SCHED_CLIENT_PROBE, 0 - asked_ns);
		assert_int_equal(crash_count(), crashes + 3);
	}
}

/* A ring that comes early is no harm; nothing but such rings is. */
static void rings_that_are_all_too_early(void **state)
{
	(void)state;
	for (uint32_t i = 1; i < 16; i++) {
		tasks_set_deadline(fake.now_ns + 1);
		assert_true(watch_rung());
	}
	tasks_set_deadline(fake.now_ns);
	assert_true(watch_rung());
	for (uint32_t i = 1; i < 16; i++) {
		tasks_set_deadline(fake.now_ns + 1);
		assert_true(watch_rung());
	}
	assert_false(watch_rung());
	assert_true(watch_rung());
}

static uint64_t heard(uint32_t index)
{
	struct fake_object *notification = fake_at(server(index)->notifications[0]);
	uint64_t bits = notification->bits;

	notification->bits = 0;
	return bits;
}

/* Who has no heartbeat is told at each of the scheduler's, the others behind its restart: a timer may be lost. */
static void who_waits_is_told_to_look(void **state)
{
	(void)state;
	assert_int_equal(look(), 0);
	(void)heard(MONITOR);
	(void)heard(UART);
	assert_int_equal(look(), 0);
	assert_int_equal(heard(MONITOR) & (SK_SIGNAL_TIMER | SK_SIGNAL_LOOK), SK_SIGNAL_TIMER | SK_SIGNAL_LOOK);
	assert_int_equal(heard(UART), 0);
	ends_for(SK_CRASH_REASON_STARVED);
	assert_int_equal(look(), 0);
	assert_int_equal(heard(UART) & (SK_SIGNAL_TIMER | SK_SIGNAL_LOOK), SK_SIGNAL_TIMER | SK_SIGNAL_LOOK);
}

/* Whose reply was refused may wait for it for ever. */
static void a_caller_that_nobody_answers(void **state)
{
	struct fake_object *thread = fake_at(server(MONITOR)->workers[0].thread);

	(void)state;
	thread->thread_state = THREAD_STATE_CALLING;
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(look(), 0); /* it may be anybody's call */
	}
	watch_refused();
	assert_int_equal(look(), 0);
	assert_int_equal(look(), 0);
	assert_int_equal(look(), SK_CRASH_REASON_STARVED);
	ends_for(SK_CRASH_REASON_STARVED);
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(look(), 0); /* it was not the scheduler's */
	}
	watch_refused();
	for (uint32_t i = 0; i < 8; i++) {
		thread->time_ns++; /* one call after the other */
		assert_int_equal(look(), 0);
	}
	thread->thread_state = THREAD_STATE_WAITING;
	assert_int_equal(look(), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wrong_answer_is_the_end),
		cmocka_unit_test(who_can_not_answer_has_not_answered_wrongly),
		cmocka_unit_test(who_is_asked_late_may_answer_late),
		cmocka_unit_test(a_timer_that_rings_too_early_is_set_again),
		cmocka_unit_test(a_scheduler_that_goes_on_is_told_to_look),
		cmocka_unit_test(the_guard_goes_before_the_scheduler),
		cmocka_unit_test(a_timer_that_is_never_rung),
		cmocka_unit_test(a_plan_without_somebody),
		cmocka_unit_test(a_timer_that_is_not_set),
		cmocka_unit_test(rings_that_are_all_too_early),
		cmocka_unit_test(who_waits_is_told_to_look),
		cmocka_unit_test(a_caller_that_nobody_answers),
	};

	manifest_file = argc > 1 ? argv[1] : "watched.dtb";
	return cmocka_run_group_tests(tests, boot, NULL);
}
