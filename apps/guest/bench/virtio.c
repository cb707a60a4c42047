/* See virtio.h. */
#include "virtio.h"

#define VIRTIO_MMIO_NO_LEGACY
#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>

#include <guest/cpu.h>
#include <guest/gic.h>
#include <guest/mmio.h>

#define MAGIC 0x74726976u
#define FEATURES_LOW (1u << VIRTIO_RING_F_EVENT_IDX | 1u << VIRTIO_RING_F_INDIRECT_DESC)
#define FEATURES_HIGH (1u << (VIRTIO_F_VERSION_1 - 32))
#define RING_MASK (VIRTIO_RING_SIZE - 1u)

/* The rings, each with its event index behind it, and an indirect table for each request. */
static _Alignas(16) struct vring_desc descriptors[VIRTIO_RING_SIZE];
static _Alignas(16) struct vring_desc tables[VIRTIO_RING_SIZE][VIRTIO_PIECES];
static _Alignas(4096) volatile uint16_t available[2 + VIRTIO_RING_SIZE + 1]; /* flags, index, ring, used event */
static _Alignas(4096) volatile struct {
	uint16_t flags;
	uint16_t index;
	struct vring_used_elem ring[VIRTIO_RING_SIZE];
	uint16_t available_event;
} used;

static uint64_t serving; /* base of the device whose interrupts come */

static void on_interrupt(void)
{
	uint32_t intid = gic_acknowledge();
	uint32_t why = mmio_read32(serving + VIRTIO_MMIO_INTERRUPT_STATUS);
	mmio_write32(serving + VIRTIO_MMIO_INTERRUPT_ACK, why);
	gic_end(intid);
}

static void set(const struct virtio_device *device, uint32_t offset, uint64_t value)
{
	mmio_write32(device->base + offset, (uint32_t)value);
}

static void set_address(const struct virtio_device *device, uint32_t low, const volatile void *at)
{
	set(device, low, (uintptr_t)at);
	set(device, low + 4u, (uintptr_t)at >> 32);
}

bool virtio_begin(struct virtio_device *device, uint64_t base, uint32_t intid, uint32_t id)
{
	const uint32_t agreed = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_FEATURES_OK;
	*device = (struct virtio_device){.base = base, .intid = intid};
	if (mmio_read32(base + VIRTIO_MMIO_MAGIC_VALUE) != MAGIC || mmio_read32(base + VIRTIO_MMIO_DEVICE_ID) != id) {
		return false;
	}
	set(device, VIRTIO_MMIO_STATUS, 0);
	set(device, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	set(device, VIRTIO_MMIO_DRIVER_FEATURES, FEATURES_LOW);
	set(device, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	set(device, VIRTIO_MMIO_DRIVER_FEATURES, FEATURES_HIGH);
	set(device, VIRTIO_MMIO_STATUS, agreed);
	available[0] = available[1] = available[2 + VIRTIO_RING_SIZE] = 0;
	used.index = used.available_event = 0;
	set(device, VIRTIO_MMIO_QUEUE_SEL, 0);
	set(device, VIRTIO_MMIO_QUEUE_NUM, VIRTIO_RING_SIZE);
	set_address(device, VIRTIO_MMIO_QUEUE_DESC_LOW, descriptors);
	set_address(device, VIRTIO_MMIO_QUEUE_AVAIL_LOW, available);
	set_address(device, VIRTIO_MMIO_QUEUE_USED_LOW, &used);
	set(device, VIRTIO_MMIO_QUEUE_READY, 1);
	set(device, VIRTIO_MMIO_STATUS, agreed | VIRTIO_CONFIG_S_DRIVER_OK);
	serving = base;
	cpu_self()->irq = on_interrupt;
	gic_set_edge(intid, false);
	gic_enable(intid);
	return mmio_read32(base + VIRTIO_MMIO_STATUS) == (agreed | VIRTIO_CONFIG_S_DRIVER_OK);
}

void virtio_end(struct virtio_device *device)
{
	gic_disable(device->intid);
	set(device, VIRTIO_MMIO_STATUS, 0);
}

void virtio_offer(struct virtio_device *device, uint32_t slot, const struct virtio_piece *pieces, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		tables[slot][i] = (struct vring_desc){
			.addr = (uintptr_t)pieces[i].at,
			.len = pieces[i].bytes,
			.flags = (uint16_t)((pieces[i].writable ? VRING_DESC_F_WRITE : 0u) |
					    (i + 1 < count ? VRING_DESC_F_NEXT : 0u)),
			.next = (uint16_t)(i + 1),
		};
	}
	descriptors[slot] = (struct vring_desc){
		.addr = (uintptr_t)tables[slot],
		.len = count * (uint32_t)sizeof(struct vring_desc),
		.flags = VRING_DESC_F_INDIRECT,
	};
	available[2 + (device->offered & RING_MASK)] = (uint16_t)slot;
	device->offered++;
	__atomic_store_n(&available[1], device->offered, __ATOMIC_RELEASE);
}

void virtio_kick(struct virtio_device *device)
{
	uint16_t told = device->told;
	device->told = device->offered;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (vring_need_event(used.available_event, device->offered, told)) {
		device->notifications++;
		set(device, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	}
}

bool virtio_take_next(struct virtio_device *device, uint32_t *slot)
{
	if (__atomic_load_n(&used.index, __ATOMIC_ACQUIRE) == device->seen) {
		return false;
	}
	*slot = used.ring[device->seen & RING_MASK].id;
	device->seen++;
	return true;
}

uint32_t virtio_take(struct virtio_device *device)
{
	uint32_t slot;
	while (!virtio_take_next(device, &slot)) {
		available[2 + VIRTIO_RING_SIZE] = device->seen; /* an interrupt for the next one */
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (used.index == device->seen) {
			cpu_wfi();
		}
		cpu_irq_enable();
		cpu_irq_disable();
	}
	return slot;
}
