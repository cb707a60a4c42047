/* Cores: plans and what they do, the scheduler's calls, counters, and a core that goes away and comes back. */
#include <string.h>

#include <sk/idl/kernel_client.h>
#include <sk/idl/vm_exit.h>
#include <sk/process.h>

#include "agent.h"
#include "pool.h"
#include "suites.h"
#include "tap.h"

#define MS 1000000ull
#define FREE_LINE 200u /* nobody's on QEMU's virt */

static struct agent *first;
static struct agent *second;

static void run_count(struct agent *agent)
{
	for (;;) {
		__atomic_fetch_add(&agent->out[0], 1, __ATOMIC_RELAXED);
	}
}

static uint64_t count(const struct agent *agent)
{
	return __atomic_load_n(&agent->out[0], __ATOMIC_RELAXED);
}

/* Two threads that never wait. */
static void begin(const char *name)
{
	pool_begin(name);
	agent_begin();
	first = agent_make(pool.core_number, run_count);
	second = agent_make(pool.core_number, run_count);
	agent_start(first);
	agent_start(second);
}

static uint64_t before[2];

/* Which of them have got further: bit 0 the first, bit 1 the second. */
static uint32_t who_ran(void)
{
	return (count(first) != before[0] ? 1u : 0u) | (count(second) != before[1] ? 2u : 0u);
}

static bool they_ran(const void *wanted)
{
	return (who_ran() & *(const uint32_t *)wanted) == *(const uint32_t *)wanted;
}

/* One result: these run, and nobody else. */
static void check_runs(uint32_t wanted, const char *what)
{
	before[0] = count(first);
	before[1] = count(second);
	(void)agent_until(they_ran, &wanted);
	agent_linger();
	tap_is(who_ran(), wanted, "%s", what);
}

static sk_status_t commit(uint32_t slots, sk_cap_t task_a, sk_cap_t task_b, uint64_t budget_ns, uint64_t wake_ns)
{
	struct core_plan_slot plan[SK_PLAN_SLOTS];

	memset(plan, 0, sizeof(plan));
	plan[0].task = task_a;
	plan[0].budget_ns = budget_ns;
	plan[1].task = task_b;
	plan[1].budget_ns = budget_ns;
	return core_commit_plan(pool.core, slots, wake_ns, plan);
}

static void case_urgency(void)
{
	begin("core: plans");
	tap_status(commit(2, first->thread, second->thread, 0, 0), SK_OK, "a plan of two");
	check_runs(1, "the more urgent one runs");
	tap_status(commit(2, second->thread, first->thread, 0, 0), SK_OK, "the other way round");
	check_runs(2, "the other one does");
	tap_status(commit(0, 0, 0, 0, 0), SK_OK, "an empty plan");
	check_runs(0, "none does");
	tap_status(commit(1, first->thread, 0, 0, 0), SK_OK, "a plan of one");

	sk_cap_t gone = pool_ram(1);
	sk_cap_t copy = pool_copy(gone, SK_RIGHTS_ALL, 0);

	tap_status(commit(SK_PLAN_SLOTS + 1, second->thread, first->thread, 0, 0), SK_BAD_ARG, "65 slots");
	tap_status(commit(UINT32_MAX, second->thread, first->thread, 0, 0), SK_BAD_ARG, "2^32 - 1 slots");
	tap_status(commit(2, second->thread, second->thread, 0, 0), SK_OVERLAP, "a thread twice");
	tap_status(commit(2, second->thread, pool.self, 0, 0), SK_BAD_ARG, "a thread of another core");
	tap_status(commit(2, second->thread, pool.space, 0, 0), SK_BAD_TYPE, "a process");
	tap_status(commit(2, second->thread, pool_slot(), 0, 0), SK_BAD_CAP, "nothing");
	tap_status(commit(2, second->thread, UINT32_MAX, 0, 0), SK_BAD_CAP, "a slot that there isn't");
	tap_status(memory_create_notification(gone, gone), SK_OK, "what was memory");
	tap_status(commit(2, second->thread, copy, 0, 0), SK_STALE, "and is not any more");
	tap_status(core_commit_plan(pool_copy(pool.core, SK_RIGHT_READ, 0), 0, 0,
				    (const struct core_plan_slot[SK_PLAN_SLOTS]){ { 0 } }),
		   SK_NO_RIGHT, "a plan by who may only look");
	check_runs(1, "none of that changed the plan");
	tap_status(commit(2, second->thread, first->thread, UINT64_MAX, UINT64_MAX), SK_OK,
		   "budgets for ever, no wake-up");
	check_runs(2, "are a plan too");
	tap_status(core_set_wake_time(pool.core, 1), SK_OK, "a wake-up long ago");
	check_runs(2, "harms nobody");
	tap_status(thread_stop(second->thread), SK_OK, "the more urgent one is stopped");
	check_runs(1, "the other one runs");
	tap_status(thread_start(second->thread), SK_OK, "and started");
	check_runs(2, "it runs again");
	tap_status(thread_destroy(second->thread), SK_OK, "and is destroyed");
	check_runs(1, "the other one runs");
	pool_end();
}

