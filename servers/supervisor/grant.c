#include "grant.h"

#include <string.h>

#include <sk/idl/kernel_client.h>

#include "object.h"

/* Names come from the manifest, which limits them; what is still too long is cut. */
static void set_name(char *to, const char *name)
{
	strncpy(to, name, SK_NAME_BYTES - 1);
	to[SK_NAME_BYTES - 1] = '\0';
}

static sk_status_t list_region(struct server *server, const char *name, uint64_t address, uint64_t bytes,
			       uint32_t flags)
{
	struct sk_start *start = server->start;

	if (start->region_count == SK_START_REGIONS) {
		return SK_NO_SLOT;
	}

	struct sk_start_region *region = &start->regions[start->region_count];

	*region = (struct sk_start_region){ .address = address, .bytes = bytes, .flags = flags };
	set_name(region->name, name);
	start->region_count++;
	return SK_OK;
}

static bool has_slot(const struct server *server)
{
	return server->start->cap_count < SK_START_CAPS && server->next_slot <= SK_CAP_SLOTS;
}

static void list_cap(struct server *server, const char *name, enum sk_object_type type)
{
	struct sk_start *start = server->start;
	struct sk_start_cap *cap = &start->caps[start->cap_count];

	*cap = (struct sk_start_cap){ .slot = server->next_slot, .type = type };
	set_name(cap->name, name);
	start->cap_count++;
	server->next_slot++;
}

/* Whatever a server has, its standby has at the same places. */
static sk_status_t put(const struct server *server, uint32_t slot, sk_cap_t from, sk_rights_t rights, uint32_t badge)
{
	sk_status_t status = space_cap_grant(server->space, from, slot, rights, badge);

	if (status == SK_OK && server->standby.space != SK_CAP_NONE) {
		status = space_cap_grant(server->standby.space, from, slot, rights, badge);
	}
	return status;
}

void grant_take(const struct server *server, uint32_t slot)
{
	(void)space_cap_delete(server->space, slot);
	if (server->standby.space != SK_CAP_NONE) {
		(void)space_cap_delete(server->standby.space, slot);
	}
}

static sk_status_t map(const struct server *server, const struct grant_memory *memory, uint64_t address)
{
	sk_status_t status = object_map(server->space, memory->memory, address, memory->offset, memory->bytes,
					memory->access);

	if (status == SK_OK && server->standby.space != SK_CAP_NONE) {
		status = object_map(server->standby.space, memory->memory, address, memory->offset, memory->bytes,
				    memory->access);
	}
	return status;
}

sk_status_t grant_cap(struct server *server, const char *name, enum sk_object_type type, sk_cap_t from,
		      sk_rights_t rights, uint32_t badge)
{
	if (!has_slot(server)) {
		return SK_NO_SLOT;
	}

	sk_status_t status = put(server, server->next_slot, from, rights, badge);

	if (status == SK_OK) {
		list_cap(server, name, type);
	}
	return status;
}

sk_status_t grant_cap_at(const struct server *server, uint32_t slot, sk_cap_t from, sk_rights_t rights, uint32_t badge)
{
	grant_take(server, slot);
	return from == SK_CAP_NONE ? SK_OK : put(server, slot, from, rights, badge);
}

sk_status_t grant_reserve(struct server *server, const char *name, enum sk_object_type type)
{
	if (!has_slot(server)) {
		return SK_NO_SLOT;
	}
	list_cap(server, name, type);
	return SK_OK;
}

sk_status_t grant_reserved(const struct server *server, const char *name, sk_cap_t from, sk_rights_t rights)
{
	for (uint32_t i = 0; i < server->start->cap_count; i++) {
		if (strcmp(server->start->caps[i].name, name) == 0) {
			return grant_cap_at(server, server->start->caps[i].slot, from, rights, 0);
		}
	}
	return SK_BAD_ARG;
}

sk_status_t grant_region(struct server *server, const char *name, const struct grant_memory *memory)
{
	uint64_t align = memory->align != 0 ? memory->align : SK_PAGE_BYTES;
	uint64_t address = layout_place(&server->layout.next_region, memory->bytes, align);
	uint32_t flags = memory->flags;

	if (address == 0) {
		return SK_NO_MEMORY;
	}

	sk_status_t status = map(server, memory, address);

	if (status != SK_OK) {
		return status;
	}
	flags |= (memory->access & SK_MAP_FLAGS_WRITE) != 0 ? SK_REGION_WRITABLE : 0u;
	flags |= (memory->access & SK_MAP_FLAGS_DEVICE) != 0 ? SK_REGION_DEVICE : 0u;
	status = list_region(server, name, address, memory->bytes, flags);
	if (status == SK_OK) {
		server->start->regions[server->start->region_count - 1].peer = memory->peer;
	}
	return status;
}

sk_status_t grant_archive(struct server *server, const char *name, uint64_t offset, uint64_t bytes)
{
	uint64_t first = page_floor(offset);
	struct grant_memory memory = {
		.memory = SK_BOOT_SLOT_ARCHIVE,
		.offset = first,
		.bytes = page_ceil(offset + bytes) - first,
		.access = SK_MAP_FLAGS_READ,
	};
	sk_status_t status = map(server, &memory, SK_VA_ARCHIVE + first);

	return status != SK_OK ? status : grant_listed(server, name, offset, bytes);
}

sk_status_t grant_listed(struct server *server, const char *name, uint64_t offset, uint64_t bytes)
{
	return list_region(server, name, SK_VA_ARCHIVE + offset, bytes, SK_REGION_SHARED);
}

void grant_mark(struct server *server)
{
	server->mark = (struct grant_mark){
		.next_slot = server->next_slot,
		.next_region = server->layout.next_region,
		.cap_count = server->start->cap_count,
		.region_count = server->start->region_count,
	};
}

void grant_roll_back(struct server *server)
{
	while (server->next_slot > server->mark.next_slot) {
		server->next_slot--;
		grant_take(server, server->next_slot);
	}
	server->layout.next_region = server->mark.next_region;
	server->start->cap_count = server->mark.cap_count;
	server->start->region_count = server->mark.region_count;
}

sk_status_t grant_own(struct server *server, const char *name, const struct layout_part *part, uint32_t flags)
{
	return part->bytes == 0 ? SK_OK
				: list_region(server, name, part->address, part->bytes, SK_REGION_WRITABLE | flags);
}
