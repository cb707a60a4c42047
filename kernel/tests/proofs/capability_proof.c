/*
 * Capability tables: what a process gives another is never more than it has, goes where nothing was, and changes
 * nothing else; an error changes nothing at all.
 */
#include <kernel/object.c>
#include <kernel/space_calls.c>
#include <kernel/call.c>
#include "table.h"

#define SLOTS (SK_CAP_SLOTS + 1u)

static capability slots_0[SLOTS], slots_1[SLOTS];
static capability *const slots[2] = { slots_0, slots_1 };
static struct space spaces[2];

static struct sk_msg msg;
static struct kernel_call call;

/* Any method's call on the second space, a process or VM, of the first or of itself. */
static void call_make(void)
{
	table_make();
	for (uint32_t i = 0; i < SLOTS; i++) {
		slots_0[i] = nondet_u64();
		slots_1[i] = nondet_u64();
	}
	spaces[0] = (struct space){ .slots = slots[0] };
	spaces[1] = (struct space){ .slots = slots[1], .vm = nondet_bool() };
	uint32_t invoked = 1u + any_below(ENTRIES - 1u);
	entries[invoked].type = OBJECT_SPACE;
	entries[invoked].body = &spaces[1];
	for (uint32_t i = 0; i < SK_WORDS; i++) {
		msg.w[i] = nondet_u64();
	}
	call = (struct kernel_call){
		.msg = &msg, .object = &entries[invoked], .process = nondet_bool() ? &spaces[0] : &spaces[1],
		.slot = nondet_u32(), .rights = nondet_u32(),
	};
	/* A VM has no table, and no threads to call. */
	proof_assume(!spaces[1].vm || call.process == &spaces[0]);
	spaces[1].slots = spaces[1].vm ? NULL : slots[1];
	proof_assume(table_is_sound() && !is_free(invoked));
}

/* A word of the tables as it is; of every word is known that it can be there. */
static capability slot_of(uint32_t table, uint64_t at)
{
	proof_assume(capability_exists(slots[table][at]));
	return slots[table][at];
}

void proof_grant(void)
{
	call_make();
	uint32_t from_table = call.process == &spaces[0] ? 0 : 1;
	uint64_t from = msg.w[0], to = msg.w[1], rights = msg.w[2], badge = msg.w[3];
	capability given = from < SLOTS ? slot_of(from_table, from) : 0;
	capability there = to < SLOTS ? slot_of(1, to) : 0;
	uint32_t table = any_below(2), at = any_below(SLOTS), entry = any_below(ENTRIES);
	capability other = slot_of(table, at);
	struct object old = entries[entry];
	sk_status_t ignored;
	bool was_taken = object_resolve(there, &ignored) != NULL;
	const struct object *object = object_resolve(given, &ignored);
	sk_status_t status = space_dispatch_cap_grant(&call);
	proof_that(object_same(&entries[entry], &old), "no object changes");
	if (status != SK_OK) {
		proof_that(slots[table][at] == other, "an error changes no slot");
		return;
	}
	capability made = slots[1][to];
	proof_that(slots[table][at] == other || (table == 1 && at == to), "no other slot changes");
	proof_that(!spaces[1].vm && to != 0 && to < SLOTS && !was_taken, "it goes to a free slot of a process");
	proof_that(object != NULL && object_resolve(made, &ignored) == object, "it names what was given");
	proof_that((capability_rights(given) & SK_RIGHT_GRANT) != 0, "who gives it may");
	proof_that((capability_rights(made) & ~capability_rights(given)) == 0 &&
		   (capability_rights(made) & ~rights) == 0, "it has no right more than the giver's, and than asked for");
	proof_that(capability_badge(made) == (badge != 0 ? badge : capability_badge(given)), "the badge is the one asked");
	proof_that(capability_badge(given) == 0 || capability_badge(made) == capability_badge(given),
		   "a badge can't be changed");
	proof_that(capability_exists(made), "it is a word that may be in a slot");
	proof_witness(true, "something is given");
	proof_witness(capability_badge(given) == 0 && capability_badge(made) != 0, "with a new badge");
	proof_witness(there != CAPABILITY_NONE, "in the place of a stale capability");
}

