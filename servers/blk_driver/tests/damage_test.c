/*
 * Damage to the driver itself: between a request's slot and the device's ring, and on the way back. The device hears of
 * none of it; the driver ends itself, and the next instance executes what was asked for.
 */
#include "machine.c"

#include <blk/check.h>

#define WRONG "the disk was to be told what nobody asked for"

static struct client *client;
static struct disk *disk;
static struct sk_block_slot copy;

/* A write of two sectors from two pieces of memory, staged in slot 3 and not published. */
static int stage(void **unused)
{
	struct disk_command command;
	struct sk_block_slot *slot;

	(void)unused;
	machine_init("all", "all");
	machine_start();
	client = &driver.clients[0];
	disk = &driver.disk;
	slot = machine_request(0, 3, SK_BLOCK_OPERATION_WRITE, 40, 2, 4096);
	slot->segment_count = 2;
	slot->segments[0].bytes = 512;
	slot->segments[1] = (struct sk_block_segment){ .memory = 1, .bytes = 512, .offset = 8192 };
	machine_check(0, 3);
	memset(&copy, 0, sizeof(copy));
	copy_request(slot, &copy);
	assert_int_equal(take_request(client, disk, &copy, &command), SK_BLOCK_RESULT_PENDING);
	assert_true(disk_stage(disk, &command, 3, copy.check));
	return 0;
}

static bool holds(void)
{
	return proof_holds(client, disk, &copy, 3, 3);
}

static struct vring_desc *piece(uint32_t at)
{
	uint16_t head = disk->ring.available->ring[disk->ring.available->idx & (disk->ring.size - 1)];

	return &disk->ring.tables[head * disk->ring.table_size + at];
}

