/*
 * Instructions that this CPU doesn't have, or that EL1 may not use: an undefined-instruction exception in the guest,
 * at the instruction, once. Nothing below EL1 may take notice, or change what is undefined.
 */
#include "exits.h"

#include <guest/boot.h>
#include <guest/exception.h>
#include <guest/tap.h>

#define ATTEMPT(text) \
	__extension__({ \
		catch_begin(); \
		__asm__ volatile(text : : : "x0", "x1", "memory", "cc"); \
		catch_end(); \
	})

static void expect_undefined(struct caught c, const char *what)
{
	if (!tap_ok(c.count == 1 && c.kind == EXCEPTION_SYNC && esr_class(c.esr) == EC_UNKNOWN, "%s is undefined",
		    what)) {
		tap_note("count %u, esr 0x%llx", c.count, (unsigned long long)c.esr);
	}
}

/* SVE that is there but hidden is, at EL1, still subject to CPACR_EL1.ZEN: a trap to the guest itself. */
static void expect_no_sve(struct caught c, const char *what)
{
	tap_ok(c.count == 1 && (esr_class(c.esr) == EC_UNKNOWN || esr_class(c.esr) == EC_SVE), "%s is undefined", what);
}

/* Features newer than ARMv8.0 that we hide: undefined unless the identification registers own up to them. */
static void check_hidden(void)
{
	uint64_t pfr0 = READ_SYSREG(id_aa64pfr0_el1);
	if ((pfr0 >> 32 & 0xfu) == 0) {
		expect_no_sve(ATTEMPT(".inst 0x2518e3e0"), "SVE's ptrue");
		expect_no_sve(ATTEMPT(".inst 0x04bf5000"), "SVE's rdvl");
		expect_no_sve(ATTEMPT("mrs x0, s3_0_c1_c2_0"), "ZCR_EL1");
	}
	if ((READ_SYSREG(id_aa64isar1_el1) & 0xff00ff0u) == 0) {
		expect_undefined(ATTEMPT(".inst 0xdac10020"), "pointer authentication's pacia");
		expect_undefined(ATTEMPT("mrs x0, s3_0_c2_c1_0"), "APIAKeyLo_EL1");
	}
}

void test_undefined(void)
{
	tap_note("undefined instructions stay in the guest");
	expect_undefined(ATTEMPT(".inst 0x00000000"), "udf");
	expect_undefined(ATTEMPT(".inst 0xd503407f"), "an unallocated encoding beside the hints");
	check_hidden();

	expect_undefined(ATTEMPT("mrs x0, hcr_el2"), "reading HCR_EL2");
	expect_undefined(ATTEMPT("msr vbar_el2, xzr"), "writing VBAR_EL2");
	expect_undefined(ATTEMPT("mrs x0, sctlr_el3"), "reading SCTLR_EL3");
	expect_undefined(ATTEMPT("msr cntvoff_el2, xzr"), "writing CNTVOFF_EL2");
	expect_undefined(ATTEMPT("mrs x0, s3_4_c12_c11_0"), "reading ICH_HCR_EL2");
	expect_undefined(ATTEMPT("tlbi alle2"), "tlbi alle2");
	expect_undefined(ATTEMPT("tlbi alle1"), "tlbi alle1");
	expect_undefined(ATTEMPT("tlbi ipas2e1, xzr"), "tlbi ipas2e1");
	expect_undefined(ATTEMPT("at s1e2r, xzr"), "at s1e2r");
	expect_undefined(ATTEMPT("mrs x0, s3_0_c11_c7_5"), "an unallocated system register");
	expect_undefined(ATTEMPT("msr s3_0_c0_c0_0, xzr"), "writing a read-only register");

	struct caught c = ATTEMPT("svc #0x123");
	tap_ok(c.count == 1 && esr_class(c.esr) == EC_SVC64 && (c.esr & 0xffffu) == 0x123u, "svc is the guest's own");
	c = ATTEMPT("brk #0x456");
	tap_ok(c.count == 1 && esr_class(c.esr) == EC_BRK && (c.esr & 0xffffu) == 0x456u, "brk is the guest's own");

	c = ATTEMPT("mrs x0, nzcv\n\tmrs x0, tpidr_el0\n\tmsr tpidrro_el0, xzr\n\tmsr contextidr_el1, xzr\n\t"
		    "ic ialluis\n\ttlbi vmalle1is\n\tdsb ish\n\tat s1e1r, xzr\n\tisb\n\tmrs x0, par_el1\n\t"
		    "mrs x0, afsr0_el1\n\tmrs x0, afsr1_el1\n\tmrs x0, amair_el1");
	tap_is(c.count, 0, "EL1's own registers and maintenance are allowed");
	c = ATTEMPT("mrs x0, clidr_el1\n\tdc csw, xzr\n\tdc cisw, xzr\n\tdsb sy");
	tap_is(c.count, 0, "set/way maintenance is allowed");
}
