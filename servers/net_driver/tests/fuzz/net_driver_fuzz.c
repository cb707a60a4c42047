/*
 * The driver of a network interface between the switch and the hardware, each of them honest or hostile by the input;
 * it is killed anywhere. The device is told of no memory but the driver's own; between honest ones frames arrive whole.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <fuzz/fuzz.h>

#include "model.h"

#define main net_driver_main
int net_driver_main(void);
#include "../../main.c"
#undef main
#include "../../nic.c"

#define IRQ 5u
#define NOTIFICATION 6u
#define DMA 7u
#define PEER 8u
#define SWITCH 9u
#define DMA_BYTES (544u * 1024u)
#define WORDS (sizeof(struct packet_flow) - sizeof(((struct packet_flow *)0)->buffers)) /* bytes before the buffers */

static struct sk_start start;
static _Alignas(4096) uint8_t dma_memory[DMA_BYTES];
static struct packet_channel *channel;
static struct packet_port peer; /* an honest switch's */
static jmp_buf served;
static bool peer_honest;
static bool device_honest;
static uint64_t features;
static uint32_t queue_size;

sk_status_t sk_call(sk_cap_t to, struct sk_msg *msg)
{
	*msg = (struct sk_msg){ .tag = SK_OK };
	if (to == DMA) {
		msg->w[0] = (uint64_t)(uintptr_t)dma_memory;
		msg->w[1] = DMA_BYTES;
		msg->w[2] = MEMORY_MEMORY_KIND_RAM;
	}
	return SK_OK;
}

sk_status_t sk_signal(sk_cap_t slot, uint64_t bits)
{
	(void)slot;
	(void)bits;
	return SK_OK;
}

void *sk_message_buffer(void)
{
	static _Alignas(8) uint8_t buffer[SK_PAGE_BYTES];

	return buffer;
}

uint64_t sk_counter(void)
{
	return 0;
}

void sk_server_run(void)
{
	longjmp(served, 1);
}

bool sk_server_other(const struct sk_caller *caller, struct sk_msg *msg)
{
	(void)caller;
	(void)msg;
	return true;
}

uint64_t sk_wait(uint32_t slot, struct sk_msg *msg, struct sk_caller *caller)
{
	(void)slot;
	(void)msg;
	(void)caller;
	fuzz_fail(__FILE__, __LINE__, "the driver does not wait by itself");
}

uint64_t sk_reply_wait(uint64_t to, struct sk_msg *msg, struct sk_caller *caller)
{
	(void)to;
	return sk_wait(0, msg, caller);
}

void sk_exit(int code, const char *why)
{
	(void)code;
	(void)why;
	FUZZ_EXPECT(!device_honest);
	longjmp(served, 2);
}

static void name_cap(const char *name, uint32_t slot, uint32_t type)
{
	struct sk_start_cap *cap = &start.caps[start.cap_count++];

	(void)snprintf(cap->name, sizeof(cap->name), "%s", name);
	cap->slot = slot;
	cap->type = type;
}

static void name_region(const char *name, void *at, uint64_t bytes, uint32_t flags)
{
	struct sk_start_region *region = &start.regions[start.region_count++];

	*region = (struct sk_start_region){ .address = (uint64_t)(uintptr_t)at, .bytes = bytes, .flags = flags };
	(void)snprintf(region->name, sizeof(region->name), "%s", name);
}

static void begin(void *unused)
{
	(void)unused;
	memset(&driver, 0, sizeof(driver));
	model_init(VIRTIO_ID_NET, features, queue_size);
	if (setjmp(served) == 0) {
		FUZZ_EXPECT(net_driver_main() == EXIT_FAILURE);
	}
}

static void reset(void)
{
	channel = (void *)fuzz_pages(2, sizeof(*channel));
	memset(channel, 0, sizeof(*channel));
	memset(dma_memory, 0, sizeof(dma_memory));
	memset(&start, 0, sizeof(start));
	start.magic = SK_START_MAGIC;
	start.threads = 1;
	start.counter_hz = 1000000000;
	name_cap("irq", IRQ, SK_OBJECT_TYPE_INTERRUPT);
	name_cap("notification", NOTIFICATION, SK_OBJECT_TYPE_NOTIFICATION);
	name_cap("dma", DMA, SK_OBJECT_TYPE_MEMORY);
	name_cap("channel:net", PEER, SK_OBJECT_TYPE_NOTIFICATION);
	name_cap("switch", SWITCH, SK_OBJECT_TYPE_ENDPOINT);
	name_region("nic0", model_page(), MODEL_PAGE_BYTES, SK_REGION_DEVICE);
	name_region("dma", dma_memory, DMA_BYTES, 0);
	name_region("net", channel, sizeof(*channel), 0);
	FUZZ_EXPECT(sk_process_adopt(&start));
	packet_port_open(&peer, channel, false);
	fuzz_watch(channel, sizeof(*channel), true, !peer_honest);
	fuzz_watch(dma_memory, sizeof(dma_memory), true, !device_honest);
}

static void signal_driver(void *bits)
{
	if (setjmp(served) == 0) {
		signalled(*(const uint64_t *)bits);
	}
}

