/*
 * What only the host can tell, through the probe of Skink's bench system (apps/bench/probe.h): how often the kernel is
 * entered for an exit, how long the boot took, how long a guest waits while a server is grown again. Native
 * runs, and other systems, have no probe.
 */
#include "bench.h"

#include <guest/boot.h>
#include <guest/gic.h>
#include <guest/mmio.h>
#include <guest/print.h>
#include <guest/smp.h>
#include <guest/tap.h>
#include <guest/timer.h>

#include "../../bench/probe.h"

#define EXITS 256u
#define KILLS 8u
#define LOSS_ROUNDS 8u
#define MILLION 1000000u
#define KILL_EVERY (1000u * MILLION)
#define STANDBY_US 5000u /* after which the next standby is loaded */
#define ARGUMENT_UART 0u
#define ARGUMENT_SCHED 1u
#define ARGUMENT_VMM 2u
#define ARGUMENT_CONSOLE 3u
#define ARGUMENT_MONITOR 4u
#define COUNTER_ENTRIES 0u
#define COUNTER_TLB_MAINTENANCE 6u
#define COUNTER_IDLE_NS 11u
#define CHARACTERS 64u
#define UART_DR UART_BASE
#define UART_FR (UART_BASE + 0x18u)
#define UART_FR_FULL (1u << 5)

static uint64_t probe_read(uint32_t offset)
{
	return mmio_read64(PROBE_BASE + offset);
}

/* What a counter of the kernel's rises by for each of EXITS loads from the UART, in hundredths. */
static void bench_counter(const char *name, uint32_t counter)
{
	struct bench bench = {.name = name, .counts = true};
	uint32_t offset = PROBE_COUNTERS + counter * 8u;

	for (uint32_t i = 0; i < BENCH_SAMPLES; i++) {
		uint64_t start = probe_read(offset);
		uint64_t looking = probe_read(offset) - start; /* by the probe itself */
		for (uint32_t exit = 0; exit < EXITS; exit++) {
			(void)mmio_read32(UART_FR);
		}
		uint64_t rise = probe_read(offset) - start - 2u * looking;
		bench_add_ratio(&bench, rise, EXITS);
	}
	bench_report(&bench);
}

static uint64_t loads_took(void)
{
	uint64_t start = timer_now();
	for (uint32_t exit = 0; exit < EXITS; exit++) {
		(void)mmio_read32(UART_FR);
	}
	return timer_now() - start;
}

/* A load from a device is traced twice: as a call, and as its reply. */
static void bench_trace(void)
{
	struct bench bench = {.name = "trace_record"};

	for (uint32_t i = 0; i < BENCH_SAMPLES; i++) {
		uint64_t off = loads_took();
		mmio_write64(PROBE_BASE + PROBE_TRACE, 1);
		uint64_t on = loads_took();
		mmio_write64(PROBE_BASE + PROBE_TRACE, 0);
		bench_add(&bench, on, off, EXITS * 2u);
	}
	bench_report(&bench);
}

/* From the machine's reset, when its counter is 0, to the program's first instruction. One sample: it happens once. */
static void bench_boot(void)
{
	struct bench bench = {.name = "boot_to_guest"};
	uint64_t now_ns = probe_read(PROBE_NOW);
	uint64_t here_ns = (timer_now() - boot.started) * 1000u / (READ_SYSREG(cntfrq_el0) / 1000000u);

	bench_add_ratio(&bench, now_ns - here_ns, 1);
	bench_report(&bench);
}

uint64_t bench_idle_ns(void)
{
	return probe_read(PROBE_COUNTERS + COUNTER_IDLE_NS * 8u);
}

void bench_begin(struct bench_span *span)
{
	span->idle_ns = bench_idle_ns();
	span->ticks = timer_now();
}

void bench_end(struct bench *bench, const struct bench_span *span, uint64_t rounds)
{
	uint64_t ticks = timer_now() - span->ticks;
	uint64_t idle_ns = bench_idle_ns() - span->idle_ns;
	bench_add(bench, ticks, idle_ns * (READ_SYSREG(cntfrq_el0) / 1000u) / 1000000u, rounds);
}

static volatile uint64_t line_taken_at;
static volatile uint64_t lines_taken;

static void on_line(void)
{
	line_taken_at = READ_SYSREG(cntvct_el0);
	gic_end(gic_acknowledge());
	lines_taken++;
}

/* From a store to a device, whose server raises its line then, to the handler's first line. */
static void bench_line(void)
{
	struct bench bench = {.name = "line_latency"};

	cpu_self()->irq = on_line;
	gic_set_edge(PROBE_INTID, true);
	gic_route(PROBE_INTID, cpus[0].mpidr);
	gic_enable(PROBE_INTID);
	cpu_irq_enable();
	for (uint32_t i = 0; i < BENCH_SAMPLES; i++) {
		uint64_t seen = lines_taken;
		uint64_t start = timer_now();
		mmio_write64(PROBE_BASE + PROBE_RAISE, 1);
		while (lines_taken == seen) {
		}
		bench_add(&bench, line_taken_at - start, 0, 1);
	}
	cpu_irq_disable();
	gic_disable(PROBE_INTID);
	bench_report(&bench);
}

