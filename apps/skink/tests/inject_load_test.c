/* What of a load's lines is wrong, how often that is said, and who stopped them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "inject/record.h"
#include "run/demux.h"

static uint32_t wrongs;

static void report(void *context, enum load_news news, const char *text)
{
	(void)context;
	(void)text;
	wrongs += news == LOAD_WRONG ? 1u : 0u;
}

/* How often lines with these times on the clock are wrong. */
static uint32_t wrong_of(const uint64_t *times, uint32_t count)
{
	struct load load;
	uint64_t sum = 1;
	char line[100];
	wrongs = 0;
	load_begin(&load, report, NULL);
	load_take(&load, (const uint8_t *)"load begins\n", 12);
	for (uint32_t i = 1; i <= count; i++) {
		sum = (sum * 31 + i) % 1000003;
		snprintf(line, sizeof(line), "load %u %llu clock %llu\n", (unsigned)i, (unsigned long long)sum,
			 (unsigned long long)times[i - 1]);
		load_take(&load, (const uint8_t *)line, strlen(line));
	}
	return wrongs;
}

#define WRONG(...) \
	wrong_of((const uint64_t[]) { __VA_ARGS__ }, sizeof((const uint64_t[]) { __VA_ARGS__ }) / sizeof(uint64_t))

/* A clock that was damaged and is put right has leapt once, not twice. */
static void a_clock_that_is_right_again(void **state)
{
	(void)state;
	assert_int_equal(WRONG(1000, 1000, 1001, 1003), 0);
	assert_int_equal(WRONG(1000, 5, 1000, 1001), 1);
	assert_int_equal(WRONG(1000, 9000, 9000, 1001, 1001), 1);
	assert_int_equal(WRONG(1000, 9000, 9001, 9002), 1); /* it stays so */
	assert_int_equal(WRONG(1000, 9000, 5, 1000), 2);
	assert_int_equal(WRONG(1000, 9000, 999), 2);
}

/* A guest that waits in circles keeps the host busy: whoever is hit when the time is over did nothing. */
static void a_boot_that_was_cut_off(void **state)
{
	static const char lines[] = "inject fault 0 nop uart0 at=1 place=0 clear=0 flip=0 register=99 delay=0\n"
				    "inject made 0 status=0\ninject after 0 kept\n"
				    "inject fault 1 nop rtc0 at=2 place=0 clear=0 flip=0 register=99 delay=0\n"
				    "inject made 1 status=0\n";
	static const struct manifest manifest = { .server_count = 0 };
	static struct record record;
	const struct row common = { .boot = 1 };
	(void)state;
	record_begin(&record, &manifest, &common, 2);
	record_observe(&record, DEMUX_CONTROL, (const uint8_t *)lines, strlen(lines));
	assert_true(record_judge(&record, false, true));
	assert_int_equal(record.rows[0].outcome, OUTCOME_VM_LOST);
	assert_int_equal(record.rows[1].outcome, OUTCOME_NOT_INJECTED);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clock_that_is_right_again),
		cmocka_unit_test(a_boot_that_was_cut_off),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
