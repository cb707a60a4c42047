/* See elf_file.h. */
#include "elf_file.h"

#include <elf.h>
#include <string.h>

bool elf_is(const struct bytes *file)
{
	return file->size >= SELFMAG && memcmp(file->data, ELFMAG, SELFMAG) == 0;
}

static const char *elf_header(const struct bytes *file, Elf64_Ehdr *header)
{
	if (!elf_is(file) || file->size < sizeof(*header)) {
		return "is no ELF file";
	}
	memcpy(header, file->data, sizeof(*header));
	if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB ||
	    header->e_machine != EM_AARCH64) {
		return "is an ELF file for another machine (expected AArch64)";
	}
	if (header->e_type != ET_EXEC) {
		return "is not linked to a fixed address (expected a static executable, not PIE)";
	}
	if (header->e_phentsize != sizeof(Elf64_Phdr) || header->e_phoff > file->size ||
	    (uint64_t)header->e_phnum * sizeof(Elf64_Phdr) > file->size - header->e_phoff) {
		return "is a damaged ELF file: its program headers lie outside";
	}
	return NULL;
}

static const char *elf_segment(const struct bytes *file, const Elf64_Phdr *header, struct elf *elf)
{
	if (header->p_type == PT_INTERP || header->p_type == PT_DYNAMIC) {
		return "is linked dynamically (expected a static executable)";
	}
	if (header->p_type != PT_LOAD || header->p_memsz == 0) {
		return NULL;
	}
	if (header->p_filesz > header->p_memsz || header->p_offset > file->size ||
	    header->p_filesz > file->size - header->p_offset || header->p_memsz > UINT64_MAX - header->p_vaddr ||
	    header->p_memsz > UINT64_MAX - header->p_paddr) {
		return "is a damaged ELF file: a segment lies outside";
	}
	if (elf->segment_count == ELF_SEGMENTS) {
		return "has too many segments (expected at most 8)";
	}
	elf->segments[elf->segment_count++] = (struct elf_segment){
		.virtual_address = header->p_vaddr,
		.physical_address = header->p_paddr,
		.offset = header->p_offset,
		.file_bytes = header->p_filesz,
		.memory_bytes = header->p_memsz,
		.flags = header->p_flags,
	};
	return NULL;
}

const char *elf_read(const struct bytes *file, struct elf *elf)
{
	Elf64_Ehdr header;
	*elf = (struct elf){ 0 };
	const char *wrong = elf_header(file, &header);
	for (uint32_t i = 0; wrong == NULL && i < header.e_phnum; i++) {
		Elf64_Phdr segment;
		memcpy(&segment, file->data + header.e_phoff + i * sizeof(segment), sizeof(segment));
		wrong = elf_segment(file, &segment, elf);
	}
	if (wrong == NULL && elf->segment_count == 0) {
		wrong = "has nothing to load";
	}
	elf->entry = wrong == NULL ? header.e_entry : 0;
	return wrong;
}
