/*
 * The kernel's objects, capabilities and mappings under any sequence of a supervisor's calls. The kernel is the real
 * one on the mock machine; a model (model.h) says of each call what it must answer and do, and is asked the same
 * questions as the kernel afterwards. What is made never runs: there are no plans. Calls are cut short for interrupts
 * where the input says so. After every few steps the kernel's structures must hold (invariants.c).
 */
#include <string.h>

#include <fuzz/fuzz.h>

#include "../world.h"
#include "model.h"

#define FIRST MODEL_FIRST_SLOT
#define READ_ONLY (SK_RIGHT_READ | SK_RIGHT_GRANT)
#define NO_CALL (SK_RIGHTS_ALL & ~SK_RIGHT_CALL)
#define STEPS 120u
#define STEPS_BETWEEN_LOOKS 8u
#define RAM_PAGES 96u
#define ENTRIES 256u
#define FEW 28u /* entries that are left where an input wants few */
#define OTHER_SLOTS 200u
/* Methods have numbers up to 31. */
#define NO_METHOD(type, number) SK_TAG_METHOD(type, 32u + (number) % 224u)

/* (index, generation) of everything that there was: no two things have the same. */
static struct known {
	uint32_t object, era;
	uint32_t index, generation;
} known[2 * MODEL_OBJECTS];
static uint32_t known_count;
static uint32_t entries_before;

static const uint64_t tags[] = {
	MEMORY_TAG_SPLIT, MEMORY_TAG_SPLIT, MEMORY_TAG_MERGE, MEMORY_TAG_CLEAR, MEMORY_TAG_SYNC, MEMORY_TAG_UNMAP_ALL,
	MEMORY_TAG_CREATE_SPACE, MEMORY_TAG_CREATE_THREAD, MEMORY_TAG_CREATE_VCPU, MEMORY_TAG_CREATE_ENDPOINT,
	MEMORY_TAG_CREATE_NOTIFICATION, SPACE_TAG_CAP_GRANT, SPACE_TAG_CAP_GRANT, SPACE_TAG_CAP_DELETE,
	SPACE_TAG_DONATE, SPACE_TAG_MAP, SPACE_TAG_MAP, SPACE_TAG_UNMAP, SPACE_TAG_SET_LINES, SPACE_TAG_CREATE_VIRQ, SPACE_TAG_DESTROY,
	THREAD_TAG_CONFIGURE, THREAD_TAG_BIND_ENDPOINT, THREAD_TAG_BIND_NOTIFICATION, THREAD_TAG_SET_FAULT_ENDPOINT,
	THREAD_TAG_SET_RECEIVE_WINDOW, THREAD_TAG_SET_CALL_BUDGET, THREAD_TAG_START, THREAD_TAG_STOP,
	THREAD_TAG_TAKE_OVER, THREAD_TAG_DESTROY, VCPU_TAG_SET_ENTRY, VCPU_TAG_SETUP, VCPU_TAG_BIND, VCPU_TAG_UNBIND,
	VCPU_TAG_RUN, VCPU_TAG_PAUSE, VCPU_TAG_SET_GPR, VCPU_TAG_INJECT, VCPU_TAG_KICK, VCPU_TAG_DESTROY,
	ENDPOINT_TAG_RETIRE, ENDPOINT_TAG_ABANDON, ENDPOINT_TAG_DESTROY, NOTIFICATION_TAG_DESTROY, VIRQ_TAG_SET_LEVEL,
	VIRQ_TAG_DESTROY,
};

/* A slot that the model follows, mostly; 0, or one that no table has. */
static uint32_t some_slot(void)
{
	uint8_t which = fuzz_u8();

	return which < 8 * MODEL_SLOTS - 2 ? FIRST + which % MODEL_SLOTS : which % 2 == 0 ? 0 : SK_CAP_SLOTS + 1;
}

/* A slot with an object of the type, mostly; `page`: with one page of memory. */
static uint32_t some_object(uint32_t type, bool page)
{
	uint32_t slot = some_slot();

	for (uint32_t i = 0; i < MODEL_SLOTS && slot % 8 != 7; i++) {
		uint32_t at = FIRST + (slot - FIRST + i) % MODEL_SLOTS;
		const struct model_object *object = model_named(model_slot(at));

		if (object != NULL && object->type == type && (!page || object->bytes == SK_PAGE_BYTES)) {
			return at;
		}
	}
	return slot;
}

