#include "wiring.h"

#include <stdio.h>
#include <string.h>

#include <sk/idl/block.h>
#include <sk/idl/console.h>
#include <sk/idl/device.h>
#include <sk/idl/entropy.h>
#include <sk/idl/kernel_client.h>
#include <sk/idl/net.h>
#include <sk/idl/pci.h>
#include <sk/idl/sched.h>
#include <sk/idl/supervisor.h>
#include <sk/idl/vmm.h>
#include <sk/start.h>

#include "grant.h"
#include "hardware.h"
#include "injection.h"
#include "object.h"
#include "tracing.h"

static struct server *server_at(uint32_t index)
{
	return &system_state.servers[index];
}

uint32_t wiring_interface(const struct manifest_server *server)
{
	static const struct {
		const char *image;
		uint32_t interface;
	} known[] = {
		{ "sched", TIMERS_INTERFACE },
		{ "console", CONSOLE_INTERFACE },
		{ "vmm", VMM_INTERFACE },
		{ "blk_driver", BLOCK_INTERFACE },
		{ "netswitch", NET_INTERFACE },
		{ "rng_driver", ENTROPY_INTERFACE },
		{ "pci", PCI_INTERFACE },
	};

	for (uint32_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(server->image, known[i].image) == 0) {
			return known[i].interface;
		}
	}
	return DEVICE_INTERFACE;
}

bool wiring_uses(const struct manifest_server *client, uint32_t server)
{
	for (uint32_t i = 0; i < client->use_count; i++) {
		if (client->uses[i].server == server) {
			return true;
		}
	}
	return false;
}

static sk_status_t connect_uses(struct server *server)
{
	const struct manifest_server *config = server->config;
	sk_status_t status = SK_OK;

	for (uint32_t i = 0; status == SK_OK && i < config->use_count; i++) {
		const struct server *peer = server_at(config->uses[i].server);
		uint32_t badge = SK_BADGE(wiring_interface(peer->config), server->index);

		if (peer->unusable == NULL) {
			status = grant_cap(server, config->uses[i].name, SK_OBJECT_TYPE_ENDPOINT, peer->endpoint,
					   SK_RIGHT_CALL, badge);
		}
	}
	/* Time is for everybody. */
	if (status == SK_OK && !wiring_uses(config, system_state.sched) && system_state.sched != MANIFEST_NONE &&
	    server->index != system_state.sched) {
		status = grant_cap(server, "sched", SK_OBJECT_TYPE_ENDPOINT, server_at(system_state.sched)->endpoint,
				   SK_RIGHT_CALL, SK_BADGE(TIMERS_INTERFACE, server->index));
	}
	if (status == SK_OK && config->operator) {
		status = grant_cap(server, "supervisor", SK_OBJECT_TYPE_ENDPOINT, SK_BOOT_SLOT_ENDPOINT, SK_RIGHT_CALL,
				   SK_BADGE(OPERATOR_INTERFACE, server->index));
	}
	if (status == SK_OK && config->operator && system_state.manifest.fault_injection) {
		status = grant_cap(server, "injection", SK_OBJECT_TYPE_ENDPOINT, SK_BOOT_SLOT_ENDPOINT, SK_RIGHT_CALL,
				   SK_BADGE(INJECTION_INTERFACE, server->index));
	}
	if (status == SK_OK && config->operator && wiring_uses(config, system_state.sched)) {
		status = grant_cap(server, "sched-control", SK_OBJECT_TYPE_ENDPOINT,
				   server_at(system_state.sched)->endpoint, SK_RIGHT_CALL,
				   SK_BADGE(SCHED_CONTROL_INTERFACE, server->index));
	}
	return status;
}

void wiring_tell_users(const struct server *server)
{
	for (uint32_t i = 0; i < system_state.manifest.server_count; i++) {
		const struct server *client = server_at(i);

		if (client->unusable == NULL && wiring_uses(client->config, server->index)) {
			(void)sk_signal(client->notifications[0], SK_SIGNAL_LOST);
		}
	}
}

