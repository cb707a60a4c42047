/*
 * The console's server is killed between any two of its stores, and so, at some of them, is the instance after it:
 * nothing printed or typed is lost or comes twice, and each control message comes once.
 */
#include "bench.h"
#include "crash.h"

#define TEXT_BYTES 400u

static uint8_t text[TEXT_BYTES];

static void instance(void *unused)
{
	(void)unused;
	bench_instance();
}

static struct crash shared(void)
{
	return (struct crash){ .shared = (uint8_t *)bench.shared, .bytes = sizeof(*bench.shared) };
}

/* Calls `finish` for each state that `operation` leaves when it is killed, and some that the next instance leaves then.
 * */
static void at_every_store(void (*operation)(void *), void (*finish)(void))
{
	struct crash first = shared();
	struct crash second = shared();

	crash_record(&first, operation, NULL);
	assert_true(first.count > 5);
	for (uint32_t i = 0; i < first.count; i++) {
		crash_restore(&first, i);
		finish();
		if (i % 5 != 2) {
			continue;
		}
		crash_restore(&first, i);
		crash_record(&second, instance, NULL);
		for (uint32_t j = 0; j < second.count; j++) {
			crash_restore(&second, j);
			finish();
		}
	}
	crash_forget(&first);
	crash_forget(&second);
}

static void rewind_guest(void)
{
	for (uint32_t i = 0; i < BENCH_QUEUES; i++) {
		bench.queues[i].seen = 0;
	}
}

/* 6, 300 (more than the ring has room for) and 3 bytes of text. */
static void finish_printing(void)
{
	uint8_t got[2 * TEXT_BYTES];
	uint8_t nothing[1];
	uint32_t count = 0;
	uint32_t chains = 0;

	rewind_guest();
	for (uint32_t i = 0; i < 10; i++) {
		bench_instance();
		count += bench_take_printed(1, got + count);
		assert_true(count <= TEXT_BYTES);
	}
	assert_int_equal(count, 309);
	assert_memory_equal(got, text, 309);
	assert_int_equal(bench_take_used(console_queue_out(1), nothing, &chains), 0);
	assert_int_equal(chains, 3);
}

static void test_printing(void **unused)
{
	(void)unused;
	bench_reset();
	bench_start(BENCH_FEATURES);
	bench_print(console_queue_out(1), 0, text, 6);
	bench_print(console_queue_out(1), 1, text + 6, 300);
	bench_print(console_queue_out(1), 2, text + 306, 3);
	at_every_store(instance, finish_printing);
}

static void finish_typing(void)
{
	uint8_t got[2 * TEXT_BYTES];
	uint32_t count = 0;
	uint32_t chains = 0;

	rewind_guest();
	bench_instance();
	count = bench_take_used(console_queue_in(0), got, &chains);
	assert_int_equal(chains, 3);
	bench_room(console_queue_in(0), 4, 100);
	bench_instance();
	count += bench_take_used(console_queue_in(0), got + count, &chains);
	assert_int_equal(count, 100);
	assert_memory_equal(got, text, 100);
	assert_int_equal(chains, 4);
}

static void test_typing(void **unused)
{
	(void)unused;
	bench_reset();
	bench_start(BENCH_FEATURES);
	bench_type(0, text, 100);
	for (uint16_t i = 0; i < 3; i++) {
		bench_room(console_queue_in(0), i, 30);
	}
	at_every_store(instance, finish_typing);
}

static void finish_messages(void)
{
	static const uint8_t expected[][3] = {
		{ 0, VIRTIO_CONSOLE_PORT_ADD, 8 },     { 0, VIRTIO_CONSOLE_CONSOLE_PORT, 8 },
		{ 0, VIRTIO_CONSOLE_RESIZE, 12 },      { 0, VIRTIO_CONSOLE_PORT_OPEN, 8 },
		{ 1, VIRTIO_CONSOLE_PORT_ADD, 8 },     { 1, VIRTIO_CONSOLE_PORT_OPEN, 8 },
		{ 1, VIRTIO_CONSOLE_PORT_NAME, 11 },
	};
	struct vring_used_elem entry;
	struct virtio_console_control message;

	rewind_guest();
	bench_instance();
	bench_instance();
	for (uint32_t i = 0; i < 7; i++) {
		assert_true(guest_take(&bench.queues[CONSOLE_CONTROL_IN], &entry));
		memcpy(&message, guest_at(bench.shared->memory, BENCH_DATA(CONSOLE_CONTROL_IN, entry.id)),
		       sizeof(message));
		assert_int_equal(message.id, expected[i][0]);
		assert_int_equal(message.event, expected[i][1]);
		assert_int_equal(entry.len, expected[i][2]);
		if (message.event == VIRTIO_CONSOLE_RESIZE) {
			uint16_t size[2];

			memcpy(size, guest_at(bench.shared->memory, BENCH_DATA(CONSOLE_CONTROL_IN, entry.id) + 8),
			       sizeof(size));
			assert_int_equal(size[0], 80);
			assert_int_equal(size[1], 25);
		} else if (message.event == VIRTIO_CONSOLE_PORT_NAME) {
			assert_memory_equal(
				guest_at(bench.shared->memory, BENCH_DATA(CONSOLE_CONTROL_IN, entry.id) + 8), "one", 3);
		}
	}
	assert_false(guest_take(&bench.queues[CONSOLE_CONTROL_IN], &entry));
	for (uint32_t i = 0; i < 3; i++) {
		assert_true(guest_take(&bench.queues[CONSOLE_CONTROL_OUT], &entry));
	}
	assert_int_equal(bench.shared->own.message, 0);
}

