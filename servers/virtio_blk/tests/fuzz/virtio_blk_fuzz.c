/*
 * A disk between a guest and a driver, each of them hostile or honest by the input, whose
 * server is killed anywhere. Hostile ones do no harm. When both are honest each request comes back once, with what the
 * disk has, and each side is woken whenever it has to be.
 */
#include <string.h>

#include <blk/check.h>
#include <sk/process.h>

#include "../../disk.h"
#include "guest_fuzz.h"

#define QUEUES 2u
#define SECTORS 64u
#define REQUESTS 5u /* of an honest guest, of each queue: in flight at once, each with sectors of its own */
#define PIECES 3u
#define ENDS_MAX 4u
#define CHANNEL_BYTES ((sizeof(struct sk_block_channel) + 4095u) / 4096u * 4096u)

/* A request's place in memory. */
#define NUMBER(queue, request) ((queue)*REQUESTS + (request))
#define HEADER(number) (GUEST_DATA + (number)*0x800ull)
#define STATUS(number) (HEADER(number) + 16)
#define DATA(number) (HEADER(number) + 0x200)
#define SECTOR(number) (2 * (uint64_t)(number))

static struct disk disk;
static struct sk_virtio_state state;
static struct sk_block_channel *channel;
static struct sk_block_share share;
static uint8_t sectors[SECTORS * 512];
static bool driver_honest;
static bool driver_awake;
static bool client_signalled;
static uint32_t in_flight; /* of an honest guest, a bit for each number */
static uint32_t kinds[2 * REQUESTS];
static uint8_t fill; /* the next write's */
static uint32_t ends; /* of the server, by itself */

static void wake(void)
{
	driver_awake = true;
}

/* Never for a driver that keeps to the rules. One that does not can end the server, until that is given up. */
void sk_exit(int code, const char *why)
{
	(void)code;
	(void)why;
	FUZZ_EXPECT(!driver_honest);
	ends++;
	fuzz_end();
}

static void give_up(void)
{
	ends = 0;
	memset(channel, 0, CHANNEL_BYTES);
	memset(&state, 0, sizeof(state));
}

static void instance(void *unused)
{
	(void)unused;
	if (ends > ENDS_MAX) {
		give_up();
	}
	memset(&disk, 0, sizeof(disk));
	(void)virtio_memory_add(&disk.device.memory, GUEST_BASE, FUZZ_GUEST_BYTES, fuzz_guest.memory);
	FUZZ_EXPECT(disk_describe(&disk, &share, QUEUES) || !driver_honest);
	virtio_mmio_open(&disk.device, &state);
	disk_open(&disk, channel, wake);
	disk_withdraw(&disk, false);
	disk_look(&disk);
	wake();
	virtio_mmio_serve(&disk.device, VIRTIO_MMIO_ALL_QUEUES);
	(void)virtio_mmio_settle(&disk.device);
}

/* The server after a signal. */
static void look(void *unused)
{
	(void)unused;
	disk_look(&disk);
	virtio_mmio_serve(&disk.device, disk.device.again);
	(void)virtio_mmio_settle(&disk.device);
}

/* The driver is gone; and perhaps it comes back. */
static void lose(void *back)
{
	disk_withdraw(&disk, true);
	if (back == NULL) {
		disk_lose(&disk);
	} else {
		disk_withdraw(&disk, false);
		disk.refuses = disk.device.failed;
		if (disk.device.id == 0 && disk_describe(&disk, &share, QUEUES)) {
			virtio_mmio_config_changed(&disk.device);
		}
	}
	look(NULL);
}

