/* A disk between a guest and a driver: what becomes of each request, and who is told when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench.h"

static int set_up(void **unused)
{
	(void)unused;
	bench_reset();
	bench_start(1);
	return 0;
}

static const struct sk_block_slot *slot(uint32_t index)
{
	return &bench.shared->channel.slots[index];
}

static uint8_t *data(uint32_t number)
{
	return guest_at(bench.shared->memory, BENCH_DATA(number));
}

static bool interrupted(void)
{
	bool line = virtio_mmio_line(&bench.disk.device);

	guest_set(&bench.disk.device, VIRTIO_MMIO_INTERRUPT_ACK, 3);
	return line;
}

static void want_interrupt(void)
{
	bench.queues[0].available->ring[BENCH_QUEUE_SIZE] = bench.queues[0].used->idx;
}

/* One request through the driver, which answers `result`; the guest's status. */
static uint8_t through(uint32_t type, uint64_t sector, uint32_t bytes, uint32_t result)
{
	want_interrupt();
	bench_request(0, 1, type, sector, bytes);
	bench_notify(0);
	assert_int_equal(bench_pending(), 1);
	assert_false(interrupted());
	bench_execute(0);
	bench_answer(0, result);
	disk_look(&bench.disk);
	assert_true(interrupted());
	bench_expect_used(2);
	assert_int_equal(slot(0)->token, 0);
	return bench_status(1);
}

/* One that never reaches the driver. */
static uint8_t at_once(uint32_t type, uint64_t sector, uint32_t bytes)
{
	want_interrupt();
	bench_request(0, 1, type, sector, bytes);
	bench_notify(0);
	assert_int_equal(bench_pending(), 0);
	assert_true(interrupted());
	bench_expect_used(2);
	return bench_status(1);
}

static void test_configuration(void **unused)
{
	struct virtio_blk_config config;

	(void)unused;
	for (uint32_t i = 0; i < sizeof(config); i++) {
		((uint8_t *)&config)[i] = (uint8_t)virtio_mmio_read(&bench.disk.device, VIRTIO_MMIO_CONFIG + i, 1);
	}
	assert_int_equal(config.capacity, BENCH_SECTORS);
	assert_int_equal(config.seg_max, 126);
	assert_int_equal(config.blk_size, 512);
	assert_int_equal(config.physical_block_exp, 3);
	assert_int_equal(config.min_io_size, 8);
	assert_int_equal(config.max_discard_sectors, 64);
	assert_int_equal(config.max_discard_seg, 1);
	assert_int_equal(config.max_write_zeroes_sectors, UINT32_MAX);
	assert_true(virtio_mmio_has(&bench.disk.device, VIRTIO_BLK_F_DISCARD));
	assert_false(virtio_mmio_has(&bench.disk.device, VIRTIO_BLK_F_RO));
	assert_false(virtio_mmio_has(&bench.disk.device, VIRTIO_BLK_F_MQ));
	assert_false(virtio_mmio_has(&bench.disk.device, VIRTIO_BLK_F_SIZE_MAX));
}

static void test_shares_that_cannot_be(void **unused)
{
	struct sk_block_share share = bench.share;

	(void)unused;
	assert_false(disk_describe(&bench.disk, &share, 0));
	assert_false(disk_describe(&bench.disk, &share, VIRTIO_QUEUES + 1));
	share.block_bytes = 0;
	assert_false(disk_describe(&bench.disk, &share, 1));
	share.block_bytes = 8192;
	assert_false(disk_describe(&bench.disk, &share, 1));
	share.block_bytes = 4096;
	share.physical_block_bytes = 512;
	assert_false(disk_describe(&bench.disk, &share, 1));
	share = bench.share;
	share.segments_max = 0;
	assert_false(disk_describe(&bench.disk, &share, 1));
	share.segments_max = 1000;
	assert_true(disk_describe(&bench.disk, &share, 1));
	assert_int_equal(bench.disk.config.seg_max, 126);
}

