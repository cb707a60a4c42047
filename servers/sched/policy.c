#include "policy.h"

#include "edf.h"
#include "order.h"
#include "partition.h"

struct policy_task policy_tasks[SCHED_TASKS];

static uint32_t task_end(const struct sk_task_table *table)
{
	return table->task_end < SCHED_TASKS ? table->task_end : SCHED_TASKS;
}

void policy_order(struct policy *policy, const struct sk_task_table *table)
{
	policy->count = 0;
	policy->vcpus = 0;
	policy->end = task_end(table);
	if (policy->kind == SK_CORE_POLICY_EDF) {
		edf_order(policy, table);
		return;
	}
	if (policy->kind == SK_CORE_POLICY_TIME_PARTITION) {
		partition_order(policy, table);
		return;
	}
	for (uint32_t task = 0; task < policy->end; task++) {
		if (order_counts(policy, table, task) && policy_tasks[task].wake_ns == 0) {
			order_insert(policy, table, task, order_by_priority);
		}
	}
}

static bool equals(const struct policy *policy, const struct sk_task_table *table, uint32_t slot, uint32_t other)
{
	return other < policy->count &&
	       table->tasks[policy->order[slot]].priority == table->tasks[policy->order[other]].priority;
}

static bool has_equals(const struct policy *policy, const struct sk_task_table *table, uint32_t slot)
{
	return equals(policy, table, slot, slot + 1) || (slot > 0 && equals(policy, table, slot, slot - 1));
}

/* Nobody else has guest state on this core, and nobody is less urgent. */
static bool halts_alone(const struct policy *policy, uint32_t slot)
{
	return policy->vcpus == 1 && slot + 1 == policy->count;
}

uint32_t policy_plan(const struct policy *policy, const struct sk_task_table *table, struct core_plan_slot *slots)
{
	if (policy->kind == SK_CORE_POLICY_EDF) {
		return edf_plan(policy, table, slots);
	}

	const struct sk_core_policy_entry *core = &table->cores[policy->core];
	uint64_t slice_ns = policy->kind == SK_CORE_POLICY_ROUND_ROBIN ? core->slice_ns : 0;

	for (uint32_t i = 0; i < policy->count; i++) {
		const struct sk_task *task = &table->tasks[policy->order[i]];
		uint64_t budget_ns = task->budget_ns;

		if (has_equals(policy, table, i) && slice_ns != 0 && (budget_ns == 0 || slice_ns < budget_ns)) {
			budget_ns = slice_ns;
		}
		slots[i] = (struct core_plan_slot){
			.task = SCHED_TASK_SLOT + policy->order[i],
			.flags = task->kind == SK_TASK_KIND_VCPU && halts_alone(policy, i) ? CORE_SLOT_FLAGS_HALTS_ALONE : 0,
			.budget_ns = budget_ns,
		};
	}
	return policy->count;
}

/* The rest of its period, counted from when the budget was found spent. */
void policy_spent(struct policy *policy, const struct sk_task_table *table, uint32_t slot, uint64_t now_ns)
{
	if (slot >= policy->count) {
		return;
	}

	uint32_t id = policy->order[slot];
	const struct sk_task *task = &table->tasks[id];

	policy_tasks[id].turn = (uint32_t)++policy->turns;
	if (policy->kind == SK_CORE_POLICY_EDF) {
		edf_spent(policy, table, id, now_ns);
	} else if (task->budget_ns != 0 && task->period_ns > task->budget_ns) {
		policy_tasks[id].wake_core = (uint16_t)policy->core;
		policy_tasks[id].wake_ns = now_ns + (task->period_ns - task->budget_ns);
	}
	policy_order(policy, table);
}

bool policy_yield(struct policy *policy, const struct sk_task_table *table, uint32_t task)
{
	uint32_t slot = policy_place(policy, task);

	if (policy->kind == SK_CORE_POLICY_EDF || slot == SK_PLAN_SLOTS || !has_equals(policy, table, slot)) {
		return false;
	}
	policy_tasks[task].turn = (uint32_t)++policy->turns;
	policy_order(policy, table);
	return true;
}

void policy_begin(struct policy *policy, const struct sk_task_table *table, uint64_t now_ns)
{
	policy->kind = table->cores[policy->core].policy;
	policy->clients = UINT64_MAX;
	policy->end = task_end(table);
	if (policy->kind == SK_CORE_POLICY_EDF) {
		edf_begin(policy, table, now_ns);
	} else if (policy->kind == SK_CORE_POLICY_TIME_PARTITION) {
		(void)partition_turn(policy, table, now_ns);
	}
}

bool policy_wake(struct policy *policy, const struct sk_task_table *table, uint64_t now_ns)
{
	bool changed = policy->kind == SK_CORE_POLICY_TIME_PARTITION && partition_turn(policy, table, now_ns);

	for (uint32_t task = 0; task < policy->end; task++) {
		if (policy_waits_here(policy, task) && policy_tasks[task].wake_ns <= now_ns) {
			policy_tasks[task].wake_ns = 0;
			changed = true;
		}
	}
	return changed;
}

/* In a window it is nobody's business when the rest of a task outside ends. */
static bool wakes_now(const struct policy *policy, const struct sk_task_table *table, uint32_t task)
{
	return policy_waits_here(policy, task) && (policy->kind != SK_CORE_POLICY_TIME_PARTITION ||
						   (table->tasks[task].windows & policy->window) != 0);
}

uint64_t policy_next_wake(const struct policy *policy, const struct sk_task_table *table)
{
	uint64_t next = policy->window_end_ns;

	for (uint32_t task = 0; task < policy->end; task++) {
		uint64_t at = policy_tasks[task].wake_ns;

		if (at != 0 && (next == 0 || at < next) && wakes_now(policy, table, task)) {
			next = at;
		}
	}
	return next;
}

uint32_t policy_place(const struct policy *policy, uint32_t task)
{
	for (uint32_t slot = 0; slot < policy->count; slot++) {
		if (policy->order[slot] == task) {
			return slot;
		}
	}
	return SK_PLAN_SLOTS;
}
