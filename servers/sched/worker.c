#include "worker.h"

#include <sk/idl/kernel_client.h>
#include <sk/process.h>

#include "edf.h"
#include "timers.h"

struct tables tables;

static uint64_t next_halted(const struct worker *worker)
{
	uint64_t next = 0;

	if (worker_timer_in_hardware(worker)) {
		return 0;
	}
	for (uint32_t i = 0; i < worker->policy.count; i++) {
		next = timers_earlier(next, tables.timers->halted_until_ns[worker->policy.order[i]]);
	}
	return next;
}

static uint64_t next_wake(const struct worker *worker)
{
	uint64_t next = timers_next(tables.timers, worker->policy.core, worker->policy.clients);

	next = timers_earlier(next, next_halted(worker));
	next = timers_earlier(next, policy_next_wake(&worker->policy, tables.tasks));
	return timers_earlier(next, worker->supervisor_at_ns);
}

/* Tells the kernel of a time that is earlier than what it knows. A later one waits until it wakes us. */
static void wake_by(struct worker *worker, uint64_t at_ns)
{
	if (at_ns != 0 && (worker->wake_ns == 0 || at_ns < worker->wake_ns)) {
		worker->wake_ns = at_ns;
		if (core_set_wake_time(worker->core, at_ns) != SK_OK) {
			sk_exit(1, "no wake time is taken");
		}
	}
}

/* Is there a task's object, on this core? `*asleep`: it waits for something that no turn of its own brings about. */
static bool task_there(const struct worker *worker, uint32_t task, bool *asleep)
{
	sk_cap_t slot = SCHED_TASK_SLOT + task;
	enum thread_state thread_state;
	enum vcpu_state vcpu_state;
	uint32_t core;
	uint64_t words[4];
	sk_status_t status;

	if (tables.tasks->tasks[task].kind == SK_TASK_KIND_THREAD) {
		status = thread_info(slot, &thread_state, &core, &words[0], &words[1], &words[2], &words[3]);
		*asleep = status == SK_OK && thread_state != THREAD_STATE_READY && thread_state != THREAD_STATE_CALLING;
	} else {
		status = vcpu_info(slot, &vcpu_state, &core, &words[0], &words[1], &words[2]);
		*asleep = status == SK_OK && vcpu_state != VCPU_STATE_RUNNING;
	}
	return status == SK_OK && core == worker->policy.core;
}

/* A task whose object is gone would spoil the whole plan. False: none of the plan's is. */
POLICY_RARE static bool find_lost(struct worker *worker)
{
	bool found = false;

	for (uint32_t i = 0; i < worker->policy.count; i++) {
		uint32_t task = worker->policy.order[i];
		bool asleep;

		policy_tasks[task].lost = !task_there(worker, task, &asleep);
		found |= policy_tasks[task].lost;
	}
	return found;
}

static sk_status_t try_commit(struct worker *worker)
{
	struct core_plan_slot slots[SK_PLAN_SLOTS];

	policy_order(&worker->policy, tables.tasks);
	worker->wake_ns = next_wake(worker);

	uint32_t count = policy_plan(&worker->policy, tables.tasks, slots);

	return core_commit_plan(worker->core, count, worker->wake_ns, slots);
}

/* Objects may go at any time. Where all are there, and there is no plan even so, what is wrong is here. */
static void commit(struct worker *worker)
{
	worker->plans++;
	while (try_commit(worker) != SK_OK) {
		if (!find_lost(worker)) {
			sk_exit(1, "no plan is taken");
		}
	}
}

void worker_begin(struct worker *worker, uint32_t core, bool wakes_supervisor, uint64_t now_ns)
{
	worker->policy.core = core;
	worker->core = SCHED_CORE_SLOT + core;
	worker->wakes_supervisor = wakes_supervisor;
	worker->policy.bandwidth = tables.timers->bandwidth;
	policy_begin(&worker->policy, tables.tasks, now_ns);
	if (wakes_supervisor) {
		worker->supervisor_at_ns = __atomic_load_n(&tables.tasks->deadline_ns, __ATOMIC_ACQUIRE);
	}
	commit(worker);
}

void worker_tasks_changed(struct worker *worker)
{
	for (uint32_t i = 0; i < SCHED_TASKS; i++) {
		if (tables.tasks->tasks[i].core == worker->policy.core) {
			policy_tasks[i].lost = false;
		}
	}
	commit(worker);
}

void worker_deadline_changed(struct worker *worker)
{
	if (worker->wakes_supervisor) {
		worker->supervisor_at_ns = __atomic_load_n(&tables.tasks->deadline_ns, __ATOMIC_ACQUIRE);
		wake_by(worker, worker->supervisor_at_ns);
	}
}

