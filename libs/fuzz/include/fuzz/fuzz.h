/*
 * What a fuzz harness is made of: an input that is read as a sequence of
 * choices, and two hooks into the code under test, which the compiler calls before each of its loads and
 * stores (-fsanitize-coverage=trace-loads,trace-stores). With them the input also says
 *
 *	where the code is killed:   before its nth store into watched memory, as a server that dies there;
 *	what changes under it:      before its nth load from watched memory that word is written by the other side,
 *	                            so that what is read twice is read as two different values.
 *
 * A load or store that the C library makes (memcpy, memset) is none of these. Everything is a function of the input: a
 * harness keeps nothing from one input to the next, and what was found comes again.
 *
 * A harness is tests/fuzz/NAME_fuzz.c beside what it feeds, its corpus tests/fuzz/NAME.corpus; see skink_fuzz() in
 * build/cmake/fuzz.cmake.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The harness: takes what it wants out of one input. libFuzzer's entry is in src/fuzz.c. */
void fuzz_one(void);

/* Called for an assertion of a harness that does not hold: says so and ends the process, as a finding. */
_Noreturn void fuzz_fail(const char *file, int line, const char *what);

/* What a harness asserts; it holds in every build. */
#define FUZZ_EXPECT(condition)                                     \
	do {                                                       \
		if (!(condition)) {                                \
			fuzz_fail(__FILE__, __LINE__, #condition); \
		}                                                  \
	} while (0)

/* The rest of the input: is there any; the next bytes of it, little-endian, zeroes behind its end. */
bool fuzz_more(void);
uint8_t fuzz_u8(void);
uint16_t fuzz_u16(void);
uint32_t fuzz_u32(void);
uint64_t fuzz_u64(void);
void fuzz_bytes(void *to, size_t bytes);

/* A number below `limit` (not 0) out of as few bytes as that takes. */
uint32_t fuzz_below(uint32_t limit);

/* True once in so many. */
bool fuzz_once_in(uint32_t many);

/* A word that is likely to be near something: small, near a power of two, near the end of a type, or anything. */
uint64_t fuzz_edge(void);

/* All of the rest, for a harness whose input is a file's contents. */
const uint8_t *fuzz_rest(size_t *bytes);

/*
 * Memory that the code under test shares with somebody. Up to 8 ranges; forgotten before each input. `stores` counts
 * for fuzz_run()'s kills, `loads` for fuzz_race().
 */
void fuzz_watch(void *memory, size_t bytes, bool stores, bool loads);

/* During the next fuzz_run(): before load number `load` (from 0), the loaded word becomes `value`. Up to 8 of them. */
void fuzz_race(uint32_t load, uint64_t value);

/* A few races, as the input says; mostly none. */
void fuzz_some_races(void);

/*
 * Runs `operation(argument)`; kills it before its store number `kill_at` (from 0) into watched memory. False if it was
 * killed. Not to be nested. Hooks are active within it alone.
 */
#define FUZZ_NEVER UINT32_MAX
bool fuzz_run(void (*operation)(void *argument), void *argument, uint32_t kill_at);

/* Within fuzz_run(): the code under test ends itself. For who waits it is as if it had been killed here. */
_Noreturn void fuzz_end(void);

/* Where to kill: never, as the input says, or early on. */
uint32_t fuzz_some_kill(void);

/* Memory of whole pages between others that fault; the same one each time for the same `slot` (below 4). */
uint8_t *fuzz_pages(uint32_t slot, size_t bytes);

#endif
