/*
 * One line into a VM of two vCPUs on two cores, while a third core raises it and the VMM there configures it anew.
 *
 * Mirrors kernel/virq.c: look_at(), owner_of(), wants_register(), state_change(), raise(), latch(), virq_pend(),
 * virq_set_level(), state_spilled(), place(), virq_spill(), concerns(), drop(), choose(), put(), virq_flush(),
 * virq_pending(), virq_arrived(), settle(), virq_update(); kernel/vcpu.c act() where it blocks, vcpu_prepare();
 * what the guest does to a list register: Arm IHI 0069, 4.
 *
 * The grain: each access to the line's two words in the table and to a set of waiting lines is a step; a compare and
 * exchange is one, and its loop is the step that succeeds. A vCPU's own core does the rest between two of those.
 *
 * Abstracted: one line and one list register for each vCPU, so priorities and the notice when list registers run
 * empty are left out. Word for a vCPU is a bit that its core finds (notify.pml and lock.pml have the way there). The
 * hardware's own line behind the guest's timer is left out. Atomics are acquire and release; memory is in order here.
 *
 * Shown: the line is in one list register at most; it never becomes active out of nothing; each edge, and each level
 * that stays, is taken in the end by the vCPU that the line is for; nobody sleeps while one waits; an edge is
 * taken once.
 * Sizes: EVENTS edges, or times up and down of a level (LEVEL); CHANGES of the configuration;
 * PREEMPTIONS of a vCPU.
 */
#ifndef EVENTS
#define EVENTS 1
#endif
#ifndef CHANGES
#define CHANGES 1
#endif
#ifndef LEVEL
#define LEVEL 0
#endif
#ifndef PREEMPTIONS
#define PREEMPTIONS 0
#endif

/* `state` of the line; the holder, plus 1, is above. */
#define PENDING 1
#define ACTIVE 2
#define ASSERTED 4
#define LISTED 8
#define LISTED_PENDING 16
#define LISTED_ACTIVE 32
#define HOLDER 192
#define HELD_BY(v) ((v + 1) << 6)
#define NOBODY 3

byte line;
/* `config` */
bool permitted = true;   /* SK_LINE_ENABLED */
byte target;

bool waiting[2];        /* the vCPU's set has the line */
bool word[2];           /* REMOTE_VIRQ */
bool work[2];           /* VCPU_WORK_LINES */
bool asleep[2];         /* BLOCKED */
byte list[2];           /* the list register: PENDING, ACTIVE; and */
bool used[2];           /* it is in use */
bool notice[2];

/* What should be. */
byte sent, taken;       /* edges */
bool unseen;            /* one that nobody has taken since */
byte ups;
byte preemptions;

#define WANTS(s) ((s & (ACTIVE | PENDING)) || (LEVEL && (s & ASSERTED)))
#define OWNER(s, t) (((s & (LISTED | ACTIVE)) && (s & HOLDER)) -> ((s >> 6) - 1) : t)

/* waiting_set() and notify(), of whom the line belongs to as it was seen */
inline raise(s, t)
{
	owner = OWNER(s, t);
	waiting[owner] = true;
	if
#ifdef BREAK_looks_once
	:: on -> word[owner] = true
	:: !on
#else
	:: permitted -> word[owner] = true
	:: !permitted
#endif
	fi;
	atomic { owner = 0; on = false }
}

#if !LEVEL
inline latch()
{
	/* Nothing is stored that is there already, as it was seen. */
	if
	:: (seen & PENDING) && !(seen & LISTED_PENDING)
	:: else ->
		atomic { line = (line & ~LISTED_PENDING) | PENDING; seen = line }
	fi;
	raise(seen, to);
	atomic { seen = 0; to = 0 }
}
#endif

/* The device: edges, or a level that its server raises, and lowers when it likes. */
active proctype device()
{
	byte seen, to, owner;
	bool on;

	do
#if LEVEL
	:: ups < EVENTS && !(line & ASSERTED) ->
		atomic { ups++; to = target; on = permitted };
		atomic { line = line | ASSERTED; seen = line };
		raise(seen, to);
		atomic { seen = 0; to = 0 }
	:: (line & ASSERTED) ->
		atomic { to = target; on = permitted };
		atomic { line = line & ~ASSERTED; seen = line };
		if
		:: seen & LISTED -> raise(seen, to)
		:: !(seen & LISTED)
		fi;
		atomic { seen = 0; to = 0; on = false }
#else
	:: sent < EVENTS ->
		atomic { sent++; unseen = true; seen = line; to = target; on = permitted };
		latch()
#endif
	:: else -> break
	od
}

/* virq_update() with change `none`, after the VMM has stored another configuration */
active proctype vmm()
{
	byte changes, seen, owner, next;

	do
	:: changes < CHANGES ->
		atomic {
			changes++;
			if
			:: target = 1 - target
			:: permitted = false
			fi
		};
		do
		:: atomic { seen = line; owner = OWNER(seen, target) };
			atomic { waiting[owner] = true; word[owner] = true };
			atomic { seen = line; next = OWNER(seen, target) };
			if
			:: next != owner -> atomic { waiting[next] = true; word[next] = true }
			:: next == owner
			fi;
			atomic {
				seen = 0; owner = 0; next = 0;
				if
				:: permitted -> break
				:: !permitted -> permitted = true /* and again */
				fi
			}
		od
	:: else -> break
	od
}

