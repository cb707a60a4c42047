/*
 * Calls on cores: plans, virtualisation on and off, power, counters.
 */
#include <kernel/call.h>
#include <sk/idl/kernel_kernel.h>

enum core_state core_state(const struct core *core)
{
	return !core->online ? CORE_STATE_OFFLINE : core->enabled ? CORE_STATE_ENABLED : CORE_STATE_ONLINE;
}

sk_status_t core_do_set_scheduler(struct core *core, struct endpoint *endpoint)
{
	core->scheduler = endpoint->object;
	core->scheduler_generation = endpoint->object->generation;
	return SK_OK;
}

static sk_status_t plan_task(struct kernel_call *call, const struct core *core, uint32_t slot, struct context **task)
{
	sk_status_t status;
	struct object *object = call_object(call, slot, OBJECT_THREAD, SK_RIGHT_READ, &status);
	if (object == NULL && status == SK_BAD_TYPE) {
		object = call_object(call, slot, OBJECT_VCPU, SK_RIGHT_READ, &status);
	}
	if (object == NULL) {
		return status;
	}
	*task = object->body;
	return (*task)->core == core->index ? SK_OK : SK_BAD_ARG;
}

sk_status_t core_do_commit_plan(struct kernel_call *call, struct core *core, uint32_t count, uint64_t wake_time_ns,
				const struct core_plan_slot *slots)
{
	/* Under the kernel lock there is one at a time. */
	static struct plan_slot plan[SK_PLAN_SLOTS];
	static uint32_t number;
	if (count > SK_PLAN_SLOTS) {
		return SK_BAD_ARG;
	}
	number++;
	for (uint32_t i = 0; i < count; i++) {
		struct context *task = NULL;
		sk_status_t status = plan_task(call, core, slots[i].task, &task);
		if (status != SK_OK) {
			return status;
		}
		if (task->planned == number) {
			return SK_OVERLAP;
		}
		task->planned = number;
		uint64_t budget = slots[i].budget_ns == 0 ? 0 : arch_ns_to_ticks(slots[i].budget_ns);
		plan[i] = (struct plan_slot){
			.task = task, .halts_alone = (slots[i].flags & CORE_SLOT_FLAGS_HALTS_ALONE) != 0,
			.budget_ticks = budget, .left_ticks = budget,
		};
	}
	plan_commit(core, plan, count, wake_time_ns == 0 ? 0 : arch_ns_to_ticks(wake_time_ns));
	return SK_OK;
}

sk_status_t core_do_set_wake_time(struct core *core, uint64_t wake_time_ns)
{
	core->plan.wake_time = wake_time_ns == 0 ? 0 : arch_ns_to_ticks(wake_time_ns);
	plan_arm(core, arch_ticks());
	return SK_OK;
}

sk_status_t core_do_set_guard(struct core *core, uint64_t time_ns)
{
	core->guard = time_ns == 0 ? UINT64_MAX : arch_ns_to_ticks(time_ns);
	plan_arm(core, arch_ticks());
	return SK_OK;
}

sk_status_t core_do_hardware_enable(struct core *core)
{
	sk_status_t status = arch_virtualisation_enable(core);
	core->enabled = status == SK_OK;
	return status;
}

/* Nothing may be bound to a core whose virtualisation goes away or that is powered off. */
sk_status_t core_do_hardware_disable(struct core *core)
{
	if (core->bound != 0 || core->plan.count != 0) {
		return SK_BAD_STATE;
	}
	sk_status_t status = arch_virtualisation_disable(core);
	core->enabled = status != SK_OK;
	return status;
}

sk_status_t core_do_is_enabled(struct core *core, bool *enabled, bool *supported)
{
	*enabled = core->enabled;
	*supported = arch_virtualisation_supported();
	return SK_OK;
}

sk_status_t core_do_online(struct core *core)
{
	sk_status_t status = arch_core_online(core->index);
	while (status == SK_OK && !__atomic_load_n(&core->online, __ATOMIC_ACQUIRE)) {
		arch_core_relax();
	}
	return status;
}

static void offline_here(void *argument)
{
	struct core *core = argument;
	core->leaving = true;
	core->reschedule = true;
}

sk_status_t core_do_offline(struct core *core)
{
	if (core == core_this() || core->bound != 0 || core->plan.count != 0) {
		return SK_BAD_STATE;
	}
	core_run_on(core->index, offline_here, core);
	while (__atomic_load_n(&core->online, __ATOMIC_ACQUIRE) || !arch_core_is_off(core->index)) {
		arch_core_relax();
	}
	return SK_OK;
}

sk_status_t core_do_counters(struct core *core, uint64_t *counts)
{
	memcpy(counts, core->counters, sizeof(core->counters));
	counts[COUNT_IDLE_NS] = arch_ticks_to_ns(counts[COUNT_IDLE_NS]);
	return SK_OK;
}

sk_status_t core_do_slot_info(struct core *core, uint32_t index, uint64_t *used_ns, uint64_t *left_ns)
{
	if (index >= core->plan.count) {
		return SK_BAD_ARG;
	}
	if (core == core_this()) {
		(void)plan_account(core, arch_ticks());
	}
	*used_ns = arch_ticks_to_ns(core->plan.slots[index].used_ticks);
	*left_ns = arch_ticks_to_ns(core->plan.slots[index].left_ticks);
	return SK_OK;
}

sk_status_t core_do_trace(struct core *core, struct object *ring)
{
	if (ring != NULL &&
	    (ring->memory.device || ring->bytes != SK_TRACE_BYTES || ring->base % SK_TRACE_BYTES != 0)) {
		return SK_BAD_ARG;
	}
	if (core->trace_ring != NULL) {
		core->trace_ring->memory.pins--;
	}
	if (ring != NULL) {
		ring->memory.pins++;
	}
	core->trace_ring = ring;
	core->trace = ring != NULL ? (void *)(uintptr_t)ring->base : NULL;
	return SK_OK;
}
