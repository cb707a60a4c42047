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
#include <arch/table.h>

#define TABLES_MAX 17u

#define DESC_DEVICE SYSREG_BIT(2)    /* attribute index 1 of MAIR_EL2 */
#define DESC_EL2 SYSREG_BIT(6)       /* AP[1] is RES1 */
#define DESC_READ_ONLY SYSREG_BIT(7)

#define MAP_TEXT (DESC_VALID | DESC_EL2 | DESC_INNER | DESC_AF | DESC_READ_ONLY)
#define MAP_RODATA (MAP_TEXT | DESC_XN)
#define MAP_DATA (DESC_VALID | DESC_EL2 | DESC_INNER | DESC_AF | DESC_XN)
#define MAP_DEVICE (DESC_VALID | DESC_EL2 | DESC_AF | DESC_XN | DESC_DEVICE)

#define GIC_DISTRIBUTOR_BYTES 0x10000u
#define GIC_REDISTRIBUTOR_BYTES 0x20000u

extern uint64_t mmu_tables[TABLES_MAX][TABLE_ENTRIES];
__attribute__((aligned(4096))) uint64_t mmu_tables[TABLES_MAX][TABLE_ENTRIES]; /* the first is the root */
static uint32_t tables_used = 1;

static void *take_table(struct space *none)
{
	(void)none;
	if (tables_used == TABLES_MAX) {
		panic("the memory map needs too many tables");
	}
	return mmu_tables[tables_used++];
}

static void map(uint64_t from, uint64_t to, uint64_t attributes)
{
	while (from < to) {
		uint32_t level = table_leaf_level(from, to - from);
		*table_entry(mmu_tables[0], from, level, take_table, NULL) = table_leaf(from, attributes, level);
		from += table_level_bytes(level);
	}
}

void mmu_build(const struct sk_boot_info *info)
{
	if (info->magic != SK_BOOT_MAGIC || info->version != SK_BOOT_VERSION) {
		panic("no boot info behind the image: pack it with the skink tool");
	}
	uint64_t limit = table_level_bytes(0);
	if (info->ram_base >= limit || info->ram_bytes > limit - info->ram_base ||
	    info->gic_distributor >= info->ram_base || info->gic_redistributors >= info->ram_base ||
	    info->core_count == 0 || info->core_count > SK_MAX_CORES || info->ram_base == 0 ||
	    (info->ram_base | info->ram_bytes | info->gic_distributor | info->gic_redistributors |
	     info->panic_uart) % SK_PAGE_BYTES != 0) {
		panic("the boot info describes an impossible machine");
	}
	uint64_t start = (uint64_t)image_start;
	uint64_t end = (uint64_t)image_end;
	if (start < info->ram_base || end > info->ram_base + info->ram_bytes) {
		panic("the image is outside of RAM");
	}
	map(info->ram_base, start, MAP_DATA);
	map(start, (uint64_t)text_end, MAP_TEXT);
	map((uint64_t)text_end, (uint64_t)rodata_end, MAP_RODATA);
	map((uint64_t)rodata_end, end, MAP_DATA);
	map(end, info->ram_base + info->ram_bytes, MAP_DATA);
	for (uint32_t i = 0; i < SK_MAX_CORES; i++) {
		*table_entry(mmu_tables[0], (uint64_t)kernel_stacks[i], TABLE_LAST_LEVEL, take_table, NULL) = 0;
	}
	map(info->gic_distributor, info->gic_distributor + GIC_DISTRIBUTOR_BYTES, MAP_DEVICE);
	map(info->gic_redistributors, info->gic_redistributors + info->core_count * GIC_REDISTRIBUTOR_BYTES,
	    MAP_DEVICE);
	if (info->panic_uart != 0) {
		map(info->panic_uart, info->panic_uart + SK_PAGE_BYTES, MAP_DEVICE);
	}
	/* The tables were written past the caches: what these hold of them is old. */
	for (uint64_t line = (uint64_t)mmu_tables; line < (uint64_t)(mmu_tables + TABLES_MAX); line += 16u) {
		__asm__ volatile("dc ivac, %0" : : "r"(line) : "memory");
	}
	dsb_sy();
}
