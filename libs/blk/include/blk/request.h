/*
 * A block request as it lies in a chain (virtio 1.2, section 5.2.6): a header to
 * read, data one way or the other, and a status byte at the very end to write. The guest may cut
 * them into descriptors as it likes. Here it becomes a slot of idl/block.idl, or an answer at once.
 */
#ifndef BLK_REQUEST_H
#define BLK_REQUEST_H

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
	/* As they were read, once: the guest may write there meanwhile. */
	struct virtio_blk_outhdr header;
	struct virtio_blk_discard_write_zeroes range;
};

/*
 * Takes the chain apart for a device that is `share` of a disk: fills *request, which says what is to be done, and of
 * the slot operation, sector, sectors, request_flags, segment_count and segments; the rest is the caller's.
 */
enum request_way request_parse(const struct virtio_chain *chain, const struct sk_block_share *share,
			       struct sk_block_slot *slot, struct request *request);

/*
 * The check word (blk/check.h) of a request that is to be forwarded, made from the chain alone, in another way than the
 * slot was; `id`: blk_check_id() of its slot.
 */
uint64_t request_check(const struct virtio_chain *chain, const struct request *request, uint64_t id);

/* The guest has not changed the header since, as far as that can be told at a glance: if it has, it broke a rule. */
bool request_is_steady(const struct virtio_chain *chain, const struct request *request);

#endif
