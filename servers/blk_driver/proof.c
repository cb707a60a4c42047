#include "proof.h"

#include <stddef.h>

#include <blk/check.h>

#define PIECES_MAX (DISK_SEGMENTS + 1u) /* a chain that goes in circles is none */

/* A request as the device sees it. */
struct seen {
	const struct client *client;
	const struct sk_block_slot *copy;
	const struct disk_frame *frame;
	uint64_t frame_address;
	uint32_t operation;
	uint64_t check;
	uint64_t bytes; /* of data */
};

/* The frame that the chain begins with, if it is a request's at all. */
static bool look_at_header(struct seen *seen, const struct disk *disk, const struct vring_desc *first)
{
	uint64_t offset = first->addr - disk->frames_address;

	if (offset >= DISK_COMMANDS * sizeof(struct disk_frame) || offset % sizeof(struct disk_frame) != 0 ||
	    first->len != sizeof(struct virtio_blk_outhdr) || first->flags != VRING_DESC_F_NEXT) {
		return false;
	}
	seen->frame_address = first->addr;
	seen->frame = &disk->frames[offset / sizeof(struct disk_frame)];

	uint32_t type = seen->frame->header.type;

	if (type == VIRTIO_BLK_T_IN || type == VIRTIO_BLK_T_OUT) {
		seen->operation = type == VIRTIO_BLK_T_IN ? SK_BLOCK_OPERATION_READ : SK_BLOCK_OPERATION_WRITE;
		return true;
	}
	switch (type) {
	case VIRTIO_BLK_T_FLUSH:
		seen->operation = SK_BLOCK_OPERATION_FLUSH;
		return seen->frame->header.sector == 0;
	case VIRTIO_BLK_T_DISCARD:
		seen->operation = SK_BLOCK_OPERATION_DISCARD;
		return true;
	case VIRTIO_BLK_T_WRITE_ZEROES:
		seen->operation = SK_BLOCK_OPERATION_WRITE_ZEROES;
		return true;
	default:
		return false;
	}
}

/* A piece of the client's memory, the right way round. */
static bool look_at_data(struct seen *seen, const struct vring_desc *piece)
{
	uint32_t flags = VRING_DESC_F_NEXT | (seen->operation == SK_BLOCK_OPERATION_READ ? VRING_DESC_F_WRITE : 0u);

	for (uint32_t i = 0; i < CLIENT_MEMORIES; i++) {
		uint64_t offset = piece->addr - seen->client->bases[i];

		if (offset < seen->client->memories[i].bytes) {
			seen->check = blk_check_segment(seen->check, i, piece->len, offset);
			seen->bytes += piece->len;
			return piece->flags == flags;
		}
	}
	return false;
}

static bool look_at_range(const struct seen *seen, const struct vring_desc *piece)
{
	return piece->addr == seen->frame_address + offsetof(struct disk_frame, range) &&
	       piece->len == sizeof(seen->frame->range) && piece->flags == VRING_DESC_F_NEXT &&
	       seen->frame->header.sector == 0;
}

static bool look_at_end(const struct seen *seen, const struct vring_desc *last)
{
	return last != NULL && last->addr == seen->frame_address + offsetof(struct disk_frame, status) &&
	       last->len == 1 && last->flags == VRING_DESC_F_WRITE;
}

static bool names_range(const struct seen *seen)
{
	return seen->operation == SK_BLOCK_OPERATION_DISCARD || seen->operation == SK_BLOCK_OPERATION_WRITE_ZEROES;
}

/* The check word's last part: what is done to which sectors. A flag that the device does not take is not there. */
static uint64_t with_range(const struct seen *seen, const struct disk *disk)
{
	const struct virtio_blk_discard_write_zeroes *range = &seen->frame->range;
	uint32_t flags = seen->copy->request_flags;

	if (!names_range(seen)) {
		return blk_check_range(seen->check, seen->operation, flags,
				       seen->frame->header.sector - seen->client->first,
				       (uint32_t)(seen->bytes / DISK_SECTOR_BYTES));
	}
	if (seen->operation == SK_BLOCK_OPERATION_WRITE_ZEROES && disk->may_unmap) {
		flags = range->flags == VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP ? SK_BLOCK_REQUEST_FLAGS_UNMAP : 0;
	}
	return blk_check_range(seen->check, seen->operation, flags, range->sector - seen->client->first,
			       range->num_sectors);
}

bool proof_holds(const struct client *client, const struct disk *disk, const struct sk_block_slot *copy, uint32_t slot,
		 uint32_t owner)
{
	struct seen seen = {
		.client = client, .copy = copy, .check = blk_check_id(slot, copy->token, copy->note),
	};
	struct virtio_ring_walk walk;
	const struct vring_desc *at;

	if (!virtio_ring_look(&disk->ring, &walk) || (at = virtio_ring_step(&walk)) == NULL ||
	    !look_at_header(&seen, disk, at)) {
		return false;
	}
	at = virtio_ring_step(&walk);
	for (uint32_t i = 0; i < PIECES_MAX && at != NULL && (at->flags & VRING_DESC_F_NEXT) != 0; i++) {
		if (!(names_range(&seen) ? i == 0 && look_at_range(&seen, at) : look_at_data(&seen, at))) {
			return false;
		}
		at = virtio_ring_step(&walk);
	}

	uint32_t index = (uint32_t)(seen.frame - disk->frames);

	return look_at_end(&seen, at) && disk->ring.cookies[walk.head] == index && disk->owners[index] == owner &&
	       seen.frame->status == DISK_UNTOUCHED && seen.frame->check == copy->check &&
	       with_range(&seen, disk) == copy->check;
}
