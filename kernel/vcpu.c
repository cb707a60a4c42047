/*
 * A vCPU's exits and what their replies do to it. The machine-specific half, the
 * registers, is the architecture's.
 */
#include <kernel/ipc.h>
#include <sk/idl/vm_exit_exit.h>

void vcpu_inject(struct vcpu *vcpu, uint64_t line)
{
	const struct space *vm = vcpu->context.space;
	uint64_t target = line >> 8;
	if (target != 0) {
		if (target > vm->vcpu_count) {
			return;
		}
		vcpu = vm->vcpus[target - 1u];
	}
	if ((line & 0xffu) < SK_PRIVATE_LINES) {
		virq_pend(vm, vcpu, (uint32_t)line & 0xffu);
	}
}

static void act(struct vcpu *vcpu, uint64_t action, uint64_t line)
{
	if ((action & SK_EXIT_ACTION_UNDEFINED) != 0) {
		arch_vcpu_exception(vcpu, GUEST_UNDEFINED);
	} else if ((action & SK_EXIT_ACTION_DATA_ABORT) != 0) {
		arch_vcpu_exception(vcpu, GUEST_ABORT);
	} else if ((action & SK_EXIT_ACTION_ADVANCE) != 0) {
		arch_vcpu_advance(vcpu);
	}
	if ((action & SK_EXIT_ACTION_INJECT) != 0) {
		vcpu_inject(vcpu, line);
	}
	if ((action & SK_EXIT_ACTION_STOP) != 0) {
		vcpu->life = VCPU_STATE_READY;
	} else if ((action & SK_EXIT_ACTION_BLOCK) != 0 && vcpu->life == VCPU_STATE_RUNNING && !virq_pending(vcpu) &&
		   (vcpu->work & VCPU_WORK_KICK) == 0) {
		vcpu->life = VCPU_STATE_BLOCKED;
	}
	/* It runs again, unless it was paused while its exit was being served. */
	vcpu->context.state = vcpu->life == VCPU_STATE_RUNNING ? CONTEXT_READY
			    : vcpu->life == VCPU_STATE_BLOCKED ? CONTEXT_BLOCKED : CONTEXT_STOPPED;
}

void vcpu_settle(struct vcpu *vcpu, uint64_t tag, uint64_t w0, uint64_t w1)
{
	bool ok = (tag & 0xffffu) == 0; /* neither the method's error nor a status of the kernel's */
	uint64_t action = ok ? w0 : 0;
	uint64_t method = vcpu->exit.tag & SK_TAG_METHOD_MASK;
	switch (method) {
	case VM_EXIT_TAG_MMIO_READ:
	case VM_EXIT_TAG_SYSREG_READ:
		/* A device says the value and nothing else; a VMM may deny that there is such a register. */
		action = ok && method == VM_EXIT_TAG_SYSREG_READ ? w1 & SK_EXIT_ACTION_UNDEFINED : 0;
		if (action == 0) {
			arch_vcpu_read_done(vcpu, ok ? w0 : 0);
		}
		break;
	case VM_EXIT_TAG_MMIO_WRITE:
		action = SK_EXIT_ACTION_ADVANCE;
		break;
	case VM_EXIT_TAG_SYSREG_WRITE:
		action |= SK_EXIT_ACTION_ADVANCE; /* an exception goes before it */
		break;
	case VM_EXIT_TAG_FAIL_ENTRY:
		/* Without anybody who repairs it, it would be refused again, and again. */
		vcpu->life = ok ? vcpu->life : VCPU_STATE_INVALID;
		break;
	case VM_EXIT_TAG_NESTED_PAGE_FAULT:
		/* Nobody could say what to do: the guest sees what real hardware gives for nothing there. */
		action = ok ? w0 : SK_EXIT_ACTION_DATA_ABORT;
		break;
	default:
		break;
	}
	act(vcpu, action, w1);
}

/* To entry 0 of the object table: none. */
static bool is_set(const struct exit_route *route)
{
	return route->endpoint != object_at(0);
}

struct context *vcpu_exit(struct vcpu *vcpu, uint32_t reason)
{
	struct core *core = core_at(vcpu->context.core);
	const struct exit_route *route = &vcpu->routes[reason];
	if (reason == VM_EXIT_METHOD_MMIO_READ || reason == VM_EXIT_METHOD_MMIO_WRITE) {
		route = &vcpu->context.last_route->to;
	} else if (!is_set(route)) {
		route = &vcpu->routes[0];
	}
	/* Its server may be on another core, or the answer an error at once: the frame has to be whole for either. */
	arch_unload(core);
	vcpu->exit_counts[reason]++;
	if (!is_set(route)) {
		/* An exit that nobody answers for: the vCPU can't go on, and only destroying it helps. */
		vcpu->life = VCPU_STATE_INVALID;
		vcpu->context.state = CONTEXT_STOPPED;
		core->reschedule = true;
		return plan_continue(core);
	}
	/* A stale endpoint: whoever took these exits is gone for good. */
	sk_status_t status = route->endpoint->generation != route->generation
				     ? SK_STALE : endpoint_call(route->endpoint->body, &vcpu->context, route->badge);
	if (status != SK_OK) {
		vcpu_settle(vcpu, sk_reply_tag(status), 0, 0);
	}
	return plan_continue(core);
}

struct context *vcpu_prepare(struct vcpu *vcpu)
{
	vcpu->exit_info = 0;
	if ((vcpu->work & VCPU_WORK_PAUSED) != 0) {
		vcpu->context.state = CONTEXT_STOPPED;
		return plan_continue(core_at(vcpu->context.core));
	}
	if ((vcpu->work & VCPU_WORK_LINES) != 0) {
		virq_flush(vcpu);
	}
	if ((vcpu->work & VCPU_WORK_ENDED) != 0) {
		uint32_t line = virq_ended(vcpu);
		if (is_set(&vcpu->routes[VM_EXIT_METHOD_INTERRUPT_END])) {
			vm_exit_interrupt_end_message(&vcpu->exit, line);
			return vcpu_exit(vcpu, VM_EXIT_METHOD_INTERRUPT_END);
		}
	}
	if ((vcpu->work & VCPU_WORK_KICK) != 0) {
		vcpu->work &= ~VCPU_WORK_KICK;
		if (is_set(&vcpu->routes[VM_EXIT_METHOD_EXTERNAL_INTERRUPT])) {
			vm_exit_external_interrupt_message(&vcpu->exit, 0);
			return vcpu_exit(vcpu, VM_EXIT_METHOD_EXTERNAL_INTERRUPT);
		}
	}
	return &vcpu->context;
}
