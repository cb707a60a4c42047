/* See disks.h. */
#define _POSIX_C_SOURCE 200809L
#include "disks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR_BYTES 512

/* A comma begins the next option in QEMU's words: one in a name is doubled. */
static char *without_commas(const char *path)
{
	struct bytes bytes = { 0 };
	for (; *path != '\0'; path++) {
		bytes_append(&bytes, path, 1);
		if (*path == ',') {
			bytes_append(&bytes, path, 1);
		}
	}
	bytes_append(&bytes, "", 1);
	return (char *)bytes.data;
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text);
	return length > strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

static void check_file(const char *path, bool writable)
{
	struct stat status;
	int file = open(path, writable ? O_RDWR | O_CLOEXEC : O_RDONLY | O_CLOEXEC);
	if (file < 0 || fstat(file, &status) != 0) {
		fatal(TOOL_BAD_INPUT, "--disk: '%s' can't be opened%s: %s%s", path, writable ? " for writing" : "",
		      strerror(errno), writable && errno == EACCES ? "; expected FILE,ro for a read-only disk" : "");
	}
	if (!S_ISBLK(status.st_mode) && (!S_ISREG(status.st_mode) || status.st_size == 0 ||
					 status.st_size % SECTOR_BYTES != 0)) {
		fatal(TOOL_BAD_INPUT, "--disk: '%s' is no raw disk image; expected a file of whole sectors of %d bytes",
		      path, SECTOR_BYTES);
	}
	close(file);
}

static struct disk disk_find(const struct system *system, uint32_t number)
{
	const char *given = system->options->disk[number];
	bool read_only = ends_with(given, ",ro");
	bool snapshot = ends_with(given, ",snapshot");
	size_t end = read_only ? strlen(",ro") : snapshot ? strlen(",snapshot") : 0;
	char *path = text_print("%.*s", (int)(strlen(given) - end), given);
	check_file(path, !read_only && !snapshot);
	uint32_t transport = transport_driven_by(&system->manifest, "blk_driver", number);
	if (transport == MANIFEST_NONE) {
		fatal(TOOL_BAD_INPUT,
		      "--disk is given %u times, but '%s' has drivers for %u; expected a server with image = \"blk_driver\" "
		      "and a virtio-mmio device for each",
		      system->options->disk_count, system->source.path, number);
	}
	char *quoted = without_commas(path);
	struct disk disk = {
		.drive = text_print("if=none,id=disk%u,format=raw,discard=unmap%s%s,file=%s", number,
				    read_only ? ",readonly=on" : "", snapshot ? ",snapshot=on" : "", quoted),
		.device = text_print("virtio-blk-device,drive=disk%u,serial=skink%u,bus=virtio-mmio-bus.%u", number, number,
				     transport),
	};
	free(quoted);
	free(path);
	return disk;
}

uint32_t disks_find(const struct system *system, struct disk disks[OPTIONS_LIST])
{
	for (uint32_t i = 0; i < system->options->disk_count; i++) {
		disks[i] = disk_find(system, i);
	}
	return system->options->disk_count;
}
