/* Terminal mode: one stream at a time, log lines in between, commands behind Ctrl-A; and interface console. */
#include "bench.h"

#include "../serve.h"

#define A "\x01"

sk_status_t console_serve_stream(const struct sk_caller *caller, uint32_t index, struct sk_stream_info *info);
sk_status_t console_serve_select(const struct sk_caller *caller, uint32_t index);
sk_status_t console_serve_scroll_back(const struct sk_caller *caller, uint32_t index, uint64_t from, uint64_t *next,
				      uint8_t *text, uint32_t *text_bytes);
sk_status_t console_serve_flush(const struct sk_caller *caller);
sk_status_t console_serve_resize(const struct sk_caller *caller, uint16_t columns, uint16_t rows);

static int boot(void **unused)
{
	(void)unused;
	bench_boot(false);
	serve_begin(&bench.console);
	return 0;
}

static void assert_contains(const char *part)
{
	bench.sent[bench.sent_bytes] = '\0';
	assert_non_null(strstr(bench.sent, part));
	bench.sent_bytes = 0;
}

static void test_first_vm_is_selected(void **unused)
{
	(void)unused;
	bench_print(UART0, "Linux\r\n");
	bench_print(UART1, "hidden\r\n");
	bench_print(CONTROL, "boot\n");
	assert_int_equal(bench_drain(), MUX_EMPTY);
	bench_assert_sent("Linux\r\n");
	assert_int_equal(bench_printed(UART1)->read, bench_printed(UART1)->written);
	bench_type("ls\r", 3);
	bench_assert_typed(UART0, "ls\r");
}

static void test_log_lines(void **unused)
{
	(void)unused;
	bench_print(UART0, "login: ");
	assert_int_equal(bench_drain(), MUX_EMPTY);
	bench_print(LOG_SCHED, "tick\n");
	assert_int_equal(bench_drain(), MUX_EMPTY);
	bench_assert_sent("login: \r\n[sched] tick\r\n");
	bench_type(A "l", 2);
	bench_print(LOG_SCHED, "quiet\n");
	assert_int_equal(bench_drain(), MUX_EMPTY);
	bench_assert_sent("\r\nlog lines: hidden\r\n");
	bench_type(A "l", 2);
	bench_print(LOG_SCHED, "loud\n");
	assert_int_equal(bench_drain(), MUX_EMPTY);
	bench_assert_sent("\r\nlog lines: shown\r\n[sched] loud\r\n");
}

static void test_switch_shows_what_was_missed(void **unused)
{
	(void)unused;
	bench_print(UART1, "while away\r\n");
	assert_int_equal(bench_drain(), MUX_EMPTY);
	bench_type(A "2", 2);
	assert_int_equal(bench_drain(), MUX_EMPTY);
	bench_assert_sent("--- uart1 ---\r\nwhile away\r\n");
	bench_type("x", 1);
	bench_assert_typed(UART1, "x");
	bench_type(A "1", 2);
	bench_type(A "2", 2);
	assert_int_equal(bench_drain(), MUX_EMPTY);
	bench_assert_sent("--- uart0 ---\r\n--- uart1 ---\r\n");
	bench_type(A "m", 2);
	bench_type("help\r", 5);
	bench_assert_typed(MONITOR, "help\r");
}

static void test_missed_output_survives_restart(void **unused)
{
	(void)unused;
	bench_print(UART1, "before the crash\r\n");
	assert_int_equal(bench_drain(), MUX_EMPTY);
	bench_type(A, 1);
	bench_restart();
	bench_type("2", 1);
	assert_int_equal(bench_drain(), MUX_EMPTY);
	bench_assert_sent("--- uart1 ---\r\nbefore the crash\r\n");
	bench_restart();
	bench_print(UART1, "after\r\n");
	assert_int_equal(bench_drain(), MUX_EMPTY);
	bench_assert_sent("after\r\n");
}

static void test_other_layout_starts_afresh(void **unused)
{
	(void)unused;
	bench_type(A "2", 2);
	bench.state.layout_streams++;
	bench_restart();
	assert_int_equal(console_selected(&bench.console)->id, '1');
	bench.state.selected = 77;
	bench_restart();
	assert_int_equal(console_selected(&bench.console)->id, '1');
}

