/*
 * Memory objects: split, merged, cleared, retyped. Every refusal leaves everything
 * as it was.
 */
#include "world.h"
#include <string.h>

#define PAGES(n) ((uint64_t)(n) * SK_PAGE_BYTES)

static void split_and_merge(void **state)
{
	(void)state;
	uint32_t low = world_memory(4);
	uint32_t high = world_slot();
	uint64_t base = world_object(low)->base;
	K_OK(low, MEMORY_TAG_SPLIT, PAGES(1), high);
	assert_int_equal(world_object(low)->bytes, PAGES(1));
	assert_int_equal(world_object(high)->base, base + PAGES(1));
	assert_int_equal(world_object(high)->bytes, PAGES(3));
	invariants_check();
	K_OK(low, MEMORY_TAG_MERGE, high);
	assert_int_equal(world_object(low)->bytes, PAGES(4));
	assert_int_equal(K(high, MEMORY_TAG_INFO), SK_BAD_CAP);
	K_OK(low, MEMORY_TAG_INFO);
	assert_int_equal(world.reply.w[0], base);
	assert_int_equal(world.reply.w[1], PAGES(4));
	assert_int_equal(world.reply.w[2], MEMORY_MEMORY_KIND_RAM);
	assert_int_equal(world.reply.w[3], 0);
	invariants_check();
}

static void split_refusals(void **state)
{
	(void)state;
	uint32_t memory = world_memory(4);
	uint32_t dest = world_slot();
	uint32_t taken = world_memory(1);
	K_REFUSED(SK_BAD_ARG, memory, MEMORY_TAG_SPLIT, 0, dest);
	K_REFUSED(SK_BAD_ARG, memory, MEMORY_TAG_SPLIT, 1, dest);
	K_REFUSED(SK_BAD_ARG, memory, MEMORY_TAG_SPLIT, PAGES(1) + 8, dest);
	K_REFUSED(SK_BAD_ARG, memory, MEMORY_TAG_SPLIT, PAGES(4), dest);
	K_REFUSED(SK_BAD_ARG, memory, MEMORY_TAG_SPLIT, PAGES(5), dest);
	K_REFUSED(SK_BAD_ARG, memory, MEMORY_TAG_SPLIT, ~(PAGES(1) - 1u), dest);
	K_REFUSED(SK_BAD_ARG, memory, MEMORY_TAG_SPLIT, PAGES(1), 0);
	K_REFUSED(SK_BAD_ARG, memory, MEMORY_TAG_SPLIT, PAGES(1), SK_CAP_SLOTS + 1u);
	K_REFUSED(SK_BAD_ARG, memory, MEMORY_TAG_SPLIT, PAGES(1), UINT32_MAX);
	K_REFUSED(SK_BAD_ARG, memory, MEMORY_TAG_SPLIT, PAGES(1), 1ull << 32 | dest);
	K_REFUSED(SK_NO_SLOT, memory, MEMORY_TAG_SPLIT, PAGES(1), taken);
	K_REFUSED(SK_NO_SLOT, memory, MEMORY_TAG_SPLIT, PAGES(1), memory);
	uint32_t readable = world_copy(memory, SK_RIGHT_READ | SK_RIGHT_WRITE, 0);
	K_REFUSED(SK_NO_RIGHT, readable, MEMORY_TAG_SPLIT, PAGES(1), dest);
	K_OK(SK_BOOT_SLOT_SPACE, SPACE_TAG_MAP, memory, 0x30000000, 0, PAGES(1), SK_MAP_FLAGS_READ);
	K_REFUSED(SK_BAD_STATE, memory, MEMORY_TAG_SPLIT, PAGES(1), dest);
	K_OK(memory, MEMORY_TAG_UNMAP_ALL);
	K_OK(memory, MEMORY_TAG_SPLIT, PAGES(1), dest);
}

