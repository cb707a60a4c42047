/*
 * GUID partition tables (UEFI 2.10, chapter 5), read and checked. What is on a disk
 * is nobody's word: every field is checked before it is used, and a table is believed
 * as a whole or not at all: signature, revision, sizes, the CRC of the header and of the entries, that the header is
 * where it says, that header, table and usable blocks lie on the disk and apart from each other, that every partition
 * lies in the usable blocks and no two overlap. When the primary header or its table is no good, the backup in
 * the disk's last block is taken; when both are good and differ, the primary is. The protective MBR must be there, so
 * that the remains of a GPT on a disk that was partitioned otherwise since are not taken for one.
 *
 * It allocates nothing; it reads through the caller's function into the caller's block, so it runs where one block
 * of memory is all that the hardware can reach.
 */
#ifndef GPT_GPT_H
#define GPT_GPT_H

#include <stdbool.h>
#include <stdint.h>

#include <gpt/crc32.h>

/* Limits: of a block, of partitions in use, of a table; a name is UTF-16 on the disk (UEFI 2.10, section 5.3.3). */
#define GPT_BLOCK_BYTES_MAX 4096u
#define GPT_PARTITIONS 128u /* in use, of a disk */
#define GPT_ENTRIES_MAX 1024u
#define GPT_NAME_UNITS 36u
#define GPT_NAME_BYTES (3u * GPT_NAME_UNITS + 1u) /* UTF-8 with its zero */

enum gpt_status {
	GPT_OK,
	GPT_OK_BACKUP,     /* good, but the primary header or its table is not */
	GPT_READ_ERROR,    /* the disk could not be read where that mattered */
	GPT_NO_TABLE,      /* no protective MBR, or no header: the disk is not partitioned so */
	GPT_BAD_HEADER,    /* neither header can be believed */
	GPT_BAD_TABLE,     /* no header's table has the CRC that it should have */
	GPT_BAD_PARTITION, /* a partition lies outside the usable blocks, or ends before it begins */
	GPT_OVERLAP,       /* two partitions have blocks in common */
	GPT_TOO_MANY,      /* more than GPT_PARTITIONS of them */
};

struct gpt_partition {
	uint32_t number;   /* of its entry in the table, from 1: what Linux counts */
	uint64_t first;    /* block */
	uint64_t blocks;   /* at least 1 */
	char name[GPT_NAME_BYTES]; /* what is no UTF-16 in it shows as '?' */
};

/* A disk as the reader sees it. */
struct gpt_disk {
	uint64_t blocks;
	uint32_t block_bytes; /* 512 to GPT_BLOCK_BYTES_MAX, a power of two */
	uint8_t *block;       /* room for one, aligned to 8 */
	/* Reads block `at` of the disk, below `blocks`, into `block`. */
	bool (*read)(void *context, uint64_t at);
	void *context;
};

struct gpt {
	struct crc32_tables crc;
	struct gpt_partition partitions[GPT_PARTITIONS]; /* in the table's order */
	uint32_t count;
};

/* GPT_OK or GPT_OK_BACKUP: `gpt` holds the partitions. Otherwise it holds none. About 20 KiB: make it static. */
enum gpt_status gpt_read(struct gpt *gpt, const struct gpt_disk *disk);

/* The partition with this entry number, or the first one of this name; NULL: there is none. */
const struct gpt_partition *gpt_numbered(const struct gpt *gpt, uint32_t number);
const struct gpt_partition *gpt_named(const struct gpt *gpt, const char *name);

/* What a status means, for a log. */
const char *gpt_status_text(enum gpt_status status);

#endif
