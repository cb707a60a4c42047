/*
 * The machine as a whole: what only the supervisor may ask.
 */
#include <kernel/call.h>
#include <sk/idl/kernel_kernel.h>

uint16_t interrupt_owner[INTERRUPTS_MAX];

sk_status_t machine_do_claim_interrupt(struct kernel_call *call, uint32_t number, bool level, sk_slot_t dest)
{
	if (number >= INTERRUPTS_MAX || !arch_interrupt_valid(number)) {
		return SK_BAD_ARG;
	}
	if (interrupt_owner[number] != 0) {
		return SK_OVERLAP;
	}
	struct object *object = object_allocate(OBJECT_INTERRUPT);
	if (object == NULL) {
		return SK_NO_SLOT;
	}
	object->interrupt.number = number;
	object->interrupt.level = level;
	interrupt_owner[number] = (uint16_t)object_index(object);
	call_install(call, dest, object_capability(object, SK_RIGHTS_ALL, 0));
	return SK_OK;
}

/* Its line can be claimed anew. */
sk_status_t interrupt_do_destroy(struct object *object)
{
	arch_interrupt_mask(object->interrupt.number);
	arch_interrupt_complete(object->interrupt.number);
	interrupt_owner[object->interrupt.number] = 0;
	core_at(object->interrupt.core)->bound -= object->interrupt.bits != 0 ? 1u : 0u;
	return SK_OK;
}

sk_status_t machine_do_claim_core(struct kernel_call *call, uint32_t index, sk_slot_t dest)
{
	if (index >= core_count) {
		return SK_BAD_ARG;
	}
	struct core *core = core_at(index);
	if (core->object == NULL) {
		struct object *object = object_allocate(OBJECT_CORE);
		if (object == NULL) {
			return SK_NO_SLOT;
		}
		object->body = core;
		core->object = object;
	}
	call_install(call, dest, object_capability(core->object, SK_RIGHTS_ALL, 0));
	return SK_OK;
}

sk_status_t machine_do_power_off(void)
{
	arch_power_off();
}

sk_status_t machine_do_reset(void)
{
	arch_reset();
}

sk_status_t machine_do_print(const uint8_t *text, uint32_t text_bytes)
{
	arch_console_write((const char *)text, text_bytes);
	return SK_OK;
}

sk_status_t machine_do_objects(uint32_t *used, uint32_t *total)
{
	*total = object_count;
	*used = object_count - 1u - object_free_count;
	return SK_OK;
}