static void wake(uint64_t bits)
{
	fuzz_some_races();
	if (!fuzz_run(signal_driver, &bits, fuzz_some_kill())) {
		while (!fuzz_run(begin, NULL, fuzz_some_kill())) {
		}
	}
}

static void expect_own(const struct model_chain *chain)
{
	for (uint32_t i = 0; i < chain->count; i++) {
		uint64_t offset = (uint64_t)(chain->buffers[i].at - dma_memory);

		FUZZ_EXPECT(offset < DMA_BYTES && chain->buffers[i].bytes <= DMA_BYTES - offset);
	}
}

/* A frame has its length in its first two bytes, and the same byte all over its rest. */
static void expect_frame(const uint8_t *frame, uint32_t bytes)
{
	FUZZ_EXPECT(bytes >= NIC_FRAME_BYTES_MIN && bytes == (uint32_t)(frame[0] | frame[1] << 8));
	for (uint32_t i = 3; i < bytes; i++) {
		FUZZ_EXPECT(frame[i] == frame[2]);
	}
}

static uint32_t make_frame(uint8_t *frame)
{
	uint32_t bytes = NIC_FRAME_BYTES_MIN + fuzz_below(NIC_FRAME_BYTES - NIC_FRAME_BYTES_MIN + 1);

	memset(frame, fuzz_u8(), bytes);
	frame[0] = (uint8_t)bytes;
	frame[1] = (uint8_t)(bytes >> 8);
	return bytes;
}

static void device_works(void)
{
	struct model_chain chain;
	uint8_t what = fuzz_u8();

	if (what % 2u == 0 && model_take(TRANSMIT, &chain)) {
		expect_own(&chain);
		FUZZ_EXPECT(chain.count == 1 && !chain.buffers[0].writable);
		if (peer_honest) {
			expect_frame(chain.buffers[0].at + HEADER_BYTES, chain.buffers[0].bytes - HEADER_BYTES);
		}
		model_put(&chain, 0);
	} else if (what % 2u == 1 && model_take(RECEIVE, &chain)) {
		expect_own(&chain);
		FUZZ_EXPECT(chain.count == 1 && chain.buffers[0].writable &&
			    chain.buffers[0].bytes == NIC_BUFFER_BYTES);
		model_put(&chain, HEADER_BYTES + make_frame(chain.buffers[0].at + HEADER_BYTES));
	}
}

static void device_lies(void)
{
	uint8_t what = fuzz_u8();
	struct model_queue *queue = &model.queues[what / 128u];

	if (what % 8u == 0) {
		((uint64_t *)(void *)dma_memory)[fuzz_u32() % (DMA_BYTES / 8u)] = fuzz_edge();
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

static void switch_works(void)
{
	static uint8_t frame[PACKET_BYTES_MAX];
	struct packet_in in;
	struct net_packet header = { 0 };

	if (fuzz_u8() % 2u == 0) {
		while (packet_port_next(&peer, &in)) {
			packet_port_read(&peer, 0, frame, in.header.bytes);
			if (device_honest) {
				expect_frame(frame, in.header.bytes);
			}
			packet_port_done(&peer, &in);
		}
	} else if (packet_port_room(&peer) != 0) {
		header.bytes = make_frame(frame);
		packet_port_write(&peer, 0, frame, header.bytes);
		packet_port_send(&peer, &header);
	}
}

static void switch_lies(void)
{
	struct packet_flow *flow = &channel->from_switch;
	uint8_t what = fuzz_u8();
	struct net_packet packet = { .bytes = (uint32_t)fuzz_edge(), .packet_flags = fuzz_once_in(8) };

	switch (what % 4u) {
	case 0:
		((uint64_t *)(void *)(what < 128 ? flow : &channel->to_switch))[fuzz_u16() % (WORDS / 8u)] =
			fuzz_edge();
		break;
	case 1:
		flow->ring.written = flow->ring.read + fuzz_edge();
		break;
	case 2:
		channel->to_switch.ring.read = channel->to_switch.ring.written - fuzz_edge();
		break;
	default:
		flow->ring.entries[flow->ring.written % PACKET_SLOTS] = packet;
		flow->ring.written += packet_slots(packet.bytes);
		break;
	}
}

void fuzz_one(void)
{
	uint8_t kind = fuzz_u8();

	peer_honest = (kind & 1u) == 0;
	device_honest = (kind & 2u) == 0;
	features = 1ull << VIRTIO_NET_F_MAC | (uint64_t)(kind / 4u % 4u) << VIRTIO_RING_F_INDIRECT_DESC;
	queue_size = device_honest ? 1u << kind / 16u % 9u : (uint32_t)fuzz_edge();
	reset();
	(void)fuzz_run(begin, NULL, FUZZ_NEVER);
	while (fuzz_more()) {
		uint8_t bits = fuzz_u8();

		switch (bits % 4u) {
		case 0:
			if (device_honest) {
				device_works();
			} else {
				device_lies();
			}
			break;
		case 1:
			if (peer_honest) {
				switch_works();
			} else {
				switch_lies();
			}
			break;
		default:
			wake(((bits & 4u) != 0 ? SK_SIGNAL_INTERRUPT : 0) | ((bits & 8u) != 0 ? 0 : SK_SIGNAL_PEER));
			break;
		}
	}
}
