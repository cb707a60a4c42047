/*
 * What a guest's disk and its entropy device cost, and how long it waits while one of their servers, or its console's,
 * is grown again.
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

#include <stddef.h>

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
#define CONSOLE_BASE 0x0a000400u
#define CONSOLE_INTID 50u

#define BLOCK_BYTES 4096u
#define SECTOR_BYTES 512u
#define DEPTH 32u
#define WARM_UP 16u /* requests: all that is built at first use is there */
#define DEEP_REQUESTS 512u
#define DEEP_SAMPLES 5u
#define SINGLE_REQUESTS 64u
#define KILLS 8u
#define ARGUMENT_SCHED 1u
#define ARGUMENT_VMM 2u
#define ARGUMENT_DISK 3u
#define ARGUMENT_DRIVER 4u
#define ARGUMENT_ENTROPY 5u
#define ARGUMENT_CONSOLE 6u
#define ENTROPY_BYTES 64u
#define NO_KILL UINT32_MAX
#define TRIES 16u
#define IDLE_NS_MAX 10000u /* of a sample: to take the interrupts that end its sleeps; nobody's timer is that short */

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

static void offer_read(struct virtio_queue *queue, uint32_t slot)
{
	const struct virtio_piece pieces[] = {
		{&headers[slot], sizeof(headers[slot]), false},
		{data[slot], BLOCK_BYTES, true},
		{(const void *)(uintptr_t)&results[slot], 1, true},
	};
	headers[slot] = (struct virtio_blk_outhdr){
		.type = VIRTIO_BLK_T_IN, .sector = random_block() * (BLOCK_BYTES / SECTOR_BYTES)};
	results[slot] = UINT8_MAX;
	virtio_offer(queue, slot, pieces, 3);
}

static void take_read(struct virtio_queue *queue)
{
	uint32_t slot = virtio_take(queue);
	right = right && slot < DEPTH && results[slot] == VIRTIO_BLK_S_OK;
}

static void read_once(struct virtio_queue *queue)
{
	offer_read(queue, 0);
	virtio_kick(queue);
	take_read(queue);
}

static void print_text(struct virtio_queue *queue)
{
	static const char text[] = "# a line of text on the virtio console\n";
	const struct virtio_piece piece = {text, sizeof(text) - 1, false};
	virtio_offer(queue, 0, &piece, 1);
	virtio_kick(queue);
	right = right && virtio_take(queue) == 0;
}

static void read_entropy(struct virtio_queue *queue)
{
	const struct virtio_piece piece = {data[0], ENTROPY_BYTES, true};
	virtio_offer(queue, 0, &piece, 1);
	virtio_kick(queue);
	right = right && virtio_take(queue) == 0;
}

/* Samples of a request, each after the death of a server unless that is NO_KILL. */
static void take_samples(struct bench *bench, struct virtio_queue *queue, uint32_t samples, uint32_t server,
			 void (*request)(struct virtio_queue *))
{
	for (uint32_t tries = 0; bench->count < samples && tries < TRIES * samples; tries++) {
		uint64_t idle = bench_idle_ns();
		uint64_t start = timer_now();
		if (server != NO_KILL) {
			mmio_write64(PROBE_BASE + PROBE_KILL, server);
		}
		request(queue);
		uint64_t ticks = timer_now() - start;
		if (bench_idle_ns() - idle < IDLE_NS_MAX) {
			bench_add(bench, ticks, 0, 1);
		}
	}
}

static void bench_one(struct virtio_queue *queue, const char *name, void (*request)(struct virtio_queue *))
{
	struct bench bench = {.name = name};
	take_samples(&bench, queue, BENCH_SAMPLES, NO_KILL, request);
	bench_report(&bench);
}

static void bench_notifications(struct virtio_queue *queue)
{
	struct bench bench = {.name = "blk_notifications_1", .counts = true};
	uint64_t before = queue->notifications;
	for (uint32_t i = 0; i < SINGLE_REQUESTS; i++) {
		read_once(queue);
	}
	bench_add_ratio(&bench, queue->notifications - before, SINGLE_REQUESTS);
	bench_report(&bench);
}

