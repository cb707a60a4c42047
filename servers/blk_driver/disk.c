#include "disk.h"

#include <string.h>

#include <linux/virtio_ids.h>

#define QUEUE 0u
#define OWN UINT32_MAX /* owner of the driver's own commands */
#define FRAME_BUFFERS 2u /* header and status beside the segments; a command without them may have a range */

#define FEATURE(name) (1ull << VIRTIO_##name)

static const uint64_t wanted = FEATURE(BLK_F_SIZE_MAX) | FEATURE(BLK_F_SEG_MAX) | FEATURE(BLK_F_RO) |
			       FEATURE(BLK_F_BLK_SIZE) | FEATURE(BLK_F_TOPOLOGY) | FEATURE(BLK_F_FLUSH) |
			       FEATURE(BLK_F_DISCARD) | FEATURE(BLK_F_WRITE_ZEROES) | FEATURE(RING_F_INDIRECT_DESC) |
			       FEATURE(RING_F_EVENT_IDX);

#define CONFIG(disk, field)                                                                    \
	virtio_hardware_config(&(disk)->hardware, (uint32_t)offsetof(struct virtio_blk_config, field), \
			       sizeof(((struct virtio_blk_config *)NULL)->field))

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* A limit of 0 means "none" in a share, and in virtio that the command is of no use. */
static void read_ranges(struct disk *disk)
{
	const struct virtio_hardware *hardware = &disk->hardware;
	struct sk_block_share *limits = &disk->limits;

	if (virtio_hardware_has(hardware, VIRTIO_BLK_F_DISCARD) && CONFIG(disk, max_discard_seg) != 0) {
		limits->discard_sectors_max = (uint32_t)CONFIG(disk, max_discard_sectors);
		limits->discard_align_sectors = (uint32_t)CONFIG(disk, discard_sector_alignment);
		limits->features |= limits->discard_sectors_max != 0 ? SK_BLOCK_FEATURES_DISCARD : 0;
	}
	if (virtio_hardware_has(hardware, VIRTIO_BLK_F_WRITE_ZEROES) && CONFIG(disk, max_write_zeroes_seg) != 0) {
		limits->write_zeroes_sectors_max = (uint32_t)CONFIG(disk, max_write_zeroes_sectors);
		limits->features |= limits->write_zeroes_sectors_max != 0 ? SK_BLOCK_FEATURES_WRITE_ZEROES : 0;
		disk->may_unmap = CONFIG(disk, write_zeroes_may_unmap) != 0;
	}
}

static void read_sizes(struct disk *disk)
{
	const struct virtio_hardware *hardware = &disk->hardware;
	struct sk_block_share *limits = &disk->limits;
	uint32_t exponent = virtio_hardware_has(hardware, VIRTIO_BLK_F_TOPOLOGY)
				    ? (uint32_t)CONFIG(disk, physical_block_exp)
				    : 0;

	disk->block_bytes = virtio_hardware_has(hardware, VIRTIO_BLK_F_BLK_SIZE) ? (uint32_t)CONFIG(disk, blk_size)
										 : DISK_SECTOR_BYTES;
	limits->block_bytes = disk->block_bytes;
	limits->physical_block_bytes = disk->block_bytes << (exponent < 16 ? exponent : 0);
	limits->segment_bytes_max =
		virtio_hardware_has(hardware, VIRTIO_BLK_F_SIZE_MAX) ? (uint32_t)CONFIG(disk, size_max) : 1u << 30;
	limits->segments_max = virtio_hardware_has(hardware, VIRTIO_BLK_F_SEG_MAX) ? (uint32_t)CONFIG(disk, seg_max) : 1;
	limits->segments_max = least(limits->segments_max, DISK_SEGMENTS);
}

static void read_features(struct disk *disk)
{
	struct sk_block_share *limits = &disk->limits;

	*limits = (struct sk_block_share){ 0 };
	limits->features = virtio_hardware_has(&disk->hardware, VIRTIO_BLK_F_RO) ? SK_BLOCK_FEATURES_READ_ONLY : 0;
	limits->features |= virtio_hardware_has(&disk->hardware, VIRTIO_BLK_F_FLUSH) ? SK_BLOCK_FEATURES_FLUSH : 0;
	read_sizes(disk);
	read_ranges(disk);
	disk->sectors = CONFIG(disk, capacity);
}

