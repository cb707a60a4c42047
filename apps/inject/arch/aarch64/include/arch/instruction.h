/*
 * A64 instructions as faults change them (Arm ARM C4.1): which are of a kind, and wrong ones in place of right ones.
 */
#ifndef INJECT_ARCH_INSTRUCTION_H
#define INJECT_ARCH_INSTRUCTION_H

#include <stdbool.h>
#include <stdint.h>

#include <sk/abi.h>

#define INSTRUCTION_BYTES 4u
#define INSTRUCTION_NOP 0xd503201fu
#define INSTRUCTION_LOOP 0x14000000u /* b . */

#define REGISTER_SP_NUMBER 31u
#define REGISTER_SP 31u /* words of injection.registers */
#define REGISTER_PC 32u

/* svc #number */
static inline bool instruction_is_system_call(uint32_t word, uint32_t number)
{
	return word == (0xd4000001u | number << 5);
}

/* Loads and stores of general registers at [Xn, #offset]: unsigned offset, or a pair. */
static inline bool instruction_is_access(uint32_t word)
{
	return (word & 0x3f000000u) == 0x39000000u || (word & 0x3e000000u) == 0x28000000u;
}

/* Rn: what an access's address is computed from; the first source of most others. */
static inline uint32_t instruction_base(uint32_t word)
{
	return word >> 5 & 31u;
}

/* The same with another Rn, another Rd; `change` is 1 to 31. */
static inline uint32_t instruction_other_source(uint32_t word, uint32_t change)
{
	return word ^ (change & 31u) << 5;
}

static inline uint32_t instruction_other_destination(uint32_t word, uint32_t change)
{
	return word ^ (change & 31u);
}

/* Where control goes behind an instruction. */
enum instruction_flow {
	FLOW_ON,     /* to the next one */
	FLOW_JUMP,   /* to the target */
	FLOW_CHOICE, /* to the next one or to the target */
	FLOW_CALL,   /* to the target, and later to the next one */
	FLOW_RETURN,
	FLOW_UNKNOWN, /* where a register says */
};

/* Signed field of `bits` bits at bit `at`, in bytes. */
static inline int64_t instruction_offset(uint32_t word, uint32_t at, uint32_t bits)
{
	int64_t field = (int64_t)((uint64_t)(word >> at) << (64 - bits)) >> (64 - bits);

	return field * (int64_t)INSTRUCTION_BYTES;
}

/* `*offset`: of the target, if it has one. */
static inline enum instruction_flow instruction_flow(uint32_t word, int64_t *offset)
{
	if ((word & 0x7c000000u) == 0x14000000u) { /* b, bl */
		*offset = instruction_offset(word, 0, 26);
		return word >> 31 != 0 ? FLOW_CALL : FLOW_JUMP;
	}
	if ((word & 0xff000010u) == 0x54000000u || (word & 0x7e000000u) == 0x34000000u) { /* b.cond, cbz, cbnz */
		*offset = instruction_offset(word, 5, 19);
		return FLOW_CHOICE;
	}
	if ((word & 0x7e000000u) == 0x36000000u) { /* tbz, tbnz */
		*offset = instruction_offset(word, 5, 14);
		return FLOW_CHOICE;
	}
	if ((word & 0xfe000000u) == 0xd6000000u) { /* br, blr, ret … */
		return (word & 0xfffffc1fu) == 0xd65f0000u ? FLOW_RETURN : FLOW_UNKNOWN;
	}
	return FLOW_ON;
}

/* b to `words` instructions from here, -32 to 31; not 0. */
static inline uint32_t instruction_branch(int32_t words)
{
	return 0x14000000u | ((uint32_t)words & 0x03ffffffu);
}

#endif
