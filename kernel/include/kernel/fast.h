/*
 * The straight run of exits, calls and replies: caller and server on this core,
 * the server waiting, the message in registers, the turn the caller's own. These
 * functions only decide and hand over; trap code inlines them, moves the message
 * words, and switches. Whoever gets NULL here takes the general path (ipc.c,
 * endpoint.c), which does the same in more steps.
 *
 * A call gives the caller's turn to the server and a reply gives it back, so
 * neither asks who should run. That holds as long as the current turn belongs to
 * the root of the chain; a server that was helped along on somebody else's turn
 * replies by the general path.
 */
#ifndef KERNEL_FAST_H
#define KERNEL_FAST_H

#include <kernel/ipc.h>
#include <kernel/trace.h>

/* The server that would take a call on the endpoint right now; NULL: none. */
static inline struct context *fast_server(const struct core *core, const struct object *object, uint32_t generation)
{
	if (__builtin_expect(object->generation != generation, 0)) {
		return NULL;
	}
	const struct endpoint *endpoint = object->body;
	struct context *server = endpoint->receiver[core->index];
	if (__builtin_expect(server == NULL || server->state != CONTEXT_RECEIVING, 0)) {
		return NULL;
	}
	return server;
}

/* The caller's turn goes to the server, with a message. Returns the token that names this call. */
static inline uint64_t fast_hand_over(struct core *core, struct context *caller, struct context *server, uint32_t badge,
				      struct context *root, uint32_t depth, uint64_t tag, uint64_t w0)
{
	uint64_t token = caller->token + TOKEN_CALL;
	caller->token = token;
	caller->badge = badge;
	caller->state = CONTEXT_IN_SERVICE;
	caller->server = server;
	server->caller = caller;
	server->plain_token = token;
	server->root = root;
	server->depth = (uint8_t)depth;
	server->state = CONTEXT_READY;
	server->calls++;
	trace(core, SK_TRACE_CALL, token, server->token, tag, w0);
	return token;
}

/* The server for the current context's call, all checks passed; NULL: the general path. */
static inline struct context *fast_call_target(const struct core *core, const struct context *caller, uint64_t slot,
					       uint64_t tag, capability *cap)
{
	if (__builtin_expect(slot > SK_CAP_SLOTS || (tag & IPC_SLOW_TAG) != 0 || caller->depth >= SK_CALL_DEPTH, 0)) {
		return NULL;
	}
	*cap = __atomic_load_n(&caller->space->slots[slot], __ATOMIC_RELAXED);
	const struct object *object = object_at(capability_index(*cap));
	if (__builtin_expect(object->type != OBJECT_ENDPOINT || (capability_rights(*cap) & SK_RIGHT_CALL) == 0, 0)) {
		return NULL;
	}
	return fast_server(core, object, capability_generation(*cap));
}

/* The caller whose turn it is again when the current server replies and waits; NULL: the general path. */
static inline struct context *fast_reply_target(const struct core *core, const struct context *server, uint64_t token,
						uint64_t tag)
{
	if (__builtin_expect(token != server->plain_token || core->owner != server->root ||
			     (tag & IPC_SLOW_REPLY_TAG) != 0 ||
			     *server->queue != NULL || *server->signals != 0, 0)) {
		return NULL;
	}
	return server->caller;
}

/* The server of a straight run has replied, and waits again. */
static inline void fast_give_back(struct core *core, struct context *server, uint64_t tag, uint64_t w0)
{
	trace(core, SK_TRACE_REPLY, server->plain_token, server->token, tag, w0);
	server->state = CONTEXT_RECEIVING;
	context_serves_none(server);
}

#endif
