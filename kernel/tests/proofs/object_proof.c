/*
 * The object table: entries are taken and given back without ever being two things at once, and a capability to what
 * was destroyed never names anything again.
 */
#include <kernel/object.c>
#include "table.h"

static bool resolves(capability cap)
{
	sk_status_t status = SK_OK;
	return object_resolve(cap, &status) != NULL;
}

/* A fresh table is sound, with every entry but the first free, and nothing resolves. */
void proof_init(void)
{
	uint32_t at = any_below(ENTRIES);
	uint32_t generation = any_below(GENERATION_MAX);
	object_init(entries, ENTRIES);
	proof_that(table_is_sound(), "the table is sound");
	proof_that(object_free_count == ENTRIES - 1u, "all are free");
	proof_that(at == 0 || is_free(at), "each of them");
	proof_that(at != 0 || !resolves(capability_make(at, generation, SK_RIGHTS_ALL, 0)), "no slot's word resolves to 0");
	proof_that(!resolves(CAPABILITY_NONE), "an empty slot doesn't resolve");
}

/* A word that may be in a slot is looked up within the table, and found if, and only if, its object lives. */
void proof_resolve(void)
{
	table_make();
	capability cap = any_capability();
	enum object_type type = (enum object_type)any_below(OBJECT_MAPPING + 1u);
	uint32_t rights = nondet_u32();
	uint32_t index = capability_index(cap);
	sk_status_t status = SK_OK;
	const struct object *object = capability_resolve(cap, type, rights, &status);
	bool current = cap != CAPABILITY_NONE && entries[index].generation == capability_generation(cap);
	bool right = (capability_rights(cap) & rights) == rights;
	if (object != NULL) {
		proof_that(object == &entries[index] && current && !is_free(index), "it is the entry, which lives");
		proof_that(object->type == type && right, "of the type, with the rights");
	} else {
		sk_status_t expected = cap == CAPABILITY_NONE ? SK_BAD_CAP : !current ? SK_STALE :
				       entries[index].type != type ? SK_BAD_TYPE : SK_NO_RIGHT;
		proof_that(status == expected, "the status says why not");
		proof_that(!current || entries[index].type != type || !right, "there is a reason");
	}
	proof_witness(object != NULL, "a capability that resolves");
	proof_witness(object == NULL && status == SK_NO_RIGHT, "one without the right");
	proof_witness(object == NULL && status == SK_STALE, "a stale one");
}

/* An entry is taken from the free list, with nothing of what it was; capabilities mean what they meant. */
void proof_allocate(void)
{
	table_make();
	capability cap = any_capability();
	bool before = resolves(cap);
	uint32_t at = any_below(ENTRIES);
	struct object old = entries[at];
	uint32_t free = object_free_count;
	enum object_type type = (enum object_type)(1u + any_below(OBJECT_MAPPING));
	struct object *object = object_allocate(type);
	proof_that((object == NULL) == (free == 0), "there is one if any is free");
	proof_that(table_is_sound(), "the table is sound");
	proof_that(resolves(cap) == before, "capabilities are stale or not as before");
	proof_that(object == &entries[at] || object_same(&entries[at], &old), "no other entry changes");
	if (object != NULL) {
		proof_that(object != entries && object < entries + ENTRIES, "it is one of the table's");
		proof_that(!is_free(object_index(object)), "it is not free any more");
		proof_that(object->type == type && object->base == 0 && object->bytes == 0 && object->words[0] == 0 &&
			   object->words[4] == 0, "it says nothing of what it was");
		proof_that(object_free_count == free - 1u, "one less is free");
		proof_that(capability_index(cap) != object_index(object) || !resolves(cap), "no old capability names it");
	}
	proof_witness(object != NULL && first_free != 0, "one is taken, another is left");
	proof_witness(object == NULL, "none is free");
}

/* Given back, an object is gone for every capability to it, for good; others don't notice. */
void proof_release(void)
{
	table_make();
	capability cap = any_capability();
	bool before = resolves(cap);
	uint32_t at = any_below(ENTRIES);
	struct object old = entries[at];
	uint32_t index = 1u + any_below(ENTRIES - 1u);
	proof_assume(entries[index].type != OBJECT_NONE && !is_free(index));
	bool mapping = entries[index].type == OBJECT_MAPPING;
	uint32_t generation = entries[index].generation;
	proof_assume(!mapping || generation != GENERATION_MAX);
	object_release(&entries[index]);
	proof_that(table_is_sound(), "the table is sound");
	proof_that(capability_index(cap) != index || mapping || !resolves(cap), "no capability names it any more");
	proof_that(capability_index(cap) == index || resolves(cap) == before, "others mean what they meant");
	proof_that(before || !resolves(cap), "what was stale stays stale");
	proof_that(capability_exists(cap), "the word stays one that may be in a slot");
	proof_that(at == index || object_same(&entries[at], &old), "no other entry changes");
	proof_that(is_free(index) == (entries[index].generation != GENERATION_MAX),
		   "it is free again, or retired for good");
	proof_witness(is_free(index), "it can be used again");
	proof_witness(!is_free(index) && generation == GENERATION_MAX - 1u, "its generations are used up");
	proof_witness(before && !resolves(cap), "a capability goes stale");
}

/* Whoever is told that an entry lasts can make an object of it and memory again. */
void proof_lasts(void)
{
	table_make();
	uint32_t index = 1u + any_below(ENTRIES - 1u);
	capability cap = any_capability();
	proof_assume(capability_index(cap) == index && object_lasts(&entries[index]));
	proof_that(object_bump(&entries[index]), "it becomes an object");
	proof_that(!resolves(cap), "the memory's capabilities are stale");
	capability made = object_capability(&entries[index], SK_RIGHTS_ALL, 0);
	proof_that(resolves(made), "its own capability resolves");
	proof_that(object_bump(&entries[index]), "it becomes memory again");
	proof_that(!resolves(made) && !resolves(cap), "and the object's are stale, too");
	proof_that(resolves(object_capability(&entries[index], SK_RIGHTS_ALL, 0)), "the memory's new one resolves");
	proof_witness(true, "there is such an entry");
}
