/* Maintenance of every set and way of every cache level that there could be, and of whole ranges at once. */
#include "hostile.h"

#include <guest/boot.h>
#include <guest/exception.h>
#include <guest/mmu.h>
#include <guest/tap.h>

#define LEVELS 7u

static char page[4096] __attribute__((aligned(4096)));

static void every_set_and_way(uint64_t level)
{
	WRITE_SYSREG(csselr_el1, level << 1);
	cpu_isb();
	uint64_t geometry = READ_SYSREG(ccsidr_el1);
	uint64_t ways = geometry >> 3 & 0x3ffu;
	uint64_t sets = geometry >> 13 & 0x7fffu;
	uint64_t line_shift = (geometry & 7u) + 4u;
	unsigned way_shift = ways == 0 ? 0 : (unsigned)__builtin_clz((unsigned)ways);

	for (uint64_t way = 0; way <= ways; way++) {
		for (uint64_t set = 0; set <= sets; set++) {
			uint64_t operand = way << way_shift | set << line_shift | level << 1;
			__asm__ volatile("dc cisw, %0" : : "r"(operand) : "memory");
		}
	}
	cpu_barrier();
}

void hostile_cache(void)
{
	for (unsigned i = 0; i < sizeof(page); i++) {
		page[i] = (char)i;
	}
	catch_begin();
	for (uint64_t level = 0; level < LEVELS; level++) {
		if ((READ_SYSREG(clidr_el1) >> level * 3u & 7u) != 0) {
			every_set_and_way(level);
		}
	}
	__asm__ volatile("dc csw, %0\n\tdc isw, %0\n\tdc cisw, %1" : : "r"(0ull), "r"(~0ull) : "memory");
	__asm__ volatile("ic iallu\n\tic ialluis\n\ttlbi vmalle1is\n\tdsb sy\n\tisb" : : : "memory");
	tap_ok(catch_end().count <= 3, "maintenance by set and way");

	catch_begin();
	for (unsigned i = 0; i < 200; i++) {
		__asm__ volatile("tlbi vmalle1is\n\ttlbi aside1is, xzr\n\ttlbi vaae1is, %0\n\tic ialluis\n\t"
				 "dsb sy\n\tisb" : : "r"((uint64_t)page >> 12) : "memory");
		cache_clean(page, sizeof(page));
	}
	tap_is(catch_end().count, 0, "maintenance in a loop");
	bool kept = true;
	for (unsigned i = 0; i < sizeof(page); i++) {
		kept &= page[i] == (char)i;
	}
	tap_ok(kept, "memory is as it was");
}
