/*
 * The plan: who runs, for how long, and when the scheduler is asked. Core 1 is the
 * stage.
 */
#include "world.h"
#include <sk/idl/vm_exit.h>
#include <string.h>

#define TAG SK_TAG_METHOD(0x42, 7)
#define MS 1000000ull
#define TICKS(ns) arch_ns_to_ticks(ns)
#define NOW_NS arch_ticks_to_ns(mock.now)
#define BUDGET_SPENT 1u
#define WAKE_TIME 2u

static void threads_make(struct actor *actors, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		actor_make(&actors[i], 1);
		actor_start(&actors[i]);
	}
}

static void plan_of(const struct actor *actors, uint32_t count, uint64_t budget_ns, uint64_t wake_time_ns)
{
	struct core_plan_slot slots[SK_PLAN_SLOTS] = { 0 };
	for (uint32_t i = 0; i < count; i++) {
		slots[i] = (struct core_plan_slot){ .task = actors[i].thread, .budget_ns = budget_ns };
	}
	assert_int_equal(world_commit(1, wake_time_ns, count, slots), SK_OK);
}

/* A scheduler of core 1, which waits for events; it has no slot. */
static void scheduler_make(struct actor *scheduler)
{
	actor_make(scheduler, 1);
	actor_serve(scheduler);
	world_plan(1, scheduler->thread, 0);
	actor_start(scheduler);
	actor_reply_wait(scheduler, 0, 0, 0);
	K_OK(world.core[1], CORE_TAG_SET_SCHEDULER, scheduler->endpoint);
}

static void check_event(const struct actor *scheduler, uint32_t event, uint32_t slot)
{
	assert_runs(scheduler);
	assert_true(core_at(1)->deciding);
	assert_int_equal(actor_x(scheduler, 0), SK_BADGE(PLAN_INTERFACE, 1));
	assert_int_equal(actor_x(scheduler, 1) & SK_TAG_METHOD_MASK, PLAN_TAG_DUE);
	assert_int_equal(actor_x(scheduler, 2), 1);
	assert_int_equal(actor_x(scheduler, 3), event);
	if (event == BUDGET_SPENT) {
		assert_int_equal(actor_x(scheduler, 4), slot);
	}
	assert_int_equal(actor_x(scheduler, 5), NOW_NS);
	assert_int_equal(actor_token(scheduler), PLAN_TOKEN);
	invariants_check();
}

static void the_most_urgent_runs(void **state)
{
	(void)state;
	struct actor actors[3];
	uint32_t notifications[3];
	uint32_t waits[3];
	threads_make(actors, 3);
	for (uint32_t i = 0; i < 3; i++) {
		notifications[i] = world_notification();
		waits[i] = actor_give(&actors[i], notifications[i], SK_RIGHT_WAIT, 0);
	}
	plan_of(actors, 3, 0, 0);
	for (uint32_t i = 0; i < 3; i++) {
		assert_runs(&actors[i]);
		actor_syscall(&actors[i], SK_SYS_WAIT, waits[i], 0, 0, 0);
		invariants_check();
	}
	assert_true(world_idle(1));
	/* Woken from the least urgent up, each takes over; from there down, none does. */
	for (uint32_t i = 3; i-- > 0;) {
		mock_syscall(0, SK_SYS_SIGNAL, (const uint64_t[8]){ notifications[i], 1 });
		mock_settle();
		assert_runs(&actors[i]);
		invariants_check();
	}
	actor_syscall(&actors[0], SK_SYS_WAIT, waits[0], 0, 0, 0);
	assert_runs(&actors[1]);
	actor_syscall(&actors[1], SK_SYS_WAIT, waits[1], 0, 0, 0);
	assert_runs(&actors[2]);
	mock_syscall(0, SK_SYS_SIGNAL, (const uint64_t[8]){ notifications[0], 1 });
	mock_settle();
	mock_syscall(0, SK_SYS_SIGNAL, (const uint64_t[8]){ notifications[1], 1 });
	mock_settle();
	assert_runs(&actors[0]);
	invariants_check();
}

