/*
 * What becomes of calls when a server or a caller goes away: nobody hangs,
 * nothing is served twice that may not be, and nothing points to what is gone.
 */
#include "world.h"
#include <string.h>

#define ONCE SK_TAG_METHOD(0x42, 7)
#define AGAIN (ONCE | SK_TAG_IDEMPOTENT)
#define CLIENTS 5u

/* A server on core 1 with callers in every place: 0 and 1 deferred, 2 in service, 3 and 4 queued. */
struct scene {
	struct actor server;
	uint32_t control;         /* the supervisor's capability to manage the endpoint */
	struct actor clients[CLIENTS];
	uint32_t slots[CLIENTS];
};

static void scene_make(struct scene *scene, uint32_t client_core, uint64_t even_tag, uint64_t odd_tag)
{
	struct core_plan_slot plan[SK_PLAN_SLOTS] = { 0 };
	uint32_t planned = 0;
	actor_make(&scene->server, 1);
	actor_serve(&scene->server);
	scene->control = world_copy(scene->server.endpoint, SK_RIGHTS_ALL & ~SK_RIGHT_CALL, 0);
	if (client_core == 1) {
		plan[planned++].task = scene->server.thread;
	} else {
		world_plan(1, scene->server.thread, 0);
	}
	for (uint32_t i = 0; i < CLIENTS; i++) {
		actor_make(&scene->clients[i], client_core);
		scene->slots[i] = actor_client(&scene->clients[i], &scene->server, i + 1u);
		plan[planned++].task = scene->clients[i].thread;
	}
	assert_int_equal(world_commit(client_core, 0, planned, plan), SK_OK);
	actor_start(&scene->server);
	actor_reply_wait(&scene->server, 0, 0, 0);
	for (uint32_t i = 0; i < CLIENTS; i++) {
		actor_start(&scene->clients[i]);
		actor_call(&scene->clients[i], scene->slots[i], i % 2u == 0 ? even_tag : odd_tag, 10u * i);
		mock_settle();
		if (i < 2) {
			actor_wait(&scene->server);
		} else if (i == 2) {
			/* It waits for something, so that the other clients run. */
			uint32_t slot = actor_give(&scene->server, world_notification(), SK_RIGHT_WAIT, 0);
			actor_syscall(&scene->server, SK_SYS_WAIT, slot, 0, 0, 0);
		}
	}
	mock_settle();
	static const uint8_t states[CLIENTS] = { CONTEXT_DEFERRED, CONTEXT_DEFERRED, CONTEXT_IN_SERVICE, CONTEXT_QUEUED,
						 CONTEXT_QUEUED };
	for (uint32_t i = 0; i < CLIENTS; i++) {
		assert_state(&scene->clients[i], states[i]);
	}
	invariants_check();
}

/* A new thread for the server's process; the old one is destroyed. */
static void server_replace(struct scene *scene)
{
	struct actor old = scene->server;
	K_OK(old.thread, THREAD_TAG_DESTROY);
	memset(old.t, 0xa5, sizeof *old.t);
	invariants_check();
	K_OK(scene->control, ENDPOINT_TAG_RETIRE);
	mock_settle();
	invariants_check();
	actor_sibling(&scene->server, &old, 1);
	actor_join(&scene->server, &old);
}

/* The same thread again, from the start. */
static void server_restart(struct scene *scene)
{
	K_OK(scene->server.thread, THREAD_TAG_STOP);
	invariants_check();
	K_OK(scene->control, ENDPOINT_TAG_RETIRE);
	mock_settle();
	invariants_check();
	K_OK(scene->server.thread, THREAD_TAG_CONFIGURE, 0x400000, 0, 0, 0);
}

static void check_died(const struct actor *client, uint64_t generation)
{
	assert_state(client, CONTEXT_READY);
	assert_int_equal(actor_status(client), SK_SERVER_DIED);
	assert_int_equal(actor_x(client, 1), generation);
}

static uint32_t task_of(const struct scene *scene, uint32_t index)
{
	return scene->clients[index].thread;
}

