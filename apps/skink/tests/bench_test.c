/* Counting source lines, and finding figures in what a system printed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/bench.h"

static uint64_t count(const char *text)
{
	return sloc_text(text, strlen(text));
}

static void test_blank_lines_do_not_count(void **state)
{
	(void)state;
	assert_int_equal(count(""), 0);
	assert_int_equal(count("\n\n  \t\r\n"), 0);
	assert_int_equal(count("int a;\n\n\tint b;\n"), 2);
	assert_int_equal(count("no line end"), 1);
}

static void test_comments_do_not_count(void **state)
{
	(void)state;
	assert_int_equal(count("// a\n  // b\n"), 0);
	assert_int_equal(count("/* a\n * b\n */\n"), 0);
	assert_int_equal(count("/* a */ int b; /* c\n d */\n"), 1);
	assert_int_equal(count("int a; // b\n/**/int c;\n/* * / still */\n"), 2);
	assert_int_equal(count("a /* b\n*/ c\n"), 2);
	assert_int_equal(count("/* open"), 0);
}

static void test_strings_are_no_comments(void **state)
{
	(void)state;
	assert_int_equal(count("\"/*\";\nb;\n\"*/\";\n"), 3);
	assert_int_equal(count("'\"'; /* a\n*/ b;\n"), 2);
	assert_int_equal(count("\"\\\"/*\";\nb;\n"), 2);
	assert_int_equal(count("'\\'' /*\n*/\n"), 1);
	/* An apostrophe of assembly's: it spoils no line but its own. */
	assert_int_equal(count(".ascii it's\n/* a\n*/\n"), 1);
}

static const struct bench_row *row(const char *name)
{
	return bench_row_named(name, strlen(name));
}

static int forget(void **state)
{
	(void)state;
	for (size_t i = 0; i < bench_row_count; i++) {
		bench_rows[i].skink.measured = false;
		bench_rows[i].other[BENCH_BARE].measured = false;
	}
	return 0;
}

static void test_lines_are_found(void **state)
{
	static const char text[] = "# bench: a note\nbench hvc_roundtrip 1 2 30\r\n"
				   "[client] bench ipc_roundtrip 4 5 6\nbench tlbi_per_exit 0.00 0.25 1.50\n"
				   "bench unknown 1 2 3\nbench sgi_self 1 2\nxbench idreg_read 1 2 3\nbench  1 2 3\n";
	(void)state;
	assert_int_equal(bench_lines_take(text, strlen(text), BENCH_SKINK), 3);
	assert_true(row("hvc_roundtrip")->skink.measured);
	assert_true(row("hvc_roundtrip")->skink.max == 30);
	assert_true(row("ipc_roundtrip")->skink.min == 4);
	assert_true(row("tlbi_per_exit")->skink.median == 0.25);
	assert_false(row("sgi_self")->skink.measured);
	assert_false(row("idreg_read")->skink.measured);
}

static void test_the_first_of_two_counts(void **state)
{
	static const char text[] = "bench sgi_self 1 2 3\nbench sgi_self 7 8 9\n";
	(void)state;
	assert_int_equal(bench_lines_take(text, strlen(text), BENCH_SKINK), 2);
	assert_true(row("sgi_self")->skink.median == 2);
}

static void test_long_lines_end(void **state)
{
	char text[1000];
	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\n';
	assert_int_equal(bench_lines_take(text, sizeof(text), BENCH_SKINK), 0);
}

static void test_targets(void **state)
{
	struct bench_row line = { .name = "a", .unit = "b", .target = 10, .aim = BENCH_NO_TARGET, .what = "" };
	(void)state;
	assert_true(bench_row_missed(&line)); /* not measured */
	bench_row_set(&line, BENCH_SKINK, 1, 10, 90);
	assert_false(bench_row_missed(&line));
	bench_row_set(&line, BENCH_SKINK, 1, 10.01, 90);
	assert_true(bench_row_missed(&line));
	line.target = BENCH_NO_TARGET;
	assert_false(bench_row_missed(&line));
	assert_false(bench_row_missed(row("scale_flat"))); /* not measured, as nobody named its part */
}

static void test_numbers_are_short(void **state)
{
	static const struct {
		double value;
		const char *text;
	} cases[] = { { 0, "0" }, { 100, "100" }, { 0.03, "0.03" }, { 1.0005, "1.0005" }, { 9907714, "9907714" } };
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = bench_number(cases[i].value);
		assert_string_equal(text, cases[i].text);
		free(text);
	}
}

static void test_what_has_a_baseline(void **state)
{
	(void)state;
	assert_true(bench_row_kept(row("hvc_roundtrip")));
	assert_true(bench_row_kept(row("kernel_text_bytes")));
	assert_false(bench_row_kept(row("blk_read"))); /* the host's */
	assert_false(bench_row_kept(row("kernel_sloc")));
}

static void test_ratios(void **state)
{
	static const char here[] = "bench linux_fork 1 1002 3\nbench linux_pipe 1 50 1\n";
	static const char bare[] = "bench linux_fork 1 1000 3\nbench linux_getppid 1 2 3\n";
	(void)state;
	assert_int_equal(bench_lines_take(here, strlen(here), BENCH_SKINK), 2);
	assert_int_equal(bench_lines_take(bare, strlen(bare), BENCH_BARE), 2);
	bench_ratios();
	assert_true(row("linux_fork")->skink.median == 1002 && row("linux_fork")->other[BENCH_BARE].median == 1000);
	assert_true(row("linux_fork_ratio")->skink.median == 1.002);
	assert_false(bench_row_missed(row("linux_fork_ratio")));
	assert_false(row("linux_pipe_ratio")->skink.measured);
	assert_false(row("linux_getppid_ratio")->skink.measured);
}

static void test_parts(void **state)
{
	(void)state;
	assert_true(bench_part_wanted(NULL, "ipc"));
	assert_true(bench_part_wanted("ipc", "ipc"));
	assert_true(bench_part_wanted("sizes,ipc,net", "ipc"));
	assert_true(bench_part_wanted("sizes,ipc", "sizes"));
	assert_false(bench_part_wanted("sizes,ipc", "ip"));
	assert_false(bench_part_wanted("sizes,ipc", "net"));
	assert_false(bench_part_wanted("", "net"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blank_lines_do_not_count),
		cmocka_unit_test(test_comments_do_not_count),
		cmocka_unit_test(test_strings_are_no_comments),
		cmocka_unit_test_setup(test_lines_are_found, forget),
		cmocka_unit_test_setup(test_the_first_of_two_counts, forget),
		cmocka_unit_test(test_long_lines_end),
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_numbers_are_short),
		cmocka_unit_test(test_what_has_a_baseline),
		cmocka_unit_test_setup(test_ratios, forget),
		cmocka_unit_test(test_parts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