void proof_delete(void)
{
	call_make();
	uint64_t slot = msg.w[0];
	uint32_t table = any_below(2), at = any_below(SLOTS);
	capability other = slots[table][at];
	sk_status_t status = space_dispatch_cap_delete(&call);
	proof_that(status == (spaces[1].vm || slot >= SLOTS ? SK_BAD_ARG : SK_OK), "any slot of a process's table");
	proof_that(status != SK_OK || slots[1][slot] == CAPABILITY_NONE, "it is empty");
	proof_that(slots[table][at] == other || (status == SK_OK && table == 1 && at == slot), "no other slot changes");
	proof_witness(status == SK_OK, "a slot is emptied");
	proof_witness(status != SK_OK && spaces[1].vm, "a VM has none");
}

void proof_info(void)
{
	call_make();
	uint64_t slot = msg.w[0];
	capability cap = slot < SLOTS ? slot_of(1, slot) : 0;
	uint32_t table = any_below(2), at = any_below(SLOTS);
	capability other = slots[table][at];
	sk_status_t ignored;
	sk_status_t status = space_dispatch_cap_info(&call);
	proof_that(slots[table][at] == other, "looking changes nothing");
	if (status == SK_OK) {
		const struct object *object = object_resolve(cap, &ignored);
		proof_that(msg.w[0] == (object == NULL ? OBJECT_NONE : object->type), "the type of what lives");
		proof_that(msg.w[1] == capability_rights(cap) && msg.w[2] == capability_badge(cap) &&
			   msg.w[3] == capability_index(cap) && msg.w[4] == capability_generation(cap), "the rest");
	}
	proof_witness(status == SK_OK && msg.w[0] == OBJECT_ENDPOINT, "an endpoint's capability");
}

/* Where a result may be put; and what is put there is there, and nowhere else. */
void proof_destination(void)
{
	call_make();
	proof_assume(!spaces[1].vm);
	uint32_t mine = call.process == &spaces[0] ? 0 : 1;
	uint32_t slot = nondet_u32();
	bool self = nondet_bool();
	capability there = slot < SLOTS ? slot_of(mine, slot) : 0;
	uint32_t table = any_below(2), at = any_below(SLOTS);
	capability other = slots[table][at];
	sk_status_t ignored;
	sk_status_t status = call_destination(&call, slot, self);
	bool taken = object_resolve(there, &ignored) != NULL && !(self && slot == call.slot);
	sk_status_t expected = slot == 0 || slot >= SLOTS ? SK_BAD_ARG : taken ? SK_NO_SLOT : SK_OK;
	proof_that(status == expected, "an empty slot, a stale one, or the invoked one that goes stale");
	if (status == SK_OK) {
		capability cap = nondet_u64();
		call_install(&call, slot, cap);
		proof_that(slots[mine][slot] == cap, "it is there");
		proof_that(slots[table][at] == other || (table == mine && at == slot), "and nowhere else");
	}
	proof_witness(status == SK_OK, "there is such a slot");
}

/* What the caller names by slot is resolved in its own table, whatever number it gives. */
void proof_object(void)
{
	call_make();
	proof_assume(!spaces[1].vm);
	uint32_t mine = call.process == &spaces[0] ? 0 : 1;
	uint32_t slot = nondet_u32();
	capability cap = slot < SLOTS ? slot_of(mine, slot) : CAPABILITY_NONE;
	enum object_type type = (enum object_type)any_below(OBJECT_MAPPING + 1u);
	uint32_t rights = nondet_u32();
	sk_status_t status = SK_OK;
	const struct object *object = call_object(&call, slot, type, rights, &status);
	if (object != NULL) {
		proof_that(slot < SLOTS && object == &entries[capability_index(cap)] && object->type == type &&
			   object->generation == capability_generation(cap) &&
			   (capability_rights(cap) & rights) == rights, "what its slot names");
		proof_that(call.badge == capability_badge(cap), "with its badge");
	} else {
		proof_that(status < 0, "or a reason");
	}
	proof_witness(object != NULL, "something is found");
}
