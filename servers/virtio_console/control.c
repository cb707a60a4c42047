/*
 * The control queues (virtio 1.2, section 5.3.6.2). What the guest is to be told is a bit in its port's `owed`; a
 * message on its way is noted before the chain that carries it is used, and its bit goes after that:
 *
 *	message = chain i, port, bit; bytes into i; i is used; the bit goes; message = 0
 *
 * A new instance that finds a message whose chain was used takes its bit. Messages of the guest only set bits and
 * words, so one that is read twice does no more than once: the bits that it sets are not paid before it is used.
 */
#define _POSIX_C_SOURCE 200809L /* strnlen */
#include "console.h"

#include <string.h>

#define MESSAGE_VALID (1ull << 63)
#define MESSAGE_PORT_SHIFT 32u
#define MESSAGE_BIT_SHIFT 16u

#define DRIVER_HAS_PORT (1u << 31)

enum owed { OWED_ADD, OWED_CONSOLE, OWED_RESIZE, OWED_OPEN, OWED_NAME, OWED_KINDS };

#define STORE(word, value) __atomic_store_n(&(word), (value), __ATOMIC_RELEASE)

static void owe(struct console *console, uint32_t port, uint32_t bits)
{
	STORE(console->state->ports[port].owed, console->state->ports[port].owed | bits);
}

static void take(struct console *console, const struct virtio_console_control *message)
{
	uint32_t port = message->id;

	if (message->event == VIRTIO_CONSOLE_DEVICE_READY && message->value == 1) {
		for (uint32_t i = 0; i < console->port_count; i++) {
			owe(console, i, 1u << OWED_ADD);
		}
		return;
	}
	if (port >= console->port_count) {
		return;
	}
	if (message->event == VIRTIO_CONSOLE_PORT_READY && message->value == 1) {
		uint32_t size = console->config.cols != 0 ? 1u << OWED_RESIZE : 0;
		uint32_t name = console->ports[port].name != NULL ? 1u << OWED_NAME : 0;
		uint32_t terminal = console->ports[port].is_terminal ? 1u << OWED_CONSOLE | size : 0;

		owe(console, port, DRIVER_HAS_PORT | 1u << OWED_OPEN | name | terminal);
	} else if (message->event == VIRTIO_CONSOLE_PORT_OPEN) {
		STORE(console->state->ports[port].open, message->value != 0 ? 1u : 0u);
		console_serve_in(console, port);
	}
}

void console_look_at_size(struct console *console)
{
	struct sk_virtio_console_state *state = console->state;
	uint32_t told = (uint32_t)__atomic_load_n(&console->ports[0].typed->told, __ATOMIC_ACQUIRE);
	uint32_t size = told != 0 ? told : console->size;

	console->config.cols = (uint16_t)(size >> 16);
	console->config.rows = (uint16_t)size;
	if (state->size == size) {
		return;
	}
	virtio_mmio_config_changed(&console->device);
	for (uint32_t i = 0; i < console->port_count; i++) {
		if (console->ports[i].is_terminal && (state->ports[i].owed & DRIVER_HAS_PORT) != 0) {
			owe(console, i, 1u << OWED_RESIZE);
		}
	}
	STORE(state->size, size);
}

static bool take_messages(struct console *console)
{
	struct virtio_queue *queue = &console->device.queues[CONSOLE_CONTROL_OUT];
	struct virtio_console_control message;
	struct virtio_chain chain;

	/* Ends: no more than a ring of them at a time; a guest that adds more notifies for them. */
	for (uint32_t i = 0; i <= queue->size; i++) {
		switch (virtio_queue_next(queue, &chain)) {
		case VIRTIO_TAKEN:
			if (virtio_chain_read(&chain, 0, &message, sizeof(message)) == sizeof(message)) {
				take(console, &message);
			}
			virtio_queue_complete(queue, &chain, 0);
			break;
		case VIRTIO_EMPTY:
			if (!virtio_queue_arm(queue)) {
				return true;
			}
			break;
		case VIRTIO_BROKEN:
			virtio_mmio_break(&console->device);
			return false;
		}
	}
	return true;
}

