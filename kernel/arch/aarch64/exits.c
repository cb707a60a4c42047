/*
 * A guest's traps, decoded into exits. An MMIO access in a routed range goes
 * straight to the device's server; everything else by the vCPU's exit table. What
 * isn't part of an exit's fields is zero, so no stale syndrome reaches anybody.
 */
#include <arch/exits.h>
#include <arch/switch.h>
#include <kernel/ipc.h>
#include <sk/idl/vm_exit_exit.h>

/* Where the guest's own translation of the faulting address ends, for faults that don't report it. */
static uint64_t translate(uint64_t far)
{
	uint64_t saved = read_sysreg(par_el1);
	__asm__ volatile("at s1e1r, %0\n\tisb" : : "r"(far) : "memory");
	uint64_t par = read_sysreg(par_el1);
	write_sysreg(par_el1, saved);
	return (par & PAR_F) != 0 ? 0 : (par & PAR_ADDRESS) | (far & (SK_PAGE_BYTES - 1u));
}

static uint32_t abort_exit(struct vcpu *vcpu, uint64_t esr, bool fetch)
{
	uint64_t address = exits_fault_address();
	const struct route *route = exits_is_mmio(esr) ? space_route(vcpu->context.space, address) : NULL;
	if (__builtin_expect(route != NULL, 1)) {
		vcpu->context.last_route = route;
		return exits_mmio_message(vcpu, &vcpu->exit, esr, address);
	}
	uint64_t type = field_get(esr, ISS_FSC_TYPE);
	vcpu->arch.fault_address = read_sysreg(far_el2);
	vcpu->arch.fault_syndrome = esr;
	if (type == FSC_TYPE_PERMISSION && (esr & ISS_S1PTW) == 0) {
		address = translate(vcpu->arch.fault_address);
	}
	uint32_t kind = fetch ? SK_ACCESS_FETCH : (esr & ISS_WNR) != 0 ? SK_ACCESS_WRITE : SK_ACCESS_READ;
	uint32_t cause = type == FSC_TYPE_PERMISSION ? SK_FAULT_CAUSE_PERMISSION
		       : type == FSC_TYPE_TRANSLATION && (fetch || (esr & ISS_ISV) != 0) ? SK_FAULT_CAUSE_UNMAPPED
											: SK_FAULT_CAUSE_UNDECODABLE;
	vm_exit_nested_page_fault_message(&vcpu->exit, address, kind, cause, esr);
	return VM_EXIT_METHOD_NESTED_PAGE_FAULT;
}

uint32_t exits_decode(struct core *core, struct vcpu *vcpu, uint64_t esr)
{
	uint64_t class = field_get(esr, ESR_EC);
	vcpu->exit_info = INFO_ACTION;
	switch (class) {
	case EC_DATA_ABORT_LOWER:
	case EC_INSTRUCTION_ABORT_LOWER:
		return abort_exit(vcpu, esr, class == EC_INSTRUCTION_ABORT_LOWER);
	case EC_SMC64:
		/* The PC of a trapped SMC is its own; past it, both calls are alike. */
		exits_step();
		return exits_call(vcpu, &vcpu->exit);
	case EC_WFX:
		exits_step();
		return EXIT_NONE;
	case EC_FP_TRAP:
		fp_take(core, &vcpu->context);
		return EXIT_NONE;
	default:
		if (class >= EC_DEBUG_FIRST) {
			vm_exit_debug_message(&vcpu->exit, esr, read_sysreg(far_el2));
			return VM_EXIT_METHOD_DEBUG;
		}
		vm_exit_exception_message(&vcpu->exit, esr, 0, 0);
		return VM_EXIT_METHOD_EXCEPTION;
	}
}

void arch_vcpu_advance(struct vcpu *vcpu)
{
	vcpu->context.frame->pc += 4;
}

void arch_vcpu_read_done(struct vcpu *vcpu, uint64_t value)
{
	exits_read_done(vcpu, vcpu->exit_info, value);
}

/* As the CPU would have taken it to EL1 (Arm ARM, AArch64.TakeException). */
void arch_vcpu_exception(struct vcpu *vcpu, enum guest_exception exception)
{
	struct core *core = core_this();
	/* Its EL1 registers are in el1[] once it isn't resident; they come back when it runs. */
	if (core->resident == vcpu) {
		arch_vcpu_save(core);
	}
	struct arch_frame *frame = vcpu->context.frame;
	uint64_t *el1 = vcpu->arch.el1;
	uint64_t from = frame->pstate & SPSR_M_MASK;
	uint64_t offset = from == SPSR_M_EL1H ? 0x200 : from == SPSR_M_EL1T ? 0x0 : from == SPSR_M_EL0T ? 0x400 : 0x600;
	el1[SK_EL1_ELR] = frame->pc;
	el1[SK_EL1_SPSR] = frame->pstate;
	el1[SK_EL1_ESR] = field_put(EC_UNKNOWN, ESR_EC) | ESR_IL;
	if (exception == GUEST_ABORT) {
		uint64_t kept = vcpu->arch.fault_syndrome & (field_put(~0ull, ESR_EC) | ISS_WNR);
		el1[SK_EL1_ESR] = kept | (offset >= 0x400 ? 0 : ESR_EC_SAME_LEVEL) | ESR_IL | FSC_EXTERNAL;
		el1[SK_EL1_FAR] = vcpu->arch.fault_address;
	}
	frame->pc = el1[SK_EL1_VBAR] + offset;
	frame->pstate = (frame->pstate & (SPSR_NZCV | SPSR_PAN | SPSR_DIT)) | SPSR_D | SPSR_A | SPSR_I | SPSR_F |
			SPSR_M_EL1H;
	if (field_get(read_sysreg(id_aa64mmfr1_el1), MMFR1_PAN) != 0 && (el1[SK_EL1_SCTLR] & SCTLR_EL1_SPAN) == 0) {
		frame->pstate |= SPSR_PAN;
	}
}
