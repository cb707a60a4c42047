/*
 * What musl's locks sleep on. A process has one thread per core, so the holder of a
 * lock runs on another core and a wait may as well be a look again: every wait ends
 * "spuriously" after some looks, and musl, which must expect that, decides anew (and
 * finds its own time-outs). Nobody sleeps, so nobody has to be woken.
 */
#define _GNU_SOURCE
#include <errno.h>

#include "port.h"

enum {
	FUTEX_WAIT = 0,
	FUTEX_WAKE = 1,
	FUTEX_REQUEUE = 3,
	FUTEX_PRIVATE = 128,
	LOOKS = 1000,
};

long port_futex(const int *word, int operation, int value)
{
	switch (operation & ~FUTEX_PRIVATE) {
	case FUTEX_WAIT:
		for (unsigned look = 0; look < LOOKS; look++) {
			if (__atomic_load_n(word, __ATOMIC_ACQUIRE) != value) {
				return look == 0 ? -EAGAIN : 0;
			}
		}
		return 0;
	case FUTEX_WAKE:
	case FUTEX_REQUEUE:
		return 0;
	default:
		return -ENOSYS;
	}
}
