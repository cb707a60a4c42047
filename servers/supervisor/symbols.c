#include "symbols.h"

#include <elf.h>
#include <string.h>

/* [offset, offset + bytes) of the file, or NULL where it is not all there. */
static const uint8_t *part(const struct symbols *program, uint64_t offset, uint64_t bytes)
{
	return offset <= program->bytes && bytes <= program->bytes - offset ? program->data + offset : NULL;
}

static bool section(const struct symbols *program, const Elf64_Ehdr *header, uint32_t index, Elf64_Shdr *out)
{
	const uint8_t *at = index < header->e_shnum && header->e_shoff <= program->bytes
		? part(program, header->e_shoff + (uint64_t)index * sizeof(*out), sizeof(*out)) : NULL;

	if (at != NULL) {
		memcpy(out, at, sizeof(*out));
	}
	return at != NULL;
}

static bool symbol_table(const struct symbols *program, const Elf64_Ehdr *header, Elf64_Shdr *table)
{
	for (uint32_t i = 0; i < header->e_shnum; i++) {
		if (section(program, header, i, table) && table->sh_type == SHT_SYMTAB) {
			return true;
		}
	}
	return false;
}

/* The name at `offset` of the string table, if it ends inside it. */
static const char *name_at(const struct symbols *program, const Elf64_Shdr *strings, uint32_t offset)
{
	const uint8_t *all = part(program, strings->sh_offset, strings->sh_size);

	if (all == NULL || offset >= strings->sh_size ||
	    memchr(all + offset, '\0', strings->sh_size - offset) == NULL) {
		return NULL;
	}
	return (const char *)all + offset;
}

bool symbols_find(const struct symbols *program, uint64_t address, const char **name, uint64_t *offset)
{
	Elf64_Ehdr header;
	Elf64_Shdr table;
	Elf64_Shdr strings;

	if (program->data == NULL || program->bytes < sizeof(header)) {
		return false;
	}
	memcpy(&header, program->data, sizeof(header));
	if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || !symbol_table(program, &header, &table) ||
	    !section(program, &header, table.sh_link, &strings)) {
		return false;
	}
	for (uint64_t at = 0; at + sizeof(Elf64_Sym) <= table.sh_size; at += sizeof(Elf64_Sym)) {
		Elf64_Sym symbol;
		const uint8_t *entry = part(program, table.sh_offset, table.sh_size);

		if (entry == NULL) {
			return false;
		}
		memcpy(&symbol, entry + at, sizeof(symbol));
		if (ELF64_ST_TYPE(symbol.st_info) == STT_FUNC && address - symbol.st_value < symbol.st_size) {
			*name = name_at(program, &strings, symbol.st_name);
			*offset = address - symbol.st_value;
			return *name != NULL;
		}
	}
	return false;
}
