/* A shared line goes to the CPU that its route names, and to no other; a route may change at any time. */
#include "smp_tests.h"

#include <guest/boot.h>
#include <guest/gic.h>
#include <guest/tap.h>
#include <guest/timer.h>

/* A shared line without a device; count_irq counts it in scratch[6]. */
#define SPI 62u
#define SGI_WAKE 0u

static volatile uint64_t finished;

static void listen(struct cpu *cpu)
{
	for (uint32_t i = 0; i < 8; i++) {
		cpu->scratch[i] = 0;
	}
	cpu->irq = count_irq;
	gic_enable(SGI_WAKE);
	(void)meet();
	if (cpu->index != 0) {
		cpu_irq_enable();
		while (finished == 0) {
			cpu_irq_disable();
			if (finished == 0) {
				cpu_wfi();
			}
			cpu_irq_enable();
		}
		cpu_irq_disable();
		return;
	}

	bool right = true;
	cpu_irq_enable();
	gic_set_edge(SPI, true);
	gic_enable(SPI);
	for (uint64_t round = 1; round <= 10; round++) {
		for (uint32_t target = 0; target < boot.cpu_count; target++) {
			gic_route(SPI, cpus[target].mpidr);
			gic_set_pending(SPI);
			right &= smp_wait(&cpus[target].scratch[SPI % 8u], round, timer_ms(PATIENCE_MS));
		}
	}
	for (uint32_t i = 0; i < boot.cpu_count; i++) {
		right &= cpus[i].scratch[SPI % 8u] == 10;
	}
	tap_ok(right, "each CPU gets the line when it is the target, and only then");

	gic_disable(SPI);
	gic_route(SPI, cpus[0].mpidr);
	gic_set_pending(SPI);
	gic_route(SPI, cpus[1].mpidr);
	gic_enable(SPI);
	tap_ok(smp_wait(&cpus[1].scratch[SPI % 8u], 11, timer_ms(PATIENCE_MS)), "a pending line follows its route");
	tap_is(cpus[0].scratch[SPI % 8u], 10, "and leaves its old target alone");
	gic_disable(SPI);
	gic_route(SPI, cpus[0].mpidr);
	finished = 1;
	gic_send(GIC_SGI_BROADCAST | (uint64_t)SGI_WAKE << 24);
	cpu_irq_disable();
}

void test_shared_lines(void)
{
	tap_note("shared lines");
	finished = 0;
	tap_ok(run_on_all(listen), "all CPUs ended");
}
