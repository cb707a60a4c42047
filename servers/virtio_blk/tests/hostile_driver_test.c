/* A driver that keeps to nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench.h"

static uint64_t seed = 77;
static uint32_t ends;

/* The server has ended itself: it is started again, and, if that is of no use, with nothing: it was given up. */
static void begin_again(void)
{
	ends++;
	if (guest_goes_on()) {
		bench_instance(1);
		return;
	}
	bench_reset();
	bench_start(1);
}

static void guest_moves(void)
{
	for (uint32_t i = 0; i < 3; i++) {
		if ((uint16_t)(bench.queues[0].available->idx - bench.queues[0].used->idx) < BENCH_REQUESTS) {
			bench_request(0, (uint32_t)(guest_random(&seed) % BENCH_REQUESTS), VIRTIO_BLK_T_IN, 0, 512);
		}
	}
	bench_notify(0);
}

/* Tokens and bits more often than data. */
static void driver_moves(void)
{
	uint64_t *words = (uint64_t *)(void *)&bench.shared->channel;

	for (uint32_t i = 0; i < 40; i++) {
		uint64_t index = guest_random(&seed) % (sizeof(bench.shared->channel) / 8);

		index = guest_random(&seed) % 2 == 0 ? index / 136 * 136 + 16 : index;
		index = guest_random(&seed) % 4 == 0 ? index % 16 : index;
		if (index < sizeof(bench.shared->channel) / 8) {
			words[index] = guest_random(&seed) >> guest_random(&seed) % 64;
		}
	}
}

static void server_moves(void)
{
	if (guest_random(&seed) % 4 == 0) {
		bench_instance(1);
	} else {
		disk_look(&bench.disk);
	}
}

static void in_a_process(void (*moves)(void))
{
	if (guest_goes_on()) {
		moves();
	} else {
		begin_again();
	}
	guest_end.expected = false;
}

/* Random words in the channel get nobody but the client's own guest into trouble: sanitizers watch. */
static void test_hostile_driver(void **unused)
{
	(void)unused;
	for (uint32_t round = 0; round < 2000; round++) {
		if (round % 50 == 0) {
			bench_reset();
			bench_start(1);
		}
		in_a_process(guest_moves);
		driver_moves();
		in_a_process(server_moves);
	}
	assert_true(ends > 100);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hostile_driver),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
