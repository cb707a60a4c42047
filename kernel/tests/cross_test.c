/*
 * Calls between cores: queues of another core, answers on their way, receivers per
 * core, and what of a caller means something on its own core only.
 */
#include "world.h"
#include <string.h>

#define TAG SK_TAG_METHOD(0x42, 7)

/* Nor a caller on another core, which the straight run would start here. */
static void tokens_of_other_cores_are_not_forged(void **state)
{
	(void)state;
	static const uint64_t forged[] = { UINT64_MAX, 1, PLAN_TOKEN, UINT64_MAX - 1 };
	struct actor server;
	struct actor client;
	actor_make(&server, 1);
	actor_serve(&server);
	actor_make(&client, 2);
	uint32_t slot = actor_client(&client, &server, SK_BADGE(0x42, 5));
	world_plan(1, server.thread, 0);
	world_plan(2, client.thread, 0);
	actor_start(&server);
	actor_reply_wait(&server, 0, 0, 0);
	actor_start(&client);
	actor_call(&client, slot, TAG, 3);
	mock_settle();
	actor_delivered(&server, &client, TAG, 3);
	for (size_t i = 0; i < sizeof forged / sizeof forged[0]; i++) {
		actor_reply_wait(&server, forged[i], 0, 0xbad);
		assert_runs(&server);
		assert_int_equal(actor_status(&server), SK_BAD_ARG);
		assert_state(&client, CONTEXT_IN_SERVICE);
		invariants_check();
	}
	actor_reply_wait(&server, client.c->token, 5, 8);
	mock_settle();
	assert_runs(&client);
	assert_int_equal(actor_x(&client, 0), 5);
	assert_int_equal(actor_x(&client, 2), 8);
	invariants_check();
}

static void across_cores(void **state)
{
	(void)state;
	struct actor server;
	struct actor clients[3];
	uint32_t slots[3];
	actor_make(&server, 1);
	actor_serve(&server);
	actor_start(&server);
	world_plan(1, server.thread, 0);
	actor_crowd(&server, clients, slots, 3, 2);
	/* It works on something else while three calls come. */
	for (uint32_t i = 0; i < 3; i++) {
		actor_call(&clients[i], slots[i], TAG, i);
		assert_state(&clients[i], CONTEXT_QUEUED);
	}
	assert_true(world_idle(2));
	mock_settle();
	invariants_check();
	actor_reply_wait(&server, 0, 0, 0);
	for (uint32_t i = 0; i < 3; i++) {
		assert_ptr_equal(server.c->caller, clients[i].c);
		assert_int_equal(actor_x(&server, 0), SK_BADGE(0x42, i));
		assert_null(server.c->root);
		actor_reply_wait(&server, actor_token(&server), i, 30 + i);
		invariants_check();
		assert_state(&clients[i], CONTEXT_ANSWERED);
		mock_settle();
		assert_state(&clients[i], CONTEXT_READY);
		assert_int_equal(actor_x(&clients[i], 0), i);
		assert_int_equal(actor_x(&clients[i], 2), 30 + i);
		invariants_check();
	}
	assert_true(world_idle(1));
	assert_int_equal(core_at(1)->counters[COUNT_CROSS_CORE], 3);
}

/*
 * A server of two workers: what one of them left for later, the other answers, also while the first still has it in
 * service. The caller hears it once.
 */
static void any_worker_answers(void **state)
{
	(void)state;
	struct actor first;
	struct actor second;
	struct actor stranger;
	struct actor client;
	actor_make(&first, 1);
	actor_serve(&first);
	actor_sibling(&second, &first, 2);
	actor_join(&second, &first);
	actor_make(&stranger, 1);
	actor_serve(&stranger);
	actor_make(&client, 2);
	uint32_t slot = actor_client(&client, &first, 1);
	world_plan(1, first.thread, stranger.thread, 0);
	world_plan(2, second.thread, client.thread, 0);
	actor_start(&first);
	actor_start(&second);
	actor_reply_wait(&second, 0, 0, 0);
	actor_start(&client);
	for (uint64_t i = 0; i < 2; i++) {
		actor_call(&client, slot, TAG, i);
		uint64_t token = client.c->token;
		assert_state(&client, CONTEXT_IN_SERVICE);
		if (i == 0) {
			actor_wait(&second);
			assert_state(&client, CONTEXT_DEFERRED);
		}
		actor_syscall(&first, SK_SYS_REPLY, token + 1, 0, 0, 0);
		assert_int_equal(actor_status(&first), SK_BAD_ARG);
		actor_syscall(&first, SK_SYS_REPLY, token, 6, 50 + i, 0);
		assert_int_equal(actor_status(&first), SK_OK);
		mock_settle();
		invariants_check();
		assert_state(&client, CONTEXT_READY);
		assert_int_equal(actor_x(&client, 0), 6);
		assert_int_equal(actor_x(&client, 2), 50 + i);
		actor_syscall(&first, SK_SYS_REPLY, token, 0, 0, 0);
		assert_int_equal(actor_status(&first), SK_BAD_ARG);
		if (i == 1) {
			/* Its own answer comes too late, and takes nobody's place. */
			actor_syscall(&second, SK_SYS_REPLY, token, 0, 0, 0);
			assert_int_equal(actor_status(&second), SK_BAD_ARG);
		}
		invariants_check();
	}
	/* Another server's worker has no say in it. */
	actor_wait(&second);
	actor_call(&client, slot, TAG, 3);
	actor_wait(&first);
	actor_start(&stranger);
	actor_syscall(&stranger, SK_SYS_REPLY, client.c->token, 0, 0, 0);
	assert_int_equal(actor_status(&stranger), SK_BAD_ARG);
	assert_state(&client, CONTEXT_IN_SERVICE);
	invariants_check();
}

