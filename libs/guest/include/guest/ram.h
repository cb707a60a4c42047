/*
 * The guest's RAM as its VMM sees it: one range of guest-physical addresses,
 * mapped whole. Every size and address that comes from an image or from a guest
 * passes through ram_holds() before it becomes a pointer; the test is written
 * so that no sum can wrap.
 */
#ifndef GUEST_RAM_H
#define GUEST_RAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct guest_ram {
	uint64_t base; /* guest-physical */
	uint64_t bytes;
	uint8_t *host; /* where byte `base` is mapped here */
};

/* A file: from the boot archive, or a test's. `name` is for messages. */
struct guest_file {
	const char *name;
	const uint8_t *bytes;
	uint64_t size;
};

/* True if [address, address + bytes) lies in RAM. */
static inline bool ram_holds(const struct guest_ram *ram, uint64_t address, uint64_t bytes)
{
	return address >= ram->base && address - ram->base <= ram->bytes && bytes <= ram->bytes - (address - ram->base);
}

/* The range's first byte here, or NULL if any of it lies outside RAM. */
static inline uint8_t *ram_at(const struct guest_ram *ram, uint64_t address, uint64_t bytes)
{
	return ram_holds(ram, address, bytes) ? ram->host + (address - ram->base) : NULL;
}

/* The first guest-physical address behind RAM. */
static inline uint64_t ram_end(const struct guest_ram *ram)
{
	return ram->base + ram->bytes;
}

#endif
