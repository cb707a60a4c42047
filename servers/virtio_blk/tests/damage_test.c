/*
 * Damage to requests on their way: each is found before it does harm, the server ends, and the next instance has the
 * request carried out as it was made. What is damaged is a slot, an answer, or this process's own memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <blk/check.h>

#include "bench.h"

#define REQUESTS 4u
#define ANSWER "the driver's answer is not to this request"
#define CHANGED "a request in flight has become another one"
#define DAMAGED "the driver found a request damaged"

static struct sk_block_slot *slot(uint32_t index)
{
	return &bench.shared->channel.slots[index];
}

static uint8_t *data(uint32_t number)
{
	return guest_at(bench.shared->memory, BENCH_DATA(number));
}

/* Four requests that are with the driver: slot i has number i, at sector 2 * i; odd ones write. */
static int prepare(void **unused)
{
	(void)unused;
	bench_reset();
	bench_start(1);
	for (uint32_t i = 0; i < REQUESTS; i++) {
		memset(data(i), 0x80 + (int)i, 512);
		bench_request(0, i, i % 2 != 0 ? VIRTIO_BLK_T_OUT : VIRTIO_BLK_T_IN, 2 * i, 512);
		bench_notify(0);
	}
	return 0;
}

/* As the driver does it: a request that is not what its check word is of is not executed. */
static void serve(uint32_t index)
{
	struct sk_block_slot *at = slot(index);

	if (blk_check_slot(index, at->token, at) != at->check) {
		bench_answer(index, SK_BLOCK_RESULT_DAMAGED);
	} else {
		bench_execute(index);
		bench_answer(index, SK_BLOCK_RESULT_DONE);
	}
}

static void serve_all(void)
{
	for (uint32_t i = 0; i < DISK_SLOTS; i++) {
		if ((bench_pending() >> i & 1u) != 0) {
			serve(i);
		}
	}
}

static void look_and_end(const char *why)
{
	uint16_t used = bench.queues[0].used->idx;

	if (guest_goes_on()) {
		disk_look(&bench.disk);
		fail_msg("it goes on: expected an end: %s", why);
	}
	assert_string_equal(guest_end.why, why);
	assert_int_equal(bench.queues[0].used->idx, used);
}

/* The next instance, and each request ends once, well. */
static void expect_all_right(void)
{
	bench_instance(1);
	serve_all();
	disk_look(&bench.disk);
	serve_all();
	disk_look(&bench.disk);
	assert_int_equal(bench_pending(), 0);
	bench.queues[0].seen = 0;
	assert_int_equal(bench.queues[0].used->idx, REQUESTS);
	bench_expect_used((1u << REQUESTS) - 1);
	for (uint32_t i = 0; i < REQUESTS; i++) {
		assert_int_equal(bench_status(i), VIRTIO_BLK_S_OK);
		assert_memory_equal(data(i), bench.shared->disk + 2 * i * 512, 512);
		assert_int_equal(i % 2 != 0, data(i)[0] == 0x80 + i && data(i)[511] == 0x80 + i);
	}
	assert_int_equal(bench.shared->state.status, 15);
	assert_int_equal(bench.disk.free, UINT64_MAX);
}

/* Every word of a slot that the check word is of, and that word: found by the driver, and made again. */
static void test_a_damaged_slot(void **unused)
{
	static const size_t places[] = {
		offsetof(struct sk_block_slot, operation), offsetof(struct sk_block_slot, sector),
		offsetof(struct sk_block_slot, sectors), offsetof(struct sk_block_slot, request_flags),
		offsetof(struct sk_block_slot, segment_count), offsetof(struct sk_block_slot, check),
		offsetof(struct sk_block_slot, segments), offsetof(struct sk_block_slot, segments[0].bytes),
		offsetof(struct sk_block_slot, segments[0].offset),
	};

	(void)unused;
	for (uint32_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		(void)prepare(NULL);
		((uint8_t *)slot(1))[places[i]] ^= 0x08;
		serve(1);
		look_and_end(DAMAGED);
		expect_all_right();
	}
}

/* The words by which it finds the guest's request again: it is told of no other. */
static void test_a_damaged_record(void **unused)
{
	for (uint32_t bit = 0; bit < 48; bit++) {
		(void)prepare(unused);
		slot(1)->note ^= 1ull << bit;
		serve(1);
		look_and_end(CHANGED);
		expect_all_right();
	}
	for (uint32_t bit = 0; bit < 32; bit++) {
		(void)prepare(unused);
		slot(1)->token ^= 1ull << bit;
		serve(1);
		look_and_end(CHANGED);
		if (bit >= 16 + 7) {
			expect_all_right(); /* the same entry of the available ring, and there is the head */
			continue;
		}
		/* Nobody knows any more whose it was. */
		bench_instance(1);
		assert_true((bench.shared->state.status & VIRTIO_CONFIG_S_NEEDS_RESET) != 0);
		assert_true(bench.queues[0].used->idx == 0);
	}
}

