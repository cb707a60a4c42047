/* The kernel's dispatch over the message buffer in place, and the messages that a kernel sends itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <sk/abi.h>

enum object_type { OBJECT_MEMORY = 1, OBJECT_VCPU = 4, OBJECT_ENDPOINT = 5 };

struct object {
	void *body;
};

struct kernel_call {
	struct sk_msg *msg;
	void *buffer;
	uint32_t buffer_bytes;
	uint32_t reply_bytes;
	struct object *object;
	uint32_t badge;
	bool home;
	sk_status_t status;
};

/* What the caller has in its slots, and what it was asked for last. */
static struct object *slots[4];
static enum object_type asked_type;
static uint32_t asked_rights;
static bool asked_self;

static struct object *call_object(struct kernel_call *call, uint32_t slot, enum object_type type, uint32_t rights,
				  sk_status_t *status)
{
	asked_type = type;
	asked_rights = rights;
	call->badge = 100 + slot;
	*status = slots[slot % 4] == NULL ? SK_BAD_TYPE : SK_OK;
	return slots[slot % 4];
}

static bool is_home;

static bool call_is_home(struct kernel_call *call)
{
	call->status = SK_UNSUPPORTED;
	return is_home;
}

static sk_status_t call_destination(const struct kernel_call *call, uint32_t slot, bool self)
{
	(void)call;
	asked_self = self;
	return slots[slot % 4] == NULL ? SK_OK : SK_NO_SLOT;
}

#include "gadget_kernel.h"
#include "trap_exit.h"

static _Alignas(8) uint8_t page[SK_PAGE_BYTES];
static struct sk_msg msg;
static char body;
static struct object invoked = {&body};
static struct kernel_call call = {&msg, page, 0, 0, &invoked, 0, false, SK_OK};
static enum gadget_state current;
static sk_status_t verdict;
static unsigned served;

sk_status_t gadget_do_set(struct kernel_call *own, struct object *gadget, sk_slot_t slot, enum gadget_mode mode,
			  bool high, uint8_t small, enum gadget_mode *before, uint16_t *count)
{
	assert_true(own == &call && gadget == &invoked);
	served++;
	*before = mode;
	*count = (uint16_t)(slot + small + high);
	return verdict;
}

sk_status_t gadget_do_load(struct object *own, const struct gadget_entry *entries, uint32_t total)
{
	assert_ptr_equal(own, &invoked);
	served++;
	assert_ptr_equal(entries, page);
	assert_int_equal(total, 3);
	assert_true(entries[3].value == 33);
	return SK_OK;
}

sk_status_t gadget_do_save(struct object *own, uint32_t first, struct gadget_entry *entries, uint32_t *left)
{
	assert_ptr_equal(own, &invoked);
	assert_ptr_equal(entries, page);
	entries[3].key = first;
	*left = 1;
	return verdict;
}

sk_status_t gadget_do_print(struct object *own, const uint8_t *text, uint32_t text_bytes, const uint8_t *more,
			    uint32_t more_bytes)
{
	assert_ptr_equal(own, &invoked);
	served++;
	assert_ptr_equal(text, page);
	assert_ptr_equal(more, page + (text_bytes + 7) / 8 * 8);
	assert_true(text_bytes <= 32 && more_bytes <= 8);
	return SK_OK;
}

sk_status_t gadget_do_scan(struct object *own, uint8_t *text, uint32_t *text_bytes, bool *end)
{
	assert_ptr_equal(own, &invoked);
	assert_int_equal(*text_bytes, 16);
	memcpy(text, "scanned", 7);
	*text_bytes = 7;
	*end = true;
	return SK_OK;
}

sk_status_t gadget_do_many(struct object *own, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
			   uint64_t f, uint32_t g)
{
	assert_ptr_equal(own, &invoked);
	served++;
	assert_true(a + b + c + d + e + f == 21 && g == 7);
	return SK_OK;
}

sk_status_t gadget_do_wide(struct object *own, uint64_t *a, uint64_t *b, uint64_t *c, uint64_t *d, uint64_t *e,
			   uint64_t *f, uint32_t *g)
{
	assert_ptr_equal(own, &invoked);
	*a = *b = *c = *d = *e = *f = 6;
	*g = UINT32_MAX;
	return SK_OK;
}

enum gadget_state gadget_state(const struct object *gadget)
{
	assert_ptr_equal(gadget, &invoked);
	return current;
}

sk_status_t gadget_do_wire(struct kernel_call *own, struct object *gadget, struct endpoint *to, uint32_t to_badge,
			   struct object *part, sk_slot_t dest, uint32_t *used)
{
	assert_true(own == &call && gadget == &invoked);
	assert_ptr_equal(to, &body);
	assert_int_equal(to_badge, 101);
	assert_int_equal(dest, 3);
	*used = part == NULL ? 1 : 2;
	served++;
	return verdict;
}

