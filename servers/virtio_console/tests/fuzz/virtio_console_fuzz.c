/*
 * A console between a guest and the console server, each of them hostile or honest by the input,
 * whose own server is killed anywhere. Hostile ones do no harm. When both are honest each byte arrives once, in order,
 * in both directions, and whoever sleeps is woken.
 */
#include <string.h>

#include "../../console.h"
#include "guest_fuzz.h"

#define PORTS 2u
#define STREAM_BYTES 512u /* 128 each way */
#define CAPACITY 128u
#define CHAINS 5u
#define CHAIN_BYTES 200u
#define IN 0u /* queues of port 0 */
#define OUT 1u

static struct console console;
static struct sk_virtio_state state;
static struct sk_virtio_console_state own;
static uint64_t streams[PORTS][STREAM_BYTES / 8];
static bool peer_honest;
static bool peer_signalled;
static bool client_signalled;
static uint32_t in_flight[2];
/* The number of bytes that the guest, the peer sent and got; a byte's value is the low part of its number. */
static uint32_t guest_sent, guest_got, peer_sent, peer_got;

static struct sk_byte_ring *printed(uint32_t port)
{
	return (struct sk_byte_ring *)(void *)streams[port];
}

static struct sk_byte_ring *typed(uint32_t port)
{
	return (struct sk_byte_ring *)(void *)((uint8_t *)streams[port] + STREAM_BYTES / 2);
}

static void instance(void *unused)
{
	(void)unused;
	memset(&console, 0, sizeof(console));
	for (uint32_t i = 0; i < PORTS; i++) {
		FUZZ_EXPECT(console_add_port(&console, streams[i], STREAM_BYTES, false));
	}
	console_describe(&console, 80, 25);
	(void)virtio_memory_add(&console.device.memory, GUEST_BASE, FUZZ_GUEST_BYTES, fuzz_guest.memory);
	virtio_mmio_open(&console.device, &state);
	console_open(&console, &own);
	peer_signalled = true;
	virtio_mmio_serve(&console.device, VIRTIO_MMIO_ALL_QUEUES);
	(void)virtio_mmio_settle(&console.device);
}

static void look(void *unused)
{
	(void)unused;
	virtio_mmio_serve(&console.device, VIRTIO_MMIO_ALL_QUEUES);
}

/* What the server does after each exit. */
static void take_signal(void)
{
	peer_signalled |= console.signal;
	console.signal = false;
}

static void peer_reads(uint32_t most)
{
	uint8_t bytes[CAPACITY];
	uint32_t room = CAPACITY - (uint32_t)sk_byte_ring_used(printed(0), CAPACITY);
	uint32_t count;

	take_signal();
	if (!peer_signalled) {
		return;
	}
	count = (uint32_t)sk_byte_ring_read(printed(0), CAPACITY, bytes, most < CAPACITY ? most : CAPACITY);
	for (uint32_t i = 0; i < count; i++) {
		FUZZ_EXPECT(!fuzz_guest.honest || bytes[i] == (uint8_t)peer_got);
		peer_got++;
	}
	client_signalled |= room == 0 && count != 0;
	peer_signalled = sk_byte_ring_used(printed(0), CAPACITY) != 0;
}

static void peer_types(uint32_t count)
{
	int was_empty = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint8_t byte = (uint8_t)peer_sent;

		if (sk_byte_ring_write(typed(0), CAPACITY, &byte, 1, &was_empty) == 0) {
			break;
		}
		peer_sent++;
		client_signalled |= was_empty != 0;
	}
}

static void deliver_signal(void)
{
	if (client_signalled) {
		client_signalled = false;
		fuzz_guest_run(look, NULL);
		take_signal();
	}
}

static void hostile_peer_move(void)
{
	uint8_t what = fuzz_u8();
	uint32_t port = what / 4u % PORTS;

	switch (what % 4u) {
	case 0:
		streams[port][fuzz_u8() % (STREAM_BYTES / 8u)] = fuzz_edge();
		break;
	case 1:
		typed(port)->written = typed(port)->read + fuzz_edge();
		break;
	case 2:
		printed(port)->read = printed(port)->written - fuzz_edge();
		break;
	default:
		typed(port)->written++;
		break;
	}
	fuzz_guest_run(look, NULL);
}

static void peer_move(void)
{
	uint8_t what = fuzz_u8();

	if (!peer_honest) {
		hostile_peer_move();
	} else if (what % 4u == 0) {
		peer_reads(what / 4u);
	} else if (what % 4u == 1) {
		deliver_signal();
	} else {
		peer_types(what / 4u);
	}
}

