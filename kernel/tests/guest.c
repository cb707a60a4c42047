/*
 * See guest.h.
 */
#include "guest.h"

const char *const guest_place_names[PLACES] = { "created", "free", "ready", "running", "preempted", "served",
						 "served, paused", "blocked", "invalid" };

void guest_make(struct guest *guest)
{
	actor_make(&guest->vmm, 1);
	actor_serve(&guest->vmm);
	guest->vm = world_vm(16);
	guest->vcpu = world_vcpu(guest->vm, 1);
	guest->v = world_vcpu_at(guest->vcpu);
}

void guest_run(struct guest *guest)
{
	K_OK(guest->vcpu, VCPU_TAG_ROUTE, 0, guest->vmm.endpoint);
	world_vcpu_prepare(guest->vcpu);
	world_plan(1, guest->vmm.thread, guest->vcpu, 0);
	actor_start(&guest->vmm);
	actor_reply_wait(&guest->vmm, 0, 0, 0);
	K_OK(guest->vcpu, VCPU_TAG_RUN);
	assert_true(runs(&guest->v->context));
}

void guest_exit(uint32_t reason, uint64_t w0)
{
	mock_exit(1, reason, (const uint64_t[6]){ w0, w0 + 1, w0 + 2, w0 + 3 });
}

void guest_reply(const struct guest *guest, uint64_t action, uint64_t line)
{
	actor_syscall(&guest->vmm, SK_SYS_REPLY_WAIT, actor_token(&guest->vmm), 0, action, line);
}

void guest_bring_to(struct guest *guest, enum place place)
{
	world_boot(3);
	guest_make(guest);
	switch (place) {
	case CREATED:
		return;
	case FREE:
		K_OK(guest->vcpu, VCPU_TAG_SETUP, 0);
		return;
	case READY:
		world_vcpu_prepare(guest->vcpu);
		return;
	case INVALID:
		world_vcpu_prepare(guest->vcpu);
		world_plan(1, guest->vcpu, 0);
		K_OK(guest->vcpu, VCPU_TAG_RUN);
		guest_exit(VM_EXIT_METHOD_HYPERCALL, 1); /* nobody answers for it */
		return;
	default:
		break;
	}
	guest_run(guest);
	if (place == PREEMPTED) {
		struct actor other;
		actor_make(&other, 1);
		world_plan(1, guest->vmm.thread, other.thread, guest->vcpu, 0);
		actor_start(&other);
		assert_runs(&other);
	} else if (place != RUNNING) {
		guest_exit(VM_EXIT_METHOD_HALT, 1);
		assert_runs(&guest->vmm);
	}
	if (place == SERVED_PAUSED) {
		K_OK(guest->vcpu, VCPU_TAG_PAUSE);
	} else if (place == BLOCKED) {
		guest_reply(guest, SK_EXIT_ACTION_BLOCK, 0);
	}
}
