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

/* What the last MMIO exit's route is before there was one: it covers nothing. */
static const struct route no_route;

sk_status_t vcpu_create(struct vcpu *vcpu, struct object *object, struct space *vm, uint32_t core,
			struct object *page, uint64_t config)
{
	vcpu->context = (struct context){
		.frame = (struct arch_frame *)(uintptr_t)page->base, .arch_space = vm->arch, .root = &vcpu->context,
		.state = CONTEXT_STOPPED, .kind = CONTEXT_VCPU, .core = (uint8_t)core, .slot = -1,
		.space = vm, .object = object, .object_index = object_index(object), .fp = &vcpu->fp_state,
	};
	sk_status_t status = arch_vcpu_init(vcpu, config);
	if (status != SK_OK) {
		return status;
	}
	vcpu->last_route = &no_route;
	for (uint32_t i = 0; i < EXIT_REASONS; i++) {
		vcpu->routes[i].endpoint = object_at(0);
	}
	vcpu->work = VCPU_WORK_LOAD;
	vcpu->state_object = page;
	vcpu->life = VCPU_CREATED;
	vcpu->index = (uint8_t)vm->vcpu_count;
	vm->vcpus[vm->vcpu_count] = vcpu;
	__atomic_store_n(&vm->vcpu_count, vm->vcpu_count + 1u, __ATOMIC_RELEASE);
	return SK_OK;
}

static struct vcpu *vcpu_in(const struct kernel_call *call)
{
	return call->object->body;
}

sk_status_t vcpu_do_set_entry(struct kernel_call *call, uint64_t entry)
{
	struct vcpu *vcpu = vcpu_in(call);
	if (vcpu->life != VCPU_CREATED || vcpu->entry_set) {
		return SK_BAD_STATE;
	}
	arch_vcpu_entry(vcpu, entry);
	vcpu->entry_set = 1;
	return SK_OK;
}

sk_status_t vcpu_do_set_space(struct kernel_call *call, sk_slot_t slot)
{
	struct vcpu *vcpu = vcpu_in(call);
	sk_status_t status;
	struct object *vm = call_slot(call, slot, OBJECT_SPACE, SK_RIGHT_CONTROL, &status);
	if (vm == NULL) {
		return status;
	}
	if (vm->body != vcpu->context.space) {
		return SK_BAD_ARG; /* it is counted in the VM that it was created for */
	}
	if (vcpu->life != VCPU_CREATED || vcpu->space_set) {
		return SK_BAD_STATE;
	}
	vcpu->space_set = 1;
	return SK_OK;
}

sk_status_t vcpu_do_setup(struct kernel_call *call, uint64_t flags)
{
	struct vcpu *vcpu = vcpu_in(call);
	if (flags > 1) {
		return SK_BAD_ARG;
	}
	if (vcpu->life != VCPU_CREATED) {
		return SK_BAD_STATE;
	}
	arch_vcpu_setup(vcpu, flags);
	vcpu->life = VCPU_FREE;
	return SK_OK;
}

