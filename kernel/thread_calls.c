/*
 * Threads: made, configured, started, stopped, looked at. A thread's state is its
 * own core's; calls from other cores have the work done there.
 */
#include <kernel/call.h>
#include <kernel/ipc.h>
#include <kernel/trace.h>
#include <sk/idl/kernel_kernel.h>

/* The queue of a thread that receives from no endpoint, the bits of one without a notification. */
static struct context *no_queue;
static const uint64_t no_signals;

void thread_create(struct thread *thread, struct object *object, struct space *process, uint32_t core,
		   struct object *page)
{
	thread->context = (struct context){
		.frame = &thread->registers, .arch_space = process->arch, .root = &thread->context,
		.state = CONTEXT_STOPPED, .kind = CONTEXT_THREAD, .core = (uint8_t)core, .slot = -1,
		.space = process, .object = object, .plain_token = PLAIN_NONE, .queue = &no_queue,
		.signals = &no_signals, .token = object_index(object), .last_route = &no_route, .fp = &thread->fp_state,
	};
	thread->buffer = (uint8_t *)(uintptr_t)page->base;
	thread->buffer_object = page;
	thread->sibling = process->threads;
	process->threads = thread;
	core_at(core)->bound++;
}

enum thread_state thread_state(const struct thread *thread)
{
	static const enum thread_state states[] = {
		[CONTEXT_STOPPED] = THREAD_STATE_STOPPED, [CONTEXT_READY] = THREAD_STATE_READY,
		[CONTEXT_RECEIVING] = THREAD_STATE_RECEIVING, [CONTEXT_WAITING] = THREAD_STATE_WAITING,
	};
	uint8_t state = thread->context.state;
	return thread->context.faulting ? THREAD_STATE_FAULTED : state < CONTEXT_QUEUED ? states[state] : THREAD_STATE_CALLING;
}

sk_status_t thread_do_configure(struct thread *thread, uint64_t entry, uint64_t stack, uint64_t argument,
				uint64_t buffer_address)
{
	thread->buffer_address = buffer_address;
	arch_thread_init(thread, entry, stack, argument);
	return SK_OK;
}

sk_status_t thread_do_bind_endpoint(struct thread *thread, struct endpoint *endpoint)
{
	struct context *context = &thread->context;
	if (endpoint->receiver[context->core] == context) {
		endpoint->abandoned = false; /* it serves again */
		return SK_OK;
	}
	if (context->endpoint != NULL || endpoint->receiver[context->core] != NULL) {
		return SK_BAD_STATE;
	}
	if (endpoint->served_cores == 0) {
		endpoint->home_core = context->core;
	}
	endpoint->abandoned = false;
	/* Whoever sees this sees the core, too. */
	(void)__atomic_fetch_or(&endpoint->served_cores, 1u << context->core, __ATOMIC_RELEASE);
	context->endpoint = endpoint;
	context->queue = &endpoint->queue[context->core];
	__atomic_store_n(&endpoint->receiver[context->core], context, __ATOMIC_RELEASE);
	return SK_OK;
}

sk_status_t thread_do_bind_notification(struct thread *thread, struct notification *notification)
{
	struct context *context = &thread->context;
	if (notification->bound != NULL || context->bound != NULL) {
		return SK_BAD_STATE;
	}
	context->bound = notification;
	context->signals = &notification->bits;
	__atomic_store_n(&notification->bound, context, __ATOMIC_SEQ_CST);
	return SK_OK;
}

/* Who finds the old one before it is replaced leaves it nothing: it is stopped, and bits and callers wait elsewhere. */
sk_status_t thread_do_take_over(struct thread *thread, struct thread *from)
{
	struct context *context = &thread->context;
	struct context *old = &from->context;
	if (thread_state(from) != THREAD_STATE_STOPPED || old->core != context->core || old->endpoint == NULL ||
	    context->endpoint != NULL || context->bound != NULL) {
		return SK_BAD_STATE;
	}
	context->queue = old->queue;
	context->signals = old->signals;
	context->endpoint = old->endpoint;
	context->bound = old->bound;
	__atomic_store_n(&context->endpoint->receiver[context->core], context, __ATOMIC_RELEASE);
	if (context->bound != NULL) {
		__atomic_store_n(&context->bound->bound, context, __ATOMIC_SEQ_CST);
	}
	old->endpoint = NULL;
	old->queue = &no_queue;
	old->bound = NULL;
	old->signals = &no_signals;
	return SK_OK;
}

sk_status_t thread_do_set_fault_endpoint(struct thread *thread, struct endpoint *endpoint, uint32_t badge)
{
	thread->fault_handler = object_capability(endpoint->object, SK_RIGHT_CALL, badge);
	return SK_OK;
}

