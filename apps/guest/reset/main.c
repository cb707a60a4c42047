/*
 * SYSTEM_RESET, in the middle of the other CPUs' device accesses and sleeps: the machine starts again from the
 * beginning, on the first CPU, with its devices as new.
 *
 * RAM tells the starts apart where it outlives a reset; where it doesn't, each start is the first, and whoever watches
 * the console counts the lines "reset: start". The argument "resets=N" (default 3) ends the run after that many.
 */
#include <guest/boot.h>
#include <guest/gic.h>
#include <guest/mmio.h>
#include <guest/mmu.h>
#include <guest/print.h>
#include <guest/program.h>
#include <guest/smccc.h>
#include <guest/smp.h>
#include <guest/tap.h>
#include <guest/timer.h>

#define PATIENCE_MS 5000u
#define RECORD_MAGIC 0x736b696e6b726573ull
#define UART_IMSC (UART_BASE + 0x38u)
#define RTC_IMSC (RTC_BASE + 0x10u)
#define SPI 60u

static struct {
	uint64_t magic;
	uint64_t starts;
	uint64_t failed;
} record __attribute__((section(".noinit")));

static volatile uint64_t going;

static void load_devices(struct cpu *cpu)
{
	(void)cpu;
	smp_add(&going, 1);
	for (;;) {
		(void)mmio_read32(RTC_BASE);
	}
}

static void sleep_for_good(struct cpu *cpu)
{
	(void)cpu;
	smp_add(&going, 1);
	for (;;) {
		cpu_wfi();
	}
}

static void check_start(void)
{
	tap_is(READ_SYSREG(currentel), 1u << 2, "the machine starts at EL1");
	tap_is(mmio_read32(UART_IMSC), 0, "the UART has no interrupt enabled");
	if (boot_has("native")) {
		tap_skip("the clock has no interrupt enabled", "QEMU's own PL031 (7.2) isn't reset");
		mmio_write32(RTC_IMSC, 0);
	} else {
		tap_is(mmio_read32(RTC_IMSC), 0, "the clock has no interrupt enabled");
	}
	for (uint32_t i = 1; i < boot.cpu_count; i++) {
		tap_is((uint64_t)psci_call(PSCI_AFFINITY_INFO, cpus[i].mpidr, 0, 0), PSCI_STATE_OFF, "CPU %u is off",
		       i);
	}
	tap_is(gic_poll_none(timer_ms(2)), INTID_NONE, "nothing is pending");
}

void guest_main(void)
{
	uint64_t resets = boot_number("resets", 3);

	if (record.magic != RECORD_MAGIC) {
		record.magic = RECORD_MAGIC;
		record.starts = 0;
		record.failed = 0;
	}
	record.starts++;
	print("reset: start %llu\n", (unsigned long long)record.starts);
	check_start();
	if (record.starts > resets) {
		tap_is(record.failed, 0, "nothing failed at the earlier starts");
		return;
	}
	mmio_write32(RTC_IMSC, 1);
	gic_enable(SPI);
	gic_set_pending(SPI);
	timer_set(timer_now() + timer_ms(1));
	for (uint32_t i = 1; i < boot.cpu_count; i++) {
		(void)smp_start(i, i % 2 == 1 ? load_devices : sleep_for_good);
	}
	tap_ok(smp_wait(&going, boot.cpu_count - 1, timer_ms(PATIENCE_MS)), "the other CPUs are busy");
	record.failed += tap_failed();
	cache_clean(&record, sizeof(record));
	(void)psci_call(PSCI_SYSTEM_RESET, 0, 0, 0);
	tap_ok(false, "SYSTEM_RESET doesn't return");
}
