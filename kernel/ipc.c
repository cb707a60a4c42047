/*
 * System calls by the general path: whatever the straight run (fast.h) doesn't
 * take. Each works on the registers of core->current and returns who goes on.
 */
#include <kernel/ipc.h>

static struct context *fail(struct core *core, sk_status_t status)
{
	arch_set_result(core->current->frame, 0, (uint64_t)status);
	return core->current;
}

struct context *ipc_call(struct core *core)
{
	core_count_event(core, COUNT_SLOW_CALLS);
	struct context *caller = core->current;
	uint64_t slot = arch_argument(caller->frame, 0);
	capability cap = slot_load(caller->space, slot);
	sk_status_t status;
	struct object *object = object_resolve(cap, &status);
	if (object == NULL) {
		return fail(core, status);
	}
	/* An endpoint's own methods are for who may not call it: a call by who may goes to its server. */
	if (object->type != OBJECT_ENDPOINT || (capability_rights(cap) & SK_RIGHT_CALL) == 0) {
		return kernel_call(core, object, capability_rights(cap), (uint32_t)slot);
	}
	struct endpoint *endpoint = object->body;
	status = endpoint_call(endpoint, caller, capability_badge(cap));
	if (status != SK_OK) {
		arch_set_result(caller->frame, 1, endpoint->generation);
		return fail(core, status);
	}
	return plan_continue(core);
}

/* The reply of `server` to the call that `taker` has in service or deferred: itself, or another worker of its kind. */
static sk_status_t reply_to(struct context *server, struct context *taker, uint64_t token)
{
	struct core *core = core_this();
	if (token == PLAN_TOKEN && core->settling && server == plan_scheduler(core)) {
		plan_settled(core);
		return SK_OK;
	}
	struct sk_msg reply;
	message_load(&reply, server->frame);
	struct context *caller = endpoint_taken(taker, token);
	if (caller == NULL) {
		return SK_BAD_ARG;
	}
	reply.tag = message_transfer(server, caller, reply.tag & 0x7fffffffull);
	core_count_event(core, COUNT_REPLIES);
	endpoint_answer(caller, &reply);
	return SK_OK;
}

/* A reply to what another core's worker of the same server took. */
struct late_reply {
	struct context *server;
	struct context *taker;
	uint64_t token;
	sk_status_t status;
};

static void reply_there(void *argument)
{
	struct late_reply *late = argument;
	late->status = reply_to(late->server, late->taker, late->token);
	if (late->status == SK_OK && late->taker->state == CONTEXT_READY) {
		plan_wake(core_at(late->taker->core), late->taker); /* if it was in service: without its caller's turn */
	}
}

/* The token leads to the caller and so to its core, which looks whether that is true. Under the kernel lock. */
static sk_status_t reply_elsewhere(struct context *server, uint64_t token)
{
	struct late_reply late = { .server = server, .token = token, .status = SK_BAD_ARG };
	const struct object *object = object_at(token_index(token) < object_count ? token_index(token) : 0);
	if (object->type == OBJECT_THREAD || object->type == OBJECT_VCPU) {
		late.taker = server->endpoint->receiver[context_at_core(object->body)];
	}
	if (late.taker != NULL && late.taker != server) {
		core_run_on(late.taker->core, reply_there, &late);
	}
	return late.status;
}

/* The receiver waits at its endpoint, or takes what is there already. */
static struct context *receive(struct core *core, struct context *server)
{
	if (server->caller != NULL) {
		endpoint_defer(server);
	}
	server->state = CONTEXT_RECEIVING;
	notification_deliver(server);
	endpoint_next(server);
	return plan_continue(core);
}

struct context *ipc_reply_wait(struct core *core)
{
	struct context *server = core->current;
	if (server->endpoint == NULL) {
		return fail(core, SK_BAD_STATE);
	}
	uint64_t token = arch_argument(server->frame, 0);
	if (token != 0) {
		sk_status_t status = reply_to(server, server, token);
		if (status != SK_OK) {
			return fail(core, status);
		}
	}
	return receive(core, server);
}

struct context *ipc_reply(struct core *core)
{
	struct context *server = core->current;
	uint64_t token = arch_argument(server->frame, 0);
	sk_status_t status = server->endpoint == NULL ? SK_BAD_STATE : reply_to(server, server, token);
	if (status == SK_BAD_ARG) {
		if (!kernel_lock(core, server)) {
			return plan_continue(core);
		}
		status = reply_elsewhere(server, token);
		kernel_unlock();
	}
	arch_set_result(server->frame, 0, (uint64_t)status);
	/* The turn went back with the reply: from here the server runs on its own. */
	plan_wake(core, server);
	return plan_continue(core);
}

struct context *ipc_wait(struct core *core)
{
	struct context *thread = core->current;
	uint64_t slot = arch_argument(thread->frame, 0);
	if (slot == SK_WAIT_ENDPOINT) {
		return thread->endpoint == NULL ? fail(core, SK_BAD_STATE) : receive(core, thread);
	}
	sk_status_t status;
	struct object *object = slot_resolve(thread->space, slot, OBJECT_NOTIFICATION, SK_RIGHT_WAIT, &status);
	if (object == NULL) {
		return fail(core, status);
	}
	return notification_wait(object->body, thread) ? plan_continue(core) : fail(core, SK_BAD_STATE);
}

struct context *ipc_poll(struct core *core)
{
	struct context *thread = core->current;
	sk_status_t status;
	struct object *object = slot_resolve(thread->space, arch_argument(thread->frame, 0), OBJECT_NOTIFICATION,
					     SK_RIGHT_WAIT, &status);
	if (object == NULL) {
		return fail(core, status);
	}
	uint64_t bits = notification_take(object->body);
	arch_set_result(thread->frame, 2, bits);
	return fail(core, bits != 0 ? SK_OK : SK_WOULD_BLOCK);
}

struct context *ipc_signal(struct core *core)
{
	struct context *thread = core->current;
	uint64_t bits = arch_argument(thread->frame, 1);
	capability cap = slot_load(thread->space, arch_argument(thread->frame, 0));
	sk_status_t status;
	struct object *object = object_resolve(cap, &status);
	if (object == NULL) {
		return fail(core, status);
	}
	if ((capability_rights(cap) & SK_RIGHT_CALL) == 0) {
		return fail(core, SK_NO_RIGHT);
	}
	if (object->type == OBJECT_NOTIFICATION) {
		/* A badge limits the bits that this capability can set. */
		uint32_t badge = capability_badge(cap);
		notification_signal(object->body, badge != 0 ? bits & badge : bits);
	} else if (object->type == OBJECT_VIRQ) {
		virq_pend(object->virq.vm, NULL, object->virq.line);
	} else {
		return fail(core, SK_BAD_TYPE);
	}
	core_count_event(core, COUNT_SIGNALS);
	arch_set_result(thread->frame, 0, SK_OK);
	return plan_continue(core);
}
