/* The plan that follows from a task table, and who rests and who takes turns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../policy.h"

#define SLICE_NS 5000000u

static struct sk_task_table table;
static struct policy policy;
static struct core_plan_slot slots[SK_PLAN_SLOTS];

static int reset(void **state)
{
	(void)state;
	memset(&table, 0, sizeof(table));
	memset(&policy, 0, sizeof(policy));
	memset(policy_tasks, 0, sizeof(policy_tasks));
	for (uint32_t core = 0; core < SK_MAX_CORES; core++) {
		table.cores[core].policy = SK_CORE_POLICY_ROUND_ROBIN;
		table.cores[core].slice_ns = SLICE_NS;
	}
	policy_begin(&policy, &table, 0);
	return 0;
}

static uint32_t add(enum sk_task_kind kind, uint32_t core, uint32_t priority)
{
	uint32_t id = table.task_end++;

	table.tasks[id] = (struct sk_task){ .kind = (uint32_t)kind, .core = core, .priority = priority };
	return id;
}

static void urgent_ones_come_first(void **state)
{
	(void)state;
	uint32_t guest = add(SK_TASK_KIND_VCPU, 0, 64);
	uint32_t elsewhere = add(SK_TASK_KIND_THREAD, 1, 0);
	uint32_t sched = add(SK_TASK_KIND_THREAD, 0, 1);
	uint32_t console = add(SK_TASK_KIND_THREAD, 0, 4);

	policy_order(&policy, &table);
	assert_int_equal(policy_plan(&policy, &table, slots), 3);
	assert_int_equal(slots[0].task, SCHED_TASK_SLOT + sched);
	assert_int_equal(slots[1].task, SCHED_TASK_SLOT + console);
	assert_int_equal(slots[2].task, SCHED_TASK_SLOT + guest);
	assert_int_equal(policy.vcpus, 1);
	assert_int_equal(policy_place(&policy, elsewhere), SK_PLAN_SLOTS);
}

static void who_is_alone_has_no_slice(void **state)
{
	(void)state;
	add(SK_TASK_KIND_THREAD, 0, 1);
	add(SK_TASK_KIND_VCPU, 0, 64);
	add(SK_TASK_KIND_VCPU, 0, 64);
	policy_order(&policy, &table);
	policy_plan(&policy, &table, slots);
	assert_int_equal(slots[0].budget_ns, 0);
	assert_int_equal(slots[1].budget_ns, SLICE_NS);
	assert_int_equal(slots[2].budget_ns, SLICE_NS);
}

static void equals_take_turns(void **state)
{
	(void)state;
	uint32_t first = add(SK_TASK_KIND_VCPU, 0, 64);
	uint32_t second = add(SK_TASK_KIND_VCPU, 0, 64);
	uint32_t third = add(SK_TASK_KIND_VCPU, 0, 64);
	uint32_t server = add(SK_TASK_KIND_THREAD, 0, 2);

	policy_order(&policy, &table);
	policy_spent(&policy, &table, 1, 0); /* slot 0 is the server's */
	assert_int_equal(policy.order[0], server);
	assert_int_equal(policy.order[1], second);
	assert_int_equal(policy.order[2], third);
	assert_int_equal(policy.order[3], first);
	policy_spent(&policy, &table, 1, 0);
	policy_spent(&policy, &table, 1, 0);
	assert_int_equal(policy.order[1], first);
}

static void fixed_priority_has_no_slices(void **state)
{
	(void)state;
	uint32_t first = add(SK_TASK_KIND_VCPU, 0, 64);
	uint32_t second = add(SK_TASK_KIND_VCPU, 0, 64);

	table.cores[0].policy = SK_CORE_POLICY_FIXED_PRIORITY;
	policy_begin(&policy, &table, 0);
	policy_order(&policy, &table);
	policy_plan(&policy, &table, slots);
	assert_int_equal(slots[0].task, SCHED_TASK_SLOT + first);
	assert_int_equal(slots[0].budget_ns, 0);
	assert_int_equal(slots[1].task, SCHED_TASK_SLOT + second);
	assert_int_equal(slots[1].budget_ns, 0);
}

