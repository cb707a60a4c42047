/* The physical machine: ranges, memory, and what QEMU's virt fixes. */
#include "check.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define GIC_DISTRIBUTOR_BYTES 0x10000ull
#define GIC_REDISTRIBUTOR_BYTES 0x20000ull /* each core's */
#define QEMU_RAM_BASE 0x40000000ull
#define SPANS (MANIFEST_DEVICES + 3)

/* "name@9000000" must tell where the registers are. */
static void check_unit_address(struct system *system, int node, const char *name, uint64_t base)
{
	const char *at = strchr(name, '@');
	char *end;
	if (at != NULL && (strtoull(at + 1, &end, 16) != base || *end != '\0' || at[1] == '\0')) {
		CHECK_ERROR(system, node, "reg",
			    "begins at 0x%" PRIx64 "; expected the unit address in the node's name, %s", base, at);
	}
}

static void check_unit_addresses(struct system *system)
{
	const struct manifest *manifest = &system->manifest;
	for (uint32_t i = 0; i < manifest->platform.device_count; i++) {
		const struct manifest_device *device = &manifest->platform.devices[i];
		check_unit_address(system, device->node, device->name, device->registers.base);
	}
	for (uint32_t i = 0; i < manifest->vm_count; i++) {
		for (uint32_t j = 0; j < manifest->vms[i].device_count; j++) {
			const struct manifest_vm_device *device = &manifest->vms[i].devices[j];
			check_unit_address(system, device->node, device->name, device->registers.base);
		}
	}
}

static void check_physical_ranges(struct system *system)
{
	const struct manifest_platform *platform = &system->manifest.platform;
	struct span spans[SPANS];
	uint32_t count = 0;
	spans[count++] = (struct span){ platform->memory, "the machine's memory", platform->node, "memory" };
	spans[count++] = (struct span){
		{ platform->gic_distributor, GIC_DISTRIBUTOR_BYTES }, "the GIC's distributor", platform->node, "gic-v3"
	};
	spans[count++] = (struct span){ { platform->gic_redistributors, GIC_REDISTRIBUTOR_BYTES * platform->cores },
					"the GIC's redistributors",
					platform->node,
					"gic-v3" };
	for (uint32_t i = 0; i < platform->device_count; i++) {
		const struct manifest_device *device = &platform->devices[i];
		spans[count++] =
			(struct span){ device->registers, text_print("device %s", device->name), device->node, "reg" };
	}
	spans_check(system, spans, count);
}

static void check_qemu(struct system *system)
{
	const struct manifest_platform *platform = &system->manifest.platform;
	if (strcmp(platform->compatible, "qemu,virt-aarch64") != 0) {
		CHECK_ERROR(system, platform->node, "compatible",
			    "is `%s`; expected \"qemu,virt-aarch64\", the machine that this version knows",
			    platform->compatible);
		return;
	}
	if (platform->memory.base != QEMU_RAM_BASE || platform->memory.bytes % MIB != 0) {
		CHECK_ERROR(system, platform->node, "memory",
			    "is at 0x%" PRIx64 ", 0x%" PRIx64
			    " bytes; expected 0x40000000 and whole MiB, as QEMU's virt has",
			    platform->memory.base, platform->memory.bytes);
	}
}

static void check_memory_sum(struct system *system)
{
	const struct manifest_platform *platform = &system->manifest.platform;
	uint64_t needed = system_memory_needed(system);
	if (needed > platform->memory.bytes) {
		CHECK_ERROR(system, platform->node, "memory",
			    "is %" PRIu64 " MiB; expected at least %" PRIu64
			    " MiB for all servers, VMs and the boot image (--machine-mem MIB)",
			    platform->memory.bytes / MIB, (needed + MIB - 1) / MIB);
	}
}

static void check_panic_console(struct system *system)
{
	const struct manifest_platform *platform = &system->manifest.platform;
	if (platform->panic_console < platform->device_count &&
	    strcmp(platform->devices[platform->panic_console].compatible, "arm,pl011") != 0) {
		CHECK_ERROR(system, platform->node, "panic-console",
			    "refers to `%s`; expected a device with compatible = \"arm,pl011\"",
			    platform->devices[platform->panic_console].name);
	}
}

void check_machine(struct system *system)
{
	check_qemu(system);
	check_unit_addresses(system);
	check_physical_ranges(system);
	check_memory_sum(system);
	check_panic_console(system);
}
