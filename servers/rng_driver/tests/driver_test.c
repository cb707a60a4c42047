/* The driver between a model of an entropy device and its callers: who waits and who does not, hardware that lies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/virtio_config.h>

#include <sk/idl/entropy.h>

#include "machine.h"
#include "model.h"

#define BUFFERS 8u

static int set_up(void **unused)
{
	(void)unused;
	machine_init();
	return 0;
}

static void expect_bytes(uint32_t number, uint32_t bytes)
{
	assert_true(machine->draws[number].answered);
	assert_int_equal(machine->draws[number].status, SK_OK);
	assert_int_equal(machine->draws[number].bytes, bytes);
}

static void test_has_some_ready(void **unused)
{
	(void)unused;
	machine_start();
	assert_int_equal(model.notifies, 1);
	assert_int_equal(machine_work(UINT32_MAX), BUFFERS);
	assert_true(model.interrupts <= 1); /* nobody waits: one at most, for the first */
	for (uint32_t i = 0; i < 16; i++) {
		machine_draw(i, i % 2 == 0);
		expect_bytes(i, 32);
	}
	machine_draw(16, false);
	expect_bytes(16, 0);
	assert_int_equal(machine_work(UINT32_MAX), BUFFERS); /* the empty ones went back */
	machine_draw(17, false);
	expect_bytes(17, 32);
	machine_check();
}

static void test_waits_for_the_hardware(void **unused)
{
	(void)unused;
	machine_start();
	machine_draw(0, true);
	machine_draw(1, true);
	machine_draw(2, true);
	assert_false(machine->draws[0].answered);
	machine_draw(3, false); /* not before those who wait */
	expect_bytes(3, 0);
	assert_int_equal(machine_work(1), 1);
	assert_int_equal(model.interrupts, 1);
	expect_bytes(0, 32);
	expect_bytes(1, 32);
	assert_false(machine->draws[2].answered);
	assert_int_equal(machine_work(1), 1);
	expect_bytes(2, 32);
	assert_int_equal(model.interrupts, 2);
	assert_int_equal(machine_work(1), 1);
	assert_int_equal(model.interrupts, 2);
	machine_check();
}

/* A buffer may come back with fewer bytes than it has room for: one draw then takes from several. */
static void test_buffers_that_are_not_full(void **unused)
{
	(void)unused;
	machine_fill = 24;
	machine_start();
	machine_draw(0, true);
	assert_int_equal(machine_work(1), 1);
	assert_false(machine->draws[0].answered);
	assert_int_equal(machine_work(1), 1);
	expect_bytes(0, 32);
	machine_draw(1, false);
	expect_bytes(1, 16);
	machine_check();
}

static void test_more_wait_than_there_is_room(void **unused)
{
	struct machine_draw *draw = &machine->draws[0];

	(void)unused;
	machine_start();
	for (uint32_t i = 0; i < 64; i++) {
		machine_draw(0, true);
		assert_false(draw->answered);
	}
	machine_draw(0, true);
	assert_true(draw->answered);
	assert_int_equal(draw->status, ENTROPY_ERROR_BUSY);
}

static void test_no_hardware(void **unused)
{
	(void)unused;
	machine_absent = true;
	machine_start();
	machine_draw(0, true);
	machine_draw(1, false);
	assert_int_equal(machine->draws[0].status, ENTROPY_ERROR_NO_SOURCE);
	assert_int_equal(machine->draws[1].status, ENTROPY_ERROR_NO_SOURCE);
	machine_absent = false;
	machine_queue = 4;
	machine_start();
	machine_draw(2, true);
	assert_int_equal(machine->draws[2].status, ENTROPY_ERROR_NO_SOURCE);
	assert_int_equal(model.status, 0);
}

static void expect_death(uint32_t fill)
{
	machine_init();
	machine_fill = fill;
	machine_start();
	machine_draw(0, true);
	expect_string(sk_exit, why, "the entropy source says that it did what it was not asked to do");
	(void)machine_work(1);
	assert_false(machine->draws[0].answered);
}

static void test_hardware_that_lies(void **unused)
{
	(void)unused;
	expect_death(0);
	expect_death(65);
	expect_death(UINT32_MAX);
}

static void test_hardware_that_breaks(void **unused)
{
	(void)unused;
	machine_start();
	machine_draw(0, true);
	model.status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	expect_string(sk_exit, why, "the entropy source needs a reset");
	(void)machine_work(1);
	machine_start();
	machine_draw(0, true);
	assert_int_equal(machine_work(1), 1);
	expect_bytes(0, 32);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_has_some_ready, set_up),
		cmocka_unit_test_setup(test_waits_for_the_hardware, set_up),
		cmocka_unit_test_setup(test_buffers_that_are_not_full, set_up),
		cmocka_unit_test_setup(test_more_wait_than_there_is_room, set_up),
		cmocka_unit_test_setup(test_no_hardware, set_up),
		cmocka_unit_test_setup(test_hardware_that_lies, set_up),
		cmocka_unit_test_setup(test_hardware_that_breaks, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
