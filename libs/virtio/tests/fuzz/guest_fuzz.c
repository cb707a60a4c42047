#include "guest_fuzz.h"

#include <string.h>

#define PIECES_MAX 8u
#define RING_BYTES 0x4000u

struct fuzz_guest fuzz_guest;

struct store {
	uint32_t offset;
	uint32_t bytes;
	uint64_t value;
	struct virtio_exit exit;
};

static void look(uint32_t index)
{
	struct guest_queue *queue = &fuzz_guest.queues[index];
	struct vring_used_elem entry;

	while (guest_take(queue, &entry)) {
		FUZZ_EXPECT(entry.id < queue->size);
		if (fuzz_guest.used != NULL) {
			fuzz_guest.used(index, (uint16_t)entry.id, entry.len);
		}
	}
	queue->available->ring[queue->size] = queue->seen; /* the next one */
}

static void look_at_all(void)
{
	for (uint32_t i = 0; i < fuzz_guest.queue_count && i < GUEST_QUEUES_MAX; i++) {
		look(i);
	}
}

/* With nobody there, the guest's other CPUs go on: what they see now is final. */
static void between_instances(void)
{
	if (fuzz_guest.honest && fuzz_guest.started && fuzz_u8() % 2 != 0) {
		look_at_all();
	}
}

void fuzz_guest_run(void (*operation)(void *argument), void *argument)
{
	if (!fuzz_guest.honest) {
		fuzz_some_races();
	}
	if (fuzz_run(operation, argument, fuzz_some_kill())) {
		return;
	}
	between_instances();
	/* The input ends, and with it the kills. */
	while (!fuzz_run(fuzz_guest.instance, NULL, fuzz_some_kill())) {
		between_instances();
	}
	fuzz_guest.again = true;
	if (!fuzz_run(operation, argument, FUZZ_NEVER)) {
		/* It has ended itself: a server that does so begins, sooner or later, with nothing. */
		while (!fuzz_run(fuzz_guest.instance, NULL, FUZZ_NEVER)) {
		}
	}
	fuzz_guest.again = false;
	if (fuzz_guest.exit == NULL) {
		virtio_mmio_rearm(fuzz_guest.device);
	}
}

void fuzz_guest_begin(const struct fuzz_guest *guest, struct sk_virtio_state *state)
{
	fuzz_guest = *guest;
	fuzz_guest.memory = fuzz_pages(0, FUZZ_GUEST_BYTES);
	fuzz_guest.state = state;
	memset(fuzz_guest.memory, 0, FUZZ_GUEST_BYTES);
	memset(state, 0, sizeof(*state));
	fuzz_watch(fuzz_guest.memory, FUZZ_GUEST_BYTES, true, true);
	fuzz_watch(state, sizeof(*state), true, false);
	for (uint32_t i = 0; i < GUEST_QUEUES_MAX; i++) {
		guest_queue_init(&fuzz_guest.queues[i], fuzz_guest.memory, i, FUZZ_QUEUE_SIZE);
	}
	fuzz_guest.honest = fuzz_u8() % 2 != 0;
	(void)fuzz_run(fuzz_guest.instance, NULL, FUZZ_NEVER);
}

static void deliver(void *argument)
{
	const struct store *store = argument;

	if (fuzz_guest.exit != NULL) {
		fuzz_guest.exit(store->offset, store->bytes, store->value, fuzz_guest.again);
	} else if (store->offset >= VIRTIO_MMIO_CONFIG) {
		virtio_mmio_configure(fuzz_guest.device, &store->exit, store->offset, store->bytes, store->value);
	} else {
		(void)virtio_mmio_write(fuzz_guest.device, store->offset, store->bytes, store->value);
	}
}

void fuzz_guest_write(uint32_t offset, uint32_t bytes, uint64_t value)
{
	struct store store = { offset, bytes, value, { ++fuzz_guest.exits, 0 } };

	fuzz_guest_run(deliver, &store);
}

static void set_address(uint32_t low, uint64_t address)
{
	fuzz_guest_write(low, 4, (uint32_t)address);
	fuzz_guest_write(low + 4, 4, address >> 32);
}

