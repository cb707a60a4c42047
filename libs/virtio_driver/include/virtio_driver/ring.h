/*
 * The driver's side of a split virtqueue (virtio 1.2, section 2.7): chains of buffers go to the device and come back
 * in any order, each known by the caller's `cookie`. Indirect descriptors where they were agreed on and a chain has
 * more than one buffer, so that every chain costs one descriptor; event indices where they were agreed on, so that the
 * device is notified and interrupts as rarely as possible.
 *
 * Which descriptors are free and whose a chain is stands in this process's own memory: what a device writes into the
 * used ring is checked against it, and a device that breaks a rule makes the ring VIRTIO_RING_BROKEN, never this side.
 *
 * Not thread-safe. Nothing here blocks or makes a system call.
 */
#ifndef VIRTIO_DRIVER_RING_H
#define VIRTIO_DRIVER_RING_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/virtio_ring.h>

#include <virtio_driver/dma.h>

/* Largest ring that is driven, in descriptors; what is no descriptor. */
#define VIRTIO_RING_SIZE_MAX 256u
#define VIRTIO_RING_NONE 0xffffu

/* A buffer as the device sees it. */
struct virtio_buffer {
	uint64_t address; /* physical */
	uint32_t bytes;   /* at least 1 */
	bool writable;    /* by the device; those come last in a chain */
};

struct virtio_ring {
	uint32_t size; /* a power of two */
	bool event_index;
	struct vring_desc *descriptors;
	struct vring_avail *available;
	struct vring_used *used;
	struct vring_desc *tables; /* of indirect descriptors: `table_size` for each descriptor; NULL: not agreed on */
	uint32_t table_size;
	uint64_t tables_address;
	uint64_t descriptors_address;
	uint64_t available_address;
	uint64_t used_address;
	uint16_t available_index;  /* next, free-running; its low bits are the place */
	uint16_t staged;           /* first descriptor of the chain that was staged last */
	uint16_t told_index;       /* up to which the device knows */
	uint16_t used_index;       /* next that is looked at */
	uint16_t free;             /* first free descriptor, or VIRTIO_RING_NONE; linked by `next` */
	uint32_t free_count;
	uint16_t next[VIRTIO_RING_SIZE_MAX]; /* in a chain or in the free list */
	uint16_t chain[VIRTIO_RING_SIZE_MAX]; /* descriptors of the chain that begins here; 0: none begins here */
	uint32_t cookies[VIRTIO_RING_SIZE_MAX];
};

enum virtio_ring_status {
	VIRTIO_RING_EMPTY,
	VIRTIO_RING_DONE,   /* a chain came back */
	VIRTIO_RING_BROKEN, /* the device says what can't be */
};

/*
 * Makes an empty ring in `dma`. `size`: a power of two up to VIRTIO_RING_SIZE_MAX. `features`: those agreed on.
 * `table_size`: buffers of the longest chain, at most `size` of them count. False: too little memory.
 */
bool virtio_ring_open(struct virtio_ring *ring, struct virtio_dma *dma, uint32_t size, uint64_t features,
		      uint32_t table_size);

/*
 * Gives a chain of 1 to table_size buffers to the device, which may begin at once. False, and nothing happened: there
 * is no room now.
 */
bool virtio_ring_add(struct virtio_ring *ring, const struct virtio_buffer *buffers, uint32_t count, uint32_t cookie);

/*
 * The same in two steps, for who wants to see what the device will before it does: virtio_ring_stage() does all but the
 * last store, virtio_ring_publish() that one; virtio_ring_unstage() takes it back instead. One chain at a time.
 */
bool virtio_ring_stage(struct virtio_ring *ring, const struct virtio_buffer *buffers, uint32_t count, uint32_t cookie);
void virtio_ring_publish(struct virtio_ring *ring);
void virtio_ring_unstage(struct virtio_ring *ring);

/* A way along a chain, as the device goes it. */
struct virtio_ring_walk {
	const struct vring_desc *table;
	uint32_t entries;
	uint32_t at;
	uint32_t head;
};

/*
 * Begins at the entry of the available ring that the device will come to next, whatever this side believes that it
 * staged. False: the device would find that it can't be.
 */
bool virtio_ring_look(const struct virtio_ring *ring, struct virtio_ring_walk *walk);

/* The next descriptor; NULL: the chain leads out of its table, or is at its end. A chain can go in circles. */
static inline const struct vring_desc *virtio_ring_step(struct virtio_ring_walk *walk)
{
	const struct vring_desc *descriptor = &walk->table[walk->at];

	if (walk->at >= walk->entries) {
		return NULL;
	}
	walk->at = (descriptor->flags & VRING_DESC_F_NEXT) != 0 ? descriptor->next : UINT32_MAX;
	return descriptor;
}

/* After one or more virtio_ring_add(): true if the device wants to be told (virtio_hardware_notify). */
bool virtio_ring_must_notify(struct virtio_ring *ring);

/* The next chain that came back; `*bytes` (at most what the device may have written) is for the caller to bound. */
enum virtio_ring_status virtio_ring_take(struct virtio_ring *ring, uint32_t *cookie, uint32_t *bytes);

/*
 * Asks for an interrupt at the next chain that comes back. True: there is one already, for which none may come; the
 * caller looks again instead of waiting.
 */
bool virtio_ring_arm(struct virtio_ring *ring);

/* No interrupts are of use while the caller looks by itself. */
void virtio_ring_disarm(struct virtio_ring *ring);

#endif
