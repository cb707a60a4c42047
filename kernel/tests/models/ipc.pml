/*
 * Calls to a server, on its core and from another one, while the supervisor on a third core stops, restarts and gives
 * up the server, and stops a caller.
 *
 * Mirrors kernel/endpoint.c: endpoint_call(), endpoint_arrived(), endpoint_next(), endpoint_answer(),
 * endpoint_defer(), endpoint_taken(), withdraw_here(), endpoint_detach(), endpoint_settle();
 * kernel/ipc.c: ipc_reply_wait(), ipc_reply(), ipc_wait(); kernel/core.c: core_post(), core_post_call(),
 * remote_handle(), core_drain(), core_run_on(), core_quiesce(); kernel/thread_calls.c: stop_here(), context_halt(),
 * thread_do_start(), thread_do_bind_endpoint(); kernel/object_calls.c: endpoint_do_retire(), endpoint_do_abandon(); the
 * order of calls that make a restart is servers/supervisor/process.c process_stop(), process_start(),
 * process_abandon().
 *
 * The grain: interrupts are off in the kernel, so what only its own core looks at is one step; each store and load
 * that another core may see is a step of its own. Caller 0 is on the server's core 0, the others on core 1.
 *
 * Abstracted: the message (it stays in the caller's registers until the answer); the plan (a thread that is ready runs
 * when it likes); the straight run of kernel/include/kernel/fast.h, which does the same in one step; the kernel lock,
 * as the supervisor alone takes it here (lock.pml has it); memory is in order, as all that is shared goes by release
 * and acquire. Sequence numbers count modulo 4.
 *
 * Shown: a call is answered once at most, and a token that names no call in the server's hands is refused; a call is
 * delivered once to each instance, and to a later one only if its method is idempotent; nobody waits for ever once
 * there is an instance, or none will come; a thread that was stopped is stopped.
 * Sizes: caller 0 with one call, the others, CALLERS in all, with CALLS each; OPERATIONS of the supervisor; DEFERS
 * calls left for later; STALE replies with an old token.
 */
#ifndef CALLERS
#define CALLERS 2
#endif
#ifndef CALLS
#define CALLS 2
#endif
#ifndef OPERATIONS
#define OPERATIONS 1
#endif
#ifndef DEFERS
#define DEFERS 1
#endif
#ifndef STALE
#define STALE 1
#endif
#define NOBODY 7

mtype = { READY, QUEUED, IN_SERVICE, DEFERRED, ANSWERED, STOPPED, RECEIVING };
mtype = { NOTHING, STOP_CALLER, START_CALLER, STOP_SERVER, START_SERVER, SETTLE, WITHDRAW };

typedef caller_state {
	mtype state;
	byte sequence;
	bool redelivered;
	bool remote;            /* REMOTE_REPLY */
	bool idempotent;        /* the method called */
	bool listed;            /* in a queue or a list: has a `next` */
	byte calls;             /* made */
	bool open;              /* what should be: a call without its answer */
	bool delivered;         /* to this instance */
	bool taken              /* by any */
}
caller_state callers[CALLERS];

mtype server = RECEIVING;   /* state of its thread */
byte in_service = NOBODY;
/* First come first served. */
byte queue[CALLERS], queued;
byte deferred[CALLERS], deferrals;
bool abandoned;
byte operations, defers, stale;
/* What this instance's program has: the token of each caller's last call, and of the one before; 0: none. */
byte token[CALLERS], old_token[CALLERS];

/* Cores 0 and 1: what others left there. */
byte calls[CALLERS], arriving;
byte inbox[CALLERS], posted;
bool poked[2];
mtype request[2] = NOTHING;
bool asked[2];

#define list_append(list, count, c) list[count] = c; count++
#define list_remove(list, count, c) \
	j = 0; \
	do \
	:: list[j] != c -> j++ \
	:: else -> break \
	od; \
	do \
	:: j + 1 < count -> list[j] = list[j + 1]; j++ \
	:: else -> break \
	od; \
	count--; list[count] = 0; j = 0

inline leave_place(c)
{
	if
	:: callers[c].state == QUEUED -> list_remove(queue, queued, c)
	:: callers[c].state == DEFERRED -> list_remove(deferred, deferrals, c)
	:: callers[c].state == IN_SERVICE -> in_service = NOBODY
	fi;
	callers[c].listed = false
}

inline endpoint_next()
{
	if
	:: server == RECEIVING && queued != 0 ->
		k = queue[0];
		list_remove(queue, queued, k);
		callers[k].listed = false;
		assert(callers[k].open && !callers[k].delivered);
		assert(!callers[k].taken || (callers[k].idempotent && callers[k].redelivered));
		callers[k].delivered = true;
		callers[k].taken = true;
		old_token[k] = token[k];
		token[k] = callers[k].sequence;
		in_service = k;
		callers[k].state = IN_SERVICE;
		server = READY;
		k = 0
	:: else
	fi
}

inline endpoint_arrived(c)
{
	list_append(queue, queued, c);
	callers[c].listed = true;
	endpoint_next()
}

