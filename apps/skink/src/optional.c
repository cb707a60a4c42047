/*
 * Servers that are part of a system only with certain devices (`only-with`). The command line of `skink run` says which
 * disks and networks there are; a manifest that has drivers for more of them is booted without those drivers, without
 * the devices that the VMs would have from them, and without anything that would only say that it has nothing to do.
 */
#include "system.h"

#include <stdlib.h>
#include <string.h>

#include <libfdt.h>

#include "run/network.h"

#define REMOVED_MAX (MANIFEST_SERVERS + MANIFEST_CHANNELS + MANIFEST_VMS * MANIFEST_VM_DEVICES)

struct removal {
	char *paths[REMOVED_MAX];
	uint32_t count;
};

/* Disks without an image get what --disk names, in order; a user network is the first interface's. */
static bool is_there(const struct system *system, uint32_t wanted)
{
	const struct manifest *manifest = &system->manifest;
	uint32_t left = system->options->disk_count;
	uint32_t device;
	for (uint32_t i = 0; (device = device_driven_by(manifest, "blk_driver", i)) != MANIFEST_NONE; i++) {
		bool has_image = manifest->platform.devices[device].image != NULL;
		if (device == wanted) {
			return has_image || left != 0;
		}
		left -= !has_image && left != 0 ? 1 : 0;
	}
	for (uint32_t i = 0; (device = device_driven_by(manifest, "net_driver", i)) != MANIFEST_NONE; i++) {
		if (device == wanted) {
			return i < networks_wanted(system->options);
		}
	}
	return true;
}

static bool is_removed(const struct system *system, uint32_t index)
{
	const struct manifest_server *server = &system->manifest.servers[index];
	for (uint32_t i = 0; i < server->only_with_count; i++) {
		if (!is_there(system, server->only_with[i])) {
			return true;
		}
	}
	return false;
}

static void add(struct removal *removal, const struct system *system, int node)
{
	removal->paths[removal->count++] = system_path(system, node);
}

static void find_servers(struct removal *removal, const struct system *system)
{
	for (uint32_t i = 0; i < system->manifest.server_count; i++) {
		if (is_removed(system, i)) {
			add(removal, system, system->manifest.servers[i].node);
		}
	}
}

static void find_channels(struct removal *removal, const struct system *system)
{
	for (uint32_t i = 0; i < system->manifest.channel_count; i++) {
		const struct manifest_channel *channel = &system->manifest.channels[i];
		bool removed = false;
		for (uint32_t j = 0; j < channel->member_count; j++) {
			removed = removed || is_removed(system, channel->members[j]);
		}
		if (removed) {
			add(removal, system, channel->node);
		}
	}
}

static void find_guest_devices(struct removal *removal, const struct system *system)
{
	for (uint32_t i = 0; i < system->manifest.vm_count; i++) {
		const struct manifest_vm *vm = &system->manifest.vms[i];
		for (uint32_t j = 0; j < vm->device_count; j++) {
			if (is_removed(system, vm->devices[j].server)) {
				add(removal, system, vm->devices[j].node);
			}
		}
	}
}

void optional_remove(struct system *system)
{
	static struct removal removal;
	removal.count = 0;
	find_servers(&removal, system);
	find_channels(&removal, system);
	find_guest_devices(&removal, system);
	for (uint32_t i = 0; i < removal.count; i++) {
		void *blob = system->source.dtb.data;
		int node = fdt_path_offset(blob, removal.paths[i]);
		if (node < 0 || fdt_del_node(blob, node) != 0) {
			fatal(TOOL_FAILED, "'%s' can't be taken out of '%s'", removal.paths[i], system->source.path);
		}
		if (system->options->verbose) {
			notice("without %s: nothing is behind it", removal.paths[i]);
		}
		free(removal.paths[i]);
	}
	if (removal.count != 0) {
		system_read(system);
	}
}
