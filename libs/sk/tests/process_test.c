/*
 * The start page: what is refused, and look-ups.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <sk/process.h>

static struct sk_start page;

uint64_t sk_counter(void)
{
	return 125;
}

static int make_page(void **state)
{
	static const char args[] = "verbose\0size=4096\0base=0x1F\0bad=12x\0huge=18446744073709551616\0size=1\0empty=";

	(void)state;
	page = (struct sk_start){
		.magic = SK_START_MAGIC,
		.threads = 2,
		.counter_hz = 62500000,
		.cap_count = 3,
		.region_count = 2,
		.name = "tester",
		.caps = { { "console", 17, 5 }, { "console", 18, 6 }, { "sched", 20, 5 } },
		.regions = { { .name = "heap", .address = 0x10000000, .bytes = 65536 },
			     { .name = "log", .address = 0x10020000, .bytes = 4096 } },
	};
	memcpy(page.args, args, sizeof(args));
	assert_true(sk_process_adopt(&page));
	return 0;
}

static void test_refuses_what_is_no_start_page(void **state)
{
	struct sk_start bad;

	(void)state;
	assert_false(sk_process_adopt(NULL));
	bad = page;
	bad.magic ^= 1;
	assert_false(sk_process_adopt(&bad));
	bad = page;
	bad.counter_hz = 0;
	assert_false(sk_process_adopt(&bad));
	bad = page;
	bad.cap_count = SK_START_CAPS + 1;
	assert_false(sk_process_adopt(&bad));
	bad = page;
	bad.region_count = SK_START_REGIONS + 1;
	assert_false(sk_process_adopt(&bad));
	bad = page;
	bad.threads = SK_MAX_CORES + 1;
	assert_false(sk_process_adopt(&bad));
	bad = page;
	memset(bad.caps[1].name, 'x', SK_NAME_BYTES);
	assert_false(sk_process_adopt(&bad));
	bad = page;
	memset(bad.regions[1].name, 'x', SK_NAME_BYTES);
	assert_false(sk_process_adopt(&bad));
	bad = page;
	bad.args[SK_START_ARGS_BYTES - 1] = 'x';
	assert_false(sk_process_adopt(&bad));
	assert_ptr_equal(sk_start(), &page);
}

static void test_finds_capabilities(void **state)
{
	(void)state;
	assert_int_equal(sk_cap_named("console"), 17);
	assert_int_equal(sk_cap_named_of_type("console", 6), 18);
	assert_int_equal(sk_cap_named("sched"), 20);
	assert_int_equal(sk_cap_named("sche"), SK_CAP_NONE);
	assert_int_equal(sk_cap_named_of_type("sched", 6), SK_CAP_NONE);
}

static void test_finds_regions(void **state)
{
	(void)state;
	assert_int_equal(sk_region_named("log")->address, 0x10020000);
	assert_null(sk_region_named("persistent"));
}

static void test_finds_arguments(void **state)
{
	(void)state;
	assert_string_equal(sk_argument("verbose"), "");
	assert_string_equal(sk_argument("size"), "4096");
	assert_string_equal(sk_argument("empty"), "");
	assert_null(sk_argument("siz"));
	assert_null(sk_argument("sized"));
	assert_null(sk_argument("4096"));
}

static void test_reads_numbers(void **state)
{
	(void)state;
	assert_int_equal(sk_argument_number("size", 7), 4096);
	assert_int_equal(sk_argument_number("base", 7), 31);
	assert_int_equal(sk_argument_number("bad", 7), 7);
	assert_int_equal(sk_argument_number("huge", 7), 7);
	assert_int_equal(sk_argument_number("empty", 7), 7);
	assert_int_equal(sk_argument_number("absent", 7), 7);
}

static void test_lists_arguments_to_the_end_of_the_field(void **state)
{
	struct sk_start full = page;
	unsigned count = 0;

	(void)state;
	memset(full.args, 'a', sizeof(full.args));
	full.args[200] = '\0';
	full.args[SK_START_ARGS_BYTES - 1] = '\0';
	assert_true(sk_process_adopt(&full));
	for (const char *arg = sk_argument_next(NULL); arg != NULL; arg = sk_argument_next(arg)) {
		count++;
	}
	assert_int_equal(count, 2);
	memset(full.args, 0, sizeof(full.args));
	assert_null(sk_argument_next(NULL));
}

static void test_counts_time(void **state)
{
	(void)state;
	assert_int_equal(sk_now_ns(), 2000);
	assert_int_equal(sk_ticks_to_ns(62500000ull * 86400 * 365), 1000000000ull * 86400 * 365);
	page.counter_hz = 24000000;
	assert_true(sk_process_adopt(&page));
	assert_in_range(sk_ticks_to_ns(24000000ull * 3600), 3600ull * 1000000000 - 100, 3600ull * 1000000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_refuses_what_is_no_start_page, make_page),
		cmocka_unit_test_setup(test_finds_capabilities, make_page),
		cmocka_unit_test_setup(test_finds_regions, make_page),
		cmocka_unit_test_setup(test_finds_arguments, make_page),
		cmocka_unit_test_setup(test_reads_numbers, make_page),
		cmocka_unit_test_setup(test_lists_arguments_to_the_end_of_the_field, make_page),
		cmocka_unit_test_setup(test_counts_time, make_page),
	};

	return cmocka_run_group_tests_name("sk_process", tests, NULL, NULL);
}
