/*
 * The hardware: a virtio entropy device (virtio 1.2, section 5.4) and its one queue. Its buffers lie with the device
 * until it has filled them, so there are usually some when somebody asks.
 *
 * A byte is given once: it is erased here before the caller has it, and a new instance of the driver erases all buffers
 * before it does anything else. Not thread-safe.
 */
#ifndef RNG_DRIVER_SOURCE_H
#define RNG_DRIVER_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include <virtio_driver/process.h>

#define SOURCE_BUFFERS 8u /* a power of two */
#define SOURCE_BUFFER_BYTES 64u

struct source {
	struct virtio_hardware hardware;
	struct virtio_ring ring;
	struct virtio_dma dma;
	bool there;
	uint8_t (*buffers)[SOURCE_BUFFER_BYTES];
	uint32_t left[SOURCE_BUFFERS]; /* bytes that a buffer has, from its beginning; 0: it is the device's */
	uint32_t bytes;                /* in all of them */
};

enum source_state {
	SOURCE_READY,
	SOURCE_ABSENT,    /* there is none */
	SOURCE_UNUSABLE,  /* the device refuses, or is one that this driver can't handle */
	SOURCE_NO_MEMORY, /* `dma` is too small */
};

/* Resets this process's device and gives it all buffers; `source->dma` is set. */
enum source_state source_open(struct source *source);

/* Takes what the device has filled. False: it can't be believed any more. */
bool source_poll(struct source *source);

/* Moves up to `bytes` bytes to `to`; how many. Buffers that are empty go back to the device. */
uint32_t source_take(struct source *source, void *to, uint32_t bytes);

/* Asks for an interrupt. True: there is something already, for which none may come. */
bool source_arm(struct source *source);

/* No interrupts are of use. */
void source_disarm(struct source *source);

#endif
