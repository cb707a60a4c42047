/*
 * Spaces: mappings and their tables, capability tables, ranges of exits.
 */
#include "world.h"
#include <string.h>

#define PAGES(n) ((uint64_t)(n) * SK_PAGE_BYTES)
#define HERE 0x30000000ull
#define READ SK_MAP_FLAGS_READ
#define WRITE SK_MAP_FLAGS_WRITE
#define EXECUTE SK_MAP_FLAGS_EXECUTE
#define LIMIT (1ull << 39)

static void map_query_unmap(void **state)
{
	(void)state;
	uint32_t space = world_space(SK_SPACE_KIND_PROCESS, 4);
	uint32_t memory = world_memory(8);
	K_OK(space, SPACE_TAG_MAP, memory, HERE, PAGES(2), PAGES(3), READ | WRITE);
	K_OK(space, SPACE_TAG_QUERY, HERE + PAGES(2) + 5);
	assert_int_equal(world.reply.w[0], PAGES(4) + 5);
	assert_int_equal(world.reply.w[1], READ | WRITE);
	K_REFUSED(SK_BAD_ARG, space, SPACE_TAG_QUERY, HERE + PAGES(3));
	K_REFUSED(SK_BAD_ARG, space, SPACE_TAG_QUERY, HERE - 1);
	K_REFUSED(SK_BAD_ARG, space, SPACE_TAG_QUERY, UINT64_MAX);
	K_OK(memory, MEMORY_TAG_INFO);
	assert_int_equal(world.reply.w[3], 1);
	invariants_check();
	/* By its first address only. */
	K_REFUSED(SK_BAD_ARG, space, SPACE_TAG_UNMAP, HERE + PAGES(1));
	K_REFUSED(SK_BAD_ARG, space, SPACE_TAG_UNMAP, HERE + 8);
	K_OK(space, SPACE_TAG_UNMAP, HERE);
	K_REFUSED(SK_BAD_ARG, space, SPACE_TAG_UNMAP, HERE);
	K_REFUSED(SK_BAD_ARG, space, SPACE_TAG_QUERY, HERE);
	invariants_check();
}

static void map_refusals(void **state)
{
	(void)state;
	uint32_t space = world_space(SK_SPACE_KIND_PROCESS, 4);
	uint32_t memory = world_memory(4);
	uint32_t vm = world_vm(0);
	static const struct {
		uint64_t address, offset, size, flags;
	} bad[] = {
		{ HERE, 0, 0, READ }, { HERE + 1, 0, PAGES(1), READ }, { HERE, 8, PAGES(1), READ },
		{ HERE, 0, 100, READ }, { HERE, 0, PAGES(5), READ }, { HERE, PAGES(4), PAGES(1), READ },
		{ HERE, PAGES(5), PAGES(1), READ }, { HERE, PAGES(1), ~(PAGES(1) - 1u), READ },
		{ HERE, ~(PAGES(1) - 1u), PAGES(2), READ }, { LIMIT, 0, PAGES(1), READ },
		{ LIMIT - PAGES(1), 0, PAGES(2), READ }, { ~(PAGES(1) - 1u), 0, PAGES(1), READ },
		{ HERE, 0, PAGES(1), 0 }, { HERE, 0, PAGES(1), SK_MAP_FLAGS_DEVICE }, { HERE, 0, PAGES(1), 0x10 },
		{ HERE, 0, PAGES(1), READ | 1ull << 32 }, { HERE, 0, PAGES(1), READ | WRITE | EXECUTE },
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		K_REFUSED(SK_BAD_ARG, space, SPACE_TAG_MAP, memory, bad[i].address, bad[i].offset, bad[i].size, bad[i].flags);
	}
	K_OK(vm, SPACE_TAG_MAP, memory, HERE, 0, PAGES(1), READ | WRITE | EXECUTE); /* a guest's own business */
	K_REFUSED(SK_BAD_TYPE, space, SPACE_TAG_MAP, space, HERE, 0, PAGES(1), READ);
	K_REFUSED(SK_BAD_CAP, space, SPACE_TAG_MAP, 0, HERE, 0, PAGES(1), READ);
	uint32_t readable = world_copy(memory, SK_RIGHT_READ | SK_RIGHT_EXECUTE, 0);
	K_REFUSED(SK_NO_RIGHT, space, SPACE_TAG_MAP, readable, HERE, 0, PAGES(1), READ | WRITE);
	K_OK(space, SPACE_TAG_MAP, readable, HERE, 0, PAGES(1), READ | EXECUTE);
	uint32_t weak = world_copy(space, SK_RIGHT_READ, 0);
	K_REFUSED(SK_NO_RIGHT, weak, SPACE_TAG_MAP, memory, HERE + PAGES(9), 0, PAGES(1), READ);
}

