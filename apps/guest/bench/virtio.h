/*
 * As little of a virtio-mmio driver as a benchmark needs (virtio 1.2, sections 2.7 and 4.2): one queue with event
 * indices and indirect descriptors, which is what Linux uses, and an interrupt that is acknowledged as Linux does. The
 * CPU sleeps while it waits.
 */
#ifndef BENCH_VIRTIO_H
#define BENCH_VIRTIO_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/virtio_ring.h>

#define VIRTIO_RING_SIZE 64u
#define VIRTIO_PIECES 3u /* of a request at most */

struct virtio_piece {
	const void *at;
	uint32_t bytes;
	bool writable; /* by the device */
};

struct virtio_device {
	uint64_t base;
	uint32_t intid;
	uint16_t offered;      /* the available ring's index */
	uint16_t seen;         /* requests that were taken back */
	uint16_t told;         /* `offered` when it was last considered whether to notify */
	uint64_t notifications;
};

/* Finds the device of this id at `base`, sets its queue 0 up and enables its line. There is one device at a time. */
bool virtio_begin(struct virtio_device *device, uint64_t base, uint32_t intid, uint32_t id);
/* Resets it and disables its line. */
void virtio_end(struct virtio_device *device);

/* Request `slot` (below VIRTIO_RING_SIZE, not under way) is made available; the device is not told yet. */
void virtio_offer(struct virtio_device *device, uint32_t slot, const struct virtio_piece *pieces, uint32_t count);
/* Tells the device about all of them, if it wants to be told. */
void virtio_kick(struct virtio_device *device);
/* Waits for an answer and takes it: its slot. */
uint32_t virtio_take(struct virtio_device *device);
/* One that is there already; false: there is none. */
bool virtio_take_next(struct virtio_device *device, uint32_t *slot);

#endif
