/*
 * A guest's traps, decoded into exits. An MMIO access in a routed range goes
 * straight to the device's server; everything else by the vCPU's exit table. What
 * isn't part of an exit's fields is zero, so no stale syndrome reaches anybody.
 */
#include <arch/exits.h>
#include <arch/switch.h>
#include <kernel/ipc.h>
#include <sk/idl/vm_exit_exit.h>

#define SMCCC_FAST (1ull << 31)
#define SMCCC_OWNER_SHIFT 24
#define SMCCC_OWNER_MASK 0x3full
#define SMCCC_OWNER_STANDARD 4u  /* PSCI, TRNG; lower owners are the architecture, CPU, SoC and OEM */

static uint64_t register_value(const struct vcpu *vcpu, uint32_t index)
{
	return index == ZERO_REGISTER ? 0 : vcpu->context.frame->x[index];
}

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

static uint32_t call_exit(struct vcpu *vcpu)
{
	const uint64_t *x = vcpu->context.frame->x;
	uint64_t function = x[0] & 0xffffffffull;
	if ((function & SMCCC_FAST) != 0 && (function >> SMCCC_OWNER_SHIFT & SMCCC_OWNER_MASK) <= SMCCC_OWNER_STANDARD) {
		vm_exit_firmware_call_message(&vcpu->exit, x[0], x[1], x[2], x[3]);
		return VM_EXIT_METHOD_FIRMWARE_CALL;
	}
	vm_exit_hypercall_message(&vcpu->exit, x[0], x[1], x[2], x[3], x[4], x[5]);
	return VM_EXIT_METHOD_HYPERCALL;
}

/* ICC_SGI0R_EL1, ICC_ASGI1R_EL1, ICC_SGI1R_EL1: S3_0_C12_C11_{7, 6, 5} */
static bool is_send_ipi(uint32_t encoding)
{
	return encoding >= SYSREG_ENCODING(3, 0, 12, 11, 5) && encoding <= SYSREG_ENCODING(3, 0, 12, 11, 7);
}

static uint32_t sysreg_exit(struct vcpu *vcpu, uint64_t esr)
{
	uint32_t encoding = exits_sysreg_encoding(esr);
	uint32_t target = (uint32_t)field_get(esr, ISS_SYS_RT);
	if ((esr & ISS_SYS_READ) != 0) {
		vcpu->exit_info = (uint32_t)INFO_SYSREG | target << SK_MMIO_REGISTER_SHIFT;
		vm_exit_sysreg_read_message(&vcpu->exit, encoding, target);
		return VM_EXIT_METHOD_SYSREG_READ;
	}
	uint64_t value = register_value(vcpu, target);
	if (is_send_ipi(encoding)) {
		write_sysreg(elr_el2, read_sysreg(elr_el2) + 4);
		vm_exit_send_ipi_message(&vcpu->exit, value, encoding);
		return VM_EXIT_METHOD_SEND_IPI;
	}
	vm_exit_sysreg_write_message(&vcpu->exit, encoding, value);
	return VM_EXIT_METHOD_SYSREG_WRITE;
}

static uint32_t halt_exit(struct vcpu *vcpu, uint64_t esr)
{
	write_sysreg(elr_el2, read_sysreg(elr_el2) + 4);
	if (virq_pending(vcpu)) {
		return EXIT_NONE;
	}
	vm_exit_halt_message(&vcpu->exit, arch_vcpu_timer_deadline(vcpu), (esr & ISS_WFX_WFE) != 0);
	return VM_EXIT_METHOD_HALT;
}

uint32_t exits_decode(struct core *core, struct vcpu *vcpu, uint64_t esr)
{
	switch (field_get(esr, ESR_EC)) {
	case EC_DATA_ABORT_LOWER:
		return abort_exit(vcpu, esr, false);
	case EC_INSTRUCTION_ABORT_LOWER:
		return abort_exit(vcpu, esr, true);
	case EC_SYSREG:
		return sysreg_exit(vcpu, esr);
	case EC_HVC64:
		return call_exit(vcpu);
	case EC_SMC64:
		/* The PC of a trapped SMC is its own; past it, both calls are alike. */
		write_sysreg(elr_el2, read_sysreg(elr_el2) + 4);
		return call_exit(vcpu);
	case EC_WFX:
		return halt_exit(vcpu, esr);
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
