/*
 * The heap's pages: nothing handed out twice, everything given back is found again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pages.h"

enum { ALL = 200, USABLE = ALL - 1 };

static _Alignas(PAGES_BYTES) uint8_t memory[ALL * PAGES_BYTES];
static struct pages pages;

static int open_pages(void **state)
{
	(void)state;
	memset(memory, 0xa5, sizeof(memory));
	pages_open(&pages, memory, sizeof(memory));
	return 0;
}

static void test_gives_every_page_once(void **state)
{
	(void)state;
	for (unsigned i = 0; i < USABLE; i++) {
		uint8_t *page = pages_take(&pages, 1);

		assert_ptr_equal(page, memory + (i + 1) * PAGES_BYTES);
		assert_int_equal(page[0] | page[PAGES_BYTES - 1], 0);
		memset(page, 0xff, PAGES_BYTES);
	}
	assert_null(pages_take(&pages, 1));
	assert_int_equal(pages.free, 0);
}

static void test_finds_a_gap_that_fits(void **state)
{
	uint8_t *first = pages_take(&pages, 10);
	uint8_t *second = pages_take(&pages, 70);
	uint8_t *third = pages_take(&pages, 100);

	(void)state;
	assert_true(pages_give(&pages, first, 10));
	assert_null(pages_take(&pages, 71));
	assert_true(pages_give(&pages, second + 60 * PAGES_BYTES, 10));
	assert_ptr_equal(pages_take(&pages, 10), first);
	assert_ptr_equal(pages_take(&pages, 10), second + 60 * PAGES_BYTES);
	assert_ptr_equal(pages_take(&pages, 19), third + 100 * PAGES_BYTES);
	assert_null(pages_take(&pages, 1));
}

static void test_reused_pages_are_zero(void **state)
{
	uint8_t *page = pages_take(&pages, 2);

	(void)state;
	memset(page, 0xff, 2 * PAGES_BYTES);
	assert_true(pages_give(&pages, page, 2));
	assert_ptr_equal(pages_take(&pages, 2), page);
	for (unsigned i = 0; i < 2 * PAGES_BYTES; i++) {
		assert_int_equal(page[i], 0);
	}
}

static void test_refuses_what_was_not_taken(void **state)
{
	uint8_t *run = pages_take(&pages, 4);

	(void)state;
	assert_false(pages_give(&pages, memory, 1)); /* the bitmap */
	assert_false(pages_give(&pages, run + 1, 1));
	assert_false(pages_give(&pages, run, 5));
	assert_false(pages_give(&pages, run, 0));
	assert_false(pages_give(&pages, run, SIZE_MAX));
	assert_false(pages_give(&pages, memory + sizeof(memory), 1));
	assert_false(pages_give(&pages, NULL, 1));
	assert_true(pages_give(&pages, run, 4));
	assert_false(pages_give(&pages, run, 4));
	assert_int_equal(pages.free, USABLE);
}

static void test_refuses_impossible_sizes(void **state)
{
	(void)state;
	assert_null(pages_take(&pages, 0));
	assert_null(pages_take(&pages, USABLE + 1));
	assert_null(pages_take(&pages, SIZE_MAX));
	assert_non_null(pages_take(&pages, USABLE));
}

static void test_too_little_memory_has_no_pages(void **state)
{
	struct pages none;

	(void)state;
	pages_open(&none, memory, PAGES_BYTES);
	assert_null(pages_take(&none, 1));
	assert_false(pages_give(&none, memory, 1));
	pages_open(&none, memory, 0);
	assert_null(pages_take(&none, 1));
}

/* Against a plain model: an owner for each page. */
static void test_many_operations_agree_with_a_model(void **state)
{
	static uint16_t owner[USABLE];
	static size_t length[USABLE];
	uint32_t random = 12345;

	(void)state;
	for (unsigned step = 1; step < 20000; step++) {
		random = random * 1664525 + 1013904223;
		size_t at = (random >> 8) % USABLE;
		if (length[at] != 0) {
			assert_true(pages_give(&pages, pages.base + at * PAGES_BYTES, length[at]));
			for (size_t i = at; i < at + length[at]; i++) {
				owner[i] = 0;
			}
			length[at] = 0;
			continue;
		}

		size_t count = (random >> 20) % 12 + 1;
		uint8_t *run = pages_take(&pages, count);

		if (run == NULL) {
			continue;
		}

		size_t first = (size_t)(run - pages.base) / PAGES_BYTES;

		for (size_t i = first; i < first + count; i++) {
			assert_int_equal(owner[i], 0);
			owner[i] = 1;
		}
		length[first] = count;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_gives_every_page_once, open_pages),
		cmocka_unit_test_setup(test_finds_a_gap_that_fits, open_pages),
		cmocka_unit_test_setup(test_reused_pages_are_zero, open_pages),
		cmocka_unit_test_setup(test_refuses_what_was_not_taken, open_pages),
		cmocka_unit_test_setup(test_refuses_impossible_sizes, open_pages),
		cmocka_unit_test_setup(test_too_little_memory_has_no_pages, open_pages),
		cmocka_unit_test_setup(test_many_operations_agree_with_a_model, open_pages),
	};

	return cmocka_run_group_tests_name("port_pages", tests, NULL, NULL);
}
