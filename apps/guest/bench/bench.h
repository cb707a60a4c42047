/*
 * Round trips, in instructions of the whole machine.
 *
 * Meant for QEMU with -icount shift=0,sleep=off, where an instruction takes one nanosecond and the counter goes on
 * by one tick every 16 instructions at its 62.5 MHz. Each sample is the mean of many rounds, so that
 * a sixteenth of an instruction could be told; what the loop itself costs is measured and taken off. Without
 * instruction counting the figures are nanoseconds of a host that does other things too.
 *
 * Every result is a line "bench NAME min median max": whole instructions, or counts with two decimals.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stdint.h>

#define BENCH_SAMPLES 64u

/* Samples of one benchmark, in hundredths of an instruction or of what else it counts. */
struct bench {
	const char *name;
	uint32_t count;
	uint64_t sample[BENCH_SAMPLES];
	bool counts; /* not instructions: hundredths are told */
};

/* Adds `ticks` of the counter, spent on `rounds` rounds, less what the bare loop takes for them. */
void bench_add(struct bench *bench, uint64_t ticks, uint64_t bare_ticks, uint64_t rounds);

/* Adds `count` of anything for `rounds` rounds. */
void bench_add_ratio(struct bench *bench, uint64_t count, uint64_t rounds);

/* Prints the line and counts it as a result. */
void bench_report(struct bench *bench);

/* A stretch of work that may sleep: what was executed meanwhile. Only with the probe of Skink's systems. */
struct bench_span {
	uint64_t ticks;
	uint64_t idle_ns;
};

void bench_begin(struct bench_span *span);
void bench_end(struct bench *bench, const struct bench_span *span, uint64_t rounds);

/*
 * What a kill costs a busy guest of its throughput, if there is one in 10^9 instructions, in parts per million. `work`
 * does the same each time, and tells `half` about its middle; each of the probe's servers in `servers` is killed there.
 */
struct bench_loss {
	const char *name;
	const uint32_t *servers;
	uint32_t count;
	void (*work)(void (*half)(void));
};

void bench_loss(const struct bench_loss *loss);

/* For how long the first core has had nothing to do since the machine was reset. */
uint64_t bench_idle_ns(void);

void bench_exits(void);
/* One of several VMs that make hypercalls all the time: with the probe it measures them all, otherwise it never ends. */
void bench_scale(void);
void bench_interrupts(void);
void bench_probe(void);
void bench_disk(void);
void bench_net(void);

#endif
