/*
 * The driver of a disk: QEMU's virtio-blk behind a virtio-mmio transport. Device servers ask it for I/O through
 * channels (idl/block.idl), each for its share of the disk; the hardware reads and writes the VMs' memory itself,
 * which this process can't even map.
 *
 * It keeps no state. A new instance resets the hardware, after which nothing that the old one began goes on, and
 * executes every request that is still unserved.
 *
 * Argument `settle` (beside those in share.h): an emulator's disk works on while the machine does, so no two runs are the
 * same. With it, the machine has a second virtio-blk device for the same disk at the next transport, and QEMU completes
 * all that the disk was asked for within the store that resets that one. The driver resets it after each
 * notification, and does nothing else differently: completions are interrupts, as always.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sk/idl/block_server.h>
#include <sk/idl/kernel_client.h>
#include <sk/process.h>
#include <sk/server.h>

#include "client.h"
#include "disk.h"

#define CLIENTS 16u
#define ROUNDS 64u /* at a stretch: then whoever calls gets a turn, whatever the clients do */

/* Worker 0 alone serves the channels; the others read shares and limits, which don't change. */
static struct {
	struct disk disk;
	struct client clients[CLIENTS];
	uint32_t client_count;
	sk_cap_t interrupt;
	sk_cap_t notification;
} driver;

sk_status_t block_serve_open(const struct sk_caller *caller, struct sk_block_share *share)
{
	for (uint32_t i = 0; i < driver.client_count; i++) {
		const struct client *client = &driver.clients[i];

		if (client->number != SK_BADGE_CLIENT(caller->badge) || client->share.state == SHARE_NONE) {
			continue;
		}
		if (client->share.state == SHARE_NO_DISK) {
			return BLOCK_ERROR_NO_DISK;
		}
		*share = driver.disk.limits;
		share->capacity_sectors = client->share.sectors;
		share->features = client->share.features;
		return SK_OK;
	}
	return BLOCK_ERROR_NO_SHARE;
}

static bool dispatch(const struct sk_caller *caller, struct sk_msg *msg)
{
	if (SK_BADGE_IFACE(caller->badge) == BLOCK_INTERFACE) {
		return block_dispatch(caller, msg);
	}
	return sk_server_other(caller, msg);
}

/* The device first: its line is low when the kernel looks at it again. */
static void acknowledge(void)
{
	(void)virtio_hardware_interrupt(&driver.disk.hardware);
	(void)interrupt_acknowledge(driver.interrupt);
}

static bool take_results(void)
{
	enum virtio_ring_status status;
	struct disk_done done;
	bool any = false;

	while ((status = disk_take(&driver.disk, &done)) == VIRTIO_RING_DONE) {
		uint32_t number = done.owner / CLIENT_SLOTS;

		if (number >= driver.client_count) {
			sk_exit(1, "a command is done that is nobody's");
		}
		client_done(&driver.clients[number], done.owner % CLIENT_SLOTS, done.check, done.result);
		any = true;
	}
	if (status == VIRTIO_RING_BROKEN) {
		sk_exit(1, "the disk says that it did what it was not asked to do");
	}
	return any;
}

/* One look at everything. The first client is another one each time: none waits behind the others for ever. */
static bool serve_round(void)
{
	static uint32_t first;
	bool any = driver.disk.sectors != 0 && take_results();

	for (uint32_t i = 0; i < driver.client_count; i++) {
		uint32_t number = (first + i) % driver.client_count;

		any = client_take(&driver.clients[number], &driver.disk, number) || any;
	}
	first++;
	if (driver.disk.sectors != 0) {
		disk_kick(&driver.disk);
	}
	for (uint32_t i = 0; i < driver.client_count; i++) {
		client_wake(&driver.clients[i], false);
	}
	return any;
}

/* After it, whoever has something new wakes this side. False: there is something already. */
static bool fall_asleep(void)
{
	bool more = driver.disk.sectors != 0 && virtio_ring_arm(&driver.disk.ring);

	for (uint32_t i = 0; i < driver.client_count; i++) {
		client_say_asleep(&driver.clients[i], true);
	}
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (uint32_t i = 0; i < driver.client_count; i++) {
		/* What finds no room waits for the hardware, which interrupts. */
		more = more || (client_waiting(&driver.clients[i]) != 0 &&
				(driver.disk.sectors == 0 || disk_has_room(&driver.disk)));
	}
	return !more;
}

static void wake_up(void)
{
	if (driver.disk.sectors != 0) {
		virtio_ring_disarm(&driver.disk.ring);
	}
	for (uint32_t i = 0; i < driver.client_count; i++) {
		client_say_asleep(&driver.clients[i], false);
	}
}

static void serve(void)
{
	wake_up();
	for (uint32_t round = 0; round < ROUNDS; round++) {
		if (!serve_round() && fall_asleep()) {
			return;
		}
		wake_up();
	}
	(void)sk_signal(driver.notification, SK_SIGNAL_PEER);
}

static void signalled(uint64_t bits)
{
	if ((bits & SK_SIGNAL_INTERRUPT) != 0) {
		acknowledge();
		if (driver.disk.sectors != 0 && virtio_hardware_is_broken(&driver.disk.hardware)) {
			sk_exit(1, "the disk needs a reset");
		}
	}
	if ((bits & (SK_SIGNAL_INTERRUPT | SK_SIGNAL_PEER)) != 0) {
		serve();
	}
}

SK_SERVER(dispatch, signalled)

/* While the driver finds out what the disk is. No client's signal is lost: serving begins with a look at everything. */
static void wait_for_disk(void)
{
	struct sk_msg msg;
	struct sk_caller caller;

	if (sk_wait(driver.notification, &msg, &caller) == SK_BADGE_SIGNAL && (msg.w[0] & SK_SIGNAL_INTERRUPT) != 0) {
		acknowledge();
	}
}

static bool open_disk(void)
{
	static const char *const texts[] = {
		[DISK_ABSENT] = "there is no disk (skink run --disk FILE)",
		[DISK_UNUSABLE] = "the disk refuses to work with this driver",
		[DISK_NO_MEMORY] = "`dma-kib` is too small for the disk's queue; expected at least 192",
	};

	driver.disk.wait = wait_for_disk;
	driver.disk.settles = sk_argument("settle") != NULL;
	if (!virtio_process_memory(&driver.disk.dma)) {
		return false;
	}

	enum disk_state state = disk_open(&driver.disk);

	if (state != DISK_READY) {
		printf("%s\n", texts[state]);
	}
	return state != DISK_NO_MEMORY;
}

static void open_clients(void)
{
	for (uint32_t i = 0; i < sk_start()->region_count; i++) {
		const struct sk_start_region *region = &sk_start()->regions[i];

		if (strncmp(region->name, "client:", sizeof("client:") - 1) == 0 && driver.client_count < CLIENTS &&
		    client_open(&driver.clients[driver.client_count], &driver.disk, region)) {
			driver.client_count++;
		}
	}
}

int main(void)
{
	driver.interrupt = sk_cap_named_of_type("irq", SK_OBJECT_TYPE_INTERRUPT);
	driver.notification = sk_cap_named_of_type("notification", SK_OBJECT_TYPE_NOTIFICATION);
	if (!open_disk()) {
		return EXIT_FAILURE;
	}
	open_clients();
	serve();
	/* Whoever of the last instance stored that a client is awake may have died before it woke it. */
	for (uint32_t i = 0; i < driver.client_count; i++) {
		client_wake(&driver.clients[i], true);
	}
	sk_server_run();
}
