/* Devices that access memory by themselves, and the drivers that let them into a VM's. */
#include "check.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* QEMU's virt. */
#define TRANSPORTS_BASE 0x0a000000ull
#define TRANSPORT_BYTES 0x200u
#define TRANSPORTS 32u
#define TRANSPORT_INTERRUPT 48u
#define TRANSPORT_STATUS 0x70u /* virtio 1.2, section 4.2.2; 0 resets */
#define PAGE 4096u
#define PAGE_TRANSPORTS (PAGE / TRANSPORT_BYTES)

uint32_t device_transport(const struct manifest_device *device)
{
	return strcmp(device->compatible, "virtio,mmio") == 0 && device->interrupt_count != 0
		       ? device->interrupts[0] - TRANSPORT_INTERRUPT
		       : MANIFEST_NONE;
}

static bool is_virtio(const struct manifest_device *device)
{
	return device_transport(device) != MANIFEST_NONE || device->host != MANIFEST_NONE;
}

static bool owns_device(const struct manifest_server *server, uint32_t device)
{
	for (uint32_t i = 0; i < server->device_count; i++) {
		if (server->devices[i].device == device) {
			return true;
		}
	}
	return false;
}

bool device_driver_has(const struct manifest *manifest, uint32_t device, const char *argument)
{
	for (uint32_t i = 0; i < manifest->server_count; i++) {
		const struct manifest_server *server = &manifest->servers[i];
		bool owns = owns_device(server, device);
		for (uint32_t at = 0; owns && at < server->args_bytes; at += (uint32_t)strlen(server->args + at) + 1) {
			if (strcmp(server->args + at, argument) == 0) {
				return true;
			}
		}
	}
	return false;
}

uint32_t device_driven_by(const struct manifest *manifest, const char *image, uint32_t number)
{
	for (uint32_t i = 0; i < manifest->platform.device_count; i++) {
		const struct manifest_device *device = &manifest->platform.devices[i];
		for (uint32_t j = 0; is_virtio(device) && j < manifest->server_count; j++) {
			const struct manifest_server *server = &manifest->servers[j];
			if (owns_device(server, i) && strcmp(server->image, image) == 0 && number-- == 0) {
				return i;
			}
		}
	}
	return MANIFEST_NONE;
}

/* Modern, and without the ROM for booting that QEMU has for some kinds. */
char *device_for_qemu(const struct manifest_device *device, const char *kind, const char *properties)
{
	if (device->host != MANIFEST_NONE) {
		return text_print("virtio-%s-pci,%sbus=pcie.0,addr=%x.%u,disable-legacy=on,romfile=", kind, properties,
				  device->function >> 3, device->function & 7u);
	}
	return text_print("virtio-%s-device,%sbus=virtio-mmio-bus.%u", kind, properties, device_transport(device));
}

static void check_transport(struct system *system, const struct manifest_device *device)
{
	const struct manifest_range *page = &device->registers;
	if (page->base < TRANSPORTS_BASE || page->base >= TRANSPORTS_BASE + TRANSPORTS * TRANSPORT_BYTES ||
	    page->bytes != PAGE) {
		CHECK_ERROR(system, device->node, "reg",
			    "is 0x%" PRIx64 " with 0x%" PRIx64
			    " bytes; expected a page of QEMU's virtio-mmio transports, 0x0a000000 to 0x0a003fff",
			    page->base, page->bytes);
		return;
	}
	uint32_t first = (uint32_t)(page->base - TRANSPORTS_BASE) / TRANSPORT_BYTES;
	uint32_t transport = device_transport(device) - first;
	if (device->interrupt_count != 1 || transport >= PAGE_TRANSPORTS) {
		CHECK_ERROR(system, device->node, "interrupts",
			    "is no transport's of this page; expected one of %u to %u: 48 and the number of the transport",
			    TRANSPORT_INTERRUPT + first, TRANSPORT_INTERRUPT + first + PAGE_TRANSPORTS - 1);
		return;
	}
	uint32_t status = transport * TRANSPORT_BYTES + TRANSPORT_STATUS;
	if (!device->level) {
		CHECK_ERROR(system, device->node, "level-triggered", "is missing; expected it of a virtio device");
	}
	if (!device->stops || device->stop_offset != status || device->stop_value != 0) {
		CHECK_ERROR(system, device->node, "stop",
			    "does not reset the transport, which would go on without its driver; expected <0x%x 0>", status);
	}
}

