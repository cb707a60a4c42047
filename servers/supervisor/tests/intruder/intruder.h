/*
 * The intruder: a program in the place of a device server, with exactly that server's grants, that tries to reach
 * everything else. What the kernel ends it for (a load, a store, a fetch, an instruction) is tried one at a time:
 * the supervisor restarts it, and its persistent region tells the next instance that this one did not survive the
 * attempt and where to go on. What is only refused is tried wholesale. Everything that is granted must work: an
 * intruder that can do nothing at all would prove nothing.
 */
#ifndef INTRUDER_H
#define INTRUDER_H

#include <stdbool.h>
#include <stdint.h>

#include <sk/abi.h>
#include <sk/start.h>

enum intruder_class {
	INTRUDER_GRANTED,     /* the other way round: what must work */
	INTRUDER_LOAD,
	INTRUDER_STORE,
	INTRUDER_FETCH,
	INTRUDER_INSTRUCTION,
	INTRUDER_TIMER,       /* instructions on the timer of the guest that is in the hardware */
	INTRUDER_EMPTY_SLOT,
	INTRUDER_KERNEL_CALL,
	INTRUDER_SERVER_CALL,
	INTRUDER_SIGNAL,
	INTRUDER_WAIT,
	INTRUDER_TOKEN,
	INTRUDER_MESSAGE,
	INTRUDER_EXIT,        /* what a guest's exit shows beside the access */
	INTRUDER_MEMORY,      /* what a guest has in memory that was not given */
	INTRUDER_CLASSES
};

struct intruder_tally {
	uint64_t tried;
	uint64_t held; /* were refused, or ended the instance; INTRUDER_GRANTED: worked */
};

/* The persistent region. Words of one store each: an instance may end between any two of them. */
struct intruder_record {
	uint64_t begun;       /* 1: the first instance has been here */
	uint64_t next;        /* attempt that ends an instance */
	uint64_t under_way;   /* 1 + that attempt, while it is tried */
	uint64_t faults;
	struct intruder_tally tallies[INTRUDER_CLASSES];
};

extern struct intruder_record *intruder_record;

/* One result; the text, with two numbers for it, is said of what did not hold. */
void intruder_count(enum intruder_class class, bool held, const char *what, uint64_t first, uint64_t second);

/* An attempt that ends the instance if all is well. */
struct intruder_attempt {
	enum intruder_class class;
	uint64_t subject; /* an address, or a number of forbidden_at() */
};

/* The region with what is seen of the guest's memory: "memory@…", all of it, or "pool@…", its bounce pool. */
const struct sk_start_region *intruder_guest_memory(void);

/* places.c: every load, store and fetch, in the same order in each instance. */
void places_find(void);
uint32_t places_count(void);
struct intruder_attempt places_at(uint32_t index);
/* Is any part of this process at the address, by the start page? */
bool places_own(uint64_t address);

/*
 * arch/: instructions that no process may execute, and those that reach the timers of the guest that was interrupted
 * last. Each entry is a function.
 */
extern const uint64_t forbidden_first[], forbidden_timers[], forbidden_end[];

/* grants.c: what the manifest gives works. Ends with both workers running. */
void grants_try(void);

/* calls.c: every slot, kernel method, interface. */
void calls_try(void);

/* messages.c: signals, waits, tokens, capabilities in messages. */
void messages_try(void);

/* exits.c */
void exits_wait_for_guest(void);      /* answers everybody until a guest's access is in service, and keeps that */
void exits_after_access(void);        /* returns in the guest's access behind the one that is in service */
void exits_try(uint32_t accesses);    /* looks at what comes with as many accesses */
_Noreturn void exits_serve(void);     /* tells the guest that it is enough, for ever */

/* The access in service, of exits_wait_for_guest(). */
uint64_t exits_token(void);

#endif
