/* The guest's PL011, register by register, and its FIFOs and interrupts by level. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <devices/pl011.h>

#define HALF_BYTES (128u + 64u)
#define CAPACITY 64u

struct fixture {
	struct sk_uart_state state;
	_Alignas(64) uint8_t stream[2 * HALF_BYTES];
	struct pl011 uart;
	uint64_t token;
};

static struct fixture fixture;

static struct sk_byte_ring *printed(void)
{
	return (struct sk_byte_ring *)(void *)fixture.stream;
}

static struct sk_byte_ring *typed(void)
{
	return (struct sk_byte_ring *)(void *)(fixture.stream + HALF_BYTES);
}

static int set_up(void **unused)
{
	(void)unused;
	memset(&fixture, 0, sizeof(fixture));
	assert_true(pl011_open(&fixture.uart, &fixture.state, fixture.stream, sizeof(fixture.stream)));
	return 0;
}

static uint32_t write_sized(uint32_t offset, uint32_t size, uint32_t value)
{
	struct pl011_access access = {
		.token = ++fixture.token, .offset = (uint16_t)offset, .size = (uint8_t)size, .value = value,
	};

	return pl011_write(&fixture.uart, access);
}

static uint32_t write_register(uint32_t offset, uint32_t value)
{
	return write_sized(offset, 4, value);
}

static uint32_t read_sized(uint32_t offset, uint32_t size)
{
	struct pl011_access access = { .token = ++fixture.token, .offset = (uint16_t)offset, .size = (uint8_t)size };

	return pl011_read(&fixture.uart, access);
}

static uint32_t read_register(uint32_t offset)
{
	return read_sized(offset, 4);
}

static void type(const char *text)
{
	int was_empty;

	assert_int_equal(sk_byte_ring_write(typed(), CAPACITY, (const uint8_t *)text, strlen(text), &was_empty),
			 strlen(text));
	pl011_poll(&fixture.uart);
}

static uint64_t take(char *text, uint64_t room)
{
	uint64_t count = sk_byte_ring_read(printed(), CAPACITY, (uint8_t *)text, room);

	text[count] = '\0';
	pl011_poll(&fixture.uart);
	return count;
}

static void test_reset_values(void **unused)
{
	(void)unused;
	assert_int_equal(read_register(PL011_CR), 0x300);
	assert_int_equal(read_register(PL011_IFLS), 0x12);
	assert_int_equal(read_register(PL011_LCR_H), 0);
	assert_int_equal(read_register(PL011_IMSC), 0);
	assert_int_equal(read_register(PL011_RIS), 0);
	assert_int_equal(read_register(PL011_FR), PL011_FR_TXFE | PL011_FR_RXFE | PL011_FR_CTS | PL011_FR_DSR |
							  PL011_FR_DCD);
	assert_false(pl011_line(&fixture.uart));
}

static void test_identification(void **unused)
{
	static const uint8_t expected[8] = { 0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

	(void)unused;
	for (uint32_t i = 0; i < 8; i++) {
		assert_int_equal(read_register(PL011_PERIPH_ID0 + 4 * i), expected[i]);
	}
}

static void test_registers_hold_their_bits(void **unused)
{
	static const struct {
		uint32_t offset;
		uint32_t kept; /* of all ones written */
	} rows[] = {
		{ PL011_ILPR, 0xff },   { PL011_IBRD, 0xffff }, { PL011_FBRD, 0x3f },         { PL011_LCR_H, 0xff },
		{ PL011_IFLS, 0x3f },   { PL011_IMSC, 0x7ff },  { PL011_DMACR, 0x7 },         { PL011_FR, 0x97 },
		{ PL011_RIS, 0 },       { PL011_MIS, 0 },       { PL011_PERIPH_ID0, 0x11 },   { PL011_ICR, 0 },
		{ 0x080, 0 },           { 0x100, 0 },           { PL011_CR, 0xff87 },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(write_register(rows[i].offset, 0xffffffff), 0);
		assert_int_equal(read_register(rows[i].offset), rows[i].kept);
		if (rows[i].offset != PL011_LCR_H) {
			continue;
		}
		(void)write_register(PL011_LCR_H, 0);
		assert_int_equal(read_register(PL011_LCR_H), 0);
	}
}

