/* From a boot image to a running system, and through crashes, on the fake kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <sk/arch/exit.h>
#include <sk/boot.h>
#include <sk/idl/console.h>
#include <sk/idl/device.h>
#include <sk/idl/sched.h>
#include <sk/idl/server.h>
#include <sk/idl/supervisor_server.h>
#include <sk/idl/vm_exit_server.h>
#include <sk/idl/vmm.h>

#include "../../sched/contract.h"
#include "../alarm.h"
#include "../boot.h"
#include "../crash.h"
#include "../errand.h"
#include "../fault.h"
#include "../heartbeat.h"
#include "../lifecycle.h"
#include "../system.h"
#include "../vm.h"
#include "fake_kernel.h"
#include "test_archive.h"

enum { SCHED, CONSOLE, MONITOR, VMM, UART, BROKEN, DRIVER, FALLBACK, ENTROPY };

static const char *manifest_file;

/* One boot for all tests: each goes on from where the last one left the system. */
static struct server *server(uint32_t index)
{
	return &system_state.servers[index];
}

static const struct sk_start_cap *cap_named(const struct server *of, const char *name)
{
	for (uint32_t i = 0; i < of->start->cap_count; i++) {
		if (strcmp(of->start->caps[i].name, name) == 0) {
			return &of->start->caps[i];
		}
	}
	return NULL;
}

static const struct sk_start_region *region_named(const struct server *of, const char *name)
{
	for (uint32_t i = 0; i < of->start->region_count; i++) {
		if (strcmp(of->start->regions[i].name, name) == 0) {
			return &of->start->regions[i];
		}
	}
	return NULL;
}

static struct fake_object *first_thread(const struct server *of)
{
	return fake_at(of->workers[0].thread);
}

static uint32_t badge_in(const struct server *of, const char *name)
{
	return fake_at(of->space)->space->slots[cap_named(of, name)->slot].badge;
}

/* The caller thread makes the call under way, `tag`, which ends with this status; the main thread hears of it. */
static void errand_ends(uint64_t tag, sk_status_t status)
{
	fake.calls_allowed = true;
	fake.call_status = status;
	errand_call();
	fake.calls_allowed = false;
	assert_int_equal(fake.called_tag, tag);
	errand_finish();
}

static int boot(void **state)
{
	(void)state;
	test_boot(manifest_file);
	boot_system();
	return 0;
}

static void everything_that_can_run_runs(void **state)
{
	(void)state;
	assert_int_equal(system_state.manifest.server_count, 9);
	for (uint32_t i = 0; i < BROKEN; i++) {
		assert_int_equal(server(i)->state, SK_SERVER_STATE_RUNNING);
		assert_true(first_thread(server(i))->started);
		assert_int_equal(first_thread(server(i))->entry, PROGRAM_TEXT + 4);
		assert_int_equal(first_thread(server(i))->argument, SK_VA_START_PAGE);
	}
	/* Its other workers are for itself to start. */
	assert_false(fake_at(server(UART)->workers[1].thread)->started);
	assert_non_null(cap_named(server(UART), "thread1"));
	assert_int_equal(server(BROKEN)->state, SK_SERVER_STATE_FAILED);
}

static void the_first_plans_hold_the_supervisor_and_the_scheduler(void **state)
{
	(void)state;
	assert_int_equal(fake.plan_count[0], 3);
	assert_int_equal(fake.plan[0][0].task, SK_BOOT_SLOT_THREAD);
	assert_int_equal(fake.plan[0][2].task, server(SCHED)->workers[0].thread);
	assert_int_equal(fake.plan_count[1], 1);
	assert_int_equal(fake.plan[1][0].task, server(SCHED)->workers[1].thread);
}

