/*
 * /platform: the physical machine that the system is made for.
 */
#include "reader.h"

#define PAGE 4096u
#define DEVICE_NAME_MAX (SK_NAME_BYTES - 1 - (sizeof("device:") - 1))

static const struct property platform_properties[] = {
	{ "compatible", "the machine's name, such as \"qemu,virt-aarch64\"", true },
	{ "cores", "the number of cores, 1 to 8", true },
	{ "core-mpidr", "the affinity of each core (two cells each, as many as `cores`)", false },
	{ "memory", "one base and size of RAM (two cells each)", true },
	{ "gic-v3", "the addresses of distributor and redistributors (two cells each)", true },
	{ "panic-console", "a reference to a PL011 among the platform's devices", false },
};
static const struct schema platform_schema = { "the platform", SCHEMA_PROPERTIES(platform_properties), NULL };

static const struct property device_properties[] = {
	{ "compatible", "the device's kind, as in a devicetree", false },
	{ "reg", "one base and size (two cells each)", true },
	{ "interrupts", "1 to 4 INTIDs of shared interrupts, each 32 to 1019", false },
	{ "level-triggered", "no value", false },
	{ "stop", "an offset in `reg` and what is stored there (32 bits), to stop the device", false },
	{ "image", "the file name of a disk's contents", false },
	{ "window", "one base and size (two cells each) for registers of functions behind a PCI host bridge", false },
	{ "host", "a reference to a PCI host bridge, a device with a `window`", false },
	{ "function", "a number of a device on bus 0, 1 to 31, and of a function in it, 0 to 7", false },
};
static const struct schema device_schema = { "a platform's device", SCHEMA_PROPERTIES(device_properties),
					     schema_no_children };

/* A driver that dies leaves its device at work: the store that ends its access to memory is the supervisor's. */
static void platform_stop(const struct section *section, struct manifest_device *device)
{
	uint32_t stop[2];
	uint32_t count = 0;
	value_u32_list(section, "stop", (struct bounds){ 0, UINT32_MAX }, stop, 2, &count);
	if (count == 0) {
		return;
	}
	if (count != 2 || stop[0] % 4 != 0 || stop[0] >= device->registers.bytes) {
		reader_fail(section->reader, section->node, "stop",
			    "is no store; expected an offset in `reg`, a multiple of 4, and a value");
		return;
	}
	device->stops = true;
	device->stop_offset = stop[0];
	device->stop_value = stop[1];
}

/* The configuration space is the host bridge's: who has a function gets its registers alone. */
static void platform_function(const struct section *section, struct manifest_device *device)
{
	const struct manifest_platform *platform = &section->reader->manifest->platform;
	uint32_t function[2];
	uint32_t count = 0;
	value_devices(section, "host", &device->host, 1, &count);
	if (count == 0 || device->host == MANIFEST_NONE) {
		return;
	}
	count = 0;
	value_u32_list(section, "function", (struct bounds){ 0, 31 }, function, 2, &count);
	if (count != 2 || function[0] == 0 || function[1] > 7) {
		reader_fail(section->reader, section->node, "function",
			    "is none; expected a device, 1 to 31, and a function in it, 0 to 7");
		return;
	}
	if (device->stops || !manifest_is_pci_host(&platform->devices[device->host])) {
		reader_fail(section->reader, section->node, "host",
			    "names no host bridge, a device with a `window`, or `stop` is there too; expected neither");
		return;
	}
	device->function = function[0] << 3 | function[1];
	device->stops = true;
	device->stop_offset = device->function * MANIFEST_PCI_PAGE + MANIFEST_PCI_COMMAND;
	device->stop_value = 0;
}

