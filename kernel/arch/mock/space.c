/*
 * The mock machine's translation tables: three levels of 512 entries, pages only.
 * An entry is the page's address, the mapping's flags, and a bit that says that it
 * is there. Tables come from the space's pool, are zero when they come, and go
 * back zero as soon as they are empty.
 */
#include <arch/mock.h>
#include <stdlib.h>

#define LEVELS 3u
#define ENTRIES 512u
#define ENTRY_PRESENT 0x800ull
#define ENTRY_FLAGS 0xfull
#define ENTRY_ADDRESS (~0xfffull)

_Static_assert(MOCK_SPACES <= 64u, "mock.spaces is one word");

sk_status_t arch_space_init(struct space *space, void *root)
{
	for (uint32_t i = 0; i < MOCK_SPACES; i++) {
		if ((mock.spaces >> i & 1u) == 0) {
			mock.spaces |= 1ull << i;
			space->arch = (struct arch_space){ .root = root, .number = i };
			mock_record(MOCK_SPACE_INIT, i, 0);
			return SK_OK;
		}
	}
	return SK_NO_SLOT;
}

void arch_space_release(struct space *space)
{
	mock_record(MOCK_SPACE_RELEASE, space->arch.number, 0);
	mock.spaces &= ~(1ull << space->arch.number);
}

static uint64_t *entry_of(uint64_t *table, uint64_t address, uint32_t level)
{
	return &table[address >> (12u + 9u * (LEVELS - level)) & (ENTRIES - 1u)];
}

static uint64_t *table_of(uint64_t entry)
{
	return (uint64_t *)(uintptr_t)(entry & ENTRY_ADDRESS);
}

/* The table at `level` that covers the address; NULL: there is none. */
static uint64_t *find(const struct space *space, uint64_t address, uint32_t level)
{
	uint64_t *table = space->arch.root;
	for (uint32_t l = 1; l < level; l++) {
		uint64_t entry = *entry_of(table, address, l);
		if (entry == 0) {
			return NULL;
		}
		table = table_of(entry);
	}
	return table;
}

uint32_t arch_tables_needed(const struct space *space, uint64_t address, uint64_t bytes)
{
	uint32_t needed = 0;
	for (uint32_t level = 2; level <= LEVELS; level++) {
		uint64_t span = 1ull << (12u + 9u * (LEVELS - level + 1u));
		for (uint64_t at = address & ~(span - 1u); at < address + bytes; at += span) {
			needed += find(space, at, level) == NULL ? 1u : 0u;
		}
	}
	return needed;
}

uint64_t arch_map(struct space *space, uint64_t address, uint64_t physical, uint64_t bytes, uint32_t flags)
{
	mock_record(MOCK_MAP, address, bytes);
	uint64_t done = 0;
	while (done < bytes && done < mock.map_piece_pages * (uint64_t)SK_PAGE_BYTES) {
		uint64_t *table = space->arch.root;
		for (uint32_t level = 1; level < LEVELS; level++) {
			uint64_t *entry = entry_of(table, address + done, level);
			if (*entry == 0) {
				*entry = (uint64_t)(uintptr_t)space_take_table(space) | ENTRY_PRESENT;
			}
			table = table_of(*entry);
		}
		uint64_t *entry = entry_of(table, address + done, LEVELS);
		if (*entry != 0) {
			abort(); /* the kernel maps over something */
		}
		*entry = (physical + done) | flags | ENTRY_PRESENT;
		done += SK_PAGE_BYTES;
	}
	return done;
}

static bool is_empty(const uint64_t *table)
{
	for (uint32_t i = 0; i < ENTRIES; i++) {
		if (table[i] != 0) {
			return false;
		}
	}
	return true;
}

uint64_t arch_unmap(struct space *space, uint64_t address, uint64_t bytes)
{
	mock_record(MOCK_UNMAP, address, bytes);
	uint64_t done = 0;
	while (done < bytes && done < mock.map_piece_pages * (uint64_t)SK_PAGE_BYTES) {
		uint64_t at = address + done;
		*entry_of(find(space, at, LEVELS), at, LEVELS) = 0;
		for (uint32_t level = LEVELS; level > 1 && is_empty(find(space, at, level)); level--) {
			uint64_t *empty = find(space, at, level);
			*entry_of(find(space, at, level - 1u), at, level - 1u) = 0;
			space_give_tables(space, empty, 1);
		}
		done += SK_PAGE_BYTES;
	}
	return done;
}

bool arch_query(const struct space *space, uint64_t address, uint64_t *physical, uint32_t *flags)
{
	uint64_t *table = address >= ARCH_SPACE_LIMIT ? NULL : find(space, address, LEVELS);
	uint64_t entry = table == NULL ? 0 : *entry_of(table, address, LEVELS);
	if (entry == 0) {
		return false;
	}
	*physical = (entry & ENTRY_ADDRESS) + (address & (SK_PAGE_BYTES - 1u));
	*flags = (uint32_t)(entry & ENTRY_FLAGS);
	return true;
}
