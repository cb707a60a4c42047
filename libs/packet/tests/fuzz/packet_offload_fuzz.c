/*
 * Checksums and cutting, against arithmetic that is written down as the RFCs have it, byte by byte: of each segment
 * that comes out all lengths and checksums are right, and their data is the packet's.
 */
#include <string.h>

#include <fuzz/fuzz.h>
#include <packet/channel.h>
#include <packet/offload.h>

#define PACKET_MAX 3000u
#define LIMIT 600u

static uint32_t word_at(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

/* RFC 1071, folded, in network order. */
static uint32_t sum(const uint8_t *at, uint32_t bytes, uint32_t begun)
{
	for (uint32_t i = 0; i < bytes; i++) {
		begun += i % 2 == 0 ? (uint32_t)at[i] << 8 : at[i];
		begun = (begun & 0xffffu) + (begun >> 16);
	}
	return begun;
}

static void expect_ip(const uint8_t *frame, uint32_t ip, uint32_t tcp, uint32_t bytes, bool version_6)
{
	if (version_6) {
		FUZZ_EXPECT(word_at(frame + ip + 4) == ((bytes - ip - 40) & 0xffffu));
		return;
	}
	FUZZ_EXPECT(word_at(frame + ip + 2) == bytes - ip);
	FUZZ_EXPECT(sum(frame + ip, tcp - ip, 0) == 0xffffu);
}

static void expect_tcp(const uint8_t *frame, uint32_t ip, uint32_t tcp, uint32_t bytes, bool version_6)
{
	uint32_t begun = version_6 ? sum(frame + ip + 8, 32, 0) : sum(frame + ip + 12, 8, 0);

	begun = (begun + 6 + bytes - tcp) % 0xffffu;
	FUZZ_EXPECT(sum(frame + tcp, bytes - tcp, begun) % 0xffffu == 0);
}

static void cut(const uint8_t *packet, const struct net_packet *header)
{
	uint8_t headers[PACKET_HEADERS_MAX];
	uint8_t frame[LIMIT];
	uint32_t there = header->bytes < sizeof(headers) ? header->bytes : (uint32_t)sizeof(headers);
	struct packet_cutter cutter;
	uint32_t data;
	uint32_t data_bytes;
	uint32_t bytes;
	uint32_t done;

	memcpy(headers, packet, there);
	if (!packet_cut_begin(&cutter, header, headers, LIMIT)) {
		return;
	}
	done = cutter.header_bytes;
	while ((bytes = packet_cut_next(&cutter, frame, &data, &data_bytes)) != 0) {
		FUZZ_EXPECT(data == done && data_bytes != 0 && data_bytes <= header->segment_bytes);
		FUZZ_EXPECT(bytes <= LIMIT && bytes == cutter.header_bytes + data_bytes);
		memcpy(frame + cutter.header_bytes, packet + data, data_bytes);
		packet_cut_finish(&cutter, frame, bytes);
		expect_ip(frame, cutter.ip, cutter.tcp, bytes, cutter.version_6);
		expect_tcp(frame, cutter.ip, cutter.tcp, bytes, cutter.version_6);
		FUZZ_EXPECT(word_at(frame + cutter.tcp + 6) ==
			    ((word_at(packet + cutter.tcp + 6) + data - cutter.header_bytes) & 0xffffu));
		done += data_bytes;
	}
	FUZZ_EXPECT(done == header->bytes);
}

static void check(uint8_t *packet, const struct net_packet *header)
{
	uint32_t at = (uint32_t)header->checksum_start + header->checksum_offset;
	uint32_t rest = sum(packet + header->checksum_start, header->bytes - header->checksum_start, 0);

	packet_checksum(packet, header);
	FUZZ_EXPECT(word_at(packet + at) != 0);
	if (header->checksum_offset % 2 == 0) {
		FUZZ_EXPECT(word_at(packet + at) == (rest == 0xffffu ? 0xffffu : ~rest & 0xffffu));
	}
}

/* The headers of a packet that may be cut, as a base for what the input changes in them. */
static void write_headers(uint8_t *packet, bool version_6, bool vlan)
{
	uint32_t ip = vlan ? 18 : 14;
	uint32_t tcp = ip + (version_6 ? 40 : 20);

	memcpy(packet + 12, (uint8_t[2]){ 0x81, 0x00 }, 2);
	memcpy(packet + ip - 2, version_6 ? (uint8_t[2]){ 0x86, 0xdd } : (uint8_t[2]){ 0x08, 0x00 }, 2);
	packet[ip] = version_6 ? 0x60 : 0x45;
	packet[ip + (version_6 ? 6 : 9)] = 6;
	packet[tcp + 12] = 0x50;
}

void fuzz_one(void)
{
	uint8_t kind = fuzz_u8();
	bool version_6 = (kind & 1u) != 0;
	bool vlan = (kind & 2u) != 0;
	struct net_packet header = {
		.bytes = PACKET_BYTES_MIN + fuzz_below(PACKET_MAX - PACKET_BYTES_MIN),
		.packet_flags = NET_PACKET_FLAGS_NEEDS_CHECKSUM,
		.segmentation = version_6 ? NET_SEGMENTATION_TCP6 : NET_SEGMENTATION_TCP4,
		.segment_bytes = fuzz_u16() % LIMIT,
		.checksum_start = (uint16_t)((vlan ? 18 : 14) + (version_6 ? 40 : 20)),
		.checksum_offset = 16,
	};
	uint8_t packet[PACKET_MAX];

	for (uint32_t i = 0; i < sizeof(packet); i++) {
		packet[i] = (uint8_t)(i * kind);
	}
	write_headers(packet, version_6, vlan);
	if ((kind & 4u) != 0) {
		header.checksum_start = fuzz_u16() % 300u;
		header.checksum_offset = fuzz_u16() % 40u;
	}
	if ((kind & 8u) != 0) {
		header.segmentation = version_6 ? NET_SEGMENTATION_TCP4 : NET_SEGMENTATION_TCP6;
	}
	for (uint32_t i = 0; fuzz_more() && i < 64; i++) {
		packet[fuzz_below(128)] = fuzz_u8();
	}
	/* What packet_port_next() lets through. */
	if (header.segment_bytes == 0 || header.checksum_start + header.checksum_offset + 2u > header.bytes) {
		return;
	}
	cut(packet, &header);
	check(packet, &header);
}
