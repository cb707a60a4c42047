#include "hardware.h"

#include <stdio.h>
#include <string.h>

#include <sk/boot.h>
#include <sk/idl/kernel_client.h>

#include "grant.h"
#include "object.h"
#include "slots.h"

/* The boot image lists the devices in an order of its own: they are told by their addresses. */
static sk_cap_t device_memory(uint64_t base)
{
	for (uint32_t i = 0; i < SK_BOOT_DEVICES; i++) {
		uint64_t at;
		uint64_t bytes;
		enum memory_memory_kind kind;
		uint32_t mappings;

		if (memory_info(SK_BOOT_SLOT_DEVICES + i, &at, &bytes, &kind, &mappings) == SK_OK && at == base) {
			return SK_BOOT_SLOT_DEVICES + i;
		}
	}
	return SK_CAP_NONE;
}

static sk_status_t connect_interrupt(struct server *server, uint32_t number, bool level)
{
	char name[SK_NAME_BYTES] = "irq";
	sk_cap_t slot = slots_take();

	if (slot == SK_CAP_NONE || server->interrupt_count == SYSTEM_INTERRUPTS) {
		slots_give(slot);
		return SK_NO_SLOT;
	}

	sk_status_t status = machine_claim_interrupt(SK_BOOT_SLOT_MACHINE, number, level, slot);

	if (status != SK_OK) {
		slots_give(slot);
		return status;
	}
	if (server->interrupt_count != 0) {
		(void)snprintf(name, sizeof(name), "irq%u", (unsigned)server->interrupt_count);
	}
	server->interrupts[server->interrupt_count++] = slot;
	return grant_cap(server, name, SK_OBJECT_TYPE_INTERRUPT, slot, SK_RIGHT_WRITE, 0);
}

/* A function of PCI is stopped in its host bridge's registers. */
static volatile uint32_t *stop_register(const struct manifest_device *device)
{
	const struct manifest_device *where =
		device->host == MANIFEST_NONE ? device : &system_state.manifest.platform.devices[device->host];

	return object_view_register(device_memory(where->registers.base), device->stop_offset);
}

static sk_status_t connect_devices(struct server *server)
{
	sk_status_t status = SK_OK;

	for (uint32_t i = 0; status == SK_OK && i < server->config->device_count; i++) {
		const struct manifest_owned_device *owned = &server->config->devices[i];
		const struct manifest_device *device = &system_state.manifest.platform.devices[owned->device];
		struct grant_memory memory = {
			.memory = device_memory(device->registers.base),
			.bytes = device->registers.bytes,
			.access = SK_MAP_FLAGS_READ | SK_MAP_FLAGS_WRITE | SK_MAP_FLAGS_DEVICE,
		};

		status = memory.memory == SK_CAP_NONE ? SK_BAD_CAP : grant_region(server, owned->name, &memory);
		if (status == SK_OK && device->stops) {
			server->stops[i] = stop_register(device);
			status = server->stops[i] == NULL ? SK_NO_MEMORY : SK_OK;
		}
		for (uint32_t j = 0; status == SK_OK && j < device->interrupt_count; j++) {
			status = connect_interrupt(server, device->interrupts[j], device->level);
		}
	}
	return status;
}

static sk_status_t connect_dma(struct server *server)
{
	struct ram_range range;
	struct grant_memory memory = {
		.bytes = server->config->dma_kib * 1024ull,
		.access = SK_MAP_FLAGS_READ | SK_MAP_FLAGS_WRITE,
		.flags = SK_REGION_PERSISTENT,
	};

	if (memory.bytes == 0) {
		return SK_OK;
	}

	sk_status_t status = ram_take(memory.bytes, SK_PAGE_BYTES, &range);

	if (status != SK_OK) {
		return status;
	}
	memory.memory = range.memory;
	server->ram_bytes += range.bytes;
	status = memory_clear(range.memory, 0, range.bytes);
	if (status == SK_OK) {
		status = grant_region(server, "dma", &memory);
	}
	return status != SK_OK ? status
			       : grant_cap(server, "dma", SK_OBJECT_TYPE_MEMORY, range.memory, SK_RIGHT_READ, 0);
}

/* A name's slots are the driver's for good; what is in them comes and goes with the VM. */
static const char *dma_name(char name[SK_NAME_BYTES], const struct manifest_vm_device *device, uint32_t memory)
{
	(void)snprintf(name, SK_NAME_BYTES, "dma:%.16s:%c", system_state.servers[device->server].config->name,
		       (char)('0' + memory));
	return name;
}

static sk_status_t reserve_dma(struct server *driver, const struct manifest_vm *vm)
{
	sk_status_t status = SK_OK;
	char name[SK_NAME_BYTES];

	for (uint32_t i = 0; i < vm->device_count; i++) {
		const struct manifest_vm_device *device = &vm->devices[i];
		uint32_t count = device->dma_by == driver->index ? manifest_device_memories(vm, device) : 0;

		for (uint32_t j = 0; status == SK_OK && j < count; j++) {
			status = grant_reserve(driver, dma_name(name, device, j), SK_OBJECT_TYPE_MEMORY);
		}
	}
	return status;
}

sk_status_t hardware_connect(struct server *server)
{
	sk_status_t status = connect_devices(server);

	if (status == SK_OK) {
		status = connect_dma(server);
	}
	for (uint32_t i = 0; status == SK_OK && i < system_state.manifest.vm_count; i++) {
		status = reserve_dma(server, &system_state.manifest.vms[i]);
	}
	return status;
}

bool hardware_has_host(const struct server *server)
{
	for (uint32_t i = 0; i < server->config->device_count; i++) {
		if (manifest_is_pci_host(&system_state.manifest.platform.devices[server->config->devices[i].device])) {
			return true;
		}
	}
	return false;
}

void hardware_stop(const struct server *server)
{
	for (uint32_t i = 0; i < server->config->device_count; i++) {
		if (server->stops[i] != NULL) {
			const struct manifest_device *device =
				&system_state.manifest.platform.devices[server->config->devices[i].device];

			*server->stops[i] = device->stop_value;
		}
	}
}

static struct server *driver_of(const struct manifest_vm_device *device)
{
	struct server *driver = device->dma_by == MANIFEST_NONE ? NULL : &system_state.servers[device->dma_by];

	return driver != NULL && driver->unusable == NULL ? driver : NULL;
}

sk_status_t hardware_grant_dma(const struct vm *vm, const struct manifest_vm_device *device)
{
	const struct server *driver = driver_of(device);
	sk_status_t status = SK_OK;
	char name[SK_NAME_BYTES];

	for (uint32_t i = 0; driver != NULL && status == SK_OK && i < manifest_device_memories(vm->config, device); i++) {
		sk_cap_t memory = vm->memory[manifest_device_memory(vm->config, device, i)];

		status = grant_reserved(driver, dma_name(name, device, i), memory, SK_RIGHT_READ);
	}
	return status;
}

void hardware_revoke_dma(const struct vm *vm)
{
	char name[SK_NAME_BYTES];

	for (uint32_t i = 0; i < vm->config->device_count; i++) {
		const struct manifest_vm_device *device = &vm->config->devices[i];
		const struct server *driver = driver_of(device);

		for (uint32_t j = 0; driver != NULL && j < manifest_device_memories(vm->config, device); j++) {
			(void)grant_reserved(driver, dma_name(name, device, j), SK_CAP_NONE, 0);
		}
	}
}
