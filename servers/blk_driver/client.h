/*
 * A device server that has a part of the disk: its channel (idl/block.idl), its share, and where its VM's memory lies.
 *
 * The driver keeps nothing that has to survive it. What it has to do is what the bits in the channel say, so a new
 * instance executes every request whose bits differ, from the beginning; what an instance knows beside that, which
 * requests are in the hardware (`busy`), ends with the hardware's reset.
 *
 * The client is not trusted. A request is copied before it is looked at, each word is read once, and what is wrong is
 * answered "refused". The worst that a client can do is to spoil its own share and its own VM's memory.
 *
 * Nor does the driver trust itself: proof.h. What it finds wrong with itself ends it, and the next instance executes
 * what is under way again, behind the hardware's reset.
 */
#ifndef BLK_DRIVER_CLIENT_H
#define BLK_DRIVER_CLIENT_H

#include <sk/start.h>

#include "disk.h"
#include "share.h"

#define CLIENT_SLOTS 64u
#define CLIENT_MEMORIES 4u

/* A range of the VM's memory: physical, so that the device can be told. */
struct client_memory {
	uint64_t base;
	uint64_t bytes; /* 0: not asked yet, or not there */
	sk_cap_t capability;
};

struct client {
	char name[SK_NAME_BYTES]; /* its server's */
	uint32_t number;          /* in the badge of its calls */
	sk_cap_t peer;            /* to wake it */
	struct sk_block_channel *channel;
	struct share share;
	struct client_memory memories[CLIENT_MEMORIES];
	uint64_t served;   /* as it stands in the channel, where only this process should write it */
	uint64_t unserved; /* the opposite, so that neither can change alone */
	uint64_t busy;   /* slots that are in the hardware */
	uint64_t checks[CLIENT_SLOTS]; /* the check words of those */
	/* Where share and memories begin, a second time: what proof.c reckons back with. */
	uint64_t first;
	uint64_t bases[CLIENT_MEMORIES];
	uint64_t settings; /* the check word of the share, and of what is known of the disk */
	bool told;       /* bits were flipped since it was last woken */
};

/* A client by the region of its channel, "client:NAME". False: too small. Finds its share. */
bool client_open(struct client *client, struct disk *disk, const struct sk_start_region *region);

/* Requested and neither served nor in the hardware: bits. */
uint64_t client_waiting(const struct client *client);

/*
 * Takes what waits, as long as there is room in the hardware; answers at once what can't be done. `number` is the
 * client's index, which comes back with what is submitted. True if it did anything.
 */
bool client_take(struct client *client, struct disk *disk, uint32_t number);

/* The hardware has done what the client's request was in `slot`: the one of this check word, or the driver ends. */
void client_done(struct client *client, uint32_t slot, uint64_t check, enum sk_block_result result);

/* Wakes the client if it sleeps and something was served since; `always`: also if neither is known. */
void client_wake(struct client *client, bool always);

/* Says in the channel whether this side is about to sleep. */
void client_say_asleep(const struct client *client, bool asleep);

#endif
