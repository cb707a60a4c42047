/*
 * An endpoint: where calls go. It has a receiver per core (a worker thread of
 * its server) and a queue per core for calls that found the receiver busy or
 * absent. A queue and its receiver are touched by their own core only.
 *
 * The endpoint outlives its server: the supervisor keeps it, so that callers
 * wait here while the server is grown again. Its generation counts instances.
 */
#ifndef KERNEL_ENDPOINT_H
#define KERNEL_ENDPOINT_H

#include <kernel/context.h>

struct core;

struct context_list {
	struct context *head;
	struct context *tail;
};

struct endpoint {
	struct context *receiver[SK_MAX_CORES];
	struct context_list queue[SK_MAX_CORES];    /* not delivered yet, first come first served */
	struct context_list deferred[SK_MAX_CORES]; /* taken by the server, reply comes later */
	struct object *object;
	uint32_t generation;  /* of its server: bumped by each restart */
	uint32_t home_core;   /* where callers go whose core has no receiver: first bound */
	uint32_t served_cores;  /* bit per core that has or had a receiver */
	bool abandoned;       /* nobody will come back: calls answer SERVER_DIED */
};

struct notification {
	uint64_t bits;          /* atomic */
	struct context *bound;  /* the thread whose endpoint waits end when bits come */
	struct context *waiter; /* a thread in an explicit wait */
	struct object *object;
};

/* Who a call on `endpoint` from this core would wait for; NULL when its server is away or on another core. */
static inline struct context *endpoint_receiver(const struct endpoint *endpoint, uint32_t core)
{
	return endpoint->receiver[core];
}

/*
 * The general call: `caller`'s message is in its registers (a thread) or in vcpu->exit.
 * The caller stops running. Returns a negative status, and does nothing, when the call can't be made.
 */
sk_status_t endpoint_call(struct endpoint *endpoint, struct context *caller, uint32_t badge);
/* The receiver has nothing in service: gives it the next queued call, if there is one. */
bool endpoint_next(struct context *receiver);
/*
 * Ends the call of `caller`: `reply` has the reply tag, or a negative status, and the words. The caller
 * is no longer in any list. On the core where it was served.
 */
void endpoint_answer(struct context *caller, const struct sk_msg *reply);
/* An answer from another core takes effect on the caller's own. */
void endpoint_answered(struct context *caller);
/* Finds the caller that `token` names among those whose reply `server`'s endpoint owes; NULL: none. */
struct context *endpoint_deferred(struct context *server, uint64_t token);
/* The receiver leaves its caller without a reply for now. */
void endpoint_defer(struct context *receiver);
/* Settles callers marked as redelivered whose method may not be run twice. On each core of the endpoint. */
void endpoint_settle(struct endpoint *endpoint, uint32_t core);
/* Answers everybody with SERVER_DIED. */
void endpoint_flush(struct endpoint *endpoint, uint32_t core);
/*
 * Takes the caller out of whatever queue it is in: it is STOPPED then. If its call is answered meanwhile, the answer
 * counts, and it is for the caller's core to see to that.
 */
void endpoint_withdraw(struct context *caller);
/* The receiver on its core goes away: what it had in service goes back to the front of the queue, marked. */
void endpoint_detach(struct context *receiver);

/* A caller from another core reached its queue here. */
void endpoint_arrived(struct core *core, struct context *caller);

/* Its thread, which is on this core, may be waiting for bits that are there now. */
void notification_deliver(struct context *thread);
/* Sets bits and wakes whoever waits. Any core. */
void notification_signal(struct notification *notification, uint64_t bits);
/* The thread waits for the notification's bits, or has them at once. False: somebody else waits. */
bool notification_wait(struct notification *notification, struct context *thread);
/* The thread waits for it no more. */
void notification_forget(struct notification *notification, struct context *thread);
/* Takes all bits. */
uint64_t notification_take(struct notification *notification);

#endif
