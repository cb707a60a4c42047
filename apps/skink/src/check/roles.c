/* What a server is to the VMs, and whether its properties go with that. */
#include "check.h"

#include <stdlib.h>
#include <string.h>

/* The VMs' nodes, in order: a server is one VM's VMM, or one device of one VM, or neither. */
static void check_one_role(struct system *system, uint32_t server, int node, const char *property, char **role,
			   char *name)
{
	if (role[server] != NULL) {
		CHECK_ERROR(system, node, property, "is server `%s`, which is %s already; expected a server of its own",
			    system->manifest.servers[server].name, role[server]);
		free(name);
		return;
	}
	role[server] = name;
}

static void check_server_roles(struct system *system, char **role)
{
	const struct manifest *manifest = &system->manifest;
	for (uint32_t i = 0; i < manifest->vm_count; i++) {
		const struct manifest_vm *vm = &manifest->vms[i];
		check_one_role(system, vm->vmm, vm->node, "vmm", role, text_print("the VMM of %s", vm->name));
		for (uint32_t j = 0; j < vm->device_count; j++) {
			const struct manifest_vm_device *device = &vm->devices[j];
			check_one_role(system, device->server, device->node, "device", role,
				       text_print("%s of VM %s", device->name, vm->name));
		}
	}
}

static bool is_virtio(const struct system *system, const struct manifest_server *server)
{
	const struct manifest *manifest = &system->manifest;
	uint32_t device = 0;
	uint32_t vm = manifest_vm_of_device(manifest, (uint32_t)(server - manifest->servers), &device);
	return vm != MANIFEST_NONE && strcmp(manifest->vms[vm].devices[device].compatible, "virtio,mmio") == 0;
}

/* A virtio device can tell its guest that it has failed: one server does that for all of them. */
static void check_fallback(struct system *system, const struct manifest_server *server)
{
	uint32_t index = manifest_find_server(&system->manifest, "fallback");
	if (index == MANIFEST_NONE || system->manifest.servers[index].persistent_kib == 0) {
		CHECK_ERROR(system, server->restart.node, "fallback",
			    "marks a virtio device failed, which takes a server named `fallback`; expected one among "
			    "/servers, with `persistent-kib`");
	}
}

static void check_restart(struct system *system, const struct manifest_server *server, bool serves_device,
			  bool serves_vm)
{
	const struct manifest_restart *restart = &server->restart;
	if (restart->standby && (restart->policy == MANIFEST_RESTART_NEVER || server->objects.ram_kib != 0)) {
		CHECK_ERROR(system, restart->node, "standby", "%s; expected none",
			    server->objects.ram_kib != 0 ? "can't have what the server makes of its `objects`"
							 : "would wait for ever: the server is never restarted");
	}
	if (restart->fallback == MANIFEST_FALLBACK_MARK_FAILED && !serves_device) {
		CHECK_ERROR(system, restart->node, "fallback",
			    "is \"mark-failed\", but `%s` serves no VM's device; expected \"none\", "
			    "\"restart-dependants\" or \"halt\"",
			    server->name);
	}
	if (restart->fallback == MANIFEST_FALLBACK_MARK_FAILED && is_virtio(system, server)) {
		check_fallback(system, server);
	}
	if (restart->fallback == MANIFEST_FALLBACK_STOP_VM && !serves_vm) {
		CHECK_ERROR(
			system, restart->node, "fallback",
			"is \"stop-vm\", but `%s` serves no VM; expected \"none\", \"restart-dependants\" or \"halt\"",
			server->name);
	}
}

static bool names_collide(const struct manifest_server *server, uint32_t index)
{
	for (uint32_t i = 0; i < index; i++) {
		if (strcmp(server->uses[i].name, server->uses[index].name) == 0) {
			return true;
		}
	}
	return false;
}

static void check_names(struct system *system, const struct manifest_server *server)
{
	for (uint32_t i = 0; i < server->use_count; i++) {
		if (names_collide(server, i)) {
			CHECK_ERROR(system, server->node, "uses",
				    "gives `%s` twice; expected different names (`uses-names`)", server->uses[i].name);
		}
	}
	for (uint32_t i = 0; i < server->device_count; i++) {
		for (uint32_t j = 0; j < i; j++) {
			if (strcmp(server->devices[i].name, server->devices[j].name) == 0) {
				CHECK_ERROR(system, server->node, "devices",
					    "gives `%s` twice; expected different names (`device-names`)",
					    server->devices[i].name);
			}
		}
	}
}

/* Streams and logs reach a person through one server, whose name the supervisor knows. */
static void check_console(struct system *system)
{
	const struct manifest *manifest = &system->manifest;
	uint32_t console = manifest_find_server(manifest, "console");
	uint32_t streams = 0;
	for (uint32_t i = 0; i < manifest->server_count; i++) {
		const struct manifest_server *server = &manifest->servers[i];
		streams += server->streams;
		if (server->streams != 0 && (console == MANIFEST_NONE || console == i)) {
			CHECK_ERROR(system, server->node, "stream",
				    "needs a server named `console` to show it; expected %s",
				    console == i ? "no stream of the console itself" : "one among /servers");
		}
	}
	/* The console maps two regions for each stream server, one for each other, and a few of its own. */
	if (manifest->server_count + streams + 8 > SK_START_REGIONS || streams > MANIFEST_STREAMS) {
		CHECK_ERROR(system, manifest->servers[0].node, NULL,
			    "and the others are %u servers with %u streams; expected at most %u together",
			    manifest->server_count, streams, SK_START_REGIONS - 8);
	}
}

/* Who puts a VM's vCPUs into a plan: another server that the supervisor knows by its name. */
static void check_scheduler(struct system *system)
{
	const struct manifest *manifest = &system->manifest;
	if (manifest->vm_count != 0 && manifest_find_server(manifest, "sched") == MANIFEST_NONE) {
		CHECK_ERROR(system, manifest->vms[0].node, NULL,
			    "needs a server named `sched` to run; expected one among /servers");
	}
}

void check_roles(struct system *system)
{
	const struct manifest *manifest = &system->manifest;
	char *role[MANIFEST_SERVERS] = { NULL };
	check_server_roles(system, role);
	for (uint32_t i = 0; i < manifest->server_count; i++) {
		bool device = manifest_vm_of_device(manifest, i, NULL) != MANIFEST_NONE;
		bool vmm = manifest_vm_of_vmm(manifest, i) != MANIFEST_NONE;
		check_restart(system, &manifest->servers[i], device, device || vmm);
		check_names(system, &manifest->servers[i]);
		free(role[i]);
	}
	check_console(system);
	check_scheduler(system);
}
