/*
 * A guest whose device server is the intruder (servers/supervisor/tests): it reads its device with a secret in all its
 * registers until the device says that it is enough, and looks whether they are still what they were. It lets
 * its own EL0 use the timers, which must not let any process of Skink's use them.
 */
#include <guest/cpu.h>
#include <guest/program.h>
#include <guest/tap.h>

#include "watched.h"

#define DEVICE 0x0a000000u
#define ENOUGH 0x80000000u
#define CNTKCTL_EL0_TIMERS 0x303u /* EL0PCTEN, EL0VCTEN, EL0VTEN, EL0PTEN */
#define CNT_CTL_MASKED 3u         /* enabled, its interrupt masked */
#define CPACR_FPEN (3u << 20)

/* In memory, for a device that sees more of it than it was given. */
static volatile uint64_t secrets[512];

void guest_main(void)
{
	uint64_t changed = 0;
	uint64_t loads = 0;
	uint32_t value;

	WRITE_SYSREG(cpacr_el1, CPACR_FPEN);
	WRITE_SYSREG(cntkctl_el1, CNTKCTL_EL0_TIMERS);
	WRITE_SYSREG(cntv_cval_el0, WATCHED_SECRET);
	WRITE_SYSREG(cntv_ctl_el0, CNT_CTL_MASKED);
	WRITE_SYSREG(tpidr_el0, WATCHED_SECRET);
	WRITE_SYSREG(tpidrro_el0, WATCHED_SECRET);
	WRITE_SYSREG(contextidr_el1, WATCHED_SECRET & 0xffffffffu);
	cpu_isb();
	for (uint32_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
		secrets[i] = WATCHED_SECRET | WATCHED_MEMORY_SECRET;
	}
	do {
		changed += watched_load(DEVICE, &value);
		loads++;
	} while ((value & ENOUGH) == 0);
	tap_ok(loads > 100, "the device was read %u times", (unsigned)loads);
	tap_is(changed, 0, "no general or vector register changed");
	tap_is(READ_SYSREG(tpidr_el0), WATCHED_SECRET, "nor TPIDR_EL0");
	tap_is(READ_SYSREG(tpidrro_el0), WATCHED_SECRET, "nor TPIDRRO_EL0");
	tap_is(READ_SYSREG(contextidr_el1), WATCHED_SECRET & 0xffffffffu, "nor CONTEXTIDR_EL1");
	tap_is(READ_SYSREG(cntkctl_el1), CNTKCTL_EL0_TIMERS, "nor CNTKCTL_EL1");
	tap_is(READ_SYSREG(cntv_cval_el0), WATCHED_SECRET, "nor the timer's deadline");
	tap_is(READ_SYSREG(cntv_ctl_el0), CNT_CTL_MASKED, "nor its control");
}
