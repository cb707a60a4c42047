/*
 * Notifications: 64 bits that anybody with the right may set, and at most one
 * thread that waits for them: by name, or, where it is bound, along with its
 * endpoint. Setting never blocks. The bits are set first and the waiter is looked
 * at after; a waiter announces itself first and looks at the bits after: one of
 * the two sees the other.
 */
#include <kernel/ipc.h>
#include <kernel/trace.h>

uint64_t notification_take(struct notification *notification)
{
	return __atomic_exchange_n(&notification->bits, 0, __ATOMIC_ACQ_REL);
}

void notification_signal(struct notification *notification, uint64_t bits)
{
	__atomic_fetch_or(&notification->bits, bits, __ATOMIC_SEQ_CST);
	struct context *thread = __atomic_load_n(&notification->waiter, __ATOMIC_SEQ_CST);
	thread = thread != NULL ? thread : __atomic_load_n(&notification->bound, __ATOMIC_SEQ_CST);
	struct core *core = core_this();
	trace(core, SK_TRACE_SIGNAL, token_of(core->current), token_of(thread), 0, bits);
	if (thread == NULL) {
		return;
	}
	if (core_at(thread->core) == core) {
		notification_deliver(thread);
	} else {
		core_post(thread, REMOTE_WAKE);
	}
}

void notification_deliver(struct context *thread)
{
	static const struct sk_msg nothing;
	/* Who does neither looks at the bits when it waits next. */
	struct notification *notification = thread->state == CONTEXT_RECEIVING ? thread->bound : thread->waits_for;
	uint64_t bits = notification != NULL ? notification_take(notification) : 0;
	if (bits != 0) {
		if (thread->waits_for != NULL) {
			notification_forget(thread);
			/* Whoever set some before that has told this thread, and not the one that is bound. */
			bits |= notification_take(notification);
		}
		message_deliver(thread, SK_BADGE_SIGNAL, &nothing, 0);
		arch_set_result(thread->frame, 2, bits);
		thread_of(thread)->overrun_calls = UINT64_MAX;
		plan_wake(core_at(thread->core), thread);
	}
}

bool notification_wait(struct notification *notification, struct context *thread)
{
	struct context *nobody = NULL;
	if (!__atomic_compare_exchange_n(&notification->waiter, &nobody, thread, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_SEQ_CST)) {
		return false;
	}
	thread->waits_for = notification;
	thread->state = CONTEXT_WAITING;
	notification_deliver(thread);
	return true;
}

void notification_forget(struct context *thread)
{
	if (thread->waits_for != NULL) {
		__atomic_store_n(&thread->waits_for->waiter, NULL, __ATOMIC_SEQ_CST);
		thread->waits_for = NULL;
	}
}