/* What `from` and `to` share for a stream or a log: the region in the console, called `kind` and the server's name. */
static sk_status_t show_to_console(struct server *server, const char *kind, const struct layout_part *part)
{
	struct server *console = server_at(system_state.console);
	char name[SK_NAME_BYTES];
	struct grant_memory memory = {
		.memory = server->kept,
		.offset = part->offset,
		.bytes = part->bytes,
		.access = SK_MAP_FLAGS_READ | SK_MAP_FLAGS_WRITE,
		.flags = SK_REGION_SHARED | SK_REGION_PERSISTENT,
	};

	if (part->bytes == 0 || server == console) {
		return SK_OK; /* the console has its own under its own names */
	}
	(void)snprintf(name, sizeof(name), "%s:%.16s", kind, server->config->name);
	return grant_region(console, name, &memory);
}

static sk_status_t connect_console(struct server *server)
{
	const uint32_t own_bits = SK_SIGNAL_LOG | (server->config->streams != 0 ? SK_SIGNAL_STREAM : 0u);
	char name[SK_NAME_BYTES];

	if (system_state.console == MANIFEST_NONE || server_at(system_state.console)->unusable != NULL) {
		return SK_OK;
	}

	struct server *console = server_at(system_state.console);
	sk_status_t status = grant_cap(server, "console", SK_OBJECT_TYPE_NOTIFICATION, console->notifications[0],
				       SK_RIGHT_CALL, own_bits);

	if (status == SK_OK) {
		status = show_to_console(server, "log", &server->layout.log);
	}
	for (uint32_t i = 0; status == SK_OK && i < server->config->streams; i++) {
		const struct layout_part stream = layout_stream(&server->layout, i);

		(void)snprintf(name, sizeof(name), i == 0 ? "stream" : "tty%u", i);
		status = show_to_console(server, name, &stream);
	}
	if (status == SK_OK && server->config->streams != 0) {
		(void)snprintf(name, sizeof(name), "stream:%.16s", server->config->name);
		status = grant_cap(console, name, SK_OBJECT_TYPE_NOTIFICATION, server->notifications[0], SK_RIGHT_CALL,
				   SK_SIGNAL_STREAM);
	}
	return status;
}

static sk_status_t connect_member(const struct manifest_channel *channel, uint32_t member, sk_cap_t memory)
{
	struct server *server = server_at(channel->members[member]);
	char name[SK_NAME_BYTES];
	struct grant_memory grant = {
		.memory = memory,
		.bytes = channel->kib * 1024ull,
		.access = SK_MAP_FLAGS_READ | SK_MAP_FLAGS_WRITE,
		.flags = SK_REGION_SHARED | (channel->persistent ? SK_REGION_PERSISTENT : 0u),
	};

	if (server->unusable != NULL) {
		return SK_OK;
	}

	if (channel->member_count == 2) {
		grant.peer = channel->members[1 - member];
	}

	sk_status_t status = grant_region(server, channel->names[member], &grant);

	(void)snprintf(name, sizeof(name), "channel:%.15s", channel->names[member]);
	for (uint32_t i = 0; status == SK_OK && i < channel->member_count; i++) {
		const struct server *peer = server_at(channel->members[i]);

		if (i != member && peer->unusable == NULL) {
			status = grant_cap(server, name, SK_OBJECT_TYPE_NOTIFICATION, peer->notifications[0],
					   SK_RIGHT_CALL, SK_SIGNAL_PEER);
		}
	}
	return status;
}

static sk_status_t connect_channel(uint32_t index)
{
	const struct manifest_channel *channel = &system_state.manifest.channels[index];
	struct ram_range range;
	sk_status_t status = ram_take(channel->kib * 1024ull, SK_PAGE_BYTES, &range);

	if (status == SK_OK) {
		system_state.channels[index] = range.memory;
		status = memory_clear(range.memory, 0, range.bytes);
	}
	if (status == SK_OK && system_state.manifest.fault_injection) {
		system_state.channel_views[index] = object_view(range.memory, range.bytes);
	}
	for (uint32_t i = 0; status == SK_OK && i < channel->member_count; i++) {
		status = connect_member(channel, i, range.memory);
	}
	return status;
}

