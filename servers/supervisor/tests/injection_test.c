/* What fault injection may do and what it may not, on the fake kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <arch/trap.h>
#include <sk/idl/supervisor_server.h>
#include <sk/idl/vm_exit_server.h>

#include "../alarm.h"
#include "../boot.h"
#include "../crash.h"
#include "../lifecycle.h"
#include "../ram.h"
#include "../system.h"
#include "../trap.h"
#include "fake_kernel.h"
#include "test_archive.h"

enum { SCHED, CONSOLE, MONITOR, VMM, UART, BROKEN, DRIVER };

#define NOBODY 99u

static const char *manifest_file;
static const struct sk_caller caller = { .badge = SK_BADGE(INJECTION_INTERFACE, MONITOR) };

static struct server *server(uint32_t index)
{
	return &system_state.servers[index];
}

static struct fake_object *first_thread(uint32_t index)
{
	return fake_at(server(index)->workers[0].thread);
}

static int boot(void **state)
{
	(void)state;
	test_boot(manifest_file);
	boot_system();
	return 0;
}

static bool has_cap(uint32_t index, const char *name)
{
	for (uint32_t i = 0; i < server(index)->start->cap_count; i++) {
		if (strcmp(server(index)->start->caps[i].name, name) == 0) {
			return true;
		}
	}
	return false;
}

static uint64_t part_address(uint32_t index, enum sk_server_part part, uint32_t number, uint64_t *bytes)
{
	uint64_t address = 0;

	assert_int_equal(injection_serve_part(&caller, index, part, number, &address, bytes), SK_OK);
	return address;
}

static void only_operators_have_it(void **state)
{
	(void)state;
	assert_true(has_cap(MONITOR, "injection"));
	assert_false(has_cap(UART, "injection"));
	assert_false(has_cap(VMM, "injection"));
}

static void text_is_the_servers_own_and_each_start_makes_it_anew(void **state)
{
	const struct fake_mapping *mine = fake_mapped(fake_at(server(UART)->space), PROGRAM_TEXT);
	const struct fake_mapping *other = fake_mapped(fake_at(server(DRIVER)->space), PROGRAM_TEXT);
	uint64_t before = 0;
	uint64_t value = 0;

	(void)state;
	assert_int_equal(mine->flags, SK_MAP_FLAGS_READ | SK_MAP_FLAGS_EXECUTE);
	assert_int_not_equal(mine->memory, other->memory);
	assert_int_equal(injection_serve_change_word(&caller, UART, PROGRAM_TEXT + 8, 0, 0x10, &before), SK_OK);
	assert_int_equal(injection_serve_word(&caller, UART, PROGRAM_TEXT + 8, &value), SK_OK);
	assert_int_equal(value, before ^ 0x10);
	assert_int_equal(injection_serve_word(&caller, DRIVER, PROGRAM_TEXT + 8, &value), SK_OK);
	assert_int_equal(value, before);
	assert_int_equal(lifecycle_restart(server(UART)), SK_OK);
	assert_int_equal(injection_serve_word(&caller, UART, PROGRAM_TEXT + 8, &value), SK_OK);
	assert_int_equal(value, before);
}

static void everybody_has_a_stale_capability(void **state)
{
	bool running = false;
	uint32_t threads = 0;
	uint32_t interrupts = 0;
	uint32_t instance = 0;
	uint32_t stale = 0;

	(void)state;
	assert_int_equal(injection_serve_target(&caller, CONSOLE, &running, &threads, &interrupts, &instance, &stale),
			 SK_OK);
	assert_true(running);
	assert_int_equal(threads, 1);
	assert_int_equal(interrupts, 1);
	assert_int_not_equal(stale, 0);
	assert_null(fake_in(fake_at(server(CONSOLE)->space), stale));
	assert_int_equal(injection_serve_target(&caller, BROKEN, &running, &threads, &interrupts, &instance, &stale),
			 INJECTION_ERROR_NO_SUCH_SERVER);
}

static void parts_lie_where_the_server_has_them(void **state)
{
	const struct layout *layout = &server(UART)->layout;
	uint64_t address = 0;
	uint64_t bytes = 0;

	(void)state;
	assert_int_equal(part_address(UART, SK_SERVER_PART_TEXT, 0, &bytes), PROGRAM_TEXT);
	assert_int_equal(bytes, 0x100);
	assert_int_equal(part_address(UART, SK_SERVER_PART_DATA, 0, &bytes), PROGRAM_DATA);
	assert_int_equal(bytes, PROGRAM_DATA_BYTES + PROGRAM_BSS_BYTES);
	assert_int_equal(part_address(UART, SK_SERVER_PART_STACK, 1, &bytes), layout->stacks[1].address);
	assert_int_equal(part_address(UART, SK_SERVER_PART_PERSISTENT, 0, &bytes), layout->persistent.address);
	assert_int_equal(bytes, 4096);
	assert_int_equal(part_address(UART, SK_SERVER_PART_STREAM, 0, &bytes), layout->stream.address);
	(void)part_address(UART, SK_SERVER_PART_CHANNEL, 1, &bytes);
	assert_int_equal(bytes, 4096);
	assert_int_equal(injection_serve_part(&caller, UART, SK_SERVER_PART_CHANNEL, 2, &address, &bytes),
			 INJECTION_ERROR_NO_SUCH_PART);
	assert_int_equal(injection_serve_part(&caller, UART, SK_SERVER_PART_STACK, 2, &address, &bytes),
			 INJECTION_ERROR_NO_SUCH_PART);
	assert_int_equal(injection_serve_part(&caller, UART, SK_SERVER_PART_HEAP, 1, &address, &bytes),
			 INJECTION_ERROR_NO_SUCH_PART);
	assert_int_equal(injection_serve_part(&caller, CONSOLE, SK_SERVER_PART_STREAM, 0, &address, &bytes),
			 INJECTION_ERROR_NO_SUCH_PART);
	assert_int_equal(injection_serve_part(&caller, BROKEN, SK_SERVER_PART_TEXT, 0, &address, &bytes),
			 INJECTION_ERROR_NO_SUCH_SERVER);
}

static void words_outside_of_the_parts_are_refused(void **state)
{
	uint64_t bytes = 0;
	uint64_t value = 0;
	uint64_t persistent = part_address(UART, SK_SERVER_PART_PERSISTENT, 0, &bytes);
	const uint64_t wrong[] = { 0,
				   8,
				   PROGRAM_TEXT + 4,
				   PROGRAM_TEXT + 0x100,
				   PROGRAM_TEXT - 8,
				   SK_VA_START_PAGE,
				   persistent + bytes,
				   persistent - 8,
				   UINT64_MAX - 7,
				   UINT64_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(injection_serve_word(&caller, UART, wrong[i], &value), INJECTION_ERROR_BAD_ADDRESS);
		assert_int_equal(injection_serve_change_word(&caller, UART, wrong[i], 0, 1, &value),
				 INJECTION_ERROR_BAD_ADDRESS);
	}
	assert_int_equal(injection_serve_word(&caller, NOBODY, persistent, &value), INJECTION_ERROR_NO_SUCH_SERVER);
	assert_int_equal(injection_serve_word(&caller, UART, persistent + bytes - 8, &value), SK_OK);
}

static void channels_are_what_the_peers_see(void **state)
{
	uint64_t bytes = 0;
	uint64_t value = 0;
	uint64_t mine = part_address(UART, SK_SERVER_PART_CHANNEL, 1, &bytes);
	uint64_t theirs = part_address(DRIVER, SK_SERVER_PART_CHANNEL, 1, &bytes);

	(void)state;
	assert_int_equal(injection_serve_change_word(&caller, UART, mine + 64, UINT64_MAX, 0x1234, &value), SK_OK);
	assert_int_equal(injection_serve_word(&caller, DRIVER, theirs + 64, &value), SK_OK);
	assert_int_equal(value, 0x1234);
}

/* The server comes to the instruction: what the kernel tells of it. */
static sk_status_t comes_by(uint32_t index, uint64_t pc, bool *resume)
{
	const struct sk_caller thread = { .badge = first_thread(index)->fault_badge, .token = 55 };

	return thread_fault_serve_fault(&thread, SK_CRASH_REASON_OTHER, TRAP_SYNDROME, 0, pc, 0, 0, resume);
}

