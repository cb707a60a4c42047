/*
 * Starting a server's workers and serving (see sk/server.h).
 *
 * The supervisor starts thread 0 only. The others are created, bound and configured,
 * but it is thread 0 that starts them, by the capabilities "thread1" and up, when what they share
 * is ready: no worker ever waits for the set-up.
 */
#include <sk/idl/kernel_client.h>
#include <sk/log.h>
#include <sk/server.h>

#include "thread.h"

void sk_server_start_workers(void)
{
	unsigned count = sk_start()->threads;
	char name[] = "thread0";

	if (count > 1 && !sk_libc_prepare_workers(count)) {
		sk_exit(1, "no memory for the workers' thread-local storage");
	}
	for (unsigned i = 1; i < count; i++) {
		name[sizeof(name) - 2] = (char)('0' + i);

		sk_cap_t thread = sk_cap_named(name);

		if (thread == SK_CAP_NONE || thread_start(thread) != SK_OK) {
			sk_exit(1, "a worker could not be started");
		}
	}
}

void sk_server_run(void)
{
	sk_log_never_wait();
	sk_server_start_workers();
	sk_server_serve();
}
