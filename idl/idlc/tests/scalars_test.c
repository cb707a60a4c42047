/* Scalars through client stub, message and dispatcher, in words and beyond the sixth; and every value that is none. */
#include "loopback.h"

#include "sample_client.h"
#include "sample_server.h"

static struct {
	uint64_t a, b, c, d, e, f, g, h;
	sk_status_t status;
	bool defer;
} seen;

sk_status_t sample_serve_scalars(const struct sk_caller *caller, uint8_t a, uint16_t b, uint32_t c, sk_sector_t d,
				 bool e, enum sample_level f, sample_want_t *g, sk_gpa_t *h, sk_irq_t *i, uint64_t *j)
{
	assert_int_equal(SK_BADGE_CLIENT(caller->badge), 9);
	seen.a = a;
	seen.b = b;
	seen.c = c;
	seen.d = d;
	seen.e = e;
	seen.f = f;
	*g = SAMPLE_WANT_B;
	*h = UINT64_MAX;
	*i = UINT32_MAX;
	*j = 5;
	return seen.status;
}

sk_status_t sample_serve_crowded(const struct sk_caller *caller, uint64_t to, uint32_t msg, uint8_t payload,
				 bool own_caller, enum sk_colour status, sk_modes_t i, uint64_t token, uint16_t at,
				 uint64_t *script, uint64_t *mock, uint64_t *exact, uint64_t *call, uint64_t *value,
				 uint64_t *sum, uint32_t *index, enum sample_level *level)
{
	*script = to;
	*mock = msg;
	*exact = payload;
	*call = own_caller;
	*value = status;
	*sum = i;
	*index = at;
	*level = SAMPLE_LEVEL_HIGH;
	seen.g = token;
	if (seen.defer) {
		assert_int_equal(sample_crowded_reply(caller->token, SK_OK, 1, 2, 3, 4, 5, 6, 7, SAMPLE_LEVEL_LOW),
				 SK_OK);
		return SK_DEFERRED;
	}
	return SK_OK;
}

sk_status_t sample_serve_nothing(const struct sk_caller *caller)
{
	(void)caller;
	return seen.status;
}

sk_status_t sample_serve_draw(const struct sk_caller *caller, const struct sk_shape *shape,
			      const struct sample_pair *pairs, struct sk_shape *back, struct sk_edge *edges,
			      uint8_t *last)
{
	(void)caller;
	(void)shape;
	(void)pairs;
	(void)back;
	(void)edges;
	(void)last;
	return SK_UNSUPPORTED;
}

sk_status_t sample_serve_join(const struct sk_caller *caller, const uint8_t *left, uint32_t left_bytes,
			      const uint16_t *middle, const uint8_t *right, uint32_t right_bytes, const uint8_t *flips,
			      uint8_t *whole, uint32_t *whole_bytes, sk_modes_t *flags, uint8_t *tail,
			      uint32_t *tail_bytes)
{
	(void)caller;
	(void)left;
	(void)left_bytes;
	(void)middle;
	(void)right;
	(void)right_bytes;
	(void)flips;
	(void)whole;
	(void)whole_bytes;
	(void)flags;
	(void)tail;
	(void)tail_bytes;
	return SK_UNSUPPORTED;
}

static struct {
	unsigned word;
	uint64_t value;
} damage;

static void damage_word(struct sk_msg *msg, uint8_t *buffer)
{
	(void)buffer;
	msg->w[damage.word] = damage.value;
}

static void damage_buffer(struct sk_msg *msg, uint8_t *buffer)
{
	(void)msg;
	memcpy(buffer + damage.word * 8, &damage.value, 8);
}

static void damage_tag(struct sk_msg *msg, uint8_t *buffer)
{
	(void)buffer;
	msg->tag = damage.value;
}

static int start(void **state)
{
	(void)state;
	memset(&seen, 0, sizeof(seen));
	loopback_reset(sample_dispatch);
	return 0;
}

static sk_status_t call_scalars(void)
{
	sample_want_t g = 0;
	sk_gpa_t h = 0;
	sk_irq_t i = 0;
	uint64_t j = 0;
	sk_status_t status =
		sample_scalars(9, 255, 65535, UINT32_MAX, UINT64_MAX, true, SAMPLE_LEVEL_HIGH, &g, &h, &i, &j);
	if (status == SK_OK) {
		assert_int_equal(g, 6);
		assert_true(h == UINT64_MAX);
		assert_int_equal(i, UINT32_MAX);
		assert_int_equal(j, 5);
	} else {
		assert_true(g == 0 && h == 0 && i == 0 && j == 0);
	}
	return status;
}

static void test_words(void **state)
{
	(void)state;
	assert_int_equal(call_scalars(), SK_OK);
	assert_int_equal(seen.a, 255);
	assert_int_equal(seen.b, 65535);
	assert_int_equal(seen.c, UINT32_MAX);
	assert_true(seen.d == UINT64_MAX && seen.e == 1 && seen.f == SAMPLE_LEVEL_HIGH);
	assert_true(loopback.request.tag == (SAMPLE_TAG_SCALARS | SK_TAG_IDEMPOTENT));
}

static void test_unused_words_are_zero(void **state)
{
	(void)state;
	assert_int_equal(sample_nothing(9), SK_OK);
	for (unsigned i = 0; i < SK_WORDS; i++) {
		assert_int_equal(loopback.request.w[i], 0);
	}
}

static void test_hostile_words(void **state)
{
	(void)state;
	static const uint64_t bad[][2] = {{0, 256},        {1, 65536}, {2, 1ull << 32}, {4, 2},
					  {4, UINT64_MAX}, {5, 1},     {5, 8},          {5, (1ull << 32) + 7}};
	loopback.tamper_request = damage_word;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		damage.word = (unsigned)bad[i][0];
		damage.value = bad[i][1];
		seen.f = 99;
		assert_int_equal(call_scalars(), SK_BAD_ARG);
		assert_int_equal(seen.f, 99); /* not served */
	}
}

