#include "net.h"

#define BUFFERS_MAX 64u /* of the guest's that one packet takes */

enum delivery {
	DELIVERED,
	STALLED, /* the guest has too few buffers now */
	REFUSED, /* it can't take this one: dropped */
	BROKEN,
};

/* Bytes [at, at + bytes) of the packet, to `skip` and up in the chain. */
static void fill(const struct net *net, const struct virtio_chain *chain, uint32_t skip, uint32_t at, uint32_t bytes)
{
	while (bytes != 0) {
		uint32_t offset = at % PACKET_SLOT_BYTES;
		uint32_t piece = PACKET_SLOT_BYTES - offset < bytes ? PACKET_SLOT_BYTES - offset : bytes;

		(void)virtio_chain_write(chain, skip, packet_port_received(&net->port, at / PACKET_SLOT_BYTES) + offset,
					 piece);
		skip += piece;
		at += piece;
		bytes -= piece;
	}
}

/* `*buffers`: of the guest's that were looked at. */
static enum delivery deliver(struct net *net, struct virtio_queue *queue, const struct net_packet *packet,
			     uint32_t *buffers)
{
	struct virtio_chain chains[2]; /* the first one, and another one */
	struct virtio_net_hdr_v1 header = packet_to_virtio(packet, net_has(net, VIRTIO_NET_F_GUEST_CSUM));
	uint32_t most = net_has(net, VIRTIO_NET_F_MRG_RXBUF) ? BUFFERS_MAX : 1;
	uint32_t count = 0;

	for (uint32_t at = 0; at < packet->bytes; count++) {
		struct virtio_chain *chain = &chains[count != 0];
		uint32_t skip = count == 0 ? NET_HEADER_BYTES : 0;

		*buffers = count;
		if (count == most || count == queue->size) {
			return REFUSED;
		}
		switch (virtio_queue_ahead(queue, count, chain)) {
		case VIRTIO_EMPTY:
			return STALLED;
		case VIRTIO_BROKEN:
			return BROKEN;
		default:
			break;
		}
		if (chain->readable != 0 || chain->writable_bytes < (skip != 0 ? skip : 1)) {
			return BROKEN;
		}

		uint64_t room = chain->writable_bytes - skip;
		uint32_t piece = room < packet->bytes - at ? (uint32_t)room : packet->bytes - at;

		fill(net, chain, skip, at, piece);
		virtio_queue_stage(queue, count, chain, skip + piece);
		at += piece;
	}
	header.num_buffers = (uint16_t)count;
	(void)virtio_chain_write(&chains[0], 0, &header, NET_HEADER_BYTES);
	virtio_queue_commit(queue, count);
	return DELIVERED;
}

/*
 * By where it goes, and by its length: a guest that knows the MTU gets nothing beyond it that is one packet on the wire
 * (section 5.1.4.1).
 */
static bool is_wanted(const struct net *net, const struct net_packet *packet, const uint8_t *frame)
{
	bool too_long = packet->segmentation == NET_SEGMENTATION_NONE && packet->bytes > NET_FRAME_BYTES_MAX;

	return !(too_long && net_has(net, VIRTIO_NET_F_MTU)) &&
	       packet_filter_takes(&net->state->filter, packet_address(net->config.mac), packet_address(frame));
}

bool net_receive(struct net *net)
{
	net_offloads_t accepts = net_guest_accepts(net);
	bool more = true;

	packet_port_awake(&net->port);
	for (uint32_t i = 0; more && i < NET_ROUND; i++) {
		struct packet_in in;
		enum delivery delivery = REFUSED;
		uint32_t buffers = 0;
		const uint8_t *frame;
		uint32_t index;

		if (!packet_port_next(&net->port, &in)) {
			more = packet_port_sleep(&net->port);
			continue;
		}
		frame = packet_port_received(&net->port, 0);
		index = net_steer(net, frame);
		if (index == VIRTIO_QUEUES) {
			more = false;
			continue;
		}
		if ((packet_needs(&in.header) & ~accepts) == 0 && is_wanted(net, &in.header, frame)) {
			delivery = deliver(net, &net->device.queues[index], &in.header, &buffers);
		}
		switch (delivery) {
		case DELIVERED:
		case REFUSED:
			packet_port_done(&net->port, &in);
			break;
		case STALLED:
			/* When the guest adds a buffer it says so; until then nobody need signal us. */
			more = virtio_queue_arm_ahead(&net->device.queues[index], buffers);
			break;
		default:
			virtio_mmio_break(&net->device);
			more = false;
			break;
		}
	}
	/* All of them: what an earlier instance has completed may not have been told. */
	for (uint32_t i = 0; i < net->pairs; i++) {
		virtio_mmio_notify(&net->device, 2 * i);
	}
	return more;
}
