/* The driver on a model of its hardware: shares, requests of every kind, hostile ones, and hardware that fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <linux/virtio_blk.h>
#include <linux/virtio_ring.h>
#include <sk/abi.h>
#include <sk/start.h>

#include "gpt_disk.h"
#include "machine.h"
#include "model.h"

#define READ SK_BLOCK_OPERATION_READ
#define WRITE SK_BLOCK_OPERATION_WRITE
#define FLUSH SK_BLOCK_OPERATION_FLUSH
#define DISCARD SK_BLOCK_OPERATION_DISCARD
#define WRITE_ZEROES SK_BLOCK_OPERATION_WRITE_ZEROES

static void boot(const char *first, const char *second)
{
	machine_init(first, second);
	machine_start();
}

static int boot_all(void **unused)
{
	(void)unused;
	boot("all", "all,ro");
	return 0;
}

/* What the request in slot 0 of the client is answered. */
static uint32_t answer(uint32_t client)
{
	machine_check(client, 0);
	machine_submit(client, 1);
	machine_run();
	assert_int_equal(machine_open_slots(client), 0);
	return machine->channels[client].slots[0].result;
}

static uint32_t ask(uint32_t client, uint32_t operation, uint64_t sector, uint32_t sectors)
{
	(void)machine_request(client, 0, operation, sector, sectors, 0);
	return answer(client);
}

static void test_share_of_everything(void **unused)
{
	struct sk_block_share share;

	(void)unused;
	assert_int_equal(machine_open(MACHINE_CLIENT, &share), SK_OK);
	assert_int_equal(share.capacity_sectors, MACHINE_SECTORS);
	assert_int_equal(share.block_bytes, 512);
	assert_int_equal(share.features, SK_BLOCK_FEATURES_FLUSH | SK_BLOCK_FEATURES_DISCARD |
						 SK_BLOCK_FEATURES_WRITE_ZEROES);
	assert_int_equal(share.segments_max, 126);
	assert_int_equal(share.discard_sectors_max, 1000);
	assert_int_equal(share.write_zeroes_sectors_max, 500);
	assert_string_equal((const char *)share.serial, "model-disk");
	assert_int_equal(machine_open(MACHINE_CLIENT + 1, &share), SK_OK);
	assert_int_equal(share.features, SK_BLOCK_FEATURES_FLUSH | SK_BLOCK_FEATURES_READ_ONLY);
	assert_int_equal(machine_open(MACHINE_CLIENT + 2, &share), BLOCK_ERROR_NO_SHARE);
	assert_int_equal(machine_open(0, &share), BLOCK_ERROR_NO_SHARE);
}

static void test_operations(void **unused)
{
	uint8_t *memory = machine->guest[0][0];

	(void)unused;
	assert_int_equal(ask(0, READ, 7, 2), SK_BLOCK_RESULT_DONE);
	assert_int_equal(memory[0], 7);
	assert_int_equal(memory[1023], 8);
	assert_int_equal(memory[1024], 0);
	memset(memory, 0x77, 1024);
	assert_int_equal(ask(0, WRITE, MACHINE_SECTORS - 2, 2), SK_BLOCK_RESULT_DONE);
	assert_int_equal(machine->disk[MACHINE_SECTORS - 1][511], 0x77);
	assert_int_equal(machine->disk[MACHINE_SECTORS - 3][511], (MACHINE_SECTORS - 3) & 0xff);
	assert_int_equal(ask(0, FLUSH, 0, 0), SK_BLOCK_RESULT_DONE);
	assert_int_equal(machine->flushes, 1);
	assert_int_equal(ask(0, WRITE_ZEROES, 16, 8), SK_BLOCK_RESULT_DONE);
	assert_int_equal(machine->disk[16][0], 0);
	assert_int_equal(machine->disk[24][0], 24);
	machine_request(0, 0, WRITE_ZEROES, 16, 8, 0)->request_flags = SK_BLOCK_REQUEST_FLAGS_UNMAP;
	assert_int_equal(answer(0), SK_BLOCK_RESULT_DONE);
	assert_int_equal(machine->disk[16][0], 0xdd);
	assert_int_equal(ask(0, DISCARD, 32, 8), SK_BLOCK_RESULT_DONE);
}

