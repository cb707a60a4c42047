/* A device that has failed: whoever waits for it gets an answer, and whoever looks for one finds none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "guest.h"

#define SIZE 16u
#define NEEDS_RESET VIRTIO_CONFIG_S_NEEDS_RESET
#define AGREED (VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_FEATURES_OK)
#define READY (AGREED | VIRTIO_CONFIG_S_DRIVER_OK)

static uint8_t *memory;
static struct sk_virtio_state state;
static struct virtio_mmio device;
static struct guest_queue guest;

static const struct virtio_operations operations = { .serve = virtio_mmio_refuse };
static const uint8_t config[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };

static void instance(bool failed)
{
	device = (struct virtio_mmio){
		.operations = &operations,
		.id = VIRTIO_ID_BLOCK,
		.queue_count = 2,
		.queue_size_max = SIZE,
		.config = config,
		.config_bytes = sizeof(config),
		.failed = failed,
	};
	assert_true(virtio_memory_add(&device.memory, GUEST_BASE, GUEST_BYTES, memory));
	virtio_mmio_open(&device, &state);
	virtio_mmio_serve(&device, VIRTIO_MMIO_ALL_QUEUES);
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
	instance(false);
	guest_queue_init(&guest, memory, 0, SIZE);
	guest_start(&device, 1, SIZE, 1ull << VIRTIO_F_VERSION_1);
	return 0;
}

/* A request with a header and, if there is any, room for an answer of `bytes` bytes. */
static void ask(uint16_t head, uint32_t bytes)
{
	const struct guest_piece pieces[] = { { GUEST_DATA, 16, 0 }, { GUEST_DATA + 64, bytes, VRING_DESC_F_WRITE } };

	memset(guest_at(memory, GUEST_DATA + 64), 0xff, 8);
	guest_write_chain(&guest, head, pieces, bytes != 0 ? 2 : 1);
	guest_offer(&guest, head);
}

static void expect_used(uint32_t head, uint32_t bytes)
{
	struct vring_used_elem entry;

	assert_true(guest_take(&guest, &entry));
	assert_int_equal(entry.id, head);
	assert_int_equal(entry.len, bytes);
}

static void test_what_waits_and_what_comes_is_answered(void **unused)
{
	struct vring_used_elem entry;
	const uint8_t *answer = guest_at(memory, GUEST_DATA + 64);

	(void)unused;
	ask(0, 5);
	ask(2, 0);
	assert_false(guest_take(&guest, &entry));
	instance(true);
	expect_used(0, 1);
	assert_int_equal(answer[4], 1); /* VIRTIO_BLK_S_IOERR, VIRTIO_NET_ERR */
	assert_int_equal(answer[3], 0xff);
	expect_used(2, 0);
	assert_int_equal(guest_get(&device, VIRTIO_MMIO_STATUS), READY | NEEDS_RESET);
	assert_int_equal(guest_get(&device, VIRTIO_MMIO_INTERRUPT_STATUS), VIRTIO_MMIO_INT_VRING | VIRTIO_MMIO_INT_CONFIG);
	assert_int_equal(guest_get(&device, VIRTIO_MMIO_CONFIG), 0);
	guest_set(&device, VIRTIO_MMIO_INTERRUPT_ACK, 3);
	ask(4, 1);
	guest_set(&device, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	expect_used(4, 1);
	assert_int_equal(*answer, 1);
	assert_true(virtio_mmio_line(&device));
	/* As does an instance after that one. */
	ask(6, 1);
	instance(true);
	expect_used(6, 1);
}

/* Nothing is put into what the guest wants to get. */
static void test_buffers_to_be_filled_stay(void **unused)
{
	const struct guest_piece piece = { GUEST_DATA, 16, VRING_DESC_F_WRITE };
	struct vring_used_elem entry;

	(void)unused;
	guest_write_chain(&guest, 0, &piece, 1);
	guest_offer(&guest, 0);
	instance(true);
	guest_set(&device, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	assert_false(guest_take(&guest, &entry));
	assert_int_equal(device.again, 0);
}

static void test_a_broken_chain_is_left(void **unused)
{
	const struct guest_piece piece = { 1, 16, 0 };
	struct vring_used_elem entry;

	(void)unused;
	guest_write_chain(&guest, 0, &piece, 1);
	guest_offer(&guest, 0);
	instance(true);
	assert_false(guest_take(&guest, &entry));
	assert_int_equal(device.again, 0);
}

/* More than are answered at a stretch; and it is said that there are more. */
static void test_any_number(void **unused)
{
	(void)unused;
	memset(guest.available->ring, 0, SIZE * sizeof(guest.available->ring[0]));
	ask(0, 1);
	instance(true);
	for (uint32_t i = 0; i < 300; i++) {
		guest_offer(&guest, 0);
		virtio_mmio_serve(&device, 1);
	}
	assert_int_equal(guest.used->idx, 301);
}

static void test_a_reset_leads_nowhere(void **unused)
{
	(void)unused;
	instance(true);
	guest_set(&device, VIRTIO_MMIO_STATUS, 0);
	assert_int_equal(guest_get(&device, VIRTIO_MMIO_STATUS), 0);
	assert_int_equal(guest_get(&device, VIRTIO_MMIO_INTERRUPT_STATUS), 0);
	assert_int_equal(guest_get(&device, VIRTIO_MMIO_DEVICE_ID), 0);
	assert_int_equal(guest_get(&device, VIRTIO_MMIO_QUEUE_NUM_MAX), 0);
	assert_int_equal(guest_get(&device, VIRTIO_MMIO_DEVICE_FEATURES), 0);
	guest_set(&device, VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	assert_int_equal(guest_get(&device, VIRTIO_MMIO_STATUS), VIRTIO_CONFIG_S_ACKNOWLEDGE | NEEDS_RESET);
	guest_set(&device, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	guest_set(&device, VIRTIO_MMIO_DRIVER_FEATURES, 1);
	guest_set(&device, VIRTIO_MMIO_STATUS, READY);
	assert_int_equal(guest_get(&device, VIRTIO_MMIO_STATUS),
			 VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | NEEDS_RESET);
}

/* Before a driver has touched the device, there is none. */
static void test_nobody_is_told_who_has_no_driver(void **unused)
{
	(void)unused;
	guest_set(&device, VIRTIO_MMIO_STATUS, 0);
	instance(true);
	assert_int_equal(guest_get(&device, VIRTIO_MMIO_STATUS), 0);
	assert_false(virtio_mmio_line(&device));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_what_waits_and_what_comes_is_answered, set_up),
		cmocka_unit_test_setup(test_buffers_to_be_filled_stay, set_up),
		cmocka_unit_test_setup(test_a_broken_chain_is_left, set_up),
		cmocka_unit_test_setup(test_any_number, set_up),
		cmocka_unit_test_setup(test_a_reset_leads_nowhere, set_up),
		cmocka_unit_test_setup(test_nobody_is_told_who_has_no_driver, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