static void test_messages(void **unused)
{
	(void)unused;
	bench_reset();
	bench_start(BENCH_FEATURES);
	for (uint16_t i = 0; i < 8; i++) {
		bench_room(CONSOLE_CONTROL_IN, i, 64);
	}
	bench_tell(0, 0, VIRTIO_CONSOLE_DEVICE_READY, 1);
	bench_tell(1, 0, VIRTIO_CONSOLE_PORT_READY, 1);
	bench_tell(2, 1, VIRTIO_CONSOLE_PORT_READY, 1);
	at_every_store(instance, finish_messages);
}

static void resize(void *unused)
{
	(void)unused;
	bench_tell_size(132, 50);
	console_look_at_size(&bench.console);
	virtio_mmio_serve(&bench.console.device, VIRTIO_MMIO_ALL_QUEUES);
}

/* The guest is told at least once, and the last time rightly: being told the same twice does no harm. */
static void finish_resize(void)
{
	struct vring_used_elem entry;
	uint16_t size[2] = { 0, 0 };

	rewind_guest();
	bench_instance();
	resize(NULL);
	bench_instance();
	while (guest_take(&bench.queues[CONSOLE_CONTROL_IN], &entry)) {
		struct virtio_console_control message;
		const uint8_t *bytes = guest_at(bench.shared->memory, BENCH_DATA(CONSOLE_CONTROL_IN, entry.id));

		memcpy(&message, bytes, sizeof(message));
		if (message.event == VIRTIO_CONSOLE_RESIZE) {
			memcpy(size, bytes + sizeof(message), sizeof(size));
		}
	}
	assert_int_equal(size[0], 132);
	assert_int_equal(size[1], 50);
	assert_int_equal(virtio_mmio_read(&bench.console.device, VIRTIO_MMIO_CONFIG, 2), 132);
}

static void test_resize(void **unused)
{
	(void)unused;
	bench_reset();
	bench_start(BENCH_FEATURES);
	for (uint16_t i = 0; i < 8; i++) {
		bench_room(CONSOLE_CONTROL_IN, i, 64);
	}
	bench_tell(0, 0, VIRTIO_CONSOLE_PORT_READY, 1);
	bench_notify(CONSOLE_CONTROL_OUT);
	at_every_store(resize, finish_resize);
}

static const struct virtio_exit emergency = { .token = 4711, .vcpu = 2 };

static void write_emergency(void *unused)
{
	(void)unused;
	virtio_mmio_configure(&bench.console.device, &emergency, VIRTIO_MMIO_CONFIG + 8, 4, '!');
}

/* The exit is delivered again; what the guest printed by a queue has come out meanwhile. */
static void finish_emergency(void)
{
	uint8_t got[BENCH_ROOM];
	uint32_t count;
	uint32_t marks = 0;

	bench_instance();
	write_emergency(NULL);
	bench_instance();
	count = bench_take_printed(0, got);
	assert_int_equal(count, 11);
	for (uint32_t i = 0; i < count; i++) {
		marks += got[i] == '!' ? 1u : 0u;
	}
	assert_int_equal(marks, 1);
}

static void test_emergency(void **unused)
{
	(void)unused;
	bench_reset();
	bench_start(BENCH_FEATURES);
	bench_print(console_queue_out(0), 0, "0123456789", 10);
	at_every_store(write_emergency, finish_emergency);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_printing),
		cmocka_unit_test(test_typing),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_resize),
		cmocka_unit_test(test_emergency),
	};

	for (uint32_t i = 0; i < TEXT_BYTES; i++) {
		text[i] = (uint8_t)('a' + i % 23);
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
