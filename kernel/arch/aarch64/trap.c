/*
 * Traps: from the syndrome to the call that the trap becomes. Entry code has
 * saved the registers; what is returned is the frame of the context to go on with.
 */
#include <arch/exits.h>
#include <arch/switch.h>
#include <kernel/fast.h>
#include <sk/idl/kernel.h>
#include <sk/idl/vm_exit_exit.h>

struct arch_frame *trap_syscall(uint64_t esr, struct core *core);
struct arch_frame *trap_sync(uint64_t esr, struct core *core);
struct arch_frame *trap_irq(struct core *core);
_Noreturn void trap_unexpected(uint64_t vector, uint64_t esr, uint64_t elr, uint64_t far, uint64_t sp);
_Noreturn void resume(struct arch_frame *frame);

static struct arch_frame *go_on(struct core *core, struct context *next)
{
	for (;;) {
		switch_to(core, next);
		core->current = next;
		if (next->kind == CONTEXT_THREAD) {
			break;
		}
		struct vcpu *vcpu = vcpu_of(next);
		if (__builtin_expect(vcpu->work != 0, 0)) {
			el0_controls_restore(vcpu);
			struct context *prepared = vcpu_prepare(vcpu);
			/* An exit that nobody took comes back at once: its registers have left the hardware all the same. */
			if (prepared != next || core->loaded == NULL) {
				next = prepared;
				continue;
			}
		}
		uint64_t pstate = read_sysreg(spsr_el2);
		if (__builtin_expect(pstate_is_guest(pstate), 1)) {
			break;
		}
		vm_exit_fail_entry_message(&vcpu->exit, pstate);
		vcpu->exit_info = INFO_ACTION;
		next = vcpu_exit(vcpu, VM_EXIT_METHOD_FAIL_ENTRY);
	}
	return next->frame;
}

_Noreturn void arch_resume(struct core *core, struct context *context)
{
	server_enter();
	resume(go_on(core, context));
}

static struct context *(*const system_calls[])(struct core *core) = {
	[SK_SYS_CALL] = ipc_call, [SK_SYS_REPLY_WAIT] = ipc_reply_wait, [SK_SYS_WAIT] = ipc_wait,
	[SK_SYS_SIGNAL] = ipc_signal, [SK_SYS_POLL] = ipc_poll, [SK_SYS_REPLY] = ipc_reply,
};

static __attribute__((noinline)) struct arch_frame *syscall_general(uint64_t esr, struct core *core)
{
	uint64_t number = field_get(esr, ISS_IMMEDIATE);
	if (number < sizeof system_calls / sizeof system_calls[0]) {
		return go_on(core, system_calls[number](core));
	}
	arch_unload(core);
	return go_on(core, thread_fault(core, thread_of(core->current), THREAD_FAULT_REASON_SYSTEM_CALL, esr, 0,
					core->current->frame->pc));
}

/* An exit's reply that needs more than a register and a step of the PC. */
static __attribute__((noinline)) struct arch_frame *settle_general(struct core *core, struct vcpu *vcpu, uint64_t tag,
								  uint64_t w0, uint64_t w1)
{
	vcpu_settle(vcpu, tag, w0, w1);
	return go_on(core, vcpu->context.state == CONTEXT_READY && !core->reschedule ? &vcpu->context
										     : plan_continue(core));
}

/* The straight run's end; of a vCPU, either way, guest_leave() or guest_enter() is done. */
static inline struct arch_frame *enter(struct core *core, const struct context *from, struct context *to,
				       uint64_t pstate)
{
	bank_save(from->frame);
	bank_load(to, pstate);
	fp_guard(core, from, to);
	core->loaded = to;
	core->current = to;
	return to->frame;
}