static void mappings_do_not_overlap(void **state)
{
	(void)state;
	uint32_t space = world_space(SK_SPACE_KIND_PROCESS, 4);
	uint32_t memory = world_memory(8);
	K_OK(space, SPACE_TAG_MAP, memory, HERE, 0, PAGES(4), READ);
	K_REFUSED(SK_OVERLAP, space, SPACE_TAG_MAP, memory, HERE, 0, PAGES(4), READ);
	K_REFUSED(SK_OVERLAP, space, SPACE_TAG_MAP, memory, HERE + PAGES(3), 0, PAGES(1), READ);
	K_REFUSED(SK_OVERLAP, space, SPACE_TAG_MAP, memory, HERE - PAGES(1), 0, PAGES(2), READ);
	K_REFUSED(SK_OVERLAP, space, SPACE_TAG_MAP, memory, HERE - PAGES(1), 0, PAGES(8), READ);
	K_OK(space, SPACE_TAG_MAP, memory, HERE + PAGES(4), 0, PAGES(1), READ);
	K_OK(space, SPACE_TAG_MAP, memory, HERE - PAGES(1), 0, PAGES(1), READ);
	invariants_check();
	K_OK(memory, MEMORY_TAG_UNMAP_ALL);
	invariants_check();
}

static void devices_are_mapped_as_devices(void **state)
{
	(void)state;
	uint32_t space = world_space(SK_SPACE_KIND_PROCESS, 4);
	K_OK(space, SPACE_TAG_MAP, SK_BOOT_SLOT_DEVICES, HERE, 0, PAGES(1), READ | WRITE);
	K_OK(space, SPACE_TAG_QUERY, HERE);
	assert_int_equal(world.reply.w[1], READ | WRITE | SK_MAP_FLAGS_DEVICE);
	K_OK(SK_BOOT_SLOT_DEVICES, MEMORY_TAG_INFO);
	assert_int_equal(world.reply.w[2], MEMORY_MEMORY_KIND_DEVICE);
}

static void tables_run_out_before_anything_is_mapped(void **state)
{
	(void)state;
	uint32_t space = world_space(SK_SPACE_KIND_PROCESS, 1);
	uint32_t memory = world_memory(2);
	uint32_t more = world_memory(1);
	K_REFUSED(SK_NO_MEMORY, space, SPACE_TAG_MAP, memory, HERE, 0, PAGES(1), READ);
	K_OK(space, SPACE_TAG_DONATE, more);
	K_OK(space, SPACE_TAG_MAP, memory, HERE, 0, PAGES(1), READ);
	/* The same tables serve its neighbour; another 2 MiB need another one. */
	K_OK(space, SPACE_TAG_MAP, memory, HERE + PAGES(1), 0, PAGES(1), READ);
	K_REFUSED(SK_NO_MEMORY, space, SPACE_TAG_MAP, memory, HERE + (2u << 20), 0, PAGES(1), READ);
	K_REFUSED(SK_NO_MEMORY, space, SPACE_TAG_MAP, memory, HERE + (2u << 20) - PAGES(1), 0, PAGES(2), READ);
	invariants_check();
	K_OK(memory, MEMORY_TAG_UNMAP_ALL);
	K_OK(space, SPACE_TAG_MAP, memory, HERE + (2u << 20), 0, PAGES(1), READ);
	invariants_check();
}

