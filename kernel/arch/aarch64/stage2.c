/*
 * Spaces: stage-2 translation for processes and VMs alike. 39-bit addresses, 4 KiB
 * granule, three levels, the root being one page; 1 GiB and 2 MiB blocks where a
 * mapping's alignment allows. Formats: Arm ARM, D8.3 and D8.4; TLB rules: D8.13.
 *
 * Isolation rests on these invariants:
 *  - A leaf entry maps only memory that a live mapping object names, with at most
 *    that mapping's access, so no table page, kernel page or other space's private
 *    memory can be reached through a space.
 *  - Table pages come from the space's own pool, and are zero when they come and when they go back.
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
#include <arch/sysreg.h>
#include <sk/idl/kernel.h>

#define ENTRIES 512u
#define LAST_LEVEL 3u
#define ADDRESS_BITS 39u
#define PIECE_ENTRIES 128u    /* per call */
#define FREED_MAX 8u          /* table pages given up per call */
#define VMIDS 256u

#define DESC_VALID SYSREG_BIT(0)
#define DESC_TABLE SYSREG_BIT(1)
#define DESC_PAGE SYSREG_BIT(1)
#define DESC_NORMAL 0x3cull       /* MemAttr: write-back, inner and outer */
#define DESC_DEVICE 0x04ull       /* MemAttr: device-nGnRE */
#define DESC_READ SYSREG_BIT(6)
#define DESC_WRITE SYSREG_BIT(7)
#define DESC_INNER 0x300ull
#define DESC_AF SYSREG_BIT(10)
#define DESC_XN SYSREG_BIT(54)
#define DESC_ADDRESS 0xfffffffff000ull

static uint64_t vmids[VMIDS / 64u] = {1u};

static uint64_t level_bytes(uint32_t level)
{
	return (uint64_t)SK_PAGE_BYTES << (9u * (LAST_LEVEL - level));
}

static uint64_t *entry_of(uint64_t *table, uint64_t address, uint32_t level)
{
	return &table[address / level_bytes(level) % ENTRIES];
}

static bool is_table(uint64_t entry, uint32_t level)
{
	return level < LAST_LEVEL && (entry & (DESC_VALID | DESC_TABLE)) == (DESC_VALID | DESC_TABLE);
}

static uint64_t *table_of(uint64_t entry)
{
	return (uint64_t *)(entry & DESC_ADDRESS);
}

bool stage2_supported(void)
{
	return field_get(read_sysreg(id_aa64mmfr0_el1), MMFR0_PARANGE) >= MMFR0_PARANGE_40;
}

void stage2_core_init(void)
{
	uint64_t range = field_get(read_sysreg(id_aa64mmfr0_el1), MMFR0_PARANGE);
	if (range > MMFR0_PARANGE_48) {
		range = MMFR0_PARANGE_48;
	}
	write_sysreg(vttbr_el2, 0);
	write_sysreg(vtcr_el2, VTCR_RES1 | field_put(range, TCR_PS) | TCR_SH0_INNER | TCR_ORGN0_WBWA |
		     TCR_IRGN0_WBWA | VTCR_SL0_LEVEL1 | field_put(64u - ADDRESS_BITS, TCR_T0SZ));
	isb();
	/* A core that was away heard none of the others' invalidations. */
	__asm__ volatile("tlbi alle1\n\tic iallu\n\tdsb nsh\n\tisb" : : : "memory");
}

/* TLB maintenance acts on the VMID in VTTBR_EL2, so the space's is put there for a moment. */
static uint64_t vmid_enter(const struct arch_space *arch)
{
	uint64_t previous = read_sysreg(vttbr_el2);
	dsb_ishst();
	write_sysreg(vttbr_el2, arch->vttbr);
	isb();
	return previous;
}

static void vmid_leave(uint64_t previous)
{
	dsb_ish();
	write_sysreg(vttbr_el2, previous);
	isb();
}

static void invalidate_all(const struct arch_space *arch)
{
	uint64_t previous = vmid_enter(arch);
	__asm__ volatile("tlbi vmalls12e1is" : : : "memory");
	vmid_leave(previous);
	core_count_event(core_this(), COUNT_TLB_MAINTENANCE);
}

