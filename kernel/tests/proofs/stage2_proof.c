/*
 * AArch64's stage-2 tables: what a space shows after mapping and unmapping is exactly what was asked for, for each of
 * its addresses; the walk never leaves the space's own tables; none is used twice, lost, or given back while anything,
 * a core's TLB among it, may still know it.
 */
#include "proof.h"

static uint64_t *proof_page(uint64_t physical);
static uint64_t proof_fresh(const void *page, uint64_t address, uint32_t reached);
static void proof_invalidated(uint64_t address);

#include <kernel/arch/aarch64/stage2.c>

/*
 * All tables that a space can have: the root; for each of its entries one, for each of theirs one. Which page of the
 * pool is taken makes no difference, so each table has the page of its place in the tree, linked or not.
 */
#define PAGES 7u
#define BASE 0x100ull          /* where they are in the machine, as pages */
#define SPACE_SHOWS 8u         /* pages: all addresses of a space */
#define RAM_PAGES 64u          /* what leaves show is below the tables */

/* Bits of entries that the kernel's code looks at, and those by which one memory differs from another. */
#define USED (DESC_VALID | DESC_TABLE | 3u * DESC_USED_ONE | DESC_READ | DESC_WRITE | DESC_XN | field_put(0xf, DESC_FLAGS) | \
	      ((BASE | (RAM_PAGES - 1u)) * SK_PAGE_BYTES))

_Static_assert(SPACE_SHOWS == ARCH_SPACE_LIMIT / SK_PAGE_BYTES && TABLE_ENTRIES == 2u, "stage2.lens");

static uint64_t pages[PAGES][TABLE_ENTRIES];
static bool given_back[PAGES];
static struct space space;
static struct core core;
struct core *proof_core = &core;
static uint32_t pool, taken;

/* The table's place below an entry of another: 1 and 2 below the root, 3 and 4 below 1, 5 and 6 below 2. */
static uint32_t child(uint32_t page, uint32_t entry)
{
	return 2u * page + 1u + entry;
}

/* It says how many of the table's entries are in use. */
static uint64_t link_to(uint32_t page)
{
	uint64_t used = (pages[page][0] != 0 ? 1u : 0u) + (pages[page][1] != 0 ? 1u : 0u);
	return (BASE + page) * SK_PAGE_BYTES | DESC_VALID | DESC_TABLE | used * DESC_USED_ONE;
}

static uint64_t *proof_page(uint64_t physical)
{
	uint64_t index = physical / SK_PAGE_BYTES - BASE;
	proof_that(index < PAGES, "a walk stays in the space's own tables");
	return pages[index < PAGES ? index : 0];
}

/* A table for `address` is to be linked by an entry of level `reached`: its page, which is zero. */
static uint64_t proof_fresh(const void *page, uint64_t address, uint32_t reached)
{
	(void)page;
	uint32_t index = 1u + (uint32_t)(address / table_level_bytes(1)) % 2u;
	if (reached == 2u) {
		index = child(index, (uint32_t)(address / table_level_bytes(2)) % 2u);
	}
	proof_that(reached < TABLE_LAST_LEVEL, "above the last level");
	pages[index][0] = 0;
	pages[index][1] = 0;
	return (BASE + index) * SK_PAGE_BYTES;
}

void *space_take_table(struct space *owner)
{
	proof_that(owner == &space && taken < pool, "there are as many tables as the check said");
	taken++;
	return NULL;
}

/* What the hardware was told since the operation began. */
static bool all_told, leaf_told;
static uint64_t told;

static void proof_invalidated(uint64_t address)
{
	proof_that(read_sysreg(vttbr_el2) == space.arch.vttbr, "invalidation is for the space's own VMID");
	all_told = all_told || address == EVERY_LEAF;
	leaf_told = address != EVERY_LEAF;
	told = address;
}

static bool is_linked(uint32_t page);

void space_give_tables(struct space *owner, void *page, uint64_t count)
{
	uint64_t index = (uint64_t)((uint64_t(*)[TABLE_ENTRIES])page - pages);
	proof_that(owner == &space && count == 1 && index != 0 && index < PAGES, "a table goes back");
	proof_that(!is_linked((uint32_t)index) && !given_back[index], "one that no entry links, once");
	proof_that(pages[index][0] == 0 && pages[index][1] == 0, "it is zero");
	proof_that(all_told, "no TLB has it any more");
	given_back[index] = true;
}

void arch_clear_page(void *page)
{
	(void)page;
}

/* Does the entry of a table say something that the kernel writes: nothing, its table, or a leaf? */
static bool entry_is_sound(uint32_t page, uint32_t entry, uint32_t level)
{
	uint64_t value = pages[page][entry];
	uint64_t physical = value & DESC_ADDRESS;
	bool leaf = (value & DESC_VALID) != 0 && ((value & DESC_TABLE) != 0) == (level == TABLE_LAST_LEVEL) &&
		    physical % table_level_bytes(level) == 0 && physical / SK_PAGE_BYTES < RAM_PAGES;
	return value == 0 || leaf || (level < TABLE_LAST_LEVEL && value == link_to(child(page, entry)));
}

