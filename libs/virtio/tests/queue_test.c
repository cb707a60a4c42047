/* The device's side of a virtqueue: what it takes, what it refuses, and when it wants to be told and tells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "guest.h"

#define SIZE 16u
#define BOTH (1ull << VIRTIO_RING_F_EVENT_IDX | 1ull << VIRTIO_RING_F_INDIRECT_DESC)
#define WRITE VRING_DESC_F_WRITE

static uint8_t *memory;
static struct virtio_memory ram;
static struct sk_virtio_queue_state state;
static struct virtio_queue queue;
static struct virtio_chain chain;
static struct guest_queue guest;

static void open_queue(uint64_t features)
{
	memset(memory, 0, GUEST_BYTES);
	guest_queue_init(&guest, memory, 0, SIZE);
	state = (struct sk_virtio_queue_state){
		.descriptors = GUEST_RINGS(0),
		.available = GUEST_RINGS(0) + GUEST_AVAILABLE,
		.used = GUEST_RINGS(0) + GUEST_USED,
		.size = SIZE,
	};
	assert_true(virtio_queue_open(&queue, &state, &ram, features));
}

static int set_up(void **unused)
{
	(void)unused;
	if (memory == NULL) {
		memory = guest_map(GUEST_BYTES);
		assert_non_null(memory);
		assert_true(virtio_memory_add(&ram, GUEST_BASE, GUEST_BYTES, memory));
	}
	open_queue(BOTH);
	return 0;
}

static void test_memory(void **unused)
{
	struct virtio_memory two = { 0 };
	uint8_t low[16];

	(void)unused;
	assert_false(virtio_memory_add(&two, 0x1000, 0, low));
	assert_false(virtio_memory_add(&two, UINT64_MAX, 2, low));
	assert_true(virtio_memory_add(&two, 0x1000, 16, low));
	assert_true(virtio_memory_add(&two, GUEST_BASE, GUEST_BYTES, memory));
	assert_ptr_equal(virtio_memory_at(&two, 0x100f, 1), low + 15);
	assert_null(virtio_memory_at(&two, 0x100f, 2));
	assert_null(virtio_memory_at(&two, 0xfff, 1));
	assert_null(virtio_memory_at(&two, 0x1010, 0));
	assert_null(virtio_memory_at(&two, GUEST_BASE, GUEST_BYTES + 1ull));
	assert_null(virtio_memory_at(&two, GUEST_BASE + 1, UINT64_MAX));
	assert_ptr_equal(virtio_memory_at(&two, GUEST_BASE, GUEST_BYTES), memory);
	assert_int_equal(virtio_memory_find(&two, GUEST_BASE + 5, 1), 1);
}

static void test_rings_that_cannot_be(void **unused)
{
	static const uint32_t sizes[] = { 0, 3, 17, 512, 0x80000000u, UINT32_MAX };
	struct sk_virtio_queue_state good = state;

	(void)unused;
	for (uint32_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		state = good;
		state.size = sizes[i];
		assert_false(virtio_queue_open(&queue, &state, &ram, BOTH));
	}
	state = good;
	state.descriptors += 8;
	assert_false(virtio_queue_open(&queue, &state, &ram, BOTH));
	state = good;
	state.available += 1;
	assert_false(virtio_queue_open(&queue, &state, &ram, BOTH));
	state = good;
	state.used += 2;
	assert_false(virtio_queue_open(&queue, &state, &ram, BOTH));
	/* The last byte of each is outside: event indices count. */
	state = good;
	state.descriptors = GUEST_BASE + GUEST_BYTES - 16 * SIZE + 16;
	assert_false(virtio_queue_open(&queue, &state, &ram, BOTH));
	state = good;
	state.available = GUEST_BASE + GUEST_BYTES - (6 + 2 * SIZE) + 2;
	assert_false(virtio_queue_open(&queue, &state, &ram, BOTH));
	state.available -= 2;
	assert_true(virtio_queue_open(&queue, &state, &ram, BOTH));
	state = good;
	state.used = GUEST_BASE + GUEST_BYTES - (6 + 8 * SIZE) + 2;
	assert_false(virtio_queue_open(&queue, &state, &ram, BOTH));
	state.used -= 4;
	assert_true(virtio_queue_open(&queue, &state, &ram, BOTH));
	state = good;
	state.used = UINT64_MAX - 3;
	assert_false(virtio_queue_open(&queue, &state, &ram, BOTH));
}