static void processes_see_what_they_were_given(void **state)
{
	const struct fake_object *space = fake_at(server(UART)->space);
	const struct layout *layout = &server(UART)->layout;

	(void)state;
	assert_int_equal(fake.objects[fake_mapped(space, PROGRAM_TEXT)->memory].base, FAKE_ARCHIVE_BASE);
	assert_int_equal(fake_mapped(space, PROGRAM_TEXT)->flags, SK_MAP_FLAGS_READ | SK_MAP_FLAGS_EXECUTE);
	assert_int_equal(fake_mapped(space, PROGRAM_DATA)->flags, SK_MAP_FLAGS_READ | SK_MAP_FLAGS_WRITE);
	assert_int_equal(fake_mapped(space, SK_VA_START_PAGE)->flags, SK_MAP_FLAGS_READ);
	assert_non_null(fake_mapped(space, layout_stack_top(1) - 8));
	assert_null(fake_mapped(space, layout_stack_top(1) - LAYOUT_STACK_BYTES - 8));
	assert_non_null(fake_mapped(space, layout_message_buffer(1)));
	assert_int_equal(server(UART)->view[layout->segments[2].offset + PROGRAM_DATA % SK_PAGE_BYTES], 0xda);
	assert_string_equal(server(UART)->start->name, "uart0");
	assert_string_equal(server(UART)->start->args, "device=uart");
	assert_int_equal(server(UART)->start->threads, 2);
}

static void streams_and_logs_reach_the_console(void **state)
{
	(void)state;
	assert_non_null(region_named(server(CONSOLE), "log:uart0"));
	assert_non_null(region_named(server(CONSOLE), "stream:uart0"));
	assert_non_null(region_named(server(CONSOLE), "stream:monitor"));
	assert_null(region_named(server(CONSOLE), "stream:vmm0"));
	assert_non_null(region_named(server(CONSOLE), "log:supervisor"));
	assert_non_null(region_named(server(CONSOLE), "control"));
	assert_null(region_named(server(CONSOLE), "log:console"));
	assert_int_equal(badge_in(server(UART), "console"), SK_SIGNAL_LOG | SK_SIGNAL_STREAM);
	assert_int_equal(badge_in(server(VMM), "console"), SK_SIGNAL_LOG);
	assert_int_equal(badge_in(server(CONSOLE), "stream:uart0"), SK_SIGNAL_STREAM);

	const struct fake_mapping *mine =
		fake_mapped(fake_at(server(UART)->space), region_named(server(UART), "stream")->address);
	const struct fake_mapping *theirs =
		fake_mapped(fake_at(server(CONSOLE)->space), region_named(server(CONSOLE), "stream:uart0")->address);

	assert_int_equal(mine->memory, theirs->memory);
	assert_int_equal(mine->offset, theirs->offset);

	const struct sk_start_region *second = region_named(server(UART), "stream1");

	assert_int_equal(second->bytes, LAYOUT_STREAM_BYTES);
	assert_int_equal(second->address, region_named(server(UART), "stream")->address + LAYOUT_STREAM_BYTES);
	mine = fake_mapped(fake_at(server(UART)->space), second->address);
	theirs = fake_mapped(fake_at(server(CONSOLE)->space), region_named(server(CONSOLE), "tty1:uart0")->address);
	assert_int_equal(mine->memory, theirs->memory);
	assert_int_equal(mine->offset + second->address - mine->address, theirs->offset);
	assert_null(region_named(server(UART), "stream2"));
}

