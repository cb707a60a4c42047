#include "disk.h"

#include <string.h>

#include <blk/check.h>
#include <sk/idl/block_client.h>
#include <sk/process.h>
#include <sk/syscall.h>

#include "intruder.h"

#define PATIENCE_NS 5000000000ull
#define SECTOR 512u
#define PLACE (memory_bytes - 0x100000u) /* in what is given of the VM's memory, where its guest has nothing */
#define SUPERBLOCK_SECTOR 2u /* ext4's, and where in it its magic number is */
#define SUPERBLOCK_MAGIC 56u
#define EXT4_MAGIC 0xef53u
#define NEAR_END(n) (UINT64_MAX - (n) + 1u)

static struct sk_block_channel *channel;
static volatile uint8_t *memory;
static uint64_t memory_bytes;

/* Slot 0 as it is to be served next. `pending`: it has not been in time. */
static enum sk_block_result request(const struct sk_block_slot *wanted)
{
	uint64_t until = sk_now_ns() + PATIENCE_NS;
	uint64_t requested = channel->requested ^ 1u;

	channel->slots[0] = *wanted;
	channel->slots[0].check = blk_check_slot(0, wanted->token, wanted);
	channel->slots[0].result = SK_BLOCK_RESULT_PENDING;
	__atomic_store_n(&channel->requested, requested, __ATOMIC_RELEASE);
	while (((__atomic_load_n(&channel->served, __ATOMIC_ACQUIRE) ^ requested) & 1u) != 0 && sk_now_ns() < until) {
		(void)sk_signal(sk_cap_named("channel:disk"), SK_SIGNAL_PEER);
	}
	return (enum sk_block_result)channel->slots[0].result;
}

static struct sk_block_slot read_one(void)
{
	struct sk_block_slot slot = {
		.operation = SK_BLOCK_OPERATION_READ,
		.sector = SUPERBLOCK_SECTOR,
		.sectors = 1,
		.segment_count = 1,
	};

	slot.segments[0] = (struct sk_block_segment){ .memory = 0, .bytes = SECTOR, .offset = PLACE };
	return slot;
}

static void try_granted(void)
{
	struct sk_block_slot slot = read_one();
	volatile uint8_t *magic = memory + PLACE + SUPERBLOCK_MAGIC;
	enum sk_block_result result;

	magic[0] = 0;
	magic[1] = 0;
	result = request(&slot);
	intruder_count(INTRUDER_GRANTED, result == SK_BLOCK_RESULT_DONE && (magic[0] | magic[1] << 8) == EXT4_MAGIC,
		       "a sector of its share in its own VM's memory", result, magic[0]);
}

static void refused(const struct sk_block_slot *slot, const char *what, uint64_t value)
{
	enum sk_block_result result = request(slot);

	intruder_count(INTRUDER_MESSAGE, result != SK_BLOCK_RESULT_DONE && result != SK_BLOCK_RESULT_PENDING, what,
		       value, result);
}

static void try_memories(void)
{
	const uint64_t offsets[] = {
		memory_bytes, memory_bytes - SECTOR + 1u, memory_bytes + SK_PAGE_BYTES, 1ull << 29, 1ull << 31, 1ull << 32,
		1ull << 40, NEAR_END(SECTOR), NEAR_END(SECTOR - 1u), NEAR_END(SK_PAGE_BYTES), NEAR_END(1ull << 30),
		1ull << 63,
	};
	const uint32_t memories[] = { 1, 2, 3, 4, 64, 0x7fffffff, UINT32_MAX };
	const uint32_t sizes[] = { 0, 1, 511, 513, 1024, 1u << 20, UINT32_MAX, UINT32_MAX - 511u };

	for (uint32_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		struct sk_block_slot slot = read_one();

		slot.segments[0].offset = offsets[i];
		refused(&slot, "memory at the offset", offsets[i]);
	}
	for (uint32_t i = 0; i < sizeof(memories) / sizeof(memories[0]); i++) {
		struct sk_block_slot slot = read_one();

		slot.segments[0].memory = memories[i];
		refused(&slot, "memory with the number", memories[i]);
	}
	for (uint32_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct sk_block_slot slot = read_one();

		slot.segments[0].bytes = sizes[i];
		refused(&slot, "a segment of the size", sizes[i]);
	}
}

/* The share is for reading; and it ends. */
static void try_share(const struct sk_block_share *share)
{
	const uint64_t sectors[] = {
		share->capacity_sectors, share->capacity_sectors + 1u, 1ull << 32, 1ull << 55, 1ull << 63, UINT64_MAX,
	};
	const uint32_t operations[] = {
		0, SK_BLOCK_OPERATION_WRITE, SK_BLOCK_OPERATION_DISCARD, SK_BLOCK_OPERATION_WRITE_ZEROES, 6, 255,
		UINT32_MAX,
	};
	const uint32_t counts[] = { 0, 2, 65, 1000, UINT32_MAX };

	for (uint32_t i = 0; i < sizeof(sectors) / sizeof(sectors[0]); i++) {
		struct sk_block_slot slot = read_one();

		slot.sector = sectors[i];
		refused(&slot, "the sector", sectors[i]);
	}
	for (uint32_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
		struct sk_block_slot slot = read_one();
		bool without_data = operations[i] >= SK_BLOCK_OPERATION_FLUSH &&
				    operations[i] <= SK_BLOCK_OPERATION_WRITE_ZEROES;

		slot.operation = operations[i];
		slot.segment_count = without_data ? 0 : 1;
		refused(&slot, "the operation", operations[i]);
	}
	for (uint32_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct sk_block_slot slot = read_one();

		slot.segment_count = counts[i];
		refused(&slot, "segments", counts[i]);
	}
}

void disk_try(void)
{
	const struct sk_start_region *disk = sk_region_named("disk");
	const struct sk_start_region *ram = intruder_guest_memory();
	struct sk_block_share share;

	if (disk == NULL || ram == NULL || block_open(sk_cap_named("driver"), &share) != SK_OK) {
		intruder_count(INTRUDER_GRANTED, false, "a share of a disk", 0, 0);
		return;
	}
	channel = (struct sk_block_channel *)(uintptr_t)disk->address;
	memory = (volatile uint8_t *)(uintptr_t)ram->address;
	memory_bytes = ram->bytes;
	try_granted();
	try_memories();
	try_share(&share);
	try_granted();
}
