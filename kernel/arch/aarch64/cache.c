/*
 * Memory by cache line: zeroing pages, and making what the CPU wrote visible to
 * agents without caches and to instruction fetch (Arm ARM, B2.4 and D7.5).
 */
#include <arch/machine.h>
#include <arch/sysreg.h>

#define WORD_BYTES 4ull

void arch_clear_page(void *page)
{
	/* At EL2 nothing can forbid DC ZVA, and no page is less than two blocks of it. */
	uint64_t block = WORD_BYTES << field_get(read_sysreg(dczid_el0), DCZID_BS);
	for (uint64_t at = (uint64_t)page; at < (uint64_t)page + SK_PAGE_BYTES; at += 2u * block) {
		__asm__ volatile("dc zva, %0\n\tdc zva, %1" : : "r"(at), "r"(at + block) : "memory");
	}
}

void arch_sync_memory(uint64_t base, uint64_t bytes)
{
	uint64_t line = WORD_BYTES << field_get(read_sysreg(ctr_el0), CTR_DMINLINE);
	for (uint64_t at = base & ~(line - 1u); at < base + bytes; at += line) {
		__asm__ volatile("dc civac, %0" : : "r"(at) : "memory");
	}
	__asm__ volatile("dsb ish\n\tic ialluis\n\tdsb ish\n\tisb" : : : "memory");
}
