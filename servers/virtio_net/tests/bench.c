#include "bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct bench bench;

static struct net_settings settings;

static void wake(void)
{
	bench.wakes++;
}

void bench_reset(uint32_t pairs, net_offloads_t offloads)
{
	struct bench_shared *shared = bench.shared;

	if (shared == NULL) {
		shared = (void *)guest_map(sizeof(*shared));
		assert_non_null(shared);
	}
	memset(shared, 0, sizeof(*shared));
	bench = (struct bench){ .shared = shared };
	settings = (struct net_settings){ .mac = 0x563412005452ull, .pairs = pairs, .offloads = offloads };
	packet_port_open(&bench.peer, &shared->channel, false);
	bench_instance();
}

void bench_instance(void)
{
	bool again = bench.shared->state.valid != 0;

	memset(&bench.net, 0, sizeof(bench.net));
	net_describe(&bench.net, &settings);
	bench.net.state = &bench.shared->net_state;
	assert_true(virtio_memory_add(&bench.net.device.memory, GUEST_BASE, GUEST_BYTES, bench.shared->memory));
	virtio_mmio_open(&bench.net.device, &bench.shared->state);
	net_open(&bench.net, &bench.shared->net_state, &bench.shared->channel, wake, again);
	net_look(&bench.net);
}

void bench_start(uint32_t count, uint64_t features)
{
	for (uint32_t i = 0; i < count; i++) {
		guest_queue_init(&bench.queues[i], bench.shared->memory, i, BENCH_QUEUE_SIZE);
		memset(bench.queues[i].available, 0, 4);
		memset(bench.queues[i].used, 0, 4);
	}
	guest_start(&bench.net.device, count, BENCH_QUEUE_SIZE, BENCH_BASIC | features);
	assert_int_equal(bench.shared->state.status, 15);
}

uint64_t bench_data(uint32_t queue, uint32_t number)
{
	return GUEST_DATA + (queue * 32 + number) * 2048ull;
}

void bench_buffer(uint32_t queue, uint32_t number, uint32_t bytes)
{
	const struct guest_piece piece = { bench_data(queue, number), bytes, VRING_DESC_F_WRITE };

	guest_write_chain(&bench.queues[queue], (uint16_t)number, &piece, 1);
	guest_offer(&bench.queues[queue], (uint16_t)number);
}

void bench_frame(uint32_t number, uint32_t bytes, const struct virtio_net_hdr_v1 *header)
{
	static const struct virtio_net_hdr_v1 plain;
	uint8_t *at = guest_at(bench.shared->memory, bench_data(BENCH_TRANSMIT, number));
	const struct guest_piece pieces[2] = {
		{ bench_data(BENCH_TRANSMIT, number), NET_HEADER_BYTES, 0 },
		{ bench_data(BENCH_TRANSMIT, number) + NET_HEADER_BYTES, bytes, 0 },
	};

	memcpy(at, header != NULL ? header : &plain, NET_HEADER_BYTES);
	memset(at + NET_HEADER_BYTES, (int)number, bytes);
	guest_write_chain(&bench.queues[BENCH_TRANSMIT], (uint16_t)(2 * number), pieces, 2);
	guest_offer(&bench.queues[BENCH_TRANSMIT], (uint16_t)(2 * number));
}

void bench_notify(uint32_t queue)
{
	guest_set(&bench.net.device, VIRTIO_MMIO_QUEUE_NOTIFY, queue);
}

void bench_packet(uint32_t number, uint32_t bytes)
{
	static uint8_t data[PACKET_BYTES_MAX];
	const struct net_packet header = { .bytes = bytes };

	memset(data, (int)number, bytes);
	assert_true(packet_port_room(&bench.peer) >= packet_slots(bytes));
	packet_port_write(&bench.peer, 0, data, bytes);
	packet_port_send(&bench.peer, &header);
}

bool bench_got(uint32_t *number, struct net_packet *header)
{
	struct packet_in in;
	uint8_t byte;

	if (!packet_port_next(&bench.peer, &in)) {
		return false;
	}
	packet_port_read(&bench.peer, 0, &byte, 1);
	*number = byte;
	*header = in.header;
	for (uint32_t i = 0; i < in.header.bytes; i++) {
		packet_port_read(&bench.peer, i, &byte, 1);
		assert_int_equal(byte, *number);
	}
	packet_port_done(&bench.peer, &in);
	return true;
}

void bench_expect_used(uint32_t queue, uint32_t id, uint32_t bytes)
{
	struct vring_used_elem entry;

	assert_true(guest_take(&bench.queues[queue], &entry));
	assert_int_equal(entry.id, id);
	assert_int_equal(entry.len, bytes);
}

void bench_expect_none_used(uint32_t queue)
{
	struct vring_used_elem entry;

	assert_false(guest_take(&bench.queues[queue], &entry));
}

void bench_expect_got(uint32_t number, uint32_t bytes)
{
	struct net_packet header;
	uint32_t got;

	assert_true(bench_got(&got, &header));
	assert_int_equal(got, number);
	assert_int_equal(header.bytes, bytes);
}

void bench_expect_nothing_got(void)
{
	struct net_packet header;
	uint32_t got;

	assert_false(bench_got(&got, &header));
}
