/*
 * A server that runs on and on, in a call or on its own turn, is a fault once its budget is over: its own running time
 * since it took the call or last waited, not time that passes while others have the core.
 */
#include "world.h"
#include <string.h>

#define TAG SK_TAG_METHOD(0x42, 7)
#define MS 1000000ull
#define TICKS(ns) arch_ns_to_ticks(ns)

/* Takes the faults. */
static void keeper_make(struct actor *keeper, uint32_t core)
{
	actor_make(keeper, core);
	actor_serve(keeper);
}

static void server_make(struct actor *server, const struct actor *keeper, uint64_t budget_ns)
{
	actor_make(server, 1);
	actor_serve(server);
	actor_listen(server);
	K_OK(server->thread, THREAD_TAG_SET_FAULT_ENDPOINT, keeper->endpoint);
	K_OK(server->thread, THREAD_TAG_SET_CALL_BUDGET, budget_ns);
}

/* Starts it; it waits for the first call or signal. */
static void waits(const struct actor *actor)
{
	actor_start(actor);
	actor_reply_wait(actor, 0, 0, 0);
}

static void signal_to(const struct actor *actor)
{
	mock_syscall(0, SK_SYS_SIGNAL, (const uint64_t[8]){ actor->notification, 1 });
	mock_settle();
}

static void check_overrun(const struct actor *keeper)
{
	assert_runs(keeper);
	assert_int_equal(actor_x(keeper, 2), THREAD_FAULT_REASON_BUDGET);
	invariants_check();
}

static void overrun_calls_are_faults(void **state)
{
	(void)state;
	struct actor keeper;
	struct actor server;
	struct actor client;
	keeper_make(&keeper, 1);
	server_make(&server, &keeper, 20 * MS);
	actor_make(&client, 1);
	uint32_t slot = actor_client(&client, &server, SK_BADGE(0x42, 5));
	world_plan(1, keeper.thread, server.thread, client.thread, 0);
	waits(&keeper);
	waits(&server);
	actor_start(&client);
	/* Short ones may be many. */
	for (uint32_t i = 0; i < 10; i++) {
		actor_call(&client, slot, TAG, i);
		mock_advance(TICKS(6 * MS));
		assert_runs(&server);
		actor_reply_wait(&server, actor_token(&server), 0, 0);
	}
	actor_call(&client, slot, TAG, 1);
	uint64_t pc = mock_pc(server.c);
	mock_advance(TICKS(40 * MS));
	assert_runs(&keeper);
	assert_int_equal(actor_x(&keeper, 2), THREAD_FAULT_REASON_BUDGET);
	assert_int_equal(actor_x(&keeper, 6), TAG);
	assert_int_equal(actor_x(&keeper, 7), SK_BADGE(0x42, 5));
	/* Its registers can be read and changed. */
	K_OK(server.thread, THREAD_TAG_READ_REGISTERS);
	uint64_t *registers = world_buffer();
	assert_int_equal(registers[32], pc);
	registers[32] = 0x777000;
	K_OK(server.thread, THREAD_TAG_WRITE_REGISTERS | SK_TAG_BYTES(34u * 8u));
	actor_reply_wait(&keeper, actor_token(&keeper), 0, 1);
	assert_runs(&server);
	assert_int_equal(mock_pc(server.c), 0x777000);
	invariants_check();
	/* Without a limit it may take its time. */
	K_OK(server.thread, THREAD_TAG_SET_CALL_BUDGET, 0);
	mock_advance(TICKS(100 * MS));
	assert_runs(&server);
}

