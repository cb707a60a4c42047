/*
 * The server around the PL011's model: who is answered when, what is signalled, and
 * when its line is set. The server's own file is part of this one; the system calls are recorded.
 */
#include <string.h>

#include "host_process.h"

#define main uart_main
int uart_main(void);
#include <sk/idl/server.h>

#include "../main.c"
#undef main

#define HALF_BYTES 256u
#define CAPACITY (HALF_BYTES - 128u)
#define VIRQ 5u
#define CONSOLE 6u

static _Alignas(64) uint8_t stream[2 * HALF_BYTES];
static _Alignas(8) uint8_t persistent[SK_PAGE_BYTES];
static uint32_t signals;
static uint32_t level_sets;
static bool level;
static uint64_t replied[4];
static uint32_t replies;
static uint64_t token;

sk_status_t sk_call(sk_cap_t to, struct sk_msg *msg)
{
	assert_int_equal(to, VIRQ);
	assert_int_equal(msg->tag & SK_TAG_METHOD_MASK, VIRQ_TAG_SET_LEVEL);
	level = msg->w[0] != 0;
	level_sets++;
	*msg = (struct sk_msg){ .tag = SK_OK };
	return SK_OK;
}

sk_status_t sk_signal(sk_cap_t slot, uint64_t bits)
{
	assert_int_equal(slot, CONSOLE);
	assert_int_equal(bits, SK_SIGNAL_STREAM);
	signals++;
	return SK_OK;
}

sk_status_t sk_reply(uint64_t to, const struct sk_msg *msg)
{
	assert_int_equal(msg->tag, SK_OK);
	assert_true(replies < 4);
	replied[replies++] = to;
	return SK_OK;
}

static void boot_instance(void)
{
	memset(&uart, 0, sizeof(uart));
	assert_true(host_process_run(uart_main));
	signals = 0;
	level_sets = 0;
	replies = 0;
}

static int boot(void **unused)
{
	(void)unused;
	memset(stream, 0, sizeof(stream));
	memset(persistent, 0, sizeof(persistent));
	host_process_reset();
	host_process_region("stream", stream, sizeof(stream), 0, 0);
	host_process_region("persistent", persistent, sizeof(persistent), 0, 0);
	host_process_cap("virq", VIRQ, SK_OBJECT_TYPE_VIRQ);
	host_process_cap("console", CONSOLE, SK_OBJECT_TYPE_NOTIFICATION);
	token = 100;
	boot_instance();
	return 0;
}

/* One exit of vCPU `vcpu`; true if it was answered at once. `*value` is what is written, or was read. */
static bool access_register(bool write, uint32_t vcpu, uint64_t offset, uint64_t *value, uint64_t flags)
{
	struct sk_caller caller = { .badge = SK_BADGE(VM_EXIT_INTERFACE, 0), .token = token };
	struct sk_msg msg = {
		.tag = (write ? VM_EXIT_TAG_MMIO_WRITE : VM_EXIT_TAG_MMIO_READ) | flags,
		.w = { 0x09000000 + offset, 2u << SK_MMIO_SIZE_SHIFT | (uint64_t)vcpu << SK_MMIO_VCPU_SHIFT, *value },
	};
	bool answered = dispatch(&caller, &msg);

	if (answered) {
		assert_int_equal(msg.tag, SK_OK);
		*value = msg.w[0];
	}
	return answered;
}

static bool put(uint32_t vcpu, char character)
{
	uint64_t value = (uint64_t)character;

	token++;
	return access_register(true, vcpu, PL011_DR, &value, 0);
}

static uint64_t get(uint64_t offset)
{
	uint64_t value = 0;

	token++;
	assert_true(access_register(false, 0, offset, &value, 0));
	return value;
}

static void set(uint64_t offset, uint64_t value)
{
	token++;
	assert_true(access_register(true, 0, offset, &value, 0));
}

static struct sk_byte_ring *half(uint32_t which)
{
	return (struct sk_byte_ring *)(void *)(stream + which * HALF_BYTES);
}

static void test_prints(void **unused)
{
	(void)unused;
	assert_true(put(0, 'h'));
	assert_true(put(1, 'i'));
	assert_memory_equal(half(0)->data, "hi", 2);
	assert_int_equal(half(0)->written, 2);
	assert_int_equal(signals, 1);
	assert_int_equal(level_sets, 0);
}

static void test_full_ring_holds_the_guest(void **unused)
{
	uint8_t text[CAPACITY];

	(void)unused;
	for (uint32_t i = 0; i < CAPACITY; i++) {
		assert_true(put(0, 'a'));
	}
	signals = 0;
	assert_false(put(0, 'x'));
	uint64_t first = token;
	assert_false(put(2, 'y'));
	uint64_t second = token;
	assert_int_equal(signals, 2);
	signalled(SK_SIGNAL_STREAM);
	assert_int_equal(replies, 0);
	assert_int_equal(sk_byte_ring_read(half(0), CAPACITY, text, 1), 1);
	signalled(SK_SIGNAL_STREAM);
	assert_int_equal(replies, 1);
	assert_int_equal(replied[0], first);
	assert_int_equal(sk_byte_ring_read(half(0), CAPACITY, text, CAPACITY), CAPACITY);
	assert_int_equal(text[CAPACITY - 1], 'x');
	signalled(SK_SIGNAL_STREAM);
	assert_int_equal(replies, 2);
	assert_int_equal(replied[1], second);
	assert_int_equal(sk_byte_ring_read(half(0), CAPACITY, text, CAPACITY), 1);
	assert_int_equal(text[0], 'y');
	signalled(SK_SIGNAL_STREAM);
	assert_int_equal(replies, 2);
}

