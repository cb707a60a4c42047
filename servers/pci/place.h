/*
 * Where a virtio device's registers are: its vendor capabilities (virtio 1.2, section 4.1.4), as the function tells
 * them. Nothing that it tells is believed: the list may be a loop, and offsets may be anything.
 */
#ifndef PCI_PLACE_H
#define PCI_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include <sk/idl/pci.h>

/*
 * Reads the capabilities into `place` and tells which BAR its parts are in: all are in one. False: one is missing, or not
 * all are in one, or one is not within the BAR's first `bytes` bytes or not aligned as its accesses need.
 */
bool place_read(const volatile uint8_t *config, uint64_t bytes, struct pci_virtio_place *place, uint32_t *bar);

#endif
