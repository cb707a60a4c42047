/*
 * The redistributors: one a CPU, the last one says so, private lines' registers in the second frame. IHI 0069,
 * 12.11.
 */
#include "exits.h"

#include <guest/boot.h>
#include <guest/gic.h>
#include <guest/mmio.h>
#include <guest/tap.h>
#include <guest/timer.h>

#define PPI 20u
#define PATIENCE_MS 1000u
#define TYPER_LAST 0x10u

static void check_list(void)
{
	uint32_t count = 0;
	uint64_t typer;
	do {
		uint64_t frame = GICR_BASE + count * GICR_STRIDE;
		typer = mmio_read64(frame + GICR_TYPER);
		if (mmio_read32(frame + GICR_TYPER) != (uint32_t)typer
		    || mmio_read32(frame + GICR_TYPER + 4u) != (uint32_t)(typer >> 32)) {
			tap_note("redistributor %u: the halves of its type differ from the whole", count);
			count = 100;
		}
		count++;
	} while ((typer & TYPER_LAST) == 0 && count < CPUS_MAX);
	tap_is(count, boot.cpu_count, "as many redistributors as CPUs");
}

void test_gic_redistributor(void)
{
	uint64_t frame = cpu_self()->gicr;
	uint64_t lines = frame + GICR_SGI_FRAME;

	tap_note("the redistributors");
	check_list();
	tap_is(mmio_read32(frame + GICR_PIDR2) >> 4 & 0xfu, 3, "its identification says GICv3");
	tap_is(mmio_read32(frame + GICR_WAKER) & 6u, 0, "it is awake");
	tap_is(mmio_read32(lines + GICD_IGROUPR), 0xffffffffu, "all private lines are in group 1");

	gic_enable(PPI);
	tap_is(mmio_read32(lines + GICD_ISENABLER), 1u << PPI, "one line enabled, no other");
	gic_set_priority(PPI, 0x50);
	tap_is(mmio_read32(lines + GICD_IPRIORITYR + PPI), 0xa0a0a050u, "a priority written as a byte");
	gic_set_pending(PPI);
	uint32_t intid = gic_poll(timer_ms(PATIENCE_MS));
	gic_clear_pending(PPI);
	tap_is(intid, PPI, "a private line made pending comes");
	tap_is(mmio_read32(lines + GICD_ISACTIVER), 1u << PPI, "it is active, no other");
	gic_end(intid);
	(void)gic_poll_none(timer_ms(1));
	tap_is(mmio_read32(lines + GICD_ISACTIVER), 0, "ended, none is active");
	gic_disable(PPI);
	gic_set_priority(PPI, GIC_PRIORITY_DEFAULT);

	tap_is(mmio_read32(lines + GICD_ICFGR), 0xaaaaaaaau, "SGIs are edge-triggered");
	mmio_write32(lines + GICD_ICFGR, 0);
	tap_is(mmio_read32(lines + GICD_ICFGR), 0xaaaaaaaau, "and stay so");
}
