/* Trapped system registers: identification, the physical timer, debug registers, and what does not exist. */
#include "fake_port.h"

#include <guest/idreg.h>
#include <guest/sysreg.h>

#define OFFSET 1000u
#define LINE GUEST_LINE_PHYSICAL_TIMER
#define MDSCR SYSREG(2u, 0u, 0u, 2u, 2u)
#define OSLAR SYSREG(2u, 0u, 1u, 0u, 4u)
#define OSLSR SYSREG(2u, 0u, 1u, 1u, 4u)
#define CLAIMSET SYSREG(2u, 0u, 7u, 8u, 6u)
#define CLAIMCLR SYSREG(2u, 0u, 7u, 9u, 6u)

static struct guest guest;

static int set_up(void **state)
{
	(void)state;
	fake_guest(&guest, 2, 32);
	fake.counter = OFFSET;
	assert_int_equal(sysreg_set_counter(&guest, 0), OFFSET);
	for (uint32_t i = 0; i < 2; i++) {
		sysreg_reset(&guest, i);
	}
	fake_forget();
	return 0;
}

static uint64_t get(uint32_t encoding)
{
	uint64_t value = 0x5555;
	assert_int_equal(sysreg_read(&guest, 1, encoding, &value), 0);
	return value;
}

static void set(uint32_t encoding, uint64_t value)
{
	assert_int_equal(sysreg_write(&guest, 1, encoding, value), 0);
}

static void undefined(uint64_t action)
{
	assert_int_equal(action, SK_EXIT_ACTION_UNDEFINED);
}

static void identification_is_a_table(void **state)
{
	uint64_t value;

	(void)state;
	for (uint32_t i = IDREG_FIRST; i < IDREG_END; i++) {
		guest.id[i] = 0x1000 + i;
	}
	for (uint32_t i = IDREG_FIRST; i < IDREG_END; i++) {
		assert_int_equal(get(SYSREG_ID_SPACE | i), 0x1000 + i);
		undefined(sysreg_write(&guest, 1, SYSREG_ID_SPACE | i, 0));
	}
	assert_int_equal(get(SYSREG_MPIDR_EL1), 0x80000001);
	assert_int_equal(sysreg_read(&guest, 0, SYSREG_MPIDR_EL1, &value), 0);
	assert_int_equal(value, 0x80000000);
	undefined(sysreg_write(&guest, 1, SYSREG_MIDR_EL1, 0));
}

static void counter_is_the_guests_own(void **state)
{
	(void)state;
	assert_int_equal(get(SYSREG_CNTPCT_EL0), 0);
	fake.counter = OFFSET + 77;
	assert_int_equal(get(SYSREG_CNTPCT_EL0), 77);
	fake.counter = OFFSET + 1000077; /* a pause in which the machine's counter ran on */
	assert_int_equal(sysreg_set_counter(&guest, 77), OFFSET + 1000000);
	assert_int_equal(get(SYSREG_CNTPCT_EL0), 77);
	undefined(sysreg_write(&guest, 1, SYSREG_CNTPCT_EL0, 0));
}

static void timer_counts_down(void **state)
{
	(void)state;
	set(SYSREG_CNTP_TVAL_EL0, 500);
	assert_int_equal(get(SYSREG_CNTP_CVAL_EL0), 500);
	fake.counter += 600;
	assert_int_equal(get(SYSREG_CNTP_TVAL_EL0), 0xffffff9c);
	set(SYSREG_CNTP_TVAL_EL0, 0x12345678ffffffff); /* 32 bits, signed */
	assert_int_equal(get(SYSREG_CNTP_CVAL_EL0), 599);
	assert_int_equal(get(SYSREG_CNTP_CTL_EL0), 0); /* ISTATUS only while it is enabled */
}

static void timer_asks_for_its_deadline(void **state)
{
	(void)state;
	set(SYSREG_CNTP_CVAL_EL0, 500);
	assert_int_equal(fake.deadline[1], UINT64_MAX);
	set(SYSREG_CNTP_CTL_EL0, 1);
	assert_int_equal(fake.deadline[1], OFFSET + 500);
	set(SYSREG_CNTP_CTL_EL0, 3);
	assert_int_equal(fake.deadline[1], UINT64_MAX);
	set(SYSREG_CNTP_CTL_EL0, 1);
	set(SYSREG_CNTP_CVAL_EL0, UINT64_MAX);
	assert_int_equal(fake.deadline[1], UINT64_MAX);
	assert_int_equal(fake.deadline[0], UINT64_MAX);
	assert_int_equal(fake.update_count, 0);
}

