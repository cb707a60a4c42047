#include "edf.h"

#include "order.h"

#define PERIOD_MAX_NS 1000000000ull /* products of two of them are less than 2^64 */
#define RESTS 1u
#define FIRST 2u /* since it woke: the time in which that was noticed is not given twice */
#define DEADLINE_SHIFT 2u

enum rank { RANK_SYSTEM, RANK_WAKES, RANK_DEADLINE, RANK_BACKGROUND };

bool edf_is_server(const struct sk_task_table *table, uint32_t task)
{
	const struct sk_task *with = &table->tasks[task];

	return with->budget_ns > EDF_PROBE_NS && with->budget_ns <= with->period_ns && with->period_ns <= PERIOD_MAX_NS &&
	       !order_is_system(table, task);
}

static uint64_t deadline_of(const struct policy *policy, uint32_t task)
{
	return policy->bandwidth[task] >> DEADLINE_SHIFT;
}

static bool rests(const struct policy *policy, uint32_t task)
{
	return (policy->bandwidth[task] & RESTS) != 0;
}

static void set(struct policy *policy, uint32_t task, uint64_t deadline_ns, uint32_t flags)
{
	__atomic_store_n(&policy->bandwidth[task], deadline_ns << DEADLINE_SHIFT | flags, __ATOMIC_RELAXED);
}

static void look_at(const struct policy *policy, uint32_t task, uint64_t at_ns)
{
	policy_tasks[task].wake_core = (uint16_t)policy->core;
	policy_tasks[task].wake_ns = at_ns;
}

/* Of its slot. The kernel keeps what is left of it as long as it is the same. */
static uint64_t budget_of(const struct policy *policy, const struct sk_task_table *table, uint32_t task)
{
	uint64_t budget_ns = table->tasks[task].budget_ns;

	if (policy->bandwidth[task] == 0) {
		return EDF_PROBE_NS;
	}
	return (policy->bandwidth[task] & FIRST) != 0 ? budget_ns - EDF_PROBE_NS : budget_ns;
}

static enum rank rank_of(const struct policy *policy, const struct sk_task_table *table, uint32_t task)
{
	if (order_is_system(table, task)) {
		return RANK_SYSTEM;
	}
	if (!edf_is_server(table, task)) {
		return RANK_BACKGROUND;
	}
	return policy->bandwidth[task] == 0 ? RANK_WAKES : RANK_DEADLINE;
}

static bool before(const struct policy *policy, const struct sk_task_table *table, uint32_t a, uint32_t b)
{
	enum rank rank_a = rank_of(policy, table, a);
	enum rank rank_b = rank_of(policy, table, b);

	if (rank_a != rank_b) {
		return rank_a < rank_b;
	}
	if (rank_a == RANK_DEADLINE && deadline_of(policy, a) != deadline_of(policy, b)) {
		return deadline_of(policy, a) < deadline_of(policy, b);
	}
	return order_by_priority(policy, table, a, b);
}

void edf_order(struct policy *policy, const struct sk_task_table *table)
{
	for (uint32_t task = 0; task < policy->end; task++) {
		if (order_counts(policy, table, task) &&
		    !(edf_is_server(table, task) && rests(policy, task))) {
			order_insert(policy, table, task, before);
		}
	}
}

/* Every halt is to be seen, so none is the hardware's alone. */
uint32_t edf_plan(const struct policy *policy, const struct sk_task_table *table, struct core_plan_slot *slots)
{
	for (uint32_t i = 0; i < policy->count; i++) {
		uint32_t task = policy->order[i];

		slots[i] = (struct core_plan_slot){
			.task = SCHED_TASK_SLOT + task,
			.budget_ns = edf_is_server(table, task) ? budget_of(policy, table, task) : 0,
		};
	}
	return policy->count;
}

