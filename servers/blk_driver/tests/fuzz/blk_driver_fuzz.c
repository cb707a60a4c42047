/*
 * The driver of a disk between two clients and the hardware. The first client is hostile: it writes anything into its
 * channel, also while the driver looks. The second one is honest, and the hardware one or the other, by the input. The
 * driver is killed anywhere. An honest client gets what it asked for, from an honest disk; the device is told of no
 * memory but the clients' own and the driver's, and of no sector that is not theirs: the first client only reads.
 */
#define _GNU_SOURCE /* as machine.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* The driver may end itself when the hardware lies. */
#undef check_expected_ptr
#define check_expected_ptr(why) (void)(why)

#include "../machine.c"

#include <fuzz/fuzz.h>

#define SECTORS 64u
#define HOSTILE 0u
#define HONEST 1u
#define SLOTS 4u /* of the honest client, each with two sectors of its own at its number times two */

static bool device_honest;
static uint8_t shadow[SECTORS][512]; /* what an honest client wrote */
static uint64_t asked;               /* slots of an honest client */
static uint8_t fill;

static void begin(void *unused)
{
	(void)unused;
	machine_start();
}

static void signal_driver(void *bits)
{
	machine_signal(*(const uint64_t *)bits);
}

/* A driver that is gone, or has ended itself, is started again. */
static void run(void (*operation)(void *argument), void *argument)
{
	fuzz_some_races();
	if (fuzz_run(operation, argument, fuzz_some_kill())) {
		return;
	}
	while (!fuzz_run(begin, NULL, fuzz_some_kill())) {
	}
}

static void wake(uint64_t bits)
{
	run(signal_driver, &bits);
}

/* Whose memory it is: a client's number, or MACHINE_CLIENTS: the driver's. */
static uint32_t owner_of(const struct model_buffer *buffer)
{
	uint64_t offset = (uint64_t)(buffer->at - dma_memory);

	for (uint32_t i = 0; i < MACHINE_CLIENTS; i++) {
		for (uint32_t j = 0; j < 2; j++) {
			uint64_t at = (uint64_t)(buffer->at - machine->guest[i][j]);

			if (at < MACHINE_GUEST_BYTES && buffer->bytes <= MACHINE_GUEST_BYTES - at) {
				return i;
			}
		}
	}
	FUZZ_EXPECT(offset < DMA_BYTES && buffer->bytes <= DMA_BYTES - offset);
	return MACHINE_CLIENTS;
}

static void check_data(const struct model_chain *chain, const struct virtio_blk_outhdr *header)
{
	uint64_t bytes = 0;

	for (uint32_t i = 1; i + 1 < chain->count; i++) {
		uint32_t owner = owner_of(&chain->buffers[i]);

		bytes += chain->buffers[i].bytes;
		FUZZ_EXPECT(header->type != VIRTIO_BLK_T_OUT || owner == HONEST);
		FUZZ_EXPECT(owner == owner_of(&chain->buffers[1]));
	}
	if (header->type <= VIRTIO_BLK_T_OUT) {
		FUZZ_EXPECT(header->sector <= SECTORS && bytes <= (SECTORS - header->sector) * 512);
	}
}

/* As machine_work(), but everything is looked at first. */
static void work(uint32_t most)
{
	struct model_chain chain;

	for (; device_honest && most != 0 && model_take(0, &chain); most--) {
		const struct virtio_blk_outhdr *header = (const void *)chain.buffers[0].at;
		uint32_t written;

		FUZZ_EXPECT(owner_of(&chain.buffers[0]) == MACHINE_CLIENTS);
		FUZZ_EXPECT(owner_of(&chain.buffers[chain.count - 1]) == MACHINE_CLIENTS);
		check_data(&chain, header);
		FUZZ_EXPECT(header->type != VIRTIO_BLK_T_DISCARD && header->type != VIRTIO_BLK_T_WRITE_ZEROES);
		*chain.buffers[chain.count - 1].at = perform(&chain, &written);
		model_put(&chain, written);
	}
}

