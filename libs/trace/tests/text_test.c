/* What a person reads of a trace. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <sk/idl/device.h>
#include <sk/idl/vm_exit.h>
#include <skink/trace.h>

#define GUEST 7u
#define SERVER 9u
#define TOKEN (5u << 16 | GUEST)

static void name_of(char name[TRACE_NAME_BYTES], uint32_t object)
{
	(void)snprintf(name, TRACE_NAME_BYTES, object == GUEST ? "linux/0" : object == SERVER ? "uart0" : "#%u", object);
}

static void assert_text(struct sk_trace_record record, uint32_t call_tag, const char *wanted)
{
	char text[160];

	trace_text(text, sizeof(text), &record, call_tag, name_of);
	assert_string_equal(text, wanted);
}

static void each_kind(void **state)
{
	const uint32_t read = VM_EXIT_TAG_MMIO_READ;

	(void)state;
	assert_text((struct sk_trace_record){ 1, TOKEN, SK_TRACE_WHAT(SK_TRACE_CALL, read, SERVER), 0x9000018 }, 0,
		    "call      linux/0 -> uart0 vm_exit.mmio_read address=0x9000018");
	assert_text((struct sk_trace_record){ 1, TOKEN, SK_TRACE_WHAT(SK_TRACE_REPLY, 0, SERVER), 0x90 }, read,
		    "reply     linux/0 <- uart0 vm_exit.mmio_read value=0x90");
	assert_text((struct sk_trace_record){ 1, TOKEN, SK_TRACE_WHAT(SK_TRACE_REPLY, 0, SERVER), 0x90 }, 0,
		    "reply     linux/0 <- uart0 word=0x90");
	assert_text((struct sk_trace_record){ 1, TOKEN, SK_TRACE_WHAT(SK_TRACE_REPLY, sk_reply_tag(SK_SERVER_DIED), 0), 0 },
		    read, "reply     linux/0 <- nobody vm_exit.mmio_read status -11");
	assert_text((struct sk_trace_record){ 1, TOKEN, SK_TRACE_WHAT(SK_TRACE_CALL, 0x9977, 11), 1 }, 0,
		    "call      linux/0 -> #11 method 0x9977 word=0x1");
	assert_text((struct sk_trace_record){ 1, SERVER, SK_TRACE_WHAT(SK_TRACE_SIGNAL, 0, 0), 6 }, 0,
		    "signal    uart0 -> nobody bits 0x6");
	assert_text((struct sk_trace_record){ 1, SERVER, SK_TRACE_WHAT(SK_TRACE_DISPATCH, 0, GUEST), 0 }, 0,
		    "dispatch  uart0 on the turn of linux/0");
	assert_text((struct sk_trace_record){ 1, 0, SK_TRACE_WHAT(SK_TRACE_DISPATCH, 0, 0), 0 }, 0, "dispatch  nobody");
	assert_text((struct sk_trace_record){ 1, SERVER, SK_TRACE_WHAT(SK_TRACE_FAULT, 1, 0), 0x40 }, 0,
		    "fault     uart0 reason 1 address 0x40");
	assert_text((struct sk_trace_record){ 1, 0, SK_TRACE_WHAT(SK_TRACE_INTERRUPT, 33, 0), 0 }, 0, "interrupt line 33");
	assert_text((struct sk_trace_record){ 1, SERVER, SK_TRACE_WHAT(SK_TRACE_START, 0, 0), 0 }, 0, "start     uart0");
}

/* Whatever was torn or made up, and however little room there is. */
static void any_record_has_a_text(void **state)
{
	char text[64];

	(void)state;
	srand(1);
	for (uint32_t i = 0; i < 100000; i++) {
		const struct sk_trace_record record = {
			(uint64_t)rand(), (uint64_t)rand() << 16 ^ (uint64_t)rand(),
			(uint64_t)rand() << 33 ^ (uint64_t)rand() << 8 ^ (uint64_t)rand(), (uint64_t)rand(),
		};
		size_t size = 1 + (size_t)rand() % sizeof(text);

		memset(text, 'x', sizeof(text));
		trace_text(text, size, &record, (uint32_t)rand() & 0xffffu, name_of);
		assert_non_null(memchr(text, 0, size));
		assert_true(size == sizeof(text) || text[size] == 'x');
	}
}

static void the_ends_of_a_ring(void **state)
{
	static struct sk_trace_record ring[SK_TRACE_RECORDS];

	(void)state;
	assert_int_equal(trace_oldest(ring), SK_TRACE_RECORDS);
	assert_int_equal(sk_trace_newest(ring), SK_TRACE_RECORDS);
	for (uint64_t written = 1; written < 2 * SK_TRACE_RECORDS; written++) {
		/* Four to a tick. */
		ring[(written - 1) % SK_TRACE_RECORDS] =
			(struct sk_trace_record){ 100 + written / 4, TOKEN, SK_TRACE_WHAT(SK_TRACE_START, 0, 0), written };
		if (written % 1021 == 0 || written == 1 || written % SK_TRACE_RECORDS < 3) {
			uint64_t oldest = written > SK_TRACE_RECORDS ? written - SK_TRACE_RECORDS + 1 : 1;

			assert_int_equal(ring[trace_oldest(ring)].word, oldest);
			assert_int_equal(ring[sk_trace_newest(ring)].word, written);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind),
		cmocka_unit_test(any_record_has_a_text),
		cmocka_unit_test(the_ends_of_a_ring),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
