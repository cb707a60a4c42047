/*
 * Asking servers whether they still serve, as often as the manifest wants. A
 * server that has not answered one question when the next is due has missed a beat.
 */
#ifndef SUPERVISOR_HEARTBEAT_H
#define SUPERVISOR_HEARTBEAT_H

#include "system.h"

/* An instance of the server begins, or has ended. Nothing if the manifest asks for no heartbeat. */
void heartbeat_begin(struct server *server);
void heartbeat_end(struct server *server);

/*
 * The alarm ALARM_HEARTBEAT + index rang. False: the last question is still open, or the scheduler leaves somebody
 * behind (watch.h): the server is to be ended, for `*reason`.
 */
bool heartbeat_due(struct server *server, enum sk_crash_reason *reason);

#endif
