/*
 * Translation tables, those of the kernel's own stage 1 and of spaces' stage 2: 39-bit addresses, 4 KiB granule, three
 * levels from level 1; 1 GiB and 2 MiB blocks where addresses and size allow (Arm ARM, D8.3). What an entry permits
 * is each stage's own.
 */
#ifndef ARCH_TABLE_H
#define ARCH_TABLE_H

#include <arch/sysreg.h>
#include <sk/abi.h>
#include <stdbool.h>

/* Of each table, and the level of pages. */
#define TABLE_ENTRIES 512u
#define TABLE_LAST_LEVEL 3u

/* Bits of an entry, of either stage. */
#define DESC_VALID SYSREG_BIT(0)
#define DESC_TABLE SYSREG_BIT(1)     /* levels 1 and 2: a table, not a block; level 3: a page, must be set */
#define DESC_INNER 0x300ull
#define DESC_AF SYSREG_BIT(10)
#define DESC_XN SYSREG_BIT(54)
#define DESC_ADDRESS 0xfffffffff000ull
#define DESC_USED 2, 0x3ff           /* of a table's link, ignored by hardware: how many of its entries are in use */
#define DESC_USED_ONE SYSREG_BIT(2)

struct space;

/* What an entry of `level` shows. */
static inline uint64_t table_level_bytes(uint32_t level)
{
	return (uint64_t)SK_PAGE_BYTES << (9u * (TABLE_LAST_LEVEL - level));
}

/* The level for the largest entry that can show what begins at these addresses, or-ed together, and is that long. */
static inline uint32_t table_leaf_level(uint64_t addresses, uint64_t bytes)
{
	uint32_t level = 1;
	while (level < TABLE_LAST_LEVEL &&
	       (addresses % table_level_bytes(level) != 0 || bytes < table_level_bytes(level))) {
		level++;
	}
	return level;
}

/* Such an entry; `attributes` include DESC_VALID. */
static inline uint64_t table_leaf(uint64_t physical, uint64_t attributes, uint32_t level)
{
	return physical | attributes | (level == TABLE_LAST_LEVEL ? DESC_TABLE : 0);
}

/* Does the entry lead to a table of the next level? */
static inline bool table_is_linked(uint64_t entry, uint32_t level)
{
	return level < TABLE_LAST_LEVEL && (entry & (DESC_VALID | DESC_TABLE)) == (DESC_VALID | DESC_TABLE);
}

/* The table that the entry leads to. */
static inline uint64_t *table_below(uint64_t entry)
{
	return (uint64_t *)(entry & DESC_ADDRESS);
}

/* The entry for `address` at `level`, or above it, where no table is linked further down: `*reached` says. */
static inline uint64_t *table_walk(uint64_t *table, uint64_t address, uint32_t level, uint32_t *reached)
{
	for (uint32_t l = 1;; l++) {
		uint64_t *entry = &table[address / table_level_bytes(l) % TABLE_ENTRIES];
		if (l == level || !table_is_linked(*entry, l)) {
			*reached = l;
			return entry;
		}
		table = table_below(*entry);
	}
}

/* So many more entries of the table that the link leads to are in use. */
static inline void table_used(uint64_t *link, uint64_t more)
{
	*(volatile uint64_t *)link = *link + more * DESC_USED_ONE;
}

/* The entry for `address` at `level`; tables missing above it are linked: zeroed pages that take(space) gives. */
static inline uint64_t *table_entry(uint64_t *root, uint64_t address, uint32_t level,
				    void *(*take)(struct space *space), struct space *space)
{
	uint64_t *link = NULL;
	uint64_t *entry = &root[address / table_level_bytes(1) % TABLE_ENTRIES];
	for (uint32_t l = 1; l < level; l++) {
		if (!table_is_linked(*entry, l)) {
			uint64_t fresh = (uint64_t)take(space);
			dsb_ishst(); /* a walk must not see the link before the zeroes */
			*(volatile uint64_t *)entry = fresh | DESC_VALID | DESC_TABLE;
			if (link != NULL) {
				table_used(link, 1);
			}
		}
		link = entry;
		entry = &table_below(*entry)[address / table_level_bytes(l + 1u) % TABLE_ENTRIES];
	}
	return entry;
}

#endif
