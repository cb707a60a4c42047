#ifndef WATCHED_H
#define WATCHED_H

#include <stdint.h>

/* In the guest's registers while it waits for its device; the intruder (servers/supervisor/tests) looks for it. */
#define WATCHED_SECRET 0x5ec4e7005ec4e700ull
#define WATCHED_MEMORY_SECRET 0xffu /* added to it: what is in the guest's memory */

/*
 * Loads 32 bits from the device register at `address` to *value, with x2 to x28 holding WATCHED_SECRET + their number
 * and all vector registers filled with WATCHED_SECRET. Returns how many of them have something else afterwards.
 */
uint64_t watched_load(uint64_t address, uint32_t *value);

#endif
