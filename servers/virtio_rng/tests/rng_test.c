/* The entropy device as a server: exits in, random bytes out, an interrupt, and another instance after it. */
#include "host.h"

#define main server_main
int server_main(void);
#include "../main.c"
#undef main
#include <server.c>

#define SIZE 64u
#define FEATURES \
	(1ull << VIRTIO_F_VERSION_1 | 1ull << VIRTIO_RING_F_EVENT_IDX | 1ull << VIRTIO_RING_F_INDIRECT_DESC)

static struct guest_queue guest;

/* The driver of a hardware source: what it answers, and how it was asked. */
static struct {
	sk_status_t status;
	uint64_t word;
	uint32_t bytes;
	uint32_t waited;
	uint32_t asked;
} driver;

sk_status_t host_driver(struct sk_msg *msg)
{
	assert_int_equal(msg->tag & SK_TAG_METHOD_MASK, ENTROPY_TAG_DRAW);
	assert_int_equal(server.lock.taken, 0);
	driver.waited += msg->w[0] != 0;
	driver.asked++;
	*msg = (struct sk_msg){ .tag = (uint64_t)driver.status,
				.w = { driver.bytes, driver.word, driver.word + 1, driver.word + 2, driver.word + 3 } };
	return driver.status;
}

static void boot(void)
{
	memset(&rng, 0, sizeof(rng));
	memset(&server, 0, sizeof(server));
	host.level_sets = 0;
	assert_true(host_process_run(server_main));
}

static void set(uint64_t offset, uint64_t value)
{
	assert_true(host_exit(dispatch, true, 0, offset, &value, 0));
}

static uint64_t get(uint64_t offset)
{
	uint64_t value = 0;

	assert_true(host_exit(dispatch, false, 0, offset, &value, 0));
	return value;
}

static int set_up(void **unused)
{
	(void)unused;
	host_reset(NULL, 0);
	host_without_driver();
	boot();
	guest_queue_init(&guest, host.memory, 0, SIZE);
	guest_start(&rng.device, 1, SIZE, FEATURES);
	return 0;
}

static void offer(uint16_t head, uint32_t bytes)
{
	struct guest_piece piece = { GUEST_DATA + 512ull * head, bytes, VRING_DESC_F_WRITE };

	guest_write_chain(&guest, head, &piece, 1);
	guest_offer(&guest, head);
}

static uint8_t *data(uint16_t head)
{
	return guest_at(host.memory, GUEST_DATA + 512ull * head);
}

