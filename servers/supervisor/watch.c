#include "watch.h"

#include <sk/idl/kernel_client.h>
#include <sk/idl/sched.h>
#include <sk/process.h>

#include "../sched/contract.h"
#include "tasks.h"

#define SUPERVISORS_CORE 0u
#define LATE_PERIODS 2u
#define EARLY_RINGS 16u
#define STUCK_LOOKS 2u

static uint64_t guard_ns;	  /* what the kernel was told; 0: nothing */
static uint64_t asked_ns;	  /* of the last question; 0: none yet */
static uint32_t early_rings;	  /* in a row */
static bool refused;		  /* a reply, and somebody may wait for it */

/* How a server's first worker was when somebody's reply had been refused, and how often it was so since. */
static struct sight {
	uint64_t time_ns;
	uint64_t served;
	uint32_t looks;
} sights[MANIFEST_SERVERS];

static bool short_of[SK_MAX_CORES]; /* the core's plan lacked somebody when it was looked at last */

void watch_set(const struct server *server, uint64_t period_ns)
{
	if (server->index != system_state.sched || (period_ns == 0 && guard_ns == 0)) {
		return;
	}
	guard_ns = period_ns != 0 ? sk_now_ns() + LATE_PERIODS * period_ns : 0;
	(void)core_set_guard(system_state.cores[SUPERVISORS_CORE], guard_ns);
	if (period_ns == 0) {
		for (uint32_t core = 0; core < SK_MAX_CORES; core++) {
			short_of[core] = false; /* of the next instance's nothing is known */
		}
	}
}

bool watch_over(void)
{
	return guard_ns != 0 && sk_now_ns() >= guard_ns;
}

/* Where there are windows a timer waits for its own. */
static bool has_late_timer(uint32_t core, uint64_t period_ns)
{
	uint64_t late_ns = LATE_PERIODS * period_ns;
	uint64_t now_ns = sk_now_ns();
	uint64_t before_ns = now_ns > late_ns ? now_ns - late_ns : 0;

	if (tasks_table()->cores[core].policy == SK_CORE_POLICY_TIME_PARTITION) {
		return false;
	}
	for (uint32_t i = 0; i < system_state.manifest.server_count; i++) {
		uint64_t at_ns = __atomic_load_n(&tasks_timers()->deadline_ns[core * SCHED_CLIENTS + i], __ATOMIC_RELAXED);

		if (at_ns != 0 && at_ns < before_ns && system_state.servers[i].unusable == NULL) {
			return true;
		}
	}
	return false;
}

/* How many slots its plan has whatever happens; 0: that depends on budgets and windows. */
static uint32_t slots_due(uint32_t core)
{
	const struct sk_task_table *table = tasks_table();
	uint32_t kind = table->cores[core].policy;
	uint32_t count = 0;

	if (kind != SK_CORE_POLICY_FIXED_PRIORITY && kind != SK_CORE_POLICY_ROUND_ROBIN) {
		return 0;
	}
	for (uint32_t i = 0; i < table->task_end; i++) {
		const struct sk_task *task = &table->tasks[i];
		bool here = task->kind != SK_TASK_KIND_NONE && task->core == core;

		if (here && task->budget_ns != 0) {
			return 0;
		}
		count += here ? 1u : 0u;
	}
	return count < SK_PLAN_SLOTS ? count : SK_PLAN_SLOTS;
}

/* A plan is short for a moment when a task is new: it is not for two looks. */
static bool lacks_task(uint32_t core)
{
	uint32_t due = slots_due(core);
	uint64_t used_ns;
	uint64_t left_ns;
	bool was_short = short_of[core];

	short_of[core] = due != 0 && core_slot_info(system_state.cores[core], due - 1, &used_ns, &left_ns) != SK_OK;
	return short_of[core] && was_short;
}

static bool is_stuck(const struct server *server, struct sight *sight)
{
	struct sight now = { 0 };
	enum thread_state state;
	uint32_t core;
	uint64_t badge;
	uint64_t tag;
	bool calls = server->unusable == NULL && server->state == SK_SERVER_STATE_RUNNING &&
		     thread_info(server->workers[0].thread, &state, &core, &badge, &tag, &now.served, &now.time_ns) == SK_OK &&
		     state == THREAD_STATE_CALLING;

	now.looks = !calls ? 0 : now.time_ns == sight->time_ns && now.served == sight->served ? sight->looks + 1 : 1;
	*sight = now;
	return now.looks > STUCK_LOOKS;
}

void watch_refused(void)
{
	refused = true;
}

/* After a refused reply all are looked at until nobody can be whose it was. */
static bool has_stuck_caller(void)
{
	bool stuck = false;
	bool calls = false;

	for (uint32_t i = 0; refused && i < system_state.manifest.server_count; i++) {
		stuck |= is_stuck(&system_state.servers[i], &sights[i]);
		calls |= sights[i].looks != 0;
	}
	refused = refused && calls && !stuck;
	return stuck;
}

void watch_ask(struct errand *errand, uint64_t period_ns)
{
	asked_ns = sk_now_ns() + period_ns;
	errand->tag = TIMERS_TAG_SET | SK_TAG_IDEMPOTENT;
	errand->word = asked_ns;
}

bool watch_answered(void)
{
	uint64_t at_ns = __atomic_load_n(
		&tasks_timers()->deadline_ns[SUPERVISORS_CORE * SCHED_CLIENTS + SCHED_CLIENT_PROBE], __ATOMIC_RELAXED);

	return at_ns == asked_ns || (at_ns == 0 && sk_now_ns() >= asked_ns);
}

bool watch_rung(void)
{
	const struct sk_task_table *table = tasks_table();
	bool early = table != NULL && table->deadline_ns != 0 && sk_now_ns() < table->deadline_ns;

	early_rings = early ? early_rings + 1 : 0;
	if (early_rings < EARLY_RINGS) {
		return true;
	}
	early_rings = 0;
	return false;
}

bool watch_starved(uint64_t period_ns)
{
	bool starved = false;

	if (tasks_table() == NULL) {
		return false;
	}
	for (uint32_t core = 0; core < system_state.core_count; core++) {
		starved |= lacks_task(core);
		starved |= has_late_timer(core, period_ns);
	}
	starved |= has_stuck_caller();
	return starved;
}
