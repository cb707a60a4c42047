#include "request.h"

#include <string.h>

#define SECTOR_BYTES 512u
#define HEADER_BYTES ((uint32_t)sizeof(struct virtio_blk_outhdr))
#define DATA_BYTES_MAX (UINT32_MAX - SECTOR_BYTES) /* with its status byte, it fits the used ring's length */

static const struct request forward = { .way = REQUEST_FORWARD };
static const struct request broken = { .way = REQUEST_BROKEN };

static struct request answer(uint8_t status)
{
	return (struct request){ .way = REQUEST_ANSWER, .status = status };
}

static bool inside(const struct sk_block_share *share, uint64_t sector, uint64_t sectors)
{
	uint64_t block = share->block_bytes / SECTOR_BYTES;

	return sector <= share->capacity_sectors && sectors <= share->capacity_sectors - sector &&
	       sector % block == 0 && sectors % block == 0;
}

/*
 * The data's pieces: of segments [first, end) without `skip` bytes at the beginning, up to `bytes` in all. They
 * are counted here: the slot's own words may change under our hands.
 */
static bool add_pieces(const struct virtio_chain *chain, uint32_t first, uint32_t end, uint32_t skip,
		       uint64_t bytes, const struct sk_block_share *share, struct sk_block_slot *slot)
{
	uint32_t count = 0;

	for (uint32_t i = first; i < end && bytes != 0; i++) {
		const struct virtio_segment *from = &chain->segments[i];
		uint32_t here = skip < from->bytes ? skip : from->bytes;
		uint64_t piece = from->bytes - here;

		skip -= here;
		piece = piece < bytes ? piece : bytes;
		if (piece == 0) {
			continue;
		}
		if (count == share->segments_max || count == REQUEST_SEGMENTS ||
		    (share->segment_bytes_max != 0 && piece > share->segment_bytes_max)) {
			return false;
		}
		slot->segments[count++] = (struct sk_block_segment){
			.memory = from->memory,
			.bytes = (uint32_t)piece,
			.offset = from->offset + here,
		};
		bytes -= piece;
	}
	slot->segment_count = count;
	return bytes == 0;
}

static struct request transfer(const struct virtio_chain *chain, const struct virtio_blk_outhdr *header,
			       const struct sk_block_share *share, struct sk_block_slot *slot)
{
	bool write = header->type == VIRTIO_BLK_T_OUT;
	uint64_t bytes = write ? chain->readable_bytes - HEADER_BYTES : chain->writable_bytes - 1;
	uint32_t first = write ? 0 : chain->readable;
	uint32_t end = write ? chain->readable : chain->count;

	if (bytes == 0 || bytes > DATA_BYTES_MAX || bytes % SECTOR_BYTES != 0 ||
	    !inside(share, header->sector, bytes / SECTOR_BYTES) ||
	    (write && (share->features & SK_BLOCK_FEATURES_READ_ONLY) != 0)) {
		return answer(VIRTIO_BLK_S_IOERR);
	}
	slot->operation = write ? SK_BLOCK_OPERATION_WRITE : SK_BLOCK_OPERATION_READ;
	slot->sector = header->sector;
	slot->sectors = (uint32_t)(bytes / SECTOR_BYTES);
	return add_pieces(chain, first, end, write ? HEADER_BYTES : 0, bytes, share, slot)
		       ? forward
		       : answer(VIRTIO_BLK_S_IOERR);
}

static struct request flush(const struct sk_block_share *share, struct sk_block_slot *slot)
{
	/* Without it, what was written is on the disk. */
	if ((share->features & SK_BLOCK_FEATURES_FLUSH) == 0) {
		return answer(VIRTIO_BLK_S_OK);
	}
	slot->operation = SK_BLOCK_OPERATION_FLUSH;
	return forward;
}

/* One range a request: config space says that there may be no more. */
static struct request erase(const struct virtio_chain *chain, const struct sk_block_share *share, bool zeroes,
			    struct sk_block_slot *slot)
{
	struct virtio_blk_discard_write_zeroes range;
	uint32_t feature = zeroes ? SK_BLOCK_FEATURES_WRITE_ZEROES : SK_BLOCK_FEATURES_DISCARD;
	uint32_t most = zeroes ? share->write_zeroes_sectors_max : share->discard_sectors_max;
	uint32_t flags = zeroes ? VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP : 0;

	if ((share->features & feature) == 0 || (share->features & SK_BLOCK_FEATURES_READ_ONLY) != 0) {
		return answer(VIRTIO_BLK_S_UNSUPP);
	}
	if (chain->readable_bytes != HEADER_BYTES + sizeof(range)) {
		return answer(VIRTIO_BLK_S_IOERR);
	}
	(void)virtio_chain_read(chain, HEADER_BYTES, &range, sizeof(range));
	if ((range.flags & ~flags) != 0) {
		return answer(VIRTIO_BLK_S_UNSUPP);
	}
	if (!inside(share, range.sector, range.num_sectors) || (most != 0 && range.num_sectors > most)) {
		return answer(VIRTIO_BLK_S_IOERR);
	}
	slot->operation = zeroes ? SK_BLOCK_OPERATION_WRITE_ZEROES : SK_BLOCK_OPERATION_DISCARD;
	slot->sector = range.sector;
	slot->sectors = range.num_sectors;
	slot->request_flags = range.flags != 0 ? SK_BLOCK_REQUEST_FLAGS_UNMAP : 0;
	return forward;
}

static struct request identify(const struct virtio_chain *chain, const struct sk_block_share *share)
{
	struct request request = answer(VIRTIO_BLK_S_OK);
	uint64_t room = chain->writable_bytes - 1;

	request.bytes = virtio_chain_write(chain, 0, share->serial,
					   room < VIRTIO_BLK_ID_BYTES ? (uint32_t)room : VIRTIO_BLK_ID_BYTES);
	return request;
}

struct request request_parse(const struct virtio_chain *chain, const struct sk_block_share *share,
			     struct sk_block_slot *slot)
{
	struct virtio_blk_outhdr header;

	if (chain->readable_bytes < HEADER_BYTES || chain->writable_bytes == 0) {
		return broken;
	}
	(void)virtio_chain_read(chain, 0, &header, HEADER_BYTES);
	slot->sector = 0;
	slot->sectors = 0;
	slot->request_flags = 0;
	slot->segment_count = 0;
	switch (header.type) {
	case VIRTIO_BLK_T_IN:
	case VIRTIO_BLK_T_OUT:
		return transfer(chain, &header, share, slot);
	case VIRTIO_BLK_T_FLUSH:
		return flush(share, slot);
	case VIRTIO_BLK_T_GET_ID:
		return identify(chain, share);
	case VIRTIO_BLK_T_DISCARD:
		return erase(chain, share, false, slot);
	case VIRTIO_BLK_T_WRITE_ZEROES:
		return erase(chain, share, true, slot);
	default:
		return answer(VIRTIO_BLK_S_UNSUPP);
	}
}
