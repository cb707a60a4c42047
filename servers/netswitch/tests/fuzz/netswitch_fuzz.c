/*
 * The switch between two clients that write anything into their channels, also while it looks, and two honest ones. It
 * is killed anywhere. Honest ones get nothing that makes no sense, and what they send to each other arrives: whole,
 * in order, and not more often than the switch was killed.
 */
#include <string.h>

#include <fuzz/fuzz.h>

#include "../../forward.h"

#define PORTS 4u
#define HONEST 2u /* and the one behind it */
#define FRAME_MAX 3000u
#define WORDS (sizeof(struct packet_flow) - sizeof(((struct packet_flow *)0)->buffers)) /* bytes before the buffers */

static struct packet_channel *channels;
static struct packet_port clients[PORTS];
static struct netswitch netswitch;
static uint64_t now_ns;
static uint8_t sent; /* from the first honest one to the second: numbers of the packets */
static uint8_t arrived;

static void wake(uint32_t port)
{
	FUZZ_EXPECT(port < PORTS);
}

static void instance(void *unused)
{
	(void)unused;
	memset(&netswitch, 0, sizeof(netswitch));
	netswitch.port_count = PORTS;
	for (uint32_t i = 0; i < PORTS; i++) {
		packet_port_open(&netswitch.ports[i], &channels[i], false);
	}
	switch_open(&netswitch, 1, wake);
}

static void serve(void *unused)
{
	(void)unused;
	switch_awake(&netswitch);
	for (uint32_t i = 0; i < 4; i++) {
		if (!switch_round(&netswitch, now_ns) && switch_sleep(&netswitch)) {
			return;
		}
	}
}

static void write_mac(uint8_t *at, uint32_t station)
{
	memcpy(at, (uint8_t[6]){ 0x52, 0x54, 0, 0, 0, (uint8_t)station }, 6);
}

/* From station `from` to `to`, all of it `number`; each port's station has its number. */
static void send(uint32_t port, uint32_t from, uint32_t to, uint8_t number, uint32_t bytes)
{
	static uint8_t frame[FRAME_MAX];
	struct net_packet header = { .bytes = bytes };

	memset(frame, number, bytes);
	write_mac(frame, to);
	write_mac(frame + 6, from);
	packet_port_write(&clients[port], 0, frame, bytes);
	packet_port_send(&clients[port], &header);
}

static void lie(void)
{
	uint8_t what = fuzz_u8();
	struct packet_channel *channel = &channels[what / 128u];
	struct packet_flow *flow = &channel->to_switch;
	uint8_t *slot = flow->buffers[flow->ring.written % PACKET_SLOTS];
	struct net_packet packet = { .bytes = fuzz_u16(), .packet_flags = fuzz_u8() % 4u };

	switch (what % 4u) {
	case 0:
		((uint64_t *)(void *)((what & 4u) != 0 ? flow : &channel->from_switch))[fuzz_u16() % (WORDS / 8u)] =
			fuzz_edge();
		break;
	case 1:
		flow->ring.written = flow->ring.read + fuzz_edge();
		break;
	default:
		write_mac(slot, fuzz_u8() % 8u);
		write_mac(slot + 6, fuzz_u8() % 2u);
		fuzz_bytes(slot + 12, what / 2u);
		packet.segmentation = fuzz_u8() % 3u;
		packet.segment_bytes = fuzz_u16();
		packet.header_bytes = fuzz_u8();
		packet.checksum_start = fuzz_u8() % 80u;
		packet.checksum_offset = fuzz_once_in(4) ? fuzz_u8() : 16;
		flow->ring.entries[flow->ring.written % PACKET_SLOTS] = packet;
		flow->ring.written += packet_slots(packet.bytes);
		break;
	}
}

/* An honest client takes neither checksums nor packets that are to be cut. */
static void take(uint32_t port)
{
	static uint8_t frame[PACKET_BYTES_MAX];
	struct packet_in in;

	for (;;) {
		uint64_t there = clients[port].in->ring.written - clients[port].read;

		FUZZ_EXPECT(there <= PACKET_SLOTS);
		if (there == 0) {
			return;
		}
		FUZZ_EXPECT(packet_port_next(&clients[port], &in) && packet_needs(&in.header) == 0);
		packet_port_read(&clients[port], 0, frame, in.header.bytes);
		packet_port_done(&clients[port], &in);
		if (port == HONEST + 1 && frame[11] == HONEST && frame[5] == HONEST + 1 && frame[6] == 0x52) {
			FUZZ_EXPECT(frame[14] == arrived || frame[14] == (uint8_t)(arrived + 1));
			FUZZ_EXPECT(frame[in.header.bytes - 1] == frame[14]);
			arrived = frame[14];
		}
	}
}

void fuzz_one(void)
{
	channels = (void *)fuzz_pages(2, PORTS * sizeof(*channels));
	for (uint32_t i = 0; i < PORTS; i++) {
		memset(&channels[i].to_switch, 0, WORDS);
		memset(&channels[i].from_switch, 0, WORDS);
		memset(channels[i].to_switch.buffers, 0, 40 * PACKET_SLOT_BYTES);
		packet_port_open(&clients[i], &channels[i], true);
		fuzz_watch(&channels[i], sizeof(channels[i]), true, i < HONEST);
	}
	sent = arrived = 0;
	now_ns = 1;
	(void)fuzz_run(instance, NULL, FUZZ_NEVER);
	while (fuzz_more()) {
		uint8_t what = fuzz_u8();

		switch (what % 4u) {
		case 0:
		case 1:
			lie();
			break;
		case 2:
			if (packet_port_room(&clients[HONEST]) > 2 && (uint8_t)(sent - arrived) < 32) {
				send(HONEST, HONEST, HONEST + 1, ++sent, 60 + what * 10u);
			}
			break;
		default:
			fuzz_some_races();
			if (!fuzz_run(serve, NULL, fuzz_some_kill())) {
				while (!fuzz_run(instance, NULL, fuzz_some_kill())) {
				}
			}
			take(HONEST);
			take(HONEST + 1);
			break;
		}
		now_ns += what;
	}
	for (uint32_t i = 0; i < 8; i++) {
		(void)fuzz_run(serve, NULL, FUZZ_NEVER);
		take(HONEST);
		take(HONEST + 1);
	}
	FUZZ_EXPECT(arrived == sent || netswitch.ports[0].in->ring.written != netswitch.ports[0].read);
}
