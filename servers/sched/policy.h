/*
 * The plan of one core, computed from the task table: who runs before whom, and
 * for how long at a time. Pure: what a worker commits and what it remembers are its
 * own, and are lost with it; a new instance computes an equally good plan from the table alone.
 *
 *   fixed-priority   by priority; among equals one runs until it waits or yields
 *   round-robin      by priority; equals take turns, a slice each
 *
 * Whoever has no equals has no slice and so no tick. A task with a budget in the
 * manifest that has spent it is left out until its period is over.
 */
#ifndef SCHED_POLICY_H
#define SCHED_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include <sk/idl/kernel.h>
#include <sk/idl/sched.h>

#include "contract.h"

struct policy {
	uint32_t core;
	uint32_t count;                      /* tasks in the plan */
	uint32_t vcpus;                      /* of them */
	uint32_t end;                        /* ids of tasks are below */
	uint16_t order[SK_PLAN_SLOTS];       /* their ids, most urgent first: slot i of the plan */
	uint64_t turns;                      /* given so far */
};

/* What a worker knows of a task of its core, by the task's id: a task is of one core, so workers don't meet here. */
struct policy_task {
	uint64_t resting_until_ns; /* its budget is spent; 0: it is not */
	uint16_t resting_core;     /* whose worker is to wake it */
	uint32_t turn;             /* when it last gave up its place among equals */
	bool lost;                 /* the kernel knows it no more */
};

extern struct policy_task policy_tasks[SCHED_TASKS];

/* Puts the core's tasks in order. Tasks beyond the plan's 64 slots are left out, the least urgent ones. */
void policy_order(struct policy *policy, const struct sk_task_table *table);

/* Writes the plan that follows from the order. Returns the number of slots. */
uint32_t policy_plan(const struct policy *policy, const struct sk_task_table *table, struct core_plan_slot *slots);

/* The task in slot `slot` has spent its budget at `now_ns`: its equals come before it, or it rests. */
void policy_spent(struct policy *policy, const struct sk_task_table *table, uint32_t slot, uint64_t now_ns);

/* The task gives up its turn. False: it has no equals, nothing changed. */
bool policy_yield(struct policy *policy, const struct sk_task_table *table, uint32_t task);

/* Ends the rest of tasks whose time has come. True: there were some. */
bool policy_wake(struct policy *policy, uint64_t now_ns);

/* When the next rest ends; 0: nobody rests. */
uint64_t policy_next_wake(const struct policy *policy);

/* The task's slot in the plan; SK_PLAN_SLOTS: none. */
uint32_t policy_place(const struct policy *policy, uint32_t task);

#endif
