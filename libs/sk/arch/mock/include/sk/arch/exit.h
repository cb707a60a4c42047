/*
 * How a mock process ends itself: the test's function decides (it doesn't return).
 */
#ifndef SK_ARCH_EXIT_H
#define SK_ARCH_EXIT_H

#include <stdbool.h>
#include <stdint.h>

#define SK_EXIT_SYNDROME 0x534bu
#define SK_STANDBY_SYNDROME 0x534du
#define SK_BREAK_BYTES 4u

#define SK_EXIT_REGISTER_CODE 0
#define SK_EXIT_REGISTER_WHY 1

static inline bool sk_fault_is_exit(uint64_t syndrome)
{
	return syndrome == SK_EXIT_SYNDROME;
}

static inline bool sk_fault_is_standby(uint64_t syndrome)
{
	return syndrome == SK_STANDBY_SYNDROME;
}

_Noreturn void sk_arch_exit(int code, const char *why);

#endif
