/*
 * A console with two ports on the test bench: a guest on one side, the streams' other ends on the other. All of it lies
 * in shared memory, as it does on the machine.
 */
#ifndef VIRTIO_CONSOLE_TESTS_BENCH_H
#define VIRTIO_CONSOLE_TESTS_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../console.h"
#include "guest.h"

#define BENCH_PORTS 2u
#define BENCH_QUEUES 6u
#define BENCH_SIZE 32u
#define BENCH_STREAM_BYTES 512u /* room for 128 bytes each way */
#define BENCH_ROOM 128u
#define BENCH_BASIC                                                                                      \
	(1ull << VIRTIO_F_VERSION_1 | 1ull << VIRTIO_RING_F_EVENT_IDX | 1ull << VIRTIO_RING_F_INDIRECT_DESC)
#define BENCH_FEATURES (BENCH_BASIC | 1ull << VIRTIO_CONSOLE_F_MULTIPORT | 1ull << VIRTIO_CONSOLE_F_EMERG_WRITE)

/* Where chain `head` of queue `queue` has its bytes: up to 1 KiB. */
#define BENCH_DATA(queue, head) (GUEST_DATA + (queue) * 0x2000ull + (head) * 0x400ull)

struct bench_shared {
	struct sk_virtio_state state;
	struct sk_virtio_console_state own;
	uint64_t streams[BENCH_PORTS][BENCH_STREAM_BYTES / 8];
	_Alignas(4096) uint8_t memory[GUEST_BYTES];
};

struct bench {
	struct bench_shared *shared;
	struct console console;
	struct guest_queue queues[BENCH_QUEUES];
};

extern struct bench bench;

/* Everything as after boot, and a first instance. */
void bench_reset(void);

/* A new instance: nothing but the shared memory is left of the one before. It serves what it finds. */
void bench_instance(void);

/* The guest's driver: from reset to DRIVER_OK. */
void bench_start(uint64_t features);

/* Chain `head` of a queue is made available: to be read, with these bytes; or to be written. No notification. */
void bench_print(uint32_t queue, uint16_t head, const void *bytes, uint32_t count);
void bench_room(uint32_t queue, uint16_t head, uint32_t count);
void bench_tell(uint16_t head, uint32_t port, uint16_t event, uint16_t value);
void bench_notify(uint32_t queue);

/* The other end of a port's stream: takes all that was printed there; types. */
uint32_t bench_take_printed(uint32_t port, uint8_t *to);
void bench_type(uint32_t port, const void *bytes, uint32_t count);
/* It tells the size of port 0's terminal. */
void bench_tell_size(uint32_t columns, uint32_t rows);

/* Bytes of the chains of `queue` that the guest got back since it last looked, one behind the other. */
uint32_t bench_take_used(uint32_t queue, uint8_t *to, uint32_t *chains);

#endif
