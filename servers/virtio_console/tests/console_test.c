/* The console's ports, its control queues, and guests that keep to no rule. */
#include "bench.h"

static uint8_t text[1024];

static int set_up(void **unused)
{
	(void)unused;
	bench_reset();
	bench_start(BENCH_FEATURES);
	return 0;
}

static void expect_printed(uint32_t port, const void *bytes, uint32_t count)
{
	uint8_t got[BENCH_ROOM];

	assert_int_equal(bench_take_printed(port, got), count);
	assert_memory_equal(got, bytes, count);
}

static void serve_all(void)
{
	virtio_mmio_serve(&bench.console.device, VIRTIO_MMIO_ALL_QUEUES);
}

static void test_ports_are_apart(void **unused)
{
	uint8_t got[BENCH_ROOM];
	uint32_t chains = 0;

	(void)unused;
	bench_print(console_queue_out(0), 0, "zero", 4);
	bench_print(console_queue_out(1), 0, "one", 3);
	bench_notify(console_queue_out(0));
	expect_printed(0, "zero", 4);
	expect_printed(1, "", 0);
	bench_notify(console_queue_out(1));
	expect_printed(1, "one", 3);
	assert_int_equal(bench.console.signal, 3);
	/* Port 1 hears nothing before a program of the guest's has it open. */
	bench_type(0, "ab", 2);
	bench_type(1, "cde", 3);
	bench_room(console_queue_in(0), 0, 64);
	bench_room(console_queue_in(1), 0, 64);
	serve_all();
	assert_int_equal(bench_take_used(console_queue_in(0), got, &chains), 2);
	assert_memory_equal(got, "ab", 2);
	assert_int_equal(bench_take_used(console_queue_in(1), got, &chains), 0);
	bench_tell(0, 1, VIRTIO_CONSOLE_PORT_OPEN, 1);
	bench_notify(CONSOLE_CONTROL_OUT);
	assert_int_equal(bench_take_used(console_queue_in(1), got, &chains), 3);
	assert_memory_equal(got, "cde", 3);
	bench_tell(1, 1, VIRTIO_CONSOLE_PORT_OPEN, 0);
	bench_notify(CONSOLE_CONTROL_OUT);
	bench_type(1, "f", 1);
	bench_room(console_queue_in(1), 1, 64);
	serve_all();
	assert_int_equal(bench_take_used(console_queue_in(1), got, &chains), 0);
}

static void test_a_full_ring(void **unused)
{
	uint8_t nothing[1];
	uint32_t chains = 0;

	(void)unused;
	bench_print(console_queue_out(0), 0, text, 300);
	bench_notify(console_queue_out(0));
	(void)bench_take_used(console_queue_out(0), nothing, &chains);
	assert_int_equal(chains, 0);
	/* A byte in between would count as one of the chain's. */
	virtio_mmio_configure(&bench.console.device, &(struct virtio_exit){ 1, 0 }, VIRTIO_MMIO_CONFIG + 8, 4, '!');
	expect_printed(0, text, BENCH_ROOM);
	virtio_mmio_configure(&bench.console.device, &(struct virtio_exit){ 2, 0 }, VIRTIO_MMIO_CONFIG + 8, 4, '!');
	serve_all();
	expect_printed(0, text + BENCH_ROOM, BENCH_ROOM);
	serve_all();
	expect_printed(0, text + 2 * BENCH_ROOM, 300 - 2 * BENCH_ROOM);
	(void)bench_take_used(console_queue_out(0), nothing, &chains);
	assert_int_equal(chains, 1);
}

/* Typed bytes wait for room; chains of no use come back empty. */
static void test_room_for_typed(void **unused)
{
	uint8_t got[BENCH_ROOM];
	uint32_t chains = 0;

	(void)unused;
	bench_type(0, text, 100);
	serve_all();
	bench_print(console_queue_in(0), 0, "", 0);
	bench_room(console_queue_in(0), 1, 40);
	bench_notify(console_queue_in(0));
	assert_int_equal(bench_take_used(console_queue_in(0), got, &chains), 40);
	assert_int_equal(chains, 2);
	/* There is more to be typed: the guest is to say when it has room. */
	assert_int_equal(guest_notify_at(&bench.queues[0]), 2);
	bench_room(console_queue_in(0), 2, 80);
	bench_notify(console_queue_in(0));
	assert_int_equal(bench_take_used(console_queue_in(0), got + 40, &chains), 60);
	assert_memory_equal(got, text, 100);
}

