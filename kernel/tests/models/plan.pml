/*
 * A core and its plan: who runs after each thing that can happen, with the scheduler alive, busy, waiting, faulting,
 * stopped and started again.
 *
 * Mirrors kernel/plan.c, all of it but the amounts of time, and what calls it: kernel/endpoint.c endpoint_call(),
 * endpoint_next(), answer_here(), endpoint_detach(); kernel/ipc.c receive(), reply_to(), ipc_reply_wait();
 * kernel/include/kernel/fast.h fast_call_target(), fast_hand_over(), fast_reply_target(), fast_give_back();
 * kernel/thread_calls.c stop_here(), thread_do_start(); kernel/vcpu_calls.c leave().
 *
 * The grain: interrupts are off in the kernel, and nothing here is shared with other cores, so each entry into the
 * kernel, from the event to the choice of who runs, is one step.
 *
 * Tasks: 0 is the scheduler's thread, 1 a server's, the others are clients of both. Any of them may be in the plan or
 * not; the first plan is 0, 1, 2, …, and the scheduler commits any that it likes.
 *
 * Abstracted: time. A slot with a budget has some left or none; whenever the kernel charges it, it may be spent. A
 * watch that is armed fires when it likes. Deferred calls, calls from other cores (they have no turn here), faults of
 * others than the scheduler (they only stop). Queues are in order of the tasks, not of arrival.
 *
 * Shown, whenever the kernel leaves: who is current is ready; nobody in a more urgent slot than that whose turn it is
 * has anything to run that does not run; a core is idle only if no slot has anything to run and the scheduler has
 * nothing to decide that it could; an event that is due does not wait for a scheduler that waits for it; the timer is
 * set while anything runs. Without a scheduler, every slot gets its turn (rotation).
 * Sizes: TASKS tasks; wake-up times with WAKE_TIMES, a client that leaves the plan with LEAVES.
 */
#ifndef TASKS
#define TASKS 3
#endif
#define SCHED 0
#define SERVER 1
#define LAST (TASKS - 1) /* a client */
#define NONE 7

mtype = { READY, RECEIVING, WAITING, QUEUED, IN_SERVICE, STOPPED };

mtype state[TASKS] = READY;
byte server[TASKS] = NONE;  /* IN_SERVICE: who has its call; QUEUED: for whom */
byte caller[TASKS] = NONE;  /* whose call it has in service */
byte root[TASKS];           /* the outermost caller of its chain */
byte slot[TASKS] = NONE;    /* in the plan */
bool faulting;              /* the scheduler: its call is with the supervisor */
bool event;                 /* the scheduler has a plan event in hand */

/* The plan: tasks in order of urgency. Left counts only with a budget. */
byte count;
byte task[TASKS];
bit budget[TASKS], left[TASKS];
bit wake_time;

byte current = NONE, owner = NONE;
bool deciding, reschedule, settling, armed;
bit due_budget, due_wake;
byte due_slot;
byte ready;                 /* a bit for each slot */

/* What happened last, for the formulas. */
bool gone;                  /* the scheduler is stopped for good, and everybody else only computes */
bool spent;

byte tail, slots, i, j, k;  /* of the functions below */
byte woken = NONE;          /* plan_wake() is due, */
byte receiver = NONE;       /* then endpoint_next(), */
bool straight;              /* then the choice, unless it was the straight run */

/* plan_scheduler() */
#define PRESENT (state[SCHED] != STOPPED && !faulting)
#define ALL_SLOTS ((1 << count) - 1)
#define LOWEST(set) ((set & 1) -> 0 : ((set & 2) -> 1 : ((set & 4) -> 2 : 3)))
#define CALLS(t, s) ((state[t] == QUEUED || state[t] == IN_SERVICE) && server[t] == s)

/* chain_tail(): in `tail` */
inline chain_tail(t)
{
	tail = t;
	do
	:: tail != NONE && (state[tail] == QUEUED || state[tail] == IN_SERVICE) && !(tail == SCHED && faulting) ->
		tail = server[tail]
	:: tail != NONE && state[tail] == READY -> break
	:: tail == NONE -> break
	:: else -> tail = NONE; break
	od
}