/* Whoever had been delivered is so again, marked, where that is allowed; the others learn the new generation. */
static void after_death(struct scene *scene, uint32_t client_core)
{
	/* Odd ones may be served twice: 1 is; 0 and 2 may not. 3 and 4 had not been delivered. */
	check_died(&scene->clients[0], 1);
	check_died(&scene->clients[2], 1);
	if (client_core == 1) {
		world_plan(1, scene->server.thread, task_of(scene, 0), task_of(scene, 1), task_of(scene, 2),
			   task_of(scene, 3), task_of(scene, 4), 0);
	} else {
		world_plan(1, scene->server.thread, 0);
	}
	actor_start(&scene->server);
	actor_reply_wait(&scene->server, 0, 0, 0);
	static const struct {
		uint32_t client;
		uint64_t tag;
	} order[] = { { 1, AGAIN | SK_TAG_REDELIVERED }, { 3, AGAIN }, { 4, ONCE } };
	for (uint32_t i = 0; i < 3; i++) {
		const struct actor *client = &scene->clients[order[i].client];
		assert_ptr_equal(scene->server.c->caller, client->c);
		assert_int_equal(actor_x(&scene->server, 0), order[i].client + 1u);
		assert_int_equal(actor_x(&scene->server, 1), order[i].tag);
		assert_int_equal(actor_x(&scene->server, 2), 10u * order[i].client);
		actor_reply_wait(&scene->server, actor_token(&scene->server), 0, 77);
		mock_settle();
		assert_state(client, CONTEXT_READY);
		assert_int_equal(actor_x(client, 2), 77);
		invariants_check();
	}
	/* The mark is gone with the call. */
	assert_int_equal(scene->clients[1].c->redelivered, 0);
}

static void destroyed_server(void **state)
{
	(void)state;
	struct scene scene;
	scene_make(&scene, 1, ONCE, AGAIN);
	server_replace(&scene);
	after_death(&scene, 1);
}

static void destroyed_server_of_another_core(void **state)
{
	(void)state;
	struct scene scene;
	scene_make(&scene, 2, ONCE, AGAIN);
	server_replace(&scene);
	after_death(&scene, 2);
}

static void server_restarted_in_place(void **state)
{
	(void)state;
	struct scene scene;
	scene_make(&scene, 1, ONCE, AGAIN);
	server_restart(&scene);
	K_OK(scene.server.thread, THREAD_TAG_BIND_ENDPOINT, scene.server.endpoint);
	after_death(&scene, 1);
}

static void server_of_another_core_restarted_in_place(void **state)
{
	(void)state;
	struct scene scene;
	scene_make(&scene, 2, ONCE, AGAIN);
	server_restart(&scene);
	after_death(&scene, 2);
}

/* Callers that came after the death wait for the new instance, delivered once. */
static void callers_wait_for_the_next_instance(void **state)
{
	(void)state;
	struct scene scene;
	scene_make(&scene, 1, AGAIN, AGAIN);
	server_replace(&scene);
	for (uint32_t i = 0; i < CLIENTS; i++) {
		assert_state(&scene.clients[i], CONTEXT_QUEUED);
	}
	struct actor late;
	actor_make(&late, 1);
	uint32_t slot = actor_client(&late, &scene.server, 99);
	world_plan(1, scene.server.thread, late.thread, 0);
	actor_start(&late);
	actor_call(&late, slot, ONCE, 1);
	assert_state(&late, CONTEXT_QUEUED);
	actor_start(&scene.server);
	for (uint32_t i = 0; i <= CLIENTS; i++) {
		actor_reply_wait(&scene.server, i == 0 ? 0 : actor_token(&scene.server), 0, 0);
		assert_int_equal(actor_x(&scene.server, 0), i < CLIENTS ? i + 1u : 99u);
		assert_int_equal((actor_x(&scene.server, 1) & SK_TAG_REDELIVERED) != 0, i < 3);
	}
	/* It dies again: the flag stays with a second delivery. */
	K_OK(scene.control, ENDPOINT_TAG_INFO);
	assert_int_equal(world.reply.w[0], 1);
	assert_int_equal(world.reply.w[1], 1);
	server_replace(&scene);
	check_died(&late, 2);
}

