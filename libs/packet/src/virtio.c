#include <packet/virtio.h>

bool packet_from_virtio(const struct virtio_net_hdr_v1 *header, uint32_t bytes, struct net_packet *packet)
{
	*packet = (struct net_packet){ .bytes = bytes };
	if ((header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0) {
		if ((uint32_t)header->csum_start + header->csum_offset + 2u > bytes) {
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
	return packet->packet_flags != 0 && packet->segment_bytes != 0;
}

struct virtio_net_hdr_v1 packet_to_virtio(const struct net_packet *packet, bool checked)
{
	struct virtio_net_hdr_v1 header = { 0 };

	if ((packet->packet_flags & NET_PACKET_FLAGS_NEEDS_CHECKSUM) != 0) {
		header.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		header.csum_start = packet->checksum_start;
		header.csum_offset = packet->checksum_offset;
	} else if ((packet->packet_flags & NET_PACKET_FLAGS_CHECKED) != 0 && checked) {
		header.flags = VIRTIO_NET_HDR_F_DATA_VALID;
	}
	if (packet->segmentation != NET_SEGMENTATION_NONE) {
		header.gso_type = packet->segmentation == NET_SEGMENTATION_TCP4 ? VIRTIO_NET_HDR_GSO_TCPV4
										: VIRTIO_NET_HDR_GSO_TCPV6;
		header.gso_type |= packet->ecn != 0 ? VIRTIO_NET_HDR_GSO_ECN : 0u;
		header.hdr_len = packet->header_bytes;
		header.gso_size = packet->segment_bytes;
	}
	return header;
}