static void a_full_plan(void **state)
{
	(void)state;
	static struct actor actors[SK_PLAN_SLOTS];
	uint32_t space = world_space(SK_SPACE_KIND_PROCESS, 1);
	for (uint32_t i = 0; i < SK_PLAN_SLOTS; i++) {
		struct actor first = { .space = space };
		actor_sibling(&actors[i], &first, 1);
		actor_start(&actors[i]);
	}
	plan_of(actors, SK_PLAN_SLOTS, 0, 0);
	invariants_check();
	for (uint32_t i = 0; i < SK_PLAN_SLOTS; i++) {
		assert_runs(&actors[i]);
		K_OK(actors[i].thread, THREAD_TAG_STOP);
		invariants_check();
	}
	assert_true(world_idle(1));
	actor_start(&actors[63]);
	assert_runs(&actors[63]);
	K_OK(actors[0].thread, THREAD_TAG_DESTROY);
	assert_int_equal(core_at(1)->plan.count, 63);
	assert_runs(&actors[63]);
	invariants_check();
}

/* A plan with anything wrong in it is none: the old one stays in force. */
static void commit_refusals(void **state)
{
	(void)state;
	struct actor actors[3];
	struct actor elsewhere;
	threads_make(actors, 3);
	actor_make(&elsewhere, 2);
	plan_of(actors, 2, 5 * MS, 0);
	uint32_t weak = world_copy(actors[2].thread, SK_RIGHT_WRITE, 0);
	uint32_t gone = world_copy(actors[2].thread, SK_RIGHTS_ALL, 0);
	struct actor dead;
	actor_make(&dead, 1);
	uint32_t stale = world_copy(dead.thread, SK_RIGHTS_ALL, 0);
	K_OK(dead.thread, THREAD_TAG_DESTROY);
	const struct {
		uint32_t task;
		sk_status_t status;
	} bad[] = {
		{ 0, SK_BAD_CAP }, { 500, SK_BAD_CAP }, { SK_CAP_SLOTS + 1u, SK_BAD_CAP }, { UINT32_MAX, SK_BAD_CAP },
		{ SK_BOOT_SLOT_RAM, SK_BAD_TYPE }, { weak, SK_NO_RIGHT }, { stale, SK_STALE },
		{ elsewhere.thread, SK_BAD_ARG }, { actors[0].thread, SK_OVERLAP }, { gone, SK_OVERLAP },
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct core_plan_slot slots[SK_PLAN_SLOTS] = {
			{ .task = actors[2].thread }, { .task = actors[0].thread }, { .task = bad[i].task },
		};
		struct snapshot *before = snapshot_take();
		assert_int_equal(world_commit(1, 12345, 3, slots), bad[i].status);
		snapshot_check(before, "commit_plan");
		assert_runs(&actors[0]);
	}
	assert_int_equal(world_commit(1, 0, SK_PLAN_SLOTS + 1u, NULL), SK_BAD_ARG);
	assert_int_equal(world_commit(1, 0, UINT32_MAX, NULL), SK_BAD_ARG);
	K_REFUSED(SK_BAD_ARG, world.core[1], CORE_TAG_COMMIT_PLAN | SK_TAG_BYTES(1535), 1, 0);
	K_REFUSED(SK_BAD_ARG, world.core[1], CORE_TAG_COMMIT_PLAN, 0, 0);
	K_REFUSED(SK_BAD_ARG, world.core[1], CORE_TAG_SLOT_INFO, 2);
	K_REFUSED(SK_BAD_ARG, world.core[1], CORE_TAG_SLOT_INFO, UINT32_MAX);
	uint32_t uncallable = world_copy(SK_BOOT_SLOT_ENDPOINT, SK_RIGHT_WAIT, 0);
	K_REFUSED(SK_NO_RIGHT, world.core[1], CORE_TAG_SET_SCHEDULER, uncallable);
	K_REFUSED(SK_BAD_TYPE, world.core[1], CORE_TAG_SET_SCHEDULER, SK_BOOT_SLOT_RAM);
	K_REFUSED(SK_BAD_CAP, world.core[1], CORE_TAG_SET_SCHEDULER, 0);
}

