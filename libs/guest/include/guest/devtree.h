/*
 * The guest's device tree: made from the VM's manifest node (a machine that
 * looks like QEMU's virt), or one that came with the guest, with its memory and
 * chosen nodes brought up to date.
 */
#ifndef GUEST_DEVTREE_H
#define GUEST_DEVTREE_H

#include <guest/error.h>
#include <guest/ram.h>
#include <skink/manifest.h>

struct devtree_input {
	const struct manifest_vm *vm;
	uint64_t initrd_start; /* guest-physical; start == end: none */
	uint64_t initrd_end;
	const void *seed;      /* for the guest's entropy pool; NULL: none */
	uint32_t seed_bytes;
};

/* Both write a complete blob to `buffer` (8-byte aligned) of `room` bytes and give its size. */
bool devtree_build(const struct devtree_input *input, void *buffer, uint32_t room, uint32_t *size,
		   struct guest_error *error);
bool devtree_patch(const struct devtree_input *input, const struct guest_file *given, void *buffer, uint32_t room,
		   uint32_t *size, struct guest_error *error);

#endif
