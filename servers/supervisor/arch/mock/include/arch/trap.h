/* The mock's trap: a word that no test's program has, and a syndrome that nothing else leads to. */
#ifndef SUPERVISOR_ARCH_TRAP_H
#define SUPERVISOR_ARCH_TRAP_H

#include <stdbool.h>
#include <stdint.h>

#define TRAP_INSTRUCTION 0x534c534cu
#define TRAP_BYTES 4u
#define TRAP_SYNDROME 0x534cu

static inline bool trap_is(uint64_t syndrome)
{
	return syndrome == TRAP_SYNDROME;
}

#endif