static void test_next_skips_control(void **unused)
{
	static const char order[] = "M21M";

	(void)unused;
	for (size_t i = 0; i < sizeof(order) - 1; i++) {
		bench_type(A "n", 2);
		assert_int_equal(console_selected(&bench.console)->id, order[i]);
	}
}

static void test_keys(void **unused)
{
	(void)unused;
	bench_type(A A, 2);
	bench_assert_typed(UART0, A);
	bench_type(A "h", 2);
	assert_int_equal(bench_drain(), MUX_EMPTY);
	assert_contains("1  uart0  (this one)\r\n");
	bench_type(A "7", 2);
	assert_int_equal(bench_drain(), MUX_EMPTY);
	assert_contains("no console 7");
	bench_type(A "?", 2);
	bench_type(A "\xff", 2);
	assert_int_equal(bench_drain(), MUX_EMPTY);
	assert_contains("Ctrl-A h shows the keys");
	bench_type(A "x", 2);
	assert_int_equal(bench_drain(), MUX_EMPTY);
	assert_contains("may not switch the machine off");
	bench_assert_typed(UART0, "");
}

static void test_scroll_back(void **unused)
{
	(void)unused;
	bench_print(UART0, "old\r\n");
	assert_int_equal(bench_drain(), MUX_EMPTY);
	bench.sent_bytes = 0;
	bench_type(A "s", 2);
	assert_int_equal(bench_drain(), MUX_EMPTY);
	bench_assert_sent("--- scroll-back of uart0 ---\r\nold\r\n--- end of scroll-back of uart0 ---\r\n");
	for (uint32_t i = 0; i < 500; i++) {
		bench_print(UART0, "0123456789");
		assert_int_equal(bench_drain(), MUX_EMPTY);
	}
	bench.sent_bytes = 0;
	bench_type(A "s", 2);
	assert_int_equal(bench_drain(), MUX_EMPTY);
	assert_true(bench.sent_bytes > 1280 && bench.sent_bytes < 1280 + 100);
}

static void test_typing_at_nobody(void **unused)
{
	(void)unused;
	for (uint32_t i = 0; i < BENCH_CAPACITY + 5; i++) {
		bench_type("k", 1);
	}
	assert_int_equal(bench_drain(), MUX_EMPTY);
	bench_assert_sent("\a\a\a\a\a");
	bench_type(A "m", 2);
	assert_int_equal(console_selected(&bench.console)->id, 'M');
}

static void test_interface(void **unused)
{
	struct sk_stream_info info;
	uint8_t text[8];
	uint32_t bytes = sizeof(text);
	uint64_t next = 0;

	(void)unused;
	bench_print(UART1, "abcdefghijkl");
	bench_print(LOG_UART0, "x\n");
	assert_int_equal(bench_drain(), MUX_EMPTY);
	assert_int_equal(console_serve_stream(NULL, UART1, &info), SK_OK);
	assert_string_equal((const char *)info.name, "uart1");
	assert_int_equal(info.id, '2');
	assert_int_equal(info.printed, 12);
	assert_int_equal(info.taken, 12);
	assert_int_equal(console_serve_stream(NULL, 4, &info), CONSOLE_ERROR_NO_SUCH_STREAM);
	assert_int_equal(console_serve_select(NULL, 4), CONSOLE_ERROR_NO_SUCH_STREAM);
	assert_int_equal(console_serve_scroll_back(NULL, UART1, 0, &next, text, &bytes), SK_OK);
	assert_memory_equal(text, "abcdefgh", 8);
	assert_int_equal(console_serve_scroll_back(NULL, UART1, next, &next, text, &bytes), SK_OK);
	assert_int_equal(bytes, 4);
	assert_memory_equal(text, "ijkl", 4);
	assert_int_equal(console_serve_scroll_back(NULL, UART1, UINT64_MAX, &next, text, &bytes), SK_OK);
	assert_int_equal(bytes, 0);
	bytes = sizeof(text);
	assert_int_equal(console_serve_scroll_back(NULL, CONSOLE_LOG_INDEX, 0, &next, text, &bytes), SK_OK);
	assert_memory_equal(text, "[uart0] ", 8);
	assert_int_equal(console_serve_scroll_back(NULL, 9, 0, &next, text, &bytes), CONSOLE_ERROR_NO_SUCH_STREAM);
}