static void an_abandoned_server(uint32_t client_core, bool destroyed)
{
	struct scene scene;
	scene_make(&scene, client_core, ONCE, AGAIN);
	K_REFUSED(SK_BAD_STATE, scene.control, ENDPOINT_TAG_ABANDON);
	K_REFUSED(SK_BAD_STATE, scene.control, ENDPOINT_TAG_RETIRE);
	K_REFUSED(SK_BAD_STATE, scene.control, ENDPOINT_TAG_DESTROY);
	K_OK(scene.server.thread, destroyed ? THREAD_TAG_DESTROY : THREAD_TAG_STOP);
	invariants_check();
	K_OK(scene.control, ENDPOINT_TAG_ABANDON);
	mock_settle();
	for (uint32_t i = 0; i < CLIENTS; i++) {
		check_died(&scene.clients[i], 1);
	}
	invariants_check();
	/* Who calls later is told at once. */
	world_plan(client_core, scene.clients[4].thread, 0);
	actor_call(&scene.clients[4], scene.slots[4], ONCE, 1);
	assert_runs(&scene.clients[4]);
	check_died(&scene.clients[4], 1);
	if (destroyed) {
		K_OK(scene.control, ENDPOINT_TAG_DESTROY);
		actor_call(&scene.clients[4], scene.slots[4], ONCE, 1);
		assert_int_equal(actor_status(&scene.clients[4]), SK_STALE);
		invariants_check();
	}
}

/* Who is bound to an abandoned endpoint takes it into service again, wherever, and callers wait for it. */
static void abandoned_and_taken_up_again(uint32_t core)
{
	struct scene scene;
	scene_make(&scene, 1, ONCE, AGAIN);
	K_OK(scene.server.thread, THREAD_TAG_DESTROY);
	K_OK(scene.control, ENDPOINT_TAG_ABANDON);
	mock_settle();
	struct actor next;
	actor_make(&next, core);
	actor_join(&next, &scene.server);
	world_plan(1, scene.clients[4].thread, 0);
	actor_call(&scene.clients[4], scene.slots[4], ONCE, 1);
	mock_settle();
	invariants_check();
	world_plan(core, next.thread, 0);
	actor_start(&next);
	actor_reply_wait(&next, 0, 0, 0);
	assert_ptr_equal(next.c->caller, scene.clients[4].c);
	actor_reply_wait(&next, actor_token(&next), 0, 0);
	mock_settle();
	assert_int_equal(actor_status(&scene.clients[4]), SK_OK);
	invariants_check();
}

static void abandoned(void **state)
{
	(void)state;
	an_abandoned_server(1, true);
	world_boot(3);
	an_abandoned_server(2, true);
	world_boot(3);
	an_abandoned_server(1, false);
	world_boot(3);
	abandoned_and_taken_up_again(1);
}

static void destroyed_endpoints_answer_their_callers(void **state)
{
	(void)state;
	for (uint32_t core = 1; core < 3; core++) {
		world_boot(3);
		struct scene scene;
		scene_make(&scene, core, ONCE, AGAIN);
		K_OK(scene.server.thread, THREAD_TAG_DESTROY);
		struct endpoint *endpoint = world_body(scene.control);
		K_OK(scene.control, ENDPOINT_TAG_DESTROY);
		memset(endpoint, 0xa5, sizeof *endpoint);
		mock_settle();
		for (uint32_t i = 0; i < CLIENTS; i++) {
			check_died(&scene.clients[i], 0);
		}
		invariants_check();
	}
}

