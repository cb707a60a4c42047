#include "image.h"

#include <elf.h>
#include <string.h>

#include <sk/boot.h>

static uint32_t rights_of(uint32_t elf_flags)
{
	return ((elf_flags & PF_R) != 0 ? SK_RIGHT_READ : 0u) | ((elf_flags & PF_W) != 0 ? SK_RIGHT_WRITE : 0u) |
	       ((elf_flags & PF_X) != 0 ? SK_RIGHT_EXECUTE : 0u);
}

static const char *read_segment(const Elf64_Phdr *header, uint64_t offset, uint64_t bytes, struct image *image)
{
	if (header->p_offset > bytes || header->p_filesz > bytes - header->p_offset) {
		return "a segment lies outside of the file";
	}
	if (header->p_filesz > header->p_memsz) {
		return "a segment is smaller in memory than in the file";
	}
	if (header->p_vaddr < SK_VA_IMAGE || header->p_vaddr >= SK_VA_REGIONS ||
	    header->p_memsz > SK_VA_REGIONS - header->p_vaddr) {
		return "a segment lies outside of the program's address range";
	}
	if ((header->p_flags & PF_W) != 0 && (header->p_flags & PF_X) != 0) {
		return "a segment is writable and executable";
	}
	if (image->segment_count == IMAGE_SEGMENTS) {
		return "too many segments";
	}
	if (image->segment_count != 0) {
		const struct image_segment *last = &image->segments[image->segment_count - 1];

		if (page_floor(header->p_vaddr) < page_ceil(last->address + last->memory_bytes)) {
			return "segments share a page or are out of order";
		}
	}

	struct image_segment *segment = &image->segments[image->segment_count];

	*segment = (struct image_segment){
		.address = header->p_vaddr,
		.memory_bytes = header->p_memsz,
		.archive_offset = offset + header->p_offset,
		.file_bytes = header->p_filesz,
		.rights = rights_of(header->p_flags),
	};
	segment->in_place = (header->p_flags & PF_W) == 0 && header->p_filesz == header->p_memsz &&
			    segment->archive_offset % SK_PAGE_BYTES == header->p_vaddr % SK_PAGE_BYTES;
	image->segment_count++;
	return NULL;
}

const char *image_read(const uint8_t *archive, uint64_t offset, uint64_t bytes, struct image *image)
{
	Elf64_Ehdr elf;
	bool entry_found = false;

	if (bytes < sizeof(elf)) {
		return "shorter than an ELF header";
	}
	memcpy(&elf, archive + offset, sizeof(elf));
	if (memcmp(elf.e_ident, ELFMAG, SELFMAG) != 0 || elf.e_ident[EI_CLASS] != ELFCLASS64 ||
	    elf.e_ident[EI_DATA] != ELFDATA2LSB) {
		return "not a 64-bit little-endian ELF file";
	}
	if (elf.e_type != ET_EXEC || elf.e_phentsize != sizeof(Elf64_Phdr)) {
		return "not a static executable";
	}
	if (elf.e_phoff > bytes || (uint64_t)elf.e_phnum * sizeof(Elf64_Phdr) > bytes - elf.e_phoff) {
		return "program headers lie outside of the file";
	}

	*image = (struct image){ .entry = elf.e_entry };
	for (uint32_t i = 0; i < elf.e_phnum; i++) {
		Elf64_Phdr header;

		memcpy(&header, archive + offset + elf.e_phoff + i * sizeof(header), sizeof(header));
		if (header.p_type != PT_LOAD || header.p_memsz == 0) {
			continue;
		}

		const char *error = read_segment(&header, offset, bytes, image);

		if (error != NULL) {
			return error;
		}
		entry_found = entry_found || ((header.p_flags & PF_X) != 0 && elf.e_entry >= header.p_vaddr &&
					      elf.e_entry - header.p_vaddr < header.p_memsz);
	}
	if (!entry_found) {
		return "the entry point lies in no executable segment";
	}
	image->base = image->segments[0].address;
	return NULL;
}
