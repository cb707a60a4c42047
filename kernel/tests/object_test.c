/*
 * The object table and capabilities: generations, exhaustion, what resolves.
 */
#include "world.h"

#define COUNT 16u

static struct object table[COUNT];

static int fresh_table(void **state)
{
	(void)state;
	object_init(table, COUNT);
	return 0;
}

static struct object *resolve(capability cap, sk_status_t *status)
{
	*status = SK_OK;
	return object_resolve(cap, status);
}

static void empty_slots_are_not_stale(void **state)
{
	(void)state;
	sk_status_t status;
	assert_null(resolve(CAPABILITY_NONE, &status));
	assert_int_equal(status, SK_BAD_CAP);
}

static void released_objects_are_stale(void **state)
{
	(void)state;
	struct object *object = object_allocate(OBJECT_MEMORY);
	capability cap = object_capability(object, SK_RIGHT_READ, 0x123456);
	sk_status_t status;
	assert_ptr_equal(resolve(cap, &status), object);
	assert_int_equal(capability_rights(cap), SK_RIGHT_READ);
	assert_int_equal(capability_badge(cap), 0x123456);
	object_release(object);
	assert_null(resolve(cap, &status));
	assert_int_equal(status, SK_STALE);
	/* Also once the entry has another object. */
	assert_ptr_equal(object_allocate(OBJECT_SPACE), object);
	assert_null(resolve(cap, &status));
	assert_int_equal(status, SK_STALE);
}

static void table_ends(void **state)
{
	(void)state;
	assert_int_equal(object_free_count, COUNT - 1u);
	for (uint32_t i = 1; i < COUNT; i++) {
		struct object *object = object_allocate(OBJECT_MEMORY);
		assert_non_null(object);
		assert_int_not_equal(object_index(object), 0);
	}
	assert_null(object_allocate(OBJECT_MEMORY));
	assert_int_equal(object_free_count, 0);
	object_release(object_at(3));
	assert_int_equal(object_free_count, 1);
	assert_ptr_equal(object_allocate(OBJECT_MEMORY), object_at(3));
}

/* An entry whose generations are used up is never had again, and nothing ever made resolves to it. */
static void generations_end(void **state)
{
	(void)state;
	struct object *object = object_allocate(OBJECT_VIRQ);
	uint32_t index = object_index(object);
	uint32_t uses = 0;
	for (; object_index(object) == index; uses++) {
		capability cap = object_capability(object, SK_RIGHTS_ALL, 0);
		assert_int_not_equal(capability_generation(cap), 0);
		object_release(object);
		sk_status_t status;
		assert_null(resolve(cap, &status));
		object = object_allocate(OBJECT_VIRQ);
	}
	assert_true(uses > 60000);
	assert_int_equal(object_free_count, COUNT - 3u);
	for (uint32_t generation = 0; generation < 0xffffu; generation++) {
		sk_status_t status;
		capability cap = capability_make(index, generation, SK_RIGHTS_ALL, 0);
		if (resolve(cap, &status) != NULL) {
			fail_msg("generation %u resolves", generation);
		}
	}
}

/* Mappings have no capabilities: making and taking them doesn't wear entries out. */
static void mappings_cost_no_generation(void **state)
{
	(void)state;
	struct object *entry = object_allocate(OBJECT_MAPPING);
	uint16_t generation = entry->generation;
	object_release(entry);
	assert_int_equal(entry->generation, generation);
	assert_int_equal(entry->type, OBJECT_NONE);
	assert_ptr_equal(object_allocate(OBJECT_MEMORY), entry);
}

/* Memory that has been retyped as often as its entry can bear stays memory. */
static void retyping_ends_before_generations_do(void **state)
{
	(void)state;
	uint32_t memory = world_memory(1);
	struct object *object = world_object(memory);
	capability first = world.supervisor->context.space->slots[memory];
	sk_status_t status = SK_OK;
	uint32_t cycles = 0;
	for (; cycles < 0x10000u && status == SK_OK; cycles++) {
		status = K(memory, MEMORY_TAG_CREATE_NOTIFICATION, memory);
		if (status == SK_OK) {
			capability made = world.supervisor->context.space->slots[memory];
			K_OK(memory, NOTIFICATION_TAG_DESTROY);
			sk_status_t stale;
			assert_null(resolve(made, &stale));
			assert_null(resolve(first, &stale));
		}
	}
	assert_int_equal(status, SK_NO_SLOT);
	assert_true(cycles > 30000);
	assert_int_equal(object->type, OBJECT_MEMORY);
	/* It can be used as memory, and given to its neighbour below. */
	K_OK(memory, MEMORY_TAG_CLEAR, 0, SK_PAGE_BYTES);
	invariants_check();
}