static void test_access_sizes(void **unused)
{
	char text[8];

	(void)unused;
	(void)write_sized(PL011_DR, 1, 'a');
	(void)write_sized(PL011_DR, 2, 'b');
	(void)write_sized(PL011_DR, 4, 'c');
	(void)write_sized(PL011_DR, 8, 'd');
	(void)write_sized(PL011_DR + 1, 1, 'e');
	(void)take(text, 7);
	assert_string_equal(text, "abc");
	(void)write_sized(PL011_IMSC, 1, 0x7ff);
	assert_int_equal(read_register(PL011_IMSC), 0xff);
	assert_int_equal(read_sized(PL011_IMSC, 8), 0);
	assert_int_equal(read_sized(PL011_IMSC + 2, 2), 0);
	assert_int_equal(read_sized(PL011_IMSC, 1), 0xff);
}

static void test_signals_only_when_empty(void **unused)
{
	char text[8];

	(void)unused;
	assert_int_equal(write_register(PL011_DR, 'x'), PL011_SIGNAL);
	assert_int_equal(write_register(PL011_DR, 'y'), 0);
	(void)take(text, 2);
	assert_int_equal(write_register(PL011_DR, 'z'), PL011_SIGNAL);
}

static void test_transmit_fifo_fills(void **unused)
{
	char text[CAPACITY + 1];

	(void)unused;
	(void)write_register(PL011_LCR_H, PL011_LCR_H_FEN);
	for (uint32_t i = 0; i < CAPACITY - PL011_FIFO_DEPTH; i++) {
		(void)write_register(PL011_DR, 'a' + i % 26);
	}
	assert_int_equal(read_register(PL011_FR) & (PL011_FR_TXFE | PL011_FR_BUSY), PL011_FR_TXFE);
	(void)write_register(PL011_DR, '!');
	assert_int_equal(read_register(PL011_FR) & (PL011_FR_TXFE | PL011_FR_BUSY | PL011_FR_TXFF), PL011_FR_BUSY);
	for (uint32_t i = 1; i < PL011_FIFO_DEPTH; i++) {
		assert_int_equal(read_register(PL011_FR) & PL011_FR_TXFF, 0);
		(void)write_register(PL011_DR, '!');
	}
	assert_int_equal(read_register(PL011_FR) & PL011_FR_TXFF, PL011_FR_TXFF);
	assert_int_equal(write_register(PL011_DR, '?'), PL011_FULL);
	assert_int_equal(printed()->written, CAPACITY);
	assert_int_equal(take(text, CAPACITY), CAPACITY);
	assert_int_equal(text[CAPACITY - 1], '!');
	assert_int_equal(read_register(PL011_FR) & PL011_FR_TXFF, 0);
}

static void test_transmit_interrupt(void **unused)
{
	char text[CAPACITY + 1];

	(void)unused;
	(void)write_register(PL011_LCR_H, PL011_LCR_H_FEN);
	(void)write_register(PL011_IMSC, PL011_INT_TX);
	assert_false(pl011_line(&fixture.uart));
	(void)write_register(PL011_DR, 'a');
	assert_true(pl011_line(&fixture.uart));
	assert_int_equal(read_register(PL011_MIS), PL011_INT_TX);
	(void)write_register(PL011_ICR, PL011_INT_TX);
	assert_false(pl011_line(&fixture.uart));
	pl011_poll(&fixture.uart);
	assert_false(pl011_line(&fixture.uart));

	/* Above the trigger level (8) it falls and comes back when the peer has drained to the level. */
	for (uint32_t i = 0; i < CAPACITY - 1; i++) {
		(void)write_register(PL011_DR, 'b');
	}
	assert_false(pl011_line(&fixture.uart));
	(void)take(text, 7);
	assert_false(pl011_line(&fixture.uart));
	(void)take(text, 1);
	assert_true(pl011_line(&fixture.uart));
	(void)write_register(PL011_ICR, PL011_INT_TX);
	(void)take(text, 1);
	assert_false(pl011_line(&fixture.uart));
}

