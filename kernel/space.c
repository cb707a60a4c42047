/*
 * Spaces: translation tables and what is mapped where. Every mapping has an
 * entry in the object table, which links it to its memory and to its space, so
 * that either can be taken apart without searching.
 *
 * The invariant behind isolation: a space's tables map exactly the ranges of its
 * mapping entries, each inside a memory object whose capability the mapper held
 * with the rights that the mapping has.
 */
#include <kernel/call.h>
#include <sk/idl/kernel.h>

const struct route no_route;

sk_status_t space_create(struct object *object, bool vm)
{
	uint8_t *pages = (uint8_t *)(uintptr_t)object->base;
	struct space *space = (struct space *)(uintptr_t)object->base;
	sk_status_t status = arch_space_init(space, pages + 2 * SK_PAGE_BYTES);
	if (status != SK_OK) {
		return status;
	}
	space->object = object;
	space->vm = vm;
	if (vm) {
		space->routes = (struct route *)(uintptr_t)(object->base + SK_PAGE_BYTES);
	} else {
		space->slots = (capability *)(uintptr_t)(object->base + SK_PAGE_BYTES);
	}
	space_give_tables(space, pages + SK_SPACE_PAGES * SK_PAGE_BYTES, object->bytes / SK_PAGE_BYTES - SK_SPACE_PAGES);
	object->body = space;
	return SK_OK;
}

void *space_take_table(struct space *space)
{
	struct table_pages *run = space->pool;
	void *table = run;
	if (--run->pages == 0) {
		space->pool = run->next;
	} else {
		table = (uint8_t *)table + run->pages * SK_PAGE_BYTES;
	}
	space->pool_pages--;
	arch_clear_page(table);
	return table;
}

void space_give_tables(struct space *space, void *pages, uint64_t count)
{
	if (count != 0) {
		struct table_pages *run = pages;
		*run = (struct table_pages){ .next = space->pool, .pages = count };
		space->pool = run;
		space->pool_pages += count;
	}
}

/* Takes the entry out of its memory's or its space's list, which begins at `link`. */
static void unlink(uint16_t *link, const struct object *entry, enum mapping_list list)
{
	while (*link != object_index(entry)) {
		link = &object_at(*link)->mapping.next[list];
	}
	*link = entry->mapping.next[list];
}

bool mapping_remove(struct object *entry)
{
	struct object *memory = object_at(entry->mapping.memory);
	struct space *space = object_at(entry->mapping.space)->body;
	/* Piece by piece: after each the entry describes what is left, so that stopping for an interrupt is safe. */
	while (entry->mapping.done != 0) {
		uint64_t bytes = arch_unmap(space, entry->mapping.address, entry->mapping.done);
		entry->mapping.address += bytes;
		entry->base += bytes;
		entry->bytes -= bytes;
		entry->mapping.done -= bytes;
		if (entry->mapping.done != 0 && arch_interrupt_pending()) {
			return false;
		}
	}
	unlink(&memory->memory.mappings, entry, OF_MEMORY);
	memory->memory.mapping_count--;
	unlink(&space->mappings, entry, OF_SPACE);
	space->mapping_count--;
	object_release(entry);
	return true;
}

bool mapping_remove_all(const uint16_t *first)
{
	while (*first != 0) {
		if (!mapping_remove(object_at(*first)) || arch_interrupt_pending()) {
			return *first == 0;
		}
	}
	return true;
}

struct object *space_mapping_at(const struct space *space, uint64_t address, uint64_t bytes)
{
	for (uint16_t index = space->mappings; index != 0; index = object_at(index)->mapping.next[OF_SPACE]) {
		const struct object *entry = object_at(index);
		if (address < entry->mapping.address + entry->bytes && entry->mapping.address < address + bytes) {
			return object_at(index);
		}
	}
	return NULL;
}

/* Fills the tables for what is not in them yet. */
static sk_status_t mapping_fill(struct space *space, struct object *entry)
{
	while (entry->mapping.done < entry->bytes) {
		uint64_t done = entry->mapping.done;
		entry->mapping.done += arch_map(space, entry->mapping.address + done, entry->base + done,
						entry->bytes - done, entry->mapping.flags);
		if (entry->mapping.done < entry->bytes && arch_interrupt_pending()) {
			return KERNEL_RESTART;
		}
	}
	return SK_OK;
}

/* Table pages that mappings cut short may still take: nobody else may have them. */
static uint64_t tables_promised(const struct space *space)
{
	uint64_t pages = 0;
	for (uint16_t index = space->mappings; index != 0; index = object_at(index)->mapping.next[OF_SPACE]) {
		const struct object *entry = object_at(index);
		uint64_t done = entry->mapping.done;
		if (done < entry->bytes) {
			pages += arch_tables_needed(space, entry->mapping.address + done, entry->bytes - done);
		}
	}
	return pages;
}

sk_status_t space_map(struct space *space, struct object *memory, uint64_t address, uint64_t offset, uint64_t size,
		      uint32_t flags)
{
	if (!memory_has(memory, offset, size) || (address & (SK_PAGE_BYTES - 1u)) != 0 ||
	    address > ARCH_SPACE_LIMIT || size > ARCH_SPACE_LIMIT - address) {
		return SK_BAD_ARG;
	}
	if (memory->memory.device) {
		flags |= SK_MAP_FLAGS_DEVICE;
	}
	struct object *entry = space_mapping_at(space, address, size);
	if (entry != NULL) {
		/* This call's own, cut short for an interrupt, goes on; anything else is in the way. */
		bool own = entry->mapping.done < entry->bytes && entry->mapping.address == address &&
			   entry->bytes == size && entry->mapping.memory == object_index(memory) &&
			   entry->base == memory->base + offset && entry->mapping.flags == flags;
		return own ? mapping_fill(space, entry) : SK_OVERLAP;
	}
	if (arch_tables_needed(space, address, size) + tables_promised(space) > space->pool_pages) {
		return SK_NO_MEMORY;
	}
	entry = space->mapping_count < SPACE_MAPPINGS ? object_allocate(OBJECT_MAPPING) : NULL;
	if (entry == NULL) {
		return SK_NO_SLOT;
	}
	entry->base = memory->base + offset;
	entry->bytes = size;
	entry->mapping = (struct mapping){
		.memory = (uint16_t)object_index(memory), .space = (uint16_t)object_index(space->object),
		.next = { [OF_MEMORY] = memory->memory.mappings, [OF_SPACE] = space->mappings },
		.flags = flags, .address = address,
	};
	memory->memory.mappings = (uint16_t)object_index(entry);
	memory->memory.mapping_count++;
	space->mappings = (uint16_t)object_index(entry);
	space->mapping_count++;
	return mapping_fill(space, entry);
}

const struct route *space_route(const struct space *vm, uint64_t address)
{
	uint32_t low = 0;
	uint32_t high = vm->route_count;
	while (low < high) {
		uint32_t middle = (low + high) / 2u;
		const struct route *route = &vm->routes[middle];
		if (address < route->address) {
			high = middle;
		} else if (address - route->address >= route->bytes) {
			low = middle + 1u;
		} else {
			return route;
		}
	}
	return NULL;
}
