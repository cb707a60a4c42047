/*
 * Faults: a call on the thread's behalf, with the evidence, to whoever repairs it.
 */
#include "world.h"
#include <sk/idl/kernel.h>

#define TAG SK_TAG_METHOD(0x42, 7)

struct scene {
	struct actor keeper;  /* takes the faults */
	struct actor server;
	struct actor client;
	uint32_t slot;
};

static void scene_make(struct scene *scene, uint32_t keeper_core)
{
	actor_make(&scene->keeper, keeper_core);
	actor_serve(&scene->keeper);
	actor_make(&scene->server, 1);
	actor_serve(&scene->server);
	actor_make(&scene->client, 1);
	scene->slot = actor_client(&scene->client, &scene->server, SK_BADGE(0x42, 5));
	uint32_t badged = world_copy(scene->keeper.endpoint, SK_RIGHT_CALL, SK_BADGE(THREAD_FAULT_INTERFACE, 9));
	K_OK(scene->server.thread, THREAD_TAG_SET_FAULT_ENDPOINT, badged);
	if (keeper_core == 1) {
		world_plan(1, scene->keeper.thread, scene->server.thread, scene->client.thread, 0);
	} else {
		world_plan(keeper_core, scene->keeper.thread, 0);
		world_plan(1, scene->server.thread, scene->client.thread, 0);
	}
	actor_start(&scene->keeper);
	actor_reply_wait(&scene->keeper, 0, 0, 0);
	actor_start(&scene->server);
	actor_reply_wait(&scene->server, 0, 0, 0);
	actor_start(&scene->client);
}

static void a_fault_is_a_call(uint32_t keeper_core, bool resume)
{
	struct scene scene;
	scene_make(&scene, keeper_core);
	actor_call(&scene.client, scene.slot, TAG, 1);
	uint64_t pc = mock_pc(scene.server.c);
	mock_fault(1, THREAD_FAULT_REASON_MEMORY, 0xdead000);
	mock_settle();
	assert_runs(&scene.keeper);
	assert_int_equal(actor_x(&scene.keeper, 0), SK_BADGE(THREAD_FAULT_INTERFACE, 9));
	assert_int_equal(actor_x(&scene.keeper, 1) & SK_TAG_METHOD_MASK, THREAD_FAULT_TAG_FAULT);
	assert_int_equal(actor_x(&scene.keeper, 2), THREAD_FAULT_REASON_MEMORY);
	assert_int_equal(actor_x(&scene.keeper, 4), 0xdead000);
	assert_int_equal(actor_x(&scene.keeper, 5), pc);
	assert_int_equal(actor_x(&scene.keeper, 6), TAG);
	assert_int_equal(actor_x(&scene.keeper, 7), SK_BADGE(0x42, 5));
	K_OK(scene.server.thread, THREAD_TAG_INFO);
	assert_int_equal(world.reply.w[0], THREAD_STATE_FAULTED);
	assert_int_equal(world.reply.w[2], SK_BADGE(0x42, 5));
	assert_int_equal(world.reply.w[3], TAG);
	assert_state(&scene.client, CONTEXT_IN_SERVICE);
	invariants_check();
	/* What the keeper writes into its registers stays there. */
	K_OK(scene.server.thread, THREAD_TAG_READ_REGISTERS);
	uint64_t *registers = world_buffer();
	assert_int_equal(registers[32], pc);
	registers[32] = 0x400100;
	registers[8] = scene.client.c->token;
	K_OK(scene.server.thread, THREAD_TAG_WRITE_REGISTERS | SK_TAG_BYTES(34u * 8u));
	actor_reply_wait(&scene.keeper, actor_token(&scene.keeper), 0, resume ? 1 : 0);
	mock_settle();
	invariants_check();
	if (resume) {
		assert_runs(&scene.server);
		assert_int_equal(mock_pc(scene.server.c), 0x400100);
		actor_reply_wait(&scene.server, actor_token(&scene.server), 0, 4);
		assert_runs(&scene.client);
		assert_int_equal(actor_x(&scene.client, 2), 4);
		invariants_check();
	} else {
		assert_state(&scene.server, CONTEXT_STOPPED);
		assert_true(world_idle(1));
		K_OK(scene.server.thread, THREAD_TAG_INFO);
		assert_int_equal(world.reply.w[0], THREAD_STATE_STOPPED);
	}
}

static void faults_are_calls(void **state)
{
	(void)state;
	a_fault_is_a_call(1, true);
	world_boot(3);
	a_fault_is_a_call(1, false);
	world_boot(3);
	a_fault_is_a_call(2, true);
	world_boot(3);
	a_fault_is_a_call(2, false);
}

