/*
 * Notifications: bits that are set on any core, a thread that waits for them by name and one that is bound, which may
 * be stopped while they wait.
 *
 * Mirrors kernel/notification.c: notification_signal(), notification_deliver(), notification_wait(),
 * notification_forget(), notification_take(); kernel/ipc.c: receive(), ipc_wait(); kernel/core.c: core_post(),
 * core_drain(); kernel/thread_calls.c: stop_here(), thread_do_start().
 *
 * The grain: each access to a word that two cores share (the bits, the waiter, a context's `remote`, the inbox, the
 * interrupt) is a step; what only its own core looks at goes with the next. Threads 0, which is bound, and 1 are
 * on core 0, or the second one on core 1 (HOME_1); signals come from core 1 and, as an interrupt's do, from core 0.
 *
 * Abstracted: bit n is the n-th signal. What arrives before a thread is stopped and was not looked at is for
 * whoever waits next. The supervisor's stop is one that its core makes between two of its own steps (lock.pml has the
 * way there). All of the words are atomics in one order, as the kernel asks for (SEQ_CST), so memory is in order.
 *
 * Shown: each bit is received once; nobody waits for bits that are set.
 * Sizes: SIGNALS signals from core 1, as many interrupts on core 0; WAITS of each thread before it only listens; STOPS
 * of thread 1 while it waits.
 */
#ifndef SIGNALS
#define SIGNALS 2
#endif
#ifndef WAITS
#define WAITS 2
#endif
#ifndef STOPS
#define STOPS 1
#endif
#ifndef HOME_1
#define HOME_1 0
#endif
#define NOBODY 3
#define HOME(t) (t == 1 -> HOME_1 : 0)

mtype = { RUNS, RECEIVING, WAITING, STOPPED };

/* The notification. Thread 0 is bound to it. */
byte bits;
byte waiter = NOBODY;

mtype state[2];
bool waits_for[2];
byte waits[2];

/* Of cores 0 and 1. */
byte inbox[2];          /* threads in it, a bit each */
bool remote[2];         /* of the threads: REMOTE_WAKE */
bool poked[2];

byte sent, received, numbers, stops;

/* core_post(), of a thread that is on the other core */
inline core_post(t)
{
	if
	:: atomic { !remote[t] -> remote[t] = true };
		inbox[HOME(t)] = inbox[HOME(t)] | (1 << t);
		poked[HOME(t)] = true
	:: atomic { remote[t] -> skip }
	fi
}

/* Of one that waits by name */
inline notification_forget(t)
{
	atomic { waiter = NOBODY; waits_for[t] = false }
}

/* On the thread's core. `taken` is the core's. */
inline notification_deliver(t)
{
	if
	:: (state[t] == RECEIVING && t == 0) || (state[t] != RECEIVING && waits_for[t]) ->
		atomic { taken = bits; bits = 0 };
		if
		:: taken != 0 ->
			if
			:: waits_for[t] ->
				notification_forget(t);
#ifndef BREAK_takes_once
				atomic { taken = taken | bits; bits = 0 }
#endif
			:: else
			fi;
			atomic {
				assert((received & taken) == 0);
				received = received | taken;
				state[t] = RUNS;
				taken = 0
			}
		:: taken == 0
		fi
	:: else
	fi
}

/* notification_signal() on core `here` */
inline notification_signal(here, number)
{
#ifdef BREAK_looks_first
	atomic { to = waiter };
	bits = bits | number;
#else
	bits = bits | number;
	atomic { to = waiter };
#endif
	if
	:: to == NOBODY -> to = 0 /* who is bound */
	:: to != NOBODY
	fi;
	if
	:: HOME(to) == here -> notification_deliver(to)
	:: HOME(to) != here -> core_post(to)
	fi;
	to = NOBODY
}

inline send(here)
{
	atomic { sent = sent | (1 << numbers); number = 1 << numbers; numbers++ };
	notification_signal(here, number);
	number = 0
}

/* What a thread that runs does: it waits at its endpoint, which only the bound one gets bits at, or by name. */
inline thread_runs(t)
{
	if
	:: atomic { t == 0 -> state[t] = RECEIVING };
		notification_deliver(t)
	:: atomic { waits[t] < WAITS -> waits[t]++ };
		/* notification_wait() */
		if
		:: atomic { waiter == NOBODY -> waiter = t };
			atomic { waits_for[t] = true; state[t] = WAITING };
#ifndef BREAK_does_not_look
			notification_deliver(t)
#endif
		:: waiter != NOBODY
		fi
	:: atomic { t == 1 && waits[t] == WAITS -> state[t] = STOPPED }
	fi
}

/* stop_here(): what came for it is for whoever is bound. */
inline thread_stops(t)
{
	if
	:: state[t] == WAITING ->
		notification_forget(t);
#ifndef BREAK_stops_silently
		notification_signal(HOME_1, 0)
#endif
	:: state[t] != WAITING
	fi;
	state[t] = STOPPED
}

inline core_drain(here)
{
	if
	:: atomic { inbox[here] != 0 -> pending = inbox[here]; inbox[here] = 0 };
		if
		:: atomic { pending & 1 -> remote[0] = false }; notification_deliver(0)
		:: !(pending & 1)
		fi;
		if
		:: atomic { pending & 2 -> remote[1] = false }; notification_deliver(1)
		:: !(pending & 2)
		fi;
		pending = 0
	:: inbox[here] == 0
	fi
}

proctype core(byte here)
{
	byte taken, to = NOBODY, number, pending, interrupts;

end:
	do
#ifdef BREAK_drains_then_acknowledges
	:: poked[here] -> core_drain(here); poked[here] = false
#else
	:: atomic { poked[here] -> poked[here] = false }; core_drain(here)
#endif
	:: here == 0 && state[0] == RUNS -> thread_runs(0)
	:: here == HOME_1 && state[1] == RUNS -> thread_runs(1)
	:: atomic { interrupts < SIGNALS -> interrupts++ }; send(here)
	:: atomic { here == HOME_1 && stops < STOPS && state[1] == WAITING -> stops++ };
		core_drain(here);
		thread_stops(1)
	od
}

init {
	atomic { state[0] = RUNS; state[1] = RUNS; run core(0); run core(1) };
	timeout ->
	assert((bits | received) == sent && (bits & received) == 0);
	assert(bits == 0 || (state[0] != RECEIVING && state[0] != WAITING && state[1] != WAITING))
}
