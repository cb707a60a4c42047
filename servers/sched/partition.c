#include "partition.h"

#include "order.h"

#define WINDOWS (sizeof(((struct sk_core_policy_entry *)0)->windows) / sizeof(struct sk_core_window))

bool partition_turn(struct policy *policy, const struct sk_task_table *table, uint64_t now_ns)
{
	const struct sk_core_policy_entry *core = &table->cores[policy->core];
	uint32_t mask = 0;
	uint64_t frame_ns = core->frame_ns;

	policy->window_end_ns = 0;
	if (frame_ns != 0) {
		uint64_t at_ns = now_ns % frame_ns;
		uint64_t end_ns = frame_ns;

		for (uint32_t i = 0; i < WINDOWS && mask == 0; i++) {
			uint64_t start_ns = core->windows[i].start_ns;
			uint64_t over_ns = start_ns + core->windows[i].length_ns;

			if (start_ns <= at_ns && at_ns < over_ns) {
				mask = 1u << i;
				end_ns = over_ns < frame_ns ? over_ns : frame_ns;
			} else if (at_ns < start_ns && start_ns < end_ns && over_ns != start_ns) {
				end_ns = start_ns;
			}
		}
		policy->window_end_ns = now_ns - at_ns + end_ns;
	}

	bool other = mask != policy->window;

	policy->window = mask;
	return other;
}

void partition_order(struct policy *policy, const struct sk_task_table *table)
{
	policy->clients = 0;
	for (uint32_t task = 0; task < policy->end; task++) {
		const struct sk_task *with = &table->tasks[task];

		if (!order_counts(policy, table, task) ||
		    ((with->windows & policy->window) == 0 && !order_is_system(table, task))) {
			continue;
		}
		policy->clients |= with->client < SCHED_CLIENTS ? 1ull << with->client : 0;
		if (policy_tasks[task].wake_ns == 0) {
			order_insert(policy, table, task, order_by_priority);
		}
	}
}