/* An error, or no answer at all, resumes nobody. */
static void errors_do_not_resume(void **state)
{
	(void)state;
	struct scene scene;
	scene_make(&scene, 1);
	actor_call(&scene.client, scene.slot, TAG, 1);
	mock_fault(1, THREAD_FAULT_REASON_MEMORY, 0);
	actor_reply_wait(&scene.keeper, actor_token(&scene.keeper), sk_reply_tag(SK_BAD_ARG), 1);
	assert_state(&scene.server, CONTEXT_STOPPED);
	invariants_check();
	world_boot(3);
	scene_make(&scene, 1);
	actor_call(&scene.client, scene.slot, TAG, 1);
	mock_fault(1, THREAD_FAULT_REASON_MEMORY, 0);
	K_OK(scene.keeper.thread, THREAD_TAG_DESTROY);
	K_OK(world_copy(scene.keeper.endpoint, SK_RIGHTS_ALL & ~SK_RIGHT_CALL, 0), ENDPOINT_TAG_ABANDON);
	assert_state(&scene.server, CONTEXT_STOPPED);
	assert_int_equal(scene.server.c->faulting, 0);
	invariants_check();
}

static void without_a_handler_it_stops(void **state)
{
	(void)state;
	struct actor actor;
	actor_make(&actor, 1);
	world_plan(1, actor.thread, 0);
	actor_start(&actor);
	mock_fault(1, THREAD_FAULT_REASON_INSTRUCTION, 0);
	assert_state(&actor, CONTEXT_STOPPED);
	assert_true(world_idle(1));
	/* It may begin anew. */
	K_OK(actor.thread, THREAD_TAG_CONFIGURE, 0x500000, 0, 3, 0);
	actor_start(&actor);
	assert_int_equal(mock_pc(actor.c), 0x500000);
	/* A handler that is gone is none. */
	uint32_t endpoint = world_endpoint();
	uint32_t control = world_copy(endpoint, SK_RIGHTS_ALL & ~SK_RIGHT_CALL, 0);
	K_OK(actor.thread, THREAD_TAG_SET_FAULT_ENDPOINT, endpoint);
	mock_fault(1, THREAD_FAULT_REASON_INSTRUCTION, 0); /* nobody was ever bound to it */
	assert_state(&actor, CONTEXT_STOPPED);
	actor_start(&actor);
	K_OK(control, ENDPOINT_TAG_DESTROY);
	mock_fault(1, THREAD_FAULT_REASON_INSTRUCTION, 0);
	assert_state(&actor, CONTEXT_STOPPED);
	invariants_check();
}

static void a_faulted_thread_is_restarted(void **state)
{
	(void)state;
	for (uint32_t core = 1; core < 3; core++) {
		world_boot(3);
		struct scene scene;
		scene_make(&scene, core);
		actor_call(&scene.client, scene.slot, TAG | SK_TAG_IDEMPOTENT, 1);
		mock_fault(1, THREAD_FAULT_REASON_MEMORY, 0);
		mock_settle();
		uint64_t token = actor_token(&scene.keeper);
		K_OK(scene.server.thread, THREAD_TAG_STOP);
		assert_int_equal(scene.server.c->faulting, 0);
		assert_state(&scene.client, CONTEXT_QUEUED);
		invariants_check();
		actor_syscall(&scene.keeper, SK_SYS_REPLY, token, 0, 1, 0);
		assert_int_equal(actor_status(&scene.keeper), SK_BAD_ARG);
		K_OK(scene.server.thread, THREAD_TAG_CONFIGURE, 0x400000, 0, 0, 0);
		actor_start(&scene.server);
		actor_reply_wait(&scene.keeper, 0, 0, 0);
		actor_reply_wait(&scene.server, 0, 0, 0);
		assert_ptr_equal(scene.server.c->caller, scene.client.c);
		invariants_check();
	}
}

/* However long the chain was: otherwise its callers would wait for ever. */
static void the_deepest_server_faults(void **state)
{
	(void)state;
	struct actor keeper;
	struct actor servers[SK_CALL_DEPTH];
	struct actor client;
	uint32_t slots[SK_CALL_DEPTH];
	struct core_plan_slot plan[SK_PLAN_SLOTS] = { 0 };
	actor_make(&keeper, 1);
	actor_serve(&keeper);
	actor_make(&client, 1);
	for (uint32_t i = 0; i < SK_CALL_DEPTH; i++) {
		actor_make(&servers[i], 1);
		actor_serve(&servers[i]);
		plan[i].task = servers[i].thread;
	}
	for (uint32_t i = 0; i < SK_CALL_DEPTH; i++) {
		slots[i] = actor_client(i == 0 ? &client : &servers[i - 1u], &servers[i], i);
	}
	K_OK(servers[SK_CALL_DEPTH - 1u].thread, THREAD_TAG_SET_FAULT_ENDPOINT, keeper.endpoint);
	plan[SK_CALL_DEPTH].task = client.thread;
	plan[SK_CALL_DEPTH + 1u].task = keeper.thread;
	assert_int_equal(world_commit(1, 0, SK_CALL_DEPTH + 2u, plan), SK_OK);
	for (uint32_t i = 0; i < SK_CALL_DEPTH; i++) {
		actor_start(&servers[i]);
		actor_reply_wait(&servers[i], 0, 0, 0);
	}
	actor_start(&keeper);
	actor_reply_wait(&keeper, 0, 0, 0);
	actor_start(&client);
	for (uint32_t i = 0; i < SK_CALL_DEPTH; i++) {
		actor_call(i == 0 ? &client : &servers[i - 1u], slots[i], TAG, i);
	}
	mock_fault(1, THREAD_FAULT_REASON_MEMORY, 1);
	assert_runs(&keeper);
	invariants_check();
	actor_reply_wait(&keeper, actor_token(&keeper), 0, 1);
	assert_runs(&servers[SK_CALL_DEPTH - 1u]);
	invariants_check();
}

