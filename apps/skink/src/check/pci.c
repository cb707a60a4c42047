/* Functions of PCI: where they are on the bus, where their registers are put, and who may ask for that. */
#include "check.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* QEMU's virt. */
#define CONFIG_BASE 0x4010000000ull
#define WINDOW_BASE 0x10000000ull
#define WINDOW_END 0x3eff0000ull
#define INTERRUPT 35u /* of INTA of device 0; the next device has the next of four */
#define INTERRUPTS 4u
#define SPARE_BYTES ((uint64_t)MANIFEST_DEVICES * MANIFEST_PCI_SPARE_BYTES)

static uint32_t owner_of(const struct manifest *manifest, uint32_t device)
{
	for (uint32_t i = 0; i < manifest->server_count; i++) {
		for (uint32_t j = 0; j < manifest->servers[i].device_count; j++) {
			if (manifest->servers[i].devices[j].device == device) {
				return i;
			}
		}
	}
	return MANIFEST_NONE;
}

static void check_host(struct system *system, uint32_t index)
{
	const struct manifest *manifest = &system->manifest;
	const struct manifest_device *host = &manifest->platform.devices[index];
	uint32_t owner = owner_of(manifest, index);
	uint64_t end = host->window.base + host->window.bytes;
	if (strcmp(host->compatible, "pci-host-ecam-generic") != 0 || host->registers.base != CONFIG_BASE) {
		CHECK_ERROR(system, host->node, "reg",
			    "is at 0x%" PRIx64 ", of a `%s`; expected QEMU's \"pci-host-ecam-generic\" at 0x4010000000",
			    host->registers.base, host->compatible);
	}
	if (host->window.base < WINDOW_BASE || end > WINDOW_END || host->window.bytes <= SPARE_BYTES) {
		CHECK_ERROR(system, host->node, "window",
			    "is 0x%" PRIx64 " to 0x%" PRIx64 "; expected more than 0x%" PRIx64
			    " bytes of QEMU's window, 0x10000000 to 0x3efeffff",
			    host->window.base, end - 1, SPARE_BYTES);
	}
	if (owner != MANIFEST_NONE && strcmp(manifest->servers[owner].image, "pci") != 0) {
		CHECK_ERROR(system, manifest->servers[owner].node, "devices",
			    "names %s, with which any function may be made to do anything; expected only a server with "
			    "image = \"pci\" to own it",
			    host->name);
	}
}

static void check_place(struct system *system, const struct manifest_device *device)
{
	const struct manifest_device *host = &system->manifest.platform.devices[device->host];
	const struct manifest_range *registers = &device->registers;
	uint64_t end = host->window.base + host->window.bytes - SPARE_BYTES;
	if ((registers->bytes & (registers->bytes - 1)) != 0 || registers->base % registers->bytes != 0) {
		CHECK_ERROR(system, device->node, "reg",
			    "is 0x%" PRIx64 " with 0x%" PRIx64 " bytes; expected a power of two and a multiple of it, as a "
			    "function's registers are",
			    registers->base, registers->bytes);
	}
	if (registers->base < host->window.base || registers->base + registers->bytes > end) {
		CHECK_ERROR(system, device->node, "reg",
			    "is 0x%" PRIx64 " with 0x%" PRIx64 " bytes; expected a place in the window of %s, 0x%" PRIx64
			    " to 0x%" PRIx64 " (behind that are registers that nobody gets)",
			    registers->base, registers->bytes, host->name, host->window.base, end - 1);
	}
}

static void check_interrupt(struct system *system, const struct manifest_device *device)
{
	uint32_t expected = INTERRUPT + (device->function >> 3) % INTERRUPTS;
	if (device->interrupt_count != 1 || device->interrupts[0] != expected || !device->level) {
		CHECK_ERROR(system, device->node, "interrupts",
			    "is not INTA of device %u; expected <%u>, 35 and the device's number modulo 4, and "
			    "`level-triggered`",
			    device->function >> 3, expected);
	}
}

static void check_owner(struct system *system, uint32_t index)
{
	const struct manifest *manifest = &system->manifest;
	const struct manifest_device *device = &manifest->platform.devices[index];
	uint32_t bus = owner_of(manifest, device->host);
	uint32_t owner = owner_of(manifest, index);
	bool may_ask = false;
	if (owner == MANIFEST_NONE) {
		return;
	}
	const struct manifest_server *server = &manifest->servers[owner];
	for (uint32_t i = 0; i < server->use_count; i++) {
		may_ask = may_ask || (server->uses[i].server == bus && strcmp(server->uses[i].name, "pci") == 0);
	}
	if (bus == MANIFEST_NONE || !may_ask) {
		CHECK_ERROR(system, server->node, "uses",
			    "does not let `%s` ask for %s; expected the server that owns %s, under the name \"pci\"",
			    server->name, device->name, manifest->platform.devices[device->host].name);
	}
}

static void check_function(struct system *system, uint32_t index)
{
	const struct manifest_platform *platform = &system->manifest.platform;
	const struct manifest_device *device = &platform->devices[index];
	check_place(system, device);
	check_interrupt(system, device);
	check_owner(system, index);
	for (uint32_t i = 0; i < index; i++) {
		if (platform->devices[i].host == device->host && platform->devices[i].function == device->function) {
			CHECK_ERROR(system, device->node, "function", "is that of %s; expected one of its own",
				    platform->devices[i].name);
		}
	}
}

void check_pci(struct system *system)
{
	const struct manifest_platform *platform = &system->manifest.platform;
	for (uint32_t i = 0; i < platform->device_count; i++) {
		const struct manifest_device *device = &platform->devices[i];
		bool is_virtio = strcmp(device->compatible, "virtio,pci") == 0;
		if (manifest_is_pci_host(device)) {
			check_host(system, i);
		}
		if (is_virtio != (device->host != MANIFEST_NONE)) {
			CHECK_ERROR(system, device->node, "host",
				    "and compatible = \"virtio,pci\" go together; expected both or neither");
		} else if (is_virtio) {
			check_function(system, i);
		}
	}
}
