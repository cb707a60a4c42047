/* Kernel images, good and hostile: after a refusal no byte of RAM has changed, and the message says why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <guest/image.h>

#define RAM_BASE 0x40000000ull
#define RAM_BYTES 0x800000ull /* 8 MiB */
#define FILL 0xa5
#define MACHINE 183

static uint8_t memory[RAM_BYTES];
static uint8_t bytes[0x10000];
static struct guest_ram ram;
static struct guest_file file;
static struct image_place place;
static struct guest_error error;

static int set_up(void **state)
{
	(void)state;
	memset(memory, FILL, sizeof(memory));
	memset(bytes, 0, sizeof(bytes));
	ram = (struct guest_ram){ .base = RAM_BASE, .bytes = RAM_BYTES, .host = memory };
	file = (struct guest_file){ .name = "kernel", .bytes = bytes, .size = sizeof(bytes) };
	error.text[0] = '\0';
	return 0;
}

static void put(uint32_t offset, uint64_t value, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++) {
		bytes[offset + i] = (uint8_t)(value >> (8 * i));
	}
}

static void refused(bool loaded, const char *why)
{
	assert_false(loaded);
	if (strstr(error.text, why) == NULL || strstr(error.text, "kernel") == NULL) {
		fail_msg("\"%s\" does not say \"%s\"", error.text, why);
	}
	for (size_t i = 0; i < sizeof(memory); i++) {
		assert_int_equal(memory[i], FILL);
	}
}

static bool load_linux(void)
{
	return image_load_linux(&ram, &file, &place, &error);
}

static bool load_elf(void)
{
	return image_load_elf(&ram, &file, MACHINE, &place, &error);
}

static void make_linux(uint64_t text_offset, uint64_t image_size, uint64_t flags)
{
	put(0, 0x14000000, 4);
	put(8, text_offset, 8);
	put(16, image_size, 8);
	put(24, flags, 8);
	put(56, 0x644d5241, 4);
}

static void linux_goes_where_its_header_says(void **state)
{
	(void)state;
	make_linux(0x80000, 0x200000, 10);
	assert_true(load_linux());
	assert_int_equal(place.low, RAM_BASE + 0x80000);
	assert_int_equal(place.entry, place.low);
	assert_int_equal(place.high, place.low + 0x200000);
	assert_memory_equal(memory + 0x80000, bytes, sizeof(bytes));
	assert_int_equal(memory[0x80000 - 1], FILL);
	assert_int_equal(memory[0x80000 + sizeof(bytes)], FILL);
}

static void linux_without_offset_starts_ram(void **state)
{
	(void)state;
	make_linux(0, 0x100000, 10);
	assert_true(load_linux());
	assert_int_equal(place.entry, RAM_BASE);
}

/* Linux before 3.17: no image_size, and text_offset is not to be believed. */
static void linux_old_header(void **state)
{
	(void)state;
	make_linux(0x1000, 0, 0);
	assert_true(load_linux());
	assert_int_equal(place.low, RAM_BASE + 0x80000);
	assert_int_equal(place.high, place.low + sizeof(bytes));
}

static void linux_ram_base_is_rounded_up(void **state)
{
	(void)state;
	ram.base = RAM_BASE + 0x100000;
	make_linux(0, 0x100000, 10);
	assert_true(load_linux());
	assert_int_equal(place.low, RAM_BASE + 0x200000);
	assert_memory_equal(memory + 0x100000, bytes, sizeof(bytes));
}

static void linux_refuses(void **state)
{
	(void)state;
	make_linux(0, 0x100000, 1);
	refused(load_linux(), "big-endian");
	make_linux(0x200000, 0x100000, 0);
	refused(load_linux(), "text_offset");
	make_linux(UINT64_MAX, 0x100000, 0);
	refused(load_linux(), "text_offset");
	make_linux(0, RAM_BYTES + 1, 0);
	refused(load_linux(), "does not hold");
	make_linux(0x80000, RAM_BYTES, 0);
	refused(load_linux(), "does not hold");
	make_linux(0x80000, UINT64_MAX, 0);
	refused(load_linux(), "does not hold");
	make_linux(0x80000, UINT64_MAX - 0x80000 - RAM_BASE + 1, 0);
	refused(load_linux(), "does not hold");
	make_linux(0, 0x100000, 0);
	put(56, 0, 4);
	refused(load_linux(), "magic");
	file.size = 63;
	refused(load_linux(), "too few");
	file.size = 0;
	refused(load_linux(), "too few");
}

