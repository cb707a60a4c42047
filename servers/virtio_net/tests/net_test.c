/* A network device between its guest and the switch: packets both ways, offloads as negotiated, the control queue. */
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

static void expect_used(uint32_t queue, uint32_t id, uint32_t bytes)
{
	struct vring_used_elem entry;

	assert_true(guest_take(&bench.queues[queue], &entry));
	assert_int_equal(entry.id, id);
	assert_int_equal(entry.len, bytes);
}

static void expect_none_used(uint32_t queue)
{
	struct vring_used_elem entry;

	assert_false(guest_take(&bench.queues[queue], &entry));
}

static void expect_got(uint32_t number, uint32_t bytes)
{
	struct net_packet header;
	uint32_t got;

	assert_true(bench_got(&got, &header));
	assert_int_equal(got, number);
	assert_int_equal(header.bytes, bytes);
}

static void expect_nothing_got(void)
{
	struct net_packet header;
	uint32_t got;

	assert_false(bench_got(&got, &header));
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
	expect_got(1, 60);
	expect_got(2, 1514);
	expect_nothing_got();
	expect_used(BENCH_TRANSMIT, 2, 0);
	expect_used(BENCH_TRANSMIT, 4, 0);
	expect_used(BENCH_TRANSMIT, 6, 0);
	expect_none_used(BENCH_TRANSMIT);
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
	expect_nothing_got();
	for (uint32_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		expect_used(BENCH_TRANSMIT, 2 * i, 0);
	}
	bench_start(2, 0);
	bench_frame(0, 60, &(struct virtio_net_hdr_v1){ .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 14 });
	bench_notify(BENCH_TRANSMIT);
	expect_nothing_got();
	expect_used(BENCH_TRANSMIT, 0, 0);
}

