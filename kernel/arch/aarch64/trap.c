/*
 * Traps: from the syndrome to the call that the trap becomes. Entry code has
 * saved the registers; what is returned says which context to go on with.
 */
#include <arch/exits.h>
#include <arch/switch.h>
#include <kernel/ipc.h>
#include <sk/idl/kernel.h>
#include <sk/idl/vm_exit_exit.h>

struct resumption {
	struct arch_frame *frame;
	uint64_t full;
};

struct resumption trap_syscall(uint64_t esr, struct core *core);
struct resumption trap_sync(uint64_t esr, struct core *core);
struct resumption trap_irq(struct core *core);
struct resumption trap_serror(struct core *core);
_Noreturn void trap_unexpected(uint64_t vector, uint64_t esr, uint64_t elr, uint64_t far, uint64_t sp);
_Noreturn void resume(struct arch_frame *frame, uint64_t full);

/* What a vCPU needs before it runs: lines to take over, a kick to answer, a state to refuse. */
static __attribute__((noinline)) struct context *vcpu_prepare(struct core *core, struct vcpu *vcpu)
{
	if ((vcpu->work & VCPU_WORK_ARCH) != 0) {
		vcpu->work &= ~VCPU_WORK_ARCH;
		exits_restore_cpacr(vcpu);
	}
	if ((vcpu->work & VCPU_WORK_LINES) != 0) {
		virq_flush(vcpu);
	}
	if (vcpu->kicked) {
		vcpu->kicked = 0;
		if (vcpu->routes[VM_EXIT_METHOD_EXTERNAL_INTERRUPT].endpoint != NULL) {
			vm_exit_external_interrupt_message(&vcpu->exit, 0);
			arch_unload(core);
			return vcpu_exit(vcpu, VM_EXIT_METHOD_EXTERNAL_INTERRUPT);
		}
	}
	return &vcpu->context;
}

static inline struct resumption go_on(struct core *core, struct context *next)
{
	for (;;) {
		switch_to(core, next);
		core->current = next;
		if (next->kind == CONTEXT_THREAD) {
			break;
		}
		struct vcpu *vcpu = vcpu_of(next);
		if (__builtin_expect((vcpu->work | vcpu->kicked) != 0, 0)) {
			struct context *prepared = vcpu_prepare(core, vcpu);
			if (prepared != next) {
				next = prepared;
				continue;
			}
		}
		uint64_t pstate = read_sysreg(spsr_el2);
		if (__builtin_expect(pstate_is_guest(pstate), 1)) {
			break;
		}
		arch_unload(core);
		vm_exit_fail_entry_message(&vcpu->exit, pstate);
		next = vcpu_exit(vcpu, VM_EXIT_METHOD_FAIL_ENTRY);
	}
	return (struct resumption){ .frame = next->frame, .full = next->full };
}

_Noreturn void arch_resume(struct core *core, struct context *context)
{
	/* What switch_out() leaves behind a guest, for the first context of a core. */
	write_sysreg(hcr_el2, HCR_SERVER);
	write_sysreg(sctlr_el1, SCTLR_SERVER);
	write_sysreg(tpidrro_el0, 0);
	struct resumption to = go_on(core, context);
	resume(to.frame, to.full);
}

struct resumption trap_syscall(uint64_t esr, struct core *core)
{
	struct context *next;
	core_count_event(core, COUNT_ENTRIES);
	core->current->full = 0;
	switch (field_get(esr, ISS_IMMEDIATE)) {
	case SK_SYS_REPLY_WAIT:
		next = ipc_reply_wait(core);
		break;
	case SK_SYS_CALL:
		next = ipc_call(core);
		break;
	case SK_SYS_SIGNAL:
		next = ipc_signal(core);
		break;
	case SK_SYS_WAIT:
		next = ipc_wait(core);
		break;
	case SK_SYS_POLL:
		next = ipc_poll(core);
		break;
	case SK_SYS_REPLY:
		next = ipc_reply(core);
		break;
	default:
		arch_unload(core);
		next = thread_fault(core, thread_of(core->current), THREAD_FAULT_REASON_SYSTEM_CALL, esr, 0,
				    core->current->frame->pc);
		break;
	}
	return go_on(core, next);
}

