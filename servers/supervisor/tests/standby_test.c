/* Standbys, on the fake kernel: what they are given, how they take over, and what becomes of those that fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <sk/arch/exit.h>
#include <sk/boot.h>
#include <sk/idl/supervisor_server.h>
#include <sk/idl/vm_exit_server.h>

#include "../alarm.h"
#include "../boot.h"
#include "../crash.h"
#include "../fault.h"
#include "../lifecycle.h"
#include "../standby.h"
#include "fake_kernel.h"
#include "test_archive.h"

#define MS 1000000ull

enum { SCHED, CONSOLE, MONITOR, VMM, UART, BROKEN, DRIVER };

static const char *manifest_file;

static struct server *server(uint32_t index)
{
	return &system_state.servers[index];
}

/* Each test has a system of its own. */
static int boot(void **state)
{
	(void)state;
	memset(&system_state, 0, sizeof(system_state));
	for (uint32_t i = 0; i < ALARM_COUNT; i++) {
		alarm_set(i, 0);
	}
	test_boot(manifest_file);
	boot_system();
	return 0;
}

/* Time passes until nothing more is due. */
static void wait_ms(uint64_t ms)
{
	fake.now_ns += ms * MS;
	for (uint32_t alarm = alarm_take(fake.now_ns); alarm != ALARM_NONE; alarm = alarm_take(fake.now_ns)) {
		if (alarm == ALARM_AFTER) {
			lifecycle_after();
		} else if (alarm < ALARM_HEARTBEAT) {
			lifecycle_backoff_over(server(alarm - ALARM_RESTART));
		}
	}
}

static void fault_of(uint32_t badge, enum sk_crash_reason reason, uint64_t syndrome)
{
	struct sk_caller caller = { .badge = badge };
	bool resume = true;

	assert_int_equal(thread_fault_serve_fault(&caller, reason, syndrome, 0, 0x400008, 0, 0, &resume), SK_DEFERRED);
	assert_false(resume);
}

/* The standby, which was started, comes to main(). */
static void comes_to_main(const struct server *of)
{
	struct fake_object *thread = fake_at(of->standby.workers[0].thread);

	assert_int_equal(of->standby.state, SK_STANDBY_STATE_LOADING);
	assert_true(thread->started);
	assert_int_equal(thread->argument, SK_VA_START_PAGE | SK_START_STANDBY);
	thread->registers[32] = PROGRAM_TEXT + 0x30;
	fault_of(thread->fault_badge, SK_CRASH_REASON_OTHER, SK_STANDBY_SYNDROME);
	assert_int_equal(of->standby.state, SK_STANDBY_STATE_READY);
	assert_false(thread->started);
	assert_int_equal(thread->registers[32], PROGRAM_TEXT + 0x30 + SK_BREAK_BYTES);
}

static void get_ready(const struct server *of)
{
	wait_ms(1);
	if (!standby_is_ready(of)) {
		comes_to_main(of);
	}
}

static void crash(struct server *of)
{
	struct crash_cause cause = { .reason = SK_CRASH_REASON_MEMORY };

	lifecycle_crashed(of, &cause);
	assert_int_equal(of->state, SK_SERVER_STATE_RUNNING);
}

static bool same_cap(const struct fake_cap *a, const struct fake_cap *b)
{
	return a->object == b->object && a->generation == b->generation && a->rights == b->rights && a->badge == b->badge;
}