/* One caller in each place goes away; the others are served as if it had never been. */
static void caller_leaves(uint32_t client_core, uint32_t leaver, bool destroyed)
{
	struct scene scene;
	scene_make(&scene, client_core, ONCE, AGAIN);
	const struct actor *client = &scene.clients[leaver];
	uint64_t token = client->c->token;
	K_OK(client->thread, destroyed ? THREAD_TAG_DESTROY : THREAD_TAG_STOP);
	if (destroyed) {
		memset(client->t, 0xa5, sizeof *client->t);
	} else {
		assert_state(client, CONTEXT_STOPPED);
		assert_int_equal(actor_status(client), SK_CANCELLED);
	}
	mock_settle();
	invariants_check();
	/* The server wakes, and finds that nobody has this name. */
	struct notification *notification = scene.server.c->waits_for;
	uint32_t copy = world_copy(1, 0, 0); /* a slot of ours to reach it by */
	world.supervisor->context.space->slots[copy] = object_capability(notification->object, SK_RIGHTS_ALL, 0);
	mock_syscall(0, SK_SYS_SIGNAL, (const uint64_t[8]){ copy, 1 });
	mock_settle();
	assert_runs(&scene.server);
	invariants_check();
	actor_syscall(&scene.server, SK_SYS_REPLY, token, 0, 0, 0);
	assert_int_equal(actor_status(&scene.server), SK_BAD_ARG);
	uint32_t served = 0;
	actor_wait(&scene.server);
	mock_settle();
	while (runs(scene.server.c)) {
		served++;
		actor_reply_wait(&scene.server, scene.server.c->caller->token, 0, 1);
		mock_settle();
		invariants_check();
	}
	/* Those in the queue; the one in service was deferred. */
	assert_int_equal(served, leaver >= 3 ? 1 : 2);
	if (!destroyed) {
		K_OK(client->thread, THREAD_TAG_START);
		mock_settle();
		assert_int_equal(actor_status(client), SK_CANCELLED);
		invariants_check();
	}
}

static void callers_leave(void **state)
{
	(void)state;
	for (uint32_t core = 1; core < 3; core++) {
		for (uint32_t leaver = 0; leaver < CLIENTS; leaver++) {
			world_boot(3);
			caller_leaves(core, leaver, false);
			world_boot(3);
			caller_leaves(core, leaver, true);
		}
	}
}

/* A call that is on its way to another core, and an answer that is on its way back. */
static void callers_leave_while_word_travels(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		world_boot(3);
		struct actor server;
		struct actor client;
		actor_make(&server, 1);
		actor_serve(&server);
		actor_make(&client, 2);
		uint32_t slot = actor_client(&client, &server, 1);
		world_plan(1, server.thread, 0);
		world_plan(2, client.thread, 0);
		actor_start(&server);
		actor_reply_wait(&server, 0, 0, 0);
		actor_start(&client);
		actor_call(&client, slot, AGAIN, 1);
		assert_ptr_equal(core_at(1)->calls, client.c);
		if (i >= 2) {
			mock_settle();
			actor_reply_wait(&server, actor_token(&server), 9, 0);
			assert_state(&client, CONTEXT_ANSWERED);
		}
		bool destroyed = i % 2u == 1;
		K_OK(client.thread, destroyed ? THREAD_TAG_DESTROY : THREAD_TAG_STOP);
		if (destroyed) {
			memset(client.t, 0xa5, sizeof *client.t);
		} else {
			assert_state(&client, CONTEXT_STOPPED);
			assert_int_equal(actor_status(&client), i == 0 ? SK_CANCELLED : 9);
		}
		mock_settle();
		invariants_check();
	}
}

