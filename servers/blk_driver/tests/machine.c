#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* MAP_ANONYMOUS */
#endif
#include "machine.h"

#include <string.h>
#include <sys/mman.h>

#include "host_process.h"
#include "model.h"

/* The driver, all of it in this file: an instance's end is the end of all its variables. */
#define main blk_driver_main
int blk_driver_main(void);
#include "../main.c"
#undef main
#include "../client.c"
#include "../proof.c"
#include "../disk.c"
#include "../share.c"

#define IRQ 5u
#define NOTIFICATION 6u
#define DMA 7u
#define PEER 8u   /* and the second one's */
#define MEMORY 10u /* client * 2 + range */
#define DMA_BYTES (320u * 1024u)

struct machine *machine;
bool machine_fails;
bool machine_no_disk;
bool machine_stuck;
bool machine_memory_gone;
uint64_t machine_features;
uint32_t machine_queue;
uint32_t machine_segments;
uint32_t machine_block_bytes;
uint64_t machine_sectors;

static _Alignas(4096) uint8_t dma_memory[DMA_BYTES];

sk_status_t sk_call(sk_cap_t to, struct sk_msg *msg)
{
	uint64_t tag = msg->tag & SK_TAG_METHOD_MASK;

	*msg = (struct sk_msg){ .tag = SK_OK };
	if (to == IRQ) {
		assert_int_equal(tag, INTERRUPT_TAG_ACKNOWLEDGE);
		return SK_OK;
	}
	assert_int_equal(tag, MEMORY_TAG_INFO);
	msg->w[2] = MEMORY_MEMORY_KIND_RAM;
	if (to == DMA) {
		msg->w[0] = (uint64_t)(uintptr_t)dma_memory;
		msg->w[1] = DMA_BYTES;
		return SK_OK;
	}
	assert_true(to >= MEMORY && to < MEMORY + 2 * MACHINE_CLIENTS);
	msg->w[0] = (uint64_t)(uintptr_t)machine->guest[(to - MEMORY) / 2][(to - MEMORY) % 2];
	msg->w[1] = MACHINE_GUEST_BYTES;
	return machine_memory_gone ? SK_BAD_CAP : SK_OK;
}

sk_status_t sk_signal(sk_cap_t slot, uint64_t bits)
{
	assert_int_equal(bits, SK_SIGNAL_PEER);
	if (slot != NOTIFICATION) {
		assert_true(slot >= PEER && slot < PEER + MACHINE_CLIENTS);
		machine->signals[slot - PEER]++;
	}
	return SK_OK;
}

uint64_t sk_counter(void)
{
	return 0;
}

/* Only while the driver finds out what the disk is. */
static uint64_t wait_for_disk_interrupt(uint32_t slot, struct sk_msg *msg, struct sk_caller *caller)
{
	*caller = (struct sk_caller){ 0 };
	assert_int_equal(slot, NOTIFICATION);
	assert_int_not_equal(machine_work(1), 0);
	msg->w[0] = SK_SIGNAL_INTERRUPT;
	return SK_BADGE_SIGNAL;
}

static void make_process(const char *first, const char *second)
{
	char argument[SK_START_ARGS_BYTES / 2];

	host_process_reset();
	host_process.wait = wait_for_disk_interrupt;
	(void)snprintf(argument, sizeof(argument), "vblk0=%s", first);
	host_process_argument(argument);
	(void)snprintf(argument, sizeof(argument), "vblk1=%s", second);
	host_process_argument(argument);
	host_process_cap("irq", IRQ, SK_OBJECT_TYPE_INTERRUPT);
	host_process_cap("notification", NOTIFICATION, SK_OBJECT_TYPE_NOTIFICATION);
	host_process_cap("dma", DMA, SK_OBJECT_TYPE_MEMORY);
	host_process_cap("channel:client:vblk0", PEER, SK_OBJECT_TYPE_NOTIFICATION);
	host_process_cap("channel:client:vblk1", PEER + 1, SK_OBJECT_TYPE_NOTIFICATION);
	host_process_cap("dma:vblk0:0", MEMORY, SK_OBJECT_TYPE_MEMORY);
	host_process_cap("dma:vblk0:1", MEMORY + 1, SK_OBJECT_TYPE_MEMORY);
	host_process_cap("dma:vblk1:0", MEMORY + 2, SK_OBJECT_TYPE_MEMORY);
	host_process_cap("dma:vblk1:1", MEMORY + 3, SK_OBJECT_TYPE_MEMORY);
	host_process_region("virtio", model_page(), MODEL_PAGE_BYTES, SK_REGION_DEVICE, 0);
	host_process_region("dma", dma_memory, DMA_BYTES, 0, 0);
	host_process_region("client:vblk0", &machine->channels[0], sizeof(machine->channels[0]), 0, MACHINE_CLIENT);
	host_process_region("client:vblk1", &machine->channels[1], sizeof(machine->channels[1]), 0, MACHINE_CLIENT + 1);
}

