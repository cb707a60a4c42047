/*
 * The driver of a network interface: QEMU's virtio-net behind a virtio-mmio transport. Frames go between it and the
 * channel to the switch (idl/net.idl).
 *
 * It keeps no state. A new instance resets the hardware and fills its queues anew; frames that were in them are lost,
 * which networks may do.
 *
 * Region "net" and capability "channel:net" are the channel, capability "switch" is the switch's endpoint.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sk/idl/kernel_client.h>
#include <sk/idl/net_client.h>
#include <sk/process.h>
#include <sk/server.h>

#include <packet/channel.h>

#include "nic.h"

#define ROUND 64u  /* frames each way, before the other one has its turn */
#define ROUNDS 16u /* at a stretch: then whoever calls gets a turn */

/* Worker 0 alone uses them. */
static struct {
	struct nic nic;
	struct packet_port port;
	sk_cap_t peer;
	sk_cap_t interrupt;
	sk_cap_t notification;
	bool full;    /* frames wait for room in the channel */
	bool waiting; /* packets wait for a buffer of the hardware */
} driver;

static bool dispatch(const struct sk_caller *caller, struct sk_msg *msg)
{
	return sk_server_other(caller, msg);
}

static void wake_switch(void)
{
	if (driver.peer != SK_CAP_NONE) {
		(void)sk_signal(driver.peer, SK_SIGNAL_PEER);
	}
}

/* The device first: its line is low when the kernel looks at it again. */
static void acknowledge(void)
{
	(void)virtio_hardware_interrupt(&driver.nic.hardware);
	(void)interrupt_acknowledge(driver.interrupt);
}

_Noreturn static void give_up(void)
{
	sk_exit(1, "the network interface says that it did what it was not asked to do");
}

/* A packet that the hardware can't send is dropped: nobody was told that it could. */
static bool transmit(void)
{
	struct packet_in in;
	uint32_t count = 0;

	driver.waiting = false;
	if (!nic_reclaim(&driver.nic)) {
		give_up();
	}
	while (count < ROUND && packet_port_next(&driver.port, &in)) {
		uint8_t *frame = nic_frame(&driver.nic);

		if (frame == NULL) {
			driver.waiting = true;
			break;
		}
		if (in.header.bytes <= NIC_FRAME_BYTES && packet_needs(&in.header) == 0) {
			packet_port_read(&driver.port, 0, frame, in.header.bytes);
			nic_send(&driver.nic, in.header.bytes);
		}
		packet_port_done(&driver.port, &in);
		count++;
	}
	return count != 0;
}

static bool receive(void)
{
	uint32_t count = 0;

	driver.full = false;
	while (count < ROUND) {
		struct net_packet packet = { 0 };
		const uint8_t *frame = NULL;
		uint32_t number = 0;

		if (packet_port_room(&driver.port) == 0 && !packet_port_wait_room(&driver.port, 1)) {
			driver.full = true;
			break;
		}

		enum virtio_ring_status status = nic_take(&driver.nic, &frame, &packet.bytes, &number);

		if (status == VIRTIO_RING_BROKEN) {
			give_up();
		}
		if (status == VIRTIO_RING_EMPTY) {
			break;
		}
		if (packet.bytes != 0) {
			packet_port_write(&driver.port, 0, frame, packet.bytes);
			packet_port_send(&driver.port, &packet);
		}
		nic_recycle(&driver.nic, number);
		count++;
	}
	return count != 0;
}

static bool serve_round(void)
{
	bool any = transmit();

	any = receive() || any;
	nic_kick(&driver.nic);
	if (packet_port_wakes(&driver.port)) {
		wake_switch();
	}
	return any;
}

/* After it, whoever has something new wakes this side. False: there is something already. */
static bool fall_asleep(void)
{
	bool more = nic_arm(&driver.nic, driver.waiting) && !driver.full;

	/* What waits for the hardware's buffers waits for its interrupt. */
	return !(packet_port_sleep(&driver.port) && !driver.waiting) && !more;
}

static void serve(void)
{
	if (!driver.nic.there) {
		packet_port_drop(&driver.port);
		return;
	}
	packet_port_awake(&driver.port);
	for (uint32_t round = 0; round < ROUNDS; round++) {
		if (!serve_round() && fall_asleep()) {
			return;
		}
	}
	(void)sk_signal(driver.notification, SK_SIGNAL_PEER);
}

static void signalled(uint64_t bits)
{
	if ((bits & SK_SIGNAL_INTERRUPT) != 0) {
		acknowledge();
		if (driver.nic.there && virtio_hardware_is_broken(&driver.nic.hardware)) {
			sk_exit(1, "the network interface needs a reset");
		}
	}
	if ((bits & (SK_SIGNAL_INTERRUPT | SK_SIGNAL_PEER)) != 0) {
		serve();
	}
}

SK_SERVER(dispatch, signalled)

static bool open_nic(void)
{
	static const char *const texts[] = {
		[NIC_ABSENT] = "there is no network interface (skink run --net user)",
		[NIC_UNUSABLE] = "the network interface refuses to work with this driver",
		[NIC_NO_MEMORY] = "`dma-kib` is too small for its queues; expected at least 544",
	};

	if (!virtio_process_memory(&driver.nic.dma)) {
		return false;
	}

	enum nic_state state = nic_open(&driver.nic);

	if (state != NIC_READY) {
		(void)printf("%s\n", texts[state]);
	}
	return state != NIC_NO_MEMORY;
}

int main(void)
{
	const struct sk_start_region *region = sk_region_named("net");
	net_offloads_t offloads;

	driver.peer = sk_cap_named_of_type("channel:net", SK_OBJECT_TYPE_NOTIFICATION);
	driver.interrupt = sk_cap_named_of_type("irq", SK_OBJECT_TYPE_INTERRUPT);
	driver.notification = sk_cap_named_of_type("notification", SK_OBJECT_TYPE_NOTIFICATION);
	if (region == NULL || region->bytes < sizeof(struct packet_channel)) {
		(void)printf("no region \"net\" of at least %zu bytes\n", sizeof(struct packet_channel));
		return EXIT_FAILURE;
	}
	if (!open_nic()) {
		return EXIT_FAILURE;
	}
	packet_port_open(&driver.port, (void *)(uintptr_t)region->address, true);
	packet_port_accept(&driver.port, 0);
	if (net_attach(sk_cap_named_of_type("switch", SK_OBJECT_TYPE_ENDPOINT), 0, 1, &offloads) != SK_OK) {
		(void)printf("the switch has no port for this server, or does not answer\n");
	}
	serve();
	/* An earlier instance may have died before it could. */
	wake_switch();
	sk_server_run();
}