static void merge_refusals(void **state)
{
	(void)state;
	uint32_t first = world_memory(1);
	uint32_t second = world_memory(1);
	uint32_t third = world_memory(1);
	uint32_t notification = world_notification();
	K_REFUSED(SK_BAD_ARG, first, MEMORY_TAG_MERGE, third);
	K_REFUSED(SK_BAD_ARG, second, MEMORY_TAG_MERGE, first);
	K_REFUSED(SK_BAD_ARG, first, MEMORY_TAG_MERGE, first);
	K_REFUSED(SK_BAD_TYPE, third, MEMORY_TAG_MERGE, notification);
	K_REFUSED(SK_BAD_CAP, first, MEMORY_TAG_MERGE, 0);
	K_REFUSED(SK_BAD_CAP, first, MEMORY_TAG_MERGE, 500);
	K_REFUSED(SK_BAD_CAP, first, MEMORY_TAG_MERGE, UINT32_MAX);
	K_REFUSED(SK_BAD_ARG, first, MEMORY_TAG_MERGE, UINT64_MAX);
	uint32_t readable = world_copy(second, SK_RIGHT_READ, 0);
	K_REFUSED(SK_NO_RIGHT, first, MEMORY_TAG_MERGE, readable);
	K_OK(SK_BOOT_SLOT_SPACE, SPACE_TAG_MAP, second, 0x30000000, 0, PAGES(1), SK_MAP_FLAGS_READ);
	K_REFUSED(SK_BAD_STATE, first, MEMORY_TAG_MERGE, second);
	K_REFUSED(SK_BAD_STATE, second, MEMORY_TAG_MERGE, third);
	K_OK(second, MEMORY_TAG_UNMAP_ALL);
	/* A stale copy of what was merged names nothing, not the whole. */
	K_OK(first, MEMORY_TAG_MERGE, second);
	assert_int_equal(K(readable, MEMORY_TAG_INFO), SK_STALE);
	/* The other's device pages begin where these end, but are no RAM. */
	struct object *device = world_object(SK_BOOT_SLOT_DEVICES);
	device->base = world_object(first)->base + PAGES(2);
	K_REFUSED(SK_BAD_ARG, first, MEMORY_TAG_MERGE, SK_BOOT_SLOT_DEVICES);
	device->base = MOCK_DEVICE_BASE;
}

/* What a kernel object uses keeps its bounds and its type. */
static void pinned_memory_is_in_use(void **state)
{
	(void)state;
	struct actor actor;
	actor_make(&actor, 1);
	uint32_t dest = world_slot();
	K_REFUSED(SK_BAD_STATE, actor.buffer, MEMORY_TAG_CREATE_ENDPOINT, dest);
	K_REFUSED(SK_BAD_STATE, actor.buffer, MEMORY_TAG_CREATE_NOTIFICATION, actor.buffer);
	uint32_t vm = world_vm(8);
	uint32_t vcpu = world_vcpu(vm, 1);
	assert_int_equal(world_vcpu_at(vcpu)->state_object->memory.pins, 1);
	assert_int_equal(((struct space *)world_body(vm))->lines_object->memory.pins, 1);
	K_OK(vcpu, VCPU_TAG_DESTROY);
	K_OK(actor.thread, THREAD_TAG_DESTROY);
	K_OK(actor.buffer, MEMORY_TAG_CREATE_ENDPOINT, dest);
	invariants_check();
}

static void clear_and_sync(void **state)
{
	(void)state;
	uint32_t memory = world_memory(200);
	const struct object *object = world_object(memory);
	uint8_t *bytes = (uint8_t *)(uintptr_t)object->base;
	memset(bytes, 1, PAGES(200));
	K_OK(memory, MEMORY_TAG_CLEAR, PAGES(1), PAGES(198));
	assert_int_equal(bytes[PAGES(1) - 1u], 1);
	assert_int_equal(bytes[PAGES(1)], 0);
	assert_int_equal(bytes[PAGES(199) - 1u], 0);
	assert_int_equal(bytes[PAGES(199)], 1);
	static const uint64_t tags[] = { MEMORY_TAG_CLEAR, MEMORY_TAG_SYNC };
	for (size_t i = 0; i < 2; i++) {
		K_REFUSED(SK_BAD_ARG, memory, tags[i], 0, 0);
		K_REFUSED(SK_BAD_ARG, memory, tags[i], 1, PAGES(1));
		K_REFUSED(SK_BAD_ARG, memory, tags[i], 0, 1);
		K_REFUSED(SK_BAD_ARG, memory, tags[i], 0, PAGES(201));
		K_REFUSED(SK_BAD_ARG, memory, tags[i], PAGES(200), PAGES(1));
		K_REFUSED(SK_BAD_ARG, memory, tags[i], PAGES(201), PAGES(1));
		K_REFUSED(SK_BAD_ARG, memory, tags[i], PAGES(1), ~(PAGES(1) - 1u));
		K_REFUSED(SK_BAD_ARG, memory, tags[i], ~(PAGES(1) - 1u), PAGES(2));
		K_REFUSED(SK_BAD_ARG, SK_BOOT_SLOT_DEVICES, tags[i], 0, PAGES(1));
	}
	mock_log_clear();
	K_OK(memory, MEMORY_TAG_SYNC, 0, PAGES(200));
	uint64_t synced = 0;
	for (uint32_t i = 0; i < mock.log_count; i++) {
		synced += mock.log[i].event == MOCK_SYNC ? mock.log[i].b : 0;
	}
	assert_int_equal(synced, PAGES(200));
}

