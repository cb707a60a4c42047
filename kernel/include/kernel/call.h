/*
 * A call on one of the kernel's own objects, as the dispatchers that idlc makes
 * from kernel.idl hand it on. Handlers are named <interface>_do_<method>.
 */
#ifndef KERNEL_CALL_H
#define KERNEL_CALL_H

#include <kernel/arch.h>

struct kernel_call {
	struct sk_msg *msg;
	void *buffer;           /* the caller's message buffer: its process may change it at any time */
	uint32_t buffer_bytes;
	uint32_t reply_bytes;
	struct object *object;  /* what the invoked capability names */
	uint32_t rights;        /* of that capability */
	uint32_t slot;          /* where the caller has it */
	struct thread *thread;  /* the caller */
};

/*
 * Not a status that anybody sees: the operation was cut short for an interrupt and
 * the thread will make the same call again; how far it got is in thread->progress.
 */
#define KERNEL_RESTART (-100)

/* Handles the call that is in the current thread's registers; writes the result there. */
struct context *kernel_call(struct core *core, struct object *object, uint32_t rights, uint32_t slot);

/* The entry is memory again (retype.c); its object is torn down and its capabilities are stale already. */
void retype_back(struct object *object);
/* Fill in zeroed memory (thread.c, vcpu_calls.c). `page` is pinned by the caller. */
void thread_create(struct thread *thread, struct object *object, struct space *process, uint32_t core,
		   struct object *page);
sk_status_t vcpu_create(struct vcpu *vcpu, struct object *object, struct space *vm, uint32_t core,
			struct object *page, uint64_t config);

/* Slots of the calling process. */
struct object *call_slot(const struct kernel_call *call, uint32_t slot, enum object_type type, uint32_t rights,
			 sk_status_t *status);
/* Is `slot` of the calling process empty, so that a result can be put there? */
sk_status_t call_destination(const struct kernel_call *call, uint32_t slot);
void call_install(const struct kernel_call *call, uint32_t slot, capability cap);
/* After a destroy: the invoked slot now names the memory that the object was made of. */
void call_return_memory(struct kernel_call *call);

#endif
