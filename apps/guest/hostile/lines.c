/* Interrupts as fast as they come: all lines enabled and pending at once, again and again, and SGIs in a loop. */
#include "hostile.h"

#include <guest/boot.h>
#include <guest/gic.h>
#include <guest/mmio.h>
#include <guest/tap.h>
#include <guest/timer.h>

#define STORM_MS 50u

static volatile uint64_t taken;

static void on_any(void)
{
	uint32_t intid = gic_acknowledge();
	if (intid >= 1020u) {
		return;
	}
	taken++;
	gic_end(intid);
}

static void enable_everything(struct random *random, uint32_t lines)
{
	uint64_t private = cpu_self()->gicr + GICR_SGI_FRAME;

	for (uint32_t line = 0; line < lines; line += 4) {
		uint64_t base = line < 32u ? private : GICD_BASE;
		mmio_write32(base + GICD_IPRIORITYR + line, (uint32_t)random_next(random) & 0x70707070u);
	}
	mmio_write32(private + GICD_ISENABLER, ~0u);
	for (uint32_t line = 32; line < lines; line += 32) {
		for (uint32_t half = 0; half < 2; half++) {
			mmio_write32(GICD_BASE + GICD_ICFGR + line / 16u * 4u + half * 4u, 0xaaaaaaaau);
		}
		mmio_write32(GICD_BASE + GICD_ISENABLER + line / 8u, ~0u);
	}
}

static void pend_everything(uint32_t lines)
{
	mmio_write32(cpu_self()->gicr + GICR_SGI_FRAME + GICD_ISPENDR, 0xffffu);
	for (uint32_t line = 32; line < lines; line += 32) {
		mmio_write32(GICD_BASE + GICD_ISPENDR + line / 8u, ~0u);
	}
}

void hostile_lines(struct random *random)
{
	uint32_t lines = ((mmio_read32(GICD_BASE + GICD_TYPER) & 0x1fu) + 1u) * 32u;
	lines = lines > 992u ? 992u : lines;

	taken = 0;
	cpu_self()->irq = on_any;
	enable_everything(random, lines);
	cpu_irq_enable();
	uint64_t end = timer_now() + timer_ms(STORM_MS);
	uint64_t waves = 0;
	while (timer_now() < end || waves < 3) {
		pend_everything(lines);
		waves++;
	}
	cpu_irq_disable();
	uint64_t in_waves = taken;
	recover();
	/* All but the private peripheral lines; a wave's interrupts are taken as soon as they are pending. */
	tap_is(in_waves, waves * (lines - 16u), "all %u lines pending, %llu times: %llu interrupts", lines,
	       (unsigned long long)waves, (unsigned long long)in_waves);

	taken = 0;
	for (uint32_t sgi = 0; sgi < 16; sgi++) {
		gic_enable(sgi);
	}
	cpu_irq_enable();
	end = timer_now() + timer_ms(STORM_MS);
	uint64_t sent = 0;
	while (timer_now() < end || sent < 100) {
		gic_send(gic_sgi_value(cpus[0].mpidr, (uint32_t)sent % 16u));
		gic_send(GIC_SGI_BROADCAST | (sent % 16u) << 24);
		sent++;
	}
	cpu_irq_disable();
	cpu_self()->irq = 0;
	uint64_t got = taken;
	recover();
	tap_ok(got > 0 && got <= sent + 16u, "%llu SGIs in a loop, %llu interrupts", (unsigned long long)sent,
	       (unsigned long long)got);
}