static void test_segments(void **unused)
{
	struct sk_block_slot *slot = machine_request(0, 0, READ, 9, 3, 0);

	(void)unused;
	slot->segment_count = 3;
	slot->segments[0] = (struct sk_block_segment){ .memory = 1, .bytes = 1, .offset = MACHINE_GUEST_BYTES - 1 };
	slot->segments[1] = (struct sk_block_segment){ .memory = 0, .bytes = 1000, .offset = 4000 };
	slot->segments[2] = (struct sk_block_segment){ .memory = 1, .bytes = 535, .offset = 0 };
	assert_int_equal(answer(0), SK_BLOCK_RESULT_DONE);
	assert_int_equal(machine->guest[0][1][MACHINE_GUEST_BYTES - 1], 9);
	assert_int_equal(machine->guest[0][0][4000], 9);
	assert_int_equal(machine->guest[0][0][4999], 10);
	assert_int_equal(machine->guest[0][1][534], 11);
	assert_int_equal(machine->guest[0][1][535], 0);
	assert_int_equal(machine->guest[1][0][0], 0);
}

static void test_all_slots_at_once(void **unused)
{
	(void)unused;
	machine_queue = 16; /* so that most wait for room */
	machine_start();
	for (uint32_t round = 0; round < 5; round++) {
		for (uint32_t i = 0; i < 64; i++) {
			(void)machine_request(0, i, READ, i + round, 1, i * 512);
			(void)machine_request(1, i, READ, 100 + i, 1, i * 512);
		}
		machine_submit(0, UINT64_MAX);
		machine_submit(1, UINT64_MAX);
		machine_run();
		assert_int_equal(machine_open_slots(0), 0);
		assert_int_equal(machine_open_slots(1), 0);
		for (uint32_t i = 0; i < 64; i++) {
			assert_int_equal(machine->guest[0][0][i * 512], i + round);
			assert_int_equal(machine->guest[1][0][i * 512 + 511], 100 + i);
		}
	}
}

static void without(uint64_t features, uint32_t queue, uint32_t segments)
{
	machine_init("all", "all");
	machine_features &= ~features;
	machine_queue = queue;
	machine_segments = segments;
	machine_start();
}

static void test_lesser_hardware(void **unused)
{
	struct sk_block_share share;

	(void)unused;
	without(1ull << VIRTIO_RING_F_INDIRECT_DESC | 1ull << VIRTIO_RING_F_EVENT_IDX, 8, 126);
	assert_int_equal(machine_open(MACHINE_CLIENT, &share), SK_OK);
	assert_int_equal(share.segments_max, 6);
	for (uint32_t i = 0; i < 64; i++) {
		(void)machine_request(0, i, READ, i, 1, i * 512);
	}
	machine_submit(0, UINT64_MAX);
	machine_run();
	assert_int_equal(machine_open_slots(0), 0);
	assert_int_equal(machine->guest[0][0][63 * 512], 63);
	without(1ull << VIRTIO_BLK_F_FLUSH | 1ull << VIRTIO_BLK_F_DISCARD | 1ull << VIRTIO_BLK_F_WRITE_ZEROES |
			1ull << VIRTIO_BLK_F_SEG_MAX, 128, 126);
	assert_int_equal(machine_open(MACHINE_CLIENT, &share), SK_OK);
	assert_int_equal(share.segments_max, 1);
	assert_int_equal(share.features, 0);
	assert_int_equal(ask(0, FLUSH, 0, 0), SK_BLOCK_RESULT_UNSUPPORTED);
	assert_int_equal(ask(0, DISCARD, 0, 8), SK_BLOCK_RESULT_UNSUPPORTED);
	assert_int_equal(ask(0, WRITE_ZEROES, 0, 8), SK_BLOCK_RESULT_UNSUPPORTED);
	assert_int_equal(ask(0, READ, 0, 8), SK_BLOCK_RESULT_DONE);
}

