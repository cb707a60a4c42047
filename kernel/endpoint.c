/*
 * Calls in general: queues, callers on other cores, servers that are away or
 * that answer later, and what becomes of a call when its server dies.
 *
 * A caller is in exactly one place: queued (in its endpoint's queue on one core),
 * in service (its server's `caller`), deferred (in its server's list), or
 * answered (on its way home from another core). Its message stays in its own
 * saved registers all the while, so nothing is lost with the server, and a
 * delivery can be repeated.
 */
#include <kernel/ipc.h>
#include <kernel/trace.h>

/* Lists are rings, so that the first leads to the last; who is in none has no next. */
static void list_append(struct context **list, struct context *context)
{
	struct context *first = *list;
	if (first == NULL) {
		*list = context;
		first = context;
		first->previous = context;
	}
	context->next = first;
	context->previous = first->previous;
	context->previous->next = context;
	first->previous = context;
}

static void list_remove(struct context **list, struct context *context)
{
	context->previous->next = context->next;
	context->next->previous = context->previous;
	if (*list == context) {
		*list = context->next == context ? NULL : context->next;
	}
	context->next = NULL;
}

static struct context *list_next(struct context *const *list, const struct context *context)
{
	return context->next == *list ? NULL : context->next;
}

/* The caller's place has it no more: a queue or a server of this core. */
static void leave_place(struct context *caller)
{
	if (caller->state == CONTEXT_QUEUED) {
		list_remove(&caller->at->queue[caller->at_core], caller);
	} else if (caller->state == CONTEXT_DEFERRED) {
		list_remove(&caller->server->deferred, caller);
	} else {
		context_serves_none(caller->server);
	}
}

void endpoint_arrived(struct core *core, struct context *caller)
{
	struct endpoint *endpoint = caller->at;
	list_append(&endpoint->queue[core->index], caller);
	if (endpoint->receiver[core->index] != NULL) {
		endpoint_next(endpoint->receiver[core->index]);
	}
}

sk_status_t endpoint_call(struct endpoint *endpoint, struct context *caller, uint32_t badge)
{
	struct core *core = core_this();
	uint32_t served_cores = __atomic_load_n(&endpoint->served_cores, __ATOMIC_ACQUIRE);
	if (served_cores == 0) {
		return SK_NO_RECEIVER;
	}
	if (endpoint->abandoned) {
		return SK_SERVER_DIED;
	}
	/* A fault is told at any depth: whoever repairs it is called by nobody in the chain. */
	if (caller->depth >= SK_CALL_DEPTH && !caller->faulting) {
		return SK_TOO_DEEP;
	}
	uint32_t to = (served_cores >> core->index & 1u) != 0 ? core->index : endpoint->home_core;
	for (const struct context *c = caller; c != NULL; c = c->caller) {
		if (c == endpoint->receiver[to]) {
			return SK_TOO_DEEP; /* the chain would wait for itself */
		}
	}
	caller->token += TOKEN_CALL;
	caller->badge = badge;
	caller->at = endpoint;
	caller->at_core = (uint8_t)to;
	caller->server = NULL;
	caller->state = CONTEXT_QUEUED;
	if (to == core->index) {
		endpoint_arrived(core, caller);
	} else {
		core_post_call(caller, to);
	}
	return SK_OK;
}

void endpoint_next(struct context *receiver)
{
	struct context *caller = *receiver->queue;
	if (caller == NULL || receiver->state != CONTEXT_RECEIVING) {
		return;
	}
	leave_place(caller);
	struct sk_msg msg;
	message_of(caller, &msg);
	msg.tag = message_transfer(caller, receiver, msg.tag);
	message_deliver(receiver, caller->badge, &msg, caller->token);
	trace(core_this(), SK_TRACE_CALL, caller->token, receiver->token, msg.tag, msg.w[0]);
	receiver->caller = caller;
	receiver->calls++;
	/* A caller from another core has no turn here to give: the server runs on its own. */
	bool plain = caller->core == receiver->core && !caller->faulting;
	receiver->plain_token = plain ? caller->token : PLAIN_NONE;
	receiver->root = plain ? caller->root : NULL;
	receiver->depth = (uint8_t)(caller->depth + 1u);
	caller->server = receiver;
	caller->state = CONTEXT_IN_SERVICE;
	plan_wake(core_at(receiver->core), receiver);
}