/* core_drain_calls() */
inline drain_calls()
{
	do
	:: arriving != 0 -> k2 = calls[0]; list_remove(calls, arriving, k2); endpoint_arrived(k2); k2 = 0
	:: else -> break
	od
}

/* answer_here(): the reply is in the caller's registers. */
inline answer_here(c)
{
	assert(callers[c].open);
	callers[c].open = false;
	callers[c].redelivered = false;
	callers[c].delivered = false;
	callers[c].taken = false;
	callers[c].state = READY
}

/* endpoint_answer(), of who has left its place */
inline endpoint_answer(c)
{
	if
	:: c == 0 -> answer_here(0)
	:: else ->
#ifdef BREAK_posts_first
		post_reply(c);
		callers[c].state = ANSWERED
#else
		callers[c].state = ANSWERED;
		post_reply(c)
#endif
	fi
}

/* core_drain()'s way through the inbox of core 1 */
inline drain_inbox()
{
	do
	:: atomic { posted != 0 -> c = inbox[0]; list_remove(inbox, posted, c) };
		callers[c].remote = false;
		/* endpoint_answer() on its own core */
		atomic {
			if
			:: callers[c].state == ANSWERED -> answer_here(c)
			:: else
			fi
		}
	:: atomic { posted == 0 -> c = 0; break }
	od
}

/* core_post() to core 1 */
inline post_reply(c)
{
	if
	:: atomic { !callers[c].remote -> callers[c].remote = true };
		atomic { list_append(inbox, posted, c) };
		poked[1] = true
	:: atomic { callers[c].remote -> skip }
	fi
}

inline endpoint_defer()
{
	callers[in_service].state = DEFERRED;
	callers[in_service].listed = true;
	list_append(deferred, deferrals, in_service);
	in_service = NOBODY
}

inline receive()
{
	if
	:: in_service != NOBODY -> endpoint_defer()
	:: else
	fi;
	server = RECEIVING;
	endpoint_next()
}

/* endpoint_detach(), as stop_here() makes it: the receiver stays bound. */
inline detach()
{
	if
	:: in_service != NOBODY -> endpoint_defer()
	:: else
	fi;
#ifndef BREAK_forgets_deferred
	do
	:: deferrals != 0 ->
		k = deferred[deferrals - 1];
		list_remove(deferred, deferrals, k);
		callers[k].state = QUEUED;
#ifndef BREAK_not_marked
		callers[k].redelivered = true;
#endif
		callers[k].delivered = false;
		j = queued;
		do
		:: j != 0 -> queue[j] = queue[j - 1]; j--
		:: else -> break
		od;
		queue[0] = k;
		queued++
	:: else -> break
	od;
#endif
	k = 0
}

/* endpoint_settle(): who gets SERVER_DIED; NOBODY: all others stay. */
inline find_unsettled()
{
	c = NOBODY;
	j = 0;
	do
	:: j < queued ->
		k = queue[j];
		if
		:: abandoned || (callers[k].redelivered && !callers[k].idempotent) -> c = k; break
		:: else -> j++
		fi
	:: else -> break
	od;
	j = 0;
	k = 0
}

#define HAS(c) (callers[c].state == IN_SERVICE || callers[c].state == DEFERRED)

/* endpoint_call(), up to where the caller goes to a queue */
inline begin_call(c)
{
	callers[c].sequence = (callers[c].sequence == 3 -> 1 : callers[c].sequence + 1);
	callers[c].open = true;
	callers[c].state = QUEUED;
	if
	:: callers[c].idempotent = true
	:: callers[c].idempotent = false
	fi
}

/* Of core 0, or for it: sync_answer(). */
inline answer_sync_0()
{
	if
	:: atomic { asked[0] && request[0] == STOP_SERVER -> drain_calls(); detach(); server = STOPPED }
	:: atomic { asked[0] && request[0] == SETTLE ->
#ifndef BREAK_settles_without_draining
			drain_calls();
#endif
			find_unsettled()
		};
		do
		:: atomic { c != NOBODY -> leave_place(c) };
			endpoint_answer(c);
			atomic { find_unsettled() }
		:: atomic { c == NOBODY -> c = 0; break }
		od
	:: atomic { asked[0] && request[0] == START_SERVER ->
			abandoned = false;
			server = READY;
			for (j : 0 .. CALLERS - 1) { token[j] = 0; old_token[j] = 0 }
			j = 0
		}
	:: atomic { asked[0] && request[0] == WITHDRAW ->
			drain_calls();
			if
			:: (callers[1].state == QUEUED && callers[1].listed) || HAS(1) ->
				leave_place(1);
				callers[1].open = false; callers[1].delivered = false; callers[1].taken = false;
				callers[1].state = STOPPED
			:: else
			fi
		}
	:: asked[0] && request[0] == NOTHING
	fi;
	asked[0] = false
}