/* Its core sleeps while it is repaired from another one: what is written there is what it goes on with. */
static void overrun_calls_are_repaired_from_another_core(void **state)
{
	(void)state;
	struct actor keeper;
	struct actor server;
	struct actor client;
	keeper_make(&keeper, 2);
	server_make(&server, &keeper, 5 * MS);
	actor_make(&client, 1);
	uint32_t slot = actor_client(&client, &server, 1);
	world_plan(2, keeper.thread, 0);
	world_plan(1, server.thread, client.thread, 0);
	waits(&keeper);
	waits(&server);
	actor_start(&client);
	actor_call(&client, slot, TAG, 1);
	mock_advance(TICKS(20 * MS));
	mock_settle();
	assert_runs(&keeper);
	assert_true(world_idle(1));
	memset(world_buffer(), 0, SK_PAGE_BYTES);
	((uint64_t *)world_buffer())[32] = 0x777000;
	K_OK(server.thread, THREAD_TAG_WRITE_REGISTERS | SK_TAG_BYTES(34u * 8u));
	actor_reply_wait(&keeper, actor_token(&keeper), 0, 1);
	mock_settle();
	assert_runs(&server);
	assert_int_equal(mock_pc(server.c), 0x777000);
	invariants_check();
}

/* A keeper and a server with 20 ms, both on core 1, and the server before another thread that always runs. */
struct scene {
	struct actor keeper;
	struct actor server;
	struct actor other;
};

static void scene_make(struct scene *scene)
{
	keeper_make(&scene->keeper, 1);
	server_make(&scene->server, &scene->keeper, 20 * MS);
	actor_make(&scene->other, 1);
	world_plan(1, scene->keeper.thread, scene->server.thread, scene->other.thread, 0);
	waits(&scene->keeper);
	waits(&scene->server);
	actor_start(&scene->other);
	assert_runs(&scene->other);
}

static void overruns_on_its_own_turn_are_faults(void **state)
{
	(void)state;
	struct scene scene;
	scene_make(&scene);
	/* Short turns may be many. */
	for (uint32_t i = 0; i < 10; i++) {
		signal_to(&scene.server);
		mock_advance(TICKS(12 * MS));
		assert_runs(&scene.server);
		actor_wait(&scene.server);
		assert_runs(&scene.other);
	}
	/* Who is signalled and looks for more, but doesn't wait, has not waited. */
	signal_to(&scene.server);
	uint32_t slot = actor_give(&scene.server, scene.server.notification, SK_RIGHT_WAIT, 0);
	for (uint32_t i = 0; i < 3; i++) {
		mock_advance(TICKS(6 * MS));
		signal_to(&scene.server);
		assert_runs(&scene.server);
		actor_syscall(&scene.server, SK_SYS_POLL, slot, 0, 0, 0);
	}
	mock_advance(TICKS(12 * MS));
	check_overrun(&scene.keeper);
	assert_int_equal(actor_x(&scene.keeper, 6), 0); /* no call */
	assert_int_equal(actor_x(&scene.keeper, 7), 0);
}

/* A wait for a notification by name is one, too, and so is one whose bits are there already. */
static void any_wait_begins_anew(void **state)
{
	(void)state;
	struct scene scene;
	scene_make(&scene);
	uint32_t named = world_notification();
	uint32_t slot = actor_give(&scene.server, named, SK_RIGHT_WAIT, 0);
	signal_to(&scene.server);
	for (uint32_t i = 0; i < 10; i++) {
		mock_advance(TICKS(12 * MS));
		assert_runs(&scene.server);
		if (i % 2 == 0) {
			actor_syscall(&scene.server, SK_SYS_WAIT, slot, 0, 0, 0);
			assert_runs(&scene.other);
		}
		mock_syscall(0, SK_SYS_SIGNAL, (const uint64_t[8]){ named, 1 });
		mock_settle();
		if (i % 2 != 0) {
			actor_syscall(&scene.server, SK_SYS_WAIT, slot, 0, 0, 0);
		}
	}
	mock_advance(TICKS(40 * MS));
	check_overrun(&scene.keeper);
}

