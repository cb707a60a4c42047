/*
 * A disk on the test bench: a guest that makes requests, and a driver that serves slots in whatever order it is told,
 * over a disk that is an array. All of it lies in shared memory, as it does on the machine.
 */
#ifndef VIRTIO_BLK_TESTS_BENCH_H
#define VIRTIO_BLK_TESTS_BENCH_H

#include "../disk.h"
#include "guest.h"

#define BENCH_BYTES 0x20000u /* of the guest's memory */
#define BENCH_SECTORS 256u
#define BENCH_QUEUE_SIZE 128u
#define BENCH_FEATURES                                                                          \
	(1ull << VIRTIO_F_VERSION_1 | 1ull << VIRTIO_RING_F_EVENT_IDX |                         \
	 1ull << VIRTIO_RING_F_INDIRECT_DESC | 1ull << VIRTIO_BLK_F_FLUSH | 1ull << VIRTIO_BLK_F_MQ)

/* A request's place in the guest's memory, by its number: header, status and up to 1 KiB of data. */
#define BENCH_REQUESTS 40u
#define BENCH_DATA_BYTES 1024u
#define BENCH_HEADER(number) (GUEST_DATA + (number) * 0x600ull)
#define BENCH_STATUS(number) (BENCH_HEADER(number) + 16)
#define BENCH_DATA(number) (BENCH_HEADER(number) + 0x200)
#define BENCH_HEAD(number) ((uint16_t)((number) * 3)) /* its first descriptor */

struct bench_shared {
	struct sk_virtio_state state;
	struct sk_block_channel channel;
	uint8_t disk[BENCH_SECTORS * 512];
	_Alignas(4096) uint8_t memory[BENCH_BYTES];
};

struct bench {
	struct bench_shared *shared;
	struct sk_block_share share;
	struct disk disk;
	struct guest_queue queues[GUEST_QUEUES_MAX];
	uint32_t wakes;
	uint32_t operations[8]; /* that the driver did, by their number */
};

extern struct bench bench;

/* Maps the shared memory, once; then everything as after boot, and a disk without peculiarities. */
void bench_reset(void);

/* A new instance of the server: nothing but the shared memory is left of the one before. */
void bench_instance(uint32_t queues);

/* The guest's driver: from reset to DRIVER_OK. */
void bench_start(uint32_t queues);

/* Request `number`, of `type`, in queue `queue`: made available, and not notified. Data: `bytes`, in one piece. */
void bench_request(uint32_t queue, uint32_t number, uint32_t type, uint64_t sector, uint32_t bytes);
void bench_notify(uint32_t queue);

/* The driver: what it would find to do; does one of them, not necessarily answering; does all, in a random order. */
uint64_t bench_pending(void);
void bench_execute(uint32_t slot);
void bench_answer(uint32_t slot, uint32_t result);
void bench_serve_all(uint64_t *seed);

/* Status byte of request `number`. */
uint8_t bench_status(uint32_t number);

/* The guest has got back just these requests of queue 0 in some order, each once, since it last looked. */
void bench_expect_used(uint64_t numbers);

#endif
