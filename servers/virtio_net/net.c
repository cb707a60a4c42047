#include "net.h"

#define FEATURE(name) (1ull << VIRTIO_NET_F_##name)

#define OFFLOADS_SET (1ull << 63) /* in net_state.offloads */

#define STORE(word, value) __atomic_store_n(&(word), (value), __ATOMIC_RELEASE)

/* What is left to who receives a packet: the feature by which the guest takes it, and the one by which it may send it. */
static const struct {
	uint32_t guest, host;
	net_offloads_t offload;
} offloads[] = {
	{ VIRTIO_NET_F_GUEST_CSUM, VIRTIO_NET_F_CSUM, NET_OFFLOADS_CHECKSUM },
	{ VIRTIO_NET_F_GUEST_TSO4, VIRTIO_NET_F_HOST_TSO4, NET_OFFLOADS_TSO4 },
	{ VIRTIO_NET_F_GUEST_TSO6, VIRTIO_NET_F_HOST_TSO6, NET_OFFLOADS_TSO6 },
	{ VIRTIO_NET_F_GUEST_ECN, VIRTIO_NET_F_HOST_ECN, NET_OFFLOADS_ECN },
};

#define OFFLOADS (sizeof(offloads) / sizeof(offloads[0]))

net_offloads_t net_guest_accepts(const struct net *net)
{
	uint64_t said = net->state->offloads != 0 ? net->state->offloads : UINT64_MAX;
	net_offloads_t accepts = 0;

	for (uint32_t i = 0; i < OFFLOADS; i++) {
		if (net_has(net, offloads[i].guest) && (said >> offloads[i].guest & 1u) != 0) {
			accepts |= offloads[i].offload;
		}
	}
	return accepts;
}

net_offloads_t net_guest_leaves(const struct net *net)
{
	net_offloads_t leaves = 0;

	for (uint32_t i = 0; i < OFFLOADS; i++) {
		leaves |= net_has(net, offloads[i].host) ? offloads[i].offload : 0;
	}
	return leaves;
}

bool net_set_accepts(struct net *net, uint64_t features)
{
	uint64_t possible = 0;

	for (uint32_t i = 0; i < OFFLOADS; i++) {
		possible |= net_has(net, offloads[i].guest) ? 1ull << offloads[i].guest : 0;
	}
	if ((features & ~possible) != 0) {
		return false;
	}
	STORE(net->state->offloads, features | OFFLOADS_SET);
	packet_port_accept(&net->port, net_guest_accepts(net));
	return true;
}

void net_update_config(struct net *net)
{
	virtio_mmio_config_renewed(&net->device);
	packet_address_bytes(net->state->mac != 0 ? net->state->mac : net->own_mac, net->config.mac);
	net->config.status = net->down ? 0 : VIRTIO_NET_S_LINK_UP;
	if (net->state->announce != 0) {
		net->config.status |= VIRTIO_NET_S_ANNOUNCE;
	}
}

/* From here on packets are for the guest that has just set the device up: those before were for nobody. */
static void begin(struct net *net)
{
	packet_port_drop(&net->port);
	packet_port_accept(&net->port, net_guest_accepts(net));
	net->live = true;
}

static bool serve(struct virtio_mmio *device, uint32_t index)
{
	struct net *net = (struct net *)(void *)device;
	bool more;

	if (!net->live) {
		begin(net);
	}
	if (net_has(net, VIRTIO_NET_F_CTRL_VQ) && index == net_control_queue(net)) {
		more = net_control(net, index);
	} else {
		more = index % 2 == 0 ? net_receive(net)
		       : net->down    ? virtio_mmio_refuse(device, index)
				      : net_transmit(net, index);
	}
	if (packet_port_wakes(&net->port)) {
		net->wake();
	}
	return more;
}

static void reset(struct virtio_mmio *device)
{
	struct net *net = (struct net *)(void *)device;

	net->live = false;
	net->blocked = 0;
	packet_port_accept(&net->port, 0);
	STORE(net->state->mac, 0);
	STORE(net->state->pairs, 0);
	STORE(net->state->announce, 0);
	STORE(net->state->offloads, 0);
	packet_filter_reset(&net->state->filter);
	net_update_config(net);
}

static const struct virtio_operations operations = { .serve = serve, .reset = reset };

static uint64_t features_of(const struct net_settings *settings)
{
	uint64_t features = FEATURE(MAC) | FEATURE(STATUS) | FEATURE(MTU) | FEATURE(MRG_RXBUF) | FEATURE(CTRL_VQ) |
			    FEATURE(CTRL_RX) | FEATURE(CTRL_MAC_ADDR) | FEATURE(CTRL_GUEST_OFFLOADS) |
			    FEATURE(GUEST_ANNOUNCE);
	net_offloads_t taken = (settings->offloads & NET_OFFLOADS_CHECKSUM) != 0 ? settings->offloads : 0;

	/* Each has others that it needs (section 5.1.3.1). */
	if ((taken & (NET_OFFLOADS_TSO4 | NET_OFFLOADS_TSO6)) == 0) {
		taken &= ~NET_OFFLOADS_ECN;
	}
	features |= settings->pairs > 1 ? FEATURE(MQ) : 0;
	for (uint32_t i = 0; i < OFFLOADS; i++) {
		features |= 1ull << offloads[i].guest;
		features |= (taken & offloads[i].offload) != 0 ? 1ull << offloads[i].host : 0;
	}
	return features;
}

void net_describe(struct net *net, const struct net_settings *settings)
{
	net->own_mac = settings->mac;
	net->pairs = settings->pairs;
	net->config.max_virtqueue_pairs = (uint16_t)settings->pairs;
	net->config.mtu = NET_MTU;
	net->device.operations = &operations;
	net->device.id = VIRTIO_ID_NET;
	net->device.queue_count = 2 * settings->pairs + 1;
	net->device.queue_size_max = NET_QUEUE_SIZE;
	net->device.features = features_of(settings);
	net->device.config = (const uint8_t *)&net->config;
	net->device.config_bytes = sizeof(net->config);
}

void net_open(struct net *net, struct sk_net_state *state, struct packet_channel *channel, void (*wake)(void),
	      bool again)
{
	net->state = state;
	net->wake = wake;
	net->blocked = 0;
	packet_port_open(&net->port, channel, true);
	net->live = virtio_mmio_serves(&net->device, 0) || virtio_mmio_serves(&net->device, 1);
	packet_port_accept(&net->port, net->live ? net_guest_accepts(net) : 0);
	if (again && net->live && net_has(net, VIRTIO_NET_F_GUEST_ANNOUNCE)) {
		STORE(state->announce, 1);
		virtio_mmio_config_changed(&net->device);
	}
	net_update_config(net);
}

void net_set_link(struct net *net, bool up)
{
	if (net->down == up) {
		net->down = !up;
		net_update_config(net);
		virtio_mmio_config_changed(&net->device);
	}
}

void net_look(struct net *net)
{
	uint32_t queues = net->blocked;

	for (uint32_t i = 0; i < net->pairs; i++) {
		if (virtio_mmio_serves(&net->device, 2 * i)) {
			queues |= 1u << (2 * i);
			break;
		}
	}
	net->blocked = 0;
	virtio_mmio_serve(&net->device, queues);
}
