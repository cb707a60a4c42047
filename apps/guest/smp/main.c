/*
 * Several CPUs: switching on and off, interrupting each other, waiting for each other, all with the traffic that
 * makes races likely.
 */
#include "smp_tests.h"

#include <guest/boot.h>
#include <guest/gic.h>
#include <guest/program.h>
#include <guest/tap.h>
#include <guest/timer.h>

static volatile uint64_t arrived;

bool run_on_all(void (*work)(struct cpu *cpu))
{
	bool right = true;

	arrived = 0;
	for (uint32_t i = 1; i < boot.cpu_count; i++) {
		int64_t answer = smp_start(i, work);
		if (answer != 0) {
			tap_note("CPU_ON of CPU %u answered %lld", i, (long long)answer);
			right = false;
		}
	}
	work(&cpus[0]);
	cpu_irq_disable();
	for (uint32_t i = 1; i < boot.cpu_count; i++) {
		if (!smp_wait_off(i, timer_ms(PATIENCE_MS))) {
			tap_note("CPU %u is still on", i);
			right = false;
		}
	}
	return right;
}

/* Meetings are counted through, so that one needs no clearing between two. */
bool meet(void)
{
	uint64_t number = smp_add(&arrived, 1);
	uint64_t count = boot.cpu_count;
	return smp_wait(&arrived, (number + count - 1) / count * count, timer_ms(PATIENCE_MS));
}

void count_irq(void)
{
	uint32_t intid = gic_acknowledge();
	if (intid != INTID_NONE) {
		smp_add(&cpu_self()->scratch[intid % 8u], 1);
		gic_end(intid);
	}
}

void guest_main(void)
{
	tap_note("smp: %u CPU(s), %s", boot.cpu_count, boot_has("native") ? "native" : "as a guest");
	if (boot.cpu_count < 2) {
		tap_skip("several CPUs", "there is only one");
		return;
	}
	test_power();
	test_ipi();
	test_shared_lines();
	test_locks();
	test_smp_timers();
	test_storm();
	test_first_cpu();
}