/* What the client asks of an honest driver is sound, whatever its guest wrote. */
static void execute(const struct sk_block_slot *request)
{
	uint8_t *at = sectors + request->sector * 512;

	FUZZ_EXPECT(blk_check_slot((uint32_t)(request - channel->slots), request->token, request) == request->check);
	FUZZ_EXPECT(request->operation >= SK_BLOCK_OPERATION_READ &&
		    request->operation <= SK_BLOCK_OPERATION_WRITE_ZEROES);
	if (request->operation == SK_BLOCK_OPERATION_FLUSH) {
		return;
	}
	FUZZ_EXPECT(request->sector <= SECTORS && request->sectors <= SECTORS - request->sector);
	FUZZ_EXPECT(request->segment_count <= REQUEST_SEGMENTS);

	uint64_t bytes = 0;

	for (uint32_t i = 0; i < request->segment_count; i++) {
		const struct sk_block_segment *segment = &request->segments[i];

		FUZZ_EXPECT(segment->memory == 0 && segment->bytes != 0 && segment->offset < FUZZ_GUEST_BYTES &&
			    segment->bytes <= FUZZ_GUEST_BYTES - segment->offset);
		FUZZ_EXPECT(bytes + segment->bytes <= request->sectors * 512u);
		if (request->operation == SK_BLOCK_OPERATION_READ) {
			memcpy(fuzz_guest.memory + segment->offset, at + bytes, segment->bytes);
		} else {
			memcpy(at + bytes, fuzz_guest.memory + segment->offset, segment->bytes);
		}
		bytes += segment->bytes;
	}
	if (request->operation <= SK_BLOCK_OPERATION_WRITE) {
		FUZZ_EXPECT(bytes == request->sectors * 512u && bytes != 0);
	} else if (request->operation == SK_BLOCK_OPERATION_WRITE_ZEROES) {
		memset(at, 0, request->sectors * 512u);
	}
}

static void answer(uint32_t slot, uint32_t result)
{
	channel->slots[slot].answer = blk_answer(channel->slots[slot].check, result);
	channel->slots[slot].result = result;
	channel->served ^= 1ull << slot;
	if (channel->client_sleeps == 1) {
		channel->client_sleeps = 0;
		client_signalled = true;
	}
}

/* The honest driver works as long as it is awake; `most` requests, from slot `first` on. */
static void drive(uint32_t first, uint32_t most)
{
	if (!driver_awake) {
		return;
	}
	channel->driver_sleeps = 0;
	for (uint32_t i = 0; i < DISK_SLOTS && most != 0; i++) {
		uint32_t slot = (first + i) % DISK_SLOTS;

		if (((channel->requested ^ channel->served) >> slot & 1u) != 0) {
			FUZZ_EXPECT(channel->slots[slot].result == SK_BLOCK_RESULT_PENDING);
			execute(&channel->slots[slot]);
			answer(slot, SK_BLOCK_RESULT_DONE);
			most--;
		}
	}
	if (most != 0) {
		channel->driver_sleeps = 1;
		driver_awake = false;
	}
}

static void deliver_signal(void)
{
	if (client_signalled) {
		client_signalled = false;
		fuzz_guest_run(look, NULL);
	}
}

/* It knows how check words are made, and makes them for what is not the client's: only a new instance believes that. */
static void forge(uint32_t index)
{
	struct sk_block_slot *slot = &channel->slots[index];

	slot->check = blk_check_slot(index, slot->token & ~(1ull << 62 | 0xffffull << 32), slot);
	slot->answer = blk_answer(slot->check, slot->result);
}

static void driver_move(void)
{
	uint8_t what = fuzz_u8();
	uint32_t slot = fuzz_u8() % DISK_SLOTS;

	if (driver_honest) {
		drive(slot, what % 8u);
		if ((what & 0x80u) != 0) {
			deliver_signal();
		}
		return;
	}
	switch (what % 8u) {
	case 0:
		channel->served = fuzz_edge();
		break;
	case 1:
		channel->requested = fuzz_edge();
		break;
	case 2:
		((uint64_t *)(void *)&channel->slots[slot])[what / 8u % 8u] = fuzz_edge();
		break;
	case 3:
		channel->slots[slot].note = fuzz_edge();
		forge(slot);
		break;
	case 4:
		channel->slots[slot].token = 1ull << 63 | fuzz_edge() >> 1;
		forge(slot);
		break;
	case 5:
		fuzz_guest_run(lose, (what & 8u) != 0 ? &share : NULL);
		return;
	default:
		slot = channel->requested != channel->served
			       ? (uint32_t)__builtin_ctzll(channel->requested ^ channel->served)
			       : slot;
		channel->slots[slot].result = fuzz_below(6);
		channel->slots[slot].answer = blk_answer(channel->slots[slot].check, channel->slots[slot].result);
		channel->served ^= 1ull << slot;
		break;
	}
	channel->driver_sleeps = what >> 7;
	fuzz_guest_run(look, NULL);
}