static void nobody_gets_more_than_the_manifest_grants(void **state)
{
	(void)state;
	assert_null(cap_named(server(UART), "supervisor"));
	assert_int_equal(badge_in(server(MONITOR), "supervisor"), SK_BADGE(OPERATOR_INTERFACE, MONITOR));
	assert_int_equal(badge_in(server(MONITOR), "sched-control"), SK_BADGE(SCHED_CONTROL_INTERFACE, MONITOR));
	assert_int_equal(badge_in(server(UART), "sched"), SK_BADGE(TIMERS_INTERFACE, UART));
	assert_null(cap_named(server(UART), "sched-control"));
	assert_int_equal(badge_in(server(VMM), "supervisor"), SK_BADGE(VM_EVENTS_INTERFACE, 0));
	assert_int_equal(badge_in(server(VMM), "uart0"), SK_BADGE(DEVICE_INTERFACE, 0));
	for (uint32_t i = 0; i < BROKEN; i++) {
		const struct fake_space *space = fake_at(server(i)->space)->space;

		for (uint32_t slot = 1; slot <= SK_CAP_SLOTS; slot++) {
			const struct fake_object *object = fake_in(fake_at(server(i)->space), slot);

			if (object == NULL) {
				continue;
			}
			assert_int_equal(space->slots[slot].rights & SK_RIGHT_GRANT, 0);
			if (object->type == SK_OBJECT_TYPE_ENDPOINT) {
				assert_int_not_equal(space->slots[slot].badge, 0);
				assert_int_equal(space->slots[slot].rights, SK_RIGHT_CALL);
			}
			if (object->type == SK_OBJECT_TYPE_SPACE) {
				assert_true(object->space->vm);
			}
		}
	}
}

static void the_vm_is_wired(void **state)
{
	const struct vm *vm = &system_state.vms[0];
	const struct fake_object *space = fake_at(vm->space);
	const struct fake_mapping *ram = fake_mapped(space, 0x40000000);
	const struct sk_start_region *seen = region_named(server(VMM), "ram");

	(void)state;
	assert_int_equal(fake.objects[ram->memory].base % RAM_BLOCK_BYTES, 0);
	assert_int_equal(fake_mapped(fake_at(server(VMM)->space), seen->address)->memory, ram->memory);
	assert_int_equal(seen->address % RAM_BLOCK_BYTES, 0);
	assert_int_equal(space->space->route_count, 4); /* the devices, the controller's two */
	assert_true(space->space->lines);
	assert_non_null(region_named(server(VMM), "lines"));
	assert_non_null(region_named(server(VMM), "vcpu1"));
	assert_non_null(cap_named(server(VMM), "vcpu1"));
	assert_non_null(cap_named(server(UART), "virq"));
	assert_null(region_named(server(UART), "ram"));
	assert_int_equal(vm->state, SK_VM_STATE_LOADING);
}

static void the_scheduler_has_everything_in_its_tables(void **state)
{
	const struct fake_object *space = fake_at(server(SCHED)->space);

	(void)state;
	for (uint32_t i = 0; i < 2; i++) {
		uint32_t task = system_state.vms[0].vcpus[i].task;

		assert_ptr_equal(fake_in(space, SCHED_TASK_SLOT + task), fake_at(system_state.vms[0].vcpus[i].vcpu));
	}
	assert_ptr_equal(fake_in(space, SCHED_CLIENT_SLOT + UART), fake_at(server(UART)->notifications[0]));
	assert_int_equal(space->space->slots[SCHED_CLIENT_SLOT + UART].badge, SK_SIGNAL_TIMER);
	assert_non_null(fake_in(space, SCHED_CORE_SLOT + 1));
	assert_null(fake_in(space, SCHED_CLIENT_SLOT + BROKEN));
}

static void a_driver_knows_where_memory_lies_and_maps_none_of_the_vm(void **state)
{
	const struct fake_object *space = fake_at(server(DRIVER)->space);
	const struct sk_start_cap *dma = cap_named(server(DRIVER), "dma");
	const struct sk_start_cap *guest = cap_named(server(DRIVER), "dma:uart0:0");
	const struct fake_object *memory = fake_at(system_state.vms[0].memory[0]);

	(void)state;
	assert_int_equal(fake_in(space, dma->slot)->bytes, 16384);
	assert_int_equal(space->space->slots[dma->slot].rights, SK_RIGHT_READ);
	assert_int_equal(fake.objects[fake_mapped(space, region_named(server(DRIVER), "dma")->address)->memory].base,
			 fake_in(space, dma->slot)->base);
	assert_ptr_equal(fake_in(space, guest->slot), memory);
	assert_int_equal(space->space->slots[guest->slot].rights, SK_RIGHT_READ);
	assert_non_null(cap_named(server(DRIVER), "dma:uart0:1")); /* the pool is a memory like any other */
	assert_null(cap_named(server(DRIVER), "dma:uart0:2"));
	for (uint32_t i = 0; i < space->space->mapping_count; i++) {
		assert_ptr_not_equal(&fake.objects[space->space->mappings[i].memory], memory);
	}
	assert_int_equal(region_named(server(DRIVER), "client:uart0")->peer, UART);
	assert_int_equal(region_named(server(UART), "disk")->peer, DRIVER);
	assert_non_null(cap_named(server(DRIVER), "channel:client:uart0"));
}

