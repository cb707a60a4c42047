/*
 * The driver is killed at every store that anybody else could see, and so is the instance after it: each call is answered
 * in the end, with bytes that the hardware made and that nobody was given before.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "crash.h"
#include "machine.h"

#define DRAWS 12u

/* An instance's life: what is not answered yet is delivered to it. Every third call does not wait. */
static void life(void *unused)
{
	(void)unused;
	machine_start();
	for (uint32_t i = 0; i < DRAWS; i++) {
		if (!machine->draws[i].answered) {
			machine_draw(i, i % 3 != 2);
		}
		if (i % 2 == 1) {
			(void)machine_work(1);
		}
	}
	while (machine_work(1) != 0) {
	}
}

static void expect_end(void)
{
	machine_check();
	for (uint32_t i = 0; i < DRAWS; i++) {
		assert_true(machine->draws[i].answered);
		assert_true(machine->draws[i].bytes == 32 || i % 3 == 2);
	}
}

static void crash_at_each_store(struct crash *crash)
{
	*crash = (struct crash){ .shared = (uint8_t *)machine, .bytes = sizeof(*machine) };
	crash_record(crash, life, NULL);
	assert_true(crash->count > 2 * DRAWS);
}

static void go_on_from(const struct crash *crash, uint32_t index)
{
	crash_restore(crash, index);
	/* A call whose answer was not out yet is one that has none. */
	for (uint32_t i = 0; i < DRAWS; i++) {
		if (!machine->draws[i].answered) {
			memset(&machine->draws[i], 0, sizeof(machine->draws[i]));
		}
	}
}

static void test_a_kill_at_every_store(void **unused)
{
	struct crash crash;

	(void)unused;
	machine_init();
	crash_at_each_store(&crash);
	for (uint32_t i = 0; i < crash.count; i++) {
		go_on_from(&crash, i);
		life(NULL);
		expect_end();
	}
	crash_forget(&crash);
}

static void test_kills_after_kills(void **unused)
{
	struct crash first;
	struct crash second;

	(void)unused;
	machine_init();
	crash_at_each_store(&first);
	for (uint32_t i = 0; i < first.count; i += 101) {
		go_on_from(&first, i);
		second = (struct crash){ .shared = (uint8_t *)machine, .bytes = sizeof(*machine) };
		crash_record(&second, life, NULL);
		for (uint32_t j = 0; j < second.count; j++) {
			go_on_from(&second, j);
			life(NULL);
			expect_end();
		}
		crash_forget(&second);
	}
	crash_forget(&first);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_kill_at_every_store),
		cmocka_unit_test(test_kills_after_kills),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
