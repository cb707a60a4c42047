/*
 * A server's process: made once at boot, then only filled anew. A server holds no
 * capability to its own space or threads, so it can't change what it was given:
 * after a crash the space, the capability table and the thread objects are as good as
 * new ones, and a restart is no more than stopping the threads, writing the image's
 * data again, and setting the threads to its entry. That keeps the plan, the
 * peers' capabilities and the callers' queue valid, and it is fast.
 *
 * What this relies on in the kernel: a stopped thread stays bound; stopping it puts the calls that it had in
 * service and those that it deferred back into the queue, marked; an endpoint can be retired and abandoned while its
 * receivers are stopped; binding a stopped thread again to its endpoint takes an abandoned endpoint into
 * service again; an endpoint's own methods are reached through a capability without the right to call.
 */
#ifndef SUPERVISOR_PROCESS_H
#define SUPERVISOR_PROCESS_H

#include "symbols.h"
#include "system.h"

#define PROCESS_TABLE_PAGES 12u /* of a new process: image, stacks and regions lie in a few 2 MiB ranges */

/*
 * Makes everything the process itself consists of: image, RAM, space, threads, endpoint,
 * notification, start page. Not what others give it. On false `server->unusable` says why.
 */
bool process_build(struct server *server);

/* The program of the server with that name, in the archive; for crash records. */
struct symbols process_program(const char *name);

/* Writes the image's data and empties the heap, for the instance `server->instance`. Threads are stopped. */
void process_fill(struct server *server);

/*
 * The same for any instance's memory, without what says who it is; `view` is where the supervisor sees it, `ram` its
 * RAM object. And the pieces of an instance: its threads set to the entry point, `argument` in their first register;
 * everything of the layout mapped, its own part of it in `ram`; a thread, which serves no endpoint yet.
 */
void process_write(const struct server *server, uint8_t *view, sk_cap_t ram);
sk_status_t process_aim(const struct server *server, const struct worker *workers, uint64_t argument);
sk_status_t process_map(const struct server *server, sk_cap_t space, sk_cap_t ram);
sk_status_t process_make_worker(const struct server *server, uint32_t index, uint32_t body, sk_cap_t space,
				struct worker *worker);

/* Its standby, which waits, takes the stopped instance's place, and that is the standby from now on, empty. */
sk_status_t process_switch(struct server *server);

/* Empties its persistent region: the next instance starts cold. Threads are stopped. */
void process_forget(struct server *server);

/* Longest time that its workers, and those of its standby, may run on one call from now on; 0: no limit. */
void process_set_call_budget(const struct server *server, uint64_t budget_us);

/* Sets the threads to the entry point and starts the first; it starts the others itself. */
sk_status_t process_start(struct server *server);

/*
 * Takes the process off: threads stopped, its interrupts masked, callers that were in service settled by their
 * methods' restart annotation, or queued for the next instance.
 */
void process_stop(struct server *server);

/* It will not come back, as far as is known: those who wait for it and those who call it get SERVER_DIED. */
void process_abandon(struct server *server);

/* Its interrupt `index` may come; one that came to somebody who never acknowledged it comes again. */
sk_status_t process_connect_interrupt(const struct server *server, uint32_t index);

/* Address of `bytes` of the process's memory in the supervisor's view; NULL: not its own RAM, or not all of it. */
const void *process_peek(const struct server *server, uint64_t address, uint64_t bytes);

#endif
