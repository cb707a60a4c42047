/*
 * The block function against RFC 8439's vector; of the generator, what it promises.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <random/arch/hardware.h>
#include <random/chacha20.h>
#include <random/drbg.h>

/* RFC 8439, section 2.3.2. */
static void test_block(void **unused)
{
	static const uint8_t expected[sizeof(uint32_t) * CHACHA20_BLOCK_WORDS] = {
		0x10, 0xf1, 0xe7, 0xe4, 0xd1, 0x3b, 0x59, 0x15, 0x50, 0x0f, 0xdd, 0x1f, 0xa3, 0x20, 0x71, 0xc4,
		0xc7, 0xd1, 0xf4, 0xc7, 0x33, 0xc0, 0x68, 0x03, 0x04, 0x22, 0xaa, 0x9a, 0xc3, 0xd4, 0x6c, 0x4e,
		0xd2, 0x82, 0x64, 0x46, 0x07, 0x9f, 0xaa, 0x09, 0x14, 0xc2, 0xd7, 0x05, 0xd9, 0x8b, 0x02, 0xa2,
		0xb5, 0x12, 0x9c, 0xd1, 0xde, 0x16, 0x4e, 0xb9, 0xcb, 0xd0, 0x83, 0xe8, 0xa2, 0x50, 0x3c, 0x4e,
	};
	const uint32_t tail[4] = { 1, 0x09000000, 0x4a000000, 0 };
	uint8_t key_bytes[CHACHA20_KEY_BYTES];
	uint32_t out[CHACHA20_BLOCK_WORDS];
	uint32_t key[8];

	(void)unused;
	for (uint8_t i = 0; i < sizeof(key_bytes); i++) {
		key_bytes[i] = i;
	}
	memcpy(key, key_bytes, sizeof(key));
	chacha20_block(key, tail, out);
	assert_memory_equal(out, expected, sizeof(expected));
}

static void test_same_input_same_output(void **unused)
{
	struct random_drbg one = { 0 };
	struct random_drbg two = { 0 };
	uint8_t a[100];
	uint8_t b[100];

	(void)unused;
	random_drbg_mix(&one, "seed", 4);
	random_drbg_mix(&two, "seed", 4);
	random_drbg_fill(&one, a, sizeof(a));
	random_drbg_fill(&two, b, sizeof(b));
	assert_memory_equal(a, b, sizeof(a));
	random_drbg_fill(&two, b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
}

static void assert_differ(const void *a, size_t a_bytes, const void *b, size_t b_bytes)
{
	struct random_drbg one = { 0 };
	struct random_drbg two = { 0 };
	uint8_t x[32];
	uint8_t y[32];

	random_drbg_mix(&one, a, a_bytes);
	random_drbg_mix(&two, b, b_bytes);
	random_drbg_fill(&one, x, sizeof(x));
	random_drbg_fill(&two, y, sizeof(y));
	assert_memory_not_equal(x, y, sizeof(x));
}

static void test_all_of_the_input_counts(void **unused)
{
	uint8_t a[80];
	uint8_t b[80];

	(void)unused;
	assert_differ("seed", 4, "seee", 4);
	assert_differ("seed\0", 5, "seed", 4);
	memset(a, 7, sizeof(a));
	for (size_t i = 0; i < sizeof(a); i++) {
		memcpy(b, a, sizeof(b));
		b[i] ^= 1;
		assert_differ(a, sizeof(a), b, sizeof(b));
	}
}

/* Lengths are kept to, whatever they are, and no output depends on how it was asked for but by the request. */
static void test_lengths(void **unused)
{
	uint8_t out[200];

	(void)unused;
	for (size_t bytes = 0; bytes <= 190; bytes++) {
		struct random_drbg drbg = { 0 };
		struct random_drbg whole = { 0 };
		uint8_t all[200];

		memset(out, 0xa5, sizeof(out));
		random_drbg_fill(&drbg, out, bytes);
		random_drbg_fill(&whole, all, sizeof(all));
		assert_memory_equal(out, all, bytes);
		for (size_t i = bytes; i < sizeof(out); i++) {
			assert_int_equal(out[i], 0xa5);
		}
		assert_memory_equal(drbg.key, whole.key, sizeof(drbg.key));
	}
}

/* No proof of anything, but a generator that is stuck or lopsided shows. */
static void test_bits_are_balanced(void **unused)
{
	static uint8_t out[1u << 16];
	struct random_drbg drbg = { 0 };
	uint32_t values[256] = { 0 };
	uint32_t ones = 0;

	(void)unused;
	random_drbg_fill(&drbg, out, sizeof(out));
	for (size_t i = 0; i < sizeof(out); i++) {
		values[out[i]]++;
		ones += (uint32_t)__builtin_popcount(out[i]);
	}
	assert_in_range(ones, 4 * sizeof(out) - 2000, 4 * sizeof(out) + 2000);
	for (uint32_t i = 0; i < 256; i++) {
		assert_in_range(values[i], 150, 370);
	}
}

static void test_no_hardware_here(void **unused)
{
	uint64_t value;

	(void)unused;
	assert_false(random_hardware(&value));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_block),
		cmocka_unit_test(test_same_input_same_output),
		cmocka_unit_test(test_all_of_the_input_counts),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_bits_are_balanced),
		cmocka_unit_test(test_no_hardware_here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