/* From a thread back into the guest whose exit it served. PSTATE is read once: its VMM may change it at any time. */
static inline struct arch_frame *enter_guest(struct core *core, struct context *from, struct vcpu *vcpu)
{
	if (__builtin_expect(vcpu->work == 0, 1)) {
		uint64_t pstate = __atomic_load_n(&vcpu->context.frame->pstate, __ATOMIC_RELAXED);
		if (__builtin_expect(pstate_is_guest(pstate), 1)) {
			guest_enter(vcpu);
			return enter(core, from, &vcpu->context, pstate);
		}
	}
	return go_on(core, &vcpu->context);
}

static __attribute__((noinline)) struct arch_frame *reply_injects(struct core *core, struct context *server,
								  struct vcpu *vcpu)
{
	vcpu_inject(vcpu, arch_argument(server->frame, 3));
	vcpu->context.state = CONTEXT_READY;
	return core->reschedule ? go_on(core, plan_pick(core)) : enter_guest(core, server, vcpu);
}

static inline struct arch_frame *reply_to_exit(struct core *core, struct context *server, struct vcpu *vcpu, uint64_t tag)
{
	uint64_t w0 = arch_argument(server->frame, 2);
	uint32_t info = vcpu->exit_info;
	fast_give_back(server);
	/* The general way for errors, for actions, and for a system register that the VMM denies. */
	if (__builtin_expect((tag & 0xffffu) != 0, 0)) {
		return settle_general(core, vcpu, tag, w0, arch_argument(server->frame, 3));
	}
	if ((info & INFO_READ) != 0) {
		exits_read_done(vcpu, w0);
	} else if ((info & INFO_SYSREG) != 0 && arch_argument(server->frame, 3) == 0) {
		exits_set_register(vcpu->context.frame, sk_mmio_register(info), w0);
		vcpu->context.frame->pc += 4;
	} else if ((info & INFO_ADVANCE) != 0) {
		vcpu->context.frame->pc += 4;
	} else if (w0 == SK_EXIT_ACTION_INJECT && info == INFO_ACTION) {
		return reply_injects(core, server, vcpu);
	} else if (w0 != 0 || info != INFO_ACTION) {
		return settle_general(core, vcpu, tag, w0, arch_argument(server->frame, 3));
	}
	vcpu->context.state = CONTEXT_READY;
	return enter_guest(core, server, vcpu);
}

struct arch_frame *trap_syscall(uint64_t esr, struct core *core)
{
	struct context *current = core->current;
	const struct arch_frame *from = current->frame;
	uint64_t x0 = arch_argument(from, 0);
	uint64_t tag = arch_argument(from, 1);
	core_count_event(core, COUNT_ENTRIES);
	if (__builtin_expect((uint16_t)esr == SK_SYS_REPLY_WAIT, 1)) {
		struct context *caller = fast_reply_target(core, current, x0, tag);
		if (__builtin_expect(caller == NULL, 0)) {
			return syscall_general(esr, core);
		}
		if (caller->kind == CONTEXT_VCPU) {
			return reply_to_exit(core, current, vcpu_of(caller), tag);
		}
		fast_give_back(current);
		arch_set_result(caller->frame, 0, tag & 0xffffu);
		arch_put_words(caller->frame, arch_words(from));
		caller->state = CONTEXT_READY;
		return enter(core, current, caller, caller->frame->pstate);
	}
	if ((uint16_t)esr == SK_SYS_CALL) {
		capability cap;
		struct context *server = fast_call_target(core, current, x0, tag, &cap);
		if (__builtin_expect(server == NULL, 0)) {
			return syscall_general(esr, core);
		}
		struct arch_frame *to = server->frame;
		arch_put_words(to, arch_words(from));
		arch_set_result(to, 0, capability_badge(cap));
		arch_set_result(to, 1, tag);
		arch_set_result(to, 8, fast_hand_over(current, server, capability_badge(cap), current->root,
						      current->depth + 1u));
		return enter(core, current, server, to->pstate);
	}
	return syscall_general(esr, core);
}