static void test_hardware_that_fails(void **unused)
{
	(void)unused;
	machine_fails = true;
	assert_int_equal(ask(0, READ, 0, 8), SK_BLOCK_RESULT_FAILED);
	assert_int_equal(ask(0, FLUSH, 0, 0), SK_BLOCK_RESULT_FAILED);
	machine_fails = false;
	assert_int_equal(ask(0, READ, 0, 8), SK_BLOCK_RESULT_DONE);
}

static void test_hardware_that_breaks(void **unused)
{
	struct model_chain chain = { .head = 99 };

	(void)unused;
	(void)machine_request(0, 0, READ, 0, 8, 0);
	machine_submit(0, 1);
	machine_signal(SK_SIGNAL_PEER);
	model_put(&chain, 0);
	expect_string(sk_exit, why, "the disk says that it did what it was not asked to do");
	machine_signal(SK_SIGNAL_INTERRUPT);
	machine_start(); /* the supervisor's answer to that */
	machine_run();
	assert_int_equal(machine_open_slots(0), 0);
	assert_int_equal(machine->channels[0].slots[0].result, SK_BLOCK_RESULT_DONE);
	model.status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	expect_string(sk_exit, why, "the disk needs a reset");
	machine_signal(SK_SIGNAL_INTERRUPT);
}

static void test_no_disk(void **unused)
{
	struct sk_block_share share;

	(void)unused;
	machine_init("all", "nothing");
	machine_no_disk = true;
	machine_start();
	assert_int_equal(machine_open(MACHINE_CLIENT, &share), BLOCK_ERROR_NO_DISK);
	assert_int_equal(machine_open(MACHINE_CLIENT + 1, &share), BLOCK_ERROR_NO_SHARE);
	assert_int_equal(ask(0, READ, 0, 1), SK_BLOCK_RESULT_FAILED);
	assert_int_equal(ask(1, READ, 0, 1), SK_BLOCK_RESULT_FAILED);
}

static void test_arguments_without_sense(void **unused)
{
	static const char *const wrong[] = { "",	   "al",	    "all,rw",	 "partition:", "partition:0",
					     "partition:x", "partition:1x", "name:",	 ",ro",	       "partition:9999999999" };
	struct sk_block_share share;

	(void)unused;
	for (uint32_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		boot(wrong[i], "all");
		assert_int_equal(machine_open(MACHINE_CLIENT, &share), BLOCK_ERROR_NO_SHARE);
		assert_int_equal(ask(0, READ, 0, 1), SK_BLOCK_RESULT_FAILED);
	}
	boot("partition:1", "name:data"); /* a disk without a table */
	assert_int_equal(machine_open(MACHINE_CLIENT, &share), BLOCK_ERROR_NO_DISK);
	assert_int_equal(machine_open(MACHINE_CLIENT + 1, &share), BLOCK_ERROR_NO_DISK);
}

/* Whatever is refused leaves disk and memory as they were, and the hardware never hears of it. */
static void refused(const char *what)
{
	uint32_t commands = machine->commands;
	uint32_t result = answer(0);

	if (result != SK_BLOCK_RESULT_REFUSED || machine->commands != commands) {
		fail_msg("%s: result %u", what, result);
	}
}

static struct sk_block_slot *good(void)
{
	return machine_request(0, 0, READ, 8, 8, 4096);
}