static bool is_usable(struct disk *disk, uint32_t ring_size)
{
	struct sk_block_share *limits = &disk->limits;
	uint32_t block_sectors = disk->block_bytes / DISK_SECTOR_BYTES;

	limits->segments_max = least(limits->segments_max, ring_size < FRAME_BUFFERS ? 0 : ring_size - FRAME_BUFFERS);
	if (disk->block_bytes < DISK_SECTOR_BYTES || disk->block_bytes > GPT_BLOCK_BYTES_MAX ||
	    (disk->block_bytes & (disk->block_bytes - 1)) != 0 || limits->segments_max == 0 ||
	    limits->segment_bytes_max < SK_PAGE_BYTES) {
		return false;
	}
	disk->sectors -= disk->sectors % block_sectors;
	limits->capacity_sectors = disk->sectors;
	/* No sum of a sector and a number of sectors, and no count of bytes, wraps. */
	return disk->sectors != 0 && disk->sectors < 1ull << 54;
}

static void init_frames(struct disk *disk)
{
	disk->full = false;
	disk->free_count = 0;
	while (disk->free_count < least(DISK_COMMANDS, disk->ring.size)) {
		disk->free[disk->free_count] = (uint16_t)disk->free_count;
		disk->free_count++;
	}
}

/* A command of the driver's own into the bounce buffer, before anybody else's. */
static bool do_alone(struct disk *disk, uint32_t type, uint64_t sector, uint32_t bytes)
{
	struct disk_command command = {
		.type = type, .sector = sector, .sectors = bytes / DISK_SECTOR_BYTES, .count = 1,
	};
	struct disk_done done = { .result = SK_BLOCK_RESULT_FAILED };
	enum virtio_ring_status status;

	command.segments[0] = (struct virtio_buffer){ virtio_dma_address(&disk->dma, disk->bounce), bytes, true };
	if (!disk_stage(disk, &command, OWN, 0)) {
		return false;
	}
	disk_publish(disk);
	disk_kick(disk);
	while ((status = disk_take(disk, &done)) == VIRTIO_RING_EMPTY) {
		if (!virtio_ring_arm(&disk->ring)) {
			disk->wait();
		}
	}
	return status == VIRTIO_RING_DONE && done.result == SK_BLOCK_RESULT_DONE;
}

enum disk_state disk_open(struct disk *disk)
{
	uint32_t size;

	disk->sectors = 0;
	if (!virtio_process_hardware(&disk->hardware, VIRTIO_ID_BLOCK)) {
		return DISK_ABSENT;
	}
	if (!virtio_hardware_begin(&disk->hardware, wanted)) {
		return DISK_UNUSABLE;
	}
	read_features(disk);
	size = least(virtio_hardware_queue_max(&disk->hardware, QUEUE), DISK_COMMANDS);
	while ((size & (size - 1)) != 0) {
		size &= size - 1;
	}
	if (!is_usable(disk, size)) {
		disk->sectors = 0;
		(void)virtio_hardware_reset(&disk->hardware);
		return DISK_UNUSABLE;
	}
	disk->frames = virtio_dma_take(&disk->dma, DISK_COMMANDS * sizeof(struct disk_frame), 64);
	disk->bounce = virtio_dma_take(&disk->dma, DISK_BOUNCE_BYTES, 64);
	if (disk->frames == NULL || disk->bounce == NULL ||
	    !virtio_ring_open(&disk->ring, &disk->dma, size, disk->hardware.features, DISK_SEGMENTS + FRAME_BUFFERS)) {
		disk->sectors = 0;
		(void)virtio_hardware_reset(&disk->hardware);
		return DISK_NO_MEMORY;
	}
	disk->frames_address = virtio_dma_address(&disk->dma, disk->frames);
	init_frames(disk);
	disk->bounce_blocks = 0;
	if (!virtio_hardware_queue(&disk->hardware, QUEUE, &disk->ring) || !virtio_hardware_go(&disk->hardware)) {
		disk->sectors = 0;
		return DISK_UNUSABLE;
	}
	/* For the guest's udev rules; no disk is refused for want of it. */
	if (do_alone(disk, VIRTIO_BLK_T_GET_ID, 0, VIRTIO_BLK_ID_BYTES)) {
		memcpy(disk->limits.serial, disk->bounce, VIRTIO_BLK_ID_BYTES);
	}
	return DISK_READY;
}

static bool device_writes(uint32_t type)
{
	return type == VIRTIO_BLK_T_IN || type == VIRTIO_BLK_T_GET_ID;
}

static bool has_range(uint32_t type)
{
	return type == VIRTIO_BLK_T_DISCARD || type == VIRTIO_BLK_T_WRITE_ZEROES;
}

static uint32_t describe(const struct disk *disk, struct disk_frame *frame, const struct disk_command *command,
			 struct virtio_buffer *buffers)
{
	uint64_t address = virtio_dma_address(&disk->dma, frame);
	uint32_t count = 0;