/* Who finds a ring full waits until there is room again: then he is told, and otherwise not. */
static void test_room_is_told(void **unused)
{
	uint8_t got[BENCH_ROOM];
	uint32_t chains = 0;

	(void)unused;
	bench_tell(0, 1, VIRTIO_CONSOLE_PORT_OPEN, 1);
	bench_notify(CONSOLE_CONTROL_OUT);
	bench_type(1, text, BENCH_ROOM - 1);
	bench_room(console_queue_in(1), 0, 10);
	bench_notify(console_queue_in(1));
	assert_int_equal(bench_take_used(console_queue_in(1), got, &chains), 10);
	assert_int_equal(bench.console.signal, 0);
	bench_type(1, text, 11);
	bench_room(console_queue_in(1), 1, 10);
	bench_notify(console_queue_in(1));
	assert_int_equal(bench_take_used(console_queue_in(1), got, &chains), 10);
	assert_int_equal(bench.console.signal, 2);
}

/* The other end of a port that is one: what the one prints is typed to the other. */
static void test_two_ends(void **unused)
{
	static struct console one;
	static struct console other;
	static uint64_t channel[BENCH_STREAM_BYTES / 8];

	(void)unused;
	assert_true(console_add_port(&one, channel, sizeof(channel), false));
	assert_true(console_add_port(&other, channel, sizeof(channel), true));
	assert_ptr_equal(one.ports[0].printed, other.ports[0].typed);
	assert_ptr_equal(one.ports[0].typed, other.ports[0].printed);
	assert_int_equal(one.ports[0].capacity, BENCH_ROOM);
	assert_int_equal(other.ports[0].capacity, BENCH_ROOM);
	assert_false(console_add_port(&one, channel, 511, false));
}

static uint32_t messages(void)
{
	uint8_t got[1024];
	uint32_t chains = 0;

	(void)bench_take_used(CONSOLE_CONTROL_IN, got, &chains);
	return chains;
}

static void test_messages_wait_for_room(void **unused)
{
	(void)unused;
	bench_tell(0, 0, VIRTIO_CONSOLE_DEVICE_READY, 1);
	bench_notify(CONSOLE_CONTROL_OUT);
	assert_int_equal(messages(), 0);
	bench_room(CONSOLE_CONTROL_IN, 0, 64);
	bench_notify(CONSOLE_CONTROL_IN);
	assert_int_equal(messages(), 1);
	bench_room(CONSOLE_CONTROL_IN, 1, 64);
	bench_room(CONSOLE_CONTROL_IN, 2, 64);
	bench_notify(CONSOLE_CONTROL_IN);
	assert_int_equal(messages(), 1); /* both ports are told of */
}

static void test_messages_that_mean_nothing(void **unused)
{
	(void)unused;
	bench_room(CONSOLE_CONTROL_IN, 0, 64);
	bench_tell(0, 2, VIRTIO_CONSOLE_PORT_READY, 1);
	bench_tell(1, UINT32_MAX, VIRTIO_CONSOLE_PORT_OPEN, 1);
	bench_tell(2, 0, VIRTIO_CONSOLE_DEVICE_READY, 0);
	bench_tell(3, 1, 77, 1);
	bench_print(CONSOLE_CONTROL_OUT, 4, "short", 5);
	bench_notify(CONSOLE_CONTROL_OUT);
	assert_int_equal(messages(), 0);
	assert_int_equal(bench.shared->state.status & VIRTIO_CONFIG_S_NEEDS_RESET, 0);
}

static void test_without_multiport(void **unused)
{
	(void)unused;
	bench_start(BENCH_BASIC);
	bench_print(console_queue_out(0), 0, "plain", 5);
	bench_notify(console_queue_out(0));
	expect_printed(0, "plain", 5);
	bench_room(CONSOLE_CONTROL_IN, 0, 64);
	bench_tell(0, 0, VIRTIO_CONSOLE_DEVICE_READY, 1);
	bench_notify(CONSOLE_CONTROL_OUT);
	assert_int_equal(messages(), 0);
}

