/*
 * The monitor on the host: a supervisor and a console behind the generated dispatch
 * answer its calls, and what it prints is compared. For the tests in this folder.
 */
#ifndef MONITOR_TESTS_BENCH_H
#define MONITOR_TESTS_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <sk/abi.h>
#include <sk/start.h>

#include "../command.h"
#include "../line.h"

enum bench_cap { BENCH_SUPERVISOR = 1, BENCH_CONSOLE = 2, BENCH_CONSOLE_BITS = 3, BENCH_INJECTION = 4 };

#define BENCH_BEGIN_NS 2000000000ull /* the time at first */

struct bench {
	struct line line;
	sk_status_t order_status;  /* what the next orders answer */
	char orders[256];          /* those received, "vm_start 0;" */
	bool dead;                 /* the supervisor answers nothing */
	uint32_t console_selected;
	uint64_t words[64];        /* uart0's persistent region, from 0x1000 on */
	struct sk_start *start;    /* without regions at first */
	uint64_t now_ns;
	uint32_t slept;            /* times */
	uint32_t key_after;        /* so many of them somebody presses a key; 0: never */
};

extern struct bench bench;

void bench_open(bool terminal);

/* What was printed since the last look. */
const char *bench_printed(void);

/* Types keys and runs the lines that they end, as main() does. */
void bench_type(const char *keys);

void bench_assert_printed(const char *expected);
void bench_assert_contains(const char *part);

#endif
