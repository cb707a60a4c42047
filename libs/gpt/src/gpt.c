#include <gpt/gpt.h>

#include "format.h"

static bool has_protective_mbr(const uint8_t *block)
{
	if (block[MBR_SIGNATURE] != 0x55 || block[MBR_SIGNATURE + 1] != 0xaa) {
		return false;
	}
	for (uint32_t i = 0; i < MBR_ENTRIES; i++) {
		if (block[MBR_ENTRY + i * MBR_ENTRY_BYTES + MBR_TYPE] == MBR_TYPE_PROTECTIVE) {
			return true;
		}
	}
	return false;
}

/* The CRC covers the header with its own field zero. */
static bool header_crc_fits(const struct crc32_tables *tables, const uint8_t *block, uint32_t bytes)
{
	static const uint8_t zero[4];
	uint32_t crc = crc32_add(tables, 0, block, HEADER_CRC);

	crc = crc32_add(tables, crc, zero, sizeof(zero));
	crc = crc32_add(tables, crc, block + HEADER_CRC + 4, bytes - HEADER_CRC - 4);
	return crc == format_u32(block + HEADER_CRC);
}

static bool within(uint64_t first, uint64_t count, uint64_t from, uint64_t end)
{
	return first >= from && first < end && count <= end - first;
}

static bool apart(uint64_t a, uint64_t a_count, uint64_t b, uint64_t b_count)
{
	return a + a_count <= b || b + b_count <= a;
}

/*
 * Block 0 is the MBR's; a header is at 1 and at the end. What is usable, the table, and both headers lie on the disk
 * and apart; the primary one names the backup and the other way round. All sums are of numbers below disk->blocks, or
 * were compared first.
 */
static bool layout_fits(const struct gpt_disk *disk, const struct gpt_header *header, uint64_t at,
			uint64_t other)
{
	uint64_t usable = header->last_usable - header->first_usable + 1;

	return header->first_usable <= header->last_usable && header->last_usable < disk->blocks - 1 &&
	       header->first_usable > 1 && within(header->table_block, header->table_blocks, 2, disk->blocks - 1) &&
	       other < disk->blocks && (at == 1 ? other > 1 : other == 1) &&
	       apart(header->table_block, header->table_blocks, header->first_usable, usable) &&
	       apart(other, 1, header->first_usable, usable) &&
	       apart(other, 1, header->table_block, header->table_blocks);
}

/* disk->block holds what should be the header in block `at`. */
static enum gpt_status take_header(const struct gpt *gpt, const struct gpt_disk *disk, uint64_t at,
				   struct gpt_header *header)
{
	const uint8_t *block = disk->block;
	uint32_t bytes = format_u32(block + HEADER_BYTES);

	if (memcmp(block, HEADER_SIGNATURE, sizeof(HEADER_SIGNATURE) - 1) != 0) {
		return GPT_NO_TABLE;
	}
	if (format_u32(block + HEADER_REVISION) != HEADER_REVISION_1 || bytes < HEADER_BYTES_MIN ||
	    bytes > disk->block_bytes || !header_crc_fits(&gpt->crc, block, bytes) ||
	    format_u64(block + HEADER_OWN_BLOCK) != at) {
		return GPT_BAD_HEADER;
	}
	*header = (struct gpt_header){
		.first_usable = format_u64(block + HEADER_FIRST_USABLE),
		.last_usable = format_u64(block + HEADER_LAST_USABLE),
		.table_block = format_u64(block + HEADER_TABLE_BLOCK),
		.entries = format_u32(block + HEADER_ENTRIES),
		.entry_bytes = format_u32(block + HEADER_ENTRY_BYTES),
		.table_crc = format_u32(block + HEADER_TABLE_CRC),
	};
	if (header->entry_bytes < ENTRY_BYTES_MIN || header->entry_bytes > ENTRY_BYTES_MAX ||
	    (header->entry_bytes & (header->entry_bytes - 1)) != 0 || header->entries == 0 ||
	    header->entries > GPT_ENTRIES_MAX) {
		return GPT_BAD_HEADER;
	}
	header->table_blocks =
		((uint64_t)header->entries * header->entry_bytes + disk->block_bytes - 1) / disk->block_bytes;
	return layout_fits(disk, header, at, format_u64(block + HEADER_OTHER_BLOCK)) ? GPT_OK : GPT_BAD_HEADER;
}

static enum gpt_status read_copy(struct gpt *gpt, const struct gpt_disk *disk, uint64_t at)
{
	struct gpt_header header;

	gpt->count = 0;
	if (!disk->read(disk->context, at)) {
		return GPT_READ_ERROR;
	}

	enum gpt_status status = take_header(gpt, disk, at, &header);

	return status != GPT_OK ? status : gpt_read_table(gpt, disk, &header);
}

enum gpt_status gpt_read(struct gpt *gpt, const struct gpt_disk *disk)
{
	gpt->count = 0;
	if (disk->blocks < 6) { /* MBR, two headers, two tables, something to use */
		return GPT_NO_TABLE;
	}
	if (!disk->read(disk->context, 0)) {
		return GPT_READ_ERROR;
	}
	if (!has_protective_mbr(disk->block)) {
		return GPT_NO_TABLE;
	}
	crc32_init(&gpt->crc);

	enum gpt_status status = read_copy(gpt, disk, 1);

	/* A table with the right CRC is what somebody wrote: the backup says the same, or something older. */
	if (status == GPT_OK || status == GPT_BAD_PARTITION || status == GPT_OVERLAP || status == GPT_TOO_MANY) {
		gpt->count = status == GPT_OK ? gpt->count : 0;
		return status;
	}

	enum gpt_status backup = read_copy(gpt, disk, disk->blocks - 1);

	if (backup == GPT_OK) {
		return GPT_OK_BACKUP;
	}
	gpt->count = 0;
	return status != GPT_NO_TABLE || backup == GPT_NO_TABLE ? status : backup;
}

const struct gpt_partition *gpt_numbered(const struct gpt *gpt, uint32_t number)
{
	for (uint32_t i = 0; i < gpt->count; i++) {
		if (gpt->partitions[i].number == number) {
			return &gpt->partitions[i];
		}
	}
	return NULL;
}

const struct gpt_partition *gpt_named(const struct gpt *gpt, const char *name)
{
	for (uint32_t i = 0; i < gpt->count; i++) {
		if (strcmp(gpt->partitions[i].name, name) == 0) {
			return &gpt->partitions[i];
		}
	}
	return NULL;
}

const char *gpt_status_text(enum gpt_status status)
{
	static const char *const texts[] = {
		[GPT_OK] = "good",
		[GPT_OK_BACKUP] = "good in its backup alone: the primary table is damaged",
		[GPT_READ_ERROR] = "not to be read",
		[GPT_NO_TABLE] = "missing",
		[GPT_BAD_HEADER] = "damaged: its header can't be believed",
		[GPT_BAD_TABLE] = "damaged: its entries have another CRC",
		[GPT_BAD_PARTITION] = "wrong: a partition lies outside the usable blocks",
		[GPT_OVERLAP] = "wrong: partitions overlap",
		[GPT_TOO_MANY] = "too large: more than 128 partitions",
	};

	return (uint32_t)status < sizeof(texts) / sizeof(texts[0]) ? texts[status] : "?";
}
