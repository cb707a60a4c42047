/* The switch with four clients: who gets what, and what clients that break every rule can't do to the others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../forward.h"

#define PORTS 4u

static struct packet_channel channels[PORTS];
static struct packet_port clients[PORTS];
static struct netswitch netswitch;
static uint32_t wakes[PORTS];
static uint64_t now_ns;

static const uint8_t everybody[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
static const uint8_t reserved[6] = { 0x01, 0x80, 0xc2, 0, 0, 0x0e };

static void wake(uint32_t port)
{
	wakes[port]++;
}

/* An instance of the switch. */
static void instance(void)
{
	memset(&netswitch, 0, sizeof(netswitch));
	netswitch.port_count = PORTS;
	for (uint32_t i = 0; i < PORTS; i++) {
		packet_port_open(&netswitch.ports[i], &channels[i], false);
	}
	switch_open(&netswitch, 1, wake);
}

static int set_up(void **unused)
{
	(void)unused;
	memset(channels, 0, sizeof(channels));
	memset(wakes, 0, sizeof(wakes));
	now_ns = 1;
	instance();
	for (uint32_t i = 0; i < PORTS; i++) {
		packet_port_open(&clients[i], &channels[i], true);
	}
	return 0;
}

static void station(uint32_t number, uint8_t mac[6])
{
	memcpy(mac, (uint8_t[6]){ 0x52, 0x54, 0, 0, 0, (uint8_t)number }, 6);
}

static void send_frame(uint32_t port, const uint8_t *to, const uint8_t *from, uint32_t bytes)
{
	static uint8_t frame[PACKET_BYTES_MAX];
	struct net_packet header = { .bytes = bytes };

	memset(frame, (int)port + 1, bytes);
	memcpy(frame, to, 6);
	memcpy(frame + 6, from, 6);
	assert_true(packet_port_room(&clients[port]) >= packet_slots(bytes));
	packet_port_write(&clients[port], 0, frame, bytes);
	packet_port_send(&clients[port], &header);
}

/* Station `from` is at port `port`. */
static void send(uint32_t port, uint32_t from, const uint8_t *to, uint32_t bytes)
{
	uint8_t mac[6];

	station(from, mac);
	send_frame(port, to, mac, bytes);
}

static void send_to(uint32_t port, uint32_t from, uint32_t to, uint32_t bytes)
{
	uint8_t mac[6];

	station(to, mac);
	send(port, from, mac, bytes);
}

/* How many packets the client at `port` got, which were all of `bytes` and from port `from`. */
static uint32_t got(uint32_t port, uint32_t bytes, uint32_t from)
{
	uint32_t count = 0;
	struct packet_in in;
	uint8_t last;

	while (packet_port_next(&clients[port], &in)) {
		assert_int_equal(in.header.bytes, bytes);
		packet_port_read(&clients[port], bytes - 1, &last, 1);
		assert_int_equal(last, from + 1);
		packet_port_done(&clients[port], &in);
		count++;
	}
	return count;
}

static void run(void)
{
	while (switch_round(&netswitch, now_ns)) {
	}
}

static void expect(uint32_t bytes, uint32_t from, uint32_t ports)
{
	run();
	for (uint32_t i = 0; i < PORTS; i++) {
		assert_int_equal(got(i, bytes, from), ports >> i & 1u);
	}
}

static void test_learning_and_flooding(void **unused)
{
	(void)unused;
	send_to(0, 10, 11, 60);
	expect(60, 0, 0xe);
	send_to(1, 11, 10, 1514);
	expect(1514, 1, 0x1);
	send_to(0, 10, 11, 65000);
	expect(65000, 0, 0x2);
	send(2, 12, everybody, 100);
	expect(100, 2, 0xb);
	/* The station moves to another port. */
	send_to(3, 11, 10, 64);
	expect(64, 3, 0x1);
	send_to(0, 10, 11, 60);
	expect(60, 0, 0x8);
	now_ns += TABLE_AGE_NS;
	send_to(0, 10, 11, 60);
	expect(60, 0, 0xe);
}