void machine_init(const char *first, const char *second)
{
	if (machine == NULL) {
		machine = mmap(NULL, sizeof(*machine), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		assert_ptr_not_equal(machine, MAP_FAILED);
	}
	memset(machine, 0, sizeof(*machine));
	for (uint32_t i = 0; i < MACHINE_SECTORS; i++) {
		memset(machine->disk[i], (int)(i & 0xff), sizeof(machine->disk[i]));
	}
	machine_fails = machine_no_disk = machine_stuck = machine_memory_gone = false;
	machine_features = 1ull << VIRTIO_BLK_F_SEG_MAX | 1ull << VIRTIO_BLK_F_FLUSH | 1ull << VIRTIO_BLK_F_DISCARD |
			   1ull << VIRTIO_BLK_F_WRITE_ZEROES | 1ull << VIRTIO_BLK_F_BLK_SIZE |
			   1ull << VIRTIO_RING_F_INDIRECT_DESC | 1ull << VIRTIO_RING_F_EVENT_IDX;
	machine_queue = 128;
	machine_segments = 126;
	machine_block_bytes = 512;
	machine_sectors = MACHINE_SECTORS;
	make_process(first, second);
}

static void make_device(void)
{
	struct virtio_blk_config config = {
		.capacity = machine_sectors, .seg_max = machine_segments, .blk_size = machine_block_bytes,
		.max_discard_sectors = 1000, .max_discard_seg = 1, .discard_sector_alignment = 8,
		.max_write_zeroes_sectors = 500, .max_write_zeroes_seg = 1, .write_zeroes_may_unmap = 1,
	};

	model_init(machine_no_disk ? 0 : VIRTIO_ID_BLOCK, machine_features, machine_queue);
	memcpy(model.config, &config, sizeof(config));
}

void machine_start(void)
{
	memset(&driver, 0, sizeof(driver));
	memset(&table, 0, sizeof(table));
	make_device();
	(void)host_process_run(blk_driver_main);
}

static uint8_t *sector_at(uint64_t sector, uint64_t bytes)
{
	assert_true(sector <= MACHINE_SECTORS && bytes <= (MACHINE_SECTORS - sector) * 512);
	return machine->disk[sector];
}

static uint32_t move_data(const struct model_chain *chain, uint64_t sector, bool read)
{
	uint32_t bytes = 0;

	for (uint32_t i = 1; i + 1 < chain->count; i++) {
		const struct model_buffer *buffer = &chain->buffers[i];

		assert_int_equal(buffer->writable, read);
		if (read) {
			memcpy(buffer->at, sector_at(sector, bytes + buffer->bytes) + bytes, buffer->bytes);
		} else {
			memcpy(sector_at(sector, bytes + buffer->bytes) + bytes, buffer->at, buffer->bytes);
		}
		bytes += buffer->bytes;
	}
	assert_int_equal(bytes % 512, 0);
	return bytes;
}

static uint8_t perform(const struct model_chain *chain, uint32_t *written)
{
	const struct virtio_blk_outhdr *header = (const void *)chain->buffers[0].at;
	const struct virtio_blk_discard_write_zeroes *range = (const void *)chain->buffers[1].at;

	*written = 1;
	machine->commands++;
	if (machine_fails) {
		return VIRTIO_BLK_S_IOERR;
	}
	switch (header->type) {
	case VIRTIO_BLK_T_IN:
		*written += move_data(chain, header->sector, true);
		return VIRTIO_BLK_S_OK;
	case VIRTIO_BLK_T_OUT:
		machine->writes += move_data(chain, header->sector, false) / 512;
		return VIRTIO_BLK_S_OK;
	case VIRTIO_BLK_T_FLUSH:
		assert_int_equal(chain->count, 2);
		assert_int_equal(header->sector, 0);
		machine->flushes++;
		return VIRTIO_BLK_S_OK;
	case VIRTIO_BLK_T_GET_ID:
		assert_int_equal(chain->buffers[1].bytes, VIRTIO_BLK_ID_BYTES);
		memcpy(chain->buffers[1].at, "model-disk\0\0\0\0\0\0\0\0\0", VIRTIO_BLK_ID_BYTES);
		return VIRTIO_BLK_S_OK;
	case VIRTIO_BLK_T_DISCARD:
	case VIRTIO_BLK_T_WRITE_ZEROES:
		assert_int_equal(chain->count, 3);
		assert_int_equal(chain->buffers[1].bytes, sizeof(*range));
		assert_int_equal(range->flags & ~(uint32_t)VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP, 0);
		memset(sector_at(range->sector, range->num_sectors * 512ull), range->flags != 0 ? 0xdd : 0,
		       range->num_sectors * 512ull);
		return VIRTIO_BLK_S_OK;
	default:
		return VIRTIO_BLK_S_UNSUPP;
	}
}

uint32_t machine_work(uint32_t count)
{
	struct model_chain chain;
	uint32_t done = 0;

	while (!machine_stuck && done < count && model_take(0, &chain)) {
		uint32_t written;
		const struct model_buffer *last = &chain.buffers[chain.count - 1];

		assert_int_equal(chain.buffers[0].bytes, sizeof(struct virtio_blk_outhdr));
		assert_true(last->writable && last->bytes == 1);
		*last->at = perform(&chain, &written);
		model_put(&chain, written);
		done++;
	}
	return done;
}

void machine_signal(uint64_t bits)
{
	if (host_process_goes_on()) {
		signalled(bits);
	}
}

void machine_run(void)
{
	machine_signal(SK_SIGNAL_PEER);
	while (machine_work(3) != 0 || model.interrupt_status != 0) {
		if (model.interrupt_status != 0) {
			machine_signal(SK_SIGNAL_INTERRUPT);
		}
	}
}

int machine_open(uint32_t number, struct sk_block_share *share)
{
	struct sk_caller caller = { .badge = SK_BADGE(BLOCK_INTERFACE, number) };

	return (int)block_serve_open(&caller, share);
}

void machine_check(uint32_t client, uint32_t slot)
{
	struct sk_block_slot *at = &machine->channels[client].slots[slot];

	at->check = blk_check_slot(slot, at->token, at);
}

struct sk_block_slot *machine_request(uint32_t client, uint32_t slot, uint32_t operation, uint64_t sector,
				      uint32_t sectors, uint64_t offset)
{
	struct sk_block_slot *at = &machine->channels[client].slots[slot];
	bool data = operation == SK_BLOCK_OPERATION_READ || operation == SK_BLOCK_OPERATION_WRITE;

	memset(at, 0, sizeof(*at));
	at->token = slot + 1;
	at->note = slot * 3ull;
	at->operation = operation;
	at->sector = sector;
	at->sectors = sectors;
	at->segment_count = data ? 1 : 0;
	at->segments[0] = (struct sk_block_segment){ .bytes = sectors * 512, .offset = offset };
	machine_check(client, slot);
	return at;
}

void machine_submit(uint32_t client, uint64_t slots)
{
	machine->channels[client].requested ^= slots;
}

uint64_t machine_open_slots(uint32_t client)
{
	return machine->channels[client].requested ^ machine->channels[client].served;
}