static void expect_segments(void)
{
	assert_int_equal(virtio_queue_next(&queue, &chain), VIRTIO_TAKEN);
	assert_int_equal(chain.head, 3);
	assert_int_equal(chain.count, 4);
	assert_int_equal(chain.readable, 2);
	assert_int_equal(chain.readable_bytes, 30);
	assert_int_equal(chain.writable_bytes, 70);
	assert_ptr_equal(chain.segments[1].at, guest_at(memory, GUEST_DATA + 0x100));
	assert_int_equal(chain.segments[1].bytes, 20);
	assert_int_equal(chain.segments[2].offset, GUEST_DATA + 0x200 - GUEST_BASE);
	assert_int_equal(chain.segments[3].bytes, 40);
}

static const struct guest_piece four[] = {
	{ GUEST_DATA, 10, 0 },
	{ 0xdead, 0, 0 }, /* empty: where it is does not matter */
	{ GUEST_DATA + 0x100, 20, 0 },
	{ GUEST_DATA + 0x200, 30, WRITE },
	{ GUEST_DATA + 0x300, 40, WRITE },
};

static void test_direct_chain(void **unused)
{
	(void)unused;
	assert_int_equal(virtio_queue_next(&queue, &chain), VIRTIO_EMPTY);
	guest_write_chain(&guest, 3, four, 5);
	guest_offer(&guest, 3);
	expect_segments();
	expect_segments(); /* looking changes nothing */
	virtio_queue_taken(&queue);
	assert_int_equal(virtio_queue_next(&queue, &chain), VIRTIO_EMPTY);
}

static void test_indirect_chain(void **unused)
{
	(void)unused;
	guest_write_indirect(&guest, memory, 3, GUEST_DATA + 0x1001, four, 5); /* of any alignment */
	guest_offer(&guest, 3);
	expect_segments();
	virtio_queue_taken(&queue);
	/* Outside it may begin directly. */
	guest_write_chain(&guest, 2, four, 1);
	guest.descriptors[2].flags = VRING_DESC_F_NEXT;
	guest.descriptors[2].next = 3;
	guest.descriptors[2].len = 0;
	guest_offer(&guest, 2);
	assert_int_equal(virtio_queue_next(&queue, &chain), VIRTIO_TAKEN);
	assert_int_equal(chain.count, 4);
}

static void test_copying(void **unused)
{
	uint8_t bytes[100];

	(void)unused;
	for (uint32_t i = 0; i < 20; i++) {
		((uint8_t *)guest_at(memory, GUEST_DATA))[i % 10] = (uint8_t)(i % 10);
		((uint8_t *)guest_at(memory, GUEST_DATA + 0x100))[i] = (uint8_t)(10 + i);
	}
	guest_write_chain(&guest, 3, four, 5);
	guest_offer(&guest, 3);
	expect_segments();
	assert_int_equal(virtio_chain_read(&chain, 0, bytes, 100), 30);
	for (uint32_t i = 0; i < 30; i++) {
		assert_int_equal(bytes[i], i);
	}
	assert_int_equal(virtio_chain_read(&chain, 9, bytes, 2), 2);
	assert_int_equal(bytes[0], 9);
	assert_int_equal(bytes[1], 10);
	assert_int_equal(virtio_chain_read(&chain, 30, bytes, 2), 0);
	memset(bytes, 0x55, sizeof(bytes));
	assert_int_equal(virtio_chain_write(&chain, 0, bytes, 31), 31);
	assert_int_equal(*(uint8_t *)guest_at(memory, GUEST_DATA + 0x300), 0x55);
	assert_int_equal(*(uint8_t *)guest_at(memory, GUEST_DATA + 0x301), 0);
	assert_int_equal(virtio_chain_write(&chain, 29, bytes, 100), 41);
}

