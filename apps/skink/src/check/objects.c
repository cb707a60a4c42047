/* Kernel objects in a server's own hands: a core that it plans for is nobody else's. */
#include "check.h"

#include <stdlib.h>

static void check_core_of_servers(struct system *system, const struct manifest_server *owner)
{
	const struct manifest *manifest = &system->manifest;
	for (uint32_t i = 0; i < manifest->server_count; i++) {
		const struct manifest_server *server = &manifest->servers[i];
		for (uint32_t j = 0; j < server->core_count; j++) {
			if (server->cores[j] == owner->objects.core) {
				CHECK_ERROR(system, owner->objects.node, "core",
					    "is core %u, where server `%s` has a worker; expected a core of no server",
					    owner->objects.core, server->name);
			}
		}
	}
}

static void check_core_of_vms(struct system *system, const struct manifest_server *owner)
{
	const struct manifest *manifest = &system->manifest;
	for (uint32_t i = 0; i < manifest->vm_count; i++) {
		for (uint32_t j = 0; j < manifest->vms[i].vcpus; j++) {
			if (manifest->vms[i].vcpu_cores[j] == owner->objects.core) {
				CHECK_ERROR(system, owner->objects.node, "core",
					    "is core %u, where VM `%s` has a vCPU; expected a core of no VM",
					    owner->objects.core, manifest->vms[i].name);
			}
		}
	}
}

static void check_core_of_others(struct system *system, uint32_t owner)
{
	const struct manifest *manifest = &system->manifest;
	for (uint32_t i = 0; i < owner; i++) {
		if (manifest->servers[i].objects.core == manifest->servers[owner].objects.core) {
			CHECK_ERROR(system, manifest->servers[owner].objects.node, "core",
				    "is core %u, which `%s` has; expected a core of its own",
				    manifest->servers[owner].objects.core, manifest->servers[i].name);
		}
	}
}

void check_objects(struct system *system)
{
	const struct manifest *manifest = &system->manifest;
	for (uint32_t i = 0; i < manifest->server_count; i++) {
		if (manifest->servers[i].objects.core != MANIFEST_NONE) {
			check_core_of_servers(system, &manifest->servers[i]);
			check_core_of_vms(system, &manifest->servers[i]);
			check_core_of_others(system, i);
		}
	}
}
