/*
 * See cpio.h. Data is aligned by NULs behind the name: readers take the name
 * up to its first NUL and find the data by the name's length field.
 */
#include "cpio.h"

#include <stdio.h>
#include <string.h>

#define HEADER_BYTES 110u
#define MODE_FILE 0100644u
#define MODE_FOLDER 0040755u

static void cpio_entry(struct bytes *archive, const char *name, uint32_t mode, const void *data, size_t size,
		       size_t align)
{
	char header[HEADER_BYTES + 1];
	size_t name_end = archive->size + HEADER_BYTES + strlen(name) + 1;
	size_t name_bytes = strlen(name) + 1 + (size == 0 ? 0 : (align - name_end % align) % align);
	if (size > UINT32_MAX) {
		fatal(TOOL_BAD_INPUT, "'%s' is too large for the archive", name);
	}
	/* magic, inode, mode, uid, gid, links, time, size, device (2), its device (2), name's bytes, check */
	snprintf(header, sizeof(header), "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", 0u, mode, 0u, 0u,
		 1u, 0u, (unsigned)size, 0u, 0u, 0u, 0u, (unsigned)name_bytes, 0u);
	bytes_append(archive, header, HEADER_BYTES);
	bytes_text(archive, name);
	bytes_zeroes(archive, name_bytes - strlen(name));
	bytes_align(archive, 4);
	bytes_append(archive, data, size);
	bytes_align(archive, 4);
}

void cpio_file(struct bytes *archive, const char *name, const void *data, size_t size, size_t align)
{
	cpio_entry(archive, name, MODE_FILE, data, size, align);
}

void cpio_folder(struct bytes *archive, const char *name)
{
	cpio_entry(archive, name, MODE_FOLDER, NULL, 0, 4);
}

void cpio_end(struct bytes *archive)
{
	cpio_entry(archive, "TRAILER!!!", 0, NULL, 0, 4);
	bytes_align(archive, 512);
}
