/* What the model knows: see model.h. What calls do is in model_calls.c. */
#include "model.h"

#include <string.h>

#include <sk/idl/kernel.h>

struct model model;

void model_reset(void)
{
	memset(&model, 0, sizeof(model));
	model.count = 1;
}

struct model_object *model_add(uint32_t slot, uint32_t type, uint64_t base, uint64_t bytes)
{
	struct model_object *object = &model.objects[model.count];

	*object = (struct model_object){ .type = type, .era = 1, .base = base, .bytes = bytes };
	*model_slot(slot) = (struct model_cap){ model.count, 1, SK_RIGHTS_ALL, 0 };
	model.count++;
	return object;
}

struct model_object *model_named(const struct model_cap *cap)
{
	struct model_object *object = &model.objects[cap->object];

	return cap->object != 0 && object->type != SK_OBJECT_TYPE_NONE && object->era == cap->era ? object : NULL;
}

bool model_donated(const struct model_cap *cap)
{
	const struct model_object *object = &model.objects[cap->object];

	return object->type == SK_OBJECT_TYPE_NONE && object->owner != 0 && object->era == cap->era;
}

bool model_taken(const struct model_cap *cap)
{
	return model_named(cap) != NULL || model_donated(cap);
}

struct model_cap *model_slot(uint64_t slot)
{
	return slot - MODEL_FIRST_SLOT < MODEL_SLOTS ? &model.slots[slot - MODEL_FIRST_SLOT] : NULL;
}

uint32_t model_index(const struct model_object *object)
{
	return (uint32_t)(object - model.objects);
}

const struct model_mapping *model_mapped(uint32_t space, uint64_t address, uint64_t bytes)
{
	for (uint32_t i = 0; i < MODEL_MAPPINGS; i++) {
		const struct model_mapping *mapping = &model.mappings[i];

		if (mapping->space == space && address < mapping->address + mapping->bytes &&
		    mapping->address < address + bytes) {
			return mapping;
		}
	}
	return NULL;
}

uint32_t model_mappings_of(uint32_t memory)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < MODEL_MAPPINGS; i++) {
		count += model.mappings[i].space != 0 && model.mappings[i].memory == memory ? 1u : 0u;
	}
	return count;
}

uint32_t model_used(void)
{
	uint32_t count = 0;

	for (uint32_t i = 1; i < model.count; i++) {
		count += model.objects[i].type != SK_OBJECT_TYPE_NONE || model.objects[i].owner != 0 ? 1u : 0u;
		count += model_mappings_of(i);
	}
	return count;
}

uint32_t model_receivers(uint32_t endpoint)
{
	uint32_t count = 0;

	for (uint32_t i = 1; i < model.count; i++) {
		count += model.objects[i].type == SK_OBJECT_TYPE_THREAD && model.objects[i].endpoint == endpoint ? 1u : 0u;
	}
	return count;
}

uint32_t model_endpoint_state(uint32_t endpoint)
{
	uint32_t state = ENDPOINT_STATE_UNSERVED;

	for (uint32_t i = 1; i < model.count; i++) {
		const struct model_object *thread = &model.objects[i];

		if (thread->type == SK_OBJECT_TYPE_THREAD && thread->endpoint == endpoint) {
			if (thread->state != THREAD_STATE_STOPPED) {
				return ENDPOINT_STATE_SERVED;
			}
			state = ENDPOINT_STATE_STOPPED;
		}
	}
	return state;
}
