#include "object.h"

#include <string.h>

#include <sk/boot.h>
#include <sk/idl/kernel_client.h>
#include <skink/manifest.h>

#include "layout.h"
#include "slots.h"

#define TABLE_PAGES_MORE 8u /* a piece, donated to a space that ran out of table pages */
#define VIEWS_AT (SK_VA_REGIONS + (1ull << 30)) /* behind what the boot image gave the supervisor */

#define DONATIONS 32u

static uint64_t taken_bytes;
static uint64_t next_view = VIEWS_AT;

/* Memory that VMs' spaces were given for their tables: it comes back with them. Other spaces are never destroyed. */
static struct {
	sk_cap_t space; /* SK_CAP_NONE: nothing here */
	sk_cap_t memory;
} donations[DONATIONS];

static sk_cap_t vm_spaces[MANIFEST_VMS];

void object_init(void)
{
	taken_bytes = 0;
	next_view = VIEWS_AT;
	memset(donations, 0, sizeof(donations));
	memset(vm_spaces, 0, sizeof(vm_spaces));
}

uint64_t object_bytes(void)
{
	return taken_bytes;
}

static void give_back(const struct ram_range *range)
{
	taken_bytes -= range->bytes;
	(void)ram_give(range);
}

static sk_status_t take(uint32_t count, struct ram_range *range)
{
	sk_status_t status = ram_take((uint64_t)count * SK_PAGE_BYTES, SK_PAGE_BYTES, range);

	if (status == SK_OK) {
		taken_bytes += range->bytes;
	}
	return status;
}

/* The retyping returned `status`: the slot names the object now, or still the memory, which goes back. */
static sk_status_t settle(sk_status_t status, const struct ram_range *range, sk_cap_t *object)
{
	*object = range->memory;
	if (status != SK_OK) {
		give_back(range);
		*object = SK_CAP_NONE;
	}
	return status;
}

sk_status_t object_make_space(enum sk_space_kind kind, uint32_t table_pages, sk_cap_t *space)
{
	struct ram_range range;
	sk_status_t status = take(SK_SPACE_PAGES + table_pages, &range);

	if (status == SK_OK) {
		status = settle(memory_create_space(range.memory, kind, range.memory), &range, space);
	}
	for (uint32_t i = 0; status == SK_OK && kind == SK_SPACE_KIND_VM && i < MANIFEST_VMS; i++) {
		if (vm_spaces[i] == SK_CAP_NONE) {
			vm_spaces[i] = *space;
			break;
		}
	}
	return status;
}

static bool is_vm(sk_cap_t space)
{
	for (uint32_t i = 0; i < MANIFEST_VMS; i++) {
		if (vm_spaces[i] == space) {
			return true;
		}
	}
	return false;
}

void object_destroy_vm(sk_cap_t space)
{
	if (space == SK_CAP_NONE) {
		return;
	}
	(void)space_destroy(space);
	for (uint32_t i = 0; i < DONATIONS; i++) {
		if (donations[i].space == space) {
			object_reclaim(donations[i].memory);
			donations[i].space = SK_CAP_NONE;
		}
	}
	for (uint32_t i = 0; i < MANIFEST_VMS; i++) {
		vm_spaces[i] = vm_spaces[i] == space ? SK_CAP_NONE : vm_spaces[i];
	}
	object_reclaim(space);
}

sk_status_t object_make_thread(sk_cap_t space, uint32_t core, sk_cap_t *thread, sk_cap_t *buffer)
{
	struct ram_range page;
	struct ram_range range;
	sk_status_t status = take(1, &page);

	if (status != SK_OK) {
		return status;
	}
	status = take(1, &range);
	if (status == SK_OK) {
		status = settle(memory_create_thread(range.memory, space, core, page.memory, range.memory), &range,
				thread);
	}
	if (status != SK_OK) {
		give_back(&page);
		return status;
	}
	*buffer = page.memory;
	return SK_OK;
}

sk_status_t object_make_vcpu(sk_cap_t vm, uint32_t core, sk_cap_t state, uint64_t config, sk_cap_t *vcpu)
{
	struct ram_range range;
	sk_status_t status = take(1, &range);

	return status != SK_OK ? status
			       : settle(memory_create_vcpu(range.memory, vm, core, state, config, range.memory), &range,
					vcpu);
}

sk_status_t object_make_endpoint(sk_cap_t *endpoint, sk_cap_t *control)
{
	struct ram_range range;
	sk_status_t status = take(1, &range);

	if (status == SK_OK) {
		status = settle(memory_create_endpoint(range.memory, range.memory), &range, endpoint);
	}
	return status != SK_OK ? status : object_badge(*endpoint, SK_RIGHT_READ | SK_RIGHT_CONTROL, 0, control);
}

