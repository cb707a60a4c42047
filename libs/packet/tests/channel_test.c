/*
 * A channel of packets: what goes in comes out, whatever the sizes and however the indices wrap; neither side can be
 * confused by what the other one stores; and a side that is killed between any two stores is followed by one that goes
 * on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include <packet/channel.h>

#include "crash.h"

/* The channel between pages that fault, and what both sides have; shared with child processes. */
struct bench {
	struct packet_channel channel;
};

static struct bench *bench;
static struct packet_port client;
static struct packet_port other;

static int set_up(void **unused)
{
	const size_t page = 4096;

	(void)unused;
	if (bench == NULL) {
		uint8_t *all = mmap(NULL, sizeof(*bench) + 2 * page, PROT_NONE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

		assert_ptr_not_equal(all, MAP_FAILED);
		assert_int_equal(mprotect(all + page, sizeof(*bench), PROT_READ | PROT_WRITE), 0);
		bench = (struct bench *)(void *)(all + page);
	}
	memset(bench, 0, sizeof(*bench));
	packet_port_open(&client, &bench->channel, true);
	packet_port_open(&other, &bench->channel, false);
	return 0;
}

static uint64_t random_from(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dull;
}

static uint8_t byte_of(uint32_t number, uint32_t at)
{
	return (uint8_t)(number * 31u + at + at / 251u);
}

static uint8_t scratch[PACKET_BYTES_MAX];

static bool send(struct packet_port *port, uint32_t number, uint32_t bytes)
{
	struct net_packet header = { .bytes = bytes };

	if (packet_port_room(port) < packet_slots(bytes)) {
		return false;
	}
	for (uint32_t i = 0; i < bytes; i++) {
		scratch[i] = byte_of(number, i);
	}
	packet_port_write(port, 0, scratch, bytes);
	packet_port_send(port, &header);
	return true;
}

/* The next packet is whole; returns its number, which its first byte tells, or -1: there is none. */
static int take(struct packet_port *port, uint32_t *bytes)
{
	struct packet_in in;

	if (!packet_port_next(port, &in)) {
		return -1;
	}
	packet_port_read(port, 0, scratch, in.header.bytes);

	uint32_t number = 0;

	while (byte_of(number, 0) != scratch[0]) {
		number++;
	}
	for (uint32_t i = 0; i < in.header.bytes; i++) {
		assert_int_equal(scratch[i], byte_of(number, i));
	}
	*bytes = in.header.bytes;
	packet_port_done(port, &in);
	return (int)number;
}

static void test_all_sizes(void **unused)
{
	static const uint32_t sizes[] = { 14, 60, 1514, 2047, 2048, 2049, 4096, 4097, 65549, PACKET_BYTES_MAX };
	uint32_t bytes;

	(void)unused;
	for (uint32_t i = 0; i < 400; i++) {
		uint32_t size = sizes[i % (sizeof(sizes) / sizeof(sizes[0]))];

		assert_true(send(&client, i % 200, size));
		assert_int_equal(take(&other, &bytes), i % 200);
		assert_int_equal(bytes, size);
		assert_true(send(&other, i % 200, size));
		assert_int_equal(take(&client, &bytes), i % 200);
		assert_int_equal(take(&client, &bytes), -1);
	}
}

static void test_full(void **unused)
{
	uint32_t bytes;
	uint32_t count = 0;

	(void)unused;
	while (send(&client, count % 200, 2000)) {
		count++;
	}
	assert_int_equal(count, PACKET_SLOTS);
	assert_int_equal(packet_port_room(&client), 0);
	assert_false(packet_port_wait_room(&client, 1));
	(void)packet_port_wakes(&client);
	assert_int_equal(take(&other, &bytes), 0);
	assert_true(packet_port_wakes(&other));
	assert_true(packet_port_wait_room(&client, 1));
	assert_false(send(&client, 0, 2049));
	assert_true(send(&client, count % 200, 2048));
	for (uint32_t i = 1; i <= count; i++) {
		assert_int_equal(take(&other, &bytes), i % 200);
	}
}

static void test_waking(void **unused)
{
	uint32_t bytes;

	(void)unused;
	assert_true(send(&client, 1, 60));
	assert_false(packet_port_wakes(&client));
	assert_true(packet_port_sleep(&other));
	packet_port_awake(&other);
	assert_true(send(&client, 2, 60));
	assert_false(packet_port_wakes(&client));
	assert_int_equal(take(&other, &bytes), 1);
	assert_int_equal(take(&other, &bytes), 2);
	assert_false(packet_port_wakes(&other));
	assert_false(packet_port_sleep(&other));
	assert_false(packet_port_wakes(&client));
	assert_true(send(&client, 3, 60));
	assert_true(packet_port_wakes(&client));
	assert_true(send(&client, 4, 60));
	assert_false(packet_port_wakes(&client));
}

static void test_offloads(void **unused)
{
	struct net_packet header = {
		.bytes = 5000, .packet_flags = NET_PACKET_FLAGS_NEEDS_CHECKSUM, .segmentation = NET_SEGMENTATION_TCP6,
		.ecn = 1, .header_bytes = 74, .segment_bytes = 1440, .checksum_start = 54, .checksum_offset = 16,
	};
	struct packet_in in;

	(void)unused;
	assert_int_equal(packet_port_accepted(&client), 0);
	packet_port_accept(&other, NET_OFFLOADS_CHECKSUM | NET_OFFLOADS_TSO4);
	assert_int_equal(packet_port_accepted(&client), NET_OFFLOADS_CHECKSUM | NET_OFFLOADS_TSO4);
	bench->channel.to_switch.words.accepts = UINT64_MAX;
	assert_int_equal(packet_port_accepted(&client), NET_OFFLOADS_MASK);
	packet_port_send(&client, &header);
	assert_true(packet_port_next(&other, &in));
	assert_memory_equal(&in.header, &header, sizeof(header));
	assert_int_equal(in.slots, 3);
	assert_int_equal(packet_needs(&in.header), NET_OFFLOADS_CHECKSUM | NET_OFFLOADS_TSO6 | NET_OFFLOADS_ECN);
}

/* A description that can't be costs all that is in the ring, and nothing after it. */
static void refuse(struct net_packet header)
{
	struct packet_in in;
	uint32_t bytes;

	(void)set_up(NULL);
	bench->channel.to_switch.ring.entries[0] = header;
	bench->channel.to_switch.ring.written = client.written = 40;
	assert_false(packet_port_next(&other, &in));
	assert_int_equal(bench->channel.to_switch.ring.read, 40);
	assert_true(send(&client, 7, 100));
	assert_int_equal(take(&other, &bytes), 7);
}

static void test_descriptions_that_cannot_be(void **unused)
{
	const struct net_packet good = {
		.bytes = 1000, .packet_flags = NET_PACKET_FLAGS_NEEDS_CHECKSUM, .segmentation = NET_SEGMENTATION_TCP4,
		.header_bytes = 54, .segment_bytes = 500, .checksum_start = 34, .checksum_offset = 16,
	};
	struct net_packet bad[10];

	(void)unused;
	for (uint32_t i = 0; i < 10; i++) {
		bad[i] = good;
	}
	bad[0].bytes = 0;
	bad[1].bytes = 13;
	bad[2].bytes = PACKET_BYTES_MAX + 1;
	bad[3].bytes = UINT32_MAX;
	bad[4].packet_flags |= 4;
	bad[5].segmentation = 3;
	bad[6].ecn = 2;
	bad[7].checksum_start = 983;
	bad[8].segment_bytes = 0;
	bad[9].packet_flags = 0;
	for (uint32_t i = 0; i < 10; i++) {
		refuse(bad[i]);
	}
}

static void test_a_packet_that_is_not_there(void **unused)
{
	struct packet_in in;

	(void)unused;
	bench->channel.to_switch.ring.entries[0].bytes = 2049;
	bench->channel.to_switch.ring.written = 1;
	assert_false(packet_port_next(&other, &in));
	assert_int_equal(bench->channel.to_switch.ring.read, 1);
}

static void test_indices_that_cannot_be(void **unused)
{
	static const uint64_t indices[] = { 257, 1000, UINT64_MAX, 1ull << 63, 0 };
	struct packet_in in;
	uint32_t bytes;

	(void)unused;
	for (uint32_t i = 0; i < 5; i++) {
		/* A writer that lies: its next instance believes what it finds. */
		bench->channel.to_switch.ring.written = indices[i];
		(void)packet_port_next(&other, &in);
		packet_port_open(&client, &bench->channel, true);
		assert_true(send(&client, 9, 3000));
		assert_int_equal(take(&other, &bytes), 9);
		/* A reader that lies: nothing is written until another one sees it. */
		bench->channel.to_switch.ring.read = indices[i] + 0x123456789ull;
		assert_int_equal(packet_port_room(&client), 0);
		packet_port_open(&other, &bench->channel, false);
		assert_int_equal(packet_port_room(&client), PACKET_SLOTS);
	}
	/* Or the writer has spoilt the reader's index: the reader puts it right when it waits. */
	bench->channel.to_switch.ring.read = 77;
	assert_int_equal(packet_port_room(&client), 0);
	assert_false(packet_port_sleep(&other));
	assert_int_equal(packet_port_room(&client), PACKET_SLOTS);
}

static void test_noise(void **unused)
{
	uint64_t seed = 7;
	uint64_t *words = (uint64_t *)(void *)&bench->channel;

	(void)unused;
	for (uint32_t i = 0; i < 200000; i++) {
		uint64_t at = random_from(&seed) % (8192 / 8);
		struct packet_in in;

		words[at < 600 ? at : at % 24] = random_from(&seed) >> (random_from(&seed) % 64);
		for (uint32_t j = 0; j < 300 && packet_port_next(&other, &in); j++) {
			packet_port_read(&other, 0, scratch, in.header.bytes);
			packet_port_done(&other, &in);
		}
		assert_false(packet_port_next(&other, &in) && packet_port_sleep(&other) &&
			     bench->channel.to_switch.ring.written - other.read > PACKET_SLOTS);
		assert_true(packet_port_room(&other) <= PACKET_SLOTS);
	}
}

static uint32_t first;

/* An instance of the client sends what it has to. */
static void send_all(void *unused)
{
	(void)unused;
	packet_port_open(&client, &bench->channel, true);
	for (uint32_t i = first; i < 6; i++) {
		assert_true(send(&client, i, i % 2 != 0 ? 3000 : 100));
		(void)packet_port_wakes(&client);
	}
}

/* What was sent is whole and in order, and what is sent next comes too. */
static void test_a_writer_is_killed(void **unused)
{
	struct crash crash = { .shared = (uint8_t *)bench, .bytes = sizeof(*bench) };

	(void)unused;
	bench->channel.to_switch.ring.written = bench->channel.to_switch.ring.read = 253;
	first = 4;
	crash_record(&crash, send_all, NULL);
	assert_true(crash.count > 6);
	for (uint32_t i = 0; i < crash.count; i += 1 + i / 8) {
		uint32_t bytes;
		int number;
		int last = 3;

		crash_restore(&crash, i);
		packet_port_open(&other, &bench->channel, false);
		while ((number = take(&other, &bytes)) >= 0) {
			assert_int_equal(number, last + 1);
			last = number;
		}
		packet_port_open(&client, &bench->channel, true);
		assert_int_equal(packet_port_room(&client), PACKET_SLOTS);
		assert_true(send(&client, 100, 2500));
		assert_int_equal(take(&other, &bytes), 100);
	}
	crash_forget(&crash);
}

static void take_all(void *unused)
{
	struct packet_in in;

	(void)unused;
	packet_port_open(&other, &bench->channel, false);
	while (packet_port_next(&other, &in)) {
		packet_port_done(&other, &in);
		(void)packet_port_wakes(&other);
	}
	(void)packet_port_sleep(&other);
}

static void test_a_reader_is_killed(void **unused)
{
	struct crash crash = { .shared = (uint8_t *)bench, .bytes = sizeof(*bench) };

	(void)unused;
	bench->channel.to_switch.ring.written = bench->channel.to_switch.ring.read = 253;
	packet_port_open(&client, &bench->channel, true);
	first = 0;
	send_all(NULL);
	bench->channel.to_switch.words.writer_waits = 1;
	crash_record(&crash, take_all, NULL);
	assert_true(crash.count >= 6);
	for (uint32_t i = 0; i < crash.count; i++) {
		uint32_t bytes;
		int number;
		int next = -1;

		crash_restore(&crash, i);
		packet_port_open(&other, &bench->channel, false);
		while ((number = take(&other, &bytes)) >= 0) {
			assert_true(next < 0 || number == next);
			next = number + 1;
		}
		assert_true(next < 0 || next == 6);
		assert_int_equal(packet_port_room(&client), PACKET_SLOTS);
	}
	crash_forget(&crash);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_all_sizes, set_up),
		cmocka_unit_test_setup(test_full, set_up),
		cmocka_unit_test_setup(test_waking, set_up),
		cmocka_unit_test_setup(test_offloads, set_up),
		cmocka_unit_test_setup(test_descriptions_that_cannot_be, set_up),
		cmocka_unit_test_setup(test_a_packet_that_is_not_there, set_up),
		cmocka_unit_test_setup(test_indices_that_cannot_be, set_up),
		cmocka_unit_test_setup(test_noise, set_up),
		cmocka_unit_test_setup(test_a_writer_is_killed, set_up),
		cmocka_unit_test_setup(test_a_reader_is_killed, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
