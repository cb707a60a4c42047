/* CPU_ON, CPU_OFF and AFFINITY_INFO in cycles, in parallel, and against each other. */
#include "smp_tests.h"

#include <guest/boot.h>
#include <guest/smccc.h>
#include <guest/tap.h>
#include <guest/timer.h>

#define CYCLES 20u

static int64_t affinity_info(uint32_t index)
{
	return psci_call(PSCI_AFFINITY_INFO, cpus[index].mpidr, 0, 0);
}

static void stay_briefly(struct cpu *cpu)
{
	smp_add(&cpu->scratch[0], cpu_affinity(READ_SYSREG(mpidr_el1)) == cpu->mpidr ? 1u : 1000u);
}

/* One turn; says which step went wrong. */
static bool cycle_once(uint32_t index, uint32_t cycle)
{
	struct cpu *cpu = &cpus[index];
	int64_t state = affinity_info(index);
	int64_t answer = state == PSCI_STATE_OFF ? smp_start(index, stay_briefly) : PSCI_DENIED;

	if (answer != PSCI_SUCCESS) {
		tap_note("cycle %u of CPU %u: state %lld, CPU_ON answers %lld", cycle, index, (long long)state,
			 (long long)answer);
		return false;
	}
	if (!smp_wait(&cpu->scratch[0], cycle, timer_ms(PATIENCE_MS))) {
		tap_note("cycle %u of CPU %u: it doesn't run, state %lld", cycle, index,
			 (long long)affinity_info(index));
		return false;
	}
	if (!smp_wait_off(index, timer_ms(PATIENCE_MS))) {
		tap_note("cycle %u of CPU %u: it doesn't go off, state %lld", cycle, index,
			 (long long)affinity_info(index));
		return false;
	}
	return true;
}

static void check_cycles(uint32_t index)
{
	struct cpu *cpu = &cpus[index];
	bool right = true;

	cpu->scratch[0] = 0;
	for (uint32_t cycle = 1; cycle <= CYCLES && right; cycle++) {
		right = cycle_once(index, cycle);
	}
	tap_ok(right && cpu->scratch[0] == CYCLES, "CPU %u on and off, %u times", index, CYCLES);
}

static volatile uint64_t release;

static void stay(struct cpu *cpu)
{
	smp_add(&cpu->scratch[0], 1);
	(void)smp_wait(&release, 1, timer_ms(PATIENCE_MS));
}

static void check_states(void)
{
	struct cpu *cpu = &cpus[1];

	cpu->scratch[0] = 0;
	release = 0;
	int64_t first = smp_start(1, stay);
	int64_t state = affinity_info(1);
	/* QEMU's own PSCI (7.2) only queues the start, and until then calls the CPU off. */
	bool queued = boot_has("native") && state == PSCI_STATE_OFF;
	tap_ok(first == PSCI_SUCCESS && (state == PSCI_STATE_ON || state == PSCI_STATE_ON_PENDING || queued),
	       "just started, it is on or about to be");
	if (boot_has("native")) {
		(void)smp_wait(&cpu->scratch[0], 1, timer_ms(PATIENCE_MS));
	}
	int64_t second = psci_call(PSCI_CPU_ON, cpu->mpidr, (uint64_t)guest_secondary, (uint64_t)cpu);
	tap_ok(second == PSCI_ALREADY_ON || second == PSCI_ON_PENDING, "started again, that is refused");
	tap_ok(smp_wait(&cpu->scratch[0], 1, timer_ms(PATIENCE_MS)), "it runs");
	tap_is((uint64_t)affinity_info(1), PSCI_STATE_ON, "running, it is on");
	second = psci_call(PSCI_CPU_ON, cpu->mpidr, (uint64_t)guest_secondary, (uint64_t)cpu);
	tap_is((uint64_t)second, (uint64_t)PSCI_ALREADY_ON, "running, it can't be started");
	second = psci_call(PSCI_CPU_ON32, cpu->mpidr, 0x40080000u, 0);
	tap_is((uint64_t)second, (uint64_t)PSCI_ALREADY_ON, "nor by the 32-bit call");
	release = 1;
	tap_ok(smp_wait_off(1, timer_ms(PATIENCE_MS)), "let go, it switches itself off");
	tap_is(cpu->scratch[0], 1, "it was started once");
}

/* Everybody tries to start the last CPU at the same time: one succeeds. */
static volatile uint64_t starters;
static volatile uint64_t successes;
static volatile uint64_t refusals;

static void last_cpu(struct cpu *cpu)
{
	smp_add(&cpu->scratch[1], 1);
	(void)smp_wait(&release, 1, timer_ms(PATIENCE_MS));
}

static void race(struct cpu *cpu)
{
	uint32_t last = boot.cpu_count - 1;

	(void)cpu;
	smp_add(&starters, 1);
	(void)smp_wait(&starters, last, timer_ms(PATIENCE_MS));
	int64_t answer = psci_call(PSCI_CPU_ON, cpus[last].mpidr, (uint64_t)guest_secondary, (uint64_t)&cpus[last]);
	if (answer == PSCI_SUCCESS) {
		smp_add(&successes, 1);
	} else if (answer == PSCI_ALREADY_ON || answer == PSCI_ON_PENDING) {
		smp_add(&refusals, 1);
	}
}

static void check_race(void)
{
	uint32_t last = boot.cpu_count - 1;
	bool right = true;

	if (boot.cpu_count < 3) {
		tap_skip("CPUs that start the same CPU at once", "it takes three");
		return;
	}
	if (boot_has("native")) {
		tap_skip("CPUs that start the same CPU at once", "QEMU's own PSCI (7.2) lets several succeed");
		return;
	}
	for (uint32_t round = 0; round < 10 && right; round++) {
		starters = 0;
		successes = 0;
		refusals = 0;
		release = 0;
		cpus[last].main = last_cpu;
		cpus[last].scratch[1] = 0;
		for (uint32_t i = 1; i < last; i++) {
			right &= smp_start(i, race) == PSCI_SUCCESS;
		}
		race(&cpus[0]);
		right &= smp_wait(&cpus[last].scratch[1], 1, timer_ms(PATIENCE_MS));
		for (uint32_t i = 1; i < last; i++) {
			right &= smp_wait_off(i, timer_ms(PATIENCE_MS));
		}
		release = 1;
		right &= smp_wait_off(last, timer_ms(PATIENCE_MS));
		right &= successes == 1 && refusals == last - 1 && cpus[last].scratch[1] == 1;
	}
	tap_ok(right, "of %u CPUs that start the same one at once, one succeeds (%llu, refused %llu)", last,
	       (unsigned long long)successes, (unsigned long long)refusals);
}

static void all_meet(struct cpu *cpu)
{
	cpu->scratch[2] = meet() ? 1 : 0;
}

void test_power(void)
{
	bool met = true;

	tap_note("switching CPUs on and off");
	for (uint32_t i = 1; i < boot.cpu_count; i++) {
		check_cycles(i);
	}
	check_states();
	check_race();
	for (uint32_t round = 0; round < 5; round++) {
		met &= run_on_all(all_meet);
		for (uint32_t i = 0; i < boot.cpu_count; i++) {
			met &= cpus[i].scratch[2] == 1;
		}
	}
	tap_ok(met, "all CPUs on at once, five times");
}