static void test_read(void **unused)
{
	(void)unused;
	assert_int_equal(through(VIRTIO_BLK_T_IN, 7, 1024, SK_BLOCK_RESULT_DONE), VIRTIO_BLK_S_OK);
	assert_memory_equal(data(1), bench.shared->disk + 7 * 512, 1024);
	assert_int_equal(bench.queues[0].used->ring[0].len, 1025);
}

static void test_write(void **unused)
{
	(void)unused;
	memset(data(1), 0x77, 512);
	assert_int_equal(through(VIRTIO_BLK_T_OUT, 255, 512, SK_BLOCK_RESULT_DONE), VIRTIO_BLK_S_OK);
	assert_memory_equal(data(1), bench.shared->disk + 255 * 512, 512);
	assert_int_equal(bench.queues[0].used->ring[0].len, 1);
}

static void test_results(void **unused)
{
	(void)unused;
	assert_int_equal(through(VIRTIO_BLK_T_IN, 0, 512, SK_BLOCK_RESULT_FAILED), VIRTIO_BLK_S_IOERR);
	assert_int_equal(through(VIRTIO_BLK_T_IN, 0, 512, SK_BLOCK_RESULT_REFUSED), VIRTIO_BLK_S_IOERR);
	assert_int_equal(through(VIRTIO_BLK_T_FLUSH, 0, 0, SK_BLOCK_RESULT_UNSUPPORTED), VIRTIO_BLK_S_UNSUPP);
	assert_int_equal(through(VIRTIO_BLK_T_FLUSH, 0, 0, 99), VIRTIO_BLK_S_IOERR);
	assert_int_equal(through(VIRTIO_BLK_T_FLUSH, 0, 0, SK_BLOCK_RESULT_DONE), VIRTIO_BLK_S_OK);
	assert_int_equal(slot(0)->operation, SK_BLOCK_OPERATION_FLUSH);
}

static void test_identity(void **unused)
{
	(void)unused;
	assert_int_equal(at_once(VIRTIO_BLK_T_GET_ID, 0, 20), VIRTIO_BLK_S_OK);
	assert_string_equal((const char *)data(1), "serial");
	data(1)[3] = '!';
	assert_int_equal(at_once(VIRTIO_BLK_T_GET_ID, 0, 3), VIRTIO_BLK_S_OK);
	assert_string_equal((const char *)data(1), "ser!al");
	assert_int_equal(at_once(VIRTIO_BLK_T_GET_ID, 0, 0), VIRTIO_BLK_S_OK);
}

static void test_refused_at_once(void **unused)
{
	(void)unused;
	assert_int_equal(at_once(VIRTIO_BLK_T_IN, 255, 1024), VIRTIO_BLK_S_IOERR);
	assert_int_equal(at_once(VIRTIO_BLK_T_IN, UINT64_MAX, 512), VIRTIO_BLK_S_IOERR);
	assert_int_equal(at_once(VIRTIO_BLK_T_OUT, BENCH_SECTORS, 512), VIRTIO_BLK_S_IOERR);
	assert_int_equal(at_once(VIRTIO_BLK_T_IN, 0, 0), VIRTIO_BLK_S_IOERR);
	assert_int_equal(at_once(VIRTIO_BLK_T_IN, 0, 511), VIRTIO_BLK_S_IOERR);
	assert_int_equal(at_once(VIRTIO_BLK_T_SCSI_CMD, 0, 512), VIRTIO_BLK_S_UNSUPP);
	assert_int_equal(at_once(VIRTIO_BLK_T_SECURE_ERASE, 0, 0), VIRTIO_BLK_S_UNSUPP);
	assert_int_equal(at_once(UINT32_MAX, 0, 0), VIRTIO_BLK_S_UNSUPP);
}

