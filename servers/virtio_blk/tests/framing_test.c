/* Requests cut into descriptors in every way that the specification permits (virtio 1.2, sections 2.6.4 and 2.7.5). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench.h"
#include <blk/request.h>

static int set_up(void **unused)
{
	(void)unused;
	bench_reset();
	bench_start(1);
	return 0;
}

/* Cuts [address, address + bytes) into `parts` pieces of random sizes. */
static void cut_up(struct guest_piece *pieces, uint32_t parts, uint64_t address, uint32_t bytes, uint16_t flags,
		   uint64_t *seed)
{
	for (uint32_t left = parts; left != 0; left--) {
		uint32_t most = bytes - (left - 1);
		uint32_t piece = left == 1 ? bytes : 1 + (uint32_t)(guest_random(seed) % (most < 60 ? most : 60));

		*pieces++ = (struct guest_piece){ address, piece, flags };
		address += piece;
		bytes -= piece;
	}
}

#define LONGEST (VIRTIO_CHAIN_SEGMENTS - 4u)

/* A request of 1 KiB whose header and data are in so many pieces; its table is behind all requests. */
static void offer_cut(bool write, bool indirect, uint32_t header_parts, uint32_t data_parts, uint64_t *seed)
{
	static struct guest_piece pieces[VIRTIO_CHAIN_SEGMENTS];
	const struct virtio_blk_outhdr header = { .type = write ? VIRTIO_BLK_T_OUT : VIRTIO_BLK_T_IN, .sector = 3 };
	uint32_t count = header_parts + data_parts + 1;

	memcpy(guest_at(bench.shared->memory, BENCH_HEADER(0)), &header, sizeof(header));
	cut_up(pieces, header_parts, BENCH_HEADER(0), sizeof(header), 0, seed);
	cut_up(pieces + header_parts, data_parts, BENCH_DATA(0), 1024, write ? 0 : VRING_DESC_F_WRITE, seed);
	pieces[count - 1] = (struct guest_piece){ BENCH_STATUS(0), 1, VRING_DESC_F_WRITE };
	if (indirect) {
		guest_write_indirect(&bench.queues[0], bench.shared->memory, 0, BENCH_HEADER(BENCH_REQUESTS), pieces,
				     count);
	} else {
		guest_write_chain(&bench.queues[0], 0, pieces, count);
	}
	guest_offer(&bench.queues[0], 0);
	bench_notify(0);
}

/*
 * No chain that a queue of that size permits is refused, however it is cut; one that is longer than seg_max says, which
 * takes an indirect table longer than the queue, fails alone.
 */
static void test_any_framing(void **unused)
{
	uint64_t seed = 5;

	(void)unused;
	for (uint32_t round = 0; round < 2000; round++) {
		bool write = guest_random(&seed) % 2 != 0;
		bool indirect = guest_random(&seed) % 2 != 0;
		bool too_long = indirect && guest_random(&seed) % 8 == 0;
		uint32_t header_parts = 1 + (uint32_t)(guest_random(&seed) % 3);
		uint32_t room = BENCH_QUEUE_SIZE - header_parts - 1;
		uint32_t data_parts = too_long ? REQUEST_SEGMENTS + 1 + (uint32_t)(guest_random(&seed) %
										      (LONGEST - REQUEST_SEGMENTS - 1))
					       : 1 + (uint32_t)(guest_random(&seed) % room);

		memset(guest_at(bench.shared->memory, BENCH_DATA(0)), (int)(round & 0xff), 1024);
		offer_cut(write, indirect, header_parts, data_parts, &seed);
		assert_int_equal(bench.shared->state.status & VIRTIO_CONFIG_S_NEEDS_RESET, 0);
		if (!too_long) {
			assert_int_equal(bench.shared->channel.slots[0].segment_count, data_parts);
		}
		bench_serve_all(&seed);
		disk_look(&bench.disk);
		bench_expect_used(1);
		assert_int_equal(bench_status(0), too_long ? VIRTIO_BLK_S_IOERR : VIRTIO_BLK_S_OK);
		if (!too_long) {
			assert_memory_equal(guest_at(bench.shared->memory, BENCH_DATA(0)), bench.shared->disk + 3 * 512, 1024);
		}
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_any_framing, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
