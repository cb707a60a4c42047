/* A partitioned disk in memory, made by other code than what reads it. */
#ifndef GPT_DISK_H
#define GPT_DISK_H

#include <gpt/gpt.h>

#define DISK_BLOCKS 256u
#define TABLE_BLOCKS 32u

struct memory_disk {
	uint8_t blocks[DISK_BLOCKS][512];
	_Alignas(8) uint8_t block[512];
	uint64_t bad; /* a block that can't be read; 0: all can */
	uint32_t reads;
	struct gpt_disk disk;
};

/* An empty table of 128 entries, primary and backup. */
void disk_format(struct memory_disk *memory);
/* Entry `index` of both tables; no CRC is changed. */
void disk_entry(struct memory_disk *memory, uint32_t index, uint64_t first, uint64_t last, const char *name);
/* CRCs of both headers and tables as they should be. */
void disk_seal(struct memory_disk *memory);

/* Headers and fields in them, for tests that change them. */
uint8_t *disk_header(struct memory_disk *memory, bool backup);
void disk_put(uint8_t *at, uint64_t value, uint32_t bytes);

#endif
