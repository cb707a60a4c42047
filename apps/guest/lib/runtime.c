/*
 * From start.S to the program: the first CPU's record, translation, the interrupt controller, then guest_main. A
 * secondary CPU joins with the same and runs the function that smp_start gave it.
 */
#include <guest/boot.h>
#include <guest/gic.h>
#include <guest/mmu.h>
#include <guest/program.h>
#include <guest/smccc.h>
#include <guest/tap.h>
#include <stddef.h>

_Static_assert(offsetof(struct cpu, stack_top) == 0, "start.S reads it");
_Static_assert(CPU_STACK_BYTES == 16384, "start.S knows it");

struct cpu cpus[CPUS_MAX];

/* Named by start.S. */
extern char guest_stacks[CPUS_MAX][CPU_STACK_BYTES];
char guest_stacks[CPUS_MAX][CPU_STACK_BYTES] __attribute__((aligned(4096)));

void runtime_primary(const void *tree, uint64_t started);
void runtime_secondary(struct cpu *cpu);

void runtime_primary(const void *tree, uint64_t started)
{
	uint64_t self = cpu_affinity(READ_SYSREG(mpidr_el1));

	WRITE_SYSREG(tpidr_el1, (uint64_t)&cpus[0]);
	boot.started = started;
	boot_read(tree);
	for (uint32_t i = 0; i < CPUS_MAX; i++) {
		cpus[i].stack_top = (uint64_t)guest_stacks[i] + CPU_STACK_BYTES;
		cpus[i].index = i;
		cpus[i].mpidr = boot.cpu_mpidr[i];
	}
	cpus[0].mpidr = self;
	mmu_init();
	mmu_enable();
	gic_init();
	gic_init_cpu(&cpus[0]);
	guest_main();
	tap_finish();
}

void runtime_secondary(struct cpu *cpu)
{
	WRITE_SYSREG(tpidr_el1, (uint64_t)cpu);
	mmu_enable();
	gic_init_cpu(cpu);
	cpu->main(cpu);
	cpu_irq_disable();
	psci_cpu_off();
}