static void donation_refusals(void **state)
{
	(void)state;
	uint32_t space = world_space(SK_SPACE_KIND_PROCESS, 2);
	uint32_t memory = world_memory(1);
	K_REFUSED(SK_BAD_ARG, space, SPACE_TAG_DONATE, SK_BOOT_SLOT_DEVICES);
	K_REFUSED(SK_BAD_TYPE, space, SPACE_TAG_DONATE, space);
	K_REFUSED(SK_BAD_CAP, space, SPACE_TAG_DONATE, 499);
	K_OK(space, SPACE_TAG_MAP, memory, HERE, 0, PAGES(1), READ);
	K_REFUSED(SK_BAD_STATE, space, SPACE_TAG_DONATE, memory);
	uint32_t readable = world_copy(memory, SK_RIGHT_READ | SK_RIGHT_WRITE, 0);
	K_REFUSED(SK_NO_RIGHT, space, SPACE_TAG_DONATE, readable);
}

/* Looking for a mapping takes no longer than for so many. */
static void mappings_of_a_space_are_limited(void **state)
{
	(void)state;
	uint32_t space = world_space(SK_SPACE_KIND_PROCESS, 2);
	uint32_t memory = world_memory(1);
	for (uint32_t i = 0; i < SPACE_MAPPINGS; i++) {
		K_OK(space, SPACE_TAG_MAP, memory, HERE + PAGES(i), 0, PAGES(1), READ);
	}
	K_REFUSED(SK_NO_SLOT, space, SPACE_TAG_MAP, memory, HERE + PAGES(SPACE_MAPPINGS), 0, PAGES(1), READ);
	K_OK(space, SPACE_TAG_UNMAP, HERE + PAGES(7));
	K_OK(space, SPACE_TAG_MAP, memory, HERE + PAGES(SPACE_MAPPINGS), 0, PAGES(1), READ);
	invariants_check();
}

/* The actor maps 40 pages, which takes several tries; in between the test does something else. */
struct cut {
	struct actor actor;
	uint32_t space, memory;          /* supervisor's slots */
	uint32_t actor_space, actor_memory;
};

static void cut_begin(struct cut *cut, uint32_t pool)
{
	actor_make(&cut->actor, 1);
	cut->space = world_space(SK_SPACE_KIND_PROCESS, pool);
	cut->memory = world_memory(41);
	cut->actor_space = actor_give(&cut->actor, cut->space, SK_RIGHTS_ALL, 0);
	cut->actor_memory = actor_give(&cut->actor, cut->memory, SK_RIGHTS_ALL, 0);
	world_plan(1, cut->actor.thread, 0);
	actor_start(&cut->actor);
}

static void cut_map(const struct cut *cut, uint32_t polls)
{
	mock.polls = 0;
	mock.polls_to_interrupt = polls;
	const uint64_t x[8] = { cut->actor_space, SPACE_TAG_MAP, cut->actor_memory, HERE + (2u << 20) - PAGES(20), 0,
				PAGES(40), READ };
	mock_syscall(1, SK_SYS_CALL, x);
	mock.polls_to_interrupt = 0;
}

static void mapping_is_cut_into_pieces(void **state)
{
	(void)state;
	struct cut cut;
	cut_begin(&cut, 3);
	uint64_t pc = mock_pc(cut.actor.c);
	cut_map(&cut, 1);
	assert_int_equal(mock_pc(cut.actor.c), pc);
	invariants_check();
	cut_map(&cut, 1);
	assert_int_equal(mock_pc(cut.actor.c), pc);
	invariants_check();
	cut_map(&cut, 1);
	assert_int_equal(mock_pc(cut.actor.c), pc + 4);
	assert_int_equal(sk_reply_status(actor_x(&cut.actor, 0)), SK_OK);
	invariants_check();
	/* Done is done. */
	cut_map(&cut, 0);
	assert_int_equal(sk_reply_status(actor_x(&cut.actor, 0)), SK_OVERLAP);
}

/* What a mapping that was cut short will need is not given to another. */
static void tables_are_promised(void **state)
{
	(void)state;
	struct cut cut;
	cut_begin(&cut, 3); /* levels 2, 3 and 3: nothing is left */
	uint32_t other = world_memory(1);
	cut_map(&cut, 1);
	K_REFUSED(SK_NO_MEMORY, cut.space, SPACE_TAG_MAP, other, HERE + (4u << 20), 0, PAGES(1), READ);
	K_OK(cut.space, SPACE_TAG_MAP, other, HERE, 0, PAGES(1), READ); /* needs no table of its own */
	invariants_check();
	cut_map(&cut, 0);
	assert_int_equal(sk_reply_status(actor_x(&cut.actor, 0)), SK_OK);
	invariants_check();
}