static void timer_raises_its_line(void **state)
{
	(void)state;
	set(SYSREG_CNTP_CVAL_EL0, 500);
	set(SYSREG_CNTP_CTL_EL0, 0xfffffff9); /* only ENABLE and IMASK can be written */
	fake.counter = OFFSET + 499;
	sysreg_timer_due(&guest, 1); /* too early: nothing */
	assert_int_equal(fake.update_count, 0);
	fake.counter = OFFSET + 500;
	sysreg_timer_due(&guest, 1);
	assert_int_equal(fake_count(1, LINE, SPACE_LINE_CHANGE_SET_PENDING), 1);
	assert_int_equal(get(SYSREG_CNTP_CTL_EL0), 5);
	set(SYSREG_CNTP_CVAL_EL0, 9000); /* quenched before the guest took it */
	assert_int_equal(fake_count(1, LINE, SPACE_LINE_CHANGE_CLEAR_PENDING), 1);
	assert_int_equal(get(SYSREG_CNTP_CTL_EL0), 1);
	assert_int_equal(fake.deadline[1], OFFSET + 9000);
	set(SYSREG_CNTP_CVAL_EL0, 1); /* in the past: at once */
	assert_int_equal(fake_count(1, LINE, SPACE_LINE_CHANGE_SET_PENDING), 2);
	assert_int_equal(fake.deadline[1], UINT64_MAX);
}

static void timer_line_is_a_level(void **state)
{
	(void)state;
	set(SYSREG_CNTP_CTL_EL0, 1);
	assert_true(sysreg_line_ended(&guest, 1, LINE));
	assert_false(sysreg_line_ended(&guest, 1, LINE - 1));
	assert_false(sysreg_line_ended(&guest, 0, LINE));
	set(SYSREG_CNTP_CTL_EL0, 3);
	assert_false(sysreg_line_ended(&guest, 1, LINE));
	assert_int_equal(get(SYSREG_CNTP_CTL_EL0), 7);
}

static void timer_survives(void **state)
{
	(void)state;
	set(SYSREG_CNTP_CVAL_EL0, 500);
	set(SYSREG_CNTP_CTL_EL0, 1);
	fake.deadline[1] = 0;
	(void)sysreg_set_counter(&guest, 100);
	sysreg_timer_restore(&guest, 1);
	assert_int_equal(fake.deadline[1], OFFSET + 400);
}

static void debug_registers_are_kept(void **state)
{
	(void)state;
	for (uint32_t n = 0; n < 2; n++) {
		set(SYSREG(2u, 0u, 0u, n, 4u), 0x123456789abcdef0 + n);
		set(SYSREG(2u, 0u, 0u, n, 5u), 0xffffffff000001e5);
		set(SYSREG(2u, 0u, 0u, n, 6u), 0xfedcba9876543210 + n);
		set(SYSREG(2u, 0u, 0u, n, 7u), n + 1);
	}
	for (uint32_t n = 0; n < 2; n++) {
		assert_int_equal(get(SYSREG(2u, 0u, 0u, n, 4u)), 0x123456789abcdef0 + n);
		assert_int_equal(get(SYSREG(2u, 0u, 0u, n, 5u)), 0x1e5);
		assert_int_equal(get(SYSREG(2u, 0u, 0u, n, 6u)), 0xfedcba9876543210 + n);
		assert_int_equal(get(SYSREG(2u, 0u, 0u, n, 7u)), n + 1);
	}
	uint64_t value;
	undefined(sysreg_read(&guest, 1, SYSREG(2u, 0u, 0u, 2u, 4u), &value)); /* there are only two */
	set(MDSCR, 0xffffffff);
	assert_int_equal(get(MDSCR) & (1u << 15 | 1u << 13 | 1u), 0); /* debug exceptions can't be switched on */
	assert_int_equal(sysreg_read(&guest, 0, MDSCR, &value), 0);
	assert_int_equal(value, 0); /* the other vCPU's is its own */
}

static void os_lock(void **state)
{
	(void)state;
	assert_int_equal(get(OSLSR), 0xa);
	set(OSLAR, 0);
	assert_int_equal(get(OSLSR), 8);
	set(OSLAR, 0xffffffffffffffff);
	assert_int_equal(get(OSLSR), 0xa);
	uint64_t value;
	undefined(sysreg_read(&guest, 1, OSLAR, &value));
	undefined(sysreg_write(&guest, 1, OSLSR, 0));
}

