/* Framed mode: every stream flows, told apart by frame bytes, whatever its bytes are and whenever the console dies. */
#include <stdlib.h>

#include "bench.h"

#define FRAME "\x1e"
#define STREAMS 256

/* The program at the other end of the line. */
struct reader {
	uint8_t current;
	bool escape;
	char text[STREAMS][8192];
	size_t bytes[STREAMS];
};

static struct reader reader;

static void reader_take(void)
{
	for (uint32_t i = 0; i < bench.sent_bytes; i++) {
		uint8_t byte = (uint8_t)bench.sent[i];

		if (!reader.escape && byte == OUTPUT_FRAME) {
			reader.escape = true;
			continue;
		}
		if (reader.escape && byte != OUTPUT_FRAME) {
			reader.escape = false;
			reader.current = byte == 0 ? reader.current : byte;
			continue;
		}
		reader.escape = false;
		if (byte != 0 || reader.current != 0) {
			reader.text[reader.current][reader.bytes[reader.current]++] = (char)byte;
		}
	}
	bench.sent_bytes = 0;
}

static void assert_read(char id, const char *expected)
{
	reader.text[(uint8_t)id][reader.bytes[(uint8_t)id]] = '\0';
	assert_string_equal(reader.text[(uint8_t)id], expected);
}

static int boot(void **unused)
{
	(void)unused;
	memset(&reader, 0, sizeof(reader));
	bench_boot(true);
	return 0;
}

/* It has a letter and a name of its own, and the server's notification. */
static void test_further_stream(void **unused)
{
	const struct stream *stream;

	(void)unused;
	bench_boot_further(true);
	for (int instance = 0; instance < 2; instance++) {
		stream = console_stream(&bench.console, '2');
		assert_non_null(stream);
		assert_ptr_equal(stream->printed, bench_printed(UART1));
		assert_string_equal(stream->name, "uart0:1");
		assert_int_equal(stream->client, 1 + UART0);
		assert_ptr_equal(console_stream(&bench.console, '1')->printed, bench_printed(UART0));
		bench_type(FRAME "2there" FRAME "1here", 13);
		bench_assert_typed(UART1, "there");
		bench_assert_typed(UART0, "here");
		bench_restart();
	}
}

static void test_ids(void **unused)
{
	(void)unused;
	assert_ptr_equal(console_stream(&bench.console, '0')->printed, bench_printed(CONTROL));
	assert_ptr_equal(console_stream(&bench.console, '1')->printed, bench_printed(UART0));
	assert_ptr_equal(console_stream(&bench.console, '2')->printed, bench_printed(UART1));
	assert_ptr_equal(console_stream(&bench.console, 'M')->printed, bench_printed(MONITOR));
	assert_null(console_stream(&bench.console, '3'));
}

static void test_streams_are_told_apart(void **unused)
{
	(void)unused;
	bench_print(UART0, "one");
	bench_print(UART1, "two");
	bench_print(CONTROL, "boot\n");
	assert_int_equal(bench_drain(), MUX_EMPTY);
	bench_assert_sent(FRAME "0boot\n" FRAME "1one" FRAME "2two");
	bench_print(UART1, "more");
	assert_int_equal(bench_drain(), MUX_EMPTY);
	bench_assert_sent("more");
	bench_print(MONITOR, "skink> ");
	assert_int_equal(bench_drain(), MUX_EMPTY);
	bench_assert_sent(FRAME "Mskink> ");
}

static void test_logs(void **unused)
{
	(void)unused;
	bench_print(LOG_UART0, "up\nhalf a li");
	bench_print(LOG_SELF, "mine\n");
	bench_print(LOG_SCHED, "bad \x1e\x1b[2J byte\n");
	assert_int_equal(bench_drain(), MUX_EMPTY);
	bench_assert_sent(FRAME "L[console] mine\n[uart0] up\n[sched] bad ??[2J byte\n");
	bench_print(LOG_UART0, "ne\n");
	assert_int_equal(bench_drain(), MUX_EMPTY);
	bench_assert_sent("[uart0] half a line\n");
}

static void test_long_log_line_is_cut(void **unused)
{
	char text[801];

	(void)unused;
	memset(text, 'x', 800);
	text[800] = '\0';
	bench_print(LOG_SCHED, text);
	assert_int_equal(bench_drain(), MUX_EMPTY);
	assert_int_equal(bench_printed(LOG_SCHED)->read, 800);
	assert_int_equal(bench.sent_bytes, 2 + 2 * (strlen("[sched] ") + 400 + 1));
}

static void test_hostile_bytes(void **unused)
{
	static const char all[] = "a" FRAME "1" FRAME FRAME "\x01z";

	(void)unused;
	bench_print(UART0, all);
	bench_print(UART1, FRAME);
	assert_int_equal(bench_drain(), MUX_EMPTY);
	reader_take();
	assert_read('1', all);
	assert_read('2', FRAME);
}

