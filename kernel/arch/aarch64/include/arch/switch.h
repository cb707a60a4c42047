/*
 * The world switch: what of one context leaves the hardware and what of another
 * comes in. A guest's EL1 registers, FP/SIMD state, timer and list registers stay
 * where they are while servers run, because servers are at EL0 under stage 2 with
 * HCR_EL2.TGE, where those registers have no say; they leave only when another
 * vCPU takes the core. What EL0 does share with the guest is swapped: SP_EL0, the
 * thread registers, and SCTLR_EL1, whose EL0 controls count even then; and CPACR_EL1
 * and CNTKCTL_EL1 where the guest's are not what servers may run with.
 */
#ifndef ARCH_SWITCH_H
#define ARCH_SWITCH_H

#include <arch/machine.h>
#include <arch/sysreg.h>

/* Servers: EL0 under stage 2 alone, every exception of theirs and every interrupt to EL2. */
#define HCR_SERVER (HCR_RW | HCR_TGE | HCR_DC | HCR_VM | HCR_AMO | HCR_IMO | HCR_FMO)
/* Guests: stage 2; what is emulated or hidden traps. */
#define HCR_GUEST (HCR_RW | HCR_VM | HCR_SWIO | HCR_PTW | HCR_AMO | HCR_IMO | HCR_FMO | HCR_FB | HCR_BSU_INNER | \
		   HCR_TWI | HCR_TID3 | HCR_TSC | HCR_TIDCP | HCR_TACR | HCR_TSW | HCR_TLOR | HCR_TERR)
/* EL0 may use DC ZVA, CTR_EL0 and cache maintenance; little-endian, whatever the guest has set. */
#define SCTLR_SERVER (SCTLR_EL1_RES1 | SCTLR_EL1_DZE | SCTLR_EL1_UCT | SCTLR_EL1_UCI)
#define CPTR_BASE (CPTR_RES1 | CPTR_TZ | CPTR_TTA)
/* Debug and PMU registers are modelled by the VMM, not shared between guests. */
#define MDCR_GUEST (MDCR_TDA | MDCR_TDOSA | MDCR_TDRA | MDCR_TPM | MDCR_TPMCR | MDCR_TPMS | MDCR_TTRF)

/* EL0t, EL1t, EL1h: the modes a guest may be in. */
#define GUEST_MODES (1u << SPSR_M_EL0T | 1u << SPSR_M_EL1T | 1u << SPSR_M_EL1H)

/* May a vCPU be entered with this PSTATE? In AArch32 only where the CPU has that at EL0: elsewhere ERET would stay here. */
static inline bool pstate_is_guest(uint64_t pstate)
{
	return (GUEST_MODES >> (pstate & SPSR_M_MASK) & 1u) != 0 ||
	       ((pstate & SPSR_M_MASK) == SPSR_M_USER && field_get(read_sysreg(id_aa64pfr0_el1), PFR0_EL0) == 2);
}

/* What any context has in the hardware while it is loaded. */
static inline void bank_save(struct arch_frame *frame)
{
	uint64_t sp = read_sysreg(sp_el0);
	uint64_t pc = read_sysreg(elr_el2);
	uint64_t pstate = read_sysreg(spsr_el2);
	uint64_t tpidr = read_sysreg(tpidr_el0);
	frame->sp_el0 = sp;
	frame->pc = pc;
	frame->pstate = pstate;
	frame->tpidr_el0 = tpidr;
}

/* The same back into the hardware, with the space that it has. */
static inline void bank_load(const struct arch_frame *frame, uint64_t vttbr, uint64_t pstate)
{
	uint64_t sp, pc;
	load_pair(sp, pc, &frame->sp_el0);
	uint64_t tpidr = frame->tpidr_el0;
	put_sysreg(vttbr_el2, vttbr);
	put_sysreg(sp_el0, sp);
	put_sysreg(elr_el2, pc);
	put_sysreg(spsr_el2, pstate);
	put_sysreg(tpidr_el0, tpidr);
}