static void test_hostile_results(void **state)
{
	(void)state;
	static const uint64_t bad[][2] = {{0, 8}, {0, 256}, {2, 1ull << 32}};
	loopback.tamper_reply = damage_word;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		damage.word = (unsigned)bad[i][0];
		damage.value = bad[i][1];
		assert_int_equal(call_scalars(), SK_BAD_ARG);
	}
}

static void test_status(void **state)
{
	(void)state;
	static const sk_status_t statuses[] = {SAMPLE_ERROR_FULL, SAMPLE_ERROR_NOT_THERE, SK_NO_MEMORY, SK_BAD_STATE};
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		seen.status = statuses[i];
		assert_int_equal(call_scalars(), statuses[i]);
		assert_int_equal(sample_nothing(1), statuses[i]);
	}
}

/* Only what the interface declares is an error. */
static void test_undeclared_errors(void **state)
{
	(void)state;
	static const sk_status_t statuses[] = {2, 3, 0x7ffe};
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		seen.status = statuses[i];
		assert_int_equal(call_scalars(), SK_BAD_ARG);
		assert_int_equal(sample_nothing(1), SK_BAD_ARG);
	}
}

static sk_status_t call_crowded(uint64_t *script, uint32_t *index, enum sample_level *level)
{
	uint64_t mock;
	uint64_t exact;
	uint64_t call;
	uint64_t value;
	uint64_t sum;
	return sample_crowded(9, 10, 11, 12, true, SK_COLOUR_DEEP_BLUE, SK_MODES_SLOW, 13, 14, script, &mock, &exact,
			      &call, &value, &sum, index, level);
}

static void test_beyond_words(void **state)
{
	(void)state;
	uint64_t script;
	uint32_t index;
	enum sample_level level;
	assert_int_equal(call_crowded(&script, &index, &level), SK_OK);
	assert_int_equal(script, 10);
	assert_int_equal(index, 14);
	assert_int_equal(level, SAMPLE_LEVEL_HIGH);
	assert_int_equal(seen.g, 13);
	assert_true(loopback.request.tag == (SAMPLE_TAG_CROWDED | SK_TAG_BYTES(16)));
}

static void test_hostile_crowd(void **state)
{
	(void)state;
	static const uint64_t bad[][2] = {{1, 1ull << 32}, {2, 256}, {3, 2}, {4, 0},
					  {4, 3},          {4, 456}, {5, 2}, {5, 1ull << 62}};
	uint64_t script;
	uint32_t index;
	enum sample_level level;
	loopback.tamper_request = damage_word;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		damage.word = (unsigned)bad[i][0];
		damage.value = bad[i][1];
		assert_int_equal(call_crowded(&script, &index, &level), SK_BAD_ARG);
		assert_int_equal(seen.g, 0); /* not served */
	}
}

static void test_hostile_beyond_words(void **state)
{
	(void)state;
	uint64_t script;
	uint32_t index;
	enum sample_level level;
	damage.word = 1;
	damage.value = 65536;
	loopback.tamper_request = damage_buffer;
	assert_int_equal(call_crowded(&script, &index, &level), SK_BAD_ARG);
	loopback.tamper_request = NULL;
	loopback.tamper_reply = damage_buffer;
	damage.value = 3; /* no level */
	assert_int_equal(call_crowded(&script, &index, &level), SK_BAD_ARG);
	loopback.tamper_reply = damage_tag;
	damage.value = SK_OK | SK_TAG_BYTES(8);
	assert_int_equal(call_crowded(&script, &index, &level), SK_BAD_ARG);
	loopback.tamper_reply = NULL;
	loopback.tamper_request = damage_tag;
	damage.value = SAMPLE_TAG_CROWDED | SK_TAG_BYTES(15);
	assert_int_equal(call_crowded(&script, &index, &level), SK_BAD_ARG);
	damage.value = SAMPLE_TAG_CROWDED;
	assert_int_equal(call_crowded(&script, &index, &level), SK_BAD_ARG);
}

static void test_deferred(void **state)
{
	(void)state;
	uint64_t script;
	uint32_t index;
	enum sample_level level;
	seen.defer = true;
	assert_int_equal(call_crowded(&script, &index, &level), SK_OK);
	assert_false(loopback.answered);
	assert_true(script == 1 && index == 7 && level == SAMPLE_LEVEL_LOW);
}

static void test_unknown_methods(void **state)
{
	(void)state;
	static const uint64_t tags[] = {0,
					SK_TAG_METHOD(0x70, 0),
					SK_TAG_METHOD(0x70, 0xfe),
					SK_TAG_METHOD(0x71, 1),
					SK_TAG_METHOD(0, 1),
					UINT64_MAX};
	loopback.tamper_request = damage_tag;
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		damage.value = tags[i];
		assert_int_equal(sample_nothing(1), SK_UNKNOWN_OP);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_words, start),
		cmocka_unit_test_setup(test_unused_words_are_zero, start),
		cmocka_unit_test_setup(test_hostile_words, start),
		cmocka_unit_test_setup(test_hostile_results, start),
		cmocka_unit_test_setup(test_status, start),
		cmocka_unit_test_setup(test_undeclared_errors, start),
		cmocka_unit_test_setup(test_beyond_words, start),
		cmocka_unit_test_setup(test_hostile_crowd, start),
		cmocka_unit_test_setup(test_hostile_beyond_words, start),
		cmocka_unit_test_setup(test_deferred, start),
		cmocka_unit_test_setup(test_unknown_methods, start),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
