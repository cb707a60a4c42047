/*
 * A byte stream between two processes in shared memory: one writer, one reader,
 * no locks. It outlives both: a restarted reader or writer goes on at the
 * indices it finds. Indices count bytes since the ring was made and never wrap
 * (64 bits); data index = index % capacity.
 *
 * Both sides are suspicious: an index pair that makes no sense (more bytes than
 * the capacity) is treated as an empty ring by the reader and as a full one by
 * the writer, and reported by sk_byte_ring_sane().
 *
 * A `stream` region is two rings of half the region each: the first carries what
 * the client prints (client writes, console reads), the second what is typed.
 * After writing to a ring that was found empty, the writer signals its peer.
 *
 * Beside its bytes a writer tells one word, `told`, and signals when it changes. In a stream's second ring that is the
 * size of the terminal at the other end: columns << 16 | rows; 0: unknown.
 */
#ifndef SK_BYTE_RING_H
#define SK_BYTE_RING_H

#include <stddef.h>
#include <stdint.h>

struct sk_byte_ring {
	uint64_t written;       /* bytes ever written; only the writer stores it */
	uint64_t told;          /* a word of the writer's, see above; 0 at first */
	uint64_t pad0[6];
	uint64_t read;          /* bytes ever read; only the reader stores it */
	uint64_t pad1[7];
	uint8_t data[];
};

/* Bytes of data in a ring that takes `bytes` of memory (at least 256). */
static inline uint64_t sk_byte_ring_capacity(uint64_t bytes)
{
	return bytes - offsetof(struct sk_byte_ring, data);
}

/* 0 if the indices make no sense: more is waiting than there is room for. */
static inline int sk_byte_ring_sane(const struct sk_byte_ring *ring, uint64_t capacity)
{
	uint64_t read = __atomic_load_n(&ring->read, __ATOMIC_ACQUIRE);
	uint64_t written = __atomic_load_n(&ring->written, __ATOMIC_ACQUIRE);
	return written - read <= capacity;
}

/* Bytes waiting to be read; 0 too when the indices make no sense. */
static inline uint64_t sk_byte_ring_used(const struct sk_byte_ring *ring, uint64_t capacity)
{
	uint64_t read = __atomic_load_n(&ring->read, __ATOMIC_ACQUIRE);
	uint64_t used = __atomic_load_n(&ring->written, __ATOMIC_ACQUIRE) - read;
	return used <= capacity ? used : 0;
}

/*
 * Writes up to `count` bytes and returns how many fitted. `*was_empty` tells
 * whether the reader may be asleep and has to be signalled.
 */
static inline uint64_t sk_byte_ring_write(struct sk_byte_ring *ring, uint64_t capacity,
					  const uint8_t *bytes, uint64_t count, int *was_empty)
{
	uint64_t written = __atomic_load_n(&ring->written, __ATOMIC_RELAXED);
	uint64_t used = written - __atomic_load_n(&ring->read, __ATOMIC_ACQUIRE);
	uint64_t space = used <= capacity ? capacity - used : 0;
	uint64_t n = count < space ? count : space;
	for (uint64_t i = 0; i < n; i++) {
		ring->data[(written + i) % capacity] = bytes[i];
	}
	__atomic_store_n(&ring->written, written + n, __ATOMIC_RELEASE);
	/* Re-read after the store: a reader that saw the ring empty before it must be woken. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	*was_empty = n != 0 && __atomic_load_n(&ring->read, __ATOMIC_RELAXED) == written;
	return n;
}

/* Reads up to `count` bytes and returns how many there were. */
static inline uint64_t sk_byte_ring_read(struct sk_byte_ring *ring, uint64_t capacity,
					 uint8_t *bytes, uint64_t count)
{
	uint64_t read = __atomic_load_n(&ring->read, __ATOMIC_RELAXED);
	uint64_t used = sk_byte_ring_used(ring, capacity);
	uint64_t n = count < used ? count : used;
	for (uint64_t i = 0; i < n; i++) {
		bytes[i] = ring->data[(read + i) % capacity];
	}
	__atomic_store_n(&ring->read, read + n, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return n;
}

#endif
