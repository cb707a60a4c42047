/*
 * A server's life against a scripted kernel: workers are started before anything is served, and
 * the loop answers whom it should answer and nobody else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <sk/arch/exit.h>
#include <sk/idl/kernel.h>
#include <sk/server.h>

#include "thread.h"

enum { THREAD1 = 31, THREAD2 = 32, DEFER = 7 };

/* What the kernel hands out, in order; after the last, the test is left. */
struct event {
	uint64_t badge;
	uint64_t token;
	uint64_t word;
};

static struct sk_start page;
static const struct event *script;
static unsigned script_at;
static unsigned script_count;
static jmp_buf left;

static uint64_t replied_token[8];
static uint64_t replied_word[8];
static uint64_t replied_tag[8];
static unsigned waits;
static unsigned served;
static uint64_t signals;
static unsigned started;
static unsigned prepared;
static const char *exit_why;

static uint64_t next_event(struct sk_msg *msg, struct sk_caller *caller)
{
	if (script_at == script_count) {
		longjmp(left, 1);
	}

	const struct event *event = &script[script_at++];

	*msg = (struct sk_msg){ .tag = 0x1001, .w = { event->word } };
	*caller = (struct sk_caller){ .badge = event->badge, .token = event->token };
	return event->badge;
}

uint64_t sk_wait(uint32_t slot, struct sk_msg *msg, struct sk_caller *caller)
{
	assert_int_equal(slot, SK_WAIT_ENDPOINT);
	waits++;
	return next_event(msg, caller);
}

uint64_t sk_reply_wait(uint64_t token, struct sk_msg *msg, struct sk_caller *caller)
{
	replied_token[script_at - 1] = token;
	replied_word[script_at - 1] = msg->w[0];
	replied_tag[script_at - 1] = msg->tag;
	return next_event(msg, caller);
}

sk_status_t sk_call(sk_cap_t to, struct sk_msg *msg)
{
	assert_int_equal(msg->tag & SK_TAG_METHOD_MASK, SK_TAG_METHOD(3, 7)); /* thread.start */
	assert_int_equal(waits, 0);
	assert_true(prepared > started + 1);
	assert_int_equal(to, THREAD1 + started);
	started++;
	msg->tag = 0;
	return SK_OK;
}

sk_status_t sk_signal(sk_cap_t slot, uint64_t bits)
{
	(void)slot;
	(void)bits;
	return SK_OK;
}

uint64_t sk_counter(void)
{
	return 0;
}

unsigned sk_thread_index(void)
{
	return 0;
}

void *sk_message_buffer(void)
{
	return NULL;
}

void sk_arch_exit(int code, const char *why)
{
	assert_int_equal(code, 1);
	exit_why = why;
	longjmp(left, 1);
}

bool sk_libc_prepare_workers(unsigned count)
{
	prepared = count;
	return true;
}

static bool dispatch(const struct sk_caller *caller, struct sk_msg *msg)
{
	served++;
	if (msg->w[0] == DEFER) {
		return false;
	}
	if (SK_BADGE_IFACE(caller->badge) != 0x10) {
		return sk_server_refuse(msg);
	}
	msg->tag = sk_reply_tag(SK_OK);
	msg->w[0]++;
	return true;
}

static void signalled(uint64_t bits)
{
	signals |= bits;
}

SK_SERVER(dispatch, signalled)

static void run(const struct event *events, unsigned count)
{
	script = events;
	script_count = count;
	if (setjmp(left) == 0) {
		sk_server_run();
	}
}

static int reset(void **state)
{
	(void)state;
	script_at = 0;
	waits = 0;
	served = 0;
	signals = 0;
	started = 0;
	prepared = 0;
	exit_why = NULL;
	page = (struct sk_start){
		.magic = SK_START_MAGIC,
		.counter_hz = 1,
		.threads = 3,
		.cap_count = 2,
		.caps = { { "thread1", THREAD1, SK_OBJECT_TYPE_THREAD }, { "thread2", THREAD2, SK_OBJECT_TYPE_THREAD } },
	};
	assert_true(sk_process_adopt(&page));
	return 0;
}

static void test_starts_every_worker_before_it_serves(void **state)
{
	(void)state;
	run(NULL, 0);
	assert_int_equal(prepared, 3);
	assert_int_equal(started, 2);
	assert_int_equal(waits, 1);
}

static void test_missing_worker_ends_the_process(void **state)
{
	(void)state;
	page.cap_count = 1;
	run(NULL, 0);
	assert_string_equal(exit_why, "a worker could not be started");
	assert_int_equal(waits, 0);
}

static void test_answers_each_caller(void **state)
{
	static const struct event events[] = {
		{ SK_BADGE(0x10, 1), 101, 5 },
		{ SK_BADGE(0x20, 1), 102, 5 },
		{ SK_BADGE(0x10, 2), 103, DEFER },
		{ SK_BADGE_SIGNAL, 99, 6 },
		{ SK_BADGE(0x10, 3), 104, 8 },
		{ SK_BADGE(0x10, 3), 105, 9 },
	};

	(void)state;
	run(events, 6);
	assert_int_equal(waits, 1);
	assert_int_equal(served, 5);
	assert_int_equal(signals, 6);
	assert_int_equal(replied_token[0], 101);
	assert_int_equal(replied_word[0], 6);
	assert_int_equal(replied_token[1], 102);
	assert_int_equal(sk_reply_status(replied_tag[1]), SK_UNKNOWN_OP);
	assert_int_equal(replied_word[1], 0);
	assert_int_equal(replied_token[2], 0); /* deferred */
	assert_int_equal(replied_token[3], 0); /* a signal */
	assert_int_equal(replied_token[4], 104);
	assert_int_equal(replied_token[5], 105);
}

static void test_refused_reply_is_survived(void **state)
{
	static const struct event events[] = {
		{ SK_BADGE(0x10, 1), 101, 5 },
		{ (uint64_t)SK_STALE, 0, 0 },
		{ SK_BADGE(0x10, 1), 102, 5 },
		{ SK_BADGE_SIGNAL, 0, 0 },
	};

	(void)state;
	run(events, 4);
	assert_null(exit_why);
	assert_int_equal(waits, 2);
	assert_int_equal(served, 2);
	assert_int_equal(replied_token[2], 102);
}

static void test_refused_wait_ends_the_process(void **state)
{
	static const struct event events[] = { { (uint64_t)SK_BAD_STATE, 0, 0 }, { (uint64_t)SK_BAD_STATE, 0, 0 } };

	(void)state;
	run(events, 2);
	assert_string_equal(exit_why, "no endpoint to wait at");
	assert_int_equal(served, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_starts_every_worker_before_it_serves, reset),
		cmocka_unit_test_setup(test_missing_worker_ends_the_process, reset),
		cmocka_unit_test_setup(test_answers_each_caller, reset),
		cmocka_unit_test_setup(test_refused_reply_is_survived, reset),
		cmocka_unit_test_setup(test_refused_wait_ends_the_process, reset),
	};

	return cmocka_run_group_tests_name("sk_server", tests, NULL, NULL);
}
