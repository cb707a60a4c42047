/* The supervisor's plain parts: restart policy, alarms, images, layout, crash texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <elf.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../alarm.h"
#include "../crash.h"
#include "../image.h"
#include "../layout.h"
#include "../restart.h"
#include "test_archive.h"

#define MS UINT64_C(1000000)

static const struct symbols no_program;

static void the_first_crash_restarts_at_once(void **state)
{
	const struct manifest_restart policy = {
		.policy = MANIFEST_RESTART_ALWAYS, .max = 4, .window_ms = 1000,
		.backoff_ms = { 0, 10, 20 }, .backoff_count = 3,
	};
	struct restart_history history = { 0 };
	uint64_t delay;

	(void)state;
	assert_int_equal(restart_judge(&policy, &history, 5 * MS, &delay), RESTART_NOW);
	assert_int_equal(restart_judge(&policy, &history, 6 * MS, &delay), RESTART_LATER);
	assert_int_equal(delay, 10 * MS);
	assert_int_equal(restart_judge(&policy, &history, 7 * MS, &delay), RESTART_LATER);
	assert_int_equal(delay, 20 * MS);
	assert_int_equal(restart_judge(&policy, &history, 8 * MS, &delay), RESTART_LATER);
	assert_int_equal(delay, 20 * MS); /* the last one repeats */
	assert_int_equal(restart_judge(&policy, &history, 9 * MS, &delay), RESTART_NEVER);
}

static void the_window_slides(void **state)
{
	const struct manifest_restart policy = {
		.policy = MANIFEST_RESTART_ALWAYS, .max = 2, .window_ms = 100, .backoff_ms = { 0 }, .backoff_count = 1,
	};
	struct restart_history history = { 0 };
	uint64_t delay;

	(void)state;
	assert_int_equal(restart_judge(&policy, &history, 1000 * MS, &delay), RESTART_NOW);
	assert_int_equal(restart_judge(&policy, &history, 1050 * MS, &delay), RESTART_NOW);
	assert_int_equal(restart_judge(&policy, &history, 1100 * MS, &delay), RESTART_NEVER);
	assert_int_equal(restart_judge(&policy, &history, 1101 * MS, &delay), RESTART_NOW);
	assert_int_equal(restart_judge(&policy, &history, 1102 * MS, &delay), RESTART_NEVER);
}

static void some_are_never_restarted(void **state)
{
	const struct manifest_restart policy = { .policy = MANIFEST_RESTART_NEVER, .max = 9, .window_ms = 1 };
	struct restart_history history = { 0 };
	uint64_t delay;

	(void)state;
	assert_int_equal(restart_judge(&policy, &history, MS, &delay), RESTART_NEVER);
}

static void a_large_maximum_stays_inside_the_history(void **state)
{
	const struct manifest_restart policy = { .policy = MANIFEST_RESTART_ALWAYS, .max = 1000, .window_ms = 1000 };
	struct restart_history history = { 0 };
	uint64_t delay;

	(void)state;
	for (uint32_t i = 0; i < RESTART_HISTORY; i++) {
		assert_int_equal(restart_judge(&policy, &history, MS + i, &delay), RESTART_NOW);
	}
	assert_int_equal(restart_judge(&policy, &history, 2 * MS, &delay), RESTART_NEVER);
	assert_int_equal(restart_judge(&policy, &history, 5000 * MS, &delay), RESTART_NOW);
}

static void alarms_ring_once_in_any_order(void **state)
{
	(void)state;
	assert_int_equal(alarm_next(), 0);
	alarm_set(ALARM_HALT, 300);
	alarm_set(ALARM_RESTART + 3, 200);
	alarm_set(ALARM_HEARTBEAT + 1, 100);
	assert_int_equal(alarm_next(), 100);
	assert_int_equal(alarm_take(99), ALARM_NONE);
	alarm_set(ALARM_HEARTBEAT + 1, 0);
	assert_int_equal(alarm_next(), 200);
	assert_int_equal(alarm_take(300), ALARM_RESTART + 3);
	assert_int_equal(alarm_take(300), ALARM_HALT);
	assert_int_equal(alarm_take(UINT64_MAX), ALARM_NONE);
	assert_int_equal(alarm_next(), 0);
}

static uint8_t file[PROGRAM_BYTES] __attribute__((aligned(4096)));
static struct image image;

