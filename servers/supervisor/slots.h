/*
 * The supervisor's own capability slots. The kernel's table is of fixed size and
 * knows nothing of allocation: whoever owns the table decides what is free.
 */
#ifndef SUPERVISOR_SLOTS_H
#define SUPERVISOR_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

#include <sk/abi.h>

/* Forgets everything, then takes slots [1, reserved) for what the kernel put there at boot. */
void slots_init(uint32_t reserved);

/* The lowest free slot, or SK_CAP_NONE. */
sk_cap_t slots_take(void);

/* Slot `slot` is empty again (its capability was deleted, consumed or never made). SK_CAP_NONE is ignored. */
void slots_give(sk_cap_t slot);

uint32_t slots_used(void);

#endif
