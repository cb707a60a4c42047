/* Tables that are right, wrong in each field that is looked at, and damaged in every byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gpt_disk.h"

static struct memory_disk memory;
static struct gpt gpt;

static enum gpt_status reads(void)
{
	return gpt_read(&gpt, &memory.disk);
}

static int two_partitions(void **unused)
{
	(void)unused;
	disk_format(&memory);
	disk_entry(&memory, 0, 40, 99, "boot");
	disk_entry(&memory, 4, 100, 200, "data");
	disk_seal(&memory);
	return 0;
}

static void test_crc(void **unused)
{
	struct crc32_tables tables;
	uint32_t piecewise = 0;

	(void)unused;
	crc32_init(&tables);
	assert_int_equal(crc32_add(&tables, 0, "123456789", 9), 0xcbf43926);
	for (size_t i = 0; i < 9; i++) {
		piecewise = crc32_add(&tables, piecewise, "123456789" + i, 1);
	}
	assert_int_equal(piecewise, 0xcbf43926);
	assert_int_equal(crc32_add(&tables, 0, "", 0), 0);
}

static void test_good(void **unused)
{
	(void)unused;
	assert_int_equal(reads(), GPT_OK);
	assert_int_equal(gpt.count, 2);
	assert_string_equal(gpt_numbered(&gpt, 1)->name, "boot");
	assert_int_equal(gpt_numbered(&gpt, 5)->first, 100);
	assert_int_equal(gpt_numbered(&gpt, 5)->blocks, 101);
	assert_ptr_equal(gpt_named(&gpt, "data"), gpt_numbered(&gpt, 5));
	assert_null(gpt_numbered(&gpt, 2));
	assert_null(gpt_numbered(&gpt, 0));
	assert_null(gpt_named(&gpt, "dat"));
	assert_null(gpt_named(&gpt, ""));
	disk_format(&memory);
	assert_int_equal(reads(), GPT_OK);
	assert_int_equal(gpt.count, 0);
}

/* Every byte of the primary header that the CRC covers, and every 7th of its table: the backup has it all. */
static void test_damage_is_seen(void **unused)
{
	(void)unused;
	for (uint32_t i = 0; i < 92; i++) {
		disk_header(&memory, false)[i] ^= 0x10;
		assert_int_equal(reads(), GPT_OK_BACKUP);
		assert_string_equal(gpt_numbered(&gpt, 5)->name, "data");
		disk_header(&memory, false)[i] ^= 0x10;
	}
	for (uint32_t i = 0; i < TABLE_BLOCKS * 512; i += 7) {
		memory.blocks[2 + i / 512][i % 512] ^= 0x80;
		assert_int_equal(reads(), GPT_OK_BACKUP);
		assert_int_equal(gpt.count, 2);
		memory.blocks[2 + i / 512][i % 512] ^= 0x80;
	}
	disk_header(&memory, true)[20] ^= 1;
	assert_int_equal(reads(), GPT_OK);
	disk_header(&memory, false)[60] ^= 1;
	disk_header(&memory, true)[60] ^= 1;
	assert_int_equal(reads(), GPT_BAD_HEADER);
	assert_int_equal(gpt.count, 0);
}

static void test_damaged_tables(void **unused)
{
	(void)unused;
	memory.blocks[2][33] ^= 1;
	memory.blocks[DISK_BLOCKS - 1 - TABLE_BLOCKS][33] ^= 1;
	assert_int_equal(reads(), GPT_BAD_TABLE);
	assert_int_equal(gpt.count, 0);
}

static void test_what_is_no_gpt(void **unused)
{
	(void)unused;
	memory.blocks[0][450] = 0x83;
	assert_int_equal(reads(), GPT_NO_TABLE);
	memory.blocks[0][450 + 48] = 0xee; /* beside others: so have hybrid tables */
	assert_int_equal(reads(), GPT_OK);
	memory.blocks[0][511] = 0;
	assert_int_equal(reads(), GPT_NO_TABLE);
	(void)two_partitions(NULL);
	disk_header(&memory, false)[0] = 'e';
	disk_header(&memory, true)[0] = 'e';
	assert_int_equal(reads(), GPT_NO_TABLE);
	memory.disk.blocks = 5;
	assert_int_equal(reads(), GPT_NO_TABLE);
}

/* Both headers say it, and their CRCs are right: believed is none of it. */
static void test_bounds_of_headers(void **unused)
{
	static const struct {
		uint32_t at;
		uint32_t bytes;
		uint64_t value;
	} wrong[] = {
		{ 8, 4, 0x10001 }, { 12, 4, 91 }, { 12, 4, 513 }, { 12, 4, UINT32_MAX }, { 24, 8, 2 }, { 24, 8, 0 },
		{ 32, 8, DISK_BLOCKS }, { 32, 8, UINT64_MAX }, { 32, 8, 50 }, { 32, 8, 10 }, { 32, 8, 0 },
		{ 40, 8, 1 }, { 40, 8, 224 }, { 40, 8, UINT64_MAX }, { 48, 8, 33 },
		{ 48, 8, DISK_BLOCKS - 1 }, { 48, 8, UINT64_MAX }, { 72, 8, 0 }, { 72, 8, 1 }, { 72, 8, 3 },
		{ 72, 8, 100 }, { 72, 8, DISK_BLOCKS - 1 }, { 72, 8, DISK_BLOCKS - 2 }, { 72, 8, UINT64_MAX },
		{ 72, 8, UINT64_MAX - 30 }, { 80, 4, 0 }, { 80, 4, 1025 }, { 80, 4, UINT32_MAX }, { 84, 4, 0 },
		{ 84, 4, 64 }, { 84, 4, 129 }, { 84, 4, 1024 }, { 84, 4, UINT32_MAX },
	};

	(void)unused;
	for (uint32_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		(void)two_partitions(NULL);
		disk_put(disk_header(&memory, false) + wrong[i].at, wrong[i].value, wrong[i].bytes);
		disk_put(disk_header(&memory, true) + wrong[i].at, wrong[i].value, wrong[i].bytes);
		disk_seal(&memory);

		enum gpt_status status = reads();

		if (status != GPT_BAD_HEADER) {
			fail_msg("wrong value %u at %u: %s", i, wrong[i].at, gpt_status_text(status));
		}
		assert_int_equal(gpt.count, 0);
	}
}

