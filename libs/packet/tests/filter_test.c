/* Which packets a guest wants, in every mode and with tables of any length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define VIRTIO_NET_NO_LEGACY
#include <linux/virtio_net.h>

#include <packet/filter.h>

#define OWN 0x000000000002ull
#define OTHER 0x010000000002ull
#define GROUP 0x010000000001ull
#define BROADCAST 0xffffffffffffull

static struct sk_packet_filter filter;

static int set_up(void **unused)
{
	(void)unused;
	memset(&filter, 0, sizeof(filter));
	return 0;
}

static void expect(bool own, bool other, bool group, bool broadcast)
{
	assert_int_equal(packet_filter_takes(&filter, OWN, OWN), own);
	assert_int_equal(packet_filter_takes(&filter, OWN, OTHER), other);
	assert_int_equal(packet_filter_takes(&filter, OWN, GROUP), group);
	assert_int_equal(packet_filter_takes(&filter, OWN, BROADCAST), broadcast);
}

static void mode(uint8_t command, bool on)
{
	assert_true(packet_filter_mode(&filter, command, on));
}

static void test_modes(void **unused)
{
	(void)unused;
	expect(true, true, true, true);
	mode(VIRTIO_NET_CTRL_RX_NOBCAST, false);
	expect(true, true, true, true);
	mode(VIRTIO_NET_CTRL_RX_PROMISC, false);
	expect(true, false, false, true);
	mode(VIRTIO_NET_CTRL_RX_ALLMULTI, true);
	expect(true, false, true, true);
	mode(VIRTIO_NET_CTRL_RX_ALLMULTI, false);
	mode(VIRTIO_NET_CTRL_RX_ALLUNI, true);
	expect(true, true, false, true);
	mode(VIRTIO_NET_CTRL_RX_NOUNI, true);
	expect(false, false, false, true);
	mode(VIRTIO_NET_CTRL_RX_NOBCAST, true);
	expect(false, false, false, false);
	mode(VIRTIO_NET_CTRL_RX_PROMISC, true);
	expect(true, true, true, true);
	assert_false(packet_filter_mode(&filter, VIRTIO_NET_CTRL_RX_NOBCAST + 1, true));
	packet_filter_reset(&filter);
	expect(true, true, true, true);
	mode(VIRTIO_NET_CTRL_RX_PROMISC, false);
	expect(true, false, false, true);
}

/* Tables of `stations` and `groups` addresses, the last ones of which are OTHER and GROUP. */
static uint32_t make(uint8_t *data, uint32_t stations, uint32_t groups)
{
	const uint32_t counts[2] = { stations, groups };
	const uint64_t last[2] = { OTHER, GROUP };
	uint32_t at = 0;

	for (uint32_t i = 0; i < 2; i++) {
		memcpy(data + at, &counts[i], 4);
		at += 4;
		for (uint32_t j = 1; j <= counts[i]; j++) {
			packet_address_bytes(j == counts[i] ? last[i] : last[i] + (j << 8), data + at);
			at += PACKET_ADDRESS_BYTES;
		}
	}
	return at;
}

static bool send(uint32_t stations, uint32_t groups, uint32_t missing)
{
	static uint8_t data[4096];
	uint32_t bytes = make(data, stations, groups) - missing;
	uint8_t there[PACKET_FILTER_BYTES];
	uint32_t copied = bytes < sizeof(there) ? bytes : (uint32_t)sizeof(there);

	memcpy(there, data, copied);
	return packet_filter_tables(&filter, there, copied, bytes);
}

static void test_tables(void **unused)
{
	(void)unused;
	mode(VIRTIO_NET_CTRL_RX_PROMISC, false);
	assert_true(send(1, 0, 0));
	expect(true, true, false, true);
	assert_true(send(0, 1, 0));
	expect(true, false, true, true);
	assert_true(send(16, 16, 0));
	expect(true, true, true, true);
	assert_false(packet_filter_takes(&filter, OWN, OTHER + 0x990000));
	assert_false(packet_filter_takes(&filter, OWN, GROUP + 0x990000));
	assert_true(send(0, 0, 0));
	expect(true, false, false, true);
}

/* With more addresses than there is room for, nothing is missed. */
static void test_long_tables(void **unused)
{
	(void)unused;
	mode(VIRTIO_NET_CTRL_RX_PROMISC, false);
	assert_true(send(17, 1, 0));
	assert_true(packet_filter_takes(&filter, OWN, OTHER + 0x990000));
	assert_false(packet_filter_takes(&filter, OWN, GROUP + 0x990000));
	assert_true(send(200, 1, 0));
	assert_true(packet_filter_takes(&filter, OWN, OTHER + 0x990000));
	assert_true(packet_filter_takes(&filter, OWN, GROUP + 0x990000));
	assert_true(send(1, 200, 0));
	assert_false(packet_filter_takes(&filter, OWN, OTHER + 0x990000));
	assert_true(packet_filter_takes(&filter, OWN, GROUP + 0x990000));
}

static void test_tables_that_cannot_be(void **unused)
{
	(void)unused;
	for (uint32_t missing = 1; missing <= 20; missing++) {
		assert_false(send(1, 1, missing));
	}
	assert_false(send(200, 200, 1300));
	assert_false(packet_filter_tables(&filter, (const uint8_t *)"\xff\xff\xff\xff\0\0\0\0", 8, 8));
}

/* Any bytes will do: nothing outside what is there is read (sanitizers). */
static void test_noise(void **unused)
{
	uint32_t random = 1;

	(void)unused;
	for (uint32_t round = 0; round < 20000; round++) {
		uint8_t data[PACKET_FILTER_BYTES];
		uint32_t there = round % (PACKET_FILTER_BYTES + 1);

		for (uint32_t i = 0; i < sizeof(data); i++) {
			random = random * 1664525u + 1013904223u;
			data[i] = i % 4 == 0 ? (uint8_t)(random >> 24) : 0;
		}
		(void)packet_filter_tables(&filter, data, there, there + (round % 3) * 100);
		(void)packet_filter_takes(&filter, OWN, random);
		assert_true(filter.station_count <= PACKET_FILTER_ADDRESSES + 1);
		assert_true(filter.group_count <= PACKET_FILTER_ADDRESSES + 1);
	}
	/* A damaged state takes too much at worst. */
	memset(&filter, 0xff, sizeof(filter));
	(void)packet_filter_takes(&filter, OWN, OTHER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_modes, set_up),
		cmocka_unit_test_setup(test_tables, set_up),
		cmocka_unit_test_setup(test_long_tables, set_up),
		cmocka_unit_test_setup(test_tables_that_cannot_be, set_up),
		cmocka_unit_test_setup(test_noise, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
