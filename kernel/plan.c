/*
 * The plan: up to 64 slots in order of urgency, each a thread or vCPU with a
 * budget, committed by the core's scheduler server. The kernel only follows it:
 * it runs the first slot that has something to run, charges the slot's budget,
 * and calls the scheduler when a budget is spent or its wake-up time comes.
 *
 * A slot whose task waits for a server on this core has that server to run
 * (helping): its turn goes down the chain of calls to whoever is at work. The
 * ready bitmap may say yes too often (it is corrected when the slot is tried) but
 * never no: whatever makes a context ready sets the bits of all who wait for it.
 *
 * While the scheduler is away the last plan stays in force: spent budgets are
 * refilled and the spent slot goes to the end, so everybody gets a turn.
 */
#include <kernel/ipc.h>
#include <sk/idl/kernel.h>
#include <sk/idl/vm_exit_exit.h>

#define EVENT_BUDGET 1u
#define EVENT_WAKE 2u

struct context *plan_scheduler(const struct core *core)
{
	struct object *object = core->scheduler;
	if (object == NULL || object->generation != core->scheduler_generation) {
		return NULL;
	}
	struct context *scheduler = ((const struct endpoint *)object->body)->receiver[core->index];
	return scheduler == NULL || scheduler->state == CONTEXT_STOPPED || scheduler->faulting ? NULL : scheduler;
}

/* Who would run on a turn of `task`: itself, or the last of the chain of servers it waits for; NULL: nobody here. */
static struct context *chain_tail(const struct core *core, struct context *task)
{
	struct context *context = task;
	for (uint32_t i = 0; i <= SK_CALL_DEPTH + 1u; i++) {
		switch (context->state) {
		case CONTEXT_READY:
			return context;
		case CONTEXT_QUEUED:
		case CONTEXT_IN_SERVICE:
			if (context_at_core(context) != core->index) {
				return NULL;
			}
			context = context->state == CONTEXT_QUEUED ? context->at->receiver[core->index] : context->server;
			break;
		default:
			return NULL;
		}
		if (context == NULL) {
			return NULL;
		}
	}
	return NULL;
}

static void charge(struct core *core, uint64_t now)
{
	uint64_t spent = now - core->slot_started;
	core->slot_started = now;
	if (core->current != NULL) {
		core->current->time_ticks += spent;
	} else {
		core->counters[COUNT_IDLE_NS] += spent; /* ticks until somebody asks */
	}
	if (core->slot < 0 || core->owner == NULL) {
		return;
	}
	struct plan_slot *slot = &core->plan.slots[core->slot];
	slot->used_ticks += spent;
	if (slot->budget_ticks != 0) {
		slot->left_ticks = slot->left_ticks > spent ? slot->left_ticks - spent : 0;
	}
}

/*
 * A spent budget is the scheduler's business, whoever finds it: the timer that was set for its end never fires where
 * turns are taken more often than that.
 */
static void note_spent(struct core *core)
{
	if (core->owner != NULL && core->slot >= 0) {
		const struct plan_slot *slot = &core->plan.slots[core->slot];
		if (slot->budget_ticks != 0 && slot->left_ticks == 0) {
			core->due |= 1u << EVENT_BUDGET;
			core->due_slot = (uint8_t)core->slot;
			core->reschedule = true;
		}
	}
}

static void timer_arm(struct core *core, uint64_t now)
{
	uint64_t deadline = core->plan.wake_time != 0 ? core->plan.wake_time : UINT64_MAX;
	if (core->owner != NULL) {
		core->watch = core->watch > now ? core->watch : now + core->watch_ticks;
		deadline = core->watch < deadline ? core->watch : deadline;
		/* A spent budget is with the scheduler already. */
		if (core->slot >= 0 && core->plan.slots[core->slot].left_ticks != 0) {
			uint64_t left = core->plan.slots[core->slot].left_ticks;
			deadline = deadline > now && left < deadline - now ? now + left : deadline;
		}
	}
	if (deadline != core->deadline) {
		core->deadline = deadline;
		arch_timer_set(deadline);
	}
}

static uint64_t all_slots(const struct core *core)
{
	return core->plan.count == SK_PLAN_SLOTS ? UINT64_MAX : (1ull << core->plan.count) - 1u;
}

/*
 * Who has something to run when the context has: everybody up the chain of its callers on this core (the slots of
 * others are other plans'), and whoever queues for one of them: rarely more than a few, so all slots are tried then.
 */
