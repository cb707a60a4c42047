/*
 * /servers: the processes, what each owns and whom it may call.
 */
#include "reader.h"

#define SERVER_KIB_MAX (1u << 20)
#define SERVER_NAME_MAX (SK_NAME_BYTES - 1 - (sizeof("stream:") - 1)) /* the console has a region "stream:NAME" */
#define SERVER_DMA_KIB_MAX (1u << 16)
#define MILLION 1000000u

static const struct property server_properties[] = {
	{ "image", "the file name of the server's program in the boot archive", true },
	{ "args", "strings, at most 512 bytes", false },
	{ "cores", "1 to 8 core numbers, one worker thread on each", false },
	{ "priority", "0 (most urgent) to 255", false },
	{ "budget-us", "microseconds in each period, 1 to 1000000", false },
	{ "period-us", "microseconds, 1 to 1000000", false },
	{ "call-budget-us", "microseconds, 0 (no limit) to 60000000", false },
	{ "heartbeat-ms", "milliseconds, 0 (none) to 60000", false },
	{ "heap-kib", "KiB in multiples of 4, 0 to 1048576", false },
	{ "persistent-kib", "KiB in multiples of 4, 0 to 1048576", false },
	{ "dma-kib", "KiB in multiples of 4, 0 to 65536", false },
	{ "stream", "no value", false },
	{ "streams", "1 to 7", false },
	{ "operator", "no value", false },
	{ "archive", "no value", false },
	{ "devices", "references to 1 to 4 devices of the platform", false },
	{ "device-names", "a name for each of `devices`", false },
	{ "only-with", "references to 1 to 4 devices of the platform", false },
	{ "uses", "references to 1 to 16 servers", false },
	{ "uses-names", "a name for each of `uses`", false },
};
static const char *const server_children[] = { "restart", "objects", NULL };
static const struct schema server_schema = { "a server", SCHEMA_PROPERTIES(server_properties), server_children };

#define MEMBERS (MANIFEST_SERVERS + MANIFEST_VMS)

static void value_references(const struct section *section, const char *name, uint32_t *indices, uint32_t capacity,
			     uint32_t *count, uint32_t (*find)(const struct manifest *, int), const char *what)
{
	struct reader *reader = section->reader;
	uint32_t handles[MEMBERS];
	uint32_t n = 0;
	value_u32_list(section, name, (struct bounds){ 1, UINT32_MAX }, handles, capacity, &n);
	for (uint32_t i = 0; i < n; i++) {
		int node = fdt_node_offset_by_phandle(reader->fdt, handles[i]);
		indices[i] = node < 0 ? MANIFEST_NONE : find(reader->manifest, node);
		if (indices[i] == MANIFEST_NONE) {
			const char *named = node < 0 ? "nothing" : fdt_get_name(reader->fdt, node, NULL);
			reader_fail(reader, section->node, name, "refers to `%s`, which is no %s; expected %s", named,
				    what, "references such as <&name>");
		}
	}
	*count = n;
}

static uint32_t server_at_node(const struct manifest *manifest, int node)
{
	for (uint32_t i = 0; i < manifest->server_count; i++) {
		if (manifest->servers[i].node == node) {
			return i;
		}
	}
	return MANIFEST_NONE;
}

static uint32_t device_at_node(const struct manifest *manifest, int node)
{
	for (uint32_t i = 0; i < manifest->platform.device_count; i++) {
		if (manifest->platform.devices[i].node == node) {
			return i;
		}
	}
	return MANIFEST_NONE;
}

void value_servers(const struct section *section, const char *name, uint32_t *servers, uint32_t capacity,
		   uint32_t *count)
{
	value_references(section, name, servers, capacity, count, server_at_node, "server");
}

void value_devices(const struct section *section, const char *name, uint32_t *devices, uint32_t capacity,
		   uint32_t *count)
{
	value_references(section, name, devices, capacity, count, device_at_node, "device of the platform");
}

/* Servers, and behind them the VMs. */
static uint32_t member_at_node(const struct manifest *manifest, int node)
{
	for (uint32_t i = 0; i < manifest->vm_count; i++) {
		if (manifest->vms[i].node == node) {
			return MANIFEST_SERVERS + i;
		}
	}
	return server_at_node(manifest, node);
}

void value_members(const struct section *section, const char *name, uint64_t *servers, uint32_t *vms)
{
	uint32_t members[MEMBERS];
	uint32_t count = 0;
	value_references(section, name, members, MEMBERS, &count, member_at_node, "server and no VM");
	for (uint32_t i = 0; i < count; i++) {
		if (members[i] < MANIFEST_SERVERS) {
			*servers |= 1ull << members[i];
		} else if (members[i] != MANIFEST_NONE) {
			*vms |= 1u << (members[i] - MANIFEST_SERVERS);
		}
	}
}

static void server_memory(const struct section *section, const char *name, uint32_t max, uint32_t *kib)
{
	value_u32(section, name, (struct bounds){ 0, max }, kib);
	if (*kib % 4 != 0) {
		reader_fail(section->reader, section->node, name, "is %u KiB; expected a multiple of 4 (a page)", *kib);
	}
}

