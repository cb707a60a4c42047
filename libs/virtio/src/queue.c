/*
 * Order of stores, where a server may be killed between any two:
 *
 *	complete: used ring's entry; position = (available + 1, used + 1); guest's used index
 *	put:      used ring's entry; position = (available, used + 1); guest's used index
 *	commit:   used ring's entries; position = (available + n, used + n); guest's used index
 *
 * The entry is beyond the guest's used index until that is stored, so it may be written any number of times; the
 * guest's index is a copy of `position`. What the guest must see before its index moves (data, entry) is
 * stored before it, with release. A guest that changes its rings under our hands gets its own chains wrong, no more:
 * every index is checked against the size that was checked when the queue was opened.
 */
#include <virtio/queue.h>

#include <sk/process.h>

#define POSITION_INDEX_BITS 16u
#define POSITION_INDEX_MASK 0xffffu

#define LOAD(word) __atomic_load_n(&(word), __ATOMIC_RELAXED)
#define LOAD_ACQUIRE(word) __atomic_load_n(&(word), __ATOMIC_ACQUIRE)
#define STORE(word, value) __atomic_store_n(&(word), (value), __ATOMIC_RELAXED)
#define STORE_RELEASE(word, value) __atomic_store_n(&(word), (value), __ATOMIC_RELEASE)

_Static_assert(sizeof(struct vring_desc) == 2 * sizeof(uint64_t), "a descriptor is two words, each read once");

enum position_part { POSITION_AVAILABLE, POSITION_USED, POSITION_CHECKED };

static uint16_t position_of(const struct virtio_queue *queue, enum position_part part)
{
	return (uint16_t)(queue->position >> (part * POSITION_INDEX_BITS));
}

static uint64_t with_part(uint64_t position, enum position_part part, uint16_t index)
{
	uint32_t shift = part * POSITION_INDEX_BITS;

	return (position & ~((uint64_t)POSITION_INDEX_MASK << shift)) | (uint64_t)index << shift;
}

static uint64_t advanced(uint64_t position, enum position_part part, uint32_t count)
{
	return with_part(position, part, (uint16_t)((position >> (part * POSITION_INDEX_BITS)) + count));
}

/* Ranges begin on pages, so what is aligned for the guest is aligned here. */
static void *ring_at(const struct virtio_memory *memory, uint64_t address, uint64_t bytes, uint64_t align)
{
	return address % align == 0 ? virtio_memory_at(memory, address, bytes) : NULL;
}

/* The persistent one is the one that counts for the next instance. */
static void set_position(struct virtio_queue *queue, uint64_t position)
{
	STORE_RELEASE(queue->state->position, position);
	queue->position = position;
	queue->position_again = position;
}

bool virtio_queue_heal(struct virtio_queue *queue)
{
	uint64_t a = queue->position;
	uint64_t b = queue->position_again;
	uint64_t c = queue->state->position;

	if (a == b && b == c) {
		return false;
	}
	set_position(queue, (a & b) | (b & c) | (a & c));
	return true;
}

bool virtio_queue_attach(struct virtio_queue *queue, const struct sk_virtio_queue_state *registers,
			 struct sk_virtio_queue_state *state, const struct virtio_memory *memory, uint64_t features)
{
	uint32_t size = registers->size;

	if (size == 0 || size > VIRTIO_QUEUE_SIZE_MAX || (size & (size - 1)) != 0) {
		return false;
	}

	/* Each ring has an event index behind it. */
	struct virtio_queue opened = {
		.state = state,
		.position = state->position,
		.position_again = state->position,
		.memory = memory,
		.size = size,
		.event_index = (features & 1ull << VIRTIO_RING_F_EVENT_IDX) != 0,
		.indirect = (features & 1ull << VIRTIO_RING_F_INDIRECT_DESC) != 0,
		.descriptors = ring_at(memory, registers->descriptors, size * sizeof(struct vring_desc),
				       VRING_DESC_ALIGN_SIZE),
		.available = ring_at(memory, registers->available, sizeof(struct vring_avail) + (size + 1) * 2ull,
				     VRING_AVAIL_ALIGN_SIZE),
		.used = ring_at(memory, registers->used,
				sizeof(struct vring_used) + size * sizeof(struct vring_used_elem) + 2,
				VRING_USED_ALIGN_SIZE),
	};

	if (opened.descriptors == NULL || opened.available == NULL || opened.used == NULL) {
		return false;
	}
	*queue = opened;
	queue->told = position_of(queue, POSITION_USED);
	return true;
}

bool virtio_queue_open(struct virtio_queue *queue, struct sk_virtio_queue_state *state,
		       const struct virtio_memory *memory, uint64_t features)
{
	if (!virtio_queue_attach(queue, state, state, memory, features)) {
		return false;
	}
	STORE_RELEASE(queue->used->idx, position_of(queue, POSITION_USED));
	return true;
}

