/*
 * Fields are in network order, at any alignment. Checksums: RFC 1071, the one's complement sum does not mind in which
 * order bytes are as long as it is the same for all, so words are added as they lie in memory.
 */
#include <packet/offload.h>

#include <stddef.h>
#include <string.h>

#define ETHERNET_BYTES 14u
#define ETHERNET_TYPE 12u
#define VLAN_BYTES 4u
#define TYPE_IPV4 0x0800u
#define TYPE_IPV6 0x86ddu
#define TYPE_VLAN 0x8100u

#define IPV4_BYTES 20u
#define IPV4_LENGTH 2u
#define IPV4_ID 4u
#define IPV4_PROTOCOL 9u
#define IPV4_CHECKSUM 10u
#define IPV4_ADDRESSES 12u
#define IPV6_BYTES 40u
#define IPV6_LENGTH 4u
#define IPV6_ADDRESSES 8u

#define TCP_BYTES 20u
#define TCP_PROTOCOL 6u
#define TCP_SEQUENCE 4u
#define TCP_OFFSET 12u
#define TCP_FLAGS 13u
#define TCP_FIN 0x01u
#define TCP_PSH 0x08u
#define TCP_CWR 0x80u
#define TCP_CHECKSUM 16u

static uint16_t get_16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t get_32(const uint8_t *at)
{
	return (uint32_t)get_16(at) << 16 | get_16(at + 2);
}

static void put_16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put_32(uint8_t *at, uint32_t value)
{
	put_16(at, value >> 16);
	put_16(at + 2, value);
}

/* The sum of 16-bit words as they lie in memory, not folded; an odd byte has a zero behind it. */
static uint64_t sum_of(const uint8_t *at, uint32_t bytes, uint64_t sum)
{
	uint64_t word;
	uint16_t rest = 0;

	for (; bytes >= sizeof(word); bytes -= (uint32_t)sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		sum += (word & UINT32_MAX) + (word >> 32);
		at += sizeof(word);
	}
	for (; bytes >= 2; bytes -= 2) {
		memcpy(&rest, at, 2);
		sum += rest;
		at += 2;
	}
	rest = 0;
	if (bytes != 0) {
		memcpy(&rest, at, 1);
	}
	return sum + rest;
}

/* The complement of the sum, as it is stored, in the order of memory. */
static uint16_t fold(uint64_t sum)
{
	while (sum >> 16 != 0) {
		sum = (sum & 0xffffu) + (sum >> 16);
	}
	return (uint16_t)~sum;
}

void packet_checksum(uint8_t *frame, const struct net_packet *header)
{
	uint32_t start = header->checksum_start;
	uint16_t value = fold(sum_of(frame + start, header->bytes - start, 0));

	/* For UDP 0 means that there is none; for all others both values are the same. */
	value = value == 0 ? 0xffffu : value;
	memcpy(frame + start + header->checksum_offset, &value, sizeof(value));
}

/* Where IP begins, and which; 0: it is not IP. */
static uint32_t find_ip(const uint8_t *headers, uint32_t bytes, uint16_t *type)
{
	uint32_t at = ETHERNET_TYPE;

	if (bytes < ETHERNET_BYTES + VLAN_BYTES + IPV4_BYTES) {
		return 0;
	}
	if (get_16(headers + at) == TYPE_VLAN) {
		at += VLAN_BYTES;
	}
	*type = get_16(headers + at);
	return *type == TYPE_IPV4 || *type == TYPE_IPV6 ? at + 2 : 0;
}

/* IP's own header ends where the sender says that TCP's begins, or before, with extensions of IPv6. */
static bool ip_fits(const struct packet_cutter *cutter)
{
	const uint8_t *ip = cutter->headers + cutter->ip;
	uint32_t bytes = cutter->tcp - cutter->ip;

	if (cutter->version_6) {
		return bytes >= IPV6_BYTES;
	}
	return bytes >= IPV4_BYTES && bytes == (ip[0] & 0xfu) * 4u && ip[IPV4_PROTOCOL] == TCP_PROTOCOL;
}