/* The standby has what the server has, at the same places; but threads of its own, and RAM below the shared part. */
static void check_twins(const struct server *of)
{
	const struct fake_object *space = fake_at(of->space);
	const struct fake_object *twin = fake_at(of->standby.space);
	uint32_t own_threads = 0;

	for (uint32_t slot = 0; slot <= SK_CAP_SLOTS; slot++) {
		const struct fake_object *named = fake_in(space, slot);
		bool thread = named != NULL && named->type == SK_OBJECT_TYPE_THREAD && of != server(SCHED);

		if (thread) {
			own_threads++;
			assert_ptr_equal(named, fake_at(of->workers[own_threads].thread));
			assert_ptr_equal(fake_in(twin, slot), fake_at(of->standby.workers[own_threads].thread));
		} else if (named != NULL && named->type != SK_OBJECT_TYPE_THREAD) {
			assert_true(same_cap(&space->space->slots[slot], &twin->space->slots[slot]));
		} else {
			assert_int_equal(named != NULL, fake_in(twin, slot) != NULL);
		}
	}
	assert_int_equal(space->space->mapping_count, twin->space->mapping_count);
	for (uint32_t i = 0; i < space->space->mapping_count; i++) {
		const struct fake_mapping *one = &space->space->mappings[i];
		const struct fake_mapping *two = fake_mapped(twin, one->address);
		const struct fake_object *memory = &fake.objects[one->memory];
		bool own = memory == fake_at(of->ram) && one->offset < of->layout.private_bytes;
		bool buffer = one->address >= SK_VA_MESSAGE_BUFFERS && one->address < SK_VA_STACKS;

		assert_non_null(two);
		assert_int_equal(one->bytes, two->bytes);
		assert_int_equal(one->flags, two->flags);
		if (own) {
			assert_ptr_equal(&fake.objects[two->memory], fake_at(of->standby.ram));
		} else if (!buffer) {
			assert_int_equal(one->memory, two->memory);
		}
		if (!buffer) {
			assert_int_equal(one->offset, two->offset);
		}
	}
}

static void a_standby_has_what_its_server_has(void **state)
{
	static const uint32_t with[] = { SCHED, VMM, UART, DRIVER };

	(void)state;
	for (uint32_t i = 0; i < sizeof(with) / sizeof(with[0]); i++) {
		struct sk_server_info info;
		struct sk_caller caller = { .badge = 0 };

		check_twins(server(with[i]));
		assert_int_equal(operator_serve_server(&caller, with[i], &info), SK_OK);
		assert_int_equal(info.standby, SK_STANDBY_STATE_EMPTY);
		assert_true(info.standby_bytes > server(with[i])->layout.private_bytes);
		assert_true(info.standby_bytes < info.memory_bytes);
	}
	assert_int_equal(server(CONSOLE)->standby.state, SK_STANDBY_STATE_NONE);
	assert_int_equal(server(CONSOLE)->standby.space, SK_CAP_NONE);
}

static void it_takes_over(void **state)
{
	struct server *uart = server(UART);
	uint8_t *persistent = uart->view + uart->layout.persistent.offset;

	(void)state;
	for (uint32_t round = 0; round < 4; round++) {
		uint32_t crashes = crash_count();

		get_ready(uart);

		struct worker old[2] = { uart->workers[0], uart->workers[1] };
		struct worker new[2] = { uart->standby.workers[0], uart->standby.workers[1] };
		uint8_t *heap = uart->view + uart->layout.heap.offset;
		uint32_t endpoint = fake_at(old[0].thread)->endpoint;
		uint32_t notification = fake_at(old[0].thread)->notification;

		persistent[0] = (uint8_t)(40 + round);
		heap[0] = 7;
		crash(uart);
		assert_int_equal(uart->instance, round + 1);
		assert_int_equal(uart->start->instance, round + 1);
		for (uint32_t i = 0; i < 2; i++) {
			assert_int_equal(uart->workers[i].thread, new[i].thread);
			assert_int_equal(fake_at(new[i].thread)->endpoint, endpoint);
			assert_int_equal(fake_at(new[i].thread)->started, i == 0);
			assert_int_equal(fake_at(old[i].thread)->endpoint, 0);
			assert_false(fake_at(old[i].thread)->started);
		}
		assert_int_equal(fake_at(new[0].thread)->notification, notification);
		/* Nothing was copied or cleared for that; what is kept is seen by both. */
		assert_int_equal(heap[0], 7);
		assert_int_equal(uart->view[uart->layout.persistent.offset], 40 + round);
		assert_int_equal(uart->view[uart->layout.segments[2].offset + PROGRAM_DATA % SK_PAGE_BYTES], 0xda);
		assert_int_equal(uart->standby.state, SK_STANDBY_STATE_EMPTY);
		assert_int_equal(crash_find(crashes + 1)->verdict, SK_CRASH_VERDICT_RESTARTED);
		check_twins(uart);
		/* The body that it left is the next. */
		wait_ms(1);
		assert_int_equal(heap[0], 0);
		assert_int_equal(uart->standby.state, SK_STANDBY_STATE_LOADING);
		comes_to_main(uart);
		crash(uart);
		uart->instance--;
	}
}

