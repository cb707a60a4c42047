/*
 * ELF64 executables. Two passes over the program headers: the first checks
 * every one, the second copies.
 */
#include <guest/image.h>

#include <inttypes.h>
#include <string.h>

#include <guest/bytes.h>

#define ELF_HEADER_BYTES 64u
#define ELF_TYPE 16u
#define ELF_MACHINE 18u
#define ELF_ENTRY 24u
#define ELF_PHOFF 32u
#define ELF_PHENTSIZE 54u
#define ELF_PHNUM 56u
#define ELF_CLASS_64 2u
#define ELF_DATA_LITTLE 1u
#define ELF_TYPE_EXEC 2u
#define ELF_SEGMENT_LOAD 1u
#define ELF_PROGRAM_HEADER_BYTES 56u
#define ELF_SEGMENTS_MAX 32u

struct elf_segment {
	uint64_t offset;
	uint64_t virtual_address;
	uint64_t address;
	uint64_t file_bytes;
	uint64_t memory_bytes;
};

struct elf_segments {
	struct elf_segment of[ELF_SEGMENTS_MAX];
	uint32_t count;
};

static bool elf_check_header(const struct guest_file *file, uint16_t machine, struct guest_error *error)
{
	const uint8_t *b = file->bytes;

	if (file->size < ELF_HEADER_BYTES) {
		return guest_fail(error, "%s: %" PRIu64 " bytes are too few for an ELF header (64)", file->name, file->size);
	}
	if (memcmp(b, "\177ELF", 4) != 0) {
		return guest_fail(error, "%s: is no ELF file", file->name);
	}
	if (b[4] != ELF_CLASS_64 || b[5] != ELF_DATA_LITTLE) {
		return guest_fail(error, "%s: is not a 64-bit little-endian ELF file", file->name);
	}
	if (le16_at(b + ELF_MACHINE) != machine) {
		return guest_fail(error, "%s: is an ELF file for machine %u, expected %u", file->name,
				  le16_at(b + ELF_MACHINE), machine);
	}
	if (le16_at(b + ELF_TYPE) != ELF_TYPE_EXEC) {
		return guest_fail(error, "%s: ELF type %u is not ET_EXEC (2): link it at fixed addresses", file->name,
				  le16_at(b + ELF_TYPE));
	}
	if (le16_at(b + ELF_PHENTSIZE) != ELF_PROGRAM_HEADER_BYTES) {
		return guest_fail(error, "%s: program headers of %u bytes, expected 56", file->name,
				  le16_at(b + ELF_PHENTSIZE));
	}
	uint64_t offset = le64_at(b + ELF_PHOFF);
	uint64_t bytes = (uint64_t)le16_at(b + ELF_PHNUM) * ELF_PROGRAM_HEADER_BYTES;
	if (offset > file->size || bytes > file->size - offset) {
		return guest_fail(error, "%s: its %u program headers at 0x%" PRIx64 " lie beyond its end (0x%" PRIx64 ")",
				  file->name, le16_at(b + ELF_PHNUM), offset, file->size);
	}
	return true;
}

static bool elf_check_segment(const struct guest_ram *ram, const struct guest_file *file,
			      const struct elf_segments *others, const struct elf_segment *segment,
			      struct guest_error *error)
{
	if (segment->offset > file->size || segment->file_bytes > file->size - segment->offset) {
		return guest_fail(error, "%s: segment at 0x%" PRIx64 ": its bytes (0x%" PRIx64 " at 0x%" PRIx64
				  ") lie beyond the file's end (0x%" PRIx64 ")", file->name, segment->address,
				  segment->file_bytes, segment->offset, file->size);
	}
	if (segment->memory_bytes < segment->file_bytes) {
		return guest_fail(error, "%s: segment at 0x%" PRIx64 ": has more bytes in the file (0x%" PRIx64
				  ") than in memory (0x%" PRIx64 ")", file->name, segment->address, segment->file_bytes,
				  segment->memory_bytes);
	}
	if (!ram_holds(ram, segment->address, segment->memory_bytes)) {
		return guest_fail(error, "%s: segment of 0x%" PRIx64 " bytes at 0x%" PRIx64
				  " does not lie in the VM's memory (0x%" PRIx64 " bytes at 0x%" PRIx64 ")", file->name,
				  segment->memory_bytes, segment->address, ram->bytes, ram->base);
	}
	for (uint32_t i = 0; i < others->count; i++) {
		const struct elf_segment *other = &others->of[i];
		if (segment->address < other->address + other->memory_bytes &&
		    other->address < segment->address + segment->memory_bytes) {
			return guest_fail(error, "%s: the segments at 0x%" PRIx64 " and 0x%" PRIx64 " overlap", file->name,
					  other->address, segment->address);
		}
	}
	return true;
}

