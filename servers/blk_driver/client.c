#include "client.h"

#include <stdio.h>
#include <string.h>

#include <blk/check.h>
#include <sk/idl/kernel_client.h>
#include <sk/process.h>

#include "proof.h"

static uint64_t check_settings(const struct client *client, const struct disk *disk)
{
	uint64_t check = blk_check_settings(disk->sectors ^ disk->block_bytes, &disk->limits, sizeof(disk->limits));

	return blk_check_settings(check, &client->share, sizeof(client->share));
}

bool client_open(struct client *client, struct disk *disk, const struct sk_start_region *region)
{
	char name[2 * SK_NAME_BYTES];

	memset(client, 0, sizeof(*client));
	(void)snprintf(client->name, sizeof(client->name), "%s", region->name + sizeof("client:") - 1);
	if (region->bytes < sizeof(struct sk_block_channel)) {
		printf("%s: its channel has %llu bytes; expected %zu\n", client->name, (unsigned long long)region->bytes,
		       sizeof(struct sk_block_channel));
		return false;
	}
	client->channel = (struct sk_block_channel *)(uintptr_t)region->address;
	client->number = region->peer;
	(void)snprintf(name, SK_NAME_BYTES, "channel:%.15s", region->name);
	client->peer = sk_cap_named_of_type(name, SK_OBJECT_TYPE_NOTIFICATION);
	for (uint32_t i = 0; i < CLIENT_MEMORIES; i++) {
		(void)snprintf(name, sizeof(name), "dma:%s:%u", client->name, (unsigned)i);
		client->memories[i].capability = sk_cap_named_of_type(name, SK_OBJECT_TYPE_MEMORY);
	}
	client->served = __atomic_load_n(&client->channel->served, __ATOMIC_ACQUIRE);
	client->unserved = ~client->served;
	share_find(&client->share, disk, client->name);
	client->first = client->share.first;
	client->settings = check_settings(client, disk);
	return true;
}

static uint64_t requested(const struct client *client)
{
	return __atomic_load_n(&client->channel->requested, __ATOMIC_ACQUIRE) ^ client->served;
}

uint64_t client_waiting(const struct client *client)
{
	/* In this order: when the word is 0 again, what was withdrawn is no longer requested. */
	if (__atomic_load_n(&client->channel->client_withdraws, __ATOMIC_ACQUIRE) != 0) {
		return 0;
	}
	return requested(client) & ~client->busy;
}

/* The result, with the answer to the request of this check word; then the slot is the client's. */
static void answer(struct client *client, uint32_t slot, uint64_t check, enum sk_block_result result)
{
	struct sk_block_slot *at = &client->channel->slots[slot];

	if (client->served != ~client->unserved) {
		sk_exit(1, "what was served is not what it was");
	}
	__atomic_store_n(&at->answer, blk_answer(check, result), __ATOMIC_RELAXED);
	__atomic_store_n(&at->result, (uint32_t)result, __ATOMIC_RELEASE);
	client->busy &= ~(1ull << slot);
	client->served ^= 1ull << slot;
	client->unserved ^= 1ull << slot;
	__atomic_store_n(&client->channel->served, client->served, __ATOMIC_RELEASE);
	client->told = true;
}

void client_done(struct client *client, uint32_t slot, uint64_t check, enum sk_block_result result)
{
	if ((client->busy >> slot & 1u) == 0 || client->checks[slot] != check) {
		sk_exit(1, "a command is done that is no request's");
	}
	answer(client, slot, client->checks[slot], result);
}

void client_wake(struct client *client, bool always)
{
	if (!client->told && !always) {
		return;
	}
	client->told = false;
	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* the bits before the word that says whether it looks at them */
	if (__atomic_load_n(&client->channel->client_sleeps, __ATOMIC_RELAXED) == 1 || always) {
		__atomic_store_n(&client->channel->client_sleeps, 0, __ATOMIC_RELAXED);
		if (client->peer != SK_CAP_NONE) {
			(void)sk_signal(client->peer, SK_SIGNAL_PEER);
		}
	}
}

void client_say_asleep(const struct client *client, bool asleep)
{
	__atomic_store_n(&client->channel->driver_sleeps, asleep ? 1 : 0, __ATOMIC_RELAXED);
}

