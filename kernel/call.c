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

struct object *call_object(struct kernel_call *call, uint32_t slot, enum object_type type, uint32_t rights,
			   sk_status_t *status)
{
	capability cap = slot_load(call->process, slot);
	call->badge = capability_badge(cap);
	return capability_resolve(cap, type, rights, status);
}

sk_status_t call_destination(const struct kernel_call *call, uint32_t slot, bool self)
{
	if (slot == 0 || slot > SK_CAP_SLOTS) {
		return SK_BAD_ARG;
	}
	sk_status_t status;
	/* A stale capability is as good as none, and the invoked one is about to be stale. */
	return (self && slot == call->slot) || object_resolve(slot_load(call->process, slot), &status) == NULL
		       ? SK_OK : SK_NO_SLOT;
}

void call_install(const struct kernel_call *call, uint32_t slot, capability cap)
{
	__atomic_store_n(&call->process->slots[slot], cap, __ATOMIC_RELEASE);
}

/* What was made of memory is memory again, in the slot that named it; the rest leaves nothing behind. */
static void destroyed(const struct kernel_call *call)
{
	struct object *object = call->object;
	if (object->bytes == 0) {
		object_release(object);
		core_quiesce();
		call_install(call, call->slot, CAPABILITY_NONE);
		return;
	}
	object->type = OBJECT_MEMORY;
	object->memory = (struct memory){ 0 };
	call_install(call, call->slot, object_capability(object, SK_RIGHTS_ALL, 0));
}

/* The core on which a method that is done at home is done. */
static uint32_t home_of(const struct object *object)
{
	switch (object->type) {
	case OBJECT_CORE: return ((const struct core *)object->body)->index;
	case OBJECT_THREAD: case OBJECT_VCPU: return ((const struct context *)object->body)->core;
	default: return core_this()->index;
	}
}

static void dispatch_here(void *argument)
{
	struct kernel_call *call = argument;
	call->status = call->rule->dispatch(call);
}

bool call_is_home(struct kernel_call *call)
{
	uint32_t home = home_of(call->object);
	call->home = true;
	if (home != core_this()->index) {
		core_run_on(home, dispatch_here, call);
		return false;
	}
	return true;
}

static sk_status_t dispatch(struct kernel_call *call)
{
	const struct object *object = call->object;
	/* Interfaces have their object type's number; a capability of another type has other methods. */
	if ((uint32_t)(call->msg->tag >> 8 & 0xffu) != object->type) {
		return object->type == OBJECT_NONE ? SK_STALE : SK_BAD_TYPE;
	}
	sk_status_t status = call->rule->dispatch(call);
	if ((call->rule->how & SK_CALL_DESTROYS) != 0 && status == SK_OK) {
		destroyed(call);
	}
	return status;
}

struct context *kernel_call(struct core *core, struct object *object, uint32_t rights, uint32_t slot)
{
	struct context *context = core->current;
	struct thread *thread = thread_of(context);
	struct sk_msg msg;
	message_load(&msg, context->frame);
	const struct sk_call_rule *rule = kernel_call_rule(msg.tag);
	/* Every member: what is not given costs a call to memset(). */
	struct kernel_call call = {
		.msg = &msg, .buffer = thread->buffer, .buffer_bytes = SK_TAG_BYTES_OF(msg.tag), .reply_bytes = 0,
		.object = object, .rule = rule, .process = context->space, .rights = rights, .slot = slot, .badge = 0,
		.status = SK_OK, .home = false,
	};
	if (call.buffer_bytes > SK_MSG_BYTES) {
		call.buffer_bytes = SK_MSG_BYTES;
	}
	sk_status_t status = (rights & rule->rights) == rule->rights ? SK_OK : SK_NO_RIGHT;
	/* What is done at home needs the lock to get there. */
	bool unlocked = (rule->how & SK_CALL_UNLOCKED) != 0 &&
			((rule->how & SK_CALL_AT_HOME) == 0 || home_of(object) == core->index);
	bool locked = status == SK_OK && !unlocked;
	if (locked) {
		/* Most of these operations look at, or end, what is loaded. */
		arch_unload(core);
		if (!kernel_lock(core, context)) {
			return plan_continue(core);
		}
		/* Or what it called. */
		status = object_resolve(slot_load(context->space, slot), &status) == object ? SK_OK : SK_STALE;
	}
	if (status == SK_OK) {
		status = dispatch(&call);
	}
	if (locked) {
		kernel_unlock();
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