inline has_queue(t)
{
	j = 0;
	do
	:: j < TASKS && !(state[j] == QUEUED && server[j] == t && !(j == SCHED && faulting)) -> j++
	:: else -> break
	od
}

/* slots_of(): in `slots` */
inline slots_of(t)
{
	slots = 0;
	i = t;
	do
	:: i != NONE ->
		has_queue(i);
		if
		:: j < TASKS ->
#ifndef BREAK_forgets_queue
			slots = ALL_SLOTS; break
#else
			skip
#endif
		:: else
		fi;
		if
		:: slot[i] != NONE -> slots = slots | (1 << slot[i])
		:: else
		fi;
#ifdef BREAK_wakes_without_callers
		break
#else
		i = caller[i]
#endif
	:: else -> break
	od;
	i = 0;
	j = 0
}

inline plan_wake(t)
{
	slots_of(t);
	ready = ready | slots;
	if
	:: slots != 0 && !deciding && (owner == NONE || (slot[owner] != NONE && LOWEST(slots) < slot[owner])) ->
		reschedule = true
	:: else
	fi;
	if
#ifdef BREAK_wakes_for_due
	:: (due_budget || due_wake) && t == SCHED && PRESENT -> reschedule = true
#else
	:: due_budget || due_wake || settling -> reschedule = true
#endif
	:: else
	fi;
	slots = 0
}

/* Time passed, as much as it likes. */
inline plan_account()
{
	if
	:: owner != NONE && !deciding && slot[owner] != NONE && budget[slot[owner]] ->
		if
		:: left[slot[owner]] -> left[slot[owner]] = 0
		:: true
		fi;
		spent = !left[slot[owner]]
	:: else -> spent = false
	fi
}

inline note_spent()
{
	if
	:: spent -> due_budget = 1; due_slot = slot[owner]; reschedule = true
	:: else
	fi
}

inline timer_arm() { armed = owner != NONE || wake_time }

inline refill()
{
	i = 0;
	do
	:: i < count ->
		if
		:: budget[i] -> left[i] = 1
		:: else
		fi;
		i++
	:: else -> i = 0; break
	od
}

inline slot_remove(at)
{
	i = at;
	k = task[i];
	slot[k] = NONE;
	count--;
	do
	:: i < count ->
		task[i] = task[i + 1]; budget[i] = budget[i + 1]; left[i] = left[i + 1];
		k = task[i];
		slot[k] = i;
		i++
	:: else -> break
	od;
	task[count] = 0; budget[count] = 0; left[count] = 0;
	i = 0;
	k = 0
}

inline run_without_scheduler()
{
	refill();
#ifndef BREAK_does_not_rotate
	if
	:: due_budget && due_slot < count ->
		j = task[due_slot];
		slot_remove(due_slot);
		task[count] = j; budget[count] = 1; left[count] = 1; slot[j] = count;
		count++;
		j = 0
	:: else
	fi;
#endif
	ready = ALL_SLOTS;
	due_budget = 0; due_wake = 0; due_slot = 0;
	settling = false
}

/* choose(), with scheduler_turn(): who runs is in `tail` */
inline choose()
{
	deciding = false;
	tail = NONE;
	if
	:: (due_budget || due_wake || settling) && !PRESENT ->
		owner = NONE;
		run_without_scheduler();
		tail = NONE
	:: (due_budget || due_wake || settling) && PRESENT ->
		owner = SCHED;
		if
		:: state[SCHED] == RECEIVING ->
			settling = due_budget || due_wake;
			if
			:: due_budget -> due_budget = 0; due_slot = 0; state[SCHED] = READY; event = true
#ifdef WAKE_TIMES
			:: !due_budget && due_wake -> due_wake = 0; state[SCHED] = READY; event = true
#endif
			:: else
			fi
		:: else
		fi;
		chain_tail(SCHED);
		deciding = tail != NONE
	:: else
	fi;
	do
	:: tail == NONE && ready != 0 ->
		owner = task[LOWEST(ready)];
		chain_tail(owner);
		if
		:: tail == NONE -> ready = ready & (ready - 1)
		:: else
		fi
	:: tail == NONE && ready == 0 -> owner = NONE; break
	:: tail != NONE -> break
	od
}

