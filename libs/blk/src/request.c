#include <blk/request.h>

#include <string.h>

#include <blk/check.h>

#define SECTOR_BYTES 512u
#define HEADER_BYTES ((uint32_t)sizeof(struct virtio_blk_outhdr))
#define DATA_BYTES_MAX (UINT32_MAX - SECTOR_BYTES) /* with its status byte, it fits the used ring's length */

static enum request_way answer(struct request *request, uint8_t status)
{
	request->status = status;
	request->bytes = 0;
	return REQUEST_ANSWER;
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

static enum request_way transfer(const struct virtio_chain *chain, const struct sk_block_share *share,
				 struct sk_block_slot *slot, struct request *request)
{
	const struct virtio_blk_outhdr *header = &request->header;
	bool write = header->type == VIRTIO_BLK_T_OUT;
	uint64_t bytes = write ? chain->readable_bytes - HEADER_BYTES : chain->writable_bytes - 1;
	uint32_t first = write ? 0 : chain->readable;
	uint32_t end = write ? chain->readable : chain->count;

	if (bytes == 0 || bytes > DATA_BYTES_MAX || bytes % SECTOR_BYTES != 0 ||
	    !inside(share, header->sector, bytes / SECTOR_BYTES) ||
	    (write && (share->features & SK_BLOCK_FEATURES_READ_ONLY) != 0)) {
		return answer(request, VIRTIO_BLK_S_IOERR);
	}
	slot->operation = write ? SK_BLOCK_OPERATION_WRITE : SK_BLOCK_OPERATION_READ;
	slot->sector = header->sector;
	slot->sectors = (uint32_t)(bytes / SECTOR_BYTES);
	return add_pieces(chain, first, end, write ? HEADER_BYTES : 0, bytes, share, slot)
		       ? REQUEST_FORWARD
		       : answer(request, VIRTIO_BLK_S_IOERR);
}

static enum request_way flush(const struct sk_block_share *share, struct sk_block_slot *slot, struct request *request)
{
	/* Without it, what was written is on the disk. */
	if ((share->features & SK_BLOCK_FEATURES_FLUSH) == 0) {
		return answer(request, VIRTIO_BLK_S_OK);
	}
	slot->operation = SK_BLOCK_OPERATION_FLUSH;
	return REQUEST_FORWARD;
}

/* One range a request: config space says that there may be no more. */
static enum request_way erase(const struct virtio_chain *chain, const struct sk_block_share *share, bool zeroes,
			      struct sk_block_slot *slot, struct request *request)
{
	struct virtio_blk_discard_write_zeroes *range = &request->range;
	uint32_t feature = zeroes ? SK_BLOCK_FEATURES_WRITE_ZEROES : SK_BLOCK_FEATURES_DISCARD;
	uint32_t most = zeroes ? share->write_zeroes_sectors_max : share->discard_sectors_max;
	uint32_t flags = zeroes ? VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP : 0;

	if ((share->features & feature) == 0 || (share->features & SK_BLOCK_FEATURES_READ_ONLY) != 0) {
		return answer(request, VIRTIO_BLK_S_UNSUPP);
	}
	if (chain->readable_bytes != HEADER_BYTES + sizeof(*range)) {
		return answer(request, VIRTIO_BLK_S_IOERR);
	}
	(void)virtio_chain_read(chain, HEADER_BYTES, range, sizeof(*range));
	if ((range->flags & ~flags) != 0) {
		return answer(request, VIRTIO_BLK_S_UNSUPP);
	}
	if (!inside(share, range->sector, range->num_sectors) || (most != 0 && range->num_sectors > most)) {
		return answer(request, VIRTIO_BLK_S_IOERR);
	}
	slot->operation = zeroes ? SK_BLOCK_OPERATION_WRITE_ZEROES : SK_BLOCK_OPERATION_DISCARD;
	slot->sector = range->sector;
	slot->sectors = range->num_sectors;
	slot->request_flags = range->flags != 0 ? SK_BLOCK_REQUEST_FLAGS_UNMAP : 0;
	return REQUEST_FORWARD;
}

static enum request_way identify(const struct virtio_chain *chain, const struct sk_block_share *share,
				 struct request *request)
{
	uint64_t room = chain->writable_bytes - 1;