static void test_receive(void **unused)
{
	(void)unused;
	(void)write_register(PL011_LCR_H, PL011_LCR_H_FEN);
	(void)write_register(PL011_IMSC, PL011_INT_RX | PL011_INT_RT);
	type("hi");
	assert_true(pl011_line(&fixture.uart));
	assert_int_equal(read_register(PL011_RIS), PL011_INT_RT);
	assert_int_equal(read_register(PL011_DR), 'h');
	assert_int_equal(read_register(PL011_RIS), PL011_INT_RT);
	assert_int_equal(read_register(PL011_DR), 'i');
	assert_int_equal(read_register(PL011_RIS), 0);
	assert_false(pl011_line(&fixture.uart));
	assert_int_equal(read_register(PL011_FR) & PL011_FR_RXFE, PL011_FR_RXFE);
	assert_int_equal(read_register(PL011_DR), 0);
	assert_int_equal(typed()->read, 2);
}

static void test_receive_levels(void **unused)
{
	static const uint8_t levels[5] = { 2, 4, 8, 12, 14 };

	(void)unused;
	(void)write_register(PL011_LCR_H, PL011_LCR_H_FEN);
	for (uint32_t code = 0; code < 5; code++) {
		(void)write_register(PL011_IFLS, code << 3);
		for (uint32_t i = 1; i <= PL011_FIFO_DEPTH; i++) {
			type("x");
			assert_int_equal(read_register(PL011_RIS) & PL011_INT_RX, i >= levels[code] ? PL011_INT_RX : 0);
			assert_int_equal(read_register(PL011_FR) & PL011_FR_RXFF,
					 i == PL011_FIFO_DEPTH ? PL011_FR_RXFF : 0);
		}
		for (uint32_t i = PL011_FIFO_DEPTH; i-- != 0;) {
			(void)read_register(PL011_DR);
			assert_int_equal(read_register(PL011_RIS) & PL011_INT_RX, i >= levels[code] ? PL011_INT_RX : 0);
		}
	}
}

static void test_receive_without_fifo(void **unused)
{
	(void)unused;
	type("ab");
	assert_int_equal(read_register(PL011_RIS), PL011_INT_RX | PL011_INT_RT);
	assert_int_equal(read_register(PL011_FR) & PL011_FR_RXFF, PL011_FR_RXFF);
	assert_int_equal(read_register(PL011_DR), 'a');
	assert_int_equal(read_register(PL011_RIS) & PL011_INT_RX, PL011_INT_RX);
	assert_int_equal(read_register(PL011_DR), 'b');
	assert_int_equal(read_register(PL011_RIS), 0);
}

/* Linux clears the receive interrupts, drains, and only then unmasks: what comes later must still interrupt. */
static void test_cleared_interrupt_comes_back(void **unused)
{
	(void)unused;
	(void)write_register(PL011_LCR_H, PL011_LCR_H_FEN);
	(void)write_register(PL011_IMSC, PL011_INT_RX | PL011_INT_RT);
	type("abc");
	(void)write_register(PL011_ICR, PL011_INT_RX | PL011_INT_RT);
	assert_false(pl011_line(&fixture.uart));
	pl011_poll(&fixture.uart);
	assert_false(pl011_line(&fixture.uart));
	type("d");
	assert_true(pl011_line(&fixture.uart));
	(void)write_register(PL011_ICR, PL011_INT_RX | PL011_INT_RT);
	assert_int_equal(read_register(PL011_DR), 'a');
	assert_true(pl011_line(&fixture.uart));
}

/* An exit that is delivered again may clear an interrupt for the second time, one that came in between. */
static void test_rearm(void **unused)
{
	(void)unused;
	(void)write_register(PL011_LCR_H, PL011_LCR_H_FEN);
	(void)write_register(PL011_IMSC, PL011_INT_ALL);
	type("abc");
	(void)write_register(PL011_ICR, PL011_INT_ALL);
	assert_false(pl011_line(&fixture.uart));
	pl011_rearm(&fixture.uart);
	assert_int_equal(read_register(PL011_MIS), PL011_INT_RT | PL011_INT_TX);
	(void)write_register(PL011_ICR, PL011_INT_ALL);
	assert_true(pl011_open(&fixture.uart, &fixture.state, fixture.stream, sizeof(fixture.stream)));
	assert_true(pl011_line(&fixture.uart));
}

