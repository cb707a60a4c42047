#include "guest.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <sk/process.h>

#define PAGE 4096u

struct guest_end guest_end;

/* A test that has a process of its own (host_process.h), or a fuzzer that has another way to end, defines another. */
__attribute__((weak)) void sk_exit(int code, const char *why)
{
	guest_end.why = why;
	if (guest_end.expected) {
		guest_end.expected = false;
		longjmp(guest_end.out, 1);
	}
	(void)fprintf(stderr, "the process ends (%d): %s\n", code, why);
	abort();
}

uint8_t *guest_map(size_t bytes)
{
	uint8_t *all = mmap(NULL, bytes + 2 * PAGE, PROT_NONE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (all == MAP_FAILED || mprotect(all + PAGE, bytes, PROT_READ | PROT_WRITE) != 0) {
		return NULL;
	}
	return all + PAGE;
}

void guest_queue_init(struct guest_queue *queue, uint8_t *memory, uint32_t index, uint32_t size)
{
	*queue = (struct guest_queue){
		.index = index,
		.size = size,
		.descriptors = guest_at(memory, GUEST_RINGS(index)),
		.available = guest_at(memory, GUEST_RINGS(index) + GUEST_AVAILABLE),
		.used = guest_at(memory, GUEST_RINGS(index) + GUEST_USED),
	};
}

void guest_set(struct virtio_mmio *device, uint32_t offset, uint32_t value)
{
	(void)virtio_mmio_write(device, offset, 4, value);
}

uint32_t guest_get(struct virtio_mmio *device, uint32_t offset)
{
	return (uint32_t)virtio_mmio_read(device, offset, 4);
}

static void set_address(struct virtio_mmio *device, uint32_t low, uint64_t address)
{
	guest_set(device, low, (uint32_t)address);
	guest_set(device, low + 4, (uint32_t)(address >> 32));
}

void guest_start(struct virtio_mmio *device, uint32_t count, uint32_t size, uint64_t features)
{
	uint32_t status = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER;

	guest_set(device, VIRTIO_MMIO_STATUS, 0);
	guest_set(device, VIRTIO_MMIO_STATUS, status);
	for (uint32_t i = 0; i < 2; i++) {
		guest_set(device, VIRTIO_MMIO_DRIVER_FEATURES_SEL, i);
		guest_set(device, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)(features >> (32 * i)));
	}
	status |= VIRTIO_CONFIG_S_FEATURES_OK;
	guest_set(device, VIRTIO_MMIO_STATUS, status);
	for (uint32_t i = 0; i < count; i++) {
		guest_set(device, VIRTIO_MMIO_QUEUE_SEL, i);
		guest_set(device, VIRTIO_MMIO_QUEUE_NUM, size);
		set_address(device, VIRTIO_MMIO_QUEUE_DESC_LOW, GUEST_RINGS(i));
		set_address(device, VIRTIO_MMIO_QUEUE_AVAIL_LOW, GUEST_RINGS(i) + GUEST_AVAILABLE);
		set_address(device, VIRTIO_MMIO_QUEUE_USED_LOW, GUEST_RINGS(i) + GUEST_USED);
		guest_set(device, VIRTIO_MMIO_QUEUE_READY, 1);
	}
	guest_set(device, VIRTIO_MMIO_STATUS, status | VIRTIO_CONFIG_S_DRIVER_OK);
}

static void write_pieces(struct vring_desc *table, uint32_t first, const struct guest_piece *pieces, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		bool last = i + 1 == count;

		table[first + i] = (struct vring_desc){
			.addr = pieces[i].address,
			.len = pieces[i].bytes,
			.flags = (uint16_t)(pieces[i].flags | (last ? 0 : VRING_DESC_F_NEXT)),
			.next = (uint16_t)(last ? 0 : first + i + 1),
		};
	}
}

void guest_begin_at(struct virtio_queue *queue, uint16_t index)
{
	queue->state->position = index * 0x100010001ull;
	queue->position = queue->state->position;
	queue->position_again = queue->state->position;
	queue->told = index;
}

void guest_write_chain(struct guest_queue *queue, uint16_t head, const struct guest_piece *pieces, uint32_t count)
{
	write_pieces(queue->descriptors, head, pieces, count);
}

void guest_write_indirect(struct guest_queue *queue, uint8_t *memory, uint16_t head, uint64_t table,
			  const struct guest_piece *pieces, uint32_t count)
{
	write_pieces(guest_at(memory, table), 0, pieces, count);
	queue->descriptors[head] = (struct vring_desc){
		.addr = table,
		.len = count * (uint32_t)sizeof(struct vring_desc),
		.flags = VRING_DESC_F_INDIRECT,
	};
}

void guest_offer(struct guest_queue *queue, uint16_t head)
{
	queue->available->ring[queue->available->idx & (queue->size - 1)] = head;
	__atomic_store_n(&queue->available->idx, (uint16_t)(queue->available->idx + 1), __ATOMIC_RELEASE);
}

bool guest_take(struct guest_queue *queue, struct vring_used_elem *entry)
{
	if (queue->seen == __atomic_load_n(&queue->used->idx, __ATOMIC_ACQUIRE)) {
		return false;
	}
	*entry = queue->used->ring[queue->seen & (queue->size - 1)];
	queue->seen++;
	return true;
}

uint16_t guest_notify_at(const struct guest_queue *queue)
{
	const uint16_t *event = (const void *)&queue->used->ring[queue->size];

	return *event;
}

uint64_t guest_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dull;
}