static void test_hostile_indices(void **unused)
{
	(void)unused;
	bench_printed(UART0)->written = UINT64_MAX;
	bench_printed(LOG_SCHED)->read = 7;
	bench_print(UART1, "fine");
	assert_int_equal(bench_drain(), MUX_EMPTY);
	bench_assert_sent(FRAME "2fine");
}

static void test_fair(void **unused)
{
	char flood[801];

	(void)unused;
	memset(flood, 'f', 800);
	flood[800] = '\0';
	bench_print(UART0, flood);
	bench_print(UART1, "small");
	assert_int_equal(mux_round(&bench.console), MUX_MORE);
	assert_int_equal(bench_printed(UART0)->read, CONSOLE_TURN_BYTES);
	assert_int_equal(bench_printed(UART1)->read, 5);
}

/* The line takes a few characters at a time: nothing may be lost, doubled or put into the wrong stream. */
static void test_slow_line(void **unused)
{
	(void)unused;
	for (uint32_t room = 1; room < 9; room++) {
		(void)boot(NULL);
		bench_print(UART0, "a" FRAME "b" FRAME FRAME "c");
		bench_print(UART1, "second");
		bench_print(LOG_SCHED, "line\n");
		do {
			bench.line_room = room;
		} while (bench_drain() == MUX_FULL);
		reader_take();
		assert_read('1', "a" FRAME "b" FRAME FRAME "c");
		assert_read('2', "second");
		assert_read('L', "[sched] line\n");
		assert_int_equal(bench_printed(UART0)->read, bench_printed(UART0)->written);
		assert_int_equal(bench.state.half_framed, 0);
	}
}

/* Killed whenever the line is full, after any number of characters: the next instance's output still parses. */
static void test_killed_in_mid_frame(void **unused)
{
	(void)unused;
	for (uint32_t after = 0; after < 30; after++) {
		(void)boot(NULL);
		bench_print(UART0, "a" FRAME "b");
		bench_print(UART1, "second" FRAME);
		bench.line_room = after;
		(void)bench_drain();
		bench_restart();
		bench.line_room = UINT32_MAX;
		assert_int_equal(bench_drain(), MUX_EMPTY);
		reader_take();
		for (int id = '1'; id <= '2'; id++) {
			/* A NUL that brings the reader into step is all that may be too much. */
			size_t kept = 0;

			for (size_t i = 0; i < reader.bytes[id]; i++) {
				if (reader.text[id][i] != '\0') {
					reader.text[id][kept++] = reader.text[id][i];
				}
			}
			reader.bytes[id] = kept;
		}
		assert_read('2', "second" FRAME);
		assert_read('1', "a" FRAME "b");
	}
}

static void test_input(void **unused)
{
	(void)unused;
	bench_type("lost" FRAME "1ls\r" FRAME "Mhelp\r" FRAME "1\x01" FRAME FRAME "x" FRAME "9lost", 30);
	bench_assert_typed(UART0, "ls\r\x01" FRAME "x");
	bench_assert_typed(MONITOR, "help\r");
	bench_assert_typed(UART1, "");
	assert_int_equal(bench.signals[1 + UART0], 1);
	assert_int_equal(bench.signals[1 + MONITOR], 1);
	assert_int_equal(bench.signals[1 + UART1], 0);
}

static void test_input_goes_on_after_restart(void **unused)
{
	(void)unused;
	bench_type(FRAME "2ab" FRAME, 5);
	bench_restart();
	bench_type(FRAME "c", 2);
	bench_assert_typed(UART1, "ab" FRAME "c");
}

static void test_room_is_signalled(void **unused)
{
	char text[BENCH_CAPACITY + 1];

	(void)unused;
	bench_print(UART0, "a few");
	assert_int_equal(bench_drain(), MUX_EMPTY);
	assert_int_equal(bench.signals[1 + UART0], 0);
	memset(text, 'y', BENCH_CAPACITY);
	text[BENCH_CAPACITY] = '\0';
	bench_print(UART0, text);
	assert_true(mux_urgent(&bench.console));
	assert_int_equal(bench_drain(), MUX_EMPTY);
	assert_int_equal(bench.signals[1 + UART0], 1);
	assert_false(mux_urgent(&bench.console));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_ids, boot),
		cmocka_unit_test_setup(test_further_stream, boot),
		cmocka_unit_test_setup(test_streams_are_told_apart, boot),
		cmocka_unit_test_setup(test_logs, boot),
		cmocka_unit_test_setup(test_long_log_line_is_cut, boot),
		cmocka_unit_test_setup(test_hostile_bytes, boot),
		cmocka_unit_test_setup(test_hostile_indices, boot),
		cmocka_unit_test_setup(test_fair, boot),
		cmocka_unit_test_setup(test_slow_line, boot),
		cmocka_unit_test_setup(test_killed_in_mid_frame, boot),
		cmocka_unit_test_setup(test_input, boot),
		cmocka_unit_test_setup(test_input_goes_on_after_restart, boot),
		cmocka_unit_test_setup(test_room_is_signalled, boot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
