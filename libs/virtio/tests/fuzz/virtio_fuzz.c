/*
 * The queue and the register file, under a device that reads all that it may read and writes all
 * that it may write, and completes in any of the ways that there are.
 */
#include <string.h>

#include "guest_fuzz.h"

#define QUEUES 2u
#define CHAINS 5u /* of an honest guest: in flight at once, of up to 3 pieces */
#define PIECES 3u
#define LOW_BYTES 64u

static struct virtio_mmio device;
static struct sk_virtio_state state;
static uint8_t config[24];
static uint32_t resets;
static uint32_t in_flight[QUEUES]; /* a bit for each of an honest guest's chains */
static uint8_t manner;             /* how the device completes */

static void check_chain(const struct virtio_chain *chain)
{
	uint64_t readable = 0;
	uint64_t writable = 0;

	FUZZ_EXPECT(chain->count <= VIRTIO_CHAIN_SEGMENTS && chain->readable <= chain->count);
	for (uint32_t i = 0; i < chain->count; i++) {
		const struct virtio_segment *segment = &chain->segments[i];

		FUZZ_EXPECT(segment->memory < device.memory.count && segment->bytes != 0);

		const struct virtio_memory_range *range = &device.memory.ranges[segment->memory];

		FUZZ_EXPECT(segment->offset < range->bytes && segment->bytes <= range->bytes - segment->offset);
		FUZZ_EXPECT(segment->at == range->at + segment->offset);
		readable += i < chain->readable ? segment->bytes : 0;
		writable += i < chain->readable ? 0 : segment->bytes;
	}
	FUZZ_EXPECT(readable == chain->readable_bytes && writable == chain->writable_bytes);
}

/* All of it is used; what a hostile guest calls a chain may overlap the rings, and is not written to then. */
static uint32_t use(const struct virtio_chain *chain)
{
	uint8_t bytes[64];
	uint32_t written = 0;

	check_chain(chain);
	for (uint64_t at = 0; at < chain->readable_bytes && at < 4096; at += sizeof(bytes)) {
		(void)virtio_chain_read(chain, at, bytes, sizeof(bytes));
	}
	(void)virtio_chain_read(chain, chain->readable_bytes, bytes, sizeof(bytes));
	memset(bytes, 0x5a, sizeof(bytes));
	for (uint64_t at = 0; at < chain->writable_bytes && at < 4096; at += sizeof(bytes)) {
		written += virtio_chain_write(chain, at, bytes, sizeof(bytes));
	}
	FUZZ_EXPECT(virtio_chain_write(chain, chain->writable_bytes, bytes, sizeof(bytes)) == 0);
	return written;
}

static enum virtio_taken batch(struct virtio_queue *queue, struct virtio_chain *chain)
{
	uint32_t count = 0;
	enum virtio_taken taken = virtio_queue_ahead(queue, 0, chain);

	while (taken == VIRTIO_TAKEN && count < queue->size && count < 3) {
		virtio_queue_stage(queue, count, chain, use(chain));
		count++;
		taken = virtio_queue_ahead(queue, count, chain);
	}
	if (count != 0) {
		virtio_queue_commit(queue, count);
		return VIRTIO_TAKEN;
	}
	return taken;
}

static enum virtio_taken one(struct virtio_queue *queue, struct virtio_chain *chain)
{
	enum virtio_taken taken = virtio_queue_next(queue, chain);

	if (taken == VIRTIO_TAKEN) {
		virtio_queue_complete(queue, chain, use(chain));
	}
	return taken;
}

/* Out of order, with what an honest guest does not send: a head that was never taken. */
static enum virtio_taken two_stores(struct virtio_queue *queue, struct virtio_chain *chain)
{
	enum virtio_taken taken = virtio_queue_next(queue, chain);

	if (taken == VIRTIO_TAKEN) {
		virtio_queue_taken(queue);
		virtio_queue_put(queue, (uint16_t)(chain->head + manner / 16u * 7u), use(chain));
	}
	return taken;
}

static enum virtio_taken some_way(struct virtio_queue *queue, struct virtio_chain *chain, uint32_t round)
{
	if (!fuzz_guest.honest && (manner & 0x30u) == 0x30u) {
		return two_stores(queue, chain);
	}
	return (manner >> round % 8u & 1u) != 0 ? batch(queue, chain) : one(queue, chain);
}

static bool serve(struct virtio_mmio *served, uint32_t index)
{
	struct virtio_queue *queue = &served->queues[index];
	struct virtio_chain chain;
	uint32_t rounds = 0;
	bool more = true;

	virtio_queue_disarm(queue);
	while (more && rounds < 2 * FUZZ_QUEUE_SIZE) {
		switch (some_way(queue, &chain, rounds)) {
		case VIRTIO_TAKEN:
			rounds++;
			break;
		case VIRTIO_EMPTY:
			more = virtio_queue_arm(queue);
			rounds++;
			break;
		default:
			FUZZ_EXPECT(!fuzz_guest.honest);
			virtio_mmio_break(served);
			return false;
		}
	}
	virtio_mmio_notify(served, index);
	return more;
}