static void an_image_is_its_segments(void **state)
{
	(void)state;
	test_program(file);
	assert_null(image_read(file, 0, sizeof(file), &image));
	assert_int_equal(image.segment_count, 3);
	assert_int_equal(image.base, PROGRAM_TEXT);
	assert_true(image.segments[0].in_place);
	assert_true(image.segments[1].in_place);
	assert_false(image.segments[2].in_place);
	assert_int_equal(image.segments[0].rights, SK_RIGHT_READ | SK_RIGHT_EXECUTE);
}

static void a_segment_off_its_page_is_copied(void **state)
{
	(void)state;
	test_program(file);
	test_segments(file)[1].p_offset += 8;
	assert_null(image_read(file, 0, sizeof(file), &image));
	assert_false(image.segments[1].in_place);
}

static void damage(unsigned how)
{
	switch (how) {
	case 0: file[0] = 'x'; break;
	case 1: test_elf(file)->e_ident[EI_CLASS] = ELFCLASS32; break;
	case 2: test_elf(file)->e_type = ET_DYN; break;
	case 3: test_elf(file)->e_phoff = UINT64_MAX - 8; break;
	case 4: test_elf(file)->e_phnum = 0xffff; break;
	case 5: test_elf(file)->e_phentsize = 1; break;
	case 6: test_elf(file)->e_entry = PROGRAM_DATA; break;
	case 7: test_segments(file)[0].p_offset = UINT64_MAX; break;
	case 8: test_segments(file)[0].p_filesz = UINT64_MAX; break;
	case 9: test_segments(file)[2].p_memsz = 1; break;
	case 10: test_segments(file)[0].p_vaddr = 0x1000; break;
	case 11: test_segments(file)[2].p_memsz = UINT64_MAX; break;
	case 12: test_segments(file)[1].p_vaddr = PROGRAM_TEXT + 0x80; break;
	case 13: test_segments(file)[2].p_flags = PF_R | PF_W | PF_X; break;
	case 14: test_segments(file)[2].p_vaddr = SK_VA_REGIONS - 8; break;
	default: test_elf(file)->e_phnum = 0; break;
	}
}

static void a_damaged_image_is_refused_with_a_reason(void **state)
{
	(void)state;
	for (unsigned how = 0; how < 16; how++) {
		test_program(file);
		damage(how);

		const char *error = image_read(file, 0, sizeof(file), &image);

		if (error == NULL) {
			fail_msg("damage %u was not noticed", how);
		}
	}
	test_program(file);
	assert_non_null(image_read(file, 0, 40, &image));
}

static void parts_of_a_process_do_not_overlap(void **state)
{
	const struct manifest_server server = {
		.core_count = 2, .heap_kib = 64, .persistent_kib = 8, .streams = 2,
	};
	struct layout layout;

	(void)state;
	test_program(file);
	assert_null(image_read(file, 0, sizeof(file), &image));
	layout_plan(&server, &image, &layout);

	const struct layout_part *parts[] = {
		&layout.segments[2], &layout.heap, &layout.stacks[0], &layout.stacks[1], &layout.start,
		&layout.persistent, &layout.log, &layout.stream,
	};

	for (unsigned i = 0; i < 8; i++) {
		assert_int_not_equal(parts[i]->bytes, 0);
		assert_int_equal((parts[i]->address | parts[i]->offset | parts[i]->bytes) % SK_PAGE_BYTES, 0);
		assert_true(parts[i]->offset + parts[i]->bytes <= layout.ram_bytes);
		for (unsigned j = 0; j < i; j++) {
			assert_true(parts[j]->offset + parts[j]->bytes <= parts[i]->offset);
			/* A page of nothing between what a runaway pointer could cross. */
			assert_true(parts[j]->address + parts[j]->bytes < parts[i]->address ||
				    parts[i]->address + parts[i]->bytes < parts[j]->address);
		}
	}
	assert_int_equal(layout.segments[0].bytes, 0);
	/* A restart makes data and heap anew, and nothing else. */
	assert_int_equal(layout.fresh_bytes, layout.heap.offset + layout.heap.bytes);
	assert_int_equal(layout.stacks[0].offset, layout.fresh_bytes);
	/* What is not an instance's own lies behind all that is. */
	assert_int_equal(layout.private_bytes, layout.start.offset);
}

