/* Trace tables, names, and the constants that other parts write down by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gadget_names.h"
#include "gadget_trace.h"
#include "sample_names.h"
#include "sample_trace.h"

static const struct sk_trace_method *find(uint32_t tag)
{
	for (size_t i = 0; i < sample_trace_count; i++) {
		if (sample_trace[i].tag == tag) {
			return &sample_trace[i];
		}
	}
	return NULL;
}

static void test_trace(void **state)
{
	(void)state;
	const struct sk_trace_method *crowded = find(SAMPLE_TAG_CROWDED);
	assert_non_null(crowded);
	assert_string_equal(crowded->interface, "sample");
	assert_string_equal(crowded->method, "crowded");
	assert_false(crowded->idempotent || crowded->oneway);
	assert_int_equal(crowded->parameter_count, 8);
	assert_string_equal(crowded->parameters[4].name, "status");
	assert_string_equal(crowded->parameters[4].type, "colour");
	assert_int_equal(crowded->parameters[5].word, 5);
	assert_int_equal(crowded->parameters[6].word, -1);
	assert_int_equal(crowded->result_count, 8);
	const struct sk_trace_method *join = find(SAMPLE_TAG_JOIN);
	assert_non_null(join);
	assert_true(join->idempotent);
	assert_string_equal(join->parameters[2].type, "bytes<1000>");
	assert_int_equal(join->parameters[2].word, 1);
	assert_null(find(SAMPLE_TAG_NOTHING)->parameters);
}

static void test_trace_is_sorted(void **state)
{
	(void)state;
	for (size_t i = 1; i < gadget_trace_count; i++) {
		assert_true(gadget_trace[i - 1].tag < gadget_trace[i].tag);
	}
	assert_int_equal(gadget_trace_count, 15);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(sk_colour_name(SK_COLOUR_DEEP_BLUE), "deep_blue");
	assert_string_equal(sk_colour_name(0), "?");
	assert_string_equal(sk_modes_name(SK_MODES_SLOW), "slow");
	assert_string_equal(sample_level_name(7), "high");
	assert_string_equal(sample_method_name(0xff), "nothing");
	assert_string_equal(sample_error_name(0x7fff), "not_there");
	assert_string_equal(sample_event_name(1ull << 63), "gone");
	assert_string_equal(gadget_mode_name(UINT64_MAX), "?");
}

static void test_constants(void **state)
{
	(void)state;
	assert_int_equal(SAMPLE_INTERFACE, 0x70);
	assert_int_equal(SAMPLE_TAG_NOTHING, 0x70ff);
	assert_int_equal(SAMPLE_BUDGET_SCALARS, 100000);
	assert_true(SAMPLE_EVENT_GONE == 1ull << 63);
	assert_true(SK_MODES_MASK == 0x8000000000000001ull);
	assert_int_equal(SAMPLE_WANT_MASK, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trace),
		cmocka_unit_test(test_trace_is_sorted),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_constants),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
