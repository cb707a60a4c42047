/*
 * The kernel's memory at one moment, to see that a refused call has changed
 * nothing. Left out is what any entry changes: counters, times, the registers of
 * the supervisor, which made the call, and which context is loaded.
 */
#include "world.h"
#include <stdlib.h>
#include <string.h>

struct part {
	const char *name;
	uint32_t index;
	size_t bytes;
	const void *place;
	struct part *next;
	_Alignas(16) uint8_t copy[];
};

struct snapshot {
	struct part *parts;
};

static void mask_core(struct core *core)
{
	core->loaded = NULL;
	core->slot_started = 0;
	core->deadline = 0;
	core->reschedule = false;
	core->ready = 0; /* may say yes too often */
	core->sync_function = NULL;
	core->sync_argument = NULL;
	memset(core->counters, 0, sizeof core->counters);
	memset(&core->arch, 0, sizeof core->arch);
	for (uint32_t i = 0; i < SK_PLAN_SLOTS; i++) {
		core->plan.slots[i].used_ticks = 0;
		core->plan.slots[i].left_ticks = 0;
	}
}

static void mask_thread(struct thread *thread, const struct thread *place)
{
	thread->context.time_ticks = 0;
	thread->context.planned = 0; /* counts tries */
	thread->registers.pc = 0; /* in the hardware at times */
	if (place == world.supervisor) {
		memset(&thread->registers, 0, sizeof thread->registers);
		thread->progress = 0;
	}
}

static void mask(struct part *part, uint8_t *copy)
{
	if (strcmp(part->name, "core") == 0) {
		mask_core((struct core *)(void *)copy);
	} else if (strcmp(part->name, "thread") == 0) {
		mask_thread((struct thread *)(void *)copy, part->place);
	} else if (strcmp(part->name, "vcpu") == 0) {
		((struct vcpu *)(void *)copy)->context.planned = 0;
	}
}

static void add(struct snapshot *snapshot, const char *name, uint32_t index, const void *place, size_t bytes)
{
	struct part *part = malloc(sizeof *part + bytes);
	assert_non_null(part);
	*part = (struct part){ .name = name, .index = index, .bytes = bytes, .place = place, .next = snapshot->parts };
	memcpy(part->copy, place, bytes);
	mask(part, part->copy);
	snapshot->parts = part;
}

static void add_object(struct snapshot *snapshot, uint32_t index)
{
	const struct object *object = object_at(index);
	switch (object->type) {
	case OBJECT_SPACE:
		add(snapshot, "space", index, object->body, object->bytes);
		break;
	case OBJECT_THREAD:
		add(snapshot, "thread", index, object->body, sizeof(struct thread));
		break;
	case OBJECT_VCPU:
		add(snapshot, "vcpu", index, object->body, sizeof(struct vcpu));
		add(snapshot, "state page", index, ((const struct vcpu *)object->body)->context.frame,
		    sizeof(struct arch_frame));
		break;
	case OBJECT_ENDPOINT:
		add(snapshot, "endpoint", index, object->body, sizeof(struct endpoint));
		break;
	case OBJECT_NOTIFICATION:
		add(snapshot, "notification", index, object->body, sizeof(struct notification));
		break;
	default:
		break;
	}
}

struct snapshot *snapshot_take(void)
{
	struct snapshot *snapshot = calloc(1, sizeof *snapshot);
	assert_non_null(snapshot);
	add(snapshot, "object table", 0, object_table, object_count * sizeof *object_table);
	for (uint32_t i = 0; i < core_count; i++) {
		add(snapshot, "core", i, core_at(i), sizeof(struct core));
	}
	for (uint32_t i = 1; i < object_count; i++) {
		add_object(snapshot, i);
	}
	add(snapshot, "lines", 0, mock.lines, sizeof mock.lines);
	return snapshot;
}

static size_t difference(struct part *part)
{
	uint8_t *now = malloc(part->bytes);
	assert_non_null(now);
	memcpy(now, part->place, part->bytes);
	mask(part, now);
	size_t at = memcmp(now, part->copy, part->bytes) == 0 ? part->bytes : 0;
	while (at < part->bytes && now[at] == part->copy[at]) {
		at++;
	}
	free(now);
	return at;
}

void snapshot_free(struct snapshot *snapshot)
{
	struct part *part = snapshot->parts;
	while (part != NULL) {
		struct part *next = part->next;
		free(part);
		part = next;
	}
	free(snapshot);
}

void snapshot_check(struct snapshot *snapshot, const char *what)
{
	for (struct part *part = snapshot->parts; part != NULL; part = part->next) {
		size_t at = difference(part);
		if (at != part->bytes) {
			const char *name = part->name;
			uint32_t index = part->index;
			snapshot_free(snapshot);
			fail_msg("%s: changed %s %u at byte %zu", what, name, index, at);
		}
	}
	snapshot_free(snapshot);
}
