/*
 * A network device between a guest and the switch, each of them hostile or honest by the input, whose
 * server is killed anywhere. Hostile ones do no harm, and what is sent to an honest switch makes sense. When both are
 * honest each buffer comes back once, each packet arrives, in order, at least once, and each side is woken when it has
 * to be.
 */
#include <string.h>

#include "../../net.h"
#include "guest_fuzz.h"

#define HONEST_PAIRS 1u
#define HOSTILE_PAIRS 2u
#define RECEIVE 0u
#define TRANSMIT 1u
#define BUFFERS 8u /* of an honest guest, in each queue */
#define BUFFER_BYTES 600u
#define MAC_BYTES 6u
#define FRAME_MIN 60u
#define FRAME_MAX 500u
#define WORDS (sizeof(struct packet_flow) - sizeof(((struct packet_flow *)0)->buffers)) /* bytes before the buffers */

static struct net net;
static struct sk_virtio_state state;
static struct sk_net_state net_state;
static struct packet_channel *channel;
static struct packet_port peer; /* an honest switch's */
static struct net_settings settings;
static bool peer_honest;
static bool peer_signalled;
static bool client_signalled;
static uint32_t in_flight[2]; /* an honest guest's buffers, a bit for each */
static uint8_t sent[2];       /* packets that were, by direction of the queue; the last byte of their number */
static uint8_t arrived[2];    /* the number of the one that came last */

static void wake(void)
{
	peer_signalled = true;
}

static void instance(void *unused)
{
	bool again = state.valid != 0;

	(void)unused;
	memset(&net, 0, sizeof(net));
	net_describe(&net, &settings);
	net.state = &net_state;
	(void)virtio_memory_add(&net.device.memory, GUEST_BASE, FUZZ_GUEST_BYTES, fuzz_guest.memory);
	virtio_mmio_open(&net.device, &state);
	net_open(&net, &net_state, channel, wake, again);
	net_look(&net);
	wake();
	virtio_mmio_serve(&net.device, VIRTIO_MMIO_ALL_QUEUES);
	(void)virtio_mmio_settle(&net.device);
}

static void look(void *unused)
{
	(void)unused;
	net_look(&net);
	virtio_mmio_serve(&net.device, net.device.again);
}

static void change_link(void *up)
{
	net_set_link(&net, up != NULL);
	net_look(&net);
}

/* Packets have a number in each of their bytes; the next one, or the last one again. */
static void expect_number(uint32_t queue, const uint8_t *bytes, uint32_t count)
{
	uint8_t number = bytes[0];

	FUZZ_EXPECT(number == arrived[queue] || number == (uint8_t)(arrived[queue] + 1));
	for (uint32_t i = 0; i < count; i++) {
		FUZZ_EXPECT(bytes[i] == number);
	}
	arrived[queue] = number;
}

/* The honest switch reads what there is, up to `most`, and sleeps if that was all. */
static void peer_reads(uint32_t most)
{
	static uint8_t bytes[PACKET_BYTES_MAX];
	struct packet_in in;

	if (!peer_signalled) {
		return;
	}
	packet_port_awake(&peer);
	for (; most != 0; most--) {
		if (!packet_port_next(&peer, &in)) {
			FUZZ_EXPECT(!peer.received || fuzz_guest.honest || peer.in->ring.written == peer.read);
			if (packet_port_sleep(&peer)) {
				continue;
			}
			peer_signalled = false;
			break;
		}
		packet_port_read(&peer, 0, bytes, in.header.bytes);
		if (fuzz_guest.honest) {
			expect_number(TRANSMIT, bytes, in.header.bytes);
		}
		packet_port_done(&peer, &in);
	}
	client_signalled |= packet_port_wakes(&peer);
}

static void peer_sends(uint32_t bytes)
{
	static uint8_t data[FRAME_MAX];
	struct net_packet header = { .bytes = bytes };

	if (packet_port_room(&peer) < packet_slots(bytes)) {
		return;
	}
	memset(data, ++sent[RECEIVE], bytes);
	packet_port_write(&peer, 0, data, bytes);
	packet_port_send(&peer, &header);
	client_signalled |= packet_port_wakes(&peer);
}

static void deliver_signal(void)
{
	if (client_signalled) {
		client_signalled = false;
		fuzz_guest_run(look, NULL);
	}
}

