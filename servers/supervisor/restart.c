#include "restart.h"

#include <string.h>

#define NS_PER_MS 1000000ull

static void forget_older_than(struct restart_history *history, uint64_t window_ns, uint64_t now_ns)
{
	uint32_t old = 0;

	while (old < history->count && now_ns - history->at_ns[old] > window_ns) {
		old++;
	}
	history->count -= old;
	memmove(history->at_ns, &history->at_ns[old], history->count * sizeof(history->at_ns[0]));
}

enum restart_verdict restart_judge(const struct manifest_restart *policy, struct restart_history *history,
				   uint64_t now_ns, uint64_t *delay_ns)
{
	uint32_t max = policy->max < RESTART_HISTORY ? policy->max : RESTART_HISTORY;

	*delay_ns = 0;
	if (policy->policy == MANIFEST_RESTART_NEVER) {
		return RESTART_NEVER;
	}
	forget_older_than(history, policy->window_ms * NS_PER_MS, now_ns);
	if (history->count >= max) {
		return RESTART_NEVER;
	}

	uint32_t step = history->count;

	if (policy->backoff_count != 0) {
		uint32_t last = policy->backoff_count - 1;

		*delay_ns = policy->backoff_ms[step < last ? step : last] * NS_PER_MS;
	}
	history->at_ns[history->count] = now_ns;
	history->count++;
	return *delay_ns == 0 ? RESTART_NOW : RESTART_LATER;
}
