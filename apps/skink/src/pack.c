/*
 * The boot image (sk/boot.h): kernel, boot info, the supervisor's start page and
 * segments, archive. Everything that the kernel would have to parse is numbers here.
 */
#include "system.h"

#include <stdlib.h>
#include <string.h>

#include <sk/boot.h>
#include <sk/start.h>

#include "cpio.h"
#include "elf_file.h"

#define PAGE SK_PAGE_BYTES
#define STACK_SLOT 0x10000ull
#define COUNTER_HZ 62500000ull /* of QEMU's virt; the kernel tells the real one (machine.clock) */
#define OBJECT_SLOTS 8192u
#define KERNEL_MAX (16 * MIB)
#define IMAGE_HEADER_SIZE_FIELD 16u /* arm64 Image header: bytes from the start of the image to its end in memory */

/* Object types of kernel.idl. */
enum { TYPE_MEMORY = 1, TYPE_SPACE = 2, TYPE_THREAD = 3, TYPE_ENDPOINT = 5, TYPE_NOTIFICATION = 6, TYPE_MACHINE = 10 };

struct packing {
	struct system *system;
	struct bytes *image;
	size_t info_at; /* offset of the boot info in the image */
	struct sk_boot_info info;
	struct sk_start start;
};

static uint64_t page_up(uint64_t bytes)
{
	return (bytes + PAGE - 1) / PAGE * PAGE;
}

static struct bytes built_file(const struct system *system, const char *name)
{
	struct bytes file;
	char *path = images_built(system, name);
	if (path == NULL || !file_read(path, KERNEL_MAX, &file)) {
		fatal(TOOL_BAD_INPUT, "'%s/aarch64/%s' is missing: build the system first (build/run does)",
		      system->out, name);
	}
	free(path);
	return file;
}

/* The kernel, padded to where it ends in memory: its .bss is part of the image. */
static void pack_kernel(struct packing *packing)
{
	struct bytes kernel = built_file(packing->system, "kernel/kernel.bin");
	uint64_t memory = 0;
	if (kernel.size < 64 || memcmp(kernel.data + 56, "ARM\x64", 4) != 0) {
		fatal(TOOL_BAD_INPUT,
		      "'%s/aarch64/kernel/kernel.bin' has no arm64 Image header: build the system again",
		      packing->system->out);
	}
	memcpy(&memory, kernel.data + IMAGE_HEADER_SIZE_FIELD, sizeof(memory));
	bytes_append(packing->image, kernel.data, kernel.size);
	if (memory > kernel.size && memory <= KERNEL_MAX) {
		bytes_zeroes(packing->image, memory - kernel.size);
	}
	bytes_align(packing->image, PAGE);
	packing->info_at = packing->image->size;
	bytes_free(&kernel);
}

static void copy_name(char *to, const char *name)
{
	strncpy(to, name, SK_NAME_BYTES - 1);
	to[SK_NAME_BYTES - 1] = '\0';
}

static void start_cap(struct packing *packing, const char *name, uint32_t slot, uint32_t type)
{
	struct sk_start_cap *cap = &packing->start.caps[packing->start.cap_count++];
	copy_name(cap->name, name);
	cap->slot = slot;
	cap->type = type;
}

static void start_region(struct packing *packing, const char *name, uint64_t address, uint64_t bytes, uint32_t flags)
{
	struct sk_start_region *region = &packing->start.regions[packing->start.region_count++];
	copy_name(region->name, name);
	region->address = address;
	region->bytes = bytes;
	region->flags = flags;
}

static void fill_start(struct packing *packing)
{
	struct sk_start *start = &packing->start;
	const struct manifest *manifest = &packing->system->manifest;
	start->magic = SK_START_MAGIC;
	start->threads = 1;
	start->counter_hz = COUNTER_HZ;
	start->image_base = SK_VA_IMAGE;
	start->message_buffer[0] = SK_VA_MESSAGE_BUFFERS;
	start->stack_top[0] = SK_VA_STACKS + STACK_SLOT;
	copy_name(start->name, "supervisor");
	start_cap(packing, "machine", SK_BOOT_SLOT_MACHINE, TYPE_MACHINE);
	start_cap(packing, "space", SK_BOOT_SLOT_SPACE, TYPE_SPACE);
	start_cap(packing, "thread", SK_BOOT_SLOT_THREAD, TYPE_THREAD);
	start_cap(packing, "endpoint", SK_BOOT_SLOT_ENDPOINT, TYPE_ENDPOINT);
	start_cap(packing, "archive", SK_BOOT_SLOT_ARCHIVE, TYPE_MEMORY);
	start_cap(packing, "ram", SK_BOOT_SLOT_RAM, TYPE_MEMORY);
	start_cap(packing, "notification", SK_BOOT_SLOT_NOTIFICATION, TYPE_NOTIFICATION);
	for (uint32_t i = 0; i < manifest->platform.device_count; i++) {
		char *name = text_print("device:%s", manifest->platform.devices[i].name);
		start_cap(packing, name, SK_BOOT_SLOT_DEVICES + i, TYPE_MEMORY);
		free(name);
	}
	start_region(packing, "archive", SK_VA_ARCHIVE, packing->info.archive_bytes, 0);
	start_region(packing, "heap", SK_VA_REGIONS, (uint64_t)manifest->supervisor_heap_kib << 10, SK_REGION_WRITABLE);
}

