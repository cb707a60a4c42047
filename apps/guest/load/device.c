/* See device.h. */
#include "load.h"

#include <guest/gic.h>
#include <guest/mmio.h>

#define MAGIC 0x74726976u
#define RING_MASK (RING_SIZE - 1u)
#define FEATURES_LOW (1u << VIRTIO_RING_F_EVENT_IDX | 1u << VIRTIO_RING_F_INDIRECT_DESC)
#define FEATURES_HIGH (1u << (VIRTIO_F_VERSION_1 - 32))
#define STATUS_AGREED (VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_FEATURES_OK)
#define RESET_TRIES 1000u

static void set(const struct device *device, uint32_t offset, uint64_t value)
{
	mmio_write32(device->base + offset, (uint32_t)value);
}

static void set_address(const struct device *device, uint32_t low, const volatile void *at)
{
	set(device, low, (uintptr_t)at);
	set(device, low + 4u, (uintptr_t)at >> 32);
}

static bool reset(const struct device *device)
{
	set(device, VIRTIO_MMIO_STATUS, 0);
	for (uint32_t i = 0; i < RESET_TRIES; i++) {
		if (device_get(device, VIRTIO_MMIO_STATUS) == 0) {
			return true;
		}
	}
	return false;
}

bool device_agree(struct device *device)
{
	if (device_get(device, VIRTIO_MMIO_MAGIC_VALUE) != MAGIC ||
	    device_get(device, VIRTIO_MMIO_DEVICE_ID) != device->id || !reset(device)) {
		return false;
	}
	set(device, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	set(device, VIRTIO_MMIO_DRIVER_FEATURES, FEATURES_LOW);
	set(device, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	set(device, VIRTIO_MMIO_DRIVER_FEATURES, FEATURES_HIGH);
	set(device, VIRTIO_MMIO_STATUS, STATUS_AGREED);
	return device_get(device, VIRTIO_MMIO_STATUS) == STATUS_AGREED;
}

static void begin_queue(struct device *device, uint32_t queue)
{
	struct ring *ring = &device->rings[queue];
	ring->available[0] = ring->available[1] = ring->available[2 + RING_SIZE] = 0;
	ring->used.index = ring->used.available_event = 0;
	ring->offered = ring->told = ring->seen = 0;
	ring->given = 0;
	set(device, VIRTIO_MMIO_QUEUE_SEL, queue);
	set(device, VIRTIO_MMIO_QUEUE_NUM, RING_SIZE);
	set_address(device, VIRTIO_MMIO_QUEUE_DESC_LOW, ring->descriptors);
	set_address(device, VIRTIO_MMIO_QUEUE_AVAIL_LOW, ring->available);
	set_address(device, VIRTIO_MMIO_QUEUE_USED_LOW, &ring->used);
	set(device, VIRTIO_MMIO_QUEUE_READY, 1);
}

bool device_begin(struct device *device)
{
	device->there = device_agree(device);
	if (!device->there) {
		return false;
	}
	for (uint32_t i = 0; i < device->queues; i++) {
		begin_queue(device, i);
	}
	set(device, VIRTIO_MMIO_STATUS, STATUS_AGREED | VIRTIO_CONFIG_S_DRIVER_OK);
	gic_set_edge(device->intid, false);
	gic_enable(device->intid);
	device->there = device_get(device, VIRTIO_MMIO_STATUS) == (STATUS_AGREED | VIRTIO_CONFIG_S_DRIVER_OK);
	return device->there;
}

void device_interrupt(struct device *device)
{
	set(device, VIRTIO_MMIO_INTERRUPT_ACK, device_get(device, VIRTIO_MMIO_INTERRUPT_STATUS));
	device->interrupted = true;
}

bool device_was_interrupted(struct device *device)
{
	bool was = device->interrupted;
	device->interrupted = false;
	return was && device->there;
}

void device_give_up(struct device *device)
{
	device->there = false;
	say("failed %s", device->name);
}

bool device_is_broken(const struct device *device)
{
	return (device_get(device, VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_NEEDS_RESET) != 0;
}

void ring_offer(struct ring *ring, uint32_t slot, const struct piece *pieces, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		ring->tables[slot][i] = (struct vring_desc){
			.addr = (uintptr_t)pieces[i].at,
			.len = pieces[i].bytes,
			.flags = (uint16_t)((pieces[i].writable ? VRING_DESC_F_WRITE : 0u) |
					    (i + 1 < count ? VRING_DESC_F_NEXT : 0u)),
			.next = (uint16_t)(i + 1),
		};
	}
	ring->descriptors[slot] = (struct vring_desc){
		.addr = (uintptr_t)ring->tables[slot],
		.len = count * (uint32_t)sizeof(struct vring_desc),
		.flags = VRING_DESC_F_INDIRECT,
	};
	ring->available[2 + (ring->offered & RING_MASK)] = (uint16_t)slot;
	ring->offered++;
	ring->given |= 1u << slot;
	__atomic_store_n(&ring->available[1], ring->offered, __ATOMIC_RELEASE);
}

void ring_kick(struct device *device, uint32_t queue)
{
	struct ring *ring = &device->rings[queue];
	uint16_t told = ring->told;
	ring->told = ring->offered;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (ring->offered != told && vring_need_event(ring->used.available_event, ring->offered, told)) {
		set(device, VIRTIO_MMIO_QUEUE_NOTIFY, queue);
	}
}

enum taken ring_take(struct ring *ring, uint32_t *slot, uint32_t *bytes)
{
	if (__atomic_load_n(&ring->used.index, __ATOMIC_ACQUIRE) == ring->seen) {
		ring->available[2 + RING_SIZE] = ring->seen; /* an interrupt for the next one */
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (ring->used.index == ring->seen) {
			return TAKEN_NONE;
		}
	}
	*slot = ring->used.ring[ring->seen & RING_MASK].id;
	*bytes = ring->used.ring[ring->seen & RING_MASK].len;
	ring->seen++;
	if (*slot >= RING_SIZE || (ring->given & 1u << *slot) == 0) {
		return TAKEN_WRONG;
	}
	ring->given &= ~(1u << *slot);
	return TAKEN_ONE;
}
