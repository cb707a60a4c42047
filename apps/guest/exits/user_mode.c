/*
 * The guest's own EL0: its system calls, faults and undefined instructions go to the guest's EL1, whatever HCR_EL2
 * routes elsewhere for processes of the hypervisor.
 */
#include "exits.h"

#include <guest/exception.h>
#include <guest/gic.h>
#include <guest/mmio.h>
#include <guest/mmu.h>
#include <guest/tap.h>
#include <guest/timer.h>

/*
 * Runs code at EL0 until its first exception and returns that one's syndrome. `state` is PSTATE's mode bits: 0 for
 * AArch64, 0x10 for AArch32. See user_run.S.
 */
uint64_t user_run(uint64_t entry, uint64_t state);

extern char user_svc[], user_undefined[], user_device[], user_privileged[], user_hvc[], user_wfi[];
extern char user_a32_loop[], user_t32_wfi[];

#define MODE_AARCH32 0x10u
#define MODE_T32 0x30u
#define SCTLR_NTWI (1ull << 16)

/* The same code where EL0 may execute it. */
static uint64_t alias(const char *code)
{
	return (uint64_t)code - RAM_BASE + MMU_EL0_RAM;
}

static void expect(const char *what, const char *code, unsigned class)
{
	uint64_t esr = user_run(alias(code), 0);
	if (!tap_ok(esr_class(esr) == class, "%s", what)) {
		tap_note("esr 0x%llx", (unsigned long long)esr);
	}
}

/* The hypervisor's own interrupts come meanwhile, and find the CPU in AArch32. */
static void test_aarch32(void)
{
	uint64_t esr = user_run(MMU_EL0_RAM, MODE_AARCH32);
	tap_ok(esr_class(esr) == EC_INSTRUCTION_ABORT_LOWER, "EL0 runs AArch32, and its fault arrives at EL1");
	mmu_share_low(true);
	esr = user_run((uint64_t)user_a32_loop - RAM_BASE + MMU_EL0_RAM_LOW, MODE_AARCH32);
	tap_ok(esr_class(esr) == EC_SVC32, "A32 runs for tens of milliseconds, and its svc arrives at EL1");
	WRITE_SYSREG(sctlr_el1, READ_SYSREG(sctlr_el1) | SCTLR_NTWI);
	cpu_isb();
	gic_enable(INTID_TIMER_VIRTUAL);
	timer_set(timer_now() + timer_ms(1));
	esr = user_run((uint64_t)user_t32_wfi - RAM_BASE + MMU_EL0_RAM_LOW, MODE_T32);
	timer_stop();
	gic_disable(INTID_TIMER_VIRTUAL);
	mmu_share_low(false);
	WRITE_SYSREG(sctlr_el1, READ_SYSREG(sctlr_el1) & ~SCTLR_NTWI);
	cpu_isb();
	tap_ok(esr_class(esr) == EC_SVC32, "T32 goes on with the instruction behind its wfi");
}

void test_user_mode(void)
{
	tap_note("the guest's own EL0");
	expect("svc arrives at EL1", user_svc, EC_SVC64);
	expect("an undefined instruction arrives at EL1", user_undefined, EC_UNKNOWN);
	expect("a device is out of EL0's reach", user_device, 0x24);
	expect("a privileged register is out of EL0's reach", user_privileged, EC_UNKNOWN);
	expect("hvc is undefined at EL0", user_hvc, EC_UNKNOWN);

	/* SCTLR_EL1.nTWI = 0: the guest asked to have EL0's WFI itself. */
	expect("EL0's wfi is trapped to EL1 if EL1 wants it", user_wfi, EC_WFX);

	unsigned el0 = (unsigned)READ_SYSREG(id_aa64pfr0_el1) & 0xfu;
	if (el0 == 2) {
		test_aarch32();
	} else {
		uint64_t esr = user_run(MMU_EL0_RAM, MODE_AARCH32);
		tap_ok(esr_class(esr) == EC_ILLEGAL_STATE, "AArch32 is absent, and entering it is illegal");
	}
}
