/*
 * Exceptions taken to EL1.
 *
 * A test that provokes one brackets the act by catch_begin and catch_end. In between, a synchronous exception or an
 * SError is recorded and the program goes on: behind the instruction, or, when it was the fetch that failed, where
 * the link register points (so a wild jump is made by a call). Anything else is a failure of the program: it
 * is printed with its registers and the machine is switched off.
 */
#ifndef GUEST_EXCEPTION_H
#define GUEST_EXCEPTION_H

#include <guest/cpu.h>

/* The vector table's slots in order: Arm ARM, D1.3.1. */
enum exception_kind {
	EXCEPTION_SP0_SYNC,
	EXCEPTION_SP0_IRQ,
	EXCEPTION_SP0_FIQ,
	EXCEPTION_SP0_SERROR,
	EXCEPTION_SYNC,
	EXCEPTION_IRQ,
	EXCEPTION_FIQ,
	EXCEPTION_SERROR,
	EXCEPTION_EL0_SYNC,
	EXCEPTION_EL0_IRQ,
	EXCEPTION_EL0_FIQ,
	EXCEPTION_EL0_SERROR,
	EXCEPTION_AARCH32_SYNC,
	EXCEPTION_AARCH32_IRQ,
	EXCEPTION_AARCH32_FIQ,
	EXCEPTION_AARCH32_SERROR,
};

/* As vectors.S lays it on the stack. */
struct exception_frame {
	uint64_t x[31];
	uint64_t elr;
	uint64_t spsr;
	uint64_t kind;
};

/* ESR_EL1.EC values: Arm ARM, D17.2.37. */
#define EC_UNKNOWN 0x00u
#define EC_WFX 0x01u
#define EC_FP 0x07u
#define EC_ILLEGAL_STATE 0x0eu
#define EC_SVC32 0x11u
#define EC_SVC64 0x15u
#define EC_SYSREG 0x18u
#define EC_SVE 0x19u
#define EC_SME 0x1du
#define EC_INSTRUCTION_ABORT_LOWER 0x20u
#define EC_INSTRUCTION_ABORT 0x21u
#define EC_PC_ALIGNMENT 0x22u
#define EC_DATA_ABORT 0x25u
#define EC_SP_ALIGNMENT 0x26u
#define EC_BREAKPOINT 0x31u
#define EC_STEP 0x33u
#define EC_BRK 0x3cu

static inline unsigned esr_class(uint64_t esr)
{
	return (unsigned)(esr >> 26) & 0x3fu;
}

/* DFSC or IFSC: 0x10 is a synchronous external abort, 0x04..0x07 a translation fault, 0x21 an alignment fault. */
#define FAULT_STATUS_EXTERNAL 0x10u
#define FAULT_STATUS_ALIGNMENT 0x21u
static inline unsigned esr_fault_status(uint64_t esr)
{
	return (unsigned)esr & 0x3fu;
}

void catch_begin(void);
/* Waits for late aborts, then returns what was caught since catch_begin (count 0: nothing). */
struct caught catch_end(void);

/* Called by vectors.S. */
void exception_handle(struct exception_frame *frame);

#endif
