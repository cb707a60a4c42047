/*
 * The control queue (virtio 1.2, section 5.1.6.5): class, command and data to read, a byte to write. What a guest
 * sets is one word of the state each, stored before the answer, so that a command that is done again does the same.
 */
#include "net.h"

#define COMMAND_BYTES ((uint32_t)sizeof(struct virtio_net_ctrl_hdr))

#define STORE(word, value) __atomic_store_n(&(word), (value), __ATOMIC_RELEASE)

static bool set_mode(struct net *net, uint8_t command, const struct virtio_chain *chain)
{
	uint8_t on;

	return virtio_chain_read(chain, COMMAND_BYTES, &on, 1) == 1 &&
	       packet_filter_mode(&net->state->filter, command, on != 0);
}

static bool set_tables(struct net *net, const struct virtio_chain *chain)
{
	uint8_t data[PACKET_FILTER_BYTES];
	uint32_t there = virtio_chain_read(chain, COMMAND_BYTES, data, sizeof(data));

	return packet_filter_tables(&net->state->filter, data, there, chain->readable_bytes - COMMAND_BYTES);
}

static bool set_mac(struct net *net, const struct virtio_chain *chain)
{
	uint8_t bytes[PACKET_ADDRESS_BYTES];
	uint64_t mac;

	if (virtio_chain_read(chain, COMMAND_BYTES, bytes, sizeof(bytes)) != sizeof(bytes)) {
		return false;
	}
	mac = packet_address(bytes);
	if (mac == 0 || packet_address_is_group(mac)) {
		return false;
	}
	STORE(net->state->mac, mac);
	net_update_config(net);
	return true;
}

static bool set_pairs(struct net *net, const struct virtio_chain *chain)
{
	uint16_t pairs;

	if (!net_has(net, VIRTIO_NET_F_MQ) ||
	    virtio_chain_read(chain, COMMAND_BYTES, &pairs, sizeof(pairs)) != sizeof(pairs) || pairs == 0 ||
	    pairs > net->pairs) {
		return false;
	}
	STORE(net->state->pairs, pairs);
	return true;
}

static bool set_offloads(struct net *net, const struct virtio_chain *chain)
{
	uint64_t features;

	return net_has(net, VIRTIO_NET_F_CTRL_GUEST_OFFLOADS) &&
	       virtio_chain_read(chain, COMMAND_BYTES, &features, sizeof(features)) == sizeof(features) &&
	       net_set_accepts(net, features);
}

static bool announced(struct net *net)
{
	STORE(net->state->announce, 0);
	net_update_config(net);
	return true;
}

static bool obey(struct net *net, const struct virtio_chain *chain)
{
	struct virtio_net_ctrl_hdr header;

	if (virtio_chain_read(chain, 0, &header, COMMAND_BYTES) != COMMAND_BYTES) {
		return false;
	}
	switch (header.class) {
	case VIRTIO_NET_CTRL_RX:
		return set_mode(net, header.cmd, chain);
	case VIRTIO_NET_CTRL_MAC:
		return (header.cmd == VIRTIO_NET_CTRL_MAC_TABLE_SET && set_tables(net, chain)) ||
		       (header.cmd == VIRTIO_NET_CTRL_MAC_ADDR_SET && set_mac(net, chain));
	case VIRTIO_NET_CTRL_ANNOUNCE:
		return header.cmd == VIRTIO_NET_CTRL_ANNOUNCE_ACK && announced(net);
	case VIRTIO_NET_CTRL_MQ:
		return header.cmd == VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET && set_pairs(net, chain);
	case VIRTIO_NET_CTRL_GUEST_OFFLOADS:
		return header.cmd == VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET && set_offloads(net, chain);
	default:
		return false;
	}
}

bool net_control(struct net *net, uint32_t index)
{
	struct virtio_queue *queue = &net->device.queues[index];
	struct virtio_chain chain;
	bool more = true;

	for (uint32_t i = 0; more && i < NET_ROUND; i++) {
		enum virtio_taken taken = virtio_queue_next(queue, &chain);

		if (taken == VIRTIO_EMPTY) {
			more = virtio_queue_arm(queue);
		} else if (taken == VIRTIO_BROKEN || chain.writable_bytes == 0) {
			virtio_mmio_break(&net->device);
			more = false;
		} else {
			uint8_t answer = obey(net, &chain) ? VIRTIO_NET_OK : VIRTIO_NET_ERR;

			(void)virtio_chain_write(&chain, chain.writable_bytes - 1, &answer, 1);
			virtio_queue_complete(queue, &chain, 1);
		}
	}
	virtio_mmio_notify(&net->device, index);
	return more;
}
