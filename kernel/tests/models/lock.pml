/*
 * The kernel lock, work that its holder has other cores do, and the end of an object that those may just be using.
 *
 * Mirrors kernel/core.c: kernel_lock(), kernel_unlock(), sync_answer(), core_run_on(), core_quiesce(), core_post(),
 * push(), remote_handle(), core_drain(); kernel/call.c: kernel_call() with its second look after the lock,
 * call_is_home(), destroyed(); kernel/include/kernel/object.h: object_resolve(); the way of an object that moves and
 * ends: kernel/vcpu_calls.c vcpu_do_bind() with leave(), vcpu_do_destroy(); kernel/thread_calls.c is the same for
 * threads.
 *
 * One object, a vCPU, at home on core 1 or 2. Core 0 moves it to the other one, and destroys it; cores 1 and 2 may
 * leave word for it without the lock (a device raises a line), and make a call on it that is done at its home, under
 * the lock. Each access to what cores share is a step; interrupts are off in the kernel.
 *
 * Abstracted: what the calls do; cores that are off (then the asker does the work itself); the order of the inbox,
 * as it holds one object. Memory is in order: what is shared goes by release and acquire.
 *
 * Shown: nobody touches the object after its memory was given back; what is done at its home is done once, and while
 * it is at home there; a word that was left is heard as long as the object is there; nobody waits for ever.
 * Sizes: 3 cores; WORDS words and CALLS calls of each of cores 1 and 2; MOVES moves.
 */
#ifndef WORDS
#define WORDS 1
#endif
#ifndef CALLS
#define CALLS 1
#endif
#ifndef MOVES
#define MOVES 1
#endif

mtype = { NONE, ASKED, RUNNING };
mtype = { NOTHING, METHOD, LEAVE, FORGET, DRAIN };

bool lock;
mtype request[3] = NONE, work[3] = NOTHING;
bool poked[3];
bool inbox[3];          /* the object is in it */

/* The object. */
bool stale;             /* its generation was bumped */
byte home;              /* context->core */
bool remote;            /* a flag is set: it is in an inbox, or its core is about to handle it */
bool waiting;           /* there is something that its home has to see */

/* What should be. */
bool freed;
byte asked, done;       /* methods at home */

#define TOUCH assert(!freed)

/* core_post() */
inline core_post()
{
	TOUCH;
	if
	:: atomic { !remote -> remote = true };
		atomic { TOUCH; to = home };
		atomic { TOUCH; inbox[to] = true };
#ifndef BREAK_no_poke
		poked[to] = true;
#endif
		to = 0
	:: atomic { remote -> skip }
	fi
}

/* core_drain() but for sync_answer() */
inline drain_inbox(me)
{
	if
	:: atomic { inbox[me] -> inbox[me] = false };
		atomic { TOUCH; remote = false };
		/* remote_handle() */
		if
#ifdef BREAK_ignores_moves
		:: home != me
#else
		:: home != me -> core_post()
#endif
		:: home == me -> waiting = false
		fi
	:: !inbox[me]
	fi
}

inline do_work(me)
{
	if
	:: work[me] == DRAIN -> drain_inbox(me)
	:: atomic { work[me] == METHOD -> TOUCH; assert(home == me); done++ }
	:: work[me] == LEAVE ->
		drain_inbox(me);
		home = 3 - home
	:: work[me] == FORGET -> drain_inbox(me)
	fi
}

inline sync_answer(me)
{
	if
	:: request[me] == ASKED ->
#ifdef BREAK_answers_first
		request[me] = NONE;
		do_work(me)
#else
		request[me] = RUNNING;
		do_work(me);
		request[me] = NONE
#endif
	:: request[me] != ASKED
	fi
}

inline kernel_lock(me)
{
	do
	:: atomic { !lock -> lock = true; break }
#ifndef BREAK_waits_deaf
	:: lock && request[me] == ASKED -> sync_answer(me)
#endif
	od
}

/* core_run_on(); the core's own work is done at once. */
inline run_on(me, core, what)
{
	if
	:: core == me -> work[me] = what; do_work(me); work[me] = NOTHING
	:: core != me -> ask(core, what)
	fi
}

inline ask(core, what)
{
	atomic { there = core; work[there] = what; request[there] = ASKED };
	poked[there] = true;
	atomic { request[there] == NONE -> work[there] = NOTHING; there = 0 }
}

/* A core that is interrupted, leaves word, or calls. */
proctype core(byte me)
{
	byte to, there, words, calls;

end:
	do
	:: atomic { poked[me] -> poked[me] = false };
		sync_answer(me);
		drain_inbox(me)
	:: atomic { words < WORDS -> words++ };
		if
		:: !stale -> atomic { TOUCH; waiting = true }; core_post()
		:: stale
		fi
	:: atomic { calls < CALLS -> calls++ };
		if
		:: !stale ->
			/* kernel_call() */
			kernel_lock(me);
			if
#ifdef BREAK_one_look
			:: true ->
#else
			:: !stale ->
#endif
				atomic { TOUCH; to = home; asked++ };
				run_on(me, to, METHOD);
				to = 0;
				assert(done == asked)
			:: stale
			fi;
			lock = false
		:: stale
		fi
	od
}

/* Core 0, the supervisor's: nothing is at home there, and nobody asks it for anything. */
proctype supervisor()
{
	byte there, moves;

	do
	:: atomic { moves < MOVES && !lock -> moves++; lock = true };
		ask(home, LEAVE);
		lock = false
	:: atomic { !lock -> lock = true; break }
	:: goto end
	od;
#ifndef BREAK_stale_late
	stale = true;
#endif
	/* core_quiesce(): once for who is about to leave word, once for what was left where the object was at home. */
#ifndef BREAK_does_not_quiesce
	ask(1, DRAIN);
	ask(2, DRAIN);
#ifndef BREAK_quiesces_once
	ask(1, DRAIN);
	ask(2, DRAIN);
#endif
#endif
#ifdef BREAK_stale_late
	stale = true;
#endif
	ask(home, FORGET);
	freed = true;
	lock = false;
end:
	skip
}

init {
	atomic {
		if
		:: home = 1
		:: home = 2
		fi;
		run core(1); run core(2); run supervisor()
	};
	timeout ->
	assert(!lock && !inbox[1] && !inbox[2] && (freed == stale) && (freed || !waiting))
}
