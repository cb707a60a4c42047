/*
 * The scheduler: one worker on each core, which makes that core's plan, keeps the timers set on
 * it, and answers its guests' WFI. Workers share nothing but the tables, and each touches its own
 * core's words there. The scheduler calls no server, so nobody can hold it up; when it dies the
 * kernel runs the last plan on, and the tables tell the next instance everything that must not be lost.
 */
#include <sk/idl/sched_server.h>
#include <sk/process.h>
#include <sk/server.h>

#define VM_EXIT_SERVE_SOME
#define VM_EXIT_SERVES_HALT
#define PLAN_SERVE_SOME
#define PLAN_SERVES_DUE
#include <sk/idl/vm_exit_server.h>

#include "contract.h"
#include "timers.h"
#include "worker.h"

static struct worker workers[SK_MAX_CORES]; /* by thread */
static uint32_t task_halts[SCHED_TASKS];    /* each counted by its core's worker */

static struct worker *worker_here(void)
{
	return &workers[sk_thread_index()];
}

sk_status_t vm_exit_serve_halt(const struct sk_caller *caller, uint64_t deadline_ns, bool wfe,
			       sk_exit_action_t *action, uint64_t *line)
{
	struct worker *worker = worker_here();
	uint32_t task = SK_BADGE_CLIENT(caller->badge);

	*line = 0;
	*action = wfe ? 0 : SK_EXIT_ACTION_BLOCK;
	if (task >= SCHED_TASKS) {
		return SK_OK;
	}
	worker->halts++;
	task_halts[task]++;
	if (wfe) {
		worker_yield(worker, task);
	} else {
		if (!worker_timer_in_hardware(worker)) {
			worker_halted(worker, task, deadline_ns);
		}
		if (worker_counts_sleep(worker)) {
			worker_slept(worker, task, sk_now_ns());
		}
	}
	return SK_OK;
}

sk_status_t plan_serve_due(const struct sk_caller *caller, uint32_t core, uint32_t event, uint32_t slot,
			   uint64_t now_ns)
{
	(void)caller;
	(void)core; /* the kernel calls the core's own worker */
	switch (event) {
	case CORE_PLAN_EVENT_BUDGET_SPENT:
		worker_budget_spent(worker_here(), slot, now_ns);
		break;
	case CORE_PLAN_EVENT_WAKE_TIME:
		worker_wake(worker_here(), now_ns);
		break;
	default:
		worker_tasks_changed(worker_here());
		break;
	}
	return SK_OK;
}

sk_status_t timers_serve_set(const struct sk_caller *caller, uint64_t deadline_ns)
{
	uint32_t client = SK_BADGE_CLIENT(caller->badge);

	if (client >= SCHED_CLIENTS) {
		return TIMERS_ERROR_NO_CLIENT;
	}
	worker_set_timer(worker_here(), client, deadline_ns);
	return SK_OK;
}

sk_status_t timers_serve_get(const struct sk_caller *caller, uint64_t *deadline_ns)
{
	uint32_t client = SK_BADGE_CLIENT(caller->badge);

	if (client >= SCHED_CLIENTS) {
		return TIMERS_ERROR_NO_CLIENT;
	}
	*deadline_ns = timers_look(tables.timers, worker_here()->policy.core, client);
	return SK_OK;
}

static const struct worker *worker_of_core(uint32_t core)
{
	for (uint32_t i = 0; i < sk_start()->threads; i++) {
		if (sk_start()->thread_core[i] == core) {
			return &workers[i];
		}
	}
	return NULL;
}

/* Another worker's counters may move while they are read: each is right by itself. */
sk_status_t sched_control_serve_core_counts(const struct sk_caller *caller, uint32_t core, uint64_t *plans,
					    uint64_t *turns, uint64_t *halts, uint64_t *timers_set,
					    uint64_t *timers_fired, uint64_t *instance)
{
	const struct worker *worker = worker_of_core(core);

	(void)caller;
	if (worker == NULL) {
		return SCHED_CONTROL_ERROR_NO_SUCH_CORE;
	}
	*plans = worker->plans;
	*turns = worker->policy.turns;
	*halts = worker->halts;
	*timers_set = worker->timers_set;
	*timers_fired = worker->timers_fired;
	*instance = sk_start()->instance;
	return SK_OK;
}

sk_status_t sched_control_serve_task_counts(const struct sk_caller *caller, uint32_t task, uint32_t *place,
					    uint64_t *halts, uint64_t *halted_until_ns)
{
	(void)caller;
	if (task >= SCHED_TASKS || tables.tasks->tasks[task].kind == SK_TASK_KIND_NONE) {
		return SCHED_CONTROL_ERROR_NO_SUCH_TASK;
	}

	const struct worker *worker = worker_of_core(tables.tasks->tasks[task].core);

	if (worker == NULL) {
		return SCHED_CONTROL_ERROR_NO_SUCH_TASK;
	}
	*place = policy_place(&worker->policy, task);
	*halts = task_halts[task];
	*halted_until_ns = tables.timers->halted_until_ns[task];
	return SK_OK;
}

static bool dispatch(const struct sk_caller *caller, struct sk_msg *msg)
{
	switch (SK_BADGE_IFACE(caller->badge)) {
	case VM_EXIT_INTERFACE:
		return vm_exit_dispatch(caller, msg);
	case PLAN_INTERFACE:
		return plan_dispatch(caller, msg);
	case TIMERS_INTERFACE:
		return timers_dispatch(caller, msg);
	case SCHED_CONTROL_INTERFACE:
		return sched_control_dispatch(caller, msg);
	default:
		return sk_server_other(caller, msg);
	}
}

static void signalled(uint64_t bits)
{
	if ((bits & SCHED_CONTROL_EVENT_TASKS_CHANGED) != 0) {
		worker_tasks_changed(worker_here());
	}
	if ((bits & SCHED_CONTROL_EVENT_DEADLINE_CHANGED) != 0) {
		worker_deadline_changed(worker_here());
	}
}

/* Nobody else knows: the supervisor looks for a caller that waits for it. */
static void refused(void)
{
	(void)sk_signal(SCHED_CLIENT_SLOT + SCHED_CLIENT_SUPERVISOR, SCHED_SIGNAL_REFUSED);
}

/* Not SK_SERVER's: a worker first makes its core's plan. The first worker keeps the supervisor's timer. */
_Noreturn void sk_server_serve(void)
{
	unsigned thread = sk_thread_index();

	worker_begin(&workers[thread], sk_start()->thread_core[thread], thread == 0, sk_now_ns());
	sk_server_loop_telling(dispatch, signalled, refused);
}

int main(void)
{
	const struct sk_start_region *tasks = sk_region_named("tasks");
	const struct sk_start_region *timers = sk_region_named("timers");

	if (tasks == NULL || tasks->bytes < sizeof(struct sk_task_table) || timers == NULL ||
	    timers->bytes < sizeof(struct sk_timer_table)) {
		sk_exit(1, "no task table");
	}
	tables.tasks = (const struct sk_task_table *)(uintptr_t)tasks->address;
	tables.timers = (struct sk_timer_table *)(uintptr_t)timers->address;
	sk_server_run();
}
