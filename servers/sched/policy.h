/*
 * The plan of one core, computed from the task table: who runs before whom, and
 * for how long at a time. Pure: what a worker commits and what it remembers are its
 * own, and are lost with it; a new instance computes an equally good plan from the tables alone.
 *
 *   fixed-priority   by priority; among equals one runs until it waits or yields
 *   round-robin      by priority; equals take turns, a slice each
 *   edf              who has a budget, by deadline; the others behind them by priority: edf.h
 *   time-partition   by priority, of those whose window it is: partition.h
 *
 * Whoever has no equals has no slice and so no tick. A task with a budget in the
 * manifest that has spent it is left out until its period is over.
 *
 * A core's policy is what it was when its worker began: the supervisor writes it once, before that.
 */
#ifndef SCHED_POLICY_H
#define SCHED_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include <sk/idl/kernel.h>
#include <sk/idl/sched.h>

#include "contract.h"

/*
 * For what most systems don't use: small, and out of the way. A restart is quick because the program has few pages.
 */
#define POLICY_RARE __attribute__((cold, noinline))

struct policy {
	uint32_t core;
	uint32_t kind;                       /* enum sk_core_policy; what is none is fixed-priority */
	uint32_t count;                      /* tasks in the plan */
	uint32_t vcpus;                      /* of the core, in the plan or not */
	uint32_t end;                        /* ids of tasks are below */
	uint16_t order[SK_PLAN_SLOTS];       /* their ids, most urgent first: slot i of the plan */
	uint64_t turns;                      /* given so far */
	uint64_t *bandwidth;                 /* edf: a word of state for each task, which outlives us */
	uint32_t window;                     /* time-partition: the current window's bit; 0: it is none's time */
	uint64_t window_end_ns;              /* 0: never */
	uint64_t clients;                    /* whose timers may ring, one bit each */
};

/* What a worker knows of a task of its core, by the task's id: a task is of one core, so workers don't meet here. */
struct policy_task {
	uint64_t wake_ns;   /* when its rest ends, or (edf) it is looked at again; 0: neither */
	uint16_t wake_core; /* by whose worker */
	uint32_t turn;      /* when it last gave up its place among equals */
	bool lost;          /* the kernel knows it no more */
};

extern struct policy_task policy_tasks[SCHED_TASKS];

static inline bool policy_waits_here(const struct policy *policy, uint32_t task)
{
	return policy_tasks[task].wake_ns != 0 && policy_tasks[task].wake_core == policy->core;
}

/* A new instance at `now_ns`: takes the core's policy from the table, and what there is to go on with. */
void policy_begin(struct policy *policy, const struct sk_task_table *table, uint64_t now_ns);

/* Puts the core's tasks in order. Tasks beyond the plan's 64 slots are left out, the least urgent ones. */
void policy_order(struct policy *policy, const struct sk_task_table *table);

/* Writes the plan that follows from the order. Returns the number of slots. */
uint32_t policy_plan(const struct policy *policy, const struct sk_task_table *table, struct core_plan_slot *slots);

/* The task in slot `slot` has spent its budget at `now_ns`: its equals come before it, or it rests. */
void policy_spent(struct policy *policy, const struct sk_task_table *table, uint32_t slot, uint64_t now_ns);

/* The task gives up its turn. False: it has no equals, nothing changed. */
bool policy_yield(struct policy *policy, const struct sk_task_table *table, uint32_t task);

/*
 * Ends the rest of tasks whose time has come, and begins the window whose time it is. True: the plan changes. Not for
 * edf: edf_due() there.
 */
bool policy_wake(struct policy *policy, const struct sk_task_table *table, uint64_t now_ns);

/* When the plan changes next by itself, as it stands; 0: never. */
uint64_t policy_next_wake(const struct policy *policy, const struct sk_task_table *table);

/* The task's slot in the plan; SK_PLAN_SLOTS: none. */
uint32_t policy_place(const struct policy *policy, uint32_t task);

#endif
