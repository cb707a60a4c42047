/*
 * Receive steering (virtio 1.2, section 5.1.6.5.6): what comes in goes to the queue whose twin last sent a packet of
 * the same flow, so that a connection stays with one of the guest's CPUs. A flow is known by a hash that is the same
 * both ways. All of this is a hint: a new instance begins with an empty table, and nobody loses anything by it.
 */
#include "net.h"

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

/*
 * Reads at most 78 bytes, which a slot has whatever its packet's length is: what is behind that only spoils the hint.
 */
static uint32_t hash_of(const uint8_t *frame)
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

_Static_assert(NET_FLOWS == 1u << 8, "eight bits of the hash");

/* Pairs of queues that the guest uses. */
static uint32_t pairs_of(const struct net *net)
{
	uint32_t pairs = net->state->pairs;

	return pairs != 0 && pairs <= net->pairs ? pairs : 1;
}

void net_steer_sent(struct net *net, uint32_t index, const uint8_t *frame)
{
	if (pairs_of(net) > 1) {
		net->flows[hash_of(frame)] = (uint8_t)(index / 2 + 1);
	}
}

uint32_t net_steer(const struct net *net, const uint8_t *frame)
{
	uint32_t pairs = pairs_of(net);
	uint32_t pair = 0;

	if (pairs > 1) {
		uint32_t hash = hash_of(frame);

		pair = net->flows[hash] != 0 && net->flows[hash] <= pairs ? net->flows[hash] - 1u : hash % pairs;
	}
	if (virtio_mmio_serves(&net->device, 2 * pair)) {
		return 2 * pair;
	}
	for (uint32_t i = 0; i < net->pairs; i++) {
		if (virtio_mmio_serves(&net->device, 2 * i)) {
			return 2 * i;
		}
	}
	return VIRTIO_QUEUES;
}
