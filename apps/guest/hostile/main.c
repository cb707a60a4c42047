/*
 * What no guest should do, all of it, and then: is the machine below still a sane one?
 *
 * A guest may ruin itself. What it must not be able to do is stop its hypervisor, hang a call for good, or reach
 * anything that isn't its own. After each part the program checks that its own machine answers as before; that
 * its neighbours don't notice is for whoever runs it to see.
 *
 * Arguments: "seed=N" (default 1), "rounds=N" per part; the names of the parts to run, all without any.
 */
#include "hostile.h"

#include <guest/boot.h>
#include <guest/exception.h>
#include <guest/gic.h>
#include <guest/mmio.h>
#include <guest/program.h>
#include <guest/smccc.h>
#include <guest/tap.h>
#include <guest/timer.h>

#define SGI 1u
#define PATIENCE_MS 5000u

static const char *const parts[] = {"wild", "forms", "calls", "cache", "sysregs", "gic", "lines", "lost"};
#define PARTS (sizeof(parts) / sizeof(parts[0]))

static bool wanted(const char *part)
{
	bool any = false;
	for (unsigned i = 0; i < PARTS; i++) {
		any |= boot_has(parts[i]);
	}
	return !any || boot_has(part);
}

void recover(void)
{
	mmio_write32(UART_BASE + 0x38u, 0);     /* no interrupts */
	mmio_write32(UART_BASE + 0x48u, 0);     /* no DMA */
	mmio_write32(UART_BASE + 0x2cu, 0x70);  /* 8 bits, FIFOs */
	mmio_write32(UART_BASE + 0x30u, 0x301); /* on, transmit, receive */
	mmio_write32(RTC_BASE + 0x10u, 0);
	WRITE_SYSREG(cntv_ctl_el0, 0);
	WRITE_SYSREG(cntp_ctl_el0, 0);
	WRITE_SYSREG(mdscr_el1, 0);
	WRITE_SYSREG(oslar_el1, 0);
	WRITE_SYSREG(icc_ap0r0_el1, 0);
	WRITE_SYSREG(icc_ap1r0_el1, 0);
	gic_init();
	cpu_self()->gicr = 0;
	gic_init_cpu(cpu_self());
	/* What was pending in the CPU interface has been cleared at its source; what was active is ended. */
	for (unsigned i = 0; i < 64 && READ_SYSREG(icc_rpr_el1) != 0xff; i++) {
		uint32_t intid = gic_poll(timer_ms(1));
		gic_end(intid == INTID_NONE ? 0 : intid);
	}
}

bool healthy(void)
{
	bool right = true;

	gic_enable(SGI);
	gic_send(gic_sgi_value(cpus[0].mpidr, SGI));
	uint32_t intid = gic_poll(timer_ms(PATIENCE_MS));
	gic_end(intid);
	gic_disable(SGI);
	right &= intid == SGI;

	gic_enable(INTID_TIMER_VIRTUAL);
	uint64_t deadline = timer_now() + timer_ms(1);
	timer_set(deadline);
	intid = gic_poll(timer_ms(PATIENCE_MS));
	right &= intid == INTID_TIMER_VIRTUAL && timer_now() >= deadline;
	timer_stop();
	gic_end(intid);
	gic_disable(INTID_TIMER_VIRTUAL);

	right &= mmio_read32(UART_BASE + 0xfe0u) == 0x11 && mmio_read32(RTC_BASE + 0xfe0u) == 0x31;
	right &= psci_call(PSCI_AFFINITY_INFO, cpus[0].mpidr, 0, 0) == PSCI_STATE_ON;
	right &= READ_SYSREG(currentel) == 1u << 2;
	return right;
}

static void after(const char *part)
{
	recover();
	tap_ok(healthy(), "after \"%s\" the machine is a sane one", part);
}

void guest_main(void)
{
	struct random random = {boot_number("seed", 1) * 0x9e3779b97f4a7c15ull + 1};

	tap_note("hostile: %u CPU(s), seed %llu", boot.cpu_count, (unsigned long long)boot_number("seed", 1));
	tap_ok(healthy(), "before it all the machine is a sane one");
	if (wanted("wild")) {
		hostile_wild(&random);
		after("wild");
	}
	if (wanted("forms")) {
		hostile_forms();
		after("forms");
	}
	if (wanted("calls")) {
		hostile_calls(&random);
		after("calls");
	}
	if (wanted("cache")) {
		hostile_cache();
		after("cache");
	}
	if (wanted("sysregs")) {
		hostile_sysregs(&random);
		after("sysregs");
	}
	if (wanted("gic")) {
		hostile_gic(&random);
		after("gic");
	}
	if (wanted("lines")) {
		hostile_lines(&random);
		after("lines");
	}
	if (wanted("lost")) {
		hostile_lost_cpus(&random);
		after("lost");
	}
	tap_note("done");
}