static uint32_t victim;

static void kill_nobody(void)
{
}

static void kill_victim(void)
{
	mmio_write64(PROBE_BASE + PROBE_KILL, victim);
}

/* In instructions. */
static uint64_t work_took(const struct bench_loss *loss, void (*half)(void))
{
	struct bench bench = {0};
	struct bench_span span;
	bench_begin(&span);
	loss->work(half);
	bench_end(&bench, &span, 1);
	return bench.sample[0] / 100u;
}

void bench_loss(const struct bench_loss *loss)
{
	struct bench bench = {.name = loss->name, .counts = true};
	loss->work(kill_nobody);
	for (uint32_t i = 0; i < LOSS_ROUNDS * loss->count; i++) {
		uint64_t least = work_took(loss, kill_nobody);
		victim = loss->servers[i % loss->count];
		uint64_t most = work_took(loss, kill_victim);
		bench_add_ratio(&bench, most > least ? most - least : 0, KILL_EVERY / MILLION);
	}
	bench_report(&bench);
}

static void touch_uart(void)
{
	(void)mmio_read32(UART_FR);
}

/* A register that the VMM answers for. */
static void touch_vmm(void)
{
	(void)mmio_read32(GICD_BASE);
}

static void wait_for_standby(void)
{
	uint64_t until = timer_now() + READ_SYSREG(cntfrq_el0) / 1000000u * STANDBY_US;

	while (boot_has("standby") && timer_now() < until) {
	}
}

/* A server dies between two accesses of the guest; the second one waits until the next instance serves it. */
static void bench_kill(const char *name, uint32_t server, void (*touch)(void))
{
	struct bench bench = {.name = name};

	for (uint32_t i = 0; i < KILLS; i++) {
		wait_for_standby();
		uint64_t start = timer_now();
		mmio_write64(PROBE_BASE + PROBE_KILL, server);
		touch();
		bench_add(&bench, timer_now() - start, 0, 1);
	}
	bench_report(&bench);
}

/* The console answers a call, and the monitor greets. */
static void touch_console(void)
{
	(void)probe_read(PROBE_MONITOR_PRINTED);
}

static void bench_kill_monitor(void)
{
	struct bench bench = {.name = "restart_monitor"};

	for (uint32_t i = 0; i < KILLS; i++) {
		uint64_t printed = probe_read(PROBE_MONITOR_PRINTED);
		uint64_t start = timer_now();
		mmio_write64(PROBE_BASE + PROBE_KILL, ARGUMENT_MONITOR);
		while (probe_read(PROBE_MONITOR_PRINTED) == printed) {
		}
		bench_add(&bench, timer_now() - start, 0, 1);
	}
	bench_report(&bench);
}

/* A server crashes with an access in service, which its next instance answers. */
static void bench_crash(const char *name)
{
	struct bench bench = {.name = name};
	uint64_t instance = probe_read(PROBE_CRASH);

	for (uint32_t i = 0; i < KILLS; i++) {
		wait_for_standby();
		uint64_t start = timer_now();
		mmio_write64(PROBE_BASE + PROBE_CRASH, 0);
		bench_add(&bench, timer_now() - start, 0, 1);
	}
	tap_is(probe_read(PROBE_CRASH) - instance, KILLS, "each crash made a new instance");
	bench_report(&bench);
}

/* A line of text, as a driver writes it: the flag, then the character. */
static void bench_console(void)
{
	static const char line[CHARACTERS + 1] = "# a line of sixty-four characters, for the cost of each of them\n";
	struct bench bench = {.name = "console_character"};

	for (uint32_t i = 0; i < BENCH_SAMPLES; i++) {
		uint64_t start = timer_now();
		for (uint32_t c = 0; c < CHARACTERS; c++) {
			while ((mmio_read32(UART_FR) & UART_FR_FULL) != 0) {
			}
			mmio_write32(UART_DR, (uint8_t)line[c]);
		}
		bench_add(&bench, timer_now() - start, 0, CHARACTERS);
	}
	bench_report(&bench);
}

void bench_probe(void)
{
	if (!boot_has("probe") || boot_has("native")) {
		return;
	}
	if (boot_has("standby")) {
		bench_kill("restart_uart_standby", ARGUMENT_UART, touch_uart);
		bench_crash("restart_device_standby");
		bench_kill("restart_sched_standby", ARGUMENT_SCHED, touch_uart);
		bench_kill("restart_vmm_standby", ARGUMENT_VMM, touch_vmm);
		return;
	}
	bench_boot();
	bench_counter("kernel_entries_per_exit", COUNTER_ENTRIES);
	bench_counter("tlbi_per_exit", COUNTER_TLB_MAINTENANCE);
	bench_line();
	bench_console();
	bench_trace();
	bench_kill("restart_uart", ARGUMENT_UART, touch_uart);
	bench_crash("restart_device");
	bench_kill("restart_sched_stall", ARGUMENT_SCHED, touch_uart);
	bench_kill("restart_vmm", ARGUMENT_VMM, touch_vmm);
	bench_kill("restart_console", ARGUMENT_CONSOLE, touch_console);
	bench_kill_monitor();
}
