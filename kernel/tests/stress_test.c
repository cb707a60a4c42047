/*
 * The random scenario with cores that run at once: each is a host thread, and
 * they meet where real cores do, in the kernel lock, the inboxes and the objects
 * that they share. Now and then all pause, and the kernel's structures must hold.
 * What happens depends on the host's scheduler too, so a seed does not tell it all.
 */
#include "scenario.h"
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>

#define ROUNDS 3u
#define STEPS 600u
#define STEPS_BETWEEN_LOOKS 20u

static uint64_t seed;
static bool pause_cores, stop_cores;        /* atomic */
static uint64_t rounds[SCENARIO_CORES];     /* atomic: times that the core found nothing to do while paused */
static uint64_t handled;                    /* atomic: interrupts that were taken */

static void *core_main(void *argument)
{
	uint32_t core = (uint32_t)(uintptr_t)argument;
	scenario_seed(seed * (core + 3u));
	while (!__atomic_load_n(&stop_cores, __ATOMIC_ACQUIRE)) {
		if (mock_interrupt(core)) {
			(void)__atomic_fetch_add(&handled, 1, __ATOMIC_ACQ_REL);
		} else if (__atomic_load_n(&pause_cores, __ATOMIC_ACQUIRE)) {
			(void)__atomic_fetch_add(&rounds[core], 1, __ATOMIC_ACQ_REL);
			(void)sched_yield();
		} else {
			scenario_program(core);
		}
	}
	return NULL;
}

/* Waits until every core has looked twice and found nothing, while no core found anything. */
static void wait_until_quiet(void)
{
	uint64_t before;
	do {
		uint64_t seen[SCENARIO_CORES];
		before = __atomic_load_n(&handled, __ATOMIC_ACQUIRE);
		for (uint32_t i = 1; i < SCENARIO_CORES; i++) {
			seen[i] = __atomic_load_n(&rounds[i], __ATOMIC_ACQUIRE);
		}
		while (mock_interrupt(0)) {
			before = UINT64_MAX;
		}
		for (uint32_t i = 1; i < SCENARIO_CORES; i++) {
			while (__atomic_load_n(&rounds[i], __ATOMIC_ACQUIRE) < seen[i] + 2u) {
				(void)sched_yield();
			}
		}
	} while (__atomic_load_n(&handled, __ATOMIC_ACQUIRE) != before || mock_interrupt_waits(core_at(0)));
}

static void look(void)
{
	__atomic_store_n(&pause_cores, true, __ATOMIC_RELEASE);
	wait_until_quiet();
	if (mock.off) {
		fail_msg("the kernel gave up: %s", mock.console);
	}
	invariants_check();
	__atomic_store_n(&pause_cores, false, __ATOMIC_RELEASE);
}

static void cores_at_once(void **state)
{
	(void)state;
	uint32_t steps = scenario_steps_given(STEPS);
	for (uint32_t round = 0; round < ROUNDS; round++) {
		scenario_populate();
		scenario_plan();
		mock_settle();
		pthread_t threads[SCENARIO_CORES];
		stop_cores = false;
		mock.threaded = true;
		for (uint32_t i = 1; i < SCENARIO_CORES; i++) {
			assert_int_equal(pthread_create(&threads[i], NULL, core_main, (void *)(uintptr_t)i), 0);
		}
		for (uint32_t i = 0; i < steps; i++) {
			scenario_supervisor();
			(void)__atomic_fetch_add(&mock.now, arch_ns_to_ticks(scenario_below(400000)), __ATOMIC_ACQ_REL);
			(void)mock_interrupt(0);
			if (i % STEPS_BETWEEN_LOOKS == 0) {
				look();
			}
		}
		look();
		__atomic_store_n(&stop_cores, true, __ATOMIC_RELEASE);
		for (uint32_t i = 1; i < SCENARIO_CORES; i++) {
			assert_int_equal(pthread_join(threads[i], NULL), 0);
		}
		mock.threaded = false;
		mock_settle();
		invariants_check();
	}
}

int main(void)
{
	seed = scenario_seed_given(0xc0ffeeull);
	scenario_seed(seed);
	printf("SKINK_SEED=%#" PRIx64 "\n", seed);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cores_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
