#include <guest/devtree.h>

#include <inttypes.h>
#include <stdio.h>

#include "devtree_machine.h"

#define CLOCK_HZ 24000000u

/* What a device of this kind says beside its address and line. */
struct device_kind {
	const char *compatible;
	const char *also;        /* second string of `compatible`, or NULL */
	const char *clock_names; /* strings one after the other; each clock is the fixed one */
	uint32_t clock_names_bytes;
	uint32_t clocks;
	bool coherent;
};

static const struct device_kind device_kinds[] = {
	{ "arm,pl011", "arm,primecell", "uartclk\0apb_pclk", sizeof("uartclk\0apb_pclk"), 2, false },
	{ "arm,pl031", "arm,primecell", "apb_pclk", sizeof("apb_pclk"), 1, false },
	{ "arm,sp805", "arm,primecell", "wdog_clk\0apb_pclk", sizeof("wdog_clk\0apb_pclk"), 2, false },
	{ "virtio,mmio", NULL, NULL, 0, 0, true },
};

static const struct device_kind *device_kind_of(const char *compatible)
{
	static const struct device_kind plain = { 0 };

	for (size_t i = 0; i < sizeof(device_kinds) / sizeof(device_kinds[0]); i++) {
		if (strcmp(device_kinds[i].compatible, compatible) == 0) {
			return &device_kinds[i];
		}
	}
	return &plain;
}

static void write_device(struct fdt_writer *w, const struct manifest_vm_device *device)
{
	const struct device_kind *kind = device_kind_of(device->compatible);
	const uint32_t clocks[2] = { DEVTREE_PHANDLE_CLOCK, DEVTREE_PHANDLE_CLOCK };
	char compatible[128];
	int length = snprintf(compatible, sizeof(compatible), "%s%c%s", device->compatible, 0,
			      kind->also != NULL ? kind->also : "");

	if (length < 0 || (size_t)length >= sizeof(compatible)) {
		writer_note(w, -FDT_ERR_BADVALUE);
		return;
	}
	writer_begin(w, device->name);
	writer_bytes(w, "compatible", compatible, (uint32_t)length + (kind->also != NULL ? 1 : 0));
	writer_u64s(w, "reg", (const uint64_t[]){ device->registers.base, device->registers.bytes }, 2);
	if (device->line != 0) {
		devtree_machine_interrupt(w, device->line, device->level);
	}
	if (kind->clocks != 0) {
		writer_cells(w, "clocks", clocks, kind->clocks);
		writer_bytes(w, "clock-names", kind->clock_names, kind->clock_names_bytes);
	}
	if (kind->coherent) {
		writer_flag(w, "dma-coherent");
	}
	writer_end(w);
}

/*
 * Devices that see nothing but the bounce pool are on a bus that reaches nothing else (`dma-ranges`; Devicetree
 * Specification 0.4, section 2.3.9), and are used by a guest like any others of such a bus: it allocates rings in the
 * pool, and copies what is elsewhere.
 */
static void write_bounce_bus(struct fdt_writer *w, const struct manifest_vm *vm)
{
	const struct manifest_range *pool = &vm->memory[vm->memory_count - 1];

	writer_begin(w, "bounce-bus");
	writer_string(w, "compatible", "simple-bus");
	writer_u32(w, "#address-cells", 2);
	writer_u32(w, "#size-cells", 2);
	writer_flag(w, "ranges");
	writer_u64s(w, "dma-ranges", (const uint64_t[]){ pool->base, pool->base, pool->bytes }, 3);
	for (uint32_t i = 0; i < vm->device_count; i++) {
		if (vm->devices[i].bounce_memory) {
			write_device(w, &vm->devices[i]);
		}
	}
	writer_end(w);
}

/* The first PL011 is the console that firmware and early boot print to. */
static void write_stdout(struct fdt_writer *w, const struct manifest_vm *vm)
{
	char path[64];

	for (uint32_t i = 0; i < vm->device_count; i++) {
		if (strcmp(vm->devices[i].compatible, "arm,pl011") == 0) {
			int length = snprintf(path, sizeof(path), "/%s", vm->devices[i].name);
			if (length > 0 && (size_t)length < sizeof(path)) {
				writer_string(w, "stdout-path", path);
			}
			return;
		}
	}
}

static void write_chosen(struct fdt_writer *w, const struct devtree_input *input)
{
	writer_begin(w, "chosen");
	writer_string(w, "bootargs", input->vm->cmdline);
	write_stdout(w, input->vm);
	if (input->initrd_start != input->initrd_end) {
		writer_u64s(w, "linux,initrd-start", &input->initrd_start, 1);
		writer_u64s(w, "linux,initrd-end", &input->initrd_end, 1);
	}
	if (input->seed != NULL) {
		writer_bytes(w, "rng-seed", input->seed, input->seed_bytes);
	}
	writer_end(w);
}

static void write_memory(struct fdt_writer *w, const struct manifest_vm *vm)
{
	char name[32];

	for (uint32_t i = 0; i < vm->memory_count; i++) {
		(void)snprintf(name, sizeof(name), "memory@%" PRIx64, vm->memory[i].base);
		writer_begin(w, name);
		writer_string(w, "device_type", "memory");
		writer_u64s(w, "reg", (const uint64_t[]){ vm->memory[i].base, vm->memory[i].bytes }, 2);
		writer_end(w);
	}
}

