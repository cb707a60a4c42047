/*
 * The switch (IEEE 802.1D's forwarding, without its spanning tree: its ports are the ends of the network). A packet
 * that comes in by a port goes out by the one behind which its receiver was last seen; one for several receivers, or
 * for one that nobody has seen, goes out by all others. A port that has no room loses the packet, as a switch does.
 *
 * Its table is all that it knows, and is learned again by an instance that follows. No port is trusted: who sends
 * is noted as what it says, and at worst gets what is for others with the same address.
 *
 * Not thread-safe. It makes no system call but for `wake`.
 */
#ifndef NETSWITCH_FORWARD_H
#define NETSWITCH_FORWARD_H

#include <packet/channel.h>

#include "table.h"

#define SWITCH_PORTS TABLE_PORTS

struct netswitch {
	struct packet_port ports[SWITCH_PORTS];
	uint32_t port_count;
	uint32_t first; /* port that is looked at first: another one each time */
	void (*wake)(uint32_t port);
	struct table table;
};

/* The ports were opened. */
void switch_open(struct netswitch *netswitch, uint64_t salt, void (*wake)(uint32_t port));

/* What it takes from a client, whatever is behind it. */
net_offloads_t switch_accepts(void);

/* Some packets of each port. True: there may be more. */
bool switch_round(struct netswitch *netswitch, uint64_t now_ns);

/* After it, whoever sends something signals. False: there is something already. */
bool switch_sleep(const struct netswitch *netswitch);

void switch_awake(const struct netswitch *netswitch);

#endif
