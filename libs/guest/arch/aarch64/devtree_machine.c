#include "../../devtree_machine.h"

#include <inttypes.h>
#include <stdio.h>

#include <guest/machine.h>

/* The GIC's interrupt specifier: type, number, flags. */
#define CELL_SPI 0u
#define CELL_PPI 1u
#define CELL_EDGE 1u
#define CELL_LEVEL 4u

static void write_cpus(struct fdt_writer *w, uint32_t vcpus)
{
	char name[16];

	writer_begin(w, "cpus");
	writer_u32(w, "#address-cells", 1);
	writer_u32(w, "#size-cells", 0);
	for (uint32_t i = 0; i < vcpus; i++) {
		(void)snprintf(name, sizeof(name), "cpu@%" PRIx64, guest_affinity(i));
		writer_begin(w, name);
		writer_string(w, "device_type", "cpu");
		writer_string(w, "compatible", "arm,armv8");
		writer_string(w, "enable-method", "psci");
		writer_u32(w, "reg", (uint32_t)guest_affinity(i));
		writer_end(w);
	}
	writer_end(w);
}

static void write_psci(struct fdt_writer *w)
{
	static const char compatible[] = "arm,psci-1.0\0arm,psci-0.2";

	writer_begin(w, "psci");
	writer_bytes(w, "compatible", compatible, sizeof(compatible));
	writer_string(w, "method", "hvc");
	writer_end(w);
}

static void write_timer(struct fdt_writer *w)
{
	static const uint32_t interrupts[] = {
		CELL_PPI, GUEST_LINE_SECURE_TIMER - 16, CELL_LEVEL,
		CELL_PPI, GUEST_LINE_PHYSICAL_TIMER - 16, CELL_LEVEL,
		CELL_PPI, GUEST_LINE_VIRTUAL_TIMER - 16, CELL_LEVEL,
		CELL_PPI, GUEST_LINE_HYP_TIMER - 16, CELL_LEVEL,
	};

	writer_begin(w, "timer");
	writer_string(w, "compatible", "arm,armv8-timer");
	writer_cells(w, "interrupts", interrupts, 12);
	writer_flag(w, "always-on");
	writer_end(w);
}

static void write_gic(struct fdt_writer *w, uint32_t vcpus)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "intc@%llx", GUEST_GICD_BASE);
	writer_begin(w, name);
	writer_string(w, "compatible", "arm,gic-v3");
	writer_flag(w, "interrupt-controller");
	writer_u32(w, "#interrupt-cells", 3);
	writer_u32(w, "#address-cells", 2);
	writer_u32(w, "#size-cells", 2);
	writer_flag(w, "ranges");
	writer_u64s(w, "reg", (const uint64_t[]){ GUEST_GICD_BASE, GUEST_GICD_BYTES, GUEST_GICR_BASE,
						  vcpus * GUEST_GICR_BYTES }, 4);
	writer_u32(w, "#redistributor-regions", 1);
	writer_u32(w, "phandle", DEVTREE_PHANDLE_INTERRUPTS);
	writer_end(w);
}

void devtree_machine_nodes(struct fdt_writer *w, const struct manifest_vm *vm)
{
	write_psci(w);
	write_cpus(w, vm->vcpus);
	write_timer(w);
	write_gic(w, vm->vcpus);
}

void devtree_machine_interrupt(struct fdt_writer *w, uint32_t line, bool level)
{
	const uint32_t cells[3] = { CELL_SPI, line - SK_PRIVATE_LINES, level ? CELL_LEVEL : CELL_EDGE };

	writer_cells(w, "interrupts", cells, 3);
}
