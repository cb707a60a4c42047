/*
 * What one worker of the scheduler does for its core: it keeps the plan in force
 * up to date, and wakes who waits for a time. It touches its own core only.
 */
#ifndef SCHED_WORKER_H
#define SCHED_WORKER_H

#include "policy.h"

struct worker {
	struct policy policy;
	sk_cap_t core;                /* its core object */
	bool wakes_supervisor;        /* this worker serves the supervisor's own timer */
	uint64_t supervisor_at_ns;    /* that timer; 0: none, or it has rung */
	uint64_t wake_ns;             /* what the kernel was told; 0: nothing */
	uint64_t plans, halts, timers_set, timers_fired;
};

/* The shared tables; set once, before any worker begins. */
struct tables {
	const struct sk_task_table *tasks;
	struct sk_timer_table *timers;
};

extern struct tables tables;

/* Makes and commits the core's first plan of this instance. */
void worker_begin(struct worker *worker, uint32_t core, bool wakes_supervisor, uint64_t now_ns);

/* The supervisor changed the task table, or its own deadline. */
void worker_tasks_changed(struct worker *worker);
void worker_deadline_changed(struct worker *worker);

/* The plan's events: idl/vm_exit.idl, interface plan. */
void worker_budget_spent(struct worker *worker, uint32_t slot, uint64_t now_ns);
void worker_wake(struct worker *worker, uint64_t now_ns);

/*
 * The vCPU that is task `task` waits for an interrupt; its own timer fires at `deadline_ns`
 * (UINT64_MAX: never). While it is the core's only vCPU its timer is in the hardware and nothing is to be done: every
 * guest's idle path.
 */
static inline bool worker_timer_in_hardware(const struct worker *worker)
{
	return worker->policy.vcpus <= 1;
}
void worker_halted(struct worker *worker, uint32_t task, uint64_t deadline_ns);

/* Where a deadline hangs on it (edf), that it waits, whatever its timer does. */
static inline bool worker_counts_sleep(const struct worker *worker)
{
	return worker->policy.kind == SK_CORE_POLICY_EDF;
}
void worker_slept(struct worker *worker, uint32_t task, uint64_t now_ns);

/* It waits for an event (WFE): an equal's turn. */
void worker_yield(struct worker *worker, uint32_t task);

/* A client's timer on this core. */
void worker_set_timer(struct worker *worker, uint32_t client, uint64_t deadline_ns);

#endif