static void expect_broken(const struct vring_desc *descriptors, uint32_t count)
{
	uint64_t before;

	open_queue(BOTH);
	before = state.position;
	memcpy(guest.descriptors, descriptors, count * sizeof(*descriptors));
	guest_offer(&guest, 0);
	assert_int_equal(virtio_queue_next(&queue, &chain), VIRTIO_BROKEN);
	assert_int_equal(state.position, before);
}

static void test_broken_chains(void **unused)
{
	const uint64_t end = GUEST_BASE + GUEST_BYTES;
	const struct vring_desc loop[] = {
		{ GUEST_DATA, 1, VRING_DESC_F_NEXT, 1 }, { GUEST_DATA, 1, VRING_DESC_F_NEXT, 0 },
	};
	const struct vring_desc empty_loop[] = { { GUEST_DATA, 0, VRING_DESC_F_NEXT, 0 } };
	const struct vring_desc beyond[] = { { GUEST_DATA, 1, VRING_DESC_F_NEXT, SIZE } };
	const struct vring_desc order[] = { { GUEST_DATA, 1, WRITE | VRING_DESC_F_NEXT, 1 }, { GUEST_DATA, 1, 0, 0 } };
	const struct vring_desc outside[] = { { end - 1, 2, 0, 0 } };
	const struct vring_desc wraps[] = { { UINT64_MAX, 2, WRITE, 0 } };
	const struct vring_desc large[] = { { GUEST_BASE, UINT32_MAX, WRITE, 0 } };
	const struct vring_desc table_next[] = { { GUEST_DATA, 16, VRING_DESC_F_INDIRECT | VRING_DESC_F_NEXT, 1 } };
	const struct vring_desc table_empty[] = { { GUEST_DATA, 0, VRING_DESC_F_INDIRECT, 0 } };
	const struct vring_desc table_odd[] = { { GUEST_DATA, 24, VRING_DESC_F_INDIRECT, 0 } };
	const struct vring_desc table_out[] = { { end - 16, 32, VRING_DESC_F_INDIRECT, 0 } };
	/* Its one entry, the queue's own first descriptor, is indirect too. */
	const struct vring_desc table_in_table[] = { { GUEST_RINGS(0), 16, VRING_DESC_F_INDIRECT, 0 } };

	(void)unused;
	expect_broken(loop, 2);
	expect_broken(empty_loop, 1);
	expect_broken(beyond, 1);
	expect_broken(order, 2);
	expect_broken(outside, 1);
	expect_broken(wraps, 1);
	expect_broken(large, 1);
	expect_broken(table_next, 1);
	expect_broken(table_empty, 1);
	expect_broken(table_odd, 1);
	expect_broken(table_out, 1);
	expect_broken(table_in_table, 1);
}

