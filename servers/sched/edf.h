/*
 * Earliest deadline first, for tasks with a budget Q in each period T: each is a constant-bandwidth server with a
 * hard reservation. It has a deadline d and some of its budget left, q, which the kernel keeps and counts down.
 *
 *   wakes at r    d = r + T and q = Q, unless what it had left fits what is left of its time: q * T <= (d - r) * Q
 *   q is spent    it rests until d; then d = d + T and q = Q
 *
 * So in any stretch of time a task is no more urgent than a periodic one that needs Q in each T, and while the core's
 * Q / T add up to at most 1 each gets its Q before each of its deadlines, whatever the others do.
 * Tasks without a budget run behind those by priority; the system's own (sk_task.flags) before them.
 *
 * The kernel wakes without telling. A task that sleeps, and whose budget is too much for the time that is left, is
 * therefore put first in the plan with next to no budget: it is found spent as soon as it wakes, and gets a deadline.
 * When a vCPU falls asleep its halt says so at once; a thread is looked at when its deadline comes.
 *
 * State is a word for each task, in a table that outlives the scheduler (sk_timer_table.bandwidth); what it has left is
 * the kernel's, which keeps it from plan to plan: a new instance goes on where the one before was.
 */
#ifndef SCHED_EDF_H
#define SCHED_EDF_H

#include "policy.h"

/* How long a task runs unasked after waking: the first part of its budget, which must be more. */
#define EDF_PROBE_NS 1000u

/* Has it a budget and a period that make sense together? */
POLICY_RARE bool edf_is_server(const struct sk_task_table *table, uint32_t task);

POLICY_RARE void edf_order(struct policy *policy, const struct sk_task_table *table);
POLICY_RARE uint32_t edf_plan(const struct policy *policy, const struct sk_task_table *table,
			      struct core_plan_slot *slots);

/* A new instance: words that can't be are forgotten, rests and looks go on. */
POLICY_RARE void edf_begin(struct policy *policy, const struct sk_task_table *table, uint64_t now_ns);

/* The task has spent its slot's budget: it has woken, or it rests, or its time is over already. */
POLICY_RARE void edf_spent(struct policy *policy, const struct sk_task_table *table, uint32_t task, uint64_t now_ns);

/*
 * The task sleeps from `now_ns` on with `left_ns` of its budget (0 to Q). True: the plan changes. Otherwise it is to be
 * looked at again when policy_next_wake() says.
 */
POLICY_RARE bool edf_slept(struct policy *policy, const struct sk_task_table *table, uint32_t task, uint64_t left_ns,
	       uint64_t now_ns);

/* A task of this core whose rest is over or that is to be looked at, or SCHED_TASKS. */
POLICY_RARE uint32_t edf_due(const struct policy *policy, uint64_t now_ns);

/* There is no such task (any more): whoever has its number next begins as one that sleeps. */
POLICY_RARE void edf_forget(struct policy *policy, uint32_t task);

/* It is not asleep: its rest is over, or it goes on. True: the plan changes. */
POLICY_RARE bool edf_go_on(struct policy *policy, const struct sk_task_table *table, uint32_t task, uint64_t now_ns);

#endif