/* As many at a time as a busy guest has: each answer that is there is taken, and replaced by a new request. */
static void read_deep(struct virtio_queue *queue, void (*half)(void))
{
	uint32_t offered = DEPTH;
	for (uint32_t i = 0; i < DEPTH; i++) {
		offer_read(queue, i);
	}
	virtio_kick(queue);
	for (uint32_t taken = 0; taken < DEEP_REQUESTS;) {
		uint32_t slot = virtio_take(queue);
		do {
			taken++;
			if (taken == DEEP_REQUESTS / 2u && half != NULL) {
				half();
			}
			right = right && slot < DEPTH && results[slot % DEPTH] == VIRTIO_BLK_S_OK;
			if (offered < DEEP_REQUESTS) {
				offer_read(queue, slot % DEPTH);
				offered++;
			}
		} while (virtio_take_next(queue, &slot));
		virtio_kick(queue);
	}
}

static void bench_deep(struct virtio_queue *queue)
{
	struct bench notifications = {.name = "blk_notifications", .counts = true};
	struct bench reads = {.name = "blk_read_32"};
	for (uint32_t i = 0; i < DEEP_SAMPLES; i++) {
		uint64_t before = queue->notifications;
		struct bench_span span;
		bench_begin(&span);
		read_deep(queue, NULL);
		bench_end(&reads, &span, DEEP_REQUESTS);
		bench_add_ratio(&notifications, queue->notifications - before, DEEP_REQUESTS);
	}
	bench_report(&notifications);
	bench_report(&reads);
}

static struct virtio_queue *busy_queue;

static void read_busily(void (*half)(void))
{
	read_deep(busy_queue, half);
}

static void bench_disk_loss(struct virtio_queue *queue)
{
	static const uint32_t servers[] = {ARGUMENT_DISK, ARGUMENT_DRIVER, ARGUMENT_SCHED, ARGUMENT_VMM};
	busy_queue = queue;
	bench_loss(&(struct bench_loss){"loss_blk", servers, sizeof(servers) / sizeof(servers[0]), read_busily});
}

/* A server dies, and a request ends that was made after that. */
static void bench_kill(struct virtio_queue *queue, const char *name, uint32_t server,
		       void (*request)(struct virtio_queue *))
{
	struct bench bench = {.name = name};
	take_samples(&bench, queue, KILLS, server, request);
	bench_report(&bench);
}

void bench_disk(void)
{
	struct virtio_device device;
	struct virtio_queue *queue = &device.queues[0];
	right = true;
	if (!tap_ok(virtio_begin(&device, 0, DISK_BASE, DISK_INTID, VIRTIO_ID_BLOCK, 1), "there is a disk")) {
		return;
	}
	blocks = mmio_read64(DISK_BASE + 0x100u) * SECTOR_BYTES / BLOCK_BYTES;
	for (uint32_t i = 0; i < WARM_UP; i++) {
		read_once(queue);
	}
	bench_one(queue, "blk_read", read_once);
	bench_notifications(queue);
	bench_deep(queue);
	bench_kill(queue, "restart_virtio_blk", ARGUMENT_DISK, read_once);
	bench_kill(queue, "restart_blk_driver", ARGUMENT_DRIVER, read_once);
	bench_disk_loss(queue);
	virtio_end(&device);
	if (!tap_ok(virtio_begin(&device, 0, ENTROPY_BASE, ENTROPY_INTID, VIRTIO_ID_RNG, 1),
		    "there is an entropy device")) {
		return;
	}
	read_entropy(queue);
	bench_one(queue, "rng_read", read_entropy);
	bench_kill(queue, "restart_virtio_rng", ARGUMENT_ENTROPY, read_entropy);
	virtio_end(&device);
	if (!tap_ok(virtio_begin(&device, 0, CONSOLE_BASE, CONSOLE_INTID, VIRTIO_ID_CONSOLE, 2),
		    "there is a console")) {
		return;
	}
	print_text(&device.queues[1]);
	bench_kill(&device.queues[1], "restart_virtio_console", ARGUMENT_CONSOLE, print_text);
	virtio_end(&device);
	tap_ok(right, "each request was answered as it should be");
}