/* A token and a check word that are damaged between two instances. */
static void test_a_damaged_record_is_found_before_it_is_used(void **unused)
{
	(void)prepare(unused);
	serve(1);
	slot(1)->token ^= 3; /* the head: another request's */
	bench_instance(1);
	assert_true((bench.shared->state.status & VIRTIO_CONFIG_S_NEEDS_RESET) != 0);
	assert_int_equal(bench.queues[0].used->idx, 0);
	(void)prepare(unused);
	serve(1);
	slot(1)->note ^= 1;
	expect_all_right();
}

/* The driver says of a request that it is done which is still under way. */
static void test_an_end_too_early(void **unused)
{
	(void)prepare(unused);
	bench.shared->channel.served ^= 1u << 1;
	look_and_end(ANSWER);
	expect_all_right();
	(void)prepare(unused); /* … with the answer to another one */
	serve(2);
	slot(1)->result = slot(2)->result;
	slot(1)->answer = slot(2)->answer;
	bench.shared->channel.served ^= 1u << 1;
	look_and_end(ANSWER);
	expect_all_right();
	(void)prepare(unused); /* … and with a result that is another one */
	serve(1);
	slot(1)->result = SK_BLOCK_RESULT_FAILED;
	look_and_end(ANSWER);
	expect_all_right();
	(void)prepare(unused);
	serve(1);
	slot(1)->result = SK_BLOCK_RESULT_PENDING;
	look_and_end(ANSWER);
	expect_all_right();
}

/* A request that ends a second time: nothing of the first end is left that would bear it. */
static void test_a_doubled_end(void **unused)
{
	(void)prepare(unused);
	serve(1);
	disk_look(&bench.disk);
	assert_int_equal(bench.queues[0].used->idx, 1);
	bench.disk.flying |= 1u << 1;
	look_and_end(CHANGED);
	expect_all_right();
	(void)prepare(unused);
	serve(1);
	bench.disk.heads[0][BENCH_HEAD(1)] = 0;
	look_and_end("a request was to end that is not in flight");
	expect_all_right();
}

static void notify_and_end(const char *why)
{
	if (guest_goes_on()) {
		bench_notify(0);
		fail_msg("it goes on: expected an end: %s", why);
	}
	assert_string_equal(guest_end.why, why);
}

/* A chain that is taken twice: the queue's position did not move. And a slot that is filled while it is in use. */
static void test_taken_twice(void **unused)
{
	(void)prepare(unused);
	bench.disk.device.queues[0].position -= 1;
	bench.disk.device.queues[0].position_again -= 1;
	bench.shared->state.queues[0].position -= 1;
	notify_and_end("a request was to be taken twice");
	bench.shared->state.queues[0].position += 1;
	expect_all_right();
	(void)prepare(unused);
	bench.disk.free |= 1;
	bench_request(0, REQUESTS, VIRTIO_BLK_T_IN, 0, 512);
	notify_and_end("a slot that is in use was to be filled");
	assert_int_equal(bench_pending(), 15);
}

/* A guest that offers what it has not got back breaks a rule, and that is all. */
static void test_a_guest_that_offers_twice(void **unused)
{
	(void)prepare(unused);
	guest_offer(&bench.queues[0], BENCH_HEAD(1));
	bench_notify(0);
	assert_true((bench.shared->state.status & VIRTIO_CONFIG_S_NEEDS_RESET) != 0);
	assert_int_equal(bench_pending(), 15);
}

/* What this process keeps of a request. */
static void test_damage_at_home(void **unused)
{
	for (uint32_t i = 0; i < 3; i++) {
		static const char *const why[] = { CHANGED, ANSWER, "a request was to end that is not in flight" };
		uint64_t *const words[] = { &bench.disk.ids[1], &bench.disk.checks[1], &bench.disk.tokens[1] };

		for (uint32_t bit = 0; bit < (i == 2 ? 6 : 64); bit++) {
			(void)prepare(unused);
			serve(1);
			*words[i] ^= 1ull << bit;
			look_and_end(why[i]);
			expect_all_right();
		}
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_damaged_slot),
		cmocka_unit_test(test_a_damaged_record),
		cmocka_unit_test(test_a_damaged_record_is_found_before_it_is_used),
		cmocka_unit_test(test_an_end_too_early),
		cmocka_unit_test(test_a_doubled_end),
		cmocka_unit_test(test_taken_twice),
		cmocka_unit_test(test_a_guest_that_offers_twice),
		cmocka_unit_test(test_damage_at_home),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
