/*
 * Persistent structs: commits and single-word fields, with the server killed between any two stores.
 *
 * Mirrors idl/idlc/support/idl_support.h, store by store: sk_persistent_open(), sk_persistent_check(),
 * sk_persistent_commit() and sk_persistent_fields(). A store is one step; before each the server may be killed, and
 * an instance of the same or, once, of another schema opens the region again. While it is dead one word of one copy may
 * be damaged, once, when both copies are good.
 *
 * Abstracted: a commit's body is its number in each word. The checksum is the list of what went into it, and a
 * difference in one item is always seen (idl_support.h says why); in two or more it may be missed, which is less than
 * the real one promises: what a kill leaves is told by the order of stores alone. The stores of one
 * process are in program order, so there is no weaker memory here; the region's size is checked once and left out.
 *
 * Shown: what is opened is the last commit that returned, or the one that a kill interrupted, whole; nothing ever
 * committed is lost, also after damage to one copy and a kill after that; no state of another schema is taken for
 * one's own; fields are what was stored last, or all zero under another schema.
 * Sizes: 3 words a body, 2 fields; COMMITS commits in all, KILLS kills.
 */
#ifndef COMMITS
#define COMMITS 3
#endif
#ifndef KILLS
#define KILLS 3
#endif
#define WORDS 3
#define FIELDS 2

/* Another instance goes on at `dead`. */
#define MAY_DIE if :: true :: kills < KILLS -> kills++; goto dead fi
#define STORE(word, value) MAY_DIE; word = value

typedef copy {
	bit magic; byte schema; byte sequence; byte body[WORDS];
	byte sum_schema; byte sum_sequence; byte sum_body[WORDS]; /* what the checksum was made of; schema 0: none */
}
copy copies[2];
bit fields_magic; byte fields_schema; byte fields[FIELDS];

/* What should be. */
byte committed;         /* number of the last commit that counts; 0: none */
byte trying;            /* the one that is being made; 0: none */
byte other;             /* what may be found too, after damage; 0: nothing else */
byte expected[FIELDS];
byte numbers;           /* commits begun */
byte kills;
bool damaged, upgraded;
byte schema = 1;

byte found;             /* what open gave; 0: cold */
bool matches;

inline count_difference(a, b) { if :: a != b -> differences++ :: else fi }

/* Does the checksum of copy i fit? */
inline sum_check(i)
{
	byte differences = 0;
	count_difference(copies[i].schema, copies[i].sum_schema);
	count_difference(copies[i].sequence, copies[i].sum_sequence);
	count_difference(copies[i].body[0], copies[i].sum_body[0]);
	count_difference(copies[i].body[1], copies[i].sum_body[1]);
	count_difference(copies[i].body[2], copies[i].sum_body[2]);
	if
	:: differences == 0 -> matches = true
	:: differences != 0 -> matches = false
	:: differences > 1 -> matches = true
	fi
}

/* sk_persistent_check(): `matches` says whether the copy is good. */
inline check(i)
{
	if
	:: copies[i].magic && copies[i].schema == schema && copies[i].sequence != 0 -> sum_check(i)
	:: else -> matches = false
	fi
}

/* The last store of a commit: from now on it counts. */
inline store_sum(i, value)
{
	d_step {
		copies[i].sum_schema = copies[i].schema;
		copies[i].sum_sequence = value;
		copies[i].sum_body[0] = copies[i].body[0];
		copies[i].sum_body[1] = copies[i].body[1];
		copies[i].sum_body[2] = copies[i].body[2]
	}
}

/* While nobody runs: one word of a copy that is good, as the other one is. */
inline damage(i)
{
	check(0);
	if
	:: matches -> check(1)
	:: else
	fi;
	if
	:: matches ->
		damaged = true;
		other = copies[1 - i].body[0];
		if
		:: copies[i].magic = 0
		:: copies[i].sequence = 7
		:: copies[i].body[0] = 9
		:: copies[i].body[2] = 9
		:: copies[i].sum_body[1] = 9
		fi
	:: else
	fi
}

active proctype server()
{
	byte newest, older, sequence, i;

start:
	/* sk_persistent_open() */
	atomic { found = 0; newest = 2; i = 0 }
	do
	:: i < 2 ->
		atomic {
			check(i);
			if
			:: matches ->
				if
				:: newest == 2 || copies[i].sequence > copies[newest].sequence -> newest = i
				:: else
				fi
			:: else ->
#ifndef BREAK_unmarked
				STORE(copies[i].sequence, 0)
#endif
				skip
			fi;
			i++
		}
	:: else -> break
	od;
	atomic {
		if
		:: newest != 2 ->
			found = copies[newest].body[0];
			assert(copies[newest].body[1] == found && copies[newest].body[2] == found);
			assert(found == committed || (found == trying && trying != 0) || (found == other && other != 0))
		:: else ->
			assert(committed == 0)
		fi;
		committed = found;
		trying = 0;
		other = 0;
		newest = 0
	}

	/* sk_persistent_fields() */
	if
	:: fields_magic && fields_schema == schema
	:: else ->
#ifdef BREAK_fields_schema_first
		STORE(fields_schema, schema);
#else
		STORE(fields_magic, 0);
#endif
		STORE(fields[0], 0);
		STORE(fields[1], 0);
		STORE(fields_schema, schema);
		STORE(fields_magic, 1);
		atomic { expected[0] = 0; expected[1] = 0 }
	fi;
	assert(fields[0] == expected[0] && fields[1] == expected[1]);

	do
	:: atomic { numbers < COMMITS -> numbers++; trying = numbers };
		/* sk_persistent_commit() */
		atomic {
			older = (copies[0].sequence <= copies[1].sequence -> 0 : 1);
#ifdef BREAK_newest
			older = 1 - older;
#endif
			sequence = copies[1 - older].sequence + 1
		}
#ifdef BREAK_sequence_first
		STORE(copies[older].sequence, sequence);
#else
#ifndef BREAK_valid_meanwhile
		STORE(copies[older].sequence, 0);
#endif
#endif
		STORE(copies[older].body[0], trying);
		STORE(copies[older].body[1], trying);
		STORE(copies[older].body[2], trying);
		STORE(copies[older].schema, schema);
		STORE(copies[older].magic, 1);
		MAY_DIE;
		store_sum(older, sequence);
		atomic {
			STORE(copies[older].sequence, sequence);
			committed = trying; trying = 0; older = 0; sequence = 0
		}
	:: atomic {
			MAY_DIE;
			if
			:: fields[0] = 1; expected[0] = 1
			:: fields[1] = 1; expected[1] = 1
			fi
		}
	:: kills == KILLS -> goto end
	:: kills < KILLS -> atomic { kills++; goto dead }
	od;

dead:
	atomic {
		newest = 0; older = 0; sequence = 0; i = 0; found = 0;
		if
		:: true
		:: !damaged && trying == 0 -> damage(0)
		:: !damaged && trying == 0 -> damage(1)
		:: !upgraded -> upgraded = true; schema = 2; committed = 0; trying = 0; other = 0
		fi;
		matches = false
	};
	goto start;
end:
	skip
}
