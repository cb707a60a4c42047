/*
 * More lines active at once than any CPU interface has room for (at most 16 list registers under a hypervisor), made so
 * and made undone by the distributor's registers alone. Last of all, as what goes wrong here stays.
 */
#include "exits.h"

#include <guest/gic.h>
#include <guest/mmio.h>
#include <guest/tap.h>
#include <guest/timer.h>

#define SPI_MANY 96u
#define QUIET_MS 5u

void test_gic_many_active(void)
{
	uint64_t word = SPI_MANY / 8u;
	uint32_t taken = 0;
	uint32_t intid;

	tap_note("many active lines");
	for (uint32_t line = SPI_MANY; line < SPI_MANY + 32u; line++) {
		gic_set_edge(line, true);
	}
	mmio_write32(GICD_BASE + GICD_ISENABLER + word, ~0u);
	mmio_write32(GICD_BASE + GICD_ISACTIVER + word, ~0u);
	tap_is(mmio_read32(GICD_BASE + GICD_ISACTIVER + word), ~0u, "32 lines made active are active");
	mmio_write32(GICD_BASE + GICD_ISPENDR + word, ~0u);
	tap_is(gic_poll_none(timer_ms(QUIET_MS)), INTID_NONE, "active, none of them comes");
	mmio_write32(GICD_BASE + GICD_ICACTIVER + word, ~0u);
	tap_is(mmio_read32(GICD_BASE + GICD_ISACTIVER + word), 0, "32 lines made inactive are inactive");
	while ((intid = gic_poll(timer_ms(QUIET_MS))) != INTID_NONE) {
		taken += intid >= SPI_MANY && intid < SPI_MANY + 32u ? 1u : 1000u;
		gic_end(intid);
	}
	tap_is(taken, 32, "inactive, each of them comes once");
	mmio_write32(GICD_BASE + GICD_ISPENDR + word, ~0u);
	taken = 0;
	while ((intid = gic_poll(timer_ms(QUIET_MS))) != INTID_NONE) {
		taken += intid >= SPI_MANY && intid < SPI_MANY + 32u ? 1u : 1000u;
		gic_end(intid);
	}
	tap_is(taken, 32, "and each of them again");
	mmio_write32(GICD_BASE + GICD_ICENABLER + word, ~0u);
}
