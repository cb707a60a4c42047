/*
 * A server's program: an ELF file in the boot archive, seen as the segments that
 * its process gets. Segments that are never written are mapped where they lie in the
 * archive; the others are copied into the process's RAM at each start.
 */
#ifndef SUPERVISOR_IMAGE_H
#define SUPERVISOR_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include <sk/abi.h>

#define IMAGE_SEGMENTS 8u

struct image_segment {
	uint64_t address;        /* in the process */
	uint64_t memory_bytes;
	uint64_t archive_offset; /* of its file data */
	uint64_t file_bytes;     /* at most memory_bytes; the rest is zero */
	uint32_t rights;         /* SK_RIGHT_READ | WRITE | EXECUTE */
	bool in_place;           /* can be mapped from the archive */
};

struct image {
	uint64_t entry;
	uint64_t base;           /* lowest address */
	uint32_t segment_count;
	struct image_segment segments[IMAGE_SEGMENTS]; /* ascending, no two share a page */
};

/*
 * Reads the file of `bytes` at `offset` of the archive that begins at `archive`. NULL
 * if it can be run; otherwise what is wrong with it.
 */
const char *image_read(const uint8_t *archive, uint64_t offset, uint64_t bytes, struct image *image);

static inline uint64_t page_floor(uint64_t value)
{
	return value & ~(uint64_t)(SK_PAGE_BYTES - 1u);
}

static inline uint64_t page_ceil(uint64_t value)
{
	return page_floor(value + SK_PAGE_BYTES - 1u);
}

#endif
