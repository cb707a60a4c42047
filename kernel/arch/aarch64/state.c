/*
 * A vCPU's system registers: out of the hardware when another vCPU takes the
 * core, into it when it runs again, and read and written by its VMM in between.
 * FP/SIMD is switched later still: at the first use by somebody else.
 */
#include <arch/exits.h>
#include <arch/switch.h>
#include <kernel/ipc.h>
#include <sk/idl/kernel.h>
#include <string.h>

/* Registers of el1[] that live in the hardware while the vCPU is resident; SCTLR is swapped at each exit. */
#define EL1_REGISTERS(row) \
	row(SK_EL1_CPACR, cpacr_el1) row(SK_EL1_TTBR0, ttbr0_el1) row(SK_EL1_TTBR1, ttbr1_el1) \
	row(SK_EL1_TCR, tcr_el1) row(SK_EL1_MAIR, mair_el1) row(SK_EL1_AMAIR, amair_el1) row(SK_EL1_VBAR, vbar_el1) \
	row(SK_EL1_ELR, elr_el1) row(SK_EL1_SPSR, spsr_el1) row(SK_EL1_SP, sp_el1) row(SK_EL1_ESR, esr_el1) \
	row(SK_EL1_FAR, far_el1) row(SK_EL1_AFSR0, afsr0_el1) row(SK_EL1_AFSR1, afsr1_el1) \
	row(SK_EL1_CONTEXTIDR, contextidr_el1) row(SK_EL1_TPIDR, tpidr_el1) row(SK_EL1_PAR, par_el1) \
	row(SK_EL1_CSSELR, csselr_el1) row(SK_EL1_CNTKCTL, cntkctl_el1)

#define SAVE(index, name) el1[index] = read_sysreg(name);
#define LOAD(index, name) write_sysreg(name, el1[index]);

void arch_unload(struct core *core)
{
	if (core->loaded != NULL) {
		switch_out(core, core->loaded);
		core->loaded = NULL;
	}
}

void arch_vcpu_save(struct core *core)
{
	struct vcpu *vcpu = core->resident;
	if (vcpu == NULL) {
		return;
	}
	uint64_t *el1 = vcpu->arch.el1;
	el0_controls_restore(vcpu);
	EL1_REGISTERS(SAVE)
	write_sysreg(cpacr_el1, CPACR_FPEN); /* nobody's: what servers run with */
	write_sysreg(cntkctl_el1, CNTKCTL_SERVER);
	vcpu->arch.timer[SK_TIMER_CNTV_CTL] = read_sysreg(cntv_ctl_el0);
	vcpu->arch.timer[SK_TIMER_CNTV_CVAL] = read_sysreg(cntv_cval_el0);
	write_sysreg(cntv_ctl_el0, 0);
	isb();
	gic_vcpu_save(vcpu);
	vcpu->work |= VCPU_WORK_LOAD;
	core->resident = NULL;
}

void vcpu_load(struct core *core, struct vcpu *vcpu)
{
	arch_vcpu_save(core);
	const uint64_t *el1 = vcpu->arch.el1;
	EL1_REGISTERS(LOAD)
	write_sysreg(vmpidr_el2, el1[SK_EL1_VMPIDR]);
	write_sysreg(vpidr_el2, el1[SK_EL1_VPIDR]);
	write_sysreg(mdcr_el2, vcpu->arch.mdcr);
	write_sysreg(cntvoff_el2, vcpu->arch.timer[SK_TIMER_CNTVOFF]);
	write_sysreg(cntv_cval_el0, vcpu->arch.timer[SK_TIMER_CNTV_CVAL]);
	write_sysreg(cntv_ctl_el0, vcpu->arch.timer[SK_TIMER_CNTV_CTL]);
	isb();
	gic_vcpu_load(vcpu);
	core->resident = vcpu;
	vcpu->work = (vcpu->work & ~VCPU_WORK_LOAD) | VCPU_WORK_LINES;
	core_count_event(core, COUNT_VCPU_SWITCHES);
}

