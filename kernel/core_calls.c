/*
 * Calls on cores: plans, virtualisation on and off, power, counters.
 */
#include <kernel/call.h>
#include <sk/idl/kernel_kernel.h>

static struct core *core_in(const struct kernel_call *call)
{
	return call->object->body;
}

struct scheduler_order {
	struct core *core;
	struct object *endpoint;
};

static void set_scheduler_here(void *argument)
{
	const struct scheduler_order *order = argument;
	order->core->scheduler = order->endpoint;
	order->core->scheduler_generation = order->endpoint->generation;
}

sk_status_t core_do_set_scheduler(struct kernel_call *call, sk_slot_t slot)
{
	sk_status_t status;
	struct object *endpoint = call_slot(call, slot, OBJECT_ENDPOINT, SK_RIGHT_CALL, &status);
	if (endpoint == NULL) {
		return status;
	}
	struct scheduler_order scheduler = { core_in(call), endpoint };
	core_run_on(scheduler.core->index, set_scheduler_here, &scheduler);
	return SK_OK;
}

/* A plan on its way to its core. */
struct plan_order {
	struct core *core;
	uint32_t count;
	uint64_t wake_time;
	struct plan_slot slots[SK_PLAN_SLOTS];
};

static void commit_here(void *argument)
{
	struct plan_order *order = argument;
	plan_commit(order->core, order->slots, order->count, order->wake_time);
}

/* Under the kernel lock there is one order at a time. */
static struct plan_order order;

static sk_status_t plan_task(const struct kernel_call *call, const struct core *core, uint32_t slot,
			     struct context **task)
{
	sk_status_t status;
	struct object *object = call_slot(call, slot, OBJECT_THREAD, SK_RIGHT_READ, &status);
	if (object == NULL && status == SK_BAD_TYPE) {
		object = call_slot(call, slot, OBJECT_VCPU, SK_RIGHT_READ, &status);
	}
	if (object == NULL) {
		return status;
	}
	*task = object->body;
	return (*task)->core == core->index ? SK_OK : SK_BAD_ARG;
}

sk_status_t core_do_commit_plan(struct kernel_call *call, uint32_t count, uint64_t wake_time_ns,
				const struct core_plan_slot *slots)
{
	struct core *core = core_in(call);
	if (count > SK_PLAN_SLOTS) {
		return SK_BAD_ARG;
	}
	if (!core->online || !core->enabled) {
		return SK_BAD_STATE;
	}
	order.core = core;
	order.count = count;
	order.wake_time = wake_time_ns == 0 ? 0 : arch_ns_to_ticks(wake_time_ns);
	for (uint32_t i = 0; i < count; i++) {
		struct context *task = NULL;
		sk_status_t status = plan_task(call, core, slots[i].task, &task);
		if (status != SK_OK) {
			return status;
		}
		for (uint32_t j = 0; j < i; j++) {
			if (order.slots[j].task == task) {
				return SK_OVERLAP;
			}
		}
		uint64_t budget = arch_ns_to_ticks(slots[i].budget_ns);
		order.slots[i] = (struct plan_slot){
			.task = task, .halts_alone = (slots[i].flags & CORE_SLOT_FLAGS_HALTS_ALONE) != 0,
			.budget_ticks = budget, .left_ticks = budget,
		};
	}
	core_run_on(core->index, commit_here, &order);
	return SK_OK;
}

static void wake_time_here(void *argument)
{
	const struct plan_order *change = argument;
	plan_set_wake_time(change->core, change->wake_time);
}

sk_status_t core_do_set_wake_time(struct kernel_call *call, uint64_t wake_time_ns)
{
	struct plan_order change;
	change.core = core_in(call);
	if (!change.core->online) {
		return SK_BAD_STATE;
	}
	change.wake_time = wake_time_ns == 0 ? 0 : arch_ns_to_ticks(wake_time_ns);
	core_run_on(change.core->index, wake_time_here, &change);
	return SK_OK;
}

