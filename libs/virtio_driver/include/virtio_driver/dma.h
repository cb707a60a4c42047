/*
 * Memory that both this process and a device see: physically contiguous, the region "dma" of a driver.
 * It is given out once, from its beginning, and never taken back.
 */
#ifndef VIRTIO_DRIVER_DMA_H
#define VIRTIO_DRIVER_DMA_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct virtio_dma {
	uint8_t *at;
	uint64_t physical; /* where the device sees `at`; as much aligned as `at` is, to a page at least */
	uint64_t bytes;
	uint64_t used;
};

/*
 * Memory at a multiple of `align`, a power of two up to a page, as an earlier instance left it: for what is written
 * before it is read, as a restart should not take long. NULL: there is not that much left.
 */
static inline void *virtio_dma_take_as_is(struct virtio_dma *dma, uint64_t bytes, uint64_t align)
{
	uint64_t offset = (dma->used + align - 1) & ~(align - 1);

	if (offset > dma->bytes || bytes > dma->bytes - offset) {
		return NULL;
	}
	dma->used = offset + bytes;
	return dma->at + offset;
}

/* The same, zeroed. */
static inline void *virtio_dma_take(struct virtio_dma *dma, uint64_t bytes, uint64_t align)
{
	void *taken = virtio_dma_take_as_is(dma, bytes, align);

	return taken != NULL ? memset(taken, 0, bytes) : NULL;
}

/* Where the device sees what these gave. */
static inline uint64_t virtio_dma_address(const struct virtio_dma *dma, const void *taken)
{
	return dma->physical + (uint64_t)((const uint8_t *)taken - dma->at);
}

#endif
