/*
 * The device's server is killed between any two of its stores, with packets both ways, and so is the instance after it.
 * Each of the guest's buffers comes back once, in order, and none is forgotten; packets come in order, and may come
 * twice.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench.h"
#include "crash.h"

#define PACKETS 3u  /* the second one takes two of the guest's buffers */
#define BUFFERS 9u
#define START 0xfffeu /* indices are about to wrap */

static uint32_t frames; /* that the guest sends, and none or all of those packets */
static uint32_t packets;

static void begin_at(uint32_t queue)
{
	guest_begin_at(&bench.net.device.queues[queue], START);
	bench.queues[queue].available->idx = START;
	bench.queues[queue].used->idx = START;
	bench.queues[queue].seen = START;
	bench.queues[queue].available->ring[BENCH_QUEUE_SIZE] = START; /* interrupt when the first is used */
}

static void prepare(void)
{
	bench_reset(1, 0);
	bench_start(2, BENCH_FEATURE(MRG_RXBUF));
	begin_at(BENCH_RECEIVE);
	begin_at(BENCH_TRANSMIT);
	for (uint32_t i = 0; i < BUFFERS; i++) {
		bench_buffer(BENCH_RECEIVE, i, 100);
	}
	for (uint32_t i = 0; i < frames; i++) {
		bench_frame(20 + i, 60, NULL);
	}
	for (uint32_t i = 0; i < packets; i++) {
		bench_packet(1 + i, i == 1 ? 150 : 60);
	}
	bench.shared->channel.to_switch.words.reader_sleeps = 1;
}

/* It serves all that an instance finds, as its main() does. */
static void instance(void *unused)
{
	(void)unused;
	bench_instance();
	virtio_mmio_serve(&bench.net.device, VIRTIO_MMIO_ALL_QUEUES);
}

/* Numbers of the packets in a row; each next to the one before, or the same again. */
static void follow(uint32_t *last, uint32_t number)
{
	assert_true(number == *last || number == *last + 1);
	*last = number;
}

static void expect_frames(void)
{
	struct vring_used_elem entry;
	struct net_packet header;
	uint32_t last = 19;
	uint32_t number;

	bench.queues[BENCH_TRANSMIT].seen = START;
	for (uint32_t i = 0; i < frames; i++) {
		assert_true(guest_take(&bench.queues[BENCH_TRANSMIT], &entry));
		assert_int_equal(entry.id, 2 * (20 + i));
	}
	assert_false(guest_take(&bench.queues[BENCH_TRANSMIT], &entry));
	packet_port_open(&bench.peer, &bench.shared->channel, false);
	while (bench_got(&number, &header)) {
		assert_int_equal(header.bytes, 60);
		follow(&last, number);
	}
	assert_int_equal(last, 19 + frames);
}

/* The buffers in the order in which they were given, and in them whole packets, as their headers say. */
static void expect_packets(void)
{
	struct vring_used_elem entry;
	uint32_t last = 0;
	uint32_t buffer = 0;

	bench.queues[BENCH_RECEIVE].seen = START;
	while (guest_take(&bench.queues[BENCH_RECEIVE], &entry)) {
		const uint8_t *at = guest_at(bench.shared->memory, bench_data(BENCH_RECEIVE, buffer));
		const struct virtio_net_hdr_v1 *header = (const void *)at;

		assert_int_equal(entry.id, buffer++);
		follow(&last, at[NET_HEADER_BYTES]);
		assert_int_equal(header->num_buffers, last == 2 ? 2 : 1);
		assert_int_equal(entry.len, last == 2 ? 100 : 72);
		if (last == 2) {
			assert_true(guest_take(&bench.queues[BENCH_RECEIVE], &entry));
			assert_int_equal(entry.id, buffer++);
			assert_int_equal(entry.len, 62);
		}
	}
	assert_int_equal(last, packets);
	assert_true(buffer <= BUFFERS);
}

static void expect_end(void)
{
	expect_packets();
	expect_frames();
	assert_true(virtio_mmio_line(&bench.net.device));
	assert_int_equal(bench.shared->channel.from_switch.words.reader_sleeps, 1);
	assert_int_equal(bench.shared->channel.from_switch.ring.read, bench.shared->channel.from_switch.ring.written);
}

static void finish_from_all(const struct crash *crash, uint32_t step)
{
	for (uint32_t i = 0; i < crash->count; i += step) {
		crash_restore(crash, i);
		instance(NULL);
		expect_end();
	}
}

static void kill_everywhere(uint32_t frame_count, uint32_t packet_count)
{
	struct crash crash;

	frames = frame_count;
	packets = packet_count;
	prepare();
	crash = (struct crash){ .shared = (uint8_t *)bench.shared, .bytes = sizeof(*bench.shared) };
	crash_record(&crash, instance, NULL);
	assert_true(crash.count > 20);
	finish_from_all(&crash, 1);
	crash_forget(&crash);
}

static void test_a_kill_at_every_store(void **unused)
{
	(void)unused;
	kill_everywhere(3, PACKETS);
}

/* With packets one way only, the interrupt is for them. */
static void test_a_kill_while_receiving(void **unused)
{
	(void)unused;
	kill_everywhere(0, PACKETS);
}

static void test_a_kill_while_sending(void **unused)
{
	(void)unused;
	kill_everywhere(4, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_kill_at_every_store),
		cmocka_unit_test(test_a_kill_while_receiving),
		cmocka_unit_test(test_a_kill_while_sending),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
