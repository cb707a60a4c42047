/*
 * The VMM's start: finds what it was granted, takes over an earlier instance's
 * VM or prepares a new one, and serves. Argument `vm=/vms/NAME` (or `vm=NAME`); without it, the manifest's VM
 * whose VMM this server is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <guest/port.h>
#include <guest/sysreg.h>
#include <libfdt.h>
#include <sk/archive.h>
#include <sk/idl/kernel.h>
#include <sk/server.h>

#include "vcpu.h"
#include "vmm.h"

#define RAM_NAME_BYTES 16u

struct vmm vmm;

static struct manifest manifest;
static struct vmm_saved unsaved;         /* without a persistent region */
static struct sk_vcpu_state nobody;      /* the state page of vCPUs that do not exist */

static bool read_manifest(struct sk_archive_file *file)
{
	struct manifest_error error;
	const struct sk_start_region *region = sk_region_named("manifest");
	struct sk_archive archive = sk_archive_granted();

	if (region != NULL) {
		file->data = (const uint8_t *)(uintptr_t)region->address;
		file->bytes = region->bytes;
	} else if (sk_archive_find(&archive, "manifest.dtb", file) != SK_ARCHIVE_FILE) {
		return guest_fail(&vmm.last_error, "no region \"manifest\" and no manifest.dtb in the archive");
	}
	return manifest_read(file->data, file->bytes, &manifest, &error) ||
	       guest_fail(&vmm.last_error, "manifest: %s: %s", error.path, error.text);
}

static bool find_vm(void)
{
	const char *path = sk_argument("vm");
	const char *slash = path != NULL ? strrchr(path, '/') : NULL;
	const char *name = slash != NULL ? slash + 1 : path;
	uint32_t index = name != NULL ? manifest_find_vm(&manifest, name)
				      : manifest_vm_of_vmm(&manifest, manifest_find_server(&manifest, sk_start()->name));

	if (index == MANIFEST_NONE) {
		return guest_fail(&vmm.last_error, "the manifest has no VM %s", name != NULL ? name : "for this VMM");
	}
	vmm.vm = &manifest.vms[index];
	int bytes = 0;
	vmm.seed = fdt_getprop(manifest.dtb, vmm.vm->node, "rng-seed", &bytes);
	vmm.seed_bytes = vmm.seed != NULL ? (uint32_t)bytes : 0;
	return true;
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

static sk_cap_t numbered_cap(const char *prefix, uint32_t i)
{
	char name[SK_NAME_BYTES];

	(void)snprintf(name, sizeof(name), "%s%u", prefix, i);
	return sk_cap_named(name);
}

static bool find_caps(void)
{
	vmm.space = sk_cap_named("vm");
	vmm.timers = sk_cap_named("sched");
	vmm.supervisor = sk_cap_named("supervisor");
	vmm.self = sk_cap_named_of_type("notification", SK_OBJECT_TYPE_NOTIFICATION);
	vmm.memory = sk_cap_named("memory:ram");
	for (uint32_t i = 0; i < vmm.vm->vcpus; i++) {
		vmm.vcpu[i] = numbered_cap("vcpu", i);
		if (vmm.vcpu[i] == SK_CAP_NONE) {
			return guest_fail(&vmm.last_error, "no capability \"vcpu%u\"", i);
		}
	}
	for (uint32_t i = 0; i < vmm.vm->device_count; i++) {
		const char *server = manifest.servers[vmm.vm->devices[i].server].name;
		vmm.device[i] = sk_cap_named_of_type(server, SK_OBJECT_TYPE_ENDPOINT);
	}
	return vmm.space != SK_CAP_NONE || guest_fail(&vmm.last_error, "no capability \"vm\"");
}

static const struct sk_start_region *need_region(const char *name, uint64_t bytes)
{
	const struct sk_start_region *region = sk_region_named(name);

	if (region == NULL || region->bytes < bytes) {
		(void)guest_fail(&vmm.last_error, "region \"%s\" is missing or smaller than %llu bytes", name,
				 (unsigned long long)bytes);
		return NULL;
	}
	return region;
}

/* Pointers of this instance into what it shares with the kernel and the guest. */
static bool map_guest(struct guest *guest, struct sk_line **lines, uint32_t *shared)
{
	const struct sk_start_region *ram = need_region("ram", vmm.vm->memory[0].bytes);
	const struct sk_start_region *table = need_region("lines", sk_line_table_bytes(32));
	char name[SK_NAME_BYTES];

	if (ram == NULL || table == NULL) {
		return false;
	}
	guest->ram = (struct guest_ram){
		.base = vmm.vm->memory[0].base,
		.bytes = vmm.vm->memory[0].bytes,
		.host = (uint8_t *)(uintptr_t)ram->address,
	};
	*lines = (struct sk_line *)(uintptr_t)table->address;
	*shared = SK_SHARED_LINES_MAX;
	while (sk_line_table_bytes(*shared) > table->bytes) {
		*shared -= 32;
	}
	for (uint32_t i = 0; i < SK_VM_VCPUS_MAX; i++) {
		guest->vcpu[i].state = &nobody;
	}
	for (uint32_t i = 0; i < vmm.vm->vcpus; i++) {
		(void)snprintf(name, sizeof(name), "vcpu%u", i);
		const struct sk_start_region *page = need_region(name, sizeof(struct sk_vcpu_state));
		if (page == NULL) {
			return false;
		}
		guest->vcpu[i].state = (struct sk_vcpu_state *)(uintptr_t)page->address;
	}
	guest->vcpus = vmm.vm->vcpus;
	return true;
}

bool vmm_set_up(void)
{
	const struct sk_start_region *persistent = sk_region_named("persistent");
	struct sk_archive_file file;

	vmm.saved = persistent != NULL && persistent->bytes >= sizeof(struct vmm_saved)
			    ? (struct vmm_saved *)(uintptr_t)persistent->address : &unsaved;
	return read_manifest(&file) && find_vm() && find_caps() && open_file(vmm.vm->kernel, &vmm.files.kernel) &&
	       open_file(vmm.vm->initrd, &vmm.files.initrd) && open_file(vmm.vm->dtb, &vmm.files.dtb);
}

static bool saved_is_whole(const struct vmm_saved *saved)
{
	return sk_start()->instance != 0 && saved->magic == VMM_SAVED_MAGIC && saved->bytes == sizeof(*saved) &&
	       saved->guest.vcpus == vmm.vm->vcpus;
}

bool vmm_take_over(void)
{
	struct vmm_saved *saved = vmm.saved;
	struct guest *guest = &saved->guest;
	struct sk_line *lines;
	uint32_t shared;
	bool whole = saved_is_whole(saved);

	if (!whole) {
		memset(saved, 0, sizeof(*saved));
	}
	if (!map_guest(guest, &lines, &shared)) {
		return false;
	}
	if (whole) {
		vgic_adopt(&guest->gic, lines);
		for (uint32_t i = 0; i < guest->vcpus; i++) {
			sysreg_timer_restore(guest, i);
		}
		vmm_adopt();
		port_log("goes on with the running guest");
		return true;
	}
	vgic_init(&guest->gic, lines, guest->vcpus, shared);
	vcpu_arch_identify(guest, vmm.vcpu[0]);
	saved->bytes = sizeof(*saved);
	__atomic_store_n(&saved->magic, VMM_SAVED_MAGIC, __ATOMIC_RELEASE);
	return true;
}

int main(void)
{
	if (!vmm_set_up() || !vmm_take_over()) {
		port_log("%s", vmm.last_error.text);
		return EXIT_FAILURE;
	}
	sk_server_run();
}