/* An interrupt gets through in the middle, and nothing is done twice or left out. */
static void clearing_is_cut_into_pieces(void **state)
{
	(void)state;
	uint32_t memory = world_memory(300);
	const struct object *object = world_object(memory);
	memset((void *)(uintptr_t)object->base, 1, PAGES(300));
	mock.polls_to_interrupt = 1;
	mock_log_clear();
	K_OK(memory, MEMORY_TAG_CLEAR, 0, PAGES(300));
	assert_true(world.restarts >= 4);
	assert_int_equal(mock_count(MOCK_CLEAR), 300);
	assert_int_equal(mock_count(MOCK_RESTART), world.restarts);
	assert_int_equal(world.supervisor->progress, 0);
	/* The next call begins at its own start. */
	memset((void *)(uintptr_t)object->base, 1, PAGES(300));
	mock_log_clear();
	K_OK(memory, MEMORY_TAG_CLEAR, PAGES(10), PAGES(100));
	assert_int_equal(mock_count(MOCK_CLEAR), 100);
}

static void retype_zeroes_and_takes_over(void **state)
{
	(void)state;
	uint32_t memory = world_memory(3);
	uint32_t copy = world_copy(memory, SK_RIGHTS_ALL, 0);
	struct object *object = world_object(memory);
	uint32_t dest = world_slot();
	K_OK(memory, MEMORY_TAG_CREATE_ENDPOINT, dest);
	assert_int_equal(object->type, OBJECT_ENDPOINT);
	assert_ptr_equal(world_object(dest), object);
	assert_int_equal(K(memory, MEMORY_TAG_INFO), SK_STALE);
	assert_int_equal(K(copy, MEMORY_TAG_INFO), SK_STALE);
	invariants_check();
	uint32_t control = world_copy(dest, SK_RIGHTS_ALL & ~SK_RIGHT_CALL, 0);
	K_OK(control, ENDPOINT_TAG_DESTROY);
	assert_int_equal(object->type, OBJECT_MEMORY);
	assert_int_equal(object->bytes, PAGES(3));
	assert_int_equal(K(dest, NOTIFICATION_TAG_DESTROY), SK_STALE);
	K_OK(control, MEMORY_TAG_INFO);
	assert_int_equal(world.reply.w[1], PAGES(3));
	invariants_check();
}

/* However big the memory is, making it an object or giving it to a space is short. */
static void retyping_is_short(void **state)
{
	(void)state;
	uint32_t space = world_space(SK_SPACE_KIND_PROCESS, 0);
	for (uint32_t i = 0; i < 5; i++) {
		uint32_t memory = world_memory(500);
		memset((void *)(uintptr_t)world_object(memory)->base, 0xff, PAGES(500));
		mock_log_clear();
		switch (i) {
		case 0: K_OK(memory, MEMORY_TAG_CREATE_ENDPOINT, memory); break;
		case 1: K_OK(memory, MEMORY_TAG_CREATE_NOTIFICATION, memory); break;
		case 2: K_OK(memory, MEMORY_TAG_CREATE_SPACE, SK_SPACE_KIND_VM, memory); break;
		case 3: K_OK(memory, MEMORY_TAG_CREATE_SPACE, SK_SPACE_KIND_PROCESS, memory); break;
		default: K_OK(space, SPACE_TAG_DONATE, memory); break;
		}
		assert_true(mock_count(MOCK_CLEAR) <= SK_SPACE_PAGES);
		invariants_check();
	}
	/* Tables are zeroed when they are taken. */
	uint32_t shown = world_memory(1);
	K_OK(space, SPACE_TAG_MAP, shown, 0x7fc0000000, 0, PAGES(1), SK_MAP_FLAGS_READ);
	invariants_check();
}

