#include <virtio/memory.h>

bool virtio_memory_add(struct virtio_memory *memory, uint64_t base, uint64_t bytes, void *at)
{
	if (memory->count == VIRTIO_MEMORY_RANGES || bytes == 0 || base + (bytes - 1) < base) {
		return false;
	}
	memory->ranges[memory->count++] = (struct virtio_memory_range){ base, bytes, at };
	return true;
}
