/*
 * Spaces: stage-2 translation for processes and VMs alike, in tables of <arch/table.h>,
 * the root being one page. Formats: Arm ARM, D8.3 and D8.4; TLB rules: D8.13.
 *
 * Isolation rests on these invariants:
 *  - A leaf entry maps only memory that a live mapping object names, with at most
 *    that mapping's access, so no table page, kernel page or other space's private
 *    memory can be reached through a space.
 *  - Table pages come from the space's own pool, and are zero when they come and when they go back.
 *    The link to a table says how many of its entries are in use: with the last one the table goes.
 *  - A page leaves a space (and a table page returns to the pool) only after its
 *    entry is gone and every core's TLB has been told, under the space's VMID.
 *  - No two live spaces share a VMID, and a VMID is given out again only after every
 *    translation under it has been invalidated. VMID 0 belongs to no space.
 * Map, unmap, init and release run under the kernel lock.
 *
 * Blocks are never split: whoever unmaps names ranges that were mapped as a whole,
 * in pieces that begin where the last one ended.
 */
#include <arch/machine.h>
#include <arch/table.h>
#include <sk/idl/kernel.h>

#define PIECE_ENTRIES 32u    /* per call */
#define VMIDS 256u

#define DESC_NORMAL 0x33cull      /* MemAttr: write-back, inner and outer; inner shareable */
#define DESC_DEVICE 0x04ull       /* MemAttr: device-nGnRE */
#define DESC_READ SYSREG_BIT(6)
#define DESC_WRITE SYSREG_BIT(7)
#define DESC_FLAGS 55, 0xf        /* ignored by hardware: the mapping's flags, for arch_query() */

_Static_assert(SK_MAP_FLAGS_MASK == 0xf, "DESC_FLAGS");

static uint64_t vmids[VMIDS / 64u] = {1u};

void stage2_core_init(void)
{
	write_sysreg(vttbr_el2, 0);
	/* As large as EL2's own physical addresses. */
	write_sysreg(vtcr_el2, VTCR_RES1 | field_put(field_get(read_sysreg(tcr_el2), TCR_PS), TCR_PS) | TCR_SH0_INNER |
		     TCR_ORGN0_WBWA | TCR_IRGN0_WBWA | VTCR_SL0_LEVEL1 | field_put(64u - ARCH_SPACE_BITS, TCR_T0SZ));
	isb();
	/* A core that was away heard none of the others' invalidations. */
	__asm__ volatile("tlbi alle1\n\tic iallu\n\tdsb nsh\n\tisb" : : : "memory");
}

#define EVERY_LEAF UINT64_MAX

/* TLB maintenance acts on the VMID in VTTBR_EL2, so the space's is put there for a moment. */
static void invalidate(const struct arch_space *arch, uint64_t address)
{
	uint64_t previous = read_sysreg(vttbr_el2);
	dsb_ishst();
	write_sysreg(vttbr_el2, arch->vttbr);
	isb();
	if (address == EVERY_LEAF) {
		__asm__ volatile("tlbi vmalls12e1is" : : : "memory");
	} else {
		/* By address in stage 2; then what stage 1 made of it, which can't be named by address. */
		__asm__ volatile("tlbi ipas2e1is, %0\n\tdsb ish\n\ttlbi vmalle1is"
				 : : "r"(address / SK_PAGE_BYTES) : "memory");
	}
	dsb_ish();
	write_sysreg(vttbr_el2, previous);
	isb();
	core_count_event(core_this(), COUNT_TLB_MAINTENANCE);
}

sk_status_t arch_space_init(struct space *space, void *root)
{
	for (uint32_t i = 0; i < VMIDS / 64u; i++) {
		if (vmids[i] != UINT64_MAX) {
			uint32_t bit = (uint32_t)__builtin_ctzll(~vmids[i]);
			vmids[i] |= 1ull << bit;
			arch_clear_page(root);
			uint64_t vmid = field_put(i * 64u + bit, VTTBR_VMID);
			space->arch = (struct arch_space){ .vttbr = vmid | (uint64_t)root, .root = root };
			return SK_OK;
		}
	}
	return SK_NO_SLOT;
}

void arch_space_release(struct space *space)
{
	uint64_t vmid = field_get(space->arch.vttbr, VTTBR_VMID);
	invalidate(&space->arch, EVERY_LEAF);
	if (read_sysreg(vttbr_el2) == space->arch.vttbr) {
		write_sysreg(vttbr_el2, 0);
		isb();
	}
	vmids[vmid / 64u] &= ~(1ull << vmid % 64u);
	space->arch = (struct arch_space){ 0 };
}

