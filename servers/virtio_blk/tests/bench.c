#include "bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <blk/check.h>

struct bench bench;

static void wake(void)
{
	bench.wakes++;
}

void bench_reset(void)
{
	struct bench_shared *shared = bench.shared;

	if (shared == NULL) {
		shared = (void *)guest_map(sizeof(*shared));
		assert_non_null(shared);
	}
	memset(shared, 0, sizeof(*shared));
	bench = (struct bench){
		.shared = shared,
		.share = {
			.capacity_sectors = BENCH_SECTORS,
			.block_bytes = 512,
			.physical_block_bytes = 4096,
			.features = SK_BLOCK_FEATURES_FLUSH | SK_BLOCK_FEATURES_DISCARD |
				    SK_BLOCK_FEATURES_WRITE_ZEROES,
			.segments_max = 126,
			.discard_sectors_max = 64,
			.serial = "serial",
		},
	};
	for (uint32_t i = 0; i < sizeof(shared->disk); i++) {
		shared->disk[i] = (uint8_t)(i / 512 + i);
	}
	bench_instance(1);
}

void bench_instance(uint32_t queues)
{
	memset(&bench.disk, 0, sizeof(bench.disk));
	assert_true(disk_describe(&bench.disk, &bench.share, queues));
	assert_true(virtio_memory_add(&bench.disk.device.memory, GUEST_BASE, BENCH_BYTES, bench.shared->memory));
	virtio_mmio_open(&bench.disk.device, &bench.shared->state);
	disk_open(&bench.disk, &bench.shared->channel, wake);
	disk_look(&bench.disk);
}

void bench_start(uint32_t queues)
{
	uint64_t offered = bench.disk.device.features | 3ull << 28 | 1ull << VIRTIO_F_VERSION_1;

	for (uint32_t i = 0; i < queues; i++) {
		guest_queue_init(&bench.queues[i], bench.shared->memory, i, BENCH_QUEUE_SIZE);
		memset(bench.queues[i].available, 0, 4);
		memset(bench.queues[i].used, 0, 4);
	}
	guest_start(&bench.disk.device, queues, BENCH_QUEUE_SIZE, offered);
	assert_int_equal(bench.shared->state.status, 15);
}

void bench_request(uint32_t queue, uint32_t number, uint32_t type, uint64_t sector, uint32_t bytes)
{
	struct virtio_blk_outhdr header = { .type = type, .sector = sector };
	uint16_t write = type == VIRTIO_BLK_T_IN || type == VIRTIO_BLK_T_GET_ID ? VRING_DESC_F_WRITE : 0;
	struct guest_piece pieces[3] = {
		{ BENCH_HEADER(number), sizeof(header), 0 },
		{ BENCH_DATA(number), bytes, write },
		{ BENCH_STATUS(number), 1, VRING_DESC_F_WRITE },
	};

	memcpy(guest_at(bench.shared->memory, BENCH_HEADER(number)), &header, sizeof(header));
	memset(guest_at(bench.shared->memory, BENCH_STATUS(number)), 0xff, 1);
	guest_write_chain(&bench.queues[queue], BENCH_HEAD(number), pieces, 3);
	guest_offer(&bench.queues[queue], BENCH_HEAD(number));
}

void bench_notify(uint32_t queue)
{
	guest_set(&bench.disk.device, VIRTIO_MMIO_QUEUE_NOTIFY, queue);
}

uint64_t bench_pending(void)
{
	return bench.shared->channel.requested ^ bench.shared->channel.served;
}

void bench_execute(uint32_t slot)
{
	const struct sk_block_slot request = bench.shared->channel.slots[slot];
	uint8_t *disk = bench.shared->disk + request.sector * 512;
	uint64_t bytes = 0;

	assert_int_equal(request.result, SK_BLOCK_RESULT_PENDING);
	assert_true(request.operation < 8);
	assert_true(blk_check_slot(slot, request.token, &request) == request.check);
	bench.operations[request.operation]++;
	assert_true(request.sector + request.sectors <= BENCH_SECTORS);
	for (uint32_t i = 0; i < request.segment_count; i++) {
		const struct sk_block_segment *segment = &request.segments[i];

		assert_int_equal(segment->memory, 0);
		assert_true(segment->bytes != 0 && segment->offset + segment->bytes <= BENCH_BYTES);
		if (request.operation == SK_BLOCK_OPERATION_READ) {
			memcpy(bench.shared->memory + segment->offset, disk + bytes, segment->bytes);
		} else {
			memcpy(disk + bytes, bench.shared->memory + segment->offset, segment->bytes);
		}
		bytes += segment->bytes;
	}
	if (request.segment_count != 0) {
		assert_int_equal(bytes, request.sectors * 512u);
	}
	if (request.operation == SK_BLOCK_OPERATION_WRITE_ZEROES) {
		memset(disk, 0, request.sectors * 512u);
	}
}

void bench_answer(uint32_t slot, uint32_t result)
{
	struct sk_block_slot *at = &bench.shared->channel.slots[slot];

	at->answer = blk_answer(at->check, result);
	at->result = result;
	bench.shared->channel.served ^= 1ull << slot;
}

void bench_serve_all(uint64_t *seed)
{
	while (bench_pending() != 0) {
		uint32_t slot = (uint32_t)(guest_random(seed) % DISK_SLOTS);

		if ((bench_pending() >> slot & 1u) != 0) {
			bench_execute(slot);
			/* Now and then it died before it could say so, and does it again. */
			if (guest_random(seed) % 8 != 0) {
				bench_answer(slot, SK_BLOCK_RESULT_DONE);
			}
		}
	}
}

uint8_t bench_status(uint32_t number)
{
	return *(uint8_t *)guest_at(bench.shared->memory, BENCH_STATUS(number));
}

void bench_expect_used(uint64_t numbers)
{
	struct vring_used_elem entry;

	while (guest_take(&bench.queues[0], &entry)) {
		assert_int_equal(entry.id % 3, 0);
		assert_true((numbers >> (entry.id / 3) & 1u) != 0);
		numbers &= ~(1ull << (entry.id / 3));
	}
	assert_int_equal(numbers, 0);
}
