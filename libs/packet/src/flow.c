#include <packet/flow.h>

#include <string.h>

#define TYPE 12u
#define IPV4 14u
#define IPV6 14u
#define FRAGMENT_MASK 0x3fffu
#define TCP 6u
#define UDP 17u

static uint32_t word_at(const uint8_t *at)
{
	uint32_t word;

	memcpy(&word, at, sizeof(word));
	return word;
}

/* Both ports, one over the other. */
static uint32_t ports_of(uint32_t protocol, const uint8_t *at)
{
	uint32_t word = word_at(at);

	return protocol == TCP || protocol == UDP ? (word ^ word >> 16) & 0xffffu : 0;
}

uint32_t packet_flow_hash(const uint8_t *frame)
{
	uint32_t type = (uint32_t)frame[TYPE] << 8 | frame[TYPE + 1];
	uint32_t hash = 0;

	if (type == 0x0800u) {
		uint32_t fragment = ((uint32_t)frame[IPV4 + 6] << 8 | frame[IPV4 + 7]) & FRAGMENT_MASK;

		hash = word_at(frame + IPV4 + 12) ^ word_at(frame + IPV4 + 16);
		hash ^= fragment == 0 ? ports_of(frame[IPV4 + 9], frame + IPV4 + (frame[IPV4] & 0xfu) * 4u) << 8 : 0;
	} else if (type == 0x86ddu) {
		for (uint32_t i = 0; i < 32; i += 4) {
			hash ^= word_at(frame + IPV6 + 8 + i);
		}
		hash ^= ports_of(frame[IPV6 + 6], frame + IPV6 + 40) << 8;
	}
	return hash * 0x9e3779b1u >> 24;
}

_Static_assert(PACKET_FLOWS == 1u << 8, "eight bits of the hash");
