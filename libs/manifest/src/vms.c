/*
 * /vms: the virtual machines.
 */
#include "reader.h"

#define PAGE 4096u
#define MILLION 1000000u

static const char *const kernel_formats[] = { "image", "elf", "flat", NULL };

static const struct property vm_properties[] = {
	{ "vmm", "a reference to the VM's VMM among the servers", true },
	{ "vcpus", "the number of vCPUs, 1 to 16", false },
	{ "vcpu-cores", "the physical core of each vCPU", false },
	{ "vcpu-priority", "0 (most urgent) to 255", false },
	{ "vcpu-budget-us", "microseconds in each period, 1 to 1000000", false },
	{ "vcpu-period-us", "microseconds, 1 to 1000000", false },
	{ "memory", "1 to 4 guest-physical bases and sizes (two cells each)", true },
	{ "bounce-pool", "one guest-physical base and size (two cells each)", false },
	{ "kernel", "the file name of the guest's kernel", true },
	{ "kernel-format", "\"image\", \"elf\" or \"flat\"", false },
	{ "kernel-address", "a guest-physical address (two cells)", false },
	{ "entry", "a guest-physical address (two cells)", false },
	{ "initrd", "a file name", false },
	{ "dtb", "a file name", false },
	{ "cmdline", "one string", false },
	{ "autostart", "no value", false },
};
static const struct schema vm_schema = { "a VM", SCHEMA_PROPERTIES(vm_properties), NULL };

static void vm_cores(const struct section *section, struct manifest_vm *vm)
{
	struct reader *reader = section->reader;
	uint32_t cores = reader->manifest->platform.cores;
	uint32_t count = 0;
	for (uint32_t i = 0; i < SK_VM_VCPUS_MAX; i++) {
		vm->vcpu_cores[i] = cores == 0 ? 0 : i % cores;
	}
	value_u32_list(section, "vcpu-cores", (struct bounds){ 0, SK_MAX_CORES - 1 }, vm->vcpu_cores, SK_VM_VCPUS_MAX,
		       &count);
	if (count != 0 && count != vm->vcpus) {
		reader_fail(reader, section->node, "vcpu-cores", "names %u cores; expected one for each of %u vCPUs",
			    count, vm->vcpus);
	}
	for (uint32_t i = 0; i < count; i++) {
		if (vm->vcpu_cores[i] >= cores) {
			reader_fail(reader, section->node, "vcpu-cores",
				    "names core %u; expected less than %u, the platform's `cores`", vm->vcpu_cores[i],
				    cores);
			vm->vcpu_cores[i] = 0;
		}
	}
}

static void vm_images(const struct section *section, struct manifest_vm *vm)
{
	value_string(section, "kernel", &vm->kernel);
	value_string(section, "initrd", &vm->initrd);
	value_string(section, "dtb", &vm->dtb);
	value_string(section, "cmdline", &vm->cmdline);
	vm->kernel_format = (enum manifest_kernel_format)value_word(section, "kernel-format", kernel_formats, 0);
	vm->kernel_address = vm->memory[0].base;
	value_u64(section, "kernel-address", (struct bounds){ 0, UINT64_MAX }, &vm->kernel_address);
	vm->entry = vm->kernel_address;
	value_u64(section, "entry", (struct bounds){ 0, UINT64_MAX }, &vm->entry);
}

/* The pool is one of the VM's memories, behind those of `memory`. */
static void vm_bounce_pool(const struct section *section, struct manifest_vm *vm)
{
	struct manifest_range pool;
	uint32_t count = 0;
	value_ranges(section, "bounce-pool", PAGE, &pool, 1, &count);
	if (count == 0) {
		return;
	}
	if (vm->memory_count == MANIFEST_VM_MEMORIES) {
		reader_fail(section->reader, section->node, "bounce-pool",
			    "is one memory too many; expected at most %u with those of `memory`", MANIFEST_VM_MEMORIES);
		return;
	}
	vm->has_pool = true;
	vm->memory[vm->memory_count++] = pool;
}

static void vm_read(struct reader *reader, int node)
{
	struct manifest *manifest = reader->manifest;
	int child;
	uint32_t count = 0;
	if (manifest->vm_count == MANIFEST_VMS) {
		reader_fail(reader, node, NULL, "is one VM too many; expected at most %u", MANIFEST_VMS);
		return;
	}
	struct manifest_vm *vm = &manifest->vms[manifest->vm_count++];
	struct section section = section_open(reader, node, &vm_schema);
	*vm = (struct manifest_vm){
		.name = section_name(reader, node, "a VM", SK_NAME_BYTES - 1, false),
		.vmm = MANIFEST_NONE,
		.vcpus = 1,
		.vcpu_priority = 64,
		.kernel = "",
		.cmdline = "",
		.node = node,
	};
	value_servers(&section, "vmm", &vm->vmm, 1, &count);
	value_u32(&section, "vcpus", (struct bounds){ 1, SK_VM_VCPUS_MAX }, &vm->vcpus);
	vm_cores(&section, vm);
	value_u32(&section, "vcpu-priority", (struct bounds){ 0, 255 }, &vm->vcpu_priority);
	value_u32(&section, "vcpu-budget-us", (struct bounds){ 1, MILLION }, &vm->vcpu_budget_us);
	value_u32(&section, "vcpu-period-us", (struct bounds){ 1, MILLION }, &vm->vcpu_period_us);
	value_ranges(&section, "memory", PAGE, vm->memory, MANIFEST_VM_MEMORIES, &vm->memory_count);
	vm_bounce_pool(&section, vm);
	vm_images(&section, vm);
	value_flag(&section, "autostart", &vm->autostart);
	fdt_for_each_subnode(child, reader->fdt, node)
	{
		vm_device_read(reader, child, vm);
	}
}

void vms_read(struct reader *reader, int node)
{
	int child;
	fdt_for_each_subnode(child, reader->fdt, node)
	{
		vm_read(reader, child);
	}
}
