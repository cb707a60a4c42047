/*
 * What every proof is written with.
 *
 * A proof is a function proof_WORD(): it makes a state of the kernel from values that may be anything, assumes of it
 * what the kernel always keeps (its invariants), does one operation of the kernel's own code, and says what must hold
 * after it, the invariants among it. CBMC tries all states within the bounds at once, and checks each access to
 * memory and each operation on the way.
 *
 * What an operation must leave alone is shown with an arbitrary place: any slot, any entry of the object table, chosen
 * before, is unchanged after.
 */
#ifndef PROOF_H
#define PROOF_H

#include <stdbool.h>
#include <stdint.h>

/* Any value. */
uint64_t nondet_u64(void);
uint32_t nondet_u32(void);
uint16_t nondet_u16(void);
uint8_t nondet_u8(void);
bool nondet_bool(void);

/* From here on this is so. */
#define proof_assume(condition) __CPROVER_assume(condition)
/* This must be so. */
#define proof_that(condition, what) __CPROVER_assert(condition, what)
/* This must be possible, or the proof above it speaks of nothing. */
#define proof_witness(condition, what) __CPROVER_assert(!(condition), "witness: " what)

/* Any value below `limit`. */
static inline uint32_t any_below(uint32_t limit)
{
	uint32_t value = nondet_u32();
	proof_assume(value < limit);
	return value;
}

#endif