static void test_hostile_requests(void **unused)
{
	static const uint64_t sectors[] = { MACHINE_SECTORS, MACHINE_SECTORS - 7, UINT64_MAX, UINT64_MAX - 7, 1ull << 55,
					    1ull << 63 };
	static const uint64_t offsets[] = { MACHINE_GUEST_BYTES, MACHINE_GUEST_BYTES - 4095, UINT64_MAX,
					    UINT64_MAX - 4095, UINT64_MAX - 4096, 1ull << 63 };

	(void)unused;
	for (uint32_t i = 0; i < sizeof(sectors) / sizeof(sectors[0]); i++) {
		good()->sector = sectors[i];
		refused("sector");
		machine_request(0, 0, WRITE_ZEROES, sectors[i], 8, 0);
		refused("sector of zeroes");
	}
	for (uint32_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		good()->segments[0].offset = offsets[i];
		refused("offset");
	}
	for (uint32_t bytes = 0; bytes < 10000; bytes += 999) {
		good()->segments[0].bytes = bytes;
		refused("bytes");
	}
	good()->segments[0].bytes = UINT32_MAX;
	refused("bytes");
	good()->segments[0].memory = 2;
	refused("memory that the VM does not have");
	good()->segments[0].memory = UINT32_MAX;
	refused("memory");
	good()->segment_count = 0;
	refused("no segments");
	good()->segment_count = 65;
	refused("segments");
	good()->segment_count = UINT32_MAX;
	refused("segments");
	good()->segment_count = 2; /* the second one is empty */
	refused("empty segment");
	good()->sectors = 0;
	refused("no sectors");
	good()->sectors = UINT32_MAX;
	refused("sectors");
	good()->operation = 0;
	refused("operation");
	good()->operation = UINT32_MAX;
	refused("operation");
	good()->operation = FLUSH;
	refused("flush with data");
	good()->operation = DISCARD;
	refused("discard with data");
	good()->request_flags = 2;
	refused("flags");
	(void)machine_request(0, 0, DISCARD, 0, 1001, 0);
	refused("a discard beyond the limit");
	(void)machine_request(0, 0, WRITE_ZEROES, 0, 501, 0);
	refused("zeroes beyond the limit");
	(void)good();
	assert_int_equal(answer(0), SK_BLOCK_RESULT_DONE);
}

static void test_read_only_shares(void **unused)
{
	(void)unused;
	assert_int_equal(ask(1, READ, 0, 8), SK_BLOCK_RESULT_DONE);
	assert_int_equal(ask(1, WRITE, 0, 8), SK_BLOCK_RESULT_REFUSED);
	assert_int_equal(ask(1, WRITE_ZEROES, 0, 8), SK_BLOCK_RESULT_REFUSED);
	assert_int_equal(ask(1, DISCARD, 0, 8), SK_BLOCK_RESULT_REFUSED);
	assert_int_equal(machine->writes, 0);
	machine_init("all", "all");
	machine_features |= 1ull << VIRTIO_BLK_F_RO;
	machine_start();
	assert_int_equal(ask(0, WRITE, 0, 8), SK_BLOCK_RESULT_REFUSED);
}

static void test_large_blocks(void **unused)
{
	struct sk_block_share share;

	(void)unused;
	machine_init("all", "all");
	machine_block_bytes = 4096;
	machine_sectors = MACHINE_SECTORS - 3;
	machine_start();
	assert_int_equal(machine_open(MACHINE_CLIENT, &share), SK_OK);
	assert_int_equal(share.block_bytes, 4096);
	assert_int_equal(share.capacity_sectors, MACHINE_SECTORS - 8);
	assert_int_equal(ask(0, READ, 8, 16), SK_BLOCK_RESULT_DONE);
	assert_int_equal(ask(0, READ, 9, 8), SK_BLOCK_RESULT_REFUSED);
	assert_int_equal(ask(0, READ, 8, 7), SK_BLOCK_RESULT_REFUSED);
	assert_int_equal(ask(0, READ, MACHINE_SECTORS - 8, 8), SK_BLOCK_RESULT_REFUSED);
	assert_int_equal(ask(0, READ, MACHINE_SECTORS - 16, 8), SK_BLOCK_RESULT_DONE);
	for (uint32_t bytes = 0; bytes < 10000; bytes += 200) { /* none of them a size that there is */
		machine_block_bytes = bytes;
		machine_start();
		assert_int_equal(machine_open(MACHINE_CLIENT, &share), BLOCK_ERROR_NO_DISK);
	}
}

/* The table that gpt_disk.c writes, on the machine's disk. */
static void boot_partitions(const char *first, const char *second)
{
	static struct memory_disk partitioned;

	machine_init(first, second);
	machine_sectors = DISK_BLOCKS;
	disk_format(&partitioned);
	disk_entry(&partitioned, 0, 40, 99, "boot");
	disk_entry(&partitioned, 4, 100, 200, "data");
	disk_seal(&partitioned);
	memcpy(machine->disk, partitioned.blocks, sizeof(partitioned.blocks));
	memset(machine->disk[99], 0x99, 512);
	memset(machine->disk[100], 0x10, 512);
	memset(machine->disk[200], 0x20, 512);
	machine_start();
}

