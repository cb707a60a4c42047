/*
 * Checksums and segments against a slow reading of the RFCs written apart from them, and packets that are not what they
 * say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <packet/channel.h>
#include <packet/offload.h>

#define LIMIT 2048u

static uint8_t packet[PACKET_BYTES_MAX];
static struct net_packet header;

static uint32_t be16(const uint8_t *at)
{
	return (uint32_t)at[0] * 256u + at[1];
}

/* RFC 1071, byte by byte: 0xffff when the checksum in it is right. */
static uint32_t slow_sum(const uint8_t *at, uint32_t bytes, uint32_t sum)
{
	for (uint32_t i = 0; i < bytes; i++) {
		sum += i % 2 == 0 ? (uint32_t)at[i] << 8 : at[i];
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

/* Ethernet, a VLAN's tag, IPv4 with options or IPv6 with an extension, TCP with options, and data. */
static void make(bool version_6, bool vlan, uint32_t ip_more, uint32_t tcp_more, uint32_t data, uint32_t segment)
{
	uint32_t ip = 14 + (vlan ? 4 : 0);
	uint32_t ip_bytes = (version_6 ? 40 : 20) + ip_more;
	uint32_t tcp = ip + ip_bytes;
	uint32_t tcp_bytes = 20 + tcp_more;

	for (uint32_t i = 0; i < sizeof(packet); i++) {
		packet[i] = (uint8_t)(i * 7 + i / 256);
	}
	memcpy(packet + 12, vlan ? "\x81\x00\x00\x05" : version_6 ? "\x86\xdd" : "\x08\x00", vlan ? 4 : 2);
	memcpy(packet + ip - 2, version_6 ? "\x86\xdd" : "\x08\x00", 2);
	packet[ip] = (uint8_t)(version_6 ? 0x60 : 0x40 | ip_bytes / 4);
	packet[ip + 9] = version_6 ? packet[ip + 9] : 6;
	memcpy(packet + tcp + 4, "\xff\xff\xfe\x00", 4);
	packet[tcp + 12] = (uint8_t)(tcp_bytes / 4 << 4);
	packet[tcp + 13] = 0x99; /* CWR, ACK, PSH, FIN */
	header = (struct net_packet){
		.bytes = tcp + tcp_bytes + data,
		.packet_flags = NET_PACKET_FLAGS_NEEDS_CHECKSUM,
		.segmentation = version_6 ? NET_SEGMENTATION_TCP6 : NET_SEGMENTATION_TCP4,
		.segment_bytes = (uint16_t)segment,
		.checksum_start = (uint16_t)tcp,
		.checksum_offset = 16,
	};
}

static void check_segment(const uint8_t *frame, uint32_t bytes, uint32_t data, uint32_t number, bool last)
{
	uint32_t tcp = header.checksum_start;
	uint32_t headers = tcp + (packet[tcp + 12] >> 4) * 4u;
	bool version_6 = header.segmentation == NET_SEGMENTATION_TCP6;
	uint32_t ip = be16(packet + 12) == 0x8100 ? 18 : 14;
	uint32_t sum = slow_sum(frame + ip + (version_6 ? 8 : 12), version_6 ? 32 : 8, 6 + bytes - tcp);
	uint32_t sequence = be16(frame + tcp + 4) << 16 | be16(frame + tcp + 6);

	assert_memory_equal(frame, packet, ip + 2);
	assert_memory_equal(frame + tcp + 20, packet + tcp + 20, headers - tcp - 20);
	assert_int_equal(slow_sum(frame + tcp, bytes - tcp, sum), 0xffff);
	if (version_6) {
		assert_int_equal(be16(frame + ip + 4), bytes - ip - 40);
	} else {
		assert_int_equal(be16(frame + ip + 2), bytes - ip);
		assert_int_equal(be16(frame + ip + 4), (be16(packet + ip + 4) + number) & 0xffff);
		assert_int_equal(slow_sum(frame + ip, tcp - ip, 0), 0xffff);
	}
	assert_int_equal(sequence, 0xfffffe00u + (data - headers));
	assert_int_equal(frame[tcp + 13], 0x10 | (number == 0 ? 0x80 : 0) | (last ? 0x09 : 0));
	assert_memory_equal(frame + headers, packet + data, bytes - headers);
}

static void cut_all(void)
{
	struct packet_cutter cutter;
	uint8_t *frame = malloc(LIMIT);
	uint8_t *headers = malloc(header.bytes < PACKET_HEADERS_MAX ? header.bytes : PACKET_HEADERS_MAX);
	uint32_t expected = header.checksum_start + (packet[header.checksum_start + 12] >> 4) * 4u;
	uint32_t data;
	uint32_t data_bytes;
	uint32_t bytes;

	memcpy(headers, packet, header.bytes < PACKET_HEADERS_MAX ? header.bytes : PACKET_HEADERS_MAX);
	assert_true(packet_cut_begin(&cutter, &header, headers, LIMIT));
	for (uint32_t i = 0; (bytes = packet_cut_next(&cutter, frame, &data, &data_bytes)) != 0; i++) {
		assert_int_equal(data, expected);
		assert_true(data_bytes <= header.segment_bytes && data_bytes <= bytes);
		memcpy(frame + (bytes - data_bytes), packet + data, data_bytes);
		packet_cut_finish(&cutter, frame, bytes);
		expected += data_bytes;
		check_segment(frame, bytes, data, i, expected == header.bytes);
	}
	assert_int_equal(expected, header.bytes);
	free(frame);
	free(headers);
}

static void test_segments(void **unused)
{
	(void)unused;
	for (uint32_t i = 0; i < 64; i++) {
		uint32_t data = i < 32 ? 4000 + i * 123 : 1 + i * 1000;

		make((i & 1) != 0, (i & 2) != 0, (i & 4) != 0 ? 8 : 0, (i & 8) != 0 ? 12 : 0, data, 1400 + i);
		cut_all();
	}
	make(false, false, 0, 0, 100, 1);
	cut_all();
	make(false, false, 0, 0, 65000, 1460);
	cut_all();
}

static void test_checksums(void **unused)
{
	(void)unused;
	for (uint32_t bytes = 60; bytes < 1600; bytes += 13) {
		for (uint32_t start = 34; start < 37; start++) {
			uint8_t *frame = malloc(bytes);
			struct net_packet partial = {
				.bytes = bytes, .checksum_start = (uint16_t)start, .checksum_offset = 6,
			};

			for (uint32_t i = 0; i < bytes; i++) {
				frame[i] = (uint8_t)(i * i);
			}
			packet_checksum(frame, &partial);

			/* What was in the field before is a part of the sum, as that of the pseudo-header. */
			uint32_t old = ((start + 6) * (start + 6) % 256) << 8 | (start + 7) * (start + 7) % 256;

			assert_int_equal(slow_sum(frame + start, bytes - start, old), 0xffff);
			free(frame);
		}
	}
	memset(packet, 0xff, 100);
	header = (struct net_packet){ .bytes = 100, .checksum_start = 40, .checksum_offset = 6 };
	packet_checksum(packet, &header);
	assert_int_equal(be16(packet + 46), 0xffff);
}

static bool begins(void)
{
	struct packet_cutter cutter;

	return packet_cut_begin(&cutter, &header, packet, LIMIT);
}

static void test_what_is_no_such_packet(void **unused)
{
	(void)unused;
	make(false, false, 0, 0, 1000, 500);
	assert_true(begins());
	header.segmentation = NET_SEGMENTATION_TCP6;
	assert_false(begins());
	make(false, false, 0, 0, 1000, 2048 - 53);
	assert_false(begins());
	make(false, false, 0, 0, 1000, 2048 - 54);
	assert_true(begins());
	header.checksum_offset = 6;
	assert_false(begins());
	make(false, false, 0, 0, 1000, 500);
	header.checksum_start = 33;
	assert_false(begins());
	header.checksum_start = 240;
	assert_false(begins());
	header.checksum_start = 65535;
	assert_false(begins());
	make(false, false, 0, 0, 1000, 500);
	packet[12] = 0x88;
	assert_false(begins());
	make(false, false, 0, 0, 1000, 500);
	packet[23] = 17;
	assert_false(begins());
	make(false, false, 0, 0, 1000, 500);
	packet[34 + 12] = 0x40;
	assert_false(begins());
	make(false, false, 0, 0, 0, 500);
	assert_false(begins());
	make(true, false, 210, 0, 1000, 500);
	assert_false(begins());
}

/* Whatever a packet says: nothing outside of it is touched (the sanitizers see that), and there is an end. */
static void test_noise(void **unused)
{
	uint64_t seed = 3;

	(void)unused;
	for (uint32_t i = 0; i < 100000; i++) {
		struct packet_cutter cutter;
		uint32_t data;
		uint32_t data_bytes;

		make((i & 1) != 0, (i & 2) != 0, 0, 0, i % 3000 + 1, 1 + i % 1500);
		for (uint32_t j = 0; j < 3; j++) {
			seed = seed * 6364136223846793005ull + 1442695040888963407ull;
			packet[(seed >> 33) % 80] = (uint8_t)(seed >> 24);
			((uint8_t *)&header)[4 + (seed >> 43) % 12] = (uint8_t)(seed >> 16);
		}

		uint32_t there = header.bytes < PACKET_HEADERS_MAX ? header.bytes : PACKET_HEADERS_MAX;
		uint8_t *headers = malloc(there);
		uint8_t *frame = malloc(LIMIT);
		uint32_t bytes;

		memcpy(headers, packet, there);
		if (packet_cut_begin(&cutter, &header, headers, LIMIT)) {
			while ((bytes = packet_cut_next(&cutter, frame, &data, &data_bytes)) != 0) {
				assert_true(bytes <= LIMIT && data + data_bytes <= header.bytes);
				packet_cut_finish(&cutter, frame, bytes);
			}
		}
		free(headers);
		free(frame);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_segments),
		cmocka_unit_test(test_checksums),
		cmocka_unit_test(test_what_is_no_such_packet),
		cmocka_unit_test(test_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
