/*
 * Which packets a guest wants to see, as a virtio network device is told (virtio 1.2, sections 5.1.6.5.1 and 5.1.6.5.2):
 * in words that outlive their process. All zero is what it is after a reset: everything is taken.
 */
#ifndef PACKET_FILTER_H
#define PACKET_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include <packet/address.h>
#include <sk/idl/net.h>

#define PACKET_FILTER_ADDRESSES 16u /* of a table; with more of them, what is of its kind is taken */
#define PACKET_FILTER_BYTES (2u * (4u + PACKET_FILTER_ADDRESSES * PACKET_ADDRESS_BYTES)) /* two full tables */

/* Back to what it is at the start: every packet is wanted. */
void packet_filter_reset(struct sk_packet_filter *filter);

/* Command VIRTIO_NET_CTRL_RX_…; false: there is no such mode. */
bool packet_filter_mode(struct sk_packet_filter *filter, uint8_t command, bool on);

/*
 * Both tables as the guest's driver sends them, each a number and as many addresses: stations, then groups. `there`
 * bytes are at `data`; it sent `bytes` bytes. False: they can't be tables. One that is not all there takes everything.
 */
bool packet_filter_tables(struct sk_packet_filter *filter, const uint8_t *data, uint32_t there, uint64_t bytes);

/* Is a frame for address `to` one that the guest, whose own address is `own`, wants? */
bool packet_filter_takes(const struct sk_packet_filter *filter, uint64_t own, uint64_t to);

#endif
