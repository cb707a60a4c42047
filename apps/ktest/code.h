/*
 * Code that is written in machine instructions because what it does can't be said in C: threads that fault, a guest of
 * a few instructions, the storm's loop. Each architecture has its own (arch/).
 */
#ifndef CODE_H
#define CODE_H

#include <stdint.h>

/* Functions of a thread of this process: each makes the fault of its name, and returns if it is resumed behind it. */
void code_undefined(void);
void code_privileged(void);        /* reads a register that no process may read */
void code_unaligned(void *memory); /* an exclusive access one byte off */
void code_jump(uint64_t address);  /* goes there */
void code_unknown_call(void);      /* a system call number that there isn't */
#define CODE_INSTRUCTION_BYTES 4u

/* Sets the general registers 0 to 28 to their number + 0x1000, then stays in one place. */
void code_pattern(void);
/* Stores register 0 at the address in register 1 for ever. */
void code_store(void);

/*
 * The guest: position-independent, one page at most, entered at an offset from code_guest. Registers come from outside.
 *   hypercall  makes a hypercall for ever; register 0 is its number
 *   firmware   the same with the other conduit
 *   count      counts up register 5 for ever
 *   load       loads 32 bits from the address in register 9 to register 1, then makes a hypercall
 *   store      stores register 1 there, then makes a hypercall
 *   fetch      jumps to the address in register 9
 *   halt       waits for an interrupt, then makes a hypercall
 *   identify   reads an identification register into register 1, then makes a hypercall
 *   hidden     reads a register that the guest may not, then makes a hypercall
 *   breakpoint executes a breakpoint
 */
extern const uint8_t code_guest[];
extern const uint8_t code_guest_end[];
extern const uint8_t code_guest_hypercall[], code_guest_firmware[], code_guest_count[], code_guest_load[],
	code_guest_store[], code_guest_fetch[], code_guest_halt[], code_guest_identify[], code_guest_hidden[],
	code_guest_breakpoint[];

/* One system call of the storm, and what came of it. */
struct storm_call {
	uint64_t number; /* enum sk_syscall */
	uint64_t in[8];
	uint64_t out[9];
	uint64_t made;   /* set to 1 behind the call */
};

/*
 * Position-independent, one page at most: makes the calls of the array at the address in register 0, as many as
 * register 1 says, then signals bit 0 of the notification in the slot in register 2 and waits for it for ever.
 */
extern const uint8_t code_storm[];
extern const uint8_t code_storm_end[];

#endif
