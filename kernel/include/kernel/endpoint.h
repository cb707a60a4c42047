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

struct endpoint {
	struct context *receiver[SK_MAX_CORES];
	struct context *queue[SK_MAX_CORES]; /* not delivered yet, first come first served: the first */
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

/*
 * The general call: `caller`'s message is in its registers (a thread) or in vcpu->exit.
 * The caller stops running. Returns a negative status, and does nothing, when the call can't be made.
 */
sk_status_t endpoint_call(struct endpoint *endpoint, struct context *caller, uint32_t badge);
/* Gives the receiver the next queued call, if it waits for one and there is one. */
void endpoint_next(struct context *receiver);
/*
 * Ends the call of `caller`: `reply` has the reply tag, or a negative status, and the words. The caller
 * is in no place any more. On the core where it was served; once more, with caller->reply, on the caller's own.
 */
void endpoint_answer(struct context *caller, const struct sk_msg *reply);
/* Takes the caller that `token` names from the server, which has it in service or owes it a reply; NULL: none. */
struct context *endpoint_taken(struct context *server, uint64_t token);
/* The receiver leaves its caller without a reply for now. */
void endpoint_defer(struct context *receiver);
/*
 * Answers queued callers with SERVER_DIED: those marked as redelivered whose method may not be run twice, all when the
 * endpoint is abandoned. On each core of the endpoint.
 */
void endpoint_settle(struct endpoint *endpoint, uint32_t core);
/*
 * Takes the caller out of whatever place its call is in: it is STOPPED then. If its call is answered meanwhile, the
 * answer counts, and it is for the caller's core to see to that.
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
/* The thread waits for none by name any more. */
void notification_forget(struct context *thread);
/* Takes all bits. */
uint64_t notification_take(struct notification *notification);

#endif
