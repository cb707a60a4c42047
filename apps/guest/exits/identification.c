/*
 * The identification registers: all of them readable, and nothing promised that a guest of ours may not use.
 *
 * The whole feature space (op0 = 3, op1 = 0, CRn = 0, CRm = 1..7) reads without an exception, also where no register is
 * allocated: those read as zero (Arm ARM, D17.1.4).
 */
#include "exits.h"

#include <guest/boot.h>
#include <guest/cpu.h>
#include <guest/exception.h>
#include <guest/tap.h>

/* A 4-bit field of an identification register. */
static unsigned field(uint64_t value, unsigned low)
{
	return (unsigned)(value >> low) & 0xfu;
}

#define READ_ROW(crm) \
	do { \
		uint64_t row[8]; \
		row[0] = READ_SYSREG(s3_0_c0_c##crm##_0); \
		row[1] = READ_SYSREG(s3_0_c0_c##crm##_1); \
		row[2] = READ_SYSREG(s3_0_c0_c##crm##_2); \
		row[3] = READ_SYSREG(s3_0_c0_c##crm##_3); \
		row[4] = READ_SYSREG(s3_0_c0_c##crm##_4); \
		row[5] = READ_SYSREG(s3_0_c0_c##crm##_5); \
		row[6] = READ_SYSREG(s3_0_c0_c##crm##_6); \
		row[7] = READ_SYSREG(s3_0_c0_c##crm##_7); \
		(void)row; \
	} while (0)

static void check_space(void)
{
	catch_begin();
	READ_ROW(1);
	READ_ROW(2);
	READ_ROW(3);
	READ_ROW(4);
	READ_ROW(5);
	READ_ROW(6);
	READ_ROW(7);
	struct caught c = catch_end();
	tap_is(c.count, 0, "all 56 registers of the feature space can be read");
}

static void check_features(void)
{
	uint64_t pfr0 = READ_SYSREG(id_aa64pfr0_el1);
	uint64_t dfr0 = READ_SYSREG(id_aa64dfr0_el1);
	uint64_t isar1 = READ_SYSREG(id_aa64isar1_el1);
	uint64_t mmfr0 = READ_SYSREG(id_aa64mmfr0_el1);

	tap_ok(field(pfr0, 0) >= 1 && field(pfr0, 4) >= 1, "EL0 and EL1 are there");
	tap_is(field(pfr0, 8), 0, "EL2 is absent");
	tap_ok(field(pfr0, 16) <= 1 && field(pfr0, 20) <= 1, "floating point and SIMD are there");
	tap_is(field(pfr0, 24), 1, "the interrupt controller has system registers");
	tap_is(field(pfr0, 40), 0, "memory partitioning is absent");
	tap_is(field(pfr0, 44), 0, "activity monitors are absent");
	tap_ok(field(dfr0, 0) >= 6, "debug registers of ARMv8 or later");
	tap_is(field(dfr0, 4), 0, "trace is absent");
	tap_is(field(dfr0, 32), 0, "statistical profiling is absent");
	tap_ok(field(mmfr0, 28) == 0 || field(mmfr0, 28) == 1, "4 KiB pages are there");
	if (boot_has("native")) {
		tap_skip("no performance monitors, SVE, pointer authentication", "the CPU model may have them");
	} else {
		tap_is(field(dfr0, 8), 0, "performance monitors are absent");
		tap_is(field(pfr0, 32), 0, "SVE is absent");
		tap_is(field(isar1, 4) | field(isar1, 8) | field(isar1, 24) | field(isar1, 28), 0,
		       "pointer authentication is absent");
	}
}

static void check_identity(void)
{
	uint64_t mpidr = READ_SYSREG(mpidr_el1);
	tap_ok((mpidr & 1ull << 31) != 0, "MPIDR has its fixed bit");
	tap_is(cpu_affinity(mpidr), boot.cpu_mpidr[0], "MPIDR is the device tree's first CPU");
	tap_ok(READ_SYSREG(midr_el1) != 0, "MIDR is there");
	tap_is(READ_SYSREG(currentel), 1u << 2, "this is EL1");
	tap_ok((READ_SYSREG(ctr_el0) & 1ull << 31) != 0, "the cache type register is readable");
	tap_ok(READ_SYSREG(dczid_el0) != ~0ull, "DCZID is readable");
	catch_begin();
	(void)READ_SYSREG(revidr_el1);
	(void)READ_SYSREG(aidr_el1);
	(void)READ_SYSREG(actlr_el1);
	(void)READ_SYSREG(clidr_el1);
	WRITE_SYSREG(csselr_el1, 0);
	cpu_isb();
	(void)READ_SYSREG(ccsidr_el1);
	tap_is(catch_end().count, 0, "revision, auxiliary and cache registers can be read");
}

void test_identification(void)
{
	tap_note("identification registers");
	check_space();
	check_features();
	check_identity();
}
