/*
 * Threads: made, configured, started, stopped, looked at. A thread's state is its
 * own core's; calls from other cores have the work done there.
 */
#include <kernel/call.h>
#include <kernel/ipc.h>
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
		.space = process, .object = object, .plain_token = PLAIN_NONE, .queue = &no_queue, .signals = &no_signals, .object_index = object_index(object), .fp = &thread->fp_state,
	};
	thread->buffer = (uint8_t *)(uintptr_t)page->base;
	thread->buffer_object = page;
	thread->sibling = process->threads;
	process->threads = thread;
}

static struct thread *thread_in(const struct kernel_call *call)
{
	return call->object->body;
}

static bool stopped(const struct thread *thread)
{
	return thread->context.state == CONTEXT_STOPPED;
}

sk_status_t thread_do_configure(struct kernel_call *call, uint64_t entry, uint64_t stack, uint64_t argument,
				uint64_t buffer_address)
{
	struct thread *thread = thread_in(call);
	if (!stopped(thread)) {
		return SK_BAD_STATE;
	}
	thread->buffer_address = buffer_address;
	arch_thread_init(thread, entry, stack, argument);
	return SK_OK;
}

sk_status_t thread_do_bind_endpoint(struct kernel_call *call, sk_slot_t slot)
{
	struct context *context = &thread_in(call)->context;
	sk_status_t status;
	struct object *object = call_slot(call, slot, OBJECT_ENDPOINT, SK_RIGHT_WAIT, &status);
	if (object == NULL) {
		return status;
	}
	struct endpoint *endpoint = object->body;
	if (context->state != CONTEXT_STOPPED) {
		return SK_BAD_STATE;
	}
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

sk_status_t thread_do_bind_notification(struct kernel_call *call, sk_slot_t slot)
{
	struct context *context = &thread_in(call)->context;
	sk_status_t status;
	struct object *object = call_slot(call, slot, OBJECT_NOTIFICATION, SK_RIGHT_WAIT, &status);
	if (object == NULL) {
		return status;
	}
	struct notification *notification = object->body;
	if (context->state != CONTEXT_STOPPED || notification->bound != NULL || context->bound != NULL) {
		return SK_BAD_STATE;
	}
	context->bound = notification;
	context->signals = &notification->bits;
	__atomic_store_n(&notification->bound, context, __ATOMIC_SEQ_CST);
	return SK_OK;
}

sk_status_t thread_do_set_fault_endpoint(struct kernel_call *call, sk_slot_t slot)
{
	sk_status_t status;
	if (call_slot(call, slot, OBJECT_ENDPOINT, SK_RIGHT_CALL, &status) == NULL) {
		return status;
	}
	thread_in(call)->fault_handler = call->thread->context.space->slots[slot];
	return SK_OK;
}

sk_status_t thread_do_set_receive_window(struct kernel_call *call, uint32_t first, uint32_t count)
{
	if (count > SK_CAP_SLOTS || first == 0 || first > SK_CAP_SLOTS + 1u - count) {
		return SK_BAD_ARG;
	}
	thread_in(call)->window_first = first;
	thread_in(call)->window_count = count;
	return SK_OK;
}

sk_status_t thread_do_set_call_budget(struct kernel_call *call, uint64_t budget_ns)
{
	thread_in(call)->call_budget_ticks = budget_ns == 0 ? 0 : arch_ns_to_ticks(budget_ns);
	return SK_OK;
}

static void start_here(void *argument)
{
	struct context *context = argument;
	context->state = CONTEXT_READY;
	plan_wake(core_at(context->core), context);
}

sk_status_t thread_do_start(struct kernel_call *call)
{
	struct thread *thread = thread_in(call);
	if (!stopped(thread)) {
		return SK_BAD_STATE;
	}
	core_run_on(thread->context.core, start_here, thread);
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
		notification_forget(notification, context);
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

static void thread_halt(struct thread *thread)
{
	struct context *context = &thread->context;
	core_run_on(context->core, stop_here, context);
	/* Its call may be answered before it is withdrawn, and then it runs on. */
	while (context_calls(context)) {
		endpoint_withdraw(context);
		core_run_on(context->core, stop_here, context);
	}
	context->faulting = 0;
	context->redelivered = 0;
	thread->progress = 0;
}

sk_status_t thread_do_stop(struct kernel_call *call)
{
	thread_halt(thread_in(call));
	return SK_OK;
}

static void unload_here(void *argument)
{
	struct context *context = argument;
	struct core *core = core_at(context->core);
	if (core->loaded == context) {
		arch_unload(core);
	}
}

sk_status_t thread_do_read_registers(struct kernel_call *call, uint64_t *registers)
{
	struct thread *thread = thread_in(call);
	core_run_on(thread->context.core, unload_here, thread);
	arch_registers_read(thread, registers);
	return SK_OK;
}

sk_status_t thread_do_write_registers(struct kernel_call *call, const uint64_t *registers)
{
	struct thread *thread = thread_in(call);
	bool faulted = thread->context.faulting != 0;
	if (!stopped(thread) && !faulted) {
		return SK_BAD_STATE;
	}
	arch_registers_write(thread, registers);
	thread->progress = 0;
	return SK_OK;
}

sk_status_t thread_do_info(struct kernel_call *call, enum sk_thread_state *state, uint32_t *core, uint64_t *caller_badge,
			   uint64_t *caller_tag, uint64_t *calls_served, uint64_t *time_ns)
{
	const struct context *context = &thread_in(call)->context;
	const struct context *caller = context->caller;
	*core = context->core;
	*caller_badge = caller != NULL ? caller->badge : 0;
	struct sk_msg served;
	message_of(caller, &served);
	*caller_tag = served.tag;
	*calls_served = context->calls;
	*time_ns = arch_ticks_to_ns(context->time_ticks);
	if (context->faulting) {
		*state = SK_THREAD_STATE_FAULTED;
		return SK_OK;
	}
	switch (context->state) {
	case CONTEXT_STOPPED: *state = SK_THREAD_STATE_STOPPED; break;
	case CONTEXT_READY: *state = SK_THREAD_STATE_READY; break;
	case CONTEXT_RECEIVING: *state = SK_THREAD_STATE_RECEIVING; break;
	case CONTEXT_WAITING: *state = SK_THREAD_STATE_WAITING; break;
	default: *state = SK_THREAD_STATE_CALLING; break;
	}
	return SK_OK;
}

/* Everything of its core's that points to it. */
static void forget_here(void *argument)
{
	struct context *context = argument;
	struct core *core = core_at(context->core);
	core_drain(core);
	endpoint_detach(context);
	if (core->fp_owner == context) {
		core->fp_owner = NULL;
	}
	plan_forget(core, context);
}

sk_status_t thread_do_destroy(struct kernel_call *call)
{
	struct thread *thread = thread_in(call);
	struct context *context = &thread->context;
	if (thread == call->thread) {
		return SK_BAD_STATE; /* nobody pulls the chair from under the kernel */
	}
	object_bump(call->object);
	thread_halt(thread);
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
	thread->buffer_object->memory.pins--;
	retype_back(call->object);
	call_return_memory(call);
	return SK_OK;
}