static void test_large_blocks(void **unused)
{
	(void)unused;
	bench.share.block_bytes = 1024;
	bench_instance(1);
	bench_start(1);
	assert_int_equal(at_once(VIRTIO_BLK_T_IN, 2, 512), VIRTIO_BLK_S_IOERR);
	assert_int_equal(at_once(VIRTIO_BLK_T_IN, 1, 1024), VIRTIO_BLK_S_IOERR);
	assert_int_equal(through(VIRTIO_BLK_T_IN, 2, 1024, SK_BLOCK_RESULT_DONE), VIRTIO_BLK_S_OK);
}

static void test_read_only(void **unused)
{
	(void)unused;
	bench.share.features |= SK_BLOCK_FEATURES_READ_ONLY;
	bench_instance(1);
	bench_start(1);
	assert_true(virtio_mmio_has(&bench.disk.device, VIRTIO_BLK_F_RO));
	assert_false(virtio_mmio_has(&bench.disk.device, VIRTIO_BLK_F_DISCARD));
	assert_int_equal(at_once(VIRTIO_BLK_T_OUT, 0, 512), VIRTIO_BLK_S_IOERR);
	assert_int_equal(at_once(VIRTIO_BLK_T_DISCARD, 0, 16), VIRTIO_BLK_S_UNSUPP);
	assert_int_equal(through(VIRTIO_BLK_T_IN, 0, 512, SK_BLOCK_RESULT_DONE), VIRTIO_BLK_S_OK);
}

static void set_range(uint64_t sector, uint32_t sectors, uint32_t flags)
{
	struct virtio_blk_discard_write_zeroes range = { sector, sectors, flags };

	memcpy(data(1), &range, sizeof(range));
}

static void test_erasing(void **unused)
{
	(void)unused;
	set_range(8, 16, 0);
	assert_int_equal(through(VIRTIO_BLK_T_DISCARD, 0, 16, SK_BLOCK_RESULT_DONE), VIRTIO_BLK_S_OK);
	assert_int_equal(slot(0)->operation, SK_BLOCK_OPERATION_DISCARD);
	assert_int_equal(slot(0)->sector, 8);
	assert_int_equal(slot(0)->sectors, 16);
	set_range(8, 1, VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP);
	assert_int_equal(through(VIRTIO_BLK_T_WRITE_ZEROES, 0, 16, SK_BLOCK_RESULT_DONE), VIRTIO_BLK_S_OK);
	assert_int_equal(slot(0)->request_flags, SK_BLOCK_REQUEST_FLAGS_UNMAP);
	assert_int_equal(bench.shared->disk[8 * 512 + 100], 0);
	assert_int_equal(at_once(VIRTIO_BLK_T_DISCARD, 0, 16), VIRTIO_BLK_S_UNSUPP); /* there it has no meaning */
	set_range(8, 65, 0);
	assert_int_equal(at_once(VIRTIO_BLK_T_DISCARD, 0, 16), VIRTIO_BLK_S_IOERR);
	set_range(8, 64, 2);
	assert_int_equal(at_once(VIRTIO_BLK_T_WRITE_ZEROES, 0, 16), VIRTIO_BLK_S_UNSUPP);
	set_range(BENCH_SECTORS, 1, 0);
	assert_int_equal(at_once(VIRTIO_BLK_T_WRITE_ZEROES, 0, 16), VIRTIO_BLK_S_IOERR);
	assert_int_equal(at_once(VIRTIO_BLK_T_DISCARD, 0, 32), VIRTIO_BLK_S_IOERR);
}