/* Each word once: what the client writes meanwhile has no part in it. */
static void copy_request(const struct sk_block_slot *slot, struct sk_block_slot *request)
{
	request->token = __atomic_load_n(&slot->token, __ATOMIC_RELAXED);
	request->note = __atomic_load_n(&slot->note, __ATOMIC_RELAXED);
	request->check = __atomic_load_n(&slot->check, __ATOMIC_RELAXED);
	request->operation = __atomic_load_n(&slot->operation, __ATOMIC_RELAXED);
	request->request_flags = __atomic_load_n(&slot->request_flags, __ATOMIC_RELAXED);
	request->sector = __atomic_load_n(&slot->sector, __ATOMIC_RELAXED);
	request->sectors = __atomic_load_n(&slot->sectors, __ATOMIC_RELAXED);
	request->segment_count = __atomic_load_n(&slot->segment_count, __ATOMIC_RELAXED);
	for (uint32_t i = 0; i < request->segment_count && i < DISK_SEGMENTS; i++) {
		const struct sk_block_segment *segment = &slot->segments[i];

		request->segments[i] = (struct sk_block_segment){
			.memory = __atomic_load_n(&segment->memory, __ATOMIC_RELAXED),
			.bytes = __atomic_load_n(&segment->bytes, __ATOMIC_RELAXED),
			.offset = __atomic_load_n(&segment->offset, __ATOMIC_RELAXED),
		};
	}
}

/*
 * Where a range lies is asked once in this process's life: the supervisor stops the hardware and starts another
 * instance before the VM's memory becomes anything else.
 */
static const struct client_memory *memory_at(struct client *client, uint32_t index)
{
	struct client_memory *memory = index < CLIENT_MEMORIES ? &client->memories[index] : NULL;
	enum memory_memory_kind kind;
	uint32_t mappings;

	if (memory == NULL || memory->capability == SK_CAP_NONE) {
		return NULL;
	}
	if (memory->bytes != 0) {
		return memory;
	}
	if (memory_info(memory->capability, &memory->base, &memory->bytes, &kind, &mappings) != SK_OK ||
	    kind != MEMORY_MEMORY_KIND_RAM) {
		memory->bytes = 0;
		return NULL;
	}
	client->bases[index] = memory->base;
	return memory;
}

static bool take_segments(struct client *client, const struct disk *disk, const struct sk_block_slot *request,
			  struct disk_command *command)
{
	uint64_t left = (uint64_t)request->sectors * DISK_SECTOR_BYTES;

	if (request->segment_count == 0 || request->segment_count > disk->limits.segments_max) {
		return false;
	}
	for (uint32_t i = 0; i < request->segment_count; i++) {
		const struct sk_block_segment *segment = &request->segments[i];
		const struct client_memory *memory = memory_at(client, segment->memory);

		if (memory == NULL || segment->bytes == 0 || segment->bytes > left ||
		    segment->bytes > disk->limits.segment_bytes_max || segment->offset >= memory->bytes ||
		    segment->bytes > memory->bytes - segment->offset) {
			return false;
		}
		left -= segment->bytes;
		command->segments[i] = (struct virtio_buffer){ .address = memory->base + segment->offset,
							       .bytes = segment->bytes };
	}
	command->count = request->segment_count;
	return left == 0;
}

static bool within_share(const struct share *share, const struct disk *disk, const struct sk_block_slot *request)
{
	uint32_t block_sectors = disk->block_bytes / DISK_SECTOR_BYTES;

	return request->sectors != 0 && request->sectors % block_sectors == 0 && request->sector % block_sectors == 0 &&
	       request->sector < share->sectors && request->sectors <= share->sectors - request->sector;
}

/* A range of sectors without data. */
static enum sk_block_result take_range(const struct share *share, const struct disk *disk,
				       const struct sk_block_slot *request, uint32_t feature, uint32_t max)
{
	if ((share->features & SK_BLOCK_FEATURES_READ_ONLY) != 0) {
		return SK_BLOCK_RESULT_REFUSED;
	}
	if ((share->features & feature) == 0) {
		return SK_BLOCK_RESULT_UNSUPPORTED;
	}
	return within_share(share, disk, request) && request->segment_count == 0 &&
			       (max == 0 || request->sectors <= max)
		       ? SK_BLOCK_RESULT_PENDING
		       : SK_BLOCK_RESULT_REFUSED;
}

static enum sk_block_result take_data(struct client *client, const struct disk *disk,
				      const struct sk_block_slot *request, struct disk_command *command)
{
	bool writes = request->operation == SK_BLOCK_OPERATION_WRITE;

	command->type = writes ? VIRTIO_BLK_T_OUT : VIRTIO_BLK_T_IN;
	if ((writes && (client->share.features & SK_BLOCK_FEATURES_READ_ONLY) != 0) ||
	    !within_share(&client->share, disk, request) || !take_segments(client, disk, request, command)) {
		return SK_BLOCK_RESULT_REFUSED;
	}
	return SK_BLOCK_RESULT_PENDING;
}