static enum gpt_status with_partition(uint64_t first, uint64_t last)
{
	(void)two_partitions(NULL);
	disk_entry(&memory, 127, first, last, "third");
	disk_seal(&memory);
	return reads();
}

static void test_bounds_of_partitions(void **unused)
{
	(void)unused;
	assert_int_equal(with_partition(201, 222), GPT_OK);
	assert_int_equal(with_partition(34, 34), GPT_OK);
	assert_int_equal(gpt_numbered(&gpt, 128)->blocks, 1);
	assert_int_equal(with_partition(33, 35), GPT_BAD_PARTITION);
	assert_int_equal(gpt.count, 0);
	assert_int_equal(with_partition(201, 223), GPT_BAD_PARTITION);
	assert_int_equal(with_partition(210, 209), GPT_BAD_PARTITION);
	assert_int_equal(with_partition(0, UINT64_MAX), GPT_BAD_PARTITION);
	assert_int_equal(with_partition(UINT64_MAX, UINT64_MAX), GPT_BAD_PARTITION);
	assert_int_equal(with_partition(200, 210), GPT_OVERLAP);
	assert_int_equal(with_partition(34, 40), GPT_OVERLAP);
	assert_int_equal(with_partition(120, 130), GPT_OVERLAP);
	assert_int_equal(with_partition(34, 222), GPT_OVERLAP);
}

static void test_names(void **unused)
{
	uint8_t *name = memory.blocks[2] + 56;

	(void)unused;
	disk_put(name, 0xe9, 2);           /* é */
	disk_put(name + 2, 0x20ac, 2);     /* € */
	disk_put(name + 4, 0xd83d, 2);     /* a pair */
	disk_put(name + 6, 0xde00, 2);
	disk_put(name + 8, 0xde00, 2);     /* half of one */
	disk_put(name + 10, '\n', 2);
	disk_put(name + 12, 0, 2);
	disk_seal(&memory);
	assert_int_equal(reads(), GPT_OK);
	assert_string_equal(gpt.partitions[0].name, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80??");
	for (uint32_t i = 0; i < 36; i++) {
		disk_put(name + 2 * i, 0xffff, 2); /* the longest, without an end */
	}
	disk_put(name + 70, 0xd83d, 2);
	disk_seal(&memory);
	assert_int_equal(reads(), GPT_OK);
	assert_int_equal(strlen(gpt.partitions[0].name), 35 * 3 + 1);
}

static void test_read_errors(void **unused)
{
	(void)unused;
	for (memory.bad = 1; memory.bad < 2 + TABLE_BLOCKS; memory.bad++) {
		assert_int_equal(reads(), GPT_OK_BACKUP);
		assert_int_equal(gpt.count, 2);
	}
	memory.bad = DISK_BLOCKS - 1;
	assert_int_equal(reads(), GPT_OK);
	disk_header(&memory, false)[16] ^= 1;
	assert_int_equal(reads(), GPT_BAD_HEADER);
}

static void test_anything(void **unused)
{
	uint32_t random = 12345;

	(void)unused;
	for (uint32_t round = 0; round < 3000; round++) {
		(void)two_partitions(NULL);
		for (uint32_t i = 0; i < 4; i++) {
			random = random * 1664525u + 1013904223u;
			uint8_t *where = (random & 0x100) != 0 ? disk_header(&memory, (random & 1) != 0) : memory.blocks[2];
			where[random >> 16 & 127] = (uint8_t)(random >> 24);
		}
		disk_seal(&memory);
		enum gpt_status status = reads();
		for (uint32_t i = 0; i < gpt.count; i++) {
			assert_true(status == GPT_OK || status == GPT_OK_BACKUP);
			assert_true(gpt.partitions[i].first > 1 && gpt.partitions[i].first < DISK_BLOCKS - 1);
			assert_true(gpt.partitions[i].blocks < DISK_BLOCKS - gpt.partitions[i].first);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crc),
		cmocka_unit_test_setup(test_good, two_partitions),
		cmocka_unit_test_setup(test_damage_is_seen, two_partitions),
		cmocka_unit_test_setup(test_damaged_tables, two_partitions),
		cmocka_unit_test_setup(test_what_is_no_gpt, two_partitions),
		cmocka_unit_test(test_bounds_of_headers),
		cmocka_unit_test(test_bounds_of_partitions),
		cmocka_unit_test_setup(test_names, two_partitions),
		cmocka_unit_test_setup(test_read_errors, two_partitions),
		cmocka_unit_test(test_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
