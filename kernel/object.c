/*
 * The object table. See object.h for why it looks as it does. Changes happen
 * under the kernel lock; readers on other cores look only at a generation and at
 * what it covers, and the generation is bumped before anything else changes.
 */
#include <kernel/object.h>
#include <kernel/space.h>

#define GENERATION_MAX 0xffffu

struct object *object_table;
uint32_t object_count;
uint32_t object_free_count;
static uint32_t first_free;

void object_init(struct object *table, uint32_t count)
{
	object_table = table;
	object_count = count;
	/* Entry 0 has a generation that no capability has, so an empty slot never resolves. */
	table[0] = (struct object){ .generation = GENERATION_MAX };
	for (uint32_t i = 1; i < count; i++) {
		table[i] = (struct object){ .generation = 1, .next_free = (uint16_t)(i + 1 < count ? i + 1 : 0) };
	}
	first_free = count > 1 ? 1 : 0;
	object_free_count = count - 1;
}

struct object *object_allocate(enum object_type type)
{
	if (first_free == 0) {
		return NULL;
	}
	struct object *object = object_at(first_free);
	first_free = object->next_free;
	object_free_count--;
	uint16_t generation = object->generation;
	*object = (struct object){ .generation = generation, .type = (uint8_t)type };
	return object;
}

bool object_bump(struct object *object)
{
	if (object->generation != GENERATION_MAX) {
		__atomic_store_n(&object->generation, (uint16_t)(object->generation + 1u), __ATOMIC_RELEASE);
	}
	/* One past the last that a capability can have: nothing resolves here again. */
	return object->generation != GENERATION_MAX;
}

bool object_lasts(const struct object *object)
{
	return object->generation + 2u < GENERATION_MAX;
}

void object_release(struct object *object)
{
	/* No capability ever named a mapping, so none has to become stale. */
	if (object->type == OBJECT_MAPPING || object_bump(object)) {
		object->next_free = (uint16_t)first_free;
		first_free = object_index(object);
		object_free_count++;
	}
	object->type = OBJECT_NONE;
	object->body = NULL;
}

capability object_capability(const struct object *object, uint32_t rights, uint32_t badge)
{
	return capability_make(object_index(object), object->generation, rights, badge);
}

struct object *slot_resolve(const struct space *process, uint64_t slot, enum object_type type, uint32_t rights,
			    sk_status_t *status)
{
	return capability_resolve(slot_load(process, slot), type, rights, status);
}
