/*
 * The disk: blocks at pseudo-random places are written, each with its number and a sequence number and what follows from
 * them in every word, and read again. The journal has the sequence number of the last write that was
 * acknowledged: that, and nothing else, is what a read has to find. An older one is a write that was lost, or one that was
 * carried out twice, the second time behind its successor.
 */
#include "load.h"

#include <linux/virtio_blk.h>

#define DEPTH 4u
#define BLOCKS 32u
#define BLOCK_BYTES 2048u
#define BLOCK_WORDS (BLOCK_BYTES / 8u)
#define SECTORS (BLOCK_BYTES / 512u)
#define FLUSH_ONCE_IN 16u
#define NO_BLOCK UINT32_MAX
#define UNKNOWN UINT64_MAX /* a write failed: both what was there and what was to be there is right */
#define RESULT_NONE 0xffu

struct device disk_device = {.name = "disk", .base = 0x0a000000u, .intid = 48, .id = VIRTIO_ID_BLOCK, .queues = 1};

static struct patience patience = {.name = "disk"};

static struct request {
	uint32_t block; /* NO_BLOCK: a flush */
	bool writes;
	uint64_t sequence;
	struct virtio_blk_outhdr header;
	volatile uint8_t result;
	_Alignas(64) uint64_t data[BLOCK_WORDS];
} requests[DEPTH];

static uint64_t journal[BLOCKS]; /* sequence number of the last acknowledged write; 0: none; UNKNOWN */
static uint32_t busy[BLOCKS];	 /* requests under way */
static uint64_t sequence;
static uint32_t checked; /* of the last reading */

static uint64_t word_of(uint32_t block, uint64_t number, uint32_t word)
{
	return number == 0 ? 0 : (number << 32 | block) * 0x9e3779b97f4a7c15u + word;
}

static void fill(struct request *request)
{
	for (uint32_t i = 0; i < BLOCK_WORDS; i++) {
		request->data[i] = word_of(request->block, request->sequence, i);
	}
}

static void check(const struct request *request)
{
	for (uint32_t i = 0; i < BLOCK_WORDS; i++) {
		if (request->data[i] != word_of(request->block, request->sequence, i)) {
			say("wrong disk block %u word %u: not write %llu", request->block, i,
			    (unsigned long long)request->sequence);
			return;
		}
	}
}

static void submit(uint32_t slot, uint32_t type)
{
	struct request *request = &requests[slot];
	const struct piece pieces[] = {
		{&request->header, sizeof(request->header), false},
		{request->data, BLOCK_BYTES, !request->writes},
		{&request->result, 1, true},
	};
	const struct piece flush[] = {pieces[0], pieces[2]};
	request->header = (struct virtio_blk_outhdr){.type = type};
	request->result = RESULT_NONE;
	if (request->block != NO_BLOCK) {
		request->header.sector = (uint64_t)request->block * SECTORS;
		busy[request->block]++;
	}
	ring_offer(&disk_device.rings[0], slot, request->block == NO_BLOCK ? flush : pieces,
		   request->block == NO_BLOCK ? 2 : 3);
}

static void submit_block(uint32_t slot, uint32_t block, bool writes)
{
	struct request *request = &requests[slot];
	request->block = block;
	request->writes = writes;
	request->sequence = writes ? ++sequence : journal[block];
	if (writes) {
		fill(request);
	}
	submit(slot, writes ? VIRTIO_BLK_T_OUT : VIRTIO_BLK_T_IN);
}

static void new_request(uint32_t slot)
{
	uint32_t block = (uint32_t)random_below(&load_random, BLOCKS);
	if (random_below(&load_random, FLUSH_ONCE_IN) == 0) {
		requests[slot].block = NO_BLOCK;
		submit(slot, VIRTIO_BLK_T_FLUSH);
	} else if (busy[block] == 0) {
		submit_block(slot, block, random_below(&load_random, 2) == 0);
	}
}

static void done(uint32_t slot)
{
	struct request *request = &requests[slot % DEPTH];
	if (request->result != VIRTIO_BLK_S_OK) {
		say("wrong disk request: result %u", request->result);
	}
	if (request->block == NO_BLOCK) {
		return;
	}
	busy[request->block]--;
	if (request->writes) {
		journal[request->block] = request->result == VIRTIO_BLK_S_OK ? request->sequence : UNKNOWN;
	} else if (request->result == VIRTIO_BLK_S_OK && request->sequence != UNKNOWN) {
		check(request);
	}
}

bool disk_begin(void)
{
	bool fine = device_begin(&disk_device);
	if (!fine) {
		say("wrong disk: it can't be begun");
	}
	for (uint32_t i = 0; i < BLOCKS; i++) {
		busy[i] = 0;
	}
	return fine;
}

/* Of a write that was under way nothing is known: it is made again, before its block is read. */
static void begin_again(void)
{
	uint32_t given = disk_device.rings[0].given;
	if (!disk_begin()) {
		return;
	}
	for (uint32_t i = 0; i < DEPTH; i++) {
		if ((given & 1u << i) != 0 && requests[i].block != NO_BLOCK && requests[i].writes) {
			submit_block(i, requests[i].block, true);
		}
	}
	ring_kick(&disk_device, 0);
}

void disk_look(void)
{
	uint32_t slot, bytes;
	if (!device_was_interrupted(&disk_device)) {
		return;
	}
	if (device_is_broken(&disk_device)) {
		if (device_agree(&disk_device)) {
			say("lost disk: it needed a reset");
			begin_again();
		} else {
			device_give_up(&disk_device);
		}
		return;
	}
	for (enum taken taken = ring_take(&disk_device.rings[0], &slot, &bytes); taken != TAKEN_NONE;
	     taken = ring_take(&disk_device.rings[0], &slot, &bytes)) {
		if (taken == TAKEN_WRONG) {
			say("wrong disk: request %u ended twice", slot);
			continue;
		}
		done(slot);
		patience_renew(&patience, disk_device.rings[0].given != 0);
	}
}

/* The slots that are free get something to do: with `next`, in order; otherwise what is drawn. */
static void work(bool reading)
{
	uint32_t given = disk_device.rings[0].given;
	for (uint32_t i = 0; i < DEPTH; i++) {
		if ((given & 1u << i) != 0) {
			continue;
		}
		if (!reading) {
			new_request(i);
		} else if (checked < BLOCKS) {
			submit_block(i, checked++, false);
		}
	}
	ring_kick(&disk_device, 0);
	if (patience.since == 0) {
		patience_renew(&patience, disk_device.rings[0].given != 0);
	}
}

void disk_round(void)
{
	if (!disk_device.there) {
		return;
	}
	if (patience_is_over(&patience)) {
		begin_again();
	}
	work(false);
}

bool disk_finish(void)
{
	if (!disk_device.there) {
		return true;
	}
	if (patience_is_over(&patience)) {
		begin_again();
	}
	work(true);
	return checked == BLOCKS && disk_device.rings[0].given == 0;
}
