/*
 * Ethernet addresses, as a word with the first byte lowest: 0 is none.
 */
#ifndef PACKET_ADDRESS_H
#define PACKET_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

/* Of an address in a frame. */
#define PACKET_ADDRESS_BYTES 6u

/* From and to the six bytes of a frame. */
uint64_t packet_address(const uint8_t bytes[PACKET_ADDRESS_BYTES]);
void packet_address_bytes(uint64_t address, uint8_t bytes[PACKET_ADDRESS_BYTES]);

/* Of several stations, not of one. */
static inline bool packet_address_is_group(uint64_t address)
{
	return (address & 1u) != 0;
}

/* "52:54:00:12:34:56" as the address of a station; 0: it is none. */
uint64_t packet_address_parse(const char *text);

/* A station's address, 52:54:00:…, different for different names, and the same each time: FNV-1a of the name. */
uint64_t packet_address_of_name(const char *name);

#endif