static void flip_each_bit(void *at, size_t bytes, const char *what)
{
	uint8_t *byte = at;

	for (uint32_t bit = 0; bit < 8 * bytes; bit++) {
		byte[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (holds()) {
			fail_msg("%s, bit %u: not found", what, bit);
		}
		byte[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_true(holds());
}

/* A table may have more than the chain, as long as it is there. */
static void expect_no_other_length(struct vring_desc *first)
{
	uint32_t right = first->len;

	for (uint32_t bit = 0; bit < 32; bit++) {
		first->len = right ^ 1u << bit;
		assert_int_equal(holds(), first->len > right && first->len % sizeof(*first) == 0 &&
						  first->len <= disk->ring.table_size * sizeof(*first));
	}
	first->len = right;
}

/* All that the device reads of a request: a bit of it that flips is found. */
static void test_what_the_device_sees(void **unused)
{
	uint16_t *entry = &disk->ring.available->ring[disk->ring.available->idx & (disk->ring.size - 1)];
	struct vring_desc *first = &disk->ring.descriptors[*entry];

	(void)unused;
	assert_true(holds());
	flip_each_bit(entry, sizeof(*entry), "available ring's entry");
	flip_each_bit(&first->addr, sizeof(first->addr), "table's address");
	expect_no_other_length(first);
	flip_each_bit(&first->flags, sizeof(first->flags), "flags");
	for (uint32_t i = 0; i < 4; i++) {
		flip_each_bit(&piece(i)->addr, sizeof(piece(i)->addr), "address");
		flip_each_bit(&piece(i)->len, sizeof(piece(i)->len), "length");
		flip_each_bit(&piece(i)->flags, sizeof(piece(i)->flags), "a descriptor's flags");
		if (i < 3) {
			flip_each_bit(&piece(i)->next, sizeof(piece(i)->next), "next");
		}
	}
	flip_each_bit(&disk->frames[DISK_COMMANDS - 1].header.type, 4, "type");
	flip_each_bit(&disk->frames[DISK_COMMANDS - 1].header.sector, 8, "sector");
	flip_each_bit(&disk->frames[DISK_COMMANDS - 1].status, 1, "status");
	flip_each_bit(&disk->frames[DISK_COMMANDS - 1].check, 8, "check word");
}

/* What the driver keeps for itself, as far as a request went by it, or its completion will. */
static void test_what_the_driver_keeps(void **unused)
{
	uint16_t head = disk->ring.available->ring[disk->ring.available->idx & (disk->ring.size - 1)];

	(void)unused;
	flip_each_bit(&disk->ring.cookies[head], 4, "cookie");
	flip_each_bit(&disk->owners[DISK_COMMANDS - 1], 4, "owner");
	flip_each_bit(&disk->ring.available_index, 2, "index");
	flip_each_bit(&copy.token, 8, "token");
	flip_each_bit(&copy.note, 8, "note");
	flip_each_bit(&client->first, 8, "share");
	flip_each_bit(&client->bases[0], 8, "memory");
	flip_each_bit(&client->bases[1], 8, "memory");
	assert_false(proof_holds(client, disk, &copy, 2, 3));
	assert_false(proof_holds(client, disk, &copy, 3, 4));
}

static void request_one(void)
{
	memset(machine->guest[0][0], 0x33, 512);
	(void)machine_request(0, 5, SK_BLOCK_OPERATION_WRITE, 60, 1, 0);
	machine_submit(0, 1ull << 5);
}

/* The driver ends, and has told the device nothing; the next instance does what was asked for. */
static void expect_end_and_recovery(const char *why, uint64_t bits)
{
	uint32_t commands = machine->commands;

	expect_string(sk_exit, why, why);
	machine_signal(bits);
	(void)machine_work(1);
	assert_int_equal(machine->commands, commands);
	machine_start();
	machine_run();
	assert_int_equal(machine_open_slots(0), 0);
	assert_int_equal(machine->channels[0].slots[5].result, SK_BLOCK_RESULT_DONE);
	assert_int_equal(machine->disk[60][0], 0x33);
	assert_int_equal(machine->disk[60][511], 0x33);
	assert_int_equal(machine->disk[59][0], 59);
	assert_int_equal(machine->disk[61][0], 61);
	assert_int_equal(machine->writes, 1);
}

static int boot(void **unused)
{
	(void)unused;
	machine_init("all", "all");
	machine_start();
	(void)machine_request(0, 5, SK_BLOCK_OPERATION_FLUSH, 0, 0, 0); /* it knows where the memory is */
	(void)machine_request(0, 6, SK_BLOCK_OPERATION_READ, 0, 1, 0);
	machine_submit(0, 1ull << 5 | 1ull << 6);
	machine_run();
	machine->commands = 0;
	machine->writes = 0;
	return 0;
}

static void test_damaged_settings(void **unused)
{
	uint64_t *const words[] = { &driver.clients[0].share.first, &driver.clients[0].memories[0].base,
				    &driver.disk.dma.physical, &driver.clients[0].first };

	for (uint32_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		for (uint32_t bit = 9; bit < 16; bit++) {
			(void)boot(unused);
			*words[i] ^= 1ull << bit;
			request_one();
			expect_end_and_recovery(WRONG, SK_SIGNAL_PEER);
		}
	}
	/* A share that has become too small: nothing is refused because of that. */
	(void)boot(unused);
	driver.clients[0].share.sectors = 8;
	request_one();
	expect_end_and_recovery("what is known of the disk, a share or a VM's memory is damaged", SK_SIGNAL_PEER);
	(void)boot(unused);
	driver.clients[0].served ^= 1;
	request_one();
	expect_string(sk_exit, why, "what was served is not what it was");
	machine_signal(SK_SIGNAL_PEER);
}

/* A slot whose request is over, and one that is under way: whatever makes the driver take it for new, it is not. */
static void test_what_nobody_asked_for(void **unused)
{
	(void)unused;
	request_one();
	machine_signal(SK_SIGNAL_PEER);
	driver.clients[0].busy = 0; /* it has forgotten that */
	expect_string(sk_exit, why, "a command is done that is no request's");
	(void)machine_work(1);
	machine_signal(SK_SIGNAL_INTERRUPT);
	assert_int_equal(machine->writes, 1);
}

/* The frame of the command for slot 5. */
static uint32_t frame_in_use(void)
{
	uint32_t index = 0;

	while (driver.disk.frames[index].check != machine->channels[0].slots[5].check) {
		index++;
		assert_true(index < DISK_COMMANDS);
	}
	return index;
}

/* What comes back is not what went there. */
static void test_completions(void **unused)
{
	uint32_t index;

	for (uint32_t i = 0; i < 4; i++) {
		(void)boot(unused);
		request_one();
		machine_signal(SK_SIGNAL_PEER);
		index = frame_in_use();
		driver.disk.owners[index] ^= i == 0 ? 1 : i == 1 ? CLIENT_SLOTS : 0;
		driver.disk.frames[index].check ^= i == 2 ? 1 : 0;
		(void)machine_work(1);
		driver.disk.frames[index].status = i == 3 ? DISK_UNTOUCHED : VIRTIO_BLK_S_OK;
		expect_string(sk_exit, why,
			      i == 3 ? "the disk says that it did what it was not asked to do"
				     : "a command is done that is no request's");
		machine_signal(SK_SIGNAL_INTERRUPT);
		assert_int_equal(machine_open_slots(0), 1ull << 5);
		machine_start();
		machine_run();
		assert_int_equal(machine_open_slots(0), 0);
		assert_int_equal(machine->channels[0].slots[5].answer,
				 blk_answer(machine->channels[0].slots[5].check, SK_BLOCK_RESULT_DONE));
	}
}

/* A slot that is damaged before the driver has seen it: nothing is done, and the client hears why. */
static void test_a_damaged_slot(void **unused)
{
	struct sk_block_slot *slot = &machine->channels[0].slots[5];

	(void)unused;
	request_one();
	slot->sector ^= 4;
	machine_run();
	assert_int_equal(slot->result, SK_BLOCK_RESULT_DAMAGED);
	assert_int_equal(slot->answer, blk_answer(slot->check, SK_BLOCK_RESULT_DAMAGED));
	request_one();
	slot->sector = UINT64_MAX; /* beyond the share, too */
	machine_run();
	assert_int_equal(slot->result, SK_BLOCK_RESULT_DAMAGED);
	assert_int_equal(machine->commands, 0);
	request_one();
	machine_run();
	assert_int_equal(slot->result, SK_BLOCK_RESULT_DONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_what_the_device_sees, stage),
		cmocka_unit_test_setup(test_what_the_driver_keeps, stage),
		cmocka_unit_test(test_damaged_settings),
		cmocka_unit_test_setup(test_what_nobody_asked_for, boot),
		cmocka_unit_test(test_completions),
		cmocka_unit_test_setup(test_a_damaged_slot, boot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