/* The server's core, with caller 0 on it. */
active proctype core0()
{
	byte c, j, k, k2;

end:
	do
	:: atomic { poked[0] -> poked[0] = false };
		if
		:: asked[0] -> answer_sync_0()
		:: !asked[0]
		fi;
		atomic { drain_calls() }
	:: atomic { callers[0].state == READY && callers[0].calls < 1 ->
			callers[0].calls++;
			if
			:: !abandoned -> begin_call(0); endpoint_arrived(0)
			:: abandoned
			fi
		}
	/* The server's program answers one that it has, by reply_wait or reply; */
	:: atomic { server == READY && (in_service != NOBODY || deferrals != 0) ->
			if
			:: HAS(0) -> c = 0
			:: HAS(1) -> c = 1
#if CALLERS > 2
			:: HAS(2) -> c = 2
#endif
			fi;
			assert(callers[c].sequence == token[c]);
			leave_place(c)
		};
		endpoint_answer(c);
		atomic {
			c = 0;
			if
			:: deferrals != 0 || in_service != NOBODY
			:: receive()
			fi
		}
	/* or tries the token of an earlier call: endpoint_taken() finds nobody; */
	:: atomic { server == READY && stale < STALE && (old_token[0] != 0 || old_token[1] != 0) ->
			if
			:: old_token[0] != 0 -> c = 0
			:: old_token[1] != 0 -> c = 1
			fi;
			stale++;
#ifdef BREAK_sequence_ignored
			assert(!HAS(c));
#else
			assert(!(HAS(c) && callers[c].sequence == old_token[c]));
#endif
			c = 0
		}
	/* or leaves the caller for later, and is signalled then; */
	:: atomic { server == READY && in_service != NOBODY && defers < DEFERS -> defers++; receive() }
	:: atomic { server == RECEIVING && deferrals != 0 -> server = READY }
	/* or has nothing to do. */
	:: atomic { server == READY && in_service == NOBODY && deferrals == 0 -> receive() }
	od
}

/* The other callers' core. */
active proctype core1()
{
	byte c, j;

end:
	do
	:: atomic { poked[1] -> poked[1] = false };
		/* sync_answer(): stop_here() drains the inbox first */
		if
		:: asked[1] && request[1] == STOP_CALLER ->
			drain_inbox();
			atomic {
				if
				:: callers[1].state == READY -> callers[1].state = STOPPED
				:: else
				fi
			};
			asked[1] = false
		:: atomic { asked[1] && request[1] == START_CALLER -> callers[1].state = READY; asked[1] = false }
		:: atomic { asked[1] && request[1] == NOTHING -> asked[1] = false }
		:: !asked[1]
		fi;
		drain_inbox()
	:: atomic {
			if
			:: callers[1].state == READY && callers[1].calls < CALLS -> c = 1
#if CALLERS > 2
			:: callers[2].state == READY && callers[2].calls < CALLS -> c = 2
#endif
			fi;
			callers[c].calls++
		};
		if
		:: abandoned
		:: !abandoned ->
			atomic { begin_call(c) };
			atomic { list_append(calls, arriving, c) };
			poked[0] = true
		fi;
		c = 0
	od
}

/* Has it done on that core, and waits: core_run_on(). */
inline run_on(core, what)
{
	atomic { request[core] = what; asked[core] = true };
	poked[core] = true;
	atomic { !asked[core] -> request[core] = NOTHING }
}

#define CALLING(c) (callers[c].state == QUEUED || HAS(c) || callers[c].state == ANSWERED)

active proctype supervisor()
{
	byte c;

	atomic {
		for (c : 0 .. CALLERS - 1) { callers[c].state = READY }
	};
	do
	:: operations < OPERATIONS ->
		operations++;
		if
		:: run_on(0, STOP_SERVER);
#ifndef BREAK_does_not_settle
			run_on(0, SETTLE);
#endif
			run_on(0, START_SERVER)
		:: run_on(0, STOP_SERVER);
			run_on(0, SETTLE);
			abandoned = true;
#ifndef BREAK_does_not_quiesce
			run_on(0, NOTHING);
			run_on(1, NOTHING);
#endif
			run_on(0, SETTLE);
			if
			:: run_on(0, START_SERVER)
			:: break /* it never comes back */
			fi
		:: /* context_halt() */
			run_on(1, STOP_CALLER);
			do
#ifdef BREAK_halts_by_call
			:: CALLING(1) -> run_on(0, WITHDRAW); run_on(1, STOP_CALLER)
			:: !CALLING(1) -> break
#else
			:: callers[1].state != STOPPED ->
				if
				:: CALLING(1) -> run_on(0, WITHDRAW)
				:: !CALLING(1)
				fi;
				run_on(1, STOP_CALLER)
			:: callers[1].state == STOPPED -> break
#endif
			od;
			assert(callers[1].state == STOPPED);
			callers[1].redelivered = false;
			run_on(1, START_CALLER)
		fi
	:: else -> break
	od
}

active proctype watcher()
{
	byte c;

	timeout ->
	for (c : 0 .. CALLERS - 1) {
		assert(callers[c].state == READY && !callers[c].open && callers[c].calls == (c == 0 -> 1 : CALLS))
	}
}