static void start_queue(uint32_t index)
{
	fuzz_guest_write(VIRTIO_MMIO_QUEUE_SEL, 4, index);
	fuzz_guest_write(VIRTIO_MMIO_QUEUE_NUM, 4, FUZZ_QUEUE_SIZE);
	set_address(VIRTIO_MMIO_QUEUE_DESC_LOW, GUEST_RINGS(index));
	set_address(VIRTIO_MMIO_QUEUE_AVAIL_LOW, GUEST_RINGS(index) + GUEST_AVAILABLE);
	set_address(VIRTIO_MMIO_QUEUE_USED_LOW, GUEST_RINGS(index) + GUEST_USED);
	fuzz_guest_write(VIRTIO_MMIO_QUEUE_READY, 4, 1);
}

void fuzz_guest_start(uint32_t queues)
{
	uint64_t transport = 1ull << VIRTIO_RING_F_INDIRECT_DESC | 1ull << VIRTIO_RING_F_EVENT_IDX;
	uint64_t features =
		(fuzz_guest.device->features & fuzz_guest.features) | transport | 1ull << VIRTIO_F_VERSION_1;
	uint32_t status = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER;
	uint8_t without = fuzz_u8();

	features &= ~((uint64_t)(without & 3u) << VIRTIO_RING_F_INDIRECT_DESC);
	fuzz_guest_write(VIRTIO_MMIO_STATUS, 4, 0);
	for (uint32_t i = 0; i < GUEST_QUEUES_MAX; i++) {
		guest_queue_init(&fuzz_guest.queues[i], fuzz_guest.memory, i, FUZZ_QUEUE_SIZE);
		memset(fuzz_guest.queues[i].available, 0, 4);
		memset(fuzz_guest.queues[i].used, 0, 4);
		memset(&fuzz_guest.queues[i].used->ring[FUZZ_QUEUE_SIZE], 0, 2);
		fuzz_guest.queues[i].available->ring[FUZZ_QUEUE_SIZE] = 0;
	}
	fuzz_guest_write(VIRTIO_MMIO_STATUS, 4, status);
	for (uint32_t i = 0; i < 2; i++) {
		fuzz_guest_write(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 4, i);
		fuzz_guest_write(VIRTIO_MMIO_DRIVER_FEATURES, 4, (uint32_t)(features >> (32 * i)));
	}
	status |= VIRTIO_CONFIG_S_FEATURES_OK;
	fuzz_guest_write(VIRTIO_MMIO_STATUS, 4, status);
	for (uint32_t i = 0; i < queues; i++) {
		start_queue(i);
	}
	fuzz_guest_write(VIRTIO_MMIO_STATUS, 4, status | VIRTIO_CONFIG_S_DRIVER_OK);
	fuzz_guest.started = true;
	if (fuzz_guest.honest) {
		FUZZ_EXPECT(fuzz_guest.state->status == (status | VIRTIO_CONFIG_S_DRIVER_OK));
	}
}

uint64_t fuzz_guest_address(void)
{
	uint8_t kind = fuzz_u8();

	switch (kind % 32u) {
	case 0:
		return GUEST_BASE + FUZZ_GUEST_BYTES - kind / 16u * 8u;
	case 1:
		return GUEST_BASE - kind / 16u;
	case 2:
		return fuzz_edge();
	case 3:
		return GUEST_RINGS(0) + fuzz_u16() % (GUEST_QUEUES_MAX * RING_BYTES);
	default:
		return GUEST_DATA + kind % 16u * 0x1000u + fuzz_u8();
	}
}

uint32_t fuzz_guest_length(void)
{
	uint8_t kind = fuzz_u8();

	switch (kind % 16u) {
	case 0:
		return (uint32_t)fuzz_edge();
	case 1:
		return fuzz_u16();
	case 2:
		return kind / 16u * 16u;
	case 3:
	case 4:
		return 512u * (kind / 16u);
	default:
		return 1 + kind / 16u;
	}
}

