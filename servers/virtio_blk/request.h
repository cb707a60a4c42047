/*
 * A block request as it lies in a chain (virtio 1.2, section 5.2.6): a header to
 * read, data one way or the other, and a status byte at the very end to write. The guest may cut
 * them into descriptors as it likes. Here it becomes a slot of idl/block.idl, or an answer at once.
 */
#ifndef VIRTIO_BLK_REQUEST_H
#define VIRTIO_BLK_REQUEST_H

#include <linux/virtio_blk.h>

#include <sk/idl/block.h>
#include <virtio/queue.h>

#define REQUEST_SEGMENTS 126u /* the longest chain of a queue, without header and status */

enum request_way {
	REQUEST_FORWARD, /* the slot is filled in: the driver does it */
	REQUEST_ANSWER,  /* done: `status` is the answer, `bytes` were written before it */
	REQUEST_BROKEN,  /* no header or no status byte */
};

struct request {
	enum request_way way;
	uint8_t status;  /* VIRTIO_BLK_S_… */
	uint32_t bytes;
};

/*
 * Takes the chain apart for a device that is `share` of a disk. Of the slot it fills operation, sector,
 * sectors, request_flags, segment_count and segments; the rest is the caller's.
 */
struct request request_parse(const struct virtio_chain *chain, const struct sk_block_share *share,
			     struct sk_block_slot *slot);

#endif
