/*
 * Who gets what of whom: the manifest's channels, uses, devices and streams
 * become capabilities and regions of the servers, once all of them were built.
 */
#ifndef SUPERVISOR_WIRING_H
#define SUPERVISOR_WIRING_H

#include "system.h"

/* Connects everything that is not a VM's. What fails is said, and the server concerned is not started. */
void wiring_connect(void);

/*
 * A new instance of the server begins: its channels that are not persistent are empty again, for all their members.
 * `persistent`: the others too, because it starts for another VM.
 */
void wiring_reset_channels(const struct server *server, bool persistent);

/* May `client` call the server with that index? */
bool wiring_uses(const struct manifest_server *client, uint32_t server);

/* The server is not restarted any more: those who use it are to find out, instead of waiting for its signals. */
void wiring_tell_users(const struct server *server);

/* The number of the interface that a server offers to those who use it: its peers' badges carry it. */
uint32_t wiring_interface(const struct manifest_server *server);

#endif
