/*
 * Round trips that one instruction makes: a hypercall, device accesses, a trapped identification register.
 *
 * The loops are assembly, so that no compiler changes what is measured; the bare loop differs by that one
 * instruction only.
 */
#include "bench.h"

#include <guest/boot.h>
#include <guest/mmio.h>
#include <guest/print.h>
#include <guest/tap.h>
#include <guest/timer.h>

#include "../../bench/probe.h"

#define ROUNDS 64u
#define UART_FR (UART_BASE + 0x18u)
#define UART_IBRD (UART_BASE + 0x24u)
#define RTC_DR RTC_BASE

/* Skink's first hypercall, its version; elsewhere a vendor's call that nobody has. Either is answered at once. */
#define SHORTEST_HYPERCALL 0xc6000000ul

/* Event 8, instructions retired, on a CPU whose identification registers show performance monitors. */
#define PMU_INSTRUCTIONS 8u

/* void NAME(rounds, address): `instruction` that often; x9 holds the address, x10 the function number. */
#define LOOP(name, instruction) \
	static void name(uint64_t rounds, uint64_t address) \
	{ \
		register uint64_t x9 __asm__("x9") = address; \
		register uint64_t x10 __asm__("x10") = SHORTEST_HYPERCALL; \
		__asm__ volatile("1:\n\tmov x0, x10\n\t" instruction "\n\tsubs %0, %0, #1\n\tb.ne 1b" \
				 : "+r"(rounds) \
				 : "r"(x9), "r"(x10) \
				 : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "cc", "memory"); \
	}

LOOP(loop_bare, "")
LOOP(loop_hvc, "hvc #0")
LOOP(loop_load, "ldr w1, [x9]")
LOOP(loop_store, "str w0, [x9]")
LOOP(loop_firmware, "movz w0, #0x8400, lsl #16\n\thvc #0") /* PSCI_VERSION */
LOOP(loop_sysreg, "msr dbgbvr0_el1, x9")
LOOP(loop_id, "mrs x1, id_aa64pfr0_el1")

struct cost {
	uint64_t ticks;
	uint64_t instructions; /* by the PMU; 0 without one */
};

static bool has_pmu(void)
{
	unsigned version = (unsigned)(READ_SYSREG(id_aa64dfr0_el1) >> 8) & 0xfu;
	return version != 0 && version != 0xfu;
}

static struct cost measure(void (*loop)(uint64_t, uint64_t), uint64_t rounds, uint64_t address)
{
	struct cost cost = {0};
	bool pmu = has_pmu();

	if (pmu) {
		WRITE_SYSREG(pmevtyper0_el0, PMU_INSTRUCTIONS);
		WRITE_SYSREG(pmcntenset_el0, 1);
		WRITE_SYSREG(pmcr_el0, 3); /* enable, reset */
		cpu_isb();
	}
	uint64_t start = timer_now();
	loop(rounds, address);
	cost.ticks = timer_now() - start;
	if (pmu) {
		cost.instructions = READ_SYSREG(pmevcntr0_el0);
	}
	return cost;
}

static void run(const char *name, void (*loop)(uint64_t, uint64_t), uint64_t address)
{
	struct bench bench = {.name = name};
	struct cost last = {0};
	struct cost bare = {0};

	(void)measure(loop, ROUNDS, address);
	for (uint32_t i = 0; i < BENCH_SAMPLES; i++) {
		bare = measure(loop_bare, ROUNDS, address);
		last = measure(loop, ROUNDS, address);
		bench_add(&bench, last.ticks, bare.ticks, ROUNDS);
	}
	bench_report(&bench);
	if (last.instructions > bare.instructions) {
		tap_note("%s by the PMU: %llu instructions in %u rounds", name,
			 (unsigned long long)(last.instructions - bare.instructions), ROUNDS);
	}
}

void bench_exits(void)
{
	run("hvc_roundtrip", loop_hvc, 0);
	/* A register that is stored as written; the two after it are worked out at each read. */
	run("mmio_read_roundtrip", loop_load, UART_IBRD);
	run("mmio_read_uart_flags", loop_load, UART_FR);
	run("mmio_read_clock", loop_load, RTC_DR);
	run("mmio_write_roundtrip", loop_store, UART_IBRD);
	run("idreg_read", loop_id, 0);
	run("firmware_call", loop_firmware, 0);
	run("sysreg_write", loop_sysreg, 0);
}

#define SCALE_WARM_UP_MS 40u /* every VM has had its turn */
#define SCALE_MS 160u

static void make_exits(uint32_t ms)
{
	uint64_t end = timer_now() + timer_ms(ms);
	while (timer_now() < end) {
		loop_hvc(ROUNDS, 0);
	}
}

void bench_scale(void)
{
	while (!boot_has("probe")) {
		make_exits(SCALE_MS);
	}
	struct bench cost = {.name = "scale_exit", .counts = true};
	struct bench memory = {.name = "scale_free", .counts = true};
	bench_add_ratio(&memory, mmio_read64(PROBE_BASE + PROBE_FREE), 1);
	make_exits(SCALE_WARM_UP_MS);
	uint64_t exits = mmio_read64(PROBE_BASE + PROBE_EXITS);
	uint64_t start = timer_now();
	make_exits(SCALE_MS);
	uint64_t ns = (timer_now() - start) * (1000000000u / READ_SYSREG(cntfrq_el0));
	bench_add_ratio(&cost, ns, mmio_read64(PROBE_BASE + PROBE_EXITS) - exits);
	bench_report(&cost);
	bench_report(&memory);
}