/* A driver without flushes relies on what was written (virtio 1.2, section 5.2.6.2), and the disk has a cache. */
static void test_writes_of_a_driver_without_flushes(void **unused)
{
	(void)unused;
	bench_reset();
	bench.disk.device.features &= ~(1ull << VIRTIO_BLK_F_FLUSH); /* the driver accepts what it sees */
	bench_start(1);
	bench.disk.device.features |= 1ull << VIRTIO_BLK_F_FLUSH;
	bench_request(0, 1, VIRTIO_BLK_T_OUT, 3, 512);
	bench_notify(0);
	bench_execute(0);
	bench.wakes = 0;
	bench.shared->channel.driver_sleeps = 1;
	bench_answer(0, SK_BLOCK_RESULT_DONE);
	disk_look(&bench.disk);
	bench_expect_used(0);
	assert_int_equal(bench_pending(), 1);
	assert_int_equal(bench.wakes, 1);
	assert_int_equal(slot(0)->operation, SK_BLOCK_OPERATION_FLUSH);
	assert_int_equal(slot(0)->segment_count, 0);
	bench_execute(0);
	bench_answer(0, SK_BLOCK_RESULT_DONE);
	disk_look(&bench.disk);
	bench_expect_used(2);
	assert_int_equal(bench_status(1), VIRTIO_BLK_S_OK);
	(void)interrupted();
	/* Nothing to flush. */
	assert_int_equal(through(VIRTIO_BLK_T_IN, 3, 512, SK_BLOCK_RESULT_DONE), VIRTIO_BLK_S_OK);
	assert_int_equal(through(VIRTIO_BLK_T_OUT, 3, 512, SK_BLOCK_RESULT_FAILED), VIRTIO_BLK_S_IOERR);
	/* A write that could not be made stable has failed. */
	bench_request(0, 1, VIRTIO_BLK_T_OUT, 3, 512);
	bench_notify(0);
	bench_execute(0);
	bench_answer(0, SK_BLOCK_RESULT_DONE);
	disk_withdraw(&bench.disk, true);
	disk_lose(&bench.disk);
	disk_look(&bench.disk);
	bench_expect_used(2);
	assert_int_equal(bench_status(1), VIRTIO_BLK_S_IOERR);
}

static void test_without_flush_and_erasing(void **unused)
{
	(void)unused;
	bench.share.features = 0;
	bench_instance(1);
	bench_start(1);
	assert_int_equal(at_once(VIRTIO_BLK_T_FLUSH, 0, 0), VIRTIO_BLK_S_OK);
	assert_int_equal(at_once(VIRTIO_BLK_T_DISCARD, 0, 16), VIRTIO_BLK_S_UNSUPP);
}

static void offer(const struct guest_piece *pieces, uint32_t count)
{
	guest_write_chain(&bench.queues[0], 0, pieces, count);
	guest_offer(&bench.queues[0], 0);
	bench_notify(0);
}

/* Header, data and status cut in any way. */
static void test_layouts(void **unused)
{
	const struct virtio_blk_outhdr write = { .type = VIRTIO_BLK_T_OUT, .sector = 3 };
	const struct virtio_blk_outhdr read = { .type = VIRTIO_BLK_T_IN, .sector = 3 };
	const uint64_t at = BENCH_HEADER(0);
	const struct guest_piece one[] = { { at, 16 + 512, 0 }, { at + 0x400, 1, VRING_DESC_F_WRITE } };
	const struct guest_piece cut[] = {
		{ at, 5, 0 }, { at + 5, 20, 0 }, { at + 25, 100, 0 }, { at + 125, 403, 0 },
		{ at + 0x400, 1, VRING_DESC_F_WRITE },
	};
	const struct guest_piece tail[] = {
		{ at, 16, 0 }, { at + 0x20, 100, VRING_DESC_F_WRITE }, { at + 0x84, 413, VRING_DESC_F_WRITE },
	};

	(void)unused;
	memcpy(guest_at(bench.shared->memory, at), &write, sizeof(write));
	memset(guest_at(bench.shared->memory, at + 16), 0x41, 512);
	offer(one, 2);
	assert_int_equal(slot(0)->segment_count, 1);
	assert_int_equal(slot(0)->segments[0].offset, at + 16 - GUEST_BASE);
	bench_serve_all(&(uint64_t){ 1 });
	disk_look(&bench.disk);
	assert_int_equal(bench.shared->disk[3 * 512 + 511], 0x41);
	memset(guest_at(bench.shared->memory, at + 16), 0x42, 512);
	offer(cut, 5);
	assert_int_equal(slot(0)->segment_count, 3);
	assert_int_equal(slot(0)->segments[0].bytes, 9);
	bench_serve_all(&(uint64_t){ 1 });
	disk_look(&bench.disk);
	assert_int_equal(bench.shared->disk[3 * 512], 0x42);
	assert_int_equal(bench.shared->disk[3 * 512 + 511], 0x42);
	memcpy(guest_at(bench.shared->memory, at), &read, sizeof(read));
	offer(tail, 3);
	assert_int_equal(slot(0)->segment_count, 2);
	assert_int_equal(slot(0)->segments[1].bytes, 412);
	bench_serve_all(&(uint64_t){ 1 });
	disk_look(&bench.disk);
	assert_int_equal(*(uint8_t *)guest_at(bench.shared->memory, at + 0x84 + 411), 0x42);
	assert_int_equal(*(uint8_t *)guest_at(bench.shared->memory, at + 0x84 + 412), VIRTIO_BLK_S_OK);
}