/* EL0 under stage 2 alone, whatever the resident guest has set. */
static inline void server_enter(const struct core *core)
{
	uint64_t hcr, sctlr;
	load_pair(hcr, sctlr, &core->arch.server_hcr);
	put_sysreg(hcr_el2, hcr);
	put_sysreg(sctlr_el1, sctlr);
	put_sysreg(tpidrro_el0, 0);
}

/* The resident guest's CPACR_EL1 and CNTKCTL_EL1 are in el1[] from here, until el0_controls_restore(). */
void el0_controls_keep(struct vcpu *vcpu);

/* The same, and servers run without the guest's virtual timer. */
void timer_hide(struct vcpu *vcpu);

/* The guest in the hardware lets EL0 use its virtual timer: it leaves by the general switch. */
static inline bool timer_is_open(void)
{
	return (read_sysreg(cntkctl_el1) & CNTKCTL_EL0VTEN) != 0;
}

/* A guest's registers that count at EL0 too leave; what servers run with comes in. Its timer is not open. */
static inline void guest_leave(const struct core *core, struct vcpu *vcpu, struct arch_frame *frame)
{
	frame->tpidrro_el0 = read_sysreg(tpidrro_el0);
	vcpu->arch.el1[SK_EL1_SCTLR] = read_sysreg(sctlr_el1);
	server_enter(core);
}

/* The vCPU is resident. */
static inline void guest_enter(const struct vcpu *vcpu, const struct arch_frame *frame)
{
	uint64_t hcr, sctlr;
	load_pair(hcr, sctlr, &vcpu->arch.hcr);
	put_sysreg(hcr_el2, hcr);
	put_sysreg(sctlr_el1, sctlr);
	put_sysreg(tpidrro_el0, frame->tpidrro_el0);
}

/* With VCPU_WORK_ARCH servers run with another CPACR_EL1 or CNTKCTL_EL1 than the resident guest's: those come back. */
static inline void el0_controls_restore(struct vcpu *vcpu)
{
	if ((vcpu->work & VCPU_WORK_ARCH) != 0) {
		write_sysreg(cpacr_el1, vcpu->arch.el1[SK_EL1_CPACR]);
		write_sysreg(cntkctl_el1, vcpu->arch.el1[SK_EL1_CNTKCTL]);
		vcpu->work &= ~VCPU_WORK_ARCH;
	}
}

/* FP/SIMD traps for everybody but its owner. */
static inline void fp_guard(const struct core *core, const struct context *from, const struct context *to)
{
	const struct context *owner = core->fp_owner;
	if (owner == from) {
		put_sysreg(cptr_el2, CPTR_BASE | CPTR_TFP);
	} else if (owner == to) {
		put_sysreg(cptr_el2, CPTR_BASE);
	}
}

/* Makes a vCPU resident on its core: the one that was leaves first. */
void vcpu_load(struct core *core, struct vcpu *vcpu);

/* What `from` has in the hardware leaves. */
static inline void switch_out(const struct core *core, struct context *from)
{
	bank_save(from->frame);
	if (from->kind == CONTEXT_VCPU) {
		if (timer_is_open()) {
			timer_hide(vcpu_of(from));
		}
		guest_leave(core, vcpu_of(from), from->frame);
	}
}

/* The general switch; the straight runs of trap.c do the same with what they know. */
static inline void switch_to(struct core *core, struct context *to)
{
	if (core->loaded == to) {
		return;
	}
	if (core->loaded != NULL) {
		switch_out(core, core->loaded);
	}
	if (to->kind == CONTEXT_VCPU) {
		struct vcpu *vcpu = vcpu_of(to);
		if (core->resident != vcpu) {
			vcpu_load(core, vcpu);
		}
		guest_enter(vcpu, to->frame);
	}
	bank_load(to->frame, to->arch_space.vttbr, to->frame->pstate);
	write_sysreg(cptr_el2, core->fp_owner == to ? CPTR_BASE : CPTR_BASE | CPTR_TFP);
	core->loaded = to;
}

/* Gives FP/SIMD to the context that runs: its trap came because somebody else's state is in the registers. */
void fp_take(struct core *core, struct context *context);

#endif