static void test_what_is_not_passed_on(void **unused)
{
	static const uint8_t nobody[6] = { 0 };
	uint8_t mac[6];

	(void)unused;
	send(0, 10, reserved, 60);
	expect(60, 0, 0);
	station(11, mac);
	send_frame(0, mac, everybody, 60);
	expect(60, 0, 0);
	send_frame(0, mac, nobody, 60);
	expect(60, 0, 0);
	/* For a station at the port that it came from. */
	send_to(0, 10, 11, 60);
	expect(60, 0, 0xe);
	send_to(0, 12, 10, 60);
	expect(60, 0, 0);
}

/* A frame with a checksum that is only begun: as it is to who takes that, and finished to the others. */
static void test_checksums(void **unused)
{
	const struct net_packet header = { .bytes = 61, .packet_flags = NET_PACKET_FLAGS_NEEDS_CHECKSUM,
					   .checksum_start = 34, .checksum_offset = 6 };
	struct packet_in in;
	uint8_t sum[2];

	(void)unused;
	packet_port_accept(&clients[2], NET_OFFLOADS_CHECKSUM);
	memset(packet_port_slot(&clients[0], 0), 1, 61);
	memset(packet_port_slot(&clients[0], 0), 0xff, 6);
	packet_port_slot(&clients[0], 0)[6] = 2;
	packet_port_send(&clients[0], &header);
	run();
	assert_true(packet_port_next(&clients[2], &in));
	assert_memory_equal(&in.header, &header, sizeof(header));
	packet_port_read(&clients[2], 40, sum, 2);
	assert_int_equal(sum[0] << 8 | sum[1], 0x0101);
	assert_true(packet_port_next(&clients[1], &in));
	assert_int_equal(in.header.packet_flags, 0);
	assert_int_equal(in.header.bytes, 61);
	packet_port_read(&clients[1], 40, sum, 2);
	/* 13 words of 0x0101 and a byte of 1. */
	assert_int_equal(sum[0] << 8 | sum[1], 0xffff - 13 * 0x0101 - 0x0100);
}

/* A TCP packet of 5,000 bytes over IPv4. */
static struct net_packet send_large(uint16_t segment_bytes)
{
	static uint8_t frame[54 + 5000];
	const struct net_packet header = {
		.bytes = sizeof(frame), .packet_flags = NET_PACKET_FLAGS_NEEDS_CHECKSUM,
		.segmentation = NET_SEGMENTATION_TCP4, .header_bytes = 54, .segment_bytes = segment_bytes,
		.checksum_start = 34, .checksum_offset = 16,
	};

	for (uint32_t i = 54; i < sizeof(frame); i++) {
		frame[i] = (uint8_t)(i / 100);
	}
	memset(frame, 0xff, 6);
	memcpy(frame + 6, "\2\2\2\2\2\2\x08\x00\x45", 9);
	frame[23] = 6;
	frame[46] = 0x50;
	packet_port_write(&clients[0], 0, frame, sizeof(frame));
	packet_port_send(&clients[0], &header);
	return header;
}

static void test_segments(void **unused)
{
	const struct net_packet *header;
	struct net_packet sent;
	struct packet_in in;
	uint32_t data = 54;

	(void)unused;
	packet_port_accept(&clients[2], NET_OFFLOADS_CHECKSUM | NET_OFFLOADS_TSO4);
	packet_port_accept(&clients[3], NET_OFFLOADS_CHECKSUM | NET_OFFLOADS_TSO6);
	sent = send_large(1460);
	run();
	assert_true(packet_port_next(&clients[2], &in));
	assert_memory_equal(&in.header, &sent, sizeof(sent));
	for (uint32_t i = 0; i < 4; i++) {
		uint8_t frame[PACKET_SLOT_BYTES];

		assert_true(packet_port_next(&clients[1], &in));
		header = &in.header;
		assert_int_equal(header->bytes, i < 3 ? 1514 : 54 + 5000 - 3 * 1460);
		assert_int_equal(packet_needs(header), 0);
		packet_port_read(&clients[1], 0, frame, header->bytes);
		for (uint32_t j = 54; j < header->bytes; j++) {
			assert_int_equal(frame[j], (uint8_t)(data++ / 100));
		}
		packet_port_done(&clients[1], &in);
		assert_true(packet_port_next(&clients[3], &in));
		packet_port_done(&clients[3], &in);
	}
	assert_false(packet_port_next(&clients[1], &in));
	assert_false(packet_port_next(&clients[3], &in));
	/* What can't be cut is lost for those who don't take it whole. */
	(void)send_large(2000);
	run();
	assert_false(packet_port_next(&clients[1], &in));
	/* As much as there is room for. */
	while (packet_port_room(&netswitch.ports[1]) > 3) {
		send(3, 12, everybody, 60);
		run();
		packet_port_drop(&clients[0]);
		packet_port_drop(&clients[2]);
	}
	(void)send_large(1000);
	run();
	assert_int_equal(packet_port_room(&netswitch.ports[1]), 0);
}

