/*
 * The way of a request, store by store (T: token, P: the queue's position, R: the slot's bit in `requested`):
 *
 *	slot's contents, result = pending; T = taken at index i; P: i is taken; R flips
 *	… the driver: result; its bit flips …
 *	(without flushes of the guest's, a write becomes a flush: flush and pending; R flips … the driver …)
 *	T = + to be used at index u; status byte; used ring's entry; P: u is used; guest's index; T = 0
 *
 * What a new instance finds in a slot with a token is one of these:
 *
 *	its bits differ                       it is with the driver: leave it
 *	a result, u recorded and past         it was told: free the slot
 *	pending, and i is the next to take    it was not taken: free the slot, the chain is still available
 *	it is not what its check word is of   fill it again from the guest's chain, and request it
 *	pending, and i is past                it was taken, and not requested: request it
 *	a result that is none                 the same
 *	a result otherwise                    tell it (and u, if recorded, counts for nothing now)
 *
 * While no driver answers, what was requested is taken back as failed (idl/block.idl), which looks like any other
 * result, and new requests are refused.
 *
 * Indices wrap at 65536; none of these words outlives so many requests unless the driver has it.
 *
 * Damage. A bit that flips in this process, a store that goes astray, an instruction that does another thing: with each
 * of them the guest has to find on its disk what was acknowledged, and each request ended once. What is found, and ends
 * this instance before it does harm:
 *
 *	a slot that is not what the chain says        the driver: it is not what the check word is of
 *	a slot, or an answer, that has changed since  expect_answer(), by words that only this process can write
 *	a slot that is filled while it is in use      take()
 *	a chain that is taken twice                   depart(), by `heads`
 *	a request that is refused here by mistake     expect_settings(); what looks like a broken rule: libs/virtio
 *	a request that ends twice, or too early       tell(), by `heads`; expect_answer(); the queue's own guard
 *
 * What is not: a chain that was read wrongly from its descriptors, as both ways to the check word begin there; a stray
 * store into the guest's memory, which is mapped here; a status byte or a length that goes astray at the last moment; a
 * bit of `requested`, `flying` or `free` that is lost, by which a request is forgotten, and the guest waits.
 */
#include "disk.h"

#include <stddef.h>
#include <string.h>

#include <blk/check.h>
#include <sk/process.h>

/* A token: who the request is to the guest. 0 is none. */
#define TOKEN_VALID (1ull << 63)
#define TOKEN_USED (1ull << 62) /* bits 32..47 count */
#define TOKEN_USED_SHIFT 32u
#define TOKEN_QUEUE_SHIFT 48u
#define TOKEN_QUEUE_MASK 0xffu
#define TOKEN_INDEX_SHIFT 16u
#define TOKEN_USED_BITS (TOKEN_USED | 0xffffull << TOKEN_USED_SHIFT)

#define ANSWERS_MAX 64u /* at once, while the guest's vCPU waits */

#define LOAD(word) __atomic_load_n(&(word), __ATOMIC_RELAXED)
#define LOAD_ACQUIRE(word) __atomic_load_n(&(word), __ATOMIC_ACQUIRE)
#define STORE(word, value) __atomic_store_n(&(word), (value), __ATOMIC_RELEASE)

typedef uint64_t __attribute__((may_alias)) operation_and_result;

_Static_assert(offsetof(struct sk_block_slot, result) == offsetof(struct sk_block_slot, operation) + 4 &&
	       offsetof(struct sk_block_slot, operation) % 8 == 0, "both in one word");
_Static_assert(sizeof(((struct sk_block_channel *)0)->slots) / sizeof(struct sk_block_slot) == DISK_SLOTS,
	       "a bit for each slot");

static uint64_t token_of(uint32_t queue, const struct virtio_chain *chain)
{
	return TOKEN_VALID | (uint64_t)queue << TOKEN_QUEUE_SHIFT | (uint64_t)chain->index << TOKEN_INDEX_SHIFT |
	       chain->head;
}

static uint32_t token_queue(uint64_t token)
{
	return (uint32_t)(token >> TOKEN_QUEUE_SHIFT) & TOKEN_QUEUE_MASK;
}