bool packet_cut_begin(struct packet_cutter *cutter, const struct net_packet *header, const uint8_t *headers,
		      uint32_t limit)
{
	uint32_t there = header->bytes < PACKET_HEADERS_MAX ? header->bytes : PACKET_HEADERS_MAX;
	uint16_t type = 0;

	*cutter = (struct packet_cutter){
		.headers = headers,
		.bytes = header->bytes,
		.ip = find_ip(headers, there, &type),
		.tcp = header->checksum_start,
		.segment_bytes = header->segment_bytes,
		.version_6 = type == TYPE_IPV6,
	};
	if (cutter->ip == 0 || cutter->version_6 != (header->segmentation == NET_SEGMENTATION_TCP6) ||
	    header->checksum_offset != TCP_CHECKSUM || cutter->tcp <= cutter->ip || cutter->tcp + TCP_BYTES > there ||
	    !ip_fits(cutter)) {
		return false;
	}

	uint32_t tcp_bytes = (headers[cutter->tcp + TCP_OFFSET] >> 4) * 4u;

	cutter->header_bytes = cutter->tcp + tcp_bytes;
	cutter->at = cutter->header_bytes;
	return tcp_bytes >= TCP_BYTES && cutter->header_bytes <= there && cutter->header_bytes < header->bytes &&
	       cutter->segment_bytes != 0 && cutter->header_bytes + cutter->segment_bytes <= limit;
}

/* IP's lengths, and what follows from them. */
static void finish_ip(const struct packet_cutter *cutter, uint8_t *frame, uint32_t bytes)
{
	uint8_t *ip = frame + cutter->ip;
	uint32_t ip_bytes = bytes - cutter->ip;
	uint16_t checksum;

	if (cutter->version_6) {
		put_16(ip + IPV6_LENGTH, ip_bytes - IPV6_BYTES);
		return;
	}
	put_16(ip + IPV4_LENGTH, ip_bytes);
	put_16(ip + IPV4_ID, get_16(ip + IPV4_ID) + cutter->number);
	put_16(ip + IPV4_CHECKSUM, 0);
	checksum = fold(sum_of(ip, cutter->tcp - cutter->ip, 0));
	memcpy(ip + IPV4_CHECKSUM, &checksum, sizeof(checksum));
}

uint32_t packet_cut_next(struct packet_cutter *cutter, uint8_t *frame, uint32_t *data, uint32_t *data_bytes)
{
	uint32_t left = cutter->bytes - cutter->at;
	uint32_t here = left < cutter->segment_bytes ? left : cutter->segment_bytes;
	uint8_t *tcp = frame + cutter->tcp;
	uint8_t last_only = here < left ? TCP_FIN | TCP_PSH : 0;
	uint8_t first_only = cutter->number != 0 ? TCP_CWR : 0;

	if (left == 0) {
		return 0;
	}
	memcpy(frame, cutter->headers, cutter->header_bytes);
	put_32(tcp + TCP_SEQUENCE, get_32(tcp + TCP_SEQUENCE) + (cutter->at - cutter->header_bytes));
	tcp[TCP_FLAGS] &= (uint8_t)~(last_only | first_only);
	put_16(tcp + TCP_CHECKSUM, 0);
	finish_ip(cutter, frame, cutter->header_bytes + here);
	*data = cutter->at;
	*data_bytes = here;
	cutter->at += here;
	cutter->number++;
	return cutter->header_bytes + here;
}

/* The pseudo-header is the addresses, the protocol and TCP's length. */
void packet_cut_finish(const struct packet_cutter *cutter, uint8_t *frame, uint32_t bytes)
{
	const uint8_t *ip = frame + cutter->ip;
	uint32_t tcp_bytes = bytes - cutter->tcp;
	uint8_t rest[4] = { 0, TCP_PROTOCOL, (uint8_t)(tcp_bytes >> 8), (uint8_t)tcp_bytes };
	uint64_t sum = cutter->version_6 ? sum_of(ip + IPV6_ADDRESSES, 32, 0) : sum_of(ip + IPV4_ADDRESSES, 8, 0);
	uint16_t checksum;

	sum = sum_of(rest, sizeof(rest), sum);
	checksum = fold(sum_of(frame + cutter->tcp, tcp_bytes, sum));
	memcpy(frame + cutter->tcp + TCP_CHECKSUM, &checksum, sizeof(checksum));
}
