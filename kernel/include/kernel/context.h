/*
 * What a core can run: a thread of a server or a vCPU of a guest. Both make
 * calls (a thread by system call, a vCPU by trapping), both wait for the reply
 * in their own saved registers, and both can be named by a slot of a plan, so
 * they share this head. A thread also serves calls.
 *
 * A context belongs to one core for life and is touched by that core only,
 * except `remote`, through which other cores leave word for it.
 */
#ifndef KERNEL_CONTEXT_H
#define KERNEL_CONTEXT_H

#include <arch/context.h>
#include <kernel/object.h>

struct endpoint;
struct notification;
struct route;
struct space;

enum context_state {
	CONTEXT_STOPPED,    /* not to run: never started, stopped, faulted for good; a vCPU that is not RUNNING */
	CONTEXT_READY,      /* runs whenever its turn comes, or is running */
	CONTEXT_RECEIVING,  /* a thread: waits for a call or its bound notification */
	CONTEXT_WAITING,    /* a thread: waits for a notification it named */
	CONTEXT_QUEUED,     /* caller: its call waits in the queue of `at` on core `at_core` */
	CONTEXT_IN_SERVICE, /* caller: `server` works on its call */
	CONTEXT_DEFERRED,   /* caller: the server took the call and waits for something else */
	CONTEXT_ANSWERED,   /* caller: another core put the reply in place, its own core has yet to hear */
	CONTEXT_BLOCKED,    /* vCPU: halted until an interrupt is pending */
};

/* What a context is the head of. */
enum context_kind { CONTEXT_THREAD, CONTEXT_VCPU };

/* What other cores may ask of a context's home core. */
#define REMOTE_WAKE (1u << 0)   /* bits of a notification that it waits for were set */
#define REMOTE_REPLY (1u << 1)  /* the reply to its call is in its registers */
#define REMOTE_VIRQ (1u << 2)   /* lines were made pending */

/*
 * No caller, or one whose reply needs the general path: on another core, or with a fault. A server can give this as
 * a token: then its root, which is itself without a caller and NULL with such a one, keeps it off the straight run.
 */
#define PLAIN_NONE UINT64_MAX

struct context {
	struct arch_frame *frame;    /* registers: in the thread, or in the vCPU's state page */
	struct arch_space arch_space; /* what the hardware needs to know of its space: a copy */
	struct context *root;        /* the outermost caller of its chain; itself when it serves nobody; NULL: see above */
	struct context *caller;      /* a thread: whose call it has in service */
	uint64_t plain_token;        /* the caller's token where the straight run may end the call, else PLAIN_NONE */
	struct context **queue;      /* a thread's endpoint's queue on its core: its first caller */
	const uint64_t *signals;     /* bits of its bound notification */
	struct context *server;      /* IN_SERVICE, DEFERRED: who has its call */
	struct endpoint *endpoint;   /* a thread's own, from which it receives */
	struct notification *bound;  /* a thread's bound notification */
	uint8_t state;               /* enum context_state */
	uint8_t kind;                /* enum context_kind */
	uint8_t core;
	uint8_t depth;               /* calls between it and its root */
	int8_t slot;                 /* its slot in the core's plan; -1: none */
	uint8_t redelivered;         /* its call was in service when the server died */
	uint8_t faulting;            /* a thread: the call it waits for is its fault's */
	uint32_t badge;              /* a caller: of the capability called */
	uint64_t token;              /* names its current or last call: calls made << 16 | index of `object`; never 0 */
	const struct route *last_route; /* a vCPU: where its last MMIO exit went; a thread: no_route */
	struct space *space;         /* a thread's process; a vCPU's VM */
	struct object *object;
	uint64_t calls;              /* a thread: calls served */
	uint64_t time_ticks;         /* while it was current, sampled at slot switches */

	/* Slow path only. */
	struct endpoint *at;         /* QUEUED: the endpoint it called */
	uint8_t at_core;             /* and whose queue of it */
	struct context *deferred;    /* a thread: calls that it took and has yet to answer, first taken first */
	struct context *next, *previous; /* in that queue, or in its server's list of deferred calls */
	struct notification *waits_for; /* WAITING: what it named */
	struct sk_msg reply;         /* ANSWERED: what the other core replied */
	uint32_t remote;             /* atomic: REMOTE_* */
	uint32_t planned;            /* number of the last try to make a plan that named it */
	struct context *remote_next; /* in its home core's inbox */
	struct context *away_next;   /* in another core's inbox, with a call */
	struct arch_fp_state *fp;
};

#define TOKEN_CALL 0x10000u  /* from one call's token to the next one's */

/* The caller's index in the table of objects. */
static inline uint16_t token_index(uint64_t token) { return (uint16_t)token; }
static inline uint64_t token_of(const struct context *context) { return context != NULL ? context->token : 0; }

/* Does the context wait for the end of a call of its own? */
static inline bool context_calls(const struct context *context)
{
	return context->state >= CONTEXT_QUEUED && context->state <= CONTEXT_ANSWERED;
}

/*
 * The core whose queue or server has the context's call. Read from another core it may be out of date: of a call that is
 * over the server may be gone, and something else where it was. Then it is any core, which looks whether it has the call.
 */
static inline uint32_t context_at_core(const struct context *context)
{
	const struct context *server = __atomic_load_n(&context->server, __ATOMIC_RELAXED);
	return context->state != CONTEXT_QUEUED && server != NULL ? server->core % SK_MAX_CORES : context->at_core;
}

/* A thread has no call in service: if it runs, then on its own turn. */
static inline void context_serves_none(struct context *server)
{
	server->caller = NULL;
	server->plain_token = PLAIN_NONE;
	server->root = server;
	server->depth = 0;
}

struct thread {
	struct context context; /* first: a thread is a context */
	struct arch_frame registers;
	uint8_t *buffer;             /* the message buffer page, as the kernel sees it */
	struct object *buffer_object;
	uint64_t buffer_address;     /* as its process sees it */
	capability fault_handler;    /* endpoint, badge */
	uint32_t window_first, window_count;
	uint64_t call_budget_ticks;
	uint64_t overrun_calls;      /* sampling of work that takes too long: `calls` when first seen; MAX: not yet */
	uint64_t overrun_since;      /* time_ticks at that moment */
	uint64_t progress;           /* of a preempted long operation */
	struct sk_msg fault_message; /* its fault call, while that waits */
	struct thread *sibling;      /* next thread of the same process */
	struct arch_fp_state fp_state;
};

/* The thread that a context of kind CONTEXT_THREAD is the head of. */
static inline struct thread *thread_of(struct context *context) { return (struct thread *)(void *)context; }

#endif
