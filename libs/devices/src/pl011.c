/*
 * The data register's protocol, which everything else here serves. A character
 * moves by one store to a ring's index: that store is the commit. Before it, the
 * vCPU's exit record says which index the exit is about to move, its token last:
 *
 *	write: data[i] = c; record.place = i; record.token = t; written = i + 1
 *	read:  record.value = data[i]; record.place = i; record.token = t; read = i + 1
 *
 * An exit that is delivered again and finds its token in the record had its effect
 * (pl011_open() has forgotten records whose index never moved): a write is only
 * acknowledged, a read answers the recorded value. An exit whose token is not there had none.
 *
 * Interrupts are raised after the commit and are a function of levels; doing that once more is harmless.
 */
#include <devices/pl011.h>

#define PLACE_SENT 0u
#define PLACE_RECEIVED 1u
#define PLACE_LOOP 2u /* added to the two above in loopback mode */
#define PLACE_BITS 2u

#define LOOP_BYTES (sizeof(struct sk_byte_ring) + PL011_FIFO_DEPTH)
_Static_assert(sizeof(((struct sk_uart_state *)0)->loop) >= LOOP_BYTES, "the loopback ring fits into the state");
_Static_assert(sizeof(((struct sk_uart_state *)0)->exits) / sizeof(struct sk_uart_exit) == PL011_VCPUS,
	       "one exit record a vCPU");

#define STORE(field, value) __atomic_store_n(&(field), (value), __ATOMIC_RELEASE)

/* FIFO trigger levels in characters by the IFLS code: 1/8, 1/4, 1/2, 3/4, 7/8; reserved codes mean 7/8. */
static const uint8_t trigger_levels[8] = { 2, 4, 8, 12, 14, 14, 14, 14 };

