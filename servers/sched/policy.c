#include "policy.h"

struct policy_task policy_tasks[SCHED_TASKS];

static uint32_t task_end(const struct sk_task_table *table)
{
	return table->task_end < SCHED_TASKS ? table->task_end : SCHED_TASKS;
}

/* Does `a` come before `b`? Among equals it is whose last turn is longer ago, then the older task. */
static bool before(const struct sk_task_table *table, uint32_t a, uint32_t b)
{
	uint32_t priority_a = table->tasks[a].priority;
	uint32_t priority_b = table->tasks[b].priority;

	if (priority_a != priority_b) {
		return priority_a < priority_b;
	}
	/* The count may wrap: what matters is the distance. */
	int32_t distance = (int32_t)(policy_tasks[a].turn - policy_tasks[b].turn);

	return distance != 0 ? distance < 0 : a < b;
}

static bool belongs(const struct policy *policy, const struct sk_task_table *table, uint32_t task)
{
	uint32_t kind = __atomic_load_n(&table->tasks[task].kind, __ATOMIC_ACQUIRE);

	return (kind == SK_TASK_KIND_THREAD || kind == SK_TASK_KIND_VCPU) &&
	       table->tasks[task].core == policy->core && policy_tasks[task].resting_until_ns == 0 && !policy_tasks[task].lost;
}

static void insert(struct policy *policy, const struct sk_task_table *table, uint32_t task)
{
	uint32_t at = policy->count;

	while (at > 0 && before(table, task, policy->order[at - 1])) {
		if (at < SK_PLAN_SLOTS) {
			policy->order[at] = policy->order[at - 1];
		}
		at--;
	}
	if (at < SK_PLAN_SLOTS) {
		policy->order[at] = (uint16_t)task;
		policy->count += policy->count < SK_PLAN_SLOTS ? 1u : 0u;
	}
}

void policy_order(struct policy *policy, const struct sk_task_table *table)
{
	policy->count = 0;
	policy->vcpus = 0;
	policy->end = task_end(table);
	for (uint32_t task = 0; task < policy->end; task++) {
		if (belongs(policy, table, task)) {
			insert(policy, table, task);
		}
	}
	for (uint32_t i = 0; i < policy->count; i++) {
		policy->vcpus += table->tasks[policy->order[i]].kind == SK_TASK_KIND_VCPU ? 1u : 0u;
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
	const struct sk_core_policy_entry *core = &table->cores[policy->core];
	uint64_t slice_ns = core->policy == SK_CORE_POLICY_ROUND_ROBIN ? core->slice_ns : 0;

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
	if (task->budget_ns != 0 && task->period_ns > task->budget_ns) {
		policy_tasks[id].resting_core = (uint16_t)policy->core;
		policy_tasks[id].resting_until_ns = now_ns + (task->period_ns - task->budget_ns);
	}
	policy_order(policy, table);
}

bool policy_yield(struct policy *policy, const struct sk_task_table *table, uint32_t task)
{
	uint32_t slot = policy_place(policy, task);

	if (slot == SK_PLAN_SLOTS || !has_equals(policy, table, slot)) {
		return false;
	}
	policy_tasks[task].turn = (uint32_t)++policy->turns;
	policy_order(policy, table);
	return true;
}

static bool rests_here(const struct policy *policy, uint32_t task)
{
	return policy_tasks[task].resting_until_ns != 0 && policy_tasks[task].resting_core == policy->core;
}

bool policy_wake(struct policy *policy, uint64_t now_ns)
{
	bool woken = false;

	for (uint32_t task = 0; task < policy->end; task++) {
		if (rests_here(policy, task) && policy_tasks[task].resting_until_ns <= now_ns) {
			policy_tasks[task].resting_until_ns = 0;
			woken = true;
		}
	}
	return woken;
}

uint64_t policy_next_wake(const struct policy *policy)
{
	uint64_t next = 0;

	for (uint32_t task = 0; task < policy->end; task++) {
		uint64_t at = policy_tasks[task].resting_until_ns;

		if (rests_here(policy, task) && (next == 0 || at < next)) {
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
