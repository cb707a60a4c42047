/* The disk as a server: what it asks the driver, when it signals it, and whose writes wait for a reset. */
#include <blk/check.h>

#include "host.h"

#include <sk/idl/vm_exit.h>

#define main server_main
int server_main(void);
#include "../main.c"
#undef main
#include <server.c>

#define FEATURES (1ull << VIRTIO_F_VERSION_1 | 1ull << VIRTIO_BLK_F_FLUSH)

static struct sk_block_channel shared;
static struct guest_queue guest;
static sk_status_t open_status;

sk_status_t host_driver(struct sk_msg *msg)
{
	struct sk_block_share share = {
		.capacity_sectors = 100,
		.block_bytes = 512,
		.physical_block_bytes = 512,
		.features = SK_BLOCK_FEATURES_FLUSH,
		.segments_max = 16,
	};

	assert_int_equal(msg->tag & SK_TAG_METHOD_MASK, BLOCK_TAG_OPEN);
	*msg = (struct sk_msg){ .tag = sk_reply_tag(open_status) };
	if (open_status == SK_OK) {
		memcpy(sk_message_buffer(), &share, sizeof(share));
		msg->tag |= SK_TAG_BYTES(sizeof(share));
	}
	return open_status;
}

static void boot(void)
{
	memset(&disk, 0, sizeof(disk));
	memset(&server, 0, sizeof(server));
	host.signals = 0;
	host.replies = 0;
	assert_true(host_process_run(server_main));
}

static bool write_from(uint32_t vcpu, uint64_t offset, uint64_t value, uint64_t flags)
{
	return host_exit(virtio_server_dispatch, true, vcpu, offset, &value, flags);
}

static uint64_t get(uint64_t offset)
{
	uint64_t value = 0;

	assert_true(host_exit(virtio_server_dispatch, false, 0, offset, &value, 0));
	return value;
}

static int set_up(void **unused)
{
	(void)unused;
	memset(&shared, 0, sizeof(shared));
	open_status = SK_OK;
	host_reset(&shared, sizeof(shared));
	boot();
	guest_queue_init(&guest, host.memory, 0, DISK_QUEUE_SIZE);
	guest_start(&disk.device, 1, DISK_QUEUE_SIZE, FEATURES);
	host.signals = 0;
	return 0;
}

static void flush(uint16_t head)
{
	const struct virtio_blk_outhdr header = { .type = VIRTIO_BLK_T_FLUSH };
	const struct guest_piece pieces[] = {
		{ GUEST_DATA, sizeof(header), 0 }, { GUEST_DATA + 64, 1, VRING_DESC_F_WRITE },
	};

	memcpy(guest_at(host.memory, GUEST_DATA), &header, sizeof(header));
	guest_write_chain(&guest, head, pieces, 2);
	guest_offer(&guest, head);
	assert_true(write_from(0, VIRTIO_MMIO_QUEUE_NOTIFY, 0, 0));
}

/* As the driver does. */
static void serve(uint32_t slot)
{
	struct sk_block_slot *at = &shared.slots[slot];

	at->answer = blk_answer(at->check, SK_BLOCK_RESULT_DONE);
	at->result = SK_BLOCK_RESULT_DONE;
	shared.served ^= 1ull << slot;
}

static void serve_all(void)
{
	for (uint32_t i = 0; i < DISK_SLOTS; i++) {
		if (((shared.requested ^ shared.served) >> i & 1u) != 0) {
			serve(i);
		}
	}
	signalled(SK_SIGNAL_PEER);
}

static void test_a_request(void **unused)
{
	struct vring_used_elem entry;

	(void)unused;
	shared.driver_sleeps = 1;
	flush(0);
	assert_int_equal(host.signals, 1);
	assert_false(host.level);
	serve_all();
	assert_true(guest_take(&guest, &entry));
	assert_true(host.level);
	assert_int_equal(*(uint8_t *)guest_at(host.memory, GUEST_DATA + 64), VIRTIO_BLK_S_OK);
}

