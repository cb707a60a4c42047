/* The CPU that was started first is one like any other: it can be switched off, and on again by another one. */
#include "smp_tests.h"

#include <guest/mmu.h>
#include <guest/smccc.h>
#include <guest/tap.h>
#include <guest/timer.h>

static volatile uint64_t state;
static volatile uint64_t answer;

/* CPU 0 once more, on a fresh stack. */
static void reborn(struct cpu *cpu)
{
	tap_is(cpu->index, 0, "the first CPU is back");
	tap_is(state, 2, "another CPU saw it off");
	tap_is(answer, 0, "and switched it on");
	tap_ok(smp_wait_off(1, timer_ms(PATIENCE_MS)), "that one is off now");
	tap_finish();
}

static void reviver(struct cpu *cpu)
{
	(void)cpu;
	state = 1;
	if (smp_wait_off(0, timer_ms(PATIENCE_MS))) {
		state = 2;
	}
	cpus[0].main = reborn;
	cpus[0].irq = 0;
	cache_clean(&cpus[0], sizeof(cpus[0]));
	answer = (uint64_t)psci_call(PSCI_CPU_ON, cpus[0].mpidr, (uint64_t)guest_secondary, (uint64_t)&cpus[0]);
}

void test_first_cpu(void)
{
	tap_note("the first CPU");
	if (tap_ok(smp_start(1, reviver) == 0 && smp_wait(&state, 1, timer_ms(PATIENCE_MS)), "CPU 1 is there")) {
		psci_cpu_off();
		tap_ok(false, "CPU_OFF doesn't return");
	}
	tap_finish();
}