static void a_mapping_cut_short_can_be_taken_away(void **state)
{
	(void)state;
	struct cut cut;
	cut_begin(&cut, 3);
	uint64_t address = HERE + (2u << 20) - PAGES(20);
	uint32_t other = world_memory(40);
	cut_map(&cut, 1);
	K_REFUSED(SK_OVERLAP, cut.space, SPACE_TAG_MAP, cut.memory, address, 0, PAGES(1), READ);
	K_REFUSED(SK_OVERLAP, cut.space, SPACE_TAG_MAP, other, address, 0, PAGES(40), READ);
	K_REFUSED(SK_OVERLAP, cut.space, SPACE_TAG_MAP, cut.memory, address, PAGES(1), PAGES(40), READ);
	K_REFUSED(SK_OVERLAP, cut.space, SPACE_TAG_MAP, cut.memory, address, 0, PAGES(40), READ | WRITE);
	K_REFUSED(SK_OVERLAP, cut.space, SPACE_TAG_MAP, cut.memory, address + PAGES(39), 0, PAGES(1), READ);
	K_OK(cut.space, SPACE_TAG_UNMAP, address);
	invariants_check();
	/* The call begins anew. */
	cut_map(&cut, 0);
	assert_int_equal(sk_reply_status(actor_x(&cut.actor, 0)), SK_OK);
	/* The same by its memory, and by its space's end. */
	K_OK(cut.memory, MEMORY_TAG_UNMAP_ALL);
	cut_map(&cut, 1);
	K_OK(cut.memory, MEMORY_TAG_UNMAP_ALL);
	invariants_check();
	cut_map(&cut, 1);
	K_OK(cut.space, SPACE_TAG_DESTROY);
	invariants_check();
	cut_map(&cut, 0);
	assert_int_equal(sk_reply_status(actor_x(&cut.actor, 0)), SK_STALE);
}

static void unmapping_is_cut_into_pieces(void **state)
{
	(void)state;
	uint32_t space = world_space(SK_SPACE_KIND_PROCESS, 8);
	uint32_t other = world_space(SK_SPACE_KIND_VM, 8);
	uint32_t memory = world_memory(100);
	static const uint64_t tags[] = { SPACE_TAG_UNMAP, MEMORY_TAG_UNMAP_ALL, SPACE_TAG_DESTROY };
	for (size_t i = 0; i < 3; i++) {
		K_OK(space, SPACE_TAG_MAP, memory, HERE, 0, PAGES(100), READ);
		K_OK(other, SPACE_TAG_MAP, memory, HERE, 0, PAGES(100), READ);
		mock.polls_to_interrupt = 1;
		if (tags[i] == MEMORY_TAG_UNMAP_ALL) {
			K_OK(memory, tags[i]);
		} else {
			K_OK(space, tags[i], HERE);
		}
		mock.polls_to_interrupt = 0;
		assert_true(world.restarts >= 6);
		assert_int_equal(world.supervisor->progress, 0);
		invariants_check();
		if (i == 0) {
			K_OK(other, SPACE_TAG_UNMAP, HERE);
		}
	}
}

static void destroy_needs_an_empty_space(void **state)
{
	(void)state;
	struct actor actor;
	actor_make(&actor, 1);
	uint32_t vm = world_vm(16);
	uint32_t vcpu = world_vcpu(vm, 1);
	uint32_t virq = world_slot();
	K_OK(vm, SPACE_TAG_CREATE_VIRQ, 40, virq);
	K_REFUSED(SK_BAD_STATE, SK_BOOT_SLOT_SPACE, SPACE_TAG_DESTROY);
	K_REFUSED(SK_BAD_STATE, actor.space, SPACE_TAG_DESTROY);
	K_REFUSED(SK_BAD_STATE, vm, SPACE_TAG_DESTROY);
	K_OK(vcpu, VCPU_TAG_DESTROY);
	K_REFUSED(SK_BAD_STATE, vm, SPACE_TAG_DESTROY);
	K_OK(virq, VIRQ_TAG_DESTROY);
	K_OK(vm, SPACE_TAG_DESTROY);
	K_OK(actor.thread, THREAD_TAG_DESTROY);
	K_OK(actor.space, SPACE_TAG_DESTROY);
	assert_int_equal(world_object(actor.space)->type, OBJECT_MEMORY);
	invariants_check();
}

