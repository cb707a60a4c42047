/*
 * A physical CPU as the kernel sees it: what runs on it, the plan it follows,
 * and the inbox through which other cores reach it. Everything but the inbox and
 * `sync` is touched by this core alone, with interrupts off.
 */
#ifndef KERNEL_CORE_H
#define KERNEL_CORE_H

#include <kernel/endpoint.h>
#include <kernel/vcpu.h>
#include <sk/trace.h>

/* What is counted on each core; in this order in core.counters. */
enum core_counter_index {
	COUNT_ENTRIES, COUNT_EXITS, COUNT_CALLS, COUNT_REPLIES, COUNT_SIGNALS, COUNT_INTERRUPTS,
	COUNT_TLB_MAINTENANCE, COUNT_VCPU_SWITCHES, COUNT_FP_SWITCHES, COUNT_CROSS_CORE, COUNT_PLAN_CALLS,
	COUNT_IDLE_NS, COUNT_SLOW_CALLS, COUNT_VIRQ_FLUSHES,
	COUNTERS = 32
};

struct plan_slot {
	struct context *task;
	bool halts_alone;        /* see kernel.idl, plan_slot */
	uint64_t budget_ticks;   /* 0: unlimited */
	uint64_t left_ticks;
	uint64_t used_ticks;
};

struct plan {
	uint32_t count;
	uint64_t wake_time;      /* ticks; 0: none */
	struct plan_slot slots[SK_PLAN_SLOTS];
};

/* The timer comes at least this often while anything runs, so that an overrun is noticed. */
#define PLAN_WATCH_NS 5000000ull
#define PLAN_WATCH_SKEW_NS 50000ull

/* How far a core is with what another one asks it to run. */
enum sync_state { SYNC_NONE, SYNC_ASKED, SYNC_RUNNING };

struct core {
	struct arch_core arch;       /* first: entry code finds the stack through it */
	struct context *current;     /* who runs, or trapped last; NULL: idle */
	struct context *loaded;      /* whose banked registers and space are in the hardware */
	struct context *owner;       /* whose turn it is: task of a slot, or the scheduler's receiver; NULL: idle */
	bool deciding;               /* it is the scheduler's, for a plan event: no slot's time */
	uint32_t index;
	uint64_t ready;              /* slots that may have something to run; cleared when found not to */
	struct vcpu *resident;       /* whose EL1 state and list registers are in the hardware */
	struct context *fp_owner;    /* whose FP/SIMD state is in the hardware */
	bool reschedule;             /* something more urgent may be ready */
	bool online;
	bool leaving;                /* to be powered off at the next occasion */
	bool enabled;                /* virtualisation is on */
	uint32_t bound;              /* threads, vCPUs and interrupts of it: as long as there are any, it stays on */
	uint8_t due;                 /* plan events that wait for the scheduler: bit = event number */
	uint8_t due_slot;
	bool settling;               /* the scheduler works on a plan event */
	uint64_t slot_started;       /* ticks at which the current slot was last charged */
	uint64_t deadline;           /* what the timer is set to */
	uint64_t watch;              /* ticks at which the timer comes at the latest while anything runs */
	uint64_t watch_ticks;        /* PLAN_WATCH_NS */
	uint64_t guard;              /* ticks at which the scheduler is at fault, waiting or not; UINT64_MAX: never */
	uint64_t tick_entries;       /* COUNT_ENTRIES when the timer came last */
	struct plan plan;
	struct object *scheduler;    /* its endpoint */
	uint32_t scheduler_generation;
	struct object *object;
	uint64_t counters[COUNTERS];
	struct sk_trace_record *trace; /* where the next record goes; NULL: nothing is noted */
	struct object *trace_ring;

	/* From other cores. */
	struct context *inbox;       /* atomic stack, by remote_next */
	struct context *calls;       /* atomic stack of callers from other cores, by away_next */
	uint32_t sync_request;       /* atomic, enum sync_state: raised by the holder of the kernel lock, answered here */
	void (*sync_function)(void *);
	void *sync_argument;
};

/* All cores of the machine by index, and how many they are; not all need be online. */
extern struct core cores[SK_MAX_CORES];
extern uint32_t core_count;      /* cores of the machine; not all need be online */

/* Core `index`, below core_count. */
static inline struct core *core_at(uint32_t index) { return &cores[index]; }
/* This core. */
static inline struct core *core_this(void) { return arch_core_this(); }

/* One more of `which`, on this core. */
static inline void core_count_event(struct core *core, enum core_counter_index which) { core->counters[which]++; }

/*
 * The kernel lock: held by slow operations on objects that cores share. While
 * it spins for the lock a core answers others' sync requests, so the holder may
 * wait for every core. For a call by `caller`, whose core this is: false if another core stopped or destroyed it
 * meanwhile, or an interrupt came; then this core has not the lock, and the caller calls again if it ever runs.
 */
bool kernel_lock(struct core *core, struct context *caller);
void kernel_unlock(void);

/*
 * Runs `function` on that core and waits for it; directly when it is this one. Holds the kernel lock. Not from a function
 * that runs so: its core would wait for another while it is waited for itself. The mock machine looks after that.
 */
void core_run_on(uint32_t core, void (*function)(void *), void *argument);
/*
 * Waits until every online core has left whatever it did in the kernel, and has handled what others had left for it
 * before. What they leave while this lasts may still be there. Holds the kernel lock.
 */
void core_quiesce(void);

/* Leaves word for a context on its home core; `flags` are REMOTE_*. Any core but that one. */
void core_post(struct context *context, uint32_t flags);
/* Sends a caller to the queue of its endpoint on core `to`. */
void core_post_call(struct context *caller, uint32_t to);
/* Handles everything that other cores left. From the IPI, and before idling. */
void core_drain(struct core *core);
/* Only calls that have arrived from other cores. */
void core_drain_calls(struct core *core);

/*
 * The plan (plan.c). A context became ready: its slot and those that wait for it
 * may run; sets core->reschedule when one of them is more urgent than the current slot.
 */
void plan_wake(struct core *core, struct context *context);
/* Chooses what runs now; idles until there is something. */
struct context *plan_pick(struct core *core);
/* The core's timer fired. */
void plan_tick(struct core *core);
/* The token by which the scheduler replies to a plan event, and what that reply does. */
#define PLAN_TOKEN (1ull << 62)
/* The scheduler's thread on this core; NULL while it is away: gone, stopped, or waiting to be repaired. */
struct context *plan_scheduler(const struct core *core);
void plan_settled(struct core *core);
/* What a slow path returns: the current context if it can go on and nothing more urgent is ready, else another. */
struct context *plan_continue(struct core *core);
/* No slot names the context any more. */
void plan_forget(struct core *core, struct context *context);
/* Sets the timer to what is due next: after the plan's wake time, or the guard, was changed. */
void plan_arm(struct core *core, uint64_t now);
/* What has run up to `now`, in ticks, is in the figures of the current slot, which is returned; NULL: there is none. */
const struct plan_slot *plan_account(struct core *core, uint64_t now);
/* Puts a new plan in force: contexts and budgets are checked already. */
void plan_commit(struct core *core, struct plan_slot *slots, uint32_t count, uint64_t wake_time);

#endif
