/* Every general register as the target of a device load and the source of a device store. See mmio_forms.S. */
#include "exits.h"

#include <guest/mmio.h>
#include <guest/tap.h>

#define RTC_MATCH (RTC_BASE + 0x04u)
#define PATTERN 0x5a5a000000000000ull

void mmio_load_form(unsigned r, uint64_t address, uint64_t out[31]);
void mmio_store_form(unsigned r, uint64_t address, uint32_t value);

/* Did the load change register r to `value` and no other? Prints the first that is wrong. */
static bool load_is_right(unsigned r, uint32_t value)
{
	uint64_t out[31];

	mmio_load_form(r, RTC_MATCH, out);
	for (unsigned n = 0; n < 31; n++) {
		uint64_t want = n == r ? value : PATTERN + n;
		if (out[n] != want) {
			tap_note("load into x%u: x%u is 0x%llx, want 0x%llx", r, n, (unsigned long long)out[n],
				 (unsigned long long)want);
			return false;
		}
	}
	return true;
}

static bool store_is_right(unsigned r)
{
	uint32_t value = 0xc0de0000u + r;

	mmio_store_form(r, RTC_MATCH, value);
	uint32_t got = mmio_read32(RTC_MATCH);
	uint32_t want = r == 31 ? 0 : value;
	if (got != want) {
		tap_note("store from register %u: 0x%x arrived, want 0x%x", r, got, want);
	}
	return got == want;
}

void test_mmio_registers(void)
{
	bool loads = true;
	bool stores = true;

	mmio_write32(RTC_MATCH, 0x8badf00du);
	for (unsigned r = 0; r < 31; r++) {
		loads &= load_is_right(r, 0x8badf00du);
	}
	for (unsigned r = 0; r < 32; r++) {
		stores &= store_is_right(r);
	}
	tap_ok(loads, "a load into each of x0..x30 changes that register alone");
	tap_ok(stores, "a store from each of x0..x30 and the zero register arrives");
}