static void a_spent_budget_is_the_schedulers(void **state)
{
	(void)state;
	struct actor scheduler;
	struct actor actors[2];
	scheduler_make(&scheduler);
	threads_make(actors, 2);
	plan_of(actors, 2, 2 * MS, 0);
	assert_runs(&actors[0]);
	mock_advance(TICKS(2 * MS) - 1);
	assert_runs(&actors[0]);
	K_OK(world.core[1], CORE_TAG_SLOT_INFO, 0);
	assert_in_range(world.reply.w[0], 0, 2 * MS);
	mock_advance(1);
	check_event(&scheduler, BUDGET_SPENT, 0);
	K_OK(world.core[1], CORE_TAG_SLOT_INFO, 0);
	assert_int_equal(world.reply.w[0], 2 * MS);
	assert_int_equal(world.reply.w[1], 0);
	/* It says nothing new: the budget begins again. */
	actor_reply_wait(&scheduler, PLAN_TOKEN, 0, 0);
	assert_runs(&actors[0]);
	K_OK(world.core[1], CORE_TAG_SLOT_INFO, 0);
	assert_int_equal(world.reply.w[1], 2 * MS);
	/* It commits the other one first. */
	mock_advance(TICKS(2 * MS));
	check_event(&scheduler, BUDGET_SPENT, 0);
	const struct actor other_way[2] = { actors[1], actors[0] };
	plan_of(other_way, 2, 3 * MS, 0);
	actor_reply_wait(&scheduler, PLAN_TOKEN, 0, 0);
	assert_runs(&actors[1]);
	mock_advance(TICKS(3 * MS));
	check_event(&scheduler, BUDGET_SPENT, 0);
	assert_int_equal(core_at(1)->counters[COUNT_PLAN_CALLS], 3);
	/* The token is the event's, and once. */
	actor_syscall(&scheduler, SK_SYS_REPLY, PLAN_TOKEN, 0, 0, 0);
	assert_int_equal(actor_status(&scheduler), SK_OK);
	invariants_check();
}

/* Found spent when the turn ends by itself, before the timer came: the scheduler hears of it all the same. */
static void a_budget_spent_without_a_tick(void **state)
{
	(void)state;
	struct actor scheduler;
	struct actor actors[2];
	scheduler_make(&scheduler);
	threads_make(actors, 2);
	uint32_t waits = actor_give(&actors[0], world_notification(), SK_RIGHT_WAIT, 0);
	plan_of(actors, 2, 2 * MS, 0);
	assert_runs(&actors[0]);
	mock.now += TICKS(2 * MS); /* the interrupt is late */
	actor_syscall(&actors[0], SK_SYS_WAIT, waits, 0, 0, 0);
	check_event(&scheduler, BUDGET_SPENT, 0);
	actor_reply_wait(&scheduler, PLAN_TOKEN, 0, 0);
	assert_runs(&actors[1]);
	invariants_check();
}

/* A new plan begins nobody's budget anew but that of who has nothing left, or gets another one. */
static void a_new_plan_leaves_what_is_left(void **state)
{
	(void)state;
	struct actor actors[2];
	threads_make(actors, 2);
	plan_of(actors, 2, 4 * MS, 0);
	mock_advance(TICKS(1 * MS));
	const struct actor other_way[2] = { actors[1], actors[0] };
	plan_of(other_way, 2, 4 * MS, 0);
	K_OK(world.core[1], CORE_TAG_SLOT_INFO, 1);
	assert_int_equal(world.reply.w[0], 0);
	assert_int_equal(world.reply.w[1], 3 * MS);
	K_OK(world.core[1], CORE_TAG_SLOT_INFO, 0);
	assert_int_equal(world.reply.w[1], 4 * MS);
	plan_of(actors, 2, 6 * MS, 0);
	K_OK(world.core[1], CORE_TAG_SLOT_INFO, 0);
	assert_int_equal(world.reply.w[1], 6 * MS);
}

