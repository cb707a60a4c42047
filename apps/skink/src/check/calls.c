/*
 * Who calls whom. A cycle of calls is a deadlock that waits for its day; a call to a
 * server with no worker on the caller's core works, slowly.
 */
#include "check.h"

#include <stdlib.h>

static bool has_core(const struct manifest_server *server, uint32_t core)
{
	for (uint32_t i = 0; i < server->core_count; i++) {
		if (server->cores[i] == core) {
			return true;
		}
	}
	return false;
}

/*
 * Longest chain of calls from each server, by relaxation: without a cycle no chain has more links than there are
 * servers, so what still grows in the last round lies on a cycle or calls into one.
 */
static uint32_t chains(const struct manifest *manifest, uint32_t depth[MANIFEST_SERVERS])
{
	uint32_t growing = MANIFEST_NONE;
	for (uint32_t round = 0; round <= manifest->server_count; round++) {
		growing = MANIFEST_NONE;
		for (uint32_t i = 0; i < manifest->server_count; i++) {
			for (uint32_t j = 0; j < manifest->servers[i].use_count; j++) {
				uint32_t below = depth[manifest->servers[i].uses[j].server] + 1;
				if (below > depth[i]) {
					depth[i] = below;
					growing = i;
				}
			}
		}
	}
	return growing;
}

/* From a server whose chain has no end, the next one that has none either. */
static uint32_t next_on_cycle(const struct manifest *manifest, const uint32_t *depth, uint32_t server)
{
	uint32_t next = manifest->servers[server].uses[0].server;
	for (uint32_t i = 1; i < manifest->servers[server].use_count; i++) {
		uint32_t used = manifest->servers[server].uses[i].server;
		next = depth[used] > depth[next] ? used : next;
	}
	return next;
}

static void tell_cycle(struct system *system, const uint32_t *depth, uint32_t server)
{
	const struct manifest *manifest = &system->manifest;
	struct bytes text = { 0 };
	for (uint32_t i = 0; i < manifest->server_count; i++) {
		server = next_on_cycle(manifest, depth, server); /* after that many steps it is on the cycle itself */
	}
	uint32_t at = server;
	do {
		bytes_text(&text, manifest->servers[at].name);
		bytes_text(&text, " -> ");
		at = next_on_cycle(manifest, depth, at);
	} while (at != server);
	bytes_text(&text, manifest->servers[server].name);
	bytes_append(&text, "", 1);
	CHECK_ERROR(system, manifest->servers[server].node, "uses",
		    "closes a cycle of calls: %s; expected none (answer by a notification or a channel)",
		    (const char *)text.data);
	bytes_free(&text);
}

static void check_chains(struct system *system)
{
	const struct manifest *manifest = &system->manifest;
	uint32_t depth[MANIFEST_SERVERS] = { 0 };
	uint32_t endless = chains(manifest, depth);
	if (endless != MANIFEST_NONE) {
		tell_cycle(system, depth, endless);
		return;
	}
	for (uint32_t i = 0; i < manifest->server_count; i++) {
		/* The guest's exit is the first call of the chain. */
		if (depth[i] + 1 > SK_CALL_DEPTH) {
			CHECK_ERROR(system, manifest->servers[i].node, "uses",
				    "begins a chain of %u calls; expected less than %u, the kernel's limit", depth[i],
				    SK_CALL_DEPTH);
		}
	}
}

static void check_self(struct system *system)
{
	const struct manifest *manifest = &system->manifest;
	for (uint32_t i = 0; i < manifest->server_count; i++) {
		const struct manifest_server *server = &manifest->servers[i];
		for (uint32_t j = 0; j < server->use_count; j++) {
			const struct manifest_server *used = &manifest->servers[server->uses[j].server];
			for (uint32_t core = 0; core < server->core_count; core++) {
				if (!has_core(used, server->cores[core])) {
					CHECK_WARNING(system, server->node, "uses",
						      "calls `%s` from core %u, where that has no worker: each call "
						      "crosses cores",
						      used->name, server->cores[core]);
				}
			}
		}
	}
}

static void check_exits(struct system *system, const struct manifest_vm *vm, uint32_t server, int node,
			const char *property)
{
	const struct manifest_server *serving = &system->manifest.servers[server];
	uint32_t told = 0;
	for (uint32_t i = 0; i < vm->vcpus; i++) {
		uint32_t core = vm->vcpu_cores[i];
		if (!has_core(serving, core) && (told >> core & 1u) == 0) {
			told |= 1u << core;
			CHECK_WARNING(system, node, property,
				      "is `%s`, which has no worker on core %u of vCPU %u: its exits cross cores",
				      serving->name, core, i);
		}
	}
}

void check_calls(struct system *system)
{
	const struct manifest *manifest = &system->manifest;
	check_chains(system);
	check_self(system);
	for (uint32_t i = 0; i < manifest->vm_count; i++) {
		const struct manifest_vm *vm = &manifest->vms[i];
		check_exits(system, vm, vm->vmm, vm->node, "vmm");
		for (uint32_t j = 0; j < vm->device_count; j++) {
			check_exits(system, vm, vm->devices[j].server, vm->devices[j].node, "device");
		}
	}
}
