/*
 * Whether a file is what the manifest says it is, and fits where it goes:
 * told here, with the property that names it, and not by a guest that doesn't boot.
 */
#include "system.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <libfdt.h>
#include <sk/boot.h>

#include "elf_file.h"

/* Linux's Documentation/arm64/booting.rst: fields of the Image header. */
#define LINUX_HEADER_BYTES 64u
#define LINUX_TEXT_OFFSET 8u
#define LINUX_IMAGE_SIZE 16u
#define LINUX_MAGIC 56u

struct use {
	struct system *system;
	const struct image *image;
	const struct manifest_vm *vm; /* NULL for a server */
	char *node;
	const char *property;
};

static void wrong(const struct use *use, const char *what, const char *expected)
{
	source_error(&use->system->source, use->node, use->property, "names '%s', which %s; expected %s",
		     use->image->path, what, expected);
}

static uint64_t little_endian(const uint8_t *bytes)
{
	uint64_t value = 0;
	for (int i = 7; i >= 0; i--) {
		value = value << 8 | bytes[i];
	}
	return value;
}

static bool inside(uint64_t base, uint64_t bytes, const struct manifest_range *range)
{
	return base >= range->base && bytes <= range->bytes && base - range->base <= range->bytes - bytes;
}

static void check_server(const struct use *use)
{
	struct elf elf;
	struct manifest_range room = { SK_VA_IMAGE, SK_VA_REGIONS - SK_VA_IMAGE };
	const char *fault = elf_read(&use->image->data, &elf);
	if (fault != NULL) {
		wrong(use, fault, "a server's program");
		return;
	}
	for (uint32_t i = 0; i < elf.segment_count; i++) {
		if (!inside(elf.segments[i].virtual_address, elf.segments[i].memory_bytes, &room)) {
			wrong(use, "is loaded outside a server's image range", "one linked at 0x400000");
			return;
		}
	}
}

static const char *compression(const struct bytes *file)
{
	if (file->size > 2 && file->data[0] == 0x1f && file->data[1] == 0x8b) {
		return "is compressed with gzip";
	}
	if (file->size > 6 && memcmp(file->data,
				     "\xfd"
				     "7zXZ",
				     5) == 0) {
		return "is compressed with xz";
	}
	if (file->size > 8 && memcmp(file->data + 4, "zimg", 4) == 0) {
		return "is an EFI zboot image (compressed)";
	}
	return NULL;
}

static void check_linux(const struct use *use)
{
	const struct bytes *file = &use->image->data;
	const struct manifest_range *memory = &use->vm->memory[0];
	if (file->size < LINUX_HEADER_BYTES || memcmp(file->data + LINUX_MAGIC, "ARM\x64", 4) != 0) {
		const char *packed = compression(file);
		wrong(use,
		      packed != NULL ? packed
		      : elf_is(file) ? "is an ELF file"
				     : "has no magic number at byte 56",
		      packed != NULL ? "an uncompressed arm64 Image: unpack it first"
		      : elf_is(file) ? "an arm64 Image, or kernel-format = \"elf\""
				     : "an arm64 Image (Linux's arch/arm64/boot/Image), or another kernel-format");
		return;
	}
	uint64_t offset = little_endian(file->data + LINUX_TEXT_OFFSET);
	uint64_t bytes = little_endian(file->data + LINUX_IMAGE_SIZE);
	bytes = bytes < file->size ? file->size : bytes;
	if (memory->base > UINT64_MAX - offset || !inside(memory->base + offset, bytes, memory)) {
		source_error(&use->system->source, use->node, use->property,
			     "needs %" PRIu64 " KiB at offset 0x%" PRIx64 "; expected it to fit in the VM's %" PRIu64
			     " KiB of memory",
			     (bytes + 1023) / 1024, offset, memory->bytes / 1024);
	}
}

static void check_elf_kernel(const struct use *use)
{
	struct elf elf;
	const char *fault = elf_read(&use->image->data, &elf);
	if (fault != NULL) {
		wrong(use, fault, "a guest's program, linked to its physical address");
		return;
	}
	for (uint32_t i = 0; i < elf.segment_count; i++) {
		bool fits = false;
		for (uint32_t j = 0; j < use->vm->memory_count; j++) {
			fits = fits || inside(elf.segments[i].physical_address, elf.segments[i].memory_bytes,
					      &use->vm->memory[j]);
		}
		if (!fits) {
			source_error(&use->system->source, use->node, use->property,
				     "has a segment of %" PRIu64 " bytes at 0x%" PRIx64
				     "; expected it inside the VM's memory",
				     elf.segments[i].memory_bytes, elf.segments[i].physical_address);
		}
	}
}

static void check_flat(const struct use *use)
{
	if (use->image->data.size == 0) {
		wrong(use, "is empty", "a guest's program");
	} else if (!inside(use->vm->kernel_address, use->image->data.size, &use->vm->memory[0])) {
		source_error(&use->system->source, use->node, use->property,
			     "has %zu bytes for address 0x%" PRIx64 "; expected it inside the VM's first memory",
			     use->image->data.size, use->vm->kernel_address);
	}
}

static void check_kernel(const struct use *use)
{
	switch (use->vm->kernel_format) {
	case MANIFEST_KERNEL_IMAGE:
		check_linux(use);
		break;
	case MANIFEST_KERNEL_ELF:
		check_elf_kernel(use);
		break;
	case MANIFEST_KERNEL_FLAT:
		check_flat(use);
		break;
	}
}

static void check_initrd(const struct use *use)
{
	if (use->image->data.size == 0) {
		wrong(use, "is empty", "an initrd");
	} else if (use->image->data.size > use->vm->memory[0].bytes / 2) {
		wrong(use, "is larger than half of the VM's memory", "a smaller one, or more `memory`");
	}
}

static void check_dtb(const struct use *use)
{
	const struct bytes *file = &use->image->data;
	if (fdt_check_full(file->data, file->size) != 0) {
		wrong(use, "is no flattened devicetree", "the output of `dtc -O dtb`");
	} else if (file->size > 2 * MIB) {
		wrong(use, "is larger than 2 MiB", "the size that Linux allows");
	}
}

static const struct manifest_vm *vm_at(const struct system *system, int node)
{
	for (uint32_t i = 0; i < system->manifest.vm_count; i++) {
		if (system->manifest.vms[i].node == node) {
			return &system->manifest.vms[i];
		}
	}
	return NULL;
}

void image_check(struct system *system, const struct image *image, int node, const char *property)
{
	struct use use = { system, image, vm_at(system, node), system_path(system, node), property };
	if (use.vm == NULL) {
		check_server(&use);
	} else if (strcmp(property, "kernel") == 0) {
		check_kernel(&use);
	} else if (strcmp(property, "initrd") == 0) {
		check_initrd(&use);
	} else {
		check_dtb(&use);
	}
	free(use.node);
}
