/*
 * Calls on the kernel's own objects. They arrive as any other call does; the
 * dispatchers that idlc makes from kernel.idl check their form, the handlers
 * check everything else before they write anything.
 *
 * Operations on what cores share hold the kernel lock. Those that a server makes
 * all day (a line's level, a plan) touch one core's things and hold none.
 */
#include <kernel/call.h>
#include <kernel/ipc.h>
#include <sk/idl/kernel_kernel.h>

_Static_assert((int)OBJECT_MEMORY == (int)SK_OBJECT_TYPE_MEMORY && (int)OBJECT_MAPPING == (int)SK_OBJECT_TYPE_MAPPING,
	       "kernel.idl numbers object types as the kernel does");

struct object *call_slot(const struct kernel_call *call, uint32_t slot, enum object_type type, uint32_t rights,
			 sk_status_t *status)
{
	return slot_resolve(call->thread->context.space, slot, type, rights, status);
}

sk_status_t call_destination(const struct kernel_call *call, uint32_t slot)
{
	if (slot == 0 || slot > SK_CAP_SLOTS) {
		return SK_BAD_ARG;
	}
	sk_status_t status;
	capability cap = call->thread->context.space->slots[slot];
	/* A stale capability is as good as none. */
	return object_resolve(cap, &status) == NULL ? SK_OK : SK_NO_SLOT;
}

void call_install(const struct kernel_call *call, uint32_t slot, capability cap)
{
	__atomic_store_n(&call->thread->context.space->slots[slot], cap, __ATOMIC_RELEASE);
}

void call_return_memory(struct kernel_call *call)
{
	call_install(call, call->slot, object_capability(call->object, SK_RIGHTS_ALL, 0));
}

/* Rights that a method needs of the capability it is invoked on. */
static uint32_t rights_needed(uint32_t tag)
{
	switch (tag) {
	case VIRQ_TAG_SET_LEVEL:
		return SK_RIGHT_CALL;
	case MEMORY_TAG_INFO: case THREAD_TAG_INFO: case THREAD_TAG_READ_REGISTERS: case VCPU_TAG_INFO:
	case VCPU_TAG_EXIT_COUNTS: case VCPU_TAG_READ_STATE: case VCPU_TAG_READ_ID: case CORE_TAG_COUNTERS:
	case CORE_TAG_SLOT_INFO: case CORE_TAG_IS_ENABLED: case ENDPOINT_TAG_INFO: case SPACE_TAG_QUERY:
	case SPACE_TAG_CAP_INFO: case MACHINE_TAG_CLOCK: case MACHINE_TAG_OBJECTS: case MACHINE_TAG_SIZES:
		return SK_RIGHT_READ;
	case SPACE_TAG_LINE_UPDATE: case VCPU_TAG_SET_ENTRY: case VCPU_TAG_SETUP: case VCPU_TAG_BIND:
	case VCPU_TAG_UNBIND: case VCPU_TAG_RUN: case VCPU_TAG_PAUSE: case VCPU_TAG_SET_GPR:
	case VCPU_TAG_SET_RETURN_VALUE: case VCPU_TAG_WRITE_STATE: case VCPU_TAG_INJECT: case VCPU_TAG_KICK:
	case CORE_TAG_COMMIT_PLAN: case CORE_TAG_SET_WAKE_TIME: case MEMORY_TAG_CLEAR: case MEMORY_TAG_SYNC:
	case INTERRUPT_TAG_ACKNOWLEDGE: case INTERRUPT_TAG_MASK: case THREAD_TAG_START:
		return SK_RIGHT_WRITE;
	default:
		return SK_RIGHT_CONTROL;
	}
}

/* Those that need no lock: one core's own things, or words changed atomically. */
static bool lock_free(uint32_t tag, const struct object *object)
{
	switch (tag) {
	case VIRQ_TAG_SET_LEVEL: case SPACE_TAG_LINE_UPDATE: case VCPU_TAG_INJECT: case MACHINE_TAG_CLOCK:
	case INTERRUPT_TAG_ACKNOWLEDGE: case INTERRUPT_TAG_MASK:
		return true;
	case CORE_TAG_SET_WAKE_TIME:
		return object->body == core_this();
	default:
		return false;
	}
}

static sk_status_t dispatch(struct kernel_call *call)
{
	uint32_t interface = (uint32_t)(call->msg->tag >> 8) & 0xffu;
	/* Interfaces have their object type's number; a capability of another type has other methods. */
	if (interface != call->object->type) {
		return call->object->type == OBJECT_NONE ? SK_STALE : SK_BAD_TYPE;
	}
	switch (interface) {
	case MEMORY_INTERFACE: return memory_dispatch(call);
	case SPACE_INTERFACE: return space_dispatch(call);
	case THREAD_INTERFACE: return thread_dispatch(call);
	case VCPU_INTERFACE: return vcpu_dispatch(call);
	case ENDPOINT_INTERFACE: return endpoint_dispatch(call);
	case NOTIFICATION_INTERFACE: return notification_dispatch(call);
	case INTERRUPT_INTERFACE: return interrupt_dispatch(call);
	case VIRQ_INTERFACE: return virq_dispatch(call);
	case CORE_INTERFACE: return core_dispatch(call);
	case MACHINE_INTERFACE: return machine_dispatch(call);
	default: return SK_UNKNOWN_OP;
	}
}

struct context *kernel_call(struct core *core, struct object *object, uint32_t rights, uint32_t slot)
{
	struct context *context = core->current;
	struct thread *thread = thread_of(context);
	struct sk_msg msg;
	message_load(&msg, context->frame);
	struct kernel_call call = {
		.msg = &msg, .buffer = thread->buffer, .buffer_bytes = SK_TAG_BYTES_OF(msg.tag), .object = object,
		.rights = rights, .slot = slot, .thread = thread,
	};
	if (call.buffer_bytes > SK_MSG_BYTES) {
		call.buffer_bytes = SK_MSG_BYTES;
	}
	uint32_t tag = (uint32_t)(msg.tag & SK_TAG_METHOD_MASK);
	sk_status_t status = SK_NO_RIGHT;
	uint32_t needed = rights_needed(tag);
	if ((rights & needed) == needed) {
		/* Most of these operations look at, or end, what is loaded. */
		bool locked = !lock_free(tag, object);
		if (locked) {
			arch_unload(core);
			kernel_lock();
			if (core->current != context || context->state != CONTEXT_READY) {
				/* While this core waited, another stopped or destroyed the caller. */
				if (core->current == context) {
					arch_restart_call(thread);
				}
				kernel_unlock();
				return plan_continue(core);
			}
			/* Or what it called. */
			status = slot_resolve_any(thread->context.space, slot) == object ? dispatch(&call) : SK_STALE;
			kernel_unlock();
		} else {
			status = dispatch(&call);
		}
	}
	if (status == KERNEL_RESTART) {
		arch_restart_call(thread);
		core->reschedule = true;
		return plan_continue(core);
	}
	thread->progress = 0;
	arch_set_result(context->frame, 0, sk_reply_tag(status) | SK_TAG_BYTES(call.reply_bytes));
	arch_put_words(context->frame, msg.w);
	return plan_continue(core);
}