static uint64_t slots_of(const struct core *core, const struct context *context)
{
	uint64_t slots = 0;
	for (const struct context *c = context; c != NULL && c->core == core->index; c = c->caller) {
		if (c->kind == CONTEXT_THREAD && *c->queue != NULL) {
			return all_slots(core);
		}
		slots |= c->slot >= 0 ? 1ull << c->slot : 0;
	}
	return slots;
}

void plan_wake(struct core *core, struct context *context)
{
	uint64_t slots = slots_of(core, context);
	core->ready |= slots;
	if (slots != 0 && core->slot != SLOT_SCHEDULER &&
	    (core->owner == NULL || __builtin_ctzll(slots) < core->slot)) {
		core->reschedule = true;
	}
	if (core->due != 0 && context == plan_scheduler(core)) {
		core->reschedule = true;
	}
}

/* The spent slot goes behind all others, and everybody's budget is whole again where it was spent. */
static void run_without_scheduler(struct core *core)
{
	struct plan *plan = &core->plan;
	bool spent_one = (core->due & 1u << EVENT_BUDGET) != 0;
	core->due = 0;
	core->settling = false;
	for (uint32_t i = 0; i < plan->count; i++) {
		if (plan->slots[i].left_ticks == 0) {
			plan->slots[i].left_ticks = plan->slots[i].budget_ticks;
		}
	}
	if (spent_one && core->due_slot + 1u < plan->count) {
		struct plan_slot spent = plan->slots[core->due_slot];
		for (uint32_t i = core->due_slot; i + 1u < plan->count; i++) {
			plan->slots[i] = plan->slots[i + 1u];
			plan->slots[i].task->slot = (int8_t)i;
		}
		plan->slots[plan->count - 1u] = spent;
		spent.task->slot = (int8_t)(plan->count - 1u);
	}
	core->ready = all_slots(core);
}

/* The scheduler's receiver, with the event delivered to it or still at work on what it had; NULL: it is away. */
static struct context *scheduler_turn(struct core *core, uint64_t now)
{
	struct context *scheduler = plan_scheduler(core);
	if (scheduler == NULL) {
		return NULL;
	}
	if (scheduler->state == CONTEXT_RECEIVING) {
		if (core->due == 0) {
			core->settling = false;
			return NULL;
		}
		uint32_t event = (core->due & 1u << EVENT_BUDGET) != 0 ? EVENT_BUDGET : EVENT_WAKE;
		core->due &= (uint8_t)~(1u << event);
		struct sk_msg msg;
		plan_due_message(&msg, core->index, event, core->due_slot, arch_ticks_to_ns(now));
		message_deliver(scheduler, SK_BADGE(PLAN_INTERFACE, core->index), &msg, PLAN_TOKEN);
		scheduler->calls++;
		core->settling = true;
		core_count_event(core, COUNT_PLAN_CALLS);
	}
	return chain_tail(core, scheduler);
}

static struct context *choose(struct core *core, uint64_t now)
{
	if (core->due != 0 || core->settling) {
		struct context *scheduler = scheduler_turn(core, now);
		if (scheduler != NULL) {
			core->slot = SLOT_SCHEDULER;
			core->owner = scheduler;
			return scheduler;
		}
		if (plan_scheduler(core) == NULL) {
			run_without_scheduler(core);
		}
	}
	while (core->ready != 0) {
		uint32_t slot = (uint32_t)__builtin_ctzll(core->ready);
		struct context *task = core->plan.slots[slot].task;
		struct context *context = chain_tail(core, task);
		if (context != NULL) {
			core->slot = (int32_t)slot;
			core->owner = task;
			return context;
		}
		core->ready &= ~(1ull << slot);
	}
	return NULL;
}

struct context *plan_pick(struct core *core)
{
	for (;;) {
		/* Who ran on a caller's turn competes with its own slot, and those between, when that turn is over. */
		if (core->current != NULL && core->current->state == CONTEXT_READY) {
			core->ready |= slots_of(core, core->current);
		}
		uint64_t now = arch_ticks();
		charge(core, now);
		note_spent(core);
		core->reschedule = false;
		struct context *context = choose(core, now);
		if (context == NULL) {
			core->owner = NULL;
			core->slot = 0;
		}
		core->current = context;
		timer_arm(core, now);
		if (context != NULL) {
			return context;
		}
		if (core->leaving) {
			__atomic_store_n(&core->online, false, __ATOMIC_RELEASE);
			arch_core_offline();
		}
		arch_idle();
	}
}