static void test_broken_rings(void **unused)
{
	struct guest_piece many[VIRTIO_CHAIN_SEGMENTS + 1];

	(void)unused;
	guest_offer(&guest, SIZE); /* a head beyond the table */
	assert_int_equal(virtio_queue_next(&queue, &chain), VIRTIO_BROKEN);
	open_queue(BOTH);
	guest.available->idx = SIZE + 1; /* more than fit */
	assert_int_equal(virtio_queue_next(&queue, &chain), VIRTIO_BROKEN);
	open_queue(BOTH);
	guest.available->idx = UINT16_MAX; /* backwards */
	assert_int_equal(virtio_queue_next(&queue, &chain), VIRTIO_BROKEN);
	/* An indirect table without the feature. */
	open_queue(0);
	guest_write_indirect(&guest, memory, 0, GUEST_DATA, four, 5);
	guest_offer(&guest, 0);
	assert_int_equal(virtio_queue_next(&queue, &chain), VIRTIO_BROKEN);
	/* As many segments as fit, and one more. */
	for (uint32_t i = 0; i <= VIRTIO_CHAIN_SEGMENTS; i++) {
		many[i] = (struct guest_piece){ GUEST_DATA + 0x2000 + i, 1, 0 };
	}
	open_queue(BOTH);
	guest_write_indirect(&guest, memory, 0, GUEST_DATA, many, VIRTIO_CHAIN_SEGMENTS);
	guest_offer(&guest, 0);
	assert_int_equal(virtio_queue_next(&queue, &chain), VIRTIO_TAKEN);
	open_queue(BOTH);
	guest_write_indirect(&guest, memory, 0, GUEST_DATA, many, VIRTIO_CHAIN_SEGMENTS + 1);
	guest_offer(&guest, 0);
	assert_int_equal(virtio_queue_next(&queue, &chain), VIRTIO_BROKEN);
}

static uint32_t below(uint64_t *seed, uint32_t end)
{
	return (uint32_t)(guest_random(seed) % end);
}

/* Anything that is permitted (section 2.7.5): empty ones among them, up to the queue's size; indirect, the largest's. */
static void test_any_permitted_chain(void **unused)
{
	static struct guest_piece pieces[VIRTIO_CHAIN_SEGMENTS];
	uint64_t seed = 11;

	(void)unused;
	for (uint32_t round = 0; round < 1000; round++) {
		uint32_t outside = below(&seed, 3) == 0 ? 0 : 1 + below(&seed, SIZE);
		uint32_t inside = outside == SIZE || (outside != 0 && below(&seed, 2) == 0) ?
					  0 :
					  1 + below(&seed, VIRTIO_CHAIN_SEGMENTS - outside);
		uint32_t count = outside + inside;
		uint32_t readable = below(&seed, count + 1);
		uint32_t at = 0;

		for (uint32_t i = 0; i < count; i++) {
			pieces[i] = (struct guest_piece){
				GUEST_DATA + 0x4000 + below(&seed, 0x8000),
				below(&seed, 4) == 0 ? 0 : 1 + below(&seed, 5000),
				i < readable ? 0 : WRITE,
			};
		}
		open_queue(BOTH);
		guest_write_chain(&guest, 0, pieces, outside);
		if (inside != 0) {
			guest_write_indirect(&guest, memory, (uint16_t)outside, GUEST_DATA + below(&seed, 0x1000),
					     pieces + outside, inside);
		}
		if (inside != 0 && outside != 0) {
			guest.descriptors[outside - 1].flags |= VRING_DESC_F_NEXT;
			guest.descriptors[outside - 1].next = (uint16_t)outside;
		}
		guest_offer(&guest, 0);
		assert_int_equal(virtio_queue_next(&queue, &chain), VIRTIO_TAKEN);
		for (uint32_t i = 0; i < count; i++) {
			if (pieces[i].bytes != 0) {
				assert_true(at < chain.count);
				assert_int_equal(at < chain.readable, i < readable);
				assert_int_equal(chain.segments[at].offset, pieces[i].address - GUEST_BASE);
				assert_int_equal(chain.segments[at].bytes, pieces[i].bytes);
				at++;
			}
		}
		assert_int_equal(chain.count, at);
	}
}

/* Indices go round more than once; entries come in the order in which they are put. */
static void test_indices_wrap(void **unused)
{
	const struct guest_piece piece = { GUEST_DATA, 1, WRITE };
	struct vring_used_elem entry;

	(void)unused;
	for (uint32_t i = 0; i < 140000; i++) {
		uint16_t head = (uint16_t)(i * 7 % SIZE);

		guest_write_chain(&guest, head, &piece, 1);
		guest_offer(&guest, head);
		assert_int_equal(virtio_queue_next(&queue, &chain), VIRTIO_TAKEN);
		assert_int_equal(chain.index, (uint16_t)i);
		if (i % 3 == 0) {
			virtio_queue_taken(&queue);
			assert_int_equal(virtio_queue_next(&queue, &chain), VIRTIO_EMPTY);
			virtio_queue_put(&queue, head, i);
		} else {
			virtio_queue_complete(&queue, &chain, i);
		}
		assert_true(guest_take(&guest, &entry));
		assert_int_equal(entry.id, head);
		assert_int_equal(entry.len, i);
		assert_false(guest_take(&guest, &entry));
	}
	virtio_queue_put(&queue, SIZE, 1);
	assert_false(guest_take(&guest, &entry));
}

