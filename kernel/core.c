/*
 * Cores and how they reach one another.
 *
 * What belongs to one core is changed by that core alone, so the paths that run
 * all day need no lock. The rest goes two ways. Asynchronously: a context is put
 * on its home core's inbox with a flag, an interrupt follows, and the home core
 * does the work (a reply, a wake-up). Synchronously, for the supervisor's slow
 * operations: the holder of the kernel lock has a function run on the other core
 * and waits. Whoever waits for the lock answers such requests meanwhile, so the
 * holder always gets its answer.
 */
#include <kernel/arch.h>

struct core cores[SK_MAX_CORES];
uint32_t core_count;
static uint32_t lock_word;

static void sync_answer(struct core *core)
{
	if (__atomic_load_n(&core->sync_request, __ATOMIC_ACQUIRE) == SYNC_ASKED) {
		/* Taken first: the function may drain the inbox, and come by here again. */
		__atomic_store_n(&core->sync_request, SYNC_RUNNING, __ATOMIC_RELAXED);
		core->sync_function(core->sync_argument);
		__atomic_store_n(&core->sync_request, SYNC_NONE, __ATOMIC_RELEASE);
	}
}

bool kernel_lock(struct core *core, struct context *caller)
{
	bool waits = false;
	while (!waits && __atomic_exchange_n(&lock_word, 1, __ATOMIC_ACQUIRE) != 0) {
		sync_answer(core);
		arch_core_relax();
		waits = arch_interrupt_pending();
	}
	if (!waits && core->current == caller && caller->state == CONTEXT_READY) {
		return true;
	}
	if (core->current == caller) {
		arch_restart_call(thread_of(caller));
	}
	if (!waits) {
		kernel_unlock();
	}
	return false;
}

void kernel_unlock(void)
{
	__atomic_store_n(&lock_word, 0, __ATOMIC_RELEASE);
}

void core_run_on(uint32_t index, void (*function)(void *), void *argument)
{
	struct core *core = core_at(index);
	if (core == core_this() || !core->online) {
		function(argument);
		return;
	}
	core->sync_function = function;
	core->sync_argument = argument;
	__atomic_store_n(&core->sync_request, SYNC_ASKED, __ATOMIC_RELEASE);
	arch_core_poke(index);
	while (__atomic_load_n(&core->sync_request, __ATOMIC_ACQUIRE) != SYNC_NONE) {
		arch_core_relax();
	}
}

static void drain(void *core)
{
	core_drain(core);
}

void core_quiesce(void)
{
	for (uint32_t i = 0; i < core_count; i++) {
		core_run_on(i, drain, core_at(i));
	}
}

/* Puts the context on a stack of another core, by that link of it, and has the core look. */
static void push(uint32_t core, struct context **stack, struct context *context, struct context **link)
{
	*link = __atomic_load_n(stack, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(stack, link, context, true, __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {
		/* The link is the new top now. */
	}
	arch_core_poke(core);
}

void core_post(struct context *context, uint32_t flags)
{
	/* It may be in the inbox already, and its core will see the new flag. */
	if (__atomic_fetch_or(&context->remote, flags, __ATOMIC_ACQ_REL) == 0) {
		push(context->core, &core_at(context->core)->inbox, context, &context->remote_next);
	}
}

void core_post_call(struct context *caller, uint32_t to)
{
	core_count_event(core_this(), COUNT_CROSS_CORE);
	push(to, &core_at(to)->calls, caller, &caller->away_next);
}

/* A context of this core hears what another core left. */
static void remote_handle(const struct core *core, struct context *context, uint32_t flags)
{
	if (context->core != core->index) {
		core_post(context, flags); /* a vCPU, which has been bound elsewhere since */
		return;
	}
	if ((flags & REMOTE_REPLY) != 0 && context->state == CONTEXT_ANSWERED) {
		endpoint_answer(context, &context->reply);
	}
	if ((flags & REMOTE_WAKE) != 0) {
		notification_deliver(context);
	}
	if ((flags & REMOTE_VIRQ) != 0) {
		virq_arrived(vcpu_of(context));
	}
}

void core_drain_calls(struct core *core)
{
	/* The stack has the last first: turned over, so that who came first is handled first. */
	struct context *stack = __atomic_exchange_n(&core->calls, NULL, __ATOMIC_ACQUIRE);
	struct context *oldest = NULL;
	while (stack != NULL) {
		struct context *next = stack->away_next;
		stack->away_next = oldest;
		oldest = stack;
		stack = next;
	}
	while (oldest != NULL) {
		struct context *caller = oldest;
		oldest = caller->away_next;
		endpoint_arrived(core, caller);
	}
}

void core_drain(struct core *core)
{
	sync_answer(core);
	struct context *context = __atomic_exchange_n(&core->inbox, NULL, __ATOMIC_ACQUIRE);
	while (context != NULL) {
		/* The link is free for the next poster once the flags are taken. */
		struct context *next = context->remote_next;
		uint32_t flags = __atomic_exchange_n(&context->remote, 0, __ATOMIC_ACQ_REL);
		remote_handle(core, context, flags);
		context = next;
	}
	core_drain_calls(core);
}
