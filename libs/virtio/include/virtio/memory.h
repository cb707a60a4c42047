/*
 * A VM's RAM as a device server has it mapped. What a guest says about its
 * memory is turned into a pointer here and nowhere else, and only when all of it is
 * RAM: nothing that a guest writes into a descriptor makes the server touch anything else.
 */
#ifndef VIRTIO_MEMORY_H
#define VIRTIO_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Ranges that a VM's memory can have; what is no index of one. */
#define VIRTIO_MEMORY_RANGES 4u
#define VIRTIO_MEMORY_NONE UINT32_MAX

struct virtio_memory {
	uint32_t count;
	struct virtio_memory_range {
		uint64_t base; /* guest-physical */
		uint64_t bytes;
		uint8_t *at;
	} ranges[VIRTIO_MEMORY_RANGES]; /* in the manifest's order: an index here is one of the VM's `memory` */
};

/* Adds a range; false if there is no room or it wraps around the end of the address space. */
bool virtio_memory_add(struct virtio_memory *memory, uint64_t base, uint64_t bytes, void *at);

/* Index of the one range that holds all of [address, address + bytes), or VIRTIO_MEMORY_NONE. `bytes` may be 0. */
static inline uint32_t virtio_memory_find(const struct virtio_memory *memory, uint64_t address, uint64_t bytes)
{
	for (uint32_t i = 0; i < memory->count; i++) {
		const struct virtio_memory_range *range = &memory->ranges[i];
		uint64_t offset = address - range->base;

		if (offset < range->bytes && bytes <= range->bytes - offset) {
			return i;
		}
	}
	return VIRTIO_MEMORY_NONE;
}

/* A byte of range `index` as a word that outlives this process, and that byte; NULL: the word may have been anywhere since. */
uint64_t virtio_memory_place(uint32_t index, uint64_t offset);
uint8_t *virtio_memory_byte(const struct virtio_memory *memory, uint64_t place);

/* Where [address, address + bytes) is mapped, or NULL if not all of it is in one range. */
static inline void *virtio_memory_at(const struct virtio_memory *memory, uint64_t address, uint64_t bytes)
{
	uint32_t index = virtio_memory_find(memory, address, bytes);

	return index == VIRTIO_MEMORY_NONE ? NULL : memory->ranges[index].at + (address - memory->ranges[index].base);
}

#endif
