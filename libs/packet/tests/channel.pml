/*
 * A half of a packet channel: a writer that waits for room, a reader that sleeps, and both may die.
 *
 * Mirrors libs/packet/src/channel.c: packet_port_open(), packet_port_room(), packet_port_send(), packet_port_next(),
 * packet_port_done(), packet_port_wakes(), packet_port_sleep(), packet_port_awake(), packet_port_wait_room(); their
 * order is that of servers/net_driver/main.c serve(): packets, then whoever waits is woken, then sleep; the others do
 * the same. The protocol in words is in idl/net.idl.
 *
 * Either side may be killed before each step that the other one sees. A new instance goes on at the indices
 * that it finds, looks at everything and then signals its peer. Stores of an index are seen by the other side some
 * time later, in order, unless a fence or a system call comes first; the words that say who sleeps are seen
 * at once: what a missing fence behind them would do is the order of two of the breaks.
 *
 * Abstracted: a packet is as many slots as its description says, each holds its own number. The other half of the
 * channel is a copy of this one, and a signal too many. What a hostile side writes is left out: the host tests have it.
 *
 * Shown: a packet is seen whole or not at all; each packet that was sent is read, in order, and again only if the
 * reader died with it; nobody waits for ever.
 * Sizes: SLOTS slots, packets of 1 and 2; TOTAL slots sent in all; KILLS kills.
 */
#ifndef SLOTS
#define SLOTS 2
#endif
#ifndef TOTAL
#define TOTAL 4
#endif
#ifndef KILLS
#define KILLS 1
#endif

byte entries[SLOTS];        /* slots of the packet, in its first one's */
byte buffers[SLOTS];        /* the slot's number since the beginning */
byte written, read;         /* as the other side sees them */
byte written_own, read_own; /* as who stores them does */
bool reader_sleeps, writer_waits;
bool to_reader, to_writer;  /* the notifications' bits */
byte kills;
bool writer_done;

#define MAY_DIE if :: true :: kills < KILLS -> kills++; goto dead fi
#define SIGNAL_READER atomic { MAY_DIE; written = written_own; to_reader = true }
#define SIGNAL_WRITER atomic { MAY_DIE; read = read_own; to_writer = true }

active proctype memory()
{
end:
	do
	:: atomic { written != written_own -> written = written_own }
	:: atomic { read != read_own -> read = read_own }
	od
}

/* packet_port_wakes() of the writer */
inline wake_reader()
{
	if
	:: sent ->
#ifdef BREAK_no_fence_sent
		skip;
#else
		written = written_own;
#endif
		if
		:: reader_sleeps ->
#ifdef BREAK_signal_first
			SIGNAL_READER;
			atomic { MAY_DIE; reader_sleeps = false };
#else
			atomic { MAY_DIE; reader_sleeps = false };
			SIGNAL_READER;
#endif
		:: !reader_sleeps
		fi;
		sent = false
	:: else
	fi
}

active proctype writer()
{
	byte slots, i;
	bool sent, room;

start:
	do
	:: atomic { written_own < TOTAL -> if :: slots = 1 :: written_own + 2 <= TOTAL -> slots = 2 fi };
		do
		:: atomic { SLOTS - (written_own - read) >= slots -> break }
		:: SLOTS - (written_own - read) < slots ->
			/* packet_port_wait_room() */
			atomic { MAY_DIE; writer_waits = true };
#ifndef BREAK_no_fence_room /* what was seen before the word is */
			room = SLOTS - (written_own - read) >= slots;
#endif
			if
			:: room -> room = false; break
			:: else ->
				wake_reader();
				if
				:: atomic { to_writer -> to_writer = false }
				:: atomic { kills < KILLS -> kills++; goto dead }
				fi
			fi
		od;
#ifdef BREAK_index_first
		atomic { MAY_DIE; written_own = written_own + slots };
		atomic { MAY_DIE; entries[(written_own - slots) % SLOTS] = slots };
		atomic { MAY_DIE; buffers[(written_own - slots) % SLOTS] = written_own - slots };
		if
		:: slots == 2 -> atomic { MAY_DIE; buffers[(written_own - 1) % SLOTS] = written_own - 1 }
		:: else
		fi;
#else
		do
		:: i < slots -> atomic { MAY_DIE; buffers[(written_own + i) % SLOTS] = written_own + i; i++ }
		:: else -> i = 0; break
		od;
		atomic { MAY_DIE; entries[written_own % SLOTS] = slots };
		atomic { MAY_DIE; written_own = written_own + slots };
#endif
		sent = true;
		if
		:: wake_reader()
		:: written_own < TOTAL /* more at once */
		fi
	:: else -> break
	od;
	writer_done = true;
	goto end;
dead:
	atomic { slots = 0; i = 0; sent = false; room = false };
#ifndef BREAK_quiet_writer
	SIGNAL_READER;
#endif
	goto start;
end:
	skip
}

/* packet_port_wakes() of the reader */
inline wake_writer()
{
	if
	:: received ->
		read = read_own;
		if
		:: writer_waits ->
			atomic { MAY_DIE; writer_waits = false };
			SIGNAL_WRITER
		:: !writer_waits
		fi;
		received = false
	:: else
	fi
}

active proctype reader()
{
	byte slots;
	bool received, more, new;

start:
	do
	:: true ->
		atomic { MAY_DIE; reader_sleeps = false }; /* packet_port_awake() */
		do
		:: written != read_own ->
			/* packet_port_next(), and the packet is used */
			atomic {
				slots = entries[read_own % SLOTS];
				assert(slots >= 1 && slots <= written - read_own);
				assert(buffers[read_own % SLOTS] == read_own)
			};
			assert(slots < 2 || buffers[(read_own + 1) % SLOTS] == read_own + 1);
			/* packet_port_done() */
			atomic { MAY_DIE; read_own = read_own + slots; slots = 0; received = true };
			if
			:: wake_writer()
			:: true
			fi
		:: written == read_own ->
#ifndef BREAK_done_after_sleep
			wake_writer();
#endif
			/* packet_port_sleep() */
			atomic {
				MAY_DIE;
#ifdef BREAK_no_fence_sleep
				more = written != read_own; /* before the word is seen */
#endif
				skip
			};
			atomic { MAY_DIE; reader_sleeps = true };
#ifndef BREAK_no_fence_sleep
			more = written != read_own;
#endif
			if
			:: !more -> break
			:: else -> more = false
			fi
		od;
#ifndef BREAK_quiet_reader
		if
		:: new -> SIGNAL_WRITER; new = false
		:: else
		fi;
#endif
end_idle:
		if
		:: atomic { to_reader -> to_reader = false }
		:: atomic { kills < KILLS -> kills++; goto dead }
		fi
	od;
dead:
	atomic { slots = 0; received = false; more = false; new = true };
	goto start
}

active proctype watcher()
{
	timeout -> assert(writer_done && read_own == TOTAL)
}

ltl served { <> (writer_done && read_own == TOTAL) }
