/*
 * One side of a channel of packets (idl/net.idl has its layout and the protocol). The other side is not trusted, and
 * may die at any instruction, as may this one: this side's own indices are kept in its own memory once it is open, a
 * packet's description is copied and checked before anything of it is used, and what the other side makes of its
 * words costs it its own packets, no more.
 *
 * A packet's bytes stay in the channel, where the other side can still change them: who decides by them copies them
 * first.
 *
 * Not thread-safe: the caller serialises. Nothing here blocks or makes a system call.
 */
#ifndef PACKET_CHANNEL_H
#define PACKET_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sk/idl/net.h>

/* Of one half of a channel; idl/net.idl has the layout. */
#define PACKET_SLOTS 256u
#define PACKET_SLOT_BYTES 2048u
#define PACKET_SLOTS_MAX 33u /* of one packet */
#define PACKET_BYTES_MIN 14u /* an Ethernet header */
#define PACKET_BYTES_MAX (PACKET_SLOTS_MAX * PACKET_SLOT_BYTES)

/* One half: packets in one direction. */
struct packet_flow {
	struct net_packet_ring_256 ring;
	struct net_flow words;
	uint8_t reserved[8192 - sizeof(struct net_packet_ring_256) - sizeof(struct net_flow)];
	uint8_t buffers[PACKET_SLOTS][PACKET_SLOT_BYTES];
};

/* The whole region, of which each side writes one half's packets. */
struct packet_channel {
	struct packet_flow to_switch;
	struct packet_flow from_switch;
};

_Static_assert(offsetof(struct packet_flow, words) == 4224, "as idl/net.idl says");
_Static_assert(offsetof(struct packet_flow, buffers) == 8192, "as idl/net.idl says");
_Static_assert(sizeof(struct packet_channel) == 1040u * 1024u, "as idl/net.idl says");

/* A side of a channel. */
struct packet_port {
	struct packet_flow *out;
	struct packet_flow *in;
	uint64_t written; /* of `out`, as this side knows it */
	uint64_t read;    /* of `in` */
	bool sent;        /* since packet_port_wakes() */
	bool received;
};

/* A packet that came in: its description, checked, and where it is. */
struct packet_in {
	struct net_packet header;
	uint32_t slots;
};

/* Slots that a packet of `bytes` bytes takes. */
static inline uint32_t packet_slots(uint32_t bytes)
{
	return (bytes + PACKET_SLOT_BYTES - 1u) / PACKET_SLOT_BYTES;
}

/*
 * Goes on with the indices that an earlier instance left. `client`: of the switch; or else this is the switch's side.
 */
void packet_port_open(struct packet_port *port, struct packet_channel *channel, bool client);

/* Free slots of `out`. */
uint32_t packet_port_room(const struct packet_port *port);

/*
 * The next packet that is sent: buffer of its slot `slot`, PACKET_SLOT_BYTES long; it is this side's until it was sent,
 * if there is that much room.
 */
static inline uint8_t *packet_port_slot(const struct packet_port *port, uint32_t slot)
{
	return port->out->buffers[(port->written + slot) % PACKET_SLOTS];
}

/* Copies `bytes` bytes at `from` to where byte `at` of the next packet is. */
void packet_port_write(const struct packet_port *port, uint32_t at, const void *from, uint32_t bytes);

/* Sends it: `header->bytes` bytes, for which there is room. */
void packet_port_send(struct packet_port *port, const struct net_packet *header);

/* Looks at the next packet that came in; false: there is none. What can't be is dropped. */
bool packet_port_next(struct packet_port *port, struct packet_in *in);

/* Its buffers: slot `slot` of it. */
static inline const uint8_t *packet_port_received(const struct packet_port *port, uint32_t slot)
{
	return port->in->buffers[(port->read + slot) % PACKET_SLOTS];
}

/* Copies `bytes` bytes of it, from byte `at` on, which it has. */
void packet_port_read(const struct packet_port *port, uint32_t at, void *to, uint32_t bytes);

/* It was used, or is dropped: the slots are the writer's again. */
void packet_port_done(struct packet_port *port, const struct packet_in *in);

/* All that came in is dropped. */
void packet_port_drop(struct packet_port *port);

/* Says what this side takes. */
void packet_port_accept(const struct packet_port *port, net_offloads_t offloads);

/* What the other side takes: any bits of NET_OFFLOADS_MASK. */
static inline net_offloads_t packet_port_accepted(const struct packet_port *port)
{
	return __atomic_load_n(&port->out->words.accepts, __ATOMIC_RELAXED) & NET_OFFLOADS_MASK;
}

/* What a packet asks of who receives it. */
net_offloads_t packet_needs(const struct net_packet *header);

/* After packets were sent or received: true if the other side waits for that and is to be signalled. */
bool packet_port_wakes(struct packet_port *port);

/* This side is about to wait for packets. True: there are some already, it looks again. */
bool packet_port_sleep(const struct packet_port *port);

/* It looks by itself: no signals are of use. */
void packet_port_awake(const struct packet_port *port);

/* This side waits for `slots` free slots. True: there are as many already. */
bool packet_port_wait_room(const struct packet_port *port, uint32_t slots);

#endif
