/*
 * CRC-32 as the GPT uses it (UEFI 2.10, section 5.3.2; ISO 3309: polynomial 0x04c11db7, reflected). Eight bytes at a
 * time: a driver that starts again reads its partition table again, and a table is 16 KiB.
 */
#ifndef GPT_CRC32_H
#define GPT_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Bytes that are taken in one step: a table for each. */
#define CRC32_SLICES 8u

/* Tables of 8 KiB, filled by crc32_init() and only read afterwards. */
struct crc32_tables {
	uint32_t slices[CRC32_SLICES][256];
};

/* Fills the tables: once, before crc32_add(). */
void crc32_init(struct crc32_tables *tables);

/* The CRC of what `crc` stands for (0: nothing yet) with `bytes` of `data` behind it. */
uint32_t crc32_add(const struct crc32_tables *tables, uint32_t crc, const void *data, size_t bytes);

#endif
