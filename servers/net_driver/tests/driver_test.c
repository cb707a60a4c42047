/*
 * The driver between a model of a virtio-net device and the switch's side of its channel: frames both ways, either side
 * full, an instance after the other, hardware that is absent or lies. The driver is all in this file: an instance's end
 * is the end of all its variables.
 */
#include <string.h>

#include "host_process.h"
#include "model.h"

#define main net_driver_main
int net_driver_main(void);
#include "../main.c"
#undef main
#include "../nic.c"

#define IRQ 5u
#define NOTIFICATION 6u
#define DMA 7u
#define PEER 8u
#define SWITCH 9u
#define DMA_BYTES (544u * 1024u)
#define HEADER sizeof(struct virtio_net_hdr_v1)

static _Alignas(4096) uint8_t dma_memory[DMA_BYTES];
static struct packet_channel channel;
static struct packet_port peer; /* the switch's side */
static uint32_t signals;
static uint32_t own_signals;
static uint32_t attached;
static bool absent;

sk_status_t sk_call(sk_cap_t to, struct sk_msg *msg)
{
	uint64_t tag = msg->tag & SK_TAG_METHOD_MASK;

	*msg = (struct sk_msg){ .tag = SK_OK };
	if (to == IRQ) {
		assert_int_equal(tag, INTERRUPT_TAG_ACKNOWLEDGE);
	} else if (to == SWITCH) {
		assert_int_equal(tag, NET_TAG_ATTACH);
		attached++;
	} else {
		assert_int_equal(to, DMA);
		assert_int_equal(tag, MEMORY_TAG_INFO);
		msg->w[0] = (uint64_t)(uintptr_t)dma_memory;
		msg->w[1] = DMA_BYTES;
		msg->w[2] = MEMORY_MEMORY_KIND_RAM;
	}
	return SK_OK;
}

sk_status_t sk_signal(sk_cap_t slot, uint64_t bits)
{
	assert_int_equal(bits, SK_SIGNAL_PEER);
	assert_true(slot == PEER || slot == NOTIFICATION);
	signals += slot == PEER;
	own_signals += slot == NOTIFICATION;
	return SK_OK;
}

uint64_t sk_counter(void)
{
	return 0;
}

/* A new instance, with hardware as it is after the supervisor has stopped it. */
static void instance(void)
{
	memset(&driver, 0, sizeof(driver));
	model_init(absent ? 0 : VIRTIO_ID_NET, 1ull << VIRTIO_RING_F_EVENT_IDX | 1ull << VIRTIO_NET_F_MAC, 256);
	(void)host_process_run(net_driver_main);
}

static int set_up(void **unused)
{
	(void)unused;
	host_process_reset();
	memset(&channel, 0, sizeof(channel));
	host_process_cap("irq", IRQ, SK_OBJECT_TYPE_INTERRUPT);
	host_process_cap("notification", NOTIFICATION, SK_OBJECT_TYPE_NOTIFICATION);
	host_process_cap("dma", DMA, SK_OBJECT_TYPE_MEMORY);
	host_process_cap("channel:net", PEER, SK_OBJECT_TYPE_NOTIFICATION);
	host_process_cap("switch", SWITCH, SK_OBJECT_TYPE_ENDPOINT);
	host_process_region("nic0", model_page(), MODEL_PAGE_BYTES, SK_REGION_DEVICE, 0);
	host_process_region("dma", dma_memory, DMA_BYTES, 0, 0);
	host_process_region("net", &channel, sizeof(channel), 0, 0);
	absent = false;
	signals = own_signals = attached = 0;
	packet_port_open(&peer, &channel, false);
	instance();
	return 0;
}

static void signal_driver(uint64_t bits)
{
	if (host_process_goes_on()) {
		signalled(bits);
	}
}

static void send_packet(struct net_packet header, uint8_t value)
{
	static uint8_t data[PACKET_BYTES_MAX];

	memset(data, value, header.bytes);
	packet_port_write(&peer, 0, data, header.bytes);
	packet_port_send(&peer, &header);
}

static void send(uint32_t bytes, uint8_t value)
{
	send_packet((struct net_packet){ .bytes = bytes }, value);
}

/* The device has sent a frame of `bytes` bytes, all of them `value`, with a header that leaves nothing to it. */
static struct model_chain expect_frame(uint32_t bytes, uint8_t value)
{
	static const uint8_t plain[HEADER];
	struct model_chain chain;