static const uint32_t types[] = {
	VIRTIO_BLK_T_IN,     VIRTIO_BLK_T_OUT,          VIRTIO_BLK_T_FLUSH,
	VIRTIO_BLK_T_GET_ID, VIRTIO_BLK_T_WRITE_ZEROES, VIRTIO_BLK_T_DISCARD,
};

#define TYPES (sizeof(types) / sizeof(types[0]))

static void hostile_request(void)
{
	struct virtio_blk_outhdr header = { .type = types[fuzz_u8() % TYPES], .sector = fuzz_u8() % (SECTORS + 2) };

	if (fuzz_once_in(16)) {
		header.type = fuzz_u32();
		header.sector = fuzz_edge();
	}
	fuzz_guest_hostile_chain(fuzz_below(QUEUES), &header, sizeof(header));
}

/* Almost a request as it should be: so that it gets far. */
static void sound_request(void)
{
	uint32_t queue = fuzz_below(QUEUES);
	uint32_t count = fuzz_below(5);
	uint8_t what = fuzz_u8();
	struct virtio_blk_outhdr header = { .type = types[what % 2u], .sector = what / 4u };
	struct guest_piece pieces[6] = { { HEADER(0), sizeof(header), 0 } };
	uint16_t write = what % 2u == 0 ? VRING_DESC_F_WRITE : 0;

	memcpy(guest_at(fuzz_guest.memory, HEADER(0)), &header, sizeof(header));
	for (uint32_t i = 1; i <= count; i++) {
		pieces[i] = (struct guest_piece){ fuzz_guest_address(), 512 * (1 + fuzz_below(4)), write };
	}
	pieces[count + 1] = (struct guest_piece){ STATUS(0), 1, VRING_DESC_F_WRITE };
	guest_write_chain(&fuzz_guest.queues[queue], 0, pieces, count + 2);
	guest_offer(&fuzz_guest.queues[queue], 0);
	fuzz_guest_write(VIRTIO_MMIO_QUEUE_NOTIFY, 4, queue);
}

static void hostile(void)
{
	fuzz_guest_start(QUEUES);
	while (fuzz_more()) {
		switch (fuzz_u8() % 5u) {
		case 2:
			sound_request();
			break;
		case 0:
			driver_move();
			break;
		case 1:
			hostile_request();
			break;
		default:
			fuzz_guest_hostile_move();
			break;
		}
	}
}

static void request(void)
{
	uint32_t queue = fuzz_below(QUEUES);
	uint32_t number = NUMBER(queue, fuzz_below(REQUESTS));
	uint32_t type = types[fuzz_u8() % 5u];
	uint32_t bytes = type == VIRTIO_BLK_T_GET_ID ? 20 : 512;
	bool data = type != VIRTIO_BLK_T_FLUSH && type != VIRTIO_BLK_T_WRITE_ZEROES;
	struct virtio_blk_outhdr header = { .type = type, .sector = SECTOR(number) };
	struct virtio_blk_discard_write_zeroes range = { .sector = SECTOR(number), .num_sectors = 1 };
	bool write = type == VIRTIO_BLK_T_OUT;
	struct guest_piece pieces[PIECES] = { { HEADER(number), sizeof(header), 0 } };
	uint32_t count = 1;

	if ((in_flight >> number & 1u) != 0) {
		return;
	}
	memcpy(guest_at(fuzz_guest.memory, HEADER(number)), &header, sizeof(header));
	if (data) {
		memset(guest_at(fuzz_guest.memory, DATA(number)), ++fill, bytes);
		pieces[count++] = (struct guest_piece){ DATA(number), bytes, write ? 0 : VRING_DESC_F_WRITE };
	} else if (type == VIRTIO_BLK_T_WRITE_ZEROES) {
		memcpy(guest_at(fuzz_guest.memory, DATA(number)), &range, sizeof(range));
		pieces[count++] = (struct guest_piece){ DATA(number), sizeof(range), 0 };
	}
	*(uint8_t *)guest_at(fuzz_guest.memory, STATUS(number)) = 0xff;
	pieces[count++] = (struct guest_piece){ STATUS(number), 1, VRING_DESC_F_WRITE };
	in_flight |= 1u << number;
	kinds[number] = type;
	fuzz_guest_offer(queue, (uint16_t)(number % REQUESTS * PIECES), (fill & 1u) != 0 ? HEADER(number) + 0x100 : 0,
			 pieces, count);
}

