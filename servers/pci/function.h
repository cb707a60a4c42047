/*
 * A function of the bus that the manifest gives to somebody: its registers are put where the manifest says, all others
 * that it has where nobody looks, and its accesses are switched on and off.
 *
 * What an instance of this server has done stands in the function's own registers and nowhere else. While the function
 * answers at addresses (PCI_COMMAND_MEMORY), an earlier instance has placed it, and nothing but the command is touched;
 * otherwise it is placed from the beginning. So it answers only where it should, at any moment. BARs are only ever
 * measured, which makes them point anywhere for a moment, while it does not answer.
 */
#ifndef PCI_FUNCTION_H
#define PCI_FUNCTION_H

#include <stdbool.h>
#include <stdint.h>

#include <sk/idl/pci.h>
#include <skink/manifest.h>

struct function {
	volatile uint8_t *config;
	struct manifest_range registers; /* where the one BAR that matters belongs: all of it */
	struct manifest_range spare;     /* for all others */
};

enum function_state {
	FUNCTION_READY,
	FUNCTION_ABSENT,   /* nothing is there */
	FUNCTION_FOREIGN,  /* it is no virtio device, or one that is not described as the specification wants */
	FUNCTION_MISPLACED /* its registers take another size than the manifest gives them, or the others don't fit */
};

/* Places it, unless it is, and lets it answer, with no access to memory. */
enum function_state function_open(const struct function *function, struct pci_virtio_place *place);

/* Lets it access memory. False: it does not answer: function_open() comes first. */
bool function_master(const struct function *function);

/* Ends all that a function does, unless it is a host bridge. True: it was not off before. */
bool function_quiet(volatile uint8_t *config);

#endif