sk_status_t thread_do_set_receive_window(struct thread *thread, uint32_t first, uint32_t count)
{
	if (count > SK_WINDOW_SLOTS || first == 0 || first > SK_CAP_SLOTS + 1u - count) {
		return SK_BAD_ARG;
	}
	thread->window_first = first;
	thread->window_count = count;
	return SK_OK;
}

sk_status_t thread_do_set_call_budget(struct thread *thread, uint64_t budget_ns)
{
	thread->call_budget_ticks = budget_ns == 0 ? 0 : arch_ns_to_ticks(budget_ns);
	return SK_OK;
}

sk_status_t thread_do_start(struct thread *thread)
{
	thread->overrun_calls = UINT64_MAX;
	thread->context.state = CONTEXT_READY;
	trace(core_at(thread->context.core), SK_TRACE_START, thread->context.token, 0, 0, 0);
	plan_wake(core_at(thread->context.core), &thread->context);
	return SK_OK;
}

/*
 * Off its core; its callers wait at the endpoint for whoever comes next. A call of its own it leaves to whoever can
 * withdraw it: until then it stays a caller.
 */
static void stop_here(void *argument)
{
	struct context *context = argument;
	struct core *core = core_at(context->core);
	core_drain(core);
	if (core->loaded == context) {
		arch_unload(core);
	}
	struct notification *notification = context->waits_for;
	if (context->state == CONTEXT_WAITING && notification != NULL) {
		notification_forget(context);
		notification_signal(notification, 0); /* what came for it is for whoever is bound */
	}
	if (context->state == CONTEXT_WAITING || context->state == CONTEXT_RECEIVING) {
		arch_set_result(context->frame, 0, (uint64_t)SK_CANCELLED);
	}
	if (context->endpoint != NULL) {
		struct endpoint *endpoint = context->endpoint;
		endpoint_detach(context);
		endpoint->receiver[context->core] = context;
	}
	if (!context_calls(context)) {
		context->state = CONTEXT_STOPPED;
	}
	core->reschedule = true;
}

void context_halt(struct context *context, void (*stop)(void *))
{
	core_run_on(context->core, stop, context);
	/* Not "while it calls": its call may have been answered since, and then it runs. */
	while (context->state != CONTEXT_STOPPED) {
		if (context_calls(context)) {
			endpoint_withdraw(context);
		}
		core_run_on(context->core, stop, context);
	}
}

sk_status_t thread_do_stop(struct thread *thread)
{
	context_halt(&thread->context, stop_here);
	thread->context.faulting = 0;
	thread->context.redelivered = 0;
	thread->progress = 0;
	return SK_OK;
}

sk_status_t thread_do_read_registers(struct thread *thread, uint64_t *registers)
{
	struct core *core = core_at(thread->context.core);
	if (core->loaded == &thread->context) {
		arch_unload(core);
	}
	arch_registers_read(thread, registers);
	return SK_OK;
}

sk_status_t thread_do_write_registers(struct thread *thread, const uint64_t *registers)
{
	arch_registers_write(thread, registers);
	thread->progress = 0;
	return SK_OK;
}

sk_status_t thread_do_info(struct thread *thread, enum thread_state *state, uint32_t *core, uint64_t *caller_badge,
			   uint64_t *caller_tag, uint64_t *calls_served, uint64_t *time_ns)
{
	const struct context *caller = thread->context.caller;
	*state = thread_state(thread);
	*core = thread->context.core;
	*caller_badge = caller != NULL ? caller->badge : 0;
	struct sk_msg served;
	message_of(caller, &served);
	*caller_tag = served.tag;
	*calls_served = thread->context.calls;
	*time_ns = arch_ticks_to_ns(thread->context.time_ticks);
	return SK_OK;
}

/* Everything of its core's that points to it. */
static void forget_here(void *argument)
{
	struct context *context = argument;
	struct core *core = core_at(context->core);
	core_drain(core);
	endpoint_detach(context);
	core->fp_owner = core->fp_owner == context ? NULL : core->fp_owner;
	plan_forget(core, context);
}

sk_status_t thread_do_destroy(struct thread *thread)
{
	struct context *context = &thread->context;
	if (thread == call_thread()) {
		return SK_BAD_STATE; /* nobody pulls the chair from under the kernel */
	}
	object_bump(context->object);
	(void)thread_do_stop(thread);
	if (context->bound != NULL) {
		__atomic_store_n(&context->bound->bound, NULL, __ATOMIC_SEQ_CST);
	}
	/* Who found it before is through with it after this, and what they left for it is drained after that. */
	core_quiesce();
	core_run_on(context->core, forget_here, context);
	struct thread **link = &context->space->threads;
	while (*link != thread) {
		link = &(*link)->sibling;
	}
	*link = thread->sibling;
	core_at(context->core)->bound--;
	thread->buffer_object->memory.pins--;
	return SK_OK;
}