static void fault_endpoint_refusals(void **state)
{
	(void)state;
	struct actor actor;
	actor_make(&actor, 1);
	uint32_t weak = world_copy(SK_BOOT_SLOT_ENDPOINT, SK_RIGHT_WAIT, 0);
	K_REFUSED(SK_NO_RIGHT, actor.thread, THREAD_TAG_SET_FAULT_ENDPOINT, weak);
	K_REFUSED(SK_BAD_TYPE, actor.thread, THREAD_TAG_SET_FAULT_ENDPOINT, SK_BOOT_SLOT_RAM);
	K_REFUSED(SK_BAD_CAP, actor.thread, THREAD_TAG_SET_FAULT_ENDPOINT, 0);
}

/* The timer may come again before the core has left its interrupts: who made the fault call then makes no other. */
static void an_overrun_is_found_once(void **state)
{
	(void)state;
	const uint64_t ms = arch_ns_to_ticks(1000000);
	struct scene scene;
	scene_make(&scene, 1);
	K_OK(scene.server.thread, THREAD_TAG_SET_CALL_BUDGET, 20000000);
	actor_call(&scene.client, scene.slot, TAG, 1);
	mock_advance(15 * ms);
	assert_runs(&scene.server);
	mock_this = core_at(1);
	for (uint32_t found = 0; found < 3; found += scene.server.c->faulting) {
		mock.now = core_at(1)->deadline;
		core_count_event(core_at(1), COUNT_ENTRIES);
		plan_tick(core_at(1));
	}
	mock_this = core_at(0);
	mock_advance(10 * ms);
	assert_runs(&scene.keeper);
	assert_int_equal(actor_x(&scene.keeper, 2), THREAD_FAULT_REASON_BUDGET);
	invariants_check();
	actor_reply_wait(&scene.keeper, actor_token(&scene.keeper), 0, 1);
	assert_runs(&scene.server);
	invariants_check();
}

/* The scheduler faults as it decides: its slot's turn is its keeper's, who is at something else. */
static void a_faulted_scheduler_helps_its_keeper(void **state)
{
	(void)state;
	struct actor scheduler;
	struct actor worker;
	struct actor keeper;
	actor_make(&scheduler, 1);
	actor_serve(&scheduler);
	actor_make(&worker, 1);
	actor_make(&keeper, 1);
	actor_serve(&keeper);
	uint32_t badged = world_copy(keeper.endpoint, SK_RIGHT_CALL, SK_BADGE(THREAD_FAULT_INTERFACE, 9));
	K_OK(scheduler.thread, THREAD_TAG_SET_FAULT_ENDPOINT, badged);
	world_plan(1, scheduler.thread, worker.thread, keeper.thread, 0);
	actor_start(&scheduler);
	actor_reply_wait(&scheduler, 0, 0, 0);
	K_OK(world.core[1], CORE_TAG_SET_SCHEDULER, scheduler.endpoint);
	actor_start(&keeper);
	actor_start(&worker);
	assert_runs(&worker);
	K_OK(world.core[1], CORE_TAG_SET_WAKE_TIME, 1);
	mock_settle();
	assert_runs(&scheduler);
	mock_fault(1, THREAD_FAULT_REASON_MEMORY, 0);
	assert_runs(&keeper);
	invariants_check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(faults_are_calls, world_setup),
		cmocka_unit_test_setup(errors_do_not_resume, world_setup),
		cmocka_unit_test_setup(without_a_handler_it_stops, world_setup),
		cmocka_unit_test_setup(a_faulted_thread_is_restarted, world_setup),
		cmocka_unit_test_setup(the_deepest_server_faults, world_setup),
		cmocka_unit_test_setup(fault_endpoint_refusals, world_setup),
		cmocka_unit_test_setup(an_overrun_is_found_once, world_setup),
		cmocka_unit_test_setup(a_faulted_scheduler_helps_its_keeper, world_setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
