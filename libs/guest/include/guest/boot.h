/*
 * Everything that has to be in a VM's memory before its first instruction:
 * kernel, initrd, device tree. Placement is QEMU's: the kernel at the bottom of
 * RAM, the initrd in the middle of it (at most 128 MiB up), the device tree on
 * the next 2 MiB boundary; so what boots there boots here.
 */
#ifndef GUEST_BOOT_H
#define GUEST_BOOT_H

#include <guest/devtree.h>
#include <guest/image.h>

struct boot_files {
	struct guest_file kernel;
	struct guest_file initrd; /* bytes NULL: none */
	struct guest_file dtb;    /* bytes NULL: made from the manifest */
};

/* Guest-physical. */
struct boot_layout {
	struct image_place kernel;
	uint64_t initrd_start; /* start == end: none */
	uint64_t initrd_end;
	uint64_t dtb;          /* the boot vCPU's x0 */
	uint64_t dtb_end;
};

/* Loads all of it. On false RAM may have changed, and `error` names the file and what is wrong. */
bool boot_load(const struct guest_ram *ram, const struct manifest_vm *vm, const struct boot_files *files,
	       const void *seed, uint32_t seed_bytes, struct boot_layout *layout, struct guest_error *error);

#endif