/* One leaf: by address in stage 2; then what stage 1 made of it, which can't be named by address. */
static void invalidate_leaf(const struct arch_space *arch, uint64_t address)
{
	uint64_t previous = vmid_enter(arch);
	__asm__ volatile("tlbi ipas2e1is, %0\n\tdsb ish\n\ttlbi vmalle1is"
			 : : "r"(address / SK_PAGE_BYTES) : "memory");
	vmid_leave(previous);
	core_count_event(core_this(), COUNT_TLB_MAINTENANCE);
}

sk_status_t arch_space_init(struct space *space, void *root)
{
	for (uint32_t i = 0; i < VMIDS / 64u; i++) {
		if (vmids[i] != UINT64_MAX) {
			uint32_t bit = (uint32_t)__builtin_ctzll(~vmids[i]);
			vmids[i] |= 1ull << bit;
			arch_clear_page(root);
			space->arch.root = root;
			space->arch.vttbr = field_put(i * 64u + bit, VTTBR_VMID) | (uint64_t)root;
			return SK_OK;
		}
	}
	return SK_NO_SLOT;
}

void arch_space_release(struct space *space)
{
	uint64_t vmid = field_get(space->arch.vttbr, VTTBR_VMID);
	invalidate_all(&space->arch);
	if (read_sysreg(vttbr_el2) == space->arch.vttbr) {
		write_sysreg(vttbr_el2, 0);
		isb();
	}
	vmids[vmid / 64u] &= ~(1ull << vmid % 64u);
	space->arch.vttbr = 0;
	space->arch.root = NULL;
}

uint64_t arch_space_limit(const struct space *space)
{
	(void)space;
	return 1ull << ADDRESS_BITS;
}

/* Is a table linked for `address` under a level-`level` entry? */
static bool has_table(const struct space *space, uint64_t address, uint32_t level)
{
	uint64_t entry = *entry_of(space->arch.root, address, 1);
	if (level == 2 && is_table(entry, 1)) {
		entry = *entry_of(table_of(entry), address, 2);
	}
	return is_table(entry, level);
}

/* Every entry of the range at `level` may need a table, unless it has one: only the first and last can. */
static uint32_t missing_tables(const struct space *space, uint64_t address, uint64_t last, uint32_t level)
{
	uint64_t first_entry = address / level_bytes(level);
	uint64_t last_entry = last / level_bytes(level);
	uint32_t count = (uint32_t)(last_entry - first_entry + 1u);
	count -= has_table(space, address, level) ? 1u : 0u;
	if (last_entry != first_entry) {
		count -= has_table(space, last, level) ? 1u : 0u;
	}
	return count;
}

uint32_t arch_tables_needed(const struct space *space, uint64_t address, uint64_t bytes)
{
	uint64_t last = address + bytes - 1u;
	return missing_tables(space, address, last, 1) + missing_tables(space, address, last, 2);
}

static uint64_t attributes_of(uint32_t flags)
{
	uint64_t entry = DESC_VALID | DESC_AF;
	entry |= (flags & SK_MAP_FLAGS_DEVICE) != 0 ? DESC_DEVICE : DESC_NORMAL | DESC_INNER;
	entry |= (flags & SK_MAP_FLAGS_READ) != 0 ? DESC_READ : 0;
	entry |= (flags & SK_MAP_FLAGS_WRITE) != 0 ? DESC_WRITE : 0;
	entry |= (flags & SK_MAP_FLAGS_EXECUTE) != 0 ? 0 : DESC_XN;
	return entry;
}

/* The table at `level` that covers `address`; makes it, and those above. */
static uint64_t *table_at(struct space *space, uint64_t address, uint32_t level)
{
	uint64_t *table = space->arch.root;
	for (uint32_t l = 1; l < level; l++) {
		uint64_t *entry = entry_of(table, address, l);
		if (!is_table(*entry, l)) {
			void *fresh = space_take_table(space);
			dsb_ishst(); /* a walk must not see the link before the zeroes that the pool's pages are */
			*(volatile uint64_t *)entry = (uint64_t)fresh | DESC_VALID | DESC_TABLE;
		}
		table = table_of(*entry);
	}
	return table;
}