static void linux_names_compressed_images(void **state)
{
	(void)state;
	bytes[0] = 0x1f;
	bytes[1] = 0x8b;
	refused(load_linux(), "gzip");
	memcpy(bytes, "MZ\0\0zimg", 8);
	refused(load_linux(), "EFI");
	file.size = 2;
	bytes[0] = 0x1f;
	bytes[1] = 0x8b;
	refused(load_linux(), "gzip");
}

static void make_elf(uint64_t entry, uint16_t segments)
{
	memcpy(bytes, "\177ELF\2\1\1", 7);
	put(16, 2, 2);
	put(18, MACHINE, 2);
	put(24, entry, 8);
	put(32, 64, 8);
	put(54, 56, 2);
	put(56, segments, 2);
}

static void make_segment(uint32_t i, uint64_t offset, uint64_t address, uint64_t file_bytes, uint64_t memory_bytes)
{
	uint32_t at = 64 + i * 56;

	put(at, 1, 4);
	put(at + 8, offset, 8);
	put(at + 16, address, 8);
	put(at + 24, address, 8);
	put(at + 32, file_bytes, 8);
	put(at + 40, memory_bytes, 8);
}

static void elf_segments_are_copied_and_zeroed(void **state)
{
	(void)state;
	make_elf(RAM_BASE + 0x1004, 2);
	make_segment(0, 0x1000, RAM_BASE + 0x1000, 0x100, 0x180);
	make_segment(1, 0x2000, RAM_BASE + 0x10000, 0, 0x40);
	memset(bytes + 0x1000, 0x11, 0x100);
	assert_true(load_elf());
	assert_int_equal(place.entry, RAM_BASE + 0x1004);
	assert_int_equal(place.low, RAM_BASE + 0x1000);
	assert_int_equal(place.high, RAM_BASE + 0x10040);
	assert_int_equal(memory[0xfff], FILL);
	assert_int_equal(memory[0x1000], 0x11);
	assert_int_equal(memory[0x10ff], 0x11);
	assert_int_equal(memory[0x1100], 0);
	assert_int_equal(memory[0x117f], 0);
	assert_int_equal(memory[0x1180], FILL);
	assert_int_equal(memory[0x1003f], 0);
}

/* Linked high, loaded low: the entry is virtual. */
static void elf_entry_is_translated(void **state)
{
	(void)state;
	make_elf(0xffff800000001010ull, 1);
	make_segment(0, 0x1000, RAM_BASE, 0x100, 0x100);
	put(64 + 16, 0xffff800000001000ull, 8);
	assert_true(load_elf());
	assert_int_equal(place.entry, RAM_BASE + 0x10);
}

static void elf_skips_what_is_not_loaded(void **state)
{
	(void)state;
	make_elf(RAM_BASE, 3);
	make_segment(0, 0x1000, RAM_BASE, 0x100, 0x100);
	make_segment(1, 0, 0, 0, 0);
	make_segment(2, 0x1000, 0x1234, 0x100, 0x100);
	put(64 + 2 * 56, 4, 4); /* PT_NOTE */
	assert_true(load_elf());
	assert_int_equal(place.low, RAM_BASE);
}

static void elf_refuses_bad_headers(void **state)
{
	(void)state;
	make_elf(RAM_BASE, 1);
	make_segment(0, 0x1000, RAM_BASE, 0x100, 0x100);
	file.size = 63;
	refused(load_elf(), "too few");
	file.size = sizeof(bytes);
	bytes[4] = 1;
	refused(load_elf(), "64-bit");
	bytes[4] = 2;
	bytes[5] = 2;
	refused(load_elf(), "little-endian");
	bytes[5] = 1;
	put(18, 62, 2);
	refused(load_elf(), "machine 62");
	put(18, MACHINE, 2);
	put(16, 3, 2);
	refused(load_elf(), "ET_EXEC");
	put(16, 2, 2);
	put(54, 32, 2);
	refused(load_elf(), "program headers");
	put(54, 56, 2);
	put(32, UINT64_MAX - 10, 8);
	refused(load_elf(), "beyond its end");
	put(32, sizeof(bytes) - 55, 8);
	refused(load_elf(), "beyond its end");
	put(32, 64, 8);
	put(56, 0xffff, 2);
	refused(load_elf(), "beyond its end");
	put(56, 0, 2);
	refused(load_elf(), "nothing to load");
	bytes[0] = 0;
	refused(load_elf(), "no ELF");
}

