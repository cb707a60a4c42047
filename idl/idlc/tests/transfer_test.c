/* Capabilities, shared regions, rings and oneways; lengths behind the sixth word. Hostile peers throughout. */
#include "loopback.h"

#include "transfer_client.h"
#include "transfer_server.h"

static _Alignas(8) uint8_t regions[3][512];
static bool served;
static struct transfer_pair_ring_4 *queue_seen;

bool transfer_region(const struct sk_caller *caller, uint32_t index, struct sk_region *region)
{
	(void)caller;
	if (index >= 3) {
		return false;
	}
	*region = (struct sk_region){regions[index], sizeof(regions[index]), index != 0};
	return true;
}

sk_status_t transfer_serve_give(const struct sk_caller *caller, sk_cap_t file, sk_cap_t owner, uint32_t key,
				sk_cap_t *receipt, enum sk_tint *kind)
{
	(void)caller;
	served = true;
	assert_int_equal(file, 7 + LOOPBACK_CAP_SHIFT);
	assert_int_equal(owner, 8 + LOOPBACK_CAP_SHIFT);
	*receipt = key;
	*kind = SK_TINT_DARK;
	return SK_OK;
}

sk_status_t transfer_serve_read(const struct sk_caller *caller, const uint8_t *from, uint32_t from_bytes, uint8_t *into,
				uint32_t into_bytes, uint32_t *done)
{
	(void)caller;
	served = true;
	*done = from_bytes < into_bytes ? from_bytes : into_bytes;
	memcpy(into, from, *done);
	return SK_OK;
}

sk_status_t transfer_serve_mix(const struct sk_caller *caller, uint8_t *data, uint32_t data_bytes,
			       struct transfer_pair_ring_4 *queue, struct transfer_tint_ring_3 *numbers)
{
	(void)caller;
	(void)numbers;
	served = true;
	queue_seen = queue;
	if (data_bytes != 0) {
		data[0]++;
	}
	return SK_OK;
}

sk_status_t transfer_serve_poke(const struct sk_caller *caller, const struct sk_spot *where, transfer_want_t how)
{
	(void)caller;
	served = true;
	assert_int_equal(where->y, 2);
	assert_int_equal(how, TRANSFER_WANT_B);
	return SK_OK;
}

sk_status_t transfer_serve_nudge(const struct sk_caller *caller)
{
	(void)caller;
	served = true;
	return SK_OK;
}

sk_status_t transfer_serve_late(const struct sk_caller *caller, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
				uint64_t e, const uint8_t *first, uint32_t first_bytes, uint32_t middle,
				const uint8_t *second, uint32_t second_bytes, enum sk_tint last, uint64_t *f,
				uint64_t *g, uint64_t *h, uint64_t *i, uint64_t *j, uint64_t *k, uint8_t *third,
				uint32_t *third_bytes, bool *flag, uint8_t *fourth, uint32_t *fourth_bytes)
{
	(void)caller;
	served = true;
	*f = a;
	*g = b;
	*h = c;
	*i = d;
	*j = e;
	*k = middle;
	memcpy(third, first, first_bytes);
	*third_bytes = first_bytes;
	*flag = last == SK_TINT_DARK;
	memcpy(fourth, second, second_bytes);
	*fourth_bytes = second_bytes;
	return SK_OK;
}

static uint64_t damage;

static void damage_tag(struct sk_msg *msg, uint8_t *buffer)
{
	(void)buffer;
	msg->tag = damage;
}

static void damage_slot(struct sk_msg *msg, uint8_t *buffer)
{
	(void)msg;
	memcpy(buffer + SK_MSG_BYTES, &damage, 8);
}

/* The length of `second`: behind `first` (8 bytes as sent here) and `middle`. */
static void damage_late_length(struct sk_msg *msg, uint8_t *buffer)
{
	(void)msg;
	memcpy(buffer + 16, &damage, 8);
}

static void damage_first_word(struct sk_msg *msg, uint8_t *buffer)
{
	(void)buffer;
	msg->w[2] = damage;
}

static int start(void **state)
{
	(void)state;
	loopback_reset(transfer_dispatch);
	memset(regions, 0, sizeof(regions));
	served = false;
	return 0;
}

static sk_status_t give(sk_cap_t *receipt)
{
	enum sk_tint kind;
	sk_status_t status = transfer_give(1, 7, 8, 20, receipt, &kind);
	assert_true(status != SK_OK || kind == SK_TINT_DARK);
	return status;
}

static void test_capabilities(void **state)
{
	(void)state;
	sk_cap_t receipt;
	assert_int_equal(give(&receipt), SK_OK);
	assert_int_equal(receipt, 20 + LOOPBACK_CAP_SHIFT);
	assert_true(loopback.request.tag == (TRANSFER_TAG_GIVE | SK_TAG_CAPS(2)));
}