/* A device with nothing but the pool: neither its server nor the driver's hardware is shown anything else. */
static void a_bounce_pool_is_all_that_some_devices_see(void **state)
{
	const struct vm *vm = &system_state.vms[0];
	const struct sk_start_region *pool = region_named(server(ENTROPY), "pool@20000000");
	const struct fake_space *entropy = fake_at(server(ENTROPY)->space)->space;
	const struct sk_start_cap *dma = cap_named(server(DRIVER), "dma:entropy:0");

	(void)state;
	assert_non_null(pool);
	assert_int_equal(pool->bytes, 0x80000);
	assert_int_equal(fake_at(vm->memory[1])->bytes, 0x80000);
	assert_ptr_equal(&fake.objects[fake_mapped(fake_at(server(ENTROPY)->space), pool->address)->memory],
			 fake_at(vm->memory[1]));
	assert_null(region_named(server(ENTROPY), "memory@40000000"));
	for (uint32_t i = 0; i < entropy->mapping_count; i++) {
		assert_ptr_not_equal(&fake.objects[entropy->mappings[i].memory], fake_at(vm->memory[0]));
	}
	assert_ptr_equal(fake_in(fake_at(server(DRIVER)->space), dma->slot), fake_at(vm->memory[1]));
	assert_null(cap_named(server(DRIVER), "dma:entropy:1"));
	assert_non_null(region_named(server(VMM), "ram1"));
}

static void a_driver_that_dies_takes_its_hardware_along(void **state)
{
	struct crash_cause cause = { .reason = SK_CRASH_REASON_MEMORY };
	volatile uint32_t *stop = server(DRIVER)->stops[0];

	(void)state;
	assert_int_equal(*stop, 0);
	assert_null(server(CONSOLE)->stops[0]);
	lifecycle_crashed(server(DRIVER), &cause);
	assert_int_equal(*stop, 0xdead);
	assert_int_equal(server(DRIVER)->state, SK_SERVER_STATE_RUNNING);
}

/* A function of PCI is stopped by its command register, of which its driver has nothing. */
static void a_function_of_pci_is_stopped_in_its_configuration(void **state)
{
	const struct fake_space *supervisor = fake_at(SK_BOOT_SLOT_SPACE)->space;
	const struct fake_space *driver = fake_at(server(DRIVER)->space)->space;
	struct crash_cause cause = { .reason = SK_CRASH_REASON_MEMORY };
	volatile uint32_t *stop = server(DRIVER)->stops[1];
	bool seen = false;

	(void)state;
	assert_non_null(stop);
	for (uint32_t i = 0; i < supervisor->mapping_count; i++) {
		const struct fake_mapping *mapping = &supervisor->mappings[i];

		if (fake.objects[mapping->memory].base == 0x4010000000) {
			assert_int_equal(mapping->offset, (3u << 3 | 1u) * SK_PAGE_BYTES);
			assert_int_equal(mapping->address + 4, (uintptr_t)stop);
			seen = true;
		}
	}
	assert_true(seen);
	for (uint32_t i = 0; i < driver->mapping_count; i++) {
		assert_int_not_equal(fake.objects[driver->mappings[i].memory].base, 0x4010000000);
	}
	*stop = 6;
	lifecycle_crashed(server(DRIVER), &cause);
	assert_int_equal(*stop, 0);
}

