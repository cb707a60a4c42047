/*
 * The register file of a virtio device on MMIO, version 2 (virtio 1.2, section
 * 4.2), over what a device of a kind does: struct virtio_operations. Everything that the guest's
 * driver set up lies in the persistent state; a server that was killed goes on
 * with it, and an exit that is delivered again does what it did.
 *
 * Not thread-safe: the caller serialises all but reads. Nothing here blocks or makes a system call: the
 * interrupt line is virtio_mmio_line(), for the caller to compare after each call.
 */
#ifndef VIRTIO_MMIO_H
#define VIRTIO_MMIO_H

/* Linux's header then has the registers of version 2 alone. */
#define VIRTIO_MMIO_NO_LEGACY
#include <linux/virtio_ids.h>
#include <linux/virtio_mmio.h>

#include <virtio/queue.h>

/* Queues that a device can have, as a number and as a mask; what the registers take. */
#define VIRTIO_QUEUES 16u
#define VIRTIO_MMIO_BYTES 0x200u /* registers and configuration space; behind them reads as zero */
#define VIRTIO_MMIO_ALL_QUEUES ((1u << VIRTIO_QUEUES) - 1u)

struct virtio_mmio;

/* The exit that a store came by: with its token a device can tell one that is delivered again. */
struct virtio_exit {
	uint64_t token;
	uint32_t vcpu;
};

/* What a device does. Unless otherwise said, the queue is in use, the driver ready (DRIVER_OK), and nothing broken. */
struct virtio_operations {
	/*
	 * There may be something available in `queue`, or its server just began. True if it left something
	 * that it will not come back to by itself: it has to be called again, soon.
	 */
	bool (*serve)(struct virtio_mmio *device, uint32_t queue);
	/*
	 * True once nothing of `queue` is in flight: nothing will reach the guest's memory any more. Until
	 * then the device is asked again by virtio_mmio_settle(). NULL: nothing ever is.
	 */
	bool (*drained)(struct virtio_mmio *device, uint32_t queue);
	/*
	 * The guest resets the device, and no queue is in use any more: its own state goes back to what it is after boot. It is
	 * done again if an instance is killed meanwhile. NULL: it has none.
	 */
	void (*reset)(struct virtio_mmio *device);
	/*
	 * A store of `bytes` bytes at `offset` of the configuration space, aligned and inside; in any state of the
	 * device, also before the driver is ready. NULL: the space is read-only.
	 */
	void (*configure)(struct virtio_mmio *device, const struct virtio_exit *exit, uint32_t offset, uint32_t bytes,
			  uint64_t value);
};

struct virtio_mmio {
	const struct virtio_operations *operations;
	uint32_t id;              /* VIRTIO_ID_…; 0: there is nothing here, and the guest looks no further */
	uint32_t queue_count;     /* at most VIRTIO_QUEUES */
	uint32_t queue_size_max;  /* a power of two, at most VIRTIO_QUEUE_SIZE_MAX */
	uint64_t features;        /* of the device's kind; the transport adds its own */
	const uint8_t *config;    /* what reads as the configuration space */
	uint32_t config_bytes;    /* at most 0x100 */
	bool bounces;             /* only a part of the guest's memory is seen: its driver must know that (ACCESS_PLATFORM) */
	struct virtio_memory memory;
	/*
	 * It can't do anything any more: it needs a reset, and a reset brings it no further than to a device that refuses
	 * every driver. Its queues are served all the same, so that what the guest waits for ends.
	 */
	bool failed;
	/* From here on: virtio_mmio_open()'s. */
	struct sk_virtio_state *state; /* state_here: what counts as long as this instance lives */
	struct sk_virtio_state *kept;  /* the same for the next one */
	struct sk_virtio_state state_here;
	struct sk_virtio_state state_again;
	struct virtio_memory memory_again[2];
	bool healed;              /* something was damaged, and has been put right */
	struct virtio_queue queues[VIRTIO_QUEUES];
	uint32_t again;           /* a bit for each queue that has to be served again soon */
	uint32_t live;            /* the bits of Status that say whether queues are served; of them, DRIVER_OK must be set */
};

