/*
 * The way of bytes, store by store. What decides is a ring's index, moved by one store each time.
 *
 *	printed:  from = the ring's written index; chain = i; bytes, written index, again and again; i is used
 *	typed:    from = the ring's read index; count; chain = i; bytes into i; read index; i is used
 *
 * So an instance that finds `chain` to be the next available one goes on with it: as many of its bytes as the written
 * index is past `from` are printed; and typed ones are in it if the read index is past `from`, while the others still
 * are in the ring. A chain's record is void as soon as the next chain's is begun, or its queue is taken out of use.
 *
 * An emergency write: token = 0; place = the written index; value; token; byte and written index. One that was recorded
 * and not done is done by console_open(), before anything else moves the index; when its exit is delivered again,
 * the token tells.
 */
#include "console.h"

#include <string.h>

#define CHAIN_VALID (1ull << 63)
#define PIECE_BYTES 256u
#define CHAINS_MAX 64u /* at a time: meanwhile the guest's vCPU waits */
#define EXITS 16u

#define STORE(word, value) __atomic_store_n(&(word), (value), __ATOMIC_RELEASE)

static uint64_t chain_word(const struct virtio_chain *chain)
{
	return CHAIN_VALID | chain->index;
}

static uint64_t written_index(const struct console_port *port)
{
	return __atomic_load_n(&port->printed->written, __ATOMIC_RELAXED);
}

/* Its other side may sleep. */
static void note_signal(struct console *console, const struct console_port *port)
{
	console->signal |= 1u << (port - console->ports);
}

/* Up to a piece of the chain's bytes from `done` on; returns how many found room. */
static uint32_t print_piece(struct console *console, struct console_port *port, const struct virtio_chain *chain,
			    uint64_t done)
{
	uint8_t piece[PIECE_BYTES];
	uint32_t bytes = virtio_chain_read(chain, done, piece, sizeof(piece));
	int was_empty = 0;
	uint64_t printed = sk_byte_ring_write(port->printed, port->capacity, piece, bytes, &was_empty);

	if (was_empty != 0) {
		note_signal(console, port);
	}
	return (uint32_t)printed;
}

/* True once all of the chain is printed; false: the ring is full, or it was a ring full at a time. */
static bool print_chain(struct console *console, uint32_t index, const struct virtio_chain *chain)
{
	struct console_port *port = &console->ports[index];
	struct sk_virtio_console_port *state = &console->state->ports[index];
	uint64_t most = port->capacity;

	if (state->printed_chain != chain_word(chain)) {
		STORE(state->printed_from, written_index(port));
		STORE(state->printed_chain, chain_word(chain));
	}
	for (;;) {
		uint64_t done = written_index(port) - state->printed_from;

		if (done >= chain->readable_bytes) {
			return true;
		}

		uint32_t bytes = most != 0 ? print_piece(console, port, chain, done) : 0;

		if (bytes == 0) {
			return false;
		}
		most -= bytes < most ? bytes : most;
	}
}

static bool serve_out(struct console *console, uint32_t port)
{
	uint32_t index = console_queue_out(port);
	struct virtio_queue *queue = &console->device.queues[index];
	struct virtio_chain chain;
	uint32_t chains = 0;
	bool more = true;
	bool full = false;

	while (more && !full && chains < CHAINS_MAX) {
		switch (virtio_queue_next(queue, &chain)) {
		case VIRTIO_TAKEN:
			full = !print_chain(console, port, &chain);
			if (!full) {
				virtio_queue_complete(queue, &chain, 0);
				chains++;
			}
			break;
		case VIRTIO_EMPTY:
			more = virtio_queue_arm(queue);
			break;
		case VIRTIO_BROKEN:
			virtio_mmio_break(&console->device);
			return false;
		}
	}
	virtio_mmio_notify(&console->device, index);
	/* With a full ring, whoever empties it signals; one that was emptied meanwhile has room. */
	return more && (!full || sk_byte_ring_used(console->ports[port].printed, console->ports[port].capacity) <
					 console->ports[port].capacity);
}