/* How far a call got is forgotten when its thread is stopped or made to do something else. */
static void progress_is_the_calls_own(void **state)
{
	(void)state;
	struct actor actor;
	actor_make(&actor, 1);
	uint32_t memory = world_memory(200);
	uint32_t slot = actor_give(&actor, memory, SK_RIGHTS_ALL, 0);
	memset((void *)(uintptr_t)world_object(memory)->base, 1, PAGES(200));
	world_plan(1, actor.thread, 0);
	actor_start(&actor);
	mock.polls_to_interrupt = 1;
	actor_syscall(&actor, SK_SYS_CALL, slot, MEMORY_TAG_CLEAR, 0, PAGES(200));
	mock.polls_to_interrupt = 0;
	assert_int_equal(actor.t->progress, PAGES(4));
	K_OK(actor.thread, THREAD_TAG_STOP);
	assert_int_equal(actor.t->progress, 0);
	K_OK(actor.thread, THREAD_TAG_CONFIGURE, 0x400000, 0, 0, 0);
	actor_start(&actor);
	actor_syscall(&actor, SK_SYS_CALL, slot, MEMORY_TAG_CLEAR, 0, PAGES(100));
	assert_int_equal(sk_reply_status(actor_x(&actor, 0)), SK_OK);
	const uint8_t *bytes = (const uint8_t *)(uintptr_t)world_object(memory)->base;
	assert_int_equal(bytes[0] | bytes[PAGES(64)] | bytes[PAGES(100) - 1u], 0);
	assert_int_equal(bytes[PAGES(100)], 1);
}