static const uint8_t identification[8] = { 0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

static bool fifos_enabled(const struct pl011 *uart)
{
	return (uart->state->line_control & PL011_LCR_H_FEN) != 0;
}

static uint32_t loop_place(const struct pl011 *uart)
{
	return (uart->state->control & PL011_CR_LBE) != 0 ? PLACE_LOOP : 0;
}

/* Bytes between a ring's indices; more than its capacity if the peer broke its index. */
static uint64_t used(const struct sk_byte_ring *ring)
{
	uint64_t read = __atomic_load_n(&ring->read, __ATOMIC_ACQUIRE);

	return __atomic_load_n(&ring->written, __ATOMIC_ACQUIRE) - read;
}

/* Characters in the transmit FIFO: how far the ring has filled into its last 16 places; a broken ring is full. */
static uint64_t transmit_level(const struct pl011 *uart)
{
	const struct pl011_ring *sent = &uart->rings[loop_place(uart) + PLACE_SENT];
	uint64_t bytes = used(sent->ring);

	if (bytes + PL011_FIFO_DEPTH <= sent->capacity) {
		return 0;
	}
	return bytes <= sent->capacity ? bytes + PL011_FIFO_DEPTH - sent->capacity : PL011_FIFO_DEPTH;
}

/* Characters that wait to be read, those behind the FIFO's 16 included; a broken ring is empty. */
static uint64_t receive_level(const struct pl011 *uart)
{
	const struct pl011_ring *received = &uart->rings[loop_place(uart) + PLACE_RECEIVED];
	uint64_t bytes = used(received->ring);

	return bytes <= received->capacity ? bytes : 0;
}

static uint32_t transmit_trigger(const struct pl011 *uart)
{
	return fifos_enabled(uart) ? trigger_levels[uart->state->fifo_levels & 7u] : 0;
}

static uint32_t receive_trigger(const struct pl011 *uart)
{
	return fifos_enabled(uart) ? trigger_levels[uart->state->fifo_levels >> 3 & 7u] : 1;
}

static void set_raw(struct pl011 *uart, uint32_t raw)
{
	if (raw != uart->state->raw) {
		STORE(uart->state->raw, raw);
	}
}

/*
 * The transmitter is as fast as the ring: a character written below the trigger level has left at once, so the
 * FIFO has fallen to its level and the interrupt is due. Above it, the interrupt waits for the peer to take some.
 */
static void transmit_changed(struct pl011 *uart)
{
	if (transmit_level(uart) <= transmit_trigger(uart)) {
		set_raw(uart, uart->state->raw | PL011_INT_TX);
		if (uart->state->above_trigger != 0) {
			STORE(uart->state->above_trigger, 0);
		}
	} else {
		if (uart->state->above_trigger == 0) {
			STORE(uart->state->above_trigger, 1);
		}
		set_raw(uart, uart->state->raw & ~PL011_INT_TX);
	}
}

/* The line is idle once the ring holds no more: the receive timeout is due as soon as anything waits. */
static void receive_changed(struct pl011 *uart)
{
	uint64_t level = receive_level(uart);
	uint32_t raw = uart->state->raw & ~(PL011_INT_RX | PL011_INT_RT);

	if (level != 0) {
		raw |= PL011_INT_RT;
	}
	if (level >= receive_trigger(uart)) {
		raw |= PL011_INT_RX;
	}
	set_raw(uart, raw);
}

static void record(struct sk_uart_exit *exit, uint64_t token, uint32_t place, uint64_t index)
{
	STORE(exit->place, index << PLACE_BITS | place);
	STORE(exit->token, token);
}

/* True if a character that leaves the FIFO empty changes nothing more: the interrupt is up already. */
static bool transmit_settled(const struct pl011 *uart, uint64_t bytes, uint64_t capacity)
{
	return bytes + PL011_FIFO_DEPTH <= capacity && (uart->state->raw & PL011_INT_TX) != 0 &&
	       uart->state->above_trigger == 0;
}

static uint32_t overrun(struct pl011 *uart)
{
	STORE(uart->state->errors, uart->state->errors | PL011_ERROR_OVERRUN);
	set_raw(uart, uart->state->raw | PL011_INT_OE);
	return 0;
}

static uint32_t write_data(struct pl011 *uart, struct pl011_access access)
{
	struct sk_uart_exit *exit = &uart->state->exits[access.vcpu];
	uint32_t place = loop_place(uart) + PLACE_SENT;
	struct sk_byte_ring *ring = uart->rings[place].ring;
	uint64_t capacity = uart->rings[place].capacity;
	uint64_t written = ring->written;

	if (exit->token == access.token) {
		transmit_changed(uart);
		return PL011_SIGNAL; /* the earlier instance may have died before it did */
	}
	if (written - __atomic_load_n(&ring->read, __ATOMIC_ACQUIRE) >= capacity) {
		return place == PLACE_SENT ? PL011_FULL : overrun(uart);
	}
	ring->data[written % capacity] = (uint8_t)access.value;
	record(exit, access.token, place, written);
	STORE(ring->written, written + 1);
	/* A reader that saw the ring empty before this store must be woken: store, then look. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	uint64_t before = written - __atomic_load_n(&ring->read, __ATOMIC_RELAXED);
	if (!transmit_settled(uart, before + 1, capacity)) {
		transmit_changed(uart);
	}
	if (place != PLACE_SENT) {
		receive_changed(uart);
		return 0;
	}
	return before == 0 ? PL011_SIGNAL : 0;
}

static uint32_t read_data(struct pl011 *uart, struct pl011_access access)
{
	struct sk_uart_exit *exit = &uart->state->exits[access.vcpu];
	uint32_t place = loop_place(uart) + PLACE_RECEIVED;
	struct sk_byte_ring *ring = uart->rings[place].ring;
	uint64_t read = ring->read;
	uint32_t value = (uint32_t)exit->value;

	if (exit->token != access.token) {
		if (receive_level(uart) == 0) {
			return 0;
		}
		value = ring->data[read % uart->rings[place].capacity];
		STORE(exit->value, (uint64_t)value);
		record(exit, access.token, place, read);
		STORE(ring->read, read + 1);
	}
	receive_changed(uart);
	return value;
}

static uint32_t flags(const struct pl011 *uart)
{
	uint32_t depth = fifos_enabled(uart) ? PL011_FIFO_DEPTH : 1;
	uint64_t sent = transmit_level(uart);
	uint64_t received = receive_level(uart);
	uint32_t control = uart->state->control;
	uint32_t value = 0;

	value |= sent == 0 ? PL011_FR_TXFE : PL011_FR_BUSY;
	value |= sent >= depth ? PL011_FR_TXFF : 0;
	value |= received == 0 ? PL011_FR_RXFE : 0;
	value |= received >= depth ? PL011_FR_RXFF : 0;
	if ((control & PL011_CR_LBE) == 0) {
		return value | PL011_FR_CTS | PL011_FR_DSR | PL011_FR_DCD; /* somebody is connected */
	}
	value |= (control & PL011_CR_RTS) != 0 ? PL011_FR_CTS : 0;
	value |= (control & PL011_CR_DTR) != 0 ? PL011_FR_DSR : 0;
	value |= (control & PL011_CR_OUT1) != 0 ? PL011_FR_DCD : 0;
	value |= (control & PL011_CR_OUT2) != 0 ? PL011_FR_RI : 0;
	return value;
}

static bool access_fits(struct pl011_access access)
{
	return (access.offset & 3u) == 0 && (access.size == 4 || access.size == 2 || access.size == 1);
}