static uint16_t token_index(uint64_t token)
{
	return (uint16_t)(token >> TOKEN_INDEX_SHIFT);
}

static uint16_t token_used(uint64_t token)
{
	return (uint16_t)(token >> TOKEN_USED_SHIFT);
}

/* Where it is noted which slot has the chain of this token. A token that a driver made up has a place, too. */
static uint8_t *place_of(struct disk *disk, uint64_t token)
{
	return &disk->heads[token_queue(token) % VIRTIO_QUEUES][(uint16_t)token % DISK_QUEUE_SIZE];
}

static uint64_t check_settings(const struct disk *disk)
{
	uint64_t check = blk_check_settings((uintptr_t)disk->channel, &disk->share, sizeof(disk->share));

	return blk_check_settings(check, &disk->device.memory, sizeof(disk->device.memory));
}

/* Before a guest's request fails that nobody else has failed: is it the guest that is wrong? */
static void expect_settings(struct disk *disk)
{
	if (check_settings(disk) != disk->settings || virtio_mmio_heal(&disk->device)) {
		sk_exit(1, "what is known of the disk, its guest's memory or its queue is damaged");
	}
}

/* Wakes the driver if it sleeps; the fence is between our bits and its word, see idl/block.idl. */
static void wake_driver(struct disk *disk)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (LOAD(disk->channel->driver_sleeps) != 0) {
		STORE(disk->channel->driver_sleeps, 0);
		disk->wake();
	}
}

static void request_slot(struct disk *disk, uint32_t index)
{
	disk->requested ^= 1ull << index;
	disk->flying |= 1ull << index;
	disk->submitted = true;
	STORE(disk->channel->requested, disk->requested);
}

static void free_slot(struct disk *disk, uint32_t index)
{
	uint8_t *place = place_of(disk, disk->tokens[index]);

	*place = *place == index + 1 ? 0 : *place;
	STORE(disk->channel->slots[index].token, 0);
	STORE(disk->channel->slots[index].check, 0);
	disk->flying &= ~(1ull << index);
	disk->free |= 1ull << index;
}

/* The chain into the slot, all but for the slot's token; or what else is to become of it. */
static enum request_way fill(struct disk *disk, uint32_t index, uint32_t queue, const struct virtio_chain *chain,
			     struct request *request)
{
	struct sk_block_slot *slot = &disk->channel->slots[index];
	enum request_way way = request_parse(chain, &disk->share, slot, request);

	if (way != REQUEST_FORWARD) {
		return way;
	}
	disk->tokens[index] = token_of(queue, chain);
	slot->note = virtio_chain_last(chain);
	disk->ids[index] = blk_check_id(index, disk->tokens[index], virtio_chain_last(chain));
	disk->checks[index] = request_check(chain, request, disk->ids[index]);
	STORE(slot->check, disk->checks[index]);
	STORE(slot->result, SK_BLOCK_RESULT_PENDING);
	return request_is_steady(chain, request) ? REQUEST_FORWARD : REQUEST_BROKEN;
}

/* False: a guest that offers a chain again before it has got it back. */
static bool depart(struct disk *disk, uint32_t index)
{
	uint8_t *place = place_of(disk, disk->tokens[index]);

	if (*place != 0) {
		if (token_index(disk->tokens[*place - 1u]) == token_index(disk->tokens[index])) {
			sk_exit(1, "a request was to be taken twice");
		}
		return false;
	}
	*place = (uint8_t)(index + 1);
	return true;
}

/* The chain that was looked at: into a slot, or answered. False if it is none of a block device. */
static bool take(struct disk *disk, uint32_t queue_index, const struct virtio_chain *chain)
{
	struct virtio_queue *queue = &disk->device.queues[queue_index];
	uint32_t index = (uint32_t)__builtin_ctzll(disk->free);
	struct sk_block_slot *slot = &disk->channel->slots[index];
	struct request request;

	if ((disk->flying >> index & 1u) != 0 || LOAD(slot->token) != 0) {
		sk_exit(1, "a slot that is in use was to be filled");
	}
	switch (fill(disk, index, queue_index, chain, &request)) {
	case REQUEST_FORWARD:
		if (!depart(disk, index)) {
			return false;
		}
		STORE(slot->token, disk->tokens[index]);
		disk->free &= ~(1ull << index);
		virtio_queue_taken(queue);
		request_slot(disk, index);
		return true;
	case REQUEST_ANSWER:
		if (request.status != VIRTIO_BLK_S_OK) {
			expect_settings(disk);
		}
		*virtio_memory_byte(&disk->device.memory, virtio_chain_last(chain)) = request.status;
		virtio_queue_complete(queue, chain, request.bytes + 1);
		return true;
	default:
		return false;
	}
}

