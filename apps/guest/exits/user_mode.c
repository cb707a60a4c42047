/*
 * The guest's own EL0: its system calls, faults and undefined instructions go to the guest's EL1, whatever HCR_EL2
 * routes elsewhere for processes of the hypervisor.
 */
#include "exits.h"

#include <guest/exception.h>
#include <guest/mmio.h>
#include <guest/mmu.h>
#include <guest/tap.h>

/*
 * Runs code at EL0 until its first exception and returns that one's syndrome. `state` is PSTATE's mode bits: 0 for
 * AArch64, 0x10 for AArch32. See user_run.S.
 */
uint64_t user_run(uint64_t entry, uint64_t state);

extern char user_svc[], user_undefined[], user_device[], user_privileged[], user_hvc[], user_wfi[];

#define MODE_AARCH32 0x10u

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
	uint64_t esr = user_run(MMU_EL0_RAM, MODE_AARCH32);
	if (el0 == 2) {
		/* Addresses of AArch32 have 32 bits: the alias is out of reach, so fetching is the guest's fault. */
		tap_ok(esr_class(esr) == EC_INSTRUCTION_ABORT_LOWER, "EL0 runs AArch32, and its fault arrives at EL1");
	} else {
		tap_ok(esr_class(esr) == EC_ILLEGAL_STATE, "AArch32 is absent, and entering it is illegal");
	}
}
