/*
 * The checker: what the manifest's parts mean together. The reader has told
 * already what is wrong with each value alone; here two correct values contradict each other. Each
 * check is independent of the others and tells all that it finds.
 */
#ifndef CHECK_H
#define CHECK_H

#include "../system.h"

/* A named range for overlap checks. */
struct span {
	struct manifest_range range;
	const char *what; /* "device pl011@9000000" */
	int node;
	const char *property;
};

/* Tells each pair that overlaps, at the later one's place. */
void spans_check(struct system *system, const struct span *spans, uint32_t count);
bool ranges_overlap(const struct manifest_range *a, const struct manifest_range *b);

void check_machine(struct system *system);    /* physical addresses, memory, unit addresses */
void check_guests(struct system *system);     /* guest-physical addresses */
void check_interrupts(struct system *system); /* physical and guests' lines, owners of devices */
void check_roles(struct system *system);      /* who is whose VMM or device; fallbacks; names */
void check_calls(struct system *system);      /* who calls whom: cycles, depth, cores */
void check_objects(struct system *system);    /* kernel objects in a server's own hands */
void check_hardware(struct system *system);   /* what accesses memory by itself; channels' names */
void check_pci(struct system *system);        /* functions behind a PCI host bridge */
void check_network(struct system *system);    /* who is on a network, and how */
void check_budgets(struct system *system);    /* time */
void check_scheduling(struct system *system); /* policies, windows, and who is in them */

#define CHANNEL_NAME_KEPT 15u /* characters of a channel's name in the capability "channel:NAME" */

/* An error at a node. */
#define CHECK_ERROR(system, node, property, ...)                                                                       \
	do {                                                                                                           \
		char *check_path = system_path((system), (node));                                                      \
		source_error(&(system)->source, check_path, (property), __VA_ARGS__);                                  \
		free(check_path);                                                                                      \
	} while (0)
#define CHECK_WARNING(system, node, property, ...)                                                                     \
	do {                                                                                                           \
		char *check_path = system_path((system), (node));                                                      \
		source_warning(&(system)->source, check_path, (property), __VA_ARGS__);                                \
		free(check_path);                                                                                      \
	} while (0)

#endif
