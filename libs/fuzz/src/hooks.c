/*
 * Kills and races. The compiler calls these before each load and store of code that is built for
 * fuzzing, this file's own not among it. A kill leaves the code under test by longjmp(): whatever it had in memory of
 * its own is no longer to be looked at, as after a server's death.
 */
#include "hooks.h"

#include <setjmp.h>
#include <string.h>

#include <fuzz/fuzz.h>

#define RANGES 8u
#define RACES 8u
#define LOADS_SOME 64u /* a race is among the first so many loads */
#define KILLS_SOME 64u

static struct {
	struct range {
		uintptr_t at;
		size_t bytes;
		bool stores;
		bool loads;
	} ranges[RANGES];
	uint32_t range_count;
	struct race {
		uint32_t load;
		uint64_t value;
	} races[RACES];
	uint32_t race_count;
	bool running;
	uint32_t stores;
	uint32_t loads;
	uint32_t kill_at;
	jmp_buf out;
} hooks;

void hooks_forget(void)
{
	hooks.range_count = 0;
	hooks.race_count = 0;
	hooks.running = false;
}

void fuzz_watch(void *memory, size_t bytes, bool stores, bool loads)
{
	FUZZ_EXPECT(hooks.range_count < RANGES);
	hooks.ranges[hooks.range_count++] = (struct range){ (uintptr_t)memory, bytes, stores, loads };
}

void fuzz_race(uint32_t load, uint64_t value)
{
	if (hooks.race_count < RACES) {
		hooks.races[hooks.race_count++] = (struct race){ load, value };
	}
}

void fuzz_some_races(void)
{
	for (uint32_t count = fuzz_u8() >> 6; count != 0; count--) {
		uint32_t load = fuzz_below(LOADS_SOME);

		fuzz_race(load, fuzz_edge());
	}
}

uint32_t fuzz_some_kill(void)
{
	return fuzz_once_in(4) ? fuzz_below(KILLS_SOME) : FUZZ_NEVER;
}

bool fuzz_run(void (*operation)(void *argument), void *argument, uint32_t kill_at)
{
	bool ended = false;

	FUZZ_EXPECT(!hooks.running);
	hooks.stores = 0;
	hooks.loads = 0;
	hooks.kill_at = kill_at;
	if (setjmp(hooks.out) == 0) {
		hooks.running = true;
		operation(argument);
		ended = true;
	}
	hooks.running = false;
	hooks.race_count = 0;
	return ended;
}

void fuzz_end(void)
{
	FUZZ_EXPECT(hooks.running);
	longjmp(hooks.out, 1);
}

static const struct range *find(uintptr_t address)
{
	for (uint32_t i = 0; i < hooks.range_count; i++) {
		if (address - hooks.ranges[i].at < hooks.ranges[i].bytes) {
			return &hooks.ranges[i];
		}
	}
	return NULL;
}

static void load(uintptr_t address, size_t bytes)
{
	const struct range *range = hooks.running ? find(address) : NULL;

	if (range == NULL || !range->loads) {
		return;
	}
	for (uint32_t i = 0; i < hooks.race_count; i++) {
		if (hooks.races[i].load == hooks.loads && bytes <= sizeof(hooks.races[i].value) &&
		    bytes <= range->bytes - (address - range->at)) {
			memcpy((void *)address, &hooks.races[i].value, bytes);
		}
	}
	hooks.loads++;
}

static void store(uintptr_t address)
{
	const struct range *range = hooks.running ? find(address) : NULL;

	if (range == NULL || !range->stores) {
		return;
	}
	if (hooks.stores++ == hooks.kill_at) {
		longjmp(hooks.out, 1);
	}
}

#define HOOKS(bytes, type)                                     \
	void __sanitizer_cov_load##bytes(const type *address); \
	void __sanitizer_cov_store##bytes(type *address);      \
	void __sanitizer_cov_load##bytes(const type *address)  \
	{                                                      \
		load((uintptr_t)address, bytes);               \
	}                                                      \
	void __sanitizer_cov_store##bytes(type *address)       \
	{                                                      \
		store((uintptr_t)address);                     \
	}

HOOKS(1, uint8_t)
HOOKS(2, uint16_t)
HOOKS(4, uint32_t)
HOOKS(8, uint64_t)
HOOKS(16, void)