uint64_t arch_map(struct space *space, uint64_t address, uint64_t physical, uint64_t bytes, uint32_t flags)
{
	uint64_t attributes = attributes_of(flags);
	uint64_t done = 0;
	for (uint32_t i = 0; i < PIECE_ENTRIES && done < bytes; i++) {
		uint32_t level = 1;
		while (level < LAST_LEVEL && (((address + done) | (physical + done)) % level_bytes(level) != 0 ||
					      bytes - done < level_bytes(level))) {
			level++;
		}
		uint64_t *entry = entry_of(table_at(space, address + done, level), address + done, level);
		uint64_t kind = level == LAST_LEVEL ? DESC_PAGE : 0;
		*(volatile uint64_t *)entry = (physical + done) | attributes | kind;
		done += level_bytes(level);
	}
	dsb_ishst();
	return done;
}

/* Table pages that hold nothing any more, on their way back to the pool. */
struct freed {
	uint32_t count;
	uint64_t *tables[FREED_MAX];
};

static bool is_empty(const uint64_t *table)
{
	uint64_t any = 0;
	for (uint32_t i = 0; i < ENTRIES; i++) {
		any |= table[i];
	}
	return any == 0;
}

/* The range's end, or the table's, was reached at `level`: unlinks the tables there that are empty. */
static void unlink_empty(uint64_t *const path[], uint64_t address, uint32_t level, struct freed *freed)
{
	for (uint32_t l = level; l > 1 && is_empty(path[l]); l--) {
		*(volatile uint64_t *)entry_of(path[l - 1u], address, l - 1u) = 0;
		freed->tables[freed->count++] = path[l];
	}
}

uint64_t arch_unmap(struct space *space, uint64_t address, uint64_t bytes)
{
	struct freed freed;
	freed.count = 0;
	uint32_t leaves = 0;
	uint64_t leaf = 0;
	uint64_t done = 0;
	for (uint32_t i = 0; i < PIECE_ENTRIES && done < bytes && freed.count + LAST_LEVEL <= FREED_MAX; i++) {
		uint64_t at = address + done;
		uint64_t *path[LAST_LEVEL + 1u];
		uint32_t level = 1;
		path[1] = space->arch.root;
		while (is_table(*entry_of(path[level], at, level), level)) {
			path[level + 1u] = table_of(*entry_of(path[level], at, level));
			level++;
		}
		uint64_t *entry = entry_of(path[level], at, level);
		if (*entry != 0) {
			*(volatile uint64_t *)entry = 0;
			leaves++;
			leaf = at;
		}
		done += level_bytes(level) - at % level_bytes(level);
		if (done >= bytes || (level > 1 && (address + done) % level_bytes(level - 1u) == 0)) {
			unlink_empty(path, at, level, &freed);
		}
	}
	if (freed.count == 0 && leaves == 1) {
		invalidate_leaf(&space->arch, leaf);
	} else if (leaves != 0 || freed.count != 0) {
		invalidate_all(&space->arch);
	}
	for (uint32_t i = 0; i < freed.count; i++) {
		space_give_table(space, freed.tables[i]);
	}
	return done < bytes ? done : bytes;
}

bool arch_query(const struct space *space, uint64_t address, uint64_t *physical, uint32_t *flags)
{
	if (address >= arch_space_limit(space)) {
		return false;
	}
	uint32_t level = 1;
	uint64_t entry = *entry_of(space->arch.root, address, 1);
	while (is_table(entry, level)) {
		level++;
		entry = *entry_of(table_of(entry), address, level);
	}
	if ((entry & DESC_VALID) == 0) {
		return false;
	}
	*physical = (entry & DESC_ADDRESS) + address % level_bytes(level);
	*flags = ((entry & DESC_READ) != 0 ? SK_MAP_FLAGS_READ : 0) |
		 ((entry & DESC_WRITE) != 0 ? SK_MAP_FLAGS_WRITE : 0) |
		 ((entry & DESC_XN) != 0 ? 0 : SK_MAP_FLAGS_EXECUTE) |
		 ((entry & DESC_NORMAL) == DESC_DEVICE ? SK_MAP_FLAGS_DEVICE : 0);
	return true;
}