/* Copies without taking them out of the ring. */
static void copy_typed(const struct console_port *port, uint64_t from, uint64_t count, const struct virtio_chain *chain)
{
	uint8_t piece[PIECE_BYTES];
	uint64_t done = 0;

	while (done < count) {
		uint32_t bytes = count - done < sizeof(piece) ? (uint32_t)(count - done) : (uint32_t)sizeof(piece);

		for (uint32_t i = 0; i < bytes; i++) {
			piece[i] = port->typed->data[(from + done + i) % port->capacity];
		}
		(void)virtio_chain_write(chain, done, piece, bytes);
		done += bytes;
	}
}

/* Bytes were taken out of the ring, from `from` on: a writer that finds it full waits for that. */
static void make_room(struct console *console, const struct console_port *port, uint64_t from)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* the writer stores its index, then looks at ours */
	if (__atomic_load_n(&port->typed->written, __ATOMIC_RELAXED) - from >= port->capacity) {
		note_signal(console, port);
	}
}

static void type_chain(struct console *console, uint32_t index, const struct virtio_chain *chain)
{
	struct console_port *port = &console->ports[index];
	struct sk_virtio_console_port *state = &console->state->ports[index];

	if (state->typed_chain != chain_word(chain)) {
		uint64_t used = sk_byte_ring_used(port->typed, port->capacity);

		STORE(state->typed_from, port->typed->read);
		STORE(state->typed_count, used < chain->writable_bytes ? used : chain->writable_bytes);
		STORE(state->typed_chain, chain_word(chain));
	}
	if (port->typed->read == state->typed_from && state->typed_count <= port->capacity) {
		copy_typed(port, state->typed_from, state->typed_count, chain);
		STORE(port->typed->read, state->typed_from + state->typed_count);
		make_room(console, port, state->typed_from);
	}
	virtio_queue_complete(&console->device.queues[console_queue_in(index)], chain, (uint32_t)state->typed_count);
}

/* The chain that an earlier instance began to fill. */
static bool is_begun(const struct console *console, uint32_t port)
{
	const struct virtio_queue *queue = &console->device.queues[console_queue_in(port)];

	return console->state->ports[port].typed_chain == (CHAIN_VALID | virtio_queue_available_index(queue));
}

/* Port 0 is the guest's console; another one's bytes wait until a program is there for them. */
static bool is_listening(const struct console *console, uint32_t port)
{
	return port == 0 || console->state->ports[port].open != 0;
}

void console_serve_in(struct console *console, uint32_t port)
{
	uint32_t index = console_queue_in(port);
	struct virtio_queue *queue = &console->device.queues[index];
	const struct console_port *rings = &console->ports[port];
	struct virtio_chain chain;

	if (!virtio_mmio_serves(&console->device, index)) {
		return;
	}
	/* Ends: a chain takes all that is there, or is as many bytes as the ring has at most, or is one of the queue's.
	 * */
	for (uint32_t i = 0; i < CHAINS_MAX; i++) {
		if (!is_begun(console, port) && (!is_listening(console, port) ||
						 sk_byte_ring_used(rings->typed, rings->capacity) == 0)) {
			break;
		}

		enum virtio_taken taken = virtio_queue_next(queue, &chain);

		if (taken == VIRTIO_BROKEN) {
			virtio_mmio_break(&console->device);
			return;
		}
		if (taken == VIRTIO_TAKEN) {
			type_chain(console, port, &chain);
		} else if (!virtio_queue_arm(queue)) {
			break;
		}
	}
	virtio_mmio_notify(&console->device, index);
}

static bool has_typed(const struct console *console, uint32_t port)
{
	const struct virtio_queue *queue = &console->device.queues[console_queue_in(port)];
	const struct console_port *rings = &console->ports[port];

	return is_listening(console, port) && sk_byte_ring_used(rings->typed, rings->capacity) != 0 &&
	       virtio_queue_available(queue);
}

static bool serve(struct virtio_mmio *device, uint32_t index)
{
	struct console *console = (struct console *)(void *)device;
	uint32_t port = index < CONSOLE_CONTROL_IN ? 0 : index / 2 - 1;

	if (index == CONSOLE_CONTROL_IN || index == CONSOLE_CONTROL_OUT) {
		console_serve_control(console);
		return false;
	}
	if (index % 2 != 0) {
		return serve_out(console, port);
	}
	console_serve_in(console, port);
	return virtio_mmio_serves(device, index) && has_typed(console, port);
}