void worker_budget_spent(struct worker *worker, uint32_t slot, uint64_t now_ns)
{
	policy_spent(&worker->policy, tables.tasks, slot, now_ns);
	commit(worker);
}

/* Nothing is wrong with a client's notification: if that does not help there is no such client. */
static void ring(struct worker *worker, uint32_t client)
{
	worker->timers_fired++;
	if (sk_signal(SCHED_CLIENT_SLOT + client, SK_SIGNAL_TIMER) != SK_OK) {
		(void)sk_signal(SCHED_CLIENT_SLOT + client, SK_SIGNAL_TIMER);
	}
}

/*
 * Once it runs it has its timer in the hardware again, which then fires. A kick, not a run: one that has been
 * switched off since stays off.
 */
static void wake_halted(struct worker *worker, uint64_t now_ns)
{
	for (uint32_t i = 0; i < worker->policy.count; i++) {
		uint32_t task = worker->policy.order[i];
		uint64_t at = tables.timers->halted_until_ns[task];

		if (at != 0 && at <= now_ns) {
			tables.timers->halted_until_ns[task] = 0;
			(void)vcpu_kick(SCHED_TASK_SLOT + task);
		}
	}
}

static void ring_expired(struct worker *worker, uint64_t now_ns)
{
	uint32_t client;

	do {
		client = timers_expired(tables.timers, worker->policy.core, worker->policy.clients, now_ns);
		if (client != TIMERS_NONE) {
			ring(worker, client);
		}
	} while (client != TIMERS_NONE);
}

/* edf: the task has fallen asleep. What it has left counts what ran on its turn up to now. True: the plan changes. */
POLICY_RARE static bool slept(struct worker *worker, uint32_t task, uint64_t now_ns)
{
	uint32_t place = policy_place(&worker->policy, task);
	uint64_t used_ns;
	uint64_t left_ns = UINT64_MAX; /* all of it: whoever is not in the plan has spent nothing of a new budget */

	if (place != SK_PLAN_SLOTS) {
		(void)core_slot_info(worker->core, place, &used_ns, &left_ns);
	}
	return edf_slept(&worker->policy, tables.tasks, task, left_ns, now_ns);
}

POLICY_RARE static bool wake_edf(struct worker *worker, uint64_t now_ns)
{
	bool changed = false;

	for (uint32_t task = edf_due(&worker->policy, now_ns); task != SCHED_TASKS;
	     task = edf_due(&worker->policy, now_ns)) {
		bool asleep;

		policy_tasks[task].wake_ns = 0;
		if (!task_there(worker, task, &asleep)) {
			edf_forget(&worker->policy, task); /* the table is about to say so */
			continue;
		}
		changed |= asleep ? slept(worker, task, now_ns)
				  : edf_go_on(&worker->policy, tables.tasks, task, now_ns);
	}
	return changed;
}

static bool wake_policy(struct worker *worker, uint64_t now_ns)
{
	return worker->policy.kind == SK_CORE_POLICY_EDF ? wake_edf(worker, now_ns)
							 : policy_wake(&worker->policy, tables.tasks, now_ns);
}

/* The policy first: whose time it is tells who is woken. */
void worker_wake(struct worker *worker, uint64_t now_ns)
{
	worker->wake_ns = 0; /* the kernel's is used up */

	bool changed = wake_policy(worker, now_ns);

	if (changed) {
		policy_order(&worker->policy, tables.tasks);
	}
	ring_expired(worker, now_ns);
	wake_halted(worker, now_ns);
	if (worker->supervisor_at_ns != 0 && worker->supervisor_at_ns <= now_ns) {
		worker->supervisor_at_ns = 0;
		ring(worker, SCHED_CLIENT_SUPERVISOR);
	}
	if (changed) {
		commit(worker);
	} else {
		wake_by(worker, next_wake(worker));
	}
}

void worker_halted(struct worker *worker, uint32_t task, uint64_t deadline_ns)
{
	uint64_t at_ns = deadline_ns == UINT64_MAX ? 0 : deadline_ns;

	__atomic_store_n(&tables.timers->halted_until_ns[task], at_ns, __ATOMIC_RELAXED);
	wake_by(worker, at_ns);
}

void worker_slept(struct worker *worker, uint32_t task, uint64_t now_ns)
{
	if (slept(worker, task, now_ns)) {
		commit(worker);
	} else {
		wake_by(worker, policy_tasks[task].wake_ns);
	}
}

void worker_yield(struct worker *worker, uint32_t task)
{
	if (policy_yield(&worker->policy, tables.tasks, task)) {
		commit(worker);
	}
}

void worker_set_timer(struct worker *worker, uint32_t client, uint64_t deadline_ns)
{
	worker->timers_set++;
	timers_put(tables.timers, worker->policy.core, client, deadline_ns);
	wake_by(worker, deadline_ns);
}
