/*
 * Reading ELF files (64 bits, little-endian, AArch64): what is loaded, and where.
 */
#ifndef ELF_FILE_H
#define ELF_FILE_H

#include "tool.h"

#define ELF_SEGMENTS 8u
#define ELF_EXECUTE 1u /* flags, as in the ELF specification */
#define ELF_WRITE 2u
#define ELF_READ 4u

struct elf_segment {
	uint64_t virtual_address;
	uint64_t physical_address;
	uint64_t offset; /* in the file */
	uint64_t file_bytes;
	uint64_t memory_bytes; /* not less */
	uint32_t flags;
};

struct elf {
	uint64_t entry;
	struct elf_segment segments[ELF_SEGMENTS]; /* those that are loaded, in order of the file */
	uint32_t segment_count;
};

bool elf_is(const struct bytes *file);
/* NULL if all is well, else what is wrong ("is …"). Every segment then lies inside the file. */
const char *elf_read(const struct bytes *file, struct elf *elf);

#endif
