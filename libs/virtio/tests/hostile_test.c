/*
 * A guest that writes whatever it likes into its rings and tables, by the seed: the device never
 * touches a byte that is not the guest's (sanitizers and unmapped pages around the memory watch), never
 * hangs, and what it takes keeps the rules that devices rely on. `hostile_test SEED ROUNDS` looks further.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guest.h"

#define SIZE 32u
#define FEATURES \
	(1ull << VIRTIO_F_VERSION_1 | 1ull << VIRTIO_RING_F_EVENT_IDX | 1ull << VIRTIO_RING_F_INDIRECT_DESC)
#define LOW_BYTES 64u

static uint64_t seed = 1;
static uint64_t rounds = 3000;
static uint8_t *memory;
static uint8_t *low; /* a second, tiny range, below the first */
static struct sk_virtio_state state;
static struct virtio_mmio device;
static struct guest_queue guest;
static uint64_t taken;
static uint64_t broken;

static uint64_t some(uint64_t below)
{
	return guest_random(&seed) % below;
}

static void check_chain(const struct virtio_chain *chain)
{
	uint64_t readable = 0;
	uint64_t writable = 0;

	assert_true(chain->head < device.queues[0].size);
	assert_true(chain->count <= VIRTIO_CHAIN_SEGMENTS);
	assert_true(chain->readable <= chain->count);
	for (uint32_t i = 0; i < chain->count; i++) {
		const struct virtio_segment *segment = &chain->segments[i];
		const struct virtio_memory_range *range = &device.memory.ranges[segment->memory];

		assert_true(segment->memory < device.memory.count);
		assert_true(segment->bytes != 0);
		assert_true(segment->offset < range->bytes && segment->bytes <= range->bytes - segment->offset);
		assert_ptr_equal(segment->at, range->at + segment->offset);
		readable += i < chain->readable ? segment->bytes : 0;
		writable += i < chain->readable ? 0 : segment->bytes;
	}
	assert_int_equal(readable, chain->readable_bytes);
	assert_int_equal(writable, chain->writable_bytes);
}

/* Reads all that may be read, writes all that may be written, in order or not. */
static bool serve(struct virtio_mmio *served, uint32_t index)
{
	static uint8_t bytes[1024];
	struct virtio_queue *queue = &served->queues[index];
	struct virtio_chain chain;

	for (uint32_t i = 0; i < SIZE; i++) {
		enum virtio_taken got = virtio_queue_next(queue, &chain);

		if (got == VIRTIO_BROKEN) {
			broken++;
			virtio_mmio_break(served);
			return false;
		}
		if (got == VIRTIO_EMPTY) {
			return virtio_queue_arm(queue);
		}
		taken++;
		check_chain(&chain);
		for (uint64_t at = 0; at < chain.readable_bytes && at < 65536; at += sizeof(bytes)) {
			(void)virtio_chain_read(&chain, at, bytes, sizeof(bytes));
		}
		for (uint64_t at = 0; at < chain.writable_bytes && at < 65536; at += sizeof(bytes)) {
			(void)virtio_chain_write(&chain, at, bytes, sizeof(bytes));
		}
		if (some(2) == 0) {
			virtio_queue_complete(queue, &chain, (uint32_t)chain.writable_bytes);
		} else {
			virtio_queue_taken(queue);
			virtio_queue_put(queue, (uint16_t)(some(8) == 0 ? some(65536) : chain.head), 0);
		}
		virtio_mmio_notify(served, index);
	}
	return true;
}

static const struct virtio_operations operations = { .serve = serve };

/* One thing in so many is odd; the others are what a driver might write, so that walks get far. */
static uint64_t oddity = 2;

static uint64_t some_address(void)
{
	switch (some(oddity)) {
	case 0:
		return guest_random(&seed);
	case 1:
		return GUEST_BASE + GUEST_BYTES - some(64);
	case 2:
		return GUEST_BASE - some(64);
	case 3:
		return 0x1000 + some(LOW_BYTES);
	case 4:
		return GUEST_RINGS(0) + some(0x4000); /* the rings themselves */
	default:
		return GUEST_DATA + some(GUEST_BYTES - 0x11000);
	}
}

static uint32_t some_length(void)
{
	switch (some(oddity)) {
	case 0:
		return (uint32_t)guest_random(&seed);
	case 1:
		return 0;
	case 2:
		return (uint32_t)(16 * some(64));
	default:
		return (uint32_t)some(600);
	}
}

static struct vring_desc some_descriptor(uint32_t entries)
{
	struct vring_desc descriptor = { .addr = some_address(), .len = some_length() };