/* Its servers work on, on turns of their own, and name nobody when they are done. */
static void the_head_of_a_chain_leaves(void **state)
{
	(void)state;
	struct actor outer;
	struct actor inner;
	struct actor client;
	actor_make(&outer, 1);
	actor_serve(&outer);
	actor_make(&inner, 1);
	actor_serve(&inner);
	actor_make(&client, 1);
	uint32_t slot = actor_client(&client, &outer, 1);
	uint32_t inner_slot = actor_client(&outer, &inner, 2);
	world_plan(1, outer.thread, inner.thread, client.thread, 0);
	actor_start(&outer);
	actor_reply_wait(&outer, 0, 0, 0);
	actor_start(&inner);
	actor_reply_wait(&inner, 0, 0, 0);
	actor_start(&client);
	actor_call(&client, slot, ONCE, 1);
	uint64_t token = actor_token(&outer);
	actor_call(&outer, inner_slot, ONCE, 1);
	K_OK(client.thread, THREAD_TAG_DESTROY);
	memset(client.t, 0xa5, sizeof *client.t);
	invariants_check();
	assert_runs(&inner);
	actor_reply_wait(&inner, actor_token(&inner), 0, 3);
	assert_runs(&outer);
	assert_int_equal(actor_x(&outer, 2), 3);
	actor_reply_wait(&outer, token, 0, 0);
	assert_int_equal(actor_status(&outer), SK_BAD_ARG);
	actor_reply_wait(&outer, 0, 0, 0);
	assert_true(world_idle(1));
	invariants_check();
}

/* The middle of a chain is destroyed: who called it waits at its endpoint, whom it called works for nobody. */
static void the_middle_of_a_chain_leaves(void **state)
{
	(void)state;
	struct actor outer;
	struct actor inner;
	struct actor client;
	actor_make(&outer, 1);
	actor_serve(&outer);
	actor_make(&inner, 1);
	actor_serve(&inner);
	actor_make(&client, 1);
	uint32_t slot = actor_client(&client, &outer, 1);
	uint32_t inner_slot = actor_client(&outer, &inner, 2);
	world_plan(1, outer.thread, inner.thread, client.thread, 0);
	actor_start(&outer);
	actor_reply_wait(&outer, 0, 0, 0);
	actor_start(&inner);
	actor_reply_wait(&inner, 0, 0, 0);
	actor_start(&client);
	actor_call(&client, slot, AGAIN, 1);
	actor_call(&outer, inner_slot, ONCE, 1);
	K_OK(outer.thread, THREAD_TAG_DESTROY);
	memset(outer.t, 0xa5, sizeof *outer.t);
	assert_state(&client, CONTEXT_QUEUED);
	assert_int_equal(client.c->redelivered, 1);
	assert_runs(&inner);
	invariants_check();
	actor_reply_wait(&inner, 0, 0, 0);
	assert_true(world_idle(1));
	invariants_check();
}

/* Threads that wait for anything else are stopped there, and told so when they go on. */
static void waiters_are_cancelled(void **state)
{
	(void)state;
	struct actor waiter;
	actor_make(&waiter, 1);
	actor_serve(&waiter);
	uint32_t notification = world_notification();
	uint32_t slot = actor_give(&waiter, notification, SK_RIGHT_WAIT, 0);
	world_plan(1, waiter.thread, 0);
	actor_start(&waiter);
	for (uint32_t i = 0; i < 2; i++) {
		actor_syscall(&waiter, SK_SYS_WAIT, i == 0 ? slot : SK_WAIT_ENDPOINT, 0, 0, 0);
		assert_true(world_idle(1));
		K_OK(waiter.thread, THREAD_TAG_STOP);
		K_OK(waiter.thread, THREAD_TAG_STOP);
		assert_state(&waiter, CONTEXT_STOPPED);
		invariants_check();
		actor_start(&waiter);
		assert_runs(&waiter);
		assert_int_equal(actor_status(&waiter), SK_CANCELLED);
	}
	/* One that runs is not disturbed. */
	waiter.t->registers.x[0] = 1234;
	K_OK(waiter.thread, THREAD_TAG_STOP);
	actor_start(&waiter);
	assert_int_equal(actor_status(&waiter), 1234);
	K_OK(notification, NOTIFICATION_TAG_DESTROY);
	invariants_check();
}

