/*
 * HVC and SMC with arbitrary functions and arguments. Left out are only the calls whose purpose is to end or stop us;
 * a CPU_ON may name any CPU but those that exist.
 */
#include "hostile.h"

#include <guest/boot.h>
#include <guest/exception.h>
#include <guest/mmio.h>
#include <guest/smccc.h>
#include <guest/tap.h>
#include <guest/timer.h>

#define ROUNDS 10000u

/* PSCI functions by number, in either register width: suspend, off, system off, reset, and the whole-system ones. */
static bool spared(uint64_t function)
{
	uint32_t low = (uint32_t)function & 0xffffu;
	if (((uint32_t)function & 0xbf000000u) != 0x84000000u) {
		return false;
	}
	return low == 1 || low == 2 || low == 8 || low == 9 || (low >= 0xc && low <= 0x14);
}

static uint64_t pick_function(struct random *random)
{
	uint64_t r = random_next(random);
	switch (r & 3u) {
	case 0:
		return random_next(random);                                             /* anything */
	case 1:
		return 0x84000000u | (r >> 8 & 0x40000000u) | (r >> 40 & 0x1fu);        /* PSCI */
	case 2:
		return 0x80000000u | (r >> 8 & 0x7f000000u) | (r >> 40 & 0xffu);        /* some owner's early numbers */
	default:
		return 0x86000000u | (r >> 8 & 0x40000000u) | (r >> 40 & 0xffffu);      /* the hypervisor's own */
	}
}

static uint64_t pick_argument(struct random *random)
{
	uint64_t r = random_next(random);
	switch (r & 3u) {
	case 0:
		return random_next(random);
	case 1:
		return r >> 56;
	case 2:
		return ~(r >> 56);
	default:
		return 0x40000000u + (r >> 36); /* looks like memory of ours */
	}
}

static bool names_present_cpu(uint64_t argument)
{
	for (uint32_t i = 0; i < boot.cpu_count; i++) {
		/* Only the affinity fields, and for 32-bit functions only the lower half, may count. */
		if ((uint32_t)(argument & 0xffffffu) == (uint32_t)(cpus[i].mpidr & 0xffffffu)) {
			return true;
		}
	}
	return false;
}

static uint64_t call_many(struct random *random, struct smccc_result (*call)(uint64_t, uint64_t, uint64_t, uint64_t),
			  uint64_t rounds)
{
	uint64_t exceptions = 0;

	for (uint64_t i = 0; i < rounds; i++) {
		uint64_t function = pick_function(random);
		uint64_t a1 = pick_argument(random);
		uint64_t a2 = pick_argument(random);
		uint64_t a3 = pick_argument(random);
		if (spared(function) || names_present_cpu(a1)) {
			continue;
		}
		catch_begin();
		(void)call(function, a1, a2, a3);
		exceptions += catch_end().count;
	}
	return exceptions;
}

void hostile_calls(struct random *random)
{
	uint64_t rounds = boot_number("rounds", ROUNDS);
	uint64_t by_hvc = call_many(random, smccc_hvc, rounds);
	uint64_t by_smc = call_many(random, smccc_smc, rounds);

	tap_is(by_hvc, 0, "%llu arbitrary calls by HVC come back", (unsigned long long)rounds);
	if (boot_has("native")) {
		tap_ok(by_smc > 0, "SMC is undefined here");
	} else {
		tap_is(by_smc, 0, "%llu arbitrary calls by SMC come back", (unsigned long long)rounds);
	}

	catch_begin();
	__asm__ volatile("mov x0, #0\n\thvc #1\n\tmov x0, #0\n\thvc #0xffff\n\tmov x0, #-1\n\tsmc #1\n\t"
			 "mov x0, #-1\n\tsmc #0xffff" : : : "x0", "x1", "x2", "x3", "memory");
	tap_ok(catch_end().count <= 4, "calls with an immediate come back");

	static const uint64_t entries[] = {0, 1, ~0ull, 0x40080001u, UART_BASE};
	bool refused = true;
	for (unsigned i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		refused &= psci_call(PSCI_CPU_ON, 0x123456, entries[i], 0) == PSCI_INVALID_PARAMETERS;
		refused &= psci_call(PSCI_CPU_ON, 0xff00000000ull, entries[i], 0) == PSCI_INVALID_PARAMETERS;
	}
	tap_ok(refused, "absent CPUs can't be started, wherever");
}
