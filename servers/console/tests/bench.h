/*
 * A console on the host: memory in place of its regions, a line that records what
 * is sent and may be full, and signals that are counted. For the tests in this folder.
 */
#ifndef CONSOLE_TESTS_BENCH_H
#define CONSOLE_TESTS_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../console.h"

#define BENCH_HALF_BYTES 1024u
#define BENCH_CAPACITY (BENCH_HALF_BYTES - 128u)
#define BENCH_REGIONS 7u
#define BENCH_BACK_BYTES 6400u /* scroll-back in all: 1280 bytes a stream and for the log */

/* Regions, in the order of the start page. */
enum bench_region { CONTROL, UART0, MONITOR, UART1, LOG_SELF, LOG_UART0, LOG_SCHED };

struct bench {
	struct console console;
	struct sk_console_state state;
	uint8_t back[BENCH_BACK_BYTES];
	_Alignas(64) uint8_t memory[BENCH_REGIONS][2 * BENCH_HALF_BYTES];
	char sent[65536];
	uint32_t sent_bytes;
	uint32_t line_room;      /* characters that the line takes before it is full */
	uint32_t signals[64];    /* by capability slot */
	bool framed;
};

extern struct bench bench;

/* A test that expects calls answers them here: true if it knows the call. */
bool bench_answer(sk_cap_t to, struct sk_msg *msg);

/* A machine that was just switched on. */
void bench_boot(bool framed);

/* The same, but the stream UART1 is a second one of uart0. */
void bench_boot_further(bool framed);

/* Another instance over the same memory. */
void bench_restart(void);

struct sk_byte_ring *bench_printed(enum bench_region region);
struct sk_byte_ring *bench_typed(enum bench_region region);

/* A client prints text. */
void bench_print(enum bench_region region, const char *text);
void bench_print_bytes(enum bench_region region, const void *bytes, size_t count);

/* The operator's side sends bytes. */
void bench_type(const char *text, size_t bytes);

/* Rounds until nothing waits or the line is full. */
enum mux_result bench_drain(void);

/* What was sent since the last call, as a string, is this. */
void bench_assert_sent(const char *expected);

/* What waits in a ring of typed bytes is this; it is taken out. */
void bench_assert_typed(enum bench_region region, const char *expected);

#endif
