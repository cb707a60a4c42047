/*
 * What of the disk a client has, by the driver's arguments, one for each client:
 *
 *	CLIENT=all | CLIENT=partition:NUMBER | CLIENT=name:NAME        and ",ro" behind it: only for reading
 *
 * CLIENT is its server's name. A partition is an entry of the disk's GPT, by its number (from 1, as Linux counts) or
 * its name. A client that no argument names has nothing.
 */
#ifndef BLK_DRIVER_SHARE_H
#define BLK_DRIVER_SHARE_H

#include "disk.h"

enum share_state {
	SHARE_GIVEN,
	SHARE_NONE,    /* no argument names the client, or it makes no sense */
	SHARE_NO_DISK, /* no disk, no table, or no such partition */
};

struct share {
	enum share_state state;
	uint64_t first;   /* sector of the disk */
	uint64_t sectors; /* 0 unless it is SHARE_GIVEN */
	uint32_t features; /* sk_block_features_t: the disk's, as far as the share has them */
};

/*
 * Finds the client's share and says in the log why there is none. Reads the disk's partition table when the first
 * argument wants it, and only then.
 */
void share_find(struct share *share, struct disk *disk, const char *client);

#endif