static uint64_t word_of(uint32_t index, uint64_t address)
{
	uint64_t value = 0;

	assert_int_equal(injection_serve_word(&caller, index, address, &value), SK_OK);
	return value;
}

static void a_trap_changes_a_register_once(void **state)
{
	uint64_t before = word_of(UART, PROGRAM_TEXT + 16);
	uint32_t crashes = crash_count();
	bool resume = false;
	bool reached = true;

	(void)state;
	first_thread(UART)->registers[5] = 0xff00;
	assert_int_equal(injection_serve_arm(&caller, UART, PROGRAM_TEXT + 20, 5, 0xf000, 1, 0), SK_OK);
	assert_int_equal(word_of(UART, PROGRAM_TEXT + 16) >> 32, TRAP_INSTRUCTION);
	assert_int_equal(injection_serve_arm(&caller, UART, PROGRAM_TEXT, 5, 0, 1, 0), INJECTION_ERROR_BUSY);
	assert_int_equal(comes_by(UART, PROGRAM_TEXT + 20, &resume), SK_OK);
	assert_true(resume);
	assert_int_equal(first_thread(UART)->registers[5], 0x0f01);
	assert_int_equal(word_of(UART, PROGRAM_TEXT + 16), before);
	/* Another thread was there at the same moment. */
	resume = false;
	assert_int_equal(comes_by(UART, PROGRAM_TEXT + 20, &resume), SK_OK);
	assert_true(resume);
	assert_int_equal(first_thread(UART)->registers[5], 0x0f01);
	assert_int_equal(injection_serve_disarm(&caller, &reached), SK_OK);
	assert_true(reached);
	assert_int_equal(crash_count(), crashes);
}

