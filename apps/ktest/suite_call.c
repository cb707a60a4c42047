/*
 * Calls: words and badges, also between cores; answers that come later, in any order; who may answer what; how deep
 * calls may be nested; and callers that give up.
 */
#include <string.h>

#include <sk/idl/kernel_client.h>

#include "agent.h"
#include "pool.h"
#include "suites.h"
#include "tap.h"

#define METHOD SK_TAG_METHOD(0x55, 5)
#define BADGE 0x5a5a5au

static struct agent *server; /* of the case, and what reaches it */
static sk_cap_t control;
static sk_cap_t calls;
static sk_cap_t bell;

static void make_server(uint32_t core, void (*run)(struct agent *agent))
{
	sk_cap_t endpoint = pool_endpoint();

	server = agent_make(core, run);
	bell = pool_notification();
	control = pool_copy(endpoint, SK_RIGHTS_ALL & ~SK_RIGHT_CALL, 0);
	calls = pool_copy(endpoint, SK_RIGHT_CALL, BADGE);
	tap_need(thread_bind_endpoint(server->thread, endpoint), "a server");
	tap_need(thread_bind_notification(server->thread, bell), "its notification");
}

static bool echoes(sk_cap_t to, uint64_t first)
{
	struct sk_msg msg = { .tag = METHOD, .w = { first, ~first, 3, 1ull << 63, 5, UINT64_MAX } };

	return sk_call(to, &msg) == SK_OK && msg.w[0] == first && msg.w[1] == ~first && msg.w[2] == 3 &&
	       msg.w[3] == 1ull << 63 && msg.w[4] == 5 && msg.w[5] == UINT64_MAX;
}

static void run_calls(struct agent *agent)
{
	for (uint64_t i = 0; i < 100; i++) {
		agent->out[0] += echoes((sk_cap_t)agent->in[0], i) ? 1u : 0u;
	}
}

static void check_words(const char *what)
{
	agent_start(server);
	tap_ok(echoes(calls, 1), "%s: all six words go there and back", what);
	tap_is(server->seen[0].badge, BADGE, "%s: the badge is the capability's", what);
	tap_is(server->seen[0].msg.tag, METHOD, "%s: the tag is the caller's", what);
	tap_is(server->seen[0].msg.w[5], UINT64_MAX, "%s: so are the words", what);
	tap_ok(server->seen[0].token != 0, "%s: there is a token to answer by", what);
	tap_ok(echoes(calls, 2) && echoes(calls, 3), "%s: again and again", what);
	tap_ok(server->seen[1].token != server->seen[2].token, "%s: each time by another token", what);
}

static void case_words(void)
{
	pool_begin("call: to a server on this core");
	agent_begin();
	make_server(pool.core_here, agent_echo);
	check_words("here");
	pool_end();

	pool_begin("call: to a server on another core");
	agent_begin();
	make_server(pool.core_number, agent_echo);
	agent_plan_one(server);
	check_words("there");
	pool_end();

	pool_begin("call: between two threads of another core");
	agent_begin();
	make_server(pool.core_number, agent_echo);

	struct agent *caller = agent_make(pool.core_number, run_calls);

	agent_plan_two(server, caller);
	caller->in[0] = calls;
	agent_start(server);
	agent_start(caller);
	tap_ok(agent_finished(caller), "a hundred calls");
	tap_is(caller->out[0], 100, "each answered right");
	uint32_t generation;
	uint32_t receivers;
	uint32_t queues;
	tap_status(endpoint_info(control, &generation, &receivers, &queues), SK_OK, "the endpoint tells");
	tap_is(queues, 0, "nobody waits there");
	pool_end();
}

