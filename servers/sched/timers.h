/*
 * Times that somebody waits for on one core, in the timer table that survives the
 * scheduler: servers' timers and halted vCPUs whose timer is not in the hardware.
 * Pure, single-word stores only; each core's worker touches its own core's words.
 */
#ifndef SCHED_TIMERS_H
#define SCHED_TIMERS_H

#include <stdint.h>

#include <sk/idl/sched.h>

#include "contract.h"

#define TIMERS_NONE UINT32_MAX

/* 0: take the client's timer on this core away. */
void timers_put(struct sk_timer_table *table, uint32_t core, uint32_t client, uint64_t deadline_ns);
uint64_t timers_look(const struct sk_timer_table *table, uint32_t core, uint32_t client);

/* Takes one of the core's timers whose time has come, of `clients` (a bit each): its client, or TIMERS_NONE. */
uint32_t timers_expired(struct sk_timer_table *table, uint32_t core, uint64_t clients, uint64_t now_ns);

/* The earliest of the core's timers; 0: none. */
uint64_t timers_next(const struct sk_timer_table *table, uint32_t core, uint64_t clients);

/* The earlier of two times, of which 0 is none. */
static inline uint64_t timers_earlier(uint64_t a, uint64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

#endif
