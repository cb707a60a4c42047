/*
 * EL2's own translation: all RAM and the few devices that the kernel drives, each
 * at its physical address, in one set of tables that every core uses and nobody
 * changes after boot.
 *
 * Invariant: nothing is both writable and executable; only the kernel's text is
 * executable; the lowest page of each kernel stack and page 0 are not mapped.
 *
 * mmu_build() runs before the MMU does, so it must not make unaligned accesses.
 * Source: Arm ARM, D8.3 (VMSAv8-64 descriptors), 39-bit addresses from level 1.
 */
#include <arch/image.h>
#include <arch/machine.h>
#include <arch/sysreg.h>

#define ENTRIES 512u
#define TABLES_MAX 16u
#define LAST_LEVEL 3u

#define DESC_VALID SYSREG_BIT(0)
#define DESC_TABLE SYSREG_BIT(1)     /* levels 1 and 2: a table, not a block */
#define DESC_PAGE SYSREG_BIT(1)      /* level 3: must be set */
#define DESC_DEVICE SYSREG_BIT(2)    /* attribute index 1 of MAIR_EL2 */
#define DESC_EL2 SYSREG_BIT(6)       /* AP[1] is RES1 */
#define DESC_READ_ONLY SYSREG_BIT(7)
#define DESC_INNER 0x300ull
#define DESC_AF SYSREG_BIT(10)
#define DESC_XN SYSREG_BIT(54)
#define DESC_ADDRESS 0xfffffffff000ull

#define MAP_TEXT (DESC_VALID | DESC_EL2 | DESC_INNER | DESC_AF | DESC_READ_ONLY)
#define MAP_RODATA (MAP_TEXT | DESC_XN)
#define MAP_DATA (DESC_VALID | DESC_EL2 | DESC_INNER | DESC_AF | DESC_XN)
#define MAP_DEVICE (DESC_VALID | DESC_EL2 | DESC_AF | DESC_XN | DESC_DEVICE)

#define GIC_DISTRIBUTOR_BYTES 0x10000u
#define GIC_REDISTRIBUTOR_BYTES 0x20000u

extern uint64_t mmu_root[ENTRIES];
__attribute__((aligned(4096))) uint64_t mmu_root[ENTRIES];
static __attribute__((aligned(4096))) uint64_t tables[TABLES_MAX][ENTRIES];
static uint32_t tables_used;

static uint64_t level_bytes(uint32_t level)
{
	return (uint64_t)SK_PAGE_BYTES << (9u * (LAST_LEVEL - level));
}

/* The entry for `address` at `level`; makes the tables above it. */
static uint64_t *entry_at(uint64_t address, uint32_t level)
{
	uint64_t *table = mmu_root;
	for (uint32_t l = 1;; l++) {
		uint64_t *entry = &table[address / level_bytes(l) % ENTRIES];
		if (l == level) {
			return entry;
		}
		if (*entry == 0) {
			if (tables_used == TABLES_MAX) {
				machine_fail("the memory map needs too many tables");
			}
			*entry = (uint64_t)tables[tables_used++] | DESC_VALID | DESC_TABLE;
		}
		table = (uint64_t *)(*entry & DESC_ADDRESS);
	}
}

static void map(uint64_t from, uint64_t to, uint64_t attributes)
{
	while (from < to) {
		uint32_t level = 1;
		while (level < LAST_LEVEL && (from % level_bytes(level) != 0 || to - from < level_bytes(level))) {
			level++;
		}
		*entry_at(from, level) = from | attributes | (level == LAST_LEVEL ? DESC_PAGE : 0);
		from += level_bytes(level);
	}
}

void mmu_build(const struct sk_boot_info *info)
{
	if (info->magic != SK_BOOT_MAGIC || info->version != SK_BOOT_VERSION) {
		machine_fail("no boot info behind the image: pack it with the skink tool");
	}
	uint64_t limit = level_bytes(0);
	if (info->ram_base >= limit || info->ram_bytes > limit - info->ram_base ||
	    info->gic_distributor >= info->ram_base || info->gic_redistributors >= info->ram_base ||
	    info->core_count == 0 || info->core_count > SK_MAX_CORES || info->ram_base == 0 ||
	    (info->ram_base | info->ram_bytes | info->gic_distributor | info->gic_redistributors |
	     info->panic_uart) % SK_PAGE_BYTES != 0) {
		machine_fail("the boot info describes an impossible machine");
	}
	uint64_t start = (uint64_t)image_start;
	uint64_t end = (uint64_t)image_end;
	if (start < info->ram_base || end > info->ram_base + info->ram_bytes) {
		machine_fail("the image is outside of RAM");
	}
	map(info->ram_base, start, MAP_DATA);
	map(start, (uint64_t)text_end, MAP_TEXT);
	map((uint64_t)text_end, (uint64_t)rodata_end, MAP_RODATA);
	map((uint64_t)rodata_end, end, MAP_DATA);
	map(end, info->ram_base + info->ram_bytes, MAP_DATA);
	for (uint32_t i = 0; i < SK_MAX_CORES; i++) {
		*entry_at((uint64_t)kernel_stacks[i], LAST_LEVEL) = 0;
	}
	map(info->gic_distributor, info->gic_distributor + GIC_DISTRIBUTOR_BYTES, MAP_DEVICE);
	map(info->gic_redistributors, info->gic_redistributors + info->core_count * GIC_REDISTRIBUTOR_BYTES,
	    MAP_DEVICE);
	if (info->panic_uart != 0) {
		map(info->panic_uart, info->panic_uart + SK_PAGE_BYTES, MAP_DEVICE);
	}
	/* The tables were written past the caches: what these hold of them is old. */
	for (uint64_t line = (uint64_t)mmu_root; line < (uint64_t)(mmu_root + ENTRIES); line += 16u) {
		__asm__ volatile("dc ivac, %0" : : "r"(line) : "memory");
	}
	for (uint64_t line = (uint64_t)tables; line < (uint64_t)(tables + TABLES_MAX); line += 16u) {
		__asm__ volatile("dc ivac, %0" : : "r"(line) : "memory");
	}
	dsb_sy();
}
