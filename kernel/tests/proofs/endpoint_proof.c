/*
 * Calls: a caller is in exactly one place, its queue, its server or among what that deferred; it goes there in turn, is
 * answered once, by who has it, and a call that can't be made changes nothing.
 */
#include <kernel/endpoint.c>
#include "proof.h"

struct core cores[SK_MAX_CORES];
uint32_t core_count = 2;
struct object *object_table;
uint32_t object_count;
_Thread_local struct core *mock_this;

/* A server, who calls it now, and two that may wait already: who is behind those is behind any number of others. */
static struct context server, caller, first, second;
static struct endpoint endpoint;
static uint32_t posted, woken, settled;

void core_post_call(struct context *context, uint32_t to)
{
	proof_that(context == &caller && to == endpoint.home_core && to != 0, "to the core that serves it");
	posted++;
}

void core_post(struct context *context, uint32_t flags)
{
	proof_that(context->core != 0 && flags == REMOTE_REPLY && context->state == CONTEXT_ANSWERED, "its core hears");
	posted++;
}

void plan_wake(struct core *core, struct context *context)
{
	proof_that(core == core_at(context->core) && context->state == CONTEXT_READY, "who is ready, where it runs");
	woken++;
}

void vcpu_settle(struct vcpu *vcpu, uint64_t tag, uint64_t w0, uint64_t w1)
{
	(void)tag;
	(void)w0;
	(void)w1;
	vcpu->context.state = nondet_bool() ? CONTEXT_READY : CONTEXT_STOPPED;
	settled++;
}

void message_of(const struct context *context, struct sk_msg *msg)
{
	(void)context;
	msg->tag = nondet_u64();
}

uint64_t message_transfer(struct context *from, struct context *to, uint64_t tag)
{
	proof_that(from != to, "from one to another");
	return tag;
}

void message_deliver(struct context *receiver, uint64_t badge, const struct sk_msg *msg, uint64_t token)
{
	(void)badge;
	(void)msg;
	proof_that(receiver == &server && token != 0, "to who waits, with a token");
	receiver->state = CONTEXT_READY;
}

static void context_make(struct context *context, uint32_t index)
{
	context->token = (uint64_t)nondet_u32() << 16 | index;
	context->core = nondet_bool() ? 0 : 1u;
	context->depth = (uint8_t)any_below(SK_CALL_DEPTH + 2u);
	context->root = context;
	context->faulting = nondet_bool();
	context->state = CONTEXT_READY;
}

static void world_make(void)
{
	mock_this = &cores[0];
	cores[0].index = 0;
	cores[1].index = 1;
	context_make(&server, 1);
	context_make(&caller, 2);
	context_make(&first, 3);
	context_make(&second, 4);
	server.core = 0;
	server.endpoint = &endpoint;
	server.queue = &endpoint.queue[0];
	endpoint.receiver[0] = nondet_bool() ? &server : NULL;
	endpoint.served_cores = any_below(4);
	endpoint.home_core = any_below(2);
	proof_assume(endpoint.receiver[0] == NULL || (endpoint.served_cores & 1u) != 0);
	proof_assume(endpoint.served_cores == 0 || (endpoint.served_cores >> endpoint.home_core & 1u) != 0);
	endpoint.abandoned = nondet_bool();
}

static void queue_make(struct context *context)
{
	context->state = CONTEXT_QUEUED;
	context->at = &endpoint;
	context->at_core = 0;
	list_append(&endpoint.queue[0], context);
}

static void defer_make(struct context *context)
{
	context->state = CONTEXT_DEFERRED;
	context->server = &server;
	list_append(&server.deferred, context);
}

/* Is the context in the ring, whose links lead both ways? */
static bool ring_has(struct context *head, const struct context *context)
{
	struct context *at = head;
	bool found = false;
	for (uint32_t i = 0; i < 4u && at != NULL; i++) {
		found = found || at == context;
		if (at->next == NULL || at->next->previous != at) {
			return false;
		}
		at = at->next == head ? NULL : at->next;
	}
	return found && at == NULL;
}

/* In how many places is its call? */
static uint32_t places(const struct context *context)
{
	return (ring_has(endpoint.queue[0], context) ? 1u : 0u) + (server.caller == context ? 1u : 0u) +
	       (ring_has(server.deferred, context) ? 1u : 0u);
}

/* Each state's place, and no other. */
static bool is_placed(const struct context *context)
{
	uint32_t in = places(context);
	switch (context->state) {
	case CONTEXT_QUEUED: return in == (posted != 0 && context == &caller ? 0 : 1u) && server.caller != context;
	case CONTEXT_IN_SERVICE: return in == 1u && server.caller == context && context->server == &server;
	case CONTEXT_DEFERRED: return in == 1u && ring_has(server.deferred, context) && context->server == &server;
	default: return in == 0;
	}
}