static void capabilities_are_granted_with_less(void **state)
{
	(void)state;
	uint32_t process = world_space(SK_SPACE_KIND_PROCESS, 0);
	uint32_t vm = world_vm(0);
	uint32_t endpoint = world_endpoint();
	uint32_t memory = world_memory(1);
	uint32_t held = world_copy(endpoint, SK_RIGHT_CALL, 0);
	uint32_t badged = world_copy(endpoint, SK_RIGHTS_ALL, 0x100001);
	K_OK(process, SPACE_TAG_CAP_GRANT, endpoint, 5, SK_RIGHT_CALL | SK_RIGHT_WAIT, 0xabcdef);
	K_OK(process, SPACE_TAG_CAP_INFO, 5);
	assert_int_equal(world.reply.w[0], SK_OBJECT_TYPE_ENDPOINT);
	assert_int_equal(world.reply.w[1], SK_RIGHT_CALL | SK_RIGHT_WAIT);
	assert_int_equal(world.reply.w[2], 0xabcdef);
	K_REFUSED(SK_NO_SLOT, process, SPACE_TAG_CAP_GRANT, memory, 5, SK_RIGHTS_ALL, 0);
	K_REFUSED(SK_BAD_ARG, process, SPACE_TAG_CAP_GRANT, endpoint, 0, SK_RIGHTS_ALL, 0);
	K_REFUSED(SK_BAD_ARG, process, SPACE_TAG_CAP_GRANT, endpoint, SK_CAP_SLOTS + 1u, SK_RIGHTS_ALL, 0);
	K_REFUSED(SK_BAD_ARG, process, SPACE_TAG_CAP_GRANT, SK_CAP_SLOTS + 1u, 6, SK_RIGHTS_ALL, 0);
	K_REFUSED(SK_BAD_ARG, process, SPACE_TAG_CAP_GRANT, endpoint, 6, 0x80, 0);
	K_REFUSED(SK_BAD_ARG, process, SPACE_TAG_CAP_GRANT, endpoint, 6, SK_RIGHTS_ALL, 1u << SK_BADGE_BITS);
	K_REFUSED(SK_BAD_ARG, process, SPACE_TAG_CAP_GRANT, memory, 6, SK_RIGHTS_ALL, 1);
	K_REFUSED(SK_BAD_ARG, process, SPACE_TAG_CAP_GRANT, badged, 6, SK_RIGHTS_ALL, 2);
	K_REFUSED(SK_NO_RIGHT, process, SPACE_TAG_CAP_GRANT, held, 6, SK_RIGHTS_ALL, 0);
	K_REFUSED(SK_BAD_CAP, process, SPACE_TAG_CAP_GRANT, 0, 6, SK_RIGHTS_ALL, 0);
	K_REFUSED(SK_BAD_CAP, process, SPACE_TAG_CAP_GRANT, 499, 6, SK_RIGHTS_ALL, 0);
	K_REFUSED(SK_BAD_ARG, vm, SPACE_TAG_CAP_GRANT, endpoint, 6, SK_RIGHTS_ALL, 0);
	K_REFUSED(SK_BAD_ARG, vm, SPACE_TAG_CAP_DELETE, 6);
	K_REFUSED(SK_BAD_ARG, vm, SPACE_TAG_CAP_INFO, 6);
	K_REFUSED(SK_BAD_ARG, process, SPACE_TAG_CAP_DELETE, SK_CAP_SLOTS + 1u);
	K_REFUSED(SK_BAD_ARG, process, SPACE_TAG_CAP_INFO, SK_CAP_SLOTS + 1u);
	/* The badge stays where it can't be set. */
	K_OK(process, SPACE_TAG_CAP_GRANT, badged, 6, SK_RIGHTS_ALL, 0);
	K_OK(process, SPACE_TAG_CAP_INFO, 6);
	assert_int_equal(world.reply.w[2], 0x100001);
	K_OK(process, SPACE_TAG_CAP_DELETE, 5);
	K_OK(process, SPACE_TAG_CAP_INFO, 5);
	assert_int_equal(world.reply.w[0], SK_OBJECT_TYPE_NONE);
	K_OK(process, SPACE_TAG_CAP_DELETE, 0);
	/* A stale capability's place may be taken. */
	uint32_t control = world_copy(endpoint, SK_RIGHTS_ALL & ~SK_RIGHT_CALL, 0);
	K_OK(control, ENDPOINT_TAG_DESTROY);
	K_OK(process, SPACE_TAG_CAP_GRANT, memory, 6, SK_RIGHT_READ, 0);
	invariants_check();
}

