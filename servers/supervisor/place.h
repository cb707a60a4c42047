/*
 * Where fault injection may read and write: the parts of a server's own memory, and its channels, as the supervisor
 * sees them. Not the start page, which the server can't write either.
 */
#ifndef SUPERVISOR_PLACE_H
#define SUPERVISOR_PLACE_H

#include "system.h"

/* A part of a server, or a piece of one. */
struct place {
	uint64_t address; /* in the server */
	uint64_t bytes;
	uint8_t *view; /* where the supervisor sees it */
	uint64_t text; /* its offset in the server's RAM if it is executed; otherwise PLACE_NO_TEXT */
};

#define PLACE_NO_TEXT UINT64_MAX

/* The `index`-th part of that kind. False: the server has none. */
bool place_part(const struct server *server, enum sk_server_part part, uint32_t index, struct place *place);

/* `bytes` at `address`, a multiple of `bytes`. False: not in a part of the server. */
bool place_find(const struct server *server, uint64_t address, uint64_t bytes, struct place *place);

/* The place was written: instructions of it are fetched anew. */
void place_written(const struct server *server, const struct place *place);

#endif
