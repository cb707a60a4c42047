#include "timers.h"

static uint64_t *word(struct sk_timer_table *table, uint32_t core, uint32_t client)
{
	return &table->deadline_ns[core * SCHED_CLIENTS + client];
}

void timers_put(struct sk_timer_table *table, uint32_t core, uint32_t client, uint64_t deadline_ns)
{
	__atomic_store_n(word(table, core, client), deadline_ns, __ATOMIC_RELAXED);
}

uint64_t timers_look(const struct sk_timer_table *table, uint32_t core, uint32_t client)
{
	return table->deadline_ns[core * SCHED_CLIENTS + client];
}

uint32_t timers_expired(struct sk_timer_table *table, uint32_t core, uint64_t clients, uint64_t now_ns)
{
	for (uint32_t client = 0; client < SCHED_CLIENTS; client++) {
		uint64_t at = timers_look(table, core, client);

		if (at != 0 && at <= now_ns && (clients >> client & 1u) != 0) {
			timers_put(table, core, client, 0);
			return client;
		}
	}
	return TIMERS_NONE;
}

#define FOUR 4u
_Static_assert(SCHED_CLIENTS % FOUR == 0, "timers_next() takes them four at a time");

uint64_t timers_next(const struct sk_timer_table *table, uint32_t core, uint64_t clients)
{
	uint64_t next = 0;

	for (uint32_t client = 0; client < SCHED_CLIENTS; client += FOUR) {
		const uint64_t *at = &table->deadline_ns[core * SCHED_CLIENTS + client];

		/* Few clients have a timer: four that have none are passed at once. */
		if ((at[0] | at[1] | at[2] | at[3]) != 0) {
			for (uint32_t i = 0; i < FOUR; i++) {
				next = timers_earlier(next, (clients >> (client + i) & 1u) != 0 ? at[i] : 0);
			}
		}
	}
	return next;
}
