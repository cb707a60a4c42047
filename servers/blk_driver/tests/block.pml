/*
 * A guest's disk requests on their way through two servers that may die: no request lost, none completed twice.
 *
 * Mirrors, store by store, the client: servers/virtio_blk/disk.c take(), serve(), tell(), finish(), disk_look(),
 * find_slot(), disk_open(), with libs/virtio/src/queue.c virtio_queue_taken(), virtio_queue_put(),
 * virtio_queue_arm(), virtio_queue_open(); and the driver: servers/blk_driver/client.c client_open(), client_waiting(),
 * client_take(), client_done(), client_wake(), servers/blk_driver/main.c serve_round(), fall_asleep(), serve(), main().
 * The protocol in words is in idl/block.idl.
 *
 * Either server may be killed before each store that anybody else sees, and while it waits. With the driver its
 * commands are gone from the hardware, done or not. What outlives them: the channel, the client's queue position, the
 * guest's rings.
 *
 * Abstracted: a request is its number, also its chain's index and head; checks of what a hostile peer writes, and of
 * damage (libs/blk), are left out (the host tests have them). The guest sees its used index at once: interrupts to it
 * are another matter; its own notifications follow the event index. Memory is in order: what a missing fence would do
 * is the order of two of the breaks.
 *
 * Shown: each request comes back once, after the hardware did it; the hardware does nothing for a request that came
 * back; all of them come back.
 * Sizes: SLOTS slots of the channel, REQUESTS requests, BUSY in flight before notifications stop; KILLS kills, of
 * either.
 */
#ifndef SLOTS
#define SLOTS 2
#endif
#ifndef REQUESTS
#define REQUESTS 2
#endif
#ifndef BUSY
#define BUSY 2
#endif
#ifndef KILLS
#define KILLS 1
#endif

/* The guest's rings. */
byte available, event, used, used_ring[REQUESTS];
/* The client's persistent state: the queue's position. */
byte taken, put;
/* The channel. */
typedef slot {
	byte request;
	bit result;             /* 0: pending */
	bit valid; byte index;  /* the token: of the chain */
	bit told; byte told_at; /* and where it was put, if it was */
	bit requested, served
}
slot slots[SLOTS];
bool client_sleeps, driver_sleeps;
/* Signals, the guest's notification, the hardware's interrupt. */
bool to_client, to_driver, notified, interrupt;

/* The hardware: commands submitted, and done. */
bit submitted[SLOTS], finished[SLOTS];
byte commands[SLOTS];

/* What should be. */
bool executed[REQUESTS], returned[REQUESTS];
byte kills;

#define CLIENT_MAY_DIE if :: true :: kills < KILLS -> kills++; goto dead fi
#define DRIVER_MAY_DIE if :: true :: kills < KILLS -> kills++; goto dead fi

/* It looks whether to notify at once: later would be a notification too many. */
active proctype guest()
{
	do
	:: atomic {
			available < REQUESTS -> available++;
			if
			:: event == available - 1 -> notified = true
			:: else
			fi
		}
	:: available == REQUESTS -> break
	od
}

/* The used index: what is before it is the guest's from then on. */
inline store_used()
{
	CLIENT_MAY_DIE;
	do
	:: used < put ->
		assert(!returned[used_ring[used]] && executed[used_ring[used]]);
		returned[used_ring[used]] = true;
		used++
	:: else -> break
	od
}

/* wake_driver() */
inline wake_driver()
{
	if
	:: driver_sleeps ->
		atomic { CLIENT_MAY_DIE; driver_sleeps = false };
		atomic { CLIENT_MAY_DIE; to_driver = true }
	:: !driver_sleeps
	fi
}

inline request_slot(s)
{
	CLIENT_MAY_DIE;
	slots[s].requested = !slots[s].requested;
	flying[s] = true; in_flight++; asks = true
}

/* token = 0; what is in the slot counts for nothing then, but for the result. */
inline free_slot(s)
{
	CLIENT_MAY_DIE;
	slots[s].valid = 0; slots[s].index = 0; slots[s].told = 0; slots[s].told_at = 0; slots[s].request = 0;
	free[s] = true
}

inline find_free()
{
	i = 0;
	do
	:: i < SLOTS && !free[i] -> i++
	:: else -> break
	od
}

inline store_token(number)
{
	CLIENT_MAY_DIE;
	slots[i].index = number; slots[i].valid = 1; free[i] = false
}

inline store_taken()
{
	CLIENT_MAY_DIE;
	taken++
}

