/*
 * The disk's server is killed between any two of its stores, with requests in every stage, and so is
 * the instance after it; the driver serves in any order in between, and some requests twice, as one that dies
 * does. Each request comes back to the guest once, with its data, and none is forgotten.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench.h"
#include "crash.h"

static uint32_t requests;
static uint16_t start_index;

static uint8_t *data(uint32_t number)
{
	return guest_at(bench.shared->memory, BENCH_DATA(number));
}

/* Even numbers read, odd ones write; each has its own sector. */
static void request(uint32_t number)
{
	memset(data(number), 0x80 + (int)number, 512);
	bench_request(0, number, number % 2 != 0 ? VIRTIO_BLK_T_OUT : VIRTIO_BLK_T_IN, 2 * number, 512);
}

/*
 * A disk with `count` requests: the first `taken` ones are, and the last `served` of those are served and not
 * told; the rest is only available. Indices are about to wrap.
 */
static void prepare(uint32_t count, uint32_t served, uint32_t taken)
{
	bench_reset();
	bench_start(1);
	start_index = 0xfffe;
	guest_begin_at(&bench.disk.device.queues[0], start_index);
	bench.queues[0].available->idx = start_index;
	bench.queues[0].used->idx = start_index;
	bench.queues[0].seen = start_index;
	bench.queues[0].available->ring[BENCH_QUEUE_SIZE] = start_index; /* interrupt when the first is used */
	requests = count;
	for (uint32_t i = 0; i < count; i++) {
		if (i == taken) {
			bench_notify(0);
		}
		request(i);
	}
	if (taken == count) {
		bench_notify(0);
	}
	for (uint32_t i = taken - served; i < taken; i++) {
		bench_execute(i);
		bench_answer(i, SK_BLOCK_RESULT_DONE);
	}
	bench.shared->channel.driver_sleeps = 1;
}

static void instance(void *unused)
{
	(void)unused;
	bench_instance(1);
}

/* What the guest can see now is final: its index is not ahead of what is committed, and entries are all of requests. */
static void expect_not_ahead(void)
{
	uint16_t used = (uint16_t)(bench.shared->state.queues[0].position >> 16);

	assert_true((uint16_t)(used - bench.queues[0].used->idx) <= 1);
}

static void expect_end(void)
{
	bench.queues[0].seen = start_index;
	assert_int_equal(bench_pending(), 0);
	assert_int_equal((uint16_t)(bench.queues[0].used->idx - start_index), requests);
	bench_expect_used((1ull << requests) - 1);
	for (uint32_t i = 0; i < requests; i++) {
		assert_int_equal(bench_status(i), VIRTIO_BLK_S_OK);
		assert_memory_equal(data(i), bench.shared->disk + 2 * i * 512, 512);
		assert_int_equal(i % 2 != 0, data(i)[0] == 0x80 + i && data(i)[511] == 0x80 + i);
	}
	for (uint32_t i = 0; i < DISK_SLOTS; i++) {
		assert_int_equal(bench.shared->channel.slots[i].token, 0);
	}
	assert_true(virtio_mmio_line(&bench.disk.device));
	assert_int_equal(bench.disk.free, UINT64_MAX);
	assert_int_equal(bench.disk.flying, 0);
	assert_int_equal(bench.shared->channel.client_sleeps, 1);
	assert_int_equal(guest_notify_at(&bench.queues[0]), bench.queues[0].available->idx);
}

/* From any state that an instance left to the end of all requests. */
static void finish(uint64_t seed)
{
	if (seed % 3 == 0) {
		bench_serve_all(&seed); /* before the next instance begins */
	}
	bench_instance(1);
	bench_serve_all(&seed);
	disk_look(&bench.disk);
	bench_serve_all(&seed);
	disk_look(&bench.disk);
	expect_end();
}

static void crash_init(struct crash *crash)
{
	*crash = (struct crash){ .shared = (uint8_t *)bench.shared, .bytes = sizeof(*bench.shared) };
}

