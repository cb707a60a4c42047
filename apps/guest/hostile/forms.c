/*
 * Instructions that nobody uses on device registers: exclusives, atomics, pairs, vectors, cache maintenance, across
 * the edge of a device's page. Each either works or ends in one exception of the guest's own, and the program
 * goes on behind it.
 */
#include "hostile.h"

#include <guest/exception.h>
#include <guest/mmio.h>
#include <guest/mmu.h>
#include <guest/tap.h>

/* x9 is the address; x1 to x4 and v0 to v3 may be used. */
#define FORM(name, text) \
	static void name(uint64_t address) \
	{ \
		register uint64_t x9 __asm__("x9") = address; \
		__asm__ volatile(text : "+r"(x9) : : "x1", "x2", "x3", "x4", "v0", "v1", "v2", "v3", "cc", "memory"); \
	}

FORM(load_pair, "ldp x1, x2, [x9]")
FORM(load_pair_signed, "ldpsw x1, x2, [x9]")
FORM(store_pair, "stp xzr, xzr, [x9]")
FORM(store_pair_indexed, "stp wzr, wzr, [x9, #8]!")
FORM(load_vector, "ld1 {v0.16b-v3.16b}, [x9]")
FORM(store_vector, "st1 {v0.16b}, [x9]")
FORM(load_q, "ldr q0, [x9]")
FORM(load_structure, "ld4 {v0.4s-v3.4s}, [x9]")
FORM(load_exclusive, "ldxr w1, [x9]\n\tclrex")
FORM(store_exclusive, "ldaxr w1, [x9]\n\tstlxr w2, w1, [x9]")
FORM(pair_exclusive, "ldxp x1, x2, [x9]\n\tclrex")
FORM(lone_store_exclusive, "stxr w2, wzr, [x9]")
FORM(lse_add, "mov w1, #1\n\t.inst 0xb8210122") /* ldadd w1, w2, [x9]: ARMv8.1 */
FORM(lse_swap, ".inst 0xb8218122")              /* swp w1, w2, [x9] */
FORM(lse_compare, ".inst 0x88a17d22")           /* cas w1, w2, [x9] */
FORM(unprivileged_load, "ldtr w1, [x9]")
FORM(unprivileged_store, "sttr wzr, [x9]")
FORM(zero_line, "dc zva, x9")
FORM(clean_line, "dc cvac, x9")
FORM(clean_invalidate_line, "dc civac, x9")
FORM(invalidate_line, "dc ivac, x9")
FORM(clean_to_unification, "dc cvau, x9")
FORM(invalidate_instructions, "ic ivau, x9")
FORM(prefetch, "prfm pldl1keep, [x9]\n\tprfm pstl1strm, [x9]\n\tprfm plil1keep, [x9]")
FORM(translate, "at s1e1w, x9\n\tat s1e0r, x9\n\tisb\n\tmrs x1, par_el1")
FORM(base_is_target, "ldr x9, [x9]")
FORM(wide_offset, "mov x1, #-8\n\tldr x1, [x9, x1]")
FORM(non_temporal, "ldnp x1, x2, [x9]")
FORM(acquire_release, "ldar x1, [x9]\n\tstlrb wzr, [x9]")

static const struct {
	const char *name;
	void (*run)(uint64_t address);
} forms[] = {
	{"load pair", load_pair},
	{"sign-extending load pair", load_pair_signed},
	{"store pair", store_pair},
	{"indexed store pair", store_pair_indexed},
	{"four-vector load", load_vector},
	{"vector store", store_vector},
	{"128-bit load", load_q},
	{"structure load", load_structure},
	{"exclusive load", load_exclusive},
	{"exclusive store", store_exclusive},
	{"exclusive pair", pair_exclusive},
	{"exclusive store alone", lone_store_exclusive},
	{"atomic add", lse_add},
	{"atomic swap", lse_swap},
	{"compare and swap", lse_compare},
	{"unprivileged load", unprivileged_load},
	{"unprivileged store", unprivileged_store},
	{"zeroing a line", zero_line},
	{"cleaning a line", clean_line},
	{"cleaning and invalidating a line", clean_invalidate_line},
	{"invalidating a line", invalidate_line},
	{"cleaning to unification", clean_to_unification},
	{"invalidating instructions", invalidate_instructions},
	{"prefetching", prefetch},
	{"translating", translate},
	{"a load onto its own base", base_is_target},
	{"a load before the base", wide_offset},
	{"a non-temporal pair", non_temporal},
	{"acquire and release", acquire_release},
};
#define FORMS (sizeof(forms) / sizeof(forms[0]))

static const struct {
	const char *name;
	uint64_t address;
} places[] = {
	{"the UART", UART_BASE + 0x18u},
	{"the clock", RTC_BASE + 0x20u},
	{"the distributor", GICD_BASE + 0x40u},
	{"a redistributor", GICR_BASE + 0x40u},
	{"nothing", NOTHING_BASE},
	{"nothing, as memory", MMU_EMPTY_NORMAL + 0x100u},
	{"the end of the UART's page", UART_BASE + 0xffcu},
	{"across the end of the clock's page", RTC_BASE + 0xffeu},
	{"an odd address", RTC_BASE + 0xfe1u},
};
#define PLACES (sizeof(places) / sizeof(places[0]))

void hostile_forms(void)
{
	for (unsigned p = 0; p < PLACES; p++) {
		uint64_t exceptions = 0;
		bool right = true;
		for (unsigned f = 0; f < FORMS; f++) {
			catch_begin();
			forms[f].run(places[p].address);
			struct caught c = catch_end();
			exceptions += c.count;
			unsigned class = esr_class(c.esr);
			if (c.count > 2 || (c.count > 0 && class != EC_DATA_ABORT && class != EC_UNKNOWN)) {
				tap_note("%s at %s: %u exceptions, esr 0x%llx", forms[f].name, places[p].name, c.count,
					 (unsigned long long)c.esr);
				right = false;
			}
		}
		recover();
		tap_ok(right, "%u unusual accesses to %s end cleanly (%llu exceptions)", (unsigned)FORMS,
		       places[p].name, (unsigned long long)exceptions);
	}
}