void proof_call(void)
{
	world_make();
	server.state = nondet_bool() && endpoint.receiver[0] != NULL ? CONTEXT_RECEIVING : CONTEXT_READY;
	uint32_t waiting = server.state == CONTEXT_RECEIVING ? 0 : any_below(3);
	if (waiting > 0) {
		queue_make(&first);
	}
	if (waiting > 1u) {
		queue_make(&second);
	}
	caller.core = 0;
	/* The caller may itself be at work for somebody: the server, then the chain would wait for itself. */
	bool circle = nondet_bool() && server.state == CONTEXT_READY;
	caller.caller = circle ? &server : NULL;
	struct context old = caller;
	uint32_t badge = nondet_u32();
	sk_status_t status = endpoint_call(&endpoint, &caller, badge);
	if (status != SK_OK) {
		proof_that(caller.state == old.state && caller.token == old.token && caller.at == old.at &&
			   posted == 0 && woken == 0 && !ring_has(endpoint.queue[0], &caller), "an error changes nothing");
		proof_that(endpoint.served_cores == 0 || endpoint.abandoned || circle || caller.depth >= SK_CALL_DEPTH,
			   "there is a reason");
	} else {
		bool here = (endpoint.served_cores & 1u) != 0;
		proof_that(is_placed(&caller) && is_placed(&first) && is_placed(&second), "each is in one place");
		proof_that(posted == (here ? 0 : 1u), "another core's call goes there");
		proof_that(caller.token == old.token + TOKEN_CALL && caller.badge == badge, "it has a name of its own");
		proof_that((caller.state == CONTEXT_IN_SERVICE) == (here && server.caller == &caller), "it is served");
		proof_that(!circle || !here || endpoint.receiver[0] != &server, "no chain waits for itself");
		if (caller.state == CONTEXT_IN_SERVICE) {
			proof_that(server.state == CONTEXT_READY && server.depth == caller.depth + 1u, "its server is at work");
			proof_that(server.plain_token == (caller.faulting ? PLAIN_NONE : caller.token),
				   "a fault is answered by the general path");
		} else if (here) {
			proof_that(endpoint.queue[0]->previous == &caller, "or it is last in the queue");
			proof_that(waiting == 0 || endpoint.queue[0] == &first, "behind who came before");
		}
	}
	proof_witness(status == SK_OK && caller.state == CONTEXT_IN_SERVICE, "a call is served");
	proof_witness(status == SK_OK && waiting == 2u, "the third in the queue");
	proof_witness(status == SK_OK && posted == 1u, "on another core");
	proof_witness(status == SK_TOO_DEEP && circle, "a circle");
}

/* Of what a server took, it can answer what its token names, once; nobody else's. */
void proof_taken(void)
{
	world_make();
	uint32_t deferred = any_below(3);
	if (deferred > 0) {
		defer_make(&first);
	}
	if (deferred > 1u) {
		defer_make(&second);
	}
	if (nondet_bool()) {
		caller.state = CONTEXT_IN_SERVICE;
		caller.server = &server;
		server.caller = &caller;
	}
	bool serving = server.caller != NULL;
	uint64_t token = nondet_u64();
	struct context *taken = endpoint_taken(&server, token);
	struct context *expected = serving && caller.token == token ? &caller
				 : deferred > 0 && first.token == token ? &first
				 : deferred > 1u && second.token == token ? &second : NULL;
	proof_that(taken == expected, "the call that has that name");
	proof_that(taken == NULL || places(taken) == 0, "it is in no place any more");
	proof_that(taken == &caller || is_placed(&caller), "who was not named is where it was");
	proof_that(taken == &first || is_placed(&first), "so are these");
	proof_that(taken == &second || is_placed(&second), "and these");
	if (taken != NULL) {
		struct sk_msg reply = { .tag = 0 };
		static struct arch_frame frame;
		taken->frame = &frame;
		taken->kind = nondet_bool() ? CONTEXT_VCPU : CONTEXT_THREAD;
		proof_assume(taken->kind == CONTEXT_THREAD || !taken->faulting);
		endpoint_answer(taken, &reply);
		proof_that(taken->server == NULL && taken->state != CONTEXT_IN_SERVICE && taken->state != CONTEXT_DEFERRED,
			   "it waits no more");
		proof_that((taken->state == CONTEXT_ANSWERED) == (taken->core != 0) && posted == (taken->core != 0 ? 1u : 0u),
			   "on another core it is that core's to wake it");
		proof_that(endpoint_taken(&server, token) != taken, "nobody answers it again");
	}
	proof_witness(taken == &second && serving, "the last that was deferred");
	proof_witness(taken == NULL && serving, "nobody's token");
}

/* The server goes: who was with it waits at the endpoint, before the others, in the order in which it took them. */
void proof_detach(void)
{
	world_make();
	endpoint.receiver[0] = &server;
	if (nondet_bool()) {
		queue_make(&second);
	}
	bool waits = second.state == CONTEXT_QUEUED;
	bool deferred = nondet_bool();
	if (deferred) {
		defer_make(&first);
	}
	bool serving = nondet_bool();
	if (serving) {
		caller.state = CONTEXT_IN_SERVICE;
		caller.server = &server;
		server.caller = &caller;
	}
	endpoint_detach(&server);
	proof_that(is_placed(&caller) && is_placed(&first) && is_placed(&second), "each is in one place");
	proof_that(server.caller == NULL && server.deferred == NULL && endpoint.receiver[0] == NULL, "nobody is with it");
	proof_that(!serving || (caller.state == CONTEXT_QUEUED && caller.redelivered), "who was served waits, marked");
	proof_that(!deferred || (endpoint.queue[0] == &first && first.redelivered), "the first taken is the first");
	proof_that(!deferred || !serving || first.next == &caller, "then the one in service");
	proof_that(!waits || (endpoint.queue[0]->previous == &second && !second.redelivered), "then who waited");
	proof_witness(waits && deferred && serving, "all three");
}
