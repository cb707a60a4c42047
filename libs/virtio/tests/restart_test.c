/*
 * A device that completes in order is killed between any two of its stores, and so is the
 * instance after it: no chain is lost, none is completed twice, and the guest is interrupted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "crash.h"
#include "guest.h"

#define SIZE 8u
#define FEATURES \
	(1ull << VIRTIO_F_VERSION_1 | 1ull << VIRTIO_RING_F_EVENT_IDX | 1ull << VIRTIO_RING_F_INDIRECT_DESC)
#define CHAINS 3u
#define WRITES_MAX 40u

/* One register write of a guest's. */
struct write {
	uint32_t offset;
	uint32_t value;
};

struct shared {
	struct sk_virtio_state state;
	uint32_t answered; /* writes that were */
	_Alignas(4096) uint8_t memory[0x14000];
};

static struct shared *shared;
static struct guest_queue guest;

static bool serve(struct virtio_mmio *device, uint32_t index)
{
	struct virtio_queue *queue = &device->queues[index];
	struct virtio_chain chain;
	bool more = true;

	while (more) {
		switch (virtio_queue_next(queue, &chain)) {
		case VIRTIO_TAKEN:
			(void)virtio_chain_write(&chain, 0, "random", 6);
			virtio_queue_complete(queue, &chain, 6u + chain.head);
			break;
		case VIRTIO_EMPTY:
			more = virtio_queue_arm(queue);
			break;
		case VIRTIO_BROKEN:
			virtio_mmio_break(device);
			return false;
		}
	}
	virtio_mmio_notify(device, index);
	return false;
}

static const struct virtio_operations operations = { .serve = serve };

static void begin(struct virtio_mmio *device)
{
	*device = (struct virtio_mmio){
		.operations = &operations,
		.id = VIRTIO_ID_RNG,
		.queue_count = 1,
		.queue_size_max = SIZE,
	};
	(void)virtio_memory_add(&device->memory, GUEST_BASE, sizeof(shared->memory), shared->memory);
	virtio_mmio_open(device, &shared->state);
}

/* A whole instance: it begins and looks at everything. */
static void instance(void *unused)
{
	struct virtio_mmio device;

	(void)unused;
	begin(&device);
	virtio_mmio_serve(&device, VIRTIO_MMIO_ALL_QUEUES);
}

static void offer(uint16_t head)
{
	struct guest_piece piece = { GUEST_DATA + 16ull * head, 6, VRING_DESC_F_WRITE };

	guest_write_chain(&guest, head, &piece, 1);
	guest_offer(&guest, head);
}

/* A device in use, some way on, that has not seen the last chains; it interrupts when `event` is passed. */
static void prepare(uint16_t used_before, uint16_t event)
{
	struct virtio_mmio device;

	memset(shared, 0, sizeof(*shared));
	begin(&device);
	guest_start(&device, 1, SIZE, FEATURES);
	guest_queue_init(&guest, shared->memory, 0, SIZE);
	guest_begin_at(&device.queues[0], used_before);
	guest.available->idx = used_before;
	guest.used->idx = used_before;
	guest.available->ring[SIZE] = event;
	guest.seen = used_before;
	for (uint16_t i = 0; i < CHAINS; i++) {
		offer((uint16_t)(2 * i + 1));
	}
}

static void expect_all_completed_once(uint16_t from, uint32_t more)
{
	guest.seen = from;
	for (uint32_t i = 0; i < CHAINS + more; i++) {
		struct vring_used_elem entry;
		uint32_t head = i < CHAINS ? 2 * i + 1 : 0;

		assert_true(guest_take(&guest, &entry));
		assert_int_equal(entry.id, head);
		assert_int_equal(entry.len, 6 + head);
		assert_memory_equal(guest_at(shared->memory, GUEST_DATA + 16ull * head), "random", 6);
	}
	assert_int_equal(guest.seen, guest.used->idx);
	assert_true(shared->state.interrupt != 0);
	assert_int_equal(guest_notify_at(&guest), guest.available->idx);
}

/* The guest may look at any moment: it never sees more than what a new instance will say, too. */
static void expect_not_ahead(void)
{
	uint16_t used = (uint16_t)(shared->state.queues[0].position >> 16);

	assert_true((uint16_t)(used - guest.used->idx) <= 1);
}

static void crash_init(struct crash *crash)
{
	*crash = (struct crash){ .shared = (uint8_t *)shared, .bytes = sizeof(*shared) };
}

static void test_killed_at_every_store(void **unused)
{
	/* Where indices wrap, too; the interrupt is for the first, the last, a middle one. */
	static const uint16_t starts[] = { 0, 0xfffe, 0x7fff };
	struct crash crash;

	(void)unused;
	for (uint16_t i = 0; i < 3; i++) {
		prepare(starts[i], (uint16_t)(starts[i] + i));
		crash_init(&crash);
		crash_record(&crash, instance, NULL);
		assert_true(crash.count > 4 * CHAINS);
		for (uint32_t at = 0; at < crash.count; at++) {
			crash_restore(&crash, at);
			expect_not_ahead();
			instance(NULL);
			expect_all_completed_once(starts[i], 0);
			/* The guest goes on before the next instance begins. */
			crash_restore(&crash, at);
			offer(0);
			instance(NULL);
			expect_all_completed_once(starts[i], 1);
		}
		crash_forget(&crash);
	}
}