static bool drained(struct virtio_mmio *served, uint32_t index)
{
	(void)served;
	return (manner >> index & 1u) == 0;
}

static void reset(struct virtio_mmio *served)
{
	(void)served;
	resets++;
}

static void configure(struct virtio_mmio *served, const struct virtio_exit *exit, uint32_t offset, uint32_t bytes,
		      uint64_t value)
{
	(void)exit;
	FUZZ_EXPECT(offset < served->config_bytes && bytes <= served->config_bytes - offset);
	memcpy(config + offset, &value, bytes);
	virtio_mmio_config_changed(served);
}

static const struct virtio_operations operations = {
	.serve = serve,
	.drained = drained,
	.reset = reset,
	.configure = configure,
};

static void instance(void *unused)
{
	static uint8_t *low;

	(void)unused;
	low = fuzz_pages(1, 4096) + 4096 - LOW_BYTES;
	device = (struct virtio_mmio){
		.operations = &operations,
		.id = VIRTIO_ID_RNG,
		.queue_count = QUEUES,
		.queue_size_max = 64,
		.features = 3,
		.config = config,
		.config_bytes = sizeof(config) - 3,
	};
	FUZZ_EXPECT(virtio_memory_add(&device.memory, 0x1000, LOW_BYTES, low));
	FUZZ_EXPECT(virtio_memory_add(&device.memory, GUEST_BASE, FUZZ_GUEST_BYTES, fuzz_guest.memory));
	virtio_mmio_open(&device, &state);
	virtio_mmio_serve(&device, VIRTIO_MMIO_ALL_QUEUES);
	(void)virtio_mmio_settle(&device);
}

static void used(uint32_t queue, uint16_t head, uint32_t bytes)
{
	FUZZ_EXPECT(head % PIECES == 0 && (in_flight[queue] >> head / PIECES & 1u) != 0);
	FUZZ_EXPECT(bytes <= PIECES * UINT8_MAX);
	in_flight[queue] &= ~(1u << head / PIECES);
}

static void offer(void)
{
	uint32_t queue = fuzz_below(QUEUES);
	uint8_t shape = fuzz_u8();
	uint32_t chain = shape % CHAINS;
	uint32_t count = 1 + shape / 8u % PIECES;
	struct guest_piece pieces[PIECES];

	if ((in_flight[queue] >> chain & 1u) != 0) {
		return;
	}
	for (uint32_t i = 0; i < count; i++) {
		bool write = i >= shape / 32u % 4u;

		pieces[i] = (struct guest_piece){ GUEST_DATA + (queue * CHAINS + chain) * 0x400ull + i * 0x100ull,
						  fuzz_u8(), write ? VRING_DESC_F_WRITE : 0 };
	}
	in_flight[queue] |= 1u << chain;
	fuzz_guest_offer(queue, (uint16_t)(chain * PIECES),
			 (shape & 0x80u) != 0 ? GUEST_DATA + 0x8000 + chain * 0x100ull : 0, pieces, count);
}

static void honest(void)
{
	manner &= 0xf0u; /* nothing that waits: a reset ends at once */
	fuzz_guest_start(QUEUES);
	while (fuzz_more()) {
		switch (fuzz_u8() % 4u) {
		case 0:
			fuzz_guest_interrupt();
			break;
		case 1:
			(void)fuzz_run(instance, NULL, FUZZ_NEVER);
			break;
		default:
			offer();
			break;
		}
	}
	fuzz_guest_settle();
	fuzz_guest_interrupt();
	fuzz_guest_interrupt();
	FUZZ_EXPECT(in_flight[0] == 0 && in_flight[1] == 0);
	FUZZ_EXPECT(state.status == 15);
}

void fuzz_one(void)
{
	const struct fuzz_guest guest = {
		.device = &device,
		.queue_count = QUEUES,
		.features = 3,
		.instance = instance,
		.used = used,
	};

	memset(in_flight, 0, sizeof(in_flight));
	memset(config, 0, sizeof(config));
	manner = 0;
	fuzz_guest_begin(&guest, &state);
	manner = fuzz_u8();
	if (fuzz_guest.honest) {
		honest();
		return;
	}
	while (fuzz_more()) {
		if (fuzz_once_in(16)) {
			manner = fuzz_u8();
			(void)fuzz_run(instance, NULL, FUZZ_NEVER);
		}
		fuzz_guest_hostile_move();
	}
}