/* The next message in order of ports and kinds, as a word; 0: nothing is owed. */
static uint64_t next_owed(const struct console *console)
{
	for (uint32_t i = 0; i < console->port_count; i++) {
		uint32_t owed = console->state->ports[i].owed & ((1u << OWED_KINDS) - 1u);

		if (owed != 0) {
			return MESSAGE_VALID | (uint64_t)i << MESSAGE_PORT_SHIFT |
			       (uint64_t)__builtin_ctz(owed) << MESSAGE_BIT_SHIFT;
		}
	}
	return 0;
}

static uint32_t write_message(const struct console *console, uint32_t port, enum owed kind,
			      const struct virtio_chain *chain)
{
	static const uint16_t events[OWED_KINDS] = {
		[OWED_ADD] = VIRTIO_CONSOLE_PORT_ADD,
		[OWED_CONSOLE] = VIRTIO_CONSOLE_CONSOLE_PORT,
		[OWED_RESIZE] = VIRTIO_CONSOLE_RESIZE,
		[OWED_OPEN] = VIRTIO_CONSOLE_PORT_OPEN,
		[OWED_NAME] = VIRTIO_CONSOLE_PORT_NAME,
	};
	const struct virtio_console_control message = { .id = port, .event = events[kind], .value = 1 };
	/* In the specification's order; Linux had it the other way round for a time. */
	const uint16_t size[2] = { console->config.cols, console->config.rows };
	const char *name = console->ports[port].name;
	uint32_t bytes = virtio_chain_write(chain, 0, &message, sizeof(message));

	if (kind == OWED_RESIZE) {
		bytes += virtio_chain_write(chain, bytes, size, sizeof(size));
	} else if (kind == OWED_NAME && name != NULL) {
		bytes += virtio_chain_write(chain, bytes, name, (uint32_t)strnlen(name, CONSOLE_NAME_BYTES));
	}
	return bytes;
}

static void pay(struct console *console, uint64_t message)
{
	uint32_t *owed = &console->state->ports[(message >> MESSAGE_PORT_SHIFT & 0xff) % CONSOLE_PORTS].owed;

	STORE(*owed, *owed & ~(1u << (message >> MESSAGE_BIT_SHIFT & 0xff) % 32));
	STORE(console->state->message, 0);
}

static void send_messages(struct console *console)
{
	struct virtio_queue *queue = &console->device.queues[CONSOLE_CONTROL_IN];
	struct virtio_chain chain;
	uint64_t message = next_owed(console);

	/* Ends: each chain pays for one, or is none that could. */
	for (uint32_t i = 0; message != 0 && i <= queue->size; i++) {
		enum virtio_taken taken = virtio_queue_next(queue, &chain);

		if (taken == VIRTIO_BROKEN) {
			virtio_mmio_break(&console->device);
			return;
		}
		if (taken == VIRTIO_EMPTY) {
			if (!virtio_queue_arm(queue)) {
				return;
			}
			continue;
		}

		uint32_t port = (uint32_t)(message >> MESSAGE_PORT_SHIFT & 0xff);
		enum owed kind = (enum owed)(message >> MESSAGE_BIT_SHIFT & 0xff);

		STORE(console->state->message, message | chain.index);
		virtio_queue_complete(queue, &chain, write_message(console, port, kind, &chain));
		pay(console, message);
		message = next_owed(console);
	}
}

void console_serve_control(struct console *console)
{
	if (!virtio_mmio_has(&console->device, VIRTIO_CONSOLE_F_MULTIPORT)) {
		return;
	}
	if (virtio_mmio_serves(&console->device, CONSOLE_CONTROL_OUT) && take_messages(console)) {
		virtio_mmio_notify(&console->device, CONSOLE_CONTROL_OUT);
	}
	if (virtio_mmio_serves(&console->device, CONSOLE_CONTROL_IN)) {
		send_messages(console);
		virtio_mmio_notify(&console->device, CONSOLE_CONTROL_IN);
	}
}

void console_settle_control(struct console *console)
{
	const struct virtio_queue *queue = &console->device.queues[CONSOLE_CONTROL_IN];
	uint64_t message = console->state->message;

	if (message == 0) {
		return;
	}
	if (queue->size != 0 && (uint16_t)message != virtio_queue_available_index(queue)) {
		pay(console, message);
	} else {
		STORE(console->state->message, 0);
	}
}

void console_forget_control(struct console *console)
{
	STORE(console->state->message, 0);
	for (uint32_t i = 0; i < CONSOLE_PORTS; i++) {
		STORE(console->state->ports[i].owed, 0);
		STORE(console->state->ports[i].open, 0);
	}
}
