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

/* The alarm ALARM_HEARTBEAT + index rang. False: the last question is still open, the server is to be ended. */
bool heartbeat_due(struct server *server);

#endif
