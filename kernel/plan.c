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
 * A scheduler that waits, and lets time pass in which it should have done something, is at fault when the guard's time
 * comes: whoever set that puts it off as long as he sees that all is well.
 *
 * While the scheduler is away the last plan stays in force: spent budgets are
 * refilled and the spent slot goes to the end, so everybody gets a turn.
 */
#include <kernel/ipc.h>
#include <kernel/trace.h>
#include <sk/idl/kernel.h>
#include <sk/idl/vm_exit_exit.h>

struct context *plan_scheduler(const struct core *core)
{
	struct object *object = core->scheduler;
	if (object == NULL || object->generation != core->scheduler_generation) {
		return NULL;
	}
	struct context *scheduler = ((const struct endpoint *)object->body)->receiver[core->index];
	return scheduler == NULL || scheduler->state == CONTEXT_STOPPED || scheduler->faulting ? NULL : scheduler;
}

/* Who would run on a turn of the context: it, or the last of the chain of servers it waits for; NULL: nobody here. */
static struct context *chain_tail(const struct core *core, struct context *context)
{
	for (uint32_t i = 0; context != NULL && i <= SK_CALL_DEPTH + 1u; i++) {
		if (context->state == CONTEXT_READY) {
			return context;
		}
		if (context->state == CONTEXT_QUEUED && context->at_core == core->index) {
			context = context->at->receiver[core->index];
		} else if (context->state == CONTEXT_IN_SERVICE && context_at_core(context) == core->index) {
			context = context->server;
		} else {
			return NULL;
		}
	}
	return NULL;
}

/* The slot whose time it is; NULL: nobody's, the scheduler's to decide, or that of a task which is in no plan now. */
static struct plan_slot *current_slot(struct core *core)
{
	const struct context *owner = core->owner;
	return owner == NULL || core->deciding || owner->slot < 0 ? NULL : &core->plan.slots[owner->slot];
}

/* Time since is the current context's, and its slot's, which is returned. */
const struct plan_slot *plan_account(struct core *core, uint64_t now)
{
	uint64_t spent = now - core->slot_started;
	core->slot_started = now;
	if (core->current != NULL) {
		core->current->time_ticks += spent;
	} else {
		core->counters[COUNT_IDLE_NS] += spent; /* ticks until somebody asks */
	}
	struct plan_slot *slot = current_slot(core);
	if (slot != NULL) {
		slot->used_ticks += spent;
		slot->left_ticks = slot->left_ticks > spent ? slot->left_ticks - spent : 0;
	}
	return slot;
}

/*
 * A spent budget is the scheduler's business, whoever finds it: the timer that was set for its end never fires where
 * turns are taken more often than that.
 */
static void note_spent(struct core *core, const struct plan_slot *slot)
{
	if (slot != NULL && slot->budget_ticks != 0 && slot->left_ticks == 0) {
		core->due |= 1u << CORE_PLAN_EVENT_BUDGET_SPENT;
		core->due_slot = (uint8_t)core->owner->slot;
		core->reschedule = true;
	}
}

