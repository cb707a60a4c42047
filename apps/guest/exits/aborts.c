/*
 * Accesses to addresses at which there is nothing. Hardware answers with a synchronous external abort that the guest's
 * own vectors take, with the right class, direction, address and PC; so must a hypervisor, and
 * for what the guest's own tables refuse it is not even asked.
 */
#include "exits.h"

#include <guest/boot.h>
#include <guest/exception.h>
#include <guest/mmio.h>
#include <guest/mmu.h>
#include <guest/tap.h>

#define ESR_WRITE (1u << 6)

static struct caught try_read(uint64_t address)
{
	catch_begin();
	(void)mmio_read32(address);
	return catch_end();
}

static struct caught try_write(uint64_t address)
{
	catch_begin();
	mmio_write32(address, 1);
	return catch_end();
}

static struct caught try_fetch(uint64_t address)
{
	catch_begin();
	__asm__ volatile("blr %0" : : "r"(address) : "x30", "memory");
	return catch_end();
}

static void expect_data(struct caught c, uint64_t address, bool write, const char *what)
{
	bool external = c.kind == EXCEPTION_SYNC && c.count == 1 && esr_class(c.esr) == EC_DATA_ABORT
			&& esr_fault_status(c.esr) == FAULT_STATUS_EXTERNAL && ((c.esr & ESR_WRITE) != 0) == write;
	if (!tap_ok(external, "%s: one external abort", what)) {
		tap_note("count %u, kind %u, esr 0x%llx, far 0x%llx", c.count, c.kind, (unsigned long long)c.esr,
			 (unsigned long long)c.far);
		return;
	}
	/* FAR is valid unless ESR.FnV says that it isn't. */
	tap_ok((c.esr & 0x400u) != 0 || c.far == address, "%s: at the right address", what);
}

static void expect_fetch(struct caught c, uint64_t address, const char *what)
{
	bool external = c.kind == EXCEPTION_SYNC && c.count == 1 && esr_class(c.esr) == EC_INSTRUCTION_ABORT
			&& esr_fault_status(c.esr) == FAULT_STATUS_EXTERNAL;
	if (!tap_ok(external, "%s: one external abort of the fetch", what)) {
		tap_note("count %u, kind %u, esr 0x%llx, far 0x%llx", c.count, c.kind, (unsigned long long)c.esr,
			 (unsigned long long)c.far);
		return;
	}
	tap_is(c.elr, address, "%s: the PC is the address", what);
}

/* The guest's own stage 1 refuses these. */
static void expect_own(struct caught c, unsigned class, unsigned status_from, unsigned status_to, const char *what)
{
	unsigned status = esr_fault_status(c.esr);
	if (!tap_ok(c.count == 1 && esr_class(c.esr) == class && status >= status_from && status <= status_to,
		    "%s: the guest's own fault", what)) {
		tap_note("count %u, esr 0x%llx", c.count, (unsigned long long)c.esr);
	}
}

void test_aborts(void)
{
	tap_note("accesses to nothing");
	expect_data(try_read(NOTHING_BASE), NOTHING_BASE, false, "load in a hole");
	expect_data(try_write(NOTHING_BASE + 8u), NOTHING_BASE + 8u, true, "store in a hole");
	expect_data(try_read(MMU_EMPTY_NORMAL), MMU_EMPTY_NORMAL, false, "load beyond RAM");
	expect_data(try_write(MMU_EMPTY_DEVICE + 0x10u), MMU_EMPTY_DEVICE + 0x10u, true, "store far beyond RAM");
	expect_data(try_read(MMU_EMPTY_DEVICE + 0x3ffffff8u), MMU_EMPTY_DEVICE + 0x3ffffff8u, false,
		    "load at the end of the address space");
	expect_fetch(try_fetch(MMU_EMPTY_NORMAL), MMU_EMPTY_NORMAL, "fetch beyond RAM");

	/* Statuses: 0x04..0x07 translation, 0x0c..0x0f permission. */
	expect_own(try_read(MMU_UNMAPPED), EC_DATA_ABORT, 0x04, 0x07, "load without a translation");
	expect_own(try_write(0xffff800000000000ull), EC_DATA_ABORT, 0x04, 0x07, "store in the upper half");
	expect_own(try_fetch(MMU_UNMAPPED), EC_INSTRUCTION_ABORT, 0x04, 0x07, "fetch without a translation");
	expect_own(try_fetch(UART_BASE), EC_INSTRUCTION_ABORT, 0x0c, 0x0f, "fetch from a device");
	expect_own(try_fetch(RAM_BASE + 2u), EC_PC_ALIGNMENT, 0, 0x3f, "fetch from an odd address");

	/* QEMU's emulated CPU carries these out in bytes; a real one refuses them by itself. */
	struct caught c = try_read(RTC_BASE + 1u);
	tap_ok(c.count == 0 || (c.count == 1 && esr_class(c.esr) == EC_DATA_ABORT),
	       "unaligned load from a device ends");

	/* With translation off, the same holes are reached without the guest's tables. */
	mmu_disable();
	struct caught read = try_read(NOTHING_BASE);
	struct caught fetch = try_fetch(MMU_EMPTY_NORMAL);
	mmu_enable();
	expect_data(read, NOTHING_BASE, false, "load in a hole, translation off");
	expect_fetch(fetch, MMU_EMPTY_NORMAL, "fetch beyond RAM, translation off");
}