static void case_statuses(void)
{
	pool_begin("call: what the server answers");
	agent_begin();
	make_server(pool.core_here, agent_answer);

	struct sk_msg msg = { .tag = METHOD };

	agent_start(server);
	server->answer.tag = 5;
	tap_status(sk_call(calls, &msg), 5, "an error of its own");
	msg.tag = METHOD;
	server->answer.tag = sk_reply_tag(SK_BAD_ARG);
	tap_status(sk_call(calls, &msg), SK_BAD_ARG, "one of the system's");
	msg.tag = METHOD;
	server->answer.tag = UINT64_MAX;
	tap_ok(sk_call(calls, &msg) != SK_OK, "a tag with every bit set is some error");
	msg.tag = UINT64_MAX & ~SK_TAG_LONG_MASK;
	server->answer.tag = SK_OK;
	tap_status(sk_call(calls, &msg), SK_OK, "flags in a call's tag harm nobody");
	tap_is(server->seen[3].msg.tag & SK_TAG_REDELIVERED, 0,
	       "a caller can't say that its call was delivered before");

	sk_cap_t nobody = pool_endpoint();

	msg.tag = METHOD;
	tap_status(sk_call(nobody, &msg), SK_NO_RECEIVER, "an endpoint that nobody was ever bound to");
	msg.tag = ENDPOINT_TAG_INFO;
	tap_ok(sk_call(pool_copy(nobody, SK_RIGHT_WAIT, 0), &msg) == SK_NO_RIGHT,
	       "one that may neither be called nor looked at");
	pool_end();
}

struct keeper {
	struct agent *first;
	struct agent *second;
};

static struct agent *make_caller(uint64_t word)
{
	struct agent *caller = agent_make(pool.core_number, agent_call);

	caller->in[0] = calls;
	caller->answer = (struct sk_msg){ .tag = METHOD, .w = { word } };
	return caller;
}

/* Has the server, which keeps its callers, answer by `token`; returns what the kernel says to that. */
static sk_status_t answer(uint64_t token, uint64_t word)
{
	uint32_t seen = server->seen_count;

	server->in[1] = token;
	server->answer = (struct sk_msg){ .tag = SK_OK, .w = { word } };
	(void)sk_signal(bell, 1);
	return agent_saw(server, seen + 1) ? server->status : SK_CANCELLED;
}

/* Two callers whose answers wait. */
static void keep_two(struct keeper *keeper)
{
	make_server(pool.core_number, agent_keep);
	keeper->first = make_caller(1);
	keeper->second = make_caller(2);
	struct agent *const planned[] = { server, keeper->first, keeper->second };
	agent_plan(3, planned);
	agent_start(server);
	agent_start(keeper->first);
	(void)agent_saw(server, 1);
	agent_start(keeper->second);
	(void)agent_saw(server, 2);
}

static void case_later(void)
{
	struct keeper keeper;

	pool_begin("call: answered later");
	agent_begin();
	keep_two(&keeper);
	tap_is(agent_state(keeper.first), THREAD_STATE_CALLING, "who waits for an answer is calling");
	tap_status(answer(server->seen[1].token, 22), SK_OK, "the second is answered first");
	tap_ok(agent_finished(keeper.second), "and goes on");
	tap_is(keeper.second->answer.w[0], 22, "with its answer");
	tap_ok(keeper.first->done == 0, "the first still waits");
	tap_status(answer(server->seen[0].token, 11), SK_OK, "then the first");
	tap_ok(agent_finished(keeper.first), "which goes on too");
	tap_is(keeper.first->answer.w[0], 11, "with its own answer");
	tap_status(answer(server->seen[0].token, 33), SK_BAD_ARG, "nobody is answered twice");
	pool_end();
}

static void run_reply(struct agent *agent)
{
	struct sk_caller caller;
	struct sk_msg msg = { .tag = SK_OK };

	agent->out[0] = (uint64_t)sk_reply(agent->in[0], &msg);
	agent->out[1] = sk_wait(SK_WAIT_ENDPOINT, &msg, &caller);
	agent->out[2] = sk_reply_wait(agent->in[0], &msg, &caller);
}

