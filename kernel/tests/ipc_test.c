/*
 * Calls and replies on one core: the straight run and the general path, queues,
 * deferred replies, chains and helping. Core 1 is the stage; slot 0 of a plan is
 * the most urgent.
 */
#include "world.h"
#include <string.h>

#define TAG SK_TAG_METHOD(0x42, 7)
#define LONG SK_TAG_BYTES(8) /* makes a message take the general path */

struct pair {
	struct actor server, client;
	uint32_t slot;        /* of the server's endpoint, in the client's table */
};

/* A server that waits for calls, and a client that runs. */
static void pair_make(struct pair *pair)
{
	actor_make(&pair->server, 1);
	actor_serve(&pair->server);
	actor_make(&pair->client, 1);
	pair->slot = actor_client(&pair->client, &pair->server, SK_BADGE(0x42, 5));
	world_plan(1, pair->server.thread, pair->client.thread, 0);
	actor_start(&pair->server);
	actor_reply_wait(&pair->server, 0, 0, 0);
	actor_start(&pair->client);
	assert_runs(&pair->client);
	mock_log_clear();
}

static void call_and_reply(void **state)
{
	(void)state;
	static const struct {
		uint64_t tag, fast;
	} ways[] = { { TAG, 2 }, { TAG | LONG, 0 }, { TAG | SK_TAG_IDEMPOTENT | SK_TAG_ONEWAY, 2 } };
	struct pair pair;
	pair_make(&pair);
	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
		mock_log_clear();
		actor_call(&pair.client, pair.slot, ways[i].tag, 100 + i);
		actor_delivered(&pair.server, &pair.client, ways[i].tag, 100 + i);
		/* Bits beside the status are the general path's. */
		actor_reply_wait(&pair.server, actor_token(&pair.server), ways[i].fast == 0 ? LONG | 3 : 3, 200);
		assert_runs(&pair.client);
		assert_state(&pair.server, CONTEXT_RECEIVING);
		assert_int_equal(actor_x(&pair.client, 0) & 0xffff, 3);
		assert_int_equal(actor_x(&pair.client, 2), 200);
		assert_int_equal(actor_x(&pair.client, 7), 205);
		assert_int_equal(mock_count(MOCK_FAST), ways[i].fast);
		invariants_check();
	}
	assert_int_equal(pair.server.c->calls, 3);
}

/* The kernel's own flag can't be set by a client. */
static void a_client_cannot_say_redelivered(void **state)
{
	(void)state;
	struct pair pair;
	pair_make(&pair);
	actor_call(&pair.client, pair.slot, TAG | SK_TAG_REDELIVERED, 1);
	actor_delivered(&pair.server, &pair.client, TAG, 1);
	assert_int_equal(mock_count(MOCK_FAST), 0);
}

/* A reply without waiting: the caller goes on, and so does the server. */
static void reply_and_go_on(void **state)
{
	(void)state;
	struct pair pair;
	pair_make(&pair);
	actor_call(&pair.client, pair.slot, TAG, 1);
	actor_syscall(&pair.server, SK_SYS_REPLY, actor_token(&pair.server), 0, 50, 51);
	assert_runs(&pair.server); /* the more urgent one */
	assert_int_equal(actor_status(&pair.server), SK_OK);
	assert_state(&pair.client, CONTEXT_READY);
	invariants_check();
	actor_reply_wait(&pair.server, 0, 0, 0);
	assert_runs(&pair.client);
	assert_int_equal(actor_x(&pair.client, 2), 50);
	invariants_check();
}

static void calls_that_cannot_be_made(void **state)
{
	(void)state;
	struct pair pair;
	pair_make(&pair);
	uint32_t unbound = world_endpoint();
	uint32_t nobody = actor_give(&pair.client, unbound, SK_RIGHT_CALL, 0);
	actor_call(&pair.client, nobody, TAG, 1);
	assert_runs(&pair.client);
	assert_int_equal(actor_status(&pair.client), SK_NO_RECEIVER);
	/* Without the right to call, it is the endpoint itself that is asked. */
	uint32_t weak = actor_give(&pair.client, pair.server.endpoint, SK_RIGHT_WAIT, 0);
	actor_call(&pair.client, weak, TAG, 1);
	assert_int_equal(sk_reply_status(actor_x(&pair.client, 0)), SK_NO_RIGHT);
	/* A client has nothing to receive from, and nobody to reply to. */
	actor_reply_wait(&pair.client, 0, 0, 0);
	assert_int_equal(actor_status(&pair.client), SK_BAD_STATE);
	actor_wait(&pair.client);
	assert_int_equal(actor_status(&pair.client), SK_BAD_STATE);
	actor_syscall(&pair.client, SK_SYS_REPLY, 1, 0, 0, 0);
	assert_int_equal(actor_status(&pair.client), SK_BAD_STATE);
	invariants_check();
}

