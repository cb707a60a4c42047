/* When the console wakes, drains, and leaves characters for a batch. The server's own file is part of this one. */
#define main console_main
int console_main(void);
#include "../main.c"
#undef main

#include "bench.h"

#define SCHED 40u
#define IRQ 41u
#define MS 1000000u

static uint64_t now_ns;
static uint64_t timer_ns;
static uint32_t acknowledged;
static const char *waiting_keys = "";

uint64_t sk_counter(void)
{
	return now_ns;
}

void *sk_message_buffer(void)
{
	static _Alignas(8) uint8_t buffer[SK_PAGE_BYTES];

	return buffer;
}

bool bench_answer(sk_cap_t to, struct sk_msg *msg)
{
	if (to == SCHED) {
		assert_int_equal(msg->tag & SK_TAG_METHOD_MASK, TIMERS_TAG_SET);
		timer_ns = msg->w[0];
	} else if (to == IRQ) {
		assert_int_equal(msg->tag & SK_TAG_METHOD_MASK, INTERRUPT_TAG_ACKNOWLEDGE);
		acknowledged++;
	}
	*msg = (struct sk_msg){ .tag = SK_OK };
	return to == SCHED || to == IRQ;
}

bool pl011_port_get(struct pl011_port *port, uint8_t *character)
{
	(void)port;
	*character = (uint8_t)*waiting_keys;
	return *waiting_keys != '\0' && *waiting_keys++ != '\0';
}

void pl011_port_clear(struct pl011_port *port)
{
	(void)port;
}

void pl011_port_want_room(struct pl011_port *port, bool wanted)
{
	(void)port;
	assert_int_equal(wanted, bench.line_room == 0);
}

void sk_server_run(void)
{
	fail_msg("not run here");
	for (;;) {
	}
}

uint64_t sk_wait(uint32_t slot, struct sk_msg *msg, struct sk_caller *caller)
{
	(void)slot;
	(void)msg;
	(void)caller;
	return (uint64_t)SK_BAD_CAP;
}

uint64_t sk_reply_wait(uint64_t to, struct sk_msg *msg, struct sk_caller *caller)
{
	(void)to;
	return sk_wait(0, msg, caller);
}

void sk_exit(int code, const char *why)
{
	fail_msg("exit %d: %s", code, why);
	for (;;) {
	}
}

/* The bench's console in main.c's place, after main() would have run. */
static int boot(void **unused)
{
	(void)unused;
	bench_boot(true);
	console = bench.console;
	console.output.half_framed = &bench.state.half_framed;
	now_ns = 100 * MS;
	timer_ns = 0;
	acknowledged = 0;
	wake.sched = SCHED;
	wake.interrupt = IRQ;
	wake.batch_set = false;
	wake.drained_ns = 0;
	return 0;
}

static void print(const char *text)
{
	bench_print(UART0, text);
	signalled(SK_SIGNAL_STREAM);
}

static void test_lone_character_goes_at_once(void **unused)
{
	(void)unused;
	print("a");
	bench_assert_sent("\x1e" "1a");
	assert_int_equal(timer_ns, 0);
}

static void test_a_flow_is_batched(void **unused)
{
	(void)unused;
	print("a");
	now_ns += MS / 10;
	print("b");
	assert_int_equal(timer_ns, 101 * MS);
	timer_ns = 0;
	print("c"); /* another ring's signal may come while the timer runs */
	assert_int_equal(timer_ns, 0);
	bench_assert_sent("\x1e" "1a");
	now_ns = 101 * MS;
	signalled(SK_SIGNAL_TIMER);
	bench_assert_sent("bc");
}

static void test_a_lost_timer_is_noticed(void **unused)
{
	(void)unused;
	print("a");
	print("b");
	now_ns += 20 * MS;
	print("c");
	bench_assert_sent("\x1e" "1abc");
}

static void test_a_full_ring_does_not_wait(void **unused)
{
	(void)unused;
	print("a");
	for (uint32_t i = 0; i < BENCH_CAPACITY / 2; i++) {
		bench_print(UART0, "x");
	}
	print("y");
	assert_int_equal(bench_printed(UART0)->read, bench_printed(UART0)->written);
}

static void test_without_scheduler_nothing_waits(void **unused)
{
	(void)unused;
	wake.sched = SK_CAP_NONE;
	print("a");
	print("b");
	print("c");
	bench_assert_sent("\x1e" "1abc");
}

static void test_keys(void **unused)
{
	(void)unused;
	waiting_keys = "\x1e" "1ls\r";
	signalled(SK_SIGNAL_INTERRUPT);
	bench_assert_typed(UART0, "ls\r");
	assert_int_equal(acknowledged, 1);
	assert_int_equal(bench.signals[1 + UART0], 1);
}

static void test_line_full(void **unused)
{
	(void)unused;
	bench.line_room = 3;
	print("abc");
	bench_assert_sent("\x1e" "1a");
	bench.line_room = UINT32_MAX;
	signalled(SK_SIGNAL_INTERRUPT);
	bench_assert_sent("bc");
}

/* A flood may take long, but not for ever: callers get their chance in between. */
static void test_bounded_turn(void **unused)
{
	char text[BENCH_CAPACITY + 1];

	(void)unused;
	memset(text, '-', BENCH_CAPACITY);
	text[BENCH_CAPACITY] = '\0';
	for (uint32_t i = 0; i < 6; i++) {
		bench_print(LOG_SCHED, "\n\n\n\n\n\n\n\n");
	}
	signalled(SK_SIGNAL_LOG);
	assert_int_equal(timer_ns, now_ns);
	assert_true(bench_printed(LOG_SCHED)->read < bench_printed(LOG_SCHED)->written);
	while (bench_printed(LOG_SCHED)->read < bench_printed(LOG_SCHED)->written) {
		signalled(SK_SIGNAL_TIMER);
	}
}

/* The last instance took what a full ring held, and died before it said so: the writer still waits for room. */
static void test_a_new_instance_wakes_who_waits_for_room(void **unused)
{
	(void)unused;
	for (uint32_t i = 0; i < BENCH_CAPACITY; i++) {
		bench_print(UART0, "x");
	}
	bench_printed(UART0)->read = bench_printed(UART0)->written - 2;
	bench_restart();
	console = bench.console;
	console.output.half_framed = &bench.state.half_framed;
	go_on();
	bench_assert_sent("\x1e" "1xx");
	assert_int_equal(bench.signals[1 + UART0], 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_lone_character_goes_at_once, boot),
		cmocka_unit_test_setup(test_a_flow_is_batched, boot),
		cmocka_unit_test_setup(test_a_lost_timer_is_noticed, boot),
		cmocka_unit_test_setup(test_a_full_ring_does_not_wait, boot),
		cmocka_unit_test_setup(test_without_scheduler_nothing_waits, boot),
		cmocka_unit_test_setup(test_keys, boot),
		cmocka_unit_test_setup(test_line_full, boot),
		cmocka_unit_test_setup(test_bounded_turn, boot),
		cmocka_unit_test_setup(test_a_new_instance_wakes_who_waits_for_room, boot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