static void test_killed_twice(void **unused)
{
	struct crash first;
	struct crash second;

	(void)unused;
	prepare(0xffff, 0);
	crash_init(&first);
	crash_record(&first, instance, NULL);
	for (uint32_t i = 0; i < first.count; i++) {
		crash_restore(&first, i);
		crash_init(&second);
		crash_record(&second, instance, NULL);
		for (uint32_t j = 0; j < second.count; j++) {
			crash_restore(&second, j);
			instance(NULL);
			expect_all_completed_once(0xffff, 0);
		}
		crash_forget(&second);
	}
	crash_forget(&first);
}

/* What a driver writes to set the device up, after a reset of one that was in use. */
static const struct write set_up_writes[] = {
	{ VIRTIO_MMIO_STATUS, 0 },
	{ VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_ACKNOWLEDGE },
	{ VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER },
	{ VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1 },
	{ VIRTIO_MMIO_DRIVER_FEATURES, FEATURES >> 32 },
	{ VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0 },
	{ VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)FEATURES },
	{ VIRTIO_MMIO_STATUS, 11 },
	{ VIRTIO_MMIO_QUEUE_SEL, 0 },
	{ VIRTIO_MMIO_QUEUE_NUM, SIZE },
	{ VIRTIO_MMIO_QUEUE_DESC_LOW, (uint32_t)GUEST_RINGS(0) },
	{ VIRTIO_MMIO_QUEUE_DESC_HIGH, 0 },
	{ VIRTIO_MMIO_QUEUE_AVAIL_LOW, (uint32_t)GUEST_RINGS(0) + GUEST_AVAILABLE },
	{ VIRTIO_MMIO_QUEUE_AVAIL_HIGH, 0 },
	{ VIRTIO_MMIO_QUEUE_USED_LOW, (uint32_t)GUEST_RINGS(0) + GUEST_USED },
	{ VIRTIO_MMIO_QUEUE_USED_HIGH, 0 },
	{ VIRTIO_MMIO_QUEUE_READY, 1 },
	{ VIRTIO_MMIO_STATUS, 15 },
	{ VIRTIO_MMIO_QUEUE_NOTIFY, 0 },
};

#define SET_UP_WRITES (sizeof(set_up_writes) / sizeof(set_up_writes[0]))

static void go_on(struct virtio_mmio *device)
{
	while (shared->answered < SET_UP_WRITES) {
		const struct write *write = &set_up_writes[shared->answered];

		(void)virtio_mmio_write(device, write->offset, 4, write->value);
		__atomic_store_n(&shared->answered, shared->answered + 1, __ATOMIC_RELEASE);
	}
}

static void set_up_by_one(void *unused)
{
	struct virtio_mmio device;

	(void)unused;
	begin(&device);
	virtio_mmio_serve(&device, VIRTIO_MMIO_ALL_QUEUES);
	go_on(&device);
}

/* The write that was in service is delivered again, as such. */
static void set_up_by_the_next(void)
{
	struct virtio_mmio device;

	begin(&device);
	virtio_mmio_serve(&device, VIRTIO_MMIO_ALL_QUEUES);
	(void)virtio_mmio_settle(&device);
	if (shared->answered < SET_UP_WRITES) {
		const struct write *write = &set_up_writes[shared->answered];

		(void)virtio_mmio_write(&device, write->offset, 4, write->value);
		virtio_mmio_rearm(&device);
		shared->answered++;
	}
	go_on(&device);
}

static void test_set_up_killed_at_every_store(void **unused)
{
	struct crash crash;

	(void)unused;
	prepare(5, 5);
	instance(NULL); /* in use, and with an interrupt raised */
	guest_queue_init(&guest, shared->memory, 0, SIZE);
	guest.available->idx = 0; /* the driver fills its rings first; the old ones' place is the new ones' */
	guest.available->ring[SIZE] = 0;
	for (uint16_t i = 0; i < CHAINS; i++) {
		offer((uint16_t)(2 * i + 1));
	}
	memset(guest.used, 0, 4);
	memset(guest_at(shared->memory, GUEST_DATA), 0, 0x100);
	/* The server was idle when the driver did that. */
	shared->state.queues[0].position = 0;
	shared->state.status = 15 | VIRTIO_CONFIG_S_NEEDS_RESET;
	crash_init(&crash);
	crash_record(&crash, set_up_by_one, NULL);
	for (uint32_t at = 0; at < crash.count; at++) {
		crash_restore(&crash, at);
		set_up_by_the_next();
		assert_int_equal(shared->state.status, 15);
		expect_all_completed_once(0, 0);
	}
	crash_forget(&crash);
}

static int map(void **unused)
{
	(void)unused;
	shared = (void *)guest_map(sizeof(*shared));
	return shared == NULL ? -1 : 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_killed_at_every_store),
		cmocka_unit_test(test_killed_twice),
		cmocka_unit_test(test_set_up_killed_at_every_store),
	};

	return cmocka_run_group_tests(tests, map, NULL);
}