/* Time that the scheduler takes to decide is charged to no slot. */
static void deciding_costs_nobody(void **state)
{
	(void)state;
	struct actor scheduler;
	struct actor actors[1];
	scheduler_make(&scheduler);
	threads_make(actors, 1);
	plan_of(actors, 1, 2 * MS, 0);
	mock_advance(TICKS(2 * MS));
	check_event(&scheduler, BUDGET_SPENT, 0);
	mock_advance(TICKS(50 * MS));
	assert_runs(&scheduler);
	K_OK(world.core[1], CORE_TAG_SLOT_INFO, 0);
	assert_int_equal(world.reply.w[0], 2 * MS);
}

/* It has no slot, and nothing else is due: what it waited for is reason enough to choose anew. */
static void a_scheduler_that_waits_goes_on_deciding(void **state)
{
	(void)state;
	struct actor scheduler;
	struct actor actors[1];
	scheduler_make(&scheduler);
	threads_make(actors, 1);
	uint32_t notification = world_notification();
	uint32_t waits = actor_give(&scheduler, notification, SK_RIGHT_WAIT, 0);
	plan_of(actors, 1, 0, NOW_NS + MS);
	mock_advance(TICKS(MS));
	check_event(&scheduler, WAKE_TIME, 0);
	actor_syscall(&scheduler, SK_SYS_WAIT, waits, 0, 0, 0);
	assert_runs(&actors[0]);
	notification_signal(world_body(notification), 1);
	mock_settle();
	assert_runs(&scheduler);
	assert_true(core_at(1)->deciding);
	actor_reply_wait(&scheduler, PLAN_TOKEN, 0, 0);
	assert_runs(&actors[0]);
	invariants_check();
}

static void wake_times(void **state)
{
	(void)state;
	struct actor scheduler;
	struct actor actors[1];
	scheduler_make(&scheduler);
	threads_make(actors, 1);
	uint64_t now = NOW_NS;
	plan_of(actors, 1, 0, now + 7 * MS);
	mock_advance(TICKS(7 * MS) - 1);
	assert_runs(&actors[0]);
	mock_advance(1);
	check_event(&scheduler, WAKE_TIME, 0);
	actor_reply_wait(&scheduler, PLAN_TOKEN, 0, 0);
	assert_runs(&actors[0]);
	mock_advance(TICKS(100 * MS)); /* once */
	assert_runs(&actors[0]);
	/* One in the past is due at once; zero is none. */
	K_OK(world.core[1], CORE_TAG_SET_WAKE_TIME, 1);
	mock_settle();
	check_event(&scheduler, WAKE_TIME, 0);
	actor_reply_wait(&scheduler, PLAN_TOKEN, 0, 0);
	plan_of(actors, 1, 4 * MS, 1);
	mock_settle();
	check_event(&scheduler, WAKE_TIME, 0);
	actor_reply_wait(&scheduler, PLAN_TOKEN, 0, 0);
	plan_of(actors, 1, 0, 0);
	K_OK(world.core[1], CORE_TAG_SET_WAKE_TIME, NOW_NS + MS);
	K_OK(world.core[1], CORE_TAG_SET_WAKE_TIME, 0);
	mock_advance(TICKS(10 * MS));
	assert_runs(&actors[0]);
	/* It sets its own, without the kernel lock. */
	uint32_t own_core = actor_give(&scheduler, world.core[1], SK_RIGHT_WRITE, 0);
	K_OK(world.core[1], CORE_TAG_SET_WAKE_TIME, 1);
	mock_settle();
	actor_call(&scheduler, own_core, CORE_TAG_SET_WAKE_TIME, NOW_NS + 3 * MS);
	actor_reply_wait(&scheduler, PLAN_TOKEN, 0, 0);
	assert_runs(&actors[0]);
	mock_advance(TICKS(3 * MS));
	check_event(&scheduler, WAKE_TIME, 0);
	/* Both at once: one event after the other. */
	actor_reply_wait(&scheduler, PLAN_TOKEN, 0, 0);
	plan_of(actors, 1, 4 * MS, NOW_NS + 4 * MS);
	mock_advance(TICKS(4 * MS));
	check_event(&scheduler, BUDGET_SPENT, 0);
	actor_reply_wait(&scheduler, PLAN_TOKEN, 0, 0);
	check_event(&scheduler, WAKE_TIME, 0);
	actor_reply_wait(&scheduler, PLAN_TOKEN, 0, 0);
	assert_runs(&actors[0]);
	invariants_check();
}

