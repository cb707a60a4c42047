/*
 * The table through which the scheduler learns what is to run (idl/sched.idl):
 * the supervisor writes it in shared memory and signals the cores' workers, and never
 * waits for the scheduler. It outlives the scheduler's instances.
 */
#ifndef SUPERVISOR_TASKS_H
#define SUPERVISOR_TASKS_H

#include <sk/idl/sched.h>

#include "system.h"

/* Makes the table and the scheduler's timer table, shared with the scheduler. After its process was built. */
sk_status_t tasks_init(void);

/*
 * A new task, as `task` has it (its kind, core, priority, budget, windows …); the scheduler gets `object` (thread or
 * vCPU). Returns its id, or SCHED_TASKS: the table is full, or there is no scheduler.
 */
uint32_t tasks_add(sk_cap_t object, const struct sk_task *task, const char *name);

/* The windows of the core that the manifest puts the server or VM into, a bit each. */
uint16_t tasks_windows_of_server(uint32_t core, uint32_t server);
uint16_t tasks_windows_of_vm(uint32_t core, uint32_t vm);

void tasks_remove(uint32_t id);

/* Tells the scheduler's worker on `core` that its tasks changed. */
void tasks_changed(uint32_t core);

/* The supervisor's own timer: SK_SIGNAL_TIMER on its notification at `at_ns`; 0: none. */
void tasks_set_deadline(uint64_t at_ns);

/* What the scheduler has: NULL if there is none. Its timers are its to write, any word may be anything. */
const struct sk_task_table *tasks_table(void);
const struct sk_timer_table *tasks_timers(void);

/* SK_SIGNAL_TIMER came, in time or not: no timer is set any more. */
void tasks_deadline_over(void);

#endif
