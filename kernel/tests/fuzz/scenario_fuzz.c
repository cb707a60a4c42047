/*
 * The random scenario (scenario.h): servers, clients and guests on three cores, and a supervisor that stops, destroys,
 * remakes and plans them. What its dice say is the input. After each step the kernel's structures must hold.
 */
#include <fuzz/fuzz.h>

#include "../scenario.h"

#define STEPS 100u

/* One byte for each choice: all of a small number of choices can be made. */
static uint64_t next(void)
{
	return fuzz_u8() * 0x0101010101010101ull;
}

static void step(void)
{
	uint32_t what = scenario_below(100);

	if (what < 65) {
		scenario_program(1 + scenario_below(SCENARIO_CORES - 1u));
	} else if (what < 85) {
		scenario_supervisor();
	} else if (what < 93) {
		mock_settle();
	} else {
		mock_advance(arch_ns_to_ticks(scenario_below(16) * 250000ull));
	}
}

void fuzz_one(void)
{
	scenario_source(NULL);
	scenario_seed(fuzz_u8() + 1u);
	scenario_populate();
	scenario_plan();
	scenario_source(next);
	for (uint32_t i = 0; i < STEPS && fuzz_more(); i++) {
		step();
		FUZZ_EXPECT(!mock.off);
		invariants_check();
	}
	mock_settle();
	FUZZ_EXPECT(!mock.off);
	invariants_check();
}
