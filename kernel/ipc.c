/*
 * System calls, and the one straight run that exits, calls and replies take when
 * nothing is in the way: caller and server on this core, the server waiting, the
 * message in registers, and the turn that it runs on the caller's own. Everything
 * else is the general path's (endpoint.c), which does the same in more steps.
 *
 * A call gives the caller's turn to the server and a reply gives it back, so
 * neither asks who should run. That holds as long as the current turn belongs to
 * the root of the chain; a server that was helped along on somebody else's turn
 * replies by the general path.
 */
#include <kernel/ipc.h>

static struct context *fail(struct core *core, sk_status_t status)
{
	arch_set_result(core->current->frame, 0, (uint64_t)status);
	return core->current;
}

/* Hands the caller's turn to the server, which waits on this core. The message itself is the callers' business. */
static inline void hand_over(struct core *core, struct context *caller, struct context *server, uint64_t badge,
			     uint64_t tag, struct endpoint *endpoint)
{
	struct arch_frame *to = server->frame;
	caller->sequence++;
	uint64_t token = context_token(caller);
	arch_set_result(to, 0, badge);
	arch_set_result(to, 1, tag);
	arch_set_result(to, 8, token);
	caller->state = CONTEXT_IN_SERVICE;
	caller->server = server;
	caller->at = endpoint;
	caller->at_core = (uint8_t)core->index;
	caller->redelivered = 0;
	caller->badge = (uint32_t)badge;
	server->caller = caller;
	server->caller_token = token;
	server->root = caller->root;
	server->depth = (uint8_t)(caller->depth + 1u);
	server->state = CONTEXT_READY;
	server->calls++;
}

static inline bool waits_here(const struct context *server)
{
	return server != NULL && server->state == CONTEXT_RECEIVING;
}

/* A call that the straight run can't take. */
static __attribute__((noinline)) struct context *call_slow(struct core *core, capability cap, uint32_t slot)
{
	core_count_event(core, COUNT_SLOW_CALLS);
	struct context *caller = core->current;
	sk_status_t status = SK_BAD_CAP;
	struct object *object = object_resolve(cap, &status);
	if (object == NULL) {
		return fail(core, status);
	}
	if (object->type != OBJECT_ENDPOINT) {
		return kernel_call(core, object, capability_rights(cap), slot);
	}
	if ((capability_rights(cap) & SK_RIGHT_CALL) == 0) {
		return fail(core, SK_NO_RIGHT);
	}
	struct endpoint *endpoint = object->body;
	status = endpoint_call(endpoint, caller, capability_badge(cap));
	if (status != SK_OK) {
		arch_set_result(caller->frame, 1, endpoint->generation);
		return fail(core, status);
	}
	return plan_continue(core);
}

struct context *ipc_call(struct core *core)
{
	struct context *caller = core->current;
	const struct arch_frame *from = caller->frame;
	uint64_t slot = arch_argument(from, 0);
	uint64_t tag = arch_argument(from, 1);
	if (__builtin_expect(slot > SK_CAP_SLOTS, 0)) {
		return fail(core, SK_BAD_CAP);
	}
	capability cap = __atomic_load_n(&caller->space->slots[slot], __ATOMIC_RELAXED);
	struct object *object = object_at(capability_index(cap));
	if (__builtin_expect(object->generation == capability_generation(cap) && object->type == OBJECT_ENDPOINT &&
			     (tag & IPC_SLOW_TAG) == 0 && (capability_rights(cap) & SK_RIGHT_CALL) != 0, 1)) {
		struct endpoint *endpoint = object->body;
		struct context *server = endpoint_receiver(endpoint, core->index);
		if (__builtin_expect(waits_here(server) && caller->depth < SK_CALL_DEPTH, 1)) {
			struct arch_frame *to = server->frame;
			for (unsigned i = 2; i < 2 + SK_WORDS; i++) {
				arch_set_result(to, i, arch_argument(from, i));
			}
			core_count_event(core, COUNT_CALLS);
			hand_over(core, caller, server, capability_badge(cap), tag, endpoint);
			return server;
		}
	}
	return call_slow(core, cap, (uint32_t)slot);
}

struct context *ipc_exit(struct core *core, struct vcpu *vcpu, struct object *object, uint32_t generation,
			 uint32_t badge)
{
	struct context *caller = &vcpu->context;
	if (__builtin_expect(object->generation != generation, 0)) {
		/* Whoever took these exits is gone for good. */
		vcpu_settle(vcpu, sk_reply_tag(SK_STALE), 0, 0);
		return plan_continue(core);
	}
	struct endpoint *endpoint = object->body;
	struct context *server = endpoint_receiver(endpoint, core->index);
	if (__builtin_expect(waits_here(server), 1)) {
		struct arch_frame *to = server->frame;
		for (unsigned i = 0; i < SK_WORDS; i++) {
			arch_set_result(to, 2 + i, vcpu->exit.w[i]);
		}
		hand_over(core, caller, server, badge, vcpu->exit.tag, endpoint);
		return server;
	}
	sk_status_t status = endpoint_call(endpoint, caller, badge);
	if (status != SK_OK) {
		vcpu_settle(vcpu, sk_reply_tag(status), 0, 0);
	}
	return plan_continue(core);
}

