/*
 * Calls in general: queues, callers on other cores, servers that are away or
 * that answer later, and what becomes of a call when its server dies.
 *
 * A caller is in exactly one place: queued (in its endpoint's queue on one core),
 * in service (its server's `caller`), deferred (in the endpoint's list), or
 * answered (on its way home from another core). Its message stays in its own
 * saved registers all the while, so nothing is lost with the server, and a
 * delivery can be repeated.
 */
#include <kernel/ipc.h>
#include <kernel/vcpu.h>

static void list_append(struct context_list *list, struct context *context)
{
	context->next = NULL;
	context->previous = list->tail;
	if (list->tail != NULL) {
		list->tail->next = context;
	} else {
		list->head = context;
	}
	list->tail = context;
}

static void list_prepend(struct context_list *list, struct context *context)
{
	context->previous = NULL;
	context->next = list->head;
	if (list->head != NULL) {
		list->head->previous = context;
	} else {
		list->tail = context;
	}
	list->head = context;
}

static void list_remove(struct context_list *list, struct context *context)
{
	if (context->previous != NULL) {
		context->previous->next = context->next;
	} else {
		list->head = context->next;
	}
	if (context->next != NULL) {
		context->next->previous = context->previous;
	} else {
		list->tail = context->previous;
	}
	context->next = NULL;
	context->previous = NULL;
}

/* The message of the call that the context waits for: a fault, an exit, or what a system call named. */
static void caller_message(const struct context *caller, struct sk_msg *msg)
{
	if (caller->faulting) {
		*msg = ((const struct thread *)caller)->fault_message;
	} else if (caller->kind == CONTEXT_VCPU) {
		*msg = ((const struct vcpu *)caller)->exit;
	} else {
		msg->tag = arch_argument(caller->frame, 1) & ~SK_TAG_REDELIVERED;
		for (unsigned i = 0; i < SK_WORDS; i++) {
			msg->w[i] = arch_argument(caller->frame, 2 + i);
		}
	}
	if (caller->redelivered) {
		msg->tag |= SK_TAG_REDELIVERED;
	}
}

