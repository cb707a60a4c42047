/*
 * The last look before the device is told: is what it will find what was asked for? The check word of the request
 * (blk/check.h) is made again from the other end: the entry of the available ring that comes next, the descriptors from
 * there on, the request header that the first of them leads to. Not from this process's own variables, but for who the
 * command is for; addresses are reckoned back with numbers of their own (client.h). So neither a wrong instruction nor
 * a flipped bit between the channel and the ring, in a request's copy, a share, a memory's base or a frame, can make
 * the device do what nobody asked for: the driver ends instead.
 *
 * What this can't see: a share or a memory that was wrong from the instance's beginning; the data, which never passes
 * here; a store that goes astray into a ring or a frame behind this look, and before the device has read it (a few
 * instructions if it was idle); a wrong value in the one store that follows, which would have to be a whole number of
 * chains too many; wrong words to the device's own registers.
 */
#ifndef BLK_DRIVER_PROOF_H
#define BLK_DRIVER_PROOF_H

#include "client.h"

/* What was staged is the request of `copy`, for `owner` (disk.h), in `slot` of the client. */
bool proof_holds(const struct client *client, const struct disk *disk, const struct sk_block_slot *copy, uint32_t slot,
		 uint32_t owner);

#endif
