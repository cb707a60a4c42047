/*
 * A virtio-mmio driver for several devices of several queues (virtio 1.2, sections 2.7 and 4.2), in the forms that
 * Linux uses: event indices, indirect descriptors. It believes the device nothing: what comes back must have been given,
 * once. Queues are looked at only after an interrupt of their device, as a driver does: one that is lost is not made good
 * for here.
 */
#ifndef LOAD_DEVICE_H
#define LOAD_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#define VIRTIO_MMIO_NO_LEGACY
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_ring.h>

#define RING_SIZE 16u
#define RING_PIECES 3u	 /* of a chain at most */
#define DEVICE_QUEUES 2u /* that are used */

struct piece {
	const volatile void *at;
	uint32_t bytes;
	bool writable; /* by the device */
};

struct ring {
	_Alignas(64) struct vring_desc descriptors[RING_SIZE];
	struct vring_desc tables[RING_SIZE][RING_PIECES];
	volatile uint16_t available[2 + RING_SIZE + 1]; /* flags, index, ring, used event */
	_Alignas(4) volatile struct {
		uint16_t flags;
		uint16_t index;
		struct vring_used_elem ring[RING_SIZE];
		uint16_t available_event;
	} used;
	uint16_t offered; /* the available ring's index */
	uint16_t told;	  /* `offered` when it was last considered whether to notify */
	uint16_t seen;	  /* chains that were taken back */
	uint32_t given;	  /* a bit for each slot that the device has */
};

struct device {
	const char *name;
	uint64_t base;
	uint32_t intid;
	uint32_t id;	 /* VIRTIO_ID_… */
	uint32_t queues; /* at most DEVICE_QUEUES */
	bool there;
	bool interrupted; /* since device_was_interrupted() was last asked */
	struct ring rings[DEVICE_QUEUES];
};

enum taken { TAKEN_NONE, TAKEN_ONE, TAKEN_WRONG };

static inline uint32_t device_get(const struct device *device, uint32_t offset)
{
	return *(volatile uint32_t *)(device->base + offset);
}

/* Resets the device, agrees on features, sets its queues up, enables its line. False: it is not there or refuses. */
bool device_begin(struct device *device);

/* The first half: reset, features. */
bool device_agree(struct device *device);

/* Takes the interrupt's reason away. */
void device_interrupt(struct device *device);
bool device_was_interrupted(struct device *device);

/* It can't be begun again: it is left alone, and that is said ("failed NAME"). */
void device_give_up(struct device *device);

/* It says that it needs a reset. */
bool device_is_broken(const struct device *device);

/* Chain `slot`, which the device does not have, is made available. */
void ring_offer(struct ring *ring, uint32_t slot, const struct piece *pieces, uint32_t count);
/* Tells the device about all that was made available, if it wants to be told. */
void ring_kick(struct device *device, uint32_t queue);
/* The next chain that came back. TAKEN_NONE: none, and there will be an interrupt for the next one. */
enum taken ring_take(struct ring *ring, uint32_t *slot, uint32_t *bytes);

#endif
