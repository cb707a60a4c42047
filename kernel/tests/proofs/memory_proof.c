/*
 * Memory is neither doubled nor lost: after split and merge each byte belongs to exactly one memory object, and to the
 * one that it should; what is mapped or in use by the kernel keeps its bounds.
 */
#include <kernel/object.c>
#include <kernel/memory.c>
#include <kernel/call.c>
#define ENTRIES 4u
#include "table.h"

#define SLOTS (SK_CAP_SLOTS + 1u)

static capability slots[SLOTS];
static struct space process = { .slots = slots };
static struct sk_msg msg;
static struct kernel_call call;
static struct object *memory;

/* Whole pages, at least one, that end below the end of all addresses; and memory is nobody else's. */
static bool memory_is_sound(const struct object *object)
{
	return ((object->base | object->bytes) & (SK_PAGE_BYTES - 1u)) == 0 && object->bytes != 0 &&
	       object->base <= UINT64_MAX - object->bytes;
}

static bool has(const struct object *object, uint64_t byte)
{
	return object->type == OBJECT_MEMORY && byte >= object->base && byte - object->base < object->bytes;
}

/* How many memory objects have the byte, and whether it is device memory. */
static uint32_t owners(uint64_t byte, bool *device)
{
	uint32_t count = 0;
	for (uint32_t i = 1; i < ENTRIES; i++) {
		if (has(&entries[i], byte)) {
			count++;
			*device = entries[i].memory.device;
		}
	}
	return count;
}

/*
 * The memory invoked, another object, and an entry that is free or none. Addresses are below 256 MiB: that sums may
 * exceed all addresses is proof_range()'s.
 */
static void memory_make(void)
{
	object_table = entries;
	object_count = ENTRIES;
	entries[0].generation = GENERATION_MAX;
	for (uint32_t i = 1; i < ENTRIES; i++) {
		entries[i].generation = nondet_u16();
		proof_assume(entries[i].generation != 0 && entries[i].generation != GENERATION_MAX);
	}
	for (uint32_t i = 1; i <= 2u; i++) {
		entries[i].base = (uint64_t)nondet_u16() * SK_PAGE_BYTES;
		entries[i].bytes = (1u + (uint64_t)nondet_u16()) * SK_PAGE_BYTES;
		entries[i].memory.mapping_count = nondet_u16();
		entries[i].memory.pins = nondet_u32();
		entries[i].memory.device = nondet_bool();
		entries[i].type = i == 1u || nondet_bool() ? OBJECT_MEMORY : OBJECT_ENDPOINT;
	}
	object_free_count = nondet_bool() ? 1 : 0;
	first_free = object_free_count != 0 ? 3u : 0;
	memory = &entries[1];
	for (uint32_t i = 0; i < SLOTS; i++) {
		slots[i] = any_capability();
	}
	for (uint32_t i = 0; i < SK_WORDS; i++) {
		msg.w[i] = nondet_u64();
	}
	call = (struct kernel_call){
		.msg = &msg, .object = memory, .process = &process, .slot = 1u + any_below(SLOTS - 1u),
		.rights = nondet_u32() & SK_RIGHTS_ALL,
	};
	slots[call.slot] = object_capability(memory, call.rights, 0);
}

void proof_split(void)
{
	memory_make();
	uint64_t byte = nondet_u32(), at = msg.w[0], to = msg.w[1];
	uint32_t slot = any_below(SLOTS), entry = any_below(ENTRIES);
	bool device = false, now_device = false;
	uint32_t before = owners(byte, &device);
	proof_assume(before <= 1u);
	bool mine = has(memory, byte), used = memory_in_use(memory);
	struct object old = entries[entry], whole = *memory;
	capability cap = slots[slot];
	sk_status_t status = memory_dispatch_split(&call);
	uint32_t after = owners(byte, &now_device);
	proof_that(after == before && (before == 0 || device == now_device), "each byte is as often there, as what it was");
	proof_that(table_is_sound(), "the table is sound");
	if (status != SK_OK) {
		proof_that(object_same(&entries[entry], &old) && slots[slot] == cap, "an error changes nothing");
		return;
	}
	struct object *upper = object_at(capability_index(slots[to]));
	proof_that(!used, "memory in use keeps its bounds");
	proof_that(memory_is_sound(memory) && memory_is_sound(upper), "both are whole pages");
	proof_that(upper != memory && has(memory, byte) == (mine && byte - whole.base < at) &&
		   has(upper, byte) == (mine && byte - whole.base >= at), "each has its side");
	proof_that(upper->memory.mapping_count == 0 && upper->memory.pins == 0, "the new one is not in use");
	proof_that(slots[slot] == cap || slot == to, "one slot changes");
	proof_that(slots[to] == object_capability(upper, call.rights, 0), "it has the new one, with the rights on the old");
	proof_that(object_same(&entries[entry], &old) || &entries[entry] == memory || &entries[entry] == upper,
		   "other objects are as they were");
	proof_witness(status == SK_OK && mine, "memory is split");
}

void proof_merge(void)
{
	memory_make();
	uint64_t byte = nondet_u32(), from = msg.w[0];
	uint32_t slot = any_below(SLOTS), entry = any_below(ENTRIES);
	capability cap = slots[slot], named = slot_load(&process, from);
	struct object *upper = object_at(capability_index(named));
	bool device = false, now_device = false;
	uint32_t before = owners(byte, &device);
	proof_assume(before <= 1u);
	/* A free entry, which a stale capability may name, has nothing. */
	bool mine = has(memory, byte), its = has(upper, byte), used = memory_in_use(memory) || memory_in_use(upper);
	struct object old = entries[entry];
	sk_status_t status = memory_dispatch_merge(&call);
	uint32_t after = owners(byte, &now_device);
	proof_that(after == before && (before == 0 || device == now_device), "each byte is as often there, as what it was");
	proof_that(table_is_sound(), "the table is sound");
	if (status != SK_OK) {
		proof_that(object_same(&entries[entry], &old) && slots[slot] == cap, "an error changes nothing");
		return;
	}
	sk_status_t ignored;
	proof_that(!used && upper != memory, "memory in use keeps its bounds");
	proof_that((capability_rights(named) & SK_RIGHT_CONTROL) != 0, "who joins them may");
	proof_that(memory_is_sound(memory) && has(memory, byte) == (mine || its), "the one has what both had");
	proof_that(object_resolve(named, &ignored) == NULL, "the other is gone");
	proof_that(slots[slot] == (slot == from ? CAPABILITY_NONE : cap), "one slot is empty");
	proof_that(object_same(&entries[entry], &old) || &entries[entry] == memory || &entries[entry] == upper,
		   "other objects are as they were");
	proof_witness(status == SK_OK && its, "memory is joined");
}

/* A range of a memory is in it, however its bounds are given. */
void proof_range(void)
{
	struct object object = { .base = nondet_u64(), .bytes = nondet_u64() };
	uint64_t offset = nondet_u64(), size = nondet_u64(), byte = nondet_u64();
	proof_assume(memory_is_sound(&object));
	bool in = memory_has(&object, offset, size);
	proof_that(!in || (size != 0 && offset % SK_PAGE_BYTES == 0 && size % SK_PAGE_BYTES == 0), "whole pages");
	proof_that(!in || byte < offset || byte - offset >= size || byte < object.bytes, "each of its bytes is the memory's");
	proof_that(in || offset % SK_PAGE_BYTES != 0 || size % SK_PAGE_BYTES != 0 || size == 0 ||
		   offset + size < offset || offset + size > object.bytes, "or one of these");
	proof_witness(in, "a range");
}
