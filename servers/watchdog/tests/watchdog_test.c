/* The watchdog's registers and periods, its line and its timer, and a restart at any store. */
#include <string.h>

#include "host_device.h"

#define main watchdog_main
int watchdog_main(void);
#include "../main.c"
#undef main

#define TICKS_PER_MS 24000u
#define MS 1000000u

static _Alignas(8) uint8_t persistent[SK_PAGE_BYTES];
static uint64_t now_ns;

uint64_t sk_counter(void)
{
	return now_ns;
}

static void boot_instance(void)
{
	memset(&dog, 0, sizeof(dog));
	assert_true(host_process_run(watchdog_main));
}

static int boot(void **unused)
{
	(void)unused;
	memset(persistent, 0, sizeof(persistent));
	host_process_reset();
	host_process_region("persistent", persistent, sizeof(persistent), 0, 0);
	host_device_grant();
	now_ns = 10 * MS;
	boot_instance();
	return 0;
}

static uint64_t access_register(uint64_t tag, uint64_t offset, uint64_t value)
{
	struct sk_caller caller = { .badge = SK_BADGE(VM_EXIT_INTERFACE, 0), .token = 1 };
	struct sk_msg msg = { .tag = tag, .w = { 0x0b000000 + offset, 2u << 7, value } };

	assert_true(dispatch(&caller, &msg));
	assert_int_equal(msg.tag, SK_OK);
	return msg.w[0];
}

static uint64_t get(uint64_t offset)
{
	return access_register(VM_EXIT_TAG_MMIO_READ, offset, 0);
}

static void put(uint64_t offset, uint64_t value)
{
	(void)access_register(VM_EXIT_TAG_MMIO_WRITE, offset, value);
}

static void start_period(uint64_t ms)
{
	put(0x0, ms * TICKS_PER_MS - 1);
	put(0x8, 3);
}

/* As the driver of Linux asks, and as the manual's table 3-1 has it. */
static void test_registers(void **unused)
{
	static const uint8_t id[8] = { 0x05, 0x18, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

	(void)unused;
	for (uint32_t i = 0; i < 8; i++) {
		assert_int_equal(get(0xfe0 + 4 * i), id[i]);
	}
	assert_int_equal(get(0x0), UINT32_MAX);
	for (uint32_t offset = 0x4; offset < 0xfe0; offset += 4) {
		put(offset, 0);
		assert_int_equal(get(offset), 0);
	}
	assert_int_equal(host_device.timer_ns, 0);
	put(0x0, 5);
	assert_int_equal(get(0x0), 5);
	assert_int_equal(host_device.timer_ns, 0); /* not enabled */
}

static void test_is_fed(void **unused)
{
	(void)unused;
	start_period(20);
	assert_int_equal(host_device.timer_ns, 30 * MS);
	now_ns = 25 * MS;
	assert_int_equal(get(0x4), 5 * TICKS_PER_MS);
	put(0xc, 1);
	assert_int_equal(host_device.timer_ns, 45 * MS);
	now_ns = 44 * MS;
	signalled(SK_SIGNAL_TIMER);
	assert_false(host_device.level);
	put(0x8, 0);
	assert_int_equal(host_device.timer_ns, 0);
	now_ns = 1000 * MS;
	signalled(SK_SIGNAL_TIMER);
	assert_false(host_device.level);
}

static void test_barks_and_bites(void **unused)
{
	(void)unused;
	start_period(20);
	now_ns = 30 * MS;
	signalled(SK_SIGNAL_TIMER);
	assert_true(host_device.level);
	assert_int_equal(get(0x10), 1);
	assert_int_equal(get(0x14), 1);
	assert_int_equal(host_device.timer_ns, 50 * MS);
	put(0xc, 1);
	assert_false(host_device.level);
	now_ns = 50 * MS;
	signalled(SK_SIGNAL_TIMER);
	now_ns = 70 * MS;
	signalled(SK_SIGNAL_TIMER);
	assert_true(host_device.level);
	assert_int_equal(host_device.timer_ns, 0);
	assert_int_equal(get(0x4), 0);
	put(0xc, 1); /* and it lives again */
	assert_false(host_device.level);
	assert_int_equal(host_device.timer_ns, 90 * MS);
}

static void test_restart(void **unused)
{
	(void)unused;
	start_period(20);
	now_ns = 20 * MS;
	host_device.timer_ns = 0;
	boot_instance();
	assert_int_equal(host_device.timer_ns, 30 * MS);
	assert_int_equal(get(0x4), 10 * TICKS_PER_MS);
	now_ns = 40 * MS; /* the period ended while nobody was there */
	boot_instance();
	assert_true(host_device.level);
	assert_int_equal(host_device.timer_ns, 60 * MS);
	persistent[40] ^= 1; /* whatever is damaged: one copy of two is good */
	boot_instance();
	assert_int_equal(get(0x0), 20 * TICKS_PER_MS - 1);
}

static void test_vm_reset(void **unused)
{
	struct sk_caller caller = { .badge = SK_BADGE(DEVICE_INTERFACE, 0), .token = 1 };
	struct sk_msg msg = { .tag = DEVICE_TAG_RESET };

	(void)unused;
	start_period(20);
	now_ns = 30 * MS;
	signalled(SK_SIGNAL_TIMER);
	assert_true(dispatch(&caller, &msg));
	assert_false(host_device.level);
	assert_int_equal(host_device.timer_ns, 0);
	assert_int_equal(get(0x0), UINT32_MAX);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_registers, boot),
		cmocka_unit_test_setup(test_is_fed, boot),
		cmocka_unit_test_setup(test_barks_and_bites, boot),
		cmocka_unit_test_setup(test_restart, boot),
		cmocka_unit_test_setup(test_vm_reset, boot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
