/* See check.h. */
#include "check.h"

#include <inttypes.h>
#include <stdlib.h>

void check_system(struct system *system)
{
	check_machine(system);
	check_guests(system);
	check_interrupts(system);
	check_roles(system);
	check_calls(system);
	check_objects(system);
	check_hardware(system);
	check_pci(system);
	check_network(system);
	check_budgets(system);
	check_scheduling(system);
}

bool ranges_overlap(const struct manifest_range *a, const struct manifest_range *b)
{
	return a->bytes != 0 && b->bytes != 0 && a->base < b->base + b->bytes && b->base < a->base + a->bytes;
}

void spans_check(struct system *system, const struct span *spans, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		for (uint32_t j = 0; j < i; j++) {
			if (ranges_overlap(&spans[i].range, &spans[j].range)) {
				CHECK_ERROR(system, spans[i].node, spans[i].property,
					    "overlaps %s: 0x%" PRIx64 " to 0x%" PRIx64 " and 0x%" PRIx64
					    " to 0x%" PRIx64 "; expected ranges of their own",
					    spans[j].what, spans[i].range.base,
					    spans[i].range.base + spans[i].range.bytes - 1, spans[j].range.base,
					    spans[j].range.base + spans[j].range.bytes - 1);
			}
		}
	}
}
