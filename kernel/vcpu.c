/*
 * A vCPU's exits and what their replies do to it. The machine-specific half, the
 * registers, is the architecture's.
 */
#include <kernel/ipc.h>
#include <sk/idl/vm_exit.h>

/* Runs again, unless it was paused while its exit was being served. */
static void go_on(struct vcpu *vcpu)
{
	if (vcpu->life == VCPU_RUNNING) {
		vcpu->context.state = CONTEXT_READY;
		plan_wake(core_at(vcpu->context.core), &vcpu->context);
	} else {
		vcpu->context.state = CONTEXT_STOPPED;
	}
}

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
		virq_pend(vcpu, (uint32_t)line & 0xffu);
	}
}

static void act(struct vcpu *vcpu, uint64_t action, uint64_t line)
{
	if ((action & SK_EXIT_ACTION_UNDEFINED) != 0) {
		arch_vcpu_undefined(vcpu);
	} else if ((action & SK_EXIT_ACTION_DATA_ABORT) != 0) {
		arch_vcpu_data_abort(vcpu);
	} else if ((action & SK_EXIT_ACTION_ADVANCE) != 0) {
		arch_vcpu_advance(vcpu);
	}
	if ((action & SK_EXIT_ACTION_INJECT) != 0) {
		vcpu_inject(vcpu, line);
	}
	if ((action & SK_EXIT_ACTION_STOP) != 0) {
		vcpu->life = VCPU_READY;
	} else if ((action & SK_EXIT_ACTION_BLOCK) != 0 && vcpu->life == VCPU_RUNNING && !virq_pending(vcpu) &&
		   (vcpu->work & VCPU_WORK_KICK) == 0) {
		vcpu->life = VCPU_BLOCKED;
		vcpu->context.state = CONTEXT_BLOCKED;
		return;
	}
	go_on(vcpu);
}

void vcpu_settle(struct vcpu *vcpu, uint64_t tag, uint64_t w0, uint64_t w1)
{
	struct context *context = &vcpu->context;
	bool ok = (tag & 0xffffu) == 0;
	switch (vcpu->exit.tag & SK_TAG_METHOD_MASK) {
	case VM_EXIT_TAG_MMIO_READ:
		arch_vcpu_read_done(vcpu, ok ? w0 : 0);
		break;
	case VM_EXIT_TAG_MMIO_WRITE:
		arch_vcpu_advance(vcpu);
		break;
	case VM_EXIT_TAG_SYSREG_READ:
		if (!ok || (w1 & SK_EXIT_ACTION_UNDEFINED) == 0) {
			arch_vcpu_read_done(vcpu, ok ? w0 : 0);
			break;
		}
		arch_vcpu_undefined(vcpu);
		break;
	case VM_EXIT_TAG_SYSREG_WRITE:
		if (!ok || (w0 & SK_EXIT_ACTION_UNDEFINED) == 0) {
			w0 = ok ? w0 | SK_EXIT_ACTION_ADVANCE : SK_EXIT_ACTION_ADVANCE;
		}
		act(vcpu, w0, w1);
		return;
	case VM_EXIT_TAG_FAIL_ENTRY:
		/* Without anybody who repairs it, it would be refused again, and again. */
		vcpu->life = ok ? vcpu->life : VCPU_INVALID;
		act(vcpu, ok ? w0 : 0, w1);
		return;
	default:
		if (!ok) {
			/* Nobody could say what to do: the guest sees what real hardware gives for nothing there. */
			w0 = (vcpu->exit.tag & SK_TAG_METHOD_MASK) == VM_EXIT_TAG_NESTED_PAGE_FAULT
				     ? SK_EXIT_ACTION_DATA_ABORT : 0;
		}
		act(vcpu, w0, w1);
		return;
	}
	if (vcpu->life == VCPU_RUNNING) {
		context->state = CONTEXT_READY;
	} else {
		context->state = CONTEXT_STOPPED;
	}
}

struct context *vcpu_exit(struct vcpu *vcpu, uint32_t reason)
{
	struct core *core = core_at(vcpu->context.core);
	vcpu->exit_counts[reason]++;
	const struct exit_route *route = vcpu_route(vcpu, reason);
	if (!exit_route_set(route)) {
		/* An exit that nobody answers for: the vCPU can't go on, and only destroying it helps. */
		vcpu->life = VCPU_INVALID;
		vcpu->context.state = CONTEXT_STOPPED;
		core->reschedule = true;
		return plan_continue(core);
	}
	return ipc_exit(core, vcpu, route->endpoint, route->generation, route->badge);
}
