/*
 * The functions behind a PCI host bridge (idl/pci.idl). This server alone has their configuration space, where a
 * function could be made to answer at another one's addresses or to access memory without a driver; it has none of
 * their registers. Where each function belongs stands in the manifest, because the memory that a driver gets is given
 * to it by the supervisor, before anybody has asked the bus.
 *
 * It keeps no state: what was done stands in the functions (function.h). Killed at any instruction, it leaves what
 * drivers do as it is.
 */
#include <stdio.h>
#include <stdlib.h>

#include <sk/idl/pci_server.h>
#include <sk/process.h>
#include <sk/server.h>
#include <sk/spin.h>
#include <skink/manifest.h>

#include "config.h"
#include "function.h"

#define FUNCTIONS 256u

static struct {
	struct sk_spin lock; /* of all registers */
	struct manifest manifest;
	uint32_t host; /* device of the platform */
	volatile uint8_t *config;
} pci;

static const struct manifest_device *device_at(uint32_t index)
{
	return &pci.manifest.platform.devices[index];
}

static struct function function_of(uint32_t device)
{
	const struct manifest_range *window = &device_at(pci.host)->window;

	return (struct function){
		.config = pci.config + device_at(device)->function * MANIFEST_PCI_PAGE,
		.registers = device_at(device)->registers,
		.spare = { window->base + window->bytes - (device + 1ull) * MANIFEST_PCI_SPARE_BYTES,
			   MANIFEST_PCI_SPARE_BYTES },
	};
}

/* The client's function number `index`: a device of the platform, or MANIFEST_NONE. */
static uint32_t device_of(const struct sk_caller *caller, uint32_t index)
{
	uint32_t number = SK_BADGE_CLIENT(caller->badge);
	const struct manifest_server *client = &pci.manifest.servers[number];

	if (number >= pci.manifest.server_count) {
		return MANIFEST_NONE;
	}
	for (uint32_t i = 0; i < client->device_count; i++) {
		uint32_t device = client->devices[i].device;

		if (device_at(device)->host == pci.host && index-- == 0) {
			return device;
		}
	}
	return MANIFEST_NONE;
}

static void tell(uint32_t device, const char *what)
{
	(void)printf("%s, function %u of device %u: %s\n", device_at(device)->name, device_at(device)->function & 7u,
		     device_at(device)->function >> 3, what);
}

sk_status_t pci_serve_open(const struct sk_caller *caller, uint32_t index, struct pci_virtio_place *place)
{
	static const char *const texts[] = {
		[FUNCTION_FOREIGN] = "it is no virtio device of version 1",
		[FUNCTION_MISPLACED] = "its registers don't fit where the manifest puts them",
	};
	uint32_t device = device_of(caller, index);

	if (device == MANIFEST_NONE) {
		return PCI_ERROR_NO_FUNCTION;
	}

	struct function function = function_of(device);

	sk_spin_lock(&pci.lock);

	enum function_state state = function_open(&function, place);

	sk_spin_unlock(&pci.lock);
	if (state == FUNCTION_READY) {
		return SK_OK;
	}
	if (state == FUNCTION_ABSENT) {
		return PCI_ERROR_NO_FUNCTION;
	}
	tell(device, texts[state]);
	return PCI_ERROR_UNUSABLE;
}

sk_status_t pci_serve_master(const struct sk_caller *caller, uint32_t index)
{
	uint32_t device = device_of(caller, index);

	if (device == MANIFEST_NONE) {
		return PCI_ERROR_NO_FUNCTION;
	}

	struct function function = function_of(device);

	sk_spin_lock(&pci.lock);

	bool open = function_master(&function);

	sk_spin_unlock(&pci.lock);
	return open ? SK_OK : PCI_ERROR_NOT_OPEN;
}

static bool dispatch(const struct sk_caller *caller, struct sk_msg *msg)
{
	if (SK_BADGE_IFACE(caller->badge) == PCI_INTERFACE) {
		return pci_dispatch(caller, msg);
	}
	return sk_server_other(caller, msg);
}

static void signalled(uint64_t bits)
{
	(void)bits;
}

SK_SERVER(dispatch, signalled)

static bool is_somebodys(uint32_t function)
{
	for (uint32_t i = 0; i < pci.manifest.platform.device_count; i++) {
		if (device_at(i)->host == pci.host && device_at(i)->function == function) {
			return true;
		}
	}
	return false;
}

/*
 * A firmware may have left anything at work. Functions that are somebody's have been placed by an earlier instance, if
 * there was one.
 */
static void quiet_the_bus(void)
{
	for (uint32_t i = 0; i < FUNCTIONS; i++) {
		bool given = is_somebodys(i);

		if ((!given || sk_start()->instance == 0) && function_quiet(pci.config + i * MANIFEST_PCI_PAGE) && !given) {
			(void)printf("function %u of device %u is nobody's: switched off\n", (unsigned)(i & 7u),
				     (unsigned)(i >> 3));
		}
	}
}

static bool find_host(void)
{
	const struct sk_start_region *config = NULL;
	uint32_t own = manifest_find_server(&pci.manifest, sk_start()->name);

	if (own == MANIFEST_NONE) {
		return false;
	}
	for (uint32_t i = 0; i < pci.manifest.servers[own].device_count; i++) {
		const struct manifest_owned_device *owned = &pci.manifest.servers[own].devices[i];

		if (manifest_is_pci_host(device_at(owned->device))) {
			pci.host = owned->device;
			config = sk_region_named(owned->name);
		}
	}
	if (config == NULL || config->bytes < MANIFEST_PCI_CONFIG_BYTES) {
		return false;
	}
	pci.config = (volatile uint8_t *)(uintptr_t)config->address;
	return true;
}

int main(void)
{
	const struct sk_start_region *manifest = sk_region_named("manifest");

	if (manifest == NULL ||
	    !manifest_read((const void *)(uintptr_t)manifest->address, manifest->bytes, &pci.manifest, NULL) ||
	    !find_host()) {
		(void)printf("needs a PCI host bridge among its `devices`\n");
		return EXIT_FAILURE;
	}
	quiet_the_bus();
	sk_server_run();
}