static void test_hostile_capabilities(void **state)
{
	(void)state;
	sk_cap_t receipt = 3;
	static const uint64_t slots[] = {0, SK_CAP_SLOTS + 1, UINT64_MAX};
	for (size_t i = 0; i < sizeof(slots) / sizeof(slots[0]); i++) {
		damage = slots[i];
		loopback.tamper_reply = NULL;
		loopback.tamper_request = damage_slot;
		assert_int_equal(give(&receipt), SK_BAD_CAP);
		assert_false(served);
		loopback.tamper_request = NULL;
		loopback.tamper_reply = damage_slot;
		assert_int_equal(give(&receipt), SK_BAD_CAP);
		served = false;
	}
	loopback.tamper_reply = damage_tag;
	damage = SK_OK;
	assert_int_equal(give(&receipt), SK_BAD_ARG);
	served = false;
	loopback.tamper_reply = NULL;
	loopback.tamper_request = damage_tag;
	damage = TRANSFER_TAG_GIVE | SK_TAG_CAPS(1);
	assert_int_equal(give(&receipt), SK_BAD_ARG);
	assert_false(served);
	assert_int_equal(receipt, 3);
}

static sk_status_t read_spans(struct sk_span from, struct sk_span into, uint32_t *done)
{
	return transfer_read(1, from, into, done);
}

static void test_spans(void **state)
{
	(void)state;
	uint32_t done;
	regions[0][511] = 42;
	assert_int_equal(read_spans((struct sk_span){0, 512, 0}, (struct sk_span){1, 256, 256}, &done), SK_OK);
	assert_int_equal(done, 256);
	assert_int_equal(read_spans((struct sk_span){0, 1, 511}, (struct sk_span){2, 1, 511}, &done), SK_OK);
	assert_int_equal(regions[2][511], 42);
	assert_int_equal(read_spans((struct sk_span){0, 0, 512}, (struct sk_span){2, 0, 0}, &done), SK_OK);
	assert_int_equal(done, 0);
}

static void test_hostile_spans(void **state)
{
	(void)state;
	static const struct sk_span good_from = {0, 8, 0};
	static const struct sk_span good_into = {1, 8, 0};
	static const struct sk_span bad[] = {
		{3, 1, 0},          {UINT32_MAX, 1, 0},     {1, 1, 512},  {1, 0, 513}, {1, 8, 505},
		{1, 8, UINT64_MAX}, {1, 8, UINT64_MAX - 7}, {1, 256, 257}};
	uint32_t done;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(read_spans(bad[i], good_into, &done), SK_BAD_ARG);
		assert_int_equal(read_spans(good_from, bad[i], &done), SK_BAD_ARG);
	}
	/* Region 0 can't be written; 256 is the bound of `into`: the client refuses, and so does the server. */
	assert_int_equal(read_spans(good_from, (struct sk_span){0, 8, 0}, &done), SK_BAD_ARG);
	loopback.calls = 0;
	assert_int_equal(read_spans(good_from, (struct sk_span){1, 257, 0}, &done), SK_BAD_ARG);
	assert_int_equal(loopback.calls, 0);
	loopback.tamper_request = damage_first_word;
	damage = 1 | 257ull << 32;
	assert_int_equal(read_spans(good_from, good_into, &done), SK_BAD_ARG);
	assert_int_equal(loopback.calls, 1);
	assert_false(served);
}

static void test_shared_parameters(void **state)
{
	(void)state;
	assert_int_equal(transfer_mix(1, (struct sk_span){1, 64, 0}, 2, 1), SK_OK);
	assert_int_equal(regions[1][0], 1);
	assert_ptr_equal(queue_seen, regions[2]);
	served = false;
	assert_int_equal(transfer_mix(1, (struct sk_span){1, 64, 0}, 3, 1), SK_BAD_ARG);
	assert_int_equal(transfer_mix(1, (struct sk_span){1, 64, 0}, 0, 1), SK_BAD_ARG); /* rings are written */
	assert_int_equal(transfer_mix(1, (struct sk_span){1, 64, 0}, 2, UINT32_MAX), SK_BAD_ARG);
	assert_int_equal(transfer_mix(1, (struct sk_span){0, 64, 0}, 2, 1), SK_BAD_ARG);
	loopback.tamper_request = damage_first_word;
	damage = 1ull << 32 | 2;
	assert_int_equal(transfer_mix(1, (struct sk_span){1, 64, 0}, 2, 1), SK_BAD_ARG);
	assert_false(served);
}

