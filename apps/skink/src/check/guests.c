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

/* What is left of `bytes` behind the largest power of two of MiB in it: a guest copies through that much. */
static uint64_t spare_of(uint64_t bytes)
{
	uint64_t copied = MIB;
	while (2 * copied <= bytes) {
		copied *= 2;
	}
	return bytes - copied;
}

/*
 * A guest knows the end of what its devices reach by the number of the address bits: only the pool may be below that.
 * What it keeps of it beside the memory to copy through is safe from other use as long as it is not much.
 */
static void check_pool(struct system *system, const struct manifest_vm *vm)
{
	const struct manifest_range *pool = &vm->memory[vm->memory_count - 1];
	uint64_t end = 1;
	uint64_t rest = 0;
	while (end < pool->base + pool->bytes) {
		end *= 2;
	}
	for (uint32_t i = 0; i + 1 < vm->memory_count; i++) {
		rest += vm->memory[i].bytes;
		if (vm->memory[i].base < end) {
			CHECK_ERROR(system, vm->node, "bounce-pool",
				    "is 0x%" PRIx64 " to 0x%" PRIx64 "; expected it below the VM's other memory, with a power "
				    "of two between them",
				    pool->base, pool->base + pool->bytes - 1);
			return;
		}
	}
	if (pool->bytes < MIB || pool->bytes > 64 * MIB) {
		CHECK_ERROR(system, vm->node, "bounce-pool", "is %" PRIu64 " MiB; expected 1 to 64 MiB", pool->bytes / MIB);
	} else if (spare_of(pool->bytes) > MIB && spare_of(pool->bytes) > rest / 256) {
		CHECK_WARNING(system, vm->node, "bounce-pool",
			      "leaves %" PRIu64 " MiB for rings beside a power of two to copy through; a guest may use more "
			      "than %" PRIu64 " KiB of that for anything",
			      spare_of(pool->bytes) / MIB, rest / 256 / 1024);
	}
}

/* To the guest two memories that touch are one, and its buffers may cross between them; to devices they are two. */
static void check_touching(struct system *system, const struct manifest_vm *vm)
{
	uint32_t count = vm->memory_count - (vm->has_pool ? 1 : 0);
	for (uint32_t i = 0; i < count; i++) {
		for (uint32_t j = 0; j < count; j++) {
			if (vm->memory[i].base + vm->memory[i].bytes == vm->memory[j].base) {
				CHECK_ERROR(system, vm->node, "memory",
					    "begins at 0x%" PRIx64 " where another one ends; expected one of both, "
				    "or a gap",
					    vm->memory[j].base);
			}
		}
	}
}

void check_guests(struct system *system)
{
	for (uint32_t i = 0; i < system->manifest.vm_count; i++) {
		check_guest_ranges(system, &system->manifest.vms[i]);
		check_touching(system, &system->manifest.vms[i]);
		check_flat_kernel(system, &system->manifest.vms[i]);
		if (system->manifest.vms[i].has_pool) {
			check_pool(system, &system->manifest.vms[i]);
		}
	}
}
