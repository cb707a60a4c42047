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
 *
 *   a question   it is asked as a client would: what it is given as a time has to be in its table then
 *   early rings  of the supervisor's own timer, one upon the other: the two would keep each other busy for ever
 *   callers      if a reply of its was refused, somebody who is in a call and stays there may be whose it was
 *
 * What a scheduler lost before it was found out, such as the time that somebody wanted to wake at, its next instance
 * can't know: whoever waits is told to look (heartbeat.c).
 */
#ifndef SUPERVISOR_WATCH_H
#define SUPERVISOR_WATCH_H

#include "errand.h"
#include "system.h"

/* The scheduler has `period_ns` from now to ring again; 0: it need not. Nothing for other servers. */
void watch_set(const struct server *server, uint64_t period_ns);

/* It should have rung before. */
bool watch_over(void);

/* Somebody is left without a timer or a turn. To be asked at every heartbeat of the scheduler's, which come this often. */
bool watch_starved(uint64_t period_ns);

/* Makes `errand`, which asks the scheduler for its heartbeat, a question as its clients have it: a timer. */
void watch_ask(struct errand *errand, uint64_t period_ns);

/* It has answered. False: not with what it was asked for. */
bool watch_answered(void);

/* A reply of its was refused (SCHED_SIGNAL_REFUSED). */
void watch_refused(void);

/* It has rung. False: far too often before the time. */
bool watch_rung(void);

#endif
