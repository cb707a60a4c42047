/* The architecture's part of the guest's device tree. */
#ifndef GUEST_DEVTREE_MACHINE_H
#define GUEST_DEVTREE_MACHINE_H

#include <skink/manifest.h>

#include "fdt_writer.h"

/* References between nodes that the two parts share. */
#define DEVTREE_PHANDLE_INTERRUPTS 1u
#define DEVTREE_PHANDLE_CLOCK 2u

/* cpus, firmware, timer and interrupt controller: nodes directly below the root. */
void devtree_machine_nodes(struct fdt_writer *w, const struct manifest_vm *vm);

/* The `interrupts` property of a device with line `line` (32 and up). */
void devtree_machine_interrupt(struct fdt_writer *w, uint32_t line, bool level);

#endif
