/*
 * Calls on the small objects: endpoints, notifications, physical interrupts, and
 * lines into a VM.
 */
#include <kernel/call.h>
#include <sk/idl/kernel_kernel.h>

static struct endpoint *endpoint_in(const struct kernel_call *call)
{
	return call->object->body;
}

sk_status_t endpoint_do_info(struct kernel_call *call, uint32_t *generation, uint32_t *receivers, uint32_t *queues)
{
	const struct endpoint *endpoint = endpoint_in(call);
	*generation = endpoint->generation;
	*receivers = 0;
	*queues = 0;
	for (uint32_t i = 0; i < core_count; i++) {
		*receivers += endpoint->receiver[i] != NULL ? 1u : 0u;
		*queues += endpoint->queue[i] != NULL ? 1u : 0u;
	}
	return SK_OK;
}

/* An endpoint's queue on one core, which is this one or off. */
struct visit {
	struct endpoint *endpoint;
	uint32_t core;
};

static void settle_here(void *argument)
{
	const struct visit *visit = argument;
	core_drain_calls(core_at(visit->core));
	endpoint_settle(visit->endpoint, visit->core);
}

static void settle(struct endpoint *endpoint)
{
	for (uint32_t i = 0; i < core_count; i++) {
		struct visit visit = { endpoint, i };
		core_run_on(i, settle_here, &visit);
	}
}

/* Nobody may take a call from it at this moment: its receivers are gone, or stopped. */
static bool at_rest(const struct endpoint *endpoint)
{
	for (uint32_t i = 0; i < core_count; i++) {
		const struct context *receiver = endpoint->receiver[i];
		if (receiver != NULL && receiver->state != CONTEXT_STOPPED) {
			return false;
		}
	}
	return true;
}

sk_status_t endpoint_do_retire(struct kernel_call *call)
{
	struct endpoint *endpoint = endpoint_in(call);
	if (!at_rest(endpoint)) {
		return SK_BAD_STATE;
	}
	endpoint->generation++;
	settle(endpoint);
	return SK_OK;
}

sk_status_t endpoint_do_abandon(struct kernel_call *call)
{
	struct endpoint *endpoint = endpoint_in(call);
	if (!at_rest(endpoint)) {
		return SK_BAD_STATE;
	}
	endpoint->generation++;
	endpoint->abandoned = true;
	core_quiesce(); /* whoever has not seen it yet has made its call */
	settle(endpoint);
	return SK_OK;
}

sk_status_t endpoint_do_destroy(struct kernel_call *call)
{
	struct endpoint *endpoint = endpoint_in(call);
	for (uint32_t i = 0; i < core_count; i++) {
		if (endpoint->receiver[i] != NULL) {
			return SK_BAD_STATE;
		}
	}
	endpoint->abandoned = true;
	object_bump(call->object);
	core_quiesce();
	settle(endpoint);
	retype_back(call->object);
	call_return_memory(call);
	return SK_OK;
}

sk_status_t notification_do_destroy(struct kernel_call *call)
{
	const struct notification *notification = call->object->body;
	if (notification->bound != NULL || notification->waiter != NULL) {
		return SK_BAD_STATE;
	}
	object_bump(call->object);
	core_quiesce();
	retype_back(call->object);
	call_return_memory(call);
	return SK_OK;
}

/* A device's line fired: the bits go to whoever was bound to it. The line stays quiet until acknowledged. */
void interrupt_arrived(uint32_t number)
{
	struct object *object = interrupt_object(number);
	if (object == NULL) {
		arch_interrupt_mask(number);
		arch_interrupt_complete(number);
		return;
	}
	struct object *target = object_at(object->interrupt.notification);
	if (target->type == OBJECT_NOTIFICATION && target->generation == object->interrupt.notification_generation) {
		notification_signal(target->body, object->interrupt.bits);
	} else {
		arch_interrupt_mask(number);
		arch_interrupt_complete(number);
	}
}

sk_status_t interrupt_do_bind(struct kernel_call *call, sk_slot_t slot, uint64_t bits, uint32_t core)
{
	struct interrupt *interrupt = &call->object->interrupt;
	sk_status_t status;
	struct object *notification = call_slot(call, slot, OBJECT_NOTIFICATION, SK_RIGHT_CALL, &status);
	if (notification == NULL) {
		return status;
	}
	if (bits == 0 || core >= core_count || !core_at(core)->online) {
		return SK_BAD_ARG;
	}
	/* One that arrives on another core for who had it before finds all of the old binding. */
	arch_interrupt_mask(interrupt->number);
	core_quiesce();
	interrupt->bits = bits;
	interrupt->core = (uint8_t)core;
	interrupt->notification_generation = notification->generation;
	interrupt->notification = (uint16_t)object_index(notification);
	arch_interrupt_configure(interrupt->number, interrupt->level, core);
	arch_interrupt_enable(interrupt->number);
	return SK_OK;
}

sk_status_t interrupt_do_acknowledge(struct kernel_call *call)
{
	arch_interrupt_complete(call->object->interrupt.number);
	return SK_OK;
}

sk_status_t interrupt_do_mask(struct kernel_call *call)
{
	arch_interrupt_mask(call->object->interrupt.number);
	return SK_OK;
}

sk_status_t interrupt_do_destroy(struct kernel_call *call)
{
	uint32_t number = call->object->interrupt.number;
	arch_interrupt_mask(number);
	arch_interrupt_complete(number);
	interrupt_forget(number);
	object_release(call->object);
	core_quiesce();
	call_install(call, call->slot, CAPABILITY_NONE);
	return SK_OK;
}

sk_status_t virq_do_set_level(struct kernel_call *call, bool high)
{
	virq_set_level(call->object->virq.vm, call->object->virq.line, high);
	return SK_OK;
}

sk_status_t virq_do_destroy(struct kernel_call *call)
{
	struct space *vm = call->object->virq.vm;
	virq_set_level(vm, call->object->virq.line, false);
	object_release(call->object);
	core_quiesce();
	vm->virqs--;
	call_install(call, call->slot, CAPABILITY_NONE);
	return SK_OK;
}