/* A caller's slot number means something on its own core only. */
/* The token of a call that is over: its server is gone, and something else is where that was. */
static void a_reply_for_who_was_served_by_the_dead(void **state)
{
	(void)state;
	struct actor server;
	struct actor client;
	struct actor stranger;
	actor_make(&server, 1);
	actor_serve(&server);
	actor_make(&client, 1);
	actor_make(&stranger, 2);
	actor_serve(&stranger);
	uint32_t slot = actor_client(&client, &server, SK_BADGE(0x42, 5));
	world_plan(1, server.thread, client.thread, 0);
	world_plan(2, stranger.thread, 0);
	actor_start(&server);
	actor_reply_wait(&server, 0, 0, 0);
	actor_start(&client);
	actor_call(&client, slot, TAG, 1);
	actor_reply_wait(&server, actor_token(&server), 0, 2);
	assert_runs(&client);
	K_OK(server.thread, THREAD_TAG_DESTROY);
	memset((void *)(uintptr_t)world_object(server.thread)->base, 0xa5, SK_PAGE_BYTES);
	actor_start(&stranger);
	mock_settle();
	actor_syscall(&stranger, SK_SYS_REPLY, client.c->token, 0, 0, 0);
	assert_int_equal(actor_status(&stranger), SK_BAD_ARG);
	assert_runs(&client);
	invariants_check();
}

static void a_callers_slot_stays_on_its_core(void **state)
{
	(void)state;
	struct actor server;
	struct actor clients[5];
	uint32_t slots[5];
	actor_make(&server, 1);
	actor_serve(&server);
	world_plan(1, server.thread, 0);
	actor_start(&server);
	actor_reply_wait(&server, 0, 0, 0);
	actor_crowd(&server, clients, slots, 5, 2);
	for (uint32_t i = 0; i < 5; i++) {
		actor_call(&clients[i], slots[i], TAG, i);
	}
	mock_settle();
	invariants_check();
	for (uint32_t i = 0; i < 5; i++) {
		actor_reply_wait(&server, server.c->caller->token, 0, 0);
		invariants_check();
	}
	assert_true(world_idle(1));
}

/* One receiver per core: a call stays on its core where there is one, else it goes to the first. */
static void receivers_per_core(void **state)
{
	(void)state;
	world_boot(4);
	struct actor first;
	struct actor second;
	struct actor client;
	struct actor far;
	actor_make(&first, 1);
	actor_serve(&first);
	actor_sibling(&second, &first, 2);
	actor_join(&second, &first);
	actor_make(&client, 2);
	actor_make(&far, 3);
	uint32_t slot = actor_client(&client, &first, 1);
	uint32_t far_slot = actor_client(&far, &first, 2);
	world_plan(1, first.thread, 0);
	world_plan(2, second.thread, client.thread, 0);
	world_plan(3, far.thread, 0);
	actor_start(&first);
	actor_reply_wait(&first, 0, 0, 0);
	actor_start(&second);
	actor_reply_wait(&second, 0, 0, 0);
	actor_start(&client);
	actor_start(&far);
	mock_log_clear();
	actor_call(&client, slot, TAG, 1);
	assert_int_equal(mock_count(MOCK_FAST), 1);
	assert_int_equal(mock_count(MOCK_POKE), 0);
	assert_runs(&second);
	actor_call(&far, far_slot, TAG, 1);
	mock_settle();
	assert_runs(&first);
	assert_ptr_equal(first.c->caller, far.c);
	/* The other's token means nothing to a worker of the same server. */
	actor_reply_wait(&first, client.c->token, 0, 0);
	assert_int_equal(actor_status(&first), SK_BAD_ARG);
	invariants_check();
}

/* There and back: a server that serves another core calls one of its caller's core. */
static void chains_across_cores(void **state)
{
	(void)state;
	struct actor near;
	struct actor far;
	struct actor client;
	actor_make(&near, 1);
	actor_serve(&near);
	actor_make(&far, 2);
	actor_serve(&far);
	actor_make(&client, 1);
	uint32_t client_slot = actor_client(&client, &far, 1);
	uint32_t far_slot = actor_client(&far, &near, 2);
	uint32_t near_slot = actor_client(&near, &far, 3);
	world_plan(1, near.thread, client.thread, 0);
	world_plan(2, far.thread, 0);
	actor_start(&near);
	actor_reply_wait(&near, 0, 0, 0);
	actor_start(&far);
	actor_reply_wait(&far, 0, 0, 0);
	actor_start(&client);
	actor_call(&client, client_slot, TAG, 1);
	mock_settle();
	actor_call(&far, far_slot, TAG, 2);
	mock_settle();
	assert_runs(&near);
	/* It would wait for who waits for it. */
	actor_call(&near, near_slot, TAG, 3);
	assert_int_equal(actor_status(&near), SK_TOO_DEEP);
	actor_reply_wait(&near, far.c->token, 0, 4);
	mock_settle();
	assert_runs(&far);
	assert_int_equal(actor_x(&far, 2), 4);
	actor_reply_wait(&far, client.c->token, 0, 5);
	mock_settle();
	assert_runs(&client);
	assert_int_equal(actor_x(&client, 2), 5);
	invariants_check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(tokens_of_other_cores_are_not_forged, world_setup),
		cmocka_unit_test_setup(across_cores, world_setup),
		cmocka_unit_test_setup(any_worker_answers, world_setup),
		cmocka_unit_test_setup(a_reply_for_who_was_served_by_the_dead, world_setup),
		cmocka_unit_test_setup(a_callers_slot_stays_on_its_core, world_setup),
		cmocka_unit_test_setup(receivers_per_core, world_setup),
		cmocka_unit_test_setup(chains_across_cores, world_setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