sk_status_t gadget_do_refit(struct kernel_call *own, struct object *gadget, struct vcpu *vm, sk_slot_t dest,
			    uint32_t status)
{
	assert_true(own == &call && gadget == &invoked);
	assert_true(asked_self && dest == 2 && status == 9);
	assert_ptr_equal(vm, served == 0 ? NULL : &body);
	served++;
	return verdict;
}

sk_status_t gadget_do_chain(struct kernel_call *own, struct object *gadget, const struct gadget_link *links)
{
	assert_true(own == &call && gadget == &invoked);
	assert_ptr_equal(links, page);
	return verdict;
}

sk_status_t gadget_do_destroy(struct object *gadget)
{
	assert_ptr_equal(gadget, &invoked);
	return verdict;
}

sk_status_t machine_do_reset(void)
{
	served++;
	return SK_OK;
}

sk_status_t machine_do_count(uint32_t *total)
{
	*total = 5;
	return verdict;
}

enum core_state core_state(const struct core *core)
{
	assert_ptr_equal(core, &body);
	return CORE_STATE_OFFLINE;
}

sk_status_t core_do_load(struct core *core, uint8_t level)
{
	(void)core;
	(void)level;
	served++;
	return SK_OK;
}

sk_status_t core_do_name(struct core *core, uint32_t *number)
{
	assert_ptr_equal(core, &body);
	*number = 6;
	return SK_OK;
}

static sk_status_t dispatch(uint64_t tag, const uint64_t words[6], uint32_t bytes)
{
	msg.tag = tag | SK_TAG_BYTES(bytes);
	memcpy(msg.w, words, sizeof(msg.w));
	call.buffer_bytes = bytes;
	call.reply_bytes = 99;
	return gadget_call_dispatch(&call);
}