static void case_slots(void)
{
	uint64_t used_ns;
	uint64_t left_ns;
	uint64_t more_ns;
	uint64_t counters[2][32];

	begin("core: what plan slots have used");
	tap_status(commit(2, first->thread, second->thread, 1000000 * MS, 0), SK_OK, "a plan with budgets");
	agent_linger();
	tap_status(core_slot_info(pool.core, 0, &used_ns, &left_ns), SK_OK, "a slot is looked at");
	tap_ok(left_ns <= 1000000 * MS, "it has not more left than it had");
	agent_linger();
	(void)core_slot_info(pool.core, 1, &used_ns, &left_ns);
	tap_is(used_ns, 0, "who doesn't run uses nothing");
	tap_status(core_slot_info(pool.core, 2, &used_ns, &more_ns), SK_BAD_ARG, "there are two slots");
	tap_status(core_slot_info(pool.core, UINT32_MAX, &used_ns, &more_ns), SK_BAD_ARG, "not 2^32");
	tap_status(core_counters(pool.core, counters[0]), SK_OK, "counters");
	(void)commit(2, second->thread, first->thread, 0, 0);
	agent_linger();
	(void)core_counters(pool.core, counters[1]);
	tap_ok(counters[1][CORE_COUNTER_ENTRIES] > counters[0][CORE_COUNTER_ENTRIES], "entries are counted");
	pool_end();
}

/* What the scheduler heard last was that its time had come. */
static bool woken(const void *context)
{
	const struct agent *scheduler = context;
	uint32_t seen = __atomic_load_n(&scheduler->seen_count, __ATOMIC_ACQUIRE);
	uint32_t last = (seen < AGENT_SEEN ? seen : AGENT_SEEN) - 1u;

	return scheduler->seen[last].msg.w[1] == CORE_PLAN_EVENT_WAKE_TIME;
}

static void case_scheduler(void)
{
	begin("core: its scheduler");

	struct agent *scheduler = agent_make(pool.core_number, agent_echo);
	sk_cap_t endpoint = pool_endpoint();

	tap_status(core_set_scheduler(pool.core, pool.space), SK_BAD_TYPE, "a process schedules nothing");
	tap_status(core_set_scheduler(pool.core, pool_copy(endpoint, SK_RIGHT_READ, 0)), SK_NO_RIGHT,
		   "nor what can't be called");
	tap_status(core_set_scheduler(pool.core, endpoint), SK_OK, "an endpoint does");
	tap_status(commit(2, first->thread, second->thread, MS, 0), SK_OK, "budgets of 1 ms");
	agent_linger();
	check_runs(3, "while nobody serves there, they take turns");
	tap_status(thread_bind_endpoint(scheduler->thread, endpoint), SK_OK, "a thread serves there");

	struct agent *const planned[] = { scheduler, first, second };

	agent_plan(3, planned);
	agent_start(scheduler);
	(void)agent_becomes(scheduler, THREAD_STATE_RECEIVING);
	tap_status(commit(2, first->thread, second->thread, MS, 0), SK_OK, "the same plan");
	tap_ok(agent_saw(scheduler, 2), "spent budgets are told");
	const struct agent_message *due = &scheduler->seen[0];
	tap_is(due->msg.tag & SK_TAG_METHOD_MASK, PLAN_TAG_DUE, "as what is due");
	tap_is(due->badge, SK_BADGE(PLAN_INTERFACE, pool.core_number), "with the core for a badge");
	tap_is(due->msg.w[0], pool.core_number, "on this core");
	tap_is(due->msg.w[1], CORE_PLAN_EVENT_BUDGET_SPENT, "a budget");
	tap_is(due->msg.w[2], 0, "of the first slot");
	tap_ok(due->msg.w[3] <= sk_now_ns(), "at a time that has been");
	tap_status(commit(2, first->thread, second->thread, 0, sk_now_ns() + 2 * MS), SK_OK, "a wake-up in 2 ms");
	tap_ok(agent_until(woken, scheduler), "comes");
	tap_status(thread_destroy(scheduler->thread), SK_OK, "the scheduler is destroyed");
	check_runs(1, "its last plan goes on");
	tap_status(commit(2, first->thread, second->thread, MS, 0), SK_OK, "with budgets");
	agent_linger();
	check_runs(3, "they take turns again");
	pool_end();
}