/* Is a table linked for `address` under a level-`level` entry? */
static bool has_table(const struct space *space, uint64_t address, uint32_t level)
{
	uint32_t reached;
	return table_is_linked(*table_walk(space->arch.root, address, level, &reached), reached);
}

uint32_t arch_tables_needed(const struct space *space, uint64_t address, uint64_t bytes)
{
	uint64_t last = address + bytes - 1u;
	uint32_t count = 0;
	for (uint32_t level = 1; level < TABLE_LAST_LEVEL; level++) {
		/* Every entry of the range may need a table, unless it has one: only the first and last can. */
		uint64_t more = last / table_level_bytes(level) - address / table_level_bytes(level);
		count += (uint32_t)more + 1u - (has_table(space, address, level) ? 1u : 0u);
		count -= more != 0 && has_table(space, last, level) ? 1u : 0u;
	}
	return count;
}

/* Is `address` behind the last entry of a table of `level`? */
static bool ends_table(uint64_t address, uint32_t level)
{
	return (address & (table_level_bytes(level - 1u) - 1u)) == 0;
}

uint64_t arch_map(struct space *space, uint64_t address, uint64_t physical, uint64_t bytes, uint32_t flags)
{
	uint64_t attributes = DESC_VALID | DESC_AF | field_put(flags, DESC_FLAGS);
	attributes |= (flags & SK_MAP_FLAGS_DEVICE) != 0 ? DESC_DEVICE : DESC_NORMAL;
	attributes |= (flags & SK_MAP_FLAGS_READ) != 0 ? DESC_READ : 0;
	attributes |= (flags & SK_MAP_FLAGS_WRITE) != 0 ? DESC_WRITE : 0;
	attributes |= (flags & SK_MAP_FLAGS_EXECUTE) != 0 ? 0 : DESC_XN;
	uint32_t level = table_leaf_level(address | physical, bytes);
	uint64_t *entry = table_entry(space->arch.root, address, level, space_take_table, space);
	uint64_t done = 0;
	uint32_t leaves = 0;
	/* To the end of this table, where the next leaf may be of another size. */
	do {
		*(volatile uint64_t *)entry++ = table_leaf(physical + done, attributes, level);
		done += table_level_bytes(level);
		leaves++;
	} while (leaves < PIECE_ENTRIES && bytes - done >= table_level_bytes(level) && !ends_table(address + done, level));
	if (level > 1) {
		table_used(table_walk(space->arch.root, address, level - 1u, &level), leaves);
	}
	dsb_ishst();
	return done;
}

uint64_t arch_unmap(struct space *space, uint64_t address, uint64_t bytes)
{
	uint64_t *freed[TABLE_LAST_LEVEL];
	uint32_t freed_count = 0;
	uint32_t level;
	uint64_t *entry = table_walk(space->arch.root, address, TABLE_LAST_LEVEL, &level);
	uint64_t done = 0;
	uint32_t leaves = 0;
	/* To the end of this table, or its first link to another one. */
	do {
		*(volatile uint64_t *)entry++ = 0;
		done += table_level_bytes(level);
		leaves++;
	} while (leaves < PIECE_ENTRIES && done < bytes && !ends_table(address + done, level) &&
		 !table_is_linked(*entry, level));
	uint32_t unused = leaves;
	for (; level > 1; level--) {
		uint32_t above;
		uint64_t *link = table_walk(space->arch.root, address, level - 1u, &above);
		table_used(link, 0ull - unused);
		if (field_get(*link, DESC_USED) != 0) {
			break;
		}
		freed[freed_count++] = table_below(*link);
		*(volatile uint64_t *)link = 0;
		unused = 1;
	}
	invalidate(&space->arch, freed_count == 0 && leaves == 1 ? address : EVERY_LEAF);
	for (uint32_t i = 0; i < freed_count; i++) {
		space_give_tables(space, freed[i], 1);
	}
	return done;
}

bool arch_query(const struct space *space, uint64_t address, uint64_t *physical, uint32_t *flags)
{
	uint32_t level;
	uint64_t entry = *table_walk(space->arch.root, address, TABLE_LAST_LEVEL, &level);
	if (address >= ARCH_SPACE_LIMIT || (entry & DESC_VALID) == 0) {
		return false;
	}
	*physical = (entry & DESC_ADDRESS) + address % table_level_bytes(level);
	*flags = (uint32_t)field_get(entry, DESC_FLAGS);
	return true;
}