static void ranges_are_routed_in_order(void **state)
{
	(void)state;
	uint32_t vm = world_vm(0);
	struct space *space = world_body(vm);
	uint32_t endpoint = world_endpoint();
	uint32_t badged = world_copy(endpoint, SK_RIGHT_CALL, 0x100009);
	K_OK(vm, SPACE_TAG_ROUTE_RANGE, 0x3000, 0x1000, badged);
	K_OK(vm, SPACE_TAG_ROUTE_RANGE, 0x1000, 0x1000, badged);
	K_OK(vm, SPACE_TAG_ROUTE_RANGE, 0x2000, 0x1000, endpoint);
	K_OK(vm, SPACE_TAG_ROUTE_RANGE, UINT64_MAX - 0x1000, 0x1000, endpoint);
	K_REFUSED(SK_OVERLAP, vm, SPACE_TAG_ROUTE_RANGE, 0x2000, 1, endpoint);
	K_REFUSED(SK_OVERLAP, vm, SPACE_TAG_ROUTE_RANGE, 0x3fff, 1, endpoint);
	K_REFUSED(SK_OVERLAP, vm, SPACE_TAG_ROUTE_RANGE, 0, 0x1001, endpoint);
	K_REFUSED(SK_OVERLAP, vm, SPACE_TAG_ROUTE_RANGE, 0, 0x100000, endpoint);
	K_REFUSED(SK_BAD_ARG, vm, SPACE_TAG_ROUTE_RANGE, 0x5000, 0, endpoint);
	K_REFUSED(SK_BAD_ARG, vm, SPACE_TAG_ROUTE_RANGE, UINT64_MAX, 2, endpoint);
	K_REFUSED(SK_BAD_TYPE, vm, SPACE_TAG_ROUTE_RANGE, 0x5000, 1, vm);
	K_REFUSED(SK_BAD_ARG, world_space(SK_SPACE_KIND_PROCESS, 0), SPACE_TAG_ROUTE_RANGE, 0x5000, 1, endpoint);
	for (uint32_t i = 0; i < 3; i++) {
		const struct route *route = space_route(space, 0x1fff + 0x1000u * i);
		assert_non_null(route);
		assert_int_equal(route->address, 0x1000u + 0x1000u * i);
		assert_int_equal(route->to.badge, i == 1 ? 0 : 0x100009);
	}
	assert_null(space_route(space, 0xfff));
	assert_null(space_route(space, 0x4000));
	assert_non_null(space_route(space, UINT64_MAX - 1));
	/* Just the same range goes elsewhere. */
	K_OK(vm, SPACE_TAG_ROUTE_RANGE, 0x2000, 0x1000, badged);
	assert_int_equal(space->route_count, 4);
	assert_int_equal(space_route(space, 0x2000)->to.badge, 0x100009);
	assert_int_equal(space_route(space, 0x2000)->to.generation, world_object(endpoint)->generation);
	invariants_check();
}

