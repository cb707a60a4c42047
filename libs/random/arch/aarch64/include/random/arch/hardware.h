/*
 * RNDR of FEAT_RNG (Arm ARM, D17.2.124): 64 random bits from the CPU. Readable at EL0 where the CPU has it,
 * undefined where it does not, and EL0 can't ask which: who calls this was told.
 */
#ifndef RANDOM_ARCH_HARDWARE_H
#define RANDOM_ARCH_HARDWARE_H

#include <stdbool.h>
#include <stdint.h>

/* False when the CPU has none at the moment. */
static inline bool random_hardware(uint64_t *value)
{
	uint64_t failed;

	__asm__ volatile("mrs %0, s3_3_c2_c4_0\n\tcset %1, eq" : "=r"(*value), "=r"(failed) : : "cc");
	return failed == 0;
}

#endif