	assert_true(model_take(TRANSMIT, &chain));
	assert_int_equal(chain.count, 1);
	assert_false(chain.buffers[0].writable);
	assert_int_equal(chain.buffers[0].bytes, HEADER + bytes);
	assert_memory_equal(chain.buffers[0].at, plain, HEADER);
	assert_int_equal(chain.buffers[0].at[HEADER], value);
	assert_int_equal(chain.buffers[0].at[HEADER + bytes - 1], value);
	return chain;
}

static void expect_no_frame(void)
{
	struct model_chain chain;

	assert_false(model_take(TRANSMIT, &chain));
}

/* A frame comes in; `written` of its buffer, header included. */
static bool come_in(uint32_t written, uint8_t value)
{
	struct model_chain chain;

	if (!model_take(RECEIVE, &chain)) {
		return false;
	}
	assert_int_equal(chain.count, 1);
	assert_true(chain.buffers[0].writable);
	assert_int_equal(chain.buffers[0].bytes, NIC_BUFFER_BYTES);
	memset(chain.buffers[0].at, 0, HEADER);
	memset(chain.buffers[0].at + HEADER, value, NIC_FRAME_BYTES);
	model_put(&chain, written);
	return true;
}

static bool got(uint32_t *bytes, uint8_t *value)
{
	struct packet_in in;

	if (!packet_port_next(&peer, &in)) {
		return false;
	}
	*bytes = in.header.bytes;
	packet_port_read(&peer, in.header.bytes - 1, value, 1);
	packet_port_done(&peer, &in);
	return true;
}

static void test_start(void **unused)
{
	uint32_t buffers = 0;

	(void)unused;
	assert_int_equal(attached, 1);
	assert_int_equal(signals, 1);
	assert_int_equal(packet_port_accepted(&peer), 0);
	assert_int_equal(model.accepted & 1ull << VIRTIO_NET_F_MAC, 0);
	while (come_in(0, 0)) {
		buffers++;
	}
	assert_int_equal(buffers, NIC_BUFFERS);
}

static void test_transmit(void **unused)
{
	struct model_chain chain;

	(void)unused;
	assert_int_equal(channel.from_switch.words.reader_sleeps, 1);
	send(60, 1);
	send(1514, 2);
	signal_driver(SK_SIGNAL_PEER);
	assert_int_equal(model.notifies, 2); /* with the one of the start */
	chain = expect_frame(60, 1);
	model_put(&chain, 0);
	chain = expect_frame(1514, 2);
	model_put(&chain, 0);
	expect_no_frame();
	assert_int_equal(packet_port_room(&peer), PACKET_SLOTS);
	assert_int_equal(channel.from_switch.words.reader_sleeps, 1);
}

static void test_what_is_not_sent(void **unused)
{
	(void)unused;
	send(NIC_FRAME_BYTES + 1, 1);
	send_packet((struct net_packet){ .bytes = 60, .packet_flags = NET_PACKET_FLAGS_NEEDS_CHECKSUM }, 2);
	send(NIC_FRAME_BYTES, 3);
	signal_driver(SK_SIGNAL_PEER);
	(void)expect_frame(NIC_FRAME_BYTES, 3);
	expect_no_frame();
	assert_int_equal(packet_port_room(&peer), PACKET_SLOTS);
}

/* The hardware takes no more than it has room for; the rest waits for its interrupt. */
static void test_transmit_waits(void **unused)
{
	struct model_chain chains[NIC_BUFFERS];

	(void)unused;
	for (uint32_t i = 0; i < 200; i++) {
		send(60, (uint8_t)i);
	}
	signal_driver(SK_SIGNAL_PEER);
	assert_int_equal(own_signals, 0);
	for (uint32_t i = 0; i < NIC_BUFFERS; i++) {
		chains[i] = expect_frame(60, (uint8_t)i);
	}
	expect_no_frame();
	for (uint32_t i = 0; i < NIC_BUFFERS; i++) {
		model_put(&chains[i], 0);
	}
	assert_true(model.interrupts != 0);
	signal_driver(SK_SIGNAL_INTERRUPT);
	for (uint32_t i = NIC_BUFFERS; i < 200; i++) {
		(void)expect_frame(60, (uint8_t)i);
	}
	expect_no_frame();
}