/* An empty one, mostly. */
static uint32_t some_empty(void)
{
	uint32_t slot = some_slot();

	for (uint32_t i = 0; i < MODEL_SLOTS && slot % 8 != 7; i++) {
		uint32_t at = FIRST + (slot - FIRST + i) % MODEL_SLOTS;

		if (!model_taken(model_slot(at))) {
			return at;
		}
	}
	return slot;
}

static uint32_t some_own_slot(uint32_t space)
{
	uint8_t which = fuzz_u8();

	if (space == model.supervisor) {
		return which < 8 * MODEL_SLOTS - 2 ? FIRST + which % MODEL_SLOTS : SK_CAP_SLOTS + which;
	}
	return which < 250 ? which % (MODEL_OWN_SLOTS + 1) : SK_CAP_SLOTS + which;
}

/* So many pages; now and then no multiple of a page, or anything. */
static uint64_t some_pages(void)
{
	uint8_t which = fuzz_u8();

	return which < 224 ? which % 32u * SK_PAGE_BYTES : which < 240 ? which : fuzz_edge();
}

static uint64_t some_address(void)
{
	static const uint64_t places[] = { 0x30000000, 0x301ff000, 0x3ffff000, 0x40000000, 0x7ffffff000, 0x8000000000 };
	uint8_t which = fuzz_u8();

	return which < 192 ? places[which % 6] + which / 64 * SK_PAGE_BYTES : which < 240 ? 0x50000000 : fuzz_edge();
}

static uint64_t some_small(uint32_t likely)
{
	uint8_t which = fuzz_u8();

	return which < 240 ? which % likely : fuzz_edge();
}

/* Arguments that a method may like, in its own order. */
static void choose_arguments(struct model_call *call, uint32_t self)
{
	switch (call->tag & SK_TAG_METHOD_MASK) {
	case MEMORY_TAG_SPLIT:
		call->w[0] = some_pages();
		call->w[1] = some_empty();
		break;
	case MEMORY_TAG_CLEAR:
	case MEMORY_TAG_SYNC:
		call->w[0] = some_pages();
		call->w[1] = some_pages();
		break;
	case MEMORY_TAG_CREATE_SPACE:
		call->w[0] = some_small(4);
		call->w[1] = fuzz_once_in(2) ? call->slot : some_empty();
		break;
	case MEMORY_TAG_CREATE_THREAD:
	case MEMORY_TAG_CREATE_VCPU:
		call->w[0] = some_object(SK_OBJECT_TYPE_SPACE, false);
		call->w[1] = some_small(3);
		call->w[2] = some_object(SK_OBJECT_TYPE_MEMORY, true);
		call->w[3] = call->w[4] = some_empty();
		break;
	case SPACE_TAG_CAP_GRANT:
		call->w[0] = some_slot();
		call->w[1] = some_own_slot(self);
		call->w[2] = fuzz_u8();
		call->w[3] = fuzz_once_in(3) ? fuzz_edge() : 0;
		break;
	case SPACE_TAG_CAP_DELETE:
		call->w[0] = some_own_slot(self);
		break;
	case SPACE_TAG_MAP:
		call->w[0] = some_object(SK_OBJECT_TYPE_MEMORY, false);
		call->w[1] = some_address();
		call->w[2] = some_pages();
		call->w[3] = some_pages();
		call->w[4] = some_small(16);
		break;
	case SPACE_TAG_UNMAP:
		call->w[0] = some_address();
		break;
	case SPACE_TAG_SET_LINES:
		call->w[0] = some_object(SK_OBJECT_TYPE_MEMORY, false);
		call->w[1] = some_small(64);
		break;
	case SPACE_TAG_CREATE_VIRQ:
		call->w[0] = SK_PRIVATE_LINES - 1 + some_small(40);
		call->w[1] = some_empty();
		break;
	case THREAD_TAG_SET_RECEIVE_WINDOW:
		call->w[0] = some_small(200);
		call->w[1] = some_small(200);
		break;
	case VCPU_TAG_SETUP:
	case VCPU_TAG_BIND:
	case VCPU_TAG_SET_GPR:
	case VCPU_TAG_INJECT:
	case VIRQ_TAG_SET_LEVEL:
	case VCPU_TAG_SET_ENTRY:
	case THREAD_TAG_SET_CALL_BUDGET:
		call->w[0] = some_small(34);
		break;
	case MEMORY_TAG_CREATE_ENDPOINT:
	case MEMORY_TAG_CREATE_NOTIFICATION:
		call->w[0] = some_empty();
		break;
	case THREAD_TAG_BIND_ENDPOINT:
		call->w[0] = some_object(SK_OBJECT_TYPE_ENDPOINT, false);
		break;
	case THREAD_TAG_BIND_NOTIFICATION:
		call->w[0] = some_object(SK_OBJECT_TYPE_NOTIFICATION, false);
		break;
	case THREAD_TAG_TAKE_OVER:
		call->w[0] = some_object(SK_OBJECT_TYPE_THREAD, false);
		break;
	default: /* a slot: memory to join or donate; or nothing is looked at */
		call->w[0] = some_slot();
		break;
	}
}