static void complete_one(void)
{
	const struct guest_piece piece = { GUEST_DATA, 1, WRITE };

	guest_write_chain(&guest, 0, &piece, 1);
	guest_offer(&guest, 0);
	assert_int_equal(virtio_queue_next(&queue, &chain), VIRTIO_TAKEN);
	virtio_queue_complete(&queue, &chain, 0);
}

static void test_interrupts_by_event_index(void **unused)
{
	(void)unused;
	assert_false(virtio_queue_wants_interrupt(&queue));
	guest.available->ring[SIZE] = 2; /* when the index becomes 3 */
	complete_one();
	assert_false(virtio_queue_wants_interrupt(&queue));
	virtio_queue_checked(&queue);
	complete_one();
	complete_one();
	assert_true(virtio_queue_wants_interrupt(&queue));
	assert_true(virtio_queue_wants_interrupt(&queue)); /* a new instance asks again */
	virtio_queue_checked(&queue);
	assert_false(virtio_queue_wants_interrupt(&queue));
	complete_one();
	assert_false(virtio_queue_wants_interrupt(&queue));
}

static void test_what_the_guest_has_not_seen(void **unused)
{
	(void)unused;
	assert_false(virtio_queue_is_unseen(&queue));
	guest.available->ring[SIZE] = 0; /* the next one */
	complete_one();
	virtio_queue_checked(&queue);
	assert_false(virtio_queue_wants_interrupt(&queue)); /* it got one, or the one that it should have got was lost */
	assert_true(virtio_queue_is_unseen(&queue));
	guest.available->ring[SIZE] = 1; /* it looked */
	assert_false(virtio_queue_is_unseen(&queue));
	guest.available->ring[SIZE] = 3; /* not so soon */
	complete_one();
	assert_false(virtio_queue_is_unseen(&queue));
	open_queue(0);
	complete_one();
	assert_false(virtio_queue_is_unseen(&queue)); /* nobody can tell */
}

static void test_interrupts_by_flag(void **unused)
{
	(void)unused;
	open_queue(0);
	complete_one();
	assert_true(virtio_queue_wants_interrupt(&queue));
	guest.available->flags = VRING_AVAIL_F_NO_INTERRUPT;
	assert_false(virtio_queue_wants_interrupt(&queue));
}

static void test_notifications(void **unused)
{
	(void)unused;
	complete_one();
	complete_one();
	assert_false(virtio_queue_arm(&queue));
	assert_int_equal(guest_notify_at(&guest), 2);
	guest_offer(&guest, 0);
	assert_true(virtio_queue_arm(&queue));
	open_queue(0);
	virtio_queue_disarm(&queue);
	assert_int_equal(guest.used->flags, VRING_USED_F_NO_NOTIFY);
	assert_false(virtio_queue_arm(&queue));
	assert_int_equal(guest.used->flags, 0);
}

/* A new instance tells the guest again how far its predecessor was. */
static void test_opened_again(void **unused)
{
	(void)unused;
	complete_one();
	complete_one();
	guest.used->idx = 1;
	assert_true(virtio_queue_open(&queue, &state, &ram, BOTH));
	assert_int_equal(guest.used->idx, 2);
	assert_int_equal(virtio_queue_used_index(&queue), 2);
	assert_int_equal(virtio_queue_available_index(&queue), 2);
}

