/*
 * A UART between a guest and the console, whose server is killed anywhere. Each character that the guest writes is in
 * the ring once, in order, and it reads each one that was typed once, in order. Or else the console writes anything
 * into the rings, and the guest any register: no harm is done.
 */
#include <string.h>

#include <devices/pl011.h>
#include <fuzz/fuzz.h>

#define HALF_BYTES (128u + 64u)
#define CAPACITY 64u
#define RECEIVE_EMPTY PL011_FR_RXFE

static struct pl011 uart;
static struct sk_uart_state state;
static _Alignas(64) uint8_t stream[2 * HALF_BYTES];
static uint64_t token;
static bool honest;
static uint8_t written, printed, typed, read; /* the next character of each, by its number */

static struct sk_byte_ring *ring(uint32_t half)
{
	return (struct sk_byte_ring *)(void *)(stream + half * HALF_BYTES);
}

struct operation {
	struct pl011_access access;
	bool write;
	uint32_t result;
};

static void begin(void *unused)
{
	(void)unused;
	FUZZ_EXPECT(pl011_open(&uart, &state, stream, sizeof(stream)));
	pl011_poll(&uart);
}

static void perform(void *argument)
{
	struct operation *operation = argument;

	operation->result =
		operation->write ? pl011_write(&uart, operation->access) : pl011_read(&uart, operation->access);
}

static uint32_t access(uint32_t offset, uint32_t size, bool write, uint32_t value)
{
	struct operation operation = {
		.access = { .token = ++token,
			    .offset = (uint16_t)offset,
			    .size = (uint8_t)size,
			    .value = value,
			    .vcpu = fuzz_u8() % PL011_VCPUS },
		.write = write,
	};

	if (!honest) {
		fuzz_some_races();
	}
	if (!fuzz_run(perform, &operation, fuzz_some_kill())) {
		while (!fuzz_run(begin, NULL, fuzz_some_kill())) {
		}
		(void)fuzz_run(perform, &operation, FUZZ_NEVER);
		pl011_rearm(&uart);
	}
	return operation.result;
}

static void expect_line(void)
{
	uint32_t raw = access(PL011_RIS, 4, false, 0);
	uint32_t mask = access(PL011_IMSC, 4, false, 0);

	FUZZ_EXPECT(pl011_line(&uart) == ((raw & mask) != 0) && access(PL011_MIS, 4, false, 0) == (raw & mask));
}

static void console_reads(uint32_t most)
{
	uint8_t bytes[CAPACITY];
	uint64_t count = sk_byte_ring_read(ring(0), CAPACITY, bytes, most);

	for (uint64_t i = 0; i < count; i++) {
		FUZZ_EXPECT(bytes[i] == printed);
		printed++;
	}
	pl011_poll(&uart);
}

static void console_types(uint32_t count)
{
	int was_empty;

	for (uint32_t i = 0; i < count && sk_byte_ring_write(ring(1), CAPACITY, &typed, 1, &was_empty) != 0; i++) {
		typed++;
	}
	pl011_poll(&uart);
}

static void guest_writes(uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if ((access(PL011_DR, 4, true, written) & PL011_FULL) != 0) {
			return;
		}
		written++;
	}
}

static void guest_reads(uint32_t count)
{
	for (uint32_t i = 0; i < count && (access(PL011_FR, 4, false, 0) & RECEIVE_EMPTY) == 0; i++) {
		FUZZ_EXPECT((access(PL011_DR, 4, false, 0) & 0xffu) == read);
		read++;
	}
}

static void run_honest(void)
{
	static const uint32_t levels[] = { PL011_IFLS, PL011_IMSC, PL011_ICR, PL011_LCR_H };

	while (fuzz_more()) {
		uint8_t what = fuzz_u8();

		switch (what % 8u) {
		case 0:
			console_reads(what / 8u);
			break;
		case 1:
			console_types(what / 8u);
			break;
		case 2:
		case 3:
			guest_writes(what / 8u);
			break;
		case 4:
		case 5:
			guest_reads(what / 8u);
			break;
		case 6:
			(void)access(levels[what / 8u % 4u], 4, true, fuzz_u16());
			break;
		default:
			(void)fuzz_run(begin, NULL, FUZZ_NEVER);
			break;
		}
		expect_line();
	}
	console_reads(CAPACITY);
	console_reads(CAPACITY);
	guest_reads(CAPACITY);
	FUZZ_EXPECT(printed == written && read == typed);
}

static void run_hostile(void)
{
	static const uint8_t sizes[] = { 4, 1, 2, 8 };

	while (fuzz_more()) {
		uint8_t what = fuzz_u8();

		if (what % 4u == 0) {
			((uint64_t *)(void *)stream)[fuzz_u8() % (sizeof(stream) / 8u)] = fuzz_edge();
			pl011_poll(&uart);
		} else if (what % 4u == 1 && what >= 252) {
			pl011_reset(&uart);
		} else {
			uint32_t offset = what % 4u == 1 ? fuzz_u16() % PL011_BYTES : fuzz_u8() % 19u * 4u;

			(void)access(offset, sizes[what / 4u % 4u], what >= 128, (uint32_t)fuzz_edge());
		}
	}
}

void fuzz_one(void)
{
	memset(&state, 0, sizeof(state));
	memset(stream, 0, sizeof(stream));
	ring(0)->read = ring(0)->written = ring(1)->read = ring(1)->written = 60;
	token = 0;
	written = printed = typed = read = 0;
	honest = fuzz_u8() % 2u != 0;
	fuzz_watch(&state, sizeof(state), true, false);
	fuzz_watch(stream, sizeof(stream), true, !honest);
	(void)fuzz_run(begin, NULL, FUZZ_NEVER);
	if (honest) {
		run_honest();
	} else {
		run_hostile();
	}
}
