/*
 * The network: two interfaces of this guest, each behind a switch and a driver of its own, with a cable between the two
 * physical ones. A stream of words runs each way, in frames with a sequence number, the number up to which the other
 * way's frames came, and a sum. A network may lose frames, and whoever uses it sees to that: what was not acknowledged
 * in time is sent again, and a frame whose sum is wrong counts as lost (it is noted). What must not be: a frame whose sum
 * is right and whose words are not those of its number; a stream that stops; a buffer that comes back twice or never.
 */
#include "load.h"

#include <linux/virtio_net.h>

#define WINDOW 8u
#define FRAMES_EACH_ROUND 2u
#define WORDS_MAX 160u
#define RESEND_ROUNDS 1u
#define ETHERTYPE 0xb588u /* 0x88b5, for local experiments, as it lies in memory */
#define RECEIVE 0u
#define TRANSMIT 1u
#define HEADER_BYTES ((uint32_t)sizeof(struct virtio_net_hdr_v1))

struct frame {
	uint8_t to[6];
	uint8_t from[6];
	uint16_t type;
	uint16_t words;
	uint64_t sequence;
	uint64_t acknowledged; /* the other way's frames below it have come */
	uint64_t sum;
	uint64_t data[WORDS_MAX];
};

#define FRAME_BYTES(words) ((uint32_t)(__builtin_offsetof(struct frame, data) + (words) * 8u))

struct buffer {
	uint32_t before; /* so that the frame, behind virtio's header, is aligned */
	struct virtio_net_hdr_v1 header;
	struct frame frame;
};

_Static_assert(__builtin_offsetof(struct buffer, frame) == 4u + HEADER_BYTES, "nothing between header and frame");

struct device net_devices[2] = {
	{.name = "net0", .base = 0x0a000200u, .intid = 49, .id = VIRTIO_ID_NET, .queues = 2},
	{.name = "net1", .base = 0x0a000400u, .intid = 50, .id = VIRTIO_ID_NET, .queues = 2},
};

static struct side {
	struct patience patience;
	uint64_t next;	   /* sequence number of the frame that is sent next */
	uint64_t oldest;   /* that was not acknowledged */
	uint64_t expected; /* of the other way */
	uint32_t rounds;   /* since the last acknowledgement */
	struct buffer sent[RING_SIZE];
	struct buffer received[RING_SIZE];
} sides[2] = {
	{.patience = {.name = "net0"}},
	{.patience = {.name = "net1"}},
};

static uint64_t word_of(uint32_t way, uint64_t number, uint32_t word)
{
	return (number << 32 | way << 16 | word) * 0x9e3779b97f4a7c15u;
}

static uint64_t sum_of(const struct frame *frame)
{
	uint64_t sum = frame->words;
	sum = sum * 31u + frame->sequence;
	sum = sum * 31u + frame->acknowledged;
	for (uint32_t i = 0; i < frame->words; i++) {
		sum = sum * 31u + frame->data[i];
	}
	return sum;
}

static void set_address(uint8_t address[6], uint32_t side)
{
	static const uint8_t addresses[2][6] = {
		{0x52, 0x54, 0x00, 0x12, 0x34, 0x56}, {0x52, 0x54, 0x00, 0x12, 0x34, 0x57}};
	for (uint32_t i = 0; i < 6; i++) {
		address[i] = addresses[side][i];
	}
}

static void send(uint32_t side, uint32_t slot)
{
	struct side *self = &sides[side];
	struct buffer *buffer = &self->sent[slot];
	struct frame *frame = &buffer->frame;
	uint64_t number = self->next++;
	set_address(frame->to, 1 - side);
	set_address(frame->from, side);
	frame->type = ETHERTYPE;
	frame->words = (uint16_t)(4 + number * 37 % (WORDS_MAX - 4));
	frame->sequence = number;
	frame->acknowledged = self->expected;
	for (uint32_t i = 0; i < frame->words; i++) {
		frame->data[i] = word_of(side, number, i);
	}
	frame->sum = sum_of(frame);
	buffer->header = (struct virtio_net_hdr_v1){.gso_type = VIRTIO_NET_HDR_GSO_NONE};
	const struct piece piece = {&buffer->header, HEADER_BYTES + FRAME_BYTES(frame->words), false};
	ring_offer(&net_devices[side].rings[TRANSMIT], slot, &piece, 1);
}

static void give_buffer(uint32_t side, uint32_t slot)
{
	const struct piece piece = {&sides[side].received[slot].header, HEADER_BYTES + (uint32_t)sizeof(struct frame), true};
	ring_offer(&net_devices[side].rings[RECEIVE], slot, &piece, 1);
}

