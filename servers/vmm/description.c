/*
 * What the VMM is to run: the manifest's description of its VM, and the guest's
 * files. Reading the manifest takes a million instructions, so only what loads a guest does it; the
 * little that is needed at every start of this process is kept in `struct vmm_config`, with the guest's state.
 *
 * The VM is the one that argument `vm=/vms/NAME` (or `vm=NAME`) names; without it, the manifest's VM whose VMM this
 * server is.
 */
#include <stdio.h>
#include <string.h>

#include <libfdt.h>
#include <sk/archive.h>

#include "vmm.h"

static struct manifest manifest;

static bool read_manifest(void)
{
	struct manifest_error error;
	const struct sk_start_region *region = sk_region_named("manifest");
	struct sk_archive archive = sk_archive_granted();
	struct sk_archive_file file;

	if (region != NULL) {
		file.data = (const uint8_t *)(uintptr_t)region->address;
		file.bytes = region->bytes;
	} else if (sk_archive_find(&archive, "manifest.dtb", &file) != SK_ARCHIVE_FILE) {
		return guest_fail(&vmm.last_error, "no region \"manifest\" and no manifest.dtb in the archive");
	}
	return manifest_read(file.data, file.bytes, &manifest, &error) ||
	       guest_fail(&vmm.last_error, "manifest: %s: %s", error.path, error.text);
}

static const struct manifest_vm *find_vm(void)
{
	const char *path = sk_argument("vm");
	const char *slash = path != NULL ? strrchr(path, '/') : NULL;
	const char *name = slash != NULL ? slash + 1 : path;
	uint32_t index = name != NULL ? manifest_find_vm(&manifest, name)
				      : manifest_vm_of_vmm(&manifest, manifest_find_server(&manifest, sk_start()->name));

	if (index == MANIFEST_NONE) {
		(void)guest_fail(&vmm.last_error, "the manifest has no VM %s", name != NULL ? name : "for this VMM");
		return NULL;
	}
	return &manifest.vms[index];
}

static bool open_file(const char *name, struct guest_file *file)
{
	struct sk_archive archive = sk_archive_granted();
	struct sk_archive_file found;

	*file = (struct guest_file){ .name = name };
	if (name == NULL) {
		return true;
	}
	if (sk_archive_find(&archive, name, &found) != SK_ARCHIVE_FILE) {
		return guest_fail(&vmm.last_error, "%s: is not in the boot archive", name);
	}
	file->bytes = found.data;
	file->size = found.bytes;
	return true;
}

bool vmm_describe(void)
{
	const struct manifest_vm *vm = read_manifest() ? find_vm() : NULL;
	int bytes = 0;

	if (vm == NULL || !open_file(vm->kernel, &vmm.files.kernel) || !open_file(vm->initrd, &vmm.files.initrd) ||
	    !open_file(vm->dtb, &vmm.files.dtb)) {
		return false;
	}
	vmm.seed = fdt_getprop(manifest.dtb, vm->node, "rng-seed", &bytes);
	vmm.seed_bytes = vmm.seed != NULL ? (uint32_t)bytes : 0;
	vmm.vm = vm;
	return true;
}

void vmm_configure(struct vmm_config *config)
{
	const struct manifest_vm *vm = vmm.vm;

	*config = (struct vmm_config){
		.vcpus = vm->vcpus,
		.devices = vm->device_count,
		.ram_base = vm->memory[0].base,
		.ram_bytes = vm->memory[0].bytes,
	};
	(void)snprintf(config->name, sizeof(config->name), "%s", vm->name);
	memcpy(config->vcpu_cores, vm->vcpu_cores, sizeof(config->vcpu_cores));
	for (uint32_t i = 0; i < vm->device_count; i++) {
		(void)snprintf(config->device[i], sizeof(config->device[i]), "%s",
			       manifest.servers[vm->devices[i].server].name);
	}
}