void el0_controls_keep(struct vcpu *vcpu)
{
	if ((vcpu->work & VCPU_WORK_ARCH) == 0) {
		vcpu->arch.el1[SK_EL1_CPACR] = read_sysreg(cpacr_el1);
		vcpu->arch.el1[SK_EL1_CNTKCTL] = read_sysreg(cntkctl_el1);
		vcpu->work |= VCPU_WORK_ARCH;
	}
}

void timer_hide(struct vcpu *vcpu)
{
	el0_controls_keep(vcpu);
	write_sysreg(cntkctl_el1, CNTKCTL_SERVER);
}

/* entry.S */
void fp_store(struct arch_fp_state *fp);
void fp_fetch(const struct arch_fp_state *fp);

void arch_fp_save(struct core *core)
{
	if (core->fp_owner != NULL) {
		write_sysreg(cptr_el2, CPTR_BASE);
		isb();
		fp_store(core->fp_owner->fp);
		core->fp_owner = NULL;
	}
}

void fp_take(struct core *core, struct context *context)
{
	arch_fp_save(core);
	write_sysreg(cptr_el2, CPTR_BASE);
	if (context->kind == CONTEXT_THREAD) {
		/* The guest's CPACR_EL1 may forbid EL0 what the server needs; the guest gets it back when it runs. */
		struct vcpu *guest = core->resident;
		if (guest != NULL) {
			el0_controls_keep(guest);
		}
		write_sysreg(cpacr_el1, CPACR_FPEN);
	}
	isb();
	fp_fetch(context->fp);
	core->fp_owner = context;
	core_count_event(core, COUNT_FP_SWITCHES);
}

sk_status_t arch_vcpu_init(struct vcpu *vcpu, uint64_t config)
{
	if ((config & ~MPIDR_AFFINITY) != 0) {
		return SK_BAD_ARG;
	}
	struct arch_frame *frame = vcpu->context.frame;
	*frame = (struct arch_frame){ .pstate = SPSR_D | SPSR_A | SPSR_I | SPSR_F | SPSR_M_EL1H };
	vcpu->arch.el1[SK_EL1_SCTLR] = SCTLR_EL1_RES1;
	vcpu->arch.el1[SK_EL1_VMPIDR] = MPIDR_RES1 | config;
	vcpu->arch.el1[SK_EL1_VPIDR] = read_sysreg(midr_el1);
	vcpu->arch.hcr = HCR_GUEST;
	vcpu->arch.mdcr = MDCR_GUEST;
	vcpu->arch.fault_syndrome = field_put(EC_DATA_ABORT_LOWER, ESR_EC);
	gic_vcpu_init(vcpu);
	return SK_OK;
}

void arch_vcpu_setup(struct vcpu *vcpu, uint64_t flags)
{
	vcpu->arch.mdcr |= (flags & 1u) != 0 ? MDCR_TDE : 0;
}

void arch_vcpu_entry(struct vcpu *vcpu, uint64_t entry)
{
	vcpu->context.frame->pc = entry;
}

sk_status_t arch_vcpu_set_gpr(struct vcpu *vcpu, uint32_t index, uint64_t value)
{
	if (index > 30) {
		return SK_BAD_ARG;
	}
	vcpu->context.frame->x[index] = value;
	return SK_OK;
}