static void expect_broken(const struct guest_piece *pieces, uint32_t count)
{
	bench_reset();
	bench_start(1);
	offer(pieces, count);
	assert_true((bench.shared->state.status & VIRTIO_CONFIG_S_NEEDS_RESET) != 0);
	assert_true(virtio_mmio_line(&bench.disk.device));
	assert_int_equal(bench_pending(), 0);
}

static void test_no_block_request(void **unused)
{
	const struct guest_piece no_status[] = { { BENCH_HEADER(0), 16, 0 } };
	const struct guest_piece no_header[] = { { BENCH_HEADER(0), 16, VRING_DESC_F_WRITE } };
	const struct guest_piece half[] = { { BENCH_HEADER(0), 15, 0 }, { BENCH_STATUS(0), 1, VRING_DESC_F_WRITE } };

	(void)unused;
	expect_broken(no_status, 1);
	expect_broken(no_header, 1);
	expect_broken(half, 2);
}

static void test_segment_limits(void **unused)
{
	const struct guest_piece two[] = {
		{ BENCH_HEADER(0), 16, 0 }, { BENCH_DATA(0), 256, VRING_DESC_F_WRITE },
		{ BENCH_DATA(0) + 256, 256, VRING_DESC_F_WRITE }, { BENCH_STATUS(0), 1, VRING_DESC_F_WRITE },
	};
	struct virtio_blk_outhdr read = { .type = VIRTIO_BLK_T_IN };

	(void)unused;
	bench.share.segments_max = 1;
	bench.share.segment_bytes_max = 512;
	bench_instance(1);
	bench_start(1);
	assert_true(virtio_mmio_has(&bench.disk.device, VIRTIO_BLK_F_SIZE_MAX));
	memcpy(guest_at(bench.shared->memory, BENCH_HEADER(0)), &read, sizeof(read));
	offer(two, 4);
	assert_int_equal(bench_pending(), 0);
	assert_int_equal(bench_status(0), VIRTIO_BLK_S_IOERR);
	bench_expect_used(1);
	assert_int_equal(at_once(VIRTIO_BLK_T_IN, 0, 1024), VIRTIO_BLK_S_IOERR);
	assert_int_equal(through(VIRTIO_BLK_T_IN, 0, 512, SK_BLOCK_RESULT_DONE), VIRTIO_BLK_S_OK);
}

