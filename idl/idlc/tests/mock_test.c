/*
 * Generated mocks: scripted answers, compared parameters, recorded calls. The
 * second group's tests must fail: each breaks a promise that a mock has to notice.
 */
#include "sample_mock.h"
#include "transfer_mock.h"

#include "sample_client.h" /* kept out by the mock, as in code under test */

static struct sk_shape shape = {.fill = SK_COLOUR_RED, .label_bytes = 1, .label = {'x'}, .marks = {1, 1, 1}};
static struct sample_pair pairs[2];
static struct sk_edge edges[2] = {{{1, {0}, 2, 3}, {0, {0}, 0, 0}}, {{0, {0}, 0, 0}, {0, {0}, 0, 0}}};
static const uint16_t middle[3] = {1, 2, 3};
static const uint8_t flips[3];
static const sk_modes_t modes[1] = {SK_MODES_FAST};

static sk_status_t join(const char *left)
{
	uint8_t whole[8];
	uint32_t whole_bytes = sizeof(whole);
	uint8_t tail[3];
	uint32_t tail_bytes = sizeof(tail);
	sk_modes_t flags[1];
	sk_status_t status = sample_join(4, (const uint8_t *)left, (uint32_t)strlen(left), middle, NULL, 0, flips,
					 whole, &whole_bytes, flags, tail, &tail_bytes);
	if (status == SK_OK) {
		assert_int_equal(whole_bytes, 2);
		assert_memory_equal(whole, "ok", 2);
		assert_int_equal(flags[0], SK_MODES_FAST);
		assert_int_equal(tail_bytes, 0);
	}
	return status;
}

static void test_expected_calls(void **state)
{
	(void)state;
	struct sk_shape back;
	struct sk_edge lines[2];
	uint8_t last;
	sample_expect_nothing(3, SK_OK);
	sample_expect_nothing(3, SAMPLE_ERROR_FULL);
	sample_expect_draw(1, &shape, pairs, SK_OK, &shape, edges, 9);
	assert_int_equal(sample_nothing(3), SK_OK);
	assert_int_equal(sample_draw(1, &shape, pairs, &back, lines, &last), SK_OK);
	assert_memory_equal(&back, &shape, sizeof(shape));
	assert_memory_equal(lines, edges, sizeof(edges));
	assert_int_equal(last, 9);
	assert_int_equal(sample_nothing(3), SAMPLE_ERROR_FULL);
	sample_mock_done();
}

static void test_answers_are_recorded(void **state)
{
	(void)state;
	sample_answer_join(SK_OK, (const uint8_t *)"ok", 2, modes, NULL, 0);
	sample_answer_join(SK_NO_MEMORY, NULL, 0, modes, NULL, 0);
	assert_int_equal(join("left"), SK_OK);
	assert_int_equal(join("le"), SK_NO_MEMORY);
	assert_int_equal(sample_mock_join.called, 2);
	assert_int_equal(sample_mock_join.calls[0].to, 4);
	assert_int_equal(sample_mock_join.calls[0].left_bytes, 4);
	assert_memory_equal(sample_mock_join.calls[1].left, "le", 2);
	assert_int_equal(sample_mock_join.calls[1].middle[2], 3);
	sample_mock_done();
	assert_int_equal(sample_mock_join.called, 0);
}

static void test_capabilities_and_spans(void **state)
{
	(void)state;
	sk_cap_t receipt = 0;
	enum sk_tint kind = SK_TINT_PALE;
	uint32_t done = 0;
	struct sk_span from = {1, 2, 3};
	struct sk_span into = {4, 5, 6};
	transfer_expect_give(1, 2, 3, 4, SK_OK, 77, SK_TINT_DARK);
	transfer_expect_read(1, from, into, SK_OK, 5);
	assert_int_equal(transfer_give(1, 2, 3, 4, &receipt, &kind), SK_OK);
	assert_true(receipt == 77 && kind == SK_TINT_DARK);
	assert_int_equal(transfer_read(1, from, into, &done), SK_OK);
	assert_int_equal(done, 5);
	transfer_mock_done();
}

static void fails_unexpected(void **state)
{
	(void)state;
	(void)sample_nothing(1);
}

static void fails_missing(void **state)
{
	(void)state;
	sample_expect_nothing(1, SK_OK);
	sample_mock_done();
}

static void fails_other_capability(void **state)
{
	(void)state;
	sample_expect_nothing(1, SK_OK);
	(void)sample_nothing(2);
}

static void fails_other_struct(void **state)
{
	(void)state;
	struct sk_shape other = shape;
	struct sk_edge lines[2];
	uint8_t last;
	other.fill = SK_COLOUR_GREEN;
	sample_expect_draw(1, &shape, pairs, SK_OK, &shape, edges, 9);
	(void)sample_draw(1, &other, pairs, &other, lines, &last);
}

static void fails_other_bytes(void **state)
{
	(void)state;
	sample_expect_join(4, (const uint8_t *)"abc", 3, middle, NULL, 0, flips, SK_OK, NULL, 0, modes, NULL, 0);
	(void)join("abd");
}

static void fails_other_span(void **state)
{
	(void)state;
	uint32_t done;
	transfer_expect_read(1, (struct sk_span){1, 2, 3}, (struct sk_span){4, 5, 6}, SK_OK, 5);
	(void)transfer_read(1, (struct sk_span){1, 2, 3}, (struct sk_span){4, 5, 7}, &done);
}

static int forget(void **state)
{
	(void)state;
	memset(&sample_mock_nothing, 0, sizeof(sample_mock_nothing));
	memset(&sample_mock_draw, 0, sizeof(sample_mock_draw));
	memset(&sample_mock_join, 0, sizeof(sample_mock_join));
	memset(&transfer_mock_read, 0, sizeof(transfer_mock_read));
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_expected_calls, forget),
		cmocka_unit_test_setup(test_answers_are_recorded, forget),
		cmocka_unit_test_setup(test_capabilities_and_spans, forget),
	};
	const struct CMUnitTest failing[] = {
		cmocka_unit_test_setup(fails_unexpected, forget),
		cmocka_unit_test_setup(fails_missing, forget),
		cmocka_unit_test_setup(fails_other_capability, forget),
		cmocka_unit_test_setup(fails_other_struct, forget),
		cmocka_unit_test_setup(fails_other_bytes, forget),
		cmocka_unit_test_setup(fails_other_span, forget),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	int noticed = cmocka_run_group_tests_name("each of these has to fail", failing, NULL, NULL);
	return failed == 0 && noticed == (int)(sizeof(failing) / sizeof(failing[0])) ? 0 : 1;
}
