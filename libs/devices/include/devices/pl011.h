/*
 * A PL011 as a guest sees it (Arm DDI 0183G), between two byte rings. It has no
 * FIFOs of its own: the 16 characters of the receive FIFO are the first ones that
 * wait in the receiving ring, those of the transmit FIFO are the ring's last 16
 * places. So a character is in exactly one place, and moving it is one store.
 *
 * All other state is in `struct sk_uart_state`, which outlives the server. A
 * server that is killed between any two stores has lost and doubled nothing, given that
 * an exit without reply is delivered again with the same token, which no other exit ever has.
 *
 * Not thread-safe: the caller serialises. Nothing here blocks or makes a system call.
 */
#ifndef DEVICES_PL011_H
#define DEVICES_PL011_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sk/byte_ring.h>
#include <sk/idl/uart.h>
#include <devices/pl011_registers.h>

/* vCPUs of a VM whose accesses can be told apart, by index. */
#define PL011_VCPUS 16u

/* What a write asks of its caller. */
#define PL011_SIGNAL (1u << 0) /* signal the peer: it may be asleep */
#define PL011_FULL (1u << 1)   /* write of DR: no room, nothing happened; repeat it when the peer has made room */

struct pl011_ring {
	struct sk_byte_ring *ring;
	uint64_t capacity; /* bytes of data */
};

struct pl011 {
	struct sk_uart_state *state;
	struct pl011_ring rings[4]; /* sent, received; the same two in loopback mode */
};

/* The access behind an exit. It fits two registers and is passed in them. */
struct pl011_access {
	uint64_t token;  /* names the exit; never 0 */
	uint16_t offset; /* from the device's base; below PL011_BYTES */
	uint8_t size;    /* bytes: 1, 2 or 4; anything else, or a misaligned offset, reads as zero and ignores writes */
	uint8_t vcpu;    /* below PL011_VCPUS, no bound is checked */
	uint32_t value;  /* to write */
};

/*
 * Attaches the model to its state and to the stream shared with the console
 * (`stream_bytes` in two rings of half each: what the guest prints, then what is typed).
 * State that was never used gets the reset values; state of an earlier instance is
 * settled: an access that was begun but not committed is forgotten. False if the stream is too small.
 */
bool pl011_open(struct pl011 *uart, struct sk_uart_state *state, void *stream, uint64_t stream_bytes);

/* Registers back to their reset values, as after power-on. What is in the rings stays. */
void pl011_reset(struct pl011 *uart);

/* Returns PL011_SIGNAL, PL011_FULL or 0. */
uint32_t pl011_write(struct pl011 *uart, struct pl011_access access);

/* Every register but DR may be read without serialising: such a read changes nothing. */
uint32_t pl011_read(struct pl011 *uart, struct pl011_access access);

/* The peer may have added or taken characters: raises the interrupts that follow. */
void pl011_poll(struct pl011 *uart);

/*
 * Raises every FIFO interrupt that the levels justify. After an exit that was delivered
 * again: its first delivery may have cleared an interrupt that came in between.
 */
void pl011_rearm(struct pl011 *uart);

/* The interrupt output UARTINTR. */
static inline bool pl011_line(const struct pl011 *uart)
{
	return (uart->state->raw & uart->state->mask) != 0;
}

#endif
