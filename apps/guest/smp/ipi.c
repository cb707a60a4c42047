/*
 * CPUs interrupt each other: back and forth, around in a circle, one to all, lists. What arrives is counted: none
 * may be lost, none doubled, none go astray.
 */
#include "smp_tests.h"

#include <guest/boot.h>
#include <guest/gic.h>
#include <guest/tap.h>
#include <guest/timer.h>

#define ROUNDS 500u
#define SGI_PING 1u
#define SGI_ALL 2u
#define SGI_LIST 3u

/* Sleeps until the count of `sgi` is at least `value`. */
static bool await(struct cpu *cpu, uint32_t sgi, uint64_t value)
{
	uint64_t end = timer_now() + timer_ms(PATIENCE_MS);
	while (__atomic_load_n(&cpu->scratch[sgi], __ATOMIC_ACQUIRE) < value) {
		cpu_irq_disable();
		if (__atomic_load_n(&cpu->scratch[sgi], __ATOMIC_ACQUIRE) < value) {
			/* The deadline's own timer keeps a lost interrupt from being a hang. */
			timer_set(end);
			cpu_wfi();
			timer_stop();
		}
		cpu_irq_enable();
		if (timer_now() > end) {
			return false;
		}
	}
	return true;
}

static void prepare(struct cpu *cpu)
{
	for (uint32_t i = 0; i < 8; i++) {
		cpu->scratch[i] = 0;
	}
	cpu->irq = count_irq;
	gic_enable(SGI_PING);
	gic_enable(SGI_ALL);
	gic_enable(SGI_LIST);
	gic_enable(INTID_TIMER_VIRTUAL);
	cpu_irq_enable();
}

static void done(void)
{
	cpu_irq_disable();
	gic_disable(SGI_PING);
	gic_disable(SGI_ALL);
	gic_disable(SGI_LIST);
	gic_disable(INTID_TIMER_VIRTUAL);
}

/* CPU 0 and CPU `partner` alternate; the others sleep in between. */
static uint32_t partner;

static void ping_pong(struct cpu *cpu)
{
	bool right = true;

	prepare(cpu);
	right &= meet();
	if (cpu->index == 0) {
		for (uint64_t round = 1; round <= ROUNDS && right; round++) {
			gic_send(gic_sgi_value(cpus[partner].mpidr, SGI_PING));
			right = await(cpu, SGI_PING, round);
		}
	} else if (cpu->index == partner) {
		for (uint64_t round = 1; round <= ROUNDS && right; round++) {
			right = await(cpu, SGI_PING, round);
			gic_send(gic_sgi_value(cpus[0].mpidr, SGI_PING));
		}
	}
	right &= meet();
	done();
	cpu->scratch[7] = right ? 1 : 0;
}

static bool all_right(void)
{
	bool right = true;
	for (uint32_t i = 0; i < boot.cpu_count; i++) {
		right &= cpus[i].scratch[7] == 1;
	}
	return right;
}

/* One interrupt goes around. */
static void circle(struct cpu *cpu)
{
	uint32_t next = (cpu->index + 1) % boot.cpu_count;
	bool right = true;

	prepare(cpu);
	right &= meet();
	for (uint64_t round = 1; round <= ROUNDS && right; round++) {
		if (cpu->index == 0) {
			gic_send(gic_sgi_value(cpus[next].mpidr, SGI_PING));
			right = await(cpu, SGI_PING, round);
		} else {
			right = await(cpu, SGI_PING, round);
			gic_send(gic_sgi_value(cpus[next].mpidr, SGI_PING));
		}
	}
	right &= meet();
	done();
	cpu->scratch[7] = right ? 1 : 0;
}

/* CPU 0 to all others, then to a list of all with itself. */
static void broadcast(struct cpu *cpu)
{
	bool right = true;

	prepare(cpu);
	right &= meet();
	for (uint64_t round = 1; round <= 20 && right; round++) {
		if (cpu->index == 0) {
			uint64_t list = gic_sgi_value(cpus[0].mpidr, SGI_LIST);
			gic_send(GIC_SGI_BROADCAST | (uint64_t)SGI_ALL << 24);
			for (uint32_t i = 1; i < boot.cpu_count; i++) {
				list |= gic_sgi_value(cpus[i].mpidr, SGI_LIST);
			}
			gic_send(list);
		} else {
			right = await(cpu, SGI_ALL, round);
		}
		right &= await(cpu, SGI_LIST, round) && meet();
	}
	timer_spin(timer_ms(2));
	right &= meet();
	done();
	uint64_t broadcasts = cpu->index == 0 ? 0 : 20;
	cpu->scratch[7] = right && cpu->scratch[SGI_ALL] == broadcasts && cpu->scratch[SGI_LIST] == 20 ? 1 : 0;
}

void test_ipi(void)
{
	tap_note("CPUs interrupt each other");
	for (partner = 1; partner < boot.cpu_count; partner++) {
		bool ended = run_on_all(ping_pong);
		tap_ok(ended && all_right() && cpus[0].scratch[SGI_PING] == ROUNDS
			       && cpus[partner].scratch[SGI_PING] == ROUNDS,
		       "CPU 0 and CPU %u, %u times back and forth", partner, ROUNDS);
	}
	tap_ok(run_on_all(circle) && all_right(), "around all CPUs, %u times", ROUNDS);
	tap_ok(run_on_all(broadcast) && all_right(), "to all but oneself, and to a list, twenty times each");
}
