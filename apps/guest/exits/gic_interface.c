/*
 * The CPU interface's registers: acknowledge, end, active state, both end-of-interrupt modes, spurious answers, group
 * enable. IHI 0069, 4.1 and 12.2.
 */
#include "exits.h"

#include <guest/exception.h>
#include <guest/gic.h>
#include <guest/tap.h>
#include <guest/timer.h>

#define SGI 3u
#define PATIENCE_MS 1000u
#define QUIET_MS 5u
#define CTLR_EOIMODE 2u

static void send(void)
{
	gic_send(gic_sgi_value(cpus[0].mpidr, SGI));
}

/* EOImode 0: ending deactivates. */
static void check_end(void)
{
	send();
	tap_ok(gic_is_pending(SGI), "pending before it is acknowledged");
	tap_is(READ_SYSREG(icc_hppir1_el1), SGI, "the highest pending one is it");
	uint32_t intid = gic_poll(timer_ms(PATIENCE_MS));
	tap_is(intid, SGI, "acknowledging takes it");
	tap_ok(!gic_is_pending(SGI), "acknowledged, it isn't pending");
	tap_ok(gic_is_active(SGI), "acknowledged, it is active");
	tap_is(READ_SYSREG(icc_rpr_el1), GIC_PRIORITY_DEFAULT, "the running priority is its own");
	tap_is(READ_SYSREG(icc_iar1_el1), INTID_NONE, "acknowledging again is spurious");
	gic_end(intid);
	tap_ok(!gic_is_active(SGI), "ended, it isn't active");
	tap_is(READ_SYSREG(icc_rpr_el1), 0xff, "ended, the running priority is idle");
}

/* EOImode 1: ending drops the priority, deactivating is a step of its own. */
static void check_split_end(void)
{
	WRITE_SYSREG(icc_ctlr_el1, CTLR_EOIMODE);
	cpu_isb();
	tap_is(READ_SYSREG(icc_ctlr_el1) & CTLR_EOIMODE, CTLR_EOIMODE, "the end-of-interrupt mode can be chosen");
	send();
	uint32_t intid = gic_poll(timer_ms(PATIENCE_MS));
	gic_end(intid);
	tap_ok(gic_is_active(SGI), "priority dropped, it is still active");
	tap_is(READ_SYSREG(icc_rpr_el1), 0xff, "priority dropped, the running priority is idle");
	send();
	tap_is(gic_poll_none(timer_ms(QUIET_MS)), INTID_NONE, "active, it doesn't come again");
	WRITE_SYSREG(icc_dir_el1, intid);
	cpu_isb();
	uint32_t second = gic_poll(timer_ms(PATIENCE_MS));
	tap_is(second, SGI, "deactivated, the next one comes");
	gic_end(second);
	WRITE_SYSREG(icc_dir_el1, second);
	cpu_isb();
	tap_ok(!gic_is_active(SGI), "deactivated, it isn't active");
	WRITE_SYSREG(icc_ctlr_el1, 0);
	cpu_isb();
}

/* A handler that deactivates by the redistributor, and one that puts an active state there. */
static void check_active_registers(void)
{
	WRITE_SYSREG(icc_ctlr_el1, CTLR_EOIMODE);
	cpu_isb();
	send();
	uint32_t intid = gic_poll(timer_ms(PATIENCE_MS));
	gic_end(intid);
	gic_clear_active(SGI);
	tap_ok(!gic_is_active(SGI), "ICACTIVER deactivates");
	WRITE_SYSREG(icc_ctlr_el1, 0);
	cpu_isb();
	send();
	intid = gic_poll(timer_ms(PATIENCE_MS));
	gic_end(intid);
	tap_is(intid, SGI, "and it comes again");
}

static void check_group_enable(void)
{
	WRITE_SYSREG(icc_igrpen1_el1, 0);
	cpu_isb();
	send();
	tap_is(gic_poll_none(timer_ms(QUIET_MS)), INTID_NONE, "group 1 disabled: nothing comes");
	WRITE_SYSREG(icc_igrpen1_el1, 1);
	cpu_isb();
	uint32_t intid = gic_poll(timer_ms(PATIENCE_MS));
	gic_end(intid);
	tap_is(intid, SGI, "group 1 enabled: it comes");
}

/* By an interrupt and not by polling: the vector, the return, the mask. */
static volatile uint64_t taken;

static void on_irq(void)
{
	uint32_t intid = gic_acknowledge();
	taken += intid == SGI ? 1u : 1000u;
	gic_end(intid);
}

static void check_vector(void)
{
	taken = 0;
	cpu_self()->irq = on_irq;
	send();
	timer_spin(timer_ms(1));
	tap_is(taken, 0, "PSTATE.I masks it");
	cpu_irq_enable();
	uint64_t end = timer_now() + timer_ms(PATIENCE_MS);
	while (taken == 0 && timer_now() < end) {
	}
	for (unsigned i = 1; i < 100; i++) {
		send();
		while (taken == i && timer_now() < end) {
		}
	}
	cpu_irq_disable();
	cpu_self()->irq = 0;
	tap_is(taken, 100, "a hundred SGIs arrive by the vector");
}

void test_gic_interface(void)
{
	tap_note("the interrupt controller's CPU interface");
	gic_enable(SGI);
	tap_is(READ_SYSREG(icc_sre_el1) & 1u, 1, "system registers are in use");
	tap_is(READ_SYSREG(icc_iar1_el1), INTID_NONE, "nothing pending: acknowledging is spurious");
	tap_is(READ_SYSREG(icc_hppir1_el1), INTID_NONE, "nothing pending: no highest one");
	tap_ok((READ_SYSREG(icc_ctlr_el1) >> 8 & 7u) >= 3, "at least 16 priorities");
	check_end();
	check_split_end();
	check_active_registers();
	check_group_enable();
	check_vector();
	gic_disable(SGI);
}
