/*
 * AArch64: the vCPU state page. The kernel's entry code saves the guest's general
 * registers straight into it and loads them from it, so a VMM that maps it reads
 * and changes them without a copy or a system call while the vCPU's exit is with it.
 */
#ifndef SK_ARCH_VCPU_H
#define SK_ARCH_VCPU_H

#include <stdint.h>

struct sk_vcpu_state {
	uint64_t x[31];
	uint64_t sp_el0;
	uint64_t pc;
	uint64_t pstate;      /* SPSR_EL2's layout; the kernel masks the mode to EL0t, EL1t, EL1h */
	uint64_t tpidr_el0;
	uint64_t tpidrro_el0;
};

/* System registers in state groups, as indices of vcpu.read_state's and write_state's words. */
enum sk_el1_register {
	SK_EL1_SCTLR, SK_EL1_CPACR, SK_EL1_TTBR0, SK_EL1_TTBR1, SK_EL1_TCR, SK_EL1_MAIR, SK_EL1_AMAIR,
	SK_EL1_VBAR, SK_EL1_ELR, SK_EL1_SPSR, SK_EL1_SP, SK_EL1_ESR, SK_EL1_FAR, SK_EL1_AFSR0, SK_EL1_AFSR1,
	SK_EL1_CONTEXTIDR, SK_EL1_TPIDR, SK_EL1_PAR, SK_EL1_CSSELR, SK_EL1_ACTLR, SK_EL1_CNTKCTL,
	SK_EL1_VMPIDR, SK_EL1_VPIDR, SK_EL1_MDSCR, SK_EL1_COUNT
};

/* The same for the group of the guest's timer. */
enum sk_timer_register { SK_TIMER_CNTVOFF, SK_TIMER_CNTV_CTL, SK_TIMER_CNTV_CVAL, SK_TIMER_COUNT };

#endif