/* A server reads the counter while a guest's settings forbid EL0 to: it gets the machine's. */
static bool emulate_counter(struct core *core, uint64_t esr)
{
	uint32_t encoding = exits_sysreg_encoding(esr);
	if ((esr & ISS_SYS_READ) == 0 || (encoding != ENCODING_CNTPCT && encoding != ENCODING_CNTVCT)) {
		return false;
	}
	exits_set_register(core->current->frame, (uint32_t)field_get(esr, ISS_SYS_RT), arch_ticks());
	return true;
}

/* A thread's faults by exception class; no entry: OTHER. */
static const uint8_t fault_reasons[] = {
	[EC_UNKNOWN] = THREAD_FAULT_REASON_INSTRUCTION, [EC_ILLEGAL_STATE] = THREAD_FAULT_REASON_INSTRUCTION,
	[EC_SYSREG] = THREAD_FAULT_REASON_INSTRUCTION, [EC_SVE_TRAP] = THREAD_FAULT_REASON_INSTRUCTION,
	[EC_INSTRUCTION_ABORT_LOWER] = THREAD_FAULT_REASON_MEMORY, [EC_DATA_ABORT_LOWER] = THREAD_FAULT_REASON_MEMORY,
	[EC_PC_ALIGNMENT] = THREAD_FAULT_REASON_ALIGNMENT, [EC_SP_ALIGNMENT] = THREAD_FAULT_REASON_ALIGNMENT,
	[ESR_EC_LAST] = 0,
};

static struct context *thread_trap(struct core *core, uint64_t esr)
{
	struct context *context = core->current;
	uint64_t class = field_get(esr, ESR_EC);
	if ((class == EC_SYSREG && emulate_counter(core, esr)) || class == EC_WFX) {
		exits_step();
		return context;
	}
	/* With TGE set, FP use that CPACR_EL1 forbids looks like an undefined instruction (Arm ARM D1.3.6). */
	if (class == EC_FP_TRAP || (class == EC_UNKNOWN && (read_sysreg(cpacr_el1) & CPACR_FPEN) != CPACR_FPEN)) {
		fp_take(core, context);
		return context;
	}
	uint32_t reason = fault_reasons[class];
	/* FAR_EL2 is old for any other class. */
	bool addressed = reason == THREAD_FAULT_REASON_MEMORY || class == EC_PC_ALIGNMENT;
	uint64_t address = addressed ? read_sysreg(far_el2) : 0;
	if (reason == THREAD_FAULT_REASON_MEMORY && field_get(esr, ISS_FSC) == FSC_ALIGNMENT) {
		reason = THREAD_FAULT_REASON_ALIGNMENT;
	}
	arch_unload(core);
	return thread_fault(core, thread_of(context), reason != 0 ? reason : THREAD_FAULT_REASON_OTHER, esr, address,
			    context->frame->pc);
}

/* The exit in vcpu->exit goes to `server`, which waits on this core. */
static inline struct arch_frame *exit_to(struct core *core, struct vcpu *vcpu, struct context *server, uint32_t badge)
{
	struct arch_frame *to = server->frame;
	arch_set_result(to, 0, badge);
	arch_set_result(to, 1, vcpu->exit.tag);
	arch_put_words(to, vcpu->exit.w);
	arch_set_result(to, 8, fast_hand_over(&vcpu->context, server, badge, &vcpu->context, 1));
	guest_leave(vcpu);
	return enter(core, &vcpu->context, server, to->pstate);
}

static __attribute__((noinline)) struct arch_frame *exit_general(struct core *core, struct vcpu *vcpu, uint32_t reason)
{
	return go_on(core, vcpu_exit(vcpu, reason));
}

/* Inlined for each reason, so that its route and its counter are at fixed places. */
static inline __attribute__((always_inline)) struct arch_frame *routed_exit(struct core *core, struct vcpu *vcpu,
									    uint32_t reason,
									    const struct exit_route *route)
{
	struct context *server = fast_server(core, route->endpoint, route->generation);
	if (__builtin_expect(server == NULL || timer_is_open(), 0)) {
		return exit_general(core, vcpu, reason);
	}
	vcpu->exit_counts[reason]++;
	return exit_to(core, vcpu, server, route->badge);
}

