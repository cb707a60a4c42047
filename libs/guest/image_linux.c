/*
 * The arm64 Image: a 64-byte header, then the kernel. The header says how much
 * memory the kernel needs (image_size: its .bss too) and how far from a 2 MiB
 * boundary it wants to be (text_offset).
 */
#include <guest/image.h>

#include <inttypes.h>
#include <string.h>

#include <guest/bytes.h>

#define IMAGE_HEADER_BYTES 64u
#define IMAGE_TEXT_OFFSET 8u
#define IMAGE_SIZE 16u
#define IMAGE_FLAGS 24u
#define IMAGE_MAGIC 56u
#define IMAGE_MAGIC_VALUE 0x644d5241u /* "ARM\x64" */
#define IMAGE_FLAG_BIG_ENDIAN 1u
#define IMAGE_ALIGN 0x200000ull
#define IMAGE_OLD_TEXT_OFFSET 0x80000ull /* where image_size is 0 (before Linux 3.17) text_offset means nothing */

static bool image_is_plain(const struct guest_file *file, struct guest_error *error)
{
	if (file->size >= 2 && file->bytes[0] == 0x1f && file->bytes[1] == 0x8b) {
		return guest_fail(error, "%s: is compressed with gzip; unpack it (gunzip) before it is packed", file->name);
	}
	if (file->size >= 8 && memcmp(file->bytes, "MZ", 2) == 0 && memcmp(file->bytes + 4, "zimg", 4) == 0) {
		return guest_fail(error, "%s: is a compressed EFI image (vmlinuz.efi); use the kernel's plain Image",
				  file->name);
	}
	if (file->size < IMAGE_HEADER_BYTES) {
		return guest_fail(error, "%s: %" PRIu64 " bytes are too few for an arm64 Image's header (64)", file->name,
				  file->size);
	}
	if (le32_at(file->bytes + IMAGE_MAGIC) != IMAGE_MAGIC_VALUE) {
		return guest_fail(error, "%s: is no arm64 Linux Image: magic 0x%08" PRIx32 " at 56, expected 0x%08x",
				  file->name, le32_at(file->bytes + IMAGE_MAGIC), IMAGE_MAGIC_VALUE);
	}
	if ((le64_at(file->bytes + IMAGE_FLAGS) & IMAGE_FLAG_BIG_ENDIAN) != 0) {
		return guest_fail(error, "%s: is a big-endian kernel; only little-endian ones are supported", file->name);
	}
	return true;
}

bool image_load_linux(const struct guest_ram *ram, const struct guest_file *file, struct image_place *place,
		      struct guest_error *error)
{
	if (!image_is_plain(file, error)) {
		return false;
	}
	uint64_t text_offset = le64_at(file->bytes + IMAGE_TEXT_OFFSET);
	uint64_t size = le64_at(file->bytes + IMAGE_SIZE);
	if (size == 0) {
		text_offset = IMAGE_OLD_TEXT_OFFSET;
	}
	if (text_offset >= IMAGE_ALIGN) {
		return guest_fail(error, "%s: text_offset 0x%" PRIx64 " is not below 2 MiB", file->name, text_offset);
	}
	if (size < file->size) {
		size = file->size;
	}
	uint64_t low = ((ram->base + IMAGE_ALIGN - 1) & ~(IMAGE_ALIGN - 1)) + text_offset;
	uint8_t *to = ram_at(ram, low, size);
	if (to == NULL) {
		return guest_fail(error, "%s: needs 0x%" PRIx64 " bytes at 0x%" PRIx64
				  ", which the VM's memory (0x%" PRIx64 " bytes at 0x%" PRIx64 ") does not hold",
				  file->name, size, low, ram->bytes, ram->base);
	}
	memcpy(to, file->bytes, file->size);
	*place = (struct image_place){ .low = low, .high = low + size, .entry = low };
	return true;
}
