/*
 * The scheduler is the one who wakes the supervisor: one that is damaged but alive, and does not, would never be found
 * out by anybody. So whenever it has rung for its heartbeat the supervisor sets the kernel's guard
 * (kernel.idl, core.set_guard) behind the next one: if that does not come, the kernel says so.
 * And it looks at what can be seen of the others' share:
 *
 *   timers   a client's timer whose time has passed long ago and that is still set was never rung
 *   plans    where nobody ever rests, a core's plan has all of its tasks
 *
 * Both are the scheduler's own doing, whatever the load: it runs before everybody else. A new instance has good
 * plans, and rings what is due.
 */
#ifndef SUPERVISOR_WATCH_H
#define SUPERVISOR_WATCH_H

#include "system.h"

/* The scheduler has `period_ns` from now to ring again; 0: it need not. Nothing for other servers. */
void watch_set(const struct server *server, uint64_t period_ns);

/* It should have rung before. */
bool watch_over(void);

/* Somebody is left without a timer or a turn. To be asked at every heartbeat of the scheduler's, which come this often. */
bool watch_starved(uint64_t period_ns);

#endif