/* An instance has all of its time, whatever the one before it did with its own. */
static void a_restart_begins_anew(void **state)
{
	(void)state;
	struct scene scene;
	scene_make(&scene);
	signal_to(&scene.server);
	mock_advance(TICKS(40 * MS));
	check_overrun(&scene.keeper);
	for (uint32_t i = 0; i < 3; i++) {
		K_OK(scene.server.thread, THREAD_TAG_STOP);
		K_OK(scene.server.thread, THREAD_TAG_CONFIGURE, 0x400000, 0, 0, 0);
		actor_reply_wait(&scene.keeper, 0, 0, 0);
		actor_start(&scene.server);
		mock_advance(TICKS(18 * MS));
		assert_runs(&scene.server);
		mock_advance(TICKS(12 * MS));
		check_overrun(&scene.keeper);
	}
}

/* Half done when somebody more urgent takes the core for long. */
static void the_time_of_others_is_theirs(void **state)
{
	(void)state;
	struct scene scene;
	scene_make(&scene);
	world_plan(1, scene.keeper.thread, scene.other.thread, scene.server.thread, 0);
	uint32_t wake = world_notification();
	uint32_t slot = actor_give(&scene.other, wake, SK_RIGHT_WAIT, 0);
	signal_to(&scene.server);
	for (uint32_t i = 0; i < 4; i++) {
		mock_advance(TICKS(100 * MS));
		assert_runs(&scene.other);
		actor_syscall(&scene.other, SK_SYS_WAIT, slot, 0, 0, 0);
		assert_runs(&scene.server);
		mock_advance(TICKS(6 * MS));
		assert_runs(&scene.server);
		mock_syscall(0, SK_SYS_SIGNAL, (const uint64_t[8]){ wake, 1 });
		mock_settle();
	}
	actor_syscall(&scene.other, SK_SYS_WAIT, slot, 0, 0, 0);
	mock_advance(TICKS(12 * MS));
	check_overrun(&scene.keeper);
}

/* A machine that is a guest itself, or emulated, may be without its core for any time. */
static void time_that_nobody_had_is_nobodys(void **state)
{
	(void)state;
	struct scene scene;
	scene_make(&scene);
	signal_to(&scene.server);
	mock_advance(TICKS(5 * MS));
	mock.now += TICKS(1000 * MS);
	mock_settle();
	assert_runs(&scene.server);
	mock_advance(TICKS(4 * MS));
	assert_runs(&scene.server);
	/* Away again as soon as the kernel has set its timer, which fires each time before the server can go on. */
	mock_this = core_at(1);
	core_count_event(core_at(1), COUNT_ENTRIES);
	for (uint32_t i = 0; i < 10; i++) {
		mock.now = core_at(1)->deadline;
		plan_tick(core_at(1));
	}
	mock_this = core_at(0);
	mock_settle();
	assert_runs(&scene.server);
	mock_advance(TICKS(20 * MS));
	check_overrun(&scene.keeper);
}

/* The scheduler has its turns from the kernel, and before everybody else: the keeper is in its plan all the same. */
static void a_scheduler_that_decides_for_ever(void **state)
{
	(void)state;
	struct scene scene;
	scene_make(&scene);
	K_OK(world.core[1], CORE_TAG_SET_SCHEDULER, scene.server.endpoint);
	for (uint32_t i = 0; i < 10; i++) {
		K_OK(world.core[1], CORE_TAG_SET_WAKE_TIME, 1);
		mock_settle();
		assert_runs(&scene.server);
		assert_true(core_at(1)->deciding);
		mock_advance(TICKS(12 * MS));
		assert_runs(&scene.server);
		actor_reply_wait(&scene.server, actor_token(&scene.server), 0, 0);
		assert_runs(&scene.other);
	}
	K_OK(world.core[1], CORE_TAG_SET_WAKE_TIME, 1);
	mock_settle();
	assert_runs(&scene.server);
	mock_advance(TICKS(40 * MS));
	check_overrun(&scene.keeper);
	/* Until it is there again the plan is followed as it is. */
	actor_reply_wait(&scene.keeper, 0, 0, 0);
	assert_runs(&scene.other);
	assert_false(core_at(1)->deciding);
}

