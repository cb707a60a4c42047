#include "test_archive.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fake_kernel.h"

#define ARCHIVE_BYTES (256u * 1024u)
#define HEADER_BYTES 110u

static uint8_t archive[ARCHIVE_BYTES];
static uint64_t used;

void test_program(uint8_t *file)
{
	const Elf64_Phdr segments[PROGRAM_HEADERS] = {
		{ PT_LOAD, PF_R | PF_X, 0x1000, PROGRAM_TEXT, 0, 0x100, 0x100, 0x1000 },
		{ PT_LOAD, PF_R, 0x2000, PROGRAM_RODATA, 0, 0x80, 0x80, 0x1000 },
		{ PT_LOAD, PF_R | PF_W, 0x3010, PROGRAM_DATA, 0, PROGRAM_DATA_BYTES,
		  PROGRAM_DATA_BYTES + PROGRAM_BSS_BYTES, 0x1000 },
	};
	Elf64_Ehdr elf = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_EXEC,
		.e_entry = PROGRAM_TEXT + 4,
		.e_phoff = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = PROGRAM_HEADERS,
	};

	memset(file, 0, PROGRAM_BYTES);
	memcpy(file, &elf, sizeof(elf));
	memcpy(file + sizeof(elf), segments, sizeof(segments));
	memset(file + 0x3010, 0xda, PROGRAM_DATA_BYTES);
}

/* The packer's way: the name is filled up with NULs until the data lies on a page. */
static void append(const char *name, const void *data, uint64_t bytes)
{
	uint64_t at = (used + HEADER_BYTES + strlen(name) + 1 + SK_PAGE_BYTES - 1) / SK_PAGE_BYTES * SK_PAGE_BYTES;
	char header[HEADER_BYTES + 1];

	assert_true(at + bytes + SK_PAGE_BYTES < ARCHIVE_BYTES);
	(void)snprintf(header, sizeof(header), "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", 1, 0100644,
		       0, 0, 1, 0, (unsigned)bytes, 0, 0, 0, 0, (unsigned)(at - used - HEADER_BYTES), 0);
	memcpy(archive + used, header, HEADER_BYTES);
	memcpy(archive + used + HEADER_BYTES, name, strlen(name));
	if (bytes != 0) {
		memcpy(archive + at, data, bytes);
	}
	used = (at + bytes + 3) & ~3ull;
}

void test_boot(const char *dtb)
{
	static uint8_t program[PROGRAM_BYTES];
	static uint8_t manifest[SK_PAGE_BYTES * 4];
	const struct fake_device devices[] = {
		{ 0x09000000, SK_PAGE_BYTES },
		{ 0x0a000000, SK_PAGE_BYTES },
		{ 0x4010000000, 0x100000 },
		{ 0x10000000, SK_PAGE_BYTES },
	};
	FILE *file = fopen(dtb, "rb");

	assert_non_null(file);

	size_t bytes = fread(manifest, 1, sizeof(manifest), file);

	assert_int_equal(fclose(file), 0);
	memset(archive, 0, sizeof(archive));
	used = 0;
	test_program(program);
	append("manifest.dtb", manifest, bytes);
	append("program", program, sizeof(program));
	append("vmm", program, sizeof(program));
	append("TRAILER!!!", "", 0);
	fake_boot(archive, used, devices, sizeof(devices) / sizeof(devices[0]));
}