static void disagree(const struct model_call *call, sk_status_t status)
{
	fail_msg("method %#llx on slot %u answers %d: wrong %#x, maybe %#x", (unsigned long long)call->tag, call->slot,
		 (int)status, call->wrong, call->maybe);
}

static void expect_clear(const struct model_call *call)
{
	const uint8_t *bytes = (const uint8_t *)(uintptr_t)(model.objects[call->self].base + call->w[0]);

	for (uint64_t i = 0; i < call->w[1]; i++) {
		FUZZ_EXPECT(bytes[i] == 0);
	}
}

/* The call, and what the model says of it. */
static void perform(struct model_call *call)
{
	sk_status_t status;

	model_judge(call);
	if (object_free_count == 0) {
		call->maybe |= MODEL_BIT(SK_NO_SLOT);
	}
	status = world_call(call->slot, call->tag, call->w);
	if (status > 0 || status < SK_UNSUPPORTED) {
		disagree(call, status);
	}
	if (status == SK_OK ? call->wrong != 0 : ((call->wrong | call->maybe) & MODEL_BIT(status)) == 0) {
		disagree(call, status);
	}
	if (status == SK_OK) {
		model_apply(call);
		if (call->tag == MEMORY_TAG_CLEAR) {
			expect_clear(call);
		}
	}
}

/* A call to a server that there is or was: the supervisor would wait for it for ever. */
static bool would_wait(const struct model_cap *cap)
{
	const struct model_object *object = cap == NULL ? NULL : model_named(cap);

	return object != NULL && object->type == SK_OBJECT_TYPE_ENDPOINT && object->served &&
	       (cap->rights & SK_RIGHT_CALL) != 0;
}

static void step(void)
{
	uint8_t which = fuzz_u8();
	struct model_call call = { 0 };
	const struct model_cap *cap;

	if (which < 250) {
		call.tag = tags[which % (sizeof(tags) / sizeof(tags[0]))];
		call.slot = some_object((uint32_t)call.tag >> 8, false);
	} else {
		call.tag = NO_METHOD(fuzz_u8() % 16u, fuzz_u8());
		call.slot = some_slot();
	}
	cap = model_slot(call.slot);
	if (would_wait(cap)) {
		return;
	}
	if (call.tag >> 8 == MACHINE_INTERFACE || call.tag >> 8 == CORE_INTERFACE) {
		return;
	}
	choose_arguments(&call, cap == NULL ? 0 : cap->object);
	mock.polls_to_interrupt = fuzz_once_in(4) ? 1 + fuzz_u8() % 3u : 0;
	perform(&call);
	mock.polls_to_interrupt = 0;
}

/* The kernel's name for an object is the same for as long as it lives, and no other ever had it. */
static void expect_name(const struct model_cap *cap, uint32_t index, uint32_t generation)
{
	for (uint32_t i = 0; i < known_count; i++) {
		bool named_so = known[i].index == index && known[i].generation == generation;
		bool is_it = known[i].object == cap->object && known[i].era == cap->era;

		FUZZ_EXPECT(named_so == is_it);
		if (is_it) {
			return;
		}
	}
	FUZZ_EXPECT(known_count < sizeof(known) / sizeof(known[0]));
	known[known_count++] = (struct known){ cap->object, cap->era, index, generation };
}

static void look_at_slot(uint32_t space_slot, uint32_t slot, const struct model_cap *cap)
{
	const struct model_object *object = model_named(cap);

	K_OK(space_slot, SPACE_TAG_CAP_INFO, slot);
	FUZZ_EXPECT(world.reply.w[0] == (object == NULL ? SK_OBJECT_TYPE_NONE : object->type));
	if (object != NULL) {
		FUZZ_EXPECT(world.reply.w[1] == cap->rights && world.reply.w[2] == cap->badge);
		expect_name(cap, (uint32_t)world.reply.w[3], (uint32_t)world.reply.w[4]);
	}
}