/* Each decision takes no time to speak of, but the next is due before anybody else has run. */
static void a_scheduler_that_is_due_for_ever(void **state)
{
	(void)state;
	struct scene scene;
	scene_make(&scene);
	K_OK(world.core[1], CORE_TAG_SET_SCHEDULER, scene.server.endpoint);
	K_OK(world.core[1], CORE_TAG_SET_WAKE_TIME, 1);
	mock_settle();
	uint32_t decisions = 0;
	for (; decisions < 100 && core_at(1)->current == scene.server.c; decisions++) {
		assert_true(core_at(1)->deciding);
		K_OK(world.core[1], CORE_TAG_SET_WAKE_TIME, 1);
		mock_advance(TICKS(1 * MS));
		if (core_at(1)->current == scene.server.c) {
			actor_reply_wait(&scene.server, actor_token(&scene.server), 0, 0);
		}
	}
	assert_in_range(decisions, 20, 25);
	check_overrun(&scene.keeper);
	/* A signal that it takes from its wait is a beginning, and so is a turn of somebody else's. */
	K_OK(scene.server.thread, THREAD_TAG_STOP);
	K_OK(scene.server.thread, THREAD_TAG_CONFIGURE, 0x400000, 0, 0, 0);
	actor_reply_wait(&scene.keeper, 0, 0, 0);
	waits(&scene.server);
	for (uint32_t i = 0; i < 50; i++) {
		assert_runs(&scene.other);
		if (i % 2 == 0) {
			signal_to(&scene.server);
		} else {
			K_OK(world.core[1], CORE_TAG_SET_WAKE_TIME, 1);
			mock_settle();
		}
		assert_runs(&scene.server);
		mock_advance(TICKS(12 * MS));
		actor_reply_wait(&scene.server, i % 2 == 0 ? 0 : actor_token(&scene.server), 0, 0);
	}
	invariants_check();
}

static void guard(uint64_t in_ms)
{
	K_OK(world.core[1], CORE_TAG_SET_GUARD, in_ms == 0 ? 0 : arch_ticks_to_ns(mock.now) + in_ms * MS);
	mock_settle();
}

static void scene_restart(const struct scene *scene)
{
	K_OK(scene->server.thread, THREAD_TAG_STOP);
	K_OK(scene->server.thread, THREAD_TAG_CONFIGURE, 0x400000, 0, 0, 0);
	actor_reply_wait(&scene->keeper, 0, 0, 0);
	waits(&scene->server);
	assert_runs(&scene->other);
	invariants_check();
}

/* It waits for ever, with nothing due: nobody would ever find out. */
static void a_scheduler_that_lets_the_guards_time_pass(void **state)
{
	(void)state;
	struct scene scene;
	scene_make(&scene);
	K_OK(world.core[1], CORE_TAG_SET_SCHEDULER, scene.server.endpoint);
	/* Put off again and again, and taken away. */
	for (uint32_t i = 0; i < 5; i++) {
		guard(20);
		mock_advance(TICKS(12 * MS));
		assert_runs(&scene.other);
	}
	guard(0);
	mock_advance(TICKS(100 * MS));
	assert_runs(&scene.other);
	/* While it waits for its next call. */
	guard(20);
	mock_advance(TICKS(19 * MS));
	assert_runs(&scene.other);
	mock_advance(TICKS(1 * MS));
	check_overrun(&scene.keeper);
	assert_null(plan_scheduler(core_at(1)));
	mock_advance(TICKS(100 * MS));
	assert_runs(&scene.keeper); /* once */
	scene_restart(&scene);
	assert_ptr_equal(plan_scheduler(core_at(1)), scene.server.c);
	/* While it waits for something else; which it is not told any more. */
	uint32_t named = world_notification();
	signal_to(&scene.server);
	guard(10);
	actor_syscall(&scene.server, SK_SYS_WAIT, actor_give(&scene.server, named, SK_RIGHT_WAIT, 0), 0, 0, 0);
	mock_advance(TICKS(10 * MS));
	check_overrun(&scene.keeper);
	mock_syscall(0, SK_SYS_SIGNAL, (const uint64_t[8]){ named, 1 });
	mock_settle();
	assert_runs(&scene.keeper);
	scene_restart(&scene);
	/* While it decides, and while all sleep. */
	guard(10);
	K_OK(world.core[1], CORE_TAG_SET_WAKE_TIME, 1);
	mock_settle();
	assert_runs(&scene.server);
	mock_advance(TICKS(10 * MS));
	check_overrun(&scene.keeper);
	scene_restart(&scene);
	guard(10);
	actor_syscall(&scene.other, SK_SYS_WAIT, actor_give(&scene.other, world_notification(), SK_RIGHT_WAIT, 0), 0, 0, 0);
	assert_true(world_idle(1));
	mock_advance(TICKS(10 * MS));
	check_overrun(&scene.keeper);
}