static void case_tokens(void)
{
	struct keeper keeper;

	pool_begin("call: forged tokens");
	agent_begin();
	keep_two(&keeper);

	const uint64_t token = server->seen[0].token;
	const uint64_t forged[] = { 0, 1, token + 1, token - 1, token + (1u << 16), token ^ (1ull << 63), 1ull << 62,
				    UINT64_MAX, token << 16, 0xffff };

	for (uint32_t i = 0; i < sizeof(forged) / sizeof(forged[0]); i++) {
		bool other = forged[i] == server->seen[1].token;

		if (!other) {
			tap_status(answer(forged[i], 99), SK_BAD_ARG, "token %#llx is nobody's",
				   (unsigned long long)forged[i]);
			server->seen_count = 2;
		}
	}
	tap_ok(keeper.first->done == 0 && keeper.second->done == 0, "both callers still wait");

	struct agent *stranger = agent_make(pool.core_number, run_reply);
	sk_cap_t endpoint = pool_endpoint();
	struct agent *const planned[] = { server, keeper.first, keeper.second, stranger };
	stranger->in[0] = token;
	tap_need(thread_bind_endpoint(stranger->thread, endpoint), "another server");
	agent_plan(4, planned);
	agent_start(stranger);
	(void)agent_becomes(stranger, THREAD_STATE_RECEIVING);
	tap_status((sk_status_t)stranger->out[0], SK_BAD_ARG, "another server can't answer by a token of this one's");
	tap_ok(keeper.first->done == 0, "the caller still waits");

	struct agent *client = agent_make(pool.core_number, run_reply);
	struct agent *const again[] = { server, keeper.first, keeper.second, client };
	client->in[0] = token;
	agent_plan(4, again);
	agent_start(client);
	tap_ok(agent_finished(client), "a thread without an endpoint");
	tap_status((sk_status_t)client->out[0], SK_BAD_STATE, "answers nobody");
	tap_status((sk_status_t)client->out[1], SK_BAD_STATE, "waits for nobody");
	tap_status((sk_status_t)client->out[2], SK_BAD_STATE, "not even both at once");
	pool_end();
}

/* Calls on with what it is called with, and passes the answer back; the last word counts how many did. */
static void run_forward(struct agent *agent)
{
	struct sk_msg msg;
	struct sk_caller caller;
	uint64_t badge = sk_wait(SK_WAIT_ENDPOINT, &msg, &caller);

	while (!sk_wait_failed(badge)) {
		uint64_t token = caller.token;

		msg.w[5]++;
		sk_status_t status = sk_call((sk_cap_t)agent->in[0], &msg);
		agent->status = status;
		if (status == SK_TOO_DEEP) {
			msg.w[0] = 0xdeeb;
			msg.w[5] = agent->in[1];
		}
		msg.tag = SK_OK;
		badge = sk_reply_wait(token, &msg, &caller);
	}
}