/* take(): all but the last store is for this client's next instance alone. */
inline take()
{
	CLIENT_MAY_DIE;
	slots[i].request = taken;
#ifdef BREAK_token_before_pending
	store_token(taken);
	CLIENT_MAY_DIE;
	slots[i].result = 0;
#else
	slots[i].result = 0;
#ifndef BREAK_taken_before_token
	store_token(taken);
#endif
#endif
#ifdef BREAK_requested_before_taken
	request_slot(i);
	store_taken()
#else
	store_taken();
#ifdef BREAK_taken_before_token
	store_token(taken - 1);
#endif
	request_slot(i)
#endif
}

/* serve() of disk.c */
inline serve_queue()
{
	do
	:: atomic {
			find_free();
			if
			:: i < SLOTS && taken != available -> take()
			:: i < SLOTS && taken == available && in_flight < BUSY -> i = 0; break
			:: i == SLOTS || (taken == available && in_flight >= BUSY) -> i = 0; goto served
			fi;
			i = 0
		}
	od;
	/* virtio_queue_arm() */
	atomic { CLIENT_MAY_DIE; event = taken };
#ifndef BREAK_no_look_after_arm
	if
	:: available != taken -> goto serve
	:: available == taken
	fi;
#endif
served:
	if
	:: asks -> asks = false; wake_driver()
	:: else
	fi
}

/* The slot in flight that was served; SLOTS: none. */
inline find_served()
{
	i = 0;
	do
	:: i < SLOTS && (!flying[i] || slots[i].requested != slots[i].served) -> i++
	:: else -> break
	od
}

inline store_told()
{
	CLIENT_MAY_DIE;
	slots[i].told = 1; slots[i].told_at = put
}

/* finish(), tell(), virtio_queue_put(): nothing here is the driver's to see. */
inline finish()
{
	assert(slots[i].result == 1);
#ifndef BREAK_put_before_told
	store_told();
#endif
	CLIENT_MAY_DIE;
	assert(put == used);
	used_ring[put] = slots[i].index;
	CLIENT_MAY_DIE;
	put++;
#ifdef BREAK_put_before_told
	store_told();
#endif
	store_used();
	free_slot(i);
	flying[i] = false; in_flight--
}

/* disk_look(), but for serve() behind it */
inline look()
{
	do
	:: atomic {
			find_served();
			if
			:: i < SLOTS -> finish(); i = 0
#ifdef BREAK_no_look_before_sleep
			:: i == SLOTS -> i = 0; break
			fi
		}
	od;
	atomic { CLIENT_MAY_DIE; client_sleeps = true }
#else
			:: i == SLOTS && !asleep -> i = 0; CLIENT_MAY_DIE; client_sleeps = true; asleep = true
			:: i == SLOTS && asleep -> i = 0; asleep = false; break
			fi
		}
	od
#endif
}

/* What an earlier instance left in slot i. */
inline find_slot()
{
	if
	:: with_driver[i] -> flying[i] = true; in_flight++
	:: !with_driver[i] && !slots[i].valid -> free_slot(i)
	:: !with_driver[i] && slots[i].valid && slots[i].result == 0 && slots[i].index == taken ->
#ifdef BREAK_requests_again
		request_slot(i)
#else
		free_slot(i)
#endif
	:: !with_driver[i] && slots[i].valid && slots[i].result == 0 && slots[i].index != taken -> request_slot(i)
	:: !with_driver[i] && slots[i].valid && slots[i].result == 1 && slots[i].told && slots[i].told_at != put ->
		free_slot(i)
	:: !with_driver[i] && slots[i].valid && slots[i].result == 1 && (!slots[i].told || slots[i].told_at == put) ->
		CLIENT_MAY_DIE;
		slots[i].told = 0; slots[i].told_at = 0;
		flying[i] = true; in_flight++
	fi
}

active proctype client()
{
	byte i, in_flight;
	bool flying[SLOTS], free[SLOTS], with_driver[SLOTS];
	bool asks, asleep;

start:
	/* virtio_queue_open(); disk_open() */
	atomic {
		store_used();
		do
		:: i < SLOTS -> with_driver[i] = slots[i].requested != slots[i].served; i++
		:: else -> i = 0; break
		od
	};
	do
	:: atomic { i < SLOTS -> find_slot(); with_driver[i] = false; i++ }
	:: atomic { i == SLOTS -> i = 0; asks = false; break }
	od;
#ifdef BREAK_quiet_client
	goto looks;
#endif
	atomic { CLIENT_MAY_DIE; client_sleeps = false; to_driver = true };
looks:
	look();
serve:
	serve_queue();
	if
	:: atomic { to_client -> to_client = false; client_sleeps = false; goto looks }
	:: atomic { notified -> notified = false; goto serve }
	:: atomic { kills < KILLS -> kills++; goto dead }
	:: atomic { put == REQUESTS && kills == KILLS -> goto end }
	fi;
dead:
	atomic {
		i = 0;
		do
		:: i < SLOTS -> flying[i] = false; free[i] = false; with_driver[i] = false; i++
		:: else -> break
		od;
		i = 0; in_flight = 0; asks = false; asleep = false;
		goto start
	};
end:
	skip
}

