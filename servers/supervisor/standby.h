/*
 * A standby: where the manifest asks for one, a server has a second body (a space, threads, RAM for image, heap and
 * stacks) with the same capabilities and regions at the same places. It is loaded while the server runs, starts up to
 * where main() would begin, and stops there by a breakpoint. When the server has to be started anew the standby takes
 * its place in the kernel (thread.take_over) and goes on into main(), so nothing is copied, cleared or set up while
 * callers wait; a little later the body that it replaced is loaded as the next one.
 *
 * Until main() it knows nothing of what the server shares and keeps: it binds its persistent region when it takes over,
 * and what happened to the memory before is no concern of its. One that dies or hangs while it starts is loaded anew, a
 * few times; without one that is ready a restart is what it is for other servers.
 */
#ifndef SUPERVISOR_STANDBY_H
#define SUPERVISOR_STANDBY_H

#include "system.h"

/*
 * Makes the second body of a server that is being built, if its manifest wants it: before anything is granted to the
 * server. Without memory for it the server goes without, and that is said.
 */
void standby_build(struct server *server);

/* The server's slot `slot` names its thread `index`: the standby's names the standby's own. */
void standby_own_thread(const struct server *server, uint32_t slot, uint32_t index);

/* Loads it soon, if it is not loaded: the alarm ALARM_AFTER rings when it is late; loads it now. */
void standby_later(struct server *server);
bool standby_is_late(const struct server *server);
void standby_make(struct server *server);

/* The alarm rings for the first that is to be loaded. */
void standby_set_alarm(void);

/* The alarm for it is set. */
static inline bool standby_is_due(const struct server *server)
{
	return server->standby.state == SK_STANDBY_STATE_EMPTY;
}

/* It waits where main() begins. */
static inline bool standby_is_ready(const struct server *server)
{
	return server->standby.state == SK_STANDBY_STATE_READY;
}

/* The body with that number is the standby's, not the one that serves. */
static inline bool standby_is(const struct server *server, uint32_t body)
{
	return server->standby.state != SK_STANDBY_STATE_NONE && server->standby.body == body;
}

/* Its thread faulted: it has come to main(), or failed. */
void standby_stopped(struct server *server, uint32_t thread, uint64_t syndrome, uint64_t pc);

#endif
