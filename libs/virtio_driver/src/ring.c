#include <virtio_driver/ring.h>

#include <linux/virtio_config.h>

static uint16_t read_u16(const volatile __virtio16 *at)
{
	return __atomic_load_n(at, __ATOMIC_RELAXED);
}

static void write_u16(volatile __virtio16 *at, uint16_t value)
{
	__atomic_store_n(at, value, __ATOMIC_RELAXED);
}

static void full_barrier(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* Behind the rings: up to where the device said that it needs no notification, and this side no interrupt. */
static __virtio16 *available_event(const struct virtio_ring *ring)
{
	return (__virtio16 *)(void *)&ring->used->ring[ring->size];
}

static __virtio16 *used_event(const struct virtio_ring *ring)
{
	return &ring->available->ring[ring->size];
}

bool virtio_ring_open(struct virtio_ring *ring, struct virtio_dma *dma, uint32_t size, uint64_t features,
		      uint32_t table_size)
{
	bool indirect = (features >> VIRTIO_RING_F_INDIRECT_DESC & 1u) != 0;

	if (size == 0 || size > VIRTIO_RING_SIZE_MAX || (size & (size - 1)) != 0) {
		return false;
	}
	*ring = (struct virtio_ring){
		.size = size,
		.event_index = (features >> VIRTIO_RING_F_EVENT_IDX & 1u) != 0,
		.table_size = table_size < size ? table_size : size,
		.free_count = size,
		.descriptors = virtio_dma_take(dma, size * sizeof(struct vring_desc), VRING_DESC_ALIGN_SIZE),
		.available = virtio_dma_take(dma, 6 + 2 * size, VRING_AVAIL_ALIGN_SIZE),
		.used = virtio_dma_take(dma, 6 + 8 * size, VRING_USED_ALIGN_SIZE),
	};
	if (ring->descriptors == NULL || ring->available == NULL || ring->used == NULL) {
		return false;
	}
	if (indirect) {
		ring->tables = virtio_dma_take_as_is(dma, (uint64_t)size * ring->table_size * sizeof(struct vring_desc),
						     VRING_DESC_ALIGN_SIZE);
		if (ring->tables == NULL) {
			return false;
		}
		ring->tables_address = virtio_dma_address(dma, ring->tables);
	}
	ring->descriptors_address = virtio_dma_address(dma, ring->descriptors);
	ring->available_address = virtio_dma_address(dma, ring->available);
	ring->used_address = virtio_dma_address(dma, ring->used);
	for (uint32_t i = 0; i < size; i++) {
		ring->next[i] = (uint16_t)(i + 1 < size ? i + 1 : VIRTIO_RING_NONE);
	}
	return true;
}

static void describe(struct vring_desc *descriptor, const struct virtio_buffer *buffer, uint32_t flags, uint16_t next)
{
	*descriptor = (struct vring_desc){
		.addr = buffer->address,
		.len = buffer->bytes,
		.flags = (__virtio16)(flags | (buffer->writable ? VRING_DESC_F_WRITE : 0u)),
		.next = next,
	};
}

static void add_indirect(struct virtio_ring *ring, const struct virtio_buffer *buffers, uint32_t count, uint16_t head)
{
	uint32_t offset = (uint32_t)head * ring->table_size;
	struct vring_desc *table = ring->tables + offset;

	for (uint32_t i = 0; i < count; i++) {
		bool last = i + 1 == count;

		describe(&table[i], &buffers[i], last ? 0 : VRING_DESC_F_NEXT, (uint16_t)(last ? 0 : i + 1));
	}
	ring->descriptors[head] = (struct vring_desc){
		.addr = ring->tables_address + offset * sizeof(struct vring_desc),
		.len = (uint32_t)(count * sizeof(struct vring_desc)),
		.flags = VRING_DESC_F_INDIRECT,
	};
}

static void add_direct(struct virtio_ring *ring, const struct virtio_buffer *buffers, uint32_t count, uint16_t head)
{
	uint16_t at = head;

	for (uint32_t i = 0; i < count; i++) {
		bool last = i + 1 == count;

		describe(&ring->descriptors[at], &buffers[i], last ? 0 : VRING_DESC_F_NEXT, last ? 0 : ring->next[at]);
		at = ring->next[at];
	}
}

/* The chain's descriptors go back to the free list, its last one before the first free. */
static void release(struct virtio_ring *ring, uint16_t head)
{
	uint16_t last = head;

	for (uint32_t i = 1; i < ring->chain[head]; i++) {
		last = ring->next[last];
	}
	ring->next[last] = ring->free;
	ring->free = head;
	ring->free_count += ring->chain[head];
	ring->chain[head] = 0;
}

static inline bool stage(struct virtio_ring *ring, const struct virtio_buffer *buffers, uint32_t count, uint32_t cookie)
{
	bool indirect = ring->tables != NULL && count > 1;
	uint32_t needed = indirect ? 1 : count;
	uint16_t head = ring->free;

	if (count == 0 || count > ring->table_size || needed > ring->free_count) {
		return false;
	}
	if (indirect) {
		add_indirect(ring, buffers, count, head);
	} else {
		add_direct(ring, buffers, count, head);
	}
	for (uint32_t i = 0; i < needed; i++) {
		ring->free = ring->next[ring->free];
	}
	ring->free_count -= needed;
	ring->staged = head;
	ring->chain[head] = (uint16_t)needed;
	ring->cookies[head] = cookie;
	ring->available->ring[ring->available_index & (ring->size - 1)] = head;
	ring->available_index++;
	return true;
}

bool virtio_ring_stage(struct virtio_ring *ring, const struct virtio_buffer *buffers, uint32_t count, uint32_t cookie)
{
	return stage(ring, buffers, count, cookie);
}

/* The device sees the index after all that it stands for. */
void virtio_ring_publish(struct virtio_ring *ring)
{
	__atomic_store_n(&ring->available->idx, ring->available_index, __ATOMIC_RELEASE);
}

bool virtio_ring_add(struct virtio_ring *ring, const struct virtio_buffer *buffers, uint32_t count, uint32_t cookie)
{
	if (!stage(ring, buffers, count, cookie)) {
		return false;
	}
	virtio_ring_publish(ring);
	return true;
}

void virtio_ring_unstage(struct virtio_ring *ring)
{
	ring->available_index--;
	release(ring, ring->staged); /* not what the ring says: the device can write there */
}

bool virtio_ring_look(const struct virtio_ring *ring, struct virtio_ring_walk *walk)
{
	uint16_t next = read_u16(&ring->available->idx);
	uint16_t head = read_u16(&ring->available->ring[next & (ring->size - 1)]);

	if ((uint16_t)(ring->available_index - next) != 1 || head >= ring->size) {
		return false;
	}

	const struct vring_desc *first = &ring->descriptors[head];
	uint32_t table = head * ring->table_size;

	*walk = (struct virtio_ring_walk){
		.table = ring->descriptors, .entries = ring->size, .at = head, .head = head,
	};
	if ((first->flags & VRING_DESC_F_INDIRECT) == 0) {
		return true;
	}
	if (ring->tables == NULL || first->addr != ring->tables_address + table * sizeof(*first)) {
		return false;
	}
	walk->at = 0;
	walk->entries = first->len / (uint32_t)sizeof(*first);
	walk->table = ring->tables + table;
	return first->flags == VRING_DESC_F_INDIRECT && first->len % sizeof(*first) == 0 &&
	       walk->entries <= ring->table_size;
}


bool virtio_ring_must_notify(struct virtio_ring *ring)
{
	uint16_t told = ring->told_index;

	ring->told_index = ring->available_index;
	if (told == ring->available_index) {
		return false;
	}
	full_barrier(); /* the index was stored before what the device wants is read */
	if (ring->event_index) {
		return vring_need_event(read_u16(available_event(ring)), ring->available_index, told) != 0;
	}
	return (read_u16(&ring->used->flags) & VRING_USED_F_NO_NOTIFY) == 0;
}

enum virtio_ring_status virtio_ring_take(struct virtio_ring *ring, uint32_t *cookie, uint32_t *bytes)
{
	uint16_t index = __atomic_load_n(&ring->used->idx, __ATOMIC_ACQUIRE);

	if (index == ring->used_index) {
		return VIRTIO_RING_EMPTY;
	}

	struct vring_used_elem *element = &ring->used->ring[ring->used_index & (ring->size - 1)];
	uint32_t head = __atomic_load_n(&element->id, __ATOMIC_RELAXED);

	if ((uint16_t)(index - ring->used_index) > ring->size || head >= ring->size || ring->chain[head] == 0) {
		return VIRTIO_RING_BROKEN;
	}
	*cookie = ring->cookies[head];
	*bytes = __atomic_load_n(&element->len, __ATOMIC_RELAXED);
	release(ring, (uint16_t)head);
	ring->used_index++;
	return VIRTIO_RING_DONE;
}

bool virtio_ring_arm(struct virtio_ring *ring)
{
	if (ring->event_index) {
		write_u16(used_event(ring), ring->used_index);
	} else {
		write_u16(&ring->available->flags, 0);
	}
	full_barrier();
	return __atomic_load_n(&ring->used->idx, __ATOMIC_ACQUIRE) != ring->used_index;
}

/* With event indices nothing is to be done: `used_event` stays behind, and the device is past it. */
void virtio_ring_disarm(struct virtio_ring *ring)
{
	if (!ring->event_index) {
		write_u16(&ring->available->flags, VRING_AVAIL_F_NO_INTERRUPT);
	}
}
