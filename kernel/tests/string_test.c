/*
 * The kernel's own memcpy and memset, under other names (see the build):
 * at every alignment, no byte more and no byte less.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

void *kernel_memcpy(void *restrict target, const void *restrict source, size_t bytes);
void *kernel_memset(void *target, int value, size_t bytes);

static _Alignas(8) uint8_t from[192];
static _Alignas(8) uint8_t to[192];

static void check(size_t at, size_t bytes, size_t source, int value)
{
	for (size_t i = 0; i < sizeof to; i++) {
		uint8_t wanted = 0xee;
		if (i >= at && i < at + bytes) {
			wanted = value >= 0 ? (uint8_t)value : from[source + i - at];
		}
		assert_int_equal(to[i], wanted);
	}
}

static void fresh(void)
{
	for (size_t i = 0; i < sizeof to; i++) {
		to[i] = 0xee;
		from[i] = (uint8_t)(i * 7u + 1u);
	}
}

static void every_alignment_and_length(void **state)
{
	(void)state;
	for (size_t target = 0; target < 9; target++) {
		for (size_t bytes = 0; bytes < 180; bytes += bytes < 40 ? 1 : 23) {
			for (size_t source = 0; source < 9; source++) {
				fresh();
				assert_ptr_equal(kernel_memcpy(to + target, from + source, bytes), to + target);
				check(target, bytes, source, -1);
			}
			fresh();
			assert_ptr_equal(kernel_memset(to + target, 0x1a5, bytes), to + target);
			check(target, bytes, 0, 0xa5);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_alignment_and_length),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
