/*
 * Waiting for time to pass, through the scheduler's timers: for a program, and for
 * a server that does not serve yet. It uses the calling worker's one timer (timers.set), so
 * whoever waits in its serve loop for SK_SIGNAL_TIMER sets that timer itself and never sleeps here.
 */
#ifndef SK_TIMER_H
#define SK_TIMER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Blocks the calling thread, which is the process's first, until sk_now_ns() is at least `deadline_ns`. False at once
 * on any other thread, and without the capabilities that this takes: "sched" and, to wait at, "notification".
 */
bool sk_sleep_until(uint64_t deadline_ns);

#endif