static void queue_here(struct core *core, struct context *caller)
{
	struct endpoint *endpoint = caller->at;
	list_append(&endpoint->queue[core->index], caller);
	struct context *receiver = endpoint->receiver[core->index];
	if (receiver != NULL && receiver->state == CONTEXT_RECEIVING) {
		(void)endpoint_next(receiver);
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
	caller->sequence++;
	caller->badge = badge;
	caller->at = endpoint;
	caller->at_core = (uint8_t)to;
	caller->server = NULL;
	caller->state = CONTEXT_QUEUED;
	if (to == core->index) {
		queue_here(core, caller);
	} else {
		core_post_call(caller, to);
	}
	return SK_OK;
}

void endpoint_arrived(struct core *core, struct context *caller)
{
	queue_here(core, caller);
}

bool endpoint_next(struct context *receiver)
{
	struct core *core = core_at(receiver->core);
	struct endpoint *endpoint = receiver->endpoint;
	struct context *caller = endpoint->queue[core->index].head;
	if (caller == NULL) {
		return false;
	}
	list_remove(&endpoint->queue[core->index], caller);
	struct sk_msg msg;
	caller_message(caller, &msg);
	msg.tag = message_transfer(caller, receiver, msg.tag);
	arch_set_result(receiver->frame, 0, caller->badge);
	arch_set_result(receiver->frame, 1, msg.tag);
	for (unsigned i = 0; i < SK_WORDS; i++) {
		arch_set_result(receiver->frame, 2 + i, msg.w[i]);
	}
	arch_set_result(receiver->frame, 8, context_token(caller));
	receiver->caller = caller;
	receiver->calls++;
	/* A caller from another core has no turn here to give: the server runs on its own. */
	bool plain = caller->core == core->index && !caller->faulting;
	receiver->plain_token = plain ? context_token(caller) : PLAIN_NONE;
	receiver->root = plain ? caller->root : NULL;
	receiver->depth = (uint8_t)(caller->depth + 1u);
	receiver->state = CONTEXT_READY;
	caller->server = receiver;
	caller->at = NULL;
	caller->state = CONTEXT_IN_SERVICE;
	plan_wake(core, receiver);
	return true;
}

/* The reply takes effect; on the caller's own core. */
static void answer_here(struct context *caller, const struct sk_msg *reply)
{
	struct core *core = core_at(caller->core);
	caller->at = NULL;
	caller->server = NULL;
	caller->redelivered = 0;
	if (caller->kind == CONTEXT_VCPU) {
		/* A status of the kernel's counts as the method's error. */
		uint64_t tag = (int64_t)reply->tag < 0 ? sk_reply_tag((sk_status_t)reply->tag) : reply->tag;
		vcpu_settle(vcpu_of(caller), tag, reply->w[0], reply->w[1]);
	} else if (caller->faulting) {
		caller->faulting = 0;
		bool resume = sk_reply_status(reply->tag) == SK_OK && (reply->w[0] & 1u) != 0;
		caller->state = resume ? CONTEXT_READY : CONTEXT_STOPPED;
	} else {
		arch_set_result(caller->frame, 0, reply->tag);
		if (reply->tag == (uint64_t)SK_SERVER_DIED) {
			arch_set_result(caller->frame, 1, reply->w[0]);
		}
		for (unsigned i = 0; i < SK_WORDS; i++) {
			arch_set_result(caller->frame, 2 + i, reply->w[i]);
		}
		caller->state = CONTEXT_READY;
	}
	if (caller->state == CONTEXT_READY) {
		plan_wake(core, caller);
	}
}

void endpoint_answer(struct context *caller, const struct sk_msg *reply)
{
	struct core *core = core_this();
	if (caller->core == core->index) {
		answer_here(caller, reply);
		return;
	}
	caller->reply = *reply;
	caller->server = NULL;
	__atomic_store_n(&caller->state, (uint8_t)CONTEXT_ANSWERED, __ATOMIC_RELEASE);
	core_count_event(core, COUNT_CROSS_CORE);
	core_post(caller, REMOTE_REPLY);
}

void endpoint_answered(struct context *caller)
{
	if (caller->state == CONTEXT_ANSWERED) {
		answer_here(caller, &caller->reply);
	}
}

void endpoint_defer(struct context *receiver)
{
	struct context *caller = receiver->caller;
	receiver->caller = NULL;
	receiver->plain_token = PLAIN_NONE;
	caller->at = receiver->endpoint;
	caller->at_core = receiver->core;
	caller->server = NULL;
	caller->state = CONTEXT_DEFERRED;
	list_append(&receiver->endpoint->deferred[receiver->core], caller);
}

struct context *endpoint_deferred(struct context *server, uint64_t token)
{
	for (struct context *c = server->endpoint->deferred[server->core].head; c != NULL; c = c->next) {
		if (context_token(c) == token) {
			list_remove(&server->endpoint->deferred[server->core], c);
			return c;
		}
	}
	return NULL;
}

/* Runs on the core where the caller is queued, or for it while it is off. */
static void withdraw_here(void *argument)
{
	struct context *caller = argument;
	struct core *core = core_at(context_at_core(caller));
	if (core != core_this() && core->online) {
		return;
	}
	core_drain_calls(core);
	struct endpoint *endpoint = context_at(caller);
	if (endpoint == NULL || context_at_core(caller) != core->index) {
		return;
	}
	switch (caller->state) {
	case CONTEXT_QUEUED:
		list_remove(&endpoint->queue[core->index], caller);
		break;
	case CONTEXT_DEFERRED:
		list_remove(&endpoint->deferred[core->index], caller);
		break;
	case CONTEXT_IN_SERVICE: {
		/* The server finishes on its own turn; its reply will name nobody. */
		struct context *server = caller->server;
		server->caller = NULL;
		server->plain_token = PLAIN_NONE;
		server->root = server;
		server->depth = 0;
		if (server->state == CONTEXT_READY) {
			plan_wake(core, server);
		}
		break;
	}
	default:
		return; /* it was answered meanwhile */
	}
	if (caller->kind == CONTEXT_THREAD && !caller->faulting) {
		arch_set_result(caller->frame, 0, (uint64_t)SK_CANCELLED);
	}
	caller->state = CONTEXT_STOPPED;
	caller->server = NULL;
	caller->at = NULL;
}

void endpoint_withdraw(struct context *caller)
{
	if (context_at(caller) != NULL) {
		core_run_on(context_at_core(caller), withdraw_here, caller);
	}
}

static void take_back(struct endpoint *endpoint, struct context *caller, uint32_t core)
{
	caller->server = NULL;
	caller->at = endpoint;
	caller->at_core = (uint8_t)core;
	caller->state = CONTEXT_QUEUED;
	caller->redelivered = 1;
	list_prepend(&endpoint->queue[core], caller);
}

void endpoint_detach(struct context *receiver)
{
	struct endpoint *endpoint = receiver->endpoint;
	uint32_t core = receiver->core;
	if (endpoint == NULL || endpoint->receiver[core] != receiver) {
		return;
	}
	if (receiver->caller != NULL) {
		take_back(endpoint, receiver->caller, core);
		receiver->caller = NULL;
		receiver->plain_token = PLAIN_NONE;
	}
	/* Youngest first to the front, so that the oldest ends up foremost. */
	while (endpoint->deferred[core].tail != NULL) {
		struct context *caller = endpoint->deferred[core].tail;
		list_remove(&endpoint->deferred[core], caller);
		take_back(endpoint, caller, core);
	}
	endpoint->receiver[core] = NULL;
	receiver->root = receiver;
	receiver->depth = 0;
}

/* Answers queued callers with SERVER_DIED: all, or those that must not be served twice. */
static void answer_died(struct endpoint *endpoint, uint32_t core, bool all)
{
	struct context *caller = endpoint->queue[core].head;
	while (caller != NULL) {
		struct context *next = caller->next;
		struct sk_msg msg;
		caller_message(caller, &msg);
		if (all || (caller->redelivered && (msg.tag & SK_TAG_IDEMPOTENT) == 0)) {
			list_remove(&endpoint->queue[core], caller);
			struct sk_msg reply = { .tag = (uint64_t)SK_SERVER_DIED, .w = { endpoint->generation } };
			endpoint_answer(caller, &reply);
		}
		caller = next;
	}
}

void endpoint_settle(struct endpoint *endpoint, uint32_t core)
{
	answer_died(endpoint, core, false);
}

void endpoint_flush(struct endpoint *endpoint, uint32_t core)
{
	answer_died(endpoint, core, true);
}