inline plan_pick()
{
#ifndef BREAK_forgets_who_ran
	if
	:: current != NONE && state[current] == READY -> slots_of(current); ready = ready | slots; slots = 0
	:: else
	fi;
#endif
	plan_account();
	note_spent();
	reschedule = false;
	choose();
	current = tail;
	tail = 0;
	timer_arm()
}

inline plan_continue()
{
	if
	:: !reschedule && current != NONE && state[current] == READY && root[current] == owner -> skip
	:: else -> plan_pick()
	fi
}

inline serves_none(t) { caller[t] = NONE; root[t] = t }

/* endpoint_next() */
inline endpoint_next(s)
{
	has_queue(s);
	if
	:: state[s] == RECEIVING && j < TASKS ->
		caller[s] = j;
		root[s] = root[j];
		state[j] = IN_SERVICE;
		state[s] = READY;
		j = 0;
		plan_wake(s)
	:: else -> j = 0
	fi
}

/* Would the chain wait for itself? */
#define IN_CHAIN(c, s) (c == s || caller[c] == s || (caller[c] != NONE && caller[caller[c]] == s))

/* receive(): the rest is at `wake` below. */
inline receive(s) { state[s] = RECEIVING; receiver = s }

/* endpoint_call(), likewise */
inline call(c, s)
{
	state[c] = QUEUED;
	server[c] = s;
	receiver = s
}

/* fast_hand_over() and what trap code does with it */
inline fast_call(c, s)
{
	state[c] = IN_SERVICE;
	server[c] = s;
	caller[s] = c;
	root[s] = root[c];
	state[s] = READY;
	current = s;
	straight = true
}

/* answer_here() of who has left its place, likewise */
inline answer(c)
{
	server[c] = NONE;
	state[c] = READY;
	woken = c
}

inline check()
{
	assert(current == NONE || state[current] == READY);
	assert(!reschedule);
	assert(armed == (owner != NONE || wake_time));
	assert(!((due_budget || due_wake) && PRESENT && state[SCHED] == RECEIVING));
	if
	:: deciding -> assert(owner == SCHED); chain_tail(SCHED); assert(tail == current && tail != NONE)
	:: else ->
		if
		:: due_budget || due_wake || settling -> assert(PRESENT); chain_tail(SCHED); assert(tail == NONE)
		:: else
		fi;
		j = 0;
		do
		:: j < count && !(owner != NONE && slot[owner] != NONE && j >= slot[owner]) ->
			chain_tail(task[j]);
			assert(tail == NONE || tail == current);
			j++
		:: else -> break
		od;
		j = 0
	fi;
	tail = 0
}

/* stop_here() of the scheduler's thread: its callers wait at the endpoint. */
inline stop_scheduler()
{
	if
	:: caller[SCHED] != NONE -> state[caller[SCHED]] = QUEUED; serves_none(SCHED)
	:: else
	fi;
	if
	:: state[SCHED] == IN_SERVICE -> serves_none(SERVER); server[SCHED] = NONE; woken = SERVER
	:: else -> server[SCHED] = NONE
	fi;
	faulting = false;
	event = false;
	state[SCHED] = STOPPED;
	reschedule = true
}

/* plan_commit(): any order, any of them, with budgets or without. */
inline commit()
{
	plan_account();
	do
	:: count != 0 -> slot_remove(count - 1)
	:: else -> break
	od;
	do
	:: count < TASKS ->
		if
		:: slot[0] == NONE -> j = 0
		:: slot[1] == NONE -> j = 1
		:: slot[2] == NONE -> j = 2
#if TASKS > 3
		:: slot[3] == NONE -> j = 3
#endif
		fi;
		task[count] = j; slot[j] = count;
		budget[count] = j != SCHED; left[count] = budget[count];
		count++;
		j = 0
	:: break
	od;
#ifdef WAKE_TIMES
	if
	:: wake_time = 0
	:: wake_time = 1
	fi;
#endif
	ready = ALL_SLOTS;
	reschedule = true
}