	frame->header = (struct virtio_blk_outhdr){ .type = command->type, .sector = command->sector };
	buffers[count++] = (struct virtio_buffer){ address, sizeof(frame->header), false };
	if (has_range(command->type)) {
		frame->header.sector = 0;
		frame->range = (struct virtio_blk_discard_write_zeroes){
			.sector = command->sector,
			.num_sectors = command->sectors,
			.flags = command->unmap && disk->may_unmap ? VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP : 0,
		};
		buffers[count++] = (struct virtio_buffer){ address + offsetof(struct disk_frame, range),
							   sizeof(frame->range), false };
	}
	for (uint32_t i = 0; i < command->count; i++) {
		buffers[count] = command->segments[i];
		buffers[count++].writable = device_writes(command->type);
	}
	frame->status = DISK_UNTOUCHED;
	buffers[count++] = (struct virtio_buffer){ address + offsetof(struct disk_frame, status), 1, true };
	return count;
}

bool disk_stage(struct disk *disk, struct disk_command *command, uint32_t owner, uint64_t check)
{
	static struct virtio_buffer buffers[DISK_SEGMENTS + FRAME_BUFFERS];

	disk->full = true;
	if (disk->free_count == 0) {
		return false;
	}

	uint32_t index = disk->free[disk->free_count - 1];
	uint32_t count = describe(disk, &disk->frames[index], command, buffers);

	if (!virtio_ring_stage(&disk->ring, buffers, count, index)) {
		return false;
	}
	disk->frames[index].check = check;
	disk->full = false;
	disk->owners[index] = owner;
	disk->free_count--;
	return true;
}

void disk_publish(struct disk *disk)
{
	virtio_ring_publish(&disk->ring);
}

void disk_unstage(struct disk *disk)
{
	virtio_ring_unstage(&disk->ring);
	disk->free_count++;
}

void disk_kick(struct disk *disk)
{
	if (virtio_ring_must_notify(&disk->ring)) {
		virtio_hardware_notify(&disk->hardware, QUEUE);
		if (disk->settles) {
			virtio_register_write(disk->hardware.registers + VIRTIO_TRANSPORT_BYTES + VIRTIO_MMIO_STATUS, 4, 0);
		}
	}
}

enum virtio_ring_status disk_take(struct disk *disk, struct disk_done *done)
{
	uint32_t index;
	uint32_t bytes;
	enum virtio_ring_status status = virtio_ring_take(&disk->ring, &index, &bytes);

	if (status != VIRTIO_RING_DONE) {
		return status;
	}
	disk->full = false;
	done->owner = disk->owners[index];
	done->check = disk->frames[index].check;
	switch (disk->frames[index].status) {
	case VIRTIO_BLK_S_OK:
		done->result = SK_BLOCK_RESULT_DONE;
		break;
	case VIRTIO_BLK_S_UNSUPP:
		done->result = SK_BLOCK_RESULT_UNSUPPORTED;
		break;
	case DISK_UNTOUCHED:
		return VIRTIO_RING_BROKEN;
	default:
		done->result = SK_BLOCK_RESULT_FAILED;
		break;
	}
	disk->free[disk->free_count++] = (uint16_t)index;
	return status;
}

/* Several blocks at a time: a partition table is many of them, one behind the other. */
static bool fill_bounce(struct disk *disk, uint64_t at)
{
	uint32_t block_sectors = disk->block_bytes / DISK_SECTOR_BYTES;
	uint64_t left = disk->sectors / block_sectors - at;
	uint32_t room = least(DISK_BOUNCE_BYTES, disk->limits.segment_bytes_max) / disk->block_bytes;
	uint32_t blocks = left < room ? (uint32_t)left : room;

	disk->bounce_blocks = 0;
	if (!do_alone(disk, VIRTIO_BLK_T_IN, at * block_sectors, blocks * disk->block_bytes)) {
		return false;
	}
	disk->bounce_block = at;
	disk->bounce_blocks = blocks;
	return true;
}

bool disk_read_block(struct disk *disk, uint64_t at, void *to)
{
	if (at >= disk->sectors / (disk->block_bytes / DISK_SECTOR_BYTES)) {
		return false;
	}
	if ((at < disk->bounce_block || at - disk->bounce_block >= disk->bounce_blocks) && !fill_bounce(disk, at)) {
		return false;
	}
	memcpy(to, disk->bounce + (at - disk->bounce_block) * disk->block_bytes, disk->block_bytes);
	return true;
}
