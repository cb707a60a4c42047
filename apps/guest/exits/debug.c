/*
 * Debug registers: the guest's own state. What is written is read back, or the register is not there at all (reads
 * as zero); self-hosted breakpoints and single steps that are offered do work.
 */
#include "exits.h"

#include <guest/exception.h>
#include <guest/tap.h>

#define MDSCR_SS (1ull << 0)
#define MDSCR_KDE (1ull << 13)
#define MDSCR_MDE (1ull << 15)
#define BCR_EL1_ANY_BYTE 0x1e3ull /* E, PMC = EL1, BAS = 0xf */

static bool stored(uint64_t got, uint64_t written)
{
	return got == written || got == 0;
}

__attribute__((noinline)) static uint64_t debugged_function(uint64_t value)
{
	__asm__ volatile("" : "+r"(value));
	return value + 1;
}

static void unmask_debug(void)
{
	__asm__ volatile("msr daifclr, #8\n\tisb" : : : "memory");
}

static void mask_debug(void)
{
	__asm__ volatile("msr daifset, #8\n\tisb" : : : "memory");
}

static void check_breakpoint(void)
{
	WRITE_SYSREG(dbgbvr0_el1, (uint64_t)debugged_function);
	WRITE_SYSREG(dbgbcr0_el1, BCR_EL1_ANY_BYTE);
	WRITE_SYSREG(mdscr_el1, MDSCR_KDE | MDSCR_MDE);
	catch_begin();
	unmask_debug();
	uint64_t value = debugged_function(41);
	mask_debug();
	struct caught c = catch_end();
	WRITE_SYSREG(dbgbcr0_el1, 0);
	WRITE_SYSREG(mdscr_el1, 0);
	cpu_isb();
	tap_ok(value == 42 && c.count == 1 && esr_class(c.esr) == EC_BREAKPOINT && c.elr == (uint64_t)debugged_function,
	       "a breakpoint of the guest's own stops at its address (count %u, esr 0x%llx)", c.count,
	       (unsigned long long)c.esr);
}

void test_debug(void)
{
	tap_note("debug registers");
	catch_begin();
	WRITE_SYSREG(oslar_el1, 0);
	cpu_isb();
	uint64_t lock = READ_SYSREG(oslsr_el1);
	tap_is(catch_end().count, 0, "the OS lock can be opened");
	tap_ok((lock & 2u) == 0, "the OS lock is open");

	catch_begin();
	WRITE_SYSREG(dbgbvr0_el1, 0x4000);
	uint64_t value_register = READ_SYSREG(dbgbvr0_el1);
	WRITE_SYSREG(dbgbcr0_el1, 0x1e4);
	uint64_t control = READ_SYSREG(dbgbcr0_el1);
	WRITE_SYSREG(dbgwvr0_el1, 0x8000);
	uint64_t watch = READ_SYSREG(dbgwvr0_el1);
	WRITE_SYSREG(mdscr_el1, MDSCR_MDE);
	uint64_t mdscr = READ_SYSREG(mdscr_el1);
	WRITE_SYSREG(mdscr_el1, 0);
	WRITE_SYSREG(dbgbcr0_el1, 0);
	(void)READ_SYSREG(mdccsr_el0);
	(void)READ_SYSREG(osdlr_el1);
	(void)READ_SYSREG(mdrar_el1);
	tap_is(catch_end().count, 0, "debug registers can be read and written");
	tap_ok(stored(value_register, 0x4000), "breakpoint value is kept or absent");
	tap_ok(stored(control, 0x1e4), "breakpoint control is kept or absent");
	tap_ok(stored(watch, 0x8000), "watchpoint value is kept or absent");
	tap_ok(stored(mdscr, MDSCR_MDE), "MDSCR is kept or absent");
	if (value_register == 0x4000 && mdscr == MDSCR_MDE) {
		check_breakpoint();
	} else {
		tap_skip("a breakpoint of the guest's own stops", "debug registers are hidden");
	}
}