/* Its state leaves the hardware, and no plan names it. */
static void evict_here(void *argument)
{
	struct vcpu *vcpu = argument;
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

static void unbind_here(void *argument)
{
	struct vcpu *vcpu = argument;
	evict_here(vcpu);
	plan_forget(core_at(vcpu->context.core), &vcpu->context);
}

sk_status_t vcpu_do_bind(struct kernel_call *call, uint32_t core)
{
	struct vcpu *vcpu = vcpu_in(call);
	if (core >= core_count || !core_at(core)->online || !core_at(core)->enabled) {
		return SK_BAD_ARG;
	}
	if (vcpu->life != VCPU_FREE) {
		return SK_BAD_STATE;
	}
	if (core != vcpu->context.core) {
		core_run_on(vcpu->context.core, unbind_here, vcpu); /* a plan may name it already */
	}
	vcpu->context.core = (uint8_t)core;
	vcpu->life = VCPU_READY;
	return SK_OK;
}

sk_status_t vcpu_do_unbind(struct kernel_call *call)
{
	struct vcpu *vcpu = vcpu_in(call);
	/* An exit of it that is still with a server is answered to this core. */
	if (vcpu->life != VCPU_READY || context_calls(&vcpu->context)) {
		return SK_BAD_STATE;
	}
	core_run_on(vcpu->context.core, unbind_here, vcpu);
	vcpu->life = VCPU_FREE;
	return SK_OK;
}

static void run_here(void *argument)
{
	struct vcpu *vcpu = argument;
	vcpu->life = VCPU_RUNNING;
	vcpu->work &= ~VCPU_WORK_PAUSED;
	/* An exit that is still with a server resumes it when it is answered. */
	if (vcpu->context.state == CONTEXT_STOPPED || vcpu->context.state == CONTEXT_BLOCKED) {
		vcpu->context.state = CONTEXT_READY;
		vcpu->work |= VCPU_WORK_LINES;
		plan_wake(core_at(vcpu->context.core), &vcpu->context);
	}
}

sk_status_t vcpu_do_run(struct kernel_call *call)
{
	struct vcpu *vcpu = vcpu_in(call);
	if (vcpu->life != VCPU_READY && vcpu->life != VCPU_BLOCKED) {
		return SK_BAD_STATE;
	}
	core_run_on(vcpu->context.core, run_here, vcpu);
	return SK_OK;
}

static void pause_here(void *argument)
{
	struct vcpu *vcpu = argument;
	struct core *core = core_at(vcpu->context.core);
	if (vcpu->life != VCPU_RUNNING && vcpu->life != VCPU_BLOCKED) {
		return;
	}
	vcpu->life = VCPU_READY;
	vcpu->work |= VCPU_WORK_PAUSED;
	if (vcpu->context.state == CONTEXT_READY || vcpu->context.state == CONTEXT_BLOCKED) {
		vcpu->context.state = CONTEXT_STOPPED;
	}
	core->reschedule = true;
	evict_here(vcpu);
}

sk_status_t vcpu_do_pause(struct kernel_call *call)
{
	struct vcpu *vcpu = vcpu_in(call);
	if (vcpu->life != VCPU_RUNNING && vcpu->life != VCPU_BLOCKED) {
		return SK_BAD_STATE;
	}
	core_run_on(vcpu->context.core, pause_here, vcpu);
	return vcpu->life == VCPU_READY ? SK_OK : SK_BAD_STATE;
}

/* May its registers be read and changed: it doesn't run, or its exit is being served. */
static bool at_rest(const struct vcpu *vcpu)
{
	return vcpu->life != VCPU_INVALID && (vcpu->life != VCPU_RUNNING || vcpu->context.state != CONTEXT_READY);
}

sk_status_t vcpu_do_set_gpr(struct kernel_call *call, uint32_t index, uint64_t value)
{
	struct vcpu *vcpu = vcpu_in(call);
	return at_rest(vcpu) ? arch_vcpu_set_gpr(vcpu, index, value) : SK_BAD_STATE;
}

sk_status_t vcpu_do_set_return_value(struct kernel_call *call, uint64_t value)
{
	return vcpu_do_set_gpr(call, 0, value);
}

sk_status_t vcpu_do_read_state(struct kernel_call *call, enum vcpu_state_group group, uint64_t *registers)
{
	struct vcpu *vcpu = vcpu_in(call);
	if (!at_rest(vcpu)) {
		return SK_BAD_STATE;
	}
	core_run_on(vcpu->context.core, evict_here, vcpu);
	return arch_vcpu_read(vcpu, (uint32_t)group, registers);
}

sk_status_t vcpu_do_write_state(struct kernel_call *call, enum vcpu_state_group group, const uint64_t *registers)
{
	struct vcpu *vcpu = vcpu_in(call);
	if (!at_rest(vcpu)) {
		return SK_BAD_STATE;
	}
	core_run_on(vcpu->context.core, evict_here, vcpu);
	return arch_vcpu_write(vcpu, (uint32_t)group, registers);
}

sk_status_t vcpu_do_read_id(struct kernel_call *call, uint32_t encoding, uint64_t *value)
{
	(void)call;
	return arch_identification(encoding, value);
}

sk_status_t vcpu_do_route(struct kernel_call *call, uint32_t reason, sk_slot_t slot)
{
	struct vcpu *vcpu = vcpu_in(call);
	if (reason >= EXIT_REASONS) {
		return SK_BAD_ARG;
	}
	if (vcpu->life == VCPU_RUNNING || vcpu->life == VCPU_BLOCKED) {
		return SK_BAD_STATE;
	}
	struct exit_route route = { .endpoint = object_at(0) };
	if (slot != 0) {
		sk_status_t status;
		route.endpoint = call_slot(call, slot, OBJECT_ENDPOINT, SK_RIGHT_CALL, &status);
		if (route.endpoint == NULL) {
			return status;
		}
		route.generation = route.endpoint->generation;
		route.badge = capability_badge(call->thread->context.space->slots[slot]);
	}
	vcpu->routes[reason] = route;
	return SK_OK;
}

sk_status_t vcpu_do_inject(struct kernel_call *call, uint32_t line)
{
	struct vcpu *vcpu = vcpu_in(call);
	if (line >= SK_PRIVATE_LINES) {
		return SK_BAD_ARG;
	}
	if (vcpu->life == VCPU_CREATED || vcpu->life == VCPU_INVALID || vcpu->context.space->lines == NULL) {
		return SK_BAD_STATE;
	}
	virq_pend(vcpu, line);
	return SK_OK;
}

static void kick_here(void *argument)
{
	struct vcpu *vcpu = argument;
	struct core *core = core_at(vcpu->context.core);
	core->reschedule = true;
	vcpu->work |= VCPU_WORK_KICK;
	if (vcpu->life == VCPU_BLOCKED) {
		run_here(vcpu);
	}
}

sk_status_t vcpu_do_kick(struct kernel_call *call)
{
	struct vcpu *vcpu = vcpu_in(call);
	if (vcpu->life != VCPU_RUNNING && vcpu->life != VCPU_BLOCKED) {
		return SK_BAD_STATE;
	}
	core_run_on(vcpu->context.core, kick_here, vcpu);
	return SK_OK;
}

sk_status_t vcpu_do_info(struct kernel_call *call, enum vcpu_state *state, uint32_t *core, uint64_t *exits,
			 uint64_t *time_ns, uint64_t *timer_deadline)
{
	const struct vcpu *vcpu = vcpu_in(call);
	*state = (enum vcpu_state)vcpu->life;
	*core = vcpu->context.core;
	*exits = 0;
	for (uint32_t i = 0; i < EXIT_REASONS; i++) {
		*exits += vcpu->exit_counts[i];
	}
	*time_ns = arch_ticks_to_ns(vcpu->context.time_ticks);
	*timer_deadline = arch_vcpu_timer_deadline(vcpu);
	return SK_OK;
}

sk_status_t vcpu_do_exit_counts(struct kernel_call *call, uint64_t *counts)
{
	const struct vcpu *vcpu = vcpu_in(call);
	for (uint32_t i = 0; i < EXIT_REASONS; i++) {
		counts[i] = vcpu->exit_counts[i];
	}
	return SK_OK;
}

static void destroy_here(void *argument)
{
	struct vcpu *vcpu = argument;
	struct core *core = core_at(vcpu->context.core);
	/* Whatever ends an exit of it from now on doesn't let it run. */
	vcpu->life = VCPU_INVALID;
	vcpu->work |= VCPU_WORK_PAUSED;
	evict_here(vcpu);
	if (!context_calls(&vcpu->context)) {
		vcpu->context.state = CONTEXT_STOPPED;
	}
	plan_forget(core, &vcpu->context);
}

sk_status_t vcpu_do_destroy(struct kernel_call *call)
{
	struct vcpu *vcpu = vcpu_in(call);
	struct space *vm = vcpu->context.space;
	/* The last one of its VM only, so that indices, and with them lines, keep their meaning. */
	if (vm->vcpus[vm->vcpu_count - 1u] != vcpu) {
		return SK_BAD_STATE;
	}
	object_bump(call->object);
	core_run_on(vcpu->context.core, destroy_here, vcpu);
	while (context_calls(&vcpu->context)) {
		endpoint_withdraw(&vcpu->context);
		core_run_on(vcpu->context.core, destroy_here, vcpu);
	}
	__atomic_store_n(&vm->vcpu_count, vm->vcpu_count - 1u, __ATOMIC_RELEASE);
	/* Who found it before is through with it after this, and what they left for it is drained after that. */
	core_quiesce();
	core_run_on(vcpu->context.core, destroy_here, vcpu);
	vcpu->state_object->memory.pins--;
	retype_back(call->object);
	call_return_memory(call);
	return SK_OK;
}
