/*
 * A disk of the guest: its queues on one side, the 64 slots of a channel to the
 * driver (idl/block.idl) on the other. A request is in exactly one place: available in a queue, in a
 * slot, or used; the stores that move it are in an order that tells a new instance where it is.
 *
 * What can't be, if all is well, ends the process (sk_exit): the next instance begins with what the chains and the
 * channel say. disk.c says what is found that way, and what is not.
 *
 * Not thread-safe: the caller serialises. It makes no system call but for `wake`.
 */
#ifndef VIRTIO_BLK_DISK_H
#define VIRTIO_BLK_DISK_H

#include <linux/virtio_blk.h>

#include <blk/request.h>
#include <sk/idl/block.h>
#include <virtio/mmio.h>

#define DISK_SLOTS 64u
#define DISK_QUEUE_SIZE (REQUEST_SEGMENTS + 2u) /* a guest that looks at no limit may use a whole queue for one */

struct disk {
	struct virtio_mmio device; /* the first member */
	struct virtio_blk_config config;
	struct sk_block_share share;
	struct sk_block_channel *channel;
	uint64_t settings;           /* the check word of the share, of where the memory is, and of the line above */
	void (*wake)(void);          /* signals the driver */
	uint64_t requested;          /* what the channel's word of that name is: the driver can't change this one */
	uint64_t free;               /* slots without a request, a bit for each */
	uint64_t flying;             /* slots whose request was not told to the guest yet */
	uint64_t tokens[DISK_SLOTS]; /* theirs */
	/* What their slots and the driver's answers are compared with: both lie where others write (blk/check.h). */
	uint64_t ids[DISK_SLOTS];
	uint64_t checks[DISK_SLOTS];
	uint8_t heads[VIRTIO_QUEUES][DISK_QUEUE_SIZE]; /* the slot of the chain that begins here, and 1; 0: none */
	bool submitted;              /* since the driver was last looked after */
	bool refuses;                /* what is new: there is no driver, or the device has failed */
};

/*
 * Makes the device of `share`, which is checked; with `queues` queues. False if such a share can't be: the guest finds no
 * device, but what one that was there has in its queues is found.
 */
bool disk_describe(struct disk *disk, const struct sk_block_share *share, uint32_t queues);

/*
 * Attaches the disk to its channel, after virtio_mmio_open(): an earlier instance's requests are found again.
 * `memory` of the device must be what it was for that one. Call disk_look() next.
 */
void disk_open(struct disk *disk, struct sk_block_channel *channel, void (*wake)(void));

/* Says in the channel whether a driver that begins is to execute what was requested. */
void disk_withdraw(struct disk *disk, bool withdraws);

/* No driver is at work, and none will execute what was withdrawn: all of it has failed. Call disk_look() next. */
void disk_lose(struct disk *disk);

/* Tells the guest what the driver has served, and takes what became available meanwhile. */
void disk_look(struct disk *disk);

#endif