static void put_and_end(void)
{
	if (guest_goes_on()) {
		virtio_queue_put(&queue, 0, 100);
		fail_msg("it goes on");
	}
	assert_string_equal(guest_end.why, "a queue's used index is not where it was left");
	assert_int_equal(guest.used->idx, 0);
}

/* The used index is not where it was left: the guest sees nothing of it. */
static void test_a_damaged_position(void **unused)
{
	const struct guest_piece piece = { GUEST_DATA, 100, WRITE };

	(void)unused;
	for (uint32_t bit = 16; bit < 32; bit++) {
		open_queue(BOTH);
		guest_write_chain(&guest, 0, &piece, 1);
		guest_offer(&guest, 0);
		assert_int_equal(virtio_queue_next(&queue, &chain), VIRTIO_TAKEN);
		virtio_queue_taken(&queue);
		queue.position ^= 1ull << bit;
		put_and_end();
	}
}

/* Several chains by one store: until then nothing has happened, and then all of it. */
static void test_several_at_once(void **unused)
{
	const struct guest_piece piece = { GUEST_DATA, 100, WRITE };
	struct vring_used_elem entry;

	(void)unused;
	guest_begin_at(&queue, 0xffff); /* the indices wrap */
	guest.available->idx = guest.used->idx = guest.seen = 0xffff;
	for (uint16_t i = 0; i < 3; i++) {
		guest_write_chain(&guest, i, &piece, 1);
		guest_offer(&guest, i);
	}
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(virtio_queue_ahead(&queue, i, &chain), VIRTIO_TAKEN);
		assert_int_equal(chain.head, i);
		virtio_queue_stage(&queue, i, &chain, 10 * (i + 1));
	}
	assert_int_equal(virtio_queue_ahead(&queue, 3, &chain), VIRTIO_EMPTY);
	assert_int_equal(state.position, 0xffffffffffffull);
	assert_false(guest_take(&guest, &entry));
	/* Three are too few for what it has: it asks for the fourth. */
	assert_false(virtio_queue_arm_ahead(&queue, 3));
	assert_int_equal(guest_notify_at(&guest), 2);
	assert_true(virtio_queue_arm(&queue));
	virtio_queue_commit(&queue, 3);
	assert_int_equal(virtio_queue_available_index(&queue), 2);
	assert_int_equal(virtio_queue_used_index(&queue), 2);
	for (uint32_t i = 0; i < 3; i++) {
		assert_true(guest_take(&guest, &entry));
		assert_int_equal(entry.id, i);
		assert_int_equal(entry.len, 10 * (i + 1));
	}
	assert_false(guest_take(&guest, &entry));
	assert_int_equal(virtio_queue_next(&queue, &chain), VIRTIO_EMPTY);
	/* More than the ring has. */
	guest.available->idx = (uint16_t)(guest.available->idx + SIZE + 1);
	assert_int_equal(virtio_queue_ahead(&queue, 5, &chain), VIRTIO_BROKEN);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_memory, set_up),
		cmocka_unit_test_setup(test_rings_that_cannot_be, set_up),
		cmocka_unit_test_setup(test_direct_chain, set_up),
		cmocka_unit_test_setup(test_indirect_chain, set_up),
		cmocka_unit_test_setup(test_copying, set_up),
		cmocka_unit_test_setup(test_broken_chains, set_up),
		cmocka_unit_test_setup(test_broken_rings, set_up),
		cmocka_unit_test_setup(test_any_permitted_chain, set_up),
		cmocka_unit_test_setup(test_indices_wrap, set_up),
		cmocka_unit_test_setup(test_interrupts_by_event_index, set_up),
		cmocka_unit_test_setup(test_what_the_guest_has_not_seen, set_up),
		cmocka_unit_test_setup(test_interrupts_by_flag, set_up),
		cmocka_unit_test_setup(test_notifications, set_up),
		cmocka_unit_test_setup(test_a_damaged_position, set_up),
		cmocka_unit_test_setup(test_several_at_once, set_up),
		cmocka_unit_test_setup(test_opened_again, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