static void platform_device(struct reader *reader, int node)
{
	struct manifest_platform *platform = &reader->manifest->platform;
	if (platform->device_count == MANIFEST_DEVICES) {
		reader_fail(reader, node, NULL, "is one device too many; expected at most %u", MANIFEST_DEVICES);
		return;
	}
	struct manifest_device *device = &platform->devices[platform->device_count++];
	struct section section = section_open(reader, node, &device_schema);
	uint32_t count = 0;
	device->node = node;
	device->name = section_name(reader, node, "a device", DEVICE_NAME_MAX, true);
	device->compatible = "";
	device->host = MANIFEST_NONE;
	value_string(&section, "compatible", &device->compatible);
	value_ranges(&section, "reg", PAGE, &device->registers, 1, &count);
	count = 0;
	value_ranges(&section, "window", PAGE, &device->window, 1, &count);
	if (manifest_is_pci_host(device) && device->registers.bytes != MANIFEST_PCI_CONFIG_BYTES) {
		reader_fail(reader, node, "reg", "has %lu bytes; expected %u, the configuration space of bus 0",
			    (unsigned long)device->registers.bytes, MANIFEST_PCI_CONFIG_BYTES);
	}
	value_u32_list(&section, "interrupts", (struct bounds){ 32, 1019 }, device->interrupts,
		       MANIFEST_DEVICE_INTERRUPTS, &device->interrupt_count);
	value_flag(&section, "level-triggered", &device->level);
	value_string(&section, "image", &device->image);
	platform_stop(&section, device);
}

static void platform_affinities(const struct section *section)
{
	struct manifest_platform *platform = &section->reader->manifest->platform;
	uint32_t count = 0;
	for (uint32_t i = 0; i < SK_MAX_CORES; i++) {
		platform->core_mpidr[i] = i;
	}
	value_u64_list(section, "core-mpidr", platform->core_mpidr, SK_MAX_CORES, &count);
	if (count != 0 && count != platform->cores) {
		reader_fail(section->reader, section->node, "core-mpidr",
			    "names %u cores; expected `cores` of them, %u", count, platform->cores);
	}
}

void platform_read(struct reader *reader, int node)
{
	struct manifest_platform *platform = &reader->manifest->platform;
	struct section section = section_open(reader, node, &platform_schema);
	uint64_t gic[2] = { 0, 0 };
	uint32_t count = 0;
	int child;
	platform->node = node;
	value_string(&section, "compatible", &platform->compatible);
	value_u32(&section, "cores", (struct bounds){ 1, SK_MAX_CORES }, &platform->cores);
	platform_affinities(&section);
	value_ranges(&section, "memory", PAGE, &platform->memory, 1, &count);
	count = 2;
	value_u64_list(&section, "gic-v3", gic, 2, &count);
	if (count != 2) {
		reader_fail(reader, node, "gic-v3", "names one address; expected distributor and redistributors");
	}
	platform->gic_distributor = gic[0];
	platform->gic_redistributors = gic[1];
	fdt_for_each_subnode(child, reader->fdt, node)
	{
		platform_device(reader, child);
	}
	for (uint32_t i = 0; i < platform->device_count; i++) {
		struct section device = { reader, platform->devices[i].node, &device_schema };
		platform_function(&device, &platform->devices[i]);
	}
	count = 0;
	value_devices(&section, "panic-console", &platform->panic_console, 1, &count);
}

void platform_cores(const struct section *section, const char *name, uint32_t *cores, uint32_t *count)
{
	uint32_t all = section->reader->manifest->platform.cores;
	uint32_t seen = 0;
	value_u32_list(section, name, (struct bounds){ 0, SK_MAX_CORES - 1 }, cores, SK_MAX_CORES, count);
	if (*count == 0) {
		for (; *count < all; ++*count) {
			cores[*count] = *count;
		}
		return;
	}
	for (uint32_t i = 0; i < *count; i++) {
		if (cores[i] >= all) {
			reader_fail(section->reader, section->node, name,
				    "names core %u; expected 0 to %u: the platform has `cores` = %u", cores[i], all - 1,
				    all);
		}
		if ((seen >> cores[i] & 1u) != 0) {
			reader_fail(section->reader, section->node, name, "names core %u twice; expected each once",
				    cores[i]);
		}
		seen |= 1u << cores[i];
	}
}