/* A queue is taken out of use: what was recorded about its chains means nothing in the next one. */
static bool drained(struct virtio_mmio *device, uint32_t index)
{
	struct console *console = (struct console *)(void *)device;
	uint32_t port = index < CONSOLE_CONTROL_IN ? 0 : index / 2 - 1;

	if (index == CONSOLE_CONTROL_IN || index == CONSOLE_CONTROL_OUT) {
		console_forget_control(console);
	} else if (index % 2 != 0) {
		STORE(console->state->ports[port].printed_chain, 0);
	} else {
		STORE(console->state->ports[port].typed_chain, 0);
	}
	return true;
}

/* A chain of port 0 is half printed: what comes between its bytes would count as one of them. */
static bool is_half_printed(const struct console *console)
{
	const struct sk_virtio_console_port *state = &console->state->ports[0];
	uint32_t index = console_queue_out(0);

	return virtio_mmio_serves(&console->device, index) &&
	       state->printed_chain ==
		       (CHAIN_VALID | virtio_queue_available_index(&console->device.queues[index])) &&
	       written_index(&console->ports[0]) != state->printed_from;
}

static void print_byte(struct console *console, uint8_t byte)
{
	struct console_port *port = &console->ports[0];
	int was_empty = 0;

	(void)sk_byte_ring_write(port->printed, port->capacity, &byte, 1, &was_empty);
	if (was_empty != 0) {
		note_signal(console, port);
	}
}

/* emerg_wr. It does not wait: without room for the byte, which is when a chain may be half printed too, it is lost. */
static void configure(struct virtio_mmio *device, const struct virtio_exit *exit, uint32_t offset, uint32_t bytes,
		      uint64_t value)
{
	struct console *console = (struct console *)(void *)device;
	const struct console_port *port = &console->ports[0];
	struct sk_virtio_console_exit *record = &console->state->exits[exit->vcpu % EXITS];

	(void)bytes;
	if (offset != offsetof(struct virtio_console_config, emerg_wr) || record->token == exit->token ||
	    is_half_printed(console) || sk_byte_ring_used(port->printed, port->capacity) == port->capacity) {
		return;
	}
	STORE(record->token, 0);
	STORE(record->place, written_index(port));
	STORE(record->value, value);
	STORE(record->token, exit->token);
	print_byte(console, (uint8_t)value);
}

static const struct virtio_operations operations = { .serve = serve, .drained = drained, .configure = configure };

bool console_add_port(struct console *console, void *stream, uint64_t bytes, bool crossed)
{
	uint64_t half = bytes / 2 & ~7ull;
	struct sk_byte_ring *first = stream;
	struct sk_byte_ring *second = (struct sk_byte_ring *)(void *)((uint8_t *)stream + half);

	if (console->port_count == CONSOLE_PORTS || half < 256) {
		return false;
	}
	console->ports[console->port_count++] = (struct console_port){
		.printed = crossed ? second : first,
		.typed = crossed ? first : second,
		.capacity = sk_byte_ring_capacity(half),
	};
	return true;
}

void console_describe(struct console *console, uint16_t columns, uint16_t rows)
{
	console->config = (struct virtio_console_config){ .max_nr_ports = console->port_count };
	console->size = (uint32_t)columns << 16 | rows;
	console->device.operations = &operations;
	console->device.id = VIRTIO_ID_CONSOLE;
	console->device.queue_count = console_queue_out(console->port_count - 1) + 1;
	if (console->device.queue_count <= CONSOLE_CONTROL_OUT) {
		console->device.queue_count = CONSOLE_CONTROL_OUT + 1;
	}
	console->device.queue_size_max = CONSOLE_QUEUE_SIZE;
	console->device.features = 1ull << VIRTIO_CONSOLE_F_MULTIPORT | 1ull << VIRTIO_CONSOLE_F_EMERG_WRITE |
				   1ull << VIRTIO_CONSOLE_F_SIZE;
	console->device.config = (const uint8_t *)&console->config;
	console->device.config_bytes = sizeof(console->config);
}

void console_open(struct console *console, struct sk_virtio_console_state *state)
{
	uint64_t written = written_index(&console->ports[0]);

	console->state = state;
	for (uint32_t i = 0; i < EXITS; i++) {
		if (state->exits[i].token != 0 && state->exits[i].place == written) {
			print_byte(console, (uint8_t)state->exits[i].value);
			break;
		}
	}
	console_settle_control(console);
	console_look_at_size(console);
}