/* A state group's words, where the vCPU has them while it is not resident; none: there is no such group here. */
static const struct group {
	uint32_t offset, words;
} groups[] = {
	[VCPU_STATE_GROUP_EL1] = { offsetof(struct vcpu, arch.el1), SK_EL1_COUNT },
	[VCPU_STATE_GROUP_TIMER] = { offsetof(struct vcpu, arch.timer), SK_TIMER_COUNT },
	[VCPU_STATE_GROUP_FP_LOW] = { offsetof(struct vcpu, fp_state.v), 32 },      /* v0 to v15, two words each */
	[VCPU_STATE_GROUP_FP_HIGH] = { offsetof(struct vcpu, fp_state.v[16]), 34 }, /* v16 to v31, FPCR, FPSR */
	[VCPU_STATE_GROUP_GIC] = { offsetof(struct vcpu, arch.ich_hcr), 4 },
	[VCPU_STATE_GROUP_DEBUG] = { 0, 0 },
};

sk_status_t arch_vcpu_read(struct vcpu *vcpu, uint32_t group, uint64_t *registers)
{
	memcpy(registers, (const uint8_t *)vcpu + groups[group].offset, groups[group].words * sizeof *registers);
	return groups[group].words != 0 ? SK_OK : SK_UNSUPPORTED;
}

sk_status_t arch_vcpu_write(struct vcpu *vcpu, uint32_t group, const uint64_t *registers)
{
	if (groups[group].words == 0) {
		return SK_UNSUPPORTED;
	}
	if (group == VCPU_STATE_GROUP_GIC) {
		/* The virtual CPU interface as at reset: its list registers are the kernel's own business. */
		gic_vcpu_init(vcpu);
		return SK_OK;
	}
	memcpy((uint8_t *)vcpu + groups[group].offset, registers, groups[group].words * sizeof *registers);
	vcpu->arch.el1[SK_EL1_VMPIDR] = MPIDR_RES1 | (vcpu->arch.el1[SK_EL1_VMPIDR] & MPIDR_AFFINITY);
	vcpu->arch.timer[SK_TIMER_CNTV_CTL] &= CNT_CTL_ENABLE | CNT_CTL_IMASK;
	return SK_OK;
}

void arch_vcpu_trap_halt(struct vcpu *vcpu, bool trap)
{
	vcpu->arch.hcr = (vcpu->arch.hcr & ~HCR_TWI) | (trap ? HCR_TWI : 0);
}

uint64_t arch_vcpu_timer_deadline(const struct vcpu *vcpu)
{
	bool resident = core_this()->resident == vcpu;
	uint64_t control = resident ? read_sysreg(cntv_ctl_el0) : vcpu->arch.timer[SK_TIMER_CNTV_CTL];
	uint64_t compare = resident ? read_sysreg(cntv_cval_el0) : vcpu->arch.timer[SK_TIMER_CNTV_CVAL];
	if ((control & (CNT_CTL_ENABLE | CNT_CTL_IMASK)) != CNT_CTL_ENABLE) {
		return UINT64_MAX;
	}
	return arch_ticks_to_ns(compare + vcpu->arch.timer[SK_TIMER_CNTVOFF]);
}

void arch_thread_init(struct thread *thread, uint64_t entry, uint64_t stack, uint64_t argument)
{
	thread->registers = (struct arch_frame){ .sp_el0 = stack, .pc = entry, .pstate = SPSR_M_EL0T };
	thread->registers.x[0] = argument;
}

void arch_restart_call(struct thread *thread)
{
	struct core *core = core_this();
	if (core->loaded == &thread->context) {
		arch_unload(core);
	}
	thread->registers.pc -= 4;
}

/* thread.idl's order is the frame's: x0 to x30, sp, pc, pstate. */
#define FRAME_WORDS 34u
_Static_assert(offsetof(struct arch_frame, pstate) == (FRAME_WORDS - 1u) * sizeof(uint64_t), "read_registers");

void arch_registers_read(const struct thread *thread, uint64_t *registers)
{
	memcpy(registers, &thread->registers, FRAME_WORDS * sizeof *registers);
}

void arch_registers_write(struct thread *thread, const uint64_t *registers)
{
	memcpy(&thread->registers, registers, FRAME_WORDS * sizeof *registers);
	thread->registers.pstate &= SPSR_NZCV; /* EL0t, nothing masked */
}