/* An exit of a guest is never lost, and never hangs: it is served again, or by nobody with a value of nothing. */
static void exits_outlive_their_server(void **state)
{
	(void)state;
	struct actor server;
	actor_make(&server, 1);
	actor_serve(&server);
	uint32_t control = world_copy(server.endpoint, SK_RIGHTS_ALL & ~SK_RIGHT_CALL, 0);
	uint32_t vm = world_vm(0);
	uint32_t slot = world_vcpu(vm, 1);
	struct vcpu *vcpu = world_vcpu_at(slot);
	uint32_t badged = world_copy(server.endpoint, SK_RIGHT_CALL, SK_BADGE(VM_EXIT_INTERFACE, 3));
	K_OK(vm, SPACE_TAG_ROUTE_RANGE, 0x9000000, 0x1000, badged);
	world_vcpu_prepare(slot);
	world_plan(1, server.thread, slot, 0);
	actor_start(&server);
	actor_reply_wait(&server, 0, 0, 0);
	K_OK(slot, VCPU_TAG_RUN);
	vcpu->context.frame->x[5] = 0x5555;
	mock_mmio(1, 0x9000018, false, 4, 5);
	assert_runs(&server);
	uint64_t pc = mock_pc(&vcpu->context);
	K_OK(server.thread, THREAD_TAG_DESTROY);
	assert_int_equal(vcpu->context.state, CONTEXT_QUEUED);
	K_OK(control, ENDPOINT_TAG_RETIRE);
	assert_int_equal(vcpu->context.state, CONTEXT_QUEUED);
	struct actor old = server;
	actor_sibling(&server, &old, 1);
	actor_join(&server, &old);
	world_plan(1, server.thread, slot, 0);
	actor_start(&server);
	actor_reply_wait(&server, 0, 0, 0);
	assert_int_equal(actor_x(&server, 0), SK_BADGE(VM_EXIT_INTERFACE, 3));
	assert_int_equal(actor_x(&server, 1), VM_EXIT_TAG_MMIO_READ | SK_TAG_IDEMPOTENT | SK_TAG_REDELIVERED);
	assert_int_equal(actor_x(&server, 2), 0x9000018);
	actor_reply_wait(&server, actor_token(&server), 0, 0x1234567890ull);
	assert_true(runs(&vcpu->context));
	assert_int_equal(vcpu->context.frame->x[5], 0x34567890);
	assert_int_equal(mock_pc(&vcpu->context), pc + 4);
	/* It will not come back. */
	mock_mmio(1, 0x9000018, false, 4, 5);
	K_OK(server.thread, THREAD_TAG_DESTROY);
	K_OK(control, ENDPOINT_TAG_ABANDON);
	assert_true(runs(&vcpu->context));
	assert_int_equal(vcpu->context.frame->x[5], 0);
	assert_int_equal(mock_pc(&vcpu->context), pc + 8);
	vcpu->context.frame->x[5] = 1;
	mock_mmio(1, 0x9000018, false, 4, 5);
	assert_int_equal(vcpu->context.frame->x[5], 0);
	mock_mmio(1, 0x9000018, true, 4, 5);
	assert_int_equal(mock_pc(&vcpu->context), pc + 16);
	K_OK(control, ENDPOINT_TAG_DESTROY);
	mock_mmio(1, 0x9000018, false, 4, 5);
	assert_int_equal(mock_pc(&vcpu->context), pc + 20);
	assert_true(runs(&vcpu->context));
	invariants_check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(destroyed_server, world_setup),
		cmocka_unit_test_setup(destroyed_server_of_another_core, world_setup),
		cmocka_unit_test_setup(server_restarted_in_place, world_setup),
		cmocka_unit_test_setup(server_of_another_core_restarted_in_place, world_setup),
		cmocka_unit_test_setup(callers_wait_for_the_next_instance, world_setup),
		cmocka_unit_test_setup(abandoned, world_setup),
		cmocka_unit_test_setup(destroyed_endpoints_answer_their_callers, world_setup),
		cmocka_unit_test_setup(callers_leave, world_setup),
		cmocka_unit_test_setup(callers_leave_while_word_travels, world_setup),
		cmocka_unit_test_setup(the_head_of_a_chain_leaves, world_setup),
		cmocka_unit_test_setup(the_middle_of_a_chain_leaves, world_setup),
		cmocka_unit_test_setup(waiters_are_cancelled, world_setup),
		cmocka_unit_test_setup(exits_outlive_their_server, world_setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