/* The reply of `server`, whose token named its caller in service or one that it deferred. */
static sk_status_t reply_slow(struct core *core, struct context *server, uint64_t token)
{
	struct sk_msg reply;
	reply.tag = arch_argument(server->frame, 1);
	for (unsigned i = 0; i < SK_WORDS; i++) {
		reply.w[i] = arch_argument(server->frame, 2 + i);
	}
	if (token == PLAN_TOKEN && core->settling && server == plan_scheduler(core)) {
		plan_settled(core);
		return SK_OK;
	}
	struct context *caller = server->caller;
	if (caller != NULL && token == server->caller_token) {
		server->caller = NULL;
		server->root = server;
		server->depth = 0;
	} else {
		caller = endpoint_deferred(server, token);
		if (caller == NULL) {
			return SK_BAD_ARG;
		}
	}
	reply.tag = message_transfer(server, caller, reply.tag & 0x7fffffffull);
	core_count_event(core, COUNT_REPLIES);
	endpoint_answer(caller, &reply);
	return SK_OK;
}

/* The receiver waits at its endpoint, or takes what is there already. */
static struct context *receive(struct core *core, struct context *server)
{
	if (server->caller != NULL) {
		endpoint_defer(server);
	}
	server->state = CONTEXT_RECEIVING;
	server->root = server;
	server->depth = 0;
	notification_deliver(server);
	if (server->state == CONTEXT_RECEIVING) {
		(void)endpoint_next(server);
	}
	return plan_continue(core);
}

struct context *ipc_reply_wait(struct core *core)
{
	struct context *server = core->current;
	struct arch_frame *from = server->frame;
	uint64_t token = arch_argument(from, 0);
	uint64_t tag = arch_argument(from, 1);
	struct context *caller = server->caller;
	struct endpoint *endpoint = server->endpoint;
	if (__builtin_expect(endpoint == NULL, 0)) {
		return fail(core, SK_BAD_STATE);
	}
	if (__builtin_expect(caller != NULL && token == server->caller_token && core->owner == server->root &&
			     (tag & IPC_SLOW_TAG) == 0 && endpoint->queue[core->index].head == NULL &&
			     (server->bound == NULL || server->bound->bits == 0) && !caller->faulting &&
			     caller->core == core->index, 1)) {
		server->state = CONTEXT_RECEIVING;
		server->caller = NULL;
		server->root = server;
		server->depth = 0;
		core_count_event(core, COUNT_REPLIES);
		if (caller->kind == CONTEXT_VCPU) {
			vcpu_settle(vcpu_of(caller), tag, arch_argument(from, 2), arch_argument(from, 3));
			return caller->state == CONTEXT_READY ? caller : plan_continue(core);
		}
		struct arch_frame *to = caller->frame;
		arch_set_result(to, 0, tag & 0xffffffffull);
		for (unsigned i = 2; i < 2 + SK_WORDS; i++) {
			arch_set_result(to, i, arch_argument(from, i));
		}
		caller->state = CONTEXT_READY;
		return caller;
	}
	if (token != 0) {
		sk_status_t status = reply_slow(core, server, token);
		if (status != SK_OK) {
			return fail(core, status);
		}
	}
	return receive(core, server);
}

struct context *ipc_reply(struct core *core)
{
	struct context *server = core->current;
	sk_status_t status = server->endpoint == NULL ? SK_BAD_STATE
						      : reply_slow(core, server, arch_argument(server->frame, 0));
	arch_set_result(server->frame, 0, (uint64_t)status);
	return plan_continue(core);
}

struct context *ipc_wait(struct core *core)
{
	struct context *thread = core->current;
	uint64_t slot = arch_argument(thread->frame, 0);
	if (slot == SK_WAIT_ENDPOINT) {
		return thread->endpoint == NULL ? fail(core, SK_BAD_STATE) : receive(core, thread);
	}
	sk_status_t status = SK_BAD_CAP;
	struct object *object = slot > SK_CAP_SLOTS ? NULL : slot_resolve(thread->space, (uint32_t)slot,
			OBJECT_NOTIFICATION, SK_RIGHT_WAIT, &status);
	if (object == NULL) {
		return fail(core, status);
	}
	struct notification *notification = object->body;
	if (!notification_wait(notification, thread)) {
		return fail(core, SK_BAD_STATE);
	}
	return plan_continue(core);
}

struct context *ipc_poll(struct core *core)
{
	struct context *thread = core->current;
	uint64_t slot = arch_argument(thread->frame, 0);
	sk_status_t status = SK_BAD_CAP;
	struct object *object = slot > SK_CAP_SLOTS ? NULL : slot_resolve(thread->space, (uint32_t)slot,
			OBJECT_NOTIFICATION, SK_RIGHT_WAIT, &status);
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
	uint64_t slot = arch_argument(thread->frame, 0);
	uint64_t bits = arch_argument(thread->frame, 1);
	if (slot > SK_CAP_SLOTS) {
		return fail(core, SK_BAD_CAP);
	}
	capability cap = __atomic_load_n(&thread->space->slots[slot], __ATOMIC_RELAXED);
	sk_status_t status = SK_BAD_CAP;
	struct object *object = object_resolve(cap, &status);
	if (object == NULL) {
		return fail(core, status);
	}
	if ((capability_rights(cap) & SK_RIGHT_CALL) == 0) {
		return fail(core, SK_NO_RIGHT);
	}
	core_count_event(core, COUNT_SIGNALS);
	arch_set_result(thread->frame, 0, SK_OK);
	if (object->type == OBJECT_NOTIFICATION) {
		/* A badge limits the bits that this capability can set. */
		uint32_t badge = capability_badge(cap);
		notification_signal(object->body, badge != 0 ? bits & badge : bits);
		return plan_continue(core);
	}
	if (object->type == OBJECT_VIRQ) {
		virq_pulse(object->virq.vm, object->virq.line);
		return plan_continue(core);
	}
	return fail(core, SK_BAD_TYPE);
}
