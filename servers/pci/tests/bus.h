/*
 * A bus for the tests: a few functions, whose configuration space behaves as the specification says, in memory that
 * outlives who works on it. A write that no function could allow fails the test.
 */
#ifndef BUS_H
#define BUS_H

#include <stdbool.h>
#include <stdint.h>

#include "../config.h"

#define BUS_FUNCTIONS 4u
#define BUS_PAGE 4096u

struct bus {
	uint8_t pages[BUS_FUNCTIONS][BUS_PAGE];
	uint32_t bar_mask[BUS_FUNCTIONS][6]; /* bits that can be written; 0: there is no such BAR */
};

extern struct bus *bus;

void bus_init(void);

/* A modern virtio device like QEMU's: BAR 1 of 4 KiB, BAR 4 and 5 one of 16 KiB with all parts of it. */
void bus_add_virtio(uint32_t number, uint32_t id);

/* Where it is. */
volatile uint8_t *bus_config(uint32_t number);
uint64_t bus_bar(uint32_t number, uint32_t bar);
uint32_t bus_command(uint32_t number);

/* Changes what a test wants to be wrong. */
void bus_set(uint32_t number, uint32_t offset, uint32_t bytes, uint32_t value);

/* Capabilities, each behind the one before; where it is. */
uint32_t bus_add_capability(uint32_t number, uint32_t type, uint32_t bar, uint32_t offset, uint32_t bytes);

/* A BAR of `bytes` bytes, a power of two: 32 bits of memory, or with the next one 64. */
void bus_set_bar(uint32_t number, uint32_t bar, uint64_t bytes, bool wide);

#endif
