/*
 * A VM's emulated device: where the guest sees it and who serves it.
 */
#include "reader.h"

#define VM_DEVICE_NAME_MAX 31u

static const struct property vm_device_properties[] = {
	{ "device", "a reference to the server of this device", true },
	{ "compatible", "the device's kind, for the guest's devicetree", true },
	{ "reg", "one guest-physical base and size (two cells each)", true },
	{ "interrupts", "one INTID of a shared interrupt in the guest, 32 to 255", false },
	{ "level-triggered", "no value", false },
	{ "guest-memory", "no value", false },
	{ "bounce-memory", "no value", false },
	{ "dma-by", "a reference to the server that drives the hardware behind this device", false },
};
static const struct schema vm_device_schema = { "a VM's device", SCHEMA_PROPERTIES(vm_device_properties),
						schema_no_children };

void vm_device_read(struct reader *reader, int node, struct manifest_vm *vm)
{
	if (vm->device_count == MANIFEST_VM_DEVICES) {
		reader_fail(reader, node, NULL, "is one device too many; expected at most %u", MANIFEST_VM_DEVICES);
		return;
	}
	struct manifest_vm_device *device = &vm->devices[vm->device_count++];
	struct section section = section_open(reader, node, &vm_device_schema);
	uint32_t count = 0;
	*device = (struct manifest_vm_device){
		.name = section_name(reader, node, "a device", VM_DEVICE_NAME_MAX, true),
		.compatible = "",
		.server = MANIFEST_NONE,
		.dma_by = MANIFEST_NONE,
		.node = node,
	};
	value_servers(&section, "device", &device->server, 1, &count);
	value_string(&section, "compatible", &device->compatible);
	value_ranges(&section, "reg", 8, &device->registers, 1, &count);
	value_u32(&section, "interrupts", (struct bounds){ 32, 31 + SK_SHARED_LINES_MAX }, &device->line);
	value_flag(&section, "level-triggered", &device->level);
	value_flag(&section, "guest-memory", &device->guest_memory);
	value_flag(&section, "bounce-memory", &device->bounce_memory);
	if (device->bounce_memory && (device->guest_memory || !vm->has_pool)) {
		reader_fail(reader, node, "bounce-memory", "%s",
			    device->guest_memory ? "is there, and `guest-memory` too; expected one of them"
						 : "is there, but no pool; expected a `bounce-pool` of the VM");
		device->bounce_memory = false;
	}
	value_servers(&section, "dma-by", &device->dma_by, 1, &count);
}
