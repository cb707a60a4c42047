/* See sk/trace.h. */
#include <sk/trace.h>

#define LAST ((uint32_t)SK_TRACE_RECORDS - 1u)

/*
 * The newest is before the only place where time falls. What was written on this way round is newer than the ring's last
 * record, which is of the way before, or was never written: so it is found by halves, but for those of the last one's tick.
 */
uint32_t sk_trace_newest(const struct sk_trace_record *ring)
{
	uint32_t newest = 0;
	uint32_t older = LAST;

	if (ring[0].time == 0) {
		return SK_TRACE_RECORDS;
	}
	if (ring[LAST].time > ring[0].time) {
		return LAST;
	}
	while (older - newest > 1) {
		uint32_t middle = newest + (older - newest) / 2;

		if (ring[middle].time > ring[LAST].time) {
			newest = middle;
		} else {
			older = middle;
		}
	}
	while (newest != LAST && ring[newest + 1].time >= ring[newest].time) {
		newest++;
	}
	return newest;
}