/*
 * With four requests in flight or more, no notification is asked for: new ones are taken when one of those is told. It
 * keeps a guest with a deep queue from leaving for each request, and leaves the first few without delay. They are
 * counted by hand: the compiler would do it in a vector register, for which the kernel would have to save the guest's.
 */
static bool busy(const struct disk *disk)
{
	uint64_t two_less = disk->flying & (disk->flying - 1);

	two_less &= two_less - 1;
	return (two_less & (two_less - 1)) != 0;
}

static bool serve(struct virtio_mmio *device, uint32_t index)
{
	struct disk *disk = (struct disk *)(void *)device;
	struct virtio_queue *queue = &device->queues[index];
	struct virtio_chain chain;
	bool more = true;

	if (disk->refuses) {
		return virtio_mmio_refuse(device, index);
	}
	/* Without a free slot, or when busy, the next one that is told comes by here. */
	for (uint32_t i = 0; more && disk->free != 0 && i < ANSWERS_MAX + DISK_SLOTS; i++) {
		enum virtio_taken taken = virtio_queue_next(queue, &chain);

		if (taken == VIRTIO_EMPTY) {
			more = !busy(disk) && virtio_queue_arm(queue);
		} else if (taken == VIRTIO_BROKEN || !take(disk, index, &chain)) {
			virtio_mmio_break(device);
			more = false;
		}
	}
	if (busy(disk)) {
		virtio_queue_disarm(queue);
	}
	if (disk->submitted) {
		disk->submitted = false;
		wake_driver(disk);
	}
	virtio_mmio_notify(device, index);
	return more && disk->free != 0;
}

/* Nothing of the queue is with the driver any more: what it was is not told to the guest. */
static bool drained(struct virtio_mmio *device, uint32_t index)
{
	const struct disk *disk = (const struct disk *)(const void *)device;

	for (uint32_t i = 0; i < DISK_SLOTS; i++) {
		if ((disk->flying >> i & 1u) != 0 && token_queue(disk->tokens[i]) == index) {
			return false;
		}
	}
	return true;
}

static uint8_t status_of(uint32_t result)
{
	return result == SK_BLOCK_RESULT_DONE	       ? VIRTIO_BLK_S_OK
	       : result == SK_BLOCK_RESULT_UNSUPPORTED ? VIRTIO_BLK_S_UNSUPP
						       : VIRTIO_BLK_S_IOERR;
}

/* What the guest reads as the length written: its data, if it was to get any, and the status. */
static uint32_t written(const struct sk_block_slot *slot)
{
	return LOAD(slot->operation) == SK_BLOCK_OPERATION_READ ? LOAD(slot->sectors) * 512u + 1u : 1u;
}

static void tell(struct disk *disk, uint32_t index)
{
	struct sk_block_slot *slot = &disk->channel->slots[index];
	uint64_t token = disk->tokens[index];
	struct virtio_queue *queue = &disk->device.queues[token_queue(token)];

	if (*place_of(disk, token) != index + 1) {
		sk_exit(1, "a request was to end that is not in flight");
	}

	uint8_t *status = virtio_memory_byte(&disk->device.memory, LOAD(slot->note));

	token |= TOKEN_USED | (uint64_t)virtio_queue_used_index(queue) << TOKEN_USED_SHIFT;
	STORE(slot->token, token);
	if (status != NULL) {
		*status = status_of(LOAD(slot->result));
	}
	virtio_queue_put(queue, (uint16_t)token, written(slot));
}