/* The kernel shows how a thread is, but not when that changes. */
static void compete(struct policy *policy, const struct sk_task_table *table, uint32_t task, uint64_t deadline_ns,
		    uint32_t flags)
{
	set(policy, task, deadline_ns, flags);
	look_at(policy, task, table->tasks[task].kind == SK_TASK_KIND_THREAD ? deadline_ns : 0);
}

void edf_forget(struct policy *policy, uint32_t task)
{
	set(policy, task, 0, 0);
	look_at(policy, task, 0);
}

/* The next period follows on the last one, unless it would be over already. */
static void renew(struct policy *policy, const struct sk_task_table *table, uint32_t task, uint64_t now_ns)
{
	uint64_t period_ns = table->tasks[task].period_ns;
	uint64_t deadline_ns = deadline_of(policy, task) + period_ns;

	compete(policy, table, task, deadline_ns > now_ns ? deadline_ns : now_ns + period_ns, 0);
}

void edf_begin(struct policy *policy, const struct sk_task_table *table, uint64_t now_ns)
{
	for (uint32_t task = 0; task < policy->end; task++) {
		if (!edf_is_server(table, task) || table->tasks[task].core != policy->core) {
			continue;
		}
		if (deadline_of(policy, task) > now_ns + table->tasks[task].period_ns) {
			edf_forget(policy, task);
		} else if (policy->bandwidth[task] != 0) {
			look_at(policy, task, rests(policy, task) ? deadline_of(policy, task) : now_ns);
		}
	}
}

void edf_spent(struct policy *policy, const struct sk_task_table *table, uint32_t task, uint64_t now_ns)
{
	if (!edf_is_server(table, task)) {
		return;
	}
	if (policy->bandwidth[task] == 0) {
		compete(policy, table, task, now_ns - EDF_PROBE_NS + table->tasks[task].period_ns, FIRST);
	} else if (deadline_of(policy, task) > now_ns) {
		set(policy, task, deadline_of(policy, task), RESTS);
		look_at(policy, task, deadline_of(policy, task));
	} else {
		renew(policy, table, task, now_ns);
	}
}

bool edf_slept(struct policy *policy, const struct sk_task_table *table, uint32_t task, uint64_t left_ns,
	       uint64_t now_ns)
{
	uint64_t budget_ns = table->tasks[task].budget_ns;
	uint64_t period_ns = table->tasks[task].period_ns;
	uint64_t deadline_ns = deadline_of(policy, task);

	if (!edf_is_server(table, task) || policy->bandwidth[task] == 0) {
		return false;
	}
	if (rests(policy, task) && deadline_ns > now_ns) {
		return false; /* looked at when that is over */
	}
	left_ns = left_ns < budget_ns ? left_ns : budget_ns;
	/* As long as this its share of the time is worth what it has left. */
	uint64_t worth_ns = (left_ns * period_ns + budget_ns - 1) / budget_ns;

	if (rests(policy, task) || deadline_ns < now_ns + worth_ns) {
		edf_forget(policy, task);
		return true;
	}
	/* It is too much as soon as less time than that is left. */
	look_at(policy, task, deadline_ns - worth_ns + 1);
	return false;
}

uint32_t edf_due(const struct policy *policy, uint64_t now_ns)
{
	for (uint32_t task = 0; task < policy->end; task++) {
		if (policy_waits_here(policy, task) && policy_tasks[task].wake_ns <= now_ns) {
			return task;
		}
	}
	return SCHED_TASKS;
}

bool edf_go_on(struct policy *policy, const struct sk_task_table *table, uint32_t task, uint64_t now_ns)
{
	if (!edf_is_server(table, task)) {
		look_at(policy, task, 0);
		return false;
	}
	if (rests(policy, task)) {
		renew(policy, table, task, now_ns);
		return true;
	}

	uint64_t deadline_ns = deadline_of(policy, task);
	uint64_t next_ns = deadline_ns > now_ns ? deadline_ns : now_ns + table->tasks[task].period_ns;

	look_at(policy, task, table->tasks[task].kind == SK_TASK_KIND_THREAD ? next_ns : 0);
	return false;
}