/* A description that may be sound, in the next slot that the device reads; or any word of the channel. */
static void hostile_peer_move(void)
{
	struct packet_flow *flow = &channel->from_switch;
	uint8_t what = fuzz_u8();
	struct net_packet packet = { .bytes = fuzz_below(3000), .packet_flags = fuzz_u8() % 4u };

	switch (what % 8u) {
	case 0:
		((uint64_t *)(void *)((what & 8u) != 0 ? flow : &channel->to_switch))[fuzz_u16() % (WORDS / 8u)] =
			fuzz_edge();
		break;
	case 1:
		flow->ring.written = flow->ring.read + fuzz_edge();
		break;
	case 2:
		channel->to_switch.ring.read = channel->to_switch.ring.written - fuzz_edge();
		break;
	case 3:
		packet.segmentation = fuzz_u8() % 4u;
		packet.ecn = fuzz_u8() % 2u;
		packet.header_bytes = fuzz_u16();
		packet.segment_bytes = fuzz_u16();
		packet.bytes = (uint32_t)fuzz_edge();
		/* fall through */
	default:
		packet.checksum_start = fuzz_u8();
		packet.checksum_offset = fuzz_u8() % 32u;
		fuzz_bytes(flow->buffers[flow->ring.written % PACKET_SLOTS], what % 64u);
		flow->ring.entries[flow->ring.written % PACKET_SLOTS] = packet;
		flow->ring.written += packet_slots(packet.bytes);
		break;
	}
	channel->from_switch.words.writer_waits = what >> 7;
	fuzz_guest_run(look, NULL);
}

static void peer_move(void)
{
	uint8_t what = fuzz_u8();

	if (!peer_honest) {
		hostile_peer_move();
		return;
	}
	if (what % 4u == 0) {
		peer_reads(what / 4u);
	} else if (what % 4u == 1) {
		deliver_signal();
	} else {
		peer_sends(FRAME_MIN + what % (FRAME_MAX - FRAME_MIN));
	}
}

static void hostile_frame(void)
{
	struct virtio_net_hdr_v1 header = { 0 };
	uint8_t odd = fuzz_u8();

	if ((odd & 1u) != 0) {
		header.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		header.csum_start = fuzz_u8();
		header.csum_offset = odd / 8u;
	}
	if ((odd & 2u) != 0) {
		header.gso_type = fuzz_u8();
		header.hdr_len = fuzz_u16();
		header.gso_size = fuzz_u16();
	}
	if ((odd & 4u) != 0) {
		fuzz_bytes(&header, sizeof(header));
	}
	fuzz_guest_hostile_chain(TRANSMIT + 2 * fuzz_below(HOSTILE_PAIRS), &header, sizeof(header));
}

static void hostile_command(void)
{
	uint8_t command[2 + MAC_BYTES];

	fuzz_bytes(command, sizeof(command));
	command[0] %= 6;
	fuzz_guest_hostile_chain(2, command, 2 + command[7] % 7u);
}

static void hostile(void)
{
	while (fuzz_more()) {
		switch (fuzz_u8() % 8u) {
		case 0:
		case 1:
			peer_move();
			break;
		case 2:
			hostile_command();
			break;
		case 3:
			hostile_frame();
			break;
		case 4:
			fuzz_guest_run(change_link, fuzz_u8() % 2 != 0 ? &net : NULL);
			break;
		default:
			fuzz_guest_hostile_move();
			break;
		}
	}
}

static uint64_t place(uint32_t queue, uint32_t buffer)
{
	return GUEST_DATA + (queue * BUFFERS + buffer) * 0x400ull;
}

/* A free buffer of an honest guest's, or BUFFERS. */
static uint32_t free_buffer(uint32_t queue)
{
	uint32_t taken = in_flight[queue];

	return taken == (1u << BUFFERS) - 1u ? BUFFERS : (uint32_t)__builtin_ctz(~taken);
}

static void offer_buffer(void)
{
	uint32_t buffer = free_buffer(RECEIVE);
	struct guest_piece piece = { place(RECEIVE, buffer), BUFFER_BYTES, VRING_DESC_F_WRITE };

	if (buffer == BUFFERS) {
		return;
	}
	/* Small ones only if a packet may take several. */
	if (net_has(&net, VIRTIO_NET_F_MRG_RXBUF) && fuzz_u8() % 2 != 0) {
		piece.bytes = 150;
	}
	in_flight[RECEIVE] |= 1u << buffer;
	fuzz_guest_offer(RECEIVE, (uint16_t)buffer, 0, &piece, 1);
}

static void send_frame(uint32_t bytes)
{
	uint32_t buffer = free_buffer(TRANSMIT);
	struct guest_piece pieces[2] = {
		{ place(TRANSMIT, buffer), NET_HEADER_BYTES, 0 },
		{ place(TRANSMIT, buffer) + NET_HEADER_BYTES, bytes, 0 },
	};

	if (buffer == BUFFERS) {
		return;
	}
	memset(guest_at(fuzz_guest.memory, pieces[0].address), 0, NET_HEADER_BYTES);
	memset(guest_at(fuzz_guest.memory, pieces[1].address), ++sent[TRANSMIT], bytes);
	in_flight[TRANSMIT] |= 1u << buffer;
	fuzz_guest_offer(TRANSMIT, (uint16_t)(2 * buffer), 0, pieces, 2);
}

