/*
 * Framing of the physical console, with bytes that a guest chooses: cut
 * anywhere, it gives the same streams; nothing it prints reaches another stream.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "run/demux.h"

struct sink {
	struct bytes streams[256];
};

static void sink_take(void *context, char stream, const uint8_t *data, size_t size)
{
	struct sink *sink = context;
	assert_true(size > 0);
	bytes_append(&sink->streams[(uint8_t)stream], data, size);
}

static void sink_free(struct sink *sink)
{
	for (size_t i = 0; i < 256; i++) {
		bytes_free(&sink->streams[i]);
	}
}

static void expect(const struct sink *sink, char stream, const char *text)
{
	const struct bytes *bytes = &sink->streams[(uint8_t)stream];
	assert_int_equal(bytes->size, strlen(text));
	assert_memory_equal(bytes->data, text, bytes->size);
}

static void test_streams(void **state)
{
	(void)state;
	static const char text[] = "raw\n\x1e"
				   "0boot\n\x1e"
				   "1hello \x1e"
				   "Llog\n\x1e"
				   "1world\n\x1e"
				   "Mprompt";
	for (size_t cut = 1; cut < sizeof(text); cut++) {
		struct sink sink = { 0 };
		struct demux demux = { .deliver = sink_take, .context = &sink };
		for (size_t at = 0; at < sizeof(text) - 1; at += cut) {
			size_t left = sizeof(text) - 1 - at;
			demux_take(&demux, (const uint8_t *)text + at, cut < left ? cut : left);
		}
		expect(&sink, DEMUX_RAW, "raw\n");
		expect(&sink, DEMUX_CONTROL, "boot\n");
		expect(&sink, '1', "hello world\n");
		expect(&sink, DEMUX_LOG, "log\n");
		expect(&sink, DEMUX_MONITOR, "prompt");
		assert_int_equal(demux.bad, 0);
		sink_free(&sink);
	}
}

static void test_literal(void **state)
{
	(void)state;
	struct sink sink = { 0 };
	struct demux demux = { .deliver = sink_take, .context = &sink };
	static const uint8_t text[] = { 0x1e, '1', 'a', 0x1e, 0x1e, '0', 0x1e, 0x1e, 0x1e, '0', 'b' };
	demux_take(&demux, text, sizeof(text));
	expect(&sink, '1',
	       "a\x1e"
	       "0\x1e");
	expect(&sink, DEMUX_CONTROL, "b");
	sink_free(&sink);
}

static void test_bad_id(void **state)
{
	(void)state;
	struct sink sink = { 0 };
	struct demux demux = { .deliver = sink_take, .context = &sink };
	static const uint8_t text[] = { 0x1e, '1', 'a', 0x1e, 0x00, 'b', 0x1e, 0xff, 'c', 0x1e, 'X', 'd', 0x1e };
	demux_take(&demux, text, sizeof(text));
	expect(&sink, '1', "abcd");
	assert_int_equal(demux.bad, 3);
	sink_free(&sink);
}

/* Whatever a client prints comes back from its own stream, whole, and from no other. */
static void test_round_trip(void **state)
{
	(void)state;
	uint32_t seed = 12345;
	for (int round = 0; round < 200; round++) {
		struct sink sink = { 0 };
		struct bytes sent[3] = { { 0 }, { 0 }, { 0 } };
		struct bytes line = { 0 };
		char current = DEMUX_RAW;
		static const char ids[3] = { '1', '2', DEMUX_LOG };
		for (int piece = 0; piece < 40; piece++) {
			uint8_t data[16];
			size_t stream = seed % 3;
			for (size_t i = 0; i < sizeof(data); i++) {
				seed = seed * 1664525u + 1013904223u;
				data[i] = seed >> 30 == 0 ? DEMUX_SWITCH : (uint8_t)(seed >> 16);
			}
			bytes_append(&sent[stream], data, sizeof(data));
			demux_encode(&line, &current, ids[stream], data, sizeof(data));
		}
		struct demux demux = { .deliver = sink_take, .context = &sink };
		demux_take(&demux, line.data, line.size);
		for (size_t i = 0; i < 3; i++) {
			const struct bytes *got = &sink.streams[(uint8_t)ids[i]];
			assert_int_equal(got->size, sent[i].size);
			if (got->size != 0) {
				assert_memory_equal(got->data, sent[i].data, got->size);
			}
			bytes_free(&sent[i]);
		}
		assert_int_equal(demux.bad, 0);
		bytes_free(&line);
		sink_free(&sink);
	}
}

/* Any bytes at all: each is delivered, or is part of a switch. */
static void test_noise(void **state)
{
	(void)state;
	uint32_t seed = 99;
	struct sink sink = { 0 };
	struct demux demux = { .deliver = sink_take, .context = &sink };
	size_t total = 0;
	for (int i = 0; i < 100000; i++) {
		seed = seed * 1664525u + 1013904223u;
		uint8_t byte = (uint8_t)(seed >> 24);
		demux_take(&demux, &byte, 1);
	}
	for (size_t i = 0; i < 256; i++) {
		total += sink.streams[i].size;
		assert_true(sink.streams[i].size == 0 || i == DEMUX_RAW || demux_is_id((uint8_t)i));
	}
	assert_true(total > 98000 && total < 100000 && demux.bad > 0);
	sink_free(&sink);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_streams),	   cmocka_unit_test(test_literal), cmocka_unit_test(test_bad_id),
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_noise),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