/* The guest's driver does without flushes, and is promised that what is written stays (section 5.2.6.2). */
static bool must_flush(const struct disk *disk, const struct sk_block_slot *slot)
{
	uint32_t operation = LOAD(slot->operation);

	return !virtio_mmio_has(&disk->device, VIRTIO_BLK_F_FLUSH) &&
	       (disk->share.features & SK_BLOCK_FEATURES_FLUSH) != 0 &&
	       (operation == SK_BLOCK_OPERATION_WRITE || operation == SK_BLOCK_OPERATION_WRITE_ZEROES) &&
	       LOAD(slot->result) == SK_BLOCK_RESULT_DONE;
}

/*
 * The write in the slot becomes a flush, by one store; before it, a new instance comes here again. Behind it, until the
 * check word has followed, that one takes the slot for damaged, and has it written again.
 */
static void flush_slot(struct disk *disk, uint32_t index)
{
	struct sk_block_slot *slot = &disk->channel->slots[index];

	STORE(*(operation_and_result *)(void *)&slot->operation,
	      SK_BLOCK_OPERATION_FLUSH | (uint64_t)SK_BLOCK_RESULT_PENDING << 32);
	STORE(slot->segment_count, 0);
	disk->checks[index] = blk_check_range(disk->ids[index], SK_BLOCK_OPERATION_FLUSH, 0, 0, 0);
	STORE(slot->check, disk->checks[index]);
	request_slot(disk, index);
}

/* The slot is the request's that was requested, and its result the driver's answer to that. */
static void expect_answer(const struct disk *disk, uint32_t index)
{
	const struct sk_block_slot *slot = &disk->channel->slots[index];
	uint32_t result = LOAD(slot->result);

	if (blk_check_id(index, LOAD(slot->token) & ~TOKEN_USED_BITS, LOAD(slot->note)) != disk->ids[index]) {
		sk_exit(1, "a request in flight has become another one");
	}
	if (result == SK_BLOCK_RESULT_PENDING || result == SK_BLOCK_RESULT_DAMAGED ||
	    LOAD(slot->answer) != blk_answer(disk->checks[index], result)) {
		sk_exit(1, result == SK_BLOCK_RESULT_DAMAGED ? "the driver found a request damaged"
							    : "the driver's answer is not to this request");
	}
}

/* Once more, by other instructions: a request that is dropped here by mistake is never told. */
static __attribute__((noinline)) void expect_gone(const struct disk *disk, uint32_t queue)
{
	if (virtio_mmio_serves(&disk->device, queue)) {
		sk_exit(1, "a request was to be dropped whose queue is in use");
	}
}

/* The slot's request was served. Its queue may be gone: then nobody waits for it. */
static uint32_t finish(struct disk *disk, uint32_t index)
{
	struct sk_block_slot *slot = &disk->channel->slots[index];
	uint32_t queue = token_queue(disk->tokens[index]);
	bool live = virtio_mmio_serves(&disk->device, queue);

	expect_answer(disk, index);
	if (live && must_flush(disk, slot)) {
		if (!disk->refuses) {
			flush_slot(disk, index);
			return 0;
		}
		STORE(slot->result, SK_BLOCK_RESULT_FAILED);
	}
	if (live) {
		tell(disk, index);
	} else {
		expect_gone(disk, queue);
	}
	free_slot(disk, index);
	return live ? 1u << queue : 0;
}

/* Slots whose request was served and not told. */
static uint64_t served(const struct disk *disk)
{
	return disk->flying & ~(disk->requested ^ LOAD_ACQUIRE(disk->channel->served));
}

void disk_look(struct disk *disk)
{
	uint32_t told = 0;
	uint64_t done;

	STORE(disk->channel->client_sleeps, 0);
	done = served(disk);
	/* Ends: each round takes something off what is in flight, or makes a flush of a write, and nothing is added. */
	for (bool asleep = false; done != 0 || !asleep; done = served(disk)) {
		if (done == 0) {
			STORE(disk->channel->client_sleeps, 1);
			__atomic_thread_fence(__ATOMIC_SEQ_CST);
			asleep = true;
			continue;
		}
		for (; done != 0; done &= done - 1) {
			told |= finish(disk, (uint32_t)__builtin_ctzll(done));
		}
	}
	for (uint32_t i = 0; i < disk->device.queue_count; i++) {
		if ((told >> i & 1u) != 0) {
			virtio_mmio_notify(&disk->device, i);
		}
	}
	virtio_mmio_serve(&disk->device, VIRTIO_MMIO_ALL_QUEUES);
}

