#include "host.h"

#include <stdlib.h>

#include <sk/idl/sched.h>
#include <sk/idl/vm_exit.h>
#include <sk/mmio.h>

struct host host;

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

void host_reset(void *channel, size_t channel_bytes)
{
	uint8_t *memory = host.memory != NULL ? host.memory : guest_map(GUEST_BYTES);

	assert_non_null(memory);
	memset(memory, 0, GUEST_BYTES);
	memset(&host, 0, sizeof(host));
	host.memory = memory;
	host.token = 100;
	host_process_reset();
	host_process_cap("virq", HOST_VIRQ, SK_OBJECT_TYPE_VIRQ);
	host_process_cap("sched", HOST_SCHED, SK_OBJECT_TYPE_ENDPOINT);
	host_process_cap("channel:disk", HOST_CHANNEL, SK_OBJECT_TYPE_NOTIFICATION);
	host_process_cap("driver", HOST_DRIVER, SK_OBJECT_TYPE_ENDPOINT);
	host_process_region("persistent", host.persistent, sizeof(host.persistent), 0, 0);
	host_process_region("memory@40000000", memory, GUEST_BYTES, 0, 0);
	if (channel != NULL) {
		host_process_region("disk", channel, channel_bytes, 0, 0);
	}
}

void host_without_driver(void)
{
	host_process.start.cap_count--;
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
