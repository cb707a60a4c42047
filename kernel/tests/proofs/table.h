/*
 * An object table in any state that the kernel can bring it into: free entries in a list, in any order, the rest in
 * use or retired. Behind #include <kernel/object.c>: the list's head is that file's own.
 */
#ifndef PROOF_TABLE_H
#define PROOF_TABLE_H

#include "proof.h"

/*
 * Entries, the invalid first one among them. Operations on the table touch the entries that they are given and the
 * free list's first two; with so many there is room for those and for others that stay as they are.
 */
#ifndef ENTRIES
#define ENTRIES 5u
#endif

static struct object entries[ENTRIES];

/* Is the entry on the free list, which has no circle and so at most ENTRIES of them? */
static bool is_free(uint32_t index)
{
	uint32_t at = first_free;
	for (uint32_t i = 0; i < ENTRIES && at != 0; i++) {
		if (at == index) {
			return true;
		}
		at = entries[at].next_free;
	}
	return false;
}

/* The table's invariant. */
static bool table_is_sound(void)
{
	uint32_t at = first_free;
	uint32_t free = 0;
	for (uint32_t i = 0; i < ENTRIES && at != 0; i++) {
		if (at >= ENTRIES || entries[at].type != OBJECT_NONE || entries[at].generation == GENERATION_MAX) {
			return false;
		}
		free++;
		at = entries[at].next_free;
	}
	/* Generations begin at 1: nothing resolves with the one of an empty slot. */
	bool numbered = true;
	for (uint32_t i = 1; i < ENTRIES; i++) {
		numbered = numbered && entries[i].generation != 0;
	}
	return numbered && at == 0 && free == object_free_count && entries[0].generation == GENERATION_MAX &&
	       entries[0].type == OBJECT_NONE && object_table == entries && object_count == ENTRIES;
}

/* Any sound table. */
static void table_make(void)
{
	object_table = entries;
	object_count = ENTRIES;
	for (uint32_t i = 0; i < ENTRIES; i++) {
		entries[i].generation = nondet_u16();
		entries[i].type = nondet_u8();
		entries[i].next_free = nondet_u16();
		entries[i].base = nondet_u64();
		entries[i].bytes = nondet_u64();
		for (uint32_t j = 0; j < 5; j++) {
			entries[i].words[j] = nondet_u64();
		}
		proof_assume(entries[i].type <= OBJECT_MAPPING);
	}
	first_free = nondet_u32();
	object_free_count = nondet_u32();
	proof_assume(table_is_sound());
}

/* Any table without a free entry, for operations that neither take one nor give one back. */
static void table_make_full(void)
{
	object_table = entries;
	object_count = ENTRIES;
	entries[0].generation = GENERATION_MAX;
	for (uint32_t i = 1; i < ENTRIES; i++) {
		entries[i].generation = nondet_u16();
		entries[i].type = nondet_u8();
		proof_assume(entries[i].generation != 0 && entries[i].type <= OBJECT_MAPPING);
	}
}

/*
 * Can such a word be in a slot? Capabilities are made of live entries as they are at that time, and generations only
 * rise. None is ever made of a mapping, nor of a free entry; an entry with the capability's generation is not on the
 * free list.
 */
static bool capability_exists(capability cap)
{
	uint32_t index = capability_index(cap);
	uint32_t generation = capability_generation(cap);
	if (cap == CAPABILITY_NONE) {
		return true;
	}
	if (index == 0 || index >= ENTRIES || generation == 0 || generation == GENERATION_MAX ||
	    generation > entries[index].generation || (capability_rights(cap) & ~SK_RIGHTS_ALL) != 0) {
		return false;
	}
	return generation != entries[index].generation ||
	       (entries[index].type != OBJECT_MAPPING && !is_free(index));
}

static capability any_capability(void)
{
	capability cap = nondet_u64();
	proof_assume(capability_exists(cap));
	return cap;
}

static bool object_same(const struct object *a, const struct object *b)
{
	return a->generation == b->generation && a->type == b->type && a->base == b->base && a->bytes == b->bytes &&
	       a->words[0] == b->words[0] && a->words[1] == b->words[1] && a->words[2] == b->words[2] &&
	       a->words[3] == b->words[3] && a->words[4] == b->words[4];
}

#endif