static int start(void **state)
{
	(void)state;
	memset(page, 0, sizeof(page));
	memset(slots, 0, sizeof(slots));
	is_home = true;
	call.home = false;
	current = GADGET_STATE_IDLE;
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

static void test_slots(void **state)
{
	(void)state;
	slots[1] = &invoked;
	assert_int_equal(dispatch(GADGET_TAG_WIRE, (uint64_t[6]){1, 0, 3}, 0), SK_OK);
	assert_true(asked_type == OBJECT_ENDPOINT && asked_rights == (SK_RIGHT_CALL | SK_RIGHT_WAIT) && !asked_self);
	assert_int_equal(msg.w[0], 1);
	assert_int_equal(dispatch(GADGET_TAG_WIRE, (uint64_t[6]){1, 1, 3}, 0), SK_OK);
	assert_true(asked_type == OBJECT_MEMORY && asked_rights == 0 && msg.w[0] == 2);
	assert_int_equal(dispatch(GADGET_TAG_WIRE, (uint64_t[6]){2, 0, 3}, 0), SK_BAD_TYPE);
	assert_int_equal(dispatch(GADGET_TAG_WIRE, (uint64_t[6]){1, 2, 3}, 0), SK_BAD_TYPE);
	assert_int_equal(dispatch(GADGET_TAG_WIRE, (uint64_t[6]){1, 0, 1}, 0), SK_NO_SLOT);
	assert_int_equal(dispatch(GADGET_TAG_WIRE, (uint64_t[6]){1ull << 32, 0, 3}, 0), SK_BAD_ARG);
	verdict = SK_OVERLAP;
	assert_int_equal(dispatch(GADGET_TAG_WIRE, (uint64_t[6]){1, 0, 3}, 0), SK_OVERLAP);
	assert_int_equal(served, 3);
	served = 0;
	verdict = SK_OK;
	assert_int_equal(dispatch(GADGET_TAG_REFIT, (uint64_t[6]){0, 2, 9}, 0), SK_OK);
	assert_int_equal(dispatch(GADGET_TAG_REFIT, (uint64_t[6]){1, 2, 9}, 0), SK_OK);
	assert_true(asked_type == OBJECT_VCPU && asked_rights == SK_RIGHT_CONTROL);
	assert_int_equal(dispatch(GADGET_TAG_REFIT, (uint64_t[6]){3, 2, 9}, 0), SK_BAD_TYPE);
	assert_int_equal(served, 2);
	assert_int_equal(dispatch(GADGET_TAG_CHAIN, (uint64_t[6]){0}, 16), SK_OK);
}

static void test_states(void **state)
{
	(void)state;
	slots[1] = &invoked;
	current = GADGET_STATE_BUSY;
	assert_int_equal(dispatch(GADGET_TAG_WIRE, (uint64_t[6]){1, 0, 3}, 0), SK_BAD_STATE);
	current = GADGET_STATE_IDLE;
	assert_int_equal(dispatch(GADGET_TAG_DESTROY, (uint64_t[6]){0}, 0), SK_BAD_STATE);
	current = GADGET_STATE_BROKEN;
	assert_int_equal(dispatch(GADGET_TAG_WIRE, (uint64_t[6]){1, 0, 3}, 0), SK_OK);
	assert_int_equal(dispatch(GADGET_TAG_DESTROY, (uint64_t[6]){0}, 0), SK_OK);
	assert_int_equal(served, 1);
	assert_int_equal(dispatch(CORE_TAG_LOAD, (uint64_t[6]){256}, 0), SK_BAD_ARG);
	assert_int_equal(dispatch(CORE_TAG_LOAD, (uint64_t[6]){255}, 0), SK_BAD_STATE);
	assert_int_equal(served, 1);
}

static void test_home(void **state)
{
	(void)state;
	slots[1] = &invoked;
	is_home = false;
	assert_int_equal(dispatch(GADGET_TAG_WIRE, (uint64_t[6]){1, 0, 3}, 0), SK_UNSUPPORTED);
	assert_int_equal(dispatch(GADGET_TAG_CHAIN, (uint64_t[6]){0}, 32), SK_BAD_ARG);
	assert_int_equal(dispatch(GADGET_TAG_CHAIN, (uint64_t[6]){0}, 16), SK_UNSUPPORTED);
	current = GADGET_STATE_BUSY;
	assert_int_equal(dispatch(GADGET_TAG_WIRE, (uint64_t[6]){1, 0, 3}, 0), SK_BAD_STATE);
	assert_int_equal(served, 0);
	/* There, the state has been looked at already. */
	call.home = true;
	assert_int_equal(dispatch(GADGET_TAG_WIRE, (uint64_t[6]){1, 0, 3}, 0), SK_OK);
	assert_int_equal(served, 1);
}

static void test_interfaces(void **state)
{
	(void)state;
	assert_int_equal(dispatch(MACHINE_TAG_RESET, (uint64_t[6]){0}, 0), SK_OK);
	assert_int_equal(served, 1);
	assert_int_equal(dispatch(MACHINE_TAG_COUNT, (uint64_t[6]){0}, 0), SK_OK);
	assert_int_equal(msg.w[0], 5);
	assert_int_equal(dispatch(CORE_TAG_NAME, (uint64_t[6]){0}, 0), SK_OK);
	assert_int_equal(msg.w[0], 6);
	assert_int_equal(dispatch(SK_TAG_METHOD(0, 1), (uint64_t[6]){0}, 0), SK_UNKNOWN_OP);
	assert_int_equal(dispatch(SK_TAG_METHOD(0xff, 1), (uint64_t[6]){0}, 0), SK_UNKNOWN_OP);
}

static void expect_rule(uint64_t tag, uint32_t rights, uint32_t how)
{
	const struct sk_call_rule *rule = gadget_call_rule(tag);
	assert_int_equal(rule->rights, rights);
	assert_int_equal(rule->how, how);
}

static void test_rules(void **state)
{
	(void)state;
	expect_rule(GADGET_TAG_SET | SK_TAG_IDEMPOTENT, SK_RIGHT_CONTROL, 0);
	expect_rule(GADGET_TAG_LOAD | SK_TAG_BYTES(64), SK_RIGHT_WRITE, 0);
	expect_rule(GADGET_TAG_SCAN, SK_RIGHT_READ, SK_CALL_UNLOCKED);
	expect_rule(GADGET_TAG_WIRE, SK_RIGHT_READ | SK_RIGHT_CONTROL, SK_CALL_AT_HOME);
	expect_rule(GADGET_TAG_CHAIN, SK_RIGHT_WRITE, SK_CALL_UNLOCKED | SK_CALL_AT_HOME);
	expect_rule(GADGET_TAG_DESTROY, SK_RIGHT_CONTROL, SK_CALL_DESTROYS);
	expect_rule(CORE_TAG_NAME, SK_RIGHT_CONTROL, 0);
	expect_rule(SK_TAG_METHOD(GADGET_INTERFACE, 0), SK_RIGHT_CONTROL, 0);
	expect_rule(SK_TAG_METHOD(GADGET_INTERFACE, 30), SK_RIGHT_CONTROL, 0);
	expect_rule(SK_TAG_METHOD(GADGET_INTERFACE, 32), SK_RIGHT_CONTROL, 0);
	expect_rule(SK_TAG_METHOD(GADGET_INTERFACE, 255), SK_RIGHT_CONTROL, 0);
	expect_rule(SK_TAG_METHOD(0, 0), SK_RIGHT_CONTROL, 0);
	expect_rule(SK_TAG_METHOD(0xff, 1), SK_RIGHT_CONTROL, 0);
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
		cmocka_unit_test_setup(test_slots, start),
		cmocka_unit_test_setup(test_states, start),
		cmocka_unit_test_setup(test_home, start),
		cmocka_unit_test_setup(test_interfaces, start),
		cmocka_unit_test_setup(test_rules, start),
		cmocka_unit_test_setup(test_kernel_message, start),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
