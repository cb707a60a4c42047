/* A network device between its guest and the switch: packets both ways, offloads as negotiated, steering. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench.h"

#define ALL (NET_OFFLOADS_CHECKSUM | NET_OFFLOADS_TSO4 | NET_OFFLOADS_TSO6 | NET_OFFLOADS_ECN)

static int set_up(void **unused)
{
	(void)unused;
	bench_reset(1, ALL);
	return 0;
}

static void test_transmit(void **unused)
{
	(void)unused;
	bench_start(2, 0);
	assert_false(packet_port_sleep(&bench.peer));
	bench_frame(1, 60, NULL);
	bench_frame(2, 1514, NULL);
	bench_frame(3, 13, NULL); /* too short for a frame */
	bench_notify(BENCH_TRANSMIT);
	assert_int_equal(bench.wakes, 1);
	bench_expect_got(1, 60);
	bench_expect_got(2, 1514);
	bench_expect_nothing_got();
	bench_expect_used(BENCH_TRANSMIT, 2, 0);
	bench_expect_used(BENCH_TRANSMIT, 4, 0);
	bench_expect_used(BENCH_TRANSMIT, 6, 0);
	bench_expect_none_used(BENCH_TRANSMIT);
	assert_true(virtio_mmio_line(&bench.net.device));
	assert_int_equal(guest_notify_at(&bench.queues[BENCH_TRANSMIT]), 3);
	/* The switch is awake. */
	bench_frame(4, 60, NULL);
	bench_notify(BENCH_TRANSMIT);
	assert_int_equal(bench.wakes, 1);
}

/* A frame longer than a slot, in one chain of many descriptors. */
static void test_transmit_long(void **unused)
{
	struct guest_piece pieces[24];
	struct virtio_net_hdr_v1 header = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .gso_type = VIRTIO_NET_HDR_GSO_TCPV4, .gso_size = 1460,
		.hdr_len = 54, .csum_start = 34, .csum_offset = 16,
	};
	struct net_packet got;
	uint32_t number;

	(void)unused;
	bench_start(2, BENCH_FEATURE(CSUM) | BENCH_FEATURE(HOST_TSO4));
	memset(guest_at(bench.shared->memory, bench_data(BENCH_TRANSMIT, 0)), 9, 0xd000);
	memcpy(guest_at(bench.shared->memory, bench_data(BENCH_TRANSMIT, 0)), &header, sizeof(header));
	for (uint32_t i = 0; i < 24; i++) {
		pieces[i] = (struct guest_piece){ bench_data(BENCH_TRANSMIT, i), i == 0 ? 1012 : 2011, 0 };
	}
	guest_write_chain(&bench.queues[BENCH_TRANSMIT], 0, pieces, 24);
	guest_offer(&bench.queues[BENCH_TRANSMIT], 0);
	bench_notify(BENCH_TRANSMIT);
	assert_true(bench_got(&number, &got));
	assert_int_equal(got.bytes, 1000 + 23 * 2011);
	assert_int_equal(number, 9);
	assert_int_equal(got.segmentation, NET_SEGMENTATION_TCP4);
	assert_int_equal(got.segment_bytes, 1460);
	assert_int_equal(got.packet_flags, NET_PACKET_FLAGS_NEEDS_CHECKSUM);
	assert_int_equal(got.checksum_start, 34);
	assert_int_equal(got.checksum_offset, 16);
	assert_int_equal(got.header_bytes, 54);
}