/* The core sleeps, and the timer wakes it for the scheduler alone. */
static void wakes_an_idle_core(void **state)
{
	(void)state;
	struct actor scheduler;
	scheduler_make(&scheduler);
	assert_true(world_idle(1));
	uint64_t interrupts = core_at(1)->counters[COUNT_INTERRUPTS];
	K_OK(world.core[1], CORE_TAG_SET_WAKE_TIME, NOW_NS + 500 * MS);
	mock_advance(TICKS(500 * MS) - 1);
	assert_true(world_idle(1));
	assert_in_range(core_at(1)->counters[COUNT_INTERRUPTS], interrupts, interrupts + 2);
	mock_advance(1);
	check_event(&scheduler, WAKE_TIME, 0);
}

/* Any number that a scheduler may give: no budget is so large that it is over at once, and no timer fires for ever. */
static void huge_numbers(void **state)
{
	(void)state;
	struct actor scheduler;
	struct actor actors[2];
	scheduler_make(&scheduler);
	threads_make(actors, 2);
	static const uint64_t huge[] = { UINT64_MAX, UINT64_MAX - 1, UINT64_MAX / 2, 1ull << 63, UINT64_MAX / 16u * 16u };
	for (size_t i = 0; i < sizeof huge / sizeof huge[0]; i++) {
		plan_of(actors, 2, huge[i], huge[i]);
		uint64_t interrupts = core_at(1)->counters[COUNT_INTERRUPTS];
		mock_advance(TICKS(20 * MS));
		assert_runs(&actors[0]);
		assert_in_range(core_at(1)->counters[COUNT_INTERRUPTS], interrupts, interrupts + 6);
		K_OK(actors[0].thread, THREAD_TAG_SET_CALL_BUDGET, huge[i]);
	}
	plan_of(actors, 2, 1, 0);
	mock_advance(TICKS(1));
	check_event(&scheduler, BUDGET_SPENT, 0);
}

static void round_robin_without_a_scheduler(void **state)
{
	(void)state;
	for (uint32_t way = 0; way < 4; way++) {
		world_boot(3);
		struct actor scheduler;
		struct actor actors[3];
		if (way != 0) {
			scheduler_make(&scheduler);
		}
		threads_make(actors, 3);
		plan_of(actors, 3, 2 * MS, 0);
		if (way == 1) {
			K_OK(scheduler.thread, THREAD_TAG_DESTROY);
		} else if (way == 2) {
			K_OK(scheduler.thread, THREAD_TAG_STOP);
		} else if (way == 3) {
			/* It dies while it decides. */
			mock_advance(TICKS(2 * MS));
			check_event(&scheduler, BUDGET_SPENT, 0);
			mock_fault(1, THREAD_FAULT_REASON_MEMORY, 0);
			assert_runs(&actors[0]);
		}
		for (uint32_t i = 0; i < 7; i++) {
			assert_runs(&actors[i % 3u]);
			mock_advance(TICKS(2 * MS));
			invariants_check();
		}
	}
}

/* A wake time that passes while the scheduler is away changes nobody's place. */
static void wake_time_without_a_scheduler(void **state)
{
	(void)state;
	struct actor actors[3];
	threads_make(actors, 3);
	plan_of(actors, 3, 0, NOW_NS + 3 * MS);
	for (uint32_t i = 0; i < 5; i++) {
		mock_advance(TICKS(3 * MS));
		assert_runs(&actors[0]);
		K_OK(world.core[1], CORE_TAG_SET_WAKE_TIME, NOW_NS + 3 * MS);
	}
	invariants_check();
}

/* A scheduler that is called by others finishes that first. */
static void events_wait_for_a_busy_scheduler(void **state)
{
	(void)state;
	struct actor scheduler;
	struct actor actors[2];
	scheduler_make(&scheduler);
	threads_make(actors, 2);
	uint32_t slot = actor_client(&actors[0], &scheduler, 7);
	plan_of(actors, 2, 2 * MS, 0);
	actor_call(&actors[0], slot, TAG, 1);
	assert_runs(&scheduler);
	assert_int_equal(actor_x(&scheduler, 0), 7);
	mock_advance(TICKS(2 * MS));
	assert_runs(&scheduler);
	assert_true(core_at(1)->deciding);
	assert_int_equal(actor_x(&scheduler, 0), 7);
	actor_reply_wait(&scheduler, actor_token(&scheduler), 0, 0);
	check_event(&scheduler, BUDGET_SPENT, 0);
	actor_reply_wait(&scheduler, PLAN_TOKEN, 0, 0);
	assert_runs(&actors[0]);
	invariants_check();
}