	descriptor.flags = (uint16_t)(some(3) != 0 ? VRING_DESC_F_NEXT : 0);
	descriptor.flags |= (uint16_t)(some(oddity) == 0 ? VRING_DESC_F_WRITE : 0);
	descriptor.flags |= (uint16_t)(some(oddity) == 0 ? VRING_DESC_F_INDIRECT : 0);
	descriptor.flags |= (uint16_t)(some(oddity) == 1 ? guest_random(&seed) : 0);
	descriptor.next = (uint16_t)(some(oddity) == 0 ? some(65536) : some(entries));
	if ((descriptor.flags & VRING_DESC_F_INDIRECT) != 0 && some(oddity) != 0) {
		descriptor.flags &= (uint16_t)~VRING_DESC_F_NEXT;
		descriptor.addr = GUEST_DATA + 16 * some(256);
		descriptor.len = (uint32_t)(16 * (1 + some(40)));
	}
	return descriptor;
}

static void scribble(void)
{
	struct vring_desc *tables = guest_at(memory, GUEST_DATA);

	oddity = 4 + some(60);
	for (uint32_t i = 0; i < SIZE; i++) {
		guest.descriptors[i] = some_descriptor(SIZE);
		guest.available->ring[i] = (uint16_t)(some(50) == 0 ? some(65536) : some(SIZE));
	}
	for (uint32_t i = 0; i < 300; i++) {
		tables[i] = some_descriptor(40);
	}
	guest.available->ring[SIZE] = (uint16_t)some(65536);
	guest.available->flags = (uint16_t)some(4);
	guest.available->idx = (uint16_t)(guest.used->idx + (some(30) == 0 ? some(65536) : some(SIZE + 1)));
}

static void new_instance(void)
{
	device = (struct virtio_mmio){
		.operations = &operations,
		.id = VIRTIO_ID_RNG,
		.queue_count = 1,
		.queue_size_max = SIZE,
	};
	assert_true(virtio_memory_add(&device.memory, 0x1000, LOW_BYTES, low));
	assert_true(virtio_memory_add(&device.memory, GUEST_BASE, GUEST_BYTES, memory));
	virtio_mmio_open(&device, &state);
}

static void test_hostile_rings(void **unused)
{
	(void)unused;
	for (uint64_t round = 0; round < rounds; round++) {
		uint64_t features = some(8) == 0 ? FEATURES & ~(1ull << (28 + some(2))) : FEATURES;

		new_instance();
		guest_start(&device, 1, SIZE >> some(3), features);
		guest_queue_init(&guest, memory, 0, device.queues[0].size != 0 ? device.queues[0].size : SIZE);
		for (uint32_t i = 0; i < 4; i++) {
			scribble();
			guest_set(&device, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
			if (some(4) == 0) {
				new_instance();
				virtio_mmio_serve(&device, VIRTIO_MMIO_ALL_QUEUES);
			}
		}
	}
	/* The test is worth something only if both happen a lot. */
	assert_true(taken > rounds / 4);
	assert_true(broken > rounds / 4);
}

/* Sizes and addresses of rings from the same hand. */
static void test_hostile_set_up(void **unused)
{
	static const uint32_t registers[] = {
		VIRTIO_MMIO_QUEUE_DESC_LOW, VIRTIO_MMIO_QUEUE_AVAIL_LOW, VIRTIO_MMIO_QUEUE_USED_LOW,
	};
	uint64_t opened = 0;

	(void)unused;
	for (uint64_t round = 0; round < rounds; round++) {
		new_instance();
		guest_start(&device, 0, 0, FEATURES);
		guest_set(&device, VIRTIO_MMIO_QUEUE_NUM, some(4) == 0 ? (uint32_t)guest_random(&seed) : 1u << some(7));
		for (uint32_t i = 0; i < 3; i++) {
			uint64_t address = some_address() & (some(8) == 0 ? UINT64_MAX : ~15ull);

			guest_set(&device, registers[i], (uint32_t)address);
			guest_set(&device, registers[i] + 4, (uint32_t)(address >> 32));
		}
		guest_set(&device, VIRTIO_MMIO_QUEUE_READY, 1);
		opened += device.queues[0].size != 0;
		guest_set(&device, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
		new_instance();
		virtio_mmio_serve(&device, VIRTIO_MMIO_ALL_QUEUES);
	}
	assert_true(opened > rounds / 100);
}

static int map(void **unused)
{
	(void)unused;
	memory = guest_map(GUEST_BYTES);
	low = guest_map(4096);
	if (memory == NULL || low == NULL) {
		return -1;
	}
	low += 4096 - LOW_BYTES; /* its end is the page's */
	return 0;
}

int main(int count, char **arguments)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hostile_rings),
		cmocka_unit_test(test_hostile_set_up),
	};

	if (count == 3) {
		seed = strtoull(arguments[1], NULL, 0) | 1u;
		rounds = strtoull(arguments[2], NULL, 0);
	}
	return cmocka_run_group_tests(tests, map, NULL);
}
