/* The check word: made from the chain and from the slot it is the same, and any damage to one of them shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <blk/check.h>
#include <blk/request.h>

#define TOKEN 0x8003000200010000ull
#define SLOT 5u

static uint8_t memory[65536];
static struct virtio_chain chain;
static struct sk_block_slot slot;
static struct request request;

static const struct sk_block_share share = {
	.capacity_sectors = 4096,
	.block_bytes = 512,
	.physical_block_bytes = 512,
	.features = SK_BLOCK_FEATURES_FLUSH | SK_BLOCK_FEATURES_DISCARD | SK_BLOCK_FEATURES_WRITE_ZEROES,
	.segments_max = 126,
};

static void add(uint32_t offset, uint32_t bytes, bool writable)
{
	chain.segments[chain.count++] = (struct virtio_segment){
		.at = memory + offset, .offset = offset, .bytes = bytes,
	};
	chain.readable += writable ? 0 : 1;
	*(writable ? &chain.writable_bytes : &chain.readable_bytes) += bytes;
}

static void begin(uint32_t type, uint64_t sector)
{
	struct virtio_blk_outhdr header = { .type = type, .sector = sector };

	memset(&chain, 0, sizeof(chain));
	memset(&slot, 0, sizeof(slot));
	memset(&request, 0, sizeof(request));
	memcpy(memory, &header, sizeof(header));
}

/* Header, data in `pieces` pieces, status; `cut`: the guest cuts them anywhere else. */
static void make(uint32_t type, uint32_t pieces, bool cut)
{
	bool reads = type == VIRTIO_BLK_T_IN;

	begin(type, 77);
	if (cut) {
		add(0, 5, false);
		add(5, 11 + (reads ? 0 : 512), false); /* into the data of a write */
	} else {
		add(0, 16, false);
	}
	for (uint32_t i = 0; i < pieces; i++) {
		add(4096 + 2048 * i, 1024, reads);
	}
	if (cut && reads) {
		add(40000, 513, true); /* the status at its end */
	} else {
		add(40000, 1, true);
	}
}

static void make_range(uint32_t type, uint32_t flags)
{
	struct virtio_blk_discard_write_zeroes range = { .sector = 99, .num_sectors = 8, .flags = flags };

	begin(type, 0);
	memcpy(memory + 16, &range, sizeof(range));
	add(0, 16 + sizeof(range), false);
	add(40000, 1, true);
}

static uint64_t from_chain(void)
{
	assert_int_equal(request_parse(&chain, &share, &slot, &request), REQUEST_FORWARD);
	assert_true(request_is_steady(&chain, &request));
	slot.token = TOKEN;
	slot.note = virtio_chain_last(&chain);
	return request_check(&chain, &request, blk_check_id(SLOT, TOKEN, slot.note));
}

static uint64_t from_slot(void)
{
	return blk_check_slot(SLOT, slot.token, &slot);
}

static void test_both_ways_lead_to_the_same(void **unused)
{
	(void)unused;
	for (uint32_t pieces = 1; pieces < 8; pieces++) {
		for (uint32_t i = 0; i < 4; i++) {
			make(i % 2 == 0 ? VIRTIO_BLK_T_IN : VIRTIO_BLK_T_OUT, pieces, i / 2 != 0);
			assert_true(from_chain() == from_slot());
		}
	}
	begin(VIRTIO_BLK_T_FLUSH, 0);
	add(0, 16, false);
	add(40000, 1, true);
	assert_true(from_chain() == from_slot());
	make_range(VIRTIO_BLK_T_DISCARD, 0);
	assert_true(from_chain() == from_slot());
	make_range(VIRTIO_BLK_T_WRITE_ZEROES, 0);
	assert_true(from_chain() == from_slot());
	make_range(VIRTIO_BLK_T_WRITE_ZEROES, VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP);
	assert_true(from_chain() == from_slot());
}

/* Every bit of a slot's first 48 bytes and of its segments, but for `result` and `segment_count`'s neighbour. */
static void test_any_flipped_bit_shows(void **unused)
{
	uint64_t *words = (uint64_t *)(void *)&slot;

	(void)unused;
	make(VIRTIO_BLK_T_OUT, 3, false);
	uint64_t check = from_chain();

	for (uint32_t bit = 0; bit < 64 * (64 + 3 * sizeof(struct sk_block_segment)) / 8; bit++) {
		size_t at = bit / 8;
		bool counts = at < offsetof(struct sk_block_slot, result) ||
			      (at >= offsetof(struct sk_block_slot, sector) &&
			       at < offsetof(struct sk_block_slot, reserved)) ||
			      at >= offsetof(struct sk_block_slot, segments);

		if (at >= 64 + 3 * sizeof(struct sk_block_segment)) {
			break;
		}
		words[bit / 64] ^= 1ull << bit % 64;
		assert_int_equal(from_slot() != check, counts);
		words[bit / 64] ^= 1ull << bit % 64;
	}
	assert_true(blk_check_slot(SLOT + 1, slot.token, &slot) != check);
}

static void test_order_shows(void **unused)
{
	struct sk_block_segment first;

	(void)unused;
	make(VIRTIO_BLK_T_IN, 2, false);
	uint64_t check = from_chain();

	first = slot.segments[0];
	slot.segments[0] = slot.segments[1];
	slot.segments[1] = first;
	assert_true(from_slot() != check);
}

static void test_answers_differ(void **unused)
{
	(void)unused;
	for (uint32_t i = 0; i < 8; i++) {
		for (uint32_t j = 0; j < 8; j++) {
			assert_int_equal(blk_answer(7, i) == blk_answer(7, j), i == j);
		}
		assert_true(blk_answer(7, i) != 7);
	}
}

/* The guest has changed the header since it was read. */
static void test_an_unsteady_header(void **unused)
{
	(void)unused;
	make(VIRTIO_BLK_T_OUT, 1, false);
	(void)from_chain();
	memory[8] ^= 1;
	assert_false(request_is_steady(&chain, &request));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways_lead_to_the_same),
		cmocka_unit_test(test_any_flipped_bit_shows),
		cmocka_unit_test(test_order_shows),
		cmocka_unit_test(test_answers_differ),
		cmocka_unit_test(test_an_unsteady_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