static void take_acknowledged(struct side *self, uint64_t acknowledged)
{
	if (acknowledged > self->oldest) {
		self->oldest = acknowledged;
		self->next = self->next < acknowledged ? acknowledged : self->next;
		self->rounds = 0;
		patience_renew(&self->patience, self->next != self->oldest);
	}
}

static void take_frame(uint32_t side, const struct frame *frame, uint32_t bytes)
{
	struct side *self = &sides[side];
	if (bytes < FRAME_BYTES(0) || frame->words > WORDS_MAX || bytes < FRAME_BYTES(frame->words) ||
	    frame->type != ETHERTYPE || frame->sum != sum_of(frame)) {
		say("note %s damaged frame of %u bytes", net_devices[side].name, bytes);
		return;
	}
	if (frame->sequence > sides[1 - side].next + WINDOW || frame->acknowledged > self->oldest + WINDOW) {
		say("wrong %s: frame %llu acknowledges %llu", net_devices[side].name,
		    (unsigned long long)frame->sequence, (unsigned long long)frame->acknowledged);
		return;
	}
	for (uint32_t i = 0; i < frame->words; i++) {
		if (frame->data[i] != word_of(1 - side, frame->sequence, i)) {
			say("wrong %s: frame %llu word %u", net_devices[side].name, (unsigned long long)frame->sequence,
			    i);
			return;
		}
	}
	take_acknowledged(self, frame->acknowledged);
	self->expected += frame->sequence == self->expected ? 1 : 0;
}

static bool begin_side(uint32_t side)
{
	struct device *device = &net_devices[side];
	if (!device_begin(device)) {
		say("wrong %s: it can't be begun", device->name);
		return false;
	}
	for (uint32_t i = 0; i < RING_SIZE; i++) {
		give_buffer(side, i);
	}
	ring_kick(device, RECEIVE);
	return true;
}

bool net_begin(void)
{
	bool fine = begin_side(0);
	return begin_side(1) && fine;
}

static void begin_again(uint32_t side)
{
	struct side *self = &sides[side];
	(void)begin_side(side);
	self->next = self->oldest;
	self->rounds = 0;
}

static void look_queue(uint32_t side, uint32_t queue)
{
	struct device *device = &net_devices[side];
	uint32_t slot, bytes;
	for (enum taken taken = ring_take(&device->rings[queue], &slot, &bytes); taken != TAKEN_NONE;
	     taken = ring_take(&device->rings[queue], &slot, &bytes)) {
		if (taken == TAKEN_WRONG) {
			say("wrong %s: buffer %u came back twice", device->name, slot);
		} else if (queue == RECEIVE) {
			take_frame(side, &sides[side].received[slot].frame, bytes > HEADER_BYTES ? bytes - HEADER_BYTES : 0);
			give_buffer(side, slot);
		}
	}
	ring_kick(device, queue);
}

void net_look(void)
{
	for (uint32_t side = 0; side < 2; side++) {
		struct device *device = &net_devices[side];
		if (!device_was_interrupted(device)) {
			continue;
		}
		if (device_is_broken(device)) {
			if (device_agree(device)) {
				say("lost %s: it needed a reset", device->name);
				begin_again(side);
			} else {
				device_give_up(device);
			}
			continue;
		}
		look_queue(side, RECEIVE);
		look_queue(side, TRANSMIT);
	}
}

/* Sent buffers come back without an interrupt's help: a driver looks when it needs one. */
static void round_of(uint32_t side)
{
	struct side *self = &sides[side];
	struct ring *ring = &net_devices[side].rings[TRANSMIT];
	if (!net_devices[0].there || !net_devices[1].there) {
		return; /* the other one has nobody to talk to */
	}
	if (patience_is_over(&self->patience)) {
		begin_again(side);
	}
	if (++self->rounds > RESEND_ROUNDS) {
		self->next = self->oldest;
		self->rounds = 0;
	}
	look_queue(side, TRANSMIT);
	uint32_t count = 0;
	for (uint32_t slot = 0; slot < RING_SIZE && count < FRAMES_EACH_ROUND && self->next < self->oldest + WINDOW; slot++) {
		if ((ring->given & 1u << slot) == 0) {
			send(side, slot);
			count++;
		}
	}
	ring_kick(&net_devices[side], TRANSMIT);
	if (self->patience.since == 0) {
		patience_renew(&self->patience, self->next != self->oldest);
	}
}

void net_round(void)
{
	round_of(0);
	round_of(1);
}
