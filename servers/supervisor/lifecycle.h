/*
 * A server's life after it was built: start, crash, restart, the end. This is
 * architecture.md, section 5: evidence, stop, regrow, policy.
 */
#ifndef SUPERVISOR_LIFECYCLE_H
#define SUPERVISOR_LIFECYCLE_H

#include "crash.h"
#include "system.h"

/* There are threads of it: it is in service, or its last instance answers for it. */
bool lifecycle_runs(const struct server *server);

/* First start, at boot. */
void lifecycle_start(struct server *server);

/* Its thread `cause->thread` ended it: takes the evidence, stops it, and does what its policy says. */
void lifecycle_crashed(struct server *server, const struct crash_cause *cause);

/* Ends it for `reason` from outside: as if its first thread had crashed. SK_BAD_STATE: it does not run. */
sk_status_t lifecycle_kill(struct server *server, enum sk_crash_reason reason);

/* Starts it anew now, whatever its state and its history of crashes. SK_BAD_STATE: it was never built. */
sk_status_t lifecycle_restart(struct server *server);

/* Stops it on purpose, until lifecycle_restart(): its callers get SERVER_DIED. */
void lifecycle_stop(struct server *server);

/* The alarm ALARM_AFTER rang: what can wait until a new instance serves. */
void lifecycle_after(void);

/* The alarm ALARM_RESTART + index rang: its backoff has passed. */
void lifecycle_backoff_over(struct server *server);

#endif