static void test_fills(void **unused)
{
	struct vring_used_elem entry;
	uint8_t zero[300] = { 0 };

	(void)unused;
	assert_int_equal(get(VIRTIO_MMIO_MAGIC_VALUE), 0x74726976);
	assert_int_equal(get(VIRTIO_MMIO_DEVICE_ID), VIRTIO_ID_RNG);
	offer(0, 64);
	offer(1, 300);
	set(VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	assert_true(guest_take(&guest, &entry));
	assert_int_equal(entry.len, 64);
	assert_memory_not_equal(data(0), zero, 16);
	assert_memory_not_equal(data(0) + 48, zero, 16);
	assert_memory_equal(data(0) + 64, zero, 300);
	assert_true(guest_take(&guest, &entry));
	assert_int_equal(entry.len, CHAIN_BYTES_MAX);
	assert_memory_equal(data(1) + CHAIN_BYTES_MAX, zero, 300 - CHAIN_BYTES_MAX);
	assert_true(host.level);
	set(VIRTIO_MMIO_INTERRUPT_ACK, get(VIRTIO_MMIO_INTERRUPT_STATUS));
	assert_false(host.level);
	assert_int_equal(host.timer_ns, 0);
}

/* The guest adds while the server fills: the vCPU that notified goes on, the rest comes with the timer. */
static void test_more_than_at_a_time(void **unused)
{
	uint32_t served = 0;
	struct vring_used_elem entry;

	(void)unused;
	for (uint16_t i = 0; i < SIZE; i++) {
		offer(i, 8);
	}
	/* As many as are filled at a time: whether there are more is not known. */
	set(VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	while (guest_take(&guest, &entry)) {
		served++;
	}
	assert_int_equal(served, SIZE);
	assert_true(host.timer_ns != 0);
	offer(3, 8);
	host.timer_ns = 0;
	virtio_server_signalled(SK_SIGNAL_LOG);
	assert_false(guest_take(&guest, &entry));
	virtio_server_signalled(SK_SIGNAL_TIMER);
	assert_true(guest_take(&guest, &entry));
	assert_int_equal(host.timer_ns, 0);
}

static void test_restart(void **unused)
{
	struct vring_used_elem entry;
	uint8_t before[64];

	(void)unused;
	offer(0, 64);
	set(VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	assert_true(guest_take(&guest, &entry));
	memcpy(before, data(0), sizeof(before));
	offer(1, 64);
	/* The notification is in service when the server dies; the line is high. */
	host_process.start.instance = 1;
	host.counter = 0;
	boot();
	assert_true(host.level);
	assert_int_equal(host.level_sets, 1);
	assert_true(guest_take(&guest, &entry));
	assert_int_equal(entry.id, 1);
	assert_memory_not_equal(before, data(1), sizeof(before)); /* even if the counter is as it was */
	set(VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	assert_false(guest_take(&guest, &entry));
}

/* An acknowledgement that comes again may have taken an interrupt with it. */
static void test_acknowledged_twice(void **unused)
{
	uint64_t value = 1;

	(void)unused;
	offer(0, 64);
	set(VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	assert_true(host_exit(virtio_server_dispatch, true, 0, VIRTIO_MMIO_INTERRUPT_ACK, &value,
				 SK_TAG_REDELIVERED));
	assert_true(host.level);
}

static void test_reset_by_the_vmm(void **unused)
{
	struct sk_caller caller = { .badge = SK_BADGE(DEVICE_INTERFACE, 0), .token = 1 };
	struct sk_msg msg = { .tag = DEVICE_TAG_RESET };

	(void)unused;
	offer(0, 64);
	set(VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	assert_true(virtio_server_dispatch(&caller, &msg));
	assert_int_equal(msg.tag, SK_OK);
	assert_false(host.level);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), 0);
}

static void test_hostile_ring(void **unused)
{
	(void)unused;
	guest.available->idx = SIZE + 1;
	set(VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	assert_true((get(VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_NEEDS_RESET) != 0);
	assert_true(host.level);
}

static void test_seed(void **unused)
{
	uint8_t one[64];

	(void)unused;
	offer(0, 64);
	set(VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	memcpy(one, data(0), sizeof(one));
	host_reset(NULL, 0);
	host_without_driver();
	host_process_argument("seed=other");
	boot();
	guest_start(&rng.device, 1, SIZE, FEATURES);
	offer(0, 64);
	set(VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	assert_memory_not_equal(one, data(0), sizeof(one));
}

static void with_driver(sk_status_t status, uint32_t bytes, uint64_t word)
{
	memset(&driver, 0, sizeof(driver));
	driver.status = status;
	driver.bytes = bytes;
	driver.word = word;
	host_reset(NULL, 0);
	boot();
	guest_queue_init(&guest, host.memory, 0, SIZE);
	guest_start(&rng.device, 1, SIZE, FEATURES);
}

static void fill_one(uint16_t head)
{
	offer(head, 64);
	set(VIRTIO_MMIO_QUEUE_NOTIFY, 0);
}

/* Two machines alike but for what the driver gives: at the start, and later. */
static void test_driver(void **unused)
{
	uint8_t one[64];
	uint8_t two[64];

	(void)unused;
	with_driver(SK_OK, 32, 1000);
	assert_int_equal(driver.waited, 1);
	assert_int_equal(driver.asked, 1);
	fill_one(0);
	memcpy(one, data(0), sizeof(one));
	assert_int_equal(driver.asked, 1);
	driver.bytes = 0;
	fill_one(1);
	memcpy(two, data(1), sizeof(two));
	assert_int_equal(driver.asked, 2);
	assert_int_equal(driver.waited, 1);
	with_driver(SK_OK, 32, 2000);
	fill_one(0);
	assert_memory_not_equal(one, data(0), sizeof(one));
	with_driver(SK_OK, 32, 1000);
	fill_one(0);
	assert_memory_equal(one, data(0), sizeof(one));
	driver.bytes = 8;
	fill_one(1);
	assert_memory_not_equal(two, data(1), sizeof(two));
	driver.bytes = 33; /* that can't be */
	fill_one(2);
	assert_int_equal(driver.asked, 3);
}

/* It works without, and asks no more. */
static void test_driver_without_a_source(void **unused)
{
	static const sk_status_t answers[] = { ENTROPY_ERROR_NO_SOURCE, SK_SERVER_DIED };
	uint8_t zero[64] = { 0 };

	(void)unused;
	for (uint32_t i = 0; i < 2; i++) {
		with_driver(answers[i], 0, 0);
		fill_one(0);
		fill_one(1);
		assert_memory_not_equal(data(1), zero, sizeof(zero));
		assert_int_equal(driver.asked, 1);
	}
	with_driver(SK_OK, 32, 1000);
	fill_one(0);
	driver.status = SK_SERVER_DIED; /* for good */
	fill_one(1);
	fill_one(2);
	assert_memory_not_equal(data(2), zero, sizeof(zero));
	assert_int_equal(driver.asked, 2);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_fills, set_up),
		cmocka_unit_test_setup(test_more_than_at_a_time, set_up),
		cmocka_unit_test_setup(test_restart, set_up),
		cmocka_unit_test_setup(test_acknowledged_twice, set_up),
		cmocka_unit_test_setup(test_reset_by_the_vmm, set_up),
		cmocka_unit_test_setup(test_hostile_ring, set_up),
		cmocka_unit_test_setup(test_seed, set_up),
		cmocka_unit_test(test_driver),
		cmocka_unit_test(test_driver_without_a_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
