/* A worker's system calls: what it commits, whom it wakes and when it wants to be woken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <sk/idl/kernel.h>
#include <sk/process.h>
#include <sk/start.h>
#include <sk/syscall.h>

#include "../timers.h"
#include "../worker.h"

static struct sk_task_table task_table;
static struct sk_timer_table timer_table;
static struct worker worker;

/* The kernel, as far as a worker sees it. */
static struct {
	uint32_t commits;
	uint32_t count;
	struct core_plan_slot slots[SK_PLAN_SLOTS];
	uint64_t wake_ns;
	uint32_t wake_calls;
	uint32_t ran; /* slot that vcpu.run was called on */
	uint32_t signalled_slot;
	uint32_t signals;
	uint32_t stale; /* a slot whose object is gone */
	bool deaf;	/* the core takes nothing */
	uint32_t refused; /* signals from now on */
} kernel;

static jmp_buf ended; /* the worker has ended itself */

static uint8_t buffer[SK_PAGE_BYTES];

void *sk_message_buffer(void)
{
	return buffer;
}

_Noreturn void sk_exit(int code, const char *why)
{
	(void)why;
	longjmp(ended, code);
}

static sk_status_t commit(const struct sk_msg *msg)
{
	kernel.commits++;
	if (kernel.deaf) {
		return SK_BAD_ARG;
	}
	memcpy(kernel.slots, buffer, sizeof(kernel.slots));
	kernel.count = (uint32_t)msg->w[0];
	for (uint32_t i = 0; i < kernel.count; i++) {
		if (kernel.slots[i].task == kernel.stale) {
			return SK_STALE;
		}
	}
	kernel.wake_ns = msg->w[1];
	return SK_OK;
}

sk_status_t sk_call(sk_cap_t to, struct sk_msg *msg)
{
	switch (msg->tag & SK_TAG_METHOD_MASK) {
	case CORE_TAG_COMMIT_PLAN:
		return commit(msg);
	case CORE_TAG_SET_WAKE_TIME:
		kernel.wake_ns = msg->w[0];
		kernel.wake_calls++;
		return kernel.deaf ? SK_BAD_ARG : SK_OK;
	case VCPU_TAG_KICK:
		kernel.ran = to;
		return SK_OK;
	case THREAD_TAG_INFO:
	case VCPU_TAG_INFO:
		msg->w[0] = 1;
		msg->w[1] = 0;
		return to == kernel.stale ? SK_STALE : SK_OK;
	default:
		fail_msg("unexpected call %#llx", (unsigned long long)msg->tag);
		return SK_UNKNOWN_OP;
	}
}

sk_status_t sk_signal(sk_cap_t slot, uint64_t bits)
{
	assert_int_equal(bits, SK_SIGNAL_TIMER);
	if (kernel.refused != 0) {
		kernel.refused--;
		return SK_STALE;
	}
	kernel.signalled_slot = slot;
	kernel.signals++;
	return SK_OK;
}

static void add(enum sk_task_kind kind, uint32_t priority)
{
	task_table.tasks[task_table.task_end++] = (struct sk_task){ .kind = (uint32_t)kind, .priority = priority };
}

static int begin(void **state)
{
	(void)state;
	memset(&task_table, 0, sizeof(task_table));
	memset(&timer_table, 0, sizeof(timer_table));
	memset(&worker, 0, sizeof(worker));
	memset(policy_tasks, 0, sizeof(policy_tasks));
	memset(&kernel, 0, sizeof(kernel));
	tables.tasks = &task_table;
	tables.timers = &timer_table;
	add(SK_TASK_KIND_THREAD, 1);
	add(SK_TASK_KIND_VCPU, 64);
	return 0;
}

static void the_first_plan_is_everything(void **state)
{
	(void)state;
	task_table.deadline_ns = 7000;
	timers_put(&timer_table, 0, 3, 9000);
	worker_begin(&worker, 0, true, 0);
	assert_int_equal(kernel.commits, 1);
	assert_int_equal(kernel.count, 2);
	assert_int_equal(kernel.wake_ns, 7000);
}

static void only_an_earlier_time_costs_a_call(void **state)
{
	(void)state;
	worker_begin(&worker, 0, false, 0);
	worker_set_timer(&worker, 5, 1000);
	assert_int_equal(kernel.wake_ns, 1000);
	worker_set_timer(&worker, 6, 2000);
	worker_set_timer(&worker, 5, 0);
	assert_int_equal(kernel.wake_calls, 1);
	worker_set_timer(&worker, 7, 500);
	assert_int_equal(kernel.wake_ns, 500);
}

static void timers_ring_once_and_the_next_is_set(void **state)
{
	(void)state;
	worker_begin(&worker, 0, false, 0);
	worker_set_timer(&worker, 5, 1000);
	worker_set_timer(&worker, 6, 3000);
	worker_wake(&worker, 1000);
	assert_int_equal(kernel.signals, 1);
	assert_int_equal(kernel.signalled_slot, SCHED_CLIENT_SLOT + 5);
	assert_int_equal(kernel.wake_ns, 3000);
	worker_wake(&worker, 2999); /* spurious */
	assert_int_equal(kernel.signals, 1);
	assert_int_equal(kernel.wake_ns, 3000);
	worker_wake(&worker, 3000);
	assert_int_equal(kernel.signals, 2);
}

