/*
 * Time partitions, as in ARINC 653: a frame that repeats for ever, and in it windows, each for a set of tasks. In a
 * window its tasks run by priority, outside of all windows nobody does. Only the system's own tasks (sk_task.flags)
 * run at any time.
 *
 * Which window it is follows from the clock and the table alone: there is nothing that a new instance must
 * know, a late decision makes its window shorter and never the next one, and the frames of all cores begin together.
 * What happens in a window is that window's: timers and halted vCPUs of tasks outside wait for theirs.
 */
#ifndef SCHED_PARTITION_H
#define SCHED_PARTITION_H

#include "policy.h"

/* Finds the window of `now_ns`, and when that ends. True: it is another one than before. */
POLICY_RARE bool partition_turn(struct policy *policy, const struct sk_task_table *table, uint64_t now_ns);

POLICY_RARE void partition_order(struct policy *policy, const struct sk_task_table *table);

#endif
