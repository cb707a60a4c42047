#include <devices/pl011_port.h>
#include <devices/pl011_registers.h>

#define DR_ERRORS 0xf00u
#define LINE_CONTROL (PL011_LCR_H_FEN | PL011_LCR_H_WLEN_8)
#define CONTROL (PL011_CR_UARTEN | PL011_CR_TXE | PL011_CR_RXE | PL011_CR_RTS | PL011_CR_DTR)
#define IFLS_RX_HALF_TX_EIGHTH (2u << 3)

static uint32_t get(const struct pl011_port *port, enum pl011_register offset)
{
	return port->registers[offset / 4];
}

static void set(struct pl011_port *port, enum pl011_register offset, uint32_t value)
{
	port->registers[offset / 4] = value;
}

void pl011_port_open(struct pl011_port *port, volatile void *registers)
{
	port->registers = registers;
	set(port, PL011_IMSC, 0);
	/* Line control may change only while the UART is off, and that would cut what a predecessor has under way. */
	if (get(port, PL011_LCR_H) != LINE_CONTROL || get(port, PL011_CR) != CONTROL) {
		set(port, PL011_CR, 0);
		set(port, PL011_LCR_H, LINE_CONTROL);
		set(port, PL011_IFLS, IFLS_RX_HALF_TX_EIGHTH);
		set(port, PL011_DMACR, 0);
		set(port, PL011_CR, CONTROL);
	}
	set(port, PL011_IMSC, PL011_INT_RX | PL011_INT_RT);
}

bool pl011_port_put(struct pl011_port *port, uint8_t character)
{
	if ((get(port, PL011_FR) & PL011_FR_TXFF) != 0) {
		return false;
	}
	set(port, PL011_DR, character);
	return true;
}

bool pl011_port_get(struct pl011_port *port, uint8_t *character)
{
	while ((get(port, PL011_FR) & PL011_FR_RXFE) == 0) {
		uint32_t data = get(port, PL011_DR);

		if ((data & DR_ERRORS) == 0) {
			*character = (uint8_t)data;
			return true;
		}
		set(port, PL011_RSR, 0);
	}
	return false;
}

void pl011_port_want_room(struct pl011_port *port, bool wanted)
{
	set(port, PL011_IMSC, PL011_INT_RX | PL011_INT_RT | (wanted ? PL011_INT_TX : 0));
}

void pl011_port_clear(struct pl011_port *port)
{
	set(port, PL011_ICR, PL011_INT_ALL);
}

bool pl011_port_busy(struct pl011_port *port)
{
	return (get(port, PL011_FR) & PL011_FR_BUSY) != 0;
}
