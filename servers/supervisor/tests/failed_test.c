/* Devices whose servers are not restarted any more, on the fake kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sk/idl/fallback_persistent.h>
#include <sk/idl/supervisor_server.h>
#include <sk/idl/vm_exit.h>

#include "../../fallback/contract.h"
#include "../boot.h"
#include "../crash.h"
#include "../errand.h"
#include "../lifecycle.h"
#include "../vm.h"
#include "fake_kernel.h"
#include "test_archive.h"

enum { UART = 4, DRIVER = 6, FALLBACK, ENTROPY };

#define UART_BASE 0x09000000u
#define ENTROPY_BASE 0x0a000200u

static const char *manifest_file;

/* One boot for all tests: each goes on from where the last one left the system. */
static int boot(void **state)
{
	(void)state;
	test_boot(manifest_file);
	boot_system();
	return 0;
}

static struct server *server(uint32_t index)
{
	return &system_state.servers[index];
}

static const struct fake_object *line_of(uint32_t device)
{
	return fake_at(system_state.vms[0].virqs[device]);
}

static void assert_routed(uint64_t address, uint32_t to, uint32_t client)
{
	const struct fake_route *route = fake_routed(fake_at(system_state.vms[0].space), address);

	assert_non_null(route);
	assert_ptr_equal(&fake.objects[route->endpoint], fake_at(server(to)->endpoint));
	assert_int_equal(route->badge, SK_BADGE(VM_EXIT_INTERFACE, client));
}

static uint32_t word_of(uint32_t device)
{
	return fallback_state_fields(server(FALLBACK)->view + server(FALLBACK)->layout.persistent.offset)
		->devices[device];
}

/* Device 1 of VM 0, in the fallback's hands; its line is up, and nothing of its requests is in hardware. */
static void assert_marked(void)
{
	const struct fake_object *space = fake_at(server(FALLBACK)->space);

	assert_int_equal(server(ENTROPY)->state, SK_SERVER_STATE_FAILED);
	assert_int_equal(fake_at(server(ENTROPY)->endpoint)->abandoned, 1);
	assert_routed(ENTROPY_BASE, FALLBACK, 1);
	assert_true(line_of(1)->level);
	assert_int_equal(word_of(1), FALLBACK_FAILED);
	assert_ptr_equal(fake_in(space, FALLBACK_LINE_SLOT + 1), line_of(1));
	assert_int_equal(space->space->slots[FALLBACK_LINE_SLOT + 1].rights, SK_RIGHT_CALL);
}

/* The device's own, whose last instance answers: nothing was taken from it, and nothing forgotten. */
static void assert_answers(uint32_t instance)
{
	assert_int_equal(server(ENTROPY)->state, SK_SERVER_STATE_FAILED);
	assert_true(lifecycle_runs(server(ENTROPY)));
	assert_true(fake_at(server(ENTROPY)->workers[0].thread)->started);
	assert_int_equal(server(ENTROPY)->start->flags, SK_START_LAST);
	assert_int_equal(server(ENTROPY)->start->instance, instance);
	assert_routed(ENTROPY_BASE, ENTROPY, 0);
	assert_int_equal(word_of(1), 0);
}

static void crash(uint32_t index)
{
	struct crash_cause cause = { .reason = SK_CRASH_REASON_MEMORY };

	lifecycle_crashed(server(index), &cause);
}

static void assert_not_marked(void)
{
	assert_int_equal(server(ENTROPY)->start->flags, 0);
	assert_routed(ENTROPY_BASE, ENTROPY, 0);
	assert_false(line_of(1)->level);
	assert_int_equal(word_of(1), 0);
	assert_null(fake_in(fake_at(server(FALLBACK)->space), FALLBACK_LINE_SLOT + 1));
}

static uint8_t *persistent(void)
{
	return server(ENTROPY)->view + server(ENTROPY)->layout.persistent.offset;
}

static volatile uint32_t *stop_register(void)
{
	return server(DRIVER)->stops[0];
}

/* It knows what the guest waits for; what it has in hardware ends as always. */
static void a_virtio_device_is_answered_for_by_its_last_instance(void **state)
{
	uint32_t abandoned = fake_at(server(ENTROPY)->endpoint)->abandoned;
	uint32_t slots = fake_slots_used();

	(void)state;
	*stop_register() = 0;
	persistent()[0] = 7;
	assert_not_marked();
	crash(ENTROPY);
	assert_answers(1);
	assert_int_equal(fake_at(server(ENTROPY)->endpoint)->abandoned, abandoned);
	assert_int_equal(*stop_register(), 0);
	assert_int_equal(persistent()[0], 7);
	/* The operator's new instance is a new device's. */
	assert_int_equal(lifecycle_restart(server(ENTROPY)), SK_OK);
	assert_int_equal(server(ENTROPY)->state, SK_SERVER_STATE_RUNNING);
	assert_int_equal(persistent()[0], 0);
	assert_int_equal(*stop_register(), 0xdead);
	assert_not_marked();
	assert_int_equal(fake_slots_used(), slots);
}

