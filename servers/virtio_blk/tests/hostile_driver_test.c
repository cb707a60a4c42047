/* A driver that keeps to nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench.h"

/* Random words in the channel get nobody but the client's own guest into trouble: sanitizers watch. */
static void test_hostile_driver(void **unused)
{
	uint64_t seed = 77;

	(void)unused;
	for (uint32_t round = 0; round < 2000; round++) {
		uint64_t *words;

		if (round % 50 == 0) {
			bench_reset();
			bench_start(1);
		}
		words = (uint64_t *)(void *)&bench.shared->channel;
		for (uint32_t i = 0; i < 3; i++) {
			if ((uint16_t)(bench.queues[0].available->idx - bench.queues[0].used->idx) < BENCH_REQUESTS) {
				uint32_t number = (uint32_t)(guest_random(&seed) % BENCH_REQUESTS);

				bench_request(0, number, VIRTIO_BLK_T_IN, 0, 512);
			}
		}
		bench_notify(0);
		for (uint32_t i = 0; i < 40; i++) {
			uint64_t index = guest_random(&seed) % (sizeof(bench.shared->channel) / 8);

			/* Tokens and bits more often than data. */
			index = guest_random(&seed) % 2 == 0 ? index / 136 * 136 + 16 : index;
			index = guest_random(&seed) % 4 == 0 ? index % 16 : index;
			if (index < sizeof(bench.shared->channel) / 8) {
				words[index] = guest_random(&seed) >> guest_random(&seed) % 64;
			}
		}
		if (guest_random(&seed) % 4 == 0) {
			bench_instance(1);
		} else {
			disk_look(&bench.disk);
		}
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hostile_driver),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