static bool elf_read_segments(const struct guest_ram *ram, const struct guest_file *file, struct elf_segments *segments,
			      struct guest_error *error)
{
	const uint8_t *header = file->bytes + le64_at(file->bytes + ELF_PHOFF);
	uint32_t count = le16_at(file->bytes + ELF_PHNUM);

	segments->count = 0;
	for (uint32_t i = 0; i < count; i++, header += ELF_PROGRAM_HEADER_BYTES) {
		struct elf_segment segment = {
			.offset = le64_at(header + 8),
			.virtual_address = le64_at(header + 16),
			.address = le64_at(header + 24),
			.file_bytes = le64_at(header + 32),
			.memory_bytes = le64_at(header + 40),
		};
		if (le32_at(header) != ELF_SEGMENT_LOAD || segment.memory_bytes == 0) {
			continue;
		}
		if (segments->count == ELF_SEGMENTS_MAX) {
			return guest_fail(error, "%s: more than %u segments to load", file->name, ELF_SEGMENTS_MAX);
		}
		if (!elf_check_segment(ram, file, segments, &segment, error)) {
			return false;
		}
		segments->of[segments->count++] = segment;
	}
	if (segments->count == 0) {
		return guest_fail(error, "%s: nothing to load", file->name);
	}
	return true;
}

/* The entry as a physical address, which must lie in a segment. */
static bool elf_find_entry(const struct guest_file *file, const struct elf_segments *segments, uint64_t *entry,
			   struct guest_error *error)
{
	uint64_t address = le64_at(file->bytes + ELF_ENTRY);

	for (uint32_t i = 0; i < segments->count; i++) {
		const struct elf_segment *segment = &segments->of[i];
		if (address - segment->virtual_address < segment->memory_bytes) {
			*entry = segment->address + (address - segment->virtual_address);
			return true;
		}
	}
	for (uint32_t i = 0; i < segments->count; i++) {
		if (address - segments->of[i].address < segments->of[i].memory_bytes) {
			*entry = address;
			return true;
		}
	}
	return guest_fail(error, "%s: its entry 0x%" PRIx64 " lies in no segment", file->name, address);
}

bool image_load_elf(const struct guest_ram *ram, const struct guest_file *file, uint16_t machine,
		    struct image_place *place, struct guest_error *error)
{
	struct elf_segments segments;
	struct image_place found = { .low = UINT64_MAX };

	if (!elf_check_header(file, machine, error) || !elf_read_segments(ram, file, &segments, error) ||
	    !elf_find_entry(file, &segments, &found.entry, error)) {
		return false;
	}
	for (uint32_t i = 0; i < segments.count; i++) {
		const struct elf_segment *segment = &segments.of[i];
		uint8_t *to = ram_at(ram, segment->address, segment->memory_bytes);
		uint64_t end = segment->address + segment->memory_bytes;
		memcpy(to, file->bytes + segment->offset, segment->file_bytes);
		memset(to + segment->file_bytes, 0, segment->memory_bytes - segment->file_bytes);
		found.low = segment->address < found.low ? segment->address : found.low;
		found.high = end > found.high ? end : found.high;
	}
	*place = found;
	return true;
}
