/*
 * The switch between the device servers of all guests and the driver of the hardware: each of them is a client with a
 * channel (idl/net.idl) of its own. Worker 0 alone serves the channels.
 *
 * Regions "port:CLIENT" and capabilities "channel:port:CLIENT" are the channels.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sk/idl/kernel.h>
#include <sk/idl/net_server.h>
#include <sk/idl/sched_client.h>
#include <sk/process.h>
#include <sk/server.h>

#include "forward.h"

#define PORT_PREFIX "port:"
#define ROUNDS 16u /* at a stretch: then whoever calls gets a turn, whatever the ports do */
#define TICK_NS 10000000000ull /* of the clock by which addresses age: the machine's is too dear to read for each packet */

static struct {
	struct netswitch netswitch;
	struct packet_channel *channels[SWITCH_PORTS];
	uint32_t clients[SWITCH_PORTS]; /* in the badges of their calls */
	sk_cap_t peers[SWITCH_PORTS];
	sk_cap_t notification;
	sk_cap_t sched;
	uint64_t now_ns; /* as of the last tick */
} server;

static uint32_t port_of(const struct sk_caller *caller)
{
	for (uint32_t i = 0; i < server.netswitch.port_count; i++) {
		if (server.clients[i] == SK_BADGE_CLIENT(caller->badge)) {
			return i;
		}
	}
	return SWITCH_PORTS;
}

bool net_region(const struct sk_caller *caller, uint32_t index, struct sk_region *region)
{
	uint32_t port = port_of(caller);
	struct packet_channel *channel = port < SWITCH_PORTS ? server.channels[port] : NULL;

	if (channel == NULL || index > 1) {
		return false;
	}
	region->base = (uint8_t *)(index == 0 ? &channel->to_switch : &channel->from_switch);
	region->bytes = sizeof(struct packet_flow);
	region->writable = true;
	return true;
}

sk_status_t net_serve_attach(const struct sk_caller *caller, struct net_packet_ring_256 *sends,
			     struct net_packet_ring_256 *receives, net_offloads_t *accepts)
{
	uint32_t port = port_of(caller);

	if (port == SWITCH_PORTS) {
		return NET_ERROR_NO_PORT;
	}
	if (sends != &server.channels[port]->to_switch.ring || receives != &server.channels[port]->from_switch.ring) {
		return SK_BAD_ARG;
	}
	*accepts = switch_accepts();
	return SK_OK;
}

static bool dispatch(const struct sk_caller *caller, struct sk_msg *msg)
{
	if (SK_BADGE_IFACE(caller->badge) == NET_INTERFACE) {
		return net_dispatch(caller, msg);
	}
	return sk_server_other(caller, msg);
}

static void wake(uint32_t port)
{
	if (server.peers[port] != SK_CAP_NONE) {
		(void)sk_signal(server.peers[port], SK_SIGNAL_PEER);
	}
}

static void serve(void)
{
	switch_awake(&server.netswitch);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		if (!switch_round(&server.netswitch, server.now_ns) && switch_sleep(&server.netswitch)) {
			return;
		}
	}
	(void)sk_signal(server.notification, SK_SIGNAL_PEER);
}

static void tick(void)
{
	server.now_ns = sk_now_ns();
	(void)timers_set(server.sched, server.now_ns + TICK_NS);
}

/* A tick that was lost is made up for when the supervisor's heartbeat asks to look at what may have been missed. */
static void signalled(uint64_t bits)
{
	if ((bits & (SK_SIGNAL_TIMER | SK_SIGNAL_LOOK)) != 0) {
		tick();
	}
	if ((bits & SK_SIGNAL_PEER) != 0) {
		serve();
	}
}

SK_SERVER(dispatch, signalled)

static void open_port(const struct sk_start_region *region)
{
	uint32_t port = server.netswitch.port_count;
	char name[SK_NAME_BYTES];

	if (port == SWITCH_PORTS || region->bytes < sizeof(struct packet_channel)) {
		(void)printf("%s: no port: %s\n", region->name,
			     port == SWITCH_PORTS ? "there are too many" : "its channel is smaller than 1040 KiB");
		return;
	}
	(void)snprintf(name, sizeof(name), "channel:%.15s", region->name);
	server.channels[port] = (struct packet_channel *)(uintptr_t)region->address;
	server.clients[port] = region->peer;
	server.peers[port] = sk_cap_named_of_type(name, SK_OBJECT_TYPE_NOTIFICATION);
	packet_port_open(&server.netswitch.ports[port], server.channels[port], false);
	server.netswitch.port_count++;
}

int main(void)
{
	for (uint32_t i = 0; i < sk_start()->region_count; i++) {
		if (strncmp(sk_start()->regions[i].name, PORT_PREFIX, sizeof(PORT_PREFIX) - 1) == 0) {
			open_port(&sk_start()->regions[i]);
		}
	}
	server.notification = sk_cap_named_of_type("notification", SK_OBJECT_TYPE_NOTIFICATION);
	server.sched = sk_cap_named_of_type("sched", SK_OBJECT_TYPE_ENDPOINT);
	tick();
	switch_open(&server.netswitch, sk_counter() * 0x9e3779b97f4a7c15ull, wake);
	serve();
	/* Whoever of the last instance stored that a client is awake may have died before it woke it. */
	for (uint32_t i = 0; i < server.netswitch.port_count; i++) {
		wake(i);
	}
	sk_server_run();
}