/* A switch that takes nothing: the guest's frames wait, and go on when there is room. */
static void test_transmit_waits(void **unused)
{
	(void)unused;
	bench_start(2, 0);
	for (uint32_t i = 0; i < PACKET_SLOTS; i++) {
		bench_frame(i % 30, 60, NULL);
		bench_notify(BENCH_TRANSMIT);
		expect_used(BENCH_TRANSMIT, 2 * (i % 30), 0);
	}
	bench_frame(30, 60, NULL);
	bench_notify(BENCH_TRANSMIT);
	bench_notify(BENCH_TRANSMIT);
	net_look(&bench.net);
	expect_none_used(BENCH_TRANSMIT);
	expect_got(0, 60);
	assert_true(packet_port_wakes(&bench.peer));
	net_look(&bench.net);
	expect_used(BENCH_TRANSMIT, 60, 0);
	for (uint32_t i = 1; i < PACKET_SLOTS; i++) {
		expect_got(i % 30, 60);
	}
	expect_got(30, 60);
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
	expect_used(BENCH_RECEIVE, 0, 72);
	expect_used(BENCH_RECEIVE, 1, 1000);
	expect_used(BENCH_RECEIVE, 2, 512);
	expect_none_used(BENCH_RECEIVE);
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

/* Without buffers packets wait, and nobody signals; the guest's next buffer is asked for, and takes them. */
static void test_receive_waits(void **unused)
{
	(void)unused;
	bench_start(2, BENCH_FEATURE(MRG_RXBUF));
	bench_buffer(BENCH_RECEIVE, 0, 100);
	bench_packet(5, 60);
	bench_packet(6, 1514);
	net_look(&bench.net);
	expect_used(BENCH_RECEIVE, 0, 72);
	assert_int_equal(guest_notify_at(&bench.queues[BENCH_RECEIVE]), 1);
	bench_buffer(BENCH_RECEIVE, 1, 1000);
	bench_notify(BENCH_RECEIVE);
	expect_none_used(BENCH_RECEIVE);
	assert_int_equal(guest_notify_at(&bench.queues[BENCH_RECEIVE]), 2);
	(void)packet_port_wakes(&bench.peer);
	bench_packet(7, 60);
	assert_false(packet_port_wakes(&bench.peer));
	bench_buffer(BENCH_RECEIVE, 2, 1000);
	bench_notify(BENCH_RECEIVE);
	expect_used(BENCH_RECEIVE, 1, 1000);
	expect_used(BENCH_RECEIVE, 2, 526);
	expect_none_used(BENCH_RECEIVE);
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
	expect_used(BENCH_RECEIVE, 0, 1000);
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
	expect_used(BENCH_RECEIVE, 0, 72);
	expect_none_used(BENCH_RECEIVE);
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
	expect_used(BENCH_RECEIVE, 0, 72);
	assert_int_equal(((uint8_t *)received(0))[12], 2);
	bench_packet(3, 60);
	guest_set(&bench.net.device, VIRTIO_MMIO_STATUS, 0);
	assert_int_equal(packet_port_accepted(&bench.peer), 0);
	bench_start(2, 0);
	bench.queues[BENCH_RECEIVE].seen = 0;
	bench_buffer(BENCH_RECEIVE, 0, 100);
	net_look(&bench.net);
	expect_none_used(BENCH_RECEIVE);
}

static uint8_t config(uint32_t offset)
{
	return (uint8_t)virtio_mmio_read(&bench.net.device, VIRTIO_MMIO_CONFIG + offset, 1);
}

/* One command with `bytes` of data; its answer. */
static uint8_t command(uint8_t class, uint8_t number, const void *data, uint32_t bytes)
{
	static uint32_t count;
	uint8_t *at = guest_at(bench.shared->memory, bench_data(BENCH_CONTROL, 0));
	const struct guest_piece pieces[3] = {
		{ bench_data(BENCH_CONTROL, 0), 2, 0 },
		{ bench_data(BENCH_CONTROL, 0) + 2, bytes, 0 },
		{ bench_data(BENCH_CONTROL, 1), 1, VRING_DESC_F_WRITE },
	};
	struct vring_used_elem entry;

	at[0] = class;
	at[1] = number;
	memcpy(at + 2, data, bytes);
	count = (count + 3) % 60;
	guest_write_chain(&bench.queues[BENCH_CONTROL], (uint16_t)count, pieces, 3);
	guest_offer(&bench.queues[BENCH_CONTROL], (uint16_t)count);
	bench_notify(BENCH_CONTROL);
	assert_true(guest_take(&bench.queues[BENCH_CONTROL], &entry));
	return *(uint8_t *)guest_at(bench.shared->memory, bench_data(BENCH_CONTROL, 1));
}

static void test_control(void **unused)
{
	static const uint8_t mac[6] = { 0x02, 1, 2, 3, 4, 5 };
	static const uint8_t group[6] = { 0x03, 1, 2, 3, 4, 5 };
	uint32_t generation;

	(void)unused;
	bench_start(3, BENCH_FEATURE(CTRL_VQ) | BENCH_FEATURE(CTRL_MAC_ADDR) | BENCH_FEATURE(GUEST_ANNOUNCE));
	generation = guest_get(&bench.net.device, VIRTIO_MMIO_CONFIG_GENERATION);
	assert_int_equal(config(0), 0x52);
	assert_int_equal(config(5), 0x56);
	assert_int_equal(command(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, mac, 6), VIRTIO_NET_OK);
	assert_int_equal(config(0), 0x02);
	assert_int_equal(config(5), 5);
	assert_int_not_equal(guest_get(&bench.net.device, VIRTIO_MMIO_CONFIG_GENERATION), generation);
	assert_int_equal(command(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, group, 6), VIRTIO_NET_ERR);
	assert_int_equal(command(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, mac, 5), VIRTIO_NET_ERR);
	assert_int_equal(command(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, mac, 6), VIRTIO_NET_OK);
	assert_int_equal(command(VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_PROMISC, mac, 1), VIRTIO_NET_OK);
	assert_int_equal(command(VIRTIO_NET_CTRL_RX, 6, mac, 1), VIRTIO_NET_ERR);
	assert_int_equal(command(99, 0, mac, 1), VIRTIO_NET_ERR);
	assert_int_equal(command(VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, "\1", 2), VIRTIO_NET_ERR);
	/* The address outlives the server, and a new instance asks the guest to tell everybody where it is. */
	bench_instance();
	assert_int_equal(config(0), 0x02);
	assert_int_equal(config(6), VIRTIO_NET_S_LINK_UP | VIRTIO_NET_S_ANNOUNCE);
	assert_true((guest_get(&bench.net.device, VIRTIO_MMIO_INTERRUPT_STATUS) & VIRTIO_MMIO_INT_CONFIG) != 0);
	assert_int_equal(command(VIRTIO_NET_CTRL_ANNOUNCE, VIRTIO_NET_CTRL_ANNOUNCE_ACK, mac, 1), VIRTIO_NET_OK);
	assert_int_equal(config(6), VIRTIO_NET_S_LINK_UP);
	/* Not the guest's reset. */
	guest_set(&bench.net.device, VIRTIO_MMIO_STATUS, 0);
	assert_int_equal(config(0), 0x52);
}

/* The guest takes less than it has accepted: what it takes now outlives the server, and ends with a reset. */
static void test_guest_offloads(void **unused)
{
	const uint64_t checksum = 1ull << VIRTIO_NET_F_GUEST_CSUM;
	const uint64_t both = checksum | 1ull << VIRTIO_NET_F_GUEST_TSO4;
	const uint64_t beyond = both | 1ull << VIRTIO_NET_F_GUEST_TSO6;
	const uint64_t features = BENCH_FEATURE(CTRL_VQ) | BENCH_FEATURE(GUEST_CSUM) | BENCH_FEATURE(GUEST_TSO4);
	const uint8_t class = VIRTIO_NET_CTRL_GUEST_OFFLOADS;

	(void)unused;
	bench_start(3, features | BENCH_FEATURE(CTRL_GUEST_OFFLOADS));
	bench_notify(0);
	assert_int_equal(packet_port_accepted(&bench.peer), NET_OFFLOADS_CHECKSUM | NET_OFFLOADS_TSO4);
	assert_int_equal(command(class, VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET, &checksum, 8), VIRTIO_NET_OK);
	assert_int_equal(packet_port_accepted(&bench.peer), NET_OFFLOADS_CHECKSUM);
	bench_instance();
	assert_int_equal(packet_port_accepted(&bench.peer), NET_OFFLOADS_CHECKSUM);
	assert_int_equal(command(class, VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET, &beyond, 8), VIRTIO_NET_ERR);
	assert_int_equal(command(class, VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET, &both, 7), VIRTIO_NET_ERR);
	assert_int_equal(command(class, 1, &both, 8), VIRTIO_NET_ERR);
	assert_int_equal(command(class, VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET, "\0\0\0\0\0\0\0", 8), VIRTIO_NET_OK);
	assert_int_equal(packet_port_accepted(&bench.peer), 0);
	bench_start(3, features);
	bench_notify(0);
	assert_int_equal(packet_port_accepted(&bench.peer), NET_OFFLOADS_CHECKSUM | NET_OFFLOADS_TSO4);
	assert_int_equal(command(class, VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET, &both, 8), VIRTIO_NET_ERR);
}

/* What is longer than the MTU that the guest knows is dropped (virtio 1.2, section 5.1.4.1). */
static void test_mtu(void **unused)
{
	(void)unused;
	for (uint32_t known = 0; known < 2; known++) {
		bench_start(2, known != 0 ? BENCH_FEATURE(MTU) : 0);
		for (uint32_t i = 0; i < 2; i++) {
			bench_buffer(BENCH_RECEIVE, i, 2048);
		}
		bench_notify(BENCH_RECEIVE);
		bench_packet(1, NET_MTU + 19);
		bench_packet(2, NET_MTU + 18);
		net_look(&bench.net);
		expect_used(BENCH_RECEIVE, 0, NET_HEADER_BYTES + NET_MTU + (known != 0 ? 18 : 19));
		assert_int_equal(bench.queues[BENCH_RECEIVE].used->idx, known != 0 ? 1 : 2);
	}
}

/* Without a switch there is no link: what is sent is dropped, also what waited for room, until there is one again. */
static void test_link(void **unused)
{
	(void)unused;
	bench_start(2, 0);
	for (uint32_t i = 0; i < PACKET_SLOTS; i++) {
		bench_frame(1, 60, NULL);
		bench_notify(BENCH_TRANSMIT);
		expect_used(BENCH_TRANSMIT, 2, 0);
	}
	bench_frame(1, 60, NULL);
	bench_notify(BENCH_TRANSMIT);
	expect_none_used(BENCH_TRANSMIT);
	guest_set(&bench.net.device, VIRTIO_MMIO_INTERRUPT_ACK, 3);
	net_set_link(&bench.net, false);
	net_look(&bench.net);
	expect_used(BENCH_TRANSMIT, 2, 0);
	assert_int_equal(config(6), 0);
	assert_true((guest_get(&bench.net.device, VIRTIO_MMIO_INTERRUPT_STATUS) & VIRTIO_MMIO_INT_CONFIG) != 0);
	bench_frame(1, 60, NULL);
	bench_notify(BENCH_TRANSMIT);
	expect_used(BENCH_TRANSMIT, 2, 0);
	for (uint32_t i = 0; i < PACKET_SLOTS; i++) {
		expect_got(1, 60);
	}
	expect_nothing_got();
	net_set_link(&bench.net, true);
	assert_int_equal(config(6), VIRTIO_NET_S_LINK_UP);
	bench_frame(1, 60, NULL);
	bench_notify(BENCH_TRANSMIT);
	expect_got(1, 60);
}

/* A chain without anything to write is no command; one without a command gets an answer. */
static void test_broken_commands(void **unused)
{
	const struct guest_piece answer = { bench_data(BENCH_CONTROL, 1), 1, VRING_DESC_F_WRITE };
	const struct guest_piece nothing = { bench_data(BENCH_CONTROL, 1), 1, 0 };
	struct vring_used_elem entry;

	(void)unused;
	bench_start(3, BENCH_FEATURE(CTRL_VQ));
	guest_write_chain(&bench.queues[BENCH_CONTROL], 0, &answer, 1);
	guest_offer(&bench.queues[BENCH_CONTROL], 0);
	bench_notify(BENCH_CONTROL);
	assert_true(guest_take(&bench.queues[BENCH_CONTROL], &entry));
	assert_int_equal(*(uint8_t *)guest_at(bench.shared->memory, answer.address), VIRTIO_NET_ERR);
	guest_write_chain(&bench.queues[BENCH_CONTROL], 1, &nothing, 1);
	guest_offer(&bench.queues[BENCH_CONTROL], 1);
	bench_notify(BENCH_CONTROL);
	assert_true((bench.shared->state.status & VIRTIO_CONFIG_S_NEEDS_RESET) != 0);
	assert_true(virtio_mmio_line(&bench.net.device));
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
	assert_int_equal(config(8), 2);
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
	bench.shared->state.queues[0].ready = 0;
	assert_int_equal(net_steer(&bench.net, frame), VIRTIO_QUEUES);
	bench.shared->state.queues[0].ready = 1;
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
	expect_got(1, 60);
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
		cmocka_unit_test_setup(test_receive_one_buffer, set_up),
		cmocka_unit_test_setup(test_receive_offloads, set_up),
		cmocka_unit_test_setup(test_reset, set_up),
		cmocka_unit_test_setup(test_control, set_up),
		cmocka_unit_test_setup(test_guest_offloads, set_up),
		cmocka_unit_test_setup(test_mtu, set_up),
		cmocka_unit_test_setup(test_link, set_up),
		cmocka_unit_test_setup(test_broken_commands, set_up),
		cmocka_unit_test_setup(test_features, set_up),
		cmocka_unit_test_setup(test_steering, set_up),
		cmocka_unit_test_setup(test_hostile_chains, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