/* The driver is woken when it sleeps, once; and we are asleep whenever we are not looking. */
static void test_waking(void **unused)
{
	(void)unused;
	assert_int_equal(bench.shared->channel.client_sleeps, 1);
	bench_request(0, 0, VIRTIO_BLK_T_FLUSH, 0, 0);
	bench_notify(0);
	assert_int_equal(bench.wakes, 0);
	bench.shared->channel.driver_sleeps = 1;
	bench_request(0, 1, VIRTIO_BLK_T_FLUSH, 0, 0);
	bench_request(0, 2, VIRTIO_BLK_T_FLUSH, 0, 0);
	bench_notify(0);
	assert_int_equal(bench.wakes, 1);
	assert_int_equal(bench.shared->channel.driver_sleeps, 0);
	bench.shared->channel.client_sleeps = 0; /* as who wakes us leaves it */
	bench_serve_all(&(uint64_t){ 1 });
	disk_look(&bench.disk);
	assert_int_equal(bench.shared->channel.client_sleeps, 1);
	bench_expect_used(7);
}

/* More than there are slots: the rest is taken as soon as some are free, without another notification. */
static void test_slots_run_out(void **unused)
{
	uint64_t seed = 3;

	(void)unused;
	bench_instance(2);
	bench_start(2);
	for (uint32_t i = 0; i < BENCH_REQUESTS; i++) {
		bench_request(0, i, VIRTIO_BLK_T_FLUSH, 0, 0);
		bench_request(1, i, VIRTIO_BLK_T_FLUSH, 0, 0);
	}
	bench_notify(0);
	bench_notify(1);
	assert_int_equal(bench_pending(), UINT64_MAX);
	bench_serve_all(&seed);
	disk_look(&bench.disk);
	assert_int_equal(__builtin_popcountll(bench_pending()), 2 * BENCH_REQUESTS - DISK_SLOTS);
	bench_serve_all(&seed);
	disk_look(&bench.disk);
	bench_expect_used((1ull << BENCH_REQUESTS) - 1);
	assert_int_equal(bench.queues[1].used->idx, BENCH_REQUESTS);
	assert_int_equal(bench.disk.flying, 0);
	assert_int_equal(bench.disk.free, UINT64_MAX);
}

/* A guest that keeps 32 requests in flight asks to be noticed for few of them. */
static void test_few_notifications(void **unused)
{
	uint64_t seed = 5;
	uint32_t notified = 0;
	uint16_t added = 0;
	uint32_t told = 0;
	uint32_t given = 0; /* numbers that the guest has not got back */
	struct vring_used_elem entry;

	(void)unused;
	for (uint32_t i = 0; i < 32 * 64; i++) {
		uint16_t before = added++;
		uint32_t number = (uint32_t)__builtin_ctz(~given);

		given |= 1u << number;
		bench_request(0, number, VIRTIO_BLK_T_FLUSH, 0, 0);
		if (vring_need_event(guest_notify_at(&bench.queues[0]), added, before) != 0) {
			notified++;
			bench_notify(0);
		}
		/* The driver serves at random whenever 32 are under way, and half of them then. */
		while ((uint16_t)(added - bench.queues[0].used->idx) >= 32) {
			for (uint64_t pending = bench_pending(); pending != 0; pending &= pending - 1) {
				if (guest_random(&seed) % 2 == 0) {
					bench_answer((uint32_t)__builtin_ctzll(pending), SK_BLOCK_RESULT_DONE);
				}
			}
			disk_look(&bench.disk);
			told++;
		}
		while (guest_take(&bench.queues[0], &entry)) {
			given &= ~(1u << entry.id / 3);
		}
	}
	assert_true(told != 0);
	assert_true(notified * 5 <= 32 * 64);
}

