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

void fuzz_one(void)
{
	scenario_source(NULL);
	scenario_seed(fuzz_u8() + 1u);
	scenario_populate();
	scenario_plan();
	scenario_source(next);
	for (uint32_t i = 0; i < STEPS && fuzz_more(); i++) {
		scenario_step(16, 250000); /* few choices: see next() */
		FUZZ_EXPECT(!mock.off);
		invariants_check();
	}
	mock_settle();
	FUZZ_EXPECT(!mock.off);
	invariants_check();
}