static struct vring_desc some_descriptor(uint32_t at, bool last, bool writable)
{
	struct vring_desc descriptor = { .addr = fuzz_guest_address(), .len = fuzz_guest_length() };

	descriptor.flags = (uint16_t)(last ? 0 : VRING_DESC_F_NEXT);
	descriptor.flags |= (uint16_t)(writable ? VRING_DESC_F_WRITE : 0);
	descriptor.next = (uint16_t)(at + 1);
	if (fuzz_once_in(32)) {
		descriptor.flags ^= fuzz_u8();
		descriptor.next = fuzz_u16();
	}
	return descriptor;
}

static void hostile_offer(struct guest_queue *queue, uint16_t head)
{
	uint8_t odd = fuzz_u8();

	guest_offer(queue, odd >= 250 ? fuzz_u16() : head);
	if (odd % 8u == 7) {
		queue->available->idx = fuzz_u16();
	}
	queue->available->ring[queue->size] = odd % 8u == 6 ? fuzz_u16() : queue->used->idx;
	queue->available->flags = odd % 8u == 5;
}

struct shape {
	uint32_t count;
	uint32_t readable; /* of them */
	uint32_t room;     /* for so many of them there is memory */
	uint64_t header;   /* the first one's address, if not 0, and length */
	uint32_t header_bytes;
};

static void write_table(struct vring_desc *table, uint32_t first, const struct shape *shape)
{
	for (uint32_t i = 0; i < shape->count && i < shape->room; i++) {
		bool last = i + 1 == shape->count;
		bool writable = i >= shape->readable;

		if (i == 0 && shape->header != 0) {
			table[i] = (struct vring_desc){ shape->header, shape->header_bytes, VRING_DESC_F_NEXT,
							(uint16_t)(first + 1) };
		} else if (i >= PIECES_MAX) {
			table[i] = (struct vring_desc){ GUEST_DATA, 16, last ? 0 : VRING_DESC_F_NEXT,
							(uint16_t)(first + i + 1) };
			table[i].flags |= (uint16_t)(writable ? VRING_DESC_F_WRITE : 0);
		} else {
			table[i] = some_descriptor(first + i, last, writable);
		}
	}
}

/* As long as it may be and longer, or at the end of the memory and beyond, or an ordinary one. */
static void hostile_indirect(struct guest_queue *queue, struct shape *shape)
{
	uint8_t place = fuzz_u8();
	uint64_t table = GUEST_DATA + 0x1000 + place % 16u * 0x800u;

	if (place >= 240) {
		shape->count = VIRTIO_CHAIN_SEGMENTS - 4 + fuzz_below(16);
		shape->room = shape->count;
	} else if (place >= 224) {
		shape->room = fuzz_below(shape->count + 1);
		table = GUEST_BASE + FUZZ_GUEST_BYTES - shape->room * sizeof(struct vring_desc);
	}
	if (shape->room != 0) {
		write_table(guest_at(fuzz_guest.memory, table), 0, shape);
	}
	queue->descriptors[0] = (struct vring_desc){
		.addr = table,
		.len = (uint32_t)(shape->count * sizeof(struct vring_desc)) + fuzz_once_in(16),
		.flags = VRING_DESC_F_INDIRECT,
	};
	hostile_offer(queue, 0);
}

void fuzz_guest_hostile_chain(uint32_t index, const void *header, uint32_t header_bytes)
{
	struct guest_queue *queue = &fuzz_guest.queues[index];
	uint8_t what = fuzz_u8();
	struct shape shape = { .count = 1 + what % PIECES_MAX,
			       .room = 1 + what % PIECES_MAX,
			       .header_bytes = header_bytes };

	shape.readable = what / 8u % 8u + (header_bytes != 0);
	if (header_bytes != 0) {
		shape.header = GUEST_DATA + 0x400 + what % 8u * 0x40u;
		memcpy(guest_at(fuzz_guest.memory, shape.header), header, header_bytes);
	}
	if ((what & 0x80u) != 0) {
		hostile_indirect(queue, &shape);
		return;
	}

	uint32_t head = fuzz_below(FUZZ_QUEUE_SIZE);

	shape.room = FUZZ_QUEUE_SIZE - head;
	write_table(&queue->descriptors[head], head, &shape);
	hostile_offer(queue, (uint16_t)head);
}