struct context *plan_continue(struct core *core)
{
	struct context *current = core->current;
	if (!core->reschedule && current != NULL && current->state == CONTEXT_READY &&
	    (current->kind == CONTEXT_THREAD || vcpu_of(current)->life == VCPU_STATE_RUNNING) &&
	    current->root == core->owner) {
		return current;
	}
	return plan_pick(core);
}

/* A server that has had one call for longer than it may. */
static bool overrun(struct thread *thread, uint64_t now)
{
	if (thread->call_budget_ticks == 0 || thread->context.caller == NULL) {
		return false;
	}
	if (thread->overrun_calls != thread->context.calls) {
		thread->overrun_calls = thread->context.calls;
		thread->overrun_since = now;
		return false;
	}
	return now - thread->overrun_since >= thread->call_budget_ticks;
}

void plan_tick(struct core *core)
{
	uint64_t now = arch_ticks();
	charge(core, now);
	core->deadline = 0; /* it fires until it is set anew */
	if (core->plan.wake_time != 0 && now >= core->plan.wake_time) {
		core->plan.wake_time = 0;
		core->due |= 1u << EVENT_WAKE;
		core->reschedule = true;
	}
	note_spent(core);
	struct context *current = core->current;
	if (current != NULL && current->kind == CONTEXT_THREAD && overrun(thread_of(current), now)) {
		arch_unload(core); /* whoever repairs it may write to its frame */
		thread_raise(core, thread_of(current), THREAD_FAULT_REASON_BUDGET, 0, 0, 0);
	}
	timer_arm(core, now);
}

void plan_settled(struct core *core)
{
	core->settling = false;
	/* A budget that the scheduler left spent starts again: nobody is forgotten by oversight. */
	for (uint32_t i = 0; i < core->plan.count; i++) {
		if (core->plan.slots[i].left_ticks == 0) {
			core->plan.slots[i].left_ticks = core->plan.slots[i].budget_ticks;
		}
	}
	core->reschedule = true;
}

void plan_commit(struct core *core, struct plan_slot *slots, uint32_t count, uint64_t wake_time)
{
	uint64_t now = arch_ticks();
	charge(core, now);
	for (struct plan_slot *slot = slots; slot < slots + count; slot++) {
		if (slot->budget_ticks != 0 && slot->task->slot >= 0) {
			const struct plan_slot *old = &core->plan.slots[slot->task->slot];
			slot->left_ticks = old->budget_ticks == slot->budget_ticks && old->left_ticks != 0
						   ? old->left_ticks : slot->left_ticks;
		}
	}
	for (uint32_t i = 0; i < core->plan.count; i++) {
		core->plan.slots[i].task->slot = -1;
	}
	for (uint32_t i = 0; i < count; i++) {
		struct context *task = slots[i].task;
		core->plan.slots[i] = slots[i];
		task->slot = (int8_t)i;
		if (task->kind == CONTEXT_VCPU) {
			arch_vcpu_trap_halt(vcpu_of(task), !slots[i].halts_alone);
		}
	}
	core->plan.count = count;
	core->plan.wake_time = wake_time;
	core->ready = all_slots(core);
	core->reschedule = true;
	if (core->slot != SLOT_SCHEDULER) {
		/* The slot numbers changed under whoever runs: its time since is charged to where it is now. */
		core->slot = core->owner != NULL && core->owner->slot >= 0 ? core->owner->slot : SLOT_SCHEDULER;
	}
}

void plan_set_wake_time(struct core *core, uint64_t wake_time)
{
	core->plan.wake_time = wake_time;
	timer_arm(core, arch_ticks());
}

void plan_forget(struct core *core, struct context *context)
{
	if (context->slot >= 0) {
		struct plan *plan = &core->plan;
		for (uint32_t i = (uint32_t)context->slot; i + 1u < plan->count; i++) {
			plan->slots[i] = plan->slots[i + 1u];
			plan->slots[i].task->slot = (int8_t)i;
		}
		plan->count--;
		context->slot = -1;
		core->ready = all_slots(core);
		core->reschedule = true;
		if (core->slot >= 0) {
			core->slot = core->owner != NULL && core->owner->slot >= 0 ? core->owner->slot : SLOT_SCHEDULER;
		}
	}
	if (core->owner == context) {
		core->owner = NULL;
		core->reschedule = true;
	}
	if (core->current == context) {
		core->current = NULL;
		core->reschedule = true;
	}
	if (core->loaded == context) {
		core->loaded = NULL;
	}
}
