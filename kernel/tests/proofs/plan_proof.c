/*
 * The plan: the most urgent slot that has something to run is the one that runs; whatever becomes ready is never
 * overlooked; slots and tasks name each other, however the plan changes.
 */
#include <kernel/plan.c>
#include "proof.h"

/*
 * Tasks, of which one may wait for any later one: so chains of calls are up to four long. A call's depth is bounded by
 * the kernel; a chain that is longer is one link of these after another.
 */
#define TASKS 4u
#define SLOTS SK_PLAN_SLOTS
#define HERE 0u

struct core cores[SK_MAX_CORES];
uint32_t core_count = 2;
struct object *object_table;
uint32_t object_count;
_Thread_local struct core *mock_this;

static struct context task_0, task_1, task_2, task_3;
static struct endpoint endpoint, elsewhere; /* the last task's, and one without a receiver here */
static struct context *queue_head;          /* what a task that waits for nobody has for a queue */
static struct core *const core = &cores[HERE];

static struct context *task_at(uint32_t index)
{
	return index == 0 ? &task_0 : index == 1u ? &task_1 : index == 2u ? &task_2 : &task_3;
}

uint64_t arch_ticks(void)
{
	return core->slot_started + nondet_u32();
}

uint64_t arch_ticks_to_ns(uint64_t ticks)
{
	return ticks;
}

void arch_timer_set(uint64_t ticks)
{
	proof_that(ticks == core->deadline, "the core knows what its timer is set to");
}

void arch_vcpu_trap_halt(struct vcpu *vcpu, bool trap)
{
	(void)vcpu;
	(void)trap;
}

/* The task's state, and the links that go with it (invariants.c); servers come after their callers. */
static void task_make(uint32_t index)
{
	struct context *task = task_at(index);
	task->kind = CONTEXT_THREAD;
	task->core = nondet_bool() ? HERE : 1u;
	task->state = (uint8_t)any_below(CONTEXT_BLOCKED + 1u);
	task->root = task;
	task->slot = -1;
	task->queue = index + 1u == TASKS ? &endpoint.queue[HERE] : &queue_head;
	if (task->state == CONTEXT_IN_SERVICE) {
		uint32_t server = any_below(TASKS);
		proof_assume(server > index && task_at(server)->caller == NULL);
		task->server = task_at(server);
		task_at(server)->caller = task;
	} else if (task->state == CONTEXT_QUEUED) {
		task->at = index + 1u < TASKS && nondet_bool() ? &endpoint : &elsewhere;
		task->at_core = nondet_bool() ? HERE : 1u;
		if (task->at_core == HERE && task->at == &endpoint) {
			endpoint.queue[HERE] = task; /* or another: who is first is not asked */
		}
	}
}

static void plan_make(void)
{
	mock_this = core;
	core->index = HERE;
	for (uint32_t i = 0; i < TASKS; i++) {
		task_make(i);
	}
	proof_assume(task_at(TASKS - 1u)->state != CONTEXT_IN_SERVICE);
	endpoint.receiver[HERE] = nondet_bool() ? task_at(TASKS - 1u) : NULL;
	proof_assume(endpoint.receiver[HERE] == NULL || task_at(TASKS - 1u)->core == HERE);
	core->plan.count = any_below(SLOTS + 1u);
	for (uint32_t i = 0; i < SLOTS; i++) {
		struct plan_slot *slot = &core->plan.slots[i];
		uint32_t task = any_below(TASKS);
		slot->budget_ticks = nondet_u32();
		slot->left_ticks = nondet_u32();
		slot->used_ticks = nondet_u32();
		proof_assume(slot->left_ticks <= slot->budget_ticks);
		slot->task = task_at(task);
		if (i < core->plan.count) {
			proof_assume(task_at(task)->slot == -1 && task_at(task)->core == HERE);
			task_at(task)->slot = (int8_t)i;
		}
	}
}

/* Slots and tasks name each other. */
static bool plan_is_sound(void)
{
	bool sound = core->plan.count <= SLOTS;
	for (uint32_t i = 0; i < SLOTS; i++) {
		sound = sound && (i >= core->plan.count || core->plan.slots[i].task->slot == (int8_t)i);
	}
	for (uint32_t i = 0; i < TASKS; i++) {
		int8_t slot = task_at(i)->slot;
		sound = sound && (slot == -1 || ((uint32_t)slot < core->plan.count &&
						 core->plan.slots[slot].task == task_at(i)));
	}
	return sound;
}

/* Whoever works for the task on this core in the end, said once more: from the last one back. */
static struct context *worker_of(const struct context *task)
{
	struct context *worker[TASKS];
	struct context *found = NULL;
	for (uint32_t i = TASKS; i-- > 0;) {
		struct context *t = task_at(i);
		worker[i] = t->state == CONTEXT_READY ? t : NULL;
		for (uint32_t j = i + 1u; j < TASKS; j++) {
			bool serves = t->state == CONTEXT_IN_SERVICE && t->server == task_at(j) && task_at(j)->core == HERE;
			bool would = t->state == CONTEXT_QUEUED && t->at_core == HERE && t->at == &endpoint &&
				     endpoint.receiver[HERE] == task_at(j);
			worker[i] = serves || would ? worker[j] : worker[i];
		}
		found = t == task ? worker[i] : found;
	}
	return found;
}

