/*
 * What a packet's sender has left to others, done in software: a checksum that is only begun, and a TCP packet that
 * is to be cut into segments. For a receiver that takes neither.
 *
 * What a sender says about its packet is not believed: headers are read again, in the caller's own copy of
 * them, and nothing is read or written outside what the caller gave.
 */
#ifndef PACKET_OFFLOAD_H
#define PACKET_OFFLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include <sk/idl/net.h>

#define PACKET_HEADERS_MAX 256u /* of a packet that is to be cut */

/* Finishes the checksum of a frame of header->bytes bytes, which needs it (NEEDS_CHECKSUM, places within the frame). */
void packet_checksum(uint8_t *frame, const struct net_packet *header);

/* A TCP packet that is being cut. */
struct packet_cutter {
	const uint8_t *headers;
	uint32_t bytes;         /* of the whole packet */
	uint32_t header_bytes;  /* Ethernet, IP and TCP */
	uint32_t ip;            /* where its header begins */
	uint32_t tcp;
	uint32_t segment_bytes;
	uint32_t at;            /* of the packet, where the next segment's data begins */
	uint16_t number;        /* of the next segment, from 0 */
	bool version_6;
};

/*
 * Begins to cut a packet that `header` describes (packet_port_next() has checked it); `headers` are its first bytes, as
 * many as it has up to PACKET_HEADERS_MAX, and stay as they are. False: it is no such packet, or its segments would be
 * longer than `limit`.
 */
bool packet_cut_begin(struct packet_cutter *cutter, const struct net_packet *header, const uint8_t *headers,
		      uint32_t limit);

/*
 * The next segment: its headers go to `frame`; there follow, to be copied by the caller, *data_bytes bytes of the
 * packet from *data on; then packet_cut_finish() makes it complete. Returns its length; 0: there are no more.
 */
uint32_t packet_cut_next(struct packet_cutter *cutter, uint8_t *frame, uint32_t *data, uint32_t *data_bytes);
void packet_cut_finish(const struct packet_cutter *cutter, uint8_t *frame, uint32_t bytes);

#endif
