/* The transport's registers, and what a device behind them is asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "guest.h"

#define SIZE 16u
#define DEVICE_FEATURE 5u
#define FEATURES                                                                                         \
	(1ull << VIRTIO_F_VERSION_1 | 1ull << VIRTIO_RING_F_EVENT_IDX | 1ull << VIRTIO_RING_F_INDIRECT_DESC | \
	 1ull << DEVICE_FEATURE)
#define READY                                                                                            \
	(VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_FEATURES_OK |            \
	 VIRTIO_CONFIG_S_DRIVER_OK)

static uint8_t *memory;
static struct sk_virtio_state state;
static struct virtio_mmio device;
static struct guest_queue guest;
static uint32_t served[2];
static bool in_flight[2];
static bool leave_some;

static bool serve(struct virtio_mmio *served_device, uint32_t index)
{
	struct virtio_chain chain;

	served[index]++;
	switch (virtio_queue_next(&served_device->queues[index], &chain)) {
	case VIRTIO_TAKEN:
		virtio_queue_complete(&served_device->queues[index], &chain, 1);
		virtio_mmio_notify(served_device, index);
		break;
	case VIRTIO_BROKEN:
		virtio_mmio_break(served_device);
		break;
	case VIRTIO_EMPTY:
		break;
	}
	return leave_some;
}

static bool drained(struct virtio_mmio *served_device, uint32_t index)
{
	(void)served_device;
	return !in_flight[index];
}

static struct {
	struct virtio_exit exit;
	uint32_t offset, bytes, calls;
	uint64_t value;
} configured;

static void configure(struct virtio_mmio *unused, const struct virtio_exit *exit, uint32_t offset, uint32_t bytes,
		      uint64_t value)
{
	(void)unused;
	configured.exit = *exit;
	configured.offset = offset;
	configured.bytes = bytes;
	configured.value = value;
	configured.calls++;
}

static const struct virtio_operations operations = { .serve = serve, .drained = drained };
static const struct virtio_operations writable = { .serve = serve, .drained = drained, .configure = configure };
static const uint8_t config[10] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };

static void describe(void)
{
	device = (struct virtio_mmio){
		.operations = &operations,
		.id = VIRTIO_ID_RNG,
		.queue_count = 2,
		.queue_size_max = SIZE,
		.features = 1ull << DEVICE_FEATURE | 1ull << 40,
		.config = config,
		.config_bytes = sizeof(config),
	};
	assert_true(virtio_memory_add(&device.memory, GUEST_BASE, GUEST_BYTES, memory));
}

static int set_up(void **unused)
{
	(void)unused;
	if (memory == NULL) {
		memory = guest_map(GUEST_BYTES);
		assert_non_null(memory);
	}
	memset(memory, 0, GUEST_BYTES);
	memset(&state, 0, sizeof(state));
	memset(served, 0, sizeof(served));
	memset(in_flight, 0, sizeof(in_flight));
	leave_some = false;
	describe();
	virtio_mmio_open(&device, &state);
	guest_queue_init(&guest, memory, 0, SIZE);
	return 0;
}

static void offer_one(void)
{
	const struct guest_piece piece = { GUEST_DATA, 1, VRING_DESC_F_WRITE };

	guest_write_chain(&guest, 0, &piece, 1);
	guest_offer(&guest, 0);
}

static void test_identity(void **unused)
{
	(void)unused;
	assert_int_equal(guest_get(&device, VIRTIO_MMIO_MAGIC_VALUE), 0x74726976);
	assert_int_equal(guest_get(&device, VIRTIO_MMIO_VERSION), 2);
	assert_int_equal(guest_get(&device, VIRTIO_MMIO_DEVICE_ID), VIRTIO_ID_RNG);
	assert_int_equal(guest_get(&device, VIRTIO_MMIO_SHM_LEN_LOW), UINT32_MAX);
	assert_int_equal(virtio_mmio_read(&device, VIRTIO_MMIO_MAGIC_VALUE, 1), 0);
	assert_int_equal(virtio_mmio_read(&device, VIRTIO_MMIO_MAGIC_VALUE, 8), 0);
	assert_int_equal(virtio_mmio_read(&device, 3, 4), 0);
}

static void test_config_space(void **unused)
{
	(void)unused;
	assert_int_equal(virtio_mmio_read(&device, VIRTIO_MMIO_CONFIG, 8), 0x0807060504030201ull);
	assert_int_equal(virtio_mmio_read(&device, VIRTIO_MMIO_CONFIG + 4, 4), 0x08070605);
	assert_int_equal(virtio_mmio_read(&device, VIRTIO_MMIO_CONFIG + 2, 2), 0x0403);
	assert_int_equal(virtio_mmio_read(&device, VIRTIO_MMIO_CONFIG + 9, 1), 10);
	assert_int_equal(virtio_mmio_read(&device, VIRTIO_MMIO_CONFIG + 8, 8), 0x0a09);
	assert_int_equal(virtio_mmio_read(&device, VIRTIO_MMIO_CONFIG + 10, 1), 0);
	assert_int_equal(virtio_mmio_read(&device, VIRTIO_MMIO_CONFIG + 1, 2), 0);
	assert_int_equal(virtio_mmio_read(&device, VIRTIO_MMIO_BYTES - 1, 1), 0);
	assert_true(virtio_mmio_write(&device, VIRTIO_MMIO_CONFIG, 4, UINT32_MAX));
	assert_int_equal(virtio_mmio_read(&device, VIRTIO_MMIO_CONFIG, 4), 0x04030201);
}

static void test_features_offered(void **unused)
{
	(void)unused;
	assert_int_equal(guest_get(&device, VIRTIO_MMIO_DEVICE_FEATURES), (uint32_t)FEATURES);
	guest_set(&device, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
	assert_int_equal(guest_get(&device, VIRTIO_MMIO_DEVICE_FEATURES), 1u | 1u << 8);
	guest_set(&device, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 2);
	assert_int_equal(guest_get(&device, VIRTIO_MMIO_DEVICE_FEATURES), 0);
}

static void expect_refused(uint64_t features)
{
	guest_start(&device, 1, SIZE, features);
	assert_int_equal(guest_get(&device, VIRTIO_MMIO_STATUS) &
				 (VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK), 0);
	guest_set(&device, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	assert_int_equal(served[0], 0);
}

static void test_features_refused(void **unused)
{
	(void)unused;
	expect_refused(FEATURES & ~(1ull << VIRTIO_F_VERSION_1));
	expect_refused(FEATURES | 1ull << 6);
	expect_refused(FEATURES | 1ull << 63);
}

/* A driver that would use memory that is not seen here is told so before it does. */
static void test_a_part_of_the_memory(void **unused)
{
	uint64_t platform = 1ull << VIRTIO_F_ACCESS_PLATFORM;

	(void)unused;
	expect_refused(1ull << VIRTIO_F_VERSION_1 | platform); /* not offered */
	device.bounces = true;
	guest_set(&device, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
	assert_int_equal(guest_get(&device, VIRTIO_MMIO_DEVICE_FEATURES) & (uint32_t)(platform >> 32), platform >> 32);
	expect_refused(1ull << VIRTIO_F_VERSION_1);
	guest_start(&device, 1, SIZE, 1ull << VIRTIO_F_VERSION_1 | platform);
	assert_true((guest_get(&device, VIRTIO_MMIO_STATUS) & (uint32_t)VIRTIO_CONFIG_S_DRIVER_OK) != 0);
}

static void test_features_do_not_change_afterwards(void **unused)
{
	(void)unused;
	guest_start(&device, 1, SIZE, FEATURES);
	assert_true(virtio_mmio_has(&device, DEVICE_FEATURE));
	guest_set(&device, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	guest_set(&device, VIRTIO_MMIO_DRIVER_FEATURES, 0);
	assert_true(virtio_mmio_has(&device, DEVICE_FEATURE));
	assert_false(virtio_mmio_has(&device, 40));
}

static void test_a_request(void **unused)
{
	struct vring_used_elem entry;

	(void)unused;
	guest_start(&device, 1, SIZE, FEATURES);
	assert_int_equal(guest_get(&device, VIRTIO_MMIO_STATUS), READY);
	assert_int_equal(served[0], 1); /* what was there before the driver was ready */
	assert_int_equal(served[1], 0);
	offer_one();
	guest_set(&device, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	assert_int_equal(served[0], 2);
	assert_true(guest_take(&guest, &entry));
	assert_true(virtio_mmio_line(&device));
	assert_int_equal(guest_get(&device, VIRTIO_MMIO_INTERRUPT_STATUS), VIRTIO_MMIO_INT_VRING);
	guest_set(&device, VIRTIO_MMIO_INTERRUPT_ACK, VIRTIO_MMIO_INT_CONFIG);
	assert_true(virtio_mmio_line(&device));
	guest_set(&device, VIRTIO_MMIO_INTERRUPT_ACK, VIRTIO_MMIO_INT_VRING);
	assert_false(virtio_mmio_line(&device));
	/* Nobody is called for a queue that is not in use, or that there isn't. */
	guest_set(&device, VIRTIO_MMIO_QUEUE_NOTIFY, 1);
	guest_set(&device, VIRTIO_MMIO_QUEUE_NOTIFY, 2);
	guest_set(&device, VIRTIO_MMIO_QUEUE_NOTIFY, UINT32_MAX);
	assert_int_equal(served[0], 2);
	assert_int_equal(served[1], 0);
}

static void test_what_is_left_is_remembered(void **unused)
{
	(void)unused;
	leave_some = true;
	guest_start(&device, 2, SIZE, FEATURES);
	assert_int_equal(device.again, 3);
	leave_some = false;
	virtio_mmio_serve(&device, 1);
	assert_int_equal(device.again, 2);
	assert_true(virtio_mmio_reset(&device));
	assert_int_equal(device.again, 0);
}

static void test_configuration_is_written(void **unused)
{
	const struct virtio_exit exit = { .token = 77, .vcpu = 3 };

	(void)unused;
	virtio_mmio_configure(&device, &exit, VIRTIO_MMIO_CONFIG, 4, 9);
	assert_int_equal(configured.calls, 0); /* this device's is read-only */
	device.operations = &writable;
	virtio_mmio_configure(&device, &exit, VIRTIO_MMIO_CONFIG + 8, 2, 9);
	assert_int_equal(configured.calls, 1);
	assert_int_equal(configured.exit.token, 77);
	assert_int_equal(configured.exit.vcpu, 3);
	assert_int_equal(configured.offset, 8);
	assert_int_equal(configured.bytes, 2);
	assert_int_equal(configured.value, 9);
	for (uint32_t offset = 0; offset < 0x100; offset++) {
		for (uint32_t bytes = 1; bytes <= 8; bytes *= 2) {
			configured.calls = 0;
			virtio_mmio_configure(&device, &exit, VIRTIO_MMIO_CONFIG + offset, bytes, 1);
			assert_int_equal(configured.calls, offset % bytes == 0 && offset + bytes <= sizeof(config));
			assert_true(virtio_mmio_write(&device, VIRTIO_MMIO_CONFIG + offset, bytes, 1));
		}
	}
}

static void test_queue_registers(void **unused)
{
	(void)unused;
	guest_set(&device, VIRTIO_MMIO_QUEUE_SEL, 2);
	assert_int_equal(guest_get(&device, VIRTIO_MMIO_QUEUE_NUM_MAX), 0);
	guest_set(&device, VIRTIO_MMIO_QUEUE_NUM, 4);
	guest_set(&device, VIRTIO_MMIO_QUEUE_READY, 1);
	assert_int_equal(guest_get(&device, VIRTIO_MMIO_QUEUE_READY), 0);
	guest_set(&device, VIRTIO_MMIO_QUEUE_SEL, UINT32_MAX);
	assert_int_equal(guest_get(&device, VIRTIO_MMIO_QUEUE_NUM_MAX), 0);
	guest_set(&device, VIRTIO_MMIO_QUEUE_SEL, 1);
	assert_int_equal(guest_get(&device, VIRTIO_MMIO_QUEUE_NUM_MAX), SIZE);
	guest_set(&device, VIRTIO_MMIO_QUEUE_NUM, 4);
	guest_set(&device, VIRTIO_MMIO_QUEUE_DESC_LOW, 0x40000010);
	guest_set(&device, VIRTIO_MMIO_QUEUE_DESC_HIGH, 0x1);
	guest_set(&device, VIRTIO_MMIO_QUEUE_DESC_LOW, 0x40000020);
	assert_int_equal(state.queues[1].descriptors, 0x140000020ull);
	assert_int_equal(state.queues[1].size, 4);
	assert_int_equal(state.queues[0].size, 0);
	assert_int_equal(guest_get(&device, VIRTIO_MMIO_QUEUE_DESC_LOW), 0); /* write-only */
}

static void test_a_queue_in_use_is_not_changed(void **unused)
{
	struct sk_virtio_queue_state before;

	(void)unused;
	guest_start(&device, 1, SIZE, FEATURES);
	offer_one();
	guest_set(&device, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	before = state.queues[0];
	guest_set(&device, VIRTIO_MMIO_QUEUE_NUM, 8);
	guest_set(&device, VIRTIO_MMIO_QUEUE_DESC_LOW, 0);
	guest_set(&device, VIRTIO_MMIO_QUEUE_AVAIL_HIGH, 7);
	guest_set(&device, VIRTIO_MMIO_QUEUE_READY, 1);
	assert_memory_equal(&before, &state.queues[0], sizeof(before));
}

static void test_rings_that_cannot_be(void **unused)
{
	(void)unused;
	guest_start(&device, 1, 2 * SIZE, FEATURES); /* larger than offered */
	assert_true((guest_get(&device, VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_NEEDS_RESET) != 0);
	assert_int_equal(guest_get(&device, VIRTIO_MMIO_QUEUE_READY), 0);
	guest_set(&device, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	assert_int_equal(served[0], 0);
	guest_start(&device, 1, SIZE, FEATURES); /* a reset helps */
	assert_int_equal(guest_get(&device, VIRTIO_MMIO_STATUS), READY);
}

static void test_broken(void **unused)
{
	(void)unused;
	guest_start(&device, 1, SIZE, FEATURES);
	guest_offer(&guest, SIZE);
	guest_set(&device, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	assert_int_equal(guest_get(&device, VIRTIO_MMIO_STATUS), READY | VIRTIO_CONFIG_S_NEEDS_RESET);
	assert_int_equal(guest_get(&device, VIRTIO_MMIO_INTERRUPT_STATUS), VIRTIO_MMIO_INT_CONFIG);
	guest_set(&device, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	assert_int_equal(served[0], 2); /* not again */
	guest_set(&device, VIRTIO_MMIO_STATUS, READY); /* the guest can't take that back */
	assert_int_equal(guest_get(&device, VIRTIO_MMIO_STATUS), READY | VIRTIO_CONFIG_S_NEEDS_RESET);
}

static void test_reset(void **unused)
{
	struct sk_virtio_state zero = { .valid = 1 };

	(void)unused;
	guest_start(&device, 2, SIZE, FEATURES);
	offer_one();
	guest_set(&device, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	assert_true(virtio_mmio_write(&device, VIRTIO_MMIO_STATUS, 4, 0));
	assert_memory_equal(&state, &zero, sizeof(zero));
	assert_false(virtio_mmio_line(&device));
	guest_set(&device, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	assert_int_equal(served[0], 2);
}

static void test_reset_waits_for_what_is_in_flight(void **unused)
{
	(void)unused;
	guest_start(&device, 2, SIZE, FEATURES);
	in_flight[1] = true;
	assert_false(virtio_mmio_write(&device, VIRTIO_MMIO_STATUS, 4, 0));
	assert_false(virtio_mmio_settle(&device));
	assert_int_equal(guest_get(&device, VIRTIO_MMIO_STATUS), READY);
	guest_set(&device, VIRTIO_MMIO_QUEUE_NOTIFY, 0); /* nothing begins meanwhile */
	guest_set(&device, VIRTIO_MMIO_STATUS, READY);
	assert_int_equal(served[0], 1);
	/* The server dies while it waits. */
	describe();
	virtio_mmio_open(&device, &state);
	assert_false(virtio_mmio_settle(&device));
	assert_false(virtio_mmio_write(&device, VIRTIO_MMIO_STATUS, 4, 0));
	in_flight[1] = false;
	assert_true(virtio_mmio_settle(&device));
	assert_int_equal(guest_get(&device, VIRTIO_MMIO_STATUS), 0);
	assert_true(virtio_mmio_settle(&device));
}

static void test_end_of_a_queue_waits_too(void **unused)
{
	(void)unused;
	guest_start(&device, 2, SIZE, FEATURES);
	in_flight[1] = true;
	guest_set(&device, VIRTIO_MMIO_QUEUE_SEL, 1);
	assert_false(virtio_mmio_write(&device, VIRTIO_MMIO_QUEUE_READY, 4, 0));
	assert_int_equal(guest_get(&device, VIRTIO_MMIO_QUEUE_READY), 1);
	guest_set(&device, VIRTIO_MMIO_QUEUE_NOTIFY, 1);
	guest_set(&device, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	assert_int_equal(served[1], 1);
	assert_int_equal(served[0], 2);
	in_flight[1] = false;
	assert_true(virtio_mmio_settle(&device));
	assert_int_equal(guest_get(&device, VIRTIO_MMIO_QUEUE_READY), 0);
	assert_int_equal(guest_get(&device, VIRTIO_MMIO_STATUS), READY);
	guest_set(&device, VIRTIO_MMIO_QUEUE_READY, 1);
	guest_set(&device, VIRTIO_MMIO_QUEUE_NOTIFY, 1);
	assert_int_equal(served[1], 2);
}

/* An acknowledgement that is delivered again takes an interrupt with it that came in between. */
#define QUEUE_RESET 0x0c0u

/* VIRTIO_F_RING_RESET (virtio 1.2, section 2.6.1): the queue is as after the device's reset, and the others go on. */
static void test_reset_of_a_queue(void **unused)
{
	(void)unused;
	guest_start(&device, 1, SIZE, FEATURES);
	guest_set(&device, QUEUE_RESET, 1);
	assert_int_equal(guest_get(&device, VIRTIO_MMIO_QUEUE_READY), 1); /* not negotiated */
	guest_start(&device, 2, SIZE, FEATURES | 1ull << VIRTIO_F_RING_RESET);
	guest_set(&device, VIRTIO_MMIO_QUEUE_SEL, 0);
	guest_set(&device, QUEUE_RESET, 0);
	assert_int_equal(guest_get(&device, VIRTIO_MMIO_QUEUE_READY), 1);
	in_flight[0] = true;
	assert_false(virtio_mmio_write(&device, QUEUE_RESET, 4, 1));
	assert_int_equal(guest_get(&device, QUEUE_RESET), 1);
	assert_false(virtio_mmio_settle(&device));
	/* An instance that begins goes on with it. */
	describe();
	virtio_mmio_open(&device, &state);
	assert_false(virtio_mmio_settle(&device));
	in_flight[0] = false;
	assert_true(virtio_mmio_settle(&device));
	assert_int_equal(guest_get(&device, QUEUE_RESET), 0);
	assert_int_equal(guest_get(&device, VIRTIO_MMIO_QUEUE_READY), 0);
	assert_int_equal(state.queues[0].position, 0);
	assert_int_equal(state.queues[0].size, 0);
	assert_int_equal(state.queues[0].descriptors, 0);
	assert_int_equal(state.queues[0].available, 0);
	assert_int_equal(state.queues[0].used, 0);
	assert_true(virtio_mmio_serves(&device, 1));
	assert_int_equal(guest_get(&device, VIRTIO_MMIO_STATUS), READY);
}

static void test_rearm(void **unused)
{
	(void)unused;
	guest_start(&device, 1, SIZE, FEATURES);
	guest_set(&device, VIRTIO_MMIO_INTERRUPT_ACK, VIRTIO_MMIO_INT_VRING);
	virtio_mmio_rearm(&device);
	assert_true(virtio_mmio_line(&device));
	assert_true(virtio_mmio_reset(&device));
	virtio_mmio_rearm(&device);
	assert_false(virtio_mmio_line(&device));
}

/* No register, whatever is written to it, makes the device do more than it may. */
static void test_any_write(void **unused)
{
	uint64_t seed = 12345;

	(void)unused;
	for (uint32_t i = 0; i < 200000; i++) {
		uint64_t random = guest_random(&seed);
		uint32_t offset = (uint32_t)(random >> 8) % (VIRTIO_MMIO_BYTES / 4) * 4;
		uint32_t bytes = (random & 15u) == 0 ? 1u << (random >> 4 & 3u) : 4;
		uint64_t value = guest_random(&seed) >> (random >> 32 & 63u);

		if ((random >> 40 & 63u) == 0) {
			guest_start(&device, 2, SIZE, FEATURES);
		}
		offset = (random >> 50 & 1u) != 0 ? offset % 0xb0 : offset;
		(void)virtio_mmio_write(&device, offset, bytes, value);
		(void)virtio_mmio_read(&device, offset, bytes);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_identity, set_up),
		cmocka_unit_test_setup(test_config_space, set_up),
		cmocka_unit_test_setup(test_features_offered, set_up),
		cmocka_unit_test_setup(test_features_refused, set_up),
		cmocka_unit_test_setup(test_a_part_of_the_memory, set_up),
		cmocka_unit_test_setup(test_features_do_not_change_afterwards, set_up),
		cmocka_unit_test_setup(test_a_request, set_up),
		cmocka_unit_test_setup(test_what_is_left_is_remembered, set_up),
		cmocka_unit_test_setup(test_configuration_is_written, set_up),
		cmocka_unit_test_setup(test_queue_registers, set_up),
		cmocka_unit_test_setup(test_a_queue_in_use_is_not_changed, set_up),
		cmocka_unit_test_setup(test_rings_that_cannot_be, set_up),
		cmocka_unit_test_setup(test_broken, set_up),
		cmocka_unit_test_setup(test_reset, set_up),
		cmocka_unit_test_setup(test_reset_waits_for_what_is_in_flight, set_up),
		cmocka_unit_test_setup(test_end_of_a_queue_waits_too, set_up),
		cmocka_unit_test_setup(test_reset_of_a_queue, set_up),
		cmocka_unit_test_setup(test_rearm, set_up),
		cmocka_unit_test_setup(test_any_write, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
