/*
 * What tests are made of: slots of this process's table, RAM, and places in this process where RAM is seen. All of it
 * is given for one case, and pool_end() takes everything back: objects are destroyed, the latest first, views unmapped,
 * slots emptied, RAM is joined again as far as all of it has come back.
 */
#ifndef POOL_H
#define POOL_H

#include <stdint.h>

#include <sk/abi.h>

/* The capabilities that the manifest's node `objects` grants. */
struct pool {
	sk_cap_t space;   /* this process */
	sk_cap_t self;    /* its thread */
	sk_cap_t core;    /* the spare core */
	sk_cap_t machine;
	uint32_t core_number; /* of `core` */
	uint32_t core_here;   /* this thread's */
};

extern struct pool pool;

/* Once. */
void pool_init(void);
/* What was taken so far stays: it is no case's. */
void pool_keep(void);

/* `name` NULL: it belongs to the case before. */
void pool_begin(const char *name);
void pool_end(void);

/* An empty slot. */
sk_cap_t pool_slot(void);
/* RAM of its own in a new slot. */
sk_cap_t pool_ram(uint32_t pages);
/* The same, zeroed, and seen by this process at `*view`. */
sk_cap_t pool_seen(uint32_t pages, void *view);
/* Shows memory of which a capability is there already. */
void *pool_view(sk_cap_t memory, uint64_t offset, uint64_t bytes, uint32_t flags);
/* Bytes that nothing has been taken of, or that were given back. */
uint64_t pool_left(void);
/* A free range of this process's addresses, with unmapped pages around it. */
uint64_t pool_address(uint64_t bytes);

/* Objects in new slots; tap_need ends the program if one can't be made. */
sk_cap_t pool_endpoint(void);
sk_cap_t pool_notification(void);
sk_cap_t pool_process(uint32_t table_pages);
sk_cap_t pool_vm(uint32_t table_pages);
/* A copy in a new slot with fewer rights, or a badge. */
sk_cap_t pool_copy(sk_cap_t from, uint32_t rights, uint32_t badge);

#endif