static struct crash_cause memory_fault(void)
{
	return (struct crash_cause){ .reason = SK_CRASH_REASON_MEMORY, .address = 0x10, .caller_tag = 0x2901 };
}

static void a_crash_leaves_evidence_and_a_new_instance(void **state)
{
	struct server *uart = server(UART);
	uint8_t *data = uart->view + uart->layout.segments[2].offset + PROGRAM_DATA % SK_PAGE_BYTES;
	uint8_t *bss = data + PROGRAM_DATA_BYTES;
	uint8_t *heap = uart->view + uart->layout.heap.offset;
	uint8_t *persistent = uart->view + uart->layout.persistent.offset;
	uint64_t *registers = first_thread(uart)->registers;
	uint64_t *frame = (uint64_t *)(void *)(uart->view + uart->layout.stacks[0].offset + 64);
	struct crash_cause cause = memory_fault();
	uint32_t slots = fake_slots_used();
	uint32_t stops = first_thread(uart)->stops;

	(void)state;
	data[0] = bss[0] = heap[0] = persistent[0] = 7;
	registers[32] = PROGRAM_TEXT + 0x20;
	registers[29] = uart->layout.stacks[0].address + 64;
	frame[0] = 1; /* not a frame: the walk ends there */
	frame[1] = PROGRAM_TEXT + 0x40;
	lifecycle_crashed(uart, &cause);

	const struct sk_crash_record *record = crash_find(crash_count());

	assert_int_equal(uart->state, SK_SERVER_STATE_RUNNING);
	assert_int_equal(uart->instance, 1);
	assert_int_equal(uart->start->instance, 1);
	assert_int_equal(first_thread(uart)->stops, stops + 1);
	assert_true(first_thread(uart)->started);
	assert_false(fake_at(uart->workers[1].thread)->started);
	assert_int_equal(fake_at(uart->endpoint)->retired, 1);
	assert_int_equal(data[0], 0xda);
	assert_int_equal(bss[0], 0);
	assert_int_equal(heap[0], 0);
	assert_int_equal(persistent[0], 7);
	assert_int_equal(record->server, UART);
	assert_int_equal(record->caller_tag, 0x2901);
	assert_int_equal(record->backtrace_count, 2);
	assert_int_equal(record->backtrace[0], PROGRAM_TEXT + 0x20);
	assert_int_equal(record->backtrace[1], PROGRAM_TEXT + 0x40);
	assert_int_equal(record->verdict, SK_CRASH_VERDICT_RESTARTED);
	assert_int_equal(fake_slots_used(), slots);
}

static void too_many_crashes_are_the_end(void **state)
{
	struct crash_cause cause = memory_fault();
	uint32_t replies = fake.replies;

	(void)state;
	lifecycle_crashed(server(UART), &cause);
	assert_int_equal(server(UART)->state, SK_SERVER_STATE_FAILED);
	assert_int_equal(fake_at(server(UART)->endpoint)->abandoned, 1);
	assert_int_equal(crash_find(crash_count())->verdict, SK_CRASH_VERDICT_GAVE_UP);
	assert_int_equal(fake.replies, replies);
	/* Unless the operator wants it otherwise. */
	assert_int_equal(lifecycle_restart(server(UART)), SK_OK);
	assert_int_equal(server(UART)->state, SK_SERVER_STATE_RUNNING);
	assert_int_equal(fake_at(server(UART)->endpoint)->abandoned, 0);
}

static void a_backoff_waits_for_its_alarm(void **state)
{
	struct crash_cause cause = memory_fault();
	uint64_t at = fake.now_ns + 20000000;

	(void)state;
	lifecycle_crashed(server(CONSOLE), &cause);
	assert_int_equal(server(CONSOLE)->state, SK_SERVER_STATE_RUNNING);
	assert_true(fake_at(server(CONSOLE)->interrupts[0])->enabled);
	lifecycle_crashed(server(CONSOLE), &cause);
	assert_int_equal(server(CONSOLE)->state, SK_SERVER_STATE_WAITING);
	assert_false(fake_at(server(CONSOLE)->interrupts[0])->enabled);
	assert_int_equal(alarm_next(), at);
	assert_int_equal(alarm_take(at), ALARM_RESTART + CONSOLE);
	lifecycle_backoff_over(server(CONSOLE));
	assert_int_equal(server(CONSOLE)->state, SK_SERVER_STATE_RUNNING);
	assert_int_equal(server(CONSOLE)->instance, 2);
}

