/* Loads and stores of every size at arbitrary addresses, aligned and not, of the device space and of nowhere. */
#include "hostile.h"

#include <guest/boot.h>
#include <guest/exception.h>
#include <guest/mmio.h>
#include <guest/mmu.h>
#include <guest/tap.h>

#define ROUNDS 5000u

/*
 * Left out: devices that would write to our own memory on command (fw_cfg and virtio transports: a guest that
 * destroys itself proves nothing), and the interrupt controller, which has a part of its own.
 */
static bool spared(uint64_t address)
{
	return (address >= 0x08000000u && address < UART_BASE) || (address >= 0x09020000u && address < 0x09030000u)
	       || (address >= 0x0a000000u && address < 0x0a004000u);
}

static uint64_t pick(struct random *random)
{
	static const uint64_t regions[][2] = {
		{0, 0x40000000u},                                        /* the device GiB */
		{UART_BASE, 0x1000},                                     /* the devices that are there */
		{RTC_BASE, 0x1000},
		{UART_BASE - 0x1000u, 0x21000},                          /* and around them */
		{NOTHING_BASE, 0x1000000},
		{MMU_EMPTY_NORMAL, 0x40000000u},
		{MMU_EMPTY_DEVICE, 0x40000000u},
		{0xc0000000u, 0x40000000u},                              /* beyond our RAM, within what is mapped */
	};
	const uint64_t *region = regions[random_below(random, sizeof(regions) / sizeof(regions[0]))];
	return region[0] + random_below(random, region[1]);
}

/* One access; form: size in bits 0-1, store in bit 2. */
static void access(uint64_t address, uint64_t form, uint64_t value)
{
	switch (form & 7u) {
	case 0: (void)mmio_read8(address); break;
	case 1: (void)mmio_read16(address); break;
	case 2: (void)mmio_read32(address); break;
	case 3: (void)mmio_read64(address); break;
	case 4: mmio_write8(address, (uint8_t)value); break;
	case 5: mmio_write16(address, (uint16_t)value); break;
	case 6: mmio_write32(address, (uint32_t)value); break;
	default: mmio_write64(address, value); break;
	}
}

void hostile_wild(struct random *random)
{
	uint64_t rounds = boot_number("rounds", ROUNDS);
	uint64_t aborts = 0;
	uint64_t others = 0;

	for (uint64_t i = 0; i < rounds; i++) {
		uint64_t address = pick(random);
		uint64_t form = random_next(random) >> 32;
		uint64_t value = random_next(random);
		/* A store to RAM that is there would be our own end, and what printing waits for isn't filled up. */
		bool store = (form & 4u) != 0;
		if (spared(address) || (store && address >= UART_BASE && address < UART_BASE + 4u)) {
			continue;
		}
		catch_begin();
		access(address, form, value);
		struct caught c = catch_end();
		aborts += c.count;
		others += c.count > 0 && esr_class(c.esr) != EC_DATA_ABORT ? 1u : 0u;
	}
	recover();
	tap_ok(aborts > 0, "%llu wild accesses, %llu aborts", (unsigned long long)rounds, (unsigned long long)aborts);
	tap_is(others, 0, "and no other exception");
}
