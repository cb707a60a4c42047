/* See gic.h. */
#include <guest/gic.h>
#include <guest/mmio.h>
#include <guest/timer.h>

#define WAKER_SLEEP 0x2u
#define WAKER_CHILDREN_ASLEEP 0x4u
#define TYPER_LAST 0x10u

static void wait_distributor(void)
{
	while ((mmio_read32(GICD_BASE + GICD_CTLR) & GICD_CTLR_RWP) != 0) {
	}
}

/* Group 1, disabled, idle, default priority: the 32 lines from `first` on, in the frame at `base`. */
static void reset_lines(uint64_t base, uint32_t first)
{
	uint32_t word = first / 32u * 4u;
	mmio_write32(base + GICD_ICENABLER + word, ~0u);
	mmio_write32(base + GICD_ICPENDR + word, ~0u);
	mmio_write32(base + GICD_ICACTIVER + word, ~0u);
	mmio_write32(base + GICD_IGROUPR + word, ~0u);
	for (uint32_t line = first; line < first + 32u; line += 4) {
		mmio_write32(base + GICD_IPRIORITYR + line, GIC_PRIORITY_DEFAULT * 0x01010101u);
	}
}

void gic_init(void)
{
	uint32_t lines = ((mmio_read32(GICD_BASE + GICD_TYPER) & 0x1fu) + 1u) * 32u;
	if (lines > 1020u) {
		lines = 1020u;
	}
	mmio_write32(GICD_BASE + GICD_CTLR, 0);
	wait_distributor();
	mmio_write32(GICD_BASE + GICD_CTLR, GICD_CTLR_ARE);
	wait_distributor();
	for (uint32_t first = 32; first + 32u <= lines; first += 32) {
		reset_lines(GICD_BASE, first);
		for (uint32_t line = first; line < first + 32u; line++) {
			mmio_write64(GICD_BASE + GICD_IROUTER + line * 8ull, cpu_self()->mpidr);
		}
	}
	mmio_write32(GICD_BASE + GICD_CTLR, GICD_CTLR_ARE | GICD_CTLR_GROUP1);
	wait_distributor();
}

/* The redistributor whose GICR_TYPER names this CPU; the last one says so itself. */
static uint64_t find_redistributor(uint64_t mpidr)
{
	uint64_t affinity = (mpidr >> 32 & 0xffu) << 24 | (mpidr & 0xffffffu);
	for (uint32_t i = 0; i < 123u; i++) {
		uint64_t frame = GICR_BASE + i * GICR_STRIDE;
		uint64_t typer = mmio_read64(frame + GICR_TYPER);
		if (typer >> 32 == affinity) {
			return frame;
		}
		if ((typer & TYPER_LAST) != 0) {
			break;
		}
	}
	return GICR_BASE;
}

void gic_init_cpu(struct cpu *cpu)
{
	if (cpu->gicr == 0) {
		cpu->gicr = find_redistributor(cpu->mpidr);
	}
	mmio_write32(cpu->gicr + GICR_WAKER, mmio_read32(cpu->gicr + GICR_WAKER) & ~WAKER_SLEEP);
	while ((mmio_read32(cpu->gicr + GICR_WAKER) & WAKER_CHILDREN_ASLEEP) != 0) {
	}
	reset_lines(cpu->gicr + GICR_SGI_FRAME, 0);
	WRITE_SYSREG(icc_sre_el1, READ_SYSREG(icc_sre_el1) | 1u);
	cpu_isb();
	WRITE_SYSREG(icc_pmr_el1, 0xff);
	WRITE_SYSREG(icc_bpr1_el1, 0);
	WRITE_SYSREG(icc_ctlr_el1, 0);
	WRITE_SYSREG(icc_igrpen1_el1, 1);
	cpu_isb();
}

uint64_t gic_line_register(uint32_t intid, uint32_t first, uint32_t *bit)
{
	uint64_t base = intid < 32u ? cpu_self()->gicr + GICR_SGI_FRAME : GICD_BASE;
	*bit = 1u << intid % 32u;
	return base + first + intid / 32u * 4u;
}

static void write_bit(uint32_t intid, uint32_t first)
{
	uint32_t bit;
	uint64_t address = gic_line_register(intid, first, &bit);
	mmio_write32(address, bit);
	cpu_barrier();
}

static bool read_bit(uint32_t intid, uint32_t first)
{
	uint32_t bit;
	uint64_t address = gic_line_register(intid, first, &bit);
	return (mmio_read32(address) & bit) != 0;
}

void gic_enable(uint32_t intid)
{
	write_bit(intid, GICD_ISENABLER);
}

void gic_disable(uint32_t intid)
{
	write_bit(intid, GICD_ICENABLER);
}

void gic_set_pending(uint32_t intid)
{
	write_bit(intid, GICD_ISPENDR);
}

void gic_clear_pending(uint32_t intid)
{
	write_bit(intid, GICD_ICPENDR);
}

void gic_clear_active(uint32_t intid)
{
	write_bit(intid, GICD_ICACTIVER);
}

bool gic_is_pending(uint32_t intid)
{
	return read_bit(intid, GICD_ISPENDR);
}

bool gic_is_active(uint32_t intid)
{
	return read_bit(intid, GICD_ISACTIVER);
}

void gic_set_priority(uint32_t intid, uint8_t priority)
{
	uint64_t base = intid < 32u ? cpu_self()->gicr + GICR_SGI_FRAME : GICD_BASE;
	mmio_write8(base + GICD_IPRIORITYR + intid, priority);
	cpu_barrier();
}

void gic_set_edge(uint32_t intid, bool edge)
{
	uint64_t base = intid < 32u ? cpu_self()->gicr + GICR_SGI_FRAME : GICD_BASE;
	uint64_t address = base + GICD_ICFGR + intid / 16u * 4u;
	uint32_t bit = 2u << intid % 16u * 2u;
	uint32_t value = mmio_read32(address);
	mmio_write32(address, edge ? value | bit : value & ~bit);
	cpu_barrier();
}

void gic_route(uint32_t intid, uint64_t mpidr)
{
	mmio_write64(GICD_BASE + GICD_IROUTER + intid * 8ull, cpu_affinity(mpidr));
	cpu_barrier();
}

uint32_t gic_poll(uint64_t ticks)
{
	uint64_t end = timer_now() + ticks;
	do {
		if ((READ_SYSREG(isr_el1) & 0x80u) != 0) {
			return gic_acknowledge();
		}
	} while (timer_now() < end);
	return INTID_NONE;
}

uint32_t gic_poll_none(uint64_t ticks)
{
	uint32_t intid = gic_poll(ticks);
	if (intid != INTID_NONE) {
		gic_end(intid);
	}
	return intid;
}
