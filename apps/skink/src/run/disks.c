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

/* `option` is who named it. */
static void check_file(const char *path, bool writable, const char *option)
{
	struct stat status;
	int file = open(path, writable ? O_RDWR | O_CLOEXEC : O_RDONLY | O_CLOEXEC);
	if (file < 0 || fstat(file, &status) != 0) {
		fatal(TOOL_BAD_INPUT, "%s: '%s' can't be opened%s: %s%s", option, path, writable ? " for writing" : "",
		      strerror(errno), writable && errno == EACCES ? "; expected FILE,ro for a read-only disk" : "");
	}
	if (!S_ISBLK(status.st_mode) && (!S_ISREG(status.st_mode) || status.st_size == 0 ||
					 status.st_size % SECTOR_BYTES != 0)) {
		fatal(TOOL_BAD_INPUT, "%s: '%s' is no raw disk image; expected a file of whole sectors of %d bytes", option,
		      path, SECTOR_BYTES);
	}
	close(file);
}

/* A disk for the transport of `device`, from a file as the command line gives it. */
static struct disk disk_of(const struct manifest_device *device, uint32_t number, const char *given, const char *option)
{
	bool read_only = ends_with(given, ",ro");
	bool snapshot = ends_with(given, ",snapshot");
	size_t end = read_only ? strlen(",ro") : snapshot ? strlen(",snapshot") : 0;
	char *path = text_print("%.*s", (int)(strlen(given) - end), given);
	check_file(path, !read_only && !snapshot, option);
	char *quoted = without_commas(path);
	char *properties = text_print("drive=disk%u,serial=skink%u,", number, number);
	struct disk disk = {
		.drive = text_print("if=none,id=disk%u,format=raw,discard=unmap%s%s,file=%s", number,
				    read_only ? ",readonly=on" : "", snapshot ? ",snapshot=on" : "", quoted),
		.device = device_for_qemu(device, "blk", properties),
	};
	free(properties);
	free(quoted);
	free(path);
	return disk;
}

/* A second device for the same disk, at the next transport: see servers/blk_driver/main.c. */
static void add_twin(struct disk *disk, const struct manifest_device *device)
{
	char *drive = text_print("%s,node-name=medium", disk->drive);
	char *shared = text_print("%s,share-rw=on", disk->device);
	free(disk->drive);
	free(disk->device);
	disk->drive = drive;
	disk->device = shared;
	disk->twin = text_print("virtio-blk-device,drive=medium,share-rw=on,bus=virtio-mmio-bus.%u",
				device_transport(device) + 1);
}

/* What is on a disk that the manifest has an image for. */
static char *image_of(const struct system *system, const struct manifest_device *device)
{
	char *path = images_guest_file(system, device->image);
	char *given = text_print("%s,snapshot", path != NULL ? path : device->image);
	free(path);
	return given;
}

uint32_t disks_find(const struct system *system, struct disk disks[OPTIONS_LIST])
{
	const struct options *options = system->options;
	const struct manifest *manifest = &system->manifest;
	const char *root = options->root;
	uint32_t count = 0;
	uint32_t used = 0;
	uint32_t found;
	for (uint32_t i = 0; (found = device_driven_by(manifest, "blk_driver", i)) != MANIFEST_NONE; i++) {
		const struct manifest_device *device = &manifest->platform.devices[found];
		if (device->image != NULL && root != NULL) {
			disks[count] = disk_of(device, count, root, "--root");
			root = NULL;
			count++;
		} else if (device->image != NULL) {
			char *given = image_of(system, device);
			disks[count] = disk_of(device, count, given, "the manifest");
			free(given);
			count++;
		} else if (used < options->disk_count) {
			disks[count] = disk_of(device, count, options->disk[used++], "--disk");
			if (device_driver_has(manifest, found, "settle")) {
				add_twin(&disks[count], device);
			}
			count++;
		}
	}
	if (used < options->disk_count) {
		fatal(TOOL_BAD_INPUT,
		      "--disk is given %u times, but '%s' has drivers for %u; expected no more, or a server with image "
		      "= \"blk_driver\" and a virtio device for each",
		      options->disk_count, system->source.path, used);
	}
	if (root != NULL) {
		fatal(TOOL_BAD_INPUT,
		      "--root is given, but '%s' has no disk with a property `image`; expected --disk, or such a system as "
		      "manifest/default.dts",
		      system->source.path);
	}
	return count;
}
