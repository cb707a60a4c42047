/*
 * Traps: from the syndrome to the call that the trap becomes. Entry code has
 * saved the registers; what is returned is the frame of the context to go on with.
 */
#include <arch/exits.h>
#include <arch/switch.h>
#include <kernel/fast.h>
#include <sk/idl/kernel.h>
#include <sk/idl/vm_exit_exit.h>

/* A system call's registers: slot or token, tag, the message's words. On the straight run they stay where they are. */
#define CALL_REGISTERS uint64_t x0, uint64_t x1, uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3, uint64_t w4, uint64_t w5

struct arch_frame *trap_call(CALL_REGISTERS);
struct arch_frame *trap_reply_wait(CALL_REGISTERS);
struct arch_frame *trap_sync(uint64_t esr, struct core *core);
struct arch_frame *trap_irq(struct core *core);
_Noreturn void trap_unexpected(uint64_t vector, uint64_t esr, uint64_t elr, uint64_t far, uint64_t sp);
_Noreturn void resume(struct arch_frame *frame);
_Static_assert(SK_SYS_REPLY_WAIT == 1, "entry.S");

/* On with the frame's context, but for x0 to x8: those are given. */
static inline __attribute__((always_inline)) struct arch_frame *resume_with(struct arch_frame *frame, CALL_REGISTERS, uint64_t x8)
{
	register uint64_t r0 __asm__("x0") = x0;
	register uint64_t r1 __asm__("x1") = x1;
	register uint64_t r2 __asm__("x2") = w0;
	register uint64_t r3 __asm__("x3") = w1;
	register uint64_t r4 __asm__("x4") = w2;
	register uint64_t r5 __asm__("x5") = w3;
	register uint64_t r6 __asm__("x6") = w4;
	register uint64_t r7 __asm__("x7") = w5;
	register uint64_t r8 __asm__("x8") = x8;
	register struct arch_frame *r9 __asm__("x9") = frame;
	__asm__ volatile("b resume_message" : : "r"(r0), "r"(r1), "r"(r2), "r"(r3), "r"(r4), "r"(r5), "r"(r6), "r"(r7),
			 "r"(r8), "r"(r9) : "memory");
	__builtin_unreachable();
}

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
	server_enter(core);
	resume(go_on(core, context));
}

static struct context *(*const system_calls[])(struct core *core) = {
	[SK_SYS_CALL] = ipc_call, [SK_SYS_REPLY_WAIT] = ipc_reply_wait, [SK_SYS_WAIT] = ipc_wait,
	[SK_SYS_SIGNAL] = ipc_signal, [SK_SYS_POLL] = ipc_poll, [SK_SYS_REPLY] = ipc_reply,
};

/* A system call by the general path, which works on the frame. Entry code has put x0 and x1 there. */
static __attribute__((noinline)) struct arch_frame *call_general(CALL_REGISTERS)
{
	struct core *core = core_this();
	struct context *current = core->current;
	uint64_t esr = read_sysreg(esr_el2);
	uint64_t number = field_get(esr, ISS_IMMEDIATE);
	(void)x0;
	(void)x1;
	arch_put_words(current->frame, (uint64_t[]){ w0, w1, w2, w3, w4, w5 });
	if (number < sizeof system_calls / sizeof system_calls[0]) {
		return go_on(core, system_calls[number](core));
	}
	arch_unload(core);
	thread_raise(core, thread_of(current), THREAD_FAULT_REASON_SYSTEM_CALL, esr, 0, current->frame->pc);
	return go_on(core, plan_continue(core));
}

/* An exit's reply that needs more than a register and a step of the PC. */
static __attribute__((noinline)) struct arch_frame *settle_general(struct vcpu *vcpu, uint64_t tag, uint64_t w0,
								  uint64_t w1, struct core *core)
{
	vcpu_settle(vcpu, tag, w0, w1);
	return go_on(core, vcpu->context.state == CONTEXT_READY && !core->reschedule ? &vcpu->context
										     : plan_continue(core));
}

/* The straight run's end: from one's frame to the other's. Of a vCPU guest_leave() or guest_enter() is done. */
static inline void enter(struct core *core, struct context *from, struct arch_frame *out, struct context *to,
			 const struct arch_frame *in, uint64_t pstate)
{
	bank_save(out);
	bank_load(in, to->arch_space.vttbr, pstate);
	fp_guard(core, from, to);
	core->loaded = to;
	core->current = to;
}

