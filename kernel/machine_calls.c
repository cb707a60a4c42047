/*
 * The machine as a whole: what only the supervisor may ask.
 */
#include <kernel/call.h>
#include <sk/idl/kernel_kernel.h>

#define INTERRUPTS_MAX 1020u

/* Which object claimed a line; index into the object table. Changed under the kernel lock. */
static uint16_t interrupt_owner[INTERRUPTS_MAX];

struct object *interrupt_object(uint32_t number)
{
	uint16_t index = number < INTERRUPTS_MAX ? interrupt_owner[number] : 0;
	return index == 0 ? NULL : object_at(index);
}

void interrupt_forget(uint32_t number)
{
	interrupt_owner[number] = 0;
}

sk_status_t machine_do_sizes(uint32_t *space_pages, uint32_t *thread_pages,
			     uint32_t *vcpu_pages, uint32_t *endpoint_pages, uint32_t *notification_pages)
{
	_Static_assert(sizeof(struct thread) <= SK_PAGE_BYTES && sizeof(struct vcpu) <= SK_PAGE_BYTES &&
		       sizeof(struct endpoint) <= SK_PAGE_BYTES, "retype.c takes one page for each");
	*space_pages = SPACE_PAGES;
	*thread_pages = 1;
	*vcpu_pages = 1;
	*endpoint_pages = 1;
	*notification_pages = 1;
	return SK_OK;
}

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

sk_status_t machine_do_clock(uint64_t *now_ns, uint64_t *frequency_hz, uint32_t *count)
{
	*now_ns = arch_ticks_to_ns(arch_ticks());
	*frequency_hz = arch_ns_to_ticks(1000000000u);
	*count = core_count;
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
	*used = object_count - 1u - object_free_count();
	return SK_OK;
}