static void elf_refuses_bad_segments(void **state)
{
	(void)state;
	make_elf(RAM_BASE, 1);
	make_segment(0, UINT64_MAX, RAM_BASE, 0x100, 0x100);
	refused(load_elf(), "beyond the file's end");
	make_segment(0, 0x1000, RAM_BASE, UINT64_MAX, UINT64_MAX);
	refused(load_elf(), "beyond the file's end");
	make_segment(0, 0x1000, RAM_BASE, 0x100, 0xff);
	refused(load_elf(), "more bytes in the file");
	make_segment(0, 0x1000, RAM_BASE - 1, 0x100, 0x100);
	refused(load_elf(), "does not lie");
	make_segment(0, 0x1000, RAM_BASE, 0x100, RAM_BYTES + 1);
	refused(load_elf(), "does not lie");
	make_segment(0, 0x1000, RAM_BASE + 0x1000, 0x100, UINT64_MAX);
	refused(load_elf(), "does not lie");
	make_segment(0, 0x1000, UINT64_MAX - 0x10, 0x100, 0x100);
	refused(load_elf(), "does not lie");
	make_segment(0, 0x1000, RAM_BASE + 0x1000, 0x100, 0x100);
	refused(load_elf(), "entry");
}

static void elf_refuses_overlaps_and_too_many(void **state)
{
	(void)state;
	make_elf(RAM_BASE, 2);
	make_segment(0, 0x1000, RAM_BASE, 0x100, 0x100);
	make_segment(1, 0x1000, RAM_BASE + 0xff, 0x100, 0x100);
	refused(load_elf(), "overlap");
	make_elf(RAM_BASE, 33);
	for (uint32_t i = 0; i < 33; i++) {
		make_segment(i, 0x8000, RAM_BASE + i * 0x1000, 0x10, 0x10);
	}
	refused(load_elf(), "more than 32");
}

static void flat_is_copied(void **state)
{
	(void)state;
	memset(bytes, 0x22, sizeof(bytes));
	assert_true(image_load_flat(&ram, &file, RAM_BASE + 0x80000, RAM_BASE + 0x80010, &place, &error));
	assert_int_equal(place.entry, RAM_BASE + 0x80010);
	assert_int_equal(memory[0x80000], 0x22);
	assert_int_equal(memory[0x7ffff], FILL);
}

static void flat_refuses(void **state)
{
	(void)state;
	refused(image_load_flat(&ram, &file, RAM_BASE - 4, RAM_BASE, &place, &error), "do not lie");
	refused(image_load_flat(&ram, &file, RAM_BASE + RAM_BYTES - 4, RAM_BASE, &place, &error), "do not lie");
	refused(image_load_flat(&ram, &file, UINT64_MAX - 4, RAM_BASE, &place, &error), "do not lie");
	refused(image_load_flat(&ram, &file, RAM_BASE, RAM_BASE + sizeof(bytes), &place, &error), "entry");
	refused(image_load_flat(&ram, &file, RAM_BASE, RAM_BASE - 4, &place, &error), "entry");
	refused(image_load_flat(&ram, &file, RAM_BASE, RAM_BASE + 2, &place, &error), "entry");
	file.size = 0;
	refused(image_load_flat(&ram, &file, RAM_BASE, RAM_BASE, &place, &error), "empty");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(linux_goes_where_its_header_says, set_up),
		cmocka_unit_test_setup(linux_without_offset_starts_ram, set_up),
		cmocka_unit_test_setup(linux_old_header, set_up),
		cmocka_unit_test_setup(linux_ram_base_is_rounded_up, set_up),
		cmocka_unit_test_setup(linux_refuses, set_up),
		cmocka_unit_test_setup(linux_names_compressed_images, set_up),
		cmocka_unit_test_setup(elf_segments_are_copied_and_zeroed, set_up),
		cmocka_unit_test_setup(elf_entry_is_translated, set_up),
		cmocka_unit_test_setup(elf_skips_what_is_not_loaded, set_up),
		cmocka_unit_test_setup(elf_refuses_bad_headers, set_up),
		cmocka_unit_test_setup(elf_refuses_bad_segments, set_up),
		cmocka_unit_test_setup(elf_refuses_overlaps_and_too_many, set_up),
		cmocka_unit_test_setup(flat_is_copied, set_up),
		cmocka_unit_test_setup(flat_refuses, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
