/*
 * As little of a virtio-mmio driver as a benchmark needs (virtio 1.2, sections 2.7 and 4.2): queues with event
 * indices and indirect descriptors, which is what Linux uses, and an interrupt that is acknowledged as Linux does. The
 * CPU sleeps while it waits.
 */
#ifndef BENCH_VIRTIO_H
#define BENCH_VIRTIO_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/virtio_ring.h>

#define VIRTIO_DEVICES 2u
#define VIRTIO_QUEUES 2u /* of a device */
#define VIRTIO_RING_SIZE 64u
#define VIRTIO_PIECES 3u /* of a request at most */

struct virtio_piece {
	const void *at;
	uint32_t bytes;
	bool writable; /* by the device */
};

struct virtio_rings;

struct virtio_queue {
	uint64_t base;         /* of its device */
	uint32_t index;        /* there */
	struct virtio_rings *rings;
	uint16_t offered;      /* the available ring's index */
	uint16_t seen;         /* requests that were taken back */
	uint16_t told;         /* `offered` when it was last considered whether to notify */
	uint64_t notifications;
};

struct virtio_device {
	uint64_t base;
	uint32_t intid;
	struct virtio_queue queues[VIRTIO_QUEUES];
};

/*
 * Finds the device of this id at `base`, sets its first `queues` queues up and enables its line. `number`: of the
 * device in this program, below VIRTIO_DEVICES.
 */
bool virtio_begin(struct virtio_device *device, uint32_t number, uint64_t base, uint32_t intid, uint32_t id,
		  uint32_t queues);
/* Resets it and disables its line. */
void virtio_end(struct virtio_device *device);

/* Request `slot` (below VIRTIO_RING_SIZE, not under way) is made available; the device is not told yet. */
void virtio_offer(struct virtio_queue *queue, uint32_t slot, const struct virtio_piece *pieces, uint32_t count);
/* Tells the device about all of them, if it wants to be told. */
void virtio_kick(struct virtio_queue *queue);
/* Waits for an answer and takes it: its slot. */
uint32_t virtio_take(struct virtio_queue *queue);
/* One that is there already; false: there is none. */
bool virtio_take_next(struct virtio_queue *queue, uint32_t *slot);

#endif
