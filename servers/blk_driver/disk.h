/*
 * The hardware: a virtio-blk device (virtio 1.2, section 5.2) and its one queue. Commands go in as long as there is
 * room and come out in any order, each with its owner's number. Not thread-safe: worker 0's.
 */
#ifndef BLK_DRIVER_DISK_H
#define BLK_DRIVER_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/virtio_blk.h>

#include <gpt/gpt.h>
#include <sk/idl/block.h>
#include <virtio_driver/process.h>

#define DISK_COMMANDS 128u /* in the hardware at the same time; a power of two */
#define DISK_SEGMENTS 126u /* of a command's data */
#define DISK_SECTOR_BYTES 512u
#define DISK_BOUNCE_BYTES 16384u

/* A command's part of the memory that the device sees. */
struct disk_frame {
	struct virtio_blk_outhdr header;
	struct virtio_blk_discard_write_zeroes range;
	uint8_t status;
	uint8_t reserved[7];
	uint64_t check; /* the request's check word (blk/check.h): it comes back with the command that had it */
	uint64_t unused[2];
};

#define DISK_UNTOUCHED 0xffu /* a status that the device does not know: it has not been there */

_Static_assert(sizeof(struct disk_frame) == 64, "a frame is a cache line");

struct disk_command {
	uint32_t type; /* VIRTIO_BLK_T_* */
	uint32_t sectors;
	uint64_t sector;
	bool unmap;     /* write_zeroes */
	uint32_t count; /* of segments */
	struct virtio_buffer segments[DISK_SEGMENTS]; /* `writable` is set here: it goes with the type */
};

struct disk {
	struct virtio_hardware hardware;
	struct virtio_ring ring;
	struct virtio_dma dma;
	/* Waits for the device's interrupt, or longer than that; NULL: there is nothing to wait with. */
	void (*wait)(void);
	/*
	 * The next transport is a second way to the same disk, and a reset of that ends all that the device was told of.
	 * Only for runs that have to repeat exactly (main.c).
	 */
	bool settles;
	/* What it is; no sectors: there is no disk. */
	uint64_t sectors; /* of 512 bytes */
	uint32_t block_bytes;
	struct sk_block_share limits; /* as a share of the whole disk */
	bool may_unmap;
	/* Commands under way. */
	struct disk_frame *frames;
	uint64_t frames_address; /* where the device sees them, as it was found out at the beginning */
	uint32_t owners[DISK_COMMANDS];
	uint16_t free[DISK_COMMANDS]; /* frames that nobody has: a stack */
	uint32_t free_count;
	bool full; /* since the last command that found no room, none has come back */
	/* For the driver's own reading, before it serves. */
	uint8_t *bounce;
	uint64_t bounce_block; /* the first of `bounce_blocks` blocks in it */
	uint32_t bounce_blocks;
};

enum disk_state {
	DISK_READY,
	DISK_ABSENT,    /* there is none */
	DISK_UNUSABLE,  /* the device refuses, or is one that this driver can't handle */
	DISK_NO_MEMORY, /* `dma` is too small */
};

/*
 * Resets this process's device and puts it into service; `disk->dma` and `disk->wait` are set. After it nothing that an
 * earlier instance of the driver began goes on.
 */
enum disk_state disk_open(struct disk *disk);

/*
 * A command for `owner`, with its request's check word, up to the last store: the device does not know of it before
 * disk_publish(). disk_unstage() takes it back instead. False, and nothing happened: there is no room now.
 */
bool disk_stage(struct disk *disk, struct disk_command *command, uint32_t owner, uint64_t check);
void disk_publish(struct disk *disk);
void disk_unstage(struct disk *disk);

static inline bool disk_has_room(const struct disk *disk)
{
	return !disk->full;
}

/* Tells the device of what was submitted, if it wants to know. */
void disk_kick(struct disk *disk);

/* A command that is done. */
struct disk_done {
	uint32_t owner;
	enum sk_block_result result;
	uint64_t check;
};

/* The next one of those. VIRTIO_RING_BROKEN: the device can't be believed any more. */
enum virtio_ring_status disk_take(struct disk *disk, struct disk_done *done);

/* Nothing else is under way in these two. Reads block `at` (of disk->block_bytes) into `to`. */
bool disk_read_block(struct disk *disk, uint64_t at, void *to);

#endif