static void test_partitions(void **unused)
{
	struct sk_block_share share;

	(void)unused;
	boot_partitions("name:data", "partition:1,ro");
	assert_int_equal(machine_open(MACHINE_CLIENT, &share), SK_OK);
	assert_int_equal(share.capacity_sectors, 101);
	assert_int_equal(machine_open(MACHINE_CLIENT + 1, &share), SK_OK);
	assert_int_equal(share.capacity_sectors, 60);
	assert_true((share.features & SK_BLOCK_FEATURES_READ_ONLY) != 0);
	assert_int_equal(ask(0, READ, 0, 1), SK_BLOCK_RESULT_DONE);
	assert_int_equal(machine->guest[0][0][0], 0x10);
	assert_int_equal(ask(0, READ, 100, 1), SK_BLOCK_RESULT_DONE);
	assert_int_equal(machine->guest[0][0][0], 0x20);
	assert_int_equal(ask(0, READ, 101, 1), SK_BLOCK_RESULT_REFUSED);
	assert_int_equal(ask(0, READ, 100, 2), SK_BLOCK_RESULT_REFUSED);
	assert_int_equal(ask(0, READ, UINT64_MAX, 1), SK_BLOCK_RESULT_REFUSED); /* the sector before the share */
	assert_int_equal(ask(0, WRITE, UINT64_MAX - 99, 1), SK_BLOCK_RESULT_REFUSED);
	assert_int_equal(ask(0, WRITE_ZEROES, 0, 101), SK_BLOCK_RESULT_DONE);
	assert_int_equal(ask(1, READ, 59, 1), SK_BLOCK_RESULT_DONE);
	assert_int_equal(machine->guest[1][0][0], 0x99);
	assert_int_equal(machine->disk[200][0], 0);
	assert_int_equal(machine->disk[201][0], 0);
	assert_int_equal(ask(1, WRITE, 0, 1), SK_BLOCK_RESULT_REFUSED);
	boot_partitions("partition:2", "name:dat");
	assert_int_equal(machine_open(MACHINE_CLIENT, &share), BLOCK_ERROR_NO_DISK);
	assert_int_equal(machine_open(MACHINE_CLIENT + 1, &share), BLOCK_ERROR_NO_DISK);
}

static void test_memory_that_is_gone(void **unused)
{
	(void)unused;
	machine_memory_gone = true;
	(void)good();
	refused("memory that is nobody's");
	machine_memory_gone = false;
	(void)good();
	assert_int_equal(answer(0), SK_BLOCK_RESULT_DONE);
}

/* A client that writes all over its channel harms nobody else, and the driver gets to the end. */
static void test_noise(void **unused)
{
	uint32_t random = 1;
	uint8_t *bytes = (uint8_t *)&machine->channels[0];

	(void)unused;
	for (uint32_t round = 0; round < 20000; round++) {
		for (uint32_t i = 0; i < 40; i++) {
			random = random * 1664525u + 1013904223u;
			uint32_t at = (random >> 8) % (random & 0x80 ? 128u : (uint32_t)sizeof(machine->channels[0]));
			bytes[at] = random & 0x40 ? 0 : (uint8_t)(random >> 24);
		}
		machine_signal(SK_SIGNAL_PEER);
		(void)machine_work(round % 5);
		machine_signal(SK_SIGNAL_INTERRUPT | SK_SIGNAL_PEER);
	}
	machine_run();
	(void)machine_request(1, 0, READ, 3, 1, 512);
	assert_int_equal(answer(1), SK_BLOCK_RESULT_DONE);
	for (uint32_t i = 0; i < MACHINE_GUEST_BYTES; i++) {
		assert_int_equal(machine->guest[1][0][i], i >= 512 && i < 1024 ? 3 : 0);
		assert_int_equal(machine->guest[1][1][i], 0);
	}
}