/* Anything in the memory that it shares with the driver: most of all, used entries. */
static void lie(void)
{
	uint8_t what = fuzz_u8();
	struct model_queue *queue = &model.queues[0];

	if (what % 8u == 0) {
		uint64_t at = fuzz_u32() % (DMA_BYTES / 8u);

		((uint64_t *)(void *)dma_memory)[at] = fuzz_edge();
	} else if (what % 8u == 1) {
		model.status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	} else if (queue->ready != 0 && queue->used != 0) {
		uint32_t *element = (uint32_t *)(uintptr_t)(queue->used + 4 + 8ull * (queue->put % queue->size));

		element[0] = what % 8u == 2 ? fuzz_u32() : fuzz_u8();
		element[1] = (uint32_t)fuzz_edge();
		queue->put = what % 8u == 3 ? fuzz_u16() : (uint16_t)(queue->put + 1);
		*(uint16_t *)(uintptr_t)(queue->used + 2) = queue->put;
	}
	model.interrupt_status |= VIRTIO_MMIO_INT_VRING;
}

static void hostile_client(void)
{
	struct sk_block_channel *channel = &machine->channels[HOSTILE];
	uint8_t what = fuzz_u8();
	uint32_t slot = fuzz_u8() % 64u;
	struct sk_block_slot *at =
		machine_request(HOSTILE, slot, what / 8u % 8u, fuzz_u8() % SECTORS, 1 + what / 32u, 0);

	at->segments[0].memory = fuzz_once_in(8) ? (uint32_t)fuzz_edge() : 0;
	at->segments[0].offset = fuzz_once_in(4) ? fuzz_edge() : 0;
	switch (what % 8u) {
	case 0:
		((uint64_t *)(void *)at)[fuzz_u8() % (sizeof(*at) / 8u)] = fuzz_edge();
		break;
	case 1:
		channel->served = fuzz_edge();
		break;
	case 2:
		channel->client_withdraws = fuzz_u8() % 2u;
		break;
	case 3:
		channel->requested = fuzz_edge();
		break;
	case 4:
		at->segment_count = fuzz_u8() % 70u;
		for (uint32_t i = 0; i < at->segment_count && i < 64; i++) {
			at->segments[i] = (struct sk_block_segment){ i % 3u / 2u, 512, 512ull * fuzz_u8() };
		}
		at->sectors = at->segment_count;
		break;
	default:
		break;
	}
	/* Mostly it means what it wrote. */
	if (what % 8u != 5) {
		machine_check(HOSTILE, slot);
	}
	machine_submit(HOSTILE, 1ull << slot);
}

static uint8_t *honest_data(uint32_t slot)
{
	return machine->guest[HONEST][slot % 2] + slot * 1024;
}

static void honest_asks(void)
{
	uint8_t what = fuzz_u8();
	uint32_t slot = what % SLOTS;
	bool write = (what & 0x80u) != 0;
	struct sk_block_slot *at;

	if ((asked >> slot & 1u) != 0) {
		return;
	}
	at = machine_request(HONEST, slot, write ? SK_BLOCK_OPERATION_WRITE : SK_BLOCK_OPERATION_READ, 2ull * slot, 2,
			     slot * 1024);
	at->segments[0].memory = slot % 2;
	machine_check(HONEST, slot);
	memset(honest_data(slot), ++fill, 1024);
	if (write) {
		memset(shadow[2 * slot], fill, 1024);
	}
	asked |= 1ull << slot;
	machine_submit(HONEST, 1ull << slot);
}