/* SK_BLOCK_RESULT_PENDING: *command is what the hardware is to do. Anything else is the answer. */
static enum sk_block_result take_request(struct client *client, const struct disk *disk,
					 const struct sk_block_slot *request, struct disk_command *command)
{
	const struct share *share = &client->share;

	if (share->state != SHARE_GIVEN) {
		return SK_BLOCK_RESULT_FAILED;
	}
	command->count = 0;
	command->sector = share->first + request->sector;
	command->sectors = request->sectors;
	command->unmap = (request->request_flags & SK_BLOCK_REQUEST_FLAGS_UNMAP) != 0;
	if ((request->request_flags & ~SK_BLOCK_REQUEST_FLAGS_MASK) != 0) {
		return SK_BLOCK_RESULT_REFUSED;
	}
	switch (request->operation) {
	case SK_BLOCK_OPERATION_READ:
	case SK_BLOCK_OPERATION_WRITE:
		return take_data(client, disk, request, command);
	case SK_BLOCK_OPERATION_FLUSH:
		command->type = VIRTIO_BLK_T_FLUSH;
		command->sector = 0;
		return (share->features & SK_BLOCK_FEATURES_FLUSH) == 0 ? SK_BLOCK_RESULT_UNSUPPORTED
		       : request->segment_count != 0				? SK_BLOCK_RESULT_REFUSED
									: SK_BLOCK_RESULT_PENDING;
	case SK_BLOCK_OPERATION_DISCARD:
		command->type = VIRTIO_BLK_T_DISCARD;
		command->unmap = false;
		return take_range(share, disk, request, SK_BLOCK_FEATURES_DISCARD, disk->limits.discard_sectors_max);
	case SK_BLOCK_OPERATION_WRITE_ZEROES:
		command->type = VIRTIO_BLK_T_WRITE_ZEROES;
		return take_range(share, disk, request, SK_BLOCK_FEATURES_WRITE_ZEROES,
				  disk->limits.write_zeroes_sectors_max);
	default:
		return SK_BLOCK_RESULT_REFUSED;
	}
}

/*
 * The request is what its client made of it; if not, it is not this process that is wrong. Not inlined: what is wrong
 * with the code that asks must not be a part of this.
 */
static __attribute__((noinline)) bool is_whole(const struct sk_block_slot *request, uint32_t slot)
{
	return blk_check_slot(slot, request->token, request) == request->check;
}

/*
 * The command of `slot` is staged: the device is told of it if that is what was asked for, and is still to be done.
 * What a client does meanwhile, or writes for a check word, ends as its own request's failure.
 */
static void submit(struct client *client, struct disk *disk, const struct sk_block_slot *request, uint32_t slot,
		   uint32_t owner)
{
	bool waits = (client_waiting(client) >> slot & 1u) != 0;
	bool holds = waits && proof_holds(client, disk, request, slot, owner);

	if (holds) {
		client->busy |= 1ull << slot;
		client->checks[slot] = request->check;
		disk_publish(disk);
		return;
	}
	if ((client->busy >> slot & 1u) != 0 || (waits && is_whole(request, slot))) {
		sk_exit(1, "the disk was to be told what nobody asked for");
	}
	disk_unstage(disk);
	if (waits) {
		answer(client, slot, request->check, SK_BLOCK_RESULT_DAMAGED);
	}
}

/*
 * A request that is not for the hardware, whatever was found: if it still waits. A client that means what it says has
 * looked at its share itself: so is it really this request that is wrong?
 */
static void refuse(struct client *client, const struct disk *disk, const struct sk_block_slot *request, uint32_t slot,
		   enum sk_block_result result)
{
	bool whole = is_whole(request, slot);
	bool known = check_settings(client, disk) == client->settings;

	for (uint32_t i = 0; i < CLIENT_MEMORIES; i++) {
		known = known && (client->memories[i].bytes == 0 || client->memories[i].base == client->bases[i]);
	}
	if (!known) {
		sk_exit(1, "what is known of the disk, a share or a VM's memory is damaged");
	}
	if ((client_waiting(client) >> slot & 1u) != 0) {
		answer(client, slot, request->check, whole ? result : SK_BLOCK_RESULT_DAMAGED);
	}
}

bool client_take(struct client *client, struct disk *disk, uint32_t number)
{
	static struct sk_block_slot request; /* as it was when it was copied */
	static struct disk_command command;
	uint64_t waiting = client_waiting(client);
	bool any = false;

	while (waiting != 0) {
		uint32_t slot = (uint32_t)__builtin_ctzll(waiting);
		uint32_t owner = number * CLIENT_SLOTS + slot;

		waiting &= waiting - 1;
		copy_request(&client->channel->slots[slot], &request);

		enum sk_block_result result = take_request(client, disk, &request, &command);

		if (result != SK_BLOCK_RESULT_PENDING) {
			refuse(client, disk, &request, slot, result);
		} else if (disk_stage(disk, &command, owner, request.check)) {
			submit(client, disk, &request, slot, owner);
		} else {
			return any; /* later: something comes back before */
		}
		any = true;
	}
	return any;
}
