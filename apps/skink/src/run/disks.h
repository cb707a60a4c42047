/*
 * --disk: files that become virtio-blk devices of the machine, each on a transport of its own.
 */
#ifndef DISKS_H
#define DISKS_H

#include "../system.h"

/* What QEMU is told about a disk. */
struct disk {
	char *drive;
	char *device;
};

/*
 * The disks that the command line names, in order. Ends the tool with TOOL_BAD_INPUT when one is no disk or has no
 * driver in the manifest. Returns their number.
 */
uint32_t disks_find(const struct system *system, struct disk disks[OPTIONS_LIST]);

#endif
