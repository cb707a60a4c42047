/*
 * Giving a server what it is entitled to: a capability into its table, or
 * memory into its space, and the line in its start page that says so.
 */
#ifndef SUPERVISOR_GRANT_H
#define SUPERVISOR_GRANT_H

#include <sk/idl/kernel.h>

#include "system.h"

/* A piece of memory that is to become a region of a server. */
struct grant_memory {
	sk_cap_t memory;
	uint64_t offset;
	uint64_t bytes;
	uint64_t align; /* of the address; 0: a page */
	sk_map_flags_t access;
	uint32_t peer;  /* of a channel between two: the other server */
	uint32_t flags; /* SK_REGION_* beside WRITABLE and DEVICE, which follow from `access` */
};

/*
 * Copies the supervisor's capability `from` into the server's next slot, as `name`.
 * SK_NO_SLOT: the start page's or the capability table's end.
 */
sk_status_t grant_cap(struct server *server, const char *name, enum sk_object_type type, sk_cap_t from,
		      sk_rights_t rights, uint32_t badge);

/*
 * The same to a slot that was agreed upon; the start page does not list it. What was there before goes; it stays empty
 * if `from` is SK_CAP_NONE.
 */
sk_status_t grant_cap_at(const struct server *server, uint32_t slot, sk_cap_t from, sk_rights_t rights, uint32_t badge);

/* Empties a slot. */
void grant_take(const struct server *server, uint32_t slot);

/* Lists a capability that is not there yet, and takes a slot for it. */
sk_status_t grant_reserve(struct server *server, const char *name, enum sk_object_type type);

/* Fills a reserved slot, which loses what was there; `from` SK_CAP_NONE: empties it. SK_BAD_ARG: no such name. */
sk_status_t grant_reserved(const struct server *server, const char *name, sk_cap_t from, sk_rights_t rights);

/* Maps memory at the server's next free address, as region `name`. */
sk_status_t grant_region(struct server *server, const char *name, const struct grant_memory *memory);

/* Maps a part of the boot archive, read-only, at the address that it has in every process. */
sk_status_t grant_archive(struct server *server, const char *name, uint64_t offset, uint64_t bytes);

/* Lists a part of the archive that is mapped already. */
sk_status_t grant_listed(struct server *server, const char *name, uint64_t offset, uint64_t bytes);

/*
 * What is granted to the server from here on can be taken back as a whole: a VM's share, which comes last. Taking
 * back empties the slots and the start page's lines; mappings go with the memory that they show.
 */
void grant_mark(struct server *server);
void grant_roll_back(struct server *server);

/* Lists a part of the server's own RAM, which is mapped already. Nothing if it has no such part. */
sk_status_t grant_own(struct server *server, const char *name, const struct layout_part *part, uint32_t flags);

#endif