static void case_power(void)
{
	bool enabled;
	bool supported;
	sk_cap_t here;

	pool_begin("core: away and back");
	here = pool_slot();
	(void)commit(0, 0, 0, 0, 0);
	tap_need(machine_claim_core(pool.machine, pool.core_here, here), "this core");
	tap_status(core_offline(here), SK_BAD_STATE, "nobody switches off the core that they are on");
	tap_status(core_hardware_disable(here), SK_BAD_STATE, "nor its virtualisation");
	tap_status(core_online(here), SK_BAD_STATE, "it is on");
	tap_status(core_hardware_enable(here), SK_BAD_STATE, "and that too");
	tap_status(core_is_enabled(pool.core, &enabled, &supported), SK_OK, "the other core");
	tap_ok(enabled && supported, "is on as well");
	tap_status(core_hardware_disable(pool.core), SK_OK, "its virtualisation is switched off");
	(void)core_is_enabled(pool.core, &enabled, &supported);
	tap_ok(!enabled && supported, "it says so");
	tap_status(core_hardware_disable(pool.core), SK_BAD_STATE, "once");
	tap_status(core_hardware_enable(pool.core), SK_OK, "and on again");
	(void)core_is_enabled(pool.core, &enabled, &supported);
	tap_ok(enabled, "it says so");
	for (uint32_t i = 0; i < 3; i++) {
		tap_status(core_offline(pool.core), SK_OK, "the core is switched off");
		tap_status(core_offline(pool.core), SK_BAD_STATE, "once");
		tap_status(core_hardware_disable(pool.core), SK_BAD_STATE, "off it has no virtualisation to switch");
		tap_status(core_online(pool.core), SK_OK, "and on");
	}
	pool_end();

	begin("core: back and in use");
	tap_status(commit(1, first->thread, 0, 0, 0), SK_OK, "it has a plan");
	check_runs(1, "and runs it");
	tap_status(core_offline(pool.core), SK_BAD_STATE, "a core in use stays");
	tap_status(core_hardware_disable(pool.core), SK_BAD_STATE, "with its virtualisation");
	tap_status(commit(0, 0, 0, 0, 0), SK_OK, "its plan is empty");
	tap_status(core_offline(pool.core), SK_BAD_STATE, "but there are threads of it");
	pool_end();

	pool_begin("core: back and with an interrupt");
	sk_cap_t line = pool_slot();
	sk_cap_t notification = pool_notification();
	tap_need(machine_claim_interrupt(pool.machine, FREE_LINE, false, line), "an interrupt");
	tap_status(interrupt_bind(line, notification, 1, pool.core_number), SK_OK, "a line is routed there");
	tap_status(core_offline(pool.core), SK_BAD_STATE, "it would be heard by nobody");
	tap_status(core_hardware_disable(pool.core), SK_BAD_STATE, "so the core stays as it is");
	tap_status(interrupt_bind(line, notification, 1, pool.core_here), SK_OK, "the line is routed elsewhere");
	tap_status(core_offline(pool.core), SK_OK, "the core may go");
	tap_status(interrupt_bind(line, notification, 1, pool.core_number), SK_BAD_ARG, "no line is routed there now");
	tap_status(core_online(pool.core), SK_OK, "it comes back");
	pool_end();
}

void suite_core(void)
{
	case_urgency();
	case_slots();
	case_scheduler();
	case_power();
}