/* A new instance signals whether the driver sleeps or not, and tells what was served meanwhile. */
static void test_restart(void **unused)
{
	struct vring_used_elem entry;

	(void)unused;
	flush(0);
	serve(0);
	boot();
	assert_int_equal(host.signals, 1);
	assert_true(host.level);
	assert_true(guest_take(&guest, &entry));
	assert_false(guest_take(&guest, &entry));
}

static void test_reset_is_answered_when_nothing_is_in_flight(void **unused)
{
	struct sk_caller caller = { .badge = SK_BADGE(DEVICE_INTERFACE, 0), .token = 7 };
	struct sk_msg msg = { .tag = DEVICE_TAG_RESET };
	uint64_t first;
	uint64_t second;

	(void)unused;
	flush(0);
	assert_false(write_from(1, VIRTIO_MMIO_STATUS, 0, 0));
	first = host.token;
	assert_false(write_from(3, VIRTIO_MMIO_STATUS, 0, 0));
	second = host.token;
	assert_false(virtio_server_dispatch(&caller, &msg));
	assert_true(get(VIRTIO_MMIO_STATUS) != 0);
	signalled(SK_SIGNAL_PEER); /* for nothing */
	assert_int_equal(host.replies, 0);
	serve_all();
	assert_int_equal(host.replies, 3);
	assert_int_equal(host.replied[0], first);
	assert_int_equal(host.replied[1], second);
	assert_int_equal(host.replied[2], 7);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), 0);
	assert_false(host.level);
	assert_true(write_from(0, VIRTIO_MMIO_STATUS, 0, 0));
}

/* The server dies while a reset waits: the write comes again. */
static void test_reset_waits_across_a_restart(void **unused)
{
	(void)unused;
	flush(0);
	assert_false(write_from(0, VIRTIO_MMIO_STATUS, 0, 0));
	boot();
	assert_false(write_from(0, VIRTIO_MMIO_STATUS, 0, SK_TAG_REDELIVERED));
	serve_all();
	assert_int_equal(host.replies, 1);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), 0);
	/* It dies when all is served, and the write comes to one that has nothing to wait for. */
	guest_queue_init(&guest, host.memory, 0, DISK_QUEUE_SIZE);
	memset(guest.available, 0, 4);
	guest_start(&disk.device, 1, DISK_QUEUE_SIZE, FEATURES);
	flush(0);
	assert_false(write_from(0, VIRTIO_MMIO_STATUS, 0, 0));
	serve(0);
	boot();
	assert_true(write_from(0, VIRTIO_MMIO_STATUS, 0, SK_TAG_REDELIVERED));
	assert_int_equal(get(VIRTIO_MMIO_STATUS), 0);
}

static void expect_answer(uint32_t head, uint8_t status)
{
	struct vring_used_elem entry;

	assert_true(guest_take(&guest, &entry));
	assert_int_equal(entry.id, head);
	assert_int_equal(*(uint8_t *)guest_at(host.memory, GUEST_DATA + 64), status);
	assert_false(guest_take(&guest, &entry));
}

/* What a driver that begins would execute. */
static uint64_t to_be_executed(void)
{
	return shared.client_withdraws != 0 ? 0 : shared.requested ^ shared.served;
}

/* The driver is not restarted any more: nobody waits for it. One that an operator starts is found. */
static void test_the_driver_is_lost(void **unused)
{
	(void)unused;
	flush(0);
	open_status = SK_SERVER_DIED;
	signalled(SK_SIGNAL_LOST);
	expect_answer(0, VIRTIO_BLK_S_IOERR);
	assert_int_equal(to_be_executed(), 0);
	assert_int_equal(shared.requested, shared.served);
	flush(2);
	expect_answer(2, VIRTIO_BLK_S_IOERR);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), 15);
	/* A restart of this server finds the same. */
	flush(0);
	boot();
	expect_answer(0, VIRTIO_BLK_S_IOERR);
	open_status = SK_OK;
	host.signals = 0;
	signalled(SK_SIGNAL_PEER);
	assert_int_equal(host.signals, 1);
	assert_int_equal(get(VIRTIO_MMIO_DEVICE_ID), VIRTIO_ID_BLOCK);
	flush(0);
	assert_int_equal(to_be_executed(), 1);
	serve_all();
	expect_answer(0, VIRTIO_BLK_S_OK);
}