/* Before there is any driver at all; each exit once, whatever is delivered again. */
static void test_emergency_write(void **unused)
{
	struct virtio_mmio *device = &bench.console.device;

	(void)unused;
	bench_reset();
	device = &bench.console.device;
	virtio_mmio_configure(device, &(struct virtio_exit){ 5, 1 }, VIRTIO_MMIO_CONFIG + 8, 4, 'a');
	virtio_mmio_configure(device, &(struct virtio_exit){ 5, 1 }, VIRTIO_MMIO_CONFIG + 8, 4, 'a');
	virtio_mmio_configure(device, &(struct virtio_exit){ 6, 1 }, VIRTIO_MMIO_CONFIG + 8, 4, 'b');
	virtio_mmio_configure(device, &(struct virtio_exit){ 7, 1 }, VIRTIO_MMIO_CONFIG + 4, 4, 'c');
	expect_printed(0, "ab", 2);
	assert_int_equal(virtio_mmio_read(device, VIRTIO_MMIO_CONFIG, 2), 80);
	assert_int_equal(virtio_mmio_read(device, VIRTIO_MMIO_CONFIG + 2, 2), 25);
	assert_int_equal(virtio_mmio_read(device, VIRTIO_MMIO_CONFIG + 4, 4), BENCH_PORTS);
}

static void expect_size(uint32_t columns, uint32_t rows)
{
	assert_int_equal(virtio_mmio_read(&bench.console.device, VIRTIO_MMIO_CONFIG, 2), columns);
	assert_int_equal(virtio_mmio_read(&bench.console.device, VIRTIO_MMIO_CONFIG + 2, 2), rows);
}

/* One message, for port 0: its terminal has this size. */
static void expect_resize(uint32_t columns, uint32_t rows)
{
	struct {
		struct virtio_console_control control;
		uint16_t size[2];
	} got[2];
	uint32_t chains = 0;

	assert_int_equal(bench_take_used(CONSOLE_CONTROL_IN, (uint8_t *)got, &chains), sizeof(got[0]));
	assert_int_equal(chains, 1);
	assert_int_equal(got[0].control.id, 0);
	assert_int_equal(got[0].control.event, VIRTIO_CONSOLE_RESIZE);
	assert_int_equal(got[0].size[0], columns);
	assert_int_equal(got[0].size[1], rows);
}

/* The terminal changes: in the configuration, by its interrupt, and by a message once the driver has the port. */
static void test_size_changes(void **unused)
{
	struct virtio_mmio *device = &bench.console.device;
	uint32_t generation = virtio_mmio_read(device, VIRTIO_MMIO_CONFIG_GENERATION, 4) & UINT32_MAX;

	(void)unused;
	bench_tell_size(100, 40);
	console_look_at_size(&bench.console);
	serve_all();
	expect_size(100, 40);
	assert_int_not_equal(virtio_mmio_read(device, VIRTIO_MMIO_CONFIG_GENERATION, 4), generation);
	assert_int_not_equal(bench.shared->state.interrupt & VIRTIO_MMIO_INT_CONFIG, 0);
	for (uint16_t i = 0; i < 6; i++) {
		bench_room(CONSOLE_CONTROL_IN, i, 64);
	}
	serve_all();
	assert_int_equal(messages(), 0);
	bench_tell(0, 0, VIRTIO_CONSOLE_PORT_READY, 1);
	bench_notify(CONSOLE_CONTROL_OUT);
	assert_int_equal(messages(), 3); /* it is a console, of this size, and open */
	bench_tell_size(132, 50);
	console_look_at_size(&bench.console);
	serve_all();
	expect_resize(132, 50);
	console_look_at_size(&bench.console);
	serve_all();
	assert_int_equal(messages(), 0);
	bench_tell_size(0, 0); /* the arguments' again */
	console_look_at_size(&bench.console);
	serve_all();
	expect_resize(80, 25);
	expect_size(80, 25);
}

/* Nobody ever said how large it is: the feature is there all the same, as the size may be told later. */
static void test_size_unknown(void **unused)
{
	(void)unused;
	console_describe(&bench.console, 0, 0);
	console_look_at_size(&bench.console);
	expect_size(0, 0);
	assert_true((bench.console.device.features >> VIRTIO_CONSOLE_F_SIZE & 1u) != 0);
	for (uint16_t i = 0; i < 6; i++) {
		bench_room(CONSOLE_CONTROL_IN, i, 64);
	}
	bench_tell(0, 0, VIRTIO_CONSOLE_PORT_READY, 1);
	bench_notify(CONSOLE_CONTROL_OUT);
	assert_int_equal(messages(), 2);
	bench_tell_size(70, 20);
	console_look_at_size(&bench.console);
	serve_all();
	expect_resize(70, 20);
}

