/* A failed device in the eyes of its guest, and of the next one. */
#include <string.h>

#include "host_process.h"

#define main server_main
int server_main(void);
#include "../main.c"
#undef main

#include <sk/idl/server.h>

#define BASE 0x0a000000u
#define DEVICE 18u /* the third of the second VM */
#define NEEDS_RESET VIRTIO_CONFIG_S_NEEDS_RESET

static struct {
	_Alignas(8) uint8_t persistent[SK_PAGE_BYTES];
	uint32_t lowered;
} host;

sk_status_t sk_call(sk_cap_t to, struct sk_msg *msg)
{
	assert_int_equal(to, FALLBACK_LINE_SLOT + DEVICE);
	assert_int_equal(msg->tag & SK_TAG_METHOD_MASK, VIRQ_TAG_SET_LEVEL);
	assert_int_equal(msg->w[0], 0);
	host.lowered++;
	*msg = (struct sk_msg){ .tag = SK_OK };
	return SK_OK;
}

static void boot(void)
{
	state = NULL;
	assert_true(host_process_run(server_main));
}

static int set_up(void **unused)
{
	(void)unused;
	memset(&host, 0, sizeof(host));
	host_process_reset();
	host_process_region("persistent", host.persistent, sizeof(host.persistent), 0, 0);
	boot();
	/* The supervisor's part. */
	fallback_state_fields(host.persistent)->devices[DEVICE] = FALLBACK_FAILED;
	return 0;
}

static uint64_t exit_of(uint64_t tag, uint32_t device, uint32_t offset, uint32_t size_log2, uint64_t value)
{
	struct sk_caller caller = { .badge = SK_BADGE(VM_EXIT_INTERFACE, device), .token = 1 };
	struct sk_msg msg = { .tag = tag, .w = { BASE + offset, size_log2 << SK_MMIO_SIZE_SHIFT, value } };

	assert_true(dispatch(&caller, &msg));
	assert_int_equal(msg.tag, SK_OK);
	return msg.w[0];
}

static uint64_t get(uint32_t offset)
{
	return exit_of(VM_EXIT_TAG_MMIO_READ, DEVICE, offset, 2, 0);
}

static void set(uint32_t offset, uint32_t value)
{
	(void)exit_of(VM_EXIT_TAG_MMIO_WRITE, DEVICE, offset, 2, value);
}

static void test_a_driver_at_work_is_told(void **unused)
{
	(void)unused;
	assert_int_equal(get(VIRTIO_MMIO_STATUS), 0x4f);
	assert_int_equal(get(VIRTIO_MMIO_INTERRUPT_STATUS), VIRTIO_MMIO_INT_CONFIG);
	assert_int_equal(get(VIRTIO_MMIO_CONFIG), 0);
	set(VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	set(VIRTIO_MMIO_INTERRUPT_ACK, VIRTIO_MMIO_INT_VRING);
	assert_int_equal(host.lowered, 0);
	set(VIRTIO_MMIO_INTERRUPT_ACK, VIRTIO_MMIO_INT_CONFIG);
	assert_int_equal(host.lowered, 1);
	assert_int_equal(get(VIRTIO_MMIO_INTERRUPT_STATUS), 0);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), 0x4f);
	/* virtio core's last word on a device it gives up. */
	set(VIRTIO_MMIO_STATUS, 0x4f | VIRTIO_CONFIG_S_FAILED);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), 0x4f | VIRTIO_CONFIG_S_FAILED);
}

static void test_a_reset_leads_nowhere(void **unused)
{
	const uint32_t wanted = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_FEATURES_OK |
				VIRTIO_CONFIG_S_DRIVER_OK;

	(void)unused;
	set(VIRTIO_MMIO_STATUS, 0);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), 0);
	assert_int_equal(get(VIRTIO_MMIO_INTERRUPT_STATUS), 0);
	assert_int_equal(host.lowered, 1);
	set(VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), VIRTIO_CONFIG_S_ACKNOWLEDGE | NEEDS_RESET);
	set(VIRTIO_MMIO_STATUS, wanted);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | NEEDS_RESET);
	assert_int_equal(get(VIRTIO_MMIO_DEVICE_FEATURES), 0);
	assert_int_equal(get(VIRTIO_MMIO_QUEUE_NUM_MAX), 0);
	assert_int_equal(get(VIRTIO_MMIO_QUEUE_READY), 0);
}

static void test_who_looks_later_finds_nothing(void **unused)
{
	(void)unused;
	assert_int_equal(get(VIRTIO_MMIO_MAGIC_VALUE), 0x74726976);
	assert_int_equal(get(VIRTIO_MMIO_VERSION), 2);
	assert_int_equal(get(VIRTIO_MMIO_DEVICE_ID), 0);
	assert_int_equal(get(VIRTIO_MMIO_SHM_LEN_LOW), UINT32_MAX);
}

static void test_devices_are_apart(void **unused)
{
	(void)unused;
	for (uint32_t device = 0; device < FALLBACK_DEVICES; device++) {
		if (device != DEVICE) {
			assert_int_equal(exit_of(VM_EXIT_TAG_MMIO_READ, device, VIRTIO_MMIO_STATUS, 2, 0), 0);
		}
	}
	/* A number that none has is some device's, and can't be worse than that. */
	(void)exit_of(VM_EXIT_TAG_MMIO_READ, 0xffff, VIRTIO_MMIO_STATUS, 2, 0);
}

static void test_any_access_is_answered(void **unused)
{
	(void)unused;
	for (uint32_t offset = 0; offset < 0x200; offset++) {
		for (uint32_t size = 0; size < 4; size++) {
			uint64_t tag = offset % 2 == 0 ? VM_EXIT_TAG_MMIO_WRITE : VM_EXIT_TAG_MMIO_READ;

			(void)exit_of(tag, DEVICE, offset, size, UINT64_MAX);
		}
	}
	/* Only words are registers. */
	set(VIRTIO_MMIO_STATUS, 0);
	(void)exit_of(VM_EXIT_TAG_MMIO_WRITE, DEVICE, VIRTIO_MMIO_STATUS, 3, 1);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), 0);
	assert_int_equal(exit_of(VM_EXIT_TAG_MMIO_READ, DEVICE, VIRTIO_MMIO_MAGIC_VALUE, 0, 0), 0);
}

static void test_a_new_instance_goes_on(void **unused)
{
	struct sk_caller ping = { .badge = SK_BADGE(HEARTBEAT_INTERFACE, 0), .token = 1 };
	struct sk_msg msg = { .tag = HEARTBEAT_TAG_PING };

	(void)unused;
	set(VIRTIO_MMIO_STATUS, 0x4f | VIRTIO_CONFIG_S_FAILED);
	boot();
	assert_int_equal(get(VIRTIO_MMIO_STATUS), 0x4f | VIRTIO_CONFIG_S_FAILED);
	assert_int_equal(get(VIRTIO_MMIO_INTERRUPT_STATUS), VIRTIO_MMIO_INT_CONFIG);
	signalled(SK_SIGNAL_TIMER);
	assert_true(dispatch(&ping, &msg));
	assert_int_equal(msg.tag, SK_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_a_driver_at_work_is_told, set_up),
		cmocka_unit_test_setup(test_a_reset_leads_nowhere, set_up),
		cmocka_unit_test_setup(test_who_looks_later_finds_nothing, set_up),
		cmocka_unit_test_setup(test_devices_are_apart, set_up),
		cmocka_unit_test_setup(test_any_access_is_answered, set_up),
		cmocka_unit_test_setup(test_a_new_instance_goes_on, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