/* What was not negotiated, or can't be, is dropped; the buffer comes back. */
static void test_transmit_refused(void **unused)
{
	static const struct virtio_net_hdr_v1 headers[] = {
		{ .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 34, .csum_offset = 25 },
		{ .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 65535, .csum_offset = 65535 },
		{ .gso_type = VIRTIO_NET_HDR_GSO_TCPV4, .gso_size = 100 },
		{ .flags = 1, .gso_type = VIRTIO_NET_HDR_GSO_TCPV4 },
		{ .flags = 1, .gso_type = VIRTIO_NET_HDR_GSO_TCPV6, .gso_size = 100 },
		{ .flags = 1, .gso_type = VIRTIO_NET_HDR_GSO_TCPV4 | VIRTIO_NET_HDR_GSO_ECN, .gso_size = 100 },
		{ .flags = 1, .gso_type = VIRTIO_NET_HDR_GSO_UDP, .gso_size = 100 },
		{ .flags = 1, .gso_type = 99, .gso_size = 100 },
	};

	(void)unused;
	bench_start(2, BENCH_FEATURE(CSUM) | BENCH_FEATURE(HOST_TSO4));
	for (uint32_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		bench_frame(i, 60, &headers[i]);
	}
	bench_notify(BENCH_TRANSMIT);
	bench_expect_nothing_got();
	for (uint32_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		bench_expect_used(BENCH_TRANSMIT, 2 * i, 0);
	}
	bench_start(2, 0);
	bench_frame(0, 60, &(struct virtio_net_hdr_v1){ .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 14 });
	bench_notify(BENCH_TRANSMIT);
	bench_expect_nothing_got();
	bench_expect_used(BENCH_TRANSMIT, 0, 0);
}

/* A switch that takes nothing: the guest's frames wait, and go on when there is room. */
static void test_transmit_waits(void **unused)
{
	(void)unused;
	bench_start(2, 0);
	for (uint32_t i = 0; i < PACKET_SLOTS; i++) {
		bench_frame(i % 30, 60, NULL);
		bench_notify(BENCH_TRANSMIT);
		bench_expect_used(BENCH_TRANSMIT, 2 * (i % 30), 0);
	}
	bench_frame(30, 60, NULL);
	bench_notify(BENCH_TRANSMIT);
	bench_notify(BENCH_TRANSMIT);
	net_look(&bench.net);
	bench_expect_none_used(BENCH_TRANSMIT);
	bench_expect_got(0, 60);
	assert_true(packet_port_wakes(&bench.peer));
	net_look(&bench.net);
	bench_expect_used(BENCH_TRANSMIT, 60, 0);
	for (uint32_t i = 1; i < PACKET_SLOTS; i++) {
		bench_expect_got(i % 30, 60);
	}
	bench_expect_got(30, 60);
}

static struct virtio_net_hdr_v1 *received(uint32_t number)
{
	return guest_at(bench.shared->memory, bench_data(BENCH_RECEIVE, number));
}

static void test_receive(void **unused)
{
	(void)unused;
	bench_start(2, BENCH_FEATURE(MRG_RXBUF));
	for (uint32_t i = 0; i < 4; i++) {
		bench_buffer(BENCH_RECEIVE, i, 1000);
	}
	bench_notify(BENCH_RECEIVE);
	bench_packet(5, 60);
	bench_packet(6, 1500);
	assert_true(packet_port_wakes(&bench.peer));
	net_look(&bench.net);
	bench_expect_used(BENCH_RECEIVE, 0, 72);
	bench_expect_used(BENCH_RECEIVE, 1, 1000);
	bench_expect_used(BENCH_RECEIVE, 2, 512);
	bench_expect_none_used(BENCH_RECEIVE);
	assert_int_equal(received(0)->num_buffers, 1);
	assert_int_equal(received(1)->num_buffers, 2);
	assert_int_equal(((uint8_t *)received(0))[12], 5);
	assert_int_equal(((uint8_t *)received(0))[71], 5);
	assert_int_equal(((uint8_t *)received(1))[999], 6);
	assert_int_equal(((uint8_t *)received(2))[511], 6);
	assert_int_equal(((uint8_t *)received(2))[512], 0);
	assert_true(virtio_mmio_line(&bench.net.device));
	/* Who has packets and buffers asks for no notification. */
	assert_int_equal(guest_notify_at(&bench.queues[BENCH_RECEIVE]), 0);
}

/* A buffer with room for the header and nothing else is one (section 5.1.6.3.1). */
static void test_receive_header_apart(void **unused)
{
	(void)unused;
	bench_start(2, BENCH_FEATURE(MRG_RXBUF));
	bench_buffer(BENCH_RECEIVE, 0, 12);
	bench_buffer(BENCH_RECEIVE, 1, 1000);
	bench_notify(BENCH_RECEIVE);
	bench_packet(5, 60);
	net_look(&bench.net);
	bench_expect_used(BENCH_RECEIVE, 0, 12);
	bench_expect_used(BENCH_RECEIVE, 1, 60);
	assert_int_equal(received(0)->num_buffers, 2);
	assert_int_equal(((uint8_t *)received(1))[59], 5);
	assert_int_equal(bench.net.device.state->status & VIRTIO_CONFIG_S_NEEDS_RESET, 0);
}