static void a_fault_call_finds_its_server(void **state)
{
	struct sk_caller caller = { .badge = first_thread(server(MONITOR))->fault_badge };
	bool resume = true;

	(void)state;
	assert_int_equal(SK_BADGE_IFACE(caller.badge), THREAD_FAULT_INTERFACE);
	assert_int_equal(thread_fault_serve_fault(&caller, 1, 0, 0xdead, 0, 0, 0, &resume), SK_DEFERRED);
	assert_int_equal(server(MONITOR)->instance, 1);
	assert_int_equal(crash_find(crash_count())->address, 0xdead);
	caller.badge = SK_BADGE(THREAD_FAULT_INTERFACE, 0xffff);
	assert_int_equal(thread_fault_serve_fault(&caller, 1, 0, 0, 0, 0, 0, &resume), SK_BAD_ARG);
	caller.badge = SK_BADGE(THREAD_FAULT_INTERFACE, fault_client(MONITOR, 5, 0));
	assert_int_equal(thread_fault_serve_fault(&caller, 1, 0, 0, 0, 0, 0, &resume), SK_BAD_STATE);
}

static void who_ends_with_code_0_is_done(void **state)
{
	struct sk_caller caller = { .badge = first_thread(server(MONITOR))->fault_badge };
	uint32_t crashes = crash_count();
	bool resume;

	(void)state;
	first_thread(server(MONITOR))->registers[SK_EXIT_REGISTER_CODE] = 0;
	assert_int_equal(thread_fault_serve_fault(&caller, 6, SK_EXIT_SYNDROME, 0, 0, 0, 0, &resume), SK_DEFERRED);
	assert_int_equal(server(MONITOR)->state, SK_SERVER_STATE_EXITED);
	assert_int_equal(crash_count(), crashes);
	assert_int_equal(lifecycle_kill(server(MONITOR), SK_CRASH_REASON_KILLED), SK_BAD_STATE);
	assert_int_equal(lifecycle_restart(server(MONITOR)), SK_OK);
	first_thread(server(MONITOR))->registers[SK_EXIT_REGISTER_CODE] = 3;
	assert_int_equal(thread_fault_serve_fault(&caller, 6, SK_EXIT_SYNDROME, 0, 0, 0, 0, &resume), SK_DEFERRED);
	assert_int_equal(crash_find(crash_count())->code, 3);
}

static void the_vm_starts_in_two_steps(void **state)
{
	struct vm *vm = &system_state.vms[0];

	(void)state;
	errand_ends(VMM_TAG_LOAD, SK_OK);
	assert_int_equal(vm->state, SK_VM_STATE_LOADING);
	errand_ends(VMM_TAG_START, SK_OK);
	assert_int_equal(vm->state, SK_VM_STATE_RUNNING);
	assert_int_equal(vm->boots, 1);
}

