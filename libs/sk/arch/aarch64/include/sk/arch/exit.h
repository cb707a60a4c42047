/*
 * How an AArch64 process ends itself: `brk #SK_EXIT_BREAK` with x0 the exit code
 * and x1 the address of a text or 0. TGE routes it to EL2; the supervisor
 * gets thread_fault.fault and recognises the syndrome. ESR: Arm ARM D17, EC 0x3c, ISS[15:0] the immediate.
 */
#ifndef SK_ARCH_EXIT_H
#define SK_ARCH_EXIT_H

#include <stdbool.h>
#include <stdint.h>

/* Immediates of `brk`, and an instruction's size. */
#define SK_EXIT_BREAK 0x534b
#define SK_STANDBY_BREAK 0x534d /* a standby has come to main(): it is to go on behind this when it is needed */
#define SK_BREAK_BYTES 4u

#define SK_EXIT_REGISTER_CODE 0 /* in thread.read_registers */
#define SK_EXIT_REGISTER_WHY 1  /* x1 */

/* True for the syndrome of a process that ended itself. */
static inline bool sk_fault_is_exit(uint64_t syndrome)
{
	return (syndrome >> 26 & 0x3f) == 0x3c && (syndrome & 0xffff) == SK_EXIT_BREAK;
}

/* True for the syndrome of a standby that has come to main(). */
static inline bool sk_fault_is_standby(uint64_t syndrome)
{
	return (syndrome >> 26 & 0x3f) == 0x3c && (syndrome & 0xffff) == SK_STANDBY_BREAK;
}

/* Waits, as a standby, until the supervisor has it go on. */
static inline void sk_arch_standby(void)
{
	__asm__ volatile("brk %[number]" : : [number] "i"(SK_STANDBY_BREAK) : "memory");
}

/* Ends the process: sk_exit(). */
__attribute__((always_inline)) _Noreturn static inline void sk_arch_exit(int code, const char *why)
{
	register uint64_t x0 __asm__("x0") = (uint64_t)(int64_t)code;
	register uint64_t x1 __asm__("x1") = (uint64_t)(uintptr_t)why;

	for (;;) {
		__asm__ volatile("brk %[number]" : : [number] "i"(SK_EXIT_BREAK), "r"(x0), "r"(x1) : "memory");
	}
}

#endif