void plan_arm(struct core *core, uint64_t now)
{
	/* A wake time of 0 is none. */
	uint64_t deadline = core->plan.wake_time - 1u < core->guard ? core->plan.wake_time : core->guard;
	if (core->owner != NULL) {
		core->watch = core->watch > now ? core->watch : now + core->watch_ticks;
		deadline = core->watch < deadline ? core->watch : deadline;
		const struct plan_slot *slot = current_slot(core);
		/* A spent budget is with the scheduler already. */
		if (slot != NULL && slot->left_ticks != 0 && deadline > now && slot->left_ticks < deadline - now) {
			deadline = now + slot->left_ticks;
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
	bool urgent = slots != 0 && !core->deciding && (core->owner == NULL || __builtin_ctzll(slots) < core->owner->slot);
	/* It may be what the scheduler waits for, and that may be in no slot. */
	if (urgent || core->due != 0 || core->settling) {
		core->reschedule = true;
	}
}

/* Budgets that are spent, and that nobody gave anew, are whole again: nobody is forgotten by oversight. */
static void refill(struct plan *plan)
{
	for (uint32_t i = 0; i < plan->count; i++) {
		if (plan->slots[i].left_ticks == 0) {
			plan->slots[i].left_ticks = plan->slots[i].budget_ticks;
		}
	}
}

static void slot_put(struct plan *plan, uint32_t index, const struct plan_slot *slot)
{
	plan->slots[index] = *slot;
	slot->task->slot = (int8_t)index;
}

/* Those behind it move up. */
static void slot_remove(struct plan *plan, uint32_t index)
{
	plan->slots[index].task->slot = -1;
	plan->count--;
	for (uint32_t i = index; i < plan->count; i++) {
		slot_put(plan, i, &plan->slots[i + 1u]);
	}
}

/* The spent slot goes behind all others, and everybody's budget is whole again where it was spent. */
static void run_without_scheduler(struct core *core)
{
	struct plan *plan = &core->plan;
	refill(plan);
	if ((core->due & 1u << CORE_PLAN_EVENT_BUDGET_SPENT) != 0 && core->due_slot < plan->count) {
		struct plan_slot spent = plan->slots[core->due_slot];
		slot_remove(plan, core->due_slot);
		slot_put(plan, plan->count++, &spent);
	}
	/* The scheduler's own slot may have something to run now: who it waits for has run on its turn so far. */
	core->ready = all_slots(core);
	core->due = 0;
	core->settling = false;
}

/* The scheduler gets the event, if it waits for one. Returns who runs on its turn; NULL: it has nothing to decide. */
static struct context *scheduler_turn(struct core *core, struct context *scheduler, uint64_t now)
{
	if (scheduler->state == CONTEXT_RECEIVING) {
		core->settling = core->due != 0;
		if (!core->settling) {
			return NULL;
		}
		uint32_t event = (uint32_t)__builtin_ctz(core->due); /* a spent budget first */
		core->due &= (uint8_t)~(1u << event);
		struct sk_msg msg;
		plan_due_message(&msg, core->index, event, core->due_slot, arch_ticks_to_ns(now));
		message_deliver(scheduler, SK_BADGE(PLAN_INTERFACE, core->index), &msg, PLAN_TOKEN);
		/* Events one upon the other, with nobody's turn between, are one call, of one budget. */
		scheduler->calls += core->current != scheduler ? 1u : 0u;
		core_count_event(core, COUNT_PLAN_CALLS);
	}
	return chain_tail(core, scheduler);
}

/* Whose turn it is: sets core->owner and core->deciding. Returns who runs on it. */
static struct context *choose(struct core *core, uint64_t now)
{
	core->deciding = false;
	if (core->due != 0 || core->settling) {
		core->owner = plan_scheduler(core);
		if (core->owner == NULL) {
			run_without_scheduler(core);
		} else {
			struct context *context = scheduler_turn(core, core->owner, now);
			core->deciding = context != NULL;
			if (core->deciding) {
				return context;
			}
		}
	}
	for (; core->ready != 0; core->ready &= core->ready - 1u) {
		core->owner = core->plan.slots[__builtin_ctzll(core->ready)].task;
		struct context *context = chain_tail(core, core->owner);
		if (context != NULL) {
			return context;
		}
	}
	core->owner = NULL;
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
		note_spent(core, plan_account(core, now));
		core->reschedule = false;
		core->current = choose(core, now);
		plan_arm(core, now);
		trace(core, SK_TRACE_DISPATCH, token_of(core->current), token_of(core->owner), 0, 0);
		if (core->current != NULL) {
			return core->current;
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
	if (!core->reschedule && current != NULL && current->state == CONTEXT_READY && current->root == core->owner) {
		return current;
	}
	return plan_pick(core);
}

/*
 * The part of the time since the last charge in which the machine did not have this core, if it looks so at a tick.
 * That happens where a host, or an emulator, has it for somebody else: the timer comes late, which nobody who runs can
 * make it, or comes again before anybody has run at all. Of a late one an eighth counts: who hangs is still found.
 */
static uint64_t time_away(struct core *core, uint64_t now)
{
	uint64_t spent = now - core->slot_started;
	uint64_t eighth = core->watch_ticks / 8u;
	bool stood = core->tick_entries == core->counters[COUNT_ENTRIES];
	core->tick_entries = core->counters[COUNT_ENTRIES];
	return stood ? spent : now - core->deadline > eighth && spent > eighth ? spent - eighth : 0;
}

/*
 * A server that has run on one call, or on its own since it last waited, for longer than it may. Its running time
 * counts: that somebody else has the core, for however long, is not its doing.
 */
static bool overrun(struct thread *thread, uint64_t away)
{
	uint64_t ran = thread->context.time_ticks;
	thread->overrun_since += away;
	if (thread->overrun_calls != thread->context.calls) {
		thread->overrun_calls = thread->context.calls;
		thread->overrun_since = ran;
	}
	return thread->call_budget_ticks != 0 && ran - thread->overrun_since >= thread->call_budget_ticks;
}

void plan_tick(struct core *core)
{
	uint64_t now = arch_ticks();
	uint64_t away = time_away(core, now);
	note_spent(core, plan_account(core, now));
	core->deadline = 0; /* it fires until it is set anew */
	if (core->plan.wake_time != 0 && now >= core->plan.wake_time) {
		core->plan.wake_time = 0;
		core->due |= 1u << CORE_PLAN_EVENT_WAKE_TIME;
		core->reschedule = true;
	}
	struct context *late = core->current;
	/* It may have ended its turn already: the timer comes again while the core is among its interrupts. */
	bool over = late != NULL && late->state == CONTEXT_READY && late->kind == CONTEXT_THREAD &&
		    overrun(thread_of(late), away);
	core->guard += core->guard != UINT64_MAX ? away : 0;
	if (now >= core->guard) {
		core->guard = UINT64_MAX;
		late = plan_scheduler(core);
		over = late != NULL && !context_calls(late);
	}
	if (over) {
		arch_unload(core); /* whoever repairs it may write to its frame */
		notification_forget(late);
		thread_raise(core, thread_of(late), THREAD_FAULT_REASON_BUDGET, 0, 0, 0);
	}
	plan_arm(core, now);
}

void plan_settled(struct core *core)
{
	core->settling = false;
	core->reschedule = true;
	refill(&core->plan);
}

void plan_commit(struct core *core, struct plan_slot *slots, uint32_t count, uint64_t wake_time)
{
	struct plan *plan = &core->plan;
	(void)plan_account(core, arch_ticks());
	for (struct plan_slot *slot = slots; slot < slots + count; slot++) {
		const struct plan_slot *old = slot->task->slot >= 0 ? &plan->slots[slot->task->slot] : slot;
		if (old->budget_ticks == slot->budget_ticks && old->left_ticks != 0) {
			slot->left_ticks = old->left_ticks;
		}
	}
	for (uint32_t i = 0; i < plan->count; i++) {
		plan->slots[i].task->slot = -1;
	}
	for (uint32_t i = 0; i < count; i++) {
		slot_put(plan, i, &slots[i]);
		if (slots[i].task->kind == CONTEXT_VCPU) {
			arch_vcpu_trap_halt(vcpu_of(slots[i].task), !slots[i].halts_alone);
		}
	}
	plan->count = count;
	plan->wake_time = wake_time;
	core->ready = all_slots(core);
	core->reschedule = true;
}

void plan_forget(struct core *core, struct context *context)
{
	if (context->slot >= 0) {
		slot_remove(&core->plan, (uint32_t)context->slot);
		core->ready = all_slots(core);
	}
	core->owner = core->owner == context ? NULL : core->owner;
	core->current = core->current == context ? NULL : core->current;
	core->loaded = core->loaded == context ? NULL : core->loaded;
	core->reschedule = true;
}