/* A client that takes nothing loses its packets, and nobody waits for it. */
static void test_a_client_that_sleeps(void **unused)
{
	uint32_t total = 0;

	(void)unused;
	for (uint32_t i = 0; i < 1000; i++) {
		send(0, 10, everybody, 100);
		run();
		total += got(1, 100, 0);
	}
	assert_int_equal(total, 1000);
	assert_int_equal(got(2, 100, 0), PACKET_SLOTS);
	send(0, 10, everybody, 100);
	run();
	assert_int_equal(got(2, 100, 0), 1);
}

static void test_waking(void **unused)
{
	(void)unused;
	send(0, 10, everybody, 100);
	run();
	assert_int_equal(wakes[1] + wakes[2] + wakes[3], 0);
	(void)got(1, 100, 0);
	assert_false(packet_port_sleep(&clients[1]));
	send(0, 10, everybody, 100);
	send(0, 10, everybody, 100);
	run();
	assert_int_equal(wakes[1], 1);
	assert_int_equal(wakes[0] + wakes[2] + wakes[3], 0);
	assert_true(switch_sleep(&netswitch));
	send(0, 10, everybody, 100);
	assert_true(packet_port_wakes(&clients[0]));
	assert_false(switch_sleep(&netswitch));
	switch_awake(&netswitch);
	send(0, 10, everybody, 100);
	assert_false(packet_port_wakes(&clients[0]));
}

/* The next instance knows nobody, goes on with what is in the channels, and learns again. */
static void test_a_new_instance(void **unused)
{
	(void)unused;
	send_to(0, 10, 11, 60);
	expect(60, 0, 0xe);
	send_to(1, 11, 10, 60);
	instance();
	expect(60, 1, 0xd);
	send_to(0, 10, 11, 60);
	expect(60, 0, 0x2);
}

/* One client after the other writes noise into its channel: the others' packets come through. */
static void test_noise(void **unused)
{
	uint64_t seed = 99;

	(void)unused;
	for (uint32_t i = 0; i < 20000; i++) {
		uint64_t *words = (uint64_t *)(void *)&channels[3];

		for (uint32_t j = 0; j < 4; j++) {
			seed = seed * 6364136223846793005ull + 1442695040888963407ull;
			words[(seed >> 40) % (8192 / 8)] = seed >> (seed >> 58);
			words[(seed >> 20) % 9] = seed >> (seed >> 58);
		}
		send_to(0, 10, 11, 60);
		send_to(1, 11, 10, 64);
		for (uint32_t j = 0; j < 20; j++) {
			(void)switch_round(&netswitch, now_ns);
		}
		if (i < 2) {
			(void)got(0, 64, 1);
		}
		/* What the noisy one sends may reach them too. */
		struct packet_in in;
		bool seen = false;

		while (packet_port_next(&clients[1], &in)) {
			seen = seen || in.header.bytes == 60;
			packet_port_done(&clients[1], &in);
		}
		assert_true(seen);
		packet_port_drop(&clients[0]);
		packet_port_drop(&clients[2]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_learning_and_flooding, set_up),
		cmocka_unit_test_setup(test_what_is_not_passed_on, set_up),
		cmocka_unit_test_setup(test_checksums, set_up),
		cmocka_unit_test_setup(test_segments, set_up),
		cmocka_unit_test_setup(test_a_client_that_sleeps, set_up),
		cmocka_unit_test_setup(test_waking, set_up),
		cmocka_unit_test_setup(test_a_new_instance, set_up),
		cmocka_unit_test_setup(test_noise, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
