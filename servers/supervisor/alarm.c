#include "alarm.h"

static uint64_t times[ALARM_COUNT];

void alarm_set(uint32_t alarm, uint64_t at_ns)
{
	times[alarm] = at_ns;
}

uint32_t alarm_take(uint64_t now_ns)
{
	for (uint32_t i = 0; i < ALARM_COUNT; i++) {
		if (times[i] != 0 && times[i] <= now_ns) {
			times[i] = 0;
			return i;
		}
	}
	return ALARM_NONE;
}

uint64_t alarm_next(void)
{
	uint64_t next = 0;

	for (uint32_t i = 0; i < ALARM_COUNT; i++) {
		if (times[i] != 0 && (next == 0 || times[i] < next)) {
			next = times[i];
		}
	}
	return next;
}