/* Does the bitmap have every slot that has something to run? */
static bool none_overlooked(void)
{
	bool all = true;
	for (uint32_t i = 0; i < SLOTS; i++) {
		bool runs = i < core->plan.count && worker_of(core->plan.slots[i].task) != NULL;
		all = all && (!runs || (core->ready >> i & 1u) != 0);
	}
	return all && (core->ready & ~all_slots(core)) == 0;
}

void proof_choose(void)
{
	plan_make();
	core->ready = nondet_u64();
	proof_assume(none_overlooked());
	struct context *chosen = choose(core, nondet_u64());
	struct context *expected = NULL;
	const struct context *owner = NULL;
	for (uint32_t i = SLOTS; i-- > 0;) {
		struct context *worker = i < core->plan.count ? worker_of(core->plan.slots[i].task) : NULL;
		expected = worker != NULL ? worker : expected;
		owner = worker != NULL ? core->plan.slots[i].task : owner;
	}
	proof_that(chosen == expected, "who works for the most urgent slot that has something to run");
	proof_that(core->owner == owner && !core->deciding, "on that slot's turn");
	proof_that(none_overlooked() && plan_is_sound(), "nobody is overlooked after it");
	proof_witness(chosen == task_at(3) && owner == task_at(0), "a server helps along on its client's turn");
	proof_witness(chosen == NULL && core->plan.count == SLOTS, "there is nothing to run");
	proof_witness(chosen != NULL && owner != NULL && owner->slot == 2, "the last slot's turn");
}

/* Whatever becomes ready, and whoever waits for it, is tried: the bitmap never says no too often. */
void proof_wake(void)
{
	plan_make();
	struct context *woken = task_at(any_below(TASKS));
	core->ready = nondet_u64();
	core->owner = nondet_bool() && core->plan.count != 0 ? core->plan.slots[0].task : NULL;
	proof_assume(woken->core == HERE && woken->state != CONTEXT_READY && none_overlooked());
	proof_assume(woken->state <= CONTEXT_WAITING || woken->state == CONTEXT_BLOCKED);
	woken->state = CONTEXT_READY;
	plan_wake(core, woken);
	proof_that(none_overlooked(), "nobody who could run is overlooked");
	proof_that(woken->slot < 0 || core->owner != NULL || core->reschedule, "an idle core looks");
	proof_witness(woken == task_at(3) && task_at(0)->server == woken && task_at(0)->slot == 0 && woken->slot == 1,
		      "a server, and the client before it");
	proof_witness(task_at(0)->state == CONTEXT_QUEUED && task_at(0)->slot == 0 && woken == task_at(3) &&
		      (core->ready & 1u) != 0, "one who queues");
}

/* A task leaves the plan: those behind it move up, in their order. */
void proof_forget(void)
{
	plan_make();
	struct context *task = task_at(any_below(TASKS));
	core->owner = nondet_bool() ? task : task_at(0);
	core->current = nondet_bool() ? task : task_at(1);
	core->loaded = nondet_bool() ? task : NULL;
	core->ready = nondet_u64();
	proof_assume(none_overlooked());
	struct plan before = core->plan;
	int8_t slot = task->slot;
	plan_forget(core, task);
	proof_that(plan_is_sound() && none_overlooked(), "the plan is sound, and nobody is overlooked");
	proof_that(task->slot == -1 && core->owner != task && core->current != task && core->loaded != task,
		   "nothing names it");
	proof_that(core->plan.count == before.count - (slot >= 0 ? 1u : 0u), "one slot less");
	for (uint32_t i = 0; i < core->plan.count; i++) {
		uint32_t from = slot >= 0 && i >= (uint32_t)slot ? i + 1u : i;
		proof_that(core->plan.slots[i].task == before.slots[from].task &&
			   core->plan.slots[i].left_ticks == before.slots[from].left_ticks, "the rest keep their order");
	}
	proof_witness(slot == 0 && before.count == SLOTS, "the first of three");
	proof_witness(slot == -1, "one that is in no slot");
}

/* A new plan: its tasks know their slots, those of the old one that are not in it know none. */
void proof_commit(void)
{
	static struct plan_slot slots[SLOTS];
	plan_make();
	uint32_t count = any_below(SLOTS + 1u);
	for (uint32_t i = 0; i < SLOTS; i++) {
		uint32_t task = any_below(TASKS);
		slots[i].task = task_at(task);
		slots[i].budget_ticks = nondet_u32();
		slots[i].left_ticks = slots[i].budget_ticks;
		/* core.commit_plan has checked that each is of this core, and named once. */
		proof_assume(slots[i].task->core == HERE);
		for (uint32_t j = 0; j < i; j++) {
			proof_assume(slots[j].task != slots[i].task);
		}
	}
	struct plan_slot given[SLOTS];
	for (uint32_t i = 0; i < SLOTS; i++) {
		given[i] = slots[i];
	}
	plan_commit(core, slots, count, nondet_u64());
	proof_that(plan_is_sound() && none_overlooked(), "the plan is sound, and nobody is overlooked");
	proof_that(core->plan.count == count && core->reschedule, "it is in force");
	for (uint32_t i = 0; i < count; i++) {
		const struct plan_slot *slot = &core->plan.slots[i];
		proof_that(slot->task == given[i].task && slot->budget_ticks == given[i].budget_ticks, "as it was given");
		proof_that(slot->left_ticks <= slot->budget_ticks, "nobody has more left than its budget");
	}
	proof_witness(count == SLOTS, "three slots");
}
