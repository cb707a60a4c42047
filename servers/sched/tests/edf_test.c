/*
 * Deadlines in simulated time: a kernel of one core that follows plans as the real one does, tasks that have jobs, and
 * the policy between them. To the nanosecond, without the time that decisions take.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../edf.h"

#define US 1000ull
#define MS 1000000ull
#define TASKS 8u
#define NEVER UINT64_MAX

static struct sk_task_table table;
static struct sk_timer_table kept;
static struct policy policy;
static uint32_t seed;

/* What a task does: `work_ns` from each release on, the next one `every_ns` later or, if wild, when it likes. */
static struct job {
	uint64_t release_ns, every_ns, work_ns;
	uint64_t left_ns;     /* of the current job; 0: it sleeps */
	uint64_t deadline_ns; /* of the current job */
	uint64_t ran_ns, latest_ns;
	bool wild;
} jobs[TASKS];

static struct {
	uint64_t now_ns;
	uint32_t count;
	struct core_plan_slot slots[SK_PLAN_SLOTS];
	uint64_t left_ns[SK_PLAN_SLOTS];
} kernel;

static uint32_t below(uint32_t end)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % end;
}

static int reset(void **state)
{
	(void)state;
	memset(&table, 0, sizeof(table));
	memset(&kept, 0, sizeof(kept));
	memset(&policy, 0, sizeof(policy));
	memset(policy_tasks, 0, sizeof(policy_tasks));
	memset(jobs, 0, sizeof(jobs));
	memset(&kernel, 0, sizeof(kernel));
	table.cores[0].policy = SK_CORE_POLICY_EDF;
	policy.bandwidth = kept.bandwidth;
	kernel.now_ns = 100 * MS;
	seed = 1;
	return 0;
}

static uint32_t add(uint64_t budget_ns, uint64_t period_ns, uint64_t work_ns, uint64_t every_ns)
{
	uint32_t id = table.task_end++;

	table.tasks[id] = (struct sk_task){ .kind = SK_TASK_KIND_VCPU, .priority = 64, .budget_ns = budget_ns,
					    .period_ns = period_ns };
	jobs[id] = (struct job){ .release_ns = kernel.now_ns, .every_ns = every_ns, .work_ns = work_ns };
	return id;
}

static uint32_t place_of(const struct core_plan_slot *slots, uint32_t count, uint32_t task)
{
	uint32_t i = 0;

	while (i < count && slots[i].task != task) {
		i++;
	}
	return i;
}

/* As the kernel: with the same budget a task keeps what it has left, unless that is nothing. */
static void commit(void)
{
	struct core_plan_slot slots[SK_PLAN_SLOTS];
	uint64_t left_ns[SK_PLAN_SLOTS];

	policy_order(&policy, &table);

	uint32_t count = policy_plan(&policy, &table, slots);

	for (uint32_t i = 0; i < count; i++) {
		uint32_t old = place_of(kernel.slots, kernel.count, slots[i].task);
		bool keeps = old < kernel.count && kernel.slots[old].budget_ns == slots[i].budget_ns &&
			     kernel.left_ns[old] != 0;

		left_ns[i] = keeps ? kernel.left_ns[old] : slots[i].budget_ns;
	}
	memcpy(kernel.slots, slots, sizeof(slots));
	memcpy(kernel.left_ns, left_ns, sizeof(left_ns));
	kernel.count = count;
}

static void begin(void)
{
	policy_begin(&policy, &table, kernel.now_ns);
	commit();
}

static void restart(void)
{
	memset(&policy, 0, sizeof(policy));
	memset(policy_tasks, 0, sizeof(policy_tasks));
	policy.bandwidth = kept.bandwidth;
	begin();
}

static bool slept(uint32_t task)
{
	uint32_t place = place_of(kernel.slots, kernel.count, SCHED_TASK_SLOT + task);

	return edf_slept(&policy, &table, task, place < kernel.count ? kernel.left_ns[place] : UINT64_MAX,
			 kernel.now_ns);
}

static void release_jobs(void)
{
	for (uint32_t i = 0; i < table.task_end; i++) {
		struct job *job = &jobs[i];

		if (job->left_ns == 0 && job->release_ns <= kernel.now_ns) {
			job->left_ns = job->wild ? 1 + below(2 * MS) : job->work_ns;
			job->deadline_ns = job->release_ns + table.tasks[i].period_ns;
			job->release_ns += job->every_ns;
		}
	}
}

