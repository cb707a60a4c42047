/* The server around the PL031's model: its alarm through the scheduler, its line, and a restart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define main rtc_main
int rtc_main(void);
#include "../main.c"
#undef main

#define VIRQ 5u
#define SCHED 6u
#define EPOCH 1000u

static struct sk_start start;
static _Alignas(8) uint8_t persistent[SK_PAGE_BYTES];
static jmp_buf served;
static uint64_t now_s;
static uint64_t timer_ns;
static bool level;

sk_status_t sk_call(sk_cap_t to, struct sk_msg *msg)
{
	if (to == VIRQ) {
		assert_int_equal(msg->tag & SK_TAG_METHOD_MASK, VIRQ_TAG_SET_LEVEL);
		level = msg->w[0] != 0;
	} else {
		assert_int_equal(to, SCHED);
		assert_int_equal(msg->tag & SK_TAG_METHOD_MASK, TIMERS_TAG_SET);
		timer_ns = msg->w[0];
	}
	*msg = (struct sk_msg){ .tag = SK_OK };
	return SK_OK;
}

uint64_t sk_counter(void)
{
	return now_s * 1000000000u;
}

void sk_server_run(void)
{
	longjmp(served, 1);
}

uint64_t sk_wait(uint32_t slot, struct sk_msg *msg, struct sk_caller *caller)
{
	(void)slot;
	(void)msg;
	(void)caller;
	return (uint64_t)SK_BAD_CAP;
}

uint64_t sk_reply_wait(uint64_t to, struct sk_msg *msg, struct sk_caller *caller)
{
	(void)to;
	return sk_wait(0, msg, caller);
}

void sk_exit(int code, const char *why)
{
	fail_msg("exit %d: %s", code, why);
	longjmp(served, 2);
}

static void boot_instance(void)
{
	memset(&rtc, 0, sizeof(rtc));
	if (setjmp(served) == 0) {
		(void)rtc_main();
		fail_msg("main came back");
	}
}

static int boot(void **unused)
{
	(void)unused;
	memset(persistent, 0, sizeof(persistent));
	memset(&start, 0, sizeof(start));
	start.magic = SK_START_MAGIC;
	start.threads = 1;
	start.counter_hz = 1000000000;
	(void)strcpy(start.args, "epoch=1000");
	start.region_count = 1;
	start.regions[0] = (struct sk_start_region){ "persistent", (uintptr_t)persistent, sizeof(persistent), 0, 0 };
	start.cap_count = 2;
	start.caps[0] = (struct sk_start_cap){ "virq", VIRQ, SK_OBJECT_TYPE_VIRQ };
	start.caps[1] = (struct sk_start_cap){ "sched", SCHED, SK_OBJECT_TYPE_ENDPOINT };
	assert_true(sk_process_adopt(&start));
	now_s = 10;
	timer_ns = 0;
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
	assert_int_equal(timer_ns, 0);
}

static void test_alarm(void **unused)
{
	(void)unused;
	(void)access_register(VM_EXIT_TAG_MMIO_WRITE, PL031_IMSC, 1);
	(void)access_register(VM_EXIT_TAG_MMIO_WRITE, PL031_MR, EPOCH + 15);
	assert_int_equal(timer_ns, 15000000000);
	signalled(SK_SIGNAL_TIMER); /* a timer too early changes nothing and is set again */
	assert_false(level);
	now_s = 15;
	signalled(SK_SIGNAL_TIMER);
	assert_true(level);
	(void)access_register(VM_EXIT_TAG_MMIO_WRITE, PL031_ICR, 1);
	assert_false(level);
}

static void test_restart(void **unused)
{
	(void)unused;
	(void)access_register(VM_EXIT_TAG_MMIO_WRITE, PL031_IMSC, 1);
	(void)access_register(VM_EXIT_TAG_MMIO_WRITE, PL031_LR, 50);
	(void)access_register(VM_EXIT_TAG_MMIO_WRITE, PL031_MR, 60);
	timer_ns = 0;
	boot_instance();
	assert_int_equal(timer_ns, 20000000000);
	assert_int_equal(access_register(VM_EXIT_TAG_MMIO_READ, PL031_DR, 0), 50);
	now_s = 99;
	boot_instance(); /* the alarm went by while nobody was there */
	assert_true(level);
}

static void test_reset(void **unused)
{
	struct sk_caller caller = { .badge = SK_BADGE(DEVICE_INTERFACE, 0), .token = 1 };
	struct sk_msg msg = { .tag = DEVICE_TAG_RESET };

	(void)unused;
	(void)access_register(VM_EXIT_TAG_MMIO_WRITE, PL031_IMSC, 1);
	(void)access_register(VM_EXIT_TAG_MMIO_WRITE, PL031_LR, 50);
	(void)access_register(VM_EXIT_TAG_MMIO_WRITE, PL031_MR, 50);
	assert_true(level);
	assert_true(dispatch(&caller, &msg));
	assert_false(level);
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