static void queues_are_first_come_first_served(void **state)
{
	(void)state;
	struct actor server;
	struct actor clients[4];
	uint32_t slots[4];
	actor_make(&server, 1);
	actor_serve(&server);
	actor_crowd(&server, clients, slots, 4, 1);
	/* The server has not come to its endpoint yet: all wait. */
	for (uint32_t i = 0; i < 4; i++) {
		assert_runs(&clients[i]);
		actor_call(&clients[i], slots[i], TAG, i);
		invariants_check();
	}
	assert_true(world_idle(1));
	actor_start(&server);
	actor_reply_wait(&server, 0, 0, 0);
	for (uint32_t i = 0; i < 4; i++) {
		assert_runs(&server);
		assert_int_equal(actor_x(&server, 0), SK_BADGE(0x42, i));
		assert_ptr_equal(server.c->caller, clients[i].c);
		actor_reply_wait(&server, actor_token(&server), 0, 0);
		invariants_check();
	}
	assert_runs(&clients[0]);
}

static void deferred_replies_in_any_order(void **state)
{
	(void)state;
	struct actor server;
	struct actor clients[3];
	uint32_t slots[3];
	uint64_t tokens[3];
	actor_make(&server, 1);
	actor_serve(&server);
	actor_crowd(&server, clients, slots, 3, 1);
	actor_start(&server);
	actor_reply_wait(&server, 0, 0, 0);
	for (uint32_t i = 0; i < 3; i++) {
		actor_call(&clients[i], slots[i], TAG, i);
		tokens[i] = actor_token(&server);
		actor_wait(&server); /* leaves it for later */
		assert_state(&clients[i], CONTEXT_DEFERRED);
		invariants_check();
	}
	assert_true(world_idle(1));
	/* A fourth call wakes it; it answers the second, then the first and the third. */
	struct actor fourth;
	actor_make(&fourth, 1);
	uint32_t slot = actor_client(&fourth, &server, 1);
	world_plan(1, server.thread, clients[0].thread, clients[1].thread, clients[2].thread, fourth.thread, 0);
	actor_start(&fourth);
	actor_call(&fourth, slot, TAG, 9);
	static const uint32_t order[] = { 1, 0, 2 };
	for (uint32_t i = 0; i < 3; i++) {
		actor_syscall(&server, SK_SYS_REPLY, tokens[order[i]], 0, 70 + i, 0);
		assert_int_equal(actor_status(&server), SK_OK);
		assert_state(&clients[order[i]], CONTEXT_READY);
		assert_int_equal(actor_x(&clients[order[i]], 2), 70 + i);
		invariants_check();
		/* Once only. */
		actor_syscall(&server, SK_SYS_REPLY, tokens[order[i]], 0, 0, 0);
		assert_int_equal(actor_status(&server), SK_BAD_ARG);
	}
	/* The one in service it may still answer. */
	actor_reply_wait(&server, fourth.c->token, 0, 1);
	assert_state(&fourth, CONTEXT_READY);
	invariants_check();
}

/* A server can name only callers that wait for it, and each only while it waits. */
static void tokens_are_not_forged(void **state)
{
	(void)state;
	struct pair pair;
	pair_make(&pair);
	struct actor other_server;
	struct actor other_client;
	struct actor queued;
	actor_make(&other_server, 1);
	actor_serve(&other_server);
	actor_make(&other_client, 1);
	actor_make(&queued, 1);
	uint32_t other_slot = actor_client(&other_client, &other_server, 1);
	uint32_t queued_slot = actor_client(&queued, &pair.server, 1);
	world_plan(1, other_server.thread, pair.server.thread, other_client.thread, queued.thread, pair.client.thread, 0);
	actor_start(&other_server);
	actor_reply_wait(&other_server, 0, 0, 0);
	actor_call(&pair.client, pair.slot, TAG, 1);
	uint64_t stale = actor_token(&pair.server);
	actor_reply_wait(&pair.server, stale, 0, 0);
	actor_start(&other_client);
	actor_call(&other_client, other_slot, TAG, 1);
	uint64_t others = actor_token(&other_server);
	actor_wait(&other_server);
	actor_start(&queued);
	actor_call(&queued, queued_slot, TAG | LONG, 1);
	uint64_t served = actor_token(&pair.server);
	const uint64_t forged[] = {
		stale, others, served + 1, served - 1, served + 0x10000, served | 1ull << 63, 1, UINT64_MAX, PLAN_TOKEN,
		pair.client.c->token, pair.server.c->token, UINT64_MAX - 1,
	};
	for (size_t i = 0; i < sizeof forged / sizeof forged[0]; i++) {
		actor_reply_wait(&pair.server, forged[i], 0, 0xbad);
		assert_runs(&pair.server);
		assert_int_equal(actor_status(&pair.server), SK_BAD_ARG);
		actor_syscall(&pair.server, SK_SYS_REPLY, forged[i], 0, 0xbad, 0);
		assert_int_equal(actor_status(&pair.server), SK_BAD_ARG);
		invariants_check();
	}
	assert_state(&queued, CONTEXT_IN_SERVICE);
	assert_state(&other_client, CONTEXT_DEFERRED);
	actor_reply_wait(&pair.server, served, 0, 7);
	assert_int_equal(actor_x(&queued, 2), 7);
	invariants_check();
}