/* Anything that can happen: `woken`, `receiver` and `straight` say what the kernel still has to do. */
inline happens()
{
	if
	/* The scheduler decides, perhaps; ends its event; */
	:: current == SCHED && event ->
		if
		:: commit()
		:: true
		fi;
		event = false;
		if
		:: settling -> settling = false; reschedule = true; refill()
		:: else /* the event is nobody's any more: refused */
		fi;
		receive(SCHED)
	/* a server ends a call by the general path, */
	:: current != NONE && current <= SERVER && caller[current] != NONE && !(current == SCHED && event) ->
		j = caller[current];
		serves_none(current);
		answer(j);
		receive(current);
		j = 0
	/* or the straight run, */
	:: current != NONE && current <= SERVER && caller[current] != NONE && !(current == SCHED && event) ->
		has_queue(current);
		if
		:: j == TASKS && owner == root[current] ->
			j = caller[current];
			state[current] = RECEIVING;
			serves_none(current);
			server[j] = NONE;
			state[j] = READY;
			current = j
		:: else
		fi;
		j = 0;
		straight = true
	/* or waits for calls. */
	:: current != NONE && current <= SERVER && caller[current] == NONE && !(current == SCHED && event) && !gone ->
		receive(current)
	/* Somebody calls, */
	:: current != NONE && !gone && current != SERVER && !IN_CHAIN(current, SERVER) -> call(current, SERVER)
	:: current != NONE && !gone && current != SERVER && state[SERVER] == RECEIVING -> fast_call(current, SERVER)
	:: current != NONE && !gone && current >= 2 && !IN_CHAIN(current, SCHED) -> call(current, SCHED)
	:: current != NONE && !gone && current >= 2 && state[SCHED] == RECEIVING -> fast_call(current, SCHED)
	/* or waits for something, */
	:: current != NONE && !gone -> state[current] = WAITING
	/* and that comes. */
	:: state[0] == WAITING -> state[0] = READY; woken = 0
	:: state[1] == WAITING -> state[1] = READY; woken = 1
	:: state[2] == WAITING -> state[2] = READY; woken = 2
#if TASKS > 3
	:: state[3] == WAITING -> state[3] = READY; woken = 3
#endif
	/* plan_tick() */
	:: armed ->
		plan_account();
		note_spent();
#ifdef WAKE_TIMES
		if
		:: wake_time -> wake_time = 0; due_wake = 1; reschedule = true
		:: true
		fi;
#endif
		if
		:: current == SCHED && !gone -> /* it overran its budget, or faulted by itself */
			faulting = true;
			state[SCHED] = QUEUED;
			reschedule = true
		:: true
		fi;
		timer_arm()
	/* The supervisor, on another core: the scheduler is stopped, and another instance started. */
	:: !gone && state[SCHED] != STOPPED -> stop_scheduler()
	:: !gone && state[SCHED] == STOPPED -> state[SCHED] = READY; woken = SCHED
#ifdef LEAVES
	/* A client leaves: plan_forget(); and comes again. */
	:: !gone && slot[LAST] != NONE && (state[LAST] == READY || state[LAST] == WAITING) ->
		state[LAST] = STOPPED;
		slot_remove(slot[LAST]);
		ready = ALL_SLOTS;
		owner = (owner == LAST -> NONE : owner);
		current = (current == LAST -> NONE : current);
		reschedule = true
	:: state[LAST] == STOPPED -> state[LAST] = READY; woken = LAST
#endif
	:: !gone && state[SCHED] == STOPPED && state[1] == READY && caller[1] == NONE && slot[1] != NONE &&
	   state[2] == READY && slot[2] != NONE -> gone = true
	fi
}

active proctype core()
{
	atomic {
		do
		:: i < TASKS -> root[i] = i; task[i] = i; slot[i] = i; budget[i] = i != SCHED; left[i] = budget[i]; i++
		:: else -> i = 0; break
		od;
		count = TASKS;
		ready = ALL_SLOTS;
		reschedule = true
	};
	do
	:: atomic {
			if
			:: current == NONE && reschedule /* at first */
			:: !reschedule -> happens()
			fi;
			if
			:: woken != NONE -> plan_wake(woken); woken = NONE
			:: else
			fi;
			if
			:: receiver != NONE -> endpoint_next(receiver); receiver = NONE
			:: else
			fi;
			if
			:: !straight -> plan_continue()
			:: straight -> straight = false
			fi;
			check();
			spent = spent && gone
		}
	od
}

ltl rotation { <> gone && [] <> spent -> ([] <> (current == 1) && [] <> (current == 2)) }
