/*
 * The vCPU's life cycle. Each operation names the states that it may be called
 * in; in any other it answers BAD_STATE and changes nothing.
 *
 *   CREATED -setup-> FREE -bind-> READY -run-> RUNNING -(exit)-> BLOCKED
 *                    FREE <-unbind- READY <-pause- RUNNING, BLOCKED
 *   INVALID: the hardware refused its state, or nobody answers its exits.
 */
#include <kernel/call.h>
#include <sk/idl/kernel_kernel.h>

sk_status_t vcpu_create(struct vcpu *vcpu, struct object *object, struct space *vm, uint32_t core,
			struct object *page, uint64_t config)
{
	vcpu->context = (struct context){
		.frame = (struct arch_frame *)(uintptr_t)page->base, .arch_space = vm->arch, .root = &vcpu->context,
		.state = CONTEXT_STOPPED, .kind = CONTEXT_VCPU, .core = (uint8_t)core, .slot = -1,
		.space = vm, .object = object, .token = object_index(object), .last_route = &no_route, .fp = &vcpu->fp_state,
	};
	sk_status_t status = arch_vcpu_init(vcpu, config);
	if (status != SK_OK) {
		return status;
	}
	for (uint32_t i = 0; i < EXIT_REASONS; i++) {
		vcpu->routes[i].endpoint = object_at(0);
	}
	vcpu->work = VCPU_WORK_LOAD;
	vcpu->state_object = page;
	vcpu->life = VCPU_STATE_CREATED;
	vcpu->index = (uint8_t)vm->vcpu_count;
	vm->vcpus[vm->vcpu_count] = vcpu;
	__atomic_store_n(&vm->vcpu_count, vm->vcpu_count + 1u, __ATOMIC_RELEASE);
	return SK_OK;
}

enum vcpu_state vcpu_state(const struct vcpu *vcpu)
{
	return vcpu->life;
}

sk_status_t vcpu_do_set_entry(struct vcpu *vcpu, uint64_t entry)
{
	if (vcpu->entry_set) {
		return SK_BAD_STATE;
	}
	arch_vcpu_entry(vcpu, entry);
	vcpu->entry_set = 1;
	return SK_OK;
}

sk_status_t vcpu_do_set_space(struct vcpu *vcpu, struct space *vm)
{
	if (vm != vcpu->context.space) {
		return SK_BAD_ARG; /* it is counted in the VM that it was created for */
	}
	if (vcpu->space_set) {
		return SK_BAD_STATE;
	}
	vcpu->space_set = 1;
	return SK_OK;
}

sk_status_t vcpu_do_setup(struct vcpu *vcpu, uint64_t flags)
{
	if (flags > 1) {
		return SK_BAD_ARG;
	}
	arch_vcpu_setup(vcpu, flags);
	vcpu->life = VCPU_STATE_FREE;
	return SK_OK;
}

/* Its state leaves the hardware. On its core. */
static void evict(struct vcpu *vcpu)
{
	struct core *core = core_at(vcpu->context.core);
	core_drain(core);
	if (core->loaded == &vcpu->context) {
		arch_unload(core);
	}
	if (core->resident == vcpu) {
		arch_vcpu_save(core);
	}
	if (core->fp_owner == &vcpu->context) {
		arch_fp_save(core);
	}
}

/* And no plan names it. */
static void leave(struct vcpu *vcpu)
{
	evict(vcpu);
	plan_forget(core_at(vcpu->context.core), &vcpu->context);
}

sk_status_t vcpu_do_bind(struct vcpu *vcpu, uint32_t core)
{
	if (core >= core_count || !core_at(core)->online || !core_at(core)->enabled) {
		return SK_BAD_ARG;
	}
	if (core != vcpu->context.core) {
		leave(vcpu); /* a plan may name it already */
	}
	vcpu->context.core = (uint8_t)core;
	core_at(core)->bound++;
	vcpu->life = VCPU_STATE_READY;
	return SK_OK;
}

sk_status_t vcpu_do_unbind(struct vcpu *vcpu)
{
	/* An exit of it that is still with a server is answered to this core. */
	if (context_calls(&vcpu->context)) {
		return SK_BAD_STATE;
	}
	leave(vcpu);
	core_at(vcpu->context.core)->bound--;
	vcpu->life = VCPU_STATE_FREE;
	return SK_OK;
}

sk_status_t vcpu_do_run(struct vcpu *vcpu)
{
	vcpu->life = VCPU_STATE_RUNNING;
	vcpu->work &= ~VCPU_WORK_PAUSED;
	/* An exit that is still with a server resumes it when it is answered. */
	if (vcpu->context.state == CONTEXT_STOPPED || vcpu->context.state == CONTEXT_BLOCKED) {
		vcpu->context.state = CONTEXT_READY;
		vcpu->work |= VCPU_WORK_LINES;
		plan_wake(core_at(vcpu->context.core), &vcpu->context);
	}
	return SK_OK;
}

sk_status_t vcpu_do_pause(struct vcpu *vcpu)
{
	if (vcpu->life != VCPU_STATE_RUNNING && vcpu->life != VCPU_STATE_BLOCKED) {
		return vcpu->life == VCPU_STATE_READY ? SK_OK : SK_BAD_STATE; /* an exit's answer came first */
	}
	vcpu->life = VCPU_STATE_READY;
	vcpu->work |= VCPU_WORK_PAUSED;
	if (vcpu->context.state == CONTEXT_READY || vcpu->context.state == CONTEXT_BLOCKED) {
		vcpu->context.state = CONTEXT_STOPPED;
	}
	core_at(vcpu->context.core)->reschedule = true;
	evict(vcpu);
	return SK_OK;
}

