/*
 * The machine's disks: files that become virtio-blk devices, each on a transport of its own. In the order of the drivers'
 * devices in the manifest, one with an `image` has --root, or else that image as a snapshot; each of the others has the
 * next --disk, or none.
 */
#ifndef DISKS_H
#define DISKS_H

#include "../system.h"

/* What QEMU is told about a disk. */
struct disk {
	char *drive;
	char *device;
	char *twin; /* a second device for the same disk, see servers/blk_driver/main.c; NULL: none */
};

/*
 * All of them. Ends the tool with TOOL_BAD_INPUT when one is no disk or has no
 * driver in the manifest. Returns their number.
 */
uint32_t disks_find(const struct system *system, struct disk disks[OPTIONS_LIST]);

#endif
