/*
 * The VMM's start: finds what it was granted, takes over an earlier instance's
 * VM or prepares a new one, and serves.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <guest/port.h>
#include <guest/sysreg.h>
#include <sk/idl/kernel.h>
#include <sk/server.h>

#include "vcpu.h"
#include "vmm.h"

#define RAM_NAME_BYTES 16u

struct vmm vmm;

static struct vmm_saved unsaved;         /* without a persistent region */
static struct sk_vcpu_state nobody;      /* the state page of vCPUs that do not exist */

static sk_cap_t numbered_cap(const char *prefix, uint32_t i)
{
	char name[SK_NAME_BYTES];

	(void)snprintf(name, sizeof(name), "%s%u", prefix, i);
	return sk_cap_named(name);
}

static bool find_caps(void)
{
	const struct vmm_config *config = &vmm.saved->config;

	vmm.space = sk_cap_named("vm");
	vmm.timers = sk_cap_named("sched");
	vmm.supervisor = sk_cap_named("supervisor");
	vmm.self = sk_cap_named_of_type("notification", SK_OBJECT_TYPE_NOTIFICATION);
	vmm.memory = sk_cap_named("memory:ram");
	for (uint32_t i = 0; i < config->vcpus; i++) {
		vmm.vcpu[i] = numbered_cap("vcpu", i);
		if (vmm.vcpu[i] == SK_CAP_NONE) {
			return guest_fail(&vmm.last_error, "no capability \"vcpu%u\"", i);
		}
	}
	for (uint32_t i = 0; i < config->devices; i++) {
		vmm.device[i] = sk_cap_named_of_type(config->device[i], SK_OBJECT_TYPE_ENDPOINT);
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
	const struct vmm_config *config = &vmm.saved->config;
	const struct sk_start_region *ram = need_region("ram", config->ram_bytes);
	const struct sk_start_region *table = need_region("lines", sk_line_table_bytes(32));
	char name[SK_NAME_BYTES];

	if (ram == NULL || table == NULL) {
		return false;
	}
	guest->ram = (struct guest_ram){
		.base = config->ram_base,
		.bytes = config->ram_bytes,
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
	for (uint32_t i = 0; i < config->vcpus; i++) {
		(void)snprintf(name, sizeof(name), "vcpu%u", i);
		const struct sk_start_region *page = need_region(name, sizeof(struct sk_vcpu_state));
		if (page == NULL) {
			return false;
		}
		guest->vcpu[i].state = (struct sk_vcpu_state *)(uintptr_t)page->address;
	}
	guest->vcpus = config->vcpus;
	return true;
}

/* Of a VM that an earlier instance of this very program was the VMM of. */
static bool saved_is_whole(const struct vmm_saved *saved)
{
	return sk_start()->instance != 0 && saved->magic == VMM_SAVED_MAGIC && saved->bytes == sizeof(*saved) &&
	       saved->config.vcpus <= SK_VM_VCPUS_MAX && saved->config.devices <= MANIFEST_VM_DEVICES &&
	       saved->guest.vcpus == saved->config.vcpus;
}

/* Goes on with what an earlier instance saved. */
static bool take_over(struct guest *guest)
{
	struct sk_line *lines;
	uint32_t shared;

	if (!find_caps() || !map_guest(guest, &lines, &shared)) {
		return false;
	}
	vgic_adopt(&guest->gic, lines);
	for (uint32_t i = 0; i < guest->vcpus; i++) {
		sysreg_timer_restore(guest, i);
	}
	vmm_adopt();
	port_log("goes on with the running guest");
	return true;
}

static bool begin(struct vmm_saved *saved)
{
	struct guest *guest = &saved->guest;
	struct sk_line *lines;
	uint32_t shared;

	memset(saved, 0, sizeof(*saved));
	if (!vmm_describe()) {
		return false;
	}
	vmm_configure(&saved->config);
	if (!find_caps() || !map_guest(guest, &lines, &shared)) {
		return false;
	}
	vgic_init(&guest->gic, lines, guest->vcpus, shared);
	vcpu_arch_identify(guest, vmm.vcpu[0]);
	saved->bytes = sizeof(*saved);
	__atomic_store_n(&saved->magic, VMM_SAVED_MAGIC, __ATOMIC_RELEASE);
	return true;
}

int main(void)
{
	const struct sk_start_region *persistent = sk_region_named("persistent");

	vmm.saved = persistent != NULL && persistent->bytes >= sizeof(struct vmm_saved)
			    ? (struct vmm_saved *)(uintptr_t)persistent->address : &unsaved;
	if (!(saved_is_whole(vmm.saved) ? take_over(&vmm.saved->guest) : begin(vmm.saved))) {
		port_log("%s", vmm.last_error.text);
		return EXIT_FAILURE;
	}
	sk_server_run();
}