/* A server reads the counter while a guest's settings forbid EL0 to: it gets the machine's. */
static bool emulate_counter(struct core *core, uint64_t esr)
{
	uint32_t encoding = exits_sysreg_encoding(esr);
	uint32_t target = (uint32_t)field_get(esr, ISS_SYS_RT);
	if ((esr & ISS_SYS_READ) == 0 || (encoding != SYSREG_ENCODING(3, 3, 14, 0, 1) &&
					  encoding != SYSREG_ENCODING(3, 3, 14, 0, 2))) {
		return false;
	}
	if (target < 31) {
		core->current->frame->x[target] = arch_ticks();
	}
	write_sysreg(elr_el2, read_sysreg(elr_el2) + 4);
	return true;
}

static struct context *thread_trap(struct core *core, uint64_t esr)
{
	struct context *context = core->current;
	uint32_t reason = THREAD_FAULT_REASON_OTHER;
	switch (field_get(esr, ESR_EC)) {
	case EC_FP_TRAP:
		fp_take(core, context);
		return context;
	case EC_SYSREG:
		if (emulate_counter(core, esr)) {
			return context;
		}
		reason = THREAD_FAULT_REASON_INSTRUCTION;
		break;
	case EC_WFX:
		write_sysreg(elr_el2, read_sysreg(elr_el2) + 4);
		return context;
	case EC_DATA_ABORT_LOWER:
	case EC_INSTRUCTION_ABORT_LOWER:
		reason = field_get(esr, ISS_FSC) == FSC_ALIGNMENT ? THREAD_FAULT_REASON_ALIGNMENT
								  : THREAD_FAULT_REASON_MEMORY;
		break;
	case EC_PC_ALIGNMENT:
	case EC_SP_ALIGNMENT:
		reason = THREAD_FAULT_REASON_ALIGNMENT;
		break;
	case EC_UNKNOWN:
		/* With TGE set, FP use that CPACR_EL1 forbids looks like an undefined instruction (Arm ARM D1.3.6). */
		if ((read_sysreg(cpacr_el1) & CPACR_FPEN) != CPACR_FPEN) {
			fp_take(core, context);
			return context;
		}
		reason = THREAD_FAULT_REASON_INSTRUCTION;
		break;
	case EC_ILLEGAL_STATE:
	case EC_SVE_TRAP:
		reason = THREAD_FAULT_REASON_INSTRUCTION;
		break;
	default:
		break;
	}
	uint64_t address = read_sysreg(far_el2);
	arch_unload(core);
	return thread_fault(core, thread_of(context), reason, esr, address, context->frame->pc);
}

struct resumption trap_sync(uint64_t esr, struct core *core)
{
	core_count_event(core, COUNT_ENTRIES);
	struct context *context = core->current;
	if (__builtin_expect(context->kind == CONTEXT_VCPU, 1)) {
		return go_on(core, exits_handle(core, vcpu_of(context), esr));
	}
	context->full = 1;
	return go_on(core, thread_trap(core, esr));
}

struct resumption trap_irq(struct core *core)
{
	core_count_event(core, COUNT_ENTRIES);
	core->current->full = 1;
	arch_irq(core);
	return go_on(core, plan_continue(core));
}

struct resumption trap_serror(struct core *core)
{
	core_count_event(core, COUNT_ENTRIES);
	struct context *context = core->current;
	uint64_t esr = read_sysreg(esr_el2);
	context->full = 1;
	arch_unload(core);
	if (context->kind == CONTEXT_VCPU) {
		struct vcpu *vcpu = vcpu_of(context);
		vm_exit_exception_message(&vcpu->exit, esr, 0, 0);
		return go_on(core, vcpu_exit(vcpu, VM_EXIT_METHOD_EXCEPTION));
	}
	return go_on(core, thread_fault(core, thread_of(context), THREAD_FAULT_REASON_OTHER, esr, 0,
					context->frame->pc));
}

_Noreturn void trap_unexpected(uint64_t vector, uint64_t esr, uint64_t elr, uint64_t far, uint64_t sp)
{
	panic("vector %lu at %lx, syndrome %lx, address %lx, sp %lx, core %u", vector, elr, esr, far, sp,
	      core_this()->index);
}
