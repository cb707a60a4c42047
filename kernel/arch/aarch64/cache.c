/*
 * Memory by cache line: zeroing pages, and making what the CPU wrote visible to
 * agents without caches and to instruction fetch (Arm ARM, B2.4 and D7.5).
 */
#include <arch/machine.h>
#include <arch/sysreg.h>

#define WORD_BYTES 4u

static uint64_t zero_bytes;       /* of one DC ZVA; 0: not permitted */
static uint64_t line_bytes;       /* of the smallest data cache line */

void cache_init(void)
{
	uint64_t dczid = read_sysreg(dczid_el0);
	uint64_t block = (uint64_t)WORD_BYTES << field_get(dczid, DCZID_BS);
	zero_bytes = (dczid & DCZID_DZP) != 0 || block > SK_PAGE_BYTES ? 0 : block;
	line_bytes = (uint64_t)WORD_BYTES << field_get(read_sysreg(ctr_el0), CTR_DMINLINE);
}

void arch_clear_page(void *page)
{
	uint8_t *end = (uint8_t *)page + SK_PAGE_BYTES;
	if (zero_bytes != 0) {
		for (uint8_t *at = page; at < end; at += zero_bytes) {
			__asm__ volatile("dc zva, %0" : : "r"(at) : "memory");
		}
		return;
	}
	for (uint64_t *at = page; at < (uint64_t *)(void *)end; at++) {
		*(volatile uint64_t *)at = 0;
	}
}

void arch_sync_memory(uint64_t base, uint64_t bytes)
{
	for (uint64_t at = base & ~(line_bytes - 1u); at < base + bytes; at += line_bytes) {
		__asm__ volatile("dc civac, %0" : : "r"(at) : "memory");
	}
	__asm__ volatile("dsb ish\n\tic ialluis\n\tdsb ish\n\tisb" : : : "memory");
}
