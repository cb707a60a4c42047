/*
 * A guest's traps, decoded into exits. An MMIO access in a routed range goes
 * straight to the device's server; everything else by the vCPU's exit table. What
 * isn't part of an exit's fields is zero, so no stale syndrome reaches anybody.
 */
#include <arch/exits.h>
#include <arch/switch.h>
#include <kernel/ipc.h>
#include <sk/idl/vm_exit_exit.h>

/* The route of the address, remembered for the next access; NULL: none. */
static const struct route *find_route(struct vcpu *vcpu, uint64_t address)
{
	const struct route *route = space_route(vcpu->context.space, address);
	if (route != NULL) {
		vcpu->last_route = route;
	}
	return route;
}

/* Where the guest's own translation of the faulting address ends, for faults that don't report it. */
static uint64_t translate(uint64_t far)
{
	write_sysreg(par_el1, 0);
	__asm__ volatile("at s1e1r, %0\n\tisb" : : "r"(far) : "memory");
	uint64_t par = read_sysreg(par_el1);
	return (par & 1u) != 0 ? 0 : (par & 0xfffffffff000ull) | (far & (SK_PAGE_BYTES - 1u));
}

static uint32_t abort_exit(struct vcpu *vcpu, uint64_t esr, bool fetch)
{
	uint64_t far = read_sysreg(far_el2);
	uint64_t type = field_get(esr, ISS_FSC_TYPE);
	bool translation = type == FSC_TYPE_TRANSLATION;
	if (__builtin_expect(!fetch && translation && (esr & (ISS_ISV | ISS_S1PTW | ISS_CM)) == ISS_ISV, 1)) {
		uint64_t address = exits_fault_address();
		const struct route *route = find_route(vcpu, address);
		if (__builtin_expect(route != NULL, 1)) {
			return exits_mmio_message(vcpu, esr, address);
		}
	}
	uint64_t address;
	if (type == FSC_TYPE_PERMISSION && (esr & ISS_S1PTW) == 0) {
		uint64_t par = read_sysreg(par_el1);
		address = translate(far);
		write_sysreg(par_el1, par);
	} else {
		address = exits_fault_address();
	}
	vcpu->arch.fault_address = far;
	vcpu->arch.fault_is_fetch = fetch;
	vcpu->arch.fault_is_write = !fetch && (esr & ISS_WNR) != 0;
	uint32_t kind = fetch ? SK_ACCESS_FETCH : (esr & ISS_WNR) != 0 ? SK_ACCESS_WRITE : SK_ACCESS_READ;
	uint32_t cause = type == FSC_TYPE_PERMISSION ? SK_FAULT_CAUSE_PERMISSION
		       : translation && (fetch || (esr & ISS_ISV) != 0) ? SK_FAULT_CAUSE_UNMAPPED
									: SK_FAULT_CAUSE_UNDECODABLE;
	vm_exit_nested_page_fault_message(&vcpu->exit, address, kind, cause, esr);
	return VM_EXIT_METHOD_NESTED_PAGE_FAULT;
}

uint32_t exits_decode(struct core *core, struct vcpu *vcpu, uint64_t esr)
{
	vcpu->exit_info = INFO_ACTION;
	switch (field_get(esr, ESR_EC)) {
	case EC_DATA_ABORT_LOWER:
		return abort_exit(vcpu, esr, false);
	case EC_INSTRUCTION_ABORT_LOWER:
		return abort_exit(vcpu, esr, true);
	case EC_SMC64:
		/* The PC of a trapped SMC is its own; past it, both calls are alike. */
		exits_step();
		if (exits_call_is_firmware(vcpu)) {
			exits_firmware_call(vcpu);
			return VM_EXIT_METHOD_FIRMWARE_CALL;
		}
		exits_hypercall(vcpu);
		return VM_EXIT_METHOD_HYPERCALL;
	case EC_WFX:
		exits_step();
		return EXIT_NONE;
	case EC_FP_TRAP:
		fp_take(core, &vcpu->context);
		return EXIT_NONE;
	case EC_BREAKPOINT_LOWER:
	case EC_STEP_LOWER:
	case EC_WATCHPOINT_LOWER:
	case EC_BRK64:
		vm_exit_debug_message(&vcpu->exit, esr, read_sysreg(far_el2));
		return VM_EXIT_METHOD_DEBUG;
	default:
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
	if ((vcpu->exit_info & INFO_SYSREG) != 0) {
		vcpu->exit_info |= (uint32_t)SK_MMIO_WIDE | 3u << SK_MMIO_SIZE_SHIFT;
	}
	exits_read_done(vcpu, value);
}

/* The guest takes a synchronous exception to EL1, as the CPU would have done it (Arm ARM, AArch64.TakeException). */
static void inject(struct vcpu *vcpu, uint64_t esr, bool with_far)
{
	struct core *core = core_this();
	/* Its EL1 registers are in el1[] once it isn't resident; they come back when it runs. */
	if (core->resident == vcpu) {
		arch_vcpu_save(core);
	}
	struct arch_frame *frame = vcpu->context.frame;
	uint64_t *el1 = vcpu->arch.el1;
	uint64_t from = frame->pstate & SPSR_M_MASK;
	uint64_t offset = from == SPSR_M_EL1H ? 0x200 : from == SPSR_M_EL1T ? 0x0 : 0x400;
	el1[SK_EL1_ELR] = frame->pc;
	el1[SK_EL1_SPSR] = frame->pstate;
	el1[SK_EL1_ESR] = esr;
	if (with_far) {
		el1[SK_EL1_FAR] = vcpu->arch.fault_address;
	}
	frame->pc = el1[SK_EL1_VBAR] + offset;
	frame->pstate = (frame->pstate & (SPSR_NZCV | SPSR_PAN | SPSR_DIT)) | SPSR_D | SPSR_A | SPSR_I | SPSR_F |
			SPSR_M_EL1H;
	if (field_get(read_sysreg(id_aa64mmfr1_el1), MMFR1_PAN) != 0 && (el1[SK_EL1_SCTLR] & SCTLR_EL1_SPAN) == 0) {
		frame->pstate |= SPSR_PAN;
	}
}

void arch_vcpu_undefined(struct vcpu *vcpu)
{
	inject(vcpu, (uint64_t)EC_UNKNOWN << ESR_EC_SHIFT | ESR_IL, false);
}

void arch_vcpu_data_abort(struct vcpu *vcpu)
{
	bool lower = (vcpu->context.frame->pstate & SPSR_M_MASK) == SPSR_M_EL0T;
	uint64_t class = vcpu->arch.fault_is_fetch ? (lower ? EC_INSTRUCTION_ABORT_LOWER : EC_INSTRUCTION_ABORT)
						   : (lower ? EC_DATA_ABORT_LOWER : EC_DATA_ABORT);
	inject(vcpu, class << ESR_EC_SHIFT | ESR_IL | (vcpu->arch.fault_is_write ? ISS_WNR : 0) | FSC_EXTERNAL, true);
}
