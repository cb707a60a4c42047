/* What `inject` takes instructions for, and the numbers that it draws. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arch/instruction.h>

#include <inject/draw.h>

static void the_ways_of_a_program(void **state)
{
	static const struct {
		uint32_t word;
		enum instruction_flow flow;
		int64_t offset;
	} rows[] = {
		{ 0x14000002, FLOW_JUMP, 8 },	 /* b .+8 */
		{ 0x17ffffff, FLOW_JUMP, -4 },	 /* b .-4 */
		{ 0x94000010, FLOW_CALL, 64 },	 /* bl .+64 */
		{ 0x54000041, FLOW_CHOICE, 8 },	 /* b.ne .+8 */
		{ 0x54ffffe0, FLOW_CHOICE, -4 }, /* b.eq .-4 */
		{ 0xb4000060, FLOW_CHOICE, 12 }, /* cbz x0, .+12 */
		{ 0x35ffffc1, FLOW_CHOICE, -8 }, /* cbnz w1, .-8 */
		{ 0x36000040, FLOW_CHOICE, 8 },	 /* tbz w0, #0, .+8 */
		{ 0xb707ffe2, FLOW_CHOICE, -4 }, /* tbnz x2, #32, .-4 */
		{ 0xd65f03c0, FLOW_RETURN, 0 },	 /* ret */
		{ 0xd61f0200, FLOW_UNKNOWN, 0 }, /* br x16 */
		{ 0xd63f0000, FLOW_UNKNOWN, 0 }, /* blr x0 */
		{ 0xd4000021, FLOW_ON, 0 },	 /* svc #1 */
		{ 0xf9400000, FLOW_ON, 0 },	 /* ldr x0, [x0] */
		{ INSTRUCTION_NOP, FLOW_ON, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t offset = 0;

		assert_int_equal(instruction_flow(rows[i].word, &offset), rows[i].flow);
		assert_int_equal(offset, rows[i].offset);
	}
}

static void kinds_and_fields(void **state)
{
	(void)state;
	assert_true(instruction_is_system_call(0xd4000021, 1));
	assert_false(instruction_is_system_call(0xd4000021, 0));
	assert_true(instruction_is_access(0xf9400441));	 /* ldr x1, [x2, #8] */
	assert_true(instruction_is_access(0x39000020));	 /* strb w0, [x1] */
	assert_true(instruction_is_access(0xa9410861));	 /* ldp x1, x2, [x3, #16] */
	assert_false(instruction_is_access(0x8b020020)); /* add x0, x1, x2 */
	assert_false(instruction_is_access(INSTRUCTION_NOP));
	assert_int_equal(instruction_base(0xf9400441), 2);
	assert_int_equal(instruction_other_source(0xf9400441, 3), 0xf9400421);
	assert_int_equal(instruction_other_destination(0xf9400441, 3), 0xf9400442);
	assert_int_equal(instruction_branch(2), 0x14000002);
	assert_int_equal(instruction_branch(-1), 0x17ffffff);
	assert_int_equal(instruction_branch(0), INSTRUCTION_LOOP);
}

/* Published values for seed 1234567: who replaces the generator makes other campaigns of old seeds. */
static void the_generator_is_splitmix64(void **state)
{
	struct draw draw = { 1234567 };

	(void)state;
	assert_true(draw_next(&draw) == 6457827717110365317u);
	assert_true(draw_next(&draw) == 3203168211198807973u);
	assert_true(draw_next(&draw) == 9817491932198370423u);
}

static void drawn_numbers_are_below_their_limit(void **state)
{
	struct draw draw = draw_begin(1, 1);
	uint32_t seen = 0;

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		uint64_t number = draw_below(&draw, 7);

		assert_true(number < 7);
		seen |= 1u << number;
	}
	assert_int_equal(seen, 0x7f);
	assert_int_equal(draw_below(&draw, 1), 0);
}

static void boots_differ(void **state)
{
	struct draw first = draw_begin(1, 1);
	struct draw same = draw_begin(1, 1);
	struct draw boot = draw_begin(1, 2);
	struct draw seed = draw_begin(2, 1);

	(void)state;
	assert_true(first.state == same.state);
	assert_true(first.state != boot.state);
	assert_true(first.state != seed.state);
	assert_true(boot.state != seed.state);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_ways_of_a_program),
		cmocka_unit_test(kinds_and_fields),
		cmocka_unit_test(the_generator_is_splitmix64),
		cmocka_unit_test(drawn_numbers_are_below_their_limit),
		cmocka_unit_test(boots_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
