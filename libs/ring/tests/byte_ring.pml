/*
 * The byte ring between a writer that waits for room and the console: who signals whom, and when.
 *
 * Mirrors libs/ring/include/sk/byte_ring.h: sk_byte_ring_write(), sk_byte_ring_used(); the writer that waits:
 * libs/devices/src/pl011.c write_data(), servers/uart/main.c vm_exit_serve_mmio_write() and signalled(), and with more
 * than one byte at a time apps/monitor/screen.c put(); the reader: servers/console/mux.c forward_stream(),
 * signal_room() and something_waits(), servers/console/main.c drain(), batch() and main().
 *
 * Either side may be killed before each step that anybody else sees; the ring and the notifications outlive both. A
 * new writer goes on behind the last byte that counts (how the PL011 knows is its own matter), a new reader at the
 * read index. Stores of an index are seen by the other side some time later, in order, unless a fence or a
 * system call comes first: so a look at the other's index may be made before one's own store is seen. Data is
 * stored before its index and seen before it (release, acquire).
 *
 * Abstracted: a byte is its index. A notification's bits are one bit, taken by who waits. A timer that was set, and
 * room in the hardware that was asked for, are a signal that comes at once: later is no different from the reader being
 * slow; each turn finds room for a byte at least. The margin of 16 bytes of signal_room() is none here: harder.
 *
 * Shown: each byte is read with its value; nobody waits for ever: all bytes are written and read in the end.
 * Sizes: a ring of CAPACITY bytes, turns of TURN; BYTES bytes, BATCH at a time; KILLS kills.
 */
#ifndef CAPACITY
#define CAPACITY 2
#endif
#ifndef TURN
#define TURN 2
#endif
#ifndef BATCH
#define BATCH 2
#endif
#ifndef BYTES
#define BYTES 5
#endif
#ifndef KILLS
#define KILLS 2
#endif
#define ROUNDS 2

byte data[CAPACITY];
byte written, read;         /* as the other side sees them */
byte written_own, read_own; /* as who stores them does */
bool to_reader, to_writer;  /* the notifications' bits */
byte kills;
bool writer_done;

#define MAY_DIE if :: true :: kills < KILLS -> kills++; goto dead fi

#define FENCE_WRITER written = written_own
#define FENCE_READER read = read_own
#define SIGNAL_READER atomic { MAY_DIE; written = written_own; to_reader = true }
#define SIGNAL_WRITER atomic { MAY_DIE; read = read_own; to_writer = true }

/* What was stored is seen, sooner or later. */
active proctype memory()
{
end:
	do
	:: atomic { written != written_own -> written = written_own } /* one store a batch */
	:: atomic { read != read_own -> read++ }
	od
}

active proctype writer()
{
	byte count, before, i;

start:
	do
	:: written_own < BYTES ->
		/* sk_byte_ring_write() */
		atomic {
			MAY_DIE;
			before = written_own;
			count = CAPACITY - (written_own - read);
			if
			:: count > BYTES - written_own -> count = BYTES - written_own
			:: else
			fi;
			if
			:: count > BATCH -> count = BATCH
			:: else
			fi
		};
		if
		:: count != 0 ->
#ifdef BREAK_index_first
			atomic { MAY_DIE; written_own = written_own + count };
#endif
			do
			:: i < count -> atomic { MAY_DIE; data[(before + i) % CAPACITY] = before + i; i++ }
			:: else -> i = 0; break
			od;
#ifndef BREAK_index_first
			atomic { MAY_DIE; written_own = before + count };
#endif
#ifndef BREAK_no_writer_fence
			FENCE_WRITER;
#endif
			if
			:: read == before -> SIGNAL_READER
			:: read != before
			fi
		:: else ->
			/* Full: the reader is asked, and says when there is room. */
			SIGNAL_READER;
			if
			:: atomic { to_writer -> to_writer = false }
			:: atomic { kills < KILLS -> kills++; goto dead }
			fi
		fi
	:: else -> break
	od;
	writer_done = true;
	goto end;
dead:
	atomic { count = 0; before = 0; i = 0 };
#ifndef BREAK_quiet_writer
	SIGNAL_READER;
#endif
	goto start;
end:
	skip
}

/* forward_stream() and signal_room() */
inline forward_stream()
{
	atomic {
		MAY_DIE;
		before = read_own;
		count = written - read_own;
		if
		:: count > TURN -> count = TURN
		:: else
		fi
	};
	if
	:: count != 0 ->
		do
		:: count != 0 ->
			atomic {
				assert(data[read_own % CAPACITY] == read_own);
				MAY_DIE;
				read_own++;
				count--
			}
		:: count != 0 && read_own != before -> count = 0; break /* the hardware is full */
		:: else -> break
		od;
#ifndef BREAK_no_room_fence
		FENCE_READER;
#endif
		if
#ifdef BREAK_room_from_now
		:: written - read_own >= CAPACITY -> SIGNAL_WRITER
		:: written - read_own < CAPACITY
#else
		:: written - before >= CAPACITY -> SIGNAL_WRITER
		:: written - before < CAPACITY
#endif
		fi
	:: else
	fi
}

active proctype reader()
{
	byte count, before, rounds;
	bool batched;

start:
	do
	:: true ->
		/* drain() */
		do
		:: rounds < ROUNDS ->
			rounds++;
			forward_stream();
			if
#ifdef BREAK_no_recheck
			:: true -> break
#else
			:: read_own == written -> break
			:: read_own != written
#endif
			fi
		:: else -> to_reader = true; break /* the timer */
		od;
		atomic { rounds = 0; before = 0 };
end_idle:
		if
		:: atomic { to_reader -> to_reader = false; batched = false }
		:: atomic { to_reader && !batched -> batched = true; goto end_idle } /* the timer will come */
		:: atomic { kills < KILLS -> kills++; goto dead }
		fi
	od;
dead:
	atomic { count = 0; before = 0; rounds = 0; batched = false };
#ifndef BREAK_quiet_reader
	SIGNAL_WRITER;
#endif
	goto start
}

active proctype watcher()
{
	timeout -> assert(writer_done && read_own == BYTES)
}

ltl served { <> (writer_done && read_own == BYTES) }