/* Servers 0 to `count` - 1 each call the next; every one has a slot, the first client the last. */
static void chain_make(struct actor *servers, uint32_t *slots, uint32_t count, struct actor *client, uint32_t *first)
{
	struct core_plan_slot plan[SK_PLAN_SLOTS] = { 0 };
	for (uint32_t i = 0; i < count; i++) {
		actor_make(&servers[i], 1);
		actor_serve(&servers[i]);
		plan[i].task = servers[i].thread;
	}
	for (uint32_t i = 0; i + 1u < count; i++) {
		slots[i] = actor_client(&servers[i], &servers[i + 1u], i);
	}
	actor_make(client, 1);
	*first = actor_client(client, &servers[0], 1);
	plan[count].task = client->thread;
	assert_int_equal(world_commit(1, 0, count + 1u, plan), SK_OK);
	for (uint32_t i = 0; i < count; i++) {
		actor_start(&servers[i]);
		actor_reply_wait(&servers[i], 0, 0, 0);
	}
	actor_start(client);
}

static void chains_end_at_the_limit(void **state)
{
	(void)state;
	static const uint64_t tags[] = { TAG, TAG | LONG };
	struct actor servers[SK_CALL_DEPTH + 1u];
	uint32_t slots[SK_CALL_DEPTH + 1u];
	struct actor client;
	uint32_t first;
	chain_make(servers, slots, SK_CALL_DEPTH + 1u, &client, &first);
	for (size_t way = 0; way < 2; way++) {
		actor_call(&client, first, tags[way], 1);
		for (uint32_t i = 0; i + 1u < SK_CALL_DEPTH; i++) {
			assert_int_equal(servers[i].c->depth, i + 1u);
			assert_ptr_equal(servers[i].c->root, client.c);
			actor_call(&servers[i], slots[i], tags[way], i);
			invariants_check();
		}
		const struct actor *last = &servers[SK_CALL_DEPTH - 1u];
		uint64_t token = actor_token(last);
		actor_call(last, slots[SK_CALL_DEPTH - 1u], tags[way], 1);
		assert_runs(last);
		assert_int_equal(actor_status(last), SK_TOO_DEEP);
		actor_reply_wait(last, token, 0, 0);
		for (uint32_t i = SK_CALL_DEPTH - 1u; i-- > 0;) {
			assert_runs(&servers[i]);
			actor_reply_wait(&servers[i], servers[i].c->caller->token, 0, i);
			invariants_check();
		}
		assert_runs(&client);
	}
}

static void chains_do_not_close(void **state)
{
	(void)state;
	struct actor servers[3];
	uint32_t slots[3];
	struct actor client;
	uint32_t first;
	chain_make(servers, slots, 3, &client, &first);
	uint32_t own = actor_client(&servers[0], &servers[0], 1);
	uint32_t back = actor_client(&servers[2], &servers[0], 1);
	actor_call(&client, first, TAG, 1);
	actor_call(&servers[0], own, TAG, 1);
	assert_int_equal(actor_status(&servers[0]), SK_TOO_DEEP);
	actor_call(&servers[0], slots[0], TAG, 1);
	actor_call(&servers[1], slots[1], TAG, 1);
	actor_call(&servers[2], back, TAG, 1);
	assert_runs(&servers[2]);
	assert_int_equal(actor_status(&servers[2]), SK_TOO_DEEP);
	invariants_check();
}

