/* Functions are placed where they belong, answer only there, and access memory only when they were allowed to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <linux/virtio_pci.h>

#include "../function.h"
#include "bus.h"

#define BASE 0x10000000ull
#define SPARE 0x3efe0000ull

static struct function function;
static struct pci_virtio_place place;

static int set_up(void **unused)
{
	(void)unused;
	bus_init();
	bus_add_virtio(1, 2);
	function = (struct function){
		.config = bus_config(1),
		.registers = { BASE, 0x4000 },
		.spare = { SPARE, 0x10000 },
	};
	return 0;
}

static void test_placed(void **unused)
{
	(void)unused;
	assert_false(function_master(&function));
	assert_int_equal(bus_command(1), 0);
	assert_int_equal(function_open(&function, &place), FUNCTION_READY);
	assert_int_equal(place.notify, 0x3000);
	assert_int_equal(bus_bar(1, 4), BASE);
	assert_int_equal(bus_bar(1, 1), SPARE);
	assert_int_equal(bus_command(1), PCI_COMMAND_MEMORY);
	assert_true(function_master(&function));
	assert_int_equal(bus_command(1), PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

/* A driver that comes again, whether or not the supervisor has stopped its device: no access to memory until it says. */
static void test_opened_again(void **unused)
{
	(void)unused;
	assert_int_equal(function_open(&function, &place), FUNCTION_READY);
	assert_true(function_master(&function));
	assert_int_equal(function_open(&function, &place), FUNCTION_READY);
	assert_int_equal(bus_command(1), PCI_COMMAND_MEMORY);
	assert_true(function_master(&function));
	bus_set(1, PCI_COMMAND, 2, 0);
	assert_false(function_master(&function));
	assert_int_equal(function_open(&function, &place), FUNCTION_READY);
	assert_int_equal(bus_command(1), PCI_COMMAND_MEMORY);
	assert_int_equal(bus_bar(1, 4), BASE);
}

/* What a firmware left. */
static void test_placed_elsewhere(void **unused)
{
	(void)unused;
	bus_set(1, PCI_BASE_ADDRESS_4, 4, 0x2000000cu);
	bus_set(1, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	assert_int_equal(function_open(&function, &place), FUNCTION_READY);
	assert_int_equal(bus_bar(1, 4), BASE);
	assert_int_equal(bus_command(1), PCI_COMMAND_MEMORY);
}

static void test_above_4_gib(void **unused)
{
	(void)unused;
	function.registers.base = 0x8000000000ull;
	assert_int_equal(function_open(&function, &place), FUNCTION_READY);
	assert_int_equal(bus_bar(1, 4), 0x8000000000ull);
}

static void expect(enum function_state state)
{
	assert_int_equal(function_open(&function, &place), state);
	assert_int_equal(bus_command(1) & PCI_COMMAND_MEMORY, 0);
	assert_false(function_master(&function));
}

static void test_nothing_there(void **unused)
{
	(void)unused;
	function.config = bus_config(0);
	expect(FUNCTION_ABSENT);
}

static void test_foreign(void **unused)
{
	static const struct {
		uint32_t offset, bytes, value;
	} wrong[] = {
		{ PCI_VENDOR_ID, 2, 0x8086 }, { PCI_DEVICE_ID, 2, 0x103f }, { PCI_DEVICE_ID, 2, 0x1080 },
		{ PCI_HEADER_TYPE, 1, 1 },    { PCI_STATUS, 2, 0 },
	};

	for (uint32_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		(void)set_up(unused);
		bus_set(1, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
		bus_set(1, wrong[i].offset, wrong[i].bytes, wrong[i].value);
		expect(FUNCTION_FOREIGN);
	}
}

static void test_another_size(void **unused)
{
	(void)unused;
	bus_set_bar(1, 4, 0x8000, true);
	expect(FUNCTION_MISPLACED);
	bus_set_bar(1, 4, 0x2000, true);
	expect(FUNCTION_MISPLACED);
	bus->bar_mask[1][4] = 0xffffd000u; /* no power of two */
	expect(FUNCTION_MISPLACED);
	bus->bar_mask[1][4] = 0; /* it has none */
	bus->bar_mask[1][5] = 0;
	expect(FUNCTION_MISPLACED);
	bus_set(1, PCI_BASE_ADDRESS_4, 4, PCI_BASE_ADDRESS_SPACE_IO);
	expect(FUNCTION_MISPLACED);
}

static void test_other_bars(void **unused)
{
	(void)unused;
	bus_set_bar(1, 0, 0x1000, false);
	bus_set_bar(1, 2, 0x8000, true);
	assert_int_equal(function_open(&function, &place), FUNCTION_READY);
	assert_int_equal(bus_bar(1, 0), SPARE);
	assert_int_equal(bus_bar(1, 1), SPARE + 0x1000);
	assert_int_equal(bus_bar(1, 2), SPARE + 0x8000);
	bus_set(1, PCI_COMMAND, 2, 0);
	bus_set_bar(1, 0, 0x10000, false); /* then there is no room for the next */
	expect(FUNCTION_MISPLACED);
	bus_set_bar(1, 0, 0x20000, false);
	expect(FUNCTION_MISPLACED);
	bus_set(1, PCI_BASE_ADDRESS_0, 4, PCI_BASE_ADDRESS_SPACE_IO); /* such ones stay at nothing, and are off */
	assert_int_equal(function_open(&function, &place), FUNCTION_READY);
}

/* The parts are said to be in the upper half of the one before: not a BAR. */
static void test_half_a_bar(void **unused)
{
	(void)unused;
	for (uint32_t at = PCI_STD_HEADER_SIZEOF; at < 0xb0; at += 20) {
		bus_set(1, at + VIRTIO_PCI_CAP_BAR, 1, 5);
	}
	expect(FUNCTION_MISPLACED);
}

static void test_quiet(void **unused)
{
	(void)unused;
	assert_true(function_quiet(bus_config(1)));
	assert_int_equal(bus_command(1), PCI_COMMAND_INTX_DISABLE);
	assert_false(function_quiet(bus_config(1)));
	bus_set(1, PCI_COMMAND, 2, PCI_COMMAND_IO | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE);
	assert_true(function_quiet(bus_config(1)));
	assert_int_equal(bus_command(1), PCI_COMMAND_INTX_DISABLE);
	assert_false(function_quiet(bus_config(0)));
	bus_set(1, PCI_CLASS_DEVICE, 2, CONFIG_HOST_BRIDGE);
	bus_set(1, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
	assert_false(function_quiet(bus_config(1)));
	assert_int_equal(bus_command(1), PCI_COMMAND_MASTER);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_placed, set_up),
		cmocka_unit_test_setup(test_opened_again, set_up),
		cmocka_unit_test_setup(test_placed_elsewhere, set_up),
		cmocka_unit_test_setup(test_above_4_gib, set_up),
		cmocka_unit_test_setup(test_nothing_there, set_up),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test_setup(test_another_size, set_up),
		cmocka_unit_test_setup(test_other_bars, set_up),
		cmocka_unit_test_setup(test_half_a_bar, set_up),
		cmocka_unit_test_setup(test_quiet, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
