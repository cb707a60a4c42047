/*
 * Everything at once: each CPU sleeps with short timers, interrupts others at random, reads devices, and is itself
 * interrupted in all of that. What is asserted is that nobody hangs, and that after the storm an interrupt still
 * arrives.
 */
#include "smp_tests.h"

#include <guest/boot.h>
#include <guest/gic.h>
#include <guest/mmio.h>
#include <guest/random.h>
#include <guest/tap.h>
#include <guest/timer.h>

#define STEPS 1000u
#define SGI_STORM 1u
#define SGI_CALM 2u

/* Counts SGIs in scratch[1] and [2], timers in [3] (27 % 8). */
static void on_any(void)
{
	uint32_t intid = gic_acknowledge();
	if (intid == INTID_TIMER_VIRTUAL) {
		timer_stop();
	}
	if (intid != INTID_NONE) {
		smp_add(&cpu_self()->scratch[intid % 8u], 1);
		gic_end(intid);
	}
}

static void storm(struct cpu *cpu)
{
	struct random random = {boot_number("seed", 1) * 0x9e3779b97f4a7c15ull + cpu->index + 1};

	for (uint32_t i = 0; i < 8; i++) {
		cpu->scratch[i] = 0;
	}
	cpu->irq = on_any;
	gic_enable(SGI_STORM);
	gic_enable(SGI_CALM);
	gic_enable(INTID_TIMER_VIRTUAL);
	bool met = meet();
	cpu_irq_enable();
	for (uint32_t step = 0; step < STEPS; step++) {
		switch (random_below(&random, 5)) {
		case 0:
			gic_send(GIC_SGI_BROADCAST | (uint64_t)SGI_STORM << 24);
			break;
		case 1:
			gic_send(gic_sgi_value(cpus[random_below(&random, boot.cpu_count)].mpidr, SGI_STORM));
			break;
		case 2:
			(void)mmio_read32(RTC_BASE);
			break;
		default:
			/* Armed with interrupts masked, so that the timer isn't served before the sleep begins. */
			cpu_irq_disable();
			timer_set(timer_now() + 1u + random_below(&random, timer_ms(1) / 4u));
			cpu_wfi();
			cpu_irq_enable();
			break;
		}
	}
	met &= meet();
	if (cpu->index == 0) {
		gic_send(GIC_SGI_BROADCAST | (uint64_t)SGI_CALM << 24);
	} else {
		met &= smp_wait(&cpu->scratch[SGI_CALM], 1, timer_ms(PATIENCE_MS));
	}
	met &= meet();
	cpu_irq_disable();
	timer_stop();
	gic_disable(SGI_STORM);
	gic_disable(SGI_CALM);
	gic_disable(INTID_TIMER_VIRTUAL);
	cpu->scratch[7] = met && cpu->scratch[SGI_STORM] > 0 ? 1 : 0;
}

void test_storm(void)
{
	bool right = true;

	tap_note("a storm");
	tap_ok(run_on_all(storm), "all CPUs ended");
	for (uint32_t i = 0; i < boot.cpu_count; i++) {
		right &= cpus[i].scratch[7] == 1;
	}
	tap_ok(right, "all were interrupted, and still are afterwards");
}