static void places_end_somewhere(void **state)
{
	uint64_t next = SK_VA_ARCHIVE - 3 * SK_PAGE_BYTES;

	(void)state;
	assert_int_equal(layout_place(&next, SK_PAGE_BYTES, SK_PAGE_BYTES), SK_VA_ARCHIVE - 3 * SK_PAGE_BYTES);
	assert_int_equal(layout_place(&next, SK_PAGE_BYTES, SK_PAGE_BYTES), 0);
	next = SK_VA_REGIONS;
	assert_int_equal(layout_place(&next, UINT64_MAX - 100, SK_PAGE_BYTES), 0);
}

static void a_crash_reads_like_a_report(void **state)
{
	static char text[CRASH_TEXT_BYTES];
	struct sk_crash_record record = {
		.number = 3, .instance = 2, .reason = SK_CRASH_REASON_EXIT, .verdict = SK_CRASH_VERDICT_DELAYED,
		.code = (uint64_t)-2, .at_ns = 1234567890, .delay_ns = 20 * MS, .caller_tag = 0x2901, .caller_badge = 5,
		.backtrace = { 0x400010, 0x400020 }, .backtrace_count = 2, .log_bytes = 4,
	};

	(void)state;
	memcpy(record.name, "uart0", 6);
	memcpy(record.log, "a\x1b\nb", 4);

	uint32_t length = crash_format(&record, &no_program, text, sizeof(text));

	assert_int_equal(length, strlen(text));
	assert_non_null(strstr(text, "crash 3: uart0, instance 2, thread 0, at 1.234 s"));
	assert_non_null(strstr(text, "exit with code -2"));
	assert_non_null(strstr(text, "interface 0x29, method 1, from badge 0x5"));
	assert_non_null(strstr(text, "restarted after 20 ms"));
	assert_non_null(strstr(text, "backtrace:\n  0x400010\n  0x400020\n"));
	assert_non_null(strstr(text, "a.\nb\n"));
	for (uint32_t room = 1; room < 400; room += 7) {
		assert_true(crash_format(&record, &no_program, text, room) < room);
		assert_true(strlen(text) < room);
	}
}

/* This test is a program with a symbol table itself, and its entry is a function with a name. */
static void addresses_have_names(void **state)
{
	static uint8_t self_file[4 << 20];
	FILE *self = fopen("/proc/self/exe", "rb");
	struct symbols program = { .data = self_file };
	Elf64_Ehdr header;
	const char *name;
	uint64_t offset;

	(void)state;
	assert_non_null(self);
	program.bytes = fread(self_file, 1, sizeof(self_file), self);
	assert_int_equal(fclose(self), 0);
	memcpy(&header, self_file, sizeof(header));
	assert_true(symbols_find(&program, header.e_entry + 4, &name, &offset));
	assert_string_equal(name, "_start");
	assert_int_equal(offset, 4);
	assert_false(symbols_find(&program, 0, &name, &offset));
	assert_false(symbols_find(&no_program, header.e_entry, &name, &offset));
	for (uint64_t bytes = 0; bytes < program.bytes; bytes += program.bytes / 500) {
		struct symbols cut = { .data = self_file, .bytes = bytes };
		(void)symbols_find(&cut, header.e_entry, &name, &offset);
	}
	/* A section table, and a string table, that are somewhere else. */
	header.e_shoff = UINT64_MAX - 8;
	memcpy(self_file, &header, sizeof(header));
	assert_false(symbols_find(&program, header.e_entry, &name, &offset));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_crash_restarts_at_once),
		cmocka_unit_test(the_window_slides),
		cmocka_unit_test(addresses_have_names),
		cmocka_unit_test(some_are_never_restarted),
		cmocka_unit_test(a_large_maximum_stays_inside_the_history),
		cmocka_unit_test(alarms_ring_once_in_any_order),
		cmocka_unit_test(an_image_is_its_segments),
		cmocka_unit_test(a_segment_off_its_page_is_copied),
		cmocka_unit_test(a_damaged_image_is_refused_with_a_reason),
		cmocka_unit_test(parts_of_a_process_do_not_overlap),
		cmocka_unit_test(places_end_somewhere),
		cmocka_unit_test(a_crash_reads_like_a_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
