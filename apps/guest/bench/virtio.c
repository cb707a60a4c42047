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

/* A queue's rings, each with its event index behind it, and an indirect table for each request. */
struct virtio_rings {
	_Alignas(16) struct vring_desc descriptors[VIRTIO_RING_SIZE];
	struct vring_desc tables[VIRTIO_RING_SIZE][VIRTIO_PIECES];
	_Alignas(4096) volatile uint16_t available[2 + VIRTIO_RING_SIZE + 1]; /* flags, index, ring, used event */
	_Alignas(4096) volatile struct {
		uint16_t flags;
		uint16_t index;
		struct vring_used_elem ring[VIRTIO_RING_SIZE];
		uint16_t available_event;
	} used;
};

static struct virtio_rings rings[VIRTIO_DEVICES][VIRTIO_QUEUES];

/* Devices whose interrupts come. */
static struct {
	uint64_t base;
	uint32_t intid;
} serving[VIRTIO_DEVICES];

static void on_interrupt(void)
{
	uint32_t intid = gic_acknowledge();
	uint64_t base = serving[intid == serving[1].intid].base;
	uint32_t why = mmio_read32(base + VIRTIO_MMIO_INTERRUPT_STATUS);
	mmio_write32(base + VIRTIO_MMIO_INTERRUPT_ACK, why);
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

static void begin_queue(const struct virtio_device *device, struct virtio_queue *queue)
{
	struct virtio_rings *at = queue->rings;
	at->available[0] = at->available[1] = at->available[2 + VIRTIO_RING_SIZE] = 0;
	at->used.index = at->used.available_event = 0;
	set(device, VIRTIO_MMIO_QUEUE_SEL, queue->index);
	set(device, VIRTIO_MMIO_QUEUE_NUM, VIRTIO_RING_SIZE);
	set_address(device, VIRTIO_MMIO_QUEUE_DESC_LOW, at->descriptors);
	set_address(device, VIRTIO_MMIO_QUEUE_AVAIL_LOW, at->available);
	set_address(device, VIRTIO_MMIO_QUEUE_USED_LOW, &at->used);
	set(device, VIRTIO_MMIO_QUEUE_READY, 1);
}

bool virtio_begin(struct virtio_device *device, uint32_t number, uint64_t base, uint32_t intid, uint32_t id,
		  uint32_t queues)
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
	for (uint32_t i = 0; i < queues; i++) {
		device->queues[i] = (struct virtio_queue){.base = base, .index = i, .rings = &rings[number][i]};
		begin_queue(device, &device->queues[i]);
	}
	set(device, VIRTIO_MMIO_STATUS, agreed | VIRTIO_CONFIG_S_DRIVER_OK);
	serving[number].base = base;
	serving[number].intid = intid;
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

static struct vring_desc describe(const struct virtio_piece *piece)
{
	return (struct vring_desc){
		.addr = (uintptr_t)piece->at,
		.len = piece->bytes,
		.flags = piece->writable ? VRING_DESC_F_WRITE : 0u,
	};
}

void virtio_offer(struct virtio_queue *queue, uint32_t slot, const struct virtio_piece *pieces, uint32_t count)
{
	struct virtio_rings *at = queue->rings;
	struct vring_desc *table = at->tables[slot];
	if (count == 1) {
		at->descriptors[slot] = describe(&pieces[0]);
	} else {
		for (uint32_t i = 0; i < count; i++) {
			table[i] = describe(&pieces[i]);
			if (i + 1 < count) {
				table[i].flags = (uint16_t)(table[i].flags | VRING_DESC_F_NEXT);
				table[i].next = (uint16_t)(i + 1);
			}
		}
		at->descriptors[slot] = (struct vring_desc){
			.addr = (uintptr_t)table,
			.len = count * (uint32_t)sizeof(struct vring_desc),
			.flags = VRING_DESC_F_INDIRECT,
		};
	}
	at->available[2 + (queue->offered & RING_MASK)] = (uint16_t)slot;
	queue->offered++;
	__atomic_store_n(&at->available[1], queue->offered, __ATOMIC_RELEASE);
}

void virtio_kick(struct virtio_queue *queue)
{
	uint16_t told = queue->told;
	queue->told = queue->offered;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (vring_need_event(queue->rings->used.available_event, queue->offered, told)) {
		queue->notifications++;
		mmio_write32(queue->base + VIRTIO_MMIO_QUEUE_NOTIFY, queue->index);
	}
}

bool virtio_take_next(struct virtio_queue *queue, uint32_t *slot)
{
	struct virtio_rings *at = queue->rings;
	if (__atomic_load_n(&at->used.index, __ATOMIC_ACQUIRE) == queue->seen) {
		return false;
	}
	*slot = at->used.ring[queue->seen & RING_MASK].id;
	queue->seen++;
	return true;
}

uint32_t virtio_take(struct virtio_queue *queue)
{
	struct virtio_rings *at = queue->rings;
	uint32_t slot;
	while (!virtio_take_next(queue, &slot)) {
		at->available[2 + VIRTIO_RING_SIZE] = queue->seen; /* an interrupt for the next one */
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (at->used.index == queue->seen) {
			cpu_wfi();
		}
		cpu_irq_enable();
		cpu_irq_disable();
	}
	return slot;
}
