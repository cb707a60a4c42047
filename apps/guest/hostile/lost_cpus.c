/*
 * CPUs that get lost for good: in exceptions without end, asleep without a waker, in loops that leave the guest as
 * often as they can. Each of the other CPUs takes one of these ways; the first one must not notice, and its SYSTEM_OFF,
 * which ends the run, must stop them all.
 */
#include "hostile.h"

#include <guest/boot.h>
#include <guest/gic.h>
#include <guest/mmio.h>
#include <guest/mmu.h>
#include <guest/smccc.h>
#include <guest/smp.h>
#include <guest/tap.h>
#include <guest/timer.h>

#define PATIENCE_MS 5000u
#define WATCH_MS 100u

/* Vectors where nothing is: the fetch of the first one aborts into itself. */
static void wild_vectors(void)
{
	WRITE_SYSREG(vbar_el1, MMU_EMPTY_NORMAL);
	cpu_isb();
	__asm__ volatile("udf #0");
}

/* A stack where nothing is: the vector's first store aborts into itself. */
static void wild_stack(void)
{
	__asm__ volatile("mov sp, %0\n\tudf #0" : : "r"(NOTHING_BASE));
}

/* A device's registers as code, and as vectors. */
static void untranslated_jump(void)
{
	WRITE_SYSREG(vbar_el1, UART_BASE);
	mmu_disable();
	__asm__ volatile("br %0" : : "r"(UART_BASE));
}

static void masked_loop(void)
{
	__asm__ volatile("msr daifset, #0xf\n\tb .");
}

static void endless_sleep(void)
{
	gic_disable(INTID_TIMER_VIRTUAL);
	for (;;) {
		cpu_wfi();
	}
}

static void endless_loads(void)
{
	for (;;) {
		(void)mmio_read32(RTC_BASE);
	}
}

static void endless_calls(void)
{
	for (;;) {
		(void)smccc_hvc(0xc6001234u, 1, 2, 3);
	}
}

static void endless_sgis(void)
{
	for (;;) {
		gic_send(GIC_SGI_BROADCAST | 15ull << 24);
	}
}

/* Translation tables in a device: the walk itself goes astray. What it may find there is nobody's vector. */
static void wild_tables(void)
{
	WRITE_SYSREG(vbar_el1, MMU_EMPTY_NORMAL);
	WRITE_SYSREG(ttbr0_el1, UART_BASE);
	cpu_isb();
	__asm__ volatile("tlbi vmalle1\n\tdsb sy\n\tisb");
}

static void wild_tables_nowhere(void)
{
	WRITE_SYSREG(ttbr0_el1, 0xfffffff000ull);
	cpu_isb();
	__asm__ volatile("tlbi vmalle1\n\tdsb sy\n\tisb");
}

static const struct {
	const char *name;
	void (*go)(void);
} ways[] = {
	{"vectors nowhere", wild_vectors},
	{"a stack nowhere", wild_stack},
	{"a jump into a device", untranslated_jump},
	{"a loop with all masked", masked_loop},
	{"sleep without a waker", endless_sleep},
	{"device loads without end", endless_loads},
	{"hypercalls without end", endless_calls},
	{"SGIs without end", endless_sgis},
	{"translation tables in a device", wild_tables},
	{"translation tables nowhere", wild_tables_nowhere},
};
#define WAYS (sizeof(ways) / sizeof(ways[0]))

static volatile uint64_t going;

static void get_lost(struct cpu *cpu)
{
	smp_add(&going, 1);
	ways[cpu->scratch[0]].go();
	psci_cpu_off();
}

void hostile_lost_cpus(struct random *random)
{
	uint64_t first = boot_number("way", random_below(random, WAYS));

	if (boot.cpu_count < 2) {
		tap_skip("CPUs that get lost", "there is only one");
		return;
	}
	going = 0;
	for (uint32_t i = 1; i < boot.cpu_count; i++) {
		cpus[i].scratch[0] = (first + i - 1) % WAYS;
		tap_note("CPU %u: %s", i, ways[cpus[i].scratch[0]].name);
		(void)smp_start(i, get_lost);
	}
	tap_ok(smp_wait(&going, boot.cpu_count - 1, timer_ms(PATIENCE_MS)), "%u CPUs are on their way",
	       boot.cpu_count - 1);
	bool right = true;
	uint64_t end = timer_now() + timer_ms(WATCH_MS);
	uint32_t checks = 0;
	while (timer_now() < end || checks < 3) {
		right &= healthy();
		checks++;
	}
	tap_ok(right, "the first CPU doesn't notice (%u checks)", checks);
}
