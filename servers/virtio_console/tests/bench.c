#include "bench.h"

#define RINGS(queue) (GUEST_BASE + 0x20000ull + (queue) * 0x4000ull)

struct bench bench;

static struct sk_byte_ring *printed(uint32_t port)
{
	return (struct sk_byte_ring *)(void *)bench.shared->streams[port];
}

static struct sk_byte_ring *typed(uint32_t port)
{
	return (struct sk_byte_ring *)(void *)(bench.shared->streams[port] + BENCH_STREAM_BYTES / 16);
}

void bench_instance(void)
{
	struct console *console = &bench.console;

	memset(console, 0, sizeof(*console));
	for (uint32_t i = 0; i < BENCH_PORTS; i++) {
		(void)console_add_port(console, bench.shared->streams[i], BENCH_STREAM_BYTES, false);
	}
	console->ports[0].is_terminal = true;
	console->ports[1].name = "one";
	console_describe(console, 80, 25);
	(void)virtio_memory_add(&console->device.memory, GUEST_BASE, GUEST_BYTES, bench.shared->memory);
	virtio_mmio_open(&console->device, &bench.shared->state);
	console_open(console, &bench.shared->own);
	virtio_mmio_serve(&console->device, VIRTIO_MMIO_ALL_QUEUES);
}

void bench_reset(void)
{
	if (bench.shared == NULL) {
		bench.shared = (void *)guest_map(sizeof(*bench.shared));
		assert_non_null(bench.shared);
	}
	memset(bench.shared, 0, sizeof(*bench.shared));
	for (uint32_t i = 0; i < BENCH_PORTS; i++) {
		/* Somewhere in a ring's life. */
		printed(i)->read = printed(i)->written = 1000 + i;
		typed(i)->read = typed(i)->written = 2000 + i;
	}
	bench_instance();
}

static void set_address(uint32_t low, uint64_t address)
{
	guest_set(&bench.console.device, low, (uint32_t)address);
	guest_set(&bench.console.device, low + 4, (uint32_t)(address >> 32));
}

void bench_start(uint64_t features)
{
	struct virtio_mmio *device = &bench.console.device;
	const uint32_t status =
		VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_FEATURES_OK;

	guest_set(device, VIRTIO_MMIO_STATUS, 0);
	for (uint32_t i = 0; i < 2; i++) {
		guest_set(device, VIRTIO_MMIO_DRIVER_FEATURES_SEL, i);
		guest_set(device, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)(features >> (32 * i)));
	}
	guest_set(device, VIRTIO_MMIO_STATUS, status);
	for (uint32_t i = 0; i < BENCH_QUEUES; i++) {
		struct guest_queue *queue = &bench.queues[i];

		*queue = (struct guest_queue){
			.index = i,
			.size = BENCH_SIZE,
			.descriptors = guest_at(bench.shared->memory, RINGS(i)),
			.available = guest_at(bench.shared->memory, RINGS(i) + GUEST_AVAILABLE),
			.used = guest_at(bench.shared->memory, RINGS(i) + GUEST_USED),
		};
		memset(queue->descriptors, 0, 0x4000);
		guest_set(device, VIRTIO_MMIO_QUEUE_SEL, i);
		guest_set(device, VIRTIO_MMIO_QUEUE_NUM, BENCH_SIZE);
		set_address(VIRTIO_MMIO_QUEUE_DESC_LOW, RINGS(i));
		set_address(VIRTIO_MMIO_QUEUE_AVAIL_LOW, RINGS(i) + GUEST_AVAILABLE);
		set_address(VIRTIO_MMIO_QUEUE_USED_LOW, RINGS(i) + GUEST_USED);
		guest_set(device, VIRTIO_MMIO_QUEUE_READY, 1);
	}
	guest_set(device, VIRTIO_MMIO_STATUS, status | VIRTIO_CONFIG_S_DRIVER_OK);
}

static void offer(uint32_t queue, uint16_t head, uint32_t count, uint16_t flags)
{
	struct guest_piece piece = { BENCH_DATA(queue, head % 8), count, flags };

	guest_write_chain(&bench.queues[queue], head, &piece, 1);
	guest_offer(&bench.queues[queue], head);
}

void bench_print(uint32_t queue, uint16_t head, const void *bytes, uint32_t count)
{
	memcpy(guest_at(bench.shared->memory, BENCH_DATA(queue, head % 8)), bytes, count);
	offer(queue, head, count, 0);
}

void bench_room(uint32_t queue, uint16_t head, uint32_t count)
{
	offer(queue, head, count, VRING_DESC_F_WRITE);
}

void bench_tell(uint16_t head, uint32_t port, uint16_t event, uint16_t value)
{
	struct virtio_console_control message = { port, event, value };

	bench_print(CONSOLE_CONTROL_OUT, head, &message, sizeof(message));
}

void bench_notify(uint32_t queue)
{
	guest_set(&bench.console.device, VIRTIO_MMIO_QUEUE_NOTIFY, queue);
}

uint32_t bench_take_printed(uint32_t port, uint8_t *to)
{
	return (uint32_t)sk_byte_ring_read(printed(port), BENCH_ROOM, to, BENCH_ROOM);
}

void bench_type(uint32_t port, const void *bytes, uint32_t count)
{
	int was_empty;

	assert_int_equal(sk_byte_ring_write(typed(port), BENCH_ROOM, bytes, count, &was_empty), count);
}

void bench_tell_size(uint32_t columns, uint32_t rows)
{
	typed(0)->told = columns << 16 | rows;
}

uint32_t bench_take_used(uint32_t queue, uint8_t *to, uint32_t *chains)
{
	struct vring_used_elem entry;
	uint32_t bytes = 0;

	while (guest_take(&bench.queues[queue], &entry)) {
		assert_true(entry.id < BENCH_SIZE);
		memcpy(to + bytes, guest_at(bench.shared->memory, BENCH_DATA(queue, entry.id % 8)), entry.len);
		bytes += entry.len;
		(*chains)++;
	}
	return bytes;
}