/* A register was hit, say. */
static void who_is_not_reached_is_rung_again(void **state)
{
	(void)state;
	worker_begin(&worker, 0, false, 0);
	worker_set_timer(&worker, 5, 1000);
	worker_set_timer(&worker, 6, 1000);
	kernel.refused = 1;
	worker_wake(&worker, 1000);
	assert_int_equal(kernel.signals, 2);
	worker_set_timer(&worker, 5, 2000);
	worker_set_timer(&worker, 6, 3000);
	kernel.refused = 2; /* there is nobody */
	worker_wake(&worker, 2000);
	assert_int_equal(kernel.signals, 2);
	assert_int_equal(kernel.wake_ns, 3000);
}

static void the_supervisors_deadline_rings_once(void **state)
{
	(void)state;
	worker_begin(&worker, 0, true, 0);
	task_table.deadline_ns = 4000;
	worker_deadline_changed(&worker);
	assert_int_equal(kernel.wake_ns, 4000);
	worker_wake(&worker, 4001);
	assert_int_equal(kernel.signalled_slot, SCHED_CLIENT_SLOT + SCHED_CLIENT_SUPERVISOR);
	worker_wake(&worker, 4002);
	assert_int_equal(kernel.signals, 1);
}

static void a_lone_vcpu_keeps_its_own_timer(void **state)
{
	(void)state;
	worker_begin(&worker, 0, false, 0);
	assert_true(worker_timer_in_hardware(&worker));
}

static void a_displaced_vcpu_is_woken_by_the_clock(void **state)
{
	(void)state;
	add(SK_TASK_KIND_VCPU, 64);
	worker_begin(&worker, 0, false, 0);
	assert_false(worker_timer_in_hardware(&worker));
	worker_halted(&worker, 2, 8000);
	assert_int_equal(kernel.wake_ns, 8000);
	worker_wake(&worker, 8000);
	assert_int_equal(kernel.ran, SCHED_TASK_SLOT + 2);
	worker_halted(&worker, 2, UINT64_MAX);
	assert_int_equal(kernel.wake_calls, 1);
	assert_int_equal(timer_table.halted_until_ns[2], 0);
}

static void halted_deadlines_outlive_the_instance(void **state)
{
	(void)state;
	add(SK_TASK_KIND_VCPU, 64);
	worker_begin(&worker, 0, false, 0);
	worker_halted(&worker, 2, 8000);
	worker_set_timer(&worker, 9, 6000);
	memset(&worker, 0, sizeof(worker));
	memset(policy_tasks, 0, sizeof(policy_tasks));
	worker_begin(&worker, 0, false, 0);
	assert_int_equal(kernel.wake_ns, 6000);
	worker_wake(&worker, 6000);
	assert_int_equal(kernel.wake_ns, 8000);
}

static void a_lost_object_does_not_spoil_the_plan(void **state)
{
	(void)state;
	kernel.stale = SCHED_TASK_SLOT + 1;
	worker_begin(&worker, 0, false, 0);
	assert_int_equal(kernel.commits, 2);
	assert_int_equal(kernel.count, 1);
	kernel.stale = 0;
	worker_tasks_changed(&worker);
	assert_int_equal(kernel.count, 2);
}

/* Where no object is to blame it is this instance: the next one has a plan, the timers and their times. */
static void who_gets_no_plan_through_ends(void **state)
{
	(void)state;
	worker_begin(&worker, 0, false, 0);
	kernel.deaf = true;
	if (setjmp(ended) == 0) {
		worker_tasks_changed(&worker);
		fail_msg("it goes on without a plan");
	}
	if (setjmp(ended) == 0) {
		worker_set_timer(&worker, 5, 1000);
		fail_msg("it goes on, and is never woken");
	}
	kernel.deaf = false;
	memset(&worker, 0, sizeof(worker));
	worker_begin(&worker, 0, false, 0);
	assert_int_equal(kernel.count, 2);
	assert_int_equal(kernel.wake_ns, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_first_plan_is_everything, begin),
		cmocka_unit_test_setup(only_an_earlier_time_costs_a_call, begin),
		cmocka_unit_test_setup(timers_ring_once_and_the_next_is_set, begin),
		cmocka_unit_test_setup(who_is_not_reached_is_rung_again, begin),
		cmocka_unit_test_setup(the_supervisors_deadline_rings_once, begin),
		cmocka_unit_test_setup(a_lone_vcpu_keeps_its_own_timer, begin),
		cmocka_unit_test_setup(a_displaced_vcpu_is_woken_by_the_clock, begin),
		cmocka_unit_test_setup(halted_deadlines_outlive_the_instance, begin),
		cmocka_unit_test_setup(a_lost_object_does_not_spoil_the_plan, begin),
		cmocka_unit_test_setup(who_gets_no_plan_through_ends, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
