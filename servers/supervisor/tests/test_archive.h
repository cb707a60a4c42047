/* A boot archive for tests: a manifest that dtc made, and a program of three segments. */
#ifndef TEST_ARCHIVE_H
#define TEST_ARCHIVE_H

#include <elf.h>
#include <stdint.h>

#define PROGRAM_TEXT 0x400000ull
#define PROGRAM_RODATA 0x401000ull
#define PROGRAM_DATA 0x402010ull
#define PROGRAM_DATA_BYTES 16u
#define PROGRAM_BSS_BYTES 0x1000u
#define PROGRAM_HEADERS 3u
#define PROGRAM_BYTES 0x4000u

/* The program's file; PROGRAM_BYTES. Segment i's header is headers(file)[i]. */
void test_program(uint8_t *file);

static inline Elf64_Ehdr *test_elf(uint8_t *file)
{
	return (Elf64_Ehdr *)(void *)file;
}

static inline Elf64_Phdr *test_segments(uint8_t *file)
{
	return (Elf64_Phdr *)(void *)(file + sizeof(Elf64_Ehdr));
}

/* Boots the fake machine with manifest.dtb (from the file `dtb`), `program` and `vmm`. */
void test_boot(const char *dtb);

#endif
