/*
 * Kernel images: what is in the file, where it goes, where it is entered. An
 * image is untrusted input. Each loader checks everything first and then
 * copies: after an error no byte of RAM has changed.
 */
#ifndef GUEST_IMAGE_H
#define GUEST_IMAGE_H

#include <guest/error.h>
#include <guest/ram.h>

/* Guest-physical: [low, high) holds the image and the memory that it claims beside its file. */
struct image_place {
	uint64_t low;
	uint64_t high;
	uint64_t entry;
};

/*
 * arm64 Linux Image (Linux, Documentation/arm64/booting.rst): at text_offset from the lowest
 * 2 MiB boundary in RAM, entered at its first byte. Compressed images are refused by name.
 */
bool image_load_linux(const struct guest_ram *ram, const struct guest_file *file, struct image_place *place,
		      struct guest_error *error);

/*
 * ELF64, little-endian, ET_EXEC, for `machine` (e_machine): PT_LOAD segments at their physical
 * addresses, the rest of each zeroed. An entry that is a virtual address is translated
 * by the segment that holds it.
 */
bool image_load_elf(const struct guest_ram *ram, const struct guest_file *file, uint16_t machine,
		    struct image_place *place, struct guest_error *error);

/* The bytes as they are, at `address`, entered at `entry`, which must lie in them. */
bool image_load_flat(const struct guest_ram *ram, const struct guest_file *file, uint64_t address, uint64_t entry,
		     struct image_place *place, struct guest_error *error);

#endif
