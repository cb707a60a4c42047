/*
 * The mock architecture's vCPU state page: what generic kernel code and host
 * tests need of one, and nothing that belongs to a real machine.
 */
#ifndef SK_ARCH_VCPU_H
#define SK_ARCH_VCPU_H

#include <stdint.h>

struct sk_vcpu_state {
	uint64_t x[31];
	uint64_t pc;
	uint64_t pstate;
};

#endif
