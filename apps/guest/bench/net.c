/*
 * What a packet costs on its way, and how long the next one takes when one of those who carry it was killed.
 *
 * The guest has two network devices, each with a device server, a switch and a driver of its own; the two physical
 * interfaces are on one hub (skink run --net hub). What is sent by the one arrives at the other, so a packet is
 * handled by each kind twice, and a figure is half of what was executed from before the first of them is offered until
 * the last one is there, this program's own work included. Time in which nobody had anything to do is taken off: the
 * hardware sends by a timer (tx=timer), which makes each run the same.
 */
#include "bench.h"

#include <stddef.h>

#include <linux/virtio_ids.h>
#define VIRTIO_NET_NO_LEGACY
#include <linux/virtio_net.h>

#include <guest/mmio.h>
#include <guest/tap.h>

#include "../../bench/probe.h"
#include "virtio.h"

#define SENDER_BASE 0x0a000000u
#define SENDER_INTID 48u
#define RECEIVER_BASE 0x0a000200u
#define RECEIVER_INTID 49u

#define RECEIVE 0u
#define TRANSMIT 1u
#define HEADER_BYTES ((uint32_t)sizeof(struct virtio_net_hdr_v1))
#define FRAME_BYTES 1514u
#define SMALL_FRAME_BYTES 60u
#define BUFFER_BYTES 2048u
#define BATCH 32u
#define HANDLED 2u /* times that each kind of server handles a packet */
#define KILLS 8u
#define LOSS_BATCHES 32u
#define ARGUMENT_SCHED 1u
#define ARGUMENT_VMM 2u
#define ARGUMENT_SERVER 3u
#define ARGUMENT_SWITCH 4u
#define ARGUMENT_DRIVER 5u

static _Alignas(64) uint8_t sent[BATCH][BUFFER_BYTES];
static _Alignas(64) uint8_t received[VIRTIO_RING_SIZE][BUFFER_BYTES];
static struct virtio_device sender;
static struct virtio_device receiver;
static uint32_t frame_bytes;
static uint8_t number; /* of the next packet */
static bool right;

static void offer_buffer(uint32_t slot)
{
	const struct virtio_piece piece = {received[slot], BUFFER_BYTES, true};
	virtio_offer(&receiver.queues[RECEIVE], slot, &piece, 1);
}

/* A frame from one station to the other, of no protocol that there is. */
static void offer_frame(uint32_t slot)
{
	static const uint8_t addresses[14] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0xb5};
	const struct virtio_piece piece = {sent[slot], HEADER_BYTES + frame_bytes, false};
	for (uint32_t i = 0; i < sizeof(addresses); i++) {
		sent[slot][HEADER_BYTES + i] = addresses[i];
	}
	sent[slot][HEADER_BYTES + sizeof(addresses)] = number++;
	virtio_offer(&sender.queues[TRANSMIT], slot, &piece, 1);
}

static void take_frame(uint32_t slot, uint8_t expected)
{
	right = right && slot < VIRTIO_RING_SIZE &&
		received[slot % VIRTIO_RING_SIZE][HEADER_BYTES + 14] == expected;
	offer_buffer(slot % VIRTIO_RING_SIZE);
}

/* Sends `count` packets at once and waits until all of them are there, in order. */
static void send(uint32_t count)
{
	uint8_t next = number;
	uint32_t slot;
	for (uint32_t i = 0; i < count; i++) {
		offer_frame(i);
	}
	virtio_kick(&sender.queues[TRANSMIT]);
	for (uint32_t taken = 0; taken < count;) {
		slot = virtio_take(&receiver.queues[RECEIVE]);
		do {
			take_frame(slot, next++);
			taken++;
		} while (virtio_take_next(&receiver.queues[RECEIVE], &slot));
		virtio_kick(&receiver.queues[RECEIVE]);
	}
	while (virtio_take_next(&sender.queues[TRANSMIT], &slot)) {
	}
}

static void bench_packets(const char *name, const char *notifications, uint32_t bytes, uint32_t batch)
{
	struct bench packets = {.name = name};
	struct bench stores = {.name = notifications, .counts = true};
	frame_bytes = bytes;
	send(batch);
	for (uint32_t i = 0; i < BENCH_SAMPLES; i++) {
		uint64_t before = sender.queues[TRANSMIT].notifications;
		struct bench_span span;
		bench_begin(&span);
		send(batch);
		bench_end(&packets, &span, HANDLED * batch);
		bench_add_ratio(&stores, sender.queues[TRANSMIT].notifications - before, batch);
	}
	bench_report(&packets);
	if (notifications != NULL) {
		bench_report(&stores);
	}
}

/* A server dies, and a packet that is sent after that arrives. */
static void bench_kill(const char *name, uint32_t server)
{
	struct bench bench = {.name = name};
	for (uint32_t i = 0; i < KILLS; i++) {
		struct bench_span span;
		bench_begin(&span);
		mmio_write64(PROBE_BASE + PROBE_KILL, server);
		send(1);
		bench_end(&bench, &span, 1);
	}
	bench_report(&bench);
}

static void send_busily(void (*half)(void))
{
	for (uint32_t i = 0; i < LOSS_BATCHES; i++) {
		if (i == LOSS_BATCHES / 2u) {
			half();
		}
		send(BATCH);
	}
}

static void bench_net_loss(void)
{
	static const uint32_t servers[] = {
		ARGUMENT_SERVER, ARGUMENT_SWITCH, ARGUMENT_DRIVER, ARGUMENT_SCHED, ARGUMENT_VMM};
	frame_bytes = FRAME_BYTES;
	bench_loss(&(struct bench_loss){"loss_net", servers, sizeof(servers) / sizeof(servers[0]), send_busily});
}

void bench_net(void)
{
	right = true;
	if (!tap_ok(virtio_begin(&sender, 0, SENDER_BASE, SENDER_INTID, VIRTIO_ID_NET, VIRTIO_QUEUES) &&
			    virtio_begin(&receiver, 1, RECEIVER_BASE, RECEIVER_INTID, VIRTIO_ID_NET, VIRTIO_QUEUES),
		    "there are two network devices")) {
		return;
	}
	for (uint32_t i = 0; i < VIRTIO_RING_SIZE; i++) {
		offer_buffer(i);
	}
	virtio_kick(&receiver.queues[RECEIVE]);
	bench_packets("net_packet", "net_notifications", FRAME_BYTES, BATCH);
	bench_packets("net_packet_small", NULL, SMALL_FRAME_BYTES, BATCH);
	bench_packets("net_packet_1", "net_notifications_1", FRAME_BYTES, 1);
	bench_kill("restart_virtio_net", ARGUMENT_SERVER);
	bench_kill("restart_netswitch", ARGUMENT_SWITCH);
	bench_kill("restart_net_driver", ARGUMENT_DRIVER);
	bench_net_loss();
	virtio_end(&sender);
	virtio_end(&receiver);
	tap_ok(right, "each packet arrived as it was sent, in order");
}
