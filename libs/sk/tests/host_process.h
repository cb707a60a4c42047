/*
 * A server as a process on the host, for its test: the start page, and those parts of the system that are the same for
 * all. The test includes the server's main.c, with `main` renamed, and defines what its capabilities do: sk_call(),
 * sk_signal(), and sk_reply(), sk_counter() if the server needs them.
 *
 * sk_exit() checks its reason (expect_string(sk_exit, why, …)): an end that nobody expects fails the test.
 */
#ifndef SK_TESTS_HOST_PROCESS_H
#define SK_TESTS_HOST_PROCESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sk/process.h>
#include <sk/server.h>

struct host_process {
	struct sk_start start;
	jmp_buf out; /* where sk_server_run() and sk_exit() go */
	/* What a wait brings: the badge, or a negative status. NULL: it is refused. */
	uint64_t (*wait)(uint32_t slot, struct sk_msg *msg, struct sk_caller *caller);
};

extern struct host_process host_process;
extern bool host_process_may_end; /* any end is as good as another: for fuzzers, which run without cmocka */

/* A process without capabilities, regions and arguments; its counter goes on by one each nanosecond. */
void host_process_reset(void);

void host_process_cap(const char *name, uint32_t slot, uint32_t type);
void host_process_region(const char *name, void *at, uint64_t bytes, uint32_t flags, uint32_t peer);
void host_process_argument(const char *argument);

/* Runs `server_main` up to where it serves; false if it ended instead. */
bool host_process_run(int (*server_main)(void));

/* if (host_process_goes_on()) { … }: what may end the process. */
#define host_process_goes_on() (setjmp(host_process.out) == 0)

#endif