sk_status_t object_make_notification(sk_cap_t *notification)
{
	struct ram_range range;
	sk_status_t status = take(1, &range);

	return status != SK_OK ? status
			       : settle(memory_create_notification(range.memory, range.memory), &range, notification);
}

void object_reclaim(sk_cap_t slot)
{
	struct ram_range range = { .memory = slot };
	enum memory_memory_kind kind;
	uint32_t mappings;

	if (slot == SK_CAP_NONE) {
		return;
	}
	if (memory_info(slot, &range.base, &range.bytes, &kind, &mappings) != SK_OK) {
		return; /* not memory: the object lives on, and its slot with it */
	}
	if (mappings != 0) {
		(void)memory_unmap_all(slot);
	}
	(void)ram_give(&range);
}

sk_status_t object_badge(sk_cap_t from, sk_rights_t rights, uint32_t badge, sk_cap_t *copy)
{
	*copy = slots_take();
	if (*copy == SK_CAP_NONE) {
		return SK_NO_SLOT;
	}

	sk_status_t status = space_cap_grant(SK_BOOT_SLOT_SPACE, from, *copy, rights, badge);

	if (status != SK_OK) {
		slots_give(*copy);
		*copy = SK_CAP_NONE;
	}
	return status;
}

void object_drop(sk_cap_t slot)
{
	if (slot != SK_CAP_NONE) {
		(void)space_cap_delete(SK_BOOT_SLOT_SPACE, slot);
		slots_give(slot);
	}
}

/* The pages are the space's until it is destroyed. Of one that never is, the supervisor forgets them. */
static void donated(sk_cap_t space, sk_cap_t memory)
{
	for (uint32_t i = 0; i < DONATIONS && is_vm(space); i++) {
		if (donations[i].space == SK_CAP_NONE) {
			donations[i].space = space;
			donations[i].memory = memory;
			return;
		}
	}
	object_drop(memory);
}

static sk_status_t donate(sk_cap_t space)
{
	struct ram_range more;
	sk_status_t status = take(TABLE_PAGES_MORE, &more);

	if (status != SK_OK) {
		return status;
	}
	status = space_donate(space, more.memory);
	if (status != SK_OK) {
		give_back(&more);
		return status;
	}
	donated(space, more.memory);
	return SK_OK;
}

sk_status_t object_map(sk_cap_t space, sk_cap_t memory, uint64_t address, uint64_t offset, uint64_t bytes,
		       sk_map_flags_t flags)
{
	/* At most a table page for each 2 MiB and one for each 1 GiB, with their ends: then something else is wrong. */
	uint64_t tries = 2 + (bytes / RAM_BLOCK_BYTES + (bytes >> 30)) / TABLE_PAGES_MORE;
	sk_status_t status = space_map(space, memory, address, offset, bytes, flags);

	while (status == SK_NO_MEMORY && tries > 0) {
		status = donate(space);
		if (status == SK_OK) {
			status = space_map(space, memory, address, offset, bytes, flags);
		}
		tries--;
	}
	return status;
}

static void *view(sk_cap_t memory, uint64_t offset, uint64_t bytes, sk_map_flags_t flags)
{
	uint64_t address = layout_place(&next_view, bytes, SK_PAGE_BYTES);

	if (address == 0 || object_map(SK_BOOT_SLOT_SPACE, memory, address, offset, bytes,
				       SK_MAP_FLAGS_READ | SK_MAP_FLAGS_WRITE | flags) != SK_OK) {
		return NULL;
	}
	return (void *)(uintptr_t)address;
}

void *object_view(sk_cap_t memory, uint64_t bytes)
{
	return view(memory, 0, bytes, 0);
}

void *object_view_pair(sk_cap_t first, uint64_t first_bytes, sk_cap_t second, uint64_t bytes)
{
	const sk_map_flags_t writable = SK_MAP_FLAGS_READ | SK_MAP_FLAGS_WRITE;
	uint64_t address = layout_place(&next_view, first_bytes + bytes, SK_PAGE_BYTES);

	if (address == 0 || object_map(SK_BOOT_SLOT_SPACE, first, address, 0, first_bytes, writable) != SK_OK ||
	    object_map(SK_BOOT_SLOT_SPACE, second, address + first_bytes, first_bytes, bytes, writable) != SK_OK) {
		return NULL;
	}
	return (void *)(uintptr_t)address;
}

volatile uint32_t *object_view_register(sk_cap_t memory, uint64_t offset)
{
	uint32_t *page = view(memory, page_floor(offset), SK_PAGE_BYTES, SK_MAP_FLAGS_DEVICE);

	return page == NULL ? NULL : page + offset % SK_PAGE_BYTES / sizeof(*page);
}

void object_unview(void *seen)
{
	if (seen != NULL) {
		(void)space_unmap(SK_BOOT_SLOT_SPACE, (uint64_t)(uintptr_t)seen);
	}
}
