#include "source.h"

#include <string.h>

#include <linux/virtio_ids.h>

#define QUEUE 0u

static void give(struct source *source, uint32_t number)
{
	struct virtio_buffer buffer = { virtio_dma_address(&source->dma, source->buffers[number]), SOURCE_BUFFER_BYTES,
					true };

	(void)virtio_ring_add(&source->ring, &buffer, 1, number);
}

static void kick(struct source *source)
{
	if (virtio_ring_must_notify(&source->ring)) {
		virtio_hardware_notify(&source->hardware, QUEUE);
	}
}

static enum source_state stop(struct source *source, enum source_state state)
{
	(void)virtio_hardware_reset(&source->hardware);
	return state;
}

enum source_state source_open(struct source *source)
{
	source->there = false;
	source->bytes = 0;
	if (!virtio_process_hardware(&source->hardware, VIRTIO_ID_RNG)) {
		return SOURCE_ABSENT;
	}
	if (!virtio_hardware_begin(&source->hardware, 1ull << VIRTIO_RING_F_EVENT_IDX)) {
		return SOURCE_UNUSABLE;
	}
	if (virtio_hardware_queue_max(&source->hardware, QUEUE) < SOURCE_BUFFERS) {
		return stop(source, SOURCE_UNUSABLE);
	}
	source->buffers = virtio_dma_take(&source->dma, sizeof(*source->buffers) * SOURCE_BUFFERS, SOURCE_BUFFER_BYTES);
	if (source->buffers == NULL ||
	    !virtio_ring_open(&source->ring, &source->dma, SOURCE_BUFFERS, source->hardware.features, 1)) {
		return stop(source, SOURCE_NO_MEMORY);
	}
	for (uint32_t i = 0; i < SOURCE_BUFFERS; i++) {
		source->left[i] = 0;
		give(source, i);
	}
	if (!virtio_hardware_queue(&source->hardware, QUEUE, &source->ring) || !virtio_hardware_go(&source->hardware)) {
		return stop(source, SOURCE_UNUSABLE);
	}
	source->there = true;
	kick(source);
	return SOURCE_READY;
}

/* A device that brings a buffer back with nothing in it (virtio 1.2, section 5.4.6.2) would do so for ever. */
bool source_poll(struct source *source)
{
	enum virtio_ring_status status;
	uint32_t number;
	uint32_t bytes;

	while ((status = virtio_ring_take(&source->ring, &number, &bytes)) == VIRTIO_RING_DONE) {
		if (bytes == 0 || bytes > SOURCE_BUFFER_BYTES) {
			return false;
		}
		source->left[number] = bytes;
		source->bytes += bytes;
	}
	return status == VIRTIO_RING_EMPTY;
}

/* From the buffer's end: what is left stays where it is. */
static uint32_t take_from(struct source *source, uint32_t number, uint8_t *to, uint32_t bytes)
{
	uint32_t count = bytes < source->left[number] ? bytes : source->left[number];
	uint8_t *from = source->buffers[number] + source->left[number] - count;

	memcpy(to, from, count);
	memset(from, 0, count);
	source->left[number] -= count;
	source->bytes -= count;
	if (source->left[number] == 0) {
		give(source, number);
	}
	return count;
}

uint32_t source_take(struct source *source, void *to, uint32_t bytes)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < SOURCE_BUFFERS && count < bytes; i++) {
		if (source->left[i] != 0) {
			count += take_from(source, i, (uint8_t *)to + count, bytes - count);
		}
	}
	kick(source);
	return count;
}

bool source_arm(struct source *source)
{
	return virtio_ring_arm(&source->ring);
}

void source_disarm(struct source *source)
{
	virtio_ring_disarm(&source->ring);
}
