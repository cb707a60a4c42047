/*
 * A packet's description as a virtio network device has it in front of the packet (virtio 1.2, section 5.1.6).
 */
#ifndef PACKET_VIRTIO_H
#define PACKET_VIRTIO_H

#include <stdbool.h>
#include <stdint.h>

/* Linux's header then has the layout of virtio 1.0 and later alone. */
#define VIRTIO_NET_NO_LEGACY
#include <linux/virtio_net.h>

#include <sk/idl/net.h>

/* Of a packet of `bytes` bytes that a driver sends. False: it says what can't be, or what no channel has a word for. */
bool packet_from_virtio(const struct virtio_net_hdr_v1 *header, uint32_t bytes, struct net_packet *packet);

/*
 * Of a packet that a driver gets; num_buffers is 0. `checked`: it may be told that checksums are known to be right
 * (VIRTIO_NET_F_GUEST_CSUM).
 */
struct virtio_net_hdr_v1 packet_to_virtio(const struct net_packet *packet, bool checked);

#endif
