/*
 * Receive steering (virtio 1.2, section 5.1.6.5.6): what comes in goes to the queue whose twin last sent a packet of
 * the same flow, so that a connection stays with one of the guest's CPUs. A flow is known by a hash that is the same
 * both ways. All of this is a hint: a new instance begins with an empty table, and nobody loses anything by it.
 */
#include "net.h"

/* Pairs of queues that the guest uses. */
static uint32_t pairs_of(const struct net *net)
{
	uint32_t pairs = net->state->pairs;

	return pairs != 0 && pairs <= net->pairs ? pairs : 1;
}

void net_steer_sent(struct net *net, uint32_t index, const uint8_t *frame)
{
	if (pairs_of(net) > 1) {
		net->flows[packet_flow_hash(frame)] = (uint8_t)(index / 2 + 1);
	}
}

uint32_t net_steer(const struct net *net, const uint8_t *frame)
{
	uint32_t pairs = pairs_of(net);
	uint32_t pair = 0;

	if (pairs > 1) {
		uint32_t hash = packet_flow_hash(frame);

		pair = net->flows[hash] != 0 && net->flows[hash] <= pairs ? net->flows[hash] - 1u : hash % pairs;
	}
	if (virtio_mmio_serves(&net->device, 2 * pair)) {
		return 2 * pair;
	}
	for (uint32_t i = 0; i < pairs; i++) {
		if (virtio_mmio_serves(&net->device, 2 * i)) {
			return 2 * i;
		}
	}
	return VIRTIO_QUEUES;
}
