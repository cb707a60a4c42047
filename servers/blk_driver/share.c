#include "share.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sk/process.h>

static struct {
	bool read;
	enum gpt_status status;
	struct gpt gpt;
} table;

static _Alignas(8) uint8_t block[GPT_BLOCK_BYTES_MAX];

static bool read_block(void *context, uint64_t at)
{
	return disk_read_block(context, at, block);
}

static const struct gpt *partitions(struct disk *disk)
{
	if (!table.read) {
		struct gpt_disk view = {
			.blocks = disk->sectors / (disk->block_bytes / DISK_SECTOR_BYTES),
			.block_bytes = disk->block_bytes,
			.block = block,
			.read = read_block,
			.context = disk,
		};

		table.read = true;
		table.status = gpt_read(&table.gpt, &view);
		if (table.status != GPT_OK) {
			printf("the disk's partition table (GPT) is %s\n", gpt_status_text(table.status));
		}
	}
	return table.status == GPT_OK || table.status == GPT_OK_BACKUP ? &table.gpt : NULL;
}

/* `text` begins with `word`; returns what is behind it, NULL if not. */
static const char *behind(const char *text, const char *word)
{
	size_t length = strlen(word);

	return strncmp(text, word, length) == 0 ? text + length : NULL;
}

/* A partition's number without anything behind it; 0: that is none. */
static uint32_t number_of(const char *text)
{
	uint32_t number = 0;

	for (; *text >= '0' && *text <= '9' && number <= GPT_ENTRIES_MAX; text++) {
		number = number * 10 + (uint32_t)(*text - '0');
	}
	return *text == '\0' && number <= GPT_ENTRIES_MAX ? number : 0;
}

static enum share_state take_partition(struct share *share, struct disk *disk, const char *number, const char *name)
{
	const struct gpt *gpt = partitions(disk);
	const struct gpt_partition *partition = NULL;
	uint32_t block_sectors = disk->block_bytes / DISK_SECTOR_BYTES;

	if (gpt != NULL) {
		partition = name != NULL ? gpt_named(gpt, name) : gpt_numbered(gpt, number_of(number));
	}
	if (partition == NULL) {
		return SHARE_NO_DISK;
	}
	share->first = partition->first * block_sectors;
	share->sectors = partition->blocks * block_sectors;
	return SHARE_GIVEN;
}

/* `what` without the flag. */
static enum share_state take(struct share *share, struct disk *disk, const char *what)
{
	const char *number = behind(what, "partition:");
	const char *name = behind(what, "name:");

	if (number != NULL || name != NULL) {
		bool good = number != NULL ? number_of(number) != 0 : *name != '\0';

		return !good ? SHARE_NONE : disk->sectors == 0 ? SHARE_NO_DISK : take_partition(share, disk, number, name);
	}
	if (strcmp(what, "all") != 0) {
		return SHARE_NONE;
	}
	share->sectors = disk->sectors;
	return disk->sectors == 0 ? SHARE_NO_DISK : SHARE_GIVEN;
}

void share_find(struct share *share, struct disk *disk, const char *client)
{
	char what[GPT_NAME_BYTES + 16];
	const char *argument = sk_argument(client);
	size_t length = argument == NULL ? 0 : strlen(argument);
	bool read_only = length > 3 && strcmp(argument + length - 3, ",ro") == 0;

	*share = (struct share){ .state = SHARE_NONE };
	length -= read_only ? 3 : 0;
	if (length != 0 && length < sizeof(what)) {
		memcpy(what, argument, length);
		what[length] = '\0';
		share->state = take(share, disk, what);
	}
	if (share->state != SHARE_GIVEN) {
		printf("%s: %s\n", client,
		       share->state == SHARE_NO_DISK ? "the disk or the partition that it is to have is not there"
						     : "no argument says what it has of the disk");
		return;
	}
	share->features = disk->limits.features | (read_only ? SK_BLOCK_FEATURES_READ_ONLY : 0u);
	if ((share->features & SK_BLOCK_FEATURES_READ_ONLY) != 0) {
		share->features &= ~(SK_BLOCK_FEATURES_DISCARD | SK_BLOCK_FEATURES_WRITE_ZEROES);
	}
	printf("%s: %llu MiB from sector %llu%s\n", client, (unsigned long long)(share->sectors >> 11),
	       (unsigned long long)share->first,
	       (share->features & SK_BLOCK_FEATURES_READ_ONLY) != 0 ? ", read-only" : "");
}