/* The guest resets with requests at the driver: it is told that it is done when they are. */
static void test_reset_waits(void **unused)
{
	(void)unused;
	bench_request(0, 0, VIRTIO_BLK_T_IN, 0, 512);
	bench_request(0, 1, VIRTIO_BLK_T_IN, 1, 512);
	bench_notify(0);
	assert_false(virtio_mmio_write(&bench.disk.device, VIRTIO_MMIO_STATUS, 4, 0));
	bench_answer(1, SK_BLOCK_RESULT_DONE);
	disk_look(&bench.disk);
	assert_false(virtio_mmio_settle(&bench.disk.device));
	bench_instance(1);
	assert_false(virtio_mmio_settle(&bench.disk.device));
	bench_answer(0, SK_BLOCK_RESULT_DONE);
	disk_look(&bench.disk);
	assert_true(virtio_mmio_settle(&bench.disk.device));
	assert_int_equal(bench.queues[0].used->idx, 0); /* nothing of them was told */
	assert_int_equal(bench_status(0), 0xff);
	assert_int_equal(bench.disk.free, UINT64_MAX);
	bench_start(1);
	assert_int_equal(through(VIRTIO_BLK_T_IN, 9, 512, SK_BLOCK_RESULT_DONE), VIRTIO_BLK_S_OK);
}

/* Random requests, random completion, random restarts: the disk is what the guest wrote to it. */
static void test_against_a_model(void **unused)
{
	static uint8_t model[sizeof(bench.shared->disk)];
	uint64_t seed = 99;

	(void)unused;
	memcpy(model, bench.shared->disk, sizeof(model));
	for (uint32_t round = 0; round < 400; round++) {
		uint64_t writes = 0;
		uint32_t count = (uint32_t)(guest_random(&seed) % BENCH_REQUESTS + 1);

		for (uint32_t i = 0; i < count; i++) {
			bool write = guest_random(&seed) % 2 == 0;
			uint64_t sector = 6ull * i + guest_random(&seed) % 5; /* requests of a round don't overlap */

			memset(data(i), (int)(guest_random(&seed) & 0xff), 1024);
			if (write) {
				memcpy(model + sector * 512, data(i), 1024);
				writes |= 1ull << i;
			}
			bench_request(0, i, write ? VIRTIO_BLK_T_OUT : VIRTIO_BLK_T_IN, sector, 1024);
		}
		bench_notify(0);
		if (guest_random(&seed) % 4 == 0) {
			bench_instance(1);
		}
		bench_serve_all(&seed);
		if (guest_random(&seed) % 4 == 0) {
			bench_instance(1);
		} else {
			disk_look(&bench.disk);
		}
		bench_expect_used((1ull << count) - 1);
		for (uint32_t i = 0; i < count; i++) {
			const struct virtio_blk_outhdr *header = guest_at(bench.shared->memory, BENCH_HEADER(i));

			assert_int_equal(bench_status(i), VIRTIO_BLK_S_OK);
			if ((writes >> i & 1u) == 0) {
				assert_memory_equal(data(i), model + header->sector * 512, 1024);
			}
		}
		assert_memory_equal(model, bench.shared->disk, sizeof(model));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_configuration, set_up),
		cmocka_unit_test_setup(test_shares_that_cannot_be, set_up),
		cmocka_unit_test_setup(test_read, set_up),
		cmocka_unit_test_setup(test_write, set_up),
		cmocka_unit_test_setup(test_results, set_up),
		cmocka_unit_test_setup(test_identity, set_up),
		cmocka_unit_test_setup(test_refused_at_once, set_up),
		cmocka_unit_test_setup(test_large_blocks, set_up),
		cmocka_unit_test_setup(test_read_only, set_up),
		cmocka_unit_test_setup(test_erasing, set_up),
		cmocka_unit_test_setup(test_writes_of_a_driver_without_flushes, set_up),
		cmocka_unit_test_setup(test_without_flush_and_erasing, set_up),
		cmocka_unit_test_setup(test_layouts, set_up),
		cmocka_unit_test_setup(test_no_block_request, set_up),
		cmocka_unit_test_setup(test_segment_limits, set_up),
		cmocka_unit_test_setup(test_waking, set_up),
		cmocka_unit_test_setup(test_slots_run_out, set_up),
		cmocka_unit_test_setup(test_few_notifications, set_up),
		cmocka_unit_test_setup(test_reset_waits, set_up),
		cmocka_unit_test_setup(test_against_a_model, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