static void fill_machine(struct packing *packing)
{
	struct sk_boot_info *info = &packing->info;
	const struct manifest_platform *platform = &packing->system->manifest.platform;
	info->magic = SK_BOOT_MAGIC;
	info->version = SK_BOOT_VERSION;
	info->core_count = platform->cores;
	info->ram_base = platform->memory.base;
	info->ram_bytes = platform->memory.bytes;
	info->gic_distributor = platform->gic_distributor;
	info->gic_redistributors = platform->gic_redistributors;
	info->object_slots = OBJECT_SLOTS;
	if (platform->panic_console < platform->device_count) {
		info->panic_uart = platform->devices[platform->panic_console].registers.base;
	}
	memcpy(info->core_mpidr, platform->core_mpidr, sizeof(info->core_mpidr));
	info->device_count = platform->device_count;
	for (uint32_t i = 0; i < platform->device_count; i++) {
		info->devices[i].base = platform->devices[i].registers.base;
		info->devices[i].bytes = platform->devices[i].registers.bytes;
		copy_name(info->devices[i].name, platform->devices[i].name);
	}
}

/* A segment of the supervisor; `data` NULL: zeroes. Its file part begins at the image's end, on a page. */
static void pack_segment(struct packing *packing, uint64_t address, uint64_t memory_bytes, uint32_t flags,
			 const uint8_t *data, uint64_t file_bytes)
{
	struct sk_boot_info *info = &packing->info;
	uint64_t lead = address % PAGE; /* a program's segment may begin inside a page */
	if (info->segment_count == SK_BOOT_SEGMENTS) {
		fatal(TOOL_BAD_INPUT, "the supervisor has too many segments; expected at most %u",
		      SK_BOOT_SEGMENTS - 3);
	}
	for (uint32_t i = 0; i < info->segment_count; i++) {
		const struct sk_boot_segment *other = &info->segments[i];
		if (address - lead < other->address + page_up(other->memory_bytes) &&
		    other->address < page_up(address + memory_bytes)) {
			fatal(TOOL_BAD_INPUT,
			      "the supervisor's segment at 0x%llx shares a page with another one; link it with "
			      "-z separate-code",
			      (unsigned long long)address);
		}
	}
	info->segments[info->segment_count++] = (struct sk_boot_segment){
		.offset = packing->image->size - packing->info_at,
		.address = address - lead,
		.file_bytes = data == NULL ? 0 : lead + file_bytes,
		.memory_bytes = lead + memory_bytes,
		.flags = flags,
	};
	if (data != NULL) {
		bytes_zeroes(packing->image, lead);
		bytes_append(packing->image, data, file_bytes);
		bytes_align(packing->image, PAGE);
	}
}

static void pack_supervisor(struct packing *packing)
{
	struct elf elf;
	struct bytes file = built_file(packing->system, "images/supervisor");
	const char *wrong = elf_read(&file, &elf);
	uint64_t heap = (uint64_t)packing->system->manifest.supervisor_heap_kib << 10;
	if (wrong != NULL) {
		fatal(TOOL_BAD_INPUT, "'%s/aarch64/images/supervisor' %s: build the system again", packing->system->out,
		      wrong);
	}
	for (uint32_t i = 0; i < elf.segment_count; i++) {
		const struct elf_segment *segment = &elf.segments[i];
		uint32_t rights = ((segment->flags & ELF_READ) != 0 ? SK_RIGHT_READ : 0) |
				  ((segment->flags & ELF_WRITE) != 0 ? SK_RIGHT_WRITE : 0) |
				  ((segment->flags & ELF_EXECUTE) != 0 ? SK_RIGHT_EXECUTE : 0);
		pack_segment(packing, segment->virtual_address, segment->memory_bytes, rights,
			     file.data + segment->offset, segment->file_bytes);
	}
	pack_segment(packing, SK_VA_STACKS + PAGE, STACK_SLOT - PAGE, SK_RIGHT_READ | SK_RIGHT_WRITE, NULL, 0);
	pack_segment(packing, SK_VA_REGIONS, heap, SK_RIGHT_READ | SK_RIGHT_WRITE, NULL, 0);
	packing->info.supervisor_entry = elf.entry;
	bytes_free(&file);
}

static void pack_archive(struct packing *packing)
{
	const struct system *system = packing->system;
	struct bytes archive = { 0 };
	cpio_file(&archive, "manifest.dtb", system->source.dtb.data, system->source.dtb.size, PAGE);
	for (uint32_t i = 0; i < system->image_count; i++) {
		const struct image *image = &system->images[i];
		cpio_file(&archive, image->name, image->data.data, image->data.size, PAGE);
	}
	cpio_end(&archive);
	packing->info.archive_offset = packing->image->size - packing->info_at;
	packing->info.archive_bytes = archive.size;
	bytes_append(packing->image, archive.data, archive.size);
	packing->info.image_bytes = packing->image->size - packing->info_at;
	bytes_align(packing->image, PAGE);
	bytes_free(&archive);
}

void pack_system(struct system *system, struct bytes *image)
{
	struct packing packing = { .system = system, .image = image };
	pack_kernel(&packing);
	bytes_zeroes(image, PAGE); /* boot info, filled in last */
	size_t start_at = image->size;
	bytes_zeroes(image, page_up(SK_START_BYTES));
	packing.info.segments[packing.info.segment_count++] = (struct sk_boot_segment){
		.offset = start_at - packing.info_at,
		.address = SK_VA_START_PAGE,
		.file_bytes = SK_START_BYTES,
		.memory_bytes = SK_START_BYTES,
		.flags = SK_RIGHT_READ,
	};
	pack_supervisor(&packing);
	fill_machine(&packing);
	pack_archive(&packing);
	fill_start(&packing);
	memcpy(image->data + packing.info_at, &packing.info, sizeof(packing.info));
	memcpy(image->data + start_at, &packing.start, sizeof(packing.start));
	uint64_t bytes = image->size;
	memcpy(image->data + IMAGE_HEADER_SIZE_FIELD, &bytes, sizeof(bytes));
}