static void case_depth(void)
{
	pool_begin("call: nested");
	agent_begin();

	struct agent *chain[SK_CALL_DEPTH + 1];
	sk_cap_t ends[SK_CALL_DEPTH + 1];

	for (uint32_t i = 0; i <= SK_CALL_DEPTH; i++) {
		chain[i] = agent_make(pool.core_here, run_forward);
		ends[i] = pool_endpoint();
		tap_need(thread_bind_endpoint(chain[i]->thread, ends[i]), "a server of the chain");
		chain[i]->in[1] = i + 1;
	}
	for (uint32_t i = 0; i < SK_CALL_DEPTH; i++) {
		chain[i]->in[0] = ends[i + 1];
	}
	chain[SK_CALL_DEPTH]->in[0] = pool_endpoint();
	for (uint32_t i = 0; i <= SK_CALL_DEPTH; i++) {
		agent_start(chain[i]);
	}

	struct sk_msg msg = { .tag = METHOD };

	tap_status(sk_call(ends[0], &msg), SK_OK, "a call that goes from server to server");
	tap_is(msg.w[0], 0xdeeb, "is refused at some depth");
	tap_is(msg.w[5], SK_CALL_DEPTH, "which is the ABI's");
	tap_status(chain[SK_CALL_DEPTH - 1]->status, SK_TOO_DEEP, "the last one that was called is told so");
	tap_is(chain[SK_CALL_DEPTH]->seen_count, 0, "the next one was not called");
	msg = (struct sk_msg){ .tag = METHOD };
	tap_status(sk_call(ends[0], &msg), SK_OK, "and again");
	tap_is(msg.w[5], SK_CALL_DEPTH, "with the same end");
	/* The chain closes on itself. */
	chain[2]->in[0] = ends[0];
	msg = (struct sk_msg){ .tag = METHOD };
	tap_status(sk_call(ends[0], &msg), SK_OK, "a circle of three");
	tap_status(chain[2]->status, SK_TOO_DEEP, "ends where it closes");
	chain[0]->in[0] = ends[0];
	msg = (struct sk_msg){ .tag = METHOD };
	tap_status(sk_call(ends[0], &msg), SK_OK, "a server that calls itself");
	tap_status(chain[0]->status, SK_TOO_DEEP, "is told so");
	pool_end();
}

static void case_given_up(void)
{
	struct keeper keeper;

	pool_begin("call: given up by the caller");
	agent_begin();
	keep_two(&keeper);
	tap_status(thread_stop(keeper.first->thread), SK_OK, "a caller whose answer waits is stopped");
	tap_is(agent_state(keeper.first), THREAD_STATE_STOPPED, "it is stopped");
	tap_status(answer(server->seen[0].token, 1), SK_BAD_ARG, "its answer is nobody's");
	tap_status(thread_destroy(keeper.second->thread), SK_OK, "another one is destroyed");
	tap_status(answer(server->seen[1].token, 2), SK_BAD_ARG, "so is its answer");
	agent_start(keeper.first);
	tap_ok(agent_saw(server, 5), "the first calls again");
	tap_status(answer(server->seen[4].token, 3), SK_OK, "and is answered");
	tap_ok(agent_finished(keeper.first), "and goes on");
	tap_status(keeper.first->status, SK_OK, "as if nothing had been");
	pool_end();

	pool_begin("call: given up while it queues");
	agent_begin();
	make_server(pool.core_number, agent_busy);
	keeper.first = make_caller(1);
	keeper.second = make_caller(2);
	/* A busy server runs on its caller's turn: only who is more urgent than that one gets to call. */
	struct agent *const planned[] = { keeper.second, keeper.first, server };
	agent_plan(3, planned);
	agent_start(server);
	(void)agent_becomes(server, THREAD_STATE_RECEIVING);
	agent_start(keeper.first);
	tap_ok(agent_saw(server, 1), "a server is busy");
	agent_start(keeper.second);
	tap_ok(agent_becomes(keeper.second, THREAD_STATE_CALLING), "another caller queues");
	uint32_t generation;
	uint32_t receivers;
	uint32_t queues = 0;
	tap_status(endpoint_info(control, &generation, &receivers, &queues), SK_OK, "the endpoint tells");
	tap_ok(queues != 0, "that somebody queues");
	tap_status(thread_stop(keeper.second->thread), SK_OK, "the caller is stopped");
	(void)endpoint_info(control, &generation, &receivers, &queues);
	tap_is(queues, 0, "and queues no more");
	tap_status(thread_stop(keeper.first->thread), SK_OK, "so is the one in service");
	tap_is(agent_state(server), THREAD_STATE_READY, "the server works on");
	tap_status(thread_destroy(server->thread), SK_OK, "until it is destroyed");
	pool_end();
}

void suite_call(void)
{
	case_words();
	case_statuses();
	case_later();
	case_tokens();
	case_depth();
	case_given_up();
}
