/*
 * Damage to the state of a device, by a fault in its memory or by its own program, mostly shows as a rule that the guest
 * seems to have broken: rings that are not where they were, an index that ran ahead. The guest would have to reset the
 * device for that, and lose what it had asked for. But each register is there three times: in the persistent region and
 * twice in the instance; so are positions, and where the guest's memory is. By two of three, bit by bit, what was damaged
 * is right again. Everything else in a queue follows from these.
 */
#include <stddef.h>
#include <string.h>

#include <virtio/mmio.h>

#define QUEUE_READY 1u

static bool heal_word(uint32_t *a, uint32_t *b, uint32_t *c)
{
	uint32_t right = (*a & *b) | (*b & *c) | (*a & *c);
	bool healed = *a != right || *b != right || *c != right;

	if (healed) {
		*a = right;
		*b = right;
		__atomic_store_n(c, right, __ATOMIC_RELEASE);
	}
	return healed;
}

static bool heal_words(void *a, void *b, void *c, size_t from, size_t end)
{
	bool healed = false;

	for (size_t i = from / sizeof(uint32_t); i < end / sizeof(uint32_t); i++) {
		healed |= heal_word((uint32_t *)a + i, (uint32_t *)b + i, (uint32_t *)c + i);
	}
	return healed;
}

/* All but the queues' positions, which move on in the persistent region alone. */
static bool heal_registers(struct virtio_mmio *device)
{
	const size_t behind_position = offsetof(struct sk_virtio_queue_state, position) + sizeof(uint64_t);
	size_t at = offsetof(struct sk_virtio_state, queues);
	bool healed = heal_words(&device->state_here, &device->state_again, device->kept, 0, at);

	for (uint32_t i = 0; i < VIRTIO_QUEUES; i++, at += sizeof(struct sk_virtio_queue_state)) {
		healed |= heal_words(&device->state_here, &device->state_again, device->kept, at + behind_position,
				     at + sizeof(struct sk_virtio_queue_state));
	}
	return healed;
}

_Static_assert(offsetof(struct sk_virtio_queue_state, position) == 0, "the rest of a queue's state is behind it");

static bool is_same(const struct virtio_queue *a, const struct virtio_queue *b)
{
	return a->state == b->state && a->memory == b->memory && a->size == b->size && a->event_index == b->event_index &&
	       a->indirect == b->indirect && a->descriptors == b->descriptors && a->available == b->available &&
	       a->used == b->used;
}

static bool heal_queue(struct virtio_mmio *device, uint32_t index)
{
	struct virtio_queue *queue = &device->queues[index];
	struct virtio_queue right;
	bool healed = false;

	if (device->state->queues[index].ready != QUEUE_READY ||
	    !virtio_queue_attach(&right, &device->state->queues[index], &device->kept->queues[index], &device->memory,
				 device->state->driver_features)) {
		return false;
	}
	if (!is_same(queue, &right)) {
		right.position = queue->position;
		right.position_again = queue->position_again;
		*queue = right;
		healed = true;
	}
	return virtio_queue_heal(queue) || healed;
}

bool virtio_mmio_heal(struct virtio_mmio *device)
{
	bool healed = false;

	if (device->state != &device->state_here) {
		device->state = &device->state_here;
		healed = true;
	}
	healed |= heal_registers(device);
	healed |= heal_words(&device->memory, &device->memory_again[0], &device->memory_again[1], 0,
			     sizeof(device->memory));
	for (uint32_t i = 0; i < device->queue_count; i++) {
		healed |= heal_queue(device, i);
	}
	device->healed |= healed;
	return healed;
}
