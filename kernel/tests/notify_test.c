/*
 * A core at once with another one's look at the bits of a notification: the moment after it is what the kernel's own
 * file, which is part of this one, is stopped at. tests/models/notify.pml has all moments.
 */
#include <stdbool.h>
#include <stdint.h>

static uint64_t exchange(uint64_t *word, uint64_t value, int order);

#define __atomic_exchange_n(word, value, order) exchange((word), (value), (order))
#include "../notification.c"
#undef __atomic_exchange_n

#include "world.h"

static void (*after_take)(void);

static uint64_t exchange(uint64_t *word, uint64_t value, int order)
{
	(void)order;
	uint64_t old = __atomic_exchange_n(word, value, __ATOMIC_SEQ_CST);
	void (*now)(void) = after_take;
	after_take = NULL;
	if (now != NULL) {
		now();
	}
	return old;
}

static struct actor listener, waiter, sender;
static uint32_t sender_slot, waiter_slot;

static void send_again(void)
{
	actor_syscall(&sender, SK_SYS_SIGNAL, sender_slot, 2, 0, 0);
}

/* One thread waits by name, another one is bound: who of them gets a bit, one does. */
static void bits_that_come_while_a_waiter_leaves(void **state)
{
	(void)state;
	world_boot(4);
	actor_make(&listener, 1);
	actor_serve(&listener);
	actor_listen(&listener);
	actor_make(&waiter, 2);
	actor_make(&sender, 3);
	waiter_slot = actor_give(&waiter, listener.notification, SK_RIGHT_WAIT, 0);
	sender_slot = actor_give(&sender, listener.notification, SK_RIGHT_CALL, 0);
	world_plan(1, listener.thread, 0);
	world_plan(2, waiter.thread, 0);
	world_plan(3, sender.thread, 0);
	actor_start(&listener);
	actor_start(&waiter);
	actor_start(&sender);
	actor_wait(&listener);
	actor_syscall(&waiter, SK_SYS_WAIT, waiter_slot, 0, 0, 0);
	actor_syscall(&sender, SK_SYS_SIGNAL, sender_slot, 1, 0, 0);
	after_take = send_again;
	mock_settle();
	assert_runs(&waiter);
	const struct notification *notification = world_body(listener.notification);
	assert_true(notification->bits == 0 || runs(listener.c));
	assert_int_equal(actor_x(&waiter, 2) | (runs(listener.c) ? actor_x(&listener, 2) : 0), 3);
	invariants_check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bits_that_come_while_a_waiter_leaves),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