static void scribble(void)
{
	uint8_t bytes[16];
	uint64_t address = fuzz_guest_address();
	uint32_t count = 1 + fuzz_below(sizeof(bytes));

	fuzz_bytes(bytes, count);
	if (address >= GUEST_BASE && address - GUEST_BASE <= FUZZ_GUEST_BYTES - sizeof(bytes)) {
		memcpy(guest_at(fuzz_guest.memory, address), bytes, count);
	}
}

static void read_everything(void)
{
	static const uint32_t sizes[] = { 1, 2, 4, 8 };
	uint32_t bytes = sizes[fuzz_below(4)];

	for (uint32_t offset = 0; offset < VIRTIO_MMIO_BYTES; offset++) {
		(void)virtio_mmio_read(fuzz_guest.device, offset, bytes);
	}
}

static void serve_again(void *unused)
{
	(void)unused;
	virtio_mmio_serve(fuzz_guest.device, fuzz_guest.device->again);
	(void)virtio_mmio_settle(fuzz_guest.device);
}

void fuzz_guest_settle(void)
{
	for (uint32_t i = 0; fuzz_guest.device->again != 0; i++) {
		FUZZ_EXPECT(i < 1000);
		fuzz_guest_run(serve_again, NULL);
	}
}

void fuzz_guest_hostile_move(void)
{
	static const uint8_t sizes[] = { 4, 1, 2, 8 };
	uint32_t queue =
		fuzz_below(fuzz_guest.queue_count < GUEST_QUEUES_MAX ? fuzz_guest.queue_count : GUEST_QUEUES_MAX);

	switch (fuzz_u8() % 8u) {
	case 0:
		fuzz_guest_write(fuzz_u8() % 0x80u * 4u, 4, fuzz_edge());
		break;
	case 1:
		fuzz_guest_write(fuzz_u16() % VIRTIO_MMIO_BYTES, sizes[fuzz_u8() % 4u], fuzz_edge());
		break;
	case 2:
		fuzz_guest_start(fuzz_below(GUEST_QUEUES_MAX + 1));
		break;
	case 3:
		scribble();
		break;
	case 4:
		read_everything();
		break;
	case 5:
		fuzz_guest_hostile_chain(queue, NULL, 0);
		break;
	case 6:
		fuzz_guest_run(serve_again, NULL);
		break;
	default:
		fuzz_guest_write(VIRTIO_MMIO_QUEUE_NOTIFY, 4, queue);
		break;
	}
}

static bool wants_notification(const struct guest_queue *queue, uint16_t before)
{
	if ((fuzz_guest.state->driver_features >> VIRTIO_RING_F_EVENT_IDX & 1u) != 0) {
		return vring_need_event(guest_notify_at(queue), queue->available->idx, before);
	}
	return (queue->used->flags & VRING_USED_F_NO_NOTIFY) == 0;
}

void fuzz_guest_offer(uint32_t index, uint16_t head, uint64_t table, const struct guest_piece *pieces, uint32_t count)
{
	struct guest_queue *queue = &fuzz_guest.queues[index];
	uint16_t before = queue->available->idx;

	if (table != 0 && (fuzz_guest.state->driver_features >> VIRTIO_RING_F_INDIRECT_DESC & 1u) != 0) {
		guest_write_indirect(queue, fuzz_guest.memory, head, table, pieces, count);
	} else {
		guest_write_chain(queue, head, pieces, count);
	}
	guest_offer(queue, head);
	if (wants_notification(queue, before)) {
		fuzz_guest_write(VIRTIO_MMIO_QUEUE_NOTIFY, 4, index);
	}
}

void fuzz_guest_interrupt(void)
{
	uint32_t why = fuzz_guest.state->interrupt;

	if (!fuzz_guest.started || why == 0) {
		return;
	}
	fuzz_guest_write(VIRTIO_MMIO_INTERRUPT_ACK, 4, why);
	look_at_all();
}
