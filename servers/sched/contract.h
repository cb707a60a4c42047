/*
 * What the supervisor and the scheduler agree on beside idl/sched.idl: where in
 * the scheduler's capability table its tasks and its timers' clients are. Fixed
 * slots, so that an instance that has just been restarted needs to ask nobody.
 */
#ifndef SCHED_CONTRACT_H
#define SCHED_CONTRACT_H

#include <sk/abi.h>

#define SCHED_TASKS 256u
#define SCHED_CLIENTS 64u            /* timers' clients: a server's index, and the supervisor's */
#define SCHED_CLIENT_SUPERVISOR 63u
#define SCHED_CLIENT_PROBE 62u       /* the supervisor's too: is a timer set that a client asks for? It wakes nobody */
#define SCHED_SIGNAL_REFUSED (1u << 9) /* to the supervisor: a caller is gone, or waits for a reply for ever */
#define SCHED_NO_CLIENT 255u         /* of a task without timers: sk_task.client */
#define SCHED_CORE_SLOT 32u          /* + core: its core object */
#define SCHED_CLIENT_SLOT 64u        /* + client: its notification, for SK_SIGNAL_TIMER */
#define SCHED_TASK_SLOT 128u         /* + task: thread or vCPU */

_Static_assert(SCHED_CORE_SLOT + SK_MAX_CORES <= SCHED_CLIENT_SLOT, "slots overlap");
_Static_assert(SCHED_CLIENT_SLOT + SCHED_CLIENTS <= SCHED_TASK_SLOT, "slots overlap");
_Static_assert(SCHED_TASK_SLOT + SCHED_TASKS <= SK_CAP_SLOTS + 1u, "slots are beyond the table's end");

#endif
