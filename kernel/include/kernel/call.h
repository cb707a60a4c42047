/*
 * A call on one of the kernel's own objects. The dispatchers that idlc makes
 * from kernel.idl check what the interface says of a method and hand it on to
 * <interface>_do_<method>, which gets the object itself.
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
	const struct sk_call_rule *rule; /* what kernel.idl says of the method */
	struct space *process;  /* the caller's */
	uint32_t rights;        /* of the capability invoked */
	uint32_t slot;          /* where the caller has it */
	uint32_t badge;         /* of the capability that call_object() found last */
	bool home;              /* it is being done on the object's core now */
	sk_status_t status;     /* what it came to there */
};

/*
 * Not a status that anybody sees: the operation was cut short for an interrupt and
 * the thread will make the same call again; how far it got is in thread->progress.
 */
#define KERNEL_RESTART (-100)

/* Handles the call that is in the current thread's registers; writes the result there. */
struct context *kernel_call(struct core *core, struct object *object, uint32_t rights, uint32_t slot);

/* Fill in zeroed memory (thread_calls.c, vcpu_calls.c). `page` is pinned by the caller. */
void thread_create(struct thread *thread, struct object *object, struct space *process, uint32_t core,
		   struct object *page);
sk_status_t vcpu_create(struct vcpu *vcpu, struct object *object, struct space *vm, uint32_t core,
			struct object *page, uint64_t config);

/* What the caller has in its slot, if it has the type and the rights; its badge is in call->badge then. */
struct object *call_object(struct kernel_call *call, uint32_t slot, enum object_type type, uint32_t rights,
			   sk_status_t *status);
/* Is this the core of the object invoked? If not, the call has been done there: its status is in the call. */
bool call_is_home(struct kernel_call *call);
/* Can a result be put into the caller's slot: is it empty or, with `self`, the invoked one? */
sk_status_t call_destination(const struct kernel_call *call, uint32_t slot, bool self);
void call_install(const struct kernel_call *call, uint32_t slot, capability cap);

/* The current thread, which called; not on another core, where a method may be done. */
static inline struct thread *call_thread(void) { return thread_of(core_this()->current); }

/*
 * Has `stop` done on the context's core until the context is STOPPED. A call of its own is withdrawn; it may be answered
 * before that, and then the context runs on until the next time. From any core, with the kernel lock.
 */
void context_halt(struct context *context, void (*stop)(void *));

#endif
