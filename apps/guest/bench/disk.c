/*
 * What a guest's disk and its entropy device cost, and how long it waits while one of their servers is grown again.
 *
 * Method. A sample is what the counter rises by from before a request to its end. While the host's disk works, the
 * machine has nothing to do, and under -icount shift=0,sleep=off an idle machine takes no time unless a timer is
 * set, up to which it jumps. The kernel sets none while a core is idle, so waits have to be in the kernel: the
 * guest sleeps in WFI, and its VM has a second vCPU on the same core, never switched on, so that a halt is an exit to
 * the scheduler (a guest with a core to itself does not even pay for that). Somebody else's timer, such as the
 * console's, shows in the kernel's counter of idle time (idle_ns, through the probe), which otherwise rises by
 * the interrupts that end a sleep only: such a sample is taken again. The others are all that was executed for the
 * request, of this program, the kernel, the servers and the driver, and nothing else.
 *
 * What an operating system in the guest does for a request of its own is not in it. At which moment of this the answer
 * comes is the host's: a request costs more when everybody has fallen asleep by then.
 */
#include "bench.h"

#include <linux/virtio_blk.h>
#include <linux/virtio_ids.h>

#include <guest/boot.h>
#include <guest/mmio.h>
#include <guest/tap.h>
#include <guest/timer.h>

#include "../../bench/probe.h"
#include "virtio.h"

#define DISK_BASE 0x0a000000u
#define DISK_INTID 48u
#define ENTROPY_BASE 0x0a000200u
#define ENTROPY_INTID 49u

#define BLOCK_BYTES 4096u
#define SECTOR_BYTES 512u
#define DEPTH 32u
#define WARM_UP 16u /* requests: all that is built at first use is there */
#define DEEP_REQUESTS 512u
#define KILLS 8u
#define ARGUMENT_DISK 3u
#define ARGUMENT_DRIVER 4u
#define ARGUMENT_ENTROPY 5u
#define ENTROPY_BYTES 64u
#define NO_KILL UINT32_MAX
#define TRIES 16u
#define IDLE_NS_MAX 10000u /* of a sample: to take the interrupts that end its sleeps; nobody's timer is that short */
#define COUNTER_IDLE_NS 11u

static _Alignas(BLOCK_BYTES) uint8_t data[DEPTH][BLOCK_BYTES];
static struct virtio_blk_outhdr headers[DEPTH];
static volatile uint8_t results[DEPTH];
static uint64_t blocks;
static uint64_t random_state = 1;
static bool right;

/* Any order will do that no cache follows: a linear congruential generator's upper bits. */
static uint64_t random_block(void)
{
	random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
	return (random_state >> 33) % blocks;
}

static void offer_read(struct virtio_device *device, uint32_t slot)
{
	const struct virtio_piece pieces[] = {
		{&headers[slot], sizeof(headers[slot]), false},
		{data[slot], BLOCK_BYTES, true},
		{(const void *)(uintptr_t)&results[slot], 1, true},
	};
	headers[slot] = (struct virtio_blk_outhdr){
		.type = VIRTIO_BLK_T_IN, .sector = random_block() * (BLOCK_BYTES / SECTOR_BYTES)};
	results[slot] = UINT8_MAX;
	virtio_offer(device, slot, pieces, 3);
}

static void take_read(struct virtio_device *device)
{
	uint32_t slot = virtio_take(device);
	right = right && slot < DEPTH && results[slot] == VIRTIO_BLK_S_OK;
}

static void read_once(struct virtio_device *device)
{
	offer_read(device, 0);
	virtio_kick(device);
	take_read(device);
}

static void read_entropy(struct virtio_device *device)
{
	const struct virtio_piece piece = {data[0], ENTROPY_BYTES, true};
	virtio_offer(device, 0, &piece, 1);
	virtio_kick(device);
	right = right && virtio_take(device) == 0;
}

static uint64_t idle_ns(void)
{
	return mmio_read64(PROBE_BASE + PROBE_COUNTERS + COUNTER_IDLE_NS * 8u);
}

/* Samples of a request, each after the death of a server unless that is NO_KILL. */
static void take_samples(struct bench *bench, struct virtio_device *device, uint32_t samples, uint32_t server,
			 void (*request)(struct virtio_device *))
{
	for (uint32_t tries = 0; bench->count < samples && tries < TRIES * samples; tries++) {
		uint64_t idle = idle_ns();
		uint64_t start = timer_now();
		if (server != NO_KILL) {
			mmio_write64(PROBE_BASE + PROBE_KILL, server);
		}
		request(device);
		uint64_t ticks = timer_now() - start;
		if (idle_ns() - idle < IDLE_NS_MAX) {
			bench_add(bench, ticks, 0, 1);
		}
	}
}

static void bench_one(struct virtio_device *device, const char *name, void (*request)(struct virtio_device *))
{
	struct bench bench = {.name = name};
	take_samples(&bench, device, BENCH_SAMPLES, NO_KILL, request);
	bench_report(&bench);
}

/* As many at a time as a busy guest has: each answer that is there is taken, and replaced by a new request. */
static void bench_deep(struct virtio_device *device)
{
	struct bench bench = {.name = "blk_notifications", .counts = true};
	uint32_t offered = DEPTH;
	uint64_t before = device->notifications;
	for (uint32_t i = 0; i < DEPTH; i++) {
		offer_read(device, i);
	}
	virtio_kick(device);
	for (uint32_t taken = 0; taken < DEEP_REQUESTS;) {
		uint32_t slot = virtio_take(device);
		do {
			taken++;
			right = right && slot < DEPTH && results[slot % DEPTH] == VIRTIO_BLK_S_OK;
			if (offered < DEEP_REQUESTS) {
				offer_read(device, slot % DEPTH);
				offered++;
			}
		} while (virtio_take_next(device, &slot));
		virtio_kick(device);
	}
	bench_add_ratio(&bench, device->notifications - before, DEEP_REQUESTS);
	bench_report(&bench);
}

/* A server dies, and a request ends that was made after that. */
static void bench_kill(struct virtio_device *device, const char *name, uint32_t server,
		       void (*request)(struct virtio_device *))
{
	struct bench bench = {.name = name};
	take_samples(&bench, device, KILLS, server, request);
	bench_report(&bench);
}

void bench_disk(void)
{
	struct virtio_device device;
	right = true;
	if (!tap_ok(virtio_begin(&device, DISK_BASE, DISK_INTID, VIRTIO_ID_BLOCK), "there is a disk")) {
		return;
	}
	blocks = mmio_read64(DISK_BASE + 0x100u) * SECTOR_BYTES / BLOCK_BYTES;
	for (uint32_t i = 0; i < WARM_UP; i++) {
		read_once(&device);
	}
	bench_one(&device, "blk_read", read_once);
	bench_deep(&device);
	bench_kill(&device, "restart_virtio_blk", ARGUMENT_DISK, read_once);
	bench_kill(&device, "restart_blk_driver", ARGUMENT_DRIVER, read_once);
	virtio_end(&device);
	if (!tap_ok(virtio_begin(&device, ENTROPY_BASE, ENTROPY_INTID, VIRTIO_ID_RNG), "there is an entropy device")) {
		return;
	}
	read_entropy(&device);
	bench_one(&device, "rng_read", read_entropy);
	bench_kill(&device, "restart_virtio_rng", ARGUMENT_ENTROPY, read_entropy);
	virtio_end(&device);
	tap_ok(right, "each request was answered as it should be");
}
