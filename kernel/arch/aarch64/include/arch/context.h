/*
 * AArch64: the types that generic structures embed.
 */
#ifndef ARCH_CONTEXT_H
#define ARCH_CONTEXT_H

#include <arch/sysreg.h>
#include <sk/arch/vcpu.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Registers of a context as entry.S saves and loads them. A vCPU's are its state
 * page, which the VMM writes at any time: nothing in it is trusted, and PSTATE is read once.
 */
#define arch_frame sk_vcpu_state

/* What entry.S relies on. */
_Static_assert(offsetof(struct arch_frame, x) == 0, "entry.S");

/* System call registers, in the order of sk/abi.h: x0 to x8. */
static inline uint64_t arch_argument(const struct arch_frame *frame, unsigned index)
{
	return frame->x[index];
}

/* Result register `index`, 0 to 8, of a system call. */
static inline void arch_set_result(struct arch_frame *frame, unsigned index, uint64_t value)
{
	frame->x[index] = value;
}

/* The six message words, to where they are received. */
static inline void arch_put_words(struct arch_frame *to, const uint64_t *words)
{
	uint64_t w0 = words[0], w1 = words[1], w2 = words[2], w3 = words[3], w4 = words[4], w5 = words[5];
	to->x[2] = w0;
	to->x[3] = w1;
	to->x[4] = w2;
	to->x[5] = w3;
	to->x[6] = w4;
	to->x[7] = w5;
}

/* Addresses of a space: three levels of tables. */
#define ARCH_SPACE_BITS 39u

struct arch_space {
	uint64_t vttbr;     /* VMID and root table */
	uint64_t *root;     /* level 1: 512 entries of 1 GiB */
};

/* FP and SIMD registers, while another context's are in the hardware. */
struct arch_fp_state {
	__attribute__((aligned(16))) uint8_t v[32][16];
	uint64_t fpcr, fpsr;
};

_Static_assert(offsetof(struct arch_fp_state, fpcr) == 512, "entry.S");

/* As many list registers as cores have; of what GICv3 allows beyond, up to 16, none is used. */
#define LIST_REGISTERS_MAX 4u

/* A vCPU's registers that stay in the hardware while a server handles its exit. */
struct arch_vcpu {
	uint64_t mdcr;
	uint64_t hcr;                /* before el1: with SCTLR_EL1 it is one load */
	uint64_t el1[SK_EL1_COUNT];
	uint64_t timer[SK_TIMER_COUNT];
	uint64_t fault_address, fault_syndrome; /* of its last nested page fault: the guest's own address, ESR_EL2 */
	uint64_t ich_hcr, ich_vmcr, ich_ap0r0, ich_ap1r0;
	uint32_t list_used;  /* so many list registers, from the first; 0 unless resident */
	bool timer_masked;   /* the physical timer line is active, and its virtual line in no list register */
};

struct arch_core {
	uint64_t stack_top;       /* first: entry.S; of this core's kernel stack */
	uint64_t server_hcr, server_sctlr; /* HCR_EL2 and SCTLR_EL1 for servers: constants, as one load */
	uint64_t mpidr;           /* affinity fields only */
	uint64_t redistributor;   /* base of its GIC redistributor; 0: core never came up */
	uint64_t saved_vectors;   /* VBAR_EL2 as we found it */
};

/* arch_ticks(), but maybe some instructions early. */
static inline uint64_t arch_counter(void) { return read_sysreg(cntpct_el0); }

struct core;
/* This core: TPIDR_EL2 points to it. */
static inline struct core *arch_core_this(void)
{
	struct core *core;
	__asm__("mrs %0, tpidr_el2" : "=r"(core));
	return core;
}

#endif
