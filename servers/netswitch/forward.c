#include "forward.h"

#include <string.h>

#include <packet/address.h>
#include <packet/offload.h>

#define ROUND 32u /* packets of a port, before the next one has its turn */
#define ADDRESSES_BYTES 16u /* both addresses, and what follows to fill two words */

/* A frame's addresses, first byte lowest. */
struct addresses {
	uint64_t to;
	uint64_t from;
};

static struct addresses addresses_of(const struct packet_port *port)
{
	const uint64_t mask = (1ull << 48) - 1;
	uint64_t words[2];

	packet_port_read(port, 0, words, ADDRESSES_BYTES); /* a slot is longer than the shortest frame */
	return (struct addresses){ words[0] & mask, (words[0] >> 48 | words[1] << 16) & mask };
}

/* 01:80:c2:00:00:00 to 0f: what switches say to each other, and pass on to nobody. */
static bool is_reserved(uint64_t mac)
{
	return (mac & 0xf0ffffffffffull) == 0x0000c28001ull;
}

/* All: what a receiver does not take is done here. */
net_offloads_t switch_accepts(void)
{
	return NET_OFFLOADS_MASK;
}

static void copy_to(struct packet_port *out, const struct packet_port *from, const struct packet_in *in)
{
	for (uint32_t i = 0; i < in->slots; i++) {
		uint32_t left = in->header.bytes - i * PACKET_SLOT_BYTES;

		memcpy(packet_port_slot(out, i), packet_port_received(from, i),
		       left < PACKET_SLOT_BYTES ? left : PACKET_SLOT_BYTES);
	}
}

/* A packet of one slot, with its checksum: no frame that is not to be cut is longer. */
static void finish_to(struct packet_port *out, const struct packet_port *from, const struct packet_in *in)
{
	const struct net_packet header = { .bytes = in->header.bytes };

	if (in->slots != 1) {
		return;
	}
	copy_to(out, from, in);
	packet_checksum(packet_port_slot(out, 0), &in->header);
	packet_port_send(out, &header);
}

/* Its segments, as many as there is room for. */
static void cut_to(struct packet_port *out, const struct packet_port *from, const struct packet_in *in)
{
	uint8_t headers[PACKET_HEADERS_MAX];
	struct packet_cutter cutter;
	struct net_packet header = { 0 };
	uint32_t data;
	uint32_t data_bytes;

	packet_port_read(from, 0, headers, in->header.bytes < sizeof(headers) ? in->header.bytes : sizeof(headers));
	if (!packet_cut_begin(&cutter, &in->header, headers, PACKET_SLOT_BYTES)) {
		return;
	}
	while (packet_port_room(out) != 0 &&
	       (header.bytes = packet_cut_next(&cutter, packet_port_slot(out, 0), &data, &data_bytes)) != 0) {
		uint8_t *frame = packet_port_slot(out, 0);

		packet_port_read(from, data, frame + header.bytes - data_bytes, data_bytes);
		packet_cut_finish(&cutter, frame, header.bytes);
		packet_port_send(out, &header);
	}
}

/* Sends a packet on, as its receiver takes it. Without room for it, it is lost. */
static void pass_to(struct packet_port *out, const struct packet_port *from, const struct packet_in *in)
{
	net_offloads_t lacking = packet_needs(&in->header) & ~packet_port_accepted(out);

	if (packet_port_room(out) < in->slots) {
		return;
	}
	if (lacking == 0) {
		copy_to(out, from, in);
		packet_port_send(out, &in->header);
	} else if (in->header.segmentation == NET_SEGMENTATION_NONE) {
		finish_to(out, from, in);
	} else {
		cut_to(out, from, in);
	}
}

static void forward(struct netswitch *netswitch, uint32_t port, const struct packet_in *in, uint64_t now_ns)
{
	const struct packet_port *from = &netswitch->ports[port];
	struct addresses addresses = addresses_of(from);
	uint32_t to = TABLE_NONE;

	if (is_reserved(addresses.to) || packet_address_is_group(addresses.from) || addresses.from == 0) {
		return;
	}
	table_learn(&netswitch->table, addresses.from, port, now_ns);
	if (!packet_address_is_group(addresses.to)) {
		to = table_find(&netswitch->table, addresses.to, now_ns);
	}
	for (uint32_t i = 0; i < netswitch->port_count; i++) {
		if (i != port && (to == TABLE_NONE || to == i)) {
			pass_to(&netswitch->ports[i], from, in);
		}
	}
}

/* True: there may be more. */
static bool serve_port(struct netswitch *netswitch, uint32_t port, uint64_t now_ns)
{
	struct packet_port *from = &netswitch->ports[port];
	struct packet_in in;
	uint32_t count = 0;

	while (count < ROUND && packet_port_next(from, &in)) {
		forward(netswitch, port, &in, now_ns);
		packet_port_done(from, &in);
		count++;
	}
	return count == ROUND;
}

bool switch_round(struct netswitch *netswitch, uint64_t now_ns)
{
	bool more = false;

	for (uint32_t i = 0; i < netswitch->port_count; i++) {
		more = serve_port(netswitch, (netswitch->first + i) % netswitch->port_count, now_ns) || more;
	}
	netswitch->first++;
	for (uint32_t i = 0; i < netswitch->port_count; i++) {
		if (packet_port_wakes(&netswitch->ports[i])) {
			netswitch->wake(i);
		}
	}
	return more;
}

bool switch_sleep(const struct netswitch *netswitch)
{
	bool more = false;

	for (uint32_t i = 0; i < netswitch->port_count; i++) {
		more = packet_port_sleep(&netswitch->ports[i]) || more;
	}
	return !more;
}

void switch_awake(const struct netswitch *netswitch)
{
	for (uint32_t i = 0; i < netswitch->port_count; i++) {
		packet_port_awake(&netswitch->ports[i]);
	}
}

void switch_open(struct netswitch *netswitch, uint64_t salt, void (*wake)(uint32_t port))
{
	netswitch->wake = wake;
	netswitch->first = 0;
	table_init(&netswitch->table, netswitch->port_count != 0 ? netswitch->port_count : 1, salt);
	for (uint32_t i = 0; i < netswitch->port_count; i++) {
		packet_port_accept(&netswitch->ports[i], switch_accepts());
	}
}
