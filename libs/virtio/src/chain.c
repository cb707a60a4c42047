#include <string.h>

#include <virtio/queue.h>

/* Copies between `bytes` bytes at `buffer` and segments [first, end) from `skip` on. */
static uint32_t copy(const struct virtio_chain *chain, uint32_t first, uint32_t end, uint64_t skip, uint8_t *into,
		     const uint8_t *from, uint32_t bytes)
{
	uint32_t done = 0;

	for (uint32_t i = first; i < end && done < bytes; i++) {
		const struct virtio_segment *segment = &chain->segments[i];

		if (skip >= segment->bytes) {
			skip -= segment->bytes;
			continue;
		}

		uint32_t piece = segment->bytes - (uint32_t)skip;

		if (piece > bytes - done) {
			piece = bytes - done;
		}
		if (into != NULL) {
			memcpy(into + done, segment->at + skip, piece);
		} else {
			memcpy(segment->at + skip, from + done, piece);
		}
		done += piece;
		skip = 0;
	}
	return done;
}

uint32_t virtio_chain_read(const struct virtio_chain *chain, uint64_t skip, void *to, uint32_t bytes)
{
	return copy(chain, 0, chain->readable, skip, to, NULL, bytes);
}

uint32_t virtio_chain_write(const struct virtio_chain *chain, uint64_t skip, const void *from, uint32_t bytes)
{
	return copy(chain, chain->readable, chain->count, skip, NULL, from, bytes);
}

uint64_t virtio_chain_last(const struct virtio_chain *chain)
{
	const struct virtio_segment *last = &chain->segments[chain->count - 1];

	return virtio_memory_place(last->memory, last->offset + last->bytes - 1);
}
