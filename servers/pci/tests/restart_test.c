/*
 * The server is killed at every store to a configuration space, and so is the instance after it. At any of these moments a
 * function answers only where it belongs, and a driver that goes on where it was finds what it was told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../function.h"
#include "bus.h"
#include "crash.h"

#define BASE(number) (0x10000000ull + 0x4000 * (number))
#define SPARE(number) (0x3efe0000ull - 0x10000 * (number))

static struct function function_of(uint32_t number)
{
	return (struct function){
		.config = bus_config(number),
		.registers = { BASE(number), 0x4000 },
		.spare = { SPARE(number), 0x10000 },
	};
}

static void open_one(uint32_t number)
{
	struct function function = function_of(number);
	struct pci_virtio_place place;

	assert_int_equal(function_open(&function, &place), FUNCTION_READY);
	assert_int_equal(place.notify, 0x3000);
}

static void start_one(uint32_t number)
{
	struct function function = function_of(number);

	open_one(number);
	assert_true(function_master(&function));
}

/* Two drivers start; a third function is at work all the time. */
static void instance(void *unused)
{
	(void)unused;
	start_one(1);
	start_one(2);
}

static void prepare(void)
{
	bus_init();
	for (uint32_t i = 1; i < BUS_FUNCTIONS; i++) {
		bus_add_virtio(i, 2);
	}
	start_one(3);
}

static void expect_at_home(uint32_t number)
{
	if ((bus_command(number) & PCI_COMMAND_MEMORY) != 0) {
		assert_int_equal(bus_bar(number, 4), BASE(number));
		assert_int_equal(bus_bar(number, 1), SPARE(number));
	} else {
		assert_int_equal(bus_command(number) & PCI_COMMAND_MASTER, 0);
	}
}

static void expect_all_at_home(void)
{
	for (uint32_t i = 1; i < BUS_FUNCTIONS; i++) {
		expect_at_home(i);
	}
	assert_int_equal(bus_command(3), PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

/* The supervisor stops a driver's function at any moment. */
static void stop_one(uint32_t number)
{
	bus_set(number, PCI_COMMAND, 4, (uint32_t)PCI_STATUS_CAP_LIST << 16);
}

static void go_on_from(const struct crash *crash, uint32_t index, bool stopped)
{
	crash_restore(crash, index);
	expect_all_at_home();
	if (stopped) {
		stop_one(1);
	}
	instance(NULL);
	expect_all_at_home();
	assert_int_equal(bus_command(1), PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	assert_int_equal(bus_command(2), PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

static void record(struct crash *crash)
{
	*crash = (struct crash){ .shared = (uint8_t *)bus, .bytes = sizeof(*bus) };
	crash_record(crash, instance, NULL);
	assert_true(crash->count > 10);
}

static void test_kills(void **unused)
{
	struct crash first;
	struct crash second;

	(void)unused;
	prepare();
	record(&first);
	for (uint32_t i = 0; i < first.count; i++) {
		go_on_from(&first, i, false);
		go_on_from(&first, i, true);
	}
	for (uint32_t i = 0; i + 5 < first.count; i += 5) {
		crash_restore(&first, i);
		second = (struct crash){ .shared = (uint8_t *)bus, .bytes = sizeof(*bus) };
		crash_record(&second, instance, NULL);
		for (uint32_t j = 0; j < second.count; j++) {
			go_on_from(&second, j, j % 2 != 0);
		}
		crash_forget(&second);
	}
	crash_forget(&first);
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(test_kills) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