static void test_ring(void **state)
{
	(void)state;
	static struct transfer_pair_ring_4 ring;
	struct transfer_pair entry = {.first = SK_TINT_PALE, .second = TRANSFER_WANT_A};
	struct transfer_pair out;
	memset(&ring, 0, sizeof(ring));
	assert_int_equal(transfer_pair_ring_4_pop(&ring, &out), SK_WOULD_BLOCK);
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 4; i++) {
			entry.second = i % 2 == 0 ? TRANSFER_WANT_A : TRANSFER_WANT_B;
			assert_int_equal(transfer_pair_ring_4_push(&ring, &entry), SK_OK);
		}
		assert_int_equal(transfer_pair_ring_4_push(&ring, &entry), SK_WOULD_BLOCK);
		for (unsigned i = 0; i < 4; i++) {
			assert_int_equal(transfer_pair_ring_4_pop(&ring, &out), SK_OK);
			assert_int_equal(out.second, i % 2 == 0 ? TRANSFER_WANT_A : TRANSFER_WANT_B);
		}
	}
}

static void test_hostile_ring(void **state)
{
	(void)state;
	static struct transfer_tint_ring_3 ring;
	uint16_t tint = SK_TINT_DARK;
	memset(&ring, 0, sizeof(ring));
	ring.written = 4; /* more than there are */
	assert_int_equal(transfer_tint_ring_3_pop(&ring, &tint), SK_BAD_ARG);
	assert_int_equal(transfer_tint_ring_3_push(&ring, &tint), SK_BAD_ARG);
	ring.written = 0;
	ring.read = 1; /* beyond the writer */
	assert_int_equal(transfer_tint_ring_3_pop(&ring, &tint), SK_BAD_ARG);
	assert_int_equal(transfer_tint_ring_3_push(&ring, &tint), SK_BAD_ARG);
	ring.written = 2;
	ring.entries[1] = 3; /* no tint */
	assert_int_equal(transfer_tint_ring_3_pop(&ring, &tint), SK_BAD_ARG);
	assert_int_equal(ring.read, 2);
	assert_int_equal(transfer_tint_ring_3_pop(&ring, &tint), SK_WOULD_BLOCK);
}

static void test_oneway(void **state)
{
	(void)state;
	assert_int_equal(transfer_poke(1, &(struct sk_spot){1, 2}, TRANSFER_WANT_B), SK_OK);
	assert_true(served);
	assert_true(loopback.request.tag == (TRANSFER_TAG_POKE | SK_TAG_ONEWAY | SK_TAG_BYTES(8)));
	assert_int_equal(transfer_nudge(1), SK_OK);
	assert_true(loopback.request.tag == (TRANSFER_TAG_NUDGE | SK_TAG_ONEWAY | SK_TAG_IDEMPOTENT));
}

static sk_status_t late(const char *first, const char *second)
{
	uint64_t words[6];
	uint8_t third[9];
	uint32_t third_bytes = sizeof(third);
	bool flag;
	uint8_t fourth[3];
	uint32_t fourth_bytes = sizeof(fourth);
	uint32_t first_bytes = (uint32_t)strlen(first);
	uint32_t second_bytes = (uint32_t)strlen(second);
	sk_status_t status =
		transfer_late(1, 11, 12, 13, 14, 15, (const uint8_t *)first, first_bytes, 16, (const uint8_t *)second,
			      second_bytes, SK_TINT_DARK, &words[0], &words[1], &words[2], &words[3], &words[4],
			      &words[5], third, &third_bytes, &flag, fourth, &fourth_bytes);
	if (status == SK_OK) {
		for (unsigned i = 0; i < 6; i++) {
			assert_int_equal(words[i], 11 + i);
		}
		assert_true(flag && third_bytes == first_bytes && fourth_bytes == second_bytes);
		assert_memory_equal(third, first, first_bytes);
		assert_memory_equal(fourth, second, second_bytes);
	}
	return status;
}

static void test_late_lengths(void **state)
{
	(void)state;
	assert_int_equal(late("", ""), SK_OK);
	assert_int_equal(late("12345678", "x"), SK_OK);
	assert_int_equal(late("123456789", "xy"), SK_OK);
}

static void test_hostile_late_lengths(void **state)
{
	(void)state;
	static const uint64_t lengths[] = {3, UINT64_MAX, 0};
	loopback.tamper_request = damage_late_length;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		damage = lengths[i];
		assert_int_equal(late("1234567", "xy"), SK_BAD_ARG);
		assert_false(served);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_capabilities, start),
		cmocka_unit_test_setup(test_hostile_capabilities, start),
		cmocka_unit_test_setup(test_spans, start),
		cmocka_unit_test_setup(test_hostile_spans, start),
		cmocka_unit_test_setup(test_shared_parameters, start),
		cmocka_unit_test_setup(test_ring, start),
		cmocka_unit_test_setup(test_hostile_ring, start),
		cmocka_unit_test_setup(test_oneway, start),
		cmocka_unit_test_setup(test_late_lengths, start),
		cmocka_unit_test_setup(test_hostile_late_lengths, start),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
