#include <packet/address.h>

#include <stdio.h>

uint64_t packet_address(const uint8_t bytes[PACKET_ADDRESS_BYTES])
{
	uint64_t address = 0;

	for (uint32_t i = 0; i < PACKET_ADDRESS_BYTES; i++) {
		address |= (uint64_t)bytes[i] << (8 * i);
	}
	return address;
}

void packet_address_bytes(uint64_t address, uint8_t bytes[PACKET_ADDRESS_BYTES])
{
	for (uint32_t i = 0; i < PACKET_ADDRESS_BYTES; i++) {
		bytes[i] = (uint8_t)(address >> (8 * i));
	}
}

uint64_t packet_address_parse(const char *text)
{
	unsigned parts[PACKET_ADDRESS_BYTES];
	uint8_t bytes[PACKET_ADDRESS_BYTES];
	int end = 0;

	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &parts[0], &parts[1], &parts[2], &parts[3], &parts[4], &parts[5],
		   &end) != (int)PACKET_ADDRESS_BYTES ||
	    text[end] != '\0') {
		return 0;
	}
	for (uint32_t i = 0; i < PACKET_ADDRESS_BYTES; i++) {
		bytes[i] = (uint8_t)parts[i];
	}

	uint64_t address = packet_address(bytes);

	return packet_address_is_group(address) ? 0 : address;
}

uint64_t packet_address_of_name(const char *name)
{
	uint32_t hash = 0x811c9dc5u;

	for (const char *at = name; *at != '\0'; at++) {
		hash = (hash ^ (uint8_t)*at) * 0x01000193u;
	}
	return 0x005452ull | (uint64_t)(hash & 0xffffffu) << 24;
}