static void finish_from_all(const struct crash *crash)
{
	for (uint32_t i = 0; i < crash->count; i++) {
		for (uint64_t seed = 1; seed <= 3; seed++) {
			crash_restore(crash, i);
			expect_not_ahead();
			finish(seed);
		}
	}
}

static void kill_everywhere(uint32_t count, uint32_t served, uint32_t taken)
{
	struct crash crash;

	prepare(count, served, taken);
	crash_init(&crash);
	crash_record(&crash, instance, NULL);
	assert_true(crash.count > count);
	finish_from_all(&crash);
	crash_forget(&crash);
}

static void test_taking(void **unused)
{
	(void)unused;
	kill_everywhere(3, 0, 0);
}

static void test_telling(void **unused)
{
	(void)unused;
	kill_everywhere(4, 4, 4);
}

static void test_all_stages(void **unused)
{
	(void)unused;
	kill_everywhere(6, 2, 4);
	kill_everywhere(7, 3, 5);
}

/*
 * `meanwhile`: between the two instances the driver serves the rest, so that a request that was half told
 * comes behind another one.
 */
static void kill_twice(bool meanwhile)
{
	struct crash first;
	struct crash second;
	uint64_t seed = 1;

	prepare(3, 1, 2);
	crash_init(&first);
	crash_record(&first, instance, NULL);
	for (uint32_t i = 0; i < first.count; i++) {
		crash_restore(&first, i);
		if (meanwhile) {
			bench_serve_all(&seed);
		}
		crash_init(&second);
		crash_record(&second, instance, NULL);
		finish_from_all(&second);
		crash_forget(&second);
	}
	crash_forget(&first);
}

/* The guest's driver knows no flush: writes become flushes on their way, and a kill there makes no difference. */
static void test_without_flushes(void **unused)
{
	struct crash crash;

	(void)unused;
	prepare(5, 3, 4);
	bench.shared->state.driver_features &= ~(1ull << VIRTIO_BLK_F_FLUSH);
	crash_init(&crash);
	crash_record(&crash, instance, NULL);
	for (uint32_t i = 0; i < crash.count; i++) {
		uint64_t seed = i + 1;

		crash_restore(&crash, i);
		expect_not_ahead();
		for (uint32_t round = 0; round < 4; round++) {
			bench_instance(1);
			bench_serve_all(&seed);
		}
		bench_instance(1);
		expect_end();
	}
	crash_forget(&crash);
}

static void test_killed_twice(void **unused)
{
	(void)unused;
	kill_twice(false);
}

static void test_killed_twice_with_the_driver_between(void **unused)
{
	(void)unused;
	kill_twice(true);
}

/* As the server does when no driver answers. */
static void instance_without_driver(void *unused)
{
	(void)unused;
	bench_instance(1);
	disk_withdraw(&bench.disk, true);
	disk_lose(&bench.disk);
	disk_look(&bench.disk);
}

/*
 * The driver is lost, and the server is killed anywhere while it takes back what that one had; the next instance finds
 * no driver either. Each request comes back once, and nothing is left for a driver to execute.
 */
static void test_killed_while_it_takes_back(void **unused)
{
	struct crash crash;

	(void)unused;
	prepare(5, 2, 4);
	crash_init(&crash);
	crash_record(&crash, instance_without_driver, NULL);
	assert_true(crash.count > 5);
	for (uint32_t i = 0; i < crash.count; i++) {
		crash_restore(&crash, i);
		expect_not_ahead();
		instance_without_driver(NULL);
		bench.queues[0].seen = start_index;
		assert_int_equal(bench_pending(), 0);
		bench_expect_used((1ull << requests) - 1);
		for (uint32_t j = 0; j < requests; j++) {
			assert_int_equal(bench_status(j), j == 2 || j == 3 ? VIRTIO_BLK_S_OK : VIRTIO_BLK_S_IOERR);
		}
	}
	crash_forget(&crash);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taking),
		cmocka_unit_test(test_telling),
		cmocka_unit_test(test_all_stages),
		cmocka_unit_test(test_without_flushes),
		cmocka_unit_test(test_killed_twice),
		cmocka_unit_test(test_killed_twice_with_the_driver_between),
		cmocka_unit_test(test_killed_while_it_takes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