static void slots_are_checked(void **state)
{
	(void)state;
	struct space *space = world.supervisor->context.space;
	uint32_t weak = world_copy(SK_BOOT_SLOT_ENDPOINT, SK_RIGHT_CALL, 7);
	uint32_t gone = world_notification();
	uint32_t copy = world_copy(gone, SK_RIGHTS_ALL, 0);
	K_OK(gone, NOTIFICATION_TAG_DESTROY);
	static const uint32_t outside[] = { SK_CAP_SLOTS + 1u, 0x10000u, UINT32_MAX };
	const struct {
		uint32_t slot;
		enum object_type type;
		uint32_t rights;
		sk_status_t status;
	} rows[] = {
		{ SK_BOOT_SLOT_ENDPOINT, OBJECT_ENDPOINT, SK_RIGHTS_ALL, SK_OK },
		{ weak, OBJECT_ENDPOINT, SK_RIGHT_CALL, SK_OK },
		{ weak, OBJECT_ENDPOINT, SK_RIGHT_CALL | SK_RIGHT_WAIT, SK_NO_RIGHT },
		{ weak, OBJECT_NOTIFICATION, SK_RIGHT_CALL, SK_BAD_TYPE },
		{ copy, OBJECT_NOTIFICATION, 0, SK_STALE },
		{ 0, OBJECT_ENDPOINT, 0, SK_BAD_CAP },
		{ SK_CAP_SLOTS, OBJECT_ENDPOINT, 0, SK_BAD_CAP },
		{ outside[0], OBJECT_ENDPOINT, 0, SK_BAD_CAP },
		{ outside[1], OBJECT_ENDPOINT, 0, SK_BAD_CAP },
		{ outside[2], OBJECT_ENDPOINT, 0, SK_BAD_CAP },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		sk_status_t status = SK_OK;
		const struct object *object = slot_resolve(space, rows[i].slot, rows[i].type, rows[i].rights, &status);
		assert_int_equal(status, rows[i].status);
		assert_int_equal(object != NULL, rows[i].status == SK_OK);
	}
	assert_int_equal(slot_load(space, outside[0]), CAPABILITY_NONE);
	sk_status_t status;
	assert_null(object_resolve(slot_load(space, copy), &status));
}

/* The last slot of a table is as good as any. */
static void the_last_slot(void **state)
{
	(void)state;
	K_OK(SK_BOOT_SLOT_SPACE, SPACE_TAG_CAP_GRANT, SK_BOOT_SLOT_NOTIFICATION, SK_CAP_SLOTS, SK_RIGHTS_ALL, 0);
	K_OK(SK_BOOT_SLOT_SPACE, SPACE_TAG_CAP_GRANT, SK_CAP_SLOTS, 400, SK_RIGHTS_ALL, 0);
	mock_syscall(0, SK_SYS_SIGNAL, (const uint64_t[8]){ SK_CAP_SLOTS, 1 });
	assert_int_equal(world.supervisor->registers.x[0], SK_OK);
	mock_syscall(0, SK_SYS_POLL, (const uint64_t[8]){ SK_CAP_SLOTS });
	assert_int_equal(world.supervisor->registers.x[2], 1);
	sk_status_t status;
	assert_non_null(object_resolve(slot_load(world.supervisor->context.space, SK_CAP_SLOTS), &status));
	K_OK(SK_BOOT_SLOT_SPACE, SPACE_TAG_CAP_DELETE, SK_CAP_SLOTS);
	uint32_t memory = world_memory(2);
	K_OK(memory, MEMORY_TAG_SPLIT, SK_PAGE_BYTES, SK_CAP_SLOTS);
	K_OK(SK_CAP_SLOTS, MEMORY_TAG_INFO);
	assert_int_equal(world.reply.w[1], SK_PAGE_BYTES);
}

/* The same by system call. */
static void calls_on_bad_slots(void **state)
{
	(void)state;
	struct context *context = &world.supervisor->context;
	uint32_t gone = world_notification();
	uint32_t copy = world_copy(gone, SK_RIGHTS_ALL, 0);
	K_OK(gone, NOTIFICATION_TAG_DESTROY);
	uint32_t uncallable = world_copy(SK_BOOT_SLOT_ENDPOINT, SK_RIGHT_WAIT, 0);
	static const uint64_t numbers[] = { SK_SYS_CALL, SK_SYS_SIGNAL, SK_SYS_POLL, SK_SYS_WAIT };
	const struct {
		uint64_t slot;
		int64_t status[4]; /* by number */
	} rows[] = {
		{ 500, { SK_BAD_CAP, SK_BAD_CAP, SK_BAD_CAP, SK_BAD_CAP } },
		{ SK_CAP_SLOTS + 1u, { SK_BAD_CAP, SK_BAD_CAP, SK_BAD_CAP, SK_BAD_CAP } },
		{ UINT64_MAX, { SK_BAD_CAP, SK_BAD_CAP, SK_BAD_CAP, SK_BAD_CAP } },
		{ 1ull << 32 | SK_BOOT_SLOT_NOTIFICATION, { SK_BAD_CAP, SK_BAD_CAP, SK_BAD_CAP, SK_BAD_CAP } },
		{ copy, { SK_STALE, SK_STALE, SK_STALE, SK_STALE } },
		{ uncallable, { SK_NO_RIGHT, SK_NO_RIGHT, SK_BAD_TYPE, SK_BAD_TYPE } },
		{ SK_BOOT_SLOT_RAM, { SK_STALE, SK_BAD_TYPE, SK_BAD_TYPE, SK_BAD_TYPE } },
	};
	for (size_t i = 0; i + 1u < sizeof rows / sizeof rows[0]; i++) {
		for (size_t j = 0; j < 4; j++) {
			mock_syscall(0, numbers[j], (const uint64_t[8]){ rows[i].slot, 1 });
			if (sk_reply_status(context->frame->x[0]) != rows[i].status[j]) {
				fail_msg("row %zu, call %zu: %d", i, j, (int)context->frame->x[0]);
			}
			assert_true(runs(context));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(empty_slots_are_not_stale, fresh_table),
		cmocka_unit_test_setup(released_objects_are_stale, fresh_table),
		cmocka_unit_test_setup(table_ends, fresh_table),
		cmocka_unit_test_setup(generations_end, fresh_table),
		cmocka_unit_test_setup(mappings_cost_no_generation, fresh_table),
		cmocka_unit_test_setup(retyping_ends_before_generations_do, world_setup),
		cmocka_unit_test_setup(slots_are_checked, world_setup),
		cmocka_unit_test_setup(the_last_slot, world_setup),
		cmocka_unit_test_setup(calls_on_bad_slots, world_setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