/* The disk: it does what was submitted in any order. */
active proctype hardware()
{
	byte i;
end:
	do
	:: atomic {
			if
			:: submitted[0] && !finished[0] -> i = 0
			:: submitted[1] && !finished[1] -> i = 1
#if SLOTS > 2
			:: submitted[2] && !finished[2] -> i = 2
#endif
			fi;
			assert(!returned[commands[i]]);
			executed[commands[i]] = true;
			finished[i] = true; interrupt = true; commands[i] = 0; i = 0
		}
	od
}

/* client_done(): the client looks at the result of a slot that is its own. */
inline done(s)
{
#ifdef BREAK_served_before_result
	slots[s].served = !slots[s].served
#else
	DRIVER_MAY_DIE;
	slots[s].result = 1;
	DRIVER_MAY_DIE;
	slots[s].served = !slots[s].served
#endif
}

inline find_finished()
{
	i = 0;
	do
	:: i < SLOTS && !finished[i] -> i++
	:: else -> break
	od
}

/* client_waiting() */
inline find_waiting()
{
	i = 0;
	do
	:: i < SLOTS && (slots[i].requested == slots[i].served || busy[i]) -> i++
	:: else -> break
	od
}

/* take_results(), client_take(), client_wake(). */
inline serve_round()
{
	do
	:: atomic {
			find_finished();
			if
			:: i < SLOTS ->
				done(i);
				finished[i] = false; submitted[i] = false; busy[i] = false; told = true; any = true
#ifndef BREAK_served_before_result
				; i = 0
#endif
			:: else -> i = 0; break
			fi
		}
#ifdef BREAK_served_before_result
		;
		slots[i].result = 1
#endif
	od;
	do
	:: atomic {
			find_waiting();
			if
			:: i < SLOTS ->
				busy[i] = true; submitted[i] = true; commands[i] = slots[i].request; any = true; i = 0
			:: else -> i = 0; break
			fi
		}
	od;
	/* client_wake() */
	if
	:: told && client_sleeps ->
		atomic { DRIVER_MAY_DIE; client_sleeps = false };
		atomic { DRIVER_MAY_DIE; to_client = true; told = false }
	:: told && !client_sleeps -> told = false
	:: !told
	fi
}

active proctype driver()
{
	byte i;
	bool busy[SLOTS];
	bool told, any, new;

start:
	serve_round();
	if
	:: atomic { any -> any = false; goto start }
	:: !any
	fi;
	/* fall_asleep() */
	atomic { DRIVER_MAY_DIE; driver_sleeps = true };
#ifndef BREAK_driver_does_not_look
	atomic {
		find_waiting();
		if
		:: i == SLOTS -> find_finished()
		:: else
		fi;
		if
		:: i == SLOTS -> i = 0
		:: i < SLOTS -> i = 0; driver_sleeps = false; goto start
		fi
	};
#endif
#ifndef BREAK_quiet_driver
	if
	:: atomic { new -> DRIVER_MAY_DIE; to_client = true; client_sleeps = false; new = false }
	:: !new
	fi;
#endif
end_idle:
	if
	:: atomic { to_driver -> to_driver = false; driver_sleeps = false; goto start }
	:: atomic { interrupt -> interrupt = false; driver_sleeps = false; goto start }
	:: atomic { kills < KILLS -> kills++; goto dead }
	fi;
dead:
	/* The supervisor stops the hardware, and a new instance resets it. */
	atomic {
		i = 0;
		do
		:: i < SLOTS -> busy[i] = false; submitted[i] = false; finished[i] = false; commands[i] = 0; i++
		:: else -> break
		od;
		i = 0; told = false; any = false; interrupt = false; new = true;
		goto start
	}
}

active proctype watcher()
{
	timeout -> assert(put == REQUESTS && used == REQUESTS && available == REQUESTS)
}

ltl served { <> (used == REQUESTS) }
