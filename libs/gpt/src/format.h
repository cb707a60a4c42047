/*
 * The format on the disk: offsets of fields (UEFI 2.10, tables 5.3 to 5.6), all little-endian, and a header taken apart.
 */
#ifndef GPT_FORMAT_H
#define GPT_FORMAT_H

#include <string.h>

#include <gpt/gpt.h>

#define MBR_ENTRY 446u
#define MBR_ENTRY_BYTES 16u
#define MBR_ENTRIES 4u
#define MBR_TYPE 4u /* in an entry */
#define MBR_TYPE_PROTECTIVE 0xeeu
#define MBR_SIGNATURE 510u

#define HEADER_SIGNATURE "EFI PART"
#define HEADER_REVISION 8u
#define HEADER_REVISION_1 0x00010000u
#define HEADER_BYTES 12u
#define HEADER_BYTES_MIN 92u
#define HEADER_CRC 16u
#define HEADER_OWN_BLOCK 24u
#define HEADER_OTHER_BLOCK 32u
#define HEADER_FIRST_USABLE 40u
#define HEADER_LAST_USABLE 48u
#define HEADER_TABLE_BLOCK 72u
#define HEADER_ENTRIES 80u
#define HEADER_ENTRY_BYTES 84u
#define HEADER_TABLE_CRC 88u

#define ENTRY_BYTES_MIN 128u
#define ENTRY_BYTES_MAX 512u
#define ENTRY_TYPE_BYTES 16u /* a GUID, at the beginning; zero: not in use */
#define ENTRY_FIRST 32u
#define ENTRY_LAST 40u
#define ENTRY_NAME 56u

struct gpt_header {
	uint64_t first_usable;
	uint64_t last_usable;
	uint64_t table_block;
	uint64_t table_blocks;
	uint32_t entries;
	uint32_t entry_bytes;
	uint32_t table_crc;
};

static inline uint16_t format_u16(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

static inline uint32_t format_u32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static inline uint64_t format_u64(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

/* table.c: reads and checks the header's table. GPT_OK: gpt->partitions are its. */
enum gpt_status gpt_read_table(struct gpt *gpt, const struct gpt_disk *disk, const struct gpt_header *header);

#endif
