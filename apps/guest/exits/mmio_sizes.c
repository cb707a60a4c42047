/*
 * Loads and stores of 8, 16, 32 and 64 bits on device registers whose contents are known, with and without sign
 * extension, into registers of 32 and 64 bits.
 *
 * The devices: identification registers of the PL011 (Arm DDI 0183) and the PL031 (DDI 0224), and the PL031's match
 * register, which keeps what is written. Both are 32-bit devices, so of a narrower store only
 * the bytes it carries are looked at, and of a 64-bit load only the addressed word.
 */
#include "exits.h"

#include <guest/exception.h>
#include <guest/mmio.h>
#include <guest/tap.h>

#define RTC_MATCH (RTC_BASE + 0x04u)
#define ID_OFFSET 0xfe0u
#define MATCH_VALUE 0x8182f3f4u

/* One load instruction of the given form; `width` is w or x. */
#define LOAD(instruction, width) \
	__extension__({ \
		uint64_t loaded = 0x5555555555555555u; \
		__asm__ volatile(instruction " %" width "0, [%1]" : "+r"(loaded) : "r"(RTC_MATCH) : "memory"); \
		loaded; \
	})

static void check_identification(const char *name, uint64_t base, const uint8_t expected[8])
{
	bool bytes = true;
	bool halves = true;
	bool words = true;
	bool doubles = true;

	for (uint32_t i = 0; i < 8; i++) {
		if (i == 2) {
			continue; /* the revision */
		}
		uint64_t address = base + ID_OFFSET + i * 4u;
		bytes &= mmio_read8(address) == expected[i];
		halves &= mmio_read16(address) == expected[i];
		words &= mmio_read32(address) == expected[i];
		if (i % 2 == 0) {
			doubles &= (uint32_t)mmio_read64(address) == expected[i];
		}
	}
	tap_ok(bytes, "%s identification by 8-bit loads", name);
	tap_ok(halves, "%s identification by 16-bit loads", name);
	tap_ok(words, "%s identification by 32-bit loads", name);
	tap_ok(doubles, "%s identification by 64-bit loads", name);
}

static void check_extension(void)
{
	mmio_write32(RTC_MATCH, MATCH_VALUE);
	tap_is(LOAD("ldr", "w"), 0x8182f3f4u, "ldr w clears the upper half");
	tap_is(LOAD("ldrb", "w"), 0xf4u, "ldrb w");
	tap_is(LOAD("ldrh", "w"), 0xf3f4u, "ldrh w");
	tap_is(LOAD("ldrsb", "w"), 0xfffffff4u, "ldrsb w extends to 32 bits");
	tap_is(LOAD("ldrsh", "w"), 0xfffff3f4u, "ldrsh w extends to 32 bits");
	tap_is(LOAD("ldrsb", "x"), 0xfffffffffffffff4u, "ldrsb x extends to 64 bits");
	tap_is(LOAD("ldrsh", "x"), 0xfffffffffffff3f4u, "ldrsh x extends to 64 bits");
	tap_is(LOAD("ldrsw", "x"), 0xffffffff8182f3f4u, "ldrsw x extends to 64 bits");
	tap_is(LOAD("ldar", "w"), 0x8182f3f4u, "ldar w");
	tap_is(LOAD("ldarb", "w"), 0xf4u, "ldarb w");
	tap_is(LOAD("ldur", "w"), 0x8182f3f4u, "ldur w");
	mmio_write32(RTC_MATCH, 0x01020374u);
	tap_is(LOAD("ldrsb", "x"), 0x74u, "ldrsb x of a positive byte");
	tap_is(LOAD("ldrsh", "w"), 0x374u, "ldrsh w of a positive half");
}

static void check_stores(void)
{
	uint32_t clock = mmio_read32(RTC_BASE);

	mmio_write8(RTC_MATCH, 0x5a);
	tap_is(mmio_read8(RTC_MATCH), 0x5a, "an 8-bit store arrives");
	mmio_write16(RTC_MATCH, 0xa55a);
	tap_is(mmio_read16(RTC_MATCH), 0xa55a, "a 16-bit store arrives");
	mmio_write32(RTC_MATCH, 0xdeadbeefu);
	tap_is(mmio_read32(RTC_MATCH), 0xdeadbeefu, "a 32-bit store arrives");
	/* The load register sets the clock; the control register behind it is 1 in any case. */
	mmio_write64(RTC_BASE + 8u, 1ull << 32 | 0x60000000u);
	uint32_t set = mmio_read32(RTC_BASE);
	tap_ok(set == 0x60000000u || set == 0x60000001u, "a 64-bit store's addressed word arrives");
	mmio_write32(RTC_BASE + 8u, clock);
	__asm__ volatile("stlr %w0, [%1]" : : "r"(0x600df00du), "r"(RTC_MATCH) : "memory");
	tap_is(mmio_read32(RTC_MATCH), 0x600df00du, "a store-release arrives");
	__asm__ volatile("str wzr, [%0]" : : "r"(RTC_MATCH) : "memory");
	tap_is(mmio_read32(RTC_MATCH), 0, "a store of the zero register stores zero");
	__asm__ volatile("ldr wzr, [%0]" : : "r"(RTC_MATCH) : "memory");
	tap_ok(true, "a load into the zero register passes");
}

void test_mmio_sizes(void)
{
	static const uint8_t uart[8] = {0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1};
	static const uint8_t rtc[8] = {0x31, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

	tap_note("device accesses of all sizes");
	check_identification("PL011", UART_BASE, uart);
	check_identification("PL031", RTC_BASE, rtc);
	check_extension();
	check_stores();
	tap_is(mmio_read32(GICD_BASE + 0xffe8u) >> 4 & 0xfu, 3, "GICD_PIDR2 says GICv3");
	tap_ok(mmio_read32(RTC_BASE) > 1000000000u, "the clock is set");
}
