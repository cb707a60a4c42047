#include "net.h"

/* The packet in the chain goes into the channel, or nowhere if it is none. False: there is no room for it. */
static bool send(struct net *net, uint32_t index, const struct virtio_chain *chain)
{
	struct virtio_net_hdr_v1 header;
	struct net_packet packet;

	if (chain->readable_bytes < NET_HEADER_BYTES + PACKET_BYTES_MIN ||
	    chain->readable_bytes > NET_HEADER_BYTES + PACKET_BYTES_MAX) {
		return true;
	}

	uint32_t bytes = (uint32_t)chain->readable_bytes - NET_HEADER_BYTES;
	uint32_t slots = packet_slots(bytes);

	(void)virtio_chain_read(chain, 0, &header, NET_HEADER_BYTES);
	if (!packet_from_virtio(&header, bytes, &packet) ||
	    (packet_needs(&packet) != 0 && (packet_needs(&packet) & ~net_guest_leaves(net)) != 0)) {
		return true;
	}
	if (packet_port_room(&net->port) < slots && !packet_port_wait_room(&net->port, slots)) {
		return false;
	}
	for (uint32_t i = 0; i < slots; i++) {
		(void)virtio_chain_read(chain, NET_HEADER_BYTES + (uint64_t)i * PACKET_SLOT_BYTES,
					packet_port_slot(&net->port, i), PACKET_SLOT_BYTES);
	}
	net_steer_sent(net, index, packet_port_slot(&net->port, 0));
	packet_port_send(&net->port, &packet);
	return true;
}

bool net_transmit(struct net *net, uint32_t index)
{
	struct virtio_queue *queue = &net->device.queues[index];
	struct virtio_chain chain;
	bool more = true;

	for (uint32_t i = 0; more && i < NET_ROUND; i++) {
		switch (virtio_queue_next(queue, &chain)) {
		case VIRTIO_EMPTY:
			more = virtio_queue_arm(queue);
			break;
		case VIRTIO_BROKEN:
			virtio_mmio_break(&net->device);
			more = false;
			break;
		case VIRTIO_TAKEN:
			if (send(net, index, &chain)) {
				virtio_queue_complete(queue, &chain, 0);
			} else {
				/* The switch signals when there is room. */
				net->blocked |= 1u << index;
				more = false;
			}
			break;
		}
	}
	virtio_mmio_notify(&net->device, index);
	return more;
}
