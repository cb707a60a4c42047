/* Windows: whose time it is follows from the clock, to the nanosecond, whatever the table holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../partition.h"

#define FRAME_NS 10000000u
#define AT (77ull * FRAME_NS) /* a frame's beginning */

static struct sk_task_table table;
static struct policy policy;
static struct core_plan_slot slots[SK_PLAN_SLOTS];

static uint32_t add(uint32_t kind, uint16_t windows, uint32_t priority, uint8_t client)
{
	uint32_t id = table.task_end++;

	table.tasks[id] = (struct sk_task){ .kind = kind, .windows = windows, .priority = priority, .client = client };
	return id;
}

/* 0 to 6 ms, 6 to 9 ms, and a millisecond that is nobody's. */
static int reset(void **state)
{
	(void)state;
	memset(&table, 0, sizeof(table));
	memset(&policy, 0, sizeof(policy));
	memset(policy_tasks, 0, sizeof(policy_tasks));
	table.cores[0].policy = SK_CORE_POLICY_TIME_PARTITION;
	table.cores[0].frame_ns = FRAME_NS;
	table.cores[0].windows[0] = (struct sk_core_window){ 0, 6000000 };
	table.cores[0].windows[1] = (struct sk_core_window){ 6000000, 3000000 };
	return 0;
}

static void begin(uint64_t now_ns)
{
	policy_begin(&policy, &table, now_ns);
	policy_order(&policy, &table);
}

static void windows_begin_and_end_to_the_tick(void **state)
{
	(void)state;
	begin(AT);
	assert_int_equal(policy.window, 1);
	assert_int_equal(policy_next_wake(&policy, &table), AT + 6000000);
	assert_false(policy_wake(&policy, &table, AT + 5999999));
	assert_true(policy_wake(&policy, &table, AT + 6000000));
	assert_int_equal(policy.window, 2);
	assert_int_equal(policy_next_wake(&policy, &table), AT + 9000000);
	assert_true(policy_wake(&policy, &table, AT + 9000000));
	assert_int_equal(policy.window, 0);
	assert_int_equal(policy_next_wake(&policy, &table), AT + FRAME_NS);
	assert_true(policy_wake(&policy, &table, AT + FRAME_NS));
	assert_int_equal(policy.window, 1);
}

/* A decision that comes late takes from its own window; one that comes very late skips some. */
static void nobody_borrows(void **state)
{
	(void)state;
	begin(AT);
	assert_true(policy_wake(&policy, &table, AT + 6500000));
	assert_int_equal(policy_next_wake(&policy, &table), AT + 9000000);
	assert_true(policy_wake(&policy, &table, AT + 3ull * FRAME_NS + 1000000));
	assert_int_equal(policy.window, 1);
	assert_int_equal(policy_next_wake(&policy, &table), AT + 3ull * FRAME_NS + 6000000);
}

static void only_the_windows_own_tasks_run(void **state)
{
	(void)state;
	uint32_t first = add(SK_TASK_KIND_VCPU, 1, 64, SCHED_NO_CLIENT);
	uint32_t second = add(SK_TASK_KIND_VCPU, 2, 64, SCHED_NO_CLIENT);
	uint32_t both = add(SK_TASK_KIND_THREAD, 3, 8, 5);
	uint32_t seconds = add(SK_TASK_KIND_THREAD, 2, 9, 6);
	uint32_t system = add(SK_TASK_KIND_THREAD, 0, 1, 0);

	table.tasks[system].flags = SK_TASK_FLAGS_SYSTEM;
	begin(AT);
	assert_int_equal(policy_plan(&policy, &table, slots), 3);
	assert_int_equal(policy.order[0], system);
	assert_int_equal(policy.order[1], both);
	assert_int_equal(policy.order[2], first);
	assert_int_equal(slots[2].flags, 0); /* another vCPU's timer takes its place in the hardware */
	assert_int_equal(policy.clients, 1u << 5 | 1u << 0);
	begin(AT + 7000000);
	assert_int_equal(policy.count, 4);
	assert_int_equal(policy.order[2], seconds);
	assert_int_equal(policy.order[3], second);
	assert_int_equal(policy.clients, 1u << 5 | 1u << 6 | 1u << 0);
	begin(AT + 9500000);
	assert_int_equal(policy.count, 1);
	assert_int_equal(policy.clients, 1u << 0);
}

static void a_rest_ends_in_its_own_window(void **state)
{
	(void)state;
	uint32_t task = add(SK_TASK_KIND_VCPU, 1, 64, SCHED_NO_CLIENT);

	table.tasks[task].budget_ns = 2000000;
	table.tasks[task].period_ns = 9000000;
	begin(AT);
	policy_spent(&policy, &table, 0, AT + 2000000);
	assert_int_equal(policy.count, 0);
	assert_true(policy_wake(&policy, &table, AT + 6000000));
	assert_int_equal(policy_next_wake(&policy, &table), AT + 9000000);
	assert_true(policy_wake(&policy, &table, AT + FRAME_NS));
	policy_order(&policy, &table);
	assert_int_equal(policy.count, 1);
}

/* Whatever the table says: the first window that holds the time, and an end that is later than now. */
static void any_table_will_do(void **state)
{
	static const uint32_t odd[] = { 0, 1, 2, 99, 6000000, FRAME_NS - 1, FRAME_NS, FRAME_NS + 1, UINT32_MAX };
	uint32_t seed = 7;

	(void)state;
	for (uint32_t round = 0; round < 20000; round++) {
		for (uint32_t i = 0; i < 16; i++) {
			seed = seed * 1664525u + 1013904223u;
			table.cores[0].windows[i] = (struct sk_core_window){ odd[(seed >> 8) % 9], odd[(seed >> 16) % 9] };
		}
		table.cores[0].frame_ns = odd[(seed >> 24) % 9];

		uint64_t now_ns = AT + seed % (2 * FRAME_NS);

		policy_begin(&policy, &table, now_ns);
		if (table.cores[0].frame_ns == 0) {
			assert_int_equal(policy.window, 0);
			assert_int_equal(policy_next_wake(&policy, &table), 0);
			continue;
		}
		uint64_t end_ns = policy_next_wake(&policy, &table);
		uint64_t frame_ns = table.cores[0].frame_ns;

		assert_true(end_ns > now_ns && end_ns - now_ns <= frame_ns - now_ns % frame_ns);
		assert_int_equal(policy.window & (policy.window - 1), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(windows_begin_and_end_to_the_tick, reset),
		cmocka_unit_test_setup(nobody_borrows, reset),
		cmocka_unit_test_setup(only_the_windows_own_tasks_run, reset),
		cmocka_unit_test_setup(a_rest_ends_in_its_own_window, reset),
		cmocka_unit_test_setup(any_table_will_do, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
