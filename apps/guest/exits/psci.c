/*
 * PSCI 1.1 (Arm DEN 0022D), function by function, with good and bad arguments. What switches the machine off ends
 * every run; SYSTEM_RESET is a program of its own (reset), CPU_ON and CPU_OFF cycles are in `smp`.
 *
 * Where QEMU's own PSCI (7.2) is poorer than the specification, the native run is told so.
 */
#include "exits.h"

#include <guest/boot.h>
#include <guest/gic.h>
#include <guest/mmu.h>
#include <guest/smccc.h>
#include <guest/smp.h>
#include <guest/tap.h>
#include <guest/timer.h>

#define ABSENT_CPU 0xff00ffull
#define TWO_SECONDS_MS 2000u

static void expect(int64_t got, int64_t want, const char *what)
{
	tap_is((uint64_t)got, (uint64_t)want, "%s", what);
}

static void check_features(void)
{
	static const uint32_t present[] = {
		PSCI_VERSION, PSCI_CPU_OFF, PSCI_CPU_ON, PSCI_CPU_ON32, PSCI_AFFINITY_INFO, PSCI_AFFINITY_INFO32,
		PSCI_SYSTEM_OFF, PSCI_SYSTEM_RESET, PSCI_FEATURES, PSCI_MIGRATE_INFO_TYPE,
	};
	for (unsigned i = 0; i < sizeof(present) / sizeof(present[0]); i++) {
		tap_is((uint64_t)psci_call(PSCI_FEATURES, present[i], 0, 0), 0, "function 0x%x is there", present[i]);
	}
	tap_ok((psci_call(PSCI_FEATURES, PSCI_CPU_SUSPEND, 0, 0) & ~(int64_t)3) == 0, "CPU_SUSPEND is there");
	expect(psci_call(PSCI_FEATURES, 0x8400ff00u, 0, 0), PSCI_NOT_SUPPORTED, "an unknown function isn't");
	expect(psci_call(PSCI_FEATURES, 0, 0, 0), PSCI_NOT_SUPPORTED, "function 0 isn't");
	if (boot_has("native")) {
		tap_skip("SYSTEM_RESET2 and SMCCC_VERSION are there", "QEMU's own PSCI doesn't know them");
		return;
	}
	expect(psci_call(PSCI_FEATURES, PSCI_SYSTEM_RESET2, 0, 0), 0, "SYSTEM_RESET2 is there");
	expect(psci_call(PSCI_FEATURES, SMCCC_VERSION, 0, 0), 0, "SMCCC_VERSION is there");
}

static void check_affinity(void)
{
	uint64_t self = cpus[0].mpidr;
	expect(psci_call(PSCI_AFFINITY_INFO, self, 0, 0), PSCI_STATE_ON, "this CPU is on");
	expect(psci_call(PSCI_AFFINITY_INFO32, self, 0, 0), PSCI_STATE_ON, "this CPU is on (32-bit call)");
	expect(psci_call(PSCI_AFFINITY_INFO, ABSENT_CPU, 0, 0), PSCI_INVALID_PARAMETERS, "an absent CPU is refused");
	for (uint32_t i = 1; i < boot.cpu_count; i++) {
		tap_is((uint64_t)psci_call(PSCI_AFFINITY_INFO, cpus[i].mpidr, 0, 0), PSCI_STATE_OFF, "CPU %u is off",
		       i);
	}
	if (!boot_has("native")) {
		int64_t level = psci_call(PSCI_AFFINITY_INFO, self, 7, 0);
		expect(level, PSCI_INVALID_PARAMETERS, "affinity level 7 is refused");
	}
}

static void secondary(struct cpu *cpu)
{
	cpu->scratch[0] = cpu_affinity(READ_SYSREG(mpidr_el1));
	cpu->scratch[1] = READ_SYSREG(currentel);
	cache_clean((const void *)cpu, sizeof(*cpu));
	smp_add(&cpu->scratch[2], 1);
}

static void check_cpu_on(void)
{
	expect(psci_call(PSCI_CPU_ON, cpus[0].mpidr, (uint64_t)guest_secondary, 0), PSCI_ALREADY_ON,
	       "CPU_ON of this CPU: already on");
	expect(psci_call(PSCI_CPU_ON, ABSENT_CPU, (uint64_t)guest_secondary, 0), PSCI_INVALID_PARAMETERS,
	       "CPU_ON of an absent CPU is refused");
	expect(psci_call(PSCI_CPU_ON, ~0ull, (uint64_t)guest_secondary, 0), PSCI_INVALID_PARAMETERS,
	       "CPU_ON of nonsense is refused");
	if (boot.cpu_count < 2) {
		tap_skip("CPU_ON of another CPU", "there is only one");
		return;
	}
	struct cpu *cpu = &cpus[1];
	cpu->scratch[2] = 0;
	expect(smp_start(1, secondary), PSCI_SUCCESS, "CPU_ON of CPU 1");
	tap_ok(smp_wait(&cpu->scratch[2], 1, timer_ms(TWO_SECONDS_MS)), "CPU 1 runs");
	tap_is(cpu->scratch[0], cpu->mpidr, "its MPIDR is the one asked for");
	tap_is(cpu->scratch[1], 1u << 2, "it starts at EL1");
	tap_ok(smp_wait_off(1, timer_ms(TWO_SECONDS_MS)), "CPU_OFF switches it off");
}

static void check_suspend(void)
{
	gic_enable(INTID_TIMER_VIRTUAL);
	uint64_t deadline = timer_now() + timer_ms(2);
	timer_set(deadline);
	int64_t answer = psci_call(PSCI_CPU_SUSPEND, 0, 0, 0);
	uint64_t woken = timer_now();
	uint32_t intid = gic_poll(timer_ms(TWO_SECONDS_MS));
	timer_stop();
	gic_end(intid);
	gic_disable(INTID_TIMER_VIRTUAL);
	expect(answer, PSCI_SUCCESS, "CPU_SUSPEND to standby returns");
	tap_ok(woken >= deadline && intid == INTID_TIMER_VIRTUAL, "the timer ended it");
	if (!boot_has("native")) {
		expect(psci_call(PSCI_CPU_SUSPEND, 0xfffe0000u, 0, 0), PSCI_INVALID_PARAMETERS,
		       "CPU_SUSPEND to an unknown state is refused");
	}
}

void test_psci(void)
{
	tap_note("PSCI");
	int64_t version = psci_call(PSCI_VERSION, 0, 0, 0);
	tap_ok(version == 0x10000 || version == 0x10001, "version is 1.0 or 1.1 (0x%llx)", (unsigned long long)version);
	int64_t migrate = psci_call(PSCI_MIGRATE_INFO_TYPE, 0, 0, 0);
	tap_ok(migrate == 2 || migrate == PSCI_NOT_SUPPORTED, "no trusted OS to migrate");
	check_features();
	check_affinity();
	check_cpu_on();
	check_suspend();
	expect(psci_call(0x84000013u, 0, 0, 0), PSCI_NOT_SUPPORTED, "an unknown PSCI function is refused");
	expect(psci_call(0xc400001fu, 0, 0, 0), PSCI_NOT_SUPPORTED, "the last PSCI function number is refused");
}
