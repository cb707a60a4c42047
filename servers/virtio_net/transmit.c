#include "net.h"

/* What the guest's header says, as the channel has it. False: it says what was not negotiated, or what can't be. */
static bool describe(const struct net *net, const struct virtio_net_hdr_v1 *header, uint32_t bytes,
		     struct net_packet *packet)
{
	*packet = (struct net_packet){ .bytes = bytes };
	if ((header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0) {
		if (!net_has(net, VIRTIO_NET_F_CSUM) ||
		    (uint32_t)header->csum_start + header->csum_offset + 2u > bytes) {
			return false;
		}
		packet->packet_flags = NET_PACKET_FLAGS_NEEDS_CHECKSUM;
		packet->checksum_start = header->csum_start;
		packet->checksum_offset = header->csum_offset;
	}
	switch (header->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
	case VIRTIO_NET_HDR_GSO_NONE:
		return true;
	case VIRTIO_NET_HDR_GSO_TCPV4:
		packet->segmentation = NET_SEGMENTATION_TCP4;
		break;
	case VIRTIO_NET_HDR_GSO_TCPV6:
		packet->segmentation = NET_SEGMENTATION_TCP6;
		break;
	default:
		return false;
	}
	packet->ecn = (header->gso_type & VIRTIO_NET_HDR_GSO_ECN) != 0;
	packet->header_bytes = header->hdr_len;
	packet->segment_bytes = header->gso_size;
	return packet->packet_flags != 0 && packet->segment_bytes != 0 &&
	       net_has(net, packet->segmentation == NET_SEGMENTATION_TCP4 ? VIRTIO_NET_F_HOST_TSO4
									  : VIRTIO_NET_F_HOST_TSO6) &&
	       (packet->ecn == 0 || net_has(net, VIRTIO_NET_F_HOST_ECN));
}

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
	if (!describe(net, &header, bytes, &packet)) {
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
