/*
 * What the loader said: the device tree that x0 named at the start (Linux's boot protocol for arm64), read once.
 */
#ifndef GUEST_BOOT_H
#define GUEST_BOOT_H

#include <stdbool.h>
#include <guest/cpu.h>
#include <stdint.h>

struct boot_info {
	const char *arguments;   /* /chosen bootargs; "" if there are none */
	uint32_t cpu_count;      /* nodes /cpus/cpu@…, at most CPUS_MAX */
	uint64_t cpu_mpidr[8];
	uint64_t memory_base;
	uint64_t memory_bytes;
	bool conduit_smc;        /* /psci method = "smc" */
	uint64_t started;        /* CNTVCT_EL0 at the program's first instructions */
};

extern struct boot_info boot;

/* Reads a flattened device tree; a missing or damaged one leaves the defaults (one CPU, no arguments). */
void boot_read(const void *tree);

/*
 * Is `word` one of the blank-separated arguments? Native runs are started with the argument "native":
 * a few expectations differ there, each with its reason beside it.
 */
bool boot_has(const char *word);

/* The number in an argument "name=123" (decimal, or hexadecimal after 0x), or `fallback`. */
uint64_t boot_number(const char *name, uint64_t fallback);

#endif