static void plans_forget_the_dead(void **state)
{
	(void)state;
	struct actor actors[5];
	threads_make(actors, 5);
	plan_of(actors, 5, 0, 0);
	/* Before, in and behind the current slot. */
	K_OK(actors[0].thread, THREAD_TAG_STOP);
	assert_runs(&actors[1]);
	static const uint32_t order[] = { 0, 3, 1, 4 };
	static const uint32_t next[] = { 1, 1, 2, 2 };
	for (uint32_t i = 0; i < 4; i++) {
		K_OK(actors[order[i]].thread, THREAD_TAG_DESTROY);
		memset(actors[order[i]].t, 0xa5, SK_PAGE_BYTES);
		assert_runs(&actors[next[i]]);
		assert_int_equal(core_at(1)->plan.count, 4u - i);
		invariants_check();
	}
	K_OK(actors[2].thread, THREAD_TAG_DESTROY);
	assert_true(world_idle(1));
	assert_int_equal(core_at(1)->plan.count, 0);
	invariants_check();
	mock_advance(TICKS(100 * MS));
}

/* An empty plan stops a core; a new one starts it. */
static void plans_come_and_go(void **state)
{
	(void)state;
	struct actor actors[3];
	threads_make(actors, 3);
	plan_of(actors, 3, 0, 0);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(world_commit(1, 0, 0, NULL), SK_OK);
		assert_true(world_idle(1));
		invariants_check();
		plan_of(&actors[i], 3u - i, 0, 0);
		assert_runs(&actors[i]);
		invariants_check();
	}
}

/* A vCPU that has its core to itself may halt without a call; with another plan it may not. */
static void halts_alone(void **state)
{
	(void)state;
	uint32_t vm = world_vm(0);
	uint32_t vcpu = world_vcpu(vm, 1);
	world_vcpu_prepare(vcpu);
	struct core_plan_slot slots[SK_PLAN_SLOTS] = { { .task = vcpu, .flags = CORE_SLOT_FLAGS_HALTS_ALONE } };
	assert_int_equal(world_commit(1, 0, 1, slots), SK_OK);
	assert_false(world_vcpu_at(vcpu)->arch.traps_halt);
	slots[0].flags = 0;
	assert_int_equal(world_commit(1, 0, 1, slots), SK_OK);
	assert_true(world_vcpu_at(vcpu)->arch.traps_halt);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_most_urgent_runs, world_setup),
		cmocka_unit_test_setup(a_full_plan, world_setup),
		cmocka_unit_test_setup(commit_refusals, world_setup),
		cmocka_unit_test_setup(a_spent_budget_is_the_schedulers, world_setup),
		cmocka_unit_test_setup(a_budget_spent_without_a_tick, world_setup),
		cmocka_unit_test_setup(a_new_plan_leaves_what_is_left, world_setup),
		cmocka_unit_test_setup(deciding_costs_nobody, world_setup),
		cmocka_unit_test_setup(wake_times, world_setup),
		cmocka_unit_test_setup(wakes_an_idle_core, world_setup),
		cmocka_unit_test_setup(huge_numbers, world_setup),
		cmocka_unit_test(round_robin_without_a_scheduler),
		cmocka_unit_test_setup(wake_time_without_a_scheduler, world_setup),
		cmocka_unit_test_setup(events_wait_for_a_busy_scheduler, world_setup),
		cmocka_unit_test_setup(plans_forget_the_dead, world_setup),
		cmocka_unit_test_setup(plans_come_and_go, world_setup),
		cmocka_unit_test_setup(halts_alone, world_setup),
		cmocka_unit_test_setup(a_scheduler_that_waits_goes_on_deciding, world_setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