/* The manifest is small: everybody who asks the supervisor, shows names or places devices may read it. VMMs get the whole archive, and who asks for it. */
static sk_status_t connect_manifest(struct server *server)
{
	const struct sk_archive *archive = &system_state.archive;
	bool is_vmm = manifest_vm_of_vmm(&system_state.manifest, server->index) != MANIFEST_NONE;
	uint64_t at = (uint64_t)((const uint8_t *)system_state.manifest.dtb - archive->base);
	sk_status_t status = SK_OK;

	if (is_vmm || server->config->archive) {
		status = grant_archive(server, "archive", 0, archive->bytes);
		return status != SK_OK ? status : grant_listed(server, "manifest", at, system_state.manifest_bytes);
	}
	if (server->config->operator || server->index == system_state.console || hardware_has_host(server)) {
		status = grant_archive(server, "manifest", at, system_state.manifest_bytes);
	}
	return status;
}

void wiring_reset_channels(const struct server *server, bool persistent)
{
	for (uint32_t i = 0; i < system_state.manifest.channel_count; i++) {
		const struct manifest_channel *channel = &system_state.manifest.channels[i];

		for (uint32_t j = 0; (persistent || !channel->persistent) && j < channel->member_count; j++) {
			if (channel->members[j] == server->index) {
				(void)memory_clear(system_state.channels[i], 0, channel->kib * 1024ull);
			}
		}
	}
}

/* What it may make kernel objects from. The supervisor keeps no track of what it makes. */
static sk_status_t connect_objects(struct server *server)
{
	const struct manifest_objects *objects = &server->config->objects;
	struct ram_range range;

	if (objects->ram_kib == 0) {
		return SK_OK;
	}

	sk_status_t status = ram_take(objects->ram_kib * 1024ull, RAM_BLOCK_BYTES, &range);

	if (status == SK_OK) {
		status = grant_cap(server, "ram", SK_OBJECT_TYPE_MEMORY, range.memory, SK_RIGHTS_ALL, 0);
	}
	if (status == SK_OK) {
		status = grant_cap(server, "space", SK_OBJECT_TYPE_SPACE, server->space, SK_RIGHTS_ALL, 0);
	}
	if (status == SK_OK) {
		status = grant_cap(server, "self", SK_OBJECT_TYPE_THREAD, server->workers[0].thread, SK_RIGHTS_ALL, 0);
	}
	if (status == SK_OK && objects->core < system_state.core_count) {
		status = grant_cap(server, "core", SK_OBJECT_TYPE_CORE, system_state.cores[objects->core],
				   SK_RIGHTS_ALL, 0);
	}
	if (status == SK_OK && objects->machine) {
		status = grant_cap(server, "machine", SK_OBJECT_TYPE_MACHINE, SK_BOOT_SLOT_MACHINE, SK_RIGHTS_ALL, 0);
	}
	return status;
}

static void check(struct server *server, sk_status_t status)
{
	if (status != SK_OK && server->unusable == NULL) {
		server->unusable = "it could not be given what the manifest grants it";
		printf("server %s: %s (%d)\n", server->config->name, server->unusable, (int)status);
	}
}

void wiring_connect(void)
{
	const struct manifest *manifest = &system_state.manifest;

	for (uint32_t i = 0; i < manifest->server_count; i++) {
		struct server *server = server_at(i);

		if (server->unusable != NULL) {
			continue;
		}
		check(server, connect_console(server));
		check(server, connect_uses(server));
		check(server, hardware_connect(server));
		check(server, connect_manifest(server));
		check(server, connect_objects(server));
	}
	for (uint32_t i = 0; i < manifest->channel_count; i++) {
		sk_status_t status = connect_channel(i);

		for (uint32_t j = 0; status != SK_OK && j < manifest->channels[i].member_count; j++) {
			check(server_at(manifest->channels[i].members[j]), status);
		}
	}
	sk_status_t status = tracing_connect();
	if (status != SK_OK) {
		printf("no trace: no memory for its rings (%d)\n", (int)status);
	}
	injection_connect();
	for (uint32_t i = 0; i < manifest->server_count; i++) {
		if (server_at(i)->unusable == NULL) {
			grant_mark(server_at(i));
		}
	}
}