static void used(uint32_t queue, uint16_t head, uint32_t bytes)
{
	uint32_t number = NUMBER(queue, head / PIECES);
	const uint8_t *data = guest_at(fuzz_guest.memory, DATA(number));
	const uint8_t *sector = sectors + SECTOR(number) * 512;

	FUZZ_EXPECT(head % PIECES == 0 && head / PIECES < REQUESTS && (in_flight >> number & 1u) != 0);
	FUZZ_EXPECT(*(uint8_t *)guest_at(fuzz_guest.memory, STATUS(number)) == VIRTIO_BLK_S_OK);
	in_flight &= ~(1u << number);
	switch (kinds[number]) {
	case VIRTIO_BLK_T_IN:
		FUZZ_EXPECT(bytes == 513 && memcmp(data, sector, 512) == 0);
		break;
	case VIRTIO_BLK_T_OUT:
		FUZZ_EXPECT(bytes == 1 && memcmp(data, sector, 512) == 0);
		break;
	case VIRTIO_BLK_T_WRITE_ZEROES:
		FUZZ_EXPECT(bytes == 1 && sector[0] == 0 && sector[511] == 0);
		break;
	case VIRTIO_BLK_T_GET_ID:
		FUZZ_EXPECT(bytes == 21 && memcmp(data, share.serial, 20) == 0);
		break;
	default:
		FUZZ_EXPECT(bytes == 1);
		break;
	}
}

static void honest(void)
{
	fuzz_guest_start(QUEUES);
	while (fuzz_more()) {
		switch (fuzz_u8() % 8u) {
		case 0:
			fuzz_guest_interrupt();
			break;
		case 1:
			(void)fuzz_run(instance, NULL, FUZZ_NEVER);
			break;
		case 2:
		case 3:
			driver_move();
			break;
		default:
			request();
			break;
		}
	}
	/* Nobody dies any more. All that wakes anybody has been said. */
	for (uint32_t i = 0; i < 4; i++) {
		drive(0, UINT32_MAX);
		deliver_signal();
		fuzz_guest_settle();
		fuzz_guest_interrupt();
	}
	FUZZ_EXPECT(in_flight == 0 && channel->requested == channel->served && state.status == 15);
	for (uint32_t i = 0; i < DISK_SLOTS; i++) {
		FUZZ_EXPECT(channel->slots[i].token == 0);
	}
}

void fuzz_one(void)
{
	const struct fuzz_guest guest = {
		.device = &disk.device,
		.queue_count = QUEUES,
		.features = UINT64_MAX,
		.instance = instance,
		.used = used,
	};
	uint8_t kind = fuzz_u8();

	channel = (void *)fuzz_pages(2, CHANNEL_BYTES);
	memset(channel, 0, sizeof(*channel));
	memset(sectors, 1, sizeof(sectors));
	share = (struct sk_block_share){
		.capacity_sectors = SECTORS,
		.block_bytes = 512,
		.physical_block_bytes = 512,
		.features = 0xe,
		.segments_max = 126,
		.serial = "a serial number",
	};
	driver_honest = (kind & 1u) == 0;
	if (!driver_honest && (kind & 2u) != 0) {
		fuzz_bytes(&share, offsetof(struct sk_block_share, serial));
	}
	driver_awake = true;
	client_signalled = false;
	in_flight = 0;
	fill = 0;
	ends = 0;
	fuzz_watch(channel, CHANNEL_BYTES, true, !driver_honest);
	fuzz_guest_begin(&guest, &state);
	if (fuzz_guest.honest && driver_honest) {
		honest();
	} else {
		fuzz_guest.honest = false;
		hostile();
	}
}
