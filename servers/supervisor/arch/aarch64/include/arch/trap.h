/*
 * The instruction that a trap of fault injection puts into a program: `brk` with a number of its own. Taken to EL2
 * (HCR_EL2.TGE); ESR: Arm ARM D17, EC 0x3c, ISS[15:0] the immediate. The fault's pc is the instruction's.
 */
#ifndef SUPERVISOR_ARCH_TRAP_H
#define SUPERVISOR_ARCH_TRAP_H

#include <stdbool.h>
#include <stdint.h>

#define TRAP_NUMBER 0x534cu
#define TRAP_INSTRUCTION (0xd4200000u | TRAP_NUMBER << 5)
#define TRAP_BYTES 4u

static inline bool trap_is(uint64_t syndrome)
{
	return (syndrome >> 26 & 0x3f) == 0x3c && (syndrome & 0xffff) == TRAP_NUMBER;
}

#endif