static void a_virtio_device_without_a_server_needs_a_reset(void **state)
{
	uint32_t slots = fake_slots_used();

	(void)state;
	persistent()[0] = 7;
	crash(ENTROPY);
	*stop_register() = 0;
	assert_int_equal(lifecycle_kill(server(ENTROPY), SK_CRASH_REASON_KILLED), SK_OK);
	assert_marked();
	assert_false(lifecycle_runs(server(ENTROPY)));
	assert_int_equal(lifecycle_kill(server(ENTROPY), SK_CRASH_REASON_KILLED), SK_BAD_STATE);
	assert_int_equal(*stop_register(), 0xdead);
	assert_int_equal(server(DRIVER)->state, SK_SERVER_STATE_RUNNING);
	/* The operator's new instance is a new device's. */
	assert_int_equal(persistent()[0], 0);
	assert_int_equal(lifecycle_restart(server(ENTROPY)), SK_OK);
	assert_int_equal(server(ENTROPY)->state, SK_SERVER_STATE_RUNNING);
	assert_not_marked();
	assert_int_equal(fake_slots_used(), slots);
}

/* Who only waits for its signals would wait for ever. */
static void those_who_use_it_are_told(void **state)
{
	struct fake_object *user = fake_at(server(ENTROPY)->notifications[0]);
	struct fake_object *other = fake_at(server(UART)->notifications[0]);

	(void)state;
	user->bits = 0;
	other->bits = 0;
	lifecycle_stop(server(DRIVER));
	assert_int_equal(user->bits, SK_SIGNAL_LOST);
	assert_int_equal(other->bits, 0);
	assert_int_equal(lifecycle_restart(server(DRIVER)), SK_OK);
}

/*
 * A device that nobody serves can't end what it has in hardware before the guest's memory is the next one's; and a
 * server that comes back after that has nothing of the guest that was.
 */
static void a_reset_ends_what_a_dead_server_has_in_hardware(void **state)
{
	struct vm *vm = &system_state.vms[0];

	(void)state;
	assert_int_equal(lifecycle_restart(server(UART)), SK_OK);
	lifecycle_stop(server(ENTROPY));
	persistent()[0] = 7;
	*stop_register() = 0;
	vm->state = SK_VM_STATE_RUNNING;
	assert_int_equal(vm_order(vm, VM_RESET, 0), SK_OK);
	assert_int_equal(*stop_register(), 0xdead);
	assert_int_equal(persistent()[0], 0);
	assert_int_equal(server(DRIVER)->state, SK_SERVER_STATE_RUNNING);
	/* One that lives does it itself. */
	assert_int_equal(lifecycle_restart(server(ENTROPY)), SK_OK);
	persistent()[0] = 7;
	*stop_register() = 0;
	vm->state = SK_VM_STATE_RUNNING;
	assert_int_equal(vm_order(vm, VM_RESET, 0), SK_OK);
	assert_int_equal(*stop_register(), 0);
	assert_int_equal(persistent()[0], 7);
	vm->state = SK_VM_STATE_RUNNING;
}

/* Nobody would acknowledge an interrupt. */
static void without_a_fallback_it_reads_as_zero(void **state)
{
	(void)state;
	crash(ENTROPY);
	crash(ENTROPY);
	assert_marked();
	for (uint32_t i = 0; i <= 10; i++) {
		crash(FALLBACK);
	}
	assert_int_equal(server(FALLBACK)->state, SK_SERVER_STATE_FAILED);
	assert_false(line_of(1)->level);
	assert_int_equal(lifecycle_restart(server(ENTROPY)), SK_OK);
	crash(ENTROPY);
	crash(ENTROPY);
	assert_routed(ENTROPY_BASE, ENTROPY, 0);
	assert_false(line_of(1)->level);
	assert_int_equal(lifecycle_restart(server(FALLBACK)), SK_OK);
	assert_int_equal(lifecycle_restart(server(ENTROPY)), SK_OK);
	assert_not_marked();
}

/* What it reads as is the kernel's answer; and nobody would ever lower its line. */
static void another_kind_of_device_is_silent(void **state)
{
	(void)state;
	fake_at(system_state.vms[0].virqs[0])->level = true;
	crash(UART);
	assert_true(line_of(0)->level);
	crash(UART);
	assert_int_equal(server(UART)->state, SK_SERVER_STATE_FAILED);
	assert_int_equal(fake_at(server(UART)->endpoint)->abandoned, 1);
	assert_false(line_of(0)->level);
	assert_routed(UART_BASE, UART, 0);
}

static void it_ends_with_its_vm(void **state)
{
	struct sk_caller caller = { .badge = SK_BADGE(OPERATOR_INTERFACE, 2), .token = 5 };

	(void)state;
	crash(ENTROPY);
	crash(ENTROPY);
	assert_marked();
	vm_is_failed(&system_state.vms[0], "by the test");
	assert_int_equal(operator_serve_vm_destroy(&caller, 0), SK_OK);
	assert_int_equal(word_of(1), 0);
	assert_null(fake_in(fake_at(server(FALLBACK)->space), FALLBACK_LINE_SLOT + 1));
	assert_int_equal(operator_serve_vm_create(&caller, 0), SK_OK);
	assert_int_equal(server(ENTROPY)->state, SK_SERVER_STATE_RUNNING);
	assert_not_marked();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_virtio_device_is_answered_for_by_its_last_instance),
		cmocka_unit_test(a_virtio_device_without_a_server_needs_a_reset),
		cmocka_unit_test(without_a_fallback_it_reads_as_zero),
		cmocka_unit_test(another_kind_of_device_is_silent),
		cmocka_unit_test(those_who_use_it_are_told),
		cmocka_unit_test(a_reset_ends_what_a_dead_server_has_in_hardware),
		cmocka_unit_test(it_ends_with_its_vm),
	};

	assert_int_equal(argc, 2);
	manifest_file = argv[1];
	return cmocka_run_group_tests(tests, boot, NULL);
}