/* It called somebody who does not answer: that is the other's doing, whose own budget tells. */
static void a_scheduler_that_waits_for_an_answer(void **state)
{
	(void)state;
	struct scene scene;
	struct actor nobody;
	scene_make(&scene);
	actor_make(&nobody, 1);
	actor_serve(&nobody);
	K_OK(world.core[1], CORE_TAG_SET_SCHEDULER, scene.server.endpoint);
	uint32_t slot = actor_give(&scene.server, nobody.endpoint, SK_RIGHT_CALL, 0);
	guard(10);
	signal_to(&scene.server);
	assert_runs(&scene.server);
	actor_syscall(&scene.server, SK_SYS_CALL, slot, 0, 0, 0);
	assert_runs(&scene.other);
	mock_advance(TICKS(50 * MS));
	assert_runs(&scene.other);
	assert_state(&scene.server, CONTEXT_QUEUED);
	invariants_check();
}

static void a_guard_of_nobody_does_nothing(void **state)
{
	(void)state;
	struct scene scene;
	scene_make(&scene);
	guard(1); /* no scheduler yet */
	mock_advance(TICKS(50 * MS));
	assert_runs(&scene.other);
	K_OK(world.core[1], CORE_TAG_SET_SCHEDULER, scene.server.endpoint);
	K_OK(scene.server.thread, THREAD_TAG_STOP);
	guard(1);
	mock_advance(TICKS(50 * MS));
	assert_runs(&scene.other);
	invariants_check();
	K_OK(scene.server.thread, THREAD_TAG_CONFIGURE, 0x400000, 0, 0, 0);
	waits(&scene.server);
	mock_advance(TICKS(50 * MS));
	assert_runs(&scene.other);
	/* The machine stands still: that is not the scheduler's doing. */
	guard(20);
	mock_advance(TICKS(5 * MS));
	mock.now += TICKS(1000 * MS);
	mock_settle();
	assert_runs(&scene.other);
	mock_advance(TICKS(30 * MS));
	check_overrun(&scene.keeper);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(overrun_calls_are_faults, world_setup),
		cmocka_unit_test_setup(overrun_calls_are_repaired_from_another_core, world_setup),
		cmocka_unit_test_setup(overruns_on_its_own_turn_are_faults, world_setup),
		cmocka_unit_test_setup(any_wait_begins_anew, world_setup),
		cmocka_unit_test_setup(a_restart_begins_anew, world_setup),
		cmocka_unit_test_setup(the_time_of_others_is_theirs, world_setup),
		cmocka_unit_test_setup(time_that_nobody_had_is_nobodys, world_setup),
		cmocka_unit_test_setup(a_scheduler_that_decides_for_ever, world_setup),
		cmocka_unit_test_setup(a_scheduler_that_is_due_for_ever, world_setup),
		cmocka_unit_test_setup(a_scheduler_that_lets_the_guards_time_pass, world_setup),
		cmocka_unit_test_setup(a_scheduler_that_waits_for_an_answer, world_setup),
		cmocka_unit_test_setup(a_guard_of_nobody_does_nothing, world_setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