/* Without buffers packets wait, and nobody signals; the guest's next buffer is asked for, and takes them. */
static void test_receive_waits(void **unused)
{
	(void)unused;
	bench_start(2, BENCH_FEATURE(MRG_RXBUF));
	bench_buffer(BENCH_RECEIVE, 0, 100);
	bench_packet(5, 60);
	bench_packet(6, 1514);
	net_look(&bench.net);
	bench_expect_used(BENCH_RECEIVE, 0, 72);
	assert_int_equal(guest_notify_at(&bench.queues[BENCH_RECEIVE]), 1);
	bench_buffer(BENCH_RECEIVE, 1, 1000);
	bench_notify(BENCH_RECEIVE);
	bench_expect_none_used(BENCH_RECEIVE);
	assert_int_equal(guest_notify_at(&bench.queues[BENCH_RECEIVE]), 2);
	(void)packet_port_wakes(&bench.peer);
	bench_packet(7, 60);
	assert_false(packet_port_wakes(&bench.peer));
	bench_buffer(BENCH_RECEIVE, 2, 1000);
	bench_notify(BENCH_RECEIVE);
	bench_expect_used(BENCH_RECEIVE, 1, 1000);
	bench_expect_used(BENCH_RECEIVE, 2, 526);
	bench_expect_none_used(BENCH_RECEIVE);
}

/* Without merged buffers, what does not fit is dropped, and the buffer is there for the next one. */
static void test_receive_one_buffer(void **unused)
{
	(void)unused;
	bench_start(2, 0);
	bench_buffer(BENCH_RECEIVE, 0, 1000);
	bench_packet(5, 1514);
	bench_packet(6, 988);
	net_look(&bench.net);
	bench_expect_used(BENCH_RECEIVE, 0, 1000);
	assert_int_equal(((uint8_t *)received(0))[12], 6);
	assert_int_equal(received(0)->num_buffers, 1);
}

static void send_header(struct net_packet header)
{
	memset(packet_port_slot(&bench.peer, 0), 1, header.bytes);
	packet_port_send(&bench.peer, &header);
}

