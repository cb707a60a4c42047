/*
 * The supervisor's calls to servers. Its main thread must never wait for a
 * server: it is the one who ends a server that does not answer, and a fault of the
 * server called is a call to the supervisor. So a second thread makes the calls, one at a time, and the
 * main thread hears of the result as a bit of its notification.
 *
 * The caller thread runs without thread-local storage: system calls only.
 */
#ifndef SUPERVISOR_ERRAND_H
#define SUPERVISOR_ERRAND_H

#include <stdbool.h>
#include <stdint.h>

#include <sk/abi.h>

#define ERRAND_SIGNAL (1u << 8) /* bit of the supervisor's notification: errand_finish() has something to do */
#define ERRANDS 64u

struct errand {
	sk_cap_t to;
	uint64_t tag;            /* of a method without results */
	uint64_t word;           /* its parameter, if it has one */
	void (*sent)(uint32_t subject); /* may be NULL: it is on its way now */
	void (*done)(const struct errand *errand, sk_status_t status);
	uint32_t subject;        /* what it is about, for `done` */
	uint64_t token;          /* of the operator's call that waits for it; 0: none */
	uint32_t step;           /* for `done`'s own use */
};

/* Makes the caller thread. Once; `*thread`, `*core`: for its place in the plan. */
sk_status_t errand_init(sk_cap_t *thread);

/* Puts it at the end of the queue. False: the queue is full. */
bool errand_add(const struct errand *errand);

/* What the caller thread does each time it is woken: makes the call that is under way, and says so. */
void errand_call(void);

/* ERRAND_SIGNAL came: tells what is done and sends what is next. */
void errand_finish(void);

#endif