/* `names` must give one name to each of `count` things; returns the list, or NULL where the defaults hold. */
static const char *server_names(const struct section *section, const char *names, uint32_t count, uint32_t *bytes)
{
	const char *strings = value_strings(section, names, bytes);
	if (strings == NULL) {
		return NULL;
	}
	if (strings_at(strings, *bytes, count) != NULL ||
	    (count > 0 && strings_at(strings, *bytes, count - 1) == NULL)) {
		reader_fail(section->reader, section->node, names, "does not name each thing once; expected %u names",
			    count);
		return NULL;
	}
	for (uint32_t i = 0; i < count; i++) {
		const char *name = strings_at(strings, *bytes, i);
		if (strlen(name) >= SK_NAME_BYTES) {
			reader_fail(section->reader, section->node, names, "has `%s`; expected at most %u characters",
				    name, SK_NAME_BYTES - 1);
		}
	}
	return strings;
}

static void server_uses(const struct section *section, struct manifest_server *server)
{
	const struct manifest *manifest = section->reader->manifest;
	uint32_t used[MANIFEST_SERVER_USES];
	uint32_t bytes;
	value_servers(section, "uses", used, MANIFEST_SERVER_USES, &server->use_count);
	const char *names = server_names(section, "uses-names", server->use_count, &bytes);
	for (uint32_t i = 0; i < server->use_count; i++) {
		const char *own = used[i] == MANIFEST_NONE ? "" : manifest->servers[used[i]].name;
		server->uses[i] = (struct manifest_use){ names != NULL ? strings_at(names, bytes, i) : own, used[i] };
	}
}

static void device_region_name(char *name, const char *source)
{
	uint32_t n = 0;
	while (n < SK_NAME_BYTES - 1 && source[n] != '\0' && source[n] != '@') {
		name[n] = source[n];
		n++;
	}
	name[n] = '\0';
}

static void server_devices(const struct section *section, struct manifest_server *server)
{
	const struct manifest_platform *platform = &section->reader->manifest->platform;
	uint32_t owned[MANIFEST_SERVER_DEVICES];
	uint32_t bytes;
	value_devices(section, "devices", owned, MANIFEST_SERVER_DEVICES, &server->device_count);
	const char *names = server_names(section, "device-names", server->device_count, &bytes);
	for (uint32_t i = 0; i < server->device_count; i++) {
		const char *own = owned[i] == MANIFEST_NONE ? "" : platform->devices[owned[i]].name;
		server->devices[i].device = owned[i];
		device_region_name(server->devices[i].name, names != NULL ? strings_at(names, bytes, i) : own);
	}
}

/* `stream` is one of them, `streams` says how many. */
static void server_streams(const struct section *section, struct manifest_server *server)
{
	bool one = false;
	value_flag(section, "stream", &one);
	server->streams = one ? 1 : 0;
	value_u32(section, "streams", (struct bounds){ 1, MANIFEST_SERVER_STREAMS }, &server->streams);
}

static void server_read(struct reader *reader, struct manifest_server *server)
{
	struct section section = section_open(reader, server->node, &server_schema);
	value_string(&section, "image", &server->image);
	server->args = value_strings(&section, "args", &server->args_bytes);
	if (server->args_bytes >= SK_START_ARGS_BYTES) {
		reader_fail(reader, server->node, "args", "has %u bytes; expected fewer than %u", server->args_bytes,
			    SK_START_ARGS_BYTES);
	}
	platform_cores(&section, "cores", server->cores, &server->core_count);
	value_u32(&section, "priority", (struct bounds){ 0, 255 }, &server->priority);
	value_u32(&section, "budget-us", (struct bounds){ 1, MILLION }, &server->budget_us);
	value_u32(&section, "period-us", (struct bounds){ 1, MILLION }, &server->period_us);
	value_u32(&section, "call-budget-us", (struct bounds){ 0, 60 * MILLION }, &server->call_budget_us);
	value_u32(&section, "heartbeat-ms", (struct bounds){ 0, 60000 }, &server->heartbeat_ms);
	server_memory(&section, "heap-kib", SERVER_KIB_MAX, &server->heap_kib);
	server_memory(&section, "persistent-kib", SERVER_KIB_MAX, &server->persistent_kib);
	server_memory(&section, "dma-kib", SERVER_DMA_KIB_MAX, &server->dma_kib);
	server_streams(&section, server);
	value_flag(&section, "operator", &server->operator);
	value_flag(&section, "archive", &server->archive);
	value_devices(&section, "only-with", server->only_with, MANIFEST_SERVER_DEVICES, &server->only_with_count);
	server_uses(&section, server);
	server_devices(&section, server);
	restart_read(reader, server->node, &server->restart);
	objects_read(reader, server->node, &server->objects);
}

void servers_collect(struct reader *reader, int node)
{
	struct manifest *manifest = reader->manifest;
	int child;
	fdt_for_each_subnode(child, reader->fdt, node)
	{
		if (manifest->server_count == MANIFEST_SERVERS) {
			reader_fail(reader, child, NULL, "is one server too many; expected at most %u",
				    MANIFEST_SERVERS);
			return;
		}
		manifest->servers[manifest->server_count++] = (struct manifest_server){
			.name = section_name(reader, child, "a server", SERVER_NAME_MAX, false),
			.image = "",
			.priority = 16,
			.call_budget_us = MANIFEST_CALL_BUDGET_US,
			.heap_kib = 64,
			.node = child,
		};
	}
}

void servers_read(struct reader *reader)
{
	for (uint32_t i = 0; i < reader->manifest->server_count; i++) {
		server_read(reader, &reader->manifest->servers[i]);
	}
}
