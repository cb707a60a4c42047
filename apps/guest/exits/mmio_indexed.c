/*
 * Accesses whose syndrome doesn't describe them (ESR_EL2.ISV = 0): write-back, pairs, SIMD registers.
 *
 * On hardware they simply work on a device. A hypervisor has to decode the instruction, or tell the guest of an
 * external abort; either is a clean answer. What must not happen: wrong data, half a write-back, a hang.
 */
#include "exits.h"

#include <guest/boot.h>
#include <guest/exception.h>
#include <guest/mmio.h>
#include <guest/tap.h>

#define RTC_MATCH (RTC_BASE + 0x04u)
#define RTC_ID (RTC_BASE + 0xfe0u)

/* What one such access did. */
struct outcome {
	uint64_t base;
	uint64_t value;
	uint64_t value2;
	struct caught caught;
};

#define TRY_LOAD(text, start) \
	__extension__({ \
		struct outcome tried = {.base = (start), .value = 0x77, .value2 = 0x77}; \
		catch_begin(); \
		__asm__ volatile(text : "+r"(tried.base), "+r"(tried.value), "+r"(tried.value2) \
				 : : "memory", "v0", "v1"); \
		tried.caught = catch_end(); \
		tried; \
	})

static void judge(const char *what, const struct outcome *o, bool done)
{
	if (o->caught.count == 0) {
		tap_ok(done, "%s: carried out as on hardware", what);
		return;
	}
	bool clean = o->caught.count == 1 && esr_class(o->caught.esr) == EC_DATA_ABORT
		     && esr_fault_status(o->caught.esr) == FAULT_STATUS_EXTERNAL;
	tap_ok(clean && !boot_has("native"), "%s: refused by one external abort (esr 0x%llx)", what,
	       (unsigned long long)o->caught.esr);
}

void test_mmio_indexed(void)
{
	struct outcome o;

	tap_note("device accesses that the syndrome doesn't describe");
	o = TRY_LOAD("ldr %w1, [%0], #4", RTC_ID);
	judge("post-indexed load", &o, o.value == 0x31 && o.base == RTC_ID + 4u);
	o = TRY_LOAD("ldr %w1, [%0, #4]!", RTC_ID);
	judge("pre-indexed load", &o, o.value == 0x10 && o.base == RTC_ID + 4u);
	o = TRY_LOAD("ldrsb %w1, [%0], #-4", RTC_ID + 0x1cu);
	judge("post-indexed sign-extending byte load", &o, o.value == 0xffffffb1u && o.base == RTC_ID + 0x18u);
	o = TRY_LOAD("ldp %w1, %w2, [%0]", RTC_ID);
	judge("load pair", &o, o.value == 0x31 && o.value2 == 0x10);
	o = TRY_LOAD("ldp %w1, %w2, [%0], #8", RTC_ID);
	judge("post-indexed load pair", &o, o.value == 0x31 && o.value2 == 0x10 && o.base == RTC_ID + 8u);
	o = TRY_LOAD("ldr s0, [%0]\n\tfmov %w1, s0", RTC_ID);
	judge("load into a SIMD register", &o, o.value == 0x31);
	o = TRY_LOAD("mov %w1, #0x123\n\tstr %w1, [%0], #4", RTC_MATCH);
	judge("post-indexed store", &o, mmio_read32(RTC_MATCH) == 0x123 && o.base == RTC_MATCH + 4u);
	o = TRY_LOAD("mov %w1, #0x456\n\tsub %0, %0, #4\n\tstr %w1, [%0, #4]!", RTC_MATCH);
	judge("pre-indexed store", &o, mmio_read32(RTC_MATCH) == 0x456 && o.base == RTC_MATCH);
}
