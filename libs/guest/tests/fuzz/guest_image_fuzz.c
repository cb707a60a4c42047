/*
 * Kernel images: an ELF file and a Linux Image that are good but for what the input writes over their headers, and flat
 * files at any address. What is loaded lies in RAM and is entered in it; after a refusal no byte of RAM has changed.
 */
#include <elf.h>
#include <string.h>

#include <fuzz/fuzz.h>
#include <guest/image.h>

#define RAM_BASE 0x40000000ull
#define RAM_BYTES 0x400000u /* two alignments of a Linux Image */
#define FILE_BYTES 0x1000u
#define FILL 0xa5
#define MACHINE 183u
#define SEGMENTS 4u

static uint8_t *memory;
static uint8_t *bytes; /* the file; its end is that of a mapping */
static uint32_t file_bytes;

static void put(uint32_t offset, uint64_t value, uint32_t size)
{
	for (uint32_t i = 0; i < size && offset + i < FILE_BYTES; i++) {
		bytes[offset + i] = (uint8_t)(value >> (8 * i));
	}
}

static void make_linux(void)
{
	put(0, 0x14000000, 4);
	put(8, fuzz_once_in(4) ? fuzz_edge() : 0x80000, 8);
	put(16, fuzz_once_in(4) ? fuzz_edge() : FILE_BYTES, 8);
	put(24, fuzz_once_in(4) ? fuzz_edge() : 10, 8);
	put(56, 0x644d5241, 4);
}

static void make_elf(void)
{
	Elf64_Ehdr header = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_EXEC,
		.e_machine = MACHINE,
		.e_version = EV_CURRENT,
		.e_entry = RAM_BASE,
		.e_phoff = sizeof(header),
		.e_ehsize = sizeof(header),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = SEGMENTS,
	};

	if (fuzz_once_in(4)) {
		header.e_phoff = fuzz_edge();
		header.e_phnum = (Elf64_Half)fuzz_edge();
		header.e_phentsize = (Elf64_Half)fuzz_edge();
	}
	header.e_entry += fuzz_once_in(4) ? fuzz_edge() : 0;
	memcpy(bytes, &header, sizeof(header));
	for (uint32_t i = 0; i < SEGMENTS; i++) {
		Elf64_Phdr segment = {
			.p_type = fuzz_once_in(8) ? fuzz_u8() % 4u : PT_LOAD,
			.p_offset = 0x200 * i,
			.p_filesz = 0x100,
			.p_memsz = 0x180,
			.p_paddr = RAM_BASE + 0x10000ull * i,
			.p_vaddr = RAM_BASE + 0x10000ull * i,
		};
		uint64_t *const fields[] = { &segment.p_offset, &segment.p_filesz, &segment.p_memsz, &segment.p_paddr,
					     &segment.p_vaddr };
		uint8_t what = fuzz_u8();

		if (what >= 128) {
			*fields[what % 5u] = fuzz_edge();
		} else if (what >= 64) {
			*fields[what % 5u] += fuzz_edge();
		}
		memcpy(bytes + sizeof(header) + i * sizeof(segment), &segment, sizeof(segment));
	}
}

static bool load(uint8_t kind, struct image_place *place, struct guest_error *error)
{
	const struct guest_ram ram = { RAM_BASE, RAM_BYTES, memory };
	const struct guest_file file = { "kernel", bytes + FILE_BYTES - file_bytes, file_bytes };
	uint64_t address;

	switch (kind % 3u) {
	case 0:
		return image_load_elf(&ram, &file, MACHINE, place, error);
	case 1:
		return image_load_linux(&ram, &file, place, error);
	default:
		address = RAM_BASE + fuzz_edge();
		return image_load_flat(&ram, &file, address, address + fuzz_edge(), place, error);
	}
}

/* RAM is put back as it was, as far as it may have changed. */
static void expect_unchanged(void)
{
	static uint8_t fill[0x10000];

	memset(fill, FILL, sizeof(fill));
	for (uint32_t at = 0; at < RAM_BYTES; at += sizeof(fill)) {
		FUZZ_EXPECT(memcmp(memory + at, fill, sizeof(fill)) == 0);
	}
}

void fuzz_one(void)
{
	static bool filled;
	uint8_t kind = fuzz_u8();
	struct image_place place;
	struct guest_error error = { "" };

	memory = fuzz_pages(0, RAM_BYTES);
	bytes = fuzz_pages(1, FILE_BYTES);
	if (!filled) {
		memset(memory, FILL, RAM_BYTES);
		filled = true;
	}
	memset(bytes, 0x3c, FILE_BYTES);
	file_bytes = FILE_BYTES;
	if (kind % 3u == 0) {
		make_elf();
	} else if (kind % 3u == 1) {
		make_linux();
	}
	if ((kind & 0x80u) != 0) {
		file_bytes = fuzz_u16() % (FILE_BYTES + 1);
		memmove(bytes + FILE_BYTES - file_bytes, bytes, file_bytes);
	}
	for (uint32_t i = 0; file_bytes != 0 && fuzz_more() && i < 8; i++) {
		bytes[FILE_BYTES - file_bytes + fuzz_u16() % 0x140u % file_bytes] ^= fuzz_u8();
	}
	if (!load(kind, &place, &error)) {
		FUZZ_EXPECT(strstr(error.text, "kernel") != NULL &&
			    memchr(error.text, '\0', sizeof(error.text)) != NULL);
		if ((kind & 0x40u) != 0) {
			expect_unchanged();
		}
		return;
	}
	FUZZ_EXPECT(place.low >= RAM_BASE && place.low <= place.high && place.high <= RAM_BASE + RAM_BYTES);
	FUZZ_EXPECT(place.entry >= place.low && place.entry < place.high);
	memset(memory + (place.low - RAM_BASE), FILL, place.high - place.low);
	if ((kind & 0x40u) != 0) {
		expect_unchanged(); /* nothing outside of its place has, either */
	}
}