static void claim_tags(void **state)
{
	(void)state;
	assert_int_equal(get(CLAIMSET), 0xff);
	set(CLAIMSET, 0xfff5);
	assert_int_equal(get(CLAIMCLR), 0xf5);
	set(CLAIMCLR, 0x0f);
	assert_int_equal(get(CLAIMCLR), 0xf0);
}

static void performance_monitors_are_inert(void **state)
{
	static const uint32_t registers[] = {
		SYSREG(3u, 3u, 9u, 12u, 0u), SYSREG(3u, 3u, 9u, 13u, 0u), SYSREG(3u, 3u, 9u, 14u, 0u),
		SYSREG(3u, 0u, 9u, 14u, 1u), SYSREG(3u, 3u, 14u, 8u, 0u), SYSREG(3u, 3u, 14u, 15u, 7u),
	};

	(void)state;
	for (uint32_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++) {
		set(registers[i], UINT64_MAX);
		assert_int_equal(get(registers[i]), 0);
	}
}

static void others(void **state)
{
	uint64_t value;

	(void)state;
	set(SYSREG(1u, 0u, 7u, 6u, 2u), 0); /* DC ISW */
	set(SYSREG(1u, 0u, 7u, 14u, 2u), 0);
	set(SYSREG(3u, 0u, 1u, 0u, 1u), 0x10); /* ACTLR */
	assert_int_equal(get(SYSREG(3u, 0u, 1u, 0u, 1u)), 0x10);
	assert_int_equal(get(SYSREG(3u, 0u, 12u, 12u, 5u)), 7); /* ICC_SRE_EL1 */
	set(SYSREG(3u, 0u, 12u, 12u, 5u), 0);
	assert_int_equal(get(SYSREG(3u, 0u, 12u, 12u, 5u)), 7);
	undefined(sysreg_read(&guest, 1, SYSREG_ICC_SGI1R_EL1, &value));
	assert_int_equal(get(SYSREG(3u, 1u, 11u, 0u, 2u)), 0); /* L2CTLR_EL1 */
	assert_int_equal(fake.logged, 0);
}

/* Undefined on the guest's CPU as well, and worth one line of the log. */
static void unknown_registers_are_undefined(void **state)
{
	static const uint32_t unknown[] = {
		SYSREG(3u, 0u, 1u, 2u, 0u) /* ZCR */, SYSREG(3u, 0u, 2u, 1u, 0u) /* APIAKeyLo */,
		SYSREG(3u, 0u, 5u, 3u, 0u) /* ERRIDR */, SYSREG(3u, 0u, 10u, 4u, 0u) /* LORSA */,
		SYSREG(3u, 0u, 9u, 9u, 0u) /* PMSCR */, SYSREG(3u, 0u, 11u, 7u, 5u), SYSREG(3u, 7u, 15u, 15u, 7u),
		SYSREG(3u, 4u, 1u, 1u, 0u) /* HCR_EL2 */, 0, 0xffff, UINT32_MAX,
	};
	uint64_t value = 1;

	(void)state;
	for (uint32_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		undefined(sysreg_read(&guest, 1, unknown[i], &value));
		assert_int_equal(value, 0);
		undefined(sysreg_write(&guest, 1, unknown[i], 1));
	}
	assert_int_equal(fake.logged, 1);
}

static void every_encoding_has_an_answer(void **state)
{
	(void)state;
	for (uint32_t encoding = 0; encoding <= UINT16_MAX; encoding++) {
		uint64_t value;
		uint64_t action = sysreg_read(&guest, 1, encoding, &value);
		assert_true(action == 0 || action == SK_EXIT_ACTION_UNDEFINED);
		action = sysreg_write(&guest, 1, encoding, UINT64_MAX);
		assert_true(action == 0 || action == SK_EXIT_ACTION_UNDEFINED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(identification_is_a_table, set_up),
		cmocka_unit_test_setup(counter_is_the_guests_own, set_up),
		cmocka_unit_test_setup(timer_counts_down, set_up),
		cmocka_unit_test_setup(timer_asks_for_its_deadline, set_up),
		cmocka_unit_test_setup(timer_raises_its_line, set_up),
		cmocka_unit_test_setup(timer_line_is_a_level, set_up),
		cmocka_unit_test_setup(timer_survives, set_up),
		cmocka_unit_test_setup(debug_registers_are_kept, set_up),
		cmocka_unit_test_setup(os_lock, set_up),
		cmocka_unit_test_setup(claim_tags, set_up),
		cmocka_unit_test_setup(performance_monitors_are_inert, set_up),
		cmocka_unit_test_setup(others, set_up),
		cmocka_unit_test_setup(unknown_registers_are_undefined, set_up),
		cmocka_unit_test_setup(every_encoding_has_an_answer, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
