/*
 * A driver that does what no driver may, to a disk of its own, whenever it is told to: chains that never end, that lead
 * out of memory, out of the table, into tables of tables, with an index that leaps, to a queue that is not there. The device
 * may answer, or need a reset; either way only it. Afterwards it is reset, and has to work as if nothing had been.
 */
#include "load.h"

#include <guest/boot.h>
#include <guest/mmio.h>
#include <linux/virtio_blk.h>

#define PATIENCE_ROUNDS 2u /* from the deed to the reset */
#define SECTOR_BYTES 512u
#define ARENA_BYTES (1u << 20) /* at the memory's end: a request that is larger than was meant may be carried out there */

struct device hostile_device = {.name = "hostile", .base = 0x0a000a00u, .intid = 53, .id = VIRTIO_ID_BLOCK, .queues = 1};

static struct patience patience = {.name = "hostile"};
static uint32_t orders;
static uint32_t rounds; /* since the deed; 0: none */
static bool proving;	/* the good request is under way */
static struct virtio_blk_outhdr header;
static volatile uint8_t result;

static uint64_t draw(uint64_t limit)
{
	return random_below(&load_random, limit);
}

static void set(uint32_t offset, uint64_t value)
{
	mmio_write32(hostile_device.base + offset, (uint32_t)value);
}

static void good_request(void)
{
	const struct piece pieces[] = {
		{&header, sizeof(header), false},
		{(const void *)(boot.memory_base + boot.memory_bytes - ARENA_BYTES), SECTOR_BYTES, true},
		{&result, 1, true},
	};
	header = (struct virtio_blk_outhdr){.type = VIRTIO_BLK_T_IN};
	result = UINT8_MAX;
	ring_offer(&hostile_device.rings[0], 0, pieces, 3);
}

static uint64_t wild_address(void)
{
	switch (draw(4)) {
	case 0:
		return draw(RAM_BASE);
	case 1:
		return UINT64_MAX - draw(SECTOR_BYTES);
	case 2:
		return random_next(&load_random);
	default:
		return boot.memory_base + boot.memory_bytes - draw(2) + (draw(1u << 20) << 12);
	}
}

/* Something is wrong in a descriptor of a request that was good, in its table or in the ring itself. */
static void spoil_descriptor(struct vring_desc *descriptor)
{
	switch (draw(6)) {
	case 0:
		descriptor->addr = wild_address();
		break;
	case 1:
		descriptor->len = draw(2) == 0 ? 0 : (uint32_t)random_next(&load_random);
		break;
	case 2:
		descriptor->flags ^= VRING_DESC_F_WRITE;
		break;
	case 3:
		descriptor->flags |= VRING_DESC_F_INDIRECT;
		break;
	case 4:
		descriptor->flags |= VRING_DESC_F_NEXT;
		descriptor->next = (uint16_t)draw(4); /* in circles */
		break;
	default:
		descriptor->flags |= VRING_DESC_F_NEXT;
		descriptor->next = (uint16_t)draw(UINT16_MAX + 1u);
		break;
	}
}

static void spoil_header(void)
{
	if (draw(2) == 0) {
		header.type = draw(2) == 0 ? (uint32_t)draw(32) : (uint32_t)random_next(&load_random);
	} else {
		header.sector = random_next(&load_random) >> draw(64);
	}
}

static void spoil_ring(struct ring *ring)
{
	switch (draw(4)) {
	case 0:
		ring->available[1] = (uint16_t)(ring->offered + draw(UINT16_MAX));
		break;
	case 1:
		ring->available[2 + (uint16_t)(ring->offered - 1) % RING_SIZE] = (uint16_t)draw(UINT16_MAX + 1u);
		break;
	case 2: /* the same chain again and again */
		for (uint32_t i = 0; i < RING_SIZE; i++) {
			ring->available[2 + i] = 0;
		}
		ring->available[1] = (uint16_t)(ring->offered + RING_SIZE - 1);
		break;
	default:
		ring->available[2 + RING_SIZE] = (uint16_t)draw(UINT16_MAX + 1u);
		break;
	}
}

/* Registers at any time, with any value; but not the one that only tells that an interrupt was taken. */
static void spoil_registers(void)
{
	static const uint32_t registers[] = {
		VIRTIO_MMIO_QUEUE_SEL,	    VIRTIO_MMIO_QUEUE_NUM,	VIRTIO_MMIO_QUEUE_READY,
		VIRTIO_MMIO_QUEUE_NOTIFY,   VIRTIO_MMIO_STATUS,		VIRTIO_MMIO_QUEUE_DESC_LOW,
		VIRTIO_MMIO_QUEUE_DESC_HIGH, VIRTIO_MMIO_QUEUE_USED_HIGH, VIRTIO_MMIO_QUEUE_AVAIL_HIGH,
		VIRTIO_MMIO_DRIVER_FEATURES, VIRTIO_MMIO_CONFIG,
	};
	for (uint32_t i = 0; i < 4; i++) {
		set(registers[draw(sizeof(registers) / sizeof(registers[0]))], random_next(&load_random) >> draw(32));
	}
}

void hostile_order(void)
{
	orders++;
}

static void deed(void)
{
	struct ring *ring = &hostile_device.rings[0];
	good_request();
	switch (draw(5)) {
	case 0:
		spoil_descriptor(&ring->tables[0][draw(3)]);
		break;
	case 1:
		spoil_descriptor(&ring->descriptors[0]);
		break;
	case 2:
		spoil_header();
		break;
	case 3:
		spoil_ring(ring);
		break;
	default:
		spoil_registers();
		break;
	}
	set(VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	rounds = 1;
}

static void prove(void)
{
	if (!device_begin(&hostile_device)) {
		device_give_up(&hostile_device);
		return;
	}
	good_request();
	ring_kick(&hostile_device, 0);
	if (!patience.late) {
		patience_renew(&patience, true);
	}
	proving = true;
}

bool hostile_begin(void)
{
	bool fine = device_begin(&hostile_device);
	if (!fine) {
		say("wrong hostile: it can't be begun");
	}
	return fine;
}

static void look(void)
{
	uint32_t slot, bytes;
	if (!device_was_interrupted(&hostile_device) || ring_take(&hostile_device.rings[0], &slot, &bytes) == TAKEN_NONE) {
		return;
	}
	if (result != VIRTIO_BLK_S_OK) {
		say("wrong hostile: a good request's result is %u", result);
	}
	proving = false;
	patience_renew(&patience, false);
}

void hostile_round(void)
{
	if (!hostile_device.there) {
		return;
	}
	if (proving) {
		look();
		if (patience_is_over(&patience)) {
			prove();
		}
	} else if (rounds != 0) {
		if (rounds++ > PATIENCE_ROUNDS) {
			rounds = 0;
			prove();
		}
	} else if (orders != 0) {
		orders--;
		deed();
	}
}