static void orders_need_the_right_state_and_are_answered(void **state)
{
	struct sk_caller caller = { .badge = SK_BADGE(OPERATOR_INTERFACE, MONITOR), .token = 77 };
	uint32_t replies = fake.replies;

	(void)state;
	assert_int_equal(operator_serve_vm_start(&caller, 0), OPERATOR_ERROR_WRONG_STATE);
	assert_int_equal(operator_serve_vm_resume(&caller, 0), OPERATOR_ERROR_WRONG_STATE);
	assert_int_equal(operator_serve_vm_pause(&caller, 9), OPERATOR_ERROR_NO_SUCH_VM);
	assert_int_equal(operator_serve_vm_pause(&caller, 0), SK_DEFERRED);
	assert_int_equal(fake.replies, replies);
	errand_ends(VMM_TAG_PAUSE, SK_OK);
	assert_int_equal(fake.replies, replies + 1);
	assert_int_equal(fake.reply_tag, SK_OK);
	assert_int_equal(system_state.vms[0].state, SK_VM_STATE_PAUSED);
	assert_int_equal(operator_serve_vm_resume(&caller, 0), SK_DEFERRED);
	errand_ends(VMM_TAG_RESUME, VMM_ERROR_VCPU_FAILED);
	assert_int_equal(fake.reply_tag, OPERATOR_ERROR_FAILED);
	assert_int_equal(system_state.vms[0].state, SK_VM_STATE_PAUSED);
	assert_int_equal(operator_serve_vm_resume(&caller, 0), SK_DEFERRED);
	errand_ends(VMM_TAG_RESUME, SK_OK);
	assert_int_equal(system_state.vms[0].state, SK_VM_STATE_RUNNING);
}

static void a_silent_server_misses_its_heartbeat(void **state)
{
	struct server *uart = server(UART);
	enum sk_crash_reason reason;

	(void)state;
	assert_true(heartbeat_due(uart, &reason));
	errand_ends(HEARTBEAT_TAG_PING, SK_OK);
	assert_true(heartbeat_due(uart, &reason));
	assert_false(heartbeat_due(uart, &reason));
	assert_int_equal(reason, SK_CRASH_REASON_HEARTBEAT);
	errand_ends(HEARTBEAT_TAG_PING, SK_OK);
	assert_true(heartbeat_due(uart, &reason));
	errand_ends(HEARTBEAT_TAG_PING, SK_SERVER_DIED);
}

static void the_end_of_the_first_vm_is_the_end(void **state)
{
	struct sk_caller caller = { .badge = SK_BADGE(VM_EVENTS_INTERFACE, 0) };

	(void)state;
	assert_int_equal(vm_events_serve_off(&caller), SK_OK);
	assert_int_equal(system_state.vms[0].state, SK_VM_STATE_STOPPED);
	assert_int_equal(vm_events_serve_off(&caller), VM_EVENTS_ERROR_WRONG_STATE);
	assert_int_equal(fake.power_offs, 0); /* the console flushes first */
	errand_ends(CONSOLE_TAG_FLUSH, SK_OK);
	assert_int_equal(fake.power_offs, 1);
	caller.badge = SK_BADGE(VM_EVENTS_INTERFACE, 8);
	assert_int_equal(vm_events_serve_off(&caller), VM_EVENTS_ERROR_WRONG_STATE);
}

static uint64_t free_bytes(void)
{
	struct ram_totals totals;

	ram_totals(&totals);
	return totals.free_bytes;
}