/* May its registers be read and changed: it doesn't run, or its exit is being served. */
static bool at_rest(const struct vcpu *vcpu)
{
	bool runs = vcpu->life == VCPU_STATE_RUNNING && vcpu->context.state == CONTEXT_READY;
	return vcpu->life != VCPU_STATE_INVALID && !runs;
}

sk_status_t vcpu_do_set_gpr(struct vcpu *vcpu, uint32_t index, uint64_t value)
{
	return at_rest(vcpu) ? arch_vcpu_set_gpr(vcpu, index, value) : SK_BAD_STATE;
}

sk_status_t vcpu_do_set_return_value(struct vcpu *vcpu, uint64_t value)
{
	return vcpu_do_set_gpr(vcpu, 0, value);
}

sk_status_t vcpu_do_read_state(struct vcpu *vcpu, enum vcpu_state_group group, uint64_t *registers)
{
	if (!at_rest(vcpu)) {
		return SK_BAD_STATE;
	}
	evict(vcpu);
	return arch_vcpu_read(vcpu, (uint32_t)group, registers);
}

sk_status_t vcpu_do_write_state(struct vcpu *vcpu, enum vcpu_state_group group, const uint64_t *registers)
{
	if (!at_rest(vcpu)) {
		return SK_BAD_STATE;
	}
	evict(vcpu);
	return arch_vcpu_write(vcpu, (uint32_t)group, registers);
}

sk_status_t vcpu_do_read_id(struct vcpu *vcpu, uint32_t encoding, uint64_t *value)
{
	(void)vcpu;
	return arch_identification(encoding, value);
}

sk_status_t vcpu_do_route(struct vcpu *vcpu, uint32_t reason, struct endpoint *endpoint, uint32_t badge)
{
	if (reason >= EXIT_REASONS) {
		return SK_BAD_ARG;
	}
	vcpu->routes[reason] = (struct exit_route){ .endpoint = object_at(0) };
	if (endpoint != NULL) {
		vcpu->routes[reason] = (struct exit_route){ endpoint->object, endpoint->object->generation, badge };
	}
	return SK_OK;
}

sk_status_t vcpu_do_inject(struct vcpu *vcpu, uint32_t line)
{
	if (line >= SK_PRIVATE_LINES) {
		return SK_BAD_ARG;
	}
	if (vcpu->context.space->lines == NULL) {
		return SK_BAD_STATE;
	}
	virq_pend(vcpu->context.space, vcpu, line);
	return SK_OK;
}

sk_status_t vcpu_do_kick(struct vcpu *vcpu)
{
	core_at(vcpu->context.core)->reschedule = true;
	vcpu->work |= VCPU_WORK_KICK;
	return vcpu->life == VCPU_STATE_BLOCKED ? vcpu_do_run(vcpu) : SK_OK;
}

sk_status_t vcpu_do_info(struct vcpu *vcpu, enum vcpu_state *state, uint32_t *core, uint64_t *exits, uint64_t *time_ns,
			 uint64_t *timer_deadline)
{
	*state = vcpu_state(vcpu);
	*core = vcpu->context.core;
	*exits = 0;
	for (uint32_t i = 0; i < EXIT_REASONS; i++) {
		*exits += vcpu->exit_counts[i];
	}
	*time_ns = arch_ticks_to_ns(vcpu->context.time_ticks);
	*timer_deadline = arch_vcpu_timer_deadline(vcpu);
	return SK_OK;
}

sk_status_t vcpu_do_exit_counts(struct vcpu *vcpu, uint64_t *counts)
{
	memcpy(counts, vcpu->exit_counts, sizeof(vcpu->exit_counts));
	return SK_OK;
}

static void destroy_here(void *argument)
{
	struct vcpu *vcpu = argument;
	/* Whatever ends an exit of it from now on doesn't let it run. */
	vcpu->life = VCPU_STATE_INVALID;
	vcpu->work |= VCPU_WORK_PAUSED;
	leave(vcpu);
	if (!context_calls(&vcpu->context)) {
		vcpu->context.state = CONTEXT_STOPPED;
	}
}

sk_status_t vcpu_do_destroy(struct vcpu *vcpu)
{
	struct space *vm = vcpu->context.space;
	/* The last one of its VM only, so that indices, and with them lines, keep their meaning. */
	if (vm->vcpus[vm->vcpu_count - 1u] != vcpu) {
		return SK_BAD_STATE;
	}
	object_bump(vcpu->context.object);
	core_at(vcpu->context.core)->bound -= vcpu->life >= VCPU_STATE_READY ? 1u : 0u;
	context_halt(&vcpu->context, destroy_here);
	__atomic_store_n(&vm->vcpu_count, vm->vcpu_count - 1u, __ATOMIC_RELEASE);
	/* Who found it before is through with it after the first, what they left where it was before is gone after both. */
	core_quiesce();
	core_quiesce();
	core_run_on(vcpu->context.core, destroy_here, vcpu);
	vcpu->state_object->memory.pins--;
	return SK_OK;
}
