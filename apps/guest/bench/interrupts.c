/*
 * Interrupts: to oneself, from the timer, to another CPU and back. The handlers are the library's ordinary ones, which
 * save and restore all general registers, as an operating system's do.
 */
#include "bench.h"

#include <guest/boot.h>
#include <guest/gic.h>
#include <guest/smp.h>
#include <guest/tap.h>
#include <guest/timer.h>

#define ROUNDS 64u
#define SGI_SELF 1u
#define SGI_THERE 2u
#define SGI_BACK 3u
#define TIMER_DELAY_TICKS 2000u
#define PATIENCE_MS 10000u

static volatile uint64_t taken;
static volatile uint64_t entered_at;

static void on_sgi(void)
{
	uint32_t intid = gic_acknowledge();
	gic_end(intid);
	taken++;
}

static void bench_self(void)
{
	struct bench bench = {.name = "sgi_self"};
	uint64_t value = gic_sgi_value(cpus[0].mpidr, SGI_SELF);

	cpu_self()->irq = on_sgi;
	gic_enable(SGI_SELF);
	cpu_irq_enable();
	for (uint32_t i = 0; i < BENCH_SAMPLES; i++) {
		uint64_t bare = timer_now();
		bare = timer_now() - bare;
		uint64_t start = timer_now();
		for (uint32_t round = 0; round < ROUNDS; round++) {
			uint64_t seen = taken;
			gic_send(value);
			while (taken == seen) {
			}
		}
		bench_add(&bench, timer_now() - start, bare, ROUNDS);
	}
	cpu_irq_disable();
	gic_disable(SGI_SELF);
	bench_report(&bench);
}

static void on_timer(void)
{
	entered_at = READ_SYSREG(cntvct_el0);
	uint32_t intid = gic_acknowledge();
	timer_stop();
	gic_end(intid);
	taken++;
}

/* From the deadline to the handler's first line, once while the CPU works and once while it sleeps. */
static void bench_timer(const char *name, bool sleep)
{
	struct bench bench = {.name = name};

	cpu_self()->irq = on_timer;
	gic_enable(INTID_TIMER_VIRTUAL);
	cpu_irq_enable();
	for (uint32_t i = 0; i < BENCH_SAMPLES; i++) {
		uint64_t seen = taken;
		/* An odd step, so that deadlines fall anywhere in the loop. */
		uint64_t deadline = timer_now() + TIMER_DELAY_TICKS + i * 7u;
		timer_set(deadline);
		while (taken == seen) {
			if (sleep) {
				cpu_irq_disable();
				if (taken == seen) {
					cpu_wfi();
				}
				cpu_irq_enable();
			}
		}
		bench_add(&bench, entered_at - deadline, 0, 1);
	}
	cpu_irq_disable();
	gic_disable(INTID_TIMER_VIRTUAL);
	bench_report(&bench);
}

static void on_there(void)
{
	uint32_t intid = gic_acknowledge();
	gic_end(intid);
	gic_send(gic_sgi_value(cpus[0].mpidr, SGI_BACK));
}

static volatile uint64_t peer_ready;
static volatile uint64_t peer_stop;

/* Both sides sleep while they wait: a CPU that spins would be counted too. */
static void peer(struct cpu *cpu)
{
	cpu->irq = on_there;
	gic_enable(SGI_THERE);
	smp_add(&peer_ready, 1);
	while (peer_stop == 0) {
		cpu_wfi();
		cpu_irq_enable();
		cpu_irq_disable();
	}
}

static void bench_ipi(void)
{
	struct bench bench = {.name = "ipi_roundtrip"};
	uint64_t value = gic_sgi_value(cpus[1].mpidr, SGI_THERE);

	if (boot.cpu_count < 2) {
		tap_skip("ipi_roundtrip was measured", "there is only one CPU");
		return;
	}
	cpu_self()->irq = on_sgi;
	gic_enable(SGI_BACK);
	if (!tap_ok(smp_start(1, peer) == 0 && smp_wait(&peer_ready, 1, timer_ms(PATIENCE_MS)), "CPU 1 is there")) {
		return;
	}
	/* Let it fall asleep. */
	timer_spin(timer_ms(2));
	for (uint32_t i = 0; i < BENCH_SAMPLES; i++) {
		uint64_t start = timer_now();
		for (uint32_t round = 0; round < ROUNDS; round++) {
			uint64_t seen = taken;
			gic_send(value);
			while (taken == seen) {
				cpu_wfi();
				cpu_irq_enable();
				cpu_irq_disable();
			}
		}
		bench_add(&bench, timer_now() - start, 0, ROUNDS);
	}
	bench_report(&bench);
	peer_stop = 1;
	gic_send(value);
	tap_ok(smp_wait_off(1, timer_ms(PATIENCE_MS)), "CPU 1 is off again");
	gic_disable(SGI_BACK);
}

void bench_interrupts(void)
{
	bench_self();
	bench_timer("timer_lateness", false);
	bench_timer("timer_lateness_asleep", true);
	bench_ipi();
}
