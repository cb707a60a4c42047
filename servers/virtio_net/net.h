/*
 * A network device of the guest: its queues on one side, a channel to the switch
 * (idl/net.idl) on the other. A packet is copied once, from one to the other, in
 * this order:
 *
 *	transmit: into the channel; there it is sent by one store; then the chain is completed by one store
 *	receive:  into the guest's buffers, one or several; all of them are completed by one store; then the
 *	          packet is taken out of the channel by one store
 *
 * A server that is killed between the two stores does the packet again: it comes twice, which networks may do.
 * No buffer of the guest is lost: it is available until the store that completes it, and used from then on.
 *
 * Not thread-safe: the caller serialises. It makes no system call but for `wake`.
 */
#ifndef VIRTIO_NET_NET_H
#define VIRTIO_NET_NET_H

#include <packet/address.h>
#include <packet/channel.h>
#include <packet/filter.h>
#include <packet/flow.h>
#include <packet/virtio.h>
#include <virtio/mmio.h>

#define NET_QUEUE_SIZE 256u
#define NET_PAIRS_MAX 7u /* of queues; and the control queue */
#define NET_HEADER_BYTES ((uint32_t)sizeof(struct virtio_net_hdr_v1))
#define NET_ROUND 64u    /* packets of a queue at a stretch, while the guest's vCPU waits */
#define NET_MTU 1500u
#define NET_FRAME_BYTES_MAX (NET_MTU + 18u) /* with an Ethernet header and a VLAN's tag */

struct net {
	struct virtio_mmio device; /* the first member */
	struct virtio_net_config config;
	struct sk_net_state *state;
	struct packet_port port;
	void (*wake)(void); /* signals the switch */
	uint64_t own_mac;   /* the manifest's, first byte lowest */
	uint32_t pairs;     /* of queues that the device has */
	uint32_t blocked;   /* transmit queues that wait for room in the channel, a bit for each */
	uint8_t flows[PACKET_FLOWS]; /* by a flow's hash: its pair of queues and 1, or 0 */
	bool live;          /* what comes in is for the guest that runs now */
	bool down;          /* there is no switch: what the guest sends is dropped */
};

/* What a device is made of. */
struct net_settings {
	uint64_t mac;             /* first byte lowest */
	uint32_t pairs;           /* 1 to NET_PAIRS_MAX */
	net_offloads_t offloads;  /* that the switch takes */
};

/* Makes the device, before virtio_mmio_open(). */
void net_describe(struct net *net, const struct net_settings *settings);

/*
 * Attaches it to its state and its channel, after virtio_mmio_open(). `again`: it is not the first instance. Call
 * net_look() next.
 */
void net_open(struct net *net, struct sk_net_state *state, struct packet_channel *channel, void (*wake)(void),
	      bool again);

/* The switch is gone for good, or is there again; the guest is told, as of a cable. Call net_look() next. */
void net_set_link(struct net *net, bool up);

/* Gives the guest what came in, and goes on with what waited for room. */
void net_look(struct net *net);

/* After a change of the state: what the guest reads of it. */
void net_update_config(struct net *net);

/* What the guest's driver takes, and what it may leave to others. */
net_offloads_t net_guest_accepts(const struct net *net);
net_offloads_t net_guest_leaves(const struct net *net);

/* It says what it takes from now on, by bits of features. False: it had not accepted all of them. */
bool net_set_accepts(struct net *net, uint64_t features);

/* receive.c: true if it is to be called again soon. */
bool net_receive(struct net *net);
/* transmit.c, for queue `index`: likewise. */
bool net_transmit(struct net *net, uint32_t index);
/*
 * steer.c: a packet of this frame was sent by queue `index`; and which queue one that came in goes to, VIRTIO_QUEUES:
 * none.
 */
void net_steer_sent(struct net *net, uint32_t index, const uint8_t *frame);
uint32_t net_steer(const struct net *net, const uint8_t *frame);
/* control.c: true if it is to be called again soon. */
bool net_control(struct net *net, uint32_t index);

/* True if the guest accepted this feature, a bit number. */
static inline bool net_has(const struct net *net, uint32_t feature)
{
	return virtio_mmio_has(&net->device, feature);
}

/* Index of the control queue, for this guest. */
static inline uint32_t net_control_queue(const struct net *net)
{
	return net_has(net, VIRTIO_NET_F_MQ) ? 2 * net->pairs : 2;
}

#endif
