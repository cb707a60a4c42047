/*
 * The guest's disk (virtio 1.2, section 5.2), one process per disk. Requests go from the guest's
 * queues into the channel to the driver and their results back; the data goes between the disk and the
 * guest's memory without passing here. Of what has to survive, queues are in the persistent region and requests in
 * flight in the channel, which outlives this process as well (disk.c says how).
 *
 * Region "disk" and capability "channel:disk" are the channel, capability "driver" is the driver's endpoint.
 * Argument `queues=N`: 1 to 16; without it one for each worker.
 */
#include <stdio.h>
#include <stdlib.h>

#include <sk/idl/block_client.h>
#include <sk/idl/kernel.h>
#include <sk/process.h>
#include <sk/server.h>
#include <virtio/server.h>

#include "disk.h"

static struct disk disk;
static sk_cap_t channel;

static void wake_driver(void)
{
	(void)sk_signal(channel, SK_SIGNAL_PEER);
}

static sk_status_t open_share(struct sk_block_share *share)
{
	return block_open(sk_cap_named_of_type("driver", SK_OBJECT_TYPE_ENDPOINT), share);
}

static bool describe(const struct sk_block_share *share)
{
	return disk_describe(&disk, share, (uint32_t)sk_argument_number("queues", sk_start()->threads));
}

static void look(void)
{
	virtio_server_lock();
	disk_look(&disk);
	virtio_server_unlock();
}

/* A driver that may be gone for good, or be back: idl/block.idl says why in this order. The call is outside the lock. */
static void ask_driver(void)
{
	struct sk_block_share share;
	sk_status_t status;

	disk_withdraw(&disk, true);
	status = open_share(&share);
	virtio_server_lock();
	if (status != SK_OK) {
		disk_lose(&disk);
	} else {
		disk_withdraw(&disk, false);
		disk.refuses = disk.device.failed;
		if (disk.device.id == 0 && describe(&share)) {
			virtio_mmio_config_changed(&disk.device);
		}
	}
	disk_look(&disk);
	virtio_server_unlock();
	wake_driver();
}

static void signalled(uint64_t bits)
{
	/* A driver that comes back signals. */
	if ((bits & SK_SIGNAL_LOST) != 0 ||
	    ((bits & SK_SIGNAL_PEER) != 0 && disk.refuses && !disk.device.failed)) {
		ask_driver();
	} else if ((bits & SK_SIGNAL_PEER) != 0) {
		look();
	}
	virtio_server_signalled(bits);
}

SK_SERVER(virtio_server_dispatch, signalled)

/* A disk that can't be had leaves an empty transport: the guest finds no device there. */
static bool find_disk(void)
{
	struct sk_block_share share = { 0 };
	sk_status_t status = open_share(&share);
	bool there = describe(&share);

	if (status != SK_OK) {
		(void)printf("no disk: %s\n", status == BLOCK_ERROR_NO_SHARE  ? "the driver has no share for this server"
					      : status == BLOCK_ERROR_NO_DISK ? "the driver has no such disk or partition"
									      : "the driver does not answer");
	} else if (!there) {
		(void)printf("no disk: `queues=` is not 1 to %u, or the driver describes none\n", VIRTIO_QUEUES);
	}
	return status == SK_OK;
}

int main(void)
{
	const struct sk_start_region *region = sk_region_named("disk");
	bool there;

	channel = sk_cap_named_of_type("channel:disk", SK_OBJECT_TYPE_NOTIFICATION);
	if (region == NULL || region->bytes < sizeof(struct sk_block_channel)) {
		(void)printf("no region \"disk\" of at least %zu bytes\n", sizeof(struct sk_block_channel));
		return EXIT_FAILURE;
	}
	there = find_disk();
	virtio_server_open(&disk.device);
	disk_open(&disk, (void *)(uintptr_t)region->address, wake_driver);
	if (there) {
		disk_withdraw(&disk, false);
		look();
		/* An earlier instance may have died before it could. */
		wake_driver();
	} else {
		ask_driver();
	}
	virtio_server_run();
}