/* Bits that flip while the request is in the hardware: a request more for the client, nothing for anybody else. */
static void test_bits_that_flip_back(void **unused)
{
	(void)unused;
	(void)good();
	machine_submit(0, 1);
	machine_signal(SK_SIGNAL_PEER);
	machine_submit(0, 1);
	machine->channels[0].served = 0xff00ff00;
	machine_run();
	machine_run();
	assert_int_equal(machine_open_slots(0) & 1, 0);
	assert_int_equal(machine->channels[0].served, 0);
}

/* What a client has taken back is not executed; what is in the hardware already goes on. */
static void test_withdrawn(void **unused)
{
	(void)unused;
	(void)good();
	machine_submit(0, 1);
	machine->channels[0].client_withdraws = 1;
	machine_signal(SK_SIGNAL_PEER);
	machine_run();
	assert_int_equal(machine_open_slots(0), 1);
	machine_start(); /* nor by an instance that begins */
	machine_run();
	assert_int_equal(machine_open_slots(0), 1);
	machine->channels[0].client_withdraws = 0;
	machine_signal(SK_SIGNAL_PEER);
	machine->channels[0].client_withdraws = 1;
	machine_run();
	assert_int_equal(machine_open_slots(0), 0);
}

static void test_wakes_who_sleeps(void **unused)
{
	uint32_t before;

	(void)unused;
	assert_int_equal(machine->signals[0], 1); /* a new instance says so */
	assert_int_equal(machine->channels[0].driver_sleeps, 1);
	before = machine->signals[0];
	(void)good();
	machine->channels[0].client_sleeps = 1;
	machine->channels[0].driver_sleeps = 0; /* as the client does */
	assert_int_equal(answer(0), SK_BLOCK_RESULT_DONE);
	assert_int_equal(machine->signals[0], before + 1);
	assert_int_equal(machine->signals[1], 1);
	assert_int_equal(machine->channels[0].client_sleeps, 0);
	assert_int_equal(machine->channels[0].driver_sleeps, 1);
	(void)good();
	assert_int_equal(answer(0), SK_BLOCK_RESULT_DONE); /* it is awake: it looks by itself */
	assert_int_equal(machine->signals[0], before + 1);
}

/* Both figures of the plan: many requests, few notifications and interrupts. */
static void test_few_notifications(void **unused)
{
	uint32_t notifies = model.notifies;
	uint32_t interrupts = model.interrupts;

	(void)unused;
	for (uint32_t i = 0; i < 32; i++) {
		(void)machine_request(0, i, READ, i, 1, i * 512);
	}
	machine_submit(0, UINT32_MAX);
	machine_signal(SK_SIGNAL_PEER);
	assert_int_equal(machine_work(32), 32);
	machine_signal(SK_SIGNAL_INTERRUPT);
	assert_int_equal(machine_open_slots(0), 0);
	assert_int_equal(model.notifies, notifies + 1);
	assert_int_equal(model.interrupts, interrupts + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_share_of_everything, boot_all),
		cmocka_unit_test_setup(test_operations, boot_all),
		cmocka_unit_test_setup(test_segments, boot_all),
		cmocka_unit_test_setup(test_all_slots_at_once, boot_all),
		cmocka_unit_test(test_lesser_hardware),
		cmocka_unit_test_setup(test_hardware_that_fails, boot_all),
		cmocka_unit_test_setup(test_hardware_that_breaks, boot_all),
		cmocka_unit_test(test_no_disk),
		cmocka_unit_test(test_arguments_without_sense),
		cmocka_unit_test_setup(test_hostile_requests, boot_all),
		cmocka_unit_test_setup(test_read_only_shares, boot_all),
		cmocka_unit_test(test_large_blocks),
		cmocka_unit_test(test_partitions),
		cmocka_unit_test_setup(test_memory_that_is_gone, boot_all),
		cmocka_unit_test_setup(test_noise, boot_all),
		cmocka_unit_test_setup(test_bits_that_flip_back, boot_all),
		cmocka_unit_test_setup(test_withdrawn, boot_all),
		cmocka_unit_test_setup(test_wakes_who_sleeps, boot_all),
		cmocka_unit_test_setup(test_few_notifications, boot_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
