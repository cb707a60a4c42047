/* What the guest says to its network device: by the control queue, and by what it has accepted; and the link. */
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
	assert_int_equal(bench_config(0), 0x52);
	assert_int_equal(bench_config(5), 0x56);
	assert_int_equal(command(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, mac, 6), VIRTIO_NET_OK);
	assert_int_equal(bench_config(0), 0x02);
	assert_int_equal(bench_config(5), 5);
	assert_int_not_equal(guest_get(&bench.net.device, VIRTIO_MMIO_CONFIG_GENERATION), generation);
	assert_int_equal(command(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, group, 6), VIRTIO_NET_ERR);
	assert_int_equal(command(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, mac, 5), VIRTIO_NET_ERR);
	assert_int_equal(command(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, mac, 6), VIRTIO_NET_ERR);
	assert_int_equal(command(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, "\0\0\0\0\0\0\0", 8), VIRTIO_NET_OK);
	assert_int_equal(command(VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_PROMISC, mac, 1), VIRTIO_NET_OK);
	assert_int_equal(command(VIRTIO_NET_CTRL_RX, 6, mac, 1), VIRTIO_NET_ERR);
	assert_int_equal(command(99, 0, mac, 1), VIRTIO_NET_ERR);
	assert_int_equal(command(VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, "\1", 2), VIRTIO_NET_ERR);
	/* The address outlives the server, and a new instance asks the guest to tell everybody where it is. */
	bench_instance();
	assert_int_equal(bench_config(0), 0x02);
	assert_int_equal(bench_config(6), VIRTIO_NET_S_LINK_UP | VIRTIO_NET_S_ANNOUNCE);
	assert_true((guest_get(&bench.net.device, VIRTIO_MMIO_INTERRUPT_STATUS) & VIRTIO_MMIO_INT_CONFIG) != 0);
	assert_int_equal(command(VIRTIO_NET_CTRL_ANNOUNCE, VIRTIO_NET_CTRL_ANNOUNCE_ACK, mac, 1), VIRTIO_NET_OK);
	assert_int_equal(bench_config(6), VIRTIO_NET_S_LINK_UP);
	/* Not the guest's reset. */
	guest_set(&bench.net.device, VIRTIO_MMIO_STATUS, 0);
	assert_int_equal(bench_config(0), 0x52);
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
		bench_expect_used(BENCH_RECEIVE, 0, NET_HEADER_BYTES + NET_MTU + (known != 0 ? 18 : 19));
		assert_int_equal(bench.queues[BENCH_RECEIVE].used->idx, known != 0 ? 1 : 2);
	}
}

/* What the guest does not want to see takes none of its buffers; that outlives the server, and ends with a reset. */
static void test_filter(void **unused)
{
	(void)unused;
	for (uint32_t round = 0; round < 2; round++) {
		bench_start(3, BENCH_FEATURE(CTRL_VQ) | BENCH_FEATURE(CTRL_RX));
		for (uint32_t i = 0; i < 4; i++) {
			bench_buffer(BENCH_RECEIVE, i, 2048);
		}
		bench_notify(BENCH_RECEIVE);
		bench_packet(2, 60); /* for 02:02:…, which is somebody else */
		net_look(&bench.net);
		bench_expect_used(BENCH_RECEIVE, 0, NET_HEADER_BYTES + 60);
		assert_int_equal(command(VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_PROMISC, "", 1), VIRTIO_NET_OK);
		if (round != 0) {
			bench_instance();
		}
		bench_packet(2, 60);
		bench_packet(0xff, 60); /* for everybody */
		net_look(&bench.net);
		bench_expect_used(BENCH_RECEIVE, 1, NET_HEADER_BYTES + 60);
		bench_expect_none_used(BENCH_RECEIVE);
		assert_int_equal(command(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET,
					 "\1\0\0\0\2\2\2\2\2\2\0\0\0", 14),
				 VIRTIO_NET_OK);
		bench_packet(2, 60);
		net_look(&bench.net);
		bench_expect_used(BENCH_RECEIVE, 2, NET_HEADER_BYTES + 60);
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
		bench_expect_used(BENCH_TRANSMIT, 2, 0);
	}
	bench_frame(1, 60, NULL);
	bench_notify(BENCH_TRANSMIT);
	bench_expect_none_used(BENCH_TRANSMIT);
	guest_set(&bench.net.device, VIRTIO_MMIO_INTERRUPT_ACK, 3);
	net_set_link(&bench.net, false);
	net_look(&bench.net);
	bench_expect_used(BENCH_TRANSMIT, 2, 0);
	assert_int_equal(bench_config(6), 0);
	assert_true((guest_get(&bench.net.device, VIRTIO_MMIO_INTERRUPT_STATUS) & VIRTIO_MMIO_INT_CONFIG) != 0);
	bench_frame(1, 60, NULL);
	bench_notify(BENCH_TRANSMIT);
	bench_expect_used(BENCH_TRANSMIT, 2, 0);
	for (uint32_t i = 0; i < PACKET_SLOTS; i++) {
		bench_expect_got(1, 60);
	}
	bench_expect_nothing_got();
	net_set_link(&bench.net, true);
	assert_int_equal(bench_config(6), VIRTIO_NET_S_LINK_UP);
	bench_frame(1, 60, NULL);
	bench_notify(BENCH_TRANSMIT);
	bench_expect_got(1, 60);
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

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_control, set_up),
		cmocka_unit_test_setup(test_guest_offloads, set_up),
		cmocka_unit_test_setup(test_mtu, set_up),
		cmocka_unit_test_setup(test_filter, set_up),
		cmocka_unit_test_setup(test_link, set_up),
		cmocka_unit_test_setup(test_broken_commands, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