static void hostile_message(void)
{
	struct virtio_console_control message = { fuzz_u8() % (PORTS + 1), fuzz_u8() % 9u, fuzz_u8() % 2u };

	fuzz_guest_hostile_chain(CONSOLE_CONTROL_OUT, &message, sizeof(message));
	fuzz_guest_write(VIRTIO_MMIO_QUEUE_NOTIFY, 4, CONSOLE_CONTROL_OUT);
}

static void hostile(void)
{
	fuzz_guest_start(GUEST_QUEUES_MAX);
	while (fuzz_more()) {
		switch (fuzz_u8() % 8u) {
		case 0:
		case 1:
			peer_move();
			break;
		case 2:
			hostile_message();
			break;
		case 3:
			fuzz_guest_write(VIRTIO_MMIO_CONFIG + offsetof(struct virtio_console_config, emerg_wr), 4,
					 fuzz_u8());
			break;
		default:
			fuzz_guest_hostile_move();
			break;
		}
	}
}

static uint64_t place(uint32_t queue, uint32_t chain)
{
	return GUEST_DATA + (queue * CHAINS + chain) * 0x200ull;
}

static void offer(uint32_t queue, uint32_t bytes)
{
	uint32_t chain = (uint32_t)__builtin_ctz(~in_flight[queue]);
	struct guest_piece pieces[2] = {
		{ place(queue, chain), bytes / 2 + 1, queue == IN ? VRING_DESC_F_WRITE : 0 },
		{ place(queue, chain) + bytes / 2 + 1, bytes / 2, queue == IN ? VRING_DESC_F_WRITE : 0 },
	};
	uint8_t *at = guest_at(fuzz_guest.memory, place(queue, chain));

	if (chain >= CHAINS) {
		return;
	}
	for (uint32_t i = 0; queue == OUT && i < bytes / 2 * 2 + 1; i++) {
		at[i] = (uint8_t)guest_sent++;
	}
	in_flight[queue] |= 1u << chain;
	fuzz_guest_offer(queue, (uint16_t)(2 * chain), 0, pieces, 2);
	take_signal();
}

static void used(uint32_t queue, uint16_t head, uint32_t bytes)
{
	uint32_t chain = head / 2u;
	const uint8_t *at = guest_at(fuzz_guest.memory, place(queue, chain));

	FUZZ_EXPECT(queue <= OUT && chain < CHAINS && (in_flight[queue] >> chain & 1u) != 0);
	in_flight[queue] &= ~(1u << chain);
	if (queue == IN) {
		FUZZ_EXPECT(bytes != 0 && bytes <= CHAIN_BYTES);
		for (uint32_t i = 0; i < bytes; i++) {
			FUZZ_EXPECT(at[i] == (uint8_t)guest_got);
			guest_got++;
		}
	}
}

static void honest(void)
{
	fuzz_guest_start(2);
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
			offer(OUT, fuzz_u8() % (CHAIN_BYTES - 1));
			break;
		case 4:
			offer(IN, fuzz_u8() % (CHAIN_BYTES - 1));
			break;
		default:
			peer_move();
			break;
		}
		take_signal();
	}
	/* Nobody dies any more. All that wakes anybody has been said. */
	for (uint32_t i = 0; i < 300 && (i < 4 || guest_got != peer_sent || peer_got != guest_sent); i++) {
		peer_reads(UINT32_MAX);
		deliver_signal();
		offer(IN, CHAIN_BYTES - 2);
		fuzz_guest_settle();
		fuzz_guest_interrupt();
	}
	FUZZ_EXPECT(in_flight[OUT] == 0 && state.status == 15);
	FUZZ_EXPECT(guest_got == peer_sent && peer_got == guest_sent);
}

void fuzz_one(void)
{
	const struct fuzz_guest guest = {
		.device = &console.device,
		.queue_count = GUEST_QUEUES_MAX,
		.instance = instance,
		.used = used,
	};
	uint8_t kind = fuzz_u8();

	memset(streams, 0, sizeof(streams));
	memset(&own, 0, sizeof(own));
	memset(in_flight, 0, sizeof(in_flight));
	guest_sent = guest_got = peer_sent = peer_got = 0;
	printed(0)->read = printed(0)->written = kind;
	peer_honest = (kind & 1u) == 0;
	peer_signalled = client_signalled = false;
	fuzz_watch(streams, sizeof(streams), true, !peer_honest);
	fuzz_watch(&own, sizeof(own), true, false);
	fuzz_guest_begin(&guest, &state);
	if (fuzz_guest.honest && peer_honest) {
		fuzz_guest.queue_count = 2;
		honest();
		return;
	}
	fuzz_guest.features = UINT64_MAX;
	fuzz_guest.honest = false;
	hostile();
}