static void creation_refusals(void **state)
{
	(void)state;
	uint32_t small = world_memory(2);
	uint32_t page = world_memory(1);
	uint32_t buffer = world_memory(1);
	uint32_t two_pages = world_memory(2);
	uint32_t taken = world_notification();
	uint32_t dest = world_slot();
	uint32_t process = world_space(SK_SPACE_KIND_PROCESS, 1);
	uint32_t vm = world_vm(0);
	uint32_t device = SK_BOOT_SLOT_DEVICES;
	uint32_t weak = world_copy(page, SK_RIGHT_READ | SK_RIGHT_WRITE, 0);
	uint32_t weak_buffer = world_copy(buffer, SK_RIGHT_READ | SK_RIGHT_WRITE, 0);
	K_REFUSED(SK_NO_MEMORY, small, MEMORY_TAG_CREATE_SPACE, SK_SPACE_KIND_PROCESS, dest);
	K_REFUSED(SK_BAD_ARG, small, MEMORY_TAG_CREATE_SPACE, 0, dest);
	K_REFUSED(SK_BAD_ARG, small, MEMORY_TAG_CREATE_SPACE, 3, dest);
	K_REFUSED(SK_BAD_ARG, device, MEMORY_TAG_CREATE_SPACE, SK_SPACE_KIND_VM, dest);
	K_REFUSED(SK_BAD_ARG, device, MEMORY_TAG_CREATE_ENDPOINT, dest);
	K_REFUSED(SK_NO_SLOT, page, MEMORY_TAG_CREATE_ENDPOINT, taken);
	K_REFUSED(SK_BAD_ARG, page, MEMORY_TAG_CREATE_ENDPOINT, 0);
	K_REFUSED(SK_BAD_ARG, page, MEMORY_TAG_CREATE_NOTIFICATION, SK_CAP_SLOTS + 1u);
	K_REFUSED(SK_NO_RIGHT, weak, MEMORY_TAG_CREATE_NOTIFICATION, dest);
	K_REFUSED(SK_BAD_ARG, page, MEMORY_TAG_CREATE_THREAD, vm, 1, buffer, dest);
	K_REFUSED(SK_BAD_TYPE, page, MEMORY_TAG_CREATE_THREAD, taken, 1, buffer, dest);
	K_REFUSED(SK_BAD_ARG, page, MEMORY_TAG_CREATE_THREAD, process, 3, buffer, dest);
	K_REFUSED(SK_BAD_ARG, page, MEMORY_TAG_CREATE_THREAD, process, UINT32_MAX, buffer, dest);
	K_REFUSED(SK_BAD_ARG, page, MEMORY_TAG_CREATE_THREAD, process, 1, page, dest);
	K_REFUSED(SK_BAD_ARG, page, MEMORY_TAG_CREATE_THREAD, process, 1, two_pages, dest);
	K_REFUSED(SK_BAD_ARG, page, MEMORY_TAG_CREATE_THREAD, process, 1, device, dest);
	K_REFUSED(SK_NO_RIGHT, page, MEMORY_TAG_CREATE_THREAD, process, 1, weak_buffer, dest);
	K_REFUSED(SK_NO_SLOT, page, MEMORY_TAG_CREATE_THREAD, process, 1, buffer, buffer);
	K_REFUSED(SK_BAD_ARG, page, MEMORY_TAG_CREATE_VCPU, process, 1, buffer, 0, dest);
	K_REFUSED(SK_BAD_ARG, page, MEMORY_TAG_CREATE_VCPU, vm, 3, buffer, 0, dest);
	K_REFUSED(SK_BAD_ARG, page, MEMORY_TAG_CREATE_VCPU, vm, 1, page, 0, dest);
	K_REFUSED(SK_BAD_CAP, page, MEMORY_TAG_CREATE_VCPU, vm, 1, 0, 0, dest);
	K_REFUSED(SK_BAD_ARG, page, MEMORY_TAG_CREATE_VCPU, vm, 1, buffer, UINT64_MAX, dest);
	K_REFUSED(SK_NO_SLOT, page, MEMORY_TAG_CREATE_VCPU, vm, 1, buffer, 0, taken);
	K_REFUSED(SK_BAD_TYPE, page, MEMORY_TAG_CREATE_VCPU, taken, 1, buffer, 0, dest);
	K_REFUSED(SK_BAD_CAP, page, MEMORY_TAG_CREATE_VCPU, dest, 1, buffer, 0, dest);
	K_REFUSED(SK_BAD_CAP, page, MEMORY_TAG_CREATE_THREAD, dest, 1, buffer, dest);
	K_OK(vm, SPACE_TAG_MAP, page, 0x10000, 0, PAGES(1), SK_MAP_FLAGS_READ);
	K_REFUSED(SK_BAD_STATE, page, MEMORY_TAG_CREATE_NOTIFICATION, dest);
	K_REFUSED(SK_BAD_STATE, page, MEMORY_TAG_CREATE_VCPU, vm, 1, buffer, 0, dest);
	K_REFUSED(SK_BAD_STATE, process, SPACE_TAG_DONATE, page);
	K_OK(page, MEMORY_TAG_UNMAP_ALL);
	K_REFUSED(SK_UNKNOWN_OP, page, SK_TAG_METHOD(MEMORY_INTERFACE, 99), 0);
	K_REFUSED(SK_BAD_TYPE, page, SPACE_TAG_DESTROY, 0);
	invariants_check();
}

/* All identifiers for spaces are taken: the memory stays memory. */
static void spaces_run_out(void **state)
{
	(void)state;
	uint32_t made[MOCK_SPACES];
	uint32_t count = 0;
	uint32_t memory = world_memory(SK_SPACE_PAGES);
	while (K(memory, MEMORY_TAG_CREATE_SPACE, SK_SPACE_KIND_VM, memory) == SK_OK) {
		made[count++] = memory;
		memory = world_memory(SK_SPACE_PAGES);
	}
	assert_int_equal(count, MOCK_SPACES - 1u);
	K_REFUSED(SK_NO_SLOT, memory, MEMORY_TAG_CREATE_SPACE, SK_SPACE_KIND_VM, memory);
	invariants_check();
	K_OK(made[0], SPACE_TAG_DESTROY);
	K_OK(memory, MEMORY_TAG_CREATE_SPACE, SK_SPACE_KIND_VM, memory);
	K_OK(memory, SPACE_TAG_DESTROY);
	for (uint32_t i = 1; i < count; i++) {
		K_OK(made[i], SPACE_TAG_DESTROY);
	}
}

