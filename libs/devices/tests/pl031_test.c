/* The guest's PL031, register by register, its alarm, and a restart of its server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <devices/pl031.h>

#define S 1000000000ull
#define EPOCH 1700000000ull

static struct sk_rtc_state state;
static struct pl031 rtc;

static int set_up(void **unused)
{
	(void)unused;
	memset(&state, 0, sizeof(state));
	pl031_open(&rtc, &state, EPOCH);
	return 0;
}

static void test_counts_seconds(void **unused)
{
	(void)unused;
	assert_int_equal(pl031_read(&rtc, PL031_DR, 0), EPOCH);
	assert_int_equal(pl031_read(&rtc, PL031_DR, S - 1), EPOCH);
	assert_int_equal(pl031_read(&rtc, PL031_DR, 3 * S), EPOCH + 3);
	assert_int_equal(pl031_read(&rtc, PL031_CR, 0), 1);
}

static void test_load(void **unused)
{
	(void)unused;
	pl031_write(&rtc, PL031_LR, 1000, 5 * S);
	assert_int_equal(pl031_read(&rtc, PL031_LR, 5 * S), 1000);
	assert_int_equal(pl031_read(&rtc, PL031_DR, 5 * S), 1000);
	assert_int_equal(pl031_read(&rtc, PL031_DR, 15 * S + 1), 1010);
	pl031_write(&rtc, PL031_LR, UINT32_MAX, 20 * S);
	assert_int_equal(pl031_read(&rtc, PL031_DR, 22 * S), 1);
}

static void test_alarm(void **unused)
{
	(void)unused;
	pl031_write(&rtc, PL031_IMSC, 1, 0);
	pl031_write(&rtc, PL031_MR, EPOCH + 10, 3 * S + 7);
	assert_int_equal(pl031_alarm_ns(&rtc), 10 * S);
	pl031_poll(&rtc, 10 * S - 1);
	assert_false(pl031_line(&rtc));
	pl031_poll(&rtc, 10 * S);
	assert_true(pl031_line(&rtc));
	assert_int_equal(pl031_alarm_ns(&rtc), 0);
	assert_int_equal(pl031_read(&rtc, PL031_MIS, 10 * S), 1);
	pl031_write(&rtc, PL031_ICR, 0, 10 * S);
	assert_true(pl031_line(&rtc));
	pl031_write(&rtc, PL031_ICR, 1, 10 * S);
	assert_false(pl031_line(&rtc));
	assert_int_equal(pl031_read(&rtc, PL031_RIS, 10 * S), 0);
}

static void test_alarm_now_and_masked(void **unused)
{
	(void)unused;
	pl031_write(&rtc, PL031_MR, EPOCH, 0);
	assert_int_equal(pl031_read(&rtc, PL031_RIS, 0), 1);
	assert_int_equal(pl031_read(&rtc, PL031_MIS, 0), 0);
	assert_false(pl031_line(&rtc));
	pl031_write(&rtc, PL031_IMSC, UINT32_MAX, 0);
	assert_int_equal(pl031_read(&rtc, PL031_IMSC, 0), 1);
	assert_true(pl031_line(&rtc));
}

static void test_alarm_moves_with_the_time(void **unused)
{
	(void)unused;
	pl031_write(&rtc, PL031_MR, 2000, 0);
	pl031_write(&rtc, PL031_LR, 1990, 100 * S);
	assert_int_equal(pl031_alarm_ns(&rtc), 110 * S);
	pl031_write(&rtc, PL031_MR, 1989, 100 * S); /* just passed: a whole turn of the counter away */
	assert_int_equal(pl031_alarm_ns(&rtc), (100 + 0xffffffffull) * S);
}

static void test_restart(void **unused)
{
	struct pl031 next;

	(void)unused;
	pl031_write(&rtc, PL031_IMSC, 1, 0);
	pl031_write(&rtc, PL031_LR, 500, 1 * S);
	pl031_write(&rtc, PL031_MR, 502, 1 * S);
	pl031_open(&next, &state, EPOCH);
	assert_int_equal(pl031_read(&next, PL031_DR, 2 * S), 501);
	pl031_poll(&next, 9 * S); /* the alarm was due while nobody was there */
	assert_true(pl031_line(&next));
	pl031_reset(&next);
	assert_int_equal(pl031_read(&next, PL031_DR, 0), EPOCH);
	assert_false(pl031_line(&next));
}

static void test_odd_accesses(void **unused)
{
	static const uint8_t expected[8] = { 0x31, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

	(void)unused;
	for (uint32_t i = 0; i < 8; i++) {
		assert_int_equal(pl031_read(&rtc, PL031_PERIPH_ID0 + 4 * i, 0), expected[i]);
	}
	pl031_write(&rtc, PL031_MR + 1, 77, 0);
	pl031_write(&rtc, PL031_DR, 77, 0);
	pl031_write(&rtc, 0x500, 77, 0);
	assert_int_equal(pl031_read(&rtc, PL031_MR, 0), 0);
	assert_int_equal(pl031_read(&rtc, PL031_DR + 2, 0), 0);
	assert_int_equal(pl031_read(&rtc, 0x500, 0), 0);
	pl031_write(&rtc, PL031_CR, 0, 0);
	assert_int_equal(pl031_read(&rtc, PL031_CR, 0), 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_counts_seconds, set_up),
		cmocka_unit_test_setup(test_load, set_up),
		cmocka_unit_test_setup(test_alarm, set_up),
		cmocka_unit_test_setup(test_alarm_now_and_masked, set_up),
		cmocka_unit_test_setup(test_alarm_moves_with_the_time, set_up),
		cmocka_unit_test_setup(test_restart, set_up),
		cmocka_unit_test_setup(test_odd_accesses, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
