#include <virtio/memory.h>

#define PLACE_SHIFT 56u /* of a range's index in a place; offsets in it are below 2^48 */

bool virtio_memory_add(struct virtio_memory *memory, uint64_t base, uint64_t bytes, void *at)
{
	if (memory->count == VIRTIO_MEMORY_RANGES || bytes == 0 || base + (bytes - 1) < base) {
		return false;
	}
	memory->ranges[memory->count++] = (struct virtio_memory_range){ base, bytes, at };
	return true;
}

uint64_t virtio_memory_place(uint32_t index, uint64_t offset)
{
	return (uint64_t)index << PLACE_SHIFT | offset;
}

uint8_t *virtio_memory_byte(const struct virtio_memory *memory, uint64_t place)
{
	uint64_t index = place >> PLACE_SHIFT;
	uint64_t offset = place & ((1ull << PLACE_SHIFT) - 1);

	return index < memory->count && offset < memory->ranges[index].bytes ? memory->ranges[index].at + offset : NULL;
}
