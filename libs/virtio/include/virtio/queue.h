/*
 * The device's side of a split virtqueue (virtio 1.2, section 2.7), with indirect
 * descriptors and event indices. The guest is not trusted: each word of its memory is
 * read once, and what was read is checked before it is used. A chain that breaks a rule
 * that keeps this side safe makes the queue VIRTIO_BROKEN; the transport then says DEVICE_NEEDS_RESET.
 *
 * All that has to survive is `position` of the persistent state. A device that completes
 * chains in order does it with one store (virtio_queue_complete): before it, the chain has not been taken, and a
 * new instance does all of it again; after it, it is done. A device that has several in flight commits twice:
 * virtio_queue_taken() once it has noted, where a new instance will find it, that the chain is in flight, and
 * virtio_queue_put() when it is done. The guest's copy of the used index follows each commit, and is
 * stored again by virtio_queue_open().
 *
 * Not thread-safe: the caller serialises. Nothing here blocks or makes a system call; but what only damage to this
 * process or its persistent state can bring about, never a guest, ends the process (sk_exit) before the guest sees it.
 */
#ifndef VIRTIO_QUEUE_H
#define VIRTIO_QUEUE_H

#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>

#include <sk/idl/virtio.h>
#include <virtio/memory.h>

/* Largest queue, in descriptors, and longest chain. */
#define VIRTIO_QUEUE_SIZE_MAX 256u
#define VIRTIO_CHAIN_SEGMENTS VIRTIO_QUEUE_SIZE_MAX /* no chain may be longer, indirect or not (section 2.7.5.3.1) */

/* A piece of a chain: never empty, all of it in one range of the VM's memory. */
struct virtio_segment {
	uint8_t *at;
	uint64_t offset; /* in the range */
	uint32_t memory; /* index of the range */
	uint32_t bytes;
};

struct virtio_chain {
	uint16_t head;
	uint16_t index;           /* its place in the available ring, free-running */
	uint32_t count;           /* of segments; those that the device may read come first */
	uint32_t readable;        /* of them; the others are the device's to write */
	uint64_t readable_bytes;
	uint64_t writable_bytes;
	struct virtio_segment segments[VIRTIO_CHAIN_SEGMENTS];
};

struct virtio_queue {
	struct sk_virtio_queue_state *state;
	uint64_t position;        /* what `state` has, and what counts as long as this instance lives */
	uint64_t position_again;  /* it again: of three, two are right (virtio_mmio_heal) */
	const struct virtio_memory *memory;
	uint32_t size;            /* a power of two; 0: not in use */
	uint16_t told;            /* the used index that the guest was told, as this process knows it: see commit() */
	bool event_index;         /* VIRTIO_RING_F_EVENT_IDX was negotiated */
	bool indirect;            /* VIRTIO_RING_F_INDIRECT_DESC was */
	struct vring_desc *descriptors;
	struct vring_avail *available;
	struct vring_used *used;
};

enum virtio_taken {
	VIRTIO_EMPTY,  /* nothing is available */
	VIRTIO_TAKEN,  /* *chain is the next one */
	VIRTIO_BROKEN, /* the guest broke a rule; nothing was changed */
};

/*
 * Attaches to the rings that `state` describes, of a queue that may be new or an earlier instance's, and tells
 * the guest again how far that was. False, and nothing was touched, if size or addresses can't be: the size is
 * no power of two up to VIRTIO_QUEUE_SIZE_MAX, a ring is misaligned or not all in RAM.
 */
bool virtio_queue_open(struct virtio_queue *queue, struct sk_virtio_queue_state *state,
		       const struct virtio_memory *memory, uint64_t features);

/* The same without a word to the guest; size and addresses are `registers`', a copy of them. */
bool virtio_queue_attach(struct virtio_queue *queue, const struct sk_virtio_queue_state *registers,
			 struct sk_virtio_queue_state *state, const struct virtio_memory *memory, uint64_t features);

/* How far it is, as two of three have it. True if the third one had not. */
bool virtio_queue_heal(struct virtio_queue *queue);

