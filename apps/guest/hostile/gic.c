/*
 * Arbitrary accesses to the interrupt controller's registers: any offset, any size, any value, then the CPU
 * interface's. Afterwards it must be possible to set it up again.
 */
#include "hostile.h"

#include <guest/boot.h>
#include <guest/exception.h>
#include <guest/gic.h>
#include <guest/mmio.h>
#include <guest/tap.h>

#define ROUNDS 5000u
#define DISTRIBUTOR_BYTES 0x10000u

/* Enabling LPIs would have the redistributor use tables at an address of our choice: our own memory. */
static bool spared(uint64_t address)
{
	return address >= GICR_BASE && (address - GICR_BASE) % GICR_STRIDE < 4u;
}

static uint64_t pick(struct random *random)
{
	uint64_t r = random_next(random) >> 20;
	uint64_t redistributors = boot.cpu_count * GICR_STRIDE;
	switch (r & 3u) {
	case 0:
		return GICD_BASE + (r >> 8) % DISTRIBUTOR_BYTES;
	case 1:
		return GICD_BASE + (r >> 8) % 0x1000u; /* where most registers are */
	case 2:
		return GICR_BASE + (r >> 8) % redistributors;
	default:
		return GICR_BASE + (r >> 40) % boot.cpu_count * GICR_STRIDE + GICR_SGI_FRAME + (r >> 8) % 0x1000u;
	}
}

static void access(uint64_t address, uint64_t form, uint64_t value)
{
	uint64_t aligned = address & ~((1ull << (form & 3u)) - 1);
	switch (form & 7u) {
	case 0: (void)mmio_read8(aligned); break;
	case 1: (void)mmio_read16(aligned); break;
	case 2: (void)mmio_read32(aligned); break;
	case 3: (void)mmio_read64(aligned); break;
	case 4: mmio_write8(aligned, (uint8_t)value); break;
	case 5: mmio_write16(aligned, (uint16_t)value); break;
	case 6: mmio_write32(aligned, (uint32_t)value); break;
	default: mmio_write64(aligned, value); break;
	}
}

void hostile_gic(struct random *random)
{
	uint64_t rounds = boot_number("rounds", ROUNDS);
	uint64_t strange = 0;
	/* QEMU's own CPU interface (7.2) crashes when a line is ended that can't exist; ours is not its model. */
	uint64_t intid_mask = boot_has("native") ? 0xffu : 0xffffffu;

	for (uint64_t i = 0; i < rounds; i++) {
		uint64_t address = pick(random);
		uint64_t form = random_next(random) >> 32;
		uint64_t value = random_next(random);
		if (spared(address & ~7ull)) {
			continue;
		}
		catch_begin();
		access(address, form, value);
		struct caught c = catch_end();
		strange += c.count > 1 || (c.count == 1 && esr_class(c.esr) != EC_DATA_ABORT) ? 1u : 0u;
		if (i % 64 == 0) {
			/* Take what may have become pending, end what isn't active, write nonsense to the interface. */
			catch_begin();
			(void)READ_SYSREG(icc_iar1_el1);
			WRITE_SYSREG(icc_eoir1_el1, value & intid_mask);
			WRITE_SYSREG(icc_dir_el1, form & intid_mask);
			WRITE_SYSREG(icc_pmr_el1, value >> 8);
			WRITE_SYSREG(icc_bpr1_el1, value >> 16);
			WRITE_SYSREG(icc_ap1r0_el1, i % 128 == 0 ? value : 0);
			WRITE_SYSREG(icc_igrpen1_el1, value >> 24 & 1u);
			strange += catch_end().count > 7 ? 1u : 0u;
		}
	}
	recover();
	tap_is(strange, 0, "%llu arbitrary accesses to the interrupt controller end", (unsigned long long)rounds);
}