static uint32_t level_of(uint32_t page)
{
	return page == 0 ? 1u : page < 3u ? 2u : 3u;
}

static bool is_linked(uint32_t page)
{
	if (page == 0) {
		return true;
	}
	uint32_t parent = (page - 1u) / 2u;
	bool linked = pages[parent][(page - 1u) % 2u] == link_to(page);
	return linked && (parent == 0 || pages[0][(parent - 1u) % 2u] == link_to(parent));
}

static bool tables_are_sound(void)
{
	bool sound = true;
	for (uint32_t page = 0; page < PAGES; page++) {
		for (uint32_t entry = 0; entry < TABLE_ENTRIES; entry++) {
			sound = sound && (!is_linked(page) || entry_is_sound(page, entry, level_of(page)));
		}
	}
	return sound;
}

/* Each table below the root has something in it: none is kept for nothing. */
static bool none_is_empty(void)
{
	bool full = true;
	for (uint32_t page = 1; page < PAGES; page++) {
		full = full && (!is_linked(page) || pages[page][0] != 0 || pages[page][1] != 0);
	}
	return full;
}

/* The leaf that the hardware finds for a page of the space, and its size; 0: nothing. */
struct leaf {
	uint64_t entry;
	uint64_t bytes;
};

static struct leaf leaf_at(uint32_t page)
{
	uint32_t top = page / 4u, middle = page / 2u % 2u;
	uint64_t entry = pages[0][top];
	if (entry != link_to(child(0, top))) {
		return (struct leaf){ entry, 4u * SK_PAGE_BYTES };
	}
	entry = pages[child(0, top)][middle];
	if (entry != link_to(child(child(0, top), middle))) {
		return (struct leaf){ entry, 2u * SK_PAGE_BYTES };
	}
	return (struct leaf){ pages[child(child(0, top), middle)][page % 2u], SK_PAGE_BYTES };
}

/* What an address shows, its place in the leaf added. */
static uint64_t seen(uint32_t page)
{
	struct leaf leaf = leaf_at(page);
	return leaf.entry == 0 ? 0 : (leaf.entry & ~DESC_TABLE) + (page * SK_PAGE_BYTES & (leaf.bytes - 1u));
}

static void tables_make(void)
{
	space.arch.root = pages[0];
	space.arch.vttbr = nondet_u64();
	for (uint32_t i = 0; i < PAGES; i++) {
		for (uint32_t j = 0; j < TABLE_ENTRIES; j++) {
			pages[i][j] = nondet_u64() & USED;
		}
	}
	proof_assume(tables_are_sound() && none_is_empty());
	pool = PAGES;
}

static uint64_t any_page(void)
{
	return (uint64_t)any_below(SPACE_SHOWS) * SK_PAGE_BYTES;
}

/* A piece of a mapping: what it covers shows the memory with the flags, the rest what it showed. */
void proof_map(void)
{
	tables_make();
	uint64_t address = any_page(), bytes = SK_PAGE_BYTES + any_page();
	uint64_t physical = (uint64_t)any_below(RAM_PAGES - SPACE_SHOWS) * SK_PAGE_BYTES;
	uint32_t flags = any_below(SK_MAP_FLAGS_MASK + 1u);
	/* What space_map() has checked: the range is the space's, nothing is there, and there are enough tables. */
	proof_assume(bytes <= ARCH_SPACE_LIMIT - address);
	uint64_t before[SPACE_SHOWS];
	for (uint32_t page = 0; page < SPACE_SHOWS; page++) {
		before[page] = seen(page);
		uint64_t at = page * SK_PAGE_BYTES;
		proof_assume(before[page] == 0 || at < address || at - address >= bytes);
	}
	uint32_t needed = arch_tables_needed(&space, address, bytes);
	pool = needed;
	uint64_t done = arch_map(&space, address, physical, bytes, flags);
	proof_that(done != 0 && done <= bytes && done % SK_PAGE_BYTES == 0, "something is done, and no more than asked");
	proof_that(tables_are_sound() && none_is_empty(), "the tables are sound");
	for (uint32_t page = 0; page < SPACE_SHOWS; page++) {
		uint64_t at = page * SK_PAGE_BYTES, now = seen(page);
		if (at < address || at - address >= done) {
			proof_that(now == before[page], "any other address shows what it showed");
			continue;
		}
		proof_that((now & DESC_ADDRESS) == physical + (at - address), "the address shows its memory");
		proof_that(((now & DESC_READ) != 0) == ((flags & SK_MAP_FLAGS_READ) != 0) &&
			   ((now & DESC_WRITE) != 0) == ((flags & SK_MAP_FLAGS_WRITE) != 0) &&
			   ((now & DESC_XN) == 0) == ((flags & SK_MAP_FLAGS_EXECUTE) != 0), "with the access given");
		proof_that(field_get(now, DESC_FLAGS) == flags && (now & DESC_VALID) != 0, "which it remembers");
	}
	if (done < bytes) {
		proof_that(arch_tables_needed(&space, address + done, bytes - done) <= needed - taken,
			   "what is left of the tables is enough for the rest");
	}
	proof_witness(done == bytes && taken == 2, "a mapping with two new tables");
	proof_witness(done < bytes, "a piece of one");
	proof_witness(done > 3u * SK_PAGE_BYTES, "with a block");
}