/* A packet that lies in several buffers is looked at in its first one, which has its header; `left` follow. */
static void used(uint32_t queue, uint16_t head, uint32_t bytes)
{
	static uint16_t left;
	uint32_t buffer = queue == TRANSMIT ? head / 2u : head;
	const uint8_t *at = guest_at(fuzz_guest.memory, place(queue, buffer));
	struct virtio_net_hdr_v1 header;

	FUZZ_EXPECT(queue <= TRANSMIT && buffer < BUFFERS && (in_flight[queue] >> buffer & 1u) != 0);
	in_flight[queue] &= ~(1u << buffer);
	if (queue == TRANSMIT) {
		return;
	}
	FUZZ_EXPECT(bytes <= BUFFER_BYTES && bytes != 0);
	if (fuzz_guest.queues[RECEIVE].seen == 1) {
		left = 0;
	}
	if (left != 0) {
		left--;
		FUZZ_EXPECT(at[0] == arrived[RECEIVE] && at[bytes - 1] == arrived[RECEIVE]);
		return;
	}
	memcpy(&header, at, sizeof(header));
	FUZZ_EXPECT(bytes > NET_HEADER_BYTES && header.num_buffers != 0 && header.num_buffers <= BUFFERS);
	expect_number(RECEIVE, at + NET_HEADER_BYTES, bytes - NET_HEADER_BYTES);
	left = (uint16_t)(header.num_buffers - 1);
}

static void honest(void)
{
	fuzz_guest_start(2 * HONEST_PAIRS + 1);
	while (fuzz_more()) {
		switch (fuzz_u8() % 8u) {
		case 0:
			fuzz_guest_interrupt();
			break;
		case 1:
			(void)fuzz_run(instance, NULL, FUZZ_NEVER);
			break;
		case 2:
		case 3:
			send_frame(FRAME_MIN + fuzz_u8());
			break;
		case 4:
			offer_buffer();
			break;
		default:
			peer_move();
			break;
		}
	}
	/* Nobody dies any more. All that wakes anybody has been said. */
	for (uint32_t i = 0; i < 300 && (i < 4 || arrived[RECEIVE] != sent[RECEIVE]); i++) {
		peer_reads(UINT32_MAX);
		deliver_signal();
		offer_buffer();
		fuzz_guest_settle();
		fuzz_guest_interrupt();
	}
	FUZZ_EXPECT(in_flight[TRANSMIT] == 0 && state.status == 15);
	FUZZ_EXPECT(arrived[TRANSMIT] == sent[TRANSMIT] && arrived[RECEIVE] == sent[RECEIVE]);
}

void fuzz_one(void)
{
	const struct fuzz_guest guest = {
		.device = &net.device,
		.queue_count = 2 * HOSTILE_PAIRS + 1,
		.features = 1ull << VIRTIO_NET_F_MRG_RXBUF | 1ull << VIRTIO_NET_F_CTRL_VQ | 1ull << VIRTIO_NET_F_MAC,
		.instance = instance,
		.used = used,
	};
	uint8_t kind = fuzz_u8();

	channel = (void *)fuzz_pages(2, sizeof(*channel));
	memset(channel, 0, sizeof(*channel));
	memset(&net_state, 0, sizeof(net_state));
	memset(in_flight, 0, sizeof(in_flight));
	memset(sent, 0, sizeof(sent));
	memset(arrived, 0, sizeof(arrived));
	peer_honest = (kind & 1u) == 0;
	peer_signalled = true;
	client_signalled = false;
	settings = (struct net_settings){ .mac = 0x563412005452ull, .pairs = HOSTILE_PAIRS, .offloads = kind / 2u };
	packet_port_open(&peer, channel, false);
	fuzz_watch(channel, sizeof(*channel), true, !peer_honest);
	fuzz_watch(&net_state, sizeof(net_state), true, false);
	fuzz_guest_begin(&guest, &state);
	if (fuzz_guest.honest && peer_honest) {
		settings.pairs = HONEST_PAIRS;
		fuzz_guest.queue_count = 2 * HONEST_PAIRS + 1;
		memset(&state, 0, sizeof(state));
		instance(NULL);
		fuzz_guest.features ^= (kind & 2u) != 0 ? 1ull << VIRTIO_NET_F_MRG_RXBUF : 0;
		honest();
		return;
	}
	fuzz_guest.features = UINT64_MAX;
	fuzz_guest.honest = false;
	hostile();
}
