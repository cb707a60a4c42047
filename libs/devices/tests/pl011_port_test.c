/* The driver of the real PL011, over memory in place of registers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <devices/pl011_port.h>
#include <devices/pl011_registers.h>

static uint32_t registers[PL011_BYTES / 4];
static struct pl011_port port;

#define REGISTER(offset) registers[(offset) / 4]

static int open_port(void **unused)
{
	(void)unused;
	memset(registers, 0, sizeof(registers));
	REGISTER(PL011_IMSC) = 0x7ff;
	pl011_port_open(&port, registers);
	return 0;
}

static void test_open(void **unused)
{
	(void)unused;
	assert_int_equal(REGISTER(PL011_LCR_H), PL011_LCR_H_FEN | PL011_LCR_H_WLEN_8);
	assert_int_equal(REGISTER(PL011_CR) & 0x301, PL011_CR_UARTEN | PL011_CR_TXE | PL011_CR_RXE);
	assert_int_equal(REGISTER(PL011_IMSC), PL011_INT_RX | PL011_INT_RT);
}

/* A restarted console finds its predecessor's settings and leaves what depends on them alone. */
static void test_open_again(void **unused)
{
	(void)unused;
	REGISTER(PL011_IFLS) = 0x3f;
	pl011_port_open(&port, registers);
	assert_int_equal(REGISTER(PL011_IFLS), 0x3f);
	REGISTER(PL011_LCR_H) = 0;
	pl011_port_open(&port, registers);
	assert_int_equal(REGISTER(PL011_IFLS), 0x10);
}

static void test_put(void **unused)
{
	(void)unused;
	assert_true(pl011_port_put(&port, 'a'));
	assert_int_equal(REGISTER(PL011_DR), 'a');
	REGISTER(PL011_FR) = PL011_FR_TXFF | PL011_FR_BUSY;
	assert_false(pl011_port_put(&port, 'b'));
	assert_int_equal(REGISTER(PL011_DR), 'a');
	assert_true(pl011_port_busy(&port));
	REGISTER(PL011_FR) = 0;
	assert_false(pl011_port_busy(&port));
}

static void test_get(void **unused)
{
	uint8_t character = 0;

	(void)unused;
	REGISTER(PL011_DR) = 'k';
	assert_true(pl011_port_get(&port, &character));
	assert_int_equal(character, 'k');
	REGISTER(PL011_FR) = PL011_FR_RXFE;
	assert_false(pl011_port_get(&port, &character));
}

static void test_interrupts(void **unused)
{
	(void)unused;
	pl011_port_want_room(&port, true);
	assert_int_equal(REGISTER(PL011_IMSC), PL011_INT_RX | PL011_INT_RT | PL011_INT_TX);
	pl011_port_want_room(&port, false);
	assert_int_equal(REGISTER(PL011_IMSC), PL011_INT_RX | PL011_INT_RT);
	pl011_port_clear(&port);
	assert_int_equal(REGISTER(PL011_ICR), PL011_INT_ALL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_open, open_port),
		cmocka_unit_test_setup(test_open_again, open_port),
		cmocka_unit_test_setup(test_put, open_port),
		cmocka_unit_test_setup(test_get, open_port),
		cmocka_unit_test_setup(test_interrupts, open_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
