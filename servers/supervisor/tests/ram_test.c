/* The RAM allocator over split and merge: alignment, coalescing, and failing without a trace. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <sk/boot.h>

#include "../ram.h"
#include "../slots.h"
#include "fake_kernel.h"

static int begin(void **state)
{
	(void)state;
	fake_boot("", 1, NULL, 0);
	slots_init(SK_BOOT_SLOT_DEVICES);
	ram_init();
	return ram_adopt(SK_BOOT_SLOT_RAM) == SK_OK ? 0 : -1;
}

static uint64_t free_bytes(void)
{
	struct ram_totals totals;

	ram_totals(&totals);
	return totals.free_bytes;
}

static void sizes_are_rounded_to_pages(void **state)
{
	struct ram_range range;

	(void)state;
	assert_int_equal(ram_take(1, SK_PAGE_BYTES, &range), SK_OK);
	assert_int_equal(range.bytes, SK_PAGE_BYTES);
	assert_int_equal(fake_at(range.memory)->bytes, SK_PAGE_BYTES);
	assert_int_equal(free_bytes(), FAKE_RAM_BYTES - SK_PAGE_BYTES);
}

static void alignment_is_kept(void **state)
{
	struct ram_range page;
	struct ram_range block;

	(void)state;
	assert_int_equal(ram_take(SK_PAGE_BYTES, SK_PAGE_BYTES, &page), SK_OK);
	assert_int_equal(ram_take(2 * RAM_BLOCK_BYTES, RAM_BLOCK_BYTES, &block), SK_OK);
	assert_int_equal(block.base % RAM_BLOCK_BYTES, 0);
	assert_int_equal(fake_at(block.memory)->base, block.base);
}

static void what_comes_back_is_whole_again(void **state)
{
	struct ram_range ranges[16];
	uint32_t slots = slots_used();

	(void)state;
	for (uint32_t i = 0; i < 16; i++) {
		assert_int_equal(ram_take((i + 1) * SK_PAGE_BYTES, i % 3 == 0 ? RAM_BLOCK_BYTES : SK_PAGE_BYTES,
					  &ranges[i]), SK_OK);
	}
	for (uint32_t i = 0; i < 16; i++) {
		assert_int_equal(ram_give(&ranges[i * 7 % 16]), SK_OK);
	}

	struct ram_totals totals;

	ram_totals(&totals);
	assert_int_equal(totals.largest_bytes, FAKE_RAM_BYTES);
	assert_int_equal(slots_used(), slots);
}

static void ranges_never_overlap(void **state)
{
	struct ram_range ranges[40] = { 0 };

	(void)state;
	srand(7);
	for (uint32_t round = 0; round < 2000; round++) {
		struct ram_range *range = &ranges[(uint32_t)rand() % 40];

		if (range->memory != SK_CAP_NONE) {
			assert_int_equal(ram_give(range), SK_OK);
			range->memory = SK_CAP_NONE;
		} else if (fake.object_count < 2000) {
			assert_int_equal(ram_take((1 + (uint64_t)rand() % 64) * SK_PAGE_BYTES,
						  rand() % 4 == 0 ? RAM_BLOCK_BYTES : SK_PAGE_BYTES, range), SK_OK);
		}
	}
	for (uint32_t i = 0; i < 40; i++) {
		for (uint32_t j = 0; j < i && ranges[i].memory != SK_CAP_NONE; j++) {
			assert_true(ranges[j].memory == SK_CAP_NONE ||
				    ranges[i].base >= ranges[j].base + ranges[j].bytes ||
				    ranges[j].base >= ranges[i].base + ranges[i].bytes);
		}
	}
}

static void too_much_is_refused(void **state)
{
	struct ram_range range;

	(void)state;
	assert_int_equal(ram_take(FAKE_RAM_BYTES + 1, SK_PAGE_BYTES, &range), SK_NO_MEMORY);
	assert_int_equal(ram_take(UINT64_MAX, SK_PAGE_BYTES, &range), SK_BAD_ARG);
	assert_int_equal(ram_take(0, SK_PAGE_BYTES, &range), SK_BAD_ARG);
	assert_int_equal(ram_take(1, 3 * SK_PAGE_BYTES, &range), SK_BAD_ARG);
	assert_int_equal(free_bytes(), FAKE_RAM_BYTES);
}

static void without_slots_nothing_changes(void **state)
{
	struct ram_range range;

	(void)state;
	while (slots_take() != SK_CAP_NONE) {
	}
	assert_int_equal(ram_take(SK_PAGE_BYTES, SK_PAGE_BYTES, &range), SK_NO_SLOT);
	assert_int_equal(free_bytes(), FAKE_RAM_BYTES);
	slots_give(SK_CAP_SLOTS);
	assert_int_equal(ram_take(SK_PAGE_BYTES, SK_PAGE_BYTES, &range), SK_OK);
	assert_int_equal(slots_take(), SK_CAP_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(sizes_are_rounded_to_pages, begin),
		cmocka_unit_test_setup(alignment_is_kept, begin),
		cmocka_unit_test_setup(what_comes_back_is_whole_again, begin),
		cmocka_unit_test_setup(ranges_never_overlap, begin),
		cmocka_unit_test_setup(too_much_is_refused, begin),
		cmocka_unit_test_setup(without_slots_nothing_changes, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