static void test_receive_offloads(void **unused)
{
	const struct net_packet checked = { .bytes = 60, .packet_flags = NET_PACKET_FLAGS_CHECKED };
	const struct net_packet partial = { .bytes = 60, .packet_flags = NET_PACKET_FLAGS_NEEDS_CHECKSUM,
					    .checksum_start = 34, .checksum_offset = 6 };
	struct net_packet large = partial;

	(void)unused;
	large.segmentation = NET_SEGMENTATION_TCP6;
	large.segment_bytes = 20;
	large.header_bytes = 40;
	large.ecn = 1;
	bench_start(2, BENCH_FEATURE(MRG_RXBUF));
	assert_int_equal(packet_port_accepted(&bench.peer), 0);
	for (uint32_t i = 0; i < 4; i++) {
		bench_buffer(BENCH_RECEIVE, i, 100);
	}
	send_header(partial);
	send_header(large);
	send_header(checked);
	net_look(&bench.net);
	bench_expect_used(BENCH_RECEIVE, 0, 72);
	bench_expect_none_used(BENCH_RECEIVE);
	assert_int_equal(received(0)->flags, 0);

	bench_start(2, BENCH_FEATURE(MRG_RXBUF) | BENCH_FEATURE(GUEST_CSUM) | BENCH_FEATURE(GUEST_TSO6) |
			       BENCH_FEATURE(GUEST_ECN));
	bench.queues[BENCH_RECEIVE].seen = 0;
	assert_int_equal(packet_port_accepted(&bench.peer),
			 NET_OFFLOADS_CHECKSUM | NET_OFFLOADS_TSO6 | NET_OFFLOADS_ECN);
	for (uint32_t i = 0; i < 4; i++) {
		bench_buffer(BENCH_RECEIVE, i, 100);
	}
	send_header(partial);
	send_header(large);
	send_header(checked);
	net_look(&bench.net);
	assert_int_equal(received(0)->flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
	assert_int_equal(received(0)->csum_start, 34);
	assert_int_equal(received(0)->csum_offset, 6);
	assert_int_equal(received(0)->gso_type, VIRTIO_NET_HDR_GSO_NONE);
	assert_int_equal(received(1)->gso_type, VIRTIO_NET_HDR_GSO_TCPV6 | VIRTIO_NET_HDR_GSO_ECN);
	assert_int_equal(received(1)->gso_size, 20);
	assert_int_equal(received(1)->hdr_len, 40);
	assert_int_equal(received(2)->flags, VIRTIO_NET_HDR_F_DATA_VALID);
}

/* What came before the guest was there is not for it, nor what came for the one before. */
static void test_reset(void **unused)
{
	(void)unused;
	bench_packet(1, 60);
	net_look(&bench.net);
	bench_start(2, BENCH_FEATURE(MRG_RXBUF) | BENCH_FEATURE(GUEST_CSUM));
	bench_buffer(BENCH_RECEIVE, 0, 100);
	bench_packet(2, 60);
	net_look(&bench.net);
	bench_expect_used(BENCH_RECEIVE, 0, 72);
	assert_int_equal(((uint8_t *)received(0))[12], 2);
	bench_packet(3, 60);
	guest_set(&bench.net.device, VIRTIO_MMIO_STATUS, 0);
	assert_int_equal(packet_port_accepted(&bench.peer), 0);
	bench_start(2, 0);
	bench.queues[BENCH_RECEIVE].seen = 0;
	bench_buffer(BENCH_RECEIVE, 0, 100);
	net_look(&bench.net);
	bench_expect_none_used(BENCH_RECEIVE);
}

static void test_features(void **unused)
{
	const uint64_t host = BENCH_FEATURE(CSUM) | BENCH_FEATURE(HOST_TSO4) | BENCH_FEATURE(HOST_TSO6) |
			      BENCH_FEATURE(HOST_ECN);

	(void)unused;
	assert_int_equal(bench.net.device.features & (host | BENCH_FEATURE(MQ)), host);
	bench_reset(2, NET_OFFLOADS_CHECKSUM);
	assert_int_equal(bench.net.device.features & host, BENCH_FEATURE(CSUM));
	assert_true((bench.net.device.features & BENCH_FEATURE(MQ)) != 0);
	assert_int_equal(bench_config(8), 2);
	bench_reset(1, NET_OFFLOADS_TSO4);
	assert_int_equal(bench.net.device.features & host, 0);
}

/* A UDP packet over IPv4 or TCP over IPv6 between two ports; `back`: the other way. */
static void make_flow(uint8_t *frame, bool version_6, uint16_t port, bool back)
{
	uint32_t addresses = version_6 ? 22 : 26;
	uint32_t bytes = version_6 ? 16 : 4;
	uint32_t ports = version_6 ? 54 : 34;

	memset(frame, 0, 80);
	memcpy(frame + 12, version_6 ? "\x86\xdd" : "\x08\x00", 2);
	frame[14] = version_6 ? 0x60 : 0x45;
	frame[version_6 ? 20 : 23] = version_6 ? 6 : 17;
	memset(frame + addresses + (back ? bytes : 0), 10, bytes);
	memset(frame + addresses + (back ? 0 : bytes), 20, bytes);
	frame[ports + (back ? 2 : 0)] = (uint8_t)(port >> 8);
	frame[ports + (back ? 3 : 1)] = (uint8_t)port;
	frame[ports + (back ? 0 : 2)] = 0x50;
}

/* What comes back of a flow goes to the pair of queues that it was last sent by, once the guest uses several. */
static void test_steering(void **unused)
{
	uint8_t frame[80];
	uint32_t elsewhere = 0;
	uint16_t two = 2;

	(void)unused;
	bench_reset(2, 0);
	bench_start(4, BENCH_FEATURE(MRG_RXBUF) | BENCH_FEATURE(CTRL_VQ) | BENCH_FEATURE(MQ));
	assert_int_equal(net_control_queue(&bench.net), 4);
	for (uint16_t port = 0; port < 100; port++) {
		make_flow(frame, port % 2 != 0, port, false);
		net_steer_sent(&bench.net, 3, frame);
		make_flow(frame, port % 2 != 0, port, true);
		assert_int_equal(net_steer(&bench.net, frame), 0);
	}
	/* Only those that the guest has enabled, though others may be ready. */
	bench.net.device.state->queues[0].ready = 0;
	assert_int_equal(net_steer(&bench.net, frame), VIRTIO_QUEUES);
	bench.net.device.state->queues[0].ready = 1;
	bench.shared->net_state.pairs = two;
	for (uint16_t port = 0; port < 100; port++) {
		for (uint32_t pair = 0; pair < 2; pair++) {
			make_flow(frame, port % 2 != 0, port, false);
			net_steer_sent(&bench.net, 2 * pair + 1, frame);
			make_flow(frame, port % 2 != 0, port, true);
			assert_int_equal(net_steer(&bench.net, frame), 2 * pair);
		}
	}
	/* Flows that nobody sent are spread. */
	memset(bench.net.flows, 0, sizeof(bench.net.flows));
	for (uint16_t port = 0; port < 100; port++) {
		make_flow(frame, false, (uint16_t)(port * 7), true);
		elsewhere += net_steer(&bench.net, frame) == 2;
	}
	assert_true(elsewhere > 20 && elsewhere < 80);
	/* Numbers that can't be. */
	bench.shared->net_state.pairs = 77;
	assert_int_equal(net_steer(&bench.net, frame), 0);
}

/* Whatever the guest puts into its rings, the device stays in its memory, and works again after a reset. */
static void test_hostile_chains(void **unused)
{
	uint64_t seed = 5;

	(void)unused;
	for (uint32_t i = 0; i < 3000; i++) {
		bench_start(3, BENCH_FEATURE(MRG_RXBUF) | BENCH_FEATURE(CTRL_VQ) | BENCH_FEATURE(CSUM) |
				       BENCH_FEATURE(HOST_TSO4) | BENCH_FEATURE(GUEST_CSUM) |
				       1ull << VIRTIO_RING_F_INDIRECT_DESC);
		for (uint32_t j = 0; j < 40; j++) {
			struct guest_queue *queue = &bench.queues[guest_random(&seed) % 3];
			struct vring_desc *descriptor = &queue->descriptors[guest_random(&seed) % 8];

			descriptor->addr = GUEST_BASE + guest_random(&seed) % (GUEST_BYTES + 4096);
			descriptor->len = (uint32_t)(guest_random(&seed) >> (32 + guest_random(&seed) % 32));
			descriptor->flags = (uint16_t)(guest_random(&seed) % 8);
			descriptor->next = (uint16_t)(guest_random(&seed) % 10);
			guest_offer(queue, (uint16_t)(guest_random(&seed) % 9));
			if (packet_port_room(&bench.peer) > 2) {
				bench_packet(j, 60 + 100 * j);
			}
			bench_notify((uint32_t)(guest_random(&seed) % 3));
			packet_port_drop(&bench.peer);
		}
	}
	bench_start(2, 0);
	for (uint32_t i = 0; i < 2; i++) {
		bench.queues[i].seen = 0;
	}
	bench_frame(1, 60, NULL);
	bench_notify(BENCH_TRANSMIT);
	bench_expect_got(1, 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_transmit, set_up),
		cmocka_unit_test_setup(test_transmit_long, set_up),
		cmocka_unit_test_setup(test_transmit_refused, set_up),
		cmocka_unit_test_setup(test_transmit_waits, set_up),
		cmocka_unit_test_setup(test_receive, set_up),
		cmocka_unit_test_setup(test_receive_waits, set_up),
		cmocka_unit_test_setup(test_receive_header_apart, set_up),
		cmocka_unit_test_setup(test_receive_one_buffer, set_up),
		cmocka_unit_test_setup(test_receive_offloads, set_up),
		cmocka_unit_test_setup(test_reset, set_up),
		cmocka_unit_test_setup(test_features, set_up),
		cmocka_unit_test_setup(test_steering, set_up),
		cmocka_unit_test_setup(test_hostile_chains, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