static void ranges_run_out(void **state)
{
	(void)state;
	uint32_t vm = world_vm(0);
	uint32_t endpoint = world_endpoint();
	for (uint64_t i = 0; i < SPACE_ROUTES; i++) {
		K_OK(vm, SPACE_TAG_ROUTE_RANGE, (SPACE_ROUTES - i) * 0x1000, 0x1000, endpoint);
	}
	K_REFUSED(SK_NO_MEMORY, vm, SPACE_TAG_ROUTE_RANGE, 0x1000000, 0x1000, endpoint);
	K_OK(vm, SPACE_TAG_ROUTE_RANGE, 0x1000, 0x1000, endpoint);
	for (uint64_t i = 1; i <= SPACE_ROUTES; i++) {
		assert_int_equal(space_route(world_body(vm), i * 0x1000)->address, i * 0x1000);
	}
}

static void lines_are_set_once(void **state)
{
	(void)state;
	uint32_t vm = world_vm(0);
	uint32_t small = world_memory(1);
	uint32_t table = world_memory(2);
	uint32_t process = world_space(SK_SPACE_KIND_PROCESS, 0);
	uint32_t dest = world_slot();
	K_REFUSED(SK_BAD_ARG, vm, SPACE_TAG_CREATE_VIRQ, 40, dest);
	K_REFUSED(SK_BAD_ARG, vm, SPACE_TAG_LINE_UPDATE, 40, 0, 0);
	K_REFUSED(SK_BAD_ARG, vm, SPACE_TAG_SET_LINES, small, 1);
	K_REFUSED(SK_BAD_ARG, vm, SPACE_TAG_SET_LINES, table, SK_SHARED_LINES_MAX + 1u);
	K_REFUSED(SK_BAD_ARG, vm, SPACE_TAG_SET_LINES, SK_BOOT_SLOT_DEVICES, 0);
	K_REFUSED(SK_BAD_ARG, process, SPACE_TAG_SET_LINES, table, 1);
	K_REFUSED(SK_BAD_TYPE, vm, SPACE_TAG_SET_LINES, vm, 1);
	K_OK(vm, SPACE_TAG_SET_LINES, table, 16);
	K_REFUSED(SK_BAD_STATE, vm, SPACE_TAG_SET_LINES, table, 16);
	K_REFUSED(SK_BAD_ARG, vm, SPACE_TAG_CREATE_VIRQ, 31, dest);
	K_REFUSED(SK_BAD_ARG, vm, SPACE_TAG_CREATE_VIRQ, 48, dest);
	K_REFUSED(SK_BAD_ARG, vm, SPACE_TAG_CREATE_VIRQ, UINT32_MAX, dest);
	K_REFUSED(SK_NO_SLOT, vm, SPACE_TAG_CREATE_VIRQ, 40, table);
	K_REFUSED(SK_BAD_ARG, vm, SPACE_TAG_CREATE_VIRQ, 40, 0);
	K_OK(vm, SPACE_TAG_CREATE_VIRQ, 47, dest);
	K_OK(dest, VIRQ_TAG_DESTROY);
	K_OK(vm, SPACE_TAG_DESTROY);
	assert_int_equal(world_object(table)->memory.pins, 0);
	invariants_check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(map_query_unmap, world_setup),
		cmocka_unit_test_setup(map_refusals, world_setup),
		cmocka_unit_test_setup(mappings_do_not_overlap, world_setup),
		cmocka_unit_test_setup(devices_are_mapped_as_devices, world_setup),
		cmocka_unit_test_setup(tables_run_out_before_anything_is_mapped, world_setup),
		cmocka_unit_test_setup(donation_refusals, world_setup),
		cmocka_unit_test_setup(mappings_of_a_space_are_limited, world_setup),
		cmocka_unit_test_setup(mapping_is_cut_into_pieces, world_setup),
		cmocka_unit_test_setup(tables_are_promised, world_setup),
		cmocka_unit_test_setup(a_mapping_cut_short_can_be_taken_away, world_setup),
		cmocka_unit_test_setup(unmapping_is_cut_into_pieces, world_setup),
		cmocka_unit_test_setup(destroy_needs_an_empty_space, world_setup),
		cmocka_unit_test_setup(capabilities_are_granted_with_less, world_setup),
		cmocka_unit_test_setup(ranges_are_routed_in_order, world_setup),
		cmocka_unit_test_setup(ranges_run_out, world_setup),
		cmocka_unit_test_setup(lines_are_set_once, world_setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