/* Looks at the next available chain without taking it. */
enum virtio_taken virtio_queue_next(struct virtio_queue *queue, struct virtio_chain *chain);

/* The chain that was taken as number `index` of the available ring, and did not go back yet; if it is still there. */
enum virtio_taken virtio_queue_again(const struct virtio_queue *queue, uint16_t index, struct virtio_chain *chain);

/* The chain that virtio_queue_next() showed is taken: the next call shows the one behind it. One store. */
void virtio_queue_taken(struct virtio_queue *queue);

/*
 * The chain that begins with `head` (below the size: else it is ignored) goes back to the guest with `bytes` bytes
 * written into it. One store of `position` between the ring's entry and the guest's index.
 */
void virtio_queue_put(struct virtio_queue *queue, uint16_t head, uint32_t bytes);

/* virtio_queue_taken() and virtio_queue_put() of what virtio_queue_next() showed, in one store. */
void virtio_queue_complete(struct virtio_queue *queue, const struct virtio_chain *chain, uint32_t bytes);

/*
 * Several chains in one store: virtio_queue_ahead() shows the chain that is `ahead` behind the next one (0: that one),
 * virtio_queue_stage() notes for it what virtio_queue_complete() would, and virtio_queue_commit() then takes and
 * completes the first `count` of them. Until then nothing has happened. At most the queue's size of them.
 */
enum virtio_taken virtio_queue_ahead(struct virtio_queue *queue, uint32_t ahead, struct virtio_chain *chain);
void virtio_queue_stage(struct virtio_queue *queue, uint32_t ahead, const struct virtio_chain *chain, uint32_t bytes);
void virtio_queue_commit(struct virtio_queue *queue, uint32_t count);

/*
 * Asks the guest to notify when it adds a chain. True if there is one already, added before the guest could
 * know: then nobody will notify, and the caller looks again.
 */
bool virtio_queue_arm(struct virtio_queue *queue);

/* The same for a chain behind the next `ahead` ones, which are there and not enough. */
bool virtio_queue_arm_ahead(struct virtio_queue *queue, uint32_t ahead);

/* Notifications are of no use until virtio_queue_arm(). Only a hint: some may come all the same. */
void virtio_queue_disarm(struct virtio_queue *queue);

/*
 * True if the guest wants to be interrupted for what was put since virtio_queue_checked(). That call ends the
 * question, after the interrupt was raised: in between, a new instance asks again.
 */
bool virtio_queue_wants_interrupt(const struct virtio_queue *queue);
void virtio_queue_checked(struct virtio_queue *queue);

/*
 * The guest has not looked at all that was put since it last asked for an interrupt. False if it can't be told: without
 * event indices.
 */
bool virtio_queue_is_unseen(const struct virtio_queue *queue);

/* The used index that the next virtio_queue_put() gives, and the index of the next available chain. */
static inline uint16_t virtio_queue_used_index(const struct virtio_queue *queue)
{
	return (uint16_t)(queue->position >> 16);
}

/* The index in the available ring, free-running, of the next chain. */
static inline uint16_t virtio_queue_available_index(const struct virtio_queue *queue)
{
	return (uint16_t)queue->position;
}

/* True if there is a chain that was not taken. */
static inline bool virtio_queue_available(const struct virtio_queue *queue)
{
	return __atomic_load_n(&queue->available->idx, __ATOMIC_RELAXED) != virtio_queue_available_index(queue);
}

/* Where the last byte of a chain that is not empty is: virtio_memory_byte(). */
uint64_t virtio_chain_last(const struct virtio_chain *chain);

/* Copies up to `bytes` bytes out of the chain's readable part, or into its writable part, from `skip` on; how many. */
uint32_t virtio_chain_read(const struct virtio_chain *chain, uint64_t skip, void *to, uint32_t bytes);
uint32_t virtio_chain_write(const struct virtio_chain *chain, uint64_t skip, const void *from, uint32_t bytes);

#endif