/* Killed while a write waits: it is delivered again, and waits again, once. */
static void test_waiting_write_survives_a_kill(void **unused)
{
	uint8_t text[CAPACITY];
	uint64_t value = 'x';

	(void)unused;
	for (uint32_t i = 0; i < CAPACITY; i++) {
		assert_true(put(0, 'a'));
	}
	assert_false(put(0, 'x'));
	boot_instance();
	assert_false(access_register(true, 0, PL011_DR, &value, SK_TAG_REDELIVERED));
	assert_int_equal(sk_byte_ring_read(half(0), CAPACITY, text, CAPACITY), CAPACITY);
	signalled(SK_SIGNAL_STREAM);
	assert_int_equal(replies, 1);
	boot_instance();
	assert_true(access_register(true, 0, PL011_DR, &value, SK_TAG_REDELIVERED));
	assert_int_equal(sk_byte_ring_read(half(0), CAPACITY, text, CAPACITY), 1);
}

static void test_typing_interrupts(void **unused)
{
	int was_empty;

	(void)unused;
	set(PL011_IMSC, PL011_INT_RX | PL011_INT_RT);
	assert_int_equal(level_sets, 0);
	(void)sk_byte_ring_write(half(1), CAPACITY, (const uint8_t *)"ok", 2, &was_empty);
	signalled(SK_SIGNAL_TIMER);
	assert_int_equal(level_sets, 0);
	signalled(SK_SIGNAL_STREAM);
	assert_true(level);
	assert_int_equal(get(PL011_DR), 'o');
	assert_true(level);
	assert_int_equal(get(PL011_DR), 'k');
	assert_false(level);
	assert_int_equal(level_sets, 2);
	assert_int_equal(get(PL011_DR), 0);
}

/* The line's level in the VM is unknown to a new instance: it sets it whatever it is. */
static void test_restart_sets_the_line(void **unused)
{
	int was_empty;

	(void)unused;
	set(PL011_IMSC, PL011_INT_RT);
	(void)sk_byte_ring_write(half(1), CAPACITY, (const uint8_t *)"k", 1, &was_empty);
	level = false;
	boot_instance();
	assert_true(level);
	boot_instance();
	assert_true(level);
}

/* A clear that is delivered again after a kill must not take what was typed in between. */
static void test_redelivered_clear_is_repaired(void **unused)
{
	uint64_t value = PL011_INT_ALL;
	int was_empty;

	(void)unused;
	set(PL011_IMSC, PL011_INT_RT);
	token++;
	(void)sk_byte_ring_write(half(1), CAPACITY, (const uint8_t *)"k", 1, &was_empty);
	signalled(SK_SIGNAL_STREAM);
	assert_true(access_register(true, 0, PL011_ICR, &value, SK_TAG_REDELIVERED));
	assert_true(level);
	value = PL011_INT_ALL;
	assert_true(access_register(true, 0, PL011_ICR, &value, 0));
	assert_false(level);
}

static void test_reset(void **unused)
{
	struct sk_caller caller = { .badge = SK_BADGE(DEVICE_INTERFACE, 0), .token = 1 };
	struct sk_msg msg = { .tag = DEVICE_TAG_RESET };

	(void)unused;
	set(PL011_IMSC, PL011_INT_TX);
	for (uint32_t i = 0; i < CAPACITY; i++) {
		assert_true(put(0, 'a'));
	}
	assert_false(put(0, 'x'));
	uint64_t waiting = token;
	assert_true(dispatch(&caller, &msg));
	assert_int_equal(msg.tag, SK_OK);
	assert_int_equal(replies, 1); /* or its vCPU would wait for ever, in the guest's next life too */
	assert_int_equal(replied[0], waiting);
	assert_false(level);
	assert_int_equal(get(PL011_IMSC), 0);
	half(0)->read = half(0)->written;
	signalled(SK_SIGNAL_STREAM);
	assert_int_equal(replies, 1);
	assert_int_equal(half(0)->read, half(0)->written); /* what waited is not printed */
}

static void test_strangers(void **unused)
{
	struct sk_caller caller = { .badge = SK_BADGE(0x77, 0), .token = 1 };
	struct sk_msg msg = { .tag = VM_EXIT_TAG_MMIO_READ };

	(void)unused;
	assert_true(dispatch(&caller, &msg));
	assert_int_equal(msg.tag, sk_reply_tag(SK_UNKNOWN_OP));
	caller.badge = SK_BADGE(VM_EXIT_INTERFACE, 0);
	msg.tag = VM_EXIT_TAG_HYPERCALL;
	assert_true(dispatch(&caller, &msg));
	assert_int_equal(msg.tag, sk_reply_tag(SK_UNKNOWN_OP));
	caller.badge = SK_BADGE(HEARTBEAT_INTERFACE, 0);
	msg.tag = HEARTBEAT_TAG_PING;
	assert_true(dispatch(&caller, &msg));
	assert_int_equal(msg.tag, SK_OK);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_prints, boot),
		cmocka_unit_test_setup(test_full_ring_holds_the_guest, boot),
		cmocka_unit_test_setup(test_waiting_write_survives_a_kill, boot),
		cmocka_unit_test_setup(test_typing_interrupts, boot),
		cmocka_unit_test_setup(test_restart_sets_the_line, boot),
		cmocka_unit_test_setup(test_redelivered_clear_is_repaired, boot),
		cmocka_unit_test_setup(test_reset, boot),
		cmocka_unit_test_setup(test_strangers, boot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