static void object_table_runs_out(void **state)
{
	(void)state;
	world_boot_with(1, 1, 256);
	uint32_t memory = world_memory(100);
	uint32_t vm = world_vm(8);
	uint32_t free_slot = world_slot();
	while (object_free_count != 0) {
		(void)world_memory(1);
	}
	K_REFUSED(SK_NO_SLOT, world.ram, MEMORY_TAG_SPLIT, PAGES(1), free_slot);
	K_REFUSED(SK_NO_SLOT, vm, SPACE_TAG_CREATE_VIRQ, 34, free_slot);
	K_REFUSED(SK_NO_SLOT, SK_BOOT_SLOT_SPACE, SPACE_TAG_MAP, memory, 0x30000000, 0, PAGES(1), SK_MAP_FLAGS_READ);
	K_REFUSED(SK_NO_SLOT, SK_BOOT_SLOT_MACHINE, MACHINE_TAG_CLAIM_INTERRUPT, 40, 0, free_slot);
	K_OK(SK_BOOT_SLOT_MACHINE, MACHINE_TAG_OBJECTS);
	assert_int_equal(world.reply.w[0], 255);
	assert_int_equal(world.reply.w[1], 256);
	/* Retyping takes no entry. */
	K_OK(memory, MEMORY_TAG_CREATE_ENDPOINT, memory);
}

/* What a space has for its tables is nobody else's, whoever still has a capability to it. */
static void donated_memory_is_out_of_reach(void **state)
{
	(void)state;
	uint32_t space = world_space(SK_SPACE_KIND_PROCESS, 0);
	uint32_t memory = world_memory(1);
	uint32_t target = world_memory(1);
	uint32_t process = world_space(SK_SPACE_KIND_PROCESS, 1);
	uint32_t vm = world_vm(0);
	uint32_t dest = world_slot();
	uint32_t next = world_memory(1);
	K_OK(space, SPACE_TAG_DONATE, memory);
	assert_int_not_equal(K(SK_BOOT_SLOT_SPACE, SPACE_TAG_MAP, memory, 0x30000000, 0, PAGES(1), SK_MAP_FLAGS_WRITE),
			     SK_OK);
	assert_int_not_equal(K(memory, MEMORY_TAG_CLEAR, 0, PAGES(1)), SK_OK);
	assert_int_not_equal(K(memory, MEMORY_TAG_SYNC, 0, PAGES(1)), SK_OK);
	assert_int_not_equal(K(target, MEMORY_TAG_CREATE_THREAD, process, 1, memory, dest), SK_OK);
	assert_int_not_equal(K(target, MEMORY_TAG_CREATE_VCPU, vm, 1, memory, 0, dest), SK_OK);
	assert_int_not_equal(K(vm, SPACE_TAG_SET_LINES, memory, 0), SK_OK);
	assert_int_not_equal(K(process, SPACE_TAG_DONATE, memory), SK_OK);
	assert_int_not_equal(K(memory, MEMORY_TAG_CREATE_ENDPOINT, dest), SK_OK);
	assert_int_not_equal(K(memory, MEMORY_TAG_MERGE, next), SK_OK);
	assert_int_not_equal(K(memory, MEMORY_TAG_UNMAP_ALL), SK_OK);
	invariants_check();
	/* It comes back when the space goes. */
	K_OK(space, SPACE_TAG_DESTROY);
	K_OK(memory, MEMORY_TAG_CLEAR, 0, PAGES(1));
	K_OK(memory, MEMORY_TAG_CREATE_ENDPOINT, memory);
	invariants_check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(split_and_merge, world_setup),
		cmocka_unit_test_setup(split_refusals, world_setup),
		cmocka_unit_test_setup(merge_refusals, world_setup),
		cmocka_unit_test_setup(pinned_memory_is_in_use, world_setup),
		cmocka_unit_test_setup(clear_and_sync, world_setup),
		cmocka_unit_test_setup(clearing_is_cut_into_pieces, world_setup),
		cmocka_unit_test_setup(retype_zeroes_and_takes_over, world_setup),
		cmocka_unit_test_setup(retyping_is_short, world_setup),
		cmocka_unit_test_setup(progress_is_the_calls_own, world_setup),
		cmocka_unit_test_setup(creation_refusals, world_setup),
		cmocka_unit_test_setup(spaces_run_out, world_setup),
		cmocka_unit_test_setup(object_table_runs_out, world_setup),
		cmocka_unit_test_setup(donated_memory_is_out_of_reach, world_setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