static void yielding_needs_an_equal(void **state)
{
	(void)state;
	uint32_t alone = add(SK_TASK_KIND_VCPU, 0, 3);
	uint32_t one = add(SK_TASK_KIND_VCPU, 0, 4);
	uint32_t other = add(SK_TASK_KIND_VCPU, 0, 4);

	policy_order(&policy, &table);
	assert_false(policy_yield(&policy, &table, alone));
	assert_true(policy_yield(&policy, &table, one));
	assert_int_equal(policy.order[1], other);
	assert_false(policy_yield(&policy, &table, 77));
}

static void a_spent_budget_rests_until_its_period_ends(void **state)
{
	(void)state;
	uint32_t task = add(SK_TASK_KIND_VCPU, 0, 4);

	table.tasks[task].budget_ns = 2000;
	table.tasks[task].period_ns = 10000;
	policy_order(&policy, &table);
	policy_plan(&policy, &table, slots);
	assert_int_equal(slots[0].budget_ns, 2000);
	policy_spent(&policy, &table, 0, 50000);
	assert_int_equal(policy.count, 0);
	assert_int_equal(policy_next_wake(&policy, &table), 58000);
	assert_false(policy_wake(&policy, &table, 57999));
	assert_true(policy_wake(&policy, &table, 58000));
	policy_order(&policy, &table);
	assert_int_equal(policy.count, 1);
}

/* A vCPU that rests comes back, and takes the core's timer with it: the other one is not alone meanwhile. */
static void who_rests_still_has_a_timer(void **state)
{
	(void)state;
	uint32_t task = add(SK_TASK_KIND_VCPU, 0, 4);

	add(SK_TASK_KIND_VCPU, 0, 5);
	table.tasks[task].budget_ns = 2000;
	table.tasks[task].period_ns = 10000;
	policy_order(&policy, &table);
	policy_spent(&policy, &table, 0, 50000);
	assert_int_equal(policy_plan(&policy, &table, slots), 1);
	assert_int_equal(policy.vcpus, 2);
	assert_int_equal(slots[0].flags, 0);
}

static void the_least_urgent_find_no_slot(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < SK_PLAN_SLOTS + 6; i++) {
		add(SK_TASK_KIND_VCPU, 0, 100 - i);
	}
	policy_order(&policy, &table);
	assert_int_equal(policy.count, SK_PLAN_SLOTS);
	assert_int_equal(policy.order[0], SK_PLAN_SLOTS + 5);
	assert_int_equal(policy_place(&policy, 5), SK_PLAN_SLOTS);
	assert_int_equal(policy_place(&policy, 6), SK_PLAN_SLOTS - 1);
}

static void nonsense_in_the_table_is_left_out(void **state)
{
	(void)state;
	add((enum sk_task_kind)9, 0, 1);
	add(SK_TASK_KIND_THREAD, 99, 1);
	add(SK_TASK_KIND_NONE, 0, 1);
	table.task_end = 100000;
	policy_order(&policy, &table);
	assert_int_equal(policy.count, 0);
	policy_spent(&policy, &table, 63, 0);
}

static void what_is_lost_is_left_out(void **state)
{
	(void)state;
	add(SK_TASK_KIND_THREAD, 0, 1);
	add(SK_TASK_KIND_THREAD, 0, 2);
	policy_tasks[0].lost = true;
	policy_order(&policy, &table);
	assert_int_equal(policy.count, 1);
	assert_int_equal(policy.order[0], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(urgent_ones_come_first, reset),
		cmocka_unit_test_setup(who_is_alone_has_no_slice, reset),
		cmocka_unit_test_setup(equals_take_turns, reset),
		cmocka_unit_test_setup(fixed_priority_has_no_slices, reset),
		cmocka_unit_test_setup(yielding_needs_an_equal, reset),
		cmocka_unit_test_setup(a_spent_budget_rests_until_its_period_ends, reset),
		cmocka_unit_test_setup(who_rests_still_has_a_timer, reset),
		cmocka_unit_test_setup(the_least_urgent_find_no_slot, reset),
		cmocka_unit_test_setup(nonsense_in_the_table_is_left_out, reset),
		cmocka_unit_test_setup(what_is_lost_is_left_out, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