static void assert_size(uint32_t columns, uint32_t rows)
{
	const enum bench_region streams[] = { CONTROL, UART0, MONITOR, UART1 };

	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(bench_typed(streams[i])->told, columns << 16 | rows);
	}
}

/* Each client is told, and nobody hears anything typed. */
static void test_size_is_typed(void **unused)
{
	(void)unused;
	assert_size(0, 0);
	bench_type(A "w100x40;", 9);
	assert_size(100, 40);
	assert_int_equal(bench.signals[bench.console.streams[UART0].client], 1);
	assert_int_equal(bench.signals[bench.console.streams[UART1].client], 1);
	bench_type("ls", 2);
	bench_assert_typed(UART0, "ls");
	bench_type(A "w0x0;", 6);
	assert_size(0, 0);
	bench_type(A "w9999x9999;", 12);
	assert_size(9999, 9999);
}

static void test_size_that_is_none(void **unused)
{
	static const char *const wrong[] = { A "w;", A "w10;", A "w10xx", A "w10x5 ", A "w12345", A "w1x12345" };

	(void)unused;
	bench_type(A "w81x26;", 8);
	for (uint32_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		bench_type(wrong[i], strlen(wrong[i]));
		bench_type("a", 1);
		bench_assert_typed(UART0, "a");
	}
	assert_size(81, 26);
}

/* An instance dies while it is typed; another between its own word and the last stream's. */
static void test_size_survives_restart(void **unused)
{
	(void)unused;
	bench_type(A "w13", 4);
	bench_restart();
	bench_type("2x5", 3);
	bench_restart();
	bench_type("0;", 2);
	assert_size(132, 50);
	bench_typed(UART1)->told = 0;
	bench_restart();
	size_tell(&bench.console);
	assert_size(132, 50);
	assert_true(bench.console.streams[UART1].signal);
	assert_false(bench.console.streams[UART0].signal);
}

static void test_size_by_interface(void **unused)
{
	uint32_t before = bench.signals[bench.console.streams[UART1].client];

	(void)unused;
	assert_int_equal(console_serve_resize(NULL, 120, 30), SK_OK);
	assert_size(120, 30);
	assert_int_equal(bench.signals[bench.console.streams[UART1].client], before + 1);
	assert_int_equal(console_serve_resize(NULL, 120, 30), SK_OK);
	assert_int_equal(bench.signals[bench.console.streams[UART1].client], before + 1);
}

static void test_flush(void **unused)
{
	(void)unused;
	for (uint32_t i = 0; i < 10; i++) {
		bench_print(UART0, "0123456789012345678901234567890123456789012345678901234567890123456789");
	}
	assert_int_equal(console_serve_flush(NULL), SK_OK);
	assert_int_equal(bench.sent_bytes, 700);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_first_vm_is_selected, boot),
		cmocka_unit_test_setup(test_log_lines, boot),
		cmocka_unit_test_setup(test_switch_shows_what_was_missed, boot),
		cmocka_unit_test_setup(test_missed_output_survives_restart, boot),
		cmocka_unit_test_setup(test_other_layout_starts_afresh, boot),
		cmocka_unit_test_setup(test_next_skips_control, boot),
		cmocka_unit_test_setup(test_keys, boot),
		cmocka_unit_test_setup(test_scroll_back, boot),
		cmocka_unit_test_setup(test_typing_at_nobody, boot),
		cmocka_unit_test_setup(test_interface, boot),
		cmocka_unit_test_setup(test_size_is_typed, boot),
		cmocka_unit_test_setup(test_size_that_is_none, boot),
		cmocka_unit_test_setup(test_size_survives_restart, boot),
		cmocka_unit_test_setup(test_size_by_interface, boot),
		cmocka_unit_test_setup(test_flush, boot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
