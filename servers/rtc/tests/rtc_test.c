/* The server around the PL031's model: its alarm through the scheduler, its line, and a restart. */
#include <string.h>

#include "host_device.h"

#define main rtc_main
int rtc_main(void);
#include "../main.c"
#undef main

#define EPOCH 1000u

static _Alignas(8) uint8_t persistent[SK_PAGE_BYTES];
static uint64_t now_s;

uint64_t sk_counter(void)
{
	return now_s * 1000000000u;
}

static void boot_instance(void)
{
	memset(&rtc, 0, sizeof(rtc));
	assert_true(host_process_run(rtc_main));
}

static int boot(void **unused)
{
	(void)unused;
	memset(persistent, 0, sizeof(persistent));
	host_process_reset();
	host_process_argument("epoch=1000");
	host_process_region("persistent", persistent, sizeof(persistent), 0, 0);
	host_device_grant();
	now_s = 10;
	host_device.timer_ns = 0;
	boot_instance();
	return 0;
}

static uint64_t access_register(uint64_t tag, uint64_t offset, uint64_t value)
{
	struct sk_caller caller = { .badge = SK_BADGE(VM_EXIT_INTERFACE, 0), .token = 1 };
	struct sk_msg msg = { .tag = tag, .w = { 0x09010000 + offset, 2u << SK_MMIO_SIZE_SHIFT, value } };

	assert_true(dispatch(&caller, &msg));
	assert_int_equal(msg.tag, SK_OK);
	return msg.w[0];
}

static void test_tells_the_time(void **unused)
{
	(void)unused;
	assert_int_equal(access_register(VM_EXIT_TAG_MMIO_READ, PL031_DR, 0), EPOCH + 10);
	now_s = 70;
	assert_int_equal(access_register(VM_EXIT_TAG_MMIO_READ, PL031_DR, 0), EPOCH + 70);
	assert_int_equal(host_device.timer_ns, 0);
}

static void test_alarm(void **unused)
{
	(void)unused;
	(void)access_register(VM_EXIT_TAG_MMIO_WRITE, PL031_IMSC, 1);
	(void)access_register(VM_EXIT_TAG_MMIO_WRITE, PL031_MR, EPOCH + 15);
	assert_int_equal(host_device.timer_ns, 15000000000);
	signalled(SK_SIGNAL_TIMER); /* a timer too early changes nothing and is set again */
	assert_false(host_device.level);
	now_s = 15;
	signalled(SK_SIGNAL_TIMER);
	assert_true(host_device.level);
	(void)access_register(VM_EXIT_TAG_MMIO_WRITE, PL031_ICR, 1);
	assert_false(host_device.level);
}

static void test_restart(void **unused)
{
	(void)unused;
	(void)access_register(VM_EXIT_TAG_MMIO_WRITE, PL031_IMSC, 1);
	(void)access_register(VM_EXIT_TAG_MMIO_WRITE, PL031_LR, 50);
	(void)access_register(VM_EXIT_TAG_MMIO_WRITE, PL031_MR, 60);
	host_device.timer_ns = 0;
	boot_instance();
	assert_int_equal(host_device.timer_ns, 20000000000);
	assert_int_equal(access_register(VM_EXIT_TAG_MMIO_READ, PL031_DR, 0), 50);
	now_s = 99;
	boot_instance(); /* the alarm went by while nobody was there */
	assert_true(host_device.level);
}

static void test_reset(void **unused)
{
	struct sk_caller caller = { .badge = SK_BADGE(DEVICE_INTERFACE, 0), .token = 1 };
	struct sk_msg msg = { .tag = DEVICE_TAG_RESET };

	(void)unused;
	(void)access_register(VM_EXIT_TAG_MMIO_WRITE, PL031_IMSC, 1);
	(void)access_register(VM_EXIT_TAG_MMIO_WRITE, PL031_LR, 50);
	(void)access_register(VM_EXIT_TAG_MMIO_WRITE, PL031_MR, 50);
	assert_true(host_device.level);
	assert_true(dispatch(&caller, &msg));
	assert_false(host_device.level);
	assert_int_equal(access_register(VM_EXIT_TAG_MMIO_READ, PL031_DR, 0), EPOCH + 10);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_tells_the_time, boot),
		cmocka_unit_test_setup(test_alarm, boot),
		cmocka_unit_test_setup(test_restart, boot),
		cmocka_unit_test_setup(test_reset, boot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
