/*
 * A network device on the test bench: a guest with buffers to receive into and frames to send, and the switch's side of
 * the channel. All of it but the device itself lies in shared memory, as it does on the machine.
 */
#ifndef VIRTIO_NET_TESTS_BENCH_H
#define VIRTIO_NET_TESTS_BENCH_H

#include "../net.h"
#include "guest.h"

#define BENCH_QUEUE_SIZE 64u
#define BENCH_RECEIVE 0u
#define BENCH_TRANSMIT 1u
#define BENCH_CONTROL 2u

#define BENCH_FEATURE(name) (1ull << VIRTIO_NET_F_##name)
#define BENCH_BASIC (1ull << VIRTIO_F_VERSION_1 | 1ull << VIRTIO_RING_F_EVENT_IDX)

struct bench_shared {
	struct sk_virtio_state state;
	struct sk_net_state net_state;
	struct packet_channel channel;
	_Alignas(4096) uint8_t memory[GUEST_BYTES];
};

struct bench {
	struct bench_shared *shared;
	struct net net;
	struct packet_port peer; /* the switch's side */
	struct guest_queue queues[GUEST_QUEUES_MAX];
	uint32_t wakes;
};

extern struct bench bench;

/* Maps the shared memory, once; then everything as after boot, with a first instance of the server. */
void bench_reset(uint32_t pairs, net_offloads_t offloads);

/* A new instance: nothing but the shared memory is left of the one before. */
void bench_instance(void);

/* The guest's driver: from reset to DRIVER_OK, with `count` queues and these features beside the basic ones. */
void bench_start(uint32_t count, uint64_t features);

/* Data of chain `number` of a queue: 2 KiB. */
uint64_t bench_data(uint32_t queue, uint32_t number);

/* Chain `number`, one descriptor with `bytes` bytes for the device to write. */
void bench_buffer(uint32_t queue, uint32_t number, uint32_t bytes);

/* Chain `number` of the transmit queue: a header, and a frame of `bytes` bytes, all of them `number`. Not notified. */
void bench_frame(uint32_t number, uint32_t bytes, const struct virtio_net_hdr_v1 *header);

void bench_notify(uint32_t queue);

/* The switch sends a packet of `bytes` bytes, all of them `number`. */
void bench_packet(uint32_t number, uint32_t bytes);

/* The next packet that the switch got: its bytes, all the same number; false: there is none. */
bool bench_got(uint32_t *number, struct net_packet *header);

/* A byte of the configuration space. */
static inline uint8_t bench_config(uint32_t offset)
{
	return (uint8_t)virtio_mmio_read(&bench.net.device, VIRTIO_MMIO_CONFIG + offset, 1);
}

/* The next buffer of a queue that the guest gets back; or that there is none. */
void bench_expect_used(uint32_t queue, uint32_t id, uint32_t bytes);
void bench_expect_none_used(uint32_t queue);

/* The next packet that the switch gets, all bytes of it `number`; or that there is none. */
void bench_expect_got(uint32_t number, uint32_t bytes);
void bench_expect_nothing_got(void);

#endif