/* Again before the next is loaded, and while it is: then as without one. The next is made all the same. */
static void a_crash_too_early_starts_cold(void **state)
{
	struct server *uart = server(UART);

	(void)state;
	get_ready(uart);
	crash(uart);

	sk_cap_t thread = uart->workers[0].thread;
	uint8_t *heap = uart->view + uart->layout.heap.offset;

	heap[0] = 7;
	crash(uart);
	assert_int_equal(uart->workers[0].thread, thread);
	assert_true(fake_at(thread)->started);
	assert_int_equal(fake_at(thread)->argument, SK_VA_START_PAGE);
	assert_int_equal(heap[0], 0);
	wait_ms(1);
	assert_int_equal(uart->standby.state, SK_STANDBY_STATE_LOADING);
	heap[0] = 7;
	crash(uart);
	assert_int_equal(uart->workers[0].thread, thread);
	assert_int_equal(heap[0], 0);
	comes_to_main(uart);
	crash(uart);
	assert_int_not_equal(uart->workers[0].thread, thread);
	assert_int_equal(uart->instance, 4);
	assert_int_equal(uart->crashes, 4);
}

/* Whether it dies or hangs on its way. The server never notices, and is restarted without it. */
static void one_that_fails_is_made_again_for_a_while(void **state)
{
	struct server *uart = server(UART);
	uint32_t badge = fake_at(uart->standby.workers[0].thread)->fault_badge;
	uint32_t crashes = crash_count();

	(void)state;
	wait_ms(1);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(uart->standby.state, SK_STANDBY_STATE_LOADING);
		fault_of(badge, i == 0 ? SK_CRASH_REASON_MEMORY : SK_CRASH_REASON_BUDGET, 0);
		assert_int_equal(uart->standby.state, SK_STANDBY_STATE_EMPTY);
		assert_false(fake_at(uart->standby.workers[0].thread)->started);
		wait_ms(1);
		assert_int_equal(uart->standby.state, SK_STANDBY_STATE_EMPTY); /* not at once */
		wait_ms(5000);
	}
	fault_of(badge, SK_CRASH_REASON_OTHER, SK_EXIT_SYNDROME);
	assert_int_equal(uart->standby.state, SK_STANDBY_STATE_GIVEN_UP);
	assert_int_equal(uart->crashes, 0);
	assert_int_equal(uart->instance, 0);
	assert_int_equal(crash_count(), crashes);
	crash(uart);
	wait_ms(100000);
	assert_int_equal(uart->standby.state, SK_STANDBY_STATE_GIVEN_UP);
	assert_int_equal(uart->instance, 1);
}

/* A fault of a body that is not loaded is nobody's, whatever it was. */
static void a_late_fault_of_the_old_body_is_nothing(void **state)
{
	struct server *uart = server(UART);
	uint32_t old = fake_at(uart->workers[0].thread)->fault_badge;

	(void)state;
	get_ready(uart);
	fault_of(fake_at(uart->standby.workers[0].thread)->fault_badge, SK_CRASH_REASON_MEMORY, 0);
	assert_int_equal(uart->standby.state, SK_STANDBY_STATE_READY);
	crash(uart);
	fault_of(old, SK_CRASH_REASON_MEMORY, 0);
	assert_int_equal(uart->standby.state, SK_STANDBY_STATE_EMPTY);
	assert_int_equal(uart->instance, 1);
	assert_int_equal(uart->crashes, 1);
	/* And of the one that serves now it is a crash. */
	fault_of(fake_at(uart->workers[0].thread)->fault_badge, SK_CRASH_REASON_MEMORY, 0);
	assert_int_equal(uart->instance, 2);
	assert_int_equal(uart->crashes, 2);
}

/* What comes and goes with a VM comes and goes in both. */
static void a_vm_is_made_and_taken_down_in_both(void **state)
{
	struct sk_caller caller = { .badge = SK_BADGE(OPERATOR_INTERFACE, MONITOR), .token = 5 };

	(void)state;
	system_state.vms[0].state = SK_VM_STATE_STOPPED;
	for (uint32_t round = 0; round < 4; round++) {
		if (round % 2 != 0) {
			get_ready(server(VMM));
			get_ready(server(UART));
			crash(server(VMM));
			crash(server(UART));
		}
		assert_int_equal(operator_serve_vm_destroy(&caller, 0), SK_OK);
		check_twins(server(UART));
		check_twins(server(VMM));
		check_twins(server(DRIVER));
		assert_int_equal(operator_serve_vm_create(&caller, 0), SK_OK);
		check_twins(server(UART));
		check_twins(server(VMM));
		check_twins(server(DRIVER));
		wait_ms(1);
		for (uint32_t i = 0; i < system_state.manifest.server_count; i++) {
			if (server(i)->standby.state == SK_STANDBY_STATE_LOADING) {
				comes_to_main(server(i));
			}
		}
		crash(server(UART));
		wait_ms(20000);
		for (uint32_t i = 0; i < system_state.manifest.server_count; i++) {
			if (server(i)->standby.state == SK_STANDBY_STATE_LOADING) {
				comes_to_main(server(i));
			}
		}
		crash(server(UART));
	}
}