static void a_trap_that_nobody_came_to_is_taken_away(void **state)
{
	uint64_t before = word_of(UART, PROGRAM_TEXT);
	bool reached = true;

	(void)state;
	assert_int_equal(injection_serve_arm(&caller, UART, PROGRAM_TEXT, 0, 0, 1, 0), SK_OK);
	assert_int_not_equal(word_of(UART, PROGRAM_TEXT), before);
	assert_int_equal(injection_serve_disarm(&caller, &reached), SK_OK);
	assert_false(reached);
	assert_int_equal(word_of(UART, PROGRAM_TEXT), before);
	assert_int_equal(injection_serve_disarm(&caller, &reached), SK_OK);
	assert_false(reached);
}

static void a_trap_can_hold_a_thread_up(void **state)
{
	uint32_t replies = fake.replies;
	bool resume = false;
	bool reached = false;

	(void)state;
	assert_int_equal(injection_serve_arm(&caller, UART, PROGRAM_TEXT, 0, 0, 0, 5000), SK_OK);
	assert_int_equal(comes_by(UART, PROGRAM_TEXT, &resume), SK_DEFERRED);
	assert_int_equal(alarm_take(fake.now_ns + 4999), ALARM_NONE);
	assert_int_equal(alarm_take(fake.now_ns + 5000), ALARM_TRAP);
	trap_over();
	assert_int_equal(fake.replies, replies + 1);
	assert_int_equal(injection_serve_disarm(&caller, &reached), SK_OK);
	assert_true(reached);
	assert_int_equal(fake.replies, replies + 1);
}

static void a_trap_does_not_outlive_its_instance(void **state)
{
	uint64_t before = word_of(UART, PROGRAM_TEXT);
	uint32_t crashes = crash_count();
	bool resume = false;
	bool reached = true;

	(void)state;
	assert_int_equal(injection_serve_arm(&caller, UART, PROGRAM_TEXT, 0, 0, 1, 0), SK_OK);
	assert_int_equal(lifecycle_restart(server(UART)), SK_OK);
	assert_int_equal(word_of(UART, PROGRAM_TEXT), before);
	assert_int_equal(injection_serve_disarm(&caller, &reached), SK_OK);
	assert_false(reached);
	/* A server that has such an instruction of its own has crashed. */
	assert_int_equal(
		injection_serve_change_word(&caller, UART, PROGRAM_TEXT, UINT32_MAX, TRAP_INSTRUCTION, &before), SK_OK);
	assert_int_equal(comes_by(UART, PROGRAM_TEXT, &resume), SK_DEFERRED);
	assert_int_equal(crash_count(), crashes + 1);
}