/* What is left of a walk along a chain. */
struct walk {
	const struct vring_desc *table;
	uint32_t entries; /* of the table */
	uint32_t steps;   /* that may still be made: who visits more descriptors goes in circles, or as good as */
	bool indirect;    /* in an indirect table */
};

/* An indirect table may lie anywhere. */
typedef uint64_t __attribute__((aligned(1), may_alias)) loose_word;

static struct vring_desc read_descriptor(const struct vring_desc *table, uint32_t at)
{
	const volatile loose_word *words = (const volatile void *)((const uint8_t *)table + at * sizeof(*table));
	uint64_t rest = words[1];

	return (struct vring_desc){
		.addr = words[0],
		.len = (uint32_t)rest,
		.flags = (uint16_t)(rest >> 32),
		.next = (uint16_t)(rest >> 48),
	};
}

/* Goes from a descriptor with INDIRECT into its table: it is the last one outside, and there is no further level. */
static bool enter_table(const struct virtio_queue *queue, struct walk *walk, const struct virtio_chain *chain,
			const struct vring_desc *descriptor)
{
	uint32_t entries = descriptor->len / (uint32_t)sizeof(struct vring_desc);

	if (!queue->indirect || walk->indirect || (descriptor->flags & VRING_DESC_F_NEXT) != 0 || entries == 0 ||
	    descriptor->len % sizeof(struct vring_desc) != 0) {
		return false;
	}
	walk->table = virtio_memory_at(queue->memory, descriptor->addr, descriptor->len);
	walk->entries = entries;
	walk->steps = VIRTIO_CHAIN_SEGMENTS - chain->count;
	walk->indirect = true;
	return walk->table != NULL;
}

static bool add_segment(const struct virtio_queue *queue, struct virtio_chain *chain,
			const struct vring_desc *descriptor)
{
	bool writable = (descriptor->flags & VRING_DESC_F_WRITE) != 0;
	uint32_t index = virtio_memory_find(queue->memory, descriptor->addr, descriptor->len);

	if (index == VIRTIO_MEMORY_NONE || (!writable && chain->count != chain->readable)) {
		return false;
	}

	uint64_t offset = descriptor->addr - queue->memory->ranges[index].base;

	chain->segments[chain->count] = (struct virtio_segment){
		.at = queue->memory->ranges[index].at + offset,
		.offset = offset,
		.memory = index,
		.bytes = descriptor->len,
	};
	chain->count++;
	if (writable) {
		chain->writable_bytes += descriptor->len;
	} else {
		chain->readable++;
		chain->readable_bytes += descriptor->len;
	}
	return true;
}

/*
 * Every step takes one off `steps`, or enters the one indirect table: it ends whatever the guest wrote, and there is
 * room for as many segments: outside the table no more than the queue's size, inside what those have left.
 */
static bool walk_chain(const struct virtio_queue *queue, struct virtio_chain *chain)
{
	struct walk walk = { .table = queue->descriptors, .entries = queue->size, .steps = queue->size };
	uint32_t at = chain->head;

	while (at < walk.entries && walk.steps != 0) {
		struct vring_desc descriptor = read_descriptor(walk.table, at);

		walk.steps--;
		if ((descriptor.flags & VRING_DESC_F_INDIRECT) != 0) {
			if (!enter_table(queue, &walk, chain, &descriptor)) {
				return false;
			}
			at = 0;
			continue;
		}
		if (descriptor.len != 0 && !add_segment(queue, chain, &descriptor)) {
			return false;
		}
		if ((descriptor.flags & VRING_DESC_F_NEXT) == 0) {
			return true;
		}
		at = descriptor.next;
	}
	return false;
}

enum virtio_taken virtio_queue_again(const struct virtio_queue *queue, uint16_t index, struct virtio_chain *chain)
{
	chain->index = index;
	chain->head = LOAD(queue->available->ring[index & (queue->size - 1)]);
	chain->count = 0;
	chain->readable = 0;
	chain->readable_bytes = 0;
	chain->writable_bytes = 0;
	return walk_chain(queue, chain) ? VIRTIO_TAKEN : VIRTIO_BROKEN;
}

enum virtio_taken virtio_queue_ahead(struct virtio_queue *queue, uint32_t ahead, struct virtio_chain *chain)
{
	uint16_t next = position_of(queue, POSITION_AVAILABLE);
	uint16_t waiting = (uint16_t)(LOAD_ACQUIRE(queue->available->idx) - next);

	if (waiting > queue->size) {
		return VIRTIO_BROKEN;
	}
	if (waiting <= ahead) {
		return VIRTIO_EMPTY;
	}
	return virtio_queue_again(queue, (uint16_t)(next + ahead), chain);
}