/* The reply takes effect; on the caller's own core. */
static void answer_here(struct context *caller, const struct sk_msg *reply)
{
	caller->redelivered = 0;
	if (caller->kind == CONTEXT_VCPU) {
		vcpu_settle(vcpu_of(caller), reply->tag, reply->w[0], reply->w[1]);
	} else if (caller->faulting) {
		caller->faulting = 0;
		bool resume = sk_reply_status(reply->tag) == SK_OK && (reply->w[0] & 1u) != 0;
		caller->state = resume ? CONTEXT_READY : CONTEXT_STOPPED;
	} else {
		arch_set_result(caller->frame, 0, reply->tag);
		if (reply->tag == (uint64_t)SK_SERVER_DIED) {
			arch_set_result(caller->frame, 1, reply->w[0]);
		}
		arch_put_words(caller->frame, reply->w);
		caller->state = CONTEXT_READY;
	}
	if (caller->state == CONTEXT_READY) {
		plan_wake(core_at(caller->core), caller);
	}
}

void endpoint_answer(struct context *caller, const struct sk_msg *reply)
{
	struct core *core = core_this();
	trace(core, SK_TRACE_REPLY, caller->token, token_of(caller->server), reply->tag, reply->w[0]);
	caller->server = NULL;
	if (caller->core == core->index) {
		answer_here(caller, reply);
		return;
	}
	caller->reply = *reply;
	__atomic_store_n(&caller->state, (uint8_t)CONTEXT_ANSWERED, __ATOMIC_RELEASE);
	core_count_event(core, COUNT_CROSS_CORE);
	core_post(caller, REMOTE_REPLY);
}

void endpoint_defer(struct context *receiver)
{
	struct context *caller = receiver->caller;
	leave_place(caller);
	caller->state = CONTEXT_DEFERRED;
	list_append(&receiver->deferred, caller);
}

struct context *endpoint_taken(struct context *server, uint64_t token)
{
	struct context *caller = server->caller;
	if (caller == NULL || caller->token != token) {
		caller = server->deferred;
		while (caller != NULL && caller->token != token) {
			caller = list_next(&server->deferred, caller);
		}
	}
	if (caller != NULL) {
		leave_place(caller);
	}
	return caller;
}

/* Runs on the core where the caller's call is, or for it while it is off. */
static void withdraw_here(void *argument)
{
	struct context *caller = argument;
	struct core *core = core_at(context_at_core(caller));
	if (core != core_this() && core->online) {
		return;
	}
	core_drain_calls(core);
	struct context *server = caller->server;
	bool queued = caller->state == CONTEXT_QUEUED && caller->next != NULL;
	bool taken = (caller->state == CONTEXT_IN_SERVICE || caller->state == CONTEXT_DEFERRED) && server != NULL;
	if ((!queued && !taken) || context_at_core(caller) != core->index) {
		return; /* it was answered meanwhile, and may be on its way again */
	}
	leave_place(caller);
	if (taken && server->state == CONTEXT_READY) {
		plan_wake(core, server); /* it finishes on its own turn, and its reply will name nobody */
	}
	if (caller->kind == CONTEXT_THREAD && !caller->faulting) {
		arch_set_result(caller->frame, 0, (uint64_t)SK_CANCELLED);
	}
	caller->server = NULL;
	caller->state = CONTEXT_STOPPED;
}

void endpoint_withdraw(struct context *caller)
{
	core_run_on(context_at_core(caller), withdraw_here, caller);
}

void endpoint_detach(struct context *receiver)
{
	struct endpoint *endpoint = receiver->endpoint;
	if (endpoint == NULL || endpoint->receiver[receiver->core] != receiver) {
		return;
	}
	if (receiver->caller != NULL) {
		endpoint_defer(receiver);
	}
	/* Youngest first to the front, so that the oldest ends up foremost. */
	while (receiver->deferred != NULL) {
		struct context *caller = receiver->deferred->previous;
		leave_place(caller);
		caller->server = NULL;
		caller->at = endpoint;
		caller->at_core = receiver->core;
		caller->state = CONTEXT_QUEUED;
		caller->redelivered = 1;
		list_append(receiver->queue, caller);
		*receiver->queue = caller;
	}
	endpoint->receiver[receiver->core] = NULL;
}

void endpoint_settle(struct endpoint *endpoint, uint32_t core)
{
	struct context *next = endpoint->queue[core];
	while (next != NULL) {
		struct context *caller = next;
		next = list_next(&endpoint->queue[core], caller);
		struct sk_msg msg;
		message_of(caller, &msg);
		if (endpoint->abandoned || (caller->redelivered && (msg.tag & SK_TAG_IDEMPOTENT) == 0)) {
			leave_place(caller);
			struct sk_msg reply = { .tag = (uint64_t)SK_SERVER_DIED, .w = { endpoint->generation } };
			endpoint_answer(caller, &reply);
		}
	}
}
