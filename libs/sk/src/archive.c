/*
 * Reading a cpio archive in place (see sk/archive.h).
 */
#include <string.h>

#include <sk/archive.h>
#include <sk/process.h>

/* newc: a magic of six characters and thirteen fields of eight hexadecimal digits; name and data each padded to 4. */
enum {
	MAGIC_BYTES = 6,
	FIELD_BYTES = 8,
	HEADER_BYTES = 110,
	FIELD_INODE = 0,
	FIELD_MODE = 1,
	FIELD_MODIFIED = 5,
	FIELD_FILE_BYTES = 6,
	FIELD_NAME_BYTES = 11,
};

static const char trailer[] = "TRAILER!!!";

static uint64_t pad4(uint64_t n)
{
	return (n + 3) & ~3ull;
}

static int digit(uint8_t c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	if (c >= 'a' && c <= 'f') {
		return c - 'a' + 10;
	}
	if (c >= 'A' && c <= 'F') {
		return c - 'A' + 10;
	}
	return -1;
}

static bool read_field(const uint8_t *header, unsigned index, uint32_t *value)
{
	const uint8_t *at = header + MAGIC_BYTES + index * FIELD_BYTES;
	uint32_t sum = 0;

	for (unsigned i = 0; i < FIELD_BYTES; i++) {
		int d = digit(at[i]);
		if (d < 0) {
			return false;
		}
		sum = sum << 4 | (uint32_t)d;
	}
	*value = sum;
	return true;
}

static bool has_magic(const uint8_t *header)
{
	return memcmp(header, "070701", MAGIC_BYTES) == 0 || memcmp(header, "070702", MAGIC_BYTES) == 0;
}

static const char *bare_name(const char *name)
{
	while (*name == '/' || (name[0] == '.' && name[1] == '/')) {
		name++;
	}
	return name;
}

enum sk_archive_result sk_archive_next(const struct sk_archive *archive, uint64_t *offset,
				       struct sk_archive_file *file)
{
	uint64_t at = *offset;

	if (at > archive->bytes || archive->bytes - at < HEADER_BYTES) {
		return archive->bytes == 0 ? SK_ARCHIVE_END : SK_ARCHIVE_DAMAGED;
	}

	const uint8_t *header = archive->base + at;
	uint64_t left = archive->bytes - at;
	uint32_t file_bytes;
	uint32_t name_bytes;

	if (!has_magic(header) || !read_field(header, FIELD_FILE_BYTES, &file_bytes) ||
	    !read_field(header, FIELD_NAME_BYTES, &name_bytes) || !read_field(header, FIELD_MODE, &file->mode) ||
	    !read_field(header, FIELD_MODIFIED, &file->modified) || !read_field(header, FIELD_INODE, &file->number)) {
		return SK_ARCHIVE_DAMAGED;
	}

	/* Both lengths have 32 bits: their sum can't wrap in 64. */
	uint64_t data_at = pad4(HEADER_BYTES + (uint64_t)name_bytes);
	const char *name = (const char *)header + HEADER_BYTES;

	if (name_bytes == 0 || data_at > left || file_bytes > left - data_at || name[name_bytes - 1] != '\0') {
		return SK_ARCHIVE_DAMAGED;
	}
	if (strcmp(name, trailer) == 0) {
		return SK_ARCHIVE_END;
	}
	file->name = bare_name(name);
	file->data = header + data_at;
	file->bytes = file_bytes;
	/* The last entry's padding may be cut off; the next look then finds too little left. */
	*offset = at + pad4(data_at + file_bytes);
	return SK_ARCHIVE_FILE;
}

enum sk_archive_result sk_archive_find(const struct sk_archive *archive, const char *name,
				       struct sk_archive_file *file)
{
	const char *wanted = bare_name(name);
	uint64_t offset = 0;

	for (;;) {
		enum sk_archive_result result = sk_archive_next(archive, &offset, file);
		if (result != SK_ARCHIVE_FILE || strcmp(file->name, wanted) == 0) {
			return result;
		}
	}
}

struct sk_archive sk_archive_granted(void)
{
	const struct sk_start_region *region = sk_region_named("archive");

	if (region == NULL) {
		return (struct sk_archive){ .base = NULL, .bytes = 0 };
	}
	return (struct sk_archive){ .base = (const uint8_t *)(uintptr_t)region->address, .bytes = region->bytes };
}