inline place()
{
	atomic {
		if
		:: WANTS(seen) -> owner = OWNER(seen, target)
		:: !WANTS(seen) -> owner = NOBODY
		fi;
		seen = 0
	};
	atomic {
		if
		:: owner != NOBODY ->
			waiting[owner] = true;
			if
			:: owner != v -> word[owner] = true
			:: owner == v
			fi
		:: owner == NOBODY
		fi;
		owner = 0
	}
}

/* virq_spill() */
inline spill()
{
	if
	:: used[v] ->
		atomic {
			used[v] = false;
			/* state_spilled() */
			if
			:: (line & LISTED_PENDING) && !(list[v] & PENDING) -> line = line & ~PENDING
			:: else
			fi;
			if
			:: (line & LISTED_ACTIVE) && (list[v] & ACTIVE) -> line = line | ACTIVE
			:: (line & LISTED_ACTIVE) && !(list[v] & ACTIVE) -> line = line & ~ACTIVE
			:: else
			fi;
			line = line & ~(LISTED | LISTED_PENDING);
			if
			:: !(line & ACTIVE) -> line = line & ~(LISTED_ACTIVE | HOLDER)
			:: else
			fi;
			list[v] = 0;
			notice[v] = false;
			seen = line
		};
		place()
	:: !used[v]
	fi
}

/* choose(): is it one for a list register? What does not belong here is dropped. */
inline choose()
{
	atomic {
		chosen = false;
		seen = line;
		if
		:: !waiting[v]
		:: waiting[v] && WANTS(seen) && OWNER(seen, target) == v ->
			to = target;
			on = permitted;
			chosen = on || (seen & ACTIVE)
		:: waiting[v] && !(WANTS(seen) && OWNER(seen, target) == v) -> goes = true
		fi
	};
	if
	:: goes ->
		atomic { waiting[v] = false; goes = false };
#ifndef BREAK_drops_without_look
		seen = line;
		place()
#endif
	:: !goes
	fi
}

/* put() */
inline put()
{
#ifndef BREAK_clears_late
	waiting[v] = false;
#endif
	atomic {
		seen = line;
		if
		:: WANTS(seen) && OWNER(seen, to) == v ->
			assert(!used[0] && !used[1]);
			used[v] = true;
			list[v] = PENDING;
			if
			:: (seen & ACTIVE) && to == v && on && (seen & PENDING) -> list[v] = PENDING | ACTIVE
			:: (seen & ACTIVE) && !(to == v && on && (seen & PENDING)) -> list[v] = ACTIVE
			:: else
			fi;
			line = (line & ~(HOLDER | LISTED_PENDING)) | LISTED | LISTED_ACTIVE | HELD_BY(v);
			if
			:: list[v] & PENDING -> line = line | LISTED_PENDING
			:: else
			fi;
			notice[v] = LEVEL || to != v
		:: else
		fi
	};
#ifdef BREAK_clears_late
	waiting[v] = false;
#endif
	seen = 0
}

inline flush()
{
	work[v] = false;
	spill();
	choose();
	if
	:: chosen -> put()
	:: !chosen
	fi;
	atomic { chosen = false; to = 0; seen = 0; on = false }
}

/* virq_pending(): in `chosen`; what is active wakes nobody. */
inline pending()
{
	work[v] = true;
	spill();
	choose();
	atomic { chosen = chosen && !(seen & ACTIVE); to = 0; seen = 0; on = false }
}

proctype vcpu(byte v)
{
	byte seen, owner, to;
	bool chosen, on, goes;

end:
	do
	/* virq_arrived() */
	:: atomic { word[v] -> word[v] = false; work[v] = true };
		if
		:: asleep[v] ->
			pending();
			atomic {
				if
				:: chosen -> asleep[v] = false; chosen = false
				:: else
				fi
			}
		:: !asleep[v]
		fi
	:: !asleep[v] && work[v] -> flush()
	/* The guest takes the interrupt, */
	:: atomic { !asleep[v] && !work[v] && list[v] == PENDING ->
			list[v] = ACTIVE;
			unseen = false;
			taken++;
			assert(LEVEL || taken <= sent)
		}
	/* and ends it; */
	:: atomic { !asleep[v] && !work[v] && (list[v] & ACTIVE) ->
			list[v] = list[v] & ~ACTIVE;
			if
			:: list[v] == 0 && notice[v] -> work[v] = true
			:: else
			fi
		}
	/* it halts; */
	:: !asleep[v] && !work[v] && list[v] == 0 ->
		pending();
		atomic {
			if
			:: !chosen -> asleep[v] = true
			:: else -> chosen = false
			fi
		}
	/* another vCPU takes the core for a while. */
#if PREEMPTIONS
	:: !asleep[v] && !work[v] && used[v] && preemptions < PREEMPTIONS -> preemptions++; spill(); work[v] = true
#endif
	od
}

init {
	atomic { run vcpu(0); run vcpu(1) };
	timeout ->
	assert(!(line & (PENDING | ACTIVE | LISTED)) && !unseen && !(LEVEL && (line & ASSERTED)))
}
