/* The kernel's dispatch over the message buffer in place, and the messages that a kernel sends itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <sk/abi.h>

struct kernel_call {
	struct sk_msg *msg;
	void *buffer;
	uint32_t buffer_bytes;
	uint32_t reply_bytes;
};

#include "gadget_kernel.h"
#include "trap_exit.h"

static _Alignas(8) uint8_t page[SK_PAGE_BYTES];
static struct sk_msg msg;
static struct kernel_call call = {&msg, page, 0, 0};
static sk_status_t verdict;
static unsigned served;

sk_status_t gadget_do_set(struct kernel_call *own, sk_slot_t slot, enum gadget_mode mode, bool high, uint8_t small,
			  enum gadget_mode *before, uint16_t *count)
{
	assert_ptr_equal(own, &call);
	served++;
	*before = mode;
	*count = (uint16_t)(slot + small + high);
	return verdict;
}

sk_status_t gadget_do_load(struct kernel_call *own, const struct gadget_entry *entries, uint32_t total)
{
	(void)own;
	served++;
	assert_ptr_equal(entries, page);
	assert_int_equal(total, 3);
	assert_true(entries[3].value == 33);
	return SK_OK;
}

sk_status_t gadget_do_save(struct kernel_call *own, uint32_t first, struct gadget_entry *entries, uint32_t *left)
{
	(void)own;
	assert_ptr_equal(entries, page);
	entries[3].key = first;
	*left = 1;
	return verdict;
}

sk_status_t gadget_do_print(struct kernel_call *own, const uint8_t *text, uint32_t text_bytes, const uint8_t *more,
			    uint32_t more_bytes)
{
	(void)own;
	served++;
	assert_ptr_equal(text, page);
	assert_ptr_equal(more, page + (text_bytes + 7) / 8 * 8);
	assert_true(text_bytes <= 32 && more_bytes <= 8);
	return SK_OK;
}

sk_status_t gadget_do_scan(struct kernel_call *own, uint8_t *text, uint32_t *text_bytes, bool *end)
{
	(void)own;
	assert_int_equal(*text_bytes, 16);
	memcpy(text, "scanned", 7);
	*text_bytes = 7;
	*end = true;
	return SK_OK;
}

sk_status_t gadget_do_many(struct kernel_call *own, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
			   uint64_t f, uint32_t g)
{
	(void)own;
	served++;
	assert_true(a + b + c + d + e + f == 21 && g == 7);
	return SK_OK;
}

sk_status_t gadget_do_wide(struct kernel_call *own, uint64_t *a, uint64_t *b, uint64_t *c, uint64_t *d, uint64_t *e,
			   uint64_t *f, uint32_t *g)
{
	(void)own;
	*a = *b = *c = *d = *e = *f = 6;
	*g = UINT32_MAX;
	return SK_OK;
}

static sk_status_t dispatch(uint64_t tag, const uint64_t words[6], uint32_t bytes)
{
	msg.tag = tag | SK_TAG_BYTES(bytes);
	memcpy(msg.w, words, sizeof(msg.w));
	call.buffer_bytes = bytes;
	call.reply_bytes = 99;
	return gadget_dispatch(&call);
}

static int start(void **state)
{
	(void)state;
	memset(page, 0, sizeof(page));
	verdict = SK_OK;
	served = 0;
	return 0;
}

static void test_scalars(void **state)
{
	(void)state;
	assert_int_equal(dispatch(GADGET_TAG_SET, (uint64_t[6]){5, 1, 1, 255}, 0), SK_OK);
	assert_int_equal(msg.w[0], GADGET_MODE_ON);
	assert_int_equal(msg.w[1], 261);
	assert_int_equal(call.reply_bytes, 0);
}

static void test_hostile_scalars(void **state)
{
	(void)state;
	assert_int_equal(dispatch(GADGET_TAG_SET, (uint64_t[6]){1ull << 32, 1, 1, 0}, 0), SK_BAD_ARG);
	assert_int_equal(dispatch(GADGET_TAG_SET, (uint64_t[6]){5, 2, 1, 0}, 0), SK_BAD_ARG);
	assert_int_equal(dispatch(GADGET_TAG_SET, (uint64_t[6]){5, 1, 2, 0}, 0), SK_BAD_ARG);
	assert_int_equal(dispatch(GADGET_TAG_SET, (uint64_t[6]){5, 1, 1, 256}, 0), SK_BAD_ARG);
	assert_int_equal(served, 0);
	assert_int_equal(dispatch(SK_TAG_METHOD(0x72, 99), (uint64_t[6]){0}, 0), SK_UNKNOWN_OP);
	assert_int_equal(dispatch(SK_TAG_METHOD(0x71, 1), (uint64_t[6]){0}, 0), SK_UNKNOWN_OP);
}

static void test_errors_leave_words(void **state)
{
	(void)state;
	verdict = SK_BAD_STATE;
	assert_int_equal(dispatch(GADGET_TAG_SET, (uint64_t[6]){5, 1, 1, 7}, 0), SK_BAD_STATE);
	assert_int_equal(msg.w[0], 5);
	assert_int_equal(dispatch(GADGET_TAG_SAVE, (uint64_t[6]){9}, 0), SK_BAD_STATE);
	assert_int_equal(call.reply_bytes, 0);
}

static void test_arrays(void **state)
{
	(void)state;
	((struct gadget_entry *)(void *)page)[3].value = 33;
	assert_int_equal(dispatch(GADGET_TAG_LOAD, (uint64_t[6]){3}, 64), SK_OK);
	assert_int_equal(dispatch(GADGET_TAG_LOAD, (uint64_t[6]){3}, 63), SK_BAD_ARG);
	assert_int_equal(dispatch(GADGET_TAG_LOAD, (uint64_t[6]){3}, 65), SK_BAD_ARG);
	assert_int_equal(dispatch(GADGET_TAG_LOAD, (uint64_t[6]){3}, 0), SK_BAD_ARG);
	assert_int_equal(served, 1);
	assert_int_equal(dispatch(GADGET_TAG_SAVE, (uint64_t[6]){9}, 0), SK_OK);
	assert_int_equal(call.reply_bytes, 64);
	assert_int_equal(((struct gadget_entry *)(void *)page)[3].key, 9);
	assert_int_equal(msg.w[0], 1);
}

static void test_bytes(void **state)
{
	(void)state;
	assert_int_equal(dispatch(GADGET_TAG_PRINT, (uint64_t[6]){0, 0}, 0), SK_OK);
	assert_int_equal(dispatch(GADGET_TAG_PRINT, (uint64_t[6]){9, 8}, 24), SK_OK);
	assert_int_equal(dispatch(GADGET_TAG_PRINT, (uint64_t[6]){32, 8}, 40), SK_OK);
	served = 0;
	assert_int_equal(dispatch(GADGET_TAG_PRINT, (uint64_t[6]){33, 0}, 33), SK_BAD_ARG);
	assert_int_equal(dispatch(GADGET_TAG_PRINT, (uint64_t[6]){UINT64_MAX, 0}, 8), SK_BAD_ARG);
	assert_int_equal(dispatch(GADGET_TAG_PRINT, (uint64_t[6]){9, 8}, 23), SK_BAD_ARG);
	assert_int_equal(dispatch(GADGET_TAG_PRINT, (uint64_t[6]){9, 9}, 25), SK_BAD_ARG);
	assert_int_equal(served, 0);
	assert_int_equal(dispatch(GADGET_TAG_SCAN, (uint64_t[6]){0}, 0), SK_OK);
	assert_true(call.reply_bytes == 7 && msg.w[0] == 7 && msg.w[1] == 1);
}

static void test_beyond_words(void **state)
{
	(void)state;
	page[0] = 7;
	assert_int_equal(dispatch(GADGET_TAG_MANY, (uint64_t[6]){1, 2, 3, 4, 5, 6}, 8), SK_OK);
	assert_int_equal(dispatch(GADGET_TAG_MANY, (uint64_t[6]){1, 2, 3, 4, 5, 6}, 0), SK_BAD_ARG);
	page[4] = 1;
	assert_int_equal(dispatch(GADGET_TAG_MANY, (uint64_t[6]){1, 2, 3, 4, 5, 6}, 8), SK_BAD_ARG);
	assert_int_equal(served, 1);
	assert_int_equal(dispatch(GADGET_TAG_WIDE, (uint64_t[6]){0}, 0), SK_OK);
	uint64_t last;
	memcpy(&last, page, 8);
	assert_true(last == UINT32_MAX && msg.w[5] == 6 && call.reply_bytes == 8);
}

static void test_kernel_message(void **state)
{
	(void)state;
	struct sk_msg sent;
	memset(&sent, 0xee, sizeof(sent));
	trap_fault_message(&sent, 0x1000, 2, true);
	assert_true(sent.tag == (TRAP_TAG_FAULT | SK_TAG_IDEMPOTENT));
	assert_true(sent.w[0] == 0x1000 && sent.w[1] == 2 && sent.w[2] == 1);
	assert_true(sent.w[3] == 0 && sent.w[4] == 0 && sent.w[5] == 0);
	enum trap_action action = TRAP_ACTION_RESUME;
	uint32_t line = 0;
	sent.w[0] = 3;
	assert_false(trap_fault_results(&sent, &action, &line));
	sent.w[0] = TRAP_ACTION_STOP;
	sent.w[1] = 1ull << 32;
	assert_false(trap_fault_results(&sent, &action, &line));
	assert_true(action == TRAP_ACTION_RESUME && line == 0);
	sent.w[1] = 9;
	assert_true(trap_fault_results(&sent, &action, &line));
	assert_true(action == TRAP_ACTION_STOP && line == 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_scalars, start),
		cmocka_unit_test_setup(test_hostile_scalars, start),
		cmocka_unit_test_setup(test_errors_leave_words, start),
		cmocka_unit_test_setup(test_arrays, start),
		cmocka_unit_test_setup(test_bytes, start),
		cmocka_unit_test_setup(test_beyond_words, start),
		cmocka_unit_test_setup(test_kernel_message, start),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
