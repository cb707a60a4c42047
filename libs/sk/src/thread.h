/*
 * Between start-up and the C library's port: what a thread needs before C code
 * of a library may run on it. The library is single-threaded until workers are prepared.
 */
#ifndef SK_THREAD_H
#define SK_THREAD_H

#include <stdbool.h>

/*
 * Thread 0, once: makes thread-local storage for workers 1 .. count - 1 and turns the
 * library's locks on. False when the heap is too small.
 */
bool sk_libc_prepare_workers(unsigned count);

/* Worker `index`, first thing: takes its thread-local storage. False if none was prepared. */
bool sk_libc_enter_worker(unsigned index);

#endif