static bool uses(const struct manifest_server *client, uint32_t server)
{
	for (uint32_t i = 0; i < client->use_count; i++) {
		if (client->uses[i].server == server) {
			return true;
		}
	}
	return false;
}

static bool is_member(const struct manifest_channel *channel, uint32_t server)
{
	for (uint32_t i = 0; i < channel->member_count; i++) {
		if (channel->members[i] == server) {
			return true;
		}
	}
	return false;
}

static bool share_channel(const struct manifest *manifest, uint32_t a, uint32_t b)
{
	for (uint32_t i = 0; i < manifest->channel_count; i++) {
		const struct manifest_channel *channel = &manifest->channels[i];
		if (channel->persistent && channel->member_count == 2 && is_member(channel, a) &&
		    is_member(channel, b)) {
			return true;
		}
	}
	return false;
}

static void check_dma_by(struct system *system, const struct manifest_vm_device *device)
{
	const struct manifest *manifest = &system->manifest;
	const struct manifest_server *driver = &manifest->servers[device->dma_by];
	const struct manifest_server *server = &manifest->servers[device->server];
	if (!device->guest_memory && !device->bounce_memory) {
		CHECK_ERROR(system, device->node, "dma-by",
			    "is there, but `%s` does not see the VM's memory; expected `guest-memory` too, or "
			    "`bounce-memory`",
			    server->name);
	}
	if (driver->device_count == 0 || device->dma_by == device->server) {
		CHECK_ERROR(system, device->node, "dma-by",
			    "is `%s`, which drives no device of the platform for others; expected a driver", driver->name);
		return;
	}
	if (!uses(server, device->dma_by)) {
		CHECK_ERROR(system, device->node, "dma-by", "is `%s`, which `%s` may not call; expected it in `uses`",
			    driver->name, server->name);
	}
	if (!share_channel(manifest, device->server, device->dma_by)) {
		CHECK_ERROR(system, device->node, "dma-by",
			    "is `%s`, but there is no channel for the requests; expected one, `persistent`, between "
			    "`%s` and `%s`",
			    driver->name, server->name, driver->name);
	}
}

/* What a channel's capability to wake the peer is called: the name may be cut. */
static bool same_capability(const char *a, const char *b)
{
	return strncmp(a, b, CHANNEL_NAME_KEPT) == 0;
}

static const char *name_in(const struct manifest_channel *channel, uint32_t server)
{
	for (uint32_t i = 0; i < channel->member_count; i++) {
		if (channel->members[i] == server) {
			return channel->names[i];
		}
	}
	return NULL;
}

static void check_channel_names(struct system *system, uint32_t server)
{
	const struct manifest *manifest = &system->manifest;
	for (uint32_t i = 0; i < manifest->channel_count; i++) {
		const char *name = name_in(&manifest->channels[i], server);
		for (uint32_t j = 0; name != NULL && j < i; j++) {
			const char *other = name_in(&manifest->channels[j], server);
			if (other != NULL && same_capability(name, other)) {
				CHECK_ERROR(system, manifest->channels[i].node, "names",
					    "gives `%s` the name `%s`, and another channel `%s`; expected names that "
					    "differ in their first %u characters",
					    manifest->servers[server].name, name, other, CHANNEL_NAME_KEPT);
			}
		}
	}
}

void check_hardware(struct system *system)
{
	const struct manifest *manifest = &system->manifest;
	for (uint32_t i = 0; i < manifest->platform.device_count; i++) {
		if (strcmp(manifest->platform.devices[i].compatible, "virtio,mmio") == 0) {
			check_transport(system, &manifest->platform.devices[i]);
		}
	}
	for (uint32_t i = 0; i < manifest->server_count; i++) {
		const struct manifest_server *server = &manifest->servers[i];
		if (server->dma_kib != 0 && server->device_count == 0) {
			CHECK_ERROR(system, server->node, "dma-kib",
				    "is %u, but `%s` has no device that could use it; expected `devices` too",
				    server->dma_kib, server->name);
		}
		check_channel_names(system, i);
	}
	for (uint32_t i = 0; i < manifest->vm_count; i++) {
		for (uint32_t j = 0; j < manifest->vms[i].device_count; j++) {
			if (manifest->vms[i].devices[j].dma_by != MANIFEST_NONE) {
				check_dma_by(system, &manifest->vms[i].devices[j]);
			}
		}
	}
}
