/*
 * Names for addresses: the symbol table of a server's program, where it lies in the
 * boot archive. For people who read a crash record; nothing else depends on it, so a
 * damaged table just finds nothing.
 */
#ifndef SUPERVISOR_SYMBOLS_H
#define SUPERVISOR_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

/* A program's file as it is in the archive; data NULL: there is none. */
struct symbols {
	const uint8_t *data;
	uint64_t bytes;
};

/* The function that `address` is in: its name, NUL-terminated, in the file, and how far into it. */
bool symbols_find(const struct symbols *program, uint64_t address, const char **name, uint64_t *offset);

#endif