/* Each of the scheduler's workers has a notification, which its successor has then. */
static void a_scheduler_takes_over_on_each_core(void **state)
{
	struct server *sched = server(SCHED);

	(void)state;
	get_ready(sched);

	uint32_t bound[2] = {
		fake_at(sched->workers[0].thread)->notification,
		fake_at(sched->workers[1].thread)->notification,
	};

	assert_int_not_equal(bound[1], 0);
	crash(sched);
	assert_int_equal(fake_at(sched->workers[0].thread)->notification, bound[0]);
	assert_int_equal(fake_at(sched->workers[1].thread)->notification, bound[1]);
	check_twins(sched);
}

/* A fault goes into the one that waits, and into nothing that the two share. */
static void injection_reaches_it(void **state)
{
	const struct sk_caller caller = { .badge = SK_BADGE(INJECTION_INTERFACE, MONITOR) };
	struct server *of = server(UART);
	uint64_t address = 0;
	uint64_t bytes = 0;
	uint64_t before = 0;
	uint64_t serves;
	uint64_t waits;

	(void)state;
	assert_int_equal(injection_serve_part(&caller, UART, SK_SERVER_PART_DATA, 0, &address, &bytes), SK_OK);
	address = (address + 7) & ~7ull;
	assert_int_equal(injection_serve_change_standby(&caller, 99, address, 0, 8, &before),
			 INJECTION_ERROR_NO_SUCH_SERVER);
	assert_int_equal(injection_serve_change_standby(&caller, UART, address, 0, 8, &before), INJECTION_ERROR_WRONG_STATE);
	get_ready(of);
	assert_int_equal(injection_serve_word(&caller, UART, address, &serves), SK_OK);
	assert_int_equal(injection_serve_change_standby(&caller, UART, address, 0, 8, &waits), SK_OK);
	assert_int_equal(injection_serve_change_standby(&caller, UART, address, 0, 0, &before), SK_OK);
	assert_int_equal(before, waits ^ 8);
	assert_int_equal(injection_serve_word(&caller, UART, address, &before), SK_OK);
	assert_int_equal(before, serves);
	assert_int_equal(injection_serve_change_standby(&caller, UART, 8, 0, 8, &before), INJECTION_ERROR_BAD_ADDRESS);
	assert_int_equal(injection_serve_part(&caller, UART, SK_SERVER_PART_LOG, 0, &address, &bytes), SK_OK);
	assert_int_equal(injection_serve_change_standby(&caller, UART, address, 0, 8, &before), INJECTION_ERROR_BAD_ADDRESS);
	/* It takes over, and is as it was left. */
	assert_int_equal(injection_serve_part(&caller, UART, SK_SERVER_PART_DATA, 0, &address, &bytes), SK_OK);
	crash(of);
	assert_int_equal(injection_serve_word(&caller, UART, (address + 7) & ~7ull, &before), SK_OK);
	assert_int_equal(before, waits ^ 8);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_standby_has_what_its_server_has, boot),
		cmocka_unit_test_setup(it_takes_over, boot),
		cmocka_unit_test_setup(a_crash_too_early_starts_cold, boot),
		cmocka_unit_test_setup(one_that_fails_is_made_again_for_a_while, boot),
		cmocka_unit_test_setup(a_late_fault_of_the_old_body_is_nothing, boot),
		cmocka_unit_test_setup(a_vm_is_made_and_taken_down_in_both, boot),
		cmocka_unit_test_setup(a_scheduler_takes_over_on_each_core, boot),
		cmocka_unit_test_setup(injection_reaches_it, boot),
	};

	assert_int_equal(argc, 2);
	manifest_file = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
