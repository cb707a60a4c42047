/* Each VM's guest-physical address space. */
#include "check.h"

#include <inttypes.h>
#include <stdlib.h>

/* Where the VMM puts the guest's GICv3: as QEMU's virt has it. */
#define VGIC_DISTRIBUTOR 0x08000000ull
#define VGIC_DISTRIBUTOR_BYTES 0x10000ull
#define VGIC_REDISTRIBUTORS 0x080a0000ull
#define VGIC_REDISTRIBUTOR_BYTES 0x20000ull
#define GUEST_ADDRESS_END (1ull << 40) /* three levels of stage 2 from a concatenated root */
#define SPANS (MANIFEST_VM_MEMORIES + MANIFEST_VM_DEVICES + 2)

static void check_guest_ranges(struct system *system, const struct manifest_vm *vm)
{
	struct span spans[SPANS];
	uint32_t count = 0;
	spans[count++] = (struct span){
		{ VGIC_DISTRIBUTOR, VGIC_DISTRIBUTOR_BYTES }, "the guest's GIC distributor", vm->node, NULL
	};
	spans[count++] = (struct span){ { VGIC_REDISTRIBUTORS, VGIC_REDISTRIBUTOR_BYTES * vm->vcpus },
					"the guest's GIC redistributors",
					vm->node,
					NULL };
	for (uint32_t i = 0; i < vm->memory_count; i++) {
		spans[count++] =
			(struct span){ vm->memory[i], text_print("the VM's memory %u", i), vm->node, "memory" };
	}
	for (uint32_t i = 0; i < vm->device_count; i++) {
		const struct manifest_vm_device *device = &vm->devices[i];
		spans[count++] =
			(struct span){ device->registers, text_print("device %s", device->name), device->node, "reg" };
	}
	for (uint32_t i = 2; i < count; i++) {
		if (spans[i].range.base >= GUEST_ADDRESS_END ||
		    spans[i].range.bytes > GUEST_ADDRESS_END - spans[i].range.base) {
			CHECK_ERROR(system, spans[i].node, spans[i].property,
				    "ends at 0x%" PRIx64 "; expected guest-physical addresses of 40 bits",
				    spans[i].range.base + spans[i].range.bytes);
		}
	}
	spans_check(system, spans, count);
}

static bool in_memory(const struct manifest_vm *vm, uint64_t address)
{
	for (uint32_t i = 0; i < vm->memory_count; i++) {
		if (address >= vm->memory[i].base && address - vm->memory[i].base < vm->memory[i].bytes) {
			return true;
		}
	}
	return false;
}

/* Addresses that are the image's own for other formats are the manifest's for a flat one. */
static void check_flat_kernel(struct system *system, const struct manifest_vm *vm)
{
	if (vm->kernel_format != MANIFEST_KERNEL_FLAT) {
		return;
	}
	if (!in_memory(vm, vm->kernel_address)) {
		CHECK_ERROR(system, vm->node, "kernel-address",
			    "is 0x%" PRIx64 "; expected an address in the VM's memory", vm->kernel_address);
	}
	if (!in_memory(vm, vm->entry) || vm->entry % 4 != 0) {
		CHECK_ERROR(system, vm->node, "entry",
			    "is 0x%" PRIx64 "; expected an address in the VM's memory, a multiple of 4", vm->entry);
	}
}

void check_guests(struct system *system)
{
	for (uint32_t i = 0; i < system->manifest.vm_count; i++) {
		check_guest_ranges(system, &system->manifest.vms[i]);
		check_flat_kernel(system, &system->manifest.vms[i]);
	}
}
