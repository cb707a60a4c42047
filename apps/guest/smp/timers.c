/* Every CPU has a timer of its own; all of them at once, each sleeping. */
#include "smp_tests.h"

#include <guest/boot.h>
#include <guest/gic.h>
#include <guest/tap.h>
#include <guest/timer.h>

#define SLEEPS 50u
#define TOLERANCE_MS 200u

static void on_timer(void)
{
	uint32_t intid = gic_acknowledge();
	timer_stop();
	gic_end(intid);
	if (intid == INTID_TIMER_VIRTUAL) {
		cpu_self()->scratch[0]++;
	}
}

/* scratch: 0 interrupts, 1 woken too early, 2 too late. */
static void sleep_often(struct cpu *cpu)
{
	cpu->scratch[0] = 0;
	cpu->scratch[1] = 0;
	cpu->scratch[2] = 0;
	cpu->irq = on_timer;
	gic_enable(INTID_TIMER_VIRTUAL);
	(void)meet();
	cpu_irq_enable();
	for (uint32_t i = 1; i <= SLEEPS; i++) {
		uint64_t deadline = timer_now() + timer_ms(1) / (1 + (i + cpu->index) % 4u);
		timer_set(deadline);
		while (cpu->scratch[0] < i) {
			cpu_irq_disable();
			if (cpu->scratch[0] < i) {
				cpu_wfi();
			}
			cpu_irq_enable();
		}
		uint64_t now = timer_now();
		cpu->scratch[1] += now < deadline ? 1u : 0u;
		cpu->scratch[2] += now > deadline + timer_ms(TOLERANCE_MS) ? 1u : 0u;
	}
	cpu_irq_disable();
	gic_disable(INTID_TIMER_VIRTUAL);
}

void test_smp_timers(void)
{
	uint64_t early = 0;
	uint64_t late = 0;
	uint64_t fired = 0;

	tap_note("timers on all CPUs");
	tap_ok(run_on_all(sleep_often), "all CPUs ended");
	for (uint32_t i = 0; i < boot.cpu_count; i++) {
		fired += cpus[i].scratch[0];
		early += cpus[i].scratch[1];
		late += cpus[i].scratch[2];
	}
	tap_is(fired, (uint64_t)SLEEPS * boot.cpu_count, "each sleep ended by one interrupt");
	tap_is(early, 0, "none too early");
	tap_is(late, 0, "none too late");
}