/*
 * Attaches the device, filled in as far as above, to its state: an earlier instance's queues are opened again, and
 * an interrupted reset is begun again. Call virtio_mmio_serve(…ALL_QUEUES) when the device is ready for it.
 */
void virtio_mmio_open(struct virtio_mmio *device, struct sk_virtio_state *state);

/*
 * A load or store of `bytes` (1, 2, 4, 8) at `offset`. Registers are words; other accesses of them do
 * nothing. A write returns false if it may be answered only once virtio_mmio_settle() has returned true: it ended
 * a queue's use, or the whole device's, and something is still in flight.
 */
uint64_t virtio_mmio_read(const struct virtio_mmio *device, uint32_t offset, uint32_t bytes);
bool virtio_mmio_write(struct virtio_mmio *device, uint32_t offset, uint32_t bytes, uint64_t value);

/* A store at `offset` VIRTIO_MMIO_CONFIG or above. virtio_mmio_write() ignores those. */
void virtio_mmio_configure(struct virtio_mmio *device, const struct virtio_exit *exit, uint32_t offset, uint32_t bytes,
			   uint64_t value);

/*
 * After an exit that was delivered again: its first delivery may have acknowledged an interrupt, and its second
 * one another that came in between. A spurious interrupt is harmless, a lost one is not.
 */
void virtio_mmio_rearm(struct virtio_mmio *device);

/* Interrupts once more for chains that the guest wanted to hear of and has not looked at. */
void virtio_mmio_remind(struct virtio_mmio *device);

/* Serves those of `queues` (a bit for each) that are in use. What has to be looked at again is in `again`. */
void virtio_mmio_serve(struct virtio_mmio *device, uint32_t queues);

/* As if the guest had reset it. False as for a write. */
bool virtio_mmio_reset(struct virtio_mmio *device);

/* Goes on with what waits for drained(). True when nothing waits any more. */
bool virtio_mmio_settle(struct virtio_mmio *device);

/* Interrupts the guest for what was put into `queue`, if it wants that. */
void virtio_mmio_notify(struct virtio_mmio *device, uint32_t queue);

/*
 * Configuration space has changed: whoever was reading it begins anew (ConfigGeneration). _renewed: by the guest's own
 * doing; _changed: it is told, once it is ready.
 */
void virtio_mmio_config_renewed(struct virtio_mmio *device);
void virtio_mmio_config_changed(struct virtio_mmio *device);

/* The guest broke a rule, or the device can't go on: DEVICE_NEEDS_RESET. No queue is served until it resets. */
void virtio_mmio_break(struct virtio_mmio *device);

/*
 * What of the device's state is there three times is compared, and what differs from the other two is put right; what
 * follows from it is made again. True if anything was: then `healed` is set, and all queues are to be served again.
 * virtio_mmio_break() looks here first: before the guest is blamed.
 */
bool virtio_mmio_heal(struct virtio_mmio *device);

/*
 * For `serve` of a device that can't do what it is asked for: each request in `queue` is answered with an error, which
 * is a 1 in its last byte for a disk as for the control queue of a network interface; what the guest only sends is taken
 * and dropped; buffers for what it would get stay where they are.
 */
bool virtio_mmio_refuse(struct virtio_mmio *device, uint32_t queue);

/* True if chains of this queue may be taken and put. */
static inline bool virtio_mmio_serves(const struct virtio_mmio *device, uint32_t queue)
{
	return queue < device->queue_count && device->queues[queue].size != 0 && device->state->resetting == 0 &&
	       device->state->queues[queue].ready == 1 &&
	       (device->state->status & device->live) == VIRTIO_CONFIG_S_DRIVER_OK;
}

/* True if the guest's driver accepted this feature (a bit number). */
static inline bool virtio_mmio_has(const struct virtio_mmio *device, uint32_t feature)
{
	return (device->state->driver_features >> feature & 1u) != 0;
}

/* The interrupt output: level-triggered. */
static inline bool virtio_mmio_line(const struct virtio_mmio *device)
{
	return device->state->interrupt != 0;
}

#endif
