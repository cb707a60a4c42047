#include "worker.h"

#include <sk/idl/kernel_client.h>
#include <sk/process.h>

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
	uint64_t next = timers_next(tables.timers, worker->policy.core);

	next = timers_earlier(next, next_halted(worker));
	next = timers_earlier(next, policy_next_wake(&worker->policy));
	return timers_earlier(next, worker->supervisor_at_ns);
}

/* Tells the kernel of a time that is earlier than what it knows. A later one waits until it wakes us. */
static void wake_by(struct worker *worker, uint64_t at_ns)
{
	if (at_ns != 0 && (worker->wake_ns == 0 || at_ns < worker->wake_ns)) {
		worker->wake_ns = at_ns;
		(void)core_set_wake_time(worker->core, at_ns);
	}
}

/* A task whose object is gone would spoil the whole plan. */
static void find_lost(struct worker *worker)
{
	for (uint32_t i = 0; i < worker->policy.count; i++) {
		uint32_t task = worker->policy.order[i];
		sk_cap_t slot = SCHED_TASK_SLOT + task;
		enum thread_state thread_state;
		enum vcpu_state vcpu_state;
		uint32_t core;
		uint64_t words[4];
		sk_status_t status;

		if (tables.tasks->tasks[task].kind == SK_TASK_KIND_THREAD) {
			status = thread_info(slot, &thread_state, &core, &words[0], &words[1], &words[2], &words[3]);
		} else {
			status = vcpu_info(slot, &vcpu_state, &core, &words[0], &words[1], &words[2]);
		}
		policy_tasks[task].lost = status != SK_OK || core != worker->policy.core;
	}
}

static sk_status_t try_commit(struct worker *worker)
{
	struct core_plan_slot slots[SK_PLAN_SLOTS];

	policy_order(&worker->policy, tables.tasks);
	worker->wake_ns = next_wake(worker);

	uint32_t count = policy_plan(&worker->policy, tables.tasks, slots);

	return core_commit_plan(worker->core, count, worker->wake_ns, slots);
}

static void commit(struct worker *worker)
{
	worker->plans++;
	if (try_commit(worker) != SK_OK) {
		find_lost(worker);
		(void)try_commit(worker);
	}
}

void worker_begin(struct worker *worker, uint32_t core, bool wakes_supervisor)
{
	worker->policy.core = core;
	worker->core = SCHED_CORE_SLOT + core;
	worker->wakes_supervisor = wakes_supervisor;
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

static void ring(struct worker *worker, uint32_t client)
{
	worker->timers_fired++;
	(void)sk_signal(SCHED_CLIENT_SLOT + client, SK_SIGNAL_TIMER);
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

void worker_wake(struct worker *worker, uint64_t now_ns)
{
	uint32_t core = worker->policy.core;

	worker->wake_ns = 0; /* the kernel's is used up */
	for (uint32_t client = timers_expired(tables.timers, core, now_ns); client != TIMERS_NONE;
	     client = timers_expired(tables.timers, core, now_ns)) {
		ring(worker, client);
	}
	wake_halted(worker, now_ns);
	if (worker->supervisor_at_ns != 0 && worker->supervisor_at_ns <= now_ns) {
		worker->supervisor_at_ns = 0;
		ring(worker, SCHED_CLIENT_SUPERVISOR);
	}
	if (policy_wake(&worker->policy, now_ns)) {
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