static void what_is_no_trap_is_refused(void **state)
{
	uint64_t bytes = 0;
	uint64_t stack = part_address(UART, SK_SERVER_PART_STACK, 0, &bytes);

	(void)state;
	assert_int_equal(injection_serve_arm(&caller, UART, PROGRAM_TEXT + 2, 0, 0, 1, 0), INJECTION_ERROR_BAD_ADDRESS);
	assert_int_equal(injection_serve_arm(&caller, UART, PROGRAM_TEXT + 0x100, 0, 0, 1, 0),
			 INJECTION_ERROR_BAD_ADDRESS);
	assert_int_equal(injection_serve_arm(&caller, UART, stack, 0, 0, 1, 0), INJECTION_ERROR_BAD_ADDRESS);
	assert_int_equal(injection_serve_arm(&caller, UART, PROGRAM_TEXT, 33, 0, 1, 0), INJECTION_ERROR_BAD_ADDRESS);
	assert_int_equal(injection_serve_arm(&caller, UART, PROGRAM_TEXT, 0, 0, 1, TRAP_DELAY_MAX_NS + 1),
			 INJECTION_ERROR_BAD_ADDRESS);
	assert_int_equal(injection_serve_arm(&caller, NOBODY, PROGRAM_TEXT, 0, 0, 1, 0),
			 INJECTION_ERROR_NO_SUCH_SERVER);
	assert_int_equal(injection_serve_arm(&caller, SCHED, PROGRAM_TEXT, 0, 0, 1, 5), INJECTION_ERROR_BAD_ADDRESS);
	lifecycle_stop(server(UART));
	assert_int_equal(injection_serve_arm(&caller, UART, PROGRAM_TEXT, 0, 0, 1, 0), INJECTION_ERROR_WRONG_STATE);
	assert_int_equal(lifecycle_restart(server(UART)), SK_OK);
}

static void interrupts_are_masked_and_come_again(void **state)
{
	(void)state;
	assert_int_equal(injection_serve_interrupt(&caller, CONSOLE, 0, false), SK_OK);
	assert_false(fake_at(server(CONSOLE)->interrupts[0])->enabled);
	assert_int_equal(injection_serve_interrupt(&caller, CONSOLE, 0, true), SK_OK);
	assert_true(fake_at(server(CONSOLE)->interrupts[0])->enabled);
	assert_int_equal(injection_serve_interrupt(&caller, CONSOLE, 1, true), INJECTION_ERROR_NO_SUCH_INTERRUPT);
	assert_int_equal(injection_serve_interrupt(&caller, UART, 0, true), INJECTION_ERROR_NO_SUCH_INTERRUPT);
	assert_int_equal(injection_serve_interrupt(&caller, NOBODY, 0, true), INJECTION_ERROR_NO_SUCH_SERVER);
}

static void all_memory_can_be_held_and_comes_back(void **state)
{
	struct ram_totals before;
	struct ram_totals now;
	uint32_t slots = fake_slots_used();
	uint64_t held = 0;

	(void)state;
	ram_totals(&before);
	assert_int_equal(injection_serve_hold_memory(&caller, true, &held), SK_OK);
	ram_totals(&now);
	assert_int_equal(held, before.free_bytes);
	assert_int_equal(now.free_bytes, 0);
	assert_int_equal(injection_serve_hold_memory(&caller, true, &held), SK_OK);
	assert_int_equal(held, before.free_bytes);
	assert_int_equal(injection_serve_hold_memory(&caller, false, &held), SK_OK);
	ram_totals(&now);
	assert_int_equal(held, 0);
	assert_int_equal(now.free_bytes, before.free_bytes);
	assert_int_equal(now.largest_bytes, before.largest_bytes);
	assert_int_equal(fake_slots_used(), slots);
}

static void nobody_says_what_he_likes(void **state)
{
	static const char line[] = "fault 1\nvm guest off";

	(void)state;
	assert_int_equal(injection_serve_say(&caller, (const uint8_t *)line, sizeof(line) - 1), SK_BAD_ARG);
	assert_int_equal(injection_serve_say(&caller, (const uint8_t *)line, 7), SK_OK);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_operators_have_it),
		cmocka_unit_test(text_is_the_servers_own_and_each_start_makes_it_anew),
		cmocka_unit_test(everybody_has_a_stale_capability),
		cmocka_unit_test(parts_lie_where_the_server_has_them),
		cmocka_unit_test(words_outside_of_the_parts_are_refused),
		cmocka_unit_test(channels_are_what_the_peers_see),
		cmocka_unit_test(a_trap_changes_a_register_once),
		cmocka_unit_test(a_trap_that_nobody_came_to_is_taken_away),
		cmocka_unit_test(a_trap_can_hold_a_thread_up),
		cmocka_unit_test(a_trap_does_not_outlive_its_instance),
		cmocka_unit_test(what_is_no_trap_is_refused),
		cmocka_unit_test(interrupts_are_masked_and_come_again),
		cmocka_unit_test(all_memory_can_be_held_and_comes_back),
		cmocka_unit_test(nobody_says_what_he_likes),
	};

	manifest_file = argc > 1 ? argv[1] : "injected.dtb";
	return cmocka_run_group_tests(tests, boot, NULL);
}
