/*
 * A lock for a few instructions of shared bookkeeping. A process has one thread
 * per core, so whoever is waited for runs on another core: the wait ends when that core runs
 * it again, and two threads of one core can't wait for each other. Not for
 * anything that calls, waits or faults while it holds the lock.
 */
#ifndef SK_SPIN_H
#define SK_SPIN_H

#include <stdint.h>

/* Zero is free. */
struct sk_spin {
	uint32_t taken;
};

/* Waits until it is free and takes it. Acquire. */
static inline void sk_spin_lock(struct sk_spin *spin)
{
	while (__atomic_exchange_n(&spin->taken, 1, __ATOMIC_ACQUIRE) != 0) {
		while (__atomic_load_n(&spin->taken, __ATOMIC_RELAXED) != 0) {
		}
	}
}

/* By the thread that holds it. Release. */
static inline void sk_spin_unlock(struct sk_spin *spin)
{
	__atomic_store_n(&spin->taken, 0, __ATOMIC_RELEASE);
}

#endif
