/*
 * What a process knows about itself: the start page, and look-ups in it. Names
 * are the manifest's. All of it can be used before main() and from every thread.
 */
#ifndef SK_PROCESS_H
#define SK_PROCESS_H

#include <stdint.h>

#include <sk/abi.h>
#include <sk/start.h>
#include <sk/syscall.h>

/* Set once, by start-up (a test: by itself), before any other thread runs. */
struct sk_process {
	const struct sk_start *start;
	uint64_t ns_per_tick; /* of the counter, 32.32 fixed point */
};

/* This process. */
extern struct sk_process sk_process;

/*
 * Takes `start` for this process's start page. False if it can't be one: wrong
 * magic, a count beyond its table, a counter without frequency.
 */
bool sk_process_adopt(const struct sk_start *start);

/* The start page, as the supervisor wrote it; it does not change. */
static inline const struct sk_start *sk_start(void)
{
	return sk_process.start;
}

/* Ticks of sk_counter() in ns. The fraction lost is below 2^-32 ns a tick. */
static inline uint64_t sk_ticks_to_ns(uint64_t ticks)
{
	return (uint64_t)((unsigned __int128)ticks * sk_process.ns_per_tick >> 32);
}

/* ns since the machine's counter started: the same clock as machine.clock and all deadlines. */
static inline uint64_t sk_now_ns(void)
{
	return sk_ticks_to_ns(sk_counter());
}

/* The slot of the (first) capability granted under `name`, or SK_CAP_NONE. */
sk_cap_t sk_cap_named(const char *name);

/* The same among capabilities to objects of `type` (enum sk_object_type of kernel.idl); 0: any. */
sk_cap_t sk_cap_named_of_type(const char *name, uint32_t type);

/* The region granted under `name`, or NULL. */
const struct sk_start_region *sk_region_named(const char *name);

/* The argument after `previous` (NULL: the first), or NULL: all of them, as the manifest lists them. */
const char *sk_argument_next(const char *previous);

/*
 * The value of the argument `name=value`, "" for a bare `name`, NULL when
 * there is none. The first of several counts. The string lives as long as the process.
 */
const char *sk_argument(const char *name);

/*
 * An argument's value as a number (decimal, or hexadecimal after 0x), or `otherwise`
 * when it is absent or not a number that fits.
 */
uint64_t sk_argument_number(const char *name, uint64_t otherwise);

/*
 * Ends the process: a deliberate fault (<sk/arch/exit.h>) that the supervisor tells from an
 * accident. `code`: 0 is success, others as for exit(), 128 + signal for raise() and abort().
 * `why`: NULL, or a text for the crash record, which finds its address in the fault's registers.
 */
_Noreturn void sk_exit(int code, const char *why);

#endif