/* The next driver begins with nothing of the last one's. */
static void test_reset(void **unused)
{
	(void)unused;
	bench_print(console_queue_out(0), 0, text, 300);
	bench_notify(console_queue_out(0));
	bench_tell(0, 0, VIRTIO_CONSOLE_DEVICE_READY, 1);
	bench_tell(1, 1, VIRTIO_CONSOLE_PORT_OPEN, 1);
	bench_notify(CONSOLE_CONTROL_OUT);
	bench_start(BENCH_FEATURES);
	expect_printed(0, text, BENCH_ROOM);
	assert_int_equal(bench.shared->own.ports[0].owed, 0);
	assert_int_equal(bench.shared->own.ports[1].open, 0);
	bench_print(console_queue_out(0), 0, "again", 5);
	bench_notify(console_queue_out(0));
	expect_printed(0, "again", 5);
}

/* Rings and messages of any content: nothing outside them is touched, and each call ends. */
static void test_hostile_guest(void **unused)
{
	uint64_t seed = 1;
	uint8_t sink[BENCH_ROOM];

	(void)unused;
	for (uint32_t round = 0; round < 3000; round++) {
		uint32_t index = (uint32_t)(guest_random(&seed) % BENCH_QUEUES);
		struct guest_queue *queue = &bench.queues[index];

		for (uint32_t i = 0; i < 8; i++) {
			queue->descriptors[guest_random(&seed) % BENCH_SIZE] = (struct vring_desc){
				.addr = GUEST_BASE + guest_random(&seed) % (GUEST_BYTES + 0x1000),
				.len = (uint32_t)(guest_random(&seed) % 2048),
				.flags = (uint16_t)(guest_random(&seed) & 7),
				.next = (uint16_t)(guest_random(&seed) % (BENCH_SIZE + 1)),
			};
			guest_offer(queue, (uint16_t)(guest_random(&seed) % (BENCH_SIZE + 1)));
		}
		if (round % 3 == 0) {
			bench_tell((uint16_t)(round % 8), (uint32_t)(guest_random(&seed) % 3),
				   (uint16_t)(guest_random(&seed) % 9), (uint16_t)(guest_random(&seed) % 2));
		}
		(void)sk_byte_ring_write(bench.console.ports[round % 2].typed, BENCH_ROOM, text, 7, &(int){ 0 });
		bench_notify(index);
		serve_all();
		(void)bench_take_printed(round % 2, sink);
		if (round % 11 == 0) {
			bench_instance();
		}
		if ((bench.shared->state.status & VIRTIO_CONFIG_S_NEEDS_RESET) != 0) {
			bench_start(round % 2 != 0 ? BENCH_FEATURES : BENCH_BASIC);
		}
	}
}

/* What an instance left may be anything, if memory was damaged: nothing outside it is touched either. */
static void test_damaged_state(void **unused)
{
	uint64_t seed = 2;

	(void)unused;
	for (uint32_t round = 0; round < 300; round++) {
		(void)set_up(NULL);
		for (uint32_t i = 0; i < 2; i++) {
			bench_room(console_queue_in(i), 0, 64);
			bench_print(console_queue_out(i), 0, text, 64);
		}
		bench_room(CONSOLE_CONTROL_IN, 0, 64);
		bench_type(0, text, 9);
		for (uint32_t i = 0; i < sizeof(bench.shared->own) / sizeof(uint64_t); i++) {
			uint64_t any = guest_random(&seed);

			memcpy((uint8_t *)&bench.shared->own + i * sizeof(any), &any, sizeof(any));
		}
		bench_instance();
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_ports_are_apart, set_up),
		cmocka_unit_test_setup(test_a_full_ring, set_up),
		cmocka_unit_test_setup(test_room_for_typed, set_up),
		cmocka_unit_test_setup(test_room_is_told, set_up),
		cmocka_unit_test_setup(test_two_ends, set_up),
		cmocka_unit_test_setup(test_messages_wait_for_room, set_up),
		cmocka_unit_test_setup(test_messages_that_mean_nothing, set_up),
		cmocka_unit_test_setup(test_without_multiport, set_up),
		cmocka_unit_test_setup(test_emergency_write, set_up),
		cmocka_unit_test_setup(test_size_changes, set_up),
		cmocka_unit_test_setup(test_size_unknown, set_up),
		cmocka_unit_test_setup(test_reset, set_up),
		cmocka_unit_test_setup(test_hostile_guest, set_up),
		cmocka_unit_test_setup(test_damaged_state, set_up),
	};

	for (uint32_t i = 0; i < sizeof(text); i++) {
		text[i] = (uint8_t)('a' + i % 23);
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
