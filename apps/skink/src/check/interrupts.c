/* Interrupts and devices have one owner each. */
#include "check.h"

#include <stdlib.h>

static void check_physical_lines(struct system *system)
{
	const struct manifest_platform *platform = &system->manifest.platform;
	for (uint32_t i = 0; i < platform->device_count; i++) {
		const struct manifest_device *device = &platform->devices[i];
		for (uint32_t line = 0; line < device->interrupt_count; line++) {
			for (uint32_t j = 0; j <= i; j++) {
				const struct manifest_device *other = &platform->devices[j];
				uint32_t end = j == i ? line : other->interrupt_count;
				for (uint32_t k = 0; k < end; k++) {
					if (other->interrupts[k] == device->interrupts[line]) {
						CHECK_ERROR(
							system, device->node, "interrupts",
							"names interrupt %u, which %s has; expected one owner of each",
							device->interrupts[line], other->name);
					}
				}
			}
		}
	}
}

static void check_guest_lines(struct system *system, const struct manifest_vm *vm)
{
	for (uint32_t i = 0; i < vm->device_count; i++) {
		for (uint32_t j = 0; j < i; j++) {
			if (vm->devices[i].line != 0 && vm->devices[i].line == vm->devices[j].line) {
				CHECK_ERROR(system, vm->devices[i].node, "interrupts",
					    "is the guest's line %u, which %s has; expected one owner of each",
					    vm->devices[i].line, vm->devices[j].name);
			}
		}
	}
}

/* Tells server `index` about a device of its own that it, or a server before it, has already. */
static void check_owner(struct system *system, uint32_t index, uint32_t which)
{
	const struct manifest *manifest = &system->manifest;
	uint32_t device = manifest->servers[index].devices[which].device;
	for (uint32_t i = 0; i <= index; i++) {
		uint32_t end = i == index ? which : manifest->servers[i].device_count;
		for (uint32_t j = 0; j < end; j++) {
			if (manifest->servers[i].devices[j].device == device) {
				CHECK_ERROR(
					system, manifest->servers[index].node, "devices",
					"names %s, whose registers and interrupt server `%s` owns; expected one owner",
					manifest->platform.devices[device].name, manifest->servers[i].name);
				return;
			}
		}
	}
}

void check_interrupts(struct system *system)
{
	const struct manifest *manifest = &system->manifest;
	check_physical_lines(system);
	for (uint32_t i = 0; i < manifest->vm_count; i++) {
		check_guest_lines(system, &manifest->vms[i]);
	}
	for (uint32_t i = 0; i < manifest->server_count; i++) {
		for (uint32_t j = 0; j < manifest->servers[i].device_count; j++) {
			check_owner(system, i, j);
		}
	}
}
