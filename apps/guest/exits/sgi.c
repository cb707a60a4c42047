/*
 * Software-generated interrupts by ICC_SGI1R_EL1 in every form of target, and the two registers for the other groups.
 * GICv3: IHI 0069, 12.2.13. With several CPUs their delivery to each other is `smp`'s; here it matters who must not
 * be hit.
 */
#include "exits.h"

#include <guest/boot.h>
#include <guest/exception.h>
#include <guest/gic.h>
#include <guest/tap.h>
#include <guest/timer.h>

#define SGI 5u
#define PATIENCE_MS 1000u
#define QUIET_MS 5u
#define RANGE_SHIFT 44
#define AFF1_SHIFT 16
#define AFF2_SHIFT 32
#define AFF3_SHIFT 48

static uint32_t send_and_take(uint64_t value, uint64_t milliseconds)
{
	gic_send(value);
	uint32_t intid = gic_poll(timer_ms(milliseconds));
	if (intid < 16u) {
		gic_end(intid);
	}
	return intid;
}

static void expect_none(uint64_t value, const char *what)
{
	tap_is(send_and_take(value, QUIET_MS), INTID_NONE, "%s hits nobody here", what);
}

static void check_all_numbers(void)
{
	bool right = true;
	for (uint32_t sgi = 0; sgi < 16; sgi++) {
		gic_enable(sgi);
		uint32_t intid = send_and_take(gic_sgi_value(cpus[0].mpidr, sgi), PATIENCE_MS);
		if (intid != sgi) {
			tap_note("SGI %u: %u came", sgi, intid);
			right = false;
		}
	}
	tap_ok(right, "all sixteen SGIs to oneself");
}

void test_sgi(void)
{
	uint64_t self = gic_sgi_value(cpus[0].mpidr, SGI);

	tap_note("software-generated interrupts");
	check_all_numbers();
	tap_is(send_and_take(self | 0xffffu, PATIENCE_MS), SGI, "a list of sixteen with oneself in it");
	expect_none(GIC_SGI_BROADCAST | (uint64_t)SGI << 24, "a broadcast to all but oneself");
	expect_none(self & ~0xffffull, "an empty list");
	expect_none((self & ~0xffffull) | 0x8000u, "CPU 15");
	if (boot_has("native")) {
		tap_skip("other ranges of affinity 0", "QEMU's own GICv3 (7.2) ignores the range selector");
	} else {
		expect_none(self | 1ull << RANGE_SHIFT, "another range of affinity 0");
		expect_none(self | 15ull << RANGE_SHIFT, "the last range of affinity 0");
	}
	expect_none(self | 0x55ull << AFF1_SHIFT, "another affinity 1");
	expect_none(self | 0x55ull << AFF2_SHIFT, "another affinity 2");
	expect_none(self | 0x55ull << AFF3_SHIFT, "another affinity 3");

	gic_disable(SGI);
	expect_none(self, "a disabled SGI");
	tap_ok(gic_is_pending(SGI), "a disabled SGI is pending");
	gic_enable(SGI);
	uint32_t intid = gic_poll(timer_ms(PATIENCE_MS));
	gic_end(intid);
	tap_is(intid, SGI, "a disabled SGI comes once it is enabled");

	gic_send(self);
	gic_send(self);
	intid = gic_poll(timer_ms(PATIENCE_MS));
	gic_end(intid);
	tap_is(intid, SGI, "an SGI sent twice comes");
	tap_is(gic_poll_none(timer_ms(QUIET_MS)), INTID_NONE, "and only once");

	gic_send(self);
	intid = gic_poll(timer_ms(PATIENCE_MS));
	gic_send(self);
	gic_end(intid);
	uint32_t second = gic_poll(timer_ms(PATIENCE_MS));
	gic_end(second);
	tap_ok(intid == SGI && second == SGI, "an SGI sent while it is active comes again");

	/* Group 0 and the other security state's group 1: with one security state and all lines in group 1, nothing. */
	catch_begin();
	WRITE_SYSREG(icc_asgi1r_el1, self);
	WRITE_SYSREG(icc_sgi0r_el1, self);
	cpu_isb();
	struct caught c = catch_end();
	tap_is(c.count, 0, "ASGI1R and SGI0R are tolerated");
	(void)send_and_take(0, QUIET_MS);

	catch_begin();
	__asm__ volatile("mrs x0, s3_0_c12_c11_5" : : : "x0", "memory");
	c = catch_end();
	tap_ok(c.count <= 1, "reading the write-only register is undefined or reads something");
	for (uint32_t sgi = 0; sgi < 16; sgi++) {
		gic_disable(sgi);
	}
}
