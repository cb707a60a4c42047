/*
 * A device whose own memory, or persistent state, is damaged: the guest is served as if nothing had been, or as soon as
 * it seems to have broken a rule. And a guest that did break one is told so.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <virtio/mmio.h>

#include "guest.h"

#define SIZE 8u
#define FEATURES (1ull << VIRTIO_F_VERSION_1 | 1ull << VIRTIO_RING_F_EVENT_IDX)

static uint8_t *memory;
static struct sk_virtio_state state;
static struct virtio_mmio device;
static struct guest_queue guest;

static bool serve(struct virtio_mmio *served, uint32_t index)
{
	struct virtio_chain chain;
	enum virtio_taken taken;

	while ((taken = virtio_queue_next(&served->queues[index], &chain)) == VIRTIO_TAKEN) {
		virtio_queue_complete(&served->queues[index], &chain, 1);
	}
	if (taken == VIRTIO_BROKEN) {
		virtio_mmio_break(served);
	}
	virtio_mmio_notify(served, index);
	return false;
}

static const struct virtio_operations operations = { .serve = serve };

static int set_up(void **unused)
{
	(void)unused;
	memory = memory != NULL ? memory : guest_map(GUEST_BYTES);
	memset(memory, 0, GUEST_BYTES);
	memset(&state, 0, sizeof(state));
	device = (struct virtio_mmio){
		.operations = &operations, .id = VIRTIO_ID_RNG, .queue_count = 2, .queue_size_max = SIZE,
	};
	assert_true(virtio_memory_add(&device.memory, GUEST_BASE, GUEST_BYTES, memory));
	virtio_mmio_open(&device, &state);
	guest_queue_init(&guest, memory, 0, SIZE);
	guest_start(&device, 2, SIZE, FEATURES);
	return 0;
}

static void offer(void)
{
	const struct guest_piece piece = { GUEST_DATA, 1, VRING_DESC_F_WRITE };

	guest_write_chain(&guest, 0, &piece, 1);
	guest_offer(&guest, 0);
	guest_set(&device, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
}

/* One request, by the server's own second look if need be. */
static void expect_served(void)
{
	struct vring_used_elem entry;

	offer();
	virtio_mmio_serve(&device, VIRTIO_MMIO_ALL_QUEUES);
	assert_true(guest_take(&guest, &entry));
	assert_int_equal(entry.id, 0);
	assert_false(guest_take(&guest, &entry));
	assert_int_equal(guest_get(&device, VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_NEEDS_RESET, 0);
	assert_int_equal(state.queues[0].position & 0xffffffffu, guest.seen * 0x10001ull);
}

/* Every bit of the persistent state that an instance has read. */
static void any_bit_that_is_kept(void **unused)
{
	uint8_t *bytes = (uint8_t *)&state;

	(void)unused;
	for (uint32_t bit = 0; bit < 8 * (sizeof(state) - 14 * sizeof(state.queues[0])); bit++) {
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		expect_served();
		(void)virtio_mmio_heal(&device);
		assert_false(virtio_mmio_heal(&device));
		assert_memory_equal(&device.state_again, &device.state_here, sizeof(state));
	}
	assert_true(device.healed);
}

/* It goes wrong at once, or it is not used: nothing but a rule that seems broken has it looked at. */
static void what_an_instance_has(void **unused)
{
	struct {
		void *at;
		uint64_t flip;
	} words[] = {
		{ &device.memory.ranges[0].base, 1ull << 40 },
		{ &device.memory.ranges[0].bytes, GUEST_BYTES },
		{ &device.memory.count, 1 },
		{ &device.queues[0].position, 0x8000 },
		{ &device.state_again.status, VIRTIO_CONFIG_S_NEEDS_RESET },
		{ &device.state_here.queues[0].descriptors, 0x1000 },
	};

	(void)unused;
	for (uint32_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		uint64_t word;

		memcpy(&word, words[i].at, sizeof(word));
		word ^= words[i].flip;
		memcpy(words[i].at, &word, sizeof(word));
		expect_served();
		(void)virtio_mmio_heal(&device);
		assert_true(device.healed);
		device.healed = false;
		expect_served();
		assert_false(device.healed);
	}
	/* What follows from the rest is made again, even if the queue seems to be none. */
	device.queues[0].size = 0;
	device.queues[1].available = NULL;
	assert_true(virtio_mmio_heal(&device));
	assert_non_null(device.queues[1].available);
	expect_served();
}

/* A guest that breaks a rule: nothing of it is there three times. */
static void the_guests_own_fault(void **unused)
{
	(void)unused;
	expect_served();
	guest.available->idx = (uint16_t)(guest.available->idx + SIZE + 1);
	guest_set(&device, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	assert_int_not_equal(guest_get(&device, VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_NEEDS_RESET, 0);
	assert_false(device.healed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(any_bit_that_is_kept, set_up),
		cmocka_unit_test_setup(what_an_instance_has, set_up),
		cmocka_unit_test_setup(the_guests_own_fault, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