static void look_at_space(uint32_t slot, const struct model_object *space)
{
	for (uint32_t i = 0; i < MODEL_MAPPINGS; i++) {
		const struct model_mapping *mapping = &model.mappings[i];

		if (mapping->space == model_index(space)) {
			uint64_t last = mapping->bytes - SK_PAGE_BYTES;

			K_OK(slot, SPACE_TAG_QUERY, mapping->address);
			FUZZ_EXPECT(world.reply.w[0] == mapping->offset && world.reply.w[1] == mapping->flags);
			K_OK(slot, SPACE_TAG_QUERY, mapping->address + last);
			FUZZ_EXPECT(world.reply.w[0] == mapping->offset + last && world.reply.w[1] == mapping->flags);
			if (model_mapped(mapping->space, mapping->address + mapping->bytes, 1) == NULL &&
			    mapping->space != model.supervisor) {
				FUZZ_EXPECT(K(slot, SPACE_TAG_QUERY, mapping->address + mapping->bytes) == SK_BAD_ARG);
			}
		}
	}
	for (uint32_t i = 1; !space->vm && model_index(space) != model.supervisor && i <= MODEL_OWN_SLOTS; i++) {
		look_at_slot(slot, i, &space->own[i]);
	}
}

/* What a capability that may read says of its object. */
static void look_at_object(uint32_t slot, const struct model_object *object)
{
	uint32_t index = model_index(object);
	const uint64_t *w = world.reply.w;

	switch (object->type) {
	case SK_OBJECT_TYPE_MEMORY:
		K_OK(slot, MEMORY_TAG_INFO);
		FUZZ_EXPECT(w[0] == object->base && w[1] == object->bytes && w[3] == model_mappings_of(index));
		FUZZ_EXPECT(w[2] == (object->device ? MEMORY_MEMORY_KIND_DEVICE : MEMORY_MEMORY_KIND_RAM));
		break;
	case SK_OBJECT_TYPE_SPACE:
		look_at_space(slot, object);
		break;
	case SK_OBJECT_TYPE_THREAD:
		K_OK(slot, THREAD_TAG_INFO);
		FUZZ_EXPECT(w[0] == object->state && w[1] == object->core && w[2] == 0 && w[4] == 0 && w[5] == 0);
		break;
	case SK_OBJECT_TYPE_VCPU:
		K_OK(slot, VCPU_TAG_INFO);
		FUZZ_EXPECT(w[0] == object->state && w[1] == object->core && w[2] == 0 && w[3] == 0);
		break;
	case SK_OBJECT_TYPE_ENDPOINT:
		K_OK(slot, ENDPOINT_TAG_INFO);
		FUZZ_EXPECT(w[0] == object->generation && w[1] == model_receivers(index) && w[2] == 0);
		break;
	default:
		break;
	}
}

static void look(void)
{
	for (uint32_t i = 0; i < MODEL_SLOTS; i++) {
		const struct model_cap *cap = &model.slots[i];
		const struct model_object *object = model_named(cap);

		look_at_slot(SK_BOOT_SLOT_SPACE, FIRST + i, cap);
		if (object != NULL && (cap->rights & SK_RIGHT_READ) != 0 &&
		    (object->type != SK_OBJECT_TYPE_ENDPOINT || (cap->rights & SK_RIGHT_CALL) == 0)) {
			look_at_object(FIRST + i, object);
		}
	}
	K_OK(SK_BOOT_SLOT_MACHINE, MACHINE_TAG_OBJECTS);
	FUZZ_EXPECT(world.reply.w[0] == entries_before + model_used() && world.reply.w[1] == ENTRIES);
	mock_settle();
	invariants_check();
}

/* What there is at first: RAM, the registers of a device, and the supervisor's own space. */
static void give(uint32_t slot, uint32_t from, uint32_t type)
{
	const struct object *object = world_object(from);

	K_OK(SK_BOOT_SLOT_SPACE, SPACE_TAG_CAP_GRANT, from, slot, SK_RIGHTS_ALL, 0);
	(void)model_add(slot, type, object->base, object->bytes);
}