enum virtio_taken virtio_queue_next(struct virtio_queue *queue, struct virtio_chain *chain)
{
	return virtio_queue_ahead(queue, 0, chain);
}

void virtio_queue_taken(struct virtio_queue *queue)
{
	set_position(queue, advanced(queue->position, POSITION_AVAILABLE, 1));
}

/* The used ring's next entry, or one behind it: the guest does not look at it before its index moves. */
static void write_entry(struct virtio_queue *queue, uint32_t ahead, uint16_t head, uint32_t bytes)
{
	uint32_t index = position_of(queue, POSITION_USED) + ahead;
	struct vring_used_elem *entry = &queue->used->ring[index & (queue->size - 1)];

	STORE(entry->id, head);
	STORE(entry->len, bytes);
}

/* It is where the guest will look; what the guest itself writes there is its own affair. */
static void expect_entry(struct virtio_queue *queue, uint16_t head, uint32_t bytes)
{
	struct vring_used_elem *entry = &queue->used->ring[queue->told & (queue->size - 1)];

	if (LOAD(entry->id) != head || LOAD(entry->len) != bytes) {
		STORE(entry->id, head);
		STORE(entry->len, bytes);
	}
}

/* Each entry up to its index is a request's end for the guest: the index moves by as many as were put, or not at all. */
static void commit(struct virtio_queue *queue, uint64_t position, uint32_t count)
{
	uint16_t used = (uint16_t)(position >> (POSITION_USED * POSITION_INDEX_BITS));

	if ((uint16_t)(used - queue->told) != count) {
		sk_exit(1, "a queue's used index is not where it was left");
	}
	queue->told = used;
	set_position(queue, position);
	STORE_RELEASE(queue->used->idx, used);
}

void virtio_queue_put(struct virtio_queue *queue, uint16_t head, uint32_t bytes)
{
	if (head < queue->size) {
		write_entry(queue, 0, head, bytes);
		expect_entry(queue, head, bytes);
		commit(queue, advanced(queue->position, POSITION_USED, 1), 1);
	}
}

void virtio_queue_stage(struct virtio_queue *queue, uint32_t ahead, const struct virtio_chain *chain, uint32_t bytes)
{
	write_entry(queue, ahead, chain->head, bytes);
}

void virtio_queue_commit(struct virtio_queue *queue, uint32_t count)
{
	commit(queue, advanced(advanced(queue->position, POSITION_AVAILABLE, count), POSITION_USED, count),
	       count);
}

void virtio_queue_complete(struct virtio_queue *queue, const struct virtio_chain *chain, uint32_t bytes)
{
	virtio_queue_stage(queue, 0, chain, bytes);
	virtio_queue_commit(queue, 1);
}

/* The event index behind the used ring: the guest notifies when its index passes it. */
static uint16_t *available_event(struct virtio_queue *queue)
{
	return (void *)&queue->used->ring[queue->size];
}

bool virtio_queue_arm_ahead(struct virtio_queue *queue, uint32_t ahead)
{
	uint16_t next = (uint16_t)(position_of(queue, POSITION_AVAILABLE) + ahead);

	if (queue->event_index) {
		STORE(*available_event(queue), next);
	} else {
		STORE(queue->used->flags, 0);
	}
	/* The guest stores its index, then looks whether to notify; we do it the other way round. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return LOAD(queue->available->idx) != next;
}

bool virtio_queue_arm(struct virtio_queue *queue)
{
	return virtio_queue_arm_ahead(queue, 0);
}

/* With event indices there is nothing to do: the index asked for is passed, and stays behind. */
void virtio_queue_disarm(struct virtio_queue *queue)
{
	if (!queue->event_index) {
		STORE(queue->used->flags, VRING_USED_F_NO_NOTIFY);
	}
}

bool virtio_queue_wants_interrupt(const struct virtio_queue *queue)
{
	uint16_t used = position_of(queue, POSITION_USED);
	uint16_t checked = position_of(queue, POSITION_CHECKED);

	if (used == checked) {
		return false;
	}
	/* We stored the index; the guest stores its wish, then looks at the index. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (queue->event_index) {
		uint16_t event = LOAD(queue->available->ring[queue->size]);

		return vring_need_event(event, used, checked) != 0;
	}
	return (LOAD(queue->available->flags) & VRING_AVAIL_F_NO_INTERRUPT) == 0;
}

bool virtio_queue_is_unseen(const struct virtio_queue *queue)
{
	uint16_t used = position_of(queue, POSITION_USED);

	return queue->event_index && (int16_t)(uint16_t)(used - LOAD(queue->available->ring[queue->size])) > 0;
}

void virtio_queue_checked(struct virtio_queue *queue)
{
	set_position(queue, with_part(queue->position, POSITION_CHECKED, (uint16_t)(queue->position >> 16)));
}
