/*
 * Sorting a core's tasks into its plan: each policy has its own filter and its own idea of who comes before whom, and
 * the comparison is compiled into its loop.
 */
#ifndef SCHED_ORDER_H
#define SCHED_ORDER_H

#include "policy.h"

typedef bool order_before(const struct policy *policy, const struct sk_task_table *table, uint32_t a, uint32_t b);

/* By priority; among equals it is whose last turn is longer ago, then the older task. */
static inline bool order_by_priority(const struct policy *policy, const struct sk_task_table *table, uint32_t a,
				     uint32_t b)
{
	uint32_t priority_a = table->tasks[a].priority;
	uint32_t priority_b = table->tasks[b].priority;

	(void)policy;
	if (priority_a != priority_b) {
		return priority_a < priority_b;
	}
	/* The count may wrap: what matters is the distance. */
	int32_t distance = (int32_t)(policy_tasks[a].turn - policy_tasks[b].turn);

	return distance != 0 ? distance < 0 : a < b;
}

/* A thread or vCPU of this core that the kernel knows. A vCPU counts whether it is in the plan or not. */
static inline bool order_counts(struct policy *policy, const struct sk_task_table *table, uint32_t task)
{
	uint32_t kind = __atomic_load_n(&table->tasks[task].kind, __ATOMIC_ACQUIRE);

	if ((kind != SK_TASK_KIND_THREAD && kind != SK_TASK_KIND_VCPU) || table->tasks[task].core != policy->core ||
	    policy_tasks[task].lost) {
		return false;
	}
	policy->vcpus += kind == SK_TASK_KIND_VCPU ? 1u : 0u;
	return true;
}

static inline bool order_is_system(const struct sk_task_table *table, uint32_t task)
{
	return (table->tasks[task].flags & SK_TASK_FLAGS_SYSTEM) != 0;
}

/* Beyond the plan's slots the least urgent ones are left out. */
static inline void order_insert(struct policy *policy, const struct sk_task_table *table, uint32_t task,
				order_before *before)
{
	uint32_t at = policy->count;

	while (at > 0 && before(policy, table, task, policy->order[at - 1])) {
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

#endif
