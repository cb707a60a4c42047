/*
 * Clocks and calendars.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <sk/process.h>

#include "check.h"

static uint64_t ns_of(const struct timespec *time)
{
	return (uint64_t)time->tv_sec * 1000000000u + (uint64_t)time->tv_nsec;
}

static void advances(void)
{
	struct timespec first;
	struct timespec second;
	struct timespec resolution;

	CHECK(clock_gettime(CLOCK_MONOTONIC, &first) == 0);
	while (clock_gettime(CLOCK_MONOTONIC, &second) == 0 && ns_of(&second) == ns_of(&first)) {
	}
	CHECK(ns_of(&second) > ns_of(&first));
	CHECK(sk_now_ns() >= ns_of(&second));
	CHECK(clock_getres(CLOCK_MONOTONIC, &resolution) == 0 && ns_of(&resolution) >= 1);
	errno = 0;
	CHECK(clock_gettime(12345, &first) == -1 && errno == EINVAL);
	CHECK(time(NULL) != (time_t)-1 && clock() != (clock_t)-1);
}

static void calendar(void)
{
	const time_t moment = 1000000000; /* 2001-09-09 01:46:40 UTC, a Sunday */
	struct tm parts;
	char text[64];

	CHECK(gmtime_r(&moment, &parts) == &parts);
	CHECK(parts.tm_year == 101 && parts.tm_mon == 8 && parts.tm_mday == 9 && parts.tm_hour == 1);
	CHECK(parts.tm_wday == 0 && parts.tm_yday == 251);
	CHECK(strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S %a", &parts) == 23);
	CHECK(strcmp(text, "2001-09-09 01:46:40 Sun") == 0);
	CHECK(timegm(&parts) == moment);
}

static void sleeps(void)
{
	const struct timespec pause = { .tv_sec = 0, .tv_nsec = 2000000 };
	uint64_t before = sk_now_ns();

	if (nanosleep(&pause, NULL) != 0) {
		CHECK(errno == ENOSYS);
		check_skip("no timers were granted");
		return;
	}
	CHECK(sk_now_ns() - before >= 2000000);
	CHECK(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &(struct timespec){ .tv_sec = 0 }, NULL) == 0);
	CHECK(nanosleep(&(struct timespec){ .tv_nsec = -1 }, NULL) == -1 && errno == EINVAL);
}

void check_time(void)
{
	static const struct check_case cases[] = {
		{ "the clock advances", advances },
		{ "dates are calculated", calendar },
		{ "sleeping takes its time", sleeps },
	};

	CHECK_CASES("time", cases);
}
