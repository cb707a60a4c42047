#include "host_device.h"

#include <sk/idl/kernel.h>
#include <sk/idl/sched.h>

struct host_device host_device;

sk_status_t sk_call(sk_cap_t to, struct sk_msg *msg)
{
	if (to == HOST_DEVICE_VIRQ) {
		assert_int_equal(msg->tag & SK_TAG_METHOD_MASK, VIRQ_TAG_SET_LEVEL);
		host_device.level = msg->w[0] != 0;
	} else {
		assert_int_equal(to, HOST_DEVICE_SCHED);
		assert_int_equal(msg->tag & SK_TAG_METHOD_MASK, TIMERS_TAG_SET);
		host_device.timer_ns = msg->w[0];
	}
	*msg = (struct sk_msg){ .tag = SK_OK };
	return SK_OK;
}

void host_device_grant(void)
{
	host_process_cap("virq", HOST_DEVICE_VIRQ, SK_OBJECT_TYPE_VIRQ);
	host_process_cap("sched", HOST_DEVICE_SCHED, SK_OBJECT_TYPE_ENDPOINT);
}
