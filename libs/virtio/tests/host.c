#include "host.h"

#include <stdlib.h>

#include <sk/idl/sched.h>
#include <sk/idl/vm_exit.h>
#include <sk/mmio.h>
#include <sk/server.h>

#define SERVED 1
#define ENDED 2

struct host host;

static jmp_buf out;
static uint8_t buffer[SK_PAGE_BYTES];

sk_status_t sk_call(sk_cap_t to, struct sk_msg *msg)
{
	if (to == HOST_VIRQ) {
		assert_int_equal(msg->tag & SK_TAG_METHOD_MASK, VIRQ_TAG_SET_LEVEL);
		host.level = msg->w[0] != 0;
		host.level_sets++;
	} else if (to == HOST_SCHED) {
		assert_int_equal(msg->tag & SK_TAG_METHOD_MASK, TIMERS_TAG_SET);
		host.timer_ns = msg->w[0];
	} else {
		assert_int_equal(to, HOST_DRIVER);
		return host_driver(msg);
	}
	*msg = (struct sk_msg){ .tag = SK_OK };
	return SK_OK;
}

sk_status_t sk_signal(sk_cap_t slot, uint64_t bits)
{
	assert_int_equal(slot, HOST_CHANNEL);
	assert_int_equal(bits, SK_SIGNAL_PEER);
	host.signals++;
	return SK_OK;
}

sk_status_t sk_reply(uint64_t to, const struct sk_msg *msg)
{
	assert_int_equal(msg->tag, SK_OK);
	assert_true(host.replies < HOST_REPLIES);
	host.replied[host.replies++] = to;
	return SK_OK;
}

uint64_t sk_counter(void)
{
	host.counter += 3 + host.counter % 7;
	return host.counter;
}

void *sk_message_buffer(void)
{
	return buffer;
}

unsigned sk_thread_index(void)
{
	return 0;
}

void sk_server_run(void)
{
	longjmp(out, SERVED);
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
	longjmp(out, ENDED);
}

static void add_cap(const char *name, uint32_t slot, uint32_t type)
{
	struct sk_start_cap *cap = &host.start.caps[host.start.cap_count++];

	strncpy(cap->name, name, SK_NAME_BYTES - 1);
	cap->slot = slot;
	cap->type = type;
}

static void add_region(const char *name, void *at, size_t bytes)
{
	struct sk_start_region *region = &host.start.regions[host.start.region_count++];

	strncpy(region->name, name, SK_NAME_BYTES - 1);
	region->address = (uintptr_t)at;
	region->bytes = bytes;
}

void host_reset(void *channel, size_t channel_bytes)
{
	uint8_t *memory = host.memory != NULL ? host.memory : guest_map(GUEST_BYTES);

	assert_non_null(memory);
	memset(memory, 0, GUEST_BYTES);
	memset(&host, 0, sizeof(host));
	host.memory = memory;
	host.token = 100;
	host.start.magic = SK_START_MAGIC;
	host.start.threads = 1;
	host.start.counter_hz = 1000000000;
	add_cap("virq", HOST_VIRQ, SK_OBJECT_TYPE_VIRQ);
	add_cap("sched", HOST_SCHED, SK_OBJECT_TYPE_ENDPOINT);
	add_cap("channel:disk", HOST_CHANNEL, SK_OBJECT_TYPE_NOTIFICATION);
	add_cap("driver", HOST_DRIVER, SK_OBJECT_TYPE_ENDPOINT);
	add_region("persistent", host.persistent, sizeof(host.persistent));
	add_region("memory@40000000", memory, GUEST_BYTES);
	if (channel != NULL) {
		add_region("disk", channel, channel_bytes);
	}
	assert_true(sk_process_adopt(&host.start));
}

void host_without_driver(void)
{
	host.start.cap_count--;
}

void host_argument(const char *argument)
{
	strncpy(host.start.args, argument, SK_START_ARGS_BYTES - 2);
}

bool host_boot(int (*server_main)(void))
{
	int how = setjmp(out);

	if (how == 0) {
		(void)server_main();
		return false;
	}
	return how == SERVED;
}

bool host_exit(bool (*dispatch)(const struct sk_caller *, struct sk_msg *), bool write, uint32_t vcpu,
		  uint64_t offset, uint64_t *value, uint64_t flags)
{
	struct sk_caller caller = { .badge = SK_BADGE(VM_EXIT_INTERFACE, 0), .token = ++host.token };
	struct sk_msg msg = {
		.tag = (write ? VM_EXIT_TAG_MMIO_WRITE : VM_EXIT_TAG_MMIO_READ) | flags,
		.w = { 0x0a000200 + offset, 2u << SK_MMIO_SIZE_SHIFT | (uint64_t)vcpu << SK_MMIO_VCPU_SHIFT, *value },
	};
	bool answered = dispatch(&caller, &msg);

	if (answered) {
		assert_int_equal(msg.tag, SK_OK);
		*value = msg.w[0];
	}
	return answered;
}