/* A busy server works on the turn of the most urgent who waits for it, along the chain. */
static void servers_are_helped(void **state)
{
	(void)state;
	struct actor server;
	struct actor deep;
	struct actor low;
	struct actor high;
	struct actor middle;
	actor_make(&server, 1);
	actor_serve(&server);
	actor_make(&deep, 1);
	actor_serve(&deep);
	actor_make(&low, 1);
	actor_make(&high, 1);
	actor_make(&middle, 1);
	uint32_t low_slot = actor_client(&low, &server, 1);
	uint32_t high_slot = actor_client(&high, &server, 2);
	uint32_t deep_slot = actor_client(&server, &deep, 3);
	/* Only clients have turns. */
	world_plan(1, server.thread, deep.thread, 0);
	actor_start(&server);
	actor_reply_wait(&server, 0, 0, 0);
	actor_start(&deep);
	actor_reply_wait(&deep, 0, 0, 0);
	world_plan(1, high.thread, middle.thread, low.thread, 0);
	actor_start(&low);
	actor_call(&low, low_slot, TAG, 1);
	actor_call(&server, deep_slot, TAG, 1);
	assert_runs(&deep);
	assert_int_equal(core_at(1)->owner->slot, 2);
	actor_start(&middle);
	assert_runs(&middle); /* the low one's servers have no claim on the middle one */
	actor_start(&high);
	assert_runs(&high);
	actor_call(&high, high_slot, TAG, 2);
	assert_runs(&deep);
	assert_int_equal(core_at(1)->owner->slot, 0);
	assert_ptr_equal(core_at(1)->owner, high.c);
	invariants_check();
	/* Its reply is no straight run: the turn is not its caller's root's. */
	mock_log_clear();
	actor_reply_wait(&deep, actor_token(&deep), 0, 0);
	assert_int_equal(mock_count(MOCK_FAST), 0);
	assert_runs(&server);
	assert_int_equal(core_at(1)->owner->slot, 0);
	actor_reply_wait(&server, low.c->token, 0, 0);
	assert_runs(&server);
	assert_ptr_equal(server.c->caller, high.c);
	actor_reply_wait(&server, high.c->token, 0, 0);
	assert_runs(&high);
	invariants_check();
}

/* Who queues for a server that waits for another one helps that, also when it was away when they came. */
static void queued_callers_help_down_the_chain(void **state)
{
	(void)state;
	struct actor deep;
	struct actor outer;
	struct actor waiter;
	struct actor low;
	actor_make(&deep, 1);
	actor_serve(&deep);
	actor_make(&outer, 1);
	actor_serve(&outer);
	actor_make(&waiter, 1);
	actor_make(&low, 1);
	uint32_t deep_slot = actor_client(&outer, &deep, 1);
	uint32_t outer_slot = actor_client(&waiter, &outer, 2);
	uint32_t notification = world_notification();
	uint32_t sleep_slot = actor_give(&deep, notification, SK_RIGHT_WAIT, 0);
	world_plan(1, deep.thread, outer.thread, 0);
	actor_start(&deep);
	actor_reply_wait(&deep, 0, 0, 0);
	actor_start(&outer);
	/* It serves nobody, and waits for a server that sleeps. */
	actor_call(&outer, deep_slot, TAG, 1);
	actor_syscall(&deep, SK_SYS_WAIT, sleep_slot, 0, 0, 0);
	world_plan(1, waiter.thread, low.thread, 0);
	actor_start(&waiter);
	actor_call(&waiter, outer_slot, TAG, 1);
	actor_start(&low);
	assert_runs(&low);
	invariants_check();
	mock_syscall(0, SK_SYS_SIGNAL, (const uint64_t[8]){ notification, 1 });
	mock_settle();
	assert_runs(&deep);
	assert_int_equal(core_at(1)->owner->slot, 0);
	invariants_check();
}

static void unknown_system_calls_fault(void **state)
{
	(void)state;
	struct pair pair;
	pair_make(&pair);
	actor_syscall(&pair.client, 6, 0, 0, 0, 0);
	assert_state(&pair.client, CONTEXT_STOPPED);
	assert_true(world_idle(1));
	invariants_check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(call_and_reply, world_setup),
		cmocka_unit_test_setup(a_client_cannot_say_redelivered, world_setup),
		cmocka_unit_test_setup(reply_and_go_on, world_setup),
		cmocka_unit_test_setup(calls_that_cannot_be_made, world_setup),
		cmocka_unit_test_setup(queues_are_first_come_first_served, world_setup),
		cmocka_unit_test_setup(deferred_replies_in_any_order, world_setup),
		cmocka_unit_test_setup(tokens_are_not_forged, world_setup),
		cmocka_unit_test_setup(chains_end_at_the_limit, world_setup),
		cmocka_unit_test_setup(chains_do_not_close, world_setup),
		cmocka_unit_test_setup(servers_are_helped, world_setup),
		cmocka_unit_test_setup(queued_callers_help_down_the_chain, world_setup),
		cmocka_unit_test_setup(unknown_system_calls_fault, world_setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