/* A piece of what was mapped goes, and nothing else; tables that are empty then go back, when no TLB knows them. */
void proof_unmap(void)
{
	tables_make();
	uint64_t address = any_page(), bytes = SK_PAGE_BYTES + any_page();
	proof_assume(bytes <= ARCH_SPACE_LIMIT - address);
	uint64_t before[SPACE_SHOWS];
	bool linked[PAGES];
	for (uint32_t page = 0; page < SPACE_SHOWS; page++) {
		uint64_t at = page * SK_PAGE_BYTES;
		struct leaf leaf = leaf_at(page);
		before[page] = seen(page);
		/* The range was mapped as a whole: something is everywhere in it, and no leaf reaches out of it. */
		uint64_t first = at & ~(leaf.bytes - 1u);
		bool inside = at >= address && at - address < bytes;
		proof_assume(!inside || (leaf.entry != 0 && first >= address && first - address + leaf.bytes <= bytes));
	}
	for (uint32_t page = 0; page < PAGES; page++) {
		linked[page] = is_linked(page);
	}
	uint64_t done = arch_unmap(&space, address, bytes);
	proof_that(done != 0 && done <= bytes && done % SK_PAGE_BYTES == 0, "something is done, and no more than asked");
	proof_that(tables_are_sound(), "the tables are sound");
	proof_that(done < bytes || none_is_empty(), "no table is kept for nothing");
	for (uint32_t page = 0; page < SPACE_SHOWS; page++) {
		uint64_t at = page * SK_PAGE_BYTES;
		bool gone = at >= address && at - address < done;
		proof_that(seen(page) == (gone ? 0 : before[page]), "what is unmapped shows nothing, the rest what it showed");
		proof_that(!gone || all_told || (leaf_told && at >= told && at - told < done),
			   "no TLB shows what is unmapped");
	}
	for (uint32_t page = 1; page < PAGES; page++) {
		proof_that(given_back[page] == (linked[page] && !is_linked(page)), "each table that is unlinked goes back");
	}
	proof_witness(done == bytes && given_back[1] && given_back[3], "two tables go back");
	proof_witness(done < bytes, "a piece of one");
	proof_witness(leaf_told && !all_told, "a single page");
}

/* The kernel's own walk finds what the hardware finds. */
void proof_query(void)
{
	tables_make();
	uint64_t address = nondet_u64(), physical = 0;
	uint32_t flags = 0;
	bool found = arch_query(&space, address, &physical, &flags);
	uint64_t shown = 0;
	for (uint32_t page = 0; page < SPACE_SHOWS; page++) {
		shown = address / SK_PAGE_BYTES == page ? seen(page) : shown;
	}
	proof_that(found == (shown != 0), "if there is anything");
	proof_that(!found || (physical == (shown & DESC_ADDRESS) + address % SK_PAGE_BYTES &&
			      flags == field_get(shown, DESC_FLAGS)), "with its flags");
	proof_witness(found, "there is");
	proof_witness(!found && address >= ARCH_SPACE_LIMIT, "an address that no space has");
}

/* No two live spaces have the same VMID, none has that of nobody, and one that is free again was invalidated. */
void proof_vmid(void)
{
	for (uint32_t i = 0; i < VMIDS / 64u; i++) {
		vmids[i] = nondet_u64();
	}
	proof_assume((vmids[0] & 1u) != 0);
	uint32_t other = any_below(VMIDS);
	bool live = (vmids[other / 64u] >> other % 64u & 1u) != 0;
	static _Alignas(SK_PAGE_BYTES) uint64_t root[TABLE_ENTRIES];
	sk_status_t status = arch_space_init(&space, root);
	uint64_t vmid = field_get(space.arch.vttbr, VTTBR_VMID);
	if (status == SK_OK) {
		proof_that(!live || vmid != other, "a live space keeps its VMID to itself");
		proof_that(vmid != 0 && (vmids[vmid / 64u] >> vmid % 64u & 1u) != 0, "it is taken");
		arch_space_release(&space);
		proof_that(all_told, "its translations are gone from the TLBs");
		proof_that((vmids[vmid / 64u] >> vmid % 64u & 1u) == 0, "it is free again");
	}
	proof_that((vmids[0] & 1u) != 0 && ((vmids[other / 64u] >> other % 64u & 1u) != 0) == live, "others stay as they were");
	proof_witness(status == SK_OK && vmid > 64, "the first words are full");
	proof_witness(status != SK_OK, "there is none");
}
