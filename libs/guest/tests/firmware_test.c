/* SMCCC discovery, the CPU's workarounds, TRNG, and the calls of our own. */
#include "fake_port.h"

#include <guest/firmware.h>
#include <guest/idreg.h>

#define MIDR IDREG_INDEX(0u, 0u)
#define CORTEX_A53 0x410fd034u
#define CORTEX_A72 0x410fd083u
#define CORTEX_A76 0x414fd0b1u

static struct guest guest;
static struct firmware_answer answer;

static int set_up(void **state)
{
	(void)state;
	fake_guest(&guest, 1, 32);
	guest.id[MIDR] = CORTEX_A72;
	return 0;
}

static uint64_t call(uint32_t function, uint64_t a1)
{
	struct firmware_call request = { .function = function, .argument = { a1 } };

	firmware_serve(&guest, &request, &answer);
	assert_int_equal(answer.action, 0);
	assert_int_equal(answer.request, FIRMWARE_NOTHING);
	return answer.x[0];
}

static void discovery(void **state)
{
	(void)state;
	assert_int_equal(call(FIRMWARE_SMCCC_VERSION, 0), 0x10001);
	assert_int_equal(call(FIRMWARE_SMCCC_FEATURES, FIRMWARE_SMCCC_VERSION), 0);
	assert_int_equal(call(FIRMWARE_SMCCC_FEATURES, FIRMWARE_SMCCC_FEATURES), 0);
	assert_int_equal(call(FIRMWARE_SMCCC_FEATURES, 0x80000002), FIRMWARE_NOT_SUPPORTED);
	assert_int_equal(call(FIRMWARE_SMCCC_FEATURES, 0), FIRMWARE_NOT_SUPPORTED);
}

/* Never "call it": there is nothing behind the call. */
static void workarounds(void **state)
{
	(void)state;
	assert_int_equal(call(FIRMWARE_SMCCC_FEATURES, FIRMWARE_WORKAROUND_1), FIRMWARE_NOT_SUPPORTED);
	assert_int_equal(call(FIRMWARE_SMCCC_FEATURES, FIRMWARE_WORKAROUND_2), FIRMWARE_NOT_SUPPORTED);
	assert_int_equal(call(FIRMWARE_SMCCC_FEATURES, FIRMWARE_WORKAROUND_3), FIRMWARE_NOT_SUPPORTED);
	assert_int_equal(call(FIRMWARE_WORKAROUND_1, 0), FIRMWARE_NOT_SUPPORTED);
	guest.id[MIDR] = CORTEX_A53;
	assert_int_equal(call(FIRMWARE_SMCCC_FEATURES, FIRMWARE_WORKAROUND_1), 1);
	assert_int_equal(call(FIRMWARE_SMCCC_FEATURES, FIRMWARE_WORKAROUND_2), FIRMWARE_NOT_REQUIRED);
	assert_int_equal(call(FIRMWARE_SMCCC_FEATURES, FIRMWARE_WORKAROUND_3), 1);
	assert_int_equal(call(FIRMWARE_WORKAROUND_1, 0), 0);
	guest.id[MIDR] = CORTEX_A76;
	guest.id[IDREG_AA64PFR0] = 1ull << 56;
	guest.id[IDREG_AA64PFR1] = 1ull << 4;
	assert_int_equal(call(FIRMWARE_SMCCC_FEATURES, FIRMWARE_WORKAROUND_1), 1);
	assert_int_equal(call(FIRMWARE_SMCCC_FEATURES, FIRMWARE_WORKAROUND_2), FIRMWARE_NOT_REQUIRED);
	assert_int_equal(call(FIRMWARE_SMCCC_FEATURES, FIRMWARE_WORKAROUND_3), FIRMWARE_NOT_SUPPORTED);
}

static void trng_absent(void **state)
{
	(void)state;
	fake.no_entropy = true;
	assert_int_equal(call(FIRMWARE_TRNG_VERSION, 0), FIRMWARE_NOT_SUPPORTED);
	assert_int_equal(call(FIRMWARE_TRNG_RND, 32), FIRMWARE_NOT_SUPPORTED);
}

static void trng_widths(void **state)
{
	(void)state;
	assert_int_equal(call(FIRMWARE_TRNG_VERSION, 0), 0x10000);
	assert_int_equal(call(FIRMWARE_TRNG_FEATURES, FIRMWARE_TRNG_RND), 0);
	assert_int_equal(call(FIRMWARE_TRNG_FEATURES, FIRMWARE_TRNG_RND | FIRMWARE_64), 0);
	assert_int_equal(call(FIRMWARE_TRNG_FEATURES, 0x84000054), FIRMWARE_NOT_SUPPORTED);
	(void)call(FIRMWARE_TRNG_UUID, 0);
	assert_int_equal(answer.count, 4);
	assert_int_equal(call(FIRMWARE_TRNG_RND, 40), 0);
	assert_int_equal(answer.count, 4);
	assert_int_equal(answer.x[3], 0xffffffff);
	assert_int_equal(answer.x[2], 0xff);
	assert_int_equal(answer.x[1], 0);
	assert_int_equal(call(FIRMWARE_TRNG_RND, 96), 0);
	assert_int_equal(answer.x[1], 0xffffffff);
	assert_int_equal(call(FIRMWARE_TRNG_RND, 97), FIRMWARE_TRNG_INVALID);
	assert_int_equal(call(FIRMWARE_TRNG_RND, 0), FIRMWARE_TRNG_INVALID);
	assert_int_equal(call(FIRMWARE_TRNG_RND | FIRMWARE_64, 65), 0);
	assert_true(answer.x[3] == UINT64_MAX && answer.x[2] == 1 && answer.x[1] == 0);
	assert_int_equal(call(FIRMWARE_TRNG_RND | FIRMWARE_64, 193), FIRMWARE_TRNG_INVALID);
	assert_int_equal(call(FIRMWARE_TRNG_RND | FIRMWARE_64, UINT64_MAX), FIRMWARE_TRNG_INVALID);
}

static void own_calls(void **state)
{
	(void)state;
	assert_int_equal(call(FIRMWARE_SKINK_VERSION, 0), FIRMWARE_SKINK_VERSION_VALUE);
	assert_int_equal(call(FIRMWARE_SKINK_PUTC, 'h'), 0);
	assert_int_equal(call(FIRMWARE_SKINK_PUTC, 'i'), 0);
	assert_string_equal(fake.text, "hi");
	assert_int_equal((int32_t)call(FIRMWARE_HYPERVISOR_UID, 0), 0x4e494b53);
	assert_int_equal(answer.count, 4);
}

static void everything_else_is_refused(void **state)
{
	static const uint32_t unknown[] = {
		0, 1, 0x7fffffff, 0x80000003, 0x81000000, 0x82000001, 0x83000000, 0x84000020, 0x85000000, 0x86000000,
		0xc600ffff, 0xc6000002, 0xb2000000, 0xbf00ff01, 0xffffffff, 0x04000000 /* yielding */,
	};

	(void)state;
	for (uint32_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		assert_int_equal(call(unknown[i], 0), FIRMWARE_NOT_SUPPORTED);
		assert_int_equal(answer.count, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(discovery, set_up),
		cmocka_unit_test_setup(workarounds, set_up),
		cmocka_unit_test_setup(trng_absent, set_up),
		cmocka_unit_test_setup(trng_widths, set_up),
		cmocka_unit_test_setup(own_calls, set_up),
		cmocka_unit_test_setup(everything_else_is_refused, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
