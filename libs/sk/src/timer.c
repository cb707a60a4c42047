/*
 * Sleeping (see sk/timer.h).
 */
#include <sk/idl/kernel.h>
#include <sk/idl/sched_client.h>
#include <sk/process.h>
#include <sk/timer.h>

bool sk_sleep_until(uint64_t deadline_ns)
{
	sk_cap_t sched = sk_cap_named_of_type("sched", SK_OBJECT_TYPE_ENDPOINT);
	sk_cap_t self = sk_cap_named_of_type("notification", SK_OBJECT_TYPE_NOTIFICATION);
	uint64_t others = 0;
	bool slept = true;

	if (sched == SK_CAP_NONE || self == SK_CAP_NONE || sk_thread_index() != 0) {
		return false;
	}
	while (slept && sk_now_ns() < deadline_ns) {
		struct sk_msg msg;
		struct sk_caller caller;

		slept = timers_set(sched, deadline_ns) == SK_OK && sk_wait(self, &msg, &caller) == SK_BADGE_SIGNAL;
		if (slept) {
			others |= msg.w[0] & ~(uint64_t)SK_SIGNAL_TIMER;
		}
	}
	/* What else came is for whoever waits next. */
	if (others != 0) {
		(void)sk_signal(self, others);
	}
	return slept;
}
