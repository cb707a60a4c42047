/* How a run ended, from control lines and the panic print; triggers of monitor commands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "run/trigger.h"
#include "run/verdict.h"

static struct verdict verdict;

static enum tool_status control(const char *text)
{
	verdict_init(&verdict, "linux");
	for (const char *c = text; *c != '\0'; c++) {
		verdict_control(&verdict, (const uint8_t *)c, 1);
	}
	return verdict_status(&verdict, true);
}

static void test_control(void **state)
{
	(void)state;
	assert_int_equal(control("boot\nvm linux off\nhalt\n"), TOOL_OK);
	assert_int_equal(control("boot\r\nvm linux off\r\n"), TOOL_OK);
	assert_int_equal(control("boot\nhalt\n"), TOOL_CRASHED);
	assert_int_equal(control("boot\nvm other off\nhalt\n"), TOOL_CRASHED);
	assert_int_equal(control("boot\nvm linux2 off\nhalt\n"), TOOL_CRASHED);
	assert_int_equal(control("boot\nvm linux offline\nhalt\n"), TOOL_CRASHED);
	assert_int_equal(control("boot\nvm linux failed bad image\nhalt\n"), TOOL_CRASHED);
	assert_string_equal(verdict.why, "vm linux failed bad image");
	assert_true(verdict.vm_failed);
	assert_int_equal(control("boot\nserver rtc0 failed too often\nvm linux off\nhalt\n"), TOOL_CRASHED);
	assert_false(verdict.vm_failed);
	assert_int_equal(control("boot\nvm linux reset\nvm linux off"), TOOL_CRASHED); /* the line isn't complete */
	assert_int_equal(control(""), TOOL_CRASHED);
}

static void test_no_vm(void **state)
{
	(void)state;
	verdict_init(&verdict, NULL);
	verdict_control(&verdict, (const uint8_t *)"boot\nvm  off\n", 13);
	assert_int_equal(verdict_status(&verdict, true), TOOL_CRASHED);
	verdict_control(&verdict, (const uint8_t *)"halt\n", 5);
	assert_int_equal(verdict_status(&verdict, true), TOOL_OK);
}

static void test_long_line(void **state)
{
	(void)state;
	char line[1000];
	memset(line, 'x', sizeof(line));
	verdict_init(&verdict, "linux");
	verdict_control(&verdict, (const uint8_t *)line, sizeof(line));
	verdict_control(&verdict, (const uint8_t *)"\nvm linux off\n", 14);
	assert_true(verdict.off);
}

static bool panics(const char *text, bool framed)
{
	verdict_init(&verdict, "linux");
	for (const char *c = text; *c != '\0'; c++) {
		verdict_watch(&verdict, (const uint8_t *)c, 1);
	}
	return verdict_status(&verdict, framed) == TOOL_PANIC;
}

static void test_panic(void **state)
{
	(void)state;
	assert_true(panics("KERNEL PANIC: x\n", true));
	assert_true(panics("abc\nKERNEL PANIC: x\n", true));
	assert_true(panics("\n\nKERNEL PANIC: x", false));
	assert_true(panics("\nKERN\nKERNEL PANIC:", true));
	assert_false(panics("a KERNEL PANIC: x\n", true));
	assert_false(panics("\nKERNEL PANI", true));
	assert_false(panics("\nKernel panic - not syncing: x\n", true));
	/* A guest's joke: the supervisor halts the machine in good order afterwards. */
	assert_true(panics("\nKERNEL PANIC: joke\n", true));
	verdict_control(&verdict, (const uint8_t *)"vm linux off\nhalt\n", 18);
	assert_int_equal(verdict_status(&verdict, true), TOOL_OK);
	/* With no control lines: a panic is the last thing that is printed. */
	assert_true(panics("\nKERNEL PANIC: joke\n", false));
	static const uint8_t more[2048] = { 'x' };
	verdict_watch(&verdict, more, sizeof(more));
	assert_int_equal(verdict_status(&verdict, false), TOOL_OK);
}

static void test_panic_text(void **state)
{
	(void)state;
	static const char text[] = "\nKERNEL PANIC: no memory\nmore";
	verdict_init(&verdict, "linux");
	verdict_watch(&verdict, (const uint8_t *)text, sizeof(text) - 1);
	assert_string_equal(verdict.why, "KERNEL PANIC: no memory");
	/* It comes in pieces, and may be longer than there is room. */
	verdict_init(&verdict, "linux");
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		verdict_watch(&verdict, (const uint8_t *)text + i, 1);
	}
	assert_string_equal(verdict.why, "KERNEL PANIC: no memory");
	verdict_init(&verdict, "linux");
	verdict_watch(&verdict, (const uint8_t *)text, 15);
	for (size_t i = 0; i < 3 * VERDICT_TEXT; i++) {
		verdict_watch(&verdict, (const uint8_t *)"x", 1);
	}
	assert_int_equal(strlen(verdict.why), VERDICT_TEXT - 1);
}

static void test_triggers(void **state)
{
	(void)state;
	struct options options = {
		.monitor = { "one", "two", "three" }, .monitor_count = 3, .when = { "aab", "ab" }
	};
	struct trigger trigger = { .options = &options };
	size_t used;
	assert_null(trigger_take(&trigger, (const uint8_t *)"xxa", 3, &used));
	assert_null(trigger_take(&trigger, (const uint8_t *)"a", 1, &used));
	assert_string_equal(trigger_take(&trigger, (const uint8_t *)"abab", 4, &used), "one");
	assert_int_equal(used, 2);
	/* The second begins behind what the first found; the third waits for nothing but the boot. */
	assert_string_equal(trigger_take(&trigger, (const uint8_t *)"ab", 2, &used), "two");
	assert_null(trigger_take(&trigger, NULL, 0, &used));
	trigger.ready = true;
	assert_string_equal(trigger_take(&trigger, NULL, 0, &used), "three");
	assert_null(trigger_take(&trigger, (const uint8_t *)"aab", 3, &used));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_control), cmocka_unit_test(test_no_vm),	   cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_panic),	cmocka_unit_test(test_panic_text), cmocka_unit_test(test_triggers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