/* From a thread back into the guest whose exit it served. PSTATE is read once: its VMM may change it at any time. */
static inline struct arch_frame *enter_guest(struct core *core, struct context *from, struct vcpu *vcpu)
{
	struct arch_frame *frame = vcpu->context.frame;
	uint64_t pstate = *(const volatile uint64_t *)&frame->pstate;
	if (__builtin_expect(vcpu->work != 0 || !pstate_is_guest(pstate), 0)) {
		return go_on(core, &vcpu->context);
	}
	guest_enter(vcpu, frame);
	enter(core, from, from->frame, &vcpu->context, frame, pstate);
	return frame;
}

static __attribute__((noinline)) struct arch_frame *reply_injects(struct core *core, struct context *server,
								  struct vcpu *vcpu, uint64_t line)
{
	vcpu_inject(vcpu, line);
	vcpu->context.state = CONTEXT_READY;
	return core->reschedule ? go_on(core, plan_pick(core)) : enter_guest(core, server, vcpu);
}

static inline struct arch_frame *reply_to_exit(struct core *core, struct context *server, struct vcpu *vcpu, uint64_t tag,
					       uint64_t w0, uint64_t w1)
{
	uint32_t info = vcpu->exit_info;
	fast_give_back(core, server, tag, w0);
	/* The general way for errors, for actions, and for a system register that the VMM denies. */
	if (__builtin_expect((tag & 0xffffu) != 0, 0)) {
		return settle_general(vcpu, tag, w0, w1, core);
	}
	if ((info & INFO_READ) != 0) {
		exits_read_done(vcpu, info, w0);
	} else if ((info & INFO_SYSREG) != 0 && w1 == 0) {
		exits_set_register(vcpu->context.frame, sk_mmio_register(info), w0);
		vcpu->context.frame->pc += 4;
	} else if ((info & INFO_ADVANCE) != 0) {
		vcpu->context.frame->pc += 4;
	} else if (w0 == SK_EXIT_ACTION_INJECT && info == INFO_ACTION) {
		return reply_injects(core, server, vcpu, w1);
	} else if (w0 != 0 || info != INFO_ACTION) {
		return settle_general(vcpu, tag, w0, w1, core);
	}
	vcpu->context.state = CONTEXT_READY;
	return enter_guest(core, server, vcpu);
}

struct arch_frame *trap_reply_wait(CALL_REGISTERS)
{
	struct core *core = core_this();
	struct context *server = core->current;
	core_count_event(core, COUNT_ENTRIES);
	struct context *caller = fast_reply_target(core, server, x0, x1);
	if (__builtin_expect(caller == NULL, 0)) {
		return call_general(x0, x1, w0, w1, w2, w3, w4, w5);
	}
	if (caller->kind == CONTEXT_VCPU) {
		return reply_to_exit(core, server, vcpu_of(caller), x1, w0, w1);
	}
	fast_give_back(core, server, x1, w0);
	caller->state = CONTEXT_READY;
	struct arch_frame *in = caller->frame;
	enter(core, server, server->frame, caller, in, in->pstate);
	return resume_with(in, x1 & 0xffffu, 0, w0, w1, w2, w3, w4, w5, 0);
}

struct arch_frame *trap_call(CALL_REGISTERS)
{
	struct core *core = core_this();
	struct context *caller = core->current;
	capability cap;
	core_count_event(core, COUNT_ENTRIES);
	struct context *server = (uint16_t)read_sysreg(esr_el2) != SK_SYS_CALL
					 ? NULL : fast_call_target(core, caller, x0, x1, &cap);
	if (__builtin_expect(server == NULL, 0)) {
		return call_general(x0, x1, w0, w1, w2, w3, w4, w5);
	}
	uint32_t badge = capability_badge(cap);
	uint64_t token = fast_hand_over(core, caller, server, badge, caller->root, caller->depth + 1u, x1, w0);
	struct arch_frame *in = server->frame;
	enter(core, caller, caller->frame, server, in, in->pstate);
	return resume_with(in, badge, x1, w0, w1, w2, w3, w4, w5, token);
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
	thread_raise(core, thread_of(context), reason != 0 ? reason : THREAD_FAULT_REASON_OTHER, esr, address,
		     context->frame->pc);
	return plan_continue(core);
}

