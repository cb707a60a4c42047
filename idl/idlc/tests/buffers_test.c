/* Structs, arrays and `bytes` through the message buffer: round trips, lengths that lie, values that are none. */
#define SAMPLE_SERVE_SOME
#define SAMPLE_SERVES_DRAW
#define SAMPLE_SERVES_JOIN

#include "loopback.h"

#include "sample_client.h"
#include "sample_server.h"

static struct sk_shape shape;
static struct sample_pair pairs[2];
static uint32_t claim_whole; /* 0: the truth */
static bool served;

sk_status_t sample_serve_draw(const struct sk_caller *caller, const struct sk_shape *in_shape,
			      const struct sample_pair *in_pairs, struct sk_shape *back, struct sk_edge *edges,
			      uint8_t *last)
{
	(void)caller;
	served = true;
	assert_memory_equal(in_shape, &shape, sizeof(shape));
	assert_memory_equal(in_pairs, pairs, sizeof(pairs));
	*back = *in_shape;
	edges[1].to.at = 77;
	assert_int_equal(edges[0].from.x, 0);
	*last = 200;
	return SK_OK;
}

sk_status_t sample_serve_join(const struct sk_caller *caller, const uint8_t *left, uint32_t left_bytes,
			      const uint16_t *middle, const uint8_t *right, uint32_t right_bytes, const uint8_t *flips,
			      uint8_t *whole, uint32_t *whole_bytes, sk_modes_t *flags, uint8_t *tail,
			      uint32_t *tail_bytes)
{
	(void)caller;
	served = true;
	assert_int_equal(*whole_bytes, 1007);
	assert_int_equal(*tail_bytes, 3);
	assert_true(middle[0] == 1 && middle[1] == 2 && middle[2] == 65535);
	assert_true(flips[0] == 1 && flips[1] == 0 && flips[2] == 1);
	memcpy(whole, left, left_bytes);
	memcpy(whole + left_bytes, right, right_bytes);
	*whole_bytes = claim_whole != 0 ? claim_whole : left_bytes + right_bytes;
	flags[0] = SK_MODES_FAST;
	memcpy(tail, "end", 3);
	*tail_bytes = left_bytes % 4;
	return SK_OK;
}

static struct {
	uint32_t at;
	uint32_t bytes;
	uint64_t value;
} damage;

static void damage_buffer(struct sk_msg *msg, uint8_t *buffer)
{
	(void)msg;
	memcpy(buffer + damage.at, &damage.value, damage.bytes);
}

static void damage_word(struct sk_msg *msg, uint8_t *buffer)
{
	(void)buffer;
	msg->w[damage.at] = damage.value;
}

static void damage_bytes(struct sk_msg *msg, uint8_t *buffer)
{
	(void)buffer;
	msg->tag = (msg->tag & ~SK_TAG_BYTES(0xfff)) | SK_TAG_BYTES(damage.value);
}

static int start(void **state)
{
	(void)state;
	loopback_reset(sample_dispatch);
	served = false;
	claim_whole = 0;
	shape = (struct sk_shape){
		.outline = {{{1, {0}, 2, 3}, {4, {0}, 5, 6}}, {{7, {0}, 8, 9}, {10, {0}, 11, 12}}},
		.fill = SK_COLOUR_GREEN,
		.visible = 1,
		.label_bytes = 5,
		.label = {'l', 'a', 'b', 'e', 'l'},
		.modes = SK_MODES_SLOW,
		.marks = {SK_COLOUR_RED, SK_COLOUR_DEEP_BLUE, SK_COLOUR_RED},
	};
	pairs[0] = (struct sample_pair){.first = SAMPLE_LEVEL_HIGH, .second = SAMPLE_WANT_A};
	pairs[1] = (struct sample_pair){.first = SAMPLE_LEVEL_LOW, .second = SAMPLE_WANT_MASK};
	return 0;
}

static sk_status_t draw(void)
{
	struct sk_shape back;
	struct sk_edge edges[2];
	uint8_t last;
	sk_status_t status = sample_draw(1, &shape, pairs, &back, edges, &last);
	if (status == SK_OK) {
		assert_memory_equal(&back, &shape, sizeof(shape));
		assert_int_equal(edges[1].to.at, 77);
		assert_int_equal(last, 200);
	}
	return status;
}

