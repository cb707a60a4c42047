/*
 * The guest's network device (virtio 1.2, section 5.1), one process per device. Packets go
 * between the guest's queues and the channel to the switch; net.h says what a kill leaves.
 *
 * Region "net" and capability "channel:net" are the channel, capability "switch" is the switch's endpoint.
 * Arguments: `mac=52:54:00:12:34:56`, without it one made of this server's name; `queues=N`: 1 to 7 pairs of queues,
 * without it one for each worker.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sk/idl/kernel.h>
#include <sk/idl/net_client.h>
#include <sk/idl/net_persistent.h>
#include <sk/idl/virtio_persistent.h>
#include <sk/process.h>
#include <sk/server.h>
#include <virtio/server.h>

#include "net.h"

#define STATE_OFFSET ((VIRTIO_STATE_FIELDS_BYTES + 63u) & ~63u)

static struct net net;
static sk_cap_t channel;

static void wake_switch(void)
{
	(void)sk_signal(channel, SK_SIGNAL_PEER);
}

/* A switch that is gone for good leaves a device without a link. */
static bool attach(net_offloads_t *offloads)
{
	*offloads = 0;
	return net_attach(sk_cap_named_of_type("switch", SK_OBJECT_TYPE_ENDPOINT), 0, 1, offloads) == SK_OK;
}

static void look(void)
{
	virtio_server_lock();
	net_look(&net);
	virtio_server_unlock();
}

/* A switch that comes back signals. The call is outside the lock: it may wait. */
static void signalled(uint64_t bits)
{
	net_offloads_t offloads;

	if (!net.device.failed && ((bits & SK_SIGNAL_LOST) != 0 || ((bits & SK_SIGNAL_PEER) != 0 && net.down))) {
		bool up = attach(&offloads);

		virtio_server_lock();
		net_set_link(&net, up);
		net_look(&net);
		virtio_server_unlock();
	} else if (!net.device.failed && (bits & SK_SIGNAL_PEER) != 0) {
		look();
	}
	virtio_server_signalled(bits);
}

SK_SERVER(virtio_server_dispatch, signalled)

static bool read_settings(struct net_settings *settings)
{
	const char *mac = sk_argument("mac");
	uint32_t workers = sk_start()->threads;
	uint64_t pairs = sk_argument_number("queues", workers < NET_PAIRS_MAX ? workers : NET_PAIRS_MAX);

	*settings = (struct net_settings){
		.mac = mac != NULL ? packet_address_parse(mac) : packet_address_of_name(sk_start()->name),
		.pairs = (uint32_t)pairs,
	};
	if (settings->mac == 0) {
		(void)printf("`mac=%s` is no address of a station; expected one such as mac=52:54:00:12:34:56\n", mac);
		return false;
	}
	if (pairs == 0 || pairs > NET_PAIRS_MAX) {
		(void)printf("`queues=` is not 1 to %u\n", NET_PAIRS_MAX);
		return false;
	}
	return true;
}

static struct sk_net_state *state_of(const struct sk_start_region *persistent)
{
	return net_state_fields((uint8_t *)(uintptr_t)persistent->address + STATE_OFFSET);
}

int main(void)
{
	const struct sk_start_region *region = sk_region_named("net");
	const struct sk_start_region *persistent = sk_region_named("persistent");
	struct net_settings settings;

	channel = sk_cap_named_of_type("channel:net", SK_OBJECT_TYPE_NOTIFICATION);
	if (region == NULL || region->bytes < sizeof(struct packet_channel)) {
		(void)printf("no region \"net\" of at least %zu bytes\n", sizeof(struct packet_channel));
		return EXIT_FAILURE;
	}
	if (persistent == NULL || persistent->bytes < STATE_OFFSET + NET_STATE_FIELDS_BYTES) {
		(void)printf("no region \"persistent\" of at least %zu bytes\n",
			     (size_t)(STATE_OFFSET + NET_STATE_FIELDS_BYTES));
		return EXIT_FAILURE;
	}
	if (!read_settings(&settings)) {
		return EXIT_FAILURE;
	}
	net.down = !virtio_server_is_last() && !attach(&settings.offloads);
	if (net.down) {
		(void)printf("no network: the switch has no port for this server, or does not answer\n");
	}
	net_describe(&net, &settings);
	net.state = state_of(persistent);
	virtio_server_open(&net.device);
	if (net.device.failed) {
		virtio_server_run();
	}
	net_open(&net, net.state, (void *)(uintptr_t)region->address, wake_switch, sk_start()->instance != 0);
	look();
	/* An earlier instance may have died before it could. */
	wake_switch();
	virtio_server_run();
}
