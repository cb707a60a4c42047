#include "pool.h"

#include <string.h>

#include <sk/idl/kernel_client.h>
#include <sk/process.h>

#include "tap.h"

#define VIEWS_AT 0x2000000000ull
#define GAP_BYTES 0x10000u
#define TABLES_PAGES 64u /* for this process's own views */
#define VIEWS_MAX 64u

struct pool pool;

static struct {
	sk_cap_t ram;    /* what is left */
	uint64_t next_address;
	uint32_t first;  /* slots from here on are the cases' */
	uint32_t next;
	uint64_t views[VIEWS_MAX];
	uint32_t view_count;
} stock;

static uint32_t last_granted(void)
{
	uint32_t last = 0;

	for (uint32_t i = 0; i < sk_start()->cap_count; i++) {
		last = sk_start()->caps[i].slot > last ? sk_start()->caps[i].slot : last;
	}
	return last;
}

static sk_cap_t granted(const char *name, enum sk_object_type type)
{
	sk_cap_t slot = sk_cap_named_of_type(name, type);

	tap_need(slot != SK_CAP_NONE ? SK_OK : SK_BAD_CAP, name);
	return slot;
}

void pool_init(void)
{
	enum thread_state state;
	uint64_t words[4];

	stock.first = last_granted() + 1;
	stock.next = stock.first;
	stock.next_address = VIEWS_AT;
	stock.ram = granted("ram", SK_OBJECT_TYPE_MEMORY);
	pool.space = granted("space", SK_OBJECT_TYPE_SPACE);
	pool.self = granted("self", SK_OBJECT_TYPE_THREAD);
	pool.core = granted("core", SK_OBJECT_TYPE_CORE);
	pool.machine = granted("machine", SK_OBJECT_TYPE_MACHINE);
	pool.core_number = (uint32_t)sk_argument_number("core", 1);
	tap_need(thread_info(pool.self, &state, &pool.core_here, &words[0], &words[1], &words[2], &words[3]),
		 "this thread's core");

	sk_cap_t tables = pool_ram(TABLES_PAGES);

	tap_need(space_donate(pool.space, tables), "table pages for this process");
}

void pool_keep(void)
{
	stock.first = stock.next;
}

void pool_begin(const char *name)
{
	if (name != NULL) {
		tap_suite(name);
	}
	stock.next = stock.first;
	stock.view_count = 0;
}

/* Managed through a capability that can't call it, which then names the memory. */
static void end_endpoint(sk_cap_t slot)
{
	sk_cap_t control = stock.next;

	if (control > SK_CAP_SLOTS ||
	    space_cap_grant(pool.space, slot, control, SK_RIGHTS_ALL & ~SK_RIGHT_CALL, 0) != SK_OK) {
		return;
	}
	if (endpoint_destroy(control) == SK_OK) {
		(void)space_cap_grant(pool.space, control, slot, SK_RIGHTS_ALL, 0);
	}
	(void)space_cap_delete(pool.space, control);
}

static enum sk_object_type type_of(sk_cap_t slot)
{
	enum sk_object_type type = SK_OBJECT_TYPE_NONE;
	sk_rights_t rights;
	uint32_t badge;
	uint32_t object;
	uint32_t generation;

	(void)space_cap_info(pool.space, slot, &type, &rights, &badge, &object, &generation);
	return type;
}

static void end_slot(sk_cap_t slot)
{
	switch (type_of(slot)) {
	case SK_OBJECT_TYPE_THREAD:
		(void)thread_destroy(slot);
		break;
	case SK_OBJECT_TYPE_VCPU:
		(void)vcpu_destroy(slot);
		break;
	case SK_OBJECT_TYPE_SPACE: /* this process's own stays by itself */
		(void)space_destroy(slot);
		break;
	case SK_OBJECT_TYPE_ENDPOINT:
		end_endpoint(slot);
		break;
	case SK_OBJECT_TYPE_NOTIFICATION:
		(void)notification_destroy(slot);
		break;
	case SK_OBJECT_TYPE_INTERRUPT:
		(void)interrupt_destroy(slot);
		break;
	case SK_OBJECT_TYPE_VIRQ:
		(void)virq_destroy(slot);
		break;
	default:
		break;
	}
}

struct piece {
	sk_cap_t slot;
	uint64_t base;
	uint64_t bytes;
};

static bool piece_read(struct piece *piece, sk_cap_t slot)
{
	enum memory_memory_kind kind;
	uint32_t mappings;

	piece->slot = slot;
	/* Asking an endpoint would be a call to its server. */
	return type_of(slot) == SK_OBJECT_TYPE_MEMORY &&
	       memory_info(slot, &piece->base, &piece->bytes, &kind, &mappings) == SK_OK;
}

