/*
 * The entries: read once, block by block, so that what the CRC was computed of is what is used.
 */
#include "format.h"

struct reading {
	struct gpt *gpt;
	const struct gpt_header *header;
	uint32_t crc;
	enum gpt_status status; /* the first thing that is wrong with a partition; told if the CRC is right */
};

static char *put_utf8(char *to, uint32_t code)
{
	if (code < 0x80) {
		*to++ = (char)code;
	} else if (code < 0x800) {
		*to++ = (char)(0xc0 | code >> 6);
		*to++ = (char)(0x80 | (code & 0x3f));
	} else if (code < 0x10000) {
		*to++ = (char)(0xe0 | code >> 12);
		*to++ = (char)(0x80 | (code >> 6 & 0x3f));
		*to++ = (char)(0x80 | (code & 0x3f));
	} else {
		*to++ = (char)(0xf0 | code >> 18);
		*to++ = (char)(0x80 | (code >> 12 & 0x3f));
		*to++ = (char)(0x80 | (code >> 6 & 0x3f));
		*to++ = (char)(0x80 | (code & 0x3f));
	}
	return to;
}

static bool is_high(uint32_t unit)
{
	return unit >= 0xd800 && unit < 0xdc00;
}

static bool is_low(uint32_t unit)
{
	return unit >= 0xdc00 && unit < 0xe000;
}

/* UTF-16 of at most 36 units; control characters, which would spoil a log, become '?' too. */
static void take_name(char name[GPT_NAME_BYTES], const uint8_t *units)
{
	char *to = name;

	for (uint32_t i = 0; i < GPT_NAME_UNITS; i++) {
		uint32_t unit = format_u16(units + 2 * i);

		if (unit == 0) {
			break;
		}
		if (is_high(unit) && i + 1 < GPT_NAME_UNITS && is_low(format_u16(units + 2 * i + 2))) {
			unit = 0x10000 + ((unit - 0xd800) << 10) + (format_u16(units + 2 * i + 2) - 0xdc00u);
			i++;
		} else if (is_high(unit) || is_low(unit) || unit < ' ' || unit == 0x7f) {
			unit = '?';
		}
		to = put_utf8(to, unit);
	}
	*to = '\0';
}

static enum gpt_status check_partition(const struct gpt *gpt, const struct gpt_header *header, uint64_t first,
				       uint64_t last)
{
	if (first < header->first_usable || last > header->last_usable || first > last) {
		return GPT_BAD_PARTITION;
	}
	for (uint32_t i = 0; i < gpt->count; i++) {
		const struct gpt_partition *other = &gpt->partitions[i];

		if (first < other->first + other->blocks && other->first <= last) {
			return GPT_OVERLAP;
		}
	}
	return gpt->count == GPT_PARTITIONS ? GPT_TOO_MANY : GPT_OK;
}

static void take_entry(struct reading *reading, uint32_t index, const uint8_t *entry)
{
	static const uint8_t unused[ENTRY_TYPE_BYTES];
	struct gpt *gpt = reading->gpt;

	if (reading->status != GPT_OK || memcmp(entry, unused, sizeof(unused)) == 0) {
		return;
	}

	uint64_t first = format_u64(entry + ENTRY_FIRST);
	uint64_t last = format_u64(entry + ENTRY_LAST);

	reading->status = check_partition(gpt, reading->header, first, last);
	if (reading->status == GPT_OK) {
		struct gpt_partition *partition = &gpt->partitions[gpt->count++];

		partition->number = index + 1;
		partition->first = first;
		partition->blocks = last - first + 1;
		take_name(partition->name, entry + ENTRY_NAME);
	}
}

enum gpt_status gpt_read_table(struct gpt *gpt, const struct gpt_disk *disk, const struct gpt_header *header)
{
	struct reading reading = { .gpt = gpt, .header = header, .status = GPT_OK };
	uint32_t left = header->entries * header->entry_bytes;
	uint32_t index = 0;

	for (uint64_t i = 0; i < header->table_blocks; i++) {
		uint32_t bytes = left < disk->block_bytes ? left : disk->block_bytes;

		if (!disk->read(disk->context, header->table_block + i)) {
			return GPT_READ_ERROR;
		}
		reading.crc = crc32_add(&gpt->crc, reading.crc, disk->block, bytes);
		for (uint32_t at = 0; at < bytes; at += header->entry_bytes) {
			take_entry(&reading, index++, disk->block + at);
		}
		left -= bytes;
	}
	return reading.crc != header->table_crc ? GPT_BAD_TABLE : reading.status;
}