	(void)answer(request, VIRTIO_BLK_S_OK);
	request->bytes = virtio_chain_write(chain, 0, share->serial,
					   room < VIRTIO_BLK_ID_BYTES ? (uint32_t)room : VIRTIO_BLK_ID_BYTES);
	return REQUEST_ANSWER;
}

static enum request_way parse(const struct virtio_chain *chain, const struct sk_block_share *share,
			      struct sk_block_slot *slot, struct request *request)
{
	if (chain->readable_bytes < HEADER_BYTES || chain->writable_bytes == 0) {
		return REQUEST_BROKEN;
	}
	(void)virtio_chain_read(chain, 0, &request->header, HEADER_BYTES);
	slot->sector = 0;
	slot->sectors = 0;
	slot->request_flags = 0;
	slot->segment_count = 0;
	switch (request->header.type) {
	case VIRTIO_BLK_T_IN:
	case VIRTIO_BLK_T_OUT:
		return transfer(chain, share, slot, request);
	case VIRTIO_BLK_T_FLUSH:
		return flush(share, slot, request);
	case VIRTIO_BLK_T_GET_ID:
		return identify(chain, share, request);
	case VIRTIO_BLK_T_DISCARD:
		return erase(chain, share, false, slot, request);
	case VIRTIO_BLK_T_WRITE_ZEROES:
		return erase(chain, share, true, slot, request);
	default:
		return answer(request, VIRTIO_BLK_S_UNSUPP);
	}
}

enum request_way request_parse(const struct virtio_chain *chain, const struct sk_block_share *share,
			       struct sk_block_slot *slot, struct request *request)
{
	request->way = parse(chain, share, slot, request);
	return request->way;
}

/* What of `count` segments from `at` on lies between bytes `from` and `to` of them. */
static uint64_t check_window(uint64_t check, const struct virtio_segment *at, uint32_t count, uint64_t from, uint64_t to)
{
	uint64_t begin = 0;

	for (const struct virtio_segment *end_of_all = at + count; at < end_of_all && begin < to; at++) {
		uint64_t end = begin + at->bytes;
		uint64_t low = begin < from ? from : begin;
		uint64_t high = end < to ? end : to;

		if (low < high) {
			check = blk_check_segment(check, at->memory, (uint32_t)(high - low),
						  at->offset + (low - begin));
		}
		begin = end;
	}
	return check;
}

uint64_t request_check(const struct virtio_chain *chain, const struct request *request, uint64_t id)
{
	const struct virtio_segment *writable = &chain->segments[chain->readable];
	uint64_t to_read = chain->writable_bytes - 1;
	uint64_t to_write = chain->readable_bytes - HEADER_BYTES;
	uint32_t flags = request->range.flags & VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP ? SK_BLOCK_REQUEST_FLAGS_UNMAP : 0;

	switch (request->header.type) {
	case VIRTIO_BLK_T_IN:
		id = check_window(id, writable, chain->count - chain->readable, 0, to_read);
		return blk_check_range(id, SK_BLOCK_OPERATION_READ, 0, request->header.sector,
				       (uint32_t)(to_read / SECTOR_BYTES));
	case VIRTIO_BLK_T_OUT:
		id = check_window(id, chain->segments, chain->readable, HEADER_BYTES, chain->readable_bytes);
		return blk_check_range(id, SK_BLOCK_OPERATION_WRITE, 0, request->header.sector,
				       (uint32_t)(to_write / SECTOR_BYTES));
	case VIRTIO_BLK_T_FLUSH:
		return blk_check_range(id, SK_BLOCK_OPERATION_FLUSH, 0, 0, 0);
	case VIRTIO_BLK_T_DISCARD:
		return blk_check_range(id, SK_BLOCK_OPERATION_DISCARD, flags, request->range.sector,
				       request->range.num_sectors);
	default:
		return blk_check_range(id, SK_BLOCK_OPERATION_WRITE_ZEROES, flags, request->range.sector,
				       request->range.num_sectors);
	}
}

typedef uint64_t __attribute__((may_alias)) any_word;

bool request_is_steady(const struct virtio_chain *chain, const struct request *request)
{
	const struct virtio_segment *first = &chain->segments[0];
	const volatile any_word *now = (const volatile void *)first->at;
	const any_word *then = (const void *)&request->header;

	return first->bytes < HEADER_BYTES || first->offset % sizeof(*now) != 0 ||
	       (now[0] == then[0] && now[1] == then[1]);
}