static void honest_looks(void)
{
	uint64_t done = asked & ~machine_open_slots(HONEST);

	for (; done != 0; done &= done - 1) {
		uint32_t slot = (uint32_t)__builtin_ctzll(done);

		asked &= ~(1ull << slot);
		if (device_honest) {
			FUZZ_EXPECT(machine->channels[HONEST].slots[slot].result == SK_BLOCK_RESULT_DONE);
			FUZZ_EXPECT(memcmp(honest_data(slot), shadow[2 * slot], 1024) == 0);
		}
	}
}

/* The disk's contents are cheap to make again only as far as the device has sectors. */
static void reset(void)
{
	if (machine == NULL) {
		machine_init("all,ro", "all");
	}
	memset(machine->channels, 0, sizeof(machine->channels));
	memset(machine->guest, 0, sizeof(machine->guest));
	memset(machine->disk, 0x11, SECTORS * 512);
	memset(dma_memory, 0, sizeof(dma_memory));
	memset(shadow, 0x11, sizeof(shadow));
	machine_features = 1ull << VIRTIO_BLK_F_SEG_MAX | 1ull << VIRTIO_BLK_F_FLUSH | 1ull << VIRTIO_BLK_F_BLK_SIZE |
			   1ull << VIRTIO_BLK_F_DISCARD | 1ull << VIRTIO_BLK_F_WRITE_ZEROES |
			   (uint64_t)(fuzz_u8() % 4u) << VIRTIO_RING_F_INDIRECT_DESC;
	machine_sectors = SECTORS;
	machine_queue = 128;
	machine_segments = 126;
	machine_block_bytes = 512;
	asked = 0;
	fill = 0;
	fuzz_watch(&machine->channels[HOSTILE], sizeof(machine->channels[HOSTILE]), true, true);
	fuzz_watch(&machine->channels[HONEST], sizeof(machine->channels[HONEST]), true, false);
}

static void hostile_device(void)
{
	machine_queue = fuzz_once_in(4) ? (uint32_t)fuzz_edge() : machine_queue;
	machine_segments = fuzz_once_in(4) ? (uint32_t)fuzz_edge() : machine_segments;
	machine_block_bytes = fuzz_once_in(4) ? (uint32_t)fuzz_edge() : machine_block_bytes;
	machine_sectors = fuzz_once_in(4) ? fuzz_edge() : machine_sectors;
	machine_features |= fuzz_once_in(4) ? fuzz_u64() : 0;
}

static void end(void)
{
	machine->channels[HOSTILE].requested = machine->channels[HOSTILE].served;
	for (uint32_t i = 0; i < 200; i++) {
		uint64_t bits = SK_SIGNAL_PEER | SK_SIGNAL_INTERRUPT;

		(void)fuzz_run(signal_driver, &bits, FUZZ_NEVER);
		work(UINT32_MAX);
	}
	honest_looks();
	FUZZ_EXPECT(asked == 0);
	FUZZ_EXPECT(memcmp(machine->disk, shadow, sizeof(shadow)) == 0);
}

void fuzz_one(void)
{
	uint8_t bits;

	host_process_may_end = true;
	reset();
	device_honest = fuzz_u8() % 2u == 0;
	if (!device_honest) {
		hostile_device();
		fuzz_watch(dma_memory, sizeof(dma_memory), true, true);
	}
	/* What it finds out about the disk at its start, an honest one tells; a liar's lies come later. */
	(void)fuzz_run(begin, NULL, FUZZ_NEVER);
	while (fuzz_more()) {
		switch (fuzz_u8() % 8u) {
		case 0:
		case 1:
			hostile_client();
			break;
		case 2:
			honest_asks();
			break;
		case 3:
			honest_looks();
			break;
		case 4:
		case 5:
			if (device_honest) {
				work(1 + fuzz_u8() % 8u);
			} else {
				lie();
			}
			break;
		default:
			bits = fuzz_u8();
			wake(((bits & 1u) != 0 ? SK_SIGNAL_INTERRUPT : 0) | ((bits & 2u) != 0 ? 0 : SK_SIGNAL_PEER));
			break;
		}
	}
	if (device_honest) {
		end();
	}
}
