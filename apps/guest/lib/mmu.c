/* See mmu.h. Descriptor and register formats: Arm ARM, D8.3 and D17.2. */
#include <guest/cpu.h>
#include <guest/mmu.h>

#define GIB_SHIFT 30
#define BLOCK 0x1ull
#define ATTRIBUTE(index) ((uint64_t)(index) << 2)
#define AP_EL0 (1ull << 6)
#define SHAREABLE (3ull << 8)
#define ACCESSED (1ull << 10)
#define PXN (1ull << 53)
#define UXN (1ull << 54)

/* MAIR_EL1: 0 device nGnRnE, 1 normal write-back. */
#define MAIR_VALUE 0xff00ull
#define DEVICE (BLOCK | ATTRIBUTE(0) | ACCESSED | PXN | UXN)
#define NORMAL (BLOCK | ATTRIBUTE(1) | SHAREABLE | ACCESSED)

/* TCR_EL1: 39 bits (T0SZ 25), 4 KiB pages, cacheable inner-shareable walks, no TTBR1. */
#define TCR_VALUE (25ull | 1ull << 8 | 1ull << 10 | 3ull << 12 | 1ull << 23)
#define SCTLR_M 0x1ull
#define SCTLR_C 0x4ull
#define SCTLR_I 0x1000ull

static uint64_t table[512] __attribute__((aligned(4096)));

static void map(uint64_t address, uint64_t physical, uint64_t kind)
{
	table[address >> GIB_SHIFT] = physical | kind;
}

void mmu_init(void)
{
	map(0, 0, DEVICE);
	for (uint64_t gib = 1; gib <= 3; gib++) {
		map(gib << GIB_SHIFT, gib << GIB_SHIFT, NORMAL | UXN);
	}
	map(MMU_EMPTY_NORMAL, MMU_EMPTY_NORMAL, NORMAL | UXN);
	map(MMU_EMPTY_DEVICE, MMU_EMPTY_DEVICE, DEVICE);
	map(MMU_EL0_RAM, 1ull << GIB_SHIFT, NORMAL | AP_EL0 | PXN);
	cpu_barrier();
}

void mmu_share_low(bool shared)
{
	map(MMU_EL0_RAM_LOW, 0, 0);
	__asm__ volatile("dsb ish\n\ttlbi vmalle1is\n\tdsb ish" : : : "memory");
	if (shared) {
		map(MMU_EL0_RAM_LOW, 1ull << GIB_SHIFT, NORMAL | AP_EL0 | PXN);
	} else {
		map(MMU_EL0_RAM_LOW, MMU_EL0_RAM_LOW, NORMAL | UXN);
	}
	cpu_barrier();
	cpu_isb();
}

void mmu_enable(void)
{
	uint64_t physical_size = READ_SYSREG(id_aa64mmfr0_el1) & 7u;

	WRITE_SYSREG(mair_el1, MAIR_VALUE);
	WRITE_SYSREG(tcr_el1, TCR_VALUE | physical_size << 32);
	WRITE_SYSREG(ttbr0_el1, (uint64_t)table);
	cpu_isb();
	__asm__ volatile("tlbi vmalle1\n\tic iallu\n\tdsb nsh\n\tisb" : : : "memory");
	WRITE_SYSREG(sctlr_el1, READ_SYSREG(sctlr_el1) | SCTLR_M | SCTLR_C | SCTLR_I);
	cpu_isb();
}

void mmu_disable(void)
{
	WRITE_SYSREG(sctlr_el1, READ_SYSREG(sctlr_el1) & ~(SCTLR_M | SCTLR_C | SCTLR_I));
	cpu_isb();
	__asm__ volatile("tlbi vmalle1\n\tdsb nsh\n\tisb" : : : "memory");
}

void cache_clean(const void *start, uint64_t bytes)
{
	uint64_t line = 4ull << (READ_SYSREG(ctr_el0) >> 16 & 0xfu);
	uint64_t end = (uint64_t)start + bytes;
	for (uint64_t at = (uint64_t)start & ~(line - 1); at < end; at += line) {
		__asm__ volatile("dc cvac, %0" : : "r"(at) : "memory");
	}
	cpu_barrier();
}
