/*
 * A machine for the driver: a model of a virtio entropy device, callers, and the few system calls that the driver makes.
 * All that outlives a driver is in one shared mapping. The device fills its buffers with words that count up from 1, so
 * that each byte of the log tells which one it is.
 */
#ifndef MACHINE_H
#define MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#define MACHINE_DMA_BYTES 8192u
#define MACHINE_DRAWS 64u

/* What a kill leaves. */
struct machine {
	_Alignas(4096) uint8_t dma[MACHINE_DMA_BYTES];
	uint64_t next; /* word that the device makes next */
	struct machine_draw {
		bool answered;
		int status;
		uint32_t bytes;
		uint64_t words[4];
	} draws[MACHINE_DRAWS];
};

extern struct machine *machine;

/* What the hardware is and does from now on. */
extern bool machine_absent;
extern uint64_t machine_features;
extern uint32_t machine_queue;
extern uint32_t machine_fill; /* bytes of each buffer that it fills */
extern uint32_t machine_dma_bytes;

void machine_init(void);

/* A new instance of the driver, up to where it serves. */
void machine_start(void);

/* Draw `number` is made: answered at once, or left for later. */
void machine_draw(uint32_t number, bool wait);

/* The hardware fills at most `count` buffers; the driver is interrupted if it wants to be. How many. */
uint32_t machine_work(uint32_t count);

/* Everything of which calls tell that they got bytes is the device's, and nothing came twice. */
void machine_check(void);

#endif