/* Somebody else's driver was lost, or this one is back already: what it has goes on. */
static void test_the_driver_is_not_lost(void **unused)
{
	struct vring_used_elem entry;

	(void)unused;
	flush(0);
	signalled(SK_SIGNAL_LOST);
	assert_false(guest_take(&guest, &entry));
	assert_int_equal(to_be_executed(), 1);
	/* An instance that died in the middle of it had withdrawn the request. */
	shared.client_withdraws = 1;
	boot();
	assert_int_equal(to_be_executed(), 1);
	serve_all();
	expect_answer(0, VIRTIO_BLK_S_OK);
}

/* It takes nothing any more, and tells what the driver makes of the rest: that may still be under way. */
static void test_the_last_instance(void **unused)
{
	struct vring_used_elem entry;

	(void)unused;
	flush(0);
	host_process.start.flags = SK_START_LAST;
	boot();
	assert_int_equal(get(VIRTIO_MMIO_STATUS), 15 | VIRTIO_CONFIG_S_NEEDS_RESET);
	assert_false(guest_take(&guest, &entry));
	serve_all();
	expect_answer(0, VIRTIO_BLK_S_OK);
	flush(2);
	expect_answer(2, VIRTIO_BLK_S_IOERR);
	assert_int_equal(to_be_executed(), 0);
	assert_int_equal(get(VIRTIO_MMIO_DEVICE_ID), 0);
	assert_true(write_from(0, VIRTIO_MMIO_STATUS, 0, 0));
}

static void test_the_last_instance_without_a_driver(void **unused)
{
	(void)unused;
	flush(0);
	host_process.start.flags = SK_START_LAST;
	open_status = SK_SERVER_DIED;
	boot();
	expect_answer(0, VIRTIO_BLK_S_IOERR);
	open_status = SK_OK;
	signalled(SK_SIGNAL_PEER);
	flush(2);
	expect_answer(2, VIRTIO_BLK_S_IOERR);
}

static void test_no_disk(void **unused)
{
	(void)unused;
	host_reset(&shared, sizeof(shared));
	open_status = BLOCK_ERROR_NO_SHARE;
	boot();
	assert_int_equal(get(VIRTIO_MMIO_MAGIC_VALUE), 0x74726976);
	assert_int_equal(get(VIRTIO_MMIO_DEVICE_ID), 0);
	assert_true(write_from(0, VIRTIO_MMIO_STATUS, 0, 0));
	assert_true(write_from(0, VIRTIO_MMIO_QUEUE_NOTIFY, 0, 0));
	signalled(SK_SIGNAL_PEER);
}

static void test_no_channel(void **unused)
{
	(void)unused;
	host_reset(&shared, sizeof(shared) - 1);
	assert_false(host_process_run(server_main));
}

static void test_queues(void **unused)
{
	(void)unused;
	host_reset(&shared, sizeof(shared));
	host_process_argument("queues=3");
	boot();
	assert_int_equal(disk.device.queue_count, 3);
	host_reset(&shared, sizeof(shared));
	host_process_argument("queues=17");
	boot();
	assert_int_equal(get(VIRTIO_MMIO_DEVICE_ID), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_a_request, set_up),
		cmocka_unit_test_setup(test_restart, set_up),
		cmocka_unit_test_setup(test_reset_is_answered_when_nothing_is_in_flight, set_up),
		cmocka_unit_test_setup(test_reset_waits_across_a_restart, set_up),
		cmocka_unit_test_setup(test_the_driver_is_lost, set_up),
		cmocka_unit_test_setup(test_the_driver_is_not_lost, set_up),
		cmocka_unit_test_setup(test_the_last_instance, set_up),
		cmocka_unit_test_setup(test_the_last_instance_without_a_driver, set_up),
		cmocka_unit_test_setup(test_no_disk, set_up),
		cmocka_unit_test_setup(test_no_channel, set_up),
		cmocka_unit_test_setup(test_queues, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