static __attribute__((noinline)) struct arch_frame *sync_general(uint64_t esr, struct core *core)
{
	struct context *context = core->current;
	if (context->kind != CONTEXT_VCPU) {
		return go_on(core, thread_trap(core, esr));
	}
	uint32_t reason = exits_decode(core, vcpu_of(context), esr);
	return reason == EXIT_NONE ? go_on(core, context) : exit_general(core, vcpu_of(context), reason);
}

static inline struct arch_frame *mmio_exit(struct core *core, struct vcpu *vcpu, uint64_t esr)
{
	uint64_t address = exits_fault_address();
	const struct route *route = vcpu->last_route;
	if (__builtin_expect(!exits_is_mmio(esr) || address - route->address >= route->bytes, 0)) {
		return sync_general(esr, core);
	}
	return routed_exit(core, vcpu, exits_mmio_message(vcpu, esr, address), &route->to);
}

static __attribute__((noinline)) struct arch_frame *halt_exit(struct core *core, struct vcpu *vcpu)
{
	exits_step();
	if (virq_pending(vcpu)) {
		return go_on(core, &vcpu->context);
	}
	vcpu->exit_info = INFO_ACTION;
	vm_exit_halt_message(&vcpu->exit, arch_vcpu_timer_deadline(vcpu), false);
	return routed_exit(core, vcpu, VM_EXIT_METHOD_HALT, &vcpu->routes[VM_EXIT_METHOD_HALT]);
}

struct arch_frame *trap_sync(uint64_t esr, struct core *core)
{
	struct context *context = core->current;
	struct vcpu *vcpu = vcpu_of(context);
	const struct exit_route *routes = vcpu->routes;
	uint64_t class = esr >> ESR_EC_SHIFT;
	core_count_event(core, COUNT_ENTRIES);
	if (__builtin_expect(context->kind != CONTEXT_VCPU, 0)) {
		return sync_general(esr, core);
	}
	if (class == EC_DATA_ABORT_LOWER) {
		return mmio_exit(core, vcpu, esr);
	}
	if (class == EC_HVC64) {
		if (exits_call(vcpu) == VM_EXIT_METHOD_HYPERCALL) {
			return routed_exit(core, vcpu, VM_EXIT_METHOD_HYPERCALL, &routes[VM_EXIT_METHOD_HYPERCALL]);
		}
		return exit_general(core, vcpu, VM_EXIT_METHOD_FIRMWARE_CALL);
	}
	if (class == EC_WFX && (esr & ISS_WFX_WFE) == 0) {
		return halt_exit(core, vcpu);
	}
	if (class == EC_SYSREG) {
		if ((esr & ISS_SYS_READ) != 0) {
			exits_sysreg_read(vcpu, esr);
			return routed_exit(core, vcpu, VM_EXIT_METHOD_SYSREG_READ,
					   &routes[VM_EXIT_METHOD_SYSREG_READ]);
		}
		if (exits_sysreg_write(vcpu, esr) == VM_EXIT_METHOD_SEND_IPI) {
			return routed_exit(core, vcpu, VM_EXIT_METHOD_SEND_IPI, &routes[VM_EXIT_METHOD_SEND_IPI]);
		}
		return exit_general(core, vcpu, VM_EXIT_METHOD_SYSREG_WRITE);
	}
	return sync_general(esr, core);
}

struct arch_frame *trap_irq(struct core *core)
{
	core_count_event(core, COUNT_ENTRIES);
	arch_irq(core);
	return go_on(core, plan_continue(core));
}

_Noreturn void trap_unexpected(uint64_t vector, uint64_t esr, uint64_t elr, uint64_t far, uint64_t sp)
{
	panic("vector %lu at %lx, syndrome %lx, address %lx, sp %lx, core %u", vector, elr, esr, far, sp,
	      core_this()->index);
}
