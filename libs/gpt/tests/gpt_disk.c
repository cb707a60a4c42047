#include "gpt_disk.h"

#include <string.h>

static uint32_t slow_crc(const uint8_t *data, size_t bytes)
{
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < bytes; i++) {
		crc ^= data[i];
		for (int bit = 0; bit < 8; bit++) {
			crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xedb88320u : 0);
		}
	}
	return ~crc;
}

void disk_put(uint8_t *at, uint64_t value, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes; i++) {
		at[i] = (uint8_t)(value >> (8 * i));
	}
}

static bool read_block(void *context, uint64_t at)
{
	struct memory_disk *memory = context;

	memory->reads++;
	if (at >= DISK_BLOCKS || (memory->bad != 0 && at == memory->bad)) {
		return false;
	}
	memcpy(memory->block, memory->blocks[at], sizeof(memory->block));
	return true;
}

uint8_t *disk_header(struct memory_disk *memory, bool backup)
{
	return memory->blocks[backup ? DISK_BLOCKS - 1 : 1];
}

static uint8_t *table_of(struct memory_disk *memory, bool backup)
{
	return memory->blocks[backup ? DISK_BLOCKS - 1 - TABLE_BLOCKS : 2];
}

static void put_header(struct memory_disk *memory, bool backup)
{
	uint8_t *header = disk_header(memory, backup);

	memcpy(header, "EFI PART", 8);
	disk_put(header + 8, 0x10000, 4);
	disk_put(header + 12, 92, 4);
	disk_put(header + 24, backup ? DISK_BLOCKS - 1 : 1, 8);
	disk_put(header + 32, backup ? 1 : DISK_BLOCKS - 1, 8);
	disk_put(header + 40, 2 + TABLE_BLOCKS, 8);
	disk_put(header + 48, DISK_BLOCKS - 2 - TABLE_BLOCKS, 8);
	memset(header + 56, 0x5a, 16);
	disk_put(header + 72, backup ? DISK_BLOCKS - 1 - TABLE_BLOCKS : 2, 8);
	disk_put(header + 80, 128, 4);
	disk_put(header + 84, 128, 4);
}

void disk_format(struct memory_disk *memory)
{
	memset(memory, 0, sizeof(*memory));
	memory->disk = (struct gpt_disk){
		.blocks = DISK_BLOCKS, .block_bytes = 512, .block = memory->block, .read = read_block, .context = memory,
	};
	memory->blocks[0][446 + 4] = 0xee;
	memory->blocks[0][510] = 0x55;
	memory->blocks[0][511] = 0xaa;
	put_header(memory, false);
	put_header(memory, true);
	disk_seal(memory);
}

void disk_entry(struct memory_disk *memory, uint32_t index, uint64_t first, uint64_t last, const char *name)
{
	for (int backup = 0; backup < 2; backup++) {
		uint8_t *entry = table_of(memory, backup != 0) + 128 * index;

		memset(entry, 0xaf, 32);
		disk_put(entry + 32, first, 8);
		disk_put(entry + 40, last, 8);
		for (uint32_t i = 0; name[i] != '\0'; i++) {
			disk_put(entry + 56 + 2 * i, (uint8_t)name[i], 2);
		}
	}
}

void disk_seal(struct memory_disk *memory)
{
	for (int backup = 0; backup < 2; backup++) {
		uint8_t *header = disk_header(memory, backup != 0);

		disk_put(header + 88, slow_crc(table_of(memory, backup != 0), (size_t)TABLE_BLOCKS * 512), 4);
		disk_put(header + 16, 0, 4);
		disk_put(header + 16, slow_crc(header, 92), 4);
	}
}