/* To begin with: a process with a thread, a VM with a vCPU and lines, an endpoint, a notification, memory. */
static void make(void)
{
	static const struct model_call calls[] = {
		{ .slot = FIRST, .tag = MEMORY_TAG_SPLIT, .w = { 64 * SK_PAGE_BYTES, FIRST + 3 } },
		{ .slot = FIRST + 3, .tag = MEMORY_TAG_SPLIT, .w = { 8 * SK_PAGE_BYTES, FIRST + 4 } },
		{ .slot = FIRST + 4, .tag = MEMORY_TAG_SPLIT, .w = { 8 * SK_PAGE_BYTES, FIRST + 5 } },
		{ .slot = FIRST + 5, .tag = MEMORY_TAG_SPLIT, .w = { SK_PAGE_BYTES, FIRST + 6 } },
		{ .slot = FIRST + 6, .tag = MEMORY_TAG_SPLIT, .w = { SK_PAGE_BYTES, FIRST + 7 } },
		{ .slot = FIRST + 7, .tag = MEMORY_TAG_SPLIT, .w = { SK_PAGE_BYTES, FIRST + 8 } },
		{ .slot = FIRST + 8, .tag = MEMORY_TAG_SPLIT, .w = { SK_PAGE_BYTES, FIRST + 9 } },
		{ .slot = FIRST + 9, .tag = MEMORY_TAG_SPLIT, .w = { SK_PAGE_BYTES, FIRST + 10 } },
		{ .slot = FIRST + 10, .tag = MEMORY_TAG_SPLIT, .w = { SK_PAGE_BYTES, FIRST + 12 } },
		{ .slot = FIRST + 12, .tag = MEMORY_TAG_SPLIT, .w = { 8 * SK_PAGE_BYTES, FIRST + 13 } },
		{ .slot = FIRST + 3, .tag = MEMORY_TAG_CREATE_SPACE, .w = { SK_SPACE_KIND_PROCESS, FIRST + 3 } },
		{ .slot = FIRST + 4, .tag = MEMORY_TAG_CREATE_SPACE, .w = { SK_SPACE_KIND_VM, FIRST + 4 } },
		{ .slot = FIRST + 5, .tag = MEMORY_TAG_CREATE_ENDPOINT, .w = { FIRST + 11 } },
		{ .slot = FIRST + 2, .tag = SPACE_TAG_CAP_GRANT, .w = { FIRST + 11, FIRST + 5, NO_CALL } },
		{ .slot = FIRST + 2, .tag = SPACE_TAG_CAP_GRANT, .w = { FIRST + 13, FIRST + 14, READ_ONLY } },
		{ .slot = FIRST + 6, .tag = MEMORY_TAG_CREATE_NOTIFICATION, .w = { FIRST + 6 } },
		{ .slot = FIRST + 7, .tag = MEMORY_TAG_CREATE_THREAD, .w = { FIRST + 3, 1, FIRST + 8, FIRST + 7 } },
		{ .slot = FIRST + 9, .tag = MEMORY_TAG_CREATE_VCPU, .w = { FIRST + 4, 1, FIRST + 10, 0, FIRST + 9 } },
		{ .slot = FIRST + 4, .tag = SPACE_TAG_SET_LINES, .w = { FIRST + 12, 8 } },
	};

	for (uint32_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		struct model_call call = calls[i];

		perform(&call);
		FUZZ_EXPECT(call.wrong == 0);
	}
}

void fuzz_one(void)
{
	uint32_t steps = 0;
	uint32_t ram;
	bool few = fuzz_once_in(8);

	known_count = 0;
	world_boot_with(MODEL_CORES, MODEL_CORES, ENTRIES);
	model_reset();
	ram = world_memory(RAM_PAGES);
	give(FIRST, ram, SK_OBJECT_TYPE_MEMORY);
	give(FIRST + 1, SK_BOOT_SLOT_DEVICES, SK_OBJECT_TYPE_MEMORY);
	model.objects[2].device = true;
	give(FIRST + 2, SK_BOOT_SLOT_SPACE, SK_OBJECT_TYPE_SPACE);
	model.supervisor = 3;
	model.objects[3].members = 1;
	while (few && object_free_count > FEW) {
		world.next_slot = world.next_slot < OTHER_SLOTS ? OTHER_SLOTS : world.next_slot;
		(void)world_memory(1);
	}
	entries_before = object_count - 1 - object_free_count - model_used();
	make();
	look();
	while (fuzz_more() && steps < STEPS) {
		step();
		steps++;
		if (steps % STEPS_BETWEEN_LOOKS == 0) {
			look();
		}
	}
	look();
}
