/*
 * Time. There is one clock; CLOCK_REALTIME begins at 1970 when the machine starts, since
 * nobody tells this process the date, and the processor-time clocks count elapsed time.
 */
#define _GNU_SOURCE
#include <errno.h>

#include <sk/process.h>
#include <sk/timer.h>

#include "port.h"

#define NS_PER_SECOND 1000000000ull

static struct timespec to_timespec(uint64_t ns)
{
	return (struct timespec){
		.tv_sec = (time_t)(ns / NS_PER_SECOND),
		.tv_nsec = (long)(ns % NS_PER_SECOND),
	};
}

long port_clock_gettime(clockid_t clock, struct timespec *now)
{
	if (clock < 0 || clock > CLOCK_BOOTTIME) {
		return -EINVAL;
	}
	*now = to_timespec(sk_now_ns());
	return 0;
}

long port_clock_getres(clockid_t clock, struct timespec *resolution)
{
	if (clock < 0 || clock > CLOCK_BOOTTIME) {
		return -EINVAL;
	}
	if (resolution != NULL) {
		uint64_t tick_ns = sk_ticks_to_ns(1);
		*resolution = to_timespec(tick_ns == 0 ? 1 : tick_ns);
	}
	return 0;
}

long port_sleep(clockid_t clock, int flags, const struct timespec *request, struct timespec *remaining)
{
	uint64_t ns;
	uint64_t deadline;

	if (clock < 0 || clock > CLOCK_BOOTTIME || request->tv_sec < 0 || request->tv_nsec < 0 ||
	    request->tv_nsec >= (long)NS_PER_SECOND ||
	    __builtin_mul_overflow((uint64_t)request->tv_sec, NS_PER_SECOND, &ns) ||
	    __builtin_add_overflow(ns, (uint64_t)request->tv_nsec, &ns)) {
		return -EINVAL;
	}
	if ((flags & TIMER_ABSTIME) != 0) {
		deadline = ns;
	} else if (__builtin_add_overflow(sk_now_ns(), ns, &deadline)) {
		return -EINVAL;
	}
	if (!sk_sleep_until(deadline)) {
		return -ENOSYS;
	}
	if (remaining != NULL && (flags & TIMER_ABSTIME) == 0) {
		*remaining = (struct timespec){ 0 };
	}
	return 0;
}