static void write_clock(struct fdt_writer *w)
{
	writer_begin(w, "apb-pclk");
	writer_string(w, "compatible", "fixed-clock");
	writer_u32(w, "#clock-cells", 0);
	writer_u32(w, "clock-frequency", CLOCK_HZ);
	writer_string(w, "clock-output-names", "clk24mhz");
	writer_u32(w, "phandle", DEVTREE_PHANDLE_CLOCK);
	writer_end(w);
}

static bool devtree_result(int result, uint32_t room, struct guest_error *error)
{
	if (result == -FDT_ERR_NOSPACE) {
		return guest_fail(error, "the guest's device tree does not fit in %" PRIu32 " bytes", room);
	}
	return result == 0 || guest_fail(error, "the guest's device tree: %s", fdt_strerror(result));
}

bool devtree_build(const struct devtree_input *input, void *buffer, uint32_t room, uint32_t *size,
		   struct guest_error *error)
{
	struct fdt_writer w = { .fdt = buffer };

	writer_note(&w, fdt_create(buffer, (int)room));
	writer_note(&w, w.error != 0 ? 0 : fdt_finish_reservemap(buffer));
	writer_begin(&w, "");
	writer_string(&w, "compatible", "linux,dummy-virt");
	writer_string(&w, "model", "skink,virt");
	writer_u32(&w, "#address-cells", 2);
	writer_u32(&w, "#size-cells", 2);
	writer_u32(&w, "interrupt-parent", DEVTREE_PHANDLE_INTERRUPTS);
	write_chosen(&w, input);
	write_memory(&w, input->vm);
	devtree_machine_nodes(&w, input->vm);
	write_clock(&w);
	for (uint32_t i = 0; i < input->vm->device_count; i++) {
		if (!input->vm->devices[i].bounce_memory) {
			write_device(&w, &input->vm->devices[i]);
		}
	}
	if (input->vm->has_pool) {
		write_bounce_bus(&w, input->vm);
	}
	writer_end(&w);
	writer_note(&w, w.error != 0 ? 0 : fdt_finish(buffer));
	if (!devtree_result(w.error, room, error)) {
		return false;
	}
	*size = fdt_totalsize(buffer);
	return true;
}

/* The node at `path` directly below the root, made if it is missing; or libfdt's error. */
static int node_at(void *fdt, const char *name)
{
	int node = fdt_subnode_offset(fdt, 0, name);

	return node == -FDT_ERR_NOTFOUND ? fdt_add_subnode(fdt, 0, name) : node;
}

static int patch_chosen(const struct devtree_input *input, void *fdt)
{
	int node = node_at(fdt, "chosen");
	int result = node < 0 ? node : 0;

	if (result == 0 && input->vm->cmdline[0] != '\0') {
		result = fdt_setprop(fdt, node, "bootargs", input->vm->cmdline,
				     (int)strlen(input->vm->cmdline) + 1);
	}
	if (result == 0 && input->initrd_start != input->initrd_end) {
		result = fdt_setprop_u64(fdt, node, "linux,initrd-start", input->initrd_start);
		result = result == 0 ? fdt_setprop_u64(fdt, node, "linux,initrd-end", input->initrd_end) : result;
	}
	if (result == 0 && input->seed != NULL) {
		result = fdt_setprop(fdt, node, "rng-seed", input->seed, (int)input->seed_bytes);
	}
	return result;
}

/* Memory nodes that came with the blob describe another machine: they go, ours come. */
static int patch_memory(const struct manifest_vm *vm, void *fdt)
{
	int result = 0;
	int node = fdt_node_offset_by_prop_value(fdt, -1, "device_type", "memory", sizeof("memory"));

	while (node >= 0 && result == 0) {
		result = fdt_del_node(fdt, node);
		node = fdt_node_offset_by_prop_value(fdt, -1, "device_type", "memory", sizeof("memory"));
	}
	for (uint32_t i = 0; i < vm->memory_count && result == 0; i++) {
		char name[32];
		fdt64_t reg[2] = { cpu_to_fdt64(vm->memory[i].base), cpu_to_fdt64(vm->memory[i].bytes) };
		(void)snprintf(name, sizeof(name), "memory@%" PRIx64, vm->memory[i].base);
		node = node_at(fdt, name);
		result = node < 0 ? node : fdt_setprop(fdt, node, "device_type", "memory", sizeof("memory"));
		node = result == 0 ? fdt_subnode_offset(fdt, 0, name) : result;
		result = node < 0 ? node : fdt_setprop(fdt, node, "reg", reg, sizeof(reg));
	}
	return result;
}

bool devtree_patch(const struct devtree_input *input, const struct guest_file *given, void *buffer, uint32_t room,
		   uint32_t *size, struct guest_error *error)
{
	if (given->size > INT32_MAX || fdt_check_full(given->bytes, given->size) != 0) {
		return guest_fail(error, "%s: is no valid device tree blob", given->name);
	}
	if (fdt_address_cells(given->bytes, 0) != 2 || fdt_size_cells(given->bytes, 0) != 2) {
		return guest_fail(error, "%s: its root needs #address-cells and #size-cells of 2", given->name);
	}
	int result = fdt_open_into(given->bytes, buffer, (int)room);
	result = result == 0 ? patch_memory(input->vm, buffer) : result;
	result = result == 0 ? patch_chosen(input, buffer) : result;
	result = result == 0 ? fdt_pack(buffer) : result;
	if (!devtree_result(result, room, error)) {
		return false;
	}
	*size = fdt_totalsize(buffer);
	return true;
}
