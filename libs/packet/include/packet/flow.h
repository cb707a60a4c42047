/*
 * Which packets belong together: a hash of a frame's IP addresses, and of its TCP or UDP ports, that is the same both
 * ways.
 */
#ifndef PACKET_FLOW_H
#define PACKET_FLOW_H

#include <stdint.h>

/* How many flows are told apart: results of packet_flow_hash(). */
#define PACKET_FLOWS 256u

/* Of the bytes at `frame`; there may be more or less of them than the frame has. */
#define PACKET_FLOW_BYTES 78u

/* Below PACKET_FLOWS. Reads at most PACKET_FLOW_BYTES, whatever the frame's length is: it is a hint, no more. */
uint32_t packet_flow_hash(const uint8_t *frame);

#endif