static void test_loopback(void **unused)
{
	(void)unused;
	type("outside");
	(void)write_register(PL011_LCR_H, PL011_LCR_H_FEN);
	(void)write_register(PL011_CR, PL011_CR_LBE | PL011_CR_UARTEN | PL011_CR_TXE | PL011_CR_RXE);
	assert_int_equal(read_register(PL011_FR) & (PL011_FR_RXFE | PL011_FR_CTS), PL011_FR_RXFE);
	for (uint32_t i = 0; i < PL011_FIFO_DEPTH; i++) {
		assert_int_equal(write_register(PL011_DR, 'A' + i), 0);
	}
	assert_int_equal(read_register(PL011_RIS) & PL011_INT_OE, 0);
	(void)write_register(PL011_DR, 'Z');
	assert_int_equal(read_register(PL011_RIS) & PL011_INT_OE, PL011_INT_OE);
	assert_int_equal(read_register(PL011_RSR), PL011_ERROR_OVERRUN);
	(void)write_register(PL011_RSR, 0xff);
	assert_int_equal(read_register(PL011_RSR), 0);
	for (uint32_t i = 0; i < PL011_FIFO_DEPTH; i++) {
		assert_int_equal(read_register(PL011_DR), 'A' + i);
	}
	assert_int_equal(printed()->written, 0);
	(void)write_register(PL011_CR, PL011_CR_LBE | PL011_CR_RTS | PL011_CR_DTR | PL011_CR_OUT1 | PL011_CR_OUT2);
	assert_int_equal(read_register(PL011_FR) & (PL011_FR_CTS | PL011_FR_DSR | PL011_FR_DCD | PL011_FR_RI), 0x107);
	(void)write_register(PL011_CR, PL011_CR_UARTEN);
	assert_int_equal(read_register(PL011_DR), 'o');
}

static void test_hostile_peer(void **unused)
{
	(void)unused;
	printed()->read = 1000; /* more read than written */
	assert_int_equal(write_register(PL011_DR, 'a'), PL011_FULL);
	assert_int_equal(read_register(PL011_FR) & PL011_FR_TXFF, PL011_FR_TXFF);
	typed()->written = UINT64_MAX;
	pl011_poll(&fixture.uart);
	assert_int_equal(read_register(PL011_DR), 0);
	assert_int_equal(read_register(PL011_FR) & PL011_FR_RXFE, PL011_FR_RXFE);
}

static void test_stream_too_small(void **unused)
{
	(void)unused;
	assert_false(pl011_open(&fixture.uart, &fixture.state, fixture.stream, 256));
}

static void test_restart_keeps_registers(void **unused)
{
	struct pl011 next;

	(void)unused;
	(void)write_register(PL011_IMSC, PL011_INT_RT);
	(void)write_register(PL011_IBRD, 13);
	(void)write_register(PL011_LCR_H, PL011_LCR_H_FEN | PL011_LCR_H_WLEN_8);
	type("k");
	assert_true(pl011_open(&next, &fixture.state, fixture.stream, sizeof(fixture.stream)));
	assert_int_equal(fixture.state.divisor, 13);
	assert_int_equal(fixture.state.line_control, PL011_LCR_H_FEN | PL011_LCR_H_WLEN_8);
	assert_true(pl011_line(&next));
	pl011_reset(&next);
	assert_false(pl011_line(&next));
	assert_int_equal(fixture.state.divisor, 0);
	assert_int_equal(read_register(PL011_DR), 'k');
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_reset_values, set_up),
		cmocka_unit_test_setup(test_identification, set_up),
		cmocka_unit_test_setup(test_registers_hold_their_bits, set_up),
		cmocka_unit_test_setup(test_access_sizes, set_up),
		cmocka_unit_test_setup(test_signals_only_when_empty, set_up),
		cmocka_unit_test_setup(test_transmit_fifo_fills, set_up),
		cmocka_unit_test_setup(test_transmit_interrupt, set_up),
		cmocka_unit_test_setup(test_receive, set_up),
		cmocka_unit_test_setup(test_receive_levels, set_up),
		cmocka_unit_test_setup(test_receive_without_fifo, set_up),
		cmocka_unit_test_setup(test_cleared_interrupt_comes_back, set_up),
		cmocka_unit_test_setup(test_rearm, set_up),
		cmocka_unit_test_setup(test_loopback, set_up),
		cmocka_unit_test_setup(test_hostile_peer, set_up),
		cmocka_unit_test_setup(test_stream_too_small, set_up),
		cmocka_unit_test_setup(test_restart_keeps_registers, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
