/*
 * Calls on the small objects: endpoints, notifications, physical interrupts, and
 * lines into a VM.
 */
#include <kernel/call.h>
#include <kernel/trace.h>
#include <sk/idl/kernel_kernel.h>

enum endpoint_state endpoint_state(const struct endpoint *endpoint)
{
	enum endpoint_state state = ENDPOINT_STATE_UNSERVED;
	for (uint32_t i = 0; i < core_count; i++) {
		const struct context *receiver = endpoint->receiver[i];
		if (receiver != NULL && receiver->state != CONTEXT_STOPPED) {
			return ENDPOINT_STATE_SERVED;
		}
		state = receiver != NULL ? ENDPOINT_STATE_STOPPED : state;
	}
	return state;
}

sk_status_t endpoint_do_info(struct endpoint *endpoint, uint32_t *generation, uint32_t *receivers, uint32_t *queues)
{
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

static void flush(struct endpoint *endpoint)
{
	endpoint->abandoned = true;
	core_quiesce(); /* whoever has not seen it yet has made its call */
	settle(endpoint);
}

sk_status_t endpoint_do_retire(struct endpoint *endpoint)
{
	endpoint->generation++;
	settle(endpoint);
	return SK_OK;
}

sk_status_t endpoint_do_abandon(struct endpoint *endpoint)
{
	endpoint->generation++;
	flush(endpoint);
	return SK_OK;
}

sk_status_t endpoint_do_destroy(struct endpoint *endpoint)
{
	object_bump(endpoint->object);
	flush(endpoint);
	return SK_OK;
}

sk_status_t notification_do_destroy(struct notification *notification)
{
	if (notification->bound != NULL || notification->waiter != NULL) {
		return SK_BAD_STATE;
	}
	object_bump(notification->object);
	core_quiesce();
	return SK_OK;
}

/* A device's line fired: the bits go to whoever was bound to it. The line stays quiet until acknowledged. */
void interrupt_arrived(uint32_t number)
{
	const struct object *object = object_at(number < INTERRUPTS_MAX ? interrupt_owner[number] : 0);
	const struct object *target = object_at(object->interrupt.notification);
	trace(core_this(), SK_TRACE_INTERRUPT, 0, 0, number, 0);
	if (target->type == OBJECT_NOTIFICATION && target->generation == object->interrupt.notification_generation) {
		notification_signal(target->body, object->interrupt.bits);
	} else {
		arch_interrupt_mask(number);
		arch_interrupt_complete(number);
	}
}

sk_status_t interrupt_do_bind(struct object *object, struct notification *notification, uint64_t bits, uint32_t core)
{
	struct interrupt *interrupt = &object->interrupt;
	if (bits == 0 || core >= core_count || !core_at(core)->online) {
		return SK_BAD_ARG;
	}
	/* One that arrives on another core for who had it before finds all of the old binding. */
	arch_interrupt_mask(interrupt->number);
	core_quiesce();
	core_at(interrupt->core)->bound -= interrupt->bits != 0 ? 1u : 0u;
	core_at(core)->bound++;
	interrupt->bits = bits;
	interrupt->core = (uint8_t)core;
	interrupt->notification_generation = notification->object->generation;
	interrupt->notification = (uint16_t)object_index(notification->object);
	arch_interrupt_configure(interrupt->number, interrupt->level, core);
	arch_interrupt_enable(interrupt->number);
	return SK_OK;
}

sk_status_t interrupt_do_acknowledge(struct object *object)
{
	arch_interrupt_complete(object->interrupt.number);
	return SK_OK;
}

sk_status_t interrupt_do_mask(struct object *object)
{
	arch_interrupt_mask(object->interrupt.number);
	return SK_OK;
}

sk_status_t virq_do_set_level(struct object *object, bool high)
{
	virq_set_level(object->virq.vm, object->virq.line, high);
	return SK_OK;
}

sk_status_t virq_do_destroy(struct object *object)
{
	virq_set_level(object->virq.vm, object->virq.line, false);
	object->virq.vm->virqs--;
	return SK_OK;
}