static void look(void)
{
	bool changed = false;

	for (uint32_t task = edf_due(&policy, kernel.now_ns); task != SCHED_TASKS;
	     task = edf_due(&policy, kernel.now_ns)) {
		policy_tasks[task].wake_ns = 0;
		changed |= jobs[task].left_ns == 0 ? slept(task) : edf_go_on(&policy, &table, task, kernel.now_ns);
	}
	if (changed) {
		commit();
	}
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Runs whoever the plan says until something happens. */
static void step(void)
{
	uint32_t slot = 0;
	uint64_t until = policy_next_wake(&policy, &table);

	until = until == 0 ? NEVER : until;
	while (slot < kernel.count && jobs[kernel.slots[slot].task - SCHED_TASK_SLOT].left_ns == 0) {
		slot++;
	}
	for (uint32_t i = 0; i < table.task_end; i++) {
		until = jobs[i].left_ns == 0 ? earlier(until, jobs[i].release_ns) : until;
	}
	if (slot == kernel.count) {
		kernel.now_ns = until;
		return;
	}

	uint32_t task = kernel.slots[slot].task - SCHED_TASK_SLOT;
	struct job *job = &jobs[task];
	uint64_t ran = earlier(job->left_ns, until - kernel.now_ns);

	ran = kernel.slots[slot].budget_ns != 0 ? earlier(ran, kernel.left_ns[slot]) : ran;
	kernel.now_ns += ran;
	kernel.left_ns[slot] -= kernel.slots[slot].budget_ns != 0 ? ran : 0;
	job->left_ns -= ran;
	job->ran_ns += ran;
	if (job->left_ns == 0) {
		uint64_t late = kernel.now_ns > job->deadline_ns ? kernel.now_ns - job->deadline_ns : 0;

		job->latest_ns = late > job->latest_ns ? late : job->latest_ns;
		job->release_ns = job->wild ? kernel.now_ns + 1 + below(300 * US) : job->release_ns;
	}
	if (kernel.slots[slot].budget_ns != 0 && kernel.left_ns[slot] == 0) {
		policy_spent(&policy, &table, slot, kernel.now_ns);
		commit();
	}
	if (job->left_ns == 0 && slept(task)) {
		commit();
	}
}

static void run(uint64_t for_ns, uint64_t restart_every_ns)
{
	uint64_t end = kernel.now_ns + for_ns;
	uint64_t restart_ns = restart_every_ns == 0 ? NEVER : kernel.now_ns + restart_every_ns;

	while (kernel.now_ns < end) {
		release_jobs();
		look();
		step();
		if (kernel.now_ns >= restart_ns) {
			restart();
			restart_ns += restart_every_ns;
		}
	}
}

/* Periodic tasks that need all that they may have. Sums of budgets are `per_mille` of the time, to the nanosecond. */
static void add_periodic(uint32_t count, uint32_t per_mille)
{
	static const uint64_t periods[] = { 4 * MS, 5 * MS, 8 * MS, 10 * MS, 20 * MS, 40 * MS };
	uint64_t left = 40 * MS * per_mille / 1000;

	for (uint32_t i = 0; i < count; i++) {
		uint64_t period = i + 1 == count ? 40 * MS : periods[below(6)];
		uint64_t per_frame = 40 * MS / period;
		uint64_t budget = left / (count - i) / per_frame;

		budget = i + 1 == count ? left : budget / 2 + below((uint32_t)budget);
		left -= budget * per_frame;
		add(budget, period, budget, period);
		jobs[i].release_ns += below(10 * MS);
	}
}

static uint64_t latest(void)
{
	uint64_t worst = 0;

	for (uint32_t i = 0; i < table.task_end; i++) {
		assert_true(jobs[i].ran_ns > 0);
		worst = jobs[i].latest_ns > worst ? jobs[i].latest_ns : worst;
	}
	return worst;
}

/* To notice that a task wakes takes so much of its budget out of turn, once for each that wakes at that time. */
#define NOTICED_NS (TASKS * EDF_PROBE_NS)

static void deadlines_are_met_at_100_percent(void **state)
{
	for (uint32_t round = 1; round <= 200; round++) {
		(void)reset(state);
		seed = round;
		add_periodic(2 + round % (TASKS - 1), 1000);
		begin();
		run(2000 * MS, 0);
		assert_true(latest() <= NOTICED_NS);
	}
}

static void no_deadline_is_missed_just_below_that(void **state)
{
	for (uint32_t round = 1; round <= 200; round++) {
		(void)reset(state);
		seed = round;
		add_periodic(2 + round % (TASKS - 1), 990);
		begin();
		run(2000 * MS, 0);
		assert_int_equal(latest(), 0);
	}
}

static void an_overloaded_core_is_shared_as_promised(void **state)
{
	(void)state;
	uint32_t half = add(5 * MS, 10 * MS, NEVER / 2, NEVER / 4);
	uint32_t third = add(3 * MS, 10 * MS, NEVER / 2, NEVER / 4);
	uint32_t fifth = add(8 * MS, 40 * MS, NEVER / 2, NEVER / 4);

	begin();
	run(40 * MS, 0);
	for (uint32_t i = 0; i < table.task_end; i++) {
		jobs[i].ran_ns = 0;
	}
	run(4000 * MS, 0);
	assert_in_range(jobs[half].ran_ns, 2000 * MS - 5 * MS, 2000 * MS + 5 * MS);
	assert_in_range(jobs[third].ran_ns, 1200 * MS - 3 * MS, 1200 * MS + 3 * MS);
	assert_in_range(jobs[fifth].ran_ns, 800 * MS - 8 * MS, 800 * MS + 8 * MS);
}

/* One wakes and sleeps and runs as it likes; what it may have, it may have, and the others don't notice. */
static void whoever_misbehaves_does_so_on_his_own_time(void **state)
{
	for (uint32_t round = 1; round <= 100; round++) {
		(void)reset(state);
		seed = round;
		add_periodic(4, 690);

		uint32_t wild = add(3 * MS, 10 * MS, 1, 1);

		jobs[wild].wild = true;
		begin();
		run(2000 * MS, 0);
		jobs[wild].latest_ns = 0;
		assert_int_equal(latest(), 0);
		assert_in_range(jobs[wild].ran_ns, 400 * MS, 603 * MS);
	}
}

/* What runs before it is noticed is no gift. */
static void waking_often_is_not_worth_it(void **state)
{
	(void)state;
	uint32_t sly = add(1 * MS, 10 * MS, EDF_PROBE_NS + 100, 1);

	begin();
	run(1000 * MS, 0);
	assert_in_range(jobs[sly].ran_ns, 90 * MS, 102 * MS);
}

static void a_new_instance_goes_on(void **state)
{
	for (uint32_t round = 1; round <= 100; round++) {
		(void)reset(state);
		seed = round;
		add_periodic(5, 950);
		begin();
		run(2000 * MS, 700 * US + round * 10 * US);
		assert_int_equal(latest(), 0);

		(void)reset(state);
		seed = round;
		uint32_t greedy = add(3 * MS, 10 * MS, NEVER / 2, NEVER / 4);
		begin();
		run(1000 * MS, 300 * US + round * 10 * US);
		assert_in_range(jobs[greedy].ran_ns, 297 * MS, 303 * MS);
	}
}

static void the_others_run_in_the_background(void **state)
{
	(void)state;
	uint32_t idle = add(0, 0, NEVER / 2, NEVER / 4);
	uint32_t guest = add(4 * MS, 10 * MS, NEVER / 2, NEVER / 4);
	uint32_t urgent = add(0, 0, 1 * MS, 20 * MS);
	uint32_t system = add(0, 0, 1 * MS, 20 * MS);

	table.tasks[urgent].priority = 1;
	table.tasks[system].flags = SK_TASK_FLAGS_SYSTEM;
	begin();
	assert_int_equal(kernel.slots[0].task, SCHED_TASK_SLOT + system);
	assert_int_equal(kernel.slots[1].task, SCHED_TASK_SLOT + guest);
	assert_int_equal(kernel.slots[2].task, SCHED_TASK_SLOT + urgent);
	assert_int_equal(kernel.slots[3].task, SCHED_TASK_SLOT + idle);
	run(1000 * MS, 0);
	assert_in_range(jobs[guest].ran_ns, 396 * MS, 404 * MS);
	assert_in_range(jobs[urgent].ran_ns, 49 * MS, 51 * MS);
	assert_in_range(jobs[idle].ran_ns, 490 * MS, 510 * MS);
	assert_int_equal(jobs[system].latest_ns >= 1 * MS, 1); /* no period: its deadline is its release */
}

/* Nonsense in the tables is nobody's deadline; nothing overflows, nothing loops. */
static void nonsense_is_no_deadline(void **state)
{
	static const uint64_t odd[] = { 0, 1, EDF_PROBE_NS, EDF_PROBE_NS + 1, MS, 1000 * MS, 1000 * MS + 1, NEVER / 2, NEVER };

	for (uint32_t round = 0; round < 2000; round++) {
		(void)reset(state);
		seed = round;
		for (uint32_t i = 0; i < TASKS; i++) {
			add(odd[below(9)], odd[below(9)], 1 + below(MS), 1 + below(MS));
			table.tasks[i].kind = below(3);
			kept.bandwidth[i] = below(2) == 0 ? odd[below(9)] : (kernel.now_ns + below(20 * MS)) << 2 | below(4);
			jobs[i].wild = below(2) == 0;
		}
		begin();
		for (uint32_t i = 0; i < TASKS; i++) {
			if (edf_is_server(&table, i)) {
				assert_true(kept.bandwidth[i] >> 2 <= kernel.now_ns + table.tasks[i].period_ns);
			}
		}
		for (uint32_t i = 0; i < 200; i++) {
			release_jobs();
			look();
			step();
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(deadlines_are_met_at_100_percent, reset),
		cmocka_unit_test_setup(no_deadline_is_missed_just_below_that, reset),
		cmocka_unit_test_setup(an_overloaded_core_is_shared_as_promised, reset),
		cmocka_unit_test_setup(whoever_misbehaves_does_so_on_his_own_time, reset),
		cmocka_unit_test_setup(waking_often_is_not_worth_it, reset),
		cmocka_unit_test_setup(a_new_instance_goes_on, reset),
		cmocka_unit_test_setup(the_others_run_in_the_background, reset),
		cmocka_unit_test_setup(nonsense_is_no_deadline, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
