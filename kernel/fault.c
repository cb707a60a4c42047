/*
 * A thread's fault becomes a call on its behalf to its fault endpoint. The call
 * carries the thread's message in service too, which is the evidence that the
 * supervisor wants. A thread without a handler just stops.
 */
#include <kernel/ipc.h>
#include <kernel/trace.h>
#include <sk/idl/vm_exit_exit.h>

void thread_raise(struct core *core, struct thread *thread, uint32_t reason, uint64_t syndrome, uint64_t address,
		  uint64_t pc)
{
	struct context *context = &thread->context;
	struct sk_msg served;
	message_of(context->caller, &served);
	thread_fault_fault_message(&thread->fault_message, reason, syndrome, address, pc, served.tag,
				   context->caller != NULL ? context->caller->badge : 0);
	trace(core, SK_TRACE_FAULT, context->token, 0, reason, address);
	core->reschedule = true;
	sk_status_t status;
	struct object *handler = object_resolve(thread->fault_handler, &status);
	if (handler != NULL && handler->type == OBJECT_ENDPOINT) {
		context->faulting = 1;
		status = endpoint_call(handler->body, context, capability_badge(thread->fault_handler));
		if (status == SK_OK) {
			return;
		}
		context->faulting = 0;
	}
	context->state = CONTEXT_STOPPED; /* not before: it might be started then, from another core */
}
