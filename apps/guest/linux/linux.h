/*
 * What a Linux program without a C library needs to measure: system calls, the counter, text, samples of a figure.
 *
 * Under -icount shift=0 the counter goes on by one every 16 instructions. A result is a line "bench NAME min median max",
 * as the guest program bench prints it.
 */
#ifndef LINUX_H
#define LINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <asm/unistd.h>

#define SAMPLES 64u

/* The answer, or a negated errno. */
long system_call(long number, long a, long b, long c, long d, long e, long f);

static inline long system_call0(long number) { return system_call(number, 0, 0, 0, 0, 0, 0); }
static inline long system_call2(long number, long a, long b) { return system_call(number, a, b, 0, 0, 0, 0); }
static inline long system_call4(long number, long a, long b, long c, long d)
{
	return system_call(number, a, b, c, d, 0, 0);
}

static inline uint64_t counter(void)
{
	uint64_t value;
	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(value) : : "memory");
	return value;
}

/* Ticks of the counter in ns, which are instructions. */
uint64_t ticks_to_ns(uint64_t ticks);

long open_file(const char *path, int flags);
void print(const char *text);

/* The registers of the system's probe (apps/bench/probe.h); NULL: they can't be mapped. */
const volatile uint64_t *map_probe(void);

/* In instructions, or in hundredths of them. */
struct samples {
	uint64_t values[SAMPLES];
	uint32_t count;
	bool hundredths;
};

/* More than SAMPLES are ignored. */
void add(struct samples *samples, uint64_t value);
/* Nothing if there are none. */
void report(const char *name, struct samples *samples);

#endif
