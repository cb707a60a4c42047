/*
 * A disk whose tables are good but for what the input writes over them, with the CRCs mended or not. What is believed
 * lies on the disk, in the order of the table, without overlap.
 */
#include <string.h>

#include <fuzz/fuzz.h>

#include "gpt_disk.h"

static struct memory_disk memory;
static struct gpt gpt;

/* A field of a header, an entry, or anything. */
static void change(void)
{
	uint8_t what = fuzz_u8();
	bool backup = (what & 0x80u) != 0;

	switch (what % 4u) {
	case 0:
		disk_put(disk_header(&memory, backup) + fuzz_u8() % 92u, fuzz_edge(), (what & 0x40u) != 0 ? 8 : 4);
		break;
	case 1:
		disk_entry(&memory, fuzz_u8() % 128u, fuzz_u8(), fuzz_u8(), "name");
		break;
	case 2:
		memory.blocks[fuzz_u8() % 4u][fuzz_u16() % 512u] = fuzz_u8();
		break;
	default:
		disk_entry(&memory, fuzz_u8() % 8u, fuzz_edge(), fuzz_edge(), "n");
		break;
	}
}

void fuzz_one(void)
{
	enum gpt_status status;
	bool sealed;

	disk_format(&memory);
	disk_entry(&memory, 0, 40, 59, "first");
	disk_entry(&memory, 1, 60, 99, "second");
	memory.bad = fuzz_once_in(8) ? fuzz_u8() : 0;
	sealed = fuzz_u8() % 4u != 0;
	while (fuzz_more()) {
		change();
	}
	if (sealed) {
		disk_seal(&memory);
	}
	memset(&gpt, 0xaa, sizeof(gpt));
	status = gpt_read(&gpt, &memory.disk);
	FUZZ_EXPECT(gpt.count <= GPT_PARTITIONS && strlen(gpt_status_text(status)) > 1);
	FUZZ_EXPECT(status == GPT_OK || status == GPT_OK_BACKUP || gpt.count == 0);
	for (uint32_t i = 0; i < gpt.count; i++) {
		const struct gpt_partition *one = &gpt.partitions[i];

		FUZZ_EXPECT(one->number != 0 && one->blocks != 0 && one->first > 1 && one->first < DISK_BLOCKS &&
			    one->blocks <= DISK_BLOCKS - 1 - one->first);
		FUZZ_EXPECT(memchr(one->name, '\0', sizeof(one->name)) != NULL && gpt_named(&gpt, one->name) != NULL);
		FUZZ_EXPECT(gpt_numbered(&gpt, one->number) == one);
		for (uint32_t j = 0; j < i; j++) {
			const struct gpt_partition *other = &gpt.partitions[j];

			FUZZ_EXPECT(other->number < one->number && (other->first + other->blocks <= one->first ||
								    one->first + one->blocks <= other->first));
		}
	}
}
