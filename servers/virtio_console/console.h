/*
 * A guest's console with several ports (virtio 1.2, section 5.3): what the guest prints on a port goes into one byte
 * ring, what is typed comes from another, both shared with who is at the port's other end: the console server, or any
 * other. No byte is lost or doubled by a restart.
 *
 * Not thread-safe: the caller serialises. It makes no system call.
 */
#ifndef VIRTIO_CONSOLE_CONSOLE_H
#define VIRTIO_CONSOLE_CONSOLE_H

#include <linux/virtio_console.h>

#include <sk/byte_ring.h>
#include <sk/idl/virtio_console.h>
#include <virtio/mmio.h>

#define CONSOLE_PORTS 7u
#define CONSOLE_QUEUE_SIZE 64u
#define CONSOLE_CONTROL_IN 2u  /* queue of messages to the guest */
#define CONSOLE_CONTROL_OUT 3u

#define CONSOLE_NAME_BYTES 32u

struct console_port {
	struct sk_byte_ring *printed;
	struct sk_byte_ring *typed;
	uint64_t capacity; /* of each */
	const char *name;  /* that the guest is told; NULL: none */
	bool is_terminal;  /* a stream on the console server, a console to the guest; otherwise a mere port */
};

struct console {
	struct virtio_mmio device; /* the first member */
	struct virtio_console_config config;
	struct sk_virtio_console_state *state;
	struct console_port ports[CONSOLE_PORTS];
	uint32_t port_count;
	uint32_t size;   /* of the terminal until its other side tells one: columns << 16 | rows; 0: unknown */
	uint32_t signal; /* a bit for each port whose other side may sleep, and has something to do now */
};

/*
 * A port on a region of `bytes` bytes: two rings, of which the first carries what is printed, unless `crossed`: then it
 * is the second one. False: too small, or too many.
 */
bool console_add_port(struct console *console, void *stream, uint64_t bytes, bool crossed);

/* Makes the device of the ports that were added. The terminal's size until the console tells one; 0 columns: unknown. */
void console_describe(struct console *console, uint16_t columns, uint16_t rows);

/*
 * Attaches it to what an earlier instance left, after virtio_mmio_open(). Then serve all its queues, and again whenever
 * the other side of a stream has done something.
 */
void console_open(struct console *console, struct sk_virtio_console_state *state);

static inline uint32_t console_queue_in(uint32_t port)
{
	return port == 0 ? 0 : 2 + 2 * port;
}

static inline uint32_t console_queue_out(uint32_t port)
{
	return console_queue_in(port) + 1;
}

/* Typed bytes into what the guest made available. */
void console_serve_in(struct console *console, uint32_t port);

/* control.c: messages of the guest, then to the guest. */
void console_serve_control(struct console *console);
/* The terminal's size may be another one by now: the guest is told. */
void console_look_at_size(struct console *console);
/* A message may have arrived whose debt still stands. */
void console_settle_control(struct console *console);
/* Nothing is owed any more, and no port is open. */
void console_forget_control(struct console *console);

#endif