/* Nothing may be bound to a core whose virtualisation goes away or that is powered off. */
static bool core_in_use(const struct core *core)
{
	for (uint32_t i = 1; i < object_count; i++) {
		const struct object *object = object_at(i);
		bool thread = object->type == OBJECT_THREAD;
		bool bound = object->type == OBJECT_VCPU && ((const struct vcpu *)object->body)->life >= VCPU_READY;
		bool line = object->type == OBJECT_INTERRUPT && object->interrupt.bits != 0;
		if (((thread || bound) && ((const struct context *)object->body)->core == core->index) ||
		    (line && object->interrupt.core == core->index)) {
			return true;
		}
	}
	return core->plan.count != 0;
}

struct enable_order {
	struct core *core;
	sk_status_t status;
};

static void enable_here(void *argument)
{
	struct enable_order *enable = argument;
	enable->status = arch_virtualisation_enable(enable->core);
	enable->core->enabled = enable->status == SK_OK;
}

static void disable_here(void *argument)
{
	struct enable_order *enable = argument;
	enable->status = arch_virtualisation_disable(enable->core);
	enable->core->enabled = enable->status != SK_OK;
}

sk_status_t core_do_hardware_enable(struct kernel_call *call)
{
	struct enable_order enable = { .core = core_in(call) };
	if (!enable.core->online || enable.core->enabled) {
		return SK_BAD_STATE;
	}
	core_run_on(enable.core->index, enable_here, &enable);
	return enable.status;
}

sk_status_t core_do_hardware_disable(struct kernel_call *call)
{
	struct enable_order disable = { .core = core_in(call) };
	if (!disable.core->online || !disable.core->enabled || core_in_use(disable.core)) {
		return SK_BAD_STATE;
	}
	core_run_on(disable.core->index, disable_here, &disable);
	return disable.status;
}

sk_status_t core_do_is_enabled(struct kernel_call *call, bool *enabled, bool *supported)
{
	*enabled = core_in(call)->enabled;
	*supported = arch_virtualisation_supported();
	return SK_OK;
}

sk_status_t core_do_online(struct kernel_call *call)
{
	struct core *core = core_in(call);
	if (core->online) {
		return SK_BAD_STATE;
	}
	sk_status_t status = arch_core_online(core->index);
	if (status != SK_OK) {
		return status;
	}
	while (!__atomic_load_n(&core->online, __ATOMIC_ACQUIRE)) {
		arch_core_relax();
	}
	return SK_OK;
}

static void offline_here(void *argument)
{
	struct core *core = argument;
	core->leaving = true;
	core->reschedule = true;
}

sk_status_t core_do_offline(struct kernel_call *call)
{
	struct core *core = core_in(call);
	if (!core->online || core == core_this() || core_in_use(core)) {
		return SK_BAD_STATE;
	}
	core_run_on(core->index, offline_here, core);
	while (__atomic_load_n(&core->online, __ATOMIC_ACQUIRE) || !arch_core_is_off(core->index)) {
		arch_core_relax();
	}
	return SK_OK;
}

sk_status_t core_do_counters(struct kernel_call *call, uint64_t *counts)
{
	for (uint32_t i = 0; i < COUNTERS; i++) {
		counts[i] = core_in(call)->counters[i];
	}
	counts[COUNT_IDLE_NS] = arch_ticks_to_ns(counts[COUNT_IDLE_NS]);
	return SK_OK;
}

sk_status_t core_do_slot_info(struct kernel_call *call, uint32_t index, uint64_t *used_ns, uint64_t *left_ns)
{
	const struct core *core = core_in(call);
	if (index >= core->plan.count) {
		return SK_BAD_ARG;
	}
	*used_ns = arch_ticks_to_ns(core->plan.slots[index].used_ticks);
	*left_ns = arch_ticks_to_ns(core->plan.slots[index].left_ticks);
	return SK_OK;
}