/* Joins the stock to the piece just below it; the two change places. */
static bool join(const struct piece *piece)
{
	return memory_merge(piece->slot, stock.ram) == SK_OK &&
	       space_cap_grant(pool.space, piece->slot, stock.ram, SK_RIGHTS_ALL, 0) == SK_OK &&
	       space_cap_delete(pool.space, piece->slot) == SK_OK;
}

/* Pieces were cut off from the bottom of the stock: the last one goes back first. */
static void take_back(void)
{
	static struct piece pieces[SK_CAP_SLOTS + 1];
	struct piece rest;
	uint32_t count = 0;
	bool joined = piece_read(&rest, stock.ram);

	for (sk_cap_t slot = stock.first; slot < stock.next; slot++) {
		count += piece_read(&pieces[count], slot) ? 1u : 0u;
	}
	while (joined) {
		joined = false;
		for (uint32_t i = 0; i < count && !joined; i++) {
			if (pieces[i].base + pieces[i].bytes == rest.base && join(&pieces[i])) {
				rest.base = pieces[i].base;
				joined = true;
			}
		}
	}
}

void pool_end(void)
{
	for (sk_cap_t slot = stock.next; slot > stock.first; slot--) {
		end_slot(slot - 1);
	}
	for (uint32_t i = 0; i < stock.view_count; i++) {
		(void)space_unmap(pool.space, stock.views[i]);
	}
	take_back();
	for (sk_cap_t slot = stock.first; slot < stock.next; slot++) {
		(void)space_cap_delete(pool.space, slot);
	}
}

sk_cap_t pool_slot(void)
{
	tap_need(stock.next <= SK_CAP_SLOTS ? SK_OK : SK_NO_SLOT, "a slot for the case");
	return stock.next++;
}

/* The lower part keeps the entry and the slot, so they change places. */
sk_cap_t pool_ram(uint32_t pages)
{
	sk_cap_t slot = pool_slot();
	sk_cap_t rest = pool_slot();

	tap_need(memory_split(stock.ram, (uint64_t)pages * SK_PAGE_BYTES, rest), "RAM for the case");
	tap_need(space_cap_grant(pool.space, stock.ram, slot, SK_RIGHTS_ALL, 0), "RAM's slot");
	tap_need(space_cap_delete(pool.space, stock.ram), "RAM's old slot");
	tap_need(space_cap_grant(pool.space, rest, stock.ram, SK_RIGHTS_ALL, 0), "the rest's slot");
	tap_need(space_cap_delete(pool.space, rest), "the rest's old slot");
	stock.next--;
	return slot;
}

uint64_t pool_left(void)
{
	struct piece rest;

	return piece_read(&rest, stock.ram) ? rest.bytes : 0;
}

uint64_t pool_address(uint64_t bytes)
{
	uint64_t address = stock.next_address + GAP_BYTES;

	stock.next_address = (address + bytes + GAP_BYTES) & ~(uint64_t)(GAP_BYTES - 1u);
	return address;
}

void *pool_view(sk_cap_t memory, uint64_t offset, uint64_t bytes, uint32_t flags)
{
	uint64_t address = pool_address(bytes);

	tap_need(stock.view_count < VIEWS_MAX ? SK_OK : SK_NO_SLOT, "a view for the case");
	tap_need(space_map(pool.space, memory, address, offset, bytes, flags), "a view");
	stock.views[stock.view_count++] = address;
	return (void *)(uintptr_t)address;
}

sk_cap_t pool_seen(uint32_t pages, void *view)
{
	sk_cap_t memory = pool_ram(pages);
	uint64_t bytes = (uint64_t)pages * SK_PAGE_BYTES;
	void *address = pool_view(memory, 0, bytes, SK_MAP_FLAGS_READ | SK_MAP_FLAGS_WRITE);

	memset(address, 0, bytes);
	memcpy(view, &address, sizeof(address));
	return memory;
}

sk_cap_t pool_endpoint(void)
{
	sk_cap_t slot = pool_ram(1);

	tap_need(memory_create_endpoint(slot, slot), "an endpoint");
	return slot;
}

sk_cap_t pool_notification(void)
{
	sk_cap_t slot = pool_ram(1);

	tap_need(memory_create_notification(slot, slot), "a notification");
	return slot;
}

static sk_cap_t make_space(enum sk_space_kind kind, uint32_t table_pages)
{
	sk_cap_t slot = pool_ram(SK_SPACE_PAGES + table_pages);

	tap_need(memory_create_space(slot, kind, slot), "a space");
	return slot;
}

sk_cap_t pool_process(uint32_t table_pages)
{
	return make_space(SK_SPACE_KIND_PROCESS, table_pages);
}

sk_cap_t pool_vm(uint32_t table_pages)
{
	return make_space(SK_SPACE_KIND_VM, table_pages);
}

sk_cap_t pool_copy(sk_cap_t from, uint32_t rights, uint32_t badge)
{
	sk_cap_t slot = pool_slot();

	tap_need(space_cap_grant(pool.space, from, slot, rights, badge), "a copy of a capability");
	return slot;
}