static void test_receive(void **unused)
{
	uint32_t bytes;
	uint8_t value;

	(void)unused;
	assert_false(packet_port_sleep(&peer));
	signals = 0;
	for (uint32_t i = 0; i < 1000; i++) {
		assert_true(come_in((uint32_t)HEADER + 60 + i, (uint8_t)i));
		assert_int_equal(model.interrupt_status, 1);
		signal_driver(SK_SIGNAL_INTERRUPT);
		assert_int_equal(model.interrupt_status, 0);
		assert_true(got(&bytes, &value));
		assert_int_equal(bytes, 60 + i);
		assert_int_equal(value, (uint8_t)i);
	}
	assert_int_equal(signals, 1); /* it was awake from then on */
}

static void test_frames_that_cannot_be(void **unused)
{
	static const uint32_t written[] = { 0, 12, 25, 2049, UINT32_MAX };
	uint32_t bytes;
	uint8_t value;

	(void)unused;
	for (uint32_t i = 0; i < 500; i++) {
		assert_true(come_in(written[i % 5], 1));
		signal_driver(SK_SIGNAL_INTERRUPT);
		assert_false(got(&bytes, &value));
	}
	assert_true(come_in(26, 7));
	signal_driver(SK_SIGNAL_INTERRUPT);
	assert_true(got(&bytes, &value));
	assert_int_equal(bytes, 14);
}

/* A switch that takes nothing: frames stay in the hardware's queue, in order, until there is room. */
static void test_receive_waits(void **unused)
{
	uint32_t bytes;
	uint8_t value;
	uint32_t sent = 0;
	uint32_t received = 0;

	(void)unused;
	for (uint32_t i = 0; i < 5; i++) {
		while (come_in((uint32_t)HEADER + 60, (uint8_t)sent)) {
			sent++;
		}
		signal_driver(SK_SIGNAL_INTERRUPT);
	}
	assert_int_equal(sent, PACKET_SLOTS + NIC_BUFFERS);
	assert_int_equal(own_signals, 0);
	assert_int_equal(channel.to_switch.words.writer_waits, 1);
	for (; received < sent; received++) {
		if (!got(&bytes, &value)) {
			assert_true(packet_port_wakes(&peer));
			signal_driver(SK_SIGNAL_PEER);
			assert_true(got(&bytes, &value));
		}
		assert_int_equal(value, (uint8_t)received);
	}
}

/* The next instance resets the hardware, fills its queue, and goes on with what is in the channel. */
static void test_a_new_instance(void **unused)
{
	uint32_t bytes;
	uint8_t value;

	(void)unused;
	send(60, 1);
	signal_driver(SK_SIGNAL_PEER);
	send(60, 2);
	assert_true(come_in((uint32_t)HEADER + 60, 3));
	instance();
	assert_int_equal(attached, 2);
	assert_int_equal(model.resets, 1);
	(void)expect_frame(60, 2);
	expect_no_frame();
	assert_true(come_in((uint32_t)HEADER + 60, 4));
	signal_driver(SK_SIGNAL_INTERRUPT);
	assert_true(got(&bytes, &value));
	assert_int_equal(value, 4);
	assert_false(got(&bytes, &value));
}

static void test_no_hardware(void **unused)
{
	(void)unused;
	absent = true;
	instance();
	for (uint32_t i = 0; i < 1000; i++) {
		send(60, 1);
		signal_driver(SK_SIGNAL_PEER);
		assert_int_equal(packet_port_room(&peer), PACKET_SLOTS);
	}
}

static void test_hardware_that_lies(void **unused)
{
	struct model_chain chain;

	(void)unused;
	assert_true(model_take(RECEIVE, &chain));
	chain.head = 500;
	model_put(&chain, 60);
	expect_string(sk_exit, why, "the network interface says that it did what it was not asked to do");
	signal_driver(SK_SIGNAL_INTERRUPT);
	instance();
	model.status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	expect_string(sk_exit, why, "the network interface needs a reset");
	signal_driver(SK_SIGNAL_INTERRUPT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_start, set_up),
		cmocka_unit_test_setup(test_transmit, set_up),
		cmocka_unit_test_setup(test_what_is_not_sent, set_up),
		cmocka_unit_test_setup(test_transmit_waits, set_up),
		cmocka_unit_test_setup(test_receive, set_up),
		cmocka_unit_test_setup(test_frames_that_cannot_be, set_up),
		cmocka_unit_test_setup(test_receive_waits, set_up),
		cmocka_unit_test_setup(test_a_new_instance, set_up),
		cmocka_unit_test_setup(test_no_hardware, set_up),
		cmocka_unit_test_setup(test_hardware_that_lies, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
