/*
 * The log ring's writer: whom it wakes, what it does when the console does not read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <sk/byte_ring.h>
#include <sk/idl/kernel.h>
#include <sk/log.h>
#include <sk/process.h>

enum { REGION_BYTES = 1024, CONSOLE = 9, SCHED = 10, SELF = 11 };

static struct sk_start page;
static _Alignas(64) uint8_t region[REGION_BYTES];
static struct sk_byte_ring *const ring = (struct sk_byte_ring *)region;
static unsigned signals;
static unsigned sleeps;
static unsigned reader_wakes_at; /* at this sleep the console reads all; 0: never */
static uint64_t now;

static uint64_t capacity(void)
{
	return sk_byte_ring_capacity(REGION_BYTES / 2);
}

sk_status_t sk_signal(sk_cap_t slot, uint64_t bits)
{
	assert_int_equal(slot, CONSOLE);
	assert_int_equal(bits, SK_SIGNAL_LOG);
	signals++;
	return SK_OK;
}

sk_status_t sk_call(sk_cap_t to, struct sk_msg *msg)
{
	assert_int_equal(to, SCHED);
	now = msg->w[0];
	msg->tag = 0;
	return SK_OK;
}

uint64_t sk_wait(uint32_t slot, struct sk_msg *msg, struct sk_caller *caller)
{
	uint8_t sink[REGION_BYTES];

	(void)caller;
	assert_int_equal(slot, SELF);
	sleeps++;
	if (sleeps == reader_wakes_at) {
		(void)sk_byte_ring_read(ring, capacity(), sink, sizeof(sink));
	}
	msg->w[0] = SK_SIGNAL_TIMER;
	return SK_BADGE_SIGNAL;
}

uint64_t sk_counter(void)
{
	return now;
}

unsigned sk_thread_index(void)
{
	return 0;
}

void *sk_message_buffer(void)
{
	static uint64_t buffer[SK_PAGE_BYTES / sizeof(uint64_t)];

	return buffer;
}

static int make_process(void **state)
{
	(void)state;
	memset(region, 0, sizeof(region));
	signals = 0;
	sleeps = 0;
	reader_wakes_at = 0;
	page = (struct sk_start){
		.magic = SK_START_MAGIC,
		.counter_hz = 1000000000,
		.cap_count = 4,
		.region_count = 1,
		.caps = { { "console", 3, SK_OBJECT_TYPE_ENDPOINT },
			  { "console", CONSOLE, SK_OBJECT_TYPE_NOTIFICATION },
			  { "sched", SCHED, SK_OBJECT_TYPE_ENDPOINT },
			  { "notification", SELF, SK_OBJECT_TYPE_NOTIFICATION } },
		.regions = { { .name = "log", .address = (uintptr_t)region, .bytes = REGION_BYTES } },
	};
	assert_true(sk_process_adopt(&page));
	return 0;
}

static void say(const char *text)
{
	sk_log_write(text, strlen(text));
}

static void expect(const char *text)
{
	uint8_t got[REGION_BYTES];
	uint64_t count = sk_byte_ring_read(ring, capacity(), got, sizeof(got));

	assert_int_equal(count, strlen(text));
	assert_memory_equal(got, text, count);
}

static void fill(char *text, size_t bytes)
{
	memset(text, 'x', bytes);
	text[bytes] = '\0';
}

static void test_wakes_the_console_when_the_ring_was_empty(void **state)
{
	(void)state;
	say("one ");
	say("two");
	assert_int_equal(signals, 1);
	expect("one two");
	say("three");
	assert_int_equal(signals, 2);
	expect("three");
}

/* It went to sleep again with the beginning, of which it could make nothing. */
static void test_wakes_the_console_at_the_end_of_a_line(void **state)
{
	(void)state;
	say("one ");
	say("two\n");
	assert_int_equal(signals, 2);
	say("three");
	assert_int_equal(signals, 2);
	expect("one two\nthree");
}

static void test_waits_for_the_console_before_serving(void **state)
{
	char text[REGION_BYTES];

	(void)state;
	fill(text, (size_t)capacity() + 10);
	reader_wakes_at = 3;
	say(text);
	assert_int_equal(sleeps, 3);
	expect("xxxxxxxxxx");
	assert_int_equal(sk_log_lost(), 0);
}

static void test_gives_up_on_a_console_that_does_not_read(void **state)
{
	char text[REGION_BYTES];
	uint64_t lost = sk_log_lost();

	(void)state;
	fill(text, (size_t)capacity() + 10);
	say(text);
	assert_in_range(sleeps, 1, 100);
	assert_int_equal(sk_log_lost() - lost, 10);
	sleeps = 0;
	say("no");
	assert_int_equal(sleeps, 0);
	fill(text, (size_t)capacity());
	expect(text);
	say("back\n");
	expect("\n[12 bytes of log lost]\nback\n");
	assert_int_equal(signals, 3); /* the first text, the report of the loss, the line */
}

static void test_ring_that_makes_no_sense_is_full(void **state)
{
	uint64_t lost = sk_log_lost();

	(void)state;
	page.cap_count = 2; /* no timer to wait with */
	ring->read = 77;
	say("text");
	assert_int_equal(sk_log_lost() - lost, 4);
	assert_int_equal(ring->written, 0);
	ring->read = 0;
	say("");
	say("again");
	expect("\n[4 bytes of log lost]\nagain");
}

static void test_without_a_log_text_is_lost(void **state)
{
	uint64_t lost = sk_log_lost();

	(void)state;
	page.region_count = 0;
	say("text");
	assert_int_equal(sk_log_lost() - lost, 4);
	page.region_count = 1;
	say("!");
	expect("\n[4 bytes of log lost]\n!");
}

static char diverted[16];

static void divert(const char *text, size_t bytes)
{
	assert_true(bytes < sizeof(diverted));
	memcpy(diverted, text, bytes);
	diverted[bytes] = '\0';
}

static void test_can_be_diverted(void **state)
{
	(void)state;
	sk_log_divert(divert);
	say("elsewhere");
	sk_log_divert(NULL);
	assert_string_equal(diverted, "elsewhere");
	assert_int_equal(ring->written, 0);
}

/* Last: there is no way back. */
static void test_never_waits_once_serving(void **state)
{
	char text[REGION_BYTES];
	uint64_t lost = sk_log_lost();

	(void)state;
	sk_log_never_wait();
	fill(text, (size_t)capacity() + 10);
	say(text);
	assert_int_equal(sleeps, 0);
	assert_int_equal(sk_log_lost() - lost, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_wakes_the_console_at_the_end_of_a_line, make_process),
		cmocka_unit_test_setup(test_wakes_the_console_when_the_ring_was_empty, make_process),
		cmocka_unit_test_setup(test_waits_for_the_console_before_serving, make_process),
		cmocka_unit_test_setup(test_gives_up_on_a_console_that_does_not_read, make_process),
		cmocka_unit_test_setup(test_ring_that_makes_no_sense_is_full, make_process),
		cmocka_unit_test_setup(test_without_a_log_text_is_lost, make_process),
		cmocka_unit_test_setup(test_can_be_diverted, make_process),
		cmocka_unit_test_setup(test_never_waits_once_serving, make_process),
	};

	return cmocka_run_group_tests_name("sk_log", tests, NULL, NULL);
}
