/*
 * The real PL011, driven: 8 data bits, FIFOs on, at whatever speed the firmware
 * left. Polled in both directions; the receive interrupts are on, the transmit
 * interrupt only while somebody waits for room. Arm DDI 0183G.
 */
#ifndef DEVICES_PL011_PORT_H
#define DEVICES_PL011_PORT_H

#include <stdbool.h>
#include <stdint.h>

/* A UART that is driven; its registers, mapped as device memory. */
struct pl011_port {
	volatile uint32_t *registers;
};

/* Takes the UART whose registers are mapped at `registers`. What waits in its receive FIFO stays. */
void pl011_port_open(struct pl011_port *port, volatile void *registers);

/* Sends one character; false, and nothing happened, when the transmit FIFO is full. */
bool pl011_port_put(struct pl011_port *port, uint8_t character);

/* Takes one character into `*character`; false when there is none. What arrived broken is skipped. */
bool pl011_port_get(struct pl011_port *port, uint8_t *character);

/* Interrupt when the transmit FIFO has room again, or not. */
void pl011_port_want_room(struct pl011_port *port, bool wanted);

/* Lowers the interrupt output, as far as its cause has been dealt with. */
void pl011_port_clear(struct pl011_port *port);

/* True while the last character is still on its way out. */
bool pl011_port_busy(struct pl011_port *port);

#endif
