/*
 * What becomes of calls when their server dies: those that it had are delivered again where that is allowed, and
 * answered SERVER_DIED where it isn't; and what an endpoint says that nobody will serve again.
 */
#include <sk/idl/kernel_client.h>
#include <sk/syscall.h>

#include "agent.h"
#include "pool.h"
#include "suites.h"
#include "tap.h"

#define METHOD SK_TAG_METHOD(0x55, 5)

static struct agent *server;
static struct agent *careful;  /* calls a method that may not be run twice */
static struct agent *careless; /* one that may */
static sk_cap_t endpoint;
static sk_cap_t control;

static struct agent *make_caller(uint64_t flags)
{
	struct agent *caller = agent_make(pool.core_number, agent_call);

	caller->in[0] = endpoint;
	caller->answer = (struct sk_msg){ .tag = METHOD | flags, .w = { 7 } };
	return caller;
}

static void plan(void)
{
	struct agent *const planned[] = { server, careful, careless };

	agent_plan(3, planned);
}

/* A server that has taken both callers' calls and answered neither. */
static void make_all(void)
{
	agent_begin();
	endpoint = pool_endpoint();
	control = pool_copy(endpoint, SK_RIGHTS_ALL & ~SK_RIGHT_CALL, 0);
	server = agent_make(pool.core_number, agent_keep);
	careful = make_caller(0);
	careless = make_caller(SK_TAG_IDEMPOTENT);
	tap_need(thread_bind_endpoint(server->thread, endpoint), "a server");
	plan();
	agent_start(server);
	agent_start(careful);
	(void)agent_saw(server, 1);
	agent_start(careless);
	(void)agent_saw(server, 2);
}

static uint32_t generation(void)
{
	uint32_t numbers[3] = { UINT32_MAX };

	(void)endpoint_info(control, &numbers[0], &numbers[1], &numbers[2]);
	return numbers[0];
}

static void case_retire(void)
{
	pool_begin("restart: in place");
	make_all();

	uint32_t before = generation();

	tap_status(endpoint_retire(control), SK_BAD_STATE, "an endpoint isn't retired under a running server");
	tap_status(endpoint_abandon(control), SK_BAD_STATE, "nor abandoned");
	tap_is(generation(), before, "its generation stays");
	tap_status(thread_stop(server->thread), SK_OK, "the server is stopped");
	tap_ok(careful->done == 0 && careless->done == 0, "its callers wait");
	tap_status(endpoint_retire(control), SK_OK, "its endpoint is retired");
	tap_is(generation(), before + 1, "a generation later");
	tap_ok(agent_finished(careful), "whose call may not be run twice is told");
	tap_status(careful->status, SK_SERVER_DIED, "that the server died");
	tap_is(careful->answer.w[0], before + 1, "and which generation comes next");
	tap_ok(careless->done == 0, "the other one waits on");
	server->seen_count = 0;
	server->run = agent_echo;
	agent_start(server);
	tap_ok(agent_finished(careless), "the next instance serves it");
	tap_status(careless->status, SK_OK, "as if nothing had been");
	tap_is(careless->answer.w[0], 7, "with its words");
	tap_is(server->seen[0].msg.tag, METHOD | SK_TAG_IDEMPOTENT | SK_TAG_REDELIVERED,
	       "the instance knows that another may have served this");
	careful->answer = (struct sk_msg){ .tag = METHOD };
	agent_start(careful);
	tap_ok(agent_finished(careful), "new calls are served too");
	tap_status(careful->status, SK_OK, "likewise");
	tap_is(server->seen[1].msg.tag, METHOD, "not marked");
	pool_end();
}

static void case_another_thread(void)
{
	pool_begin("restart: by another thread");
	make_all();
	tap_status(thread_destroy(server->thread), SK_OK, "the server's thread is destroyed");
	tap_status(endpoint_retire(control), SK_OK, "its endpoint is retired");
	tap_ok(agent_finished(careful), "whose call may not be run twice is told");
	tap_status(careful->status, SK_SERVER_DIED, "that the server died");
	server = agent_make(pool.core_number, agent_echo);
	tap_status(thread_bind_endpoint(server->thread, endpoint), SK_OK, "another thread is bound there");
	plan();
	agent_start(server);
	tap_ok(agent_finished(careless), "and serves who waited");
	tap_ok((server->seen[0].msg.tag & SK_TAG_REDELIVERED) != 0, "who was served before");
	pool_end();
}

static void case_queued(void)
{
	pool_begin("restart: what only queued");
	agent_begin();
	endpoint = pool_endpoint();
	control = pool_copy(endpoint, SK_RIGHTS_ALL & ~SK_RIGHT_CALL, 0);
	server = agent_make(pool.core_number, agent_echo);
	careful = make_caller(0);
	careless = make_caller(SK_TAG_IDEMPOTENT);
	tap_need(thread_bind_endpoint(server->thread, endpoint), "a server");
	plan();
	agent_start(careful);
	tap_ok(agent_becomes(careful, THREAD_STATE_CALLING), "a call waits for a server that was not started yet");
	tap_status(endpoint_retire(control), SK_OK, "the endpoint is retired");
	tap_ok(careful->done == 0, "the call waits on: nobody had it");
	agent_start(server);
	tap_ok(agent_finished(careful), "and is served");
	tap_is(server->seen[0].msg.tag & SK_TAG_REDELIVERED, 0, "for the first time");
	pool_end();
}

static void case_abandon(void)
{
	pool_begin("restart: never");
	make_all();

	struct sk_msg msg = { .tag = METHOD | SK_TAG_IDEMPOTENT };

	tap_status(thread_stop(server->thread), SK_OK, "the server is stopped");
	tap_status(endpoint_abandon(control), SK_OK, "and given up");
	tap_ok(agent_finished(careful) && agent_finished(careless), "everybody is told");
	tap_status(careful->status, SK_SERVER_DIED, "one");
	tap_status(careless->status, SK_SERVER_DIED, "and all");
	tap_status(sk_call(endpoint, &msg), SK_SERVER_DIED, "new calls are told at once");
	tap_is(msg.w[0], generation(), "with the generation");
	tap_status(thread_bind_endpoint(server->thread, endpoint), SK_OK, "its thread is bound again");
	server->run = agent_echo;
	agent_start(server);
	msg.tag = METHOD;
	tap_status(sk_call(endpoint, &msg), SK_OK, "and serves again");
	pool_end();
}

static void case_destroy(void)
{
	pool_begin("restart: the endpoint itself goes");
	make_all();

	struct sk_msg msg = { .tag = METHOD };
	sk_cap_t copy = pool_copy(endpoint, SK_RIGHT_CALL, 3);

	tap_status(thread_destroy(server->thread), SK_OK, "the server's thread is destroyed");
	tap_status(endpoint_destroy(control), SK_OK, "the endpoint is destroyed");
	tap_ok(agent_finished(careful) && agent_finished(careless), "nobody waits there for ever");
	tap_ok(careful->status < 0 && careless->status < 0, "they are told");
	tap_status(sk_call(copy, &msg), SK_STALE, "a capability to it is stale");
	pool_end();
}

void suite_restart(void)
{
	case_retire();
	case_another_thread();
	case_queued();
	case_abandon();
	case_destroy();
}
