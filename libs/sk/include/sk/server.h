/*
 * A server's life: thread 0 runs main(), which sets the server up and ends in
 * sk_server_run(); that starts the other workers, and from then on every worker
 * waits at the one endpoint, answers, and waits again.
 *
 *	static bool dispatch(const struct sk_caller *caller, struct sk_msg *msg)
 *	{
 *		switch (SK_BADGE_IFACE(caller->badge)) {
 *		case VM_EXIT_INTERFACE:
 *			return vm_exit_dispatch(caller, msg);
 *		default:
 *			return sk_server_other(caller, msg);
 *		}
 *	}
 *
 *	static void signalled(uint64_t bits) { … }
 *
 *	SK_SERVER(dispatch, signalled)
 *
 *	int main(void)
 *	{
 *		…
 *		sk_server_run();
 *	}
 *
 * The loop is inline so that, with idlc's inline dispatch, a message stays in registers from
 * the trap in to the trap out. Workers run at the same time on their cores: what they share
 * needs atomics. Nothing is shared before sk_server_run().
 */
#ifndef SK_SERVER_H
#define SK_SERVER_H

#include <stdbool.h>

#include <sk/process.h>
#include <sk/syscall.h>

/* Starts the other workers (capabilities "thread1" and up), then serves. */
_Noreturn void sk_server_run(void);

/* Starts the other workers without serving: for a program that waits in its own way. */
void sk_server_start_workers(void);

/* What each worker runs, thread 0 included; SK_SERVER defines it. */
_Noreturn void sk_server_serve(void);

/* For a badge that names none of the server's own interfaces: answers the supervisor's heartbeat, refuses the rest. */
bool sk_server_other(const struct sk_caller *caller, struct sk_msg *msg);

/*
 * Has another dispatch function serve it, which stays out of the loop's code: it works on copies, so what it does does
 * not keep the message out of registers for everybody else.
 */
static inline bool sk_server_aside(bool (*dispatch)(const struct sk_caller *, struct sk_msg *),
				   const struct sk_caller *caller, struct sk_msg *msg)
{
	struct sk_caller who = *caller;
	struct sk_msg copy = *msg;
	bool replied = dispatch(&who, &copy);
	*msg = copy;
	return replied;
}

/* For a badge that names no interface at all. */
static inline bool sk_server_refuse(struct sk_msg *msg)
{
	*msg = (struct sk_msg){ .tag = sk_reply_tag(SK_UNKNOWN_OP) };
	return true;
}

/*
 * `dispatch` puts the reply into *msg and returns true, or false when it kept the token for
 * later. `signalled` gets the bound notification's bits. A refused reply (its caller is
 * gone) is nobody's fault, and told to `refused`; a refused wait leaves nothing to serve.
 */
__attribute__((always_inline)) _Noreturn static inline void
sk_server_loop_telling(bool (*dispatch)(const struct sk_caller *, struct sk_msg *), void (*signalled)(uint64_t bits),
		       void (*refused)(void))
{
	struct sk_msg msg;
	struct sk_caller caller;
	uint64_t badge = sk_wait(SK_WAIT_ENDPOINT, &msg, &caller);

	for (;;) {
		uint64_t token = 0;

		/* A call's badge is below both of the others. */
		if (__builtin_expect(badge < SK_BADGE_SIGNAL, 1)) {
			token = dispatch(&caller, &msg) ? caller.token : 0;
		} else if (badge == SK_BADGE_SIGNAL) {
			signalled(msg.w[0]);
		} else {
			refused();
			badge = sk_wait(SK_WAIT_ENDPOINT, &msg, &caller);
			if (sk_wait_failed(badge)) {
				sk_exit(1, "no endpoint to wait at");
			}
			continue;
		}
		badge = sk_reply_wait(token, &msg, &caller);
	}
}

/* What a server does about a refused reply: nothing. */
static inline void sk_server_never_mind(void)
{
}

/* The same for a server that need not know of refused replies. */
__attribute__((always_inline)) _Noreturn static inline void
sk_server_loop(bool (*dispatch)(const struct sk_caller *, struct sk_msg *), void (*signalled)(uint64_t bits))
{
	sk_server_loop_telling(dispatch, signalled, sk_server_never_mind);
}

/* Defines what each worker of this server runs: the loop over these two functions. Once in a program. */
#define SK_SERVER(dispatch, signalled)                 \
	_Noreturn void sk_server_serve(void)           \
	{                                              \
		sk_server_loop((dispatch), (signalled)); \
	}

#endif
