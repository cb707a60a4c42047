/* The line editor and completion. */
#include "bench.h"

#define UP "\x1b[A"
#define DOWN "\x1b[B"
#define RIGHT "\x1b[C"
#define LEFT "\x1b[D"
#define CTRL_E "\x05"
#define CTRL_K "\x0b"
#define CTRL_U "\x15"
#define CTRL_W "\x17"

static int terminal(void **unused)
{
	(void)unused;
	bench_open(true);
	return 0;
}

static int program(void **unused)
{
	(void)unused;
	bench_open(false);
	return 0;
}

static void assert_line(const char *text, uint32_t cursor)
{
	assert_string_equal(bench.line.text, text);
	assert_int_equal(bench.line.length, strlen(text));
	assert_int_equal(bench.line.cursor, cursor);
}

static void test_editing(void **unused)
{
	static const struct {
		const char *keys;
		const char *text;
		uint32_t cursor;
	} rows[] = {
		{ "abc", "abc", 3 },
		{ "abc" LEFT LEFT "x", "axbc", 2 },
		{ "abc" LEFT LEFT LEFT LEFT LEFT "x" RIGHT "y", "xaybc", 3 },
		{ "abc" RIGHT, "abc", 3 },
		{ "abc\x1b[Hx\x1b[Fy", "xabcy", 5 },
		{ "abc\x1bOHx\x1bOFy", "xabcy", 5 },
		{ "abc\x1b[1~x\x1b[4~y", "xabcy", 5 },
		{ "abc\x1b[Hx" CTRL_E "y", "xabcy", 5 },
		{ "abc\x7f\x08" "d", "ad", 2 },
		{ "\x7f\x08", "", 0 },
		{ "abc" LEFT "\x1b[3~", "ab", 2 },
		{ "abc" LEFT LEFT "\x04", "ac", 1 },
		{ "abc def" LEFT LEFT CTRL_K, "abc d", 5 },
		{ "abc def" LEFT LEFT CTRL_U, "ef", 0 },
		{ "abc def  " CTRL_W, "abc ", 4 },
		{ "abc def" LEFT CTRL_W, "abc f", 4 },
		{ CTRL_W CTRL_K CTRL_U, "", 0 },
		{ "a\x1b[99;5Zb\x1bqc", "abc", 3 },
		{ "gone\x03new", "new", 3 },
		{ "\x80\xff", "\x80\xff", 2 },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bench_open(true);
		bench_type(rows[i].keys);
		assert_line(rows[i].text, rows[i].cursor);
	}
}

static void test_echo(void **unused)
{
	(void)unused;
	bench_type("ab");
	bench_assert_printed("ab");
	bench_type(LEFT "x");
	bench_assert_printed("\rskink> ab\x1b[K\x1b[1D\rskink> axb\x1b[K\x1b[1D");
}

static void test_history(void **unused)
{
	(void)unused;
	bench_type("one\rtwo\rtwo\r\rthr");
	bench_type(UP);
	assert_line("two", 3);
	bench_type(UP);
	assert_line("one", 3);
	bench_type(UP);
	assert_line("one", 3);
	bench_type(DOWN DOWN);
	assert_line("thr", 3);
	bench_type(DOWN);
	assert_line("thr", 3);
	bench_type("\x10\x10\x0e!");
	assert_line("two!", 4);
}

static void test_history_is_bounded(void **unused)
{
	char line[8];

	(void)unused;
	for (char c = 0; c < 100; c++) {
		line[0] = (char)('0' + c / 10);
		line[1] = (char)('0' + c % 10);
		line[2] = '\r';
		line[3] = '\0';
		bench_type(line);
	}
	for (uint32_t i = 0; i < 2 * LINE_HISTORY; i++) {
		bench_type(UP);
	}
	assert_line("68", 2);
}

static void test_long_line(void **unused)
{
	(void)unused;
	for (uint32_t i = 0; i < 2 * LINE_BYTES; i++) {
		bench_type("x");
	}
	assert_int_equal(bench.line.length, LINE_BYTES - 1);
	assert_int_equal(bench.line.text[LINE_BYTES - 1], '\0');
}

static void test_program_gets_no_echo(void **unused)
{
	(void)unused;
	bench_type("\x1b[A\x01no\tsuch\r\n");
	bench_assert_printed("no command \"[Anosuch\"; `help` lists them\nskink> ");
	bench_type("\n\n\r");
	bench_assert_printed("skink> skink> skink> ");
}

static void test_program_too_long_line(void **unused)
{
	(void)unused;
	for (uint32_t i = 0; i < 2 * LINE_BYTES; i++) {
		bench_type("x");
	}
	bench_type("\n");
	bench_assert_printed("too long\nskink> ");
	bench_type("poweroff\n");
	assert_string_equal(bench.orders, "power_off 0;");
}

static void test_completion(void **unused)
{
	static const struct {
		const char *keys;
		const char *text;
	} rows[] = {
		{ "serv\t", "servers " },
		{ "cons\t", "console" },
		{ "vm\t", "vm" },
		{ "  mem\t", "  memory " },
		{ "kill u\t", "kill uart" },
		{ "kill uart\t", "kill uart" },
		{ "kill uart1\t", "kill uart1 " },
		{ "start l\t", "start linux " },
		{ "start \t", "start " },
		{ "start x\t", "start x" },
		{ "console mon\t", "console monitor " },
		{ "loglines o\t", "loglines o" },
		{ "help sys\t", "help system " },
		{ "nosuch l\t", "nosuch l" },
		{ "start linux l\t", "start linux l" },
		{ "a b c d e f l\t", "a b c d e f l" },
		{ "\t", "" },
		{ "start l" LEFT "\t", "start linuxl" },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) - 1; i++) {
		bench_open(true);
		bench_type(rows[i].keys);
		assert_string_equal(bench.line.text, rows[i].text);
	}
	bench_open(true);
	bench_type("kill uart\t");
	bench_assert_contains("\r\nuart0  uart1  \r\n\rskink> kill uart");
	bench.dead = true;
	bench_type("\t");
	assert_string_equal(bench.line.text, "kill uart");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_editing, terminal),
		cmocka_unit_test_setup(test_echo, terminal),
		cmocka_unit_test_setup(test_history, terminal),
		cmocka_unit_test_setup(test_history_is_bounded, terminal),
		cmocka_unit_test_setup(test_long_line, terminal),
		cmocka_unit_test_setup(test_program_gets_no_echo, program),
		cmocka_unit_test_setup(test_program_too_long_line, program),
		cmocka_unit_test_setup(test_completion, terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