static void test_structs(void **state)
{
	(void)state;
	assert_int_equal(draw(), SK_OK);
	assert_int_equal(SK_TAG_BYTES_OF(loopback.request.tag), sizeof(shape) + sizeof(pairs));
}

#define IN_SHAPE(member) (uint32_t) offsetof(struct sk_shape, member), (uint32_t)sizeof(shape.member)

static void test_hostile_structs(void **state)
{
	(void)state;
	static const struct {
		uint32_t at;
		uint32_t bytes;
		uint64_t value;
	} bad[] = {
		{IN_SHAPE(fill), 3},
		{IN_SHAPE(visible), 2},
		{IN_SHAPE(label_bytes), 6},
		{IN_SHAPE(modes), 2},
		{IN_SHAPE(marks[2]), 0},
		{sizeof(struct sk_shape) + offsetof(struct sample_pair, first), 4, 1},
		{sizeof(struct sk_shape) + sizeof(struct sample_pair) + offsetof(struct sample_pair, second), 1, 8},
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		damage.at = bad[i].at;
		damage.bytes = bad[i].bytes;
		damage.value = bad[i].value;
		loopback.tamper_request = damage_buffer;
		assert_int_equal(draw(), SK_BAD_ARG);
		assert_false(served);
		if (bad[i].at < sizeof(shape)) { /* the reply begins with the same shape */
			loopback.tamper_request = NULL;
			loopback.tamper_reply = damage_buffer;
			assert_int_equal(draw(), SK_BAD_ARG);
			assert_true(served);
			served = false;
			loopback.tamper_reply = NULL;
		}
	}
}

static void test_struct_lengths(void **state)
{
	(void)state;
	static const uint32_t lengths[] = {0, 1, 111, 113, 4032, 4095};
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		damage.value = lengths[i];
		loopback.tamper_reply = NULL;
		loopback.tamper_request = damage_bytes;
		served = false;
		assert_int_equal(draw(), SK_BAD_ARG);
		assert_false(served);
		loopback.tamper_request = NULL;
		loopback.tamper_reply = damage_bytes;
		assert_int_equal(draw(), SK_BAD_ARG);
		assert_true(served);
	}
}

static uint8_t whole[1007];
static uint32_t whole_bytes;
static uint8_t tail[3];
static uint32_t tail_bytes;

static sk_status_t join(uint32_t left_bytes, uint32_t right_bytes)
{
	static const uint8_t left[8] = "abcdefg";
	static uint8_t right[1001];
	static const uint16_t middle[3] = {1, 2, 65535};
	static const uint8_t flips[3] = {1, 0, 1};
	sk_modes_t flags[1] = {0};
	memset(right, 'r', sizeof(right));
	sk_status_t status = sample_join(1, left_bytes == 0 ? NULL : left, left_bytes, middle, right, right_bytes,
					 flips, whole, &whole_bytes, flags, tail, &tail_bytes);
	if (status == SK_OK) {
		assert_int_equal(whole_bytes, left_bytes + right_bytes);
		assert_memory_equal(whole, left, left_bytes);
		assert_true(right_bytes == 0 || whole[left_bytes + right_bytes - 1] == 'r');
		assert_int_equal(flags[0], SK_MODES_FAST);
		assert_int_equal(tail_bytes, left_bytes % 4);
		assert_memory_equal(tail, "end", tail_bytes);
	}
	return status;
}

static void make_room(void)
{
	whole_bytes = sizeof(whole);
	tail_bytes = sizeof(tail);
}

static void test_bytes(void **state)
{
	(void)state;
	static const uint32_t rights[] = {0, 1, 7, 8, 9, 15, 16, 17, 999, 1000};
	for (uint32_t left = 0; left <= 7; left++) {
		for (size_t i = 0; i < sizeof(rights) / sizeof(rights[0]); i++) {
			make_room();
			assert_int_equal(join(left, rights[i]), SK_OK);
		}
	}
}

/* Request: left (1 byte) | middle (6) | right (1) | flips (3). */
static void check_request_gaps(struct sk_msg *msg, uint8_t *buffer)
{
	static const uint8_t zero[7];
	assert_int_equal(SK_TAG_BYTES_OF(msg->tag), 8 + 8 + 8 + 3);
	assert_memory_equal(buffer + 1, zero, 7);
	assert_memory_equal(buffer + 8 + 6, zero, 2);
	assert_memory_equal(buffer + 16 + 1, zero, 7);
}

