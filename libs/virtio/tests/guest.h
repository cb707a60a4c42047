/*
 * A guest's side for tests: its memory, between pages that fault, and a driver of virtqueues
 * that does as it is told, right or wrong.
 */
#ifndef VIRTIO_TESTS_GUEST_H
#define VIRTIO_TESTS_GUEST_H

#include <setjmp.h>

#include <virtio/mmio.h>

#define GUEST_BASE 0x40000000ull
#define GUEST_BYTES (256u * 1024u)

/* Rings of queue i begin at its own 16 KiB; data is behind them all. */
#define GUEST_QUEUES_MAX 4u
#define GUEST_RINGS(queue) (GUEST_BASE + (queue) * 0x4000ull)
#define GUEST_AVAILABLE 0x2000u
#define GUEST_USED 0x2800u
#define GUEST_DATA (GUEST_BASE + 0x10000ull)

struct guest_queue {
	uint32_t index;
	uint32_t size;
	struct vring_desc *descriptors;
	struct vring_avail *available;
	struct vring_used *used;
	uint16_t seen; /* of the used ring */
};

struct guest_piece {
	uint64_t address;
	uint32_t bytes;
	uint16_t flags; /* VRING_DESC_F_WRITE … */
};

/* Memory that is shared with child processes, with an unmapped page before and behind it. */
uint8_t *guest_map(size_t bytes);

/* Where guest-physical `address` is in `memory`. */
static inline void *guest_at(uint8_t *memory, uint64_t address)
{
	return memory + (address - GUEST_BASE);
}

void guest_queue_init(struct guest_queue *queue, uint8_t *memory, uint32_t index, uint32_t size);

/* Tells the device of queues [0, count) by its registers, up to DRIVER_OK. */
void guest_start(struct virtio_mmio *device, uint32_t count, uint32_t size, uint64_t features);

void guest_set(struct virtio_mmio *device, uint32_t offset, uint32_t value);
uint32_t guest_get(struct virtio_mmio *device, uint32_t offset);

/* The device's side of the queue goes on there: it has taken, put and checked so many. */
void guest_begin_at(struct virtio_queue *queue, uint16_t index);

/* Writes a chain into the descriptors from `head` on. */
void guest_write_chain(struct guest_queue *queue, uint16_t head, const struct guest_piece *pieces, uint32_t count);

/* The same as an indirect table at guest-physical `table`. */
void guest_write_indirect(struct guest_queue *queue, uint8_t *memory, uint16_t head, uint64_t table,
			  const struct guest_piece *pieces, uint32_t count);

/* Makes `head` available. */
void guest_offer(struct guest_queue *queue, uint16_t head);

/* The next used entry, if there is one. */
bool guest_take(struct guest_queue *queue, struct vring_used_elem *entry);

/* The index at which the device asks to be notified. */
uint16_t guest_notify_at(const struct guest_queue *queue);

/*
 * What the code under test ends its process with (sk_exit): if (guest_goes_on()) { … } else { guest_end.why says why }.
 * An end outside of it ends the test. For programs without a host_process of their own.
 */
extern struct guest_end {
	jmp_buf out;
	bool expected;
	const char *why;
} guest_end;

#define guest_goes_on() (guest_end.expected = true, setjmp(guest_end.out) == 0)

/* xorshift64*: the same numbers for the same seed. */
uint64_t guest_random(uint64_t *state);

#endif
