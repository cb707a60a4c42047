/*
 * The bitmap of a plan's slots at its full size, which plan_proof.c has a smaller one of.
 */
#include <kernel/plan.c>
#include "proof.h"

struct core cores[SK_MAX_CORES];

/* Every number of slots, the most there can be among them. */
void proof_all_slots(void)
{
	struct core *core = &cores[0];
	core->plan.count = any_below(SK_PLAN_SLOTS + 1u);
	uint32_t slot = any_below(SK_PLAN_SLOTS);
	proof_that((all_slots(core) >> slot & 1u) == (slot < core->plan.count ? 1u : 0u), "a bit for each, and no more");
	proof_witness(core->plan.count == SK_PLAN_SLOTS, "64");
}