static __attribute__((noinline)) struct arch_frame *exit_general(struct core *core, struct vcpu *vcpu, uint32_t reason)
{
	return go_on(core, vcpu_exit(vcpu, reason));
}

/* The exit goes to who waits for it on this core. Inlined for each reason: its route and counter are at fixed places. */
static inline __attribute__((always_inline)) struct arch_frame *routed_exit(struct core *core, struct vcpu *vcpu,
									    uint32_t reason, const struct sk_msg *exit,
									    const struct exit_route *route)
{
	struct context *server = fast_server(core, route->endpoint, route->generation);
	vcpu->exit = *exit; /* it may have to be delivered again */
	if (__builtin_expect(server == NULL || timer_is_open(), 0)) {
		return exit_general(core, vcpu, reason);
	}
	struct arch_frame *out = vcpu->context.frame;
	struct arch_frame *in = server->frame;
	uint32_t badge = route->badge;
	uint64_t token = fast_hand_over(core, &vcpu->context, server, badge, &vcpu->context, 1, exit->tag, exit->w[0]);
	vcpu->exit_counts[reason]++;
	guest_leave(core, vcpu, out);
	enter(core, &vcpu->context, out, server, in, in->pstate);
	return resume_with(in, badge, exit->tag, exit->w[0], exit->w[1], exit->w[2], exit->w[3], exit->w[4], exit->w[5],
			   token);
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

static inline struct arch_frame *mmio_exit(struct core *core, struct context *context, uint64_t esr)
{
	uint64_t address = exits_fault_address();
	const struct route *route = context->last_route;
	if (__builtin_expect(!exits_is_mmio(esr) || address - route->address >= route->bytes, 0)) {
		return sync_general(esr, core); /* or it is a thread: its last route covers nothing */
	}
	struct sk_msg exit;
	uint32_t reason = exits_mmio_message(vcpu_of(context), &exit, esr, address);
	return routed_exit(core, vcpu_of(context), reason, &exit, &route->to);
}

static __attribute__((noinline)) struct arch_frame *halt_exit(struct core *core, struct vcpu *vcpu, uint64_t esr)
{
	struct sk_msg exit;
	write_sysreg(elr_el2, read_sysreg(elr_el2) + ((esr & ESR_IL) != 0 ? 4 : 2)); /* T32 has a WFI of 16 bits */
	if (virq_pending(vcpu)) {
		return go_on(core, &vcpu->context);
	}
	vcpu->exit_info = INFO_ACTION;
	vm_exit_halt_message(&exit, arch_vcpu_timer_deadline(vcpu), false);
	return routed_exit(core, vcpu, VM_EXIT_METHOD_HALT, &exit, &vcpu->routes[VM_EXIT_METHOD_HALT]);
}

struct arch_frame *trap_sync(uint64_t esr, struct core *core)
{
	struct context *context = core->current;
	struct vcpu *vcpu = vcpu_of(context);
	struct sk_msg exit;
	uint64_t class = esr >> ESR_EC_SHIFT;
	core_count_event(core, COUNT_ENTRIES);
	if (class == EC_DATA_ABORT_LOWER) {
		return mmio_exit(core, context, esr);
	}
	if (__builtin_expect(context->kind != CONTEXT_VCPU, 0)) {
		return sync_general(esr, core);
	}
	if (class == EC_HVC64) {
		uint32_t reason = exits_call(vcpu, &exit);
		return routed_exit(core, vcpu, reason, &exit, &vcpu->routes[reason]);
	}
	if (class == EC_WFX && (esr & ISS_WFX_WFE) == 0) {
		return halt_exit(core, vcpu, esr);
	}
	if (class == EC_SYSREG && (esr & ISS_SYS_READ) != 0) {
		exits_sysreg_read(vcpu, &exit, esr);
		return routed_exit(core, vcpu, VM_EXIT_METHOD_SYSREG_READ, &exit, &vcpu->routes[VM_EXIT_METHOD_SYSREG_READ]);
	}
	if (class == EC_SYSREG) {
		uint32_t reason = exits_sysreg_write(vcpu, &exit, esr);
		return routed_exit(core, vcpu, reason, &exit, &vcpu->routes[reason]);
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
