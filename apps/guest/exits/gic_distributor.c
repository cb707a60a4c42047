/* The distributor's registers and a shared line's whole life. IHI 0069, 12.9. */
#include "exits.h"

#include <guest/gic.h>
#include <guest/mmio.h>
#include <guest/tap.h>
#include <guest/timer.h>

/* A shared line that no device of the machine has. */
#define SPI 63u
#define PATIENCE_MS 1000u
#define QUIET_MS 5u

static uint32_t distributor(uint32_t offset)
{
	return mmio_read32(GICD_BASE + offset);
}

static void check_identification(void)
{
	uint32_t typer = distributor(GICD_TYPER);
	tap_ok((typer & 0x1fu) >= 1, "there are shared lines");
	tap_ok((typer >> 19 & 0x1fu) >= 9, "line numbers have at least 10 bits");
	tap_ok((typer & 1u << 10) == 0, "one security state");
	tap_is(distributor(GICD_CTLR) & (GICD_CTLR_ARE | GICD_CTLR_GROUP1), GICD_CTLR_ARE | GICD_CTLR_GROUP1,
	       "affinity routing and group 1 are on");
	mmio_write32(GICD_BASE + GICD_TYPER, ~typer);
	tap_is(distributor(GICD_TYPER), typer, "the type register is read-only");
	tap_is(distributor(GICD_ISENABLER), 0, "private lines' enable bits read as zero here");
	tap_is(distributor(GICD_ITARGETSR + SPI), 0, "target registers read as zero with affinity routing");
	mmio_write32(GICD_BASE + GICD_SGIR, 2u << 24 | 1u);
	tap_is(gic_poll_none(timer_ms(QUIET_MS)), INTID_NONE, "the old SGI register is ignored");
	tap_is(distributor(0x0fc0u), 0, "a reserved register reads as zero");
	mmio_write32(GICD_BASE + 0x0fc0u, ~0u);
	tap_is(distributor(0x0fc0u), 0, "a reserved register ignores writes");
}

static void check_bits(void)
{
	uint32_t bit;
	uint64_t set = gic_line_register(SPI, GICD_ISENABLER, &bit);
	uint64_t clear = gic_line_register(SPI, GICD_ICENABLER, &bit);
	uint32_t before = mmio_read32(set);

	gic_enable(SPI);
	tap_is(mmio_read32(set), before | bit, "enabling one line changes no other");
	tap_is(mmio_read32(clear), before | bit, "both enable registers read alike");
	mmio_write32(set, 0);
	tap_is(mmio_read32(set), before | bit, "writing zeros changes nothing");
	gic_disable(SPI);
	tap_is(mmio_read32(set), before, "disabling one line changes no other");

	uint64_t group = gic_line_register(SPI, GICD_IGROUPR, &bit);
	tap_ok((mmio_read32(group) & bit) != 0, "the line is in group 1");

	gic_set_edge(SPI, true);
	uint32_t config = distributor(GICD_ICFGR + SPI / 16u * 4u);
	tap_ok((config >> SPI % 16u * 2u & 2u) != 0, "the line is edge-triggered");
	gic_set_edge(SPI, false);
	config = distributor(GICD_ICFGR + SPI / 16u * 4u);
	tap_ok((config >> SPI % 16u * 2u & 2u) == 0, "the line is level-triggered");
	gic_set_edge(SPI, true);
}

static void check_priority_bytes(void)
{
	uint64_t address = GICD_BASE + GICD_IPRIORITYR + (SPI & ~3u);

	mmio_write32(address, 0x10203040u);
	tap_is(mmio_read32(address), 0x10203040u, "four priorities at once");
	tap_is(mmio_read8(address + 1u), 0x30, "one priority is read as a byte");
	mmio_write8(address + 2u, 0x70);
	tap_is(mmio_read32(address), 0x10703040u, "one priority is written as a byte");
	mmio_write32(address, 0xffffffffu);
	uint32_t ones = mmio_read32(address);
	tap_ok((ones & 0xf0f0f0f0u) == 0xf0f0f0f0u, "at least four bits of priority");
	mmio_write32(address, GIC_PRIORITY_DEFAULT * 0x01010101u);
}

static void check_routing(void)
{
	gic_route(SPI, cpus[0].mpidr);
	tap_is(mmio_read64(GICD_BASE + GICD_IROUTER + SPI * 8ull), cpus[0].mpidr, "the route is kept");
	mmio_write32(GICD_BASE + GICD_IROUTER + SPI * 8ull + 4u, 0);
	mmio_write32(GICD_BASE + GICD_IROUTER + SPI * 8ull, (uint32_t)cpus[0].mpidr);
	tap_is(mmio_read32(GICD_BASE + GICD_IROUTER + SPI * 8ull), (uint32_t)cpus[0].mpidr, "the route by halves");
}

static void check_life(void)
{
	gic_enable(SPI);
	gic_set_pending(SPI);
	tap_ok(gic_is_pending(SPI), "made pending, it is pending");
	uint32_t intid = gic_poll(timer_ms(PATIENCE_MS));
	tap_is(intid, SPI, "a shared line made pending comes");
	tap_ok(gic_is_active(SPI) && !gic_is_pending(SPI), "acknowledged, it is active and not pending");
	gic_set_pending(SPI);
	tap_ok(gic_is_active(SPI) && gic_is_pending(SPI), "it can be both");
	gic_end(intid);
	intid = gic_poll(timer_ms(PATIENCE_MS));
	gic_end(intid);
	tap_is(intid, SPI, "the second one comes after the first has ended");
	tap_ok(!gic_is_active(SPI) && !gic_is_pending(SPI), "ended, it is neither");

	gic_disable(SPI);
	gic_set_pending(SPI);
	tap_is(gic_poll_none(timer_ms(QUIET_MS)), INTID_NONE, "disabled, it doesn't come");
	gic_clear_pending(SPI);
	tap_ok(!gic_is_pending(SPI), "its pending state can be cleared");
	gic_enable(SPI);
	tap_is(gic_poll_none(timer_ms(QUIET_MS)), INTID_NONE, "cleared, it doesn't come when enabled");

	gic_set_pending(SPI);
	gic_clear_pending(SPI);
	intid = gic_poll_none(timer_ms(QUIET_MS));
	tap_is(intid, INTID_NONE, "enabled, pending and cleared at once, it doesn't come");

	mmio_write32(GICD_BASE + GICD_CTLR, GICD_CTLR_ARE);
	gic_set_pending(SPI);
	tap_is(gic_poll_none(timer_ms(QUIET_MS)), INTID_NONE, "group 1 off in the distributor: it doesn't come");
	mmio_write32(GICD_BASE + GICD_CTLR, GICD_CTLR_ARE | GICD_CTLR_GROUP1);
	intid = gic_poll(timer_ms(PATIENCE_MS));
	gic_end(intid);
	tap_is(intid, SPI, "group 1 on again: it comes");
	gic_disable(SPI);
}

void test_gic_distributor(void)
{
	tap_note("the distributor");
	check_identification();
	check_bits();
	check_priority_bytes();
	check_routing();
	check_life();
}