/* Reply: whole (2 bytes) | flags (8) | tail (3), where the request had seven letters. */
static void check_reply_gaps(struct sk_msg *msg, uint8_t *buffer)
{
	static const uint8_t zero[6];
	assert_int_equal(SK_TAG_BYTES_OF(msg->tag), 8 + 8 + 3);
	assert_memory_equal(buffer, "ab", 2);
	assert_memory_equal(buffer + 2, zero, 6);
	msg->tag = sk_reply_tag(SK_CANCELLED); /* seen enough */
}

/* What an earlier message left in the buffer must not travel in the gaps of the next one. */
static void test_gaps_are_zero(void **state)
{
	(void)state;
	loopback.tamper_request = check_request_gaps;
	make_room();
	assert_int_equal(join(1, 1), SK_OK);
	loopback.tamper_request = NULL;
	loopback.tamper_reply = check_reply_gaps;
	claim_whole = 2;
	make_room();
	assert_int_equal(join(7, 1), SK_CANCELLED);
}

static void test_bytes_too_long(void **state)
{
	(void)state;
	make_room();
	assert_int_equal(join(8, 0), SK_BAD_ARG);
	assert_int_equal(join(0, 1001), SK_BAD_ARG);
	assert_int_equal(loopback.calls, 0);
}

static void test_bytes_room(void **state)
{
	(void)state;
	make_room();
	whole_bytes = 9;
	assert_int_equal(join(7, 3), SK_NO_MEMORY);
	assert_int_equal(whole_bytes, 10);
	make_room();
	tail_bytes = 2;
	assert_int_equal(join(7, 3), SK_NO_MEMORY);
	assert_int_equal(tail_bytes, 3);
}

static void test_hostile_bytes(void **state)
{
	(void)state;
	static const struct {
		uint32_t word;
		uint64_t value;
	} bad[] = {{0, 8}, {0, UINT64_MAX}, {0, 1ull << 32}, {1, 1001}, {1, 0}, {1, 12}};
	loopback.tamper_request = damage_word;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		make_room();
		damage.at = bad[i].word;
		damage.value = bad[i].value;
		served = false;
		assert_int_equal(join(7, 20), SK_BAD_ARG);
		assert_false(served);
	}
	loopback.tamper_request = damage_bytes;
	damage.value = 15;
	make_room();
	assert_int_equal(join(0, 0), SK_BAD_ARG);
	assert_false(served);
}

static void test_hostile_bytes_results(void **state)
{
	(void)state;
	static const struct {
		uint32_t word;
		uint64_t value;
	} bad[] = {{0, 1008}, {0, UINT64_MAX}, {0, 40}, {1, 4}, {1, 2}};
	loopback.tamper_reply = damage_word;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		make_room();
		damage.at = bad[i].word;
		damage.value = bad[i].value;
		assert_int_equal(join(7, 20), SK_BAD_ARG);
	}
	loopback.tamper_reply = damage_bytes;
	damage.value = 0;
	make_room();
	assert_int_equal(join(7, 20), SK_BAD_ARG);
}

static void test_servers_mistake(void **state)
{
	(void)state;
	claim_whole = 1008;
	make_room();
	assert_int_equal(join(1, 1), SK_BAD_STATE);
}

static void test_unserved_methods(void **state)
{
	(void)state;
	assert_int_equal(sample_nothing(1), SK_UNKNOWN_OP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_structs, start),
		cmocka_unit_test_setup(test_hostile_structs, start),
		cmocka_unit_test_setup(test_struct_lengths, start),
		cmocka_unit_test_setup(test_bytes, start),
		cmocka_unit_test_setup(test_gaps_are_zero, start),
		cmocka_unit_test_setup(test_bytes_too_long, start),
		cmocka_unit_test_setup(test_bytes_room, start),
		cmocka_unit_test_setup(test_hostile_bytes, start),
		cmocka_unit_test_setup(test_hostile_bytes_results, start),
		cmocka_unit_test_setup(test_servers_mistake, start),
		cmocka_unit_test_setup(test_unserved_methods, start),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
