/*
 * Thousands of random steps (scenario.h), one after the other, on several cores;
 * after each the kernel's structures must hold (invariants.c). SKINK_SEED runs
 * another seed than the usual one, SKINK_STEPS that many steps.
 */
#include "scenario.h"
#include <inttypes.h>
#include <stdio.h>

#define ROUNDS 4u
#define STEPS 2500u

static uint32_t steps_done;

static void step(void)
{
	scenario_step(4000000, 1);
	if (mock.off) {
		fail_msg("step %u: %s", steps_done, mock.console);
	}
}

static void random_steps(void **state)
{
	(void)state;
	uint32_t steps = scenario_steps_given(STEPS);
	for (uint32_t round = 0; round < ROUNDS; round++) {
		scenario_populate();
		scenario_plan();
		for (steps_done = 0; steps_done < steps; steps_done++) {
			step();
			invariants_check();
		}
		mock_settle();
		invariants_check();
	}
}

int main(void)
{
	uint64_t seed = scenario_seed_given(0x51c1a11ce5eedull);
	scenario_seed(seed);
	printf("SKINK_SEED=%#" PRIx64 "\n", seed);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_steps),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (failed != 0) {
		printf("at step %u\n", steps_done);
	}
	return failed;
}