static void a_vm_can_be_taken_down_and_made_again(void **state)
{
	struct vm *vm = &system_state.vms[0];
	struct sk_caller caller = { .badge = SK_BADGE(OPERATOR_INTERFACE, MONITOR), .token = 5 };
	uint64_t free_before = free_bytes();
	uint32_t slots = fake_slots_used();
	uint32_t caps = server(VMM)->start->cap_count;
	uint32_t regions = server(VMM)->start->region_count;
	uint32_t instance = server(DRIVER)->instance;
	uint32_t guest = cap_named(server(DRIVER), "dma:uart0:0")->slot;
	volatile uint32_t *stop = server(DRIVER)->stops[0];

	(void)state;
	*stop = 0;
	assert_int_equal(operator_serve_vm_create(&caller, 0), OPERATOR_ERROR_WRONG_STATE);
	assert_int_equal(operator_serve_vm_destroy(&caller, 0), SK_OK);
	assert_int_equal(vm->state, SK_VM_STATE_DESTROYED);
	assert_int_equal(server(VMM)->state, SK_SERVER_STATE_STOPPED);
	assert_int_equal(operator_serve_vm_start(&caller, 0), OPERATOR_ERROR_WRONG_STATE);
	assert_true(free_bytes() >= free_before + vm->config->memory[0].bytes);
	assert_null(cap_named(server(VMM), "vm"));
	assert_null(cap_named(server(UART), "virq"));
	/* Its memory is no longer where a device could reach it. */
	assert_int_equal(*stop, 0xdead);
	assert_int_equal(server(DRIVER)->instance, instance + 2); /* for each of the two devices */
	assert_int_equal(server(DRIVER)->state, SK_SERVER_STATE_RUNNING);
	assert_null(fake_in(fake_at(server(DRIVER)->space), guest));
	assert_non_null(cap_named(server(UART), "console"));
	for (uint32_t round = 0; round < 20; round++) {
		/* Memory for tables comes back too, and what the kernel knows it by. */
		fake.vm_short_of = round % 2 != 0 ? 2 : 0;
		free_before -= round % 2 != 0 ? 2 * 8 * SK_PAGE_BYTES : 0;
		slots += round % 2 != 0 ? 2 : 0;
		assert_int_equal(operator_serve_vm_create(&caller, 0), SK_OK);
		assert_int_equal(free_bytes(), free_before);
		assert_int_equal(fake_slots_used(), slots);
		assert_int_equal(server(VMM)->state, SK_SERVER_STATE_RUNNING);
		assert_int_equal(server(VMM)->start->cap_count, caps);
		assert_int_equal(server(VMM)->start->region_count, regions);
		assert_int_equal(operator_serve_vm_destroy(&caller, 0), SK_OK);
		free_before += round % 2 != 0 ? 2 * 8 * SK_PAGE_BYTES : 0;
		slots -= round % 2 != 0 ? 2 : 0;
	}
	fake.vm_short_of = 0;
	assert_int_equal(operator_serve_vm_create(&caller, 0), SK_OK);
	assert_ptr_equal(fake_in(fake_at(server(DRIVER)->space), guest), fake_at(vm->memory[0]));
	assert_int_equal(operator_serve_vm_start(&caller, 0), SK_DEFERRED);
	errand_ends(VMM_TAG_LOAD, SK_OK);
	errand_ends(VMM_TAG_START, SK_OK);
	assert_int_equal(vm->state, SK_VM_STATE_RUNNING);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_that_can_run_runs),
		cmocka_unit_test(the_first_plans_hold_the_supervisor_and_the_scheduler),
		cmocka_unit_test(processes_see_what_they_were_given),
		cmocka_unit_test(streams_and_logs_reach_the_console),
		cmocka_unit_test(nobody_gets_more_than_the_manifest_grants),
		cmocka_unit_test(the_vm_is_wired),
		cmocka_unit_test(the_scheduler_has_everything_in_its_tables),
		cmocka_unit_test(a_driver_knows_where_memory_lies_and_maps_none_of_the_vm),
		cmocka_unit_test(a_bounce_pool_is_all_that_some_devices_see),
		cmocka_unit_test(a_driver_that_dies_takes_its_hardware_along),
		cmocka_unit_test(a_function_of_pci_is_stopped_in_its_configuration),
		cmocka_unit_test(a_crash_leaves_evidence_and_a_new_instance),
		cmocka_unit_test(too_many_crashes_are_the_end),
		cmocka_unit_test(a_backoff_waits_for_its_alarm),
		cmocka_unit_test(a_fault_call_finds_its_server),
		cmocka_unit_test(who_ends_with_code_0_is_done),
		cmocka_unit_test(the_vm_starts_in_two_steps),
		cmocka_unit_test(orders_need_the_right_state_and_are_answered),
		cmocka_unit_test(a_silent_server_misses_its_heartbeat),
		cmocka_unit_test(the_end_of_the_first_vm_is_the_end),
		cmocka_unit_test(a_vm_can_be_taken_down_and_made_again),
	};

	manifest_file = argc > 1 ? argv[1] : "system.dtb";
	return cmocka_run_group_tests(tests, boot, NULL);
}
