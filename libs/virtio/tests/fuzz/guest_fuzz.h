/*
 * A guest whose every move is the input's: of a virtio device of any kind. It is one of two. A
 * hostile one writes anything anywhere, also while the device looks (races); all that is expected is that the device
 * comes to no harm. An honest one keeps the rules, notifies only when the device wants it, and looks at its rings only
 * when it is interrupted; then each chain must come back, once, however often the device's server was killed.
 *
 * The harness's own part: make an instance, say what its device's chains look like, and play the peer.
 */
#ifndef VIRTIO_TESTS_FUZZ_GUEST_FUZZ_H
#define VIRTIO_TESTS_FUZZ_GUEST_FUZZ_H

#include <fuzz/fuzz.h>

#include "../guest.h"

#define FUZZ_QUEUE_SIZE 16u
#define FUZZ_GUEST_BYTES GUEST_BYTES

struct fuzz_guest {
	struct virtio_mmio *device;
	struct sk_virtio_state *state;
	uint8_t *memory;      /* FUZZ_GUEST_BYTES at GUEST_BASE */
	uint32_t queue_count; /* the device's */
	uint64_t features;    /* that an honest driver takes, if they are offered */
	/* A new instance of the server begins, and serves. */
	void (*instance)(void *unused);
	/* How a store reaches the server, if not by virtio_mmio_write(): an exit, and whether it comes again. */
	void (*exit)(uint32_t offset, uint32_t bytes, uint64_t value, bool again);
	bool honest;
	/* An honest guest's. A chain with `head` was used, with `bytes` written. */
	void (*used)(uint32_t queue, uint16_t head, uint32_t bytes);
	/* From here on: of guest_fuzz.c. */
	struct guest_queue queues[GUEST_QUEUES_MAX];
	uint64_t exits;
	bool again;
	bool started;
};

extern struct fuzz_guest fuzz_guest;

/*
 * Begins one input: memory and state zeroed and watched, `fuzz_guest` cleared but for what `guest` sets (device,
 * queue_count, features, instance, used), honest or not by the input; and the first instance. `state` is the
 * persistent state.
 */
void fuzz_guest_begin(const struct fuzz_guest *guest, struct sk_virtio_state *state);

/* Runs part of the server with races (of a hostile guest) and kills; after a kill, new instances; and again. */
void fuzz_guest_run(void (*operation)(void *argument), void *argument);

/* A store to a register or to configuration space, by fuzz_guest_run(), redelivered if the server dies. */
void fuzz_guest_write(uint32_t offset, uint32_t bytes, uint64_t value);

/* The whole start of a driver, with `queues` queues. */
void fuzz_guest_start(uint32_t queues);

/* One move of a hostile guest that needs nothing of what the device is. */
void fuzz_guest_hostile_move(void);

/* A hostile chain: into the rings of a queue, and made available. `head_bytes` are copied before it, and come first. */
void fuzz_guest_hostile_chain(uint32_t queue, const void *header, uint32_t header_bytes);

/*
 * An honest guest: makes a chain available, as descriptors or an indirect table at `table` (0: none), and notifies if
 * the device asked for it. `head` is free and so are the `count` - 1 descriptors behind it.
 */
void fuzz_guest_offer(uint32_t queue, uint16_t head, uint64_t table, const struct guest_piece *pieces, uint32_t count);

/* It takes its interrupt, if there is one: looks at all used rings. */
void fuzz_guest_interrupt(void);

/* The server is called again for what it left, until it leaves nothing. */
void fuzz_guest_settle(void);

/* A guest-physical address that may be anything; a length likewise. */
uint64_t fuzz_guest_address(void);
uint32_t fuzz_guest_length(void);

#endif