void disk_withdraw(struct disk *disk, bool withdraws)
{
	STORE(disk->channel->client_withdraws, withdraws ? 1 : 0);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void disk_lose(struct disk *disk)
{
	uint64_t lost = disk->flying & (disk->requested ^ LOAD_ACQUIRE(disk->channel->served));

	disk->refuses = true;
	for (; lost != 0; lost &= lost - 1) {
		uint64_t bit = lost & -lost;

		uint32_t index = (uint32_t)__builtin_ctzll(lost);

		STORE(disk->channel->slots[index].answer, blk_answer(disk->checks[index], SK_BLOCK_RESULT_FAILED));
		STORE(disk->channel->slots[index].result, SK_BLOCK_RESULT_FAILED);
		disk->requested ^= bit;
		STORE(disk->channel->requested, disk->requested);
	}
}

/* A request that was taken, and is not in its slot as it was: from its chain, which is still the device's. */
static bool make_again(struct disk *disk, uint32_t index, uint64_t token)
{
	struct virtio_queue *queue = &disk->device.queues[token_queue(token)];
	struct virtio_chain chain;
	struct request request;

	if (virtio_queue_again(queue, token_index(token), &chain) != VIRTIO_TAKEN || chain.head != (uint16_t)token ||
	    fill(disk, index, token_queue(token), &chain, &request) != REQUEST_FORWARD) {
		return false;
	}
	STORE(disk->channel->slots[index].token, disk->tokens[index]);
	return true;
}

/* A slot whose request was taken and not told: it is told or requested. If nobody knows what it was: NEEDS_RESET. */
static void go_on(struct disk *disk, uint32_t index, bool sound)
{
	struct sk_block_slot *slot = &disk->channel->slots[index];
	uint32_t result = LOAD(slot->result);
	bool answered = result != SK_BLOCK_RESULT_PENDING && result != SK_BLOCK_RESULT_DAMAGED &&
			LOAD(slot->answer) == blk_answer(disk->checks[index], result);

	if ((!sound && !make_again(disk, index, disk->tokens[index])) || !depart(disk, index)) {
		free_slot(disk, index);
		virtio_mmio_break(&disk->device);
		return;
	}
	STORE(slot->token, disk->tokens[index]);
	if (sound && answered) {
		disk->flying |= 1ull << index;
	} else {
		STORE(slot->result, SK_BLOCK_RESULT_PENDING);
		request_slot(disk, index);
	}
}

/* What an earlier instance left in a slot; see above. */
static void find_slot(struct disk *disk, uint32_t index, bool with_driver)
{
	struct sk_block_slot *slot = &disk->channel->slots[index];
	uint64_t token = LOAD(slot->token);
	uint32_t queue = token_queue(token);
	uint64_t check = LOAD(slot->check);
	bool sound;

	disk->tokens[index] = token & ~TOKEN_USED_BITS;
	if (!with_driver && ((token & TOKEN_VALID) == 0 || !virtio_mmio_serves(&disk->device, queue))) {
		free_slot(disk, index);
		return;
	}
	sound = blk_check_slot(index, disk->tokens[index], slot) == check;
	disk->ids[index] = blk_check_id(index, disk->tokens[index], LOAD(slot->note));
	disk->checks[index] = sound ? check : ~check; /* no answer goes with that: another instance looks again */
	if (with_driver) {
		*place_of(disk, token) = (uint8_t)(index + 1);
		disk->flying |= 1ull << index;
		return;
	}

	const struct virtio_queue *rings = &disk->device.queues[queue];
	bool pending = LOAD(slot->result) == SK_BLOCK_RESULT_PENDING;
	bool told = (token & TOKEN_USED) != 0 && token_used(token) != virtio_queue_used_index(rings);

	if (pending ? token_index(token) == virtio_queue_available_index(rings) : told) {
		free_slot(disk, index);
	} else {
		go_on(disk, index, sound);
	}
}

static const struct virtio_operations operations = { .serve = serve, .drained = drained };

void disk_open(struct disk *disk, struct sk_block_channel *channel, void (*wake)(void))
{
	uint64_t with_driver;

	disk->channel = channel;
	disk->wake = wake;
	disk->requested = LOAD(channel->requested);
	disk->free = 0;
	disk->flying = 0;
	disk->submitted = false;
	disk->refuses = disk->device.failed;
	disk->device.operations = &operations;
	disk->settings = check_settings(disk);
	with_driver = disk->requested ^ LOAD_ACQUIRE(channel->served);
	for (uint32_t i = 0; i < DISK_SLOTS; i++) {
		find_slot(disk, i, (with_driver >> i & 1u) != 0);
	}
}

static bool power_of_two(uint32_t value)
{
	return value != 0 && (value & (value - 1)) == 0;
}

static uint64_t features_of(const struct sk_block_share *share, uint32_t queues)
{
	uint64_t features = 1ull << VIRTIO_BLK_F_SEG_MAX | 1ull << VIRTIO_BLK_F_BLK_SIZE |
			    1ull << VIRTIO_BLK_F_TOPOLOGY;

	features |= share->segment_bytes_max != 0 ? 1ull << VIRTIO_BLK_F_SIZE_MAX : 0;
	features |= queues > 1 ? 1ull << VIRTIO_BLK_F_MQ : 0;
	features |= (share->features & SK_BLOCK_FEATURES_FLUSH) != 0 ? 1ull << VIRTIO_BLK_F_FLUSH : 0;
	if ((share->features & SK_BLOCK_FEATURES_READ_ONLY) != 0) {
		return features | 1ull << VIRTIO_BLK_F_RO;
	}
	features |= (share->features & SK_BLOCK_FEATURES_DISCARD) != 0 ? 1ull << VIRTIO_BLK_F_DISCARD : 0;
	features |= (share->features & SK_BLOCK_FEATURES_WRITE_ZEROES) != 0 ? 1ull << VIRTIO_BLK_F_WRITE_ZEROES : 0;
	return features;
}

/* A limit of 0 is none; config space has no such value. */
static uint32_t limit(uint32_t sectors)
{
	return sectors != 0 ? sectors : UINT32_MAX;
}

bool disk_describe(struct disk *disk, const struct sk_block_share *share, uint32_t queues)
{
	disk->device.queue_count = VIRTIO_QUEUES;
	disk->device.queue_size_max = DISK_QUEUE_SIZE;
	if (!power_of_two(share->block_bytes) || share->block_bytes < 512 || share->block_bytes > 4096 ||
	    !power_of_two(share->physical_block_bytes) || share->physical_block_bytes < share->block_bytes ||
	    share->segments_max == 0 || queues == 0 || queues > VIRTIO_QUEUES) {
		return false;
	}

	uint32_t blocks = share->physical_block_bytes / share->block_bytes;

	disk->share = *share;
	disk->settings = check_settings(disk);
	disk->config = (struct virtio_blk_config){
		.capacity = share->capacity_sectors,
		.size_max = share->segment_bytes_max,
		.seg_max = share->segments_max < REQUEST_SEGMENTS ? share->segments_max : REQUEST_SEGMENTS,
		.blk_size = share->block_bytes,
		.physical_block_exp = (uint8_t)__builtin_ctz(blocks),
		.min_io_size = (uint16_t)(blocks <= UINT16_MAX ? blocks : UINT16_MAX),
		.num_queues = (uint16_t)queues,
		.max_discard_sectors = limit(share->discard_sectors_max),
		.max_discard_seg = 1,
		.discard_sector_alignment = share->discard_align_sectors,
		.max_write_zeroes_sectors = limit(share->write_zeroes_sectors_max),
		.max_write_zeroes_seg = 1,
		.write_zeroes_may_unmap = 1,
	};
	disk->device.id = VIRTIO_ID_BLOCK;
	disk->device.queue_count = queues;
	disk->device.features = features_of(share, queues);
	disk->device.config = (const uint8_t *)&disk->config;
	disk->device.config_bytes = sizeof(disk->config);
	return true;
}