uint32_t pl011_write(struct pl011 *uart, struct pl011_access access)
{
	struct sk_uart_state *state = uart->state;
	uint32_t value = access.value;

	if (!access_fits(access)) {
		return 0;
	}
	if (access.offset == PL011_DR) {
		return write_data(uart, access);
	}
	if (access.size != 4) {
		value &= access.size == 1 ? 0xffu : 0xffffu;
	}
	switch (access.offset) {
	case PL011_RSR:
		STORE(state->errors, 0);
		break;
	case PL011_ILPR:
		STORE(state->low_power, value & 0xffu);
		break;
	case PL011_IBRD:
		STORE(state->divisor, value & 0xffffu);
		break;
	case PL011_FBRD:
		STORE(state->fraction, value & 0x3fu);
		break;
	case PL011_LCR_H:
		/* Real hardware empties its FIFOs when FEN changes; here that would throw away what was typed ahead. */
		STORE(state->line_control, value & 0xffu);
		pl011_poll(uart);
		break;
	case PL011_CR:
		STORE(state->control, value & 0xff87u);
		receive_changed(uart); /* loopback may have exchanged the receiver */
		break;
	case PL011_IFLS:
		STORE(state->fifo_levels, value & 0x3fu);
		pl011_poll(uart);
		break;
	case PL011_IMSC:
		STORE(state->mask, value & PL011_INT_ALL);
		break;
	case PL011_ICR:
		set_raw(uart, state->raw & ~value);
		break;
	case PL011_DMACR:
		STORE(state->dma_control, value & 7u);
		break;
	default:
		break;
	}
	return 0;
}

uint32_t pl011_read(struct pl011 *uart, struct pl011_access access)
{
	const struct sk_uart_state *state = uart->state;

	if (!access_fits(access)) {
		return 0;
	}
	if (access.offset == PL011_FR) {
		return flags(uart);
	}
	if (access.offset >= PL011_PERIPH_ID0) {
		return identification[(access.offset - PL011_PERIPH_ID0) / 4u % sizeof(identification)];
	}
	switch (access.offset) {
	case PL011_DR:
		return read_data(uart, access);
	case PL011_RSR:
		return state->errors;
	case PL011_ILPR:
		return state->low_power;
	case PL011_IBRD:
		return state->divisor;
	case PL011_FBRD:
		return state->fraction;
	case PL011_LCR_H:
		return state->line_control;
	case PL011_CR:
		return state->control;
	case PL011_IFLS:
		return state->fifo_levels;
	case PL011_IMSC:
		return state->mask;
	case PL011_RIS:
		return state->raw;
	case PL011_MIS:
		return state->raw & state->mask;
	case PL011_DMACR:
		return state->dma_control;
	default:
		return 0;
	}
}

void pl011_poll(struct pl011 *uart)
{
	struct sk_uart_state *state = uart->state;
	uint64_t arrived = __atomic_load_n(&uart->rings[PLACE_RECEIVED].ring->written, __ATOMIC_ACQUIRE);

	if (arrived != state->arrived) {
		receive_changed(uart);
		STORE(state->arrived, arrived);
	}
	if (state->above_trigger != 0) {
		transmit_changed(uart);
	}
}

void pl011_rearm(struct pl011 *uart)
{
	receive_changed(uart);
	transmit_changed(uart);
}

void pl011_reset(struct pl011 *uart)
{
	struct sk_uart_state *state = uart->state;

	STORE(state->valid, 0);
	*state = (struct sk_uart_state){
		.control = PL011_CR_TXE | PL011_CR_RXE,
		.fifo_levels = 2u << 3 | 2u,
		.arrived = __atomic_load_n(&uart->rings[PLACE_RECEIVED].ring->read, __ATOMIC_RELAXED),
	};
	STORE(state->valid, 1);
	pl011_poll(uart);
}

/* Forgets records of accesses that an earlier instance began and did not commit. */
static void settle_exits(struct pl011 *uart)
{
	for (uint32_t vcpu = 0; vcpu < PL011_VCPUS; vcpu++) {
		struct sk_uart_exit *exit = &uart->state->exits[vcpu];
		uint32_t place = (uint32_t)exit->place & ((1u << PLACE_BITS) - 1);
		const struct sk_byte_ring *ring = uart->rings[place].ring;
		uint64_t index = (place & PLACE_RECEIVED) != 0 ? ring->read : ring->written;

		if (exit->token != 0 && exit->place >> PLACE_BITS == index) {
			STORE(exit->token, 0);
		}
	}
}

bool pl011_open(struct pl011 *uart, struct sk_uart_state *state, void *stream, uint64_t stream_bytes)
{
	uint64_t half = stream_bytes / 2;

	if (half < sizeof(struct sk_byte_ring) + 2 * PL011_FIFO_DEPTH) {
		return false;
	}
	struct pl011_ring sent = { stream, sk_byte_ring_capacity(half) };
	struct pl011_ring received = { (void *)((uint8_t *)stream + half), sk_byte_ring_capacity(half) };
	struct pl011_ring loop = { (void *)state->loop, PL011_FIFO_DEPTH };

	uart->state = state;
	uart->rings[PLACE_SENT] = sent;
	uart->rings[PLACE_RECEIVED] = received;
	uart->rings[PLACE_LOOP + PLACE_SENT] = loop;
	uart->rings[PLACE_LOOP + PLACE_RECEIVED] = loop;
	if (state->valid != 1) {
		pl011_reset(uart);
		return true;
	}
	settle_exits(uart);
	pl011_rearm(uart);
	return true;
}
