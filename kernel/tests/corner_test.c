/*
 * Ways through the kernel that no other test comes by: each of these was found by build/coverage.
 */
#include "guest.h"
#include <string.h>

#define TAG SK_TAG_METHOD(77, 1)

static void a_core_asks_of_its_own_slot(void **state)
{
	(void)state;
	world_plan(0, SK_BOOT_SLOT_THREAD, 0);
	mock_advance(arch_ns_to_ticks(5000));
	K_OK(world.core[0], CORE_TAG_SLOT_INFO, 0);
	uint64_t used = world.reply.w[0];
	mock_advance(arch_ns_to_ticks(5000));
	K_OK(world.core[0], CORE_TAG_SLOT_INFO, 0);
	assert_true(world.reply.w[0] >= used + 4000); /* up to now, not to the last switch */
	invariants_check();
}

/* The slot whose budget's end a scheduler has not heard of yet is no more, and then the scheduler neither. */
static void a_spent_slot_that_is_gone(void **state)
{
	(void)state;
	struct actor scheduler;
	struct actor actors[2];
	actor_make(&scheduler, 1);
	actor_serve(&scheduler);
	world_plan(1, scheduler.thread, 0);
	actor_start(&scheduler);
	actor_syscall(&scheduler, SK_SYS_WAIT, actor_give(&scheduler, world_notification(), SK_RIGHT_WAIT, 0), 0, 0, 0);
	K_OK(world.core[1], CORE_TAG_SET_SCHEDULER, scheduler.endpoint);
	struct core_plan_slot plan[2] = { { .budget_ns = 1000000 }, { .budget_ns = 1000000 } };
	for (uint32_t i = 0; i < 2; i++) {
		actor_make(&actors[i], 1);
		plan[i].task = actors[i].thread;
	}
	assert_int_equal(world_commit(1, 0, 2, plan), SK_OK);
	actor_start(&actors[1]);
	mock_advance(arch_ns_to_ticks(2000000));
	assert_int_not_equal(core_at(1)->due, 0);
	assert_int_equal(core_at(1)->due_slot, 1);
	K_OK(actors[1].thread, THREAD_TAG_STOP);
	K_OK(actors[1].thread, THREAD_TAG_DESTROY);
	assert_int_not_equal(core_at(1)->due, 0);
	K_OK(scheduler.thread, THREAD_TAG_STOP);
	assert_int_equal(core_at(1)->due, 0);
	assert_int_equal(core_at(1)->plan.count, 1);
	actor_start(&actors[0]);
	assert_runs(&actors[0]);
	invariants_check();
}

static void queues_are_counted(void **state)
{
	(void)state;
	struct actor server;
	struct actor clients[2];
	uint32_t slots[2];
	actor_make(&server, 1);
	actor_serve(&server);
	actor_crowd(&server, clients, slots, 2, 1); /* the server has not come to its endpoint yet */
	actor_call(&clients[0], slots[0], TAG, 1);
	actor_call(&clients[1], slots[1], TAG, 1);
	K_OK(world_copy(server.endpoint, SK_RIGHTS_ALL & ~SK_RIGHT_CALL, 0), ENDPOINT_TAG_INFO);
	assert_int_equal(world.reply.w[2], 1);
	invariants_check();
}

/* Somebody waits for it without being bound to it. */
static void a_notification_with_a_waiter_stays(void **state)
{
	(void)state;
	struct actor waiter;
	uint32_t notification = world_notification();
	actor_make(&waiter, 1);
	uint32_t slot = actor_give(&waiter, notification, SK_RIGHT_WAIT, 0);
	world_plan(1, waiter.thread, 0);
	actor_start(&waiter);
	actor_syscall(&waiter, SK_SYS_WAIT, slot, 0, 0, 0);
	assert_state(&waiter, CONTEXT_WAITING);
	K_REFUSED(SK_BAD_STATE, notification, NOTIFICATION_TAG_DESTROY, 0);
	K_OK(waiter.thread, THREAD_TAG_STOP);
	K_OK(notification, NOTIFICATION_TAG_DESTROY);
	invariants_check();
}

static void memory_in_use_becomes_no_thread(void **state)
{
	(void)state;
	uint32_t process = world_space(SK_SPACE_KIND_PROCESS, 4);
	uint32_t memory = world_memory(1);
	uint32_t buffer = world_memory(1);
	K_OK(process, SPACE_TAG_MAP, memory, 0x400000, 0, SK_PAGE_BYTES, SK_MAP_FLAGS_READ);
	K_REFUSED(SK_BAD_STATE, memory, MEMORY_TAG_CREATE_THREAD, process, 1, buffer, memory);
	invariants_check();
}

/* Lines of a vCPU that there is not, and beyond the table: they have nowhere to go. */
static void lines_that_there_are_not(void **state)
{
	(void)state;
	struct guest guest;
	guest_bring_to(&guest, RUNNING);
	K_REFUSED(SK_BAD_ARG, guest.vm, SPACE_TAG_LINE_UPDATE, 7, 9, SPACE_LINE_CHANGE_SET_PENDING);
	guest_exit(VM_EXIT_METHOD_HYPERCALL, 1);
	guest_reply(&guest, SK_EXIT_ACTION_INJECT, 255);
	assert_true(runs(&guest.v->context));
	assert_int_equal(mock_guest_take(1), -1);
	invariants_check();
}

/* A VMM on its vCPU's core takes back what it made pending, and sees at once what the guest has done with it. */
static void a_vmm_looks_at_its_own_cores_lines(void **state)
{
	(void)state;
	struct guest guest;
	guest_bring_to(&guest, RUNNING);
	struct sk_line *line = &world_lines(guest.vm)[sk_line_index(0, 8)];
	line->config = SK_LINE_ENABLED;
	uint32_t vm = actor_give(&guest.vmm, guest.vm, SK_RIGHTS_ALL, 0);
	K_OK(guest.vcpu, VCPU_TAG_INJECT, 8);
	mock_settle();
	assert_int_equal(mock_guest_take(1), 8);
	guest_exit(VM_EXIT_METHOD_HYPERCALL, 1);
	const uint64_t x[8] = { vm, SPACE_TAG_LINE_UPDATE, 8, 0, SPACE_LINE_CHANGE_NONE };
	mock_syscall(1, SK_SYS_CALL, x);
	assert_runs(&guest.vmm);
	assert_int_equal(sk_reply_status(actor_x(&guest.vmm, 0)), SK_OK);
	assert_int_equal(line->state & SK_LINE_ACTIVE, SK_LINE_ACTIVE);
	invariants_check();
}

/* Two levels of the VMM's own end before the guest goes on: both are asked about, one after the other. */
static void two_levels_end_at_once(void **state)
{
	(void)state;
	struct guest guest;
	guest_bring_to(&guest, CREATED);
	K_OK(guest.vcpu, VCPU_TAG_ROUTE, VM_EXIT_METHOD_INTERRUPT_END, guest.vmm.endpoint);
	guest_run(&guest);
	for (uint32_t line = 20; line < 22; line++) {
		world_lines(guest.vm)[sk_line_index(0, line)].config = SK_LINE_ENABLED | SK_LINE_LEVEL;
		K_OK(guest.vcpu, VCPU_TAG_INJECT, line);
	}
	mock_settle();
	for (uint32_t i = 0; i < 2; i++) {
		assert_in_range(mock_guest_take(1), 20, 21);
	}
	guest.v->arch.lists[0].notice = false; /* the first end is not told of before the second */
	guest.v->arch.lists[1].notice = false;
	mock_guest_end(1, 20);
	mock_guest_end(1, 21);
	guest_exit(VM_EXIT_METHOD_HALT, 1);
	for (uint32_t line = 20; line < 22; line++) {
		assert_runs(&guest.vmm);
		assert_int_equal(actor_x(&guest.vmm, 1) & SK_TAG_METHOD_MASK, VM_EXIT_TAG_INTERRUPT_END);
		assert_int_equal(actor_x(&guest.vmm, 2), line);
		guest_reply(&guest, 0, 0);
	}
	assert_true(runs(&guest.v->context));
	invariants_check();
}

/* A disabled line that the VMM makes active goes to the guest, but ends no halt. */
static void active_lines_end_no_halt(void **state)
{
	(void)state;
	struct guest guest;
	guest_bring_to(&guest, SERVED);
	K_OK(guest.vm, SPACE_TAG_LINE_UPDATE, 9, 0, SPACE_LINE_CHANGE_SET_ACTIVE);
	mock_settle();
	guest_reply(&guest, SK_EXIT_ACTION_BLOCK, 0);
	assert_int_equal(guest.v->life, VCPU_STATE_BLOCKED);
	invariants_check();
}

/* Routes stay while a vCPU sleeps, as it may wake at any time. */
static void no_routes_change_while_a_vcpu_sleeps(void **state)
{
	(void)state;
	struct guest guest;
	guest_bring_to(&guest, BLOCKED);
	K_REFUSED(SK_BAD_STATE, guest.vm, SPACE_TAG_ROUTE_RANGE, 0x9000000, SK_PAGE_BYTES, guest.vmm.endpoint);
	K_OK(guest.vcpu, VCPU_TAG_PAUSE);
	K_OK(guest.vm, SPACE_TAG_ROUTE_RANGE, 0x9000000, SK_PAGE_BYTES, guest.vmm.endpoint);
	invariants_check();
}

/* Paused while its exit was being served: there is nothing to block any more. */
static void an_answer_blocks_no_paused_vcpu(void **state)
{
	(void)state;
	struct guest guest;
	guest_bring_to(&guest, SERVED_PAUSED);
	guest_reply(&guest, SK_EXIT_ACTION_BLOCK, 0);
	assert_int_equal(guest.v->life, VCPU_STATE_READY);
	assert_int_equal(guest.v->context.state, CONTEXT_STOPPED);
	invariants_check();
}

/* The straight run ends its exit, as its server has run on its turn all the time; it does not run for that. */
static void paused_on_its_own_turn(void **state)
{
	(void)state;
	struct guest guest;
	guest_bring_to(&guest, RUNNING);
	world_plan(1, guest.vcpu, guest.vmm.thread, 0);
	guest_exit(VM_EXIT_METHOD_HYPERCALL, 1);
	K_OK(guest.vcpu, VCPU_TAG_PAUSE);
	mock_log_clear();
	guest_reply(&guest, 0, 0);
	assert_int_equal(mock_count(MOCK_FAST), 1);
	assert_int_equal(guest.v->life, VCPU_STATE_READY);
	assert_int_equal(guest.v->context.state, CONTEXT_STOPPED);
	assert_true(world_idle(1));
	invariants_check();
	K_OK(guest.vcpu, VCPU_TAG_RUN);
	assert_true(runs(&guest.v->context));
}

/* A method that is done on its object's core, of an object that has no core. */
static void methods_of_another_interface(void **state)
{
	(void)state;
	K_REFUSED(SK_BAD_TYPE, world_memory(1), CORE_TAG_SET_WAKE_TIME, 0);
	invariants_check();
}

/* A vCPU's exit that another core's worker took is answered from here, but not twice. */
static void exits_are_answered_from_another_core(void **state)
{
	(void)state;
	struct guest guest;
	struct actor sibling;
	guest_bring_to(&guest, SERVED);
	actor_sibling(&sibling, &guest.vmm, 2);
	actor_join(&sibling, &guest.vmm);
	world_plan(2, sibling.thread, 0);
	actor_start(&sibling);
	uint64_t token = guest.v->context.token;
	actor_syscall(&sibling, SK_SYS_REPLY, token, 0, 0, 0);
	assert_int_equal(actor_status(&sibling), SK_OK);
	mock_settle();
	assert_int_equal(guest.v->context.state, CONTEXT_READY);
	actor_syscall(&sibling, SK_SYS_REPLY, token, 0, 0, 0);
	assert_int_equal(actor_status(&sibling), SK_BAD_ARG);
	invariants_check();
}

static struct sk_boot_info image(void)
{
	world_boot(1); /* leaves a good image behind */
	struct sk_boot_info info = *(struct sk_boot_info *)(void *)mock.ram;
	return info;
}

static bool boots(const struct sk_boot_info *info, uint32_t cores_there)
{
	mock_reset(cores_there);
	*(struct sk_boot_info *)(void *)mock.ram = *info;
	bool booted = mock_boot((const struct sk_boot_info *)(void *)mock.ram);
	world.supervisor = booted ? thread_of(core_at(0)->current) : NULL;
	return booted;
}

/* More than there is room for is left out; what is only read is copied where it does not fill its pages. */
static void boot_images_with_more(void **state)
{
	(void)state;
	struct sk_boot_info info = image();
	info.device_count = SK_BOOT_DEVICES + 1u;
	info.segments[0].file_bytes = 100;
	for (uint32_t i = info.segment_count; i < SK_BOOT_SEGMENTS; i++) {
		info.segments[i] = info.segments[2];
		info.segments[i].address = SK_VA_IMAGE + (16u + 2u * i) * SK_PAGE_BYTES;
	}
	info.segment_count = SK_BOOT_SEGMENTS + 1u;
	if (!boots(&info, 1)) {
		fail_msg("no boot: %s", mock.console);
	}
	K_OK(SK_BOOT_SLOT_SPACE, SPACE_TAG_QUERY, SK_VA_IMAGE + (15u + 2u * SK_BOOT_SEGMENTS) * SK_PAGE_BYTES);
	K_OK(SK_BOOT_SLOT_SPACE, SPACE_TAG_QUERY, SK_VA_START_PAGE);
	info.segments[0].file_bytes = 0;
	info.segments[0].memory_bytes = 0;
	assert_false(boots(&info, 1));
	assert_non_null(strstr(mock.console, "supervisor segment 0 lies outside"));
}

/* Nobody has claimed the other core before the table is full. */
static void no_room_for_a_core(void **state)
{
	(void)state;
	struct sk_boot_info info = image();
	info.core_count = 2;
	info.object_slots = 256;
	assert_true(boots(&info, 2));
	world.ram = SK_BOOT_SLOT_RAM;
	while (object_free_count != 0) {
		(void)world_memory(1);
	}
	K_REFUSED(SK_NO_SLOT, SK_BOOT_SLOT_MACHINE, MACHINE_TAG_CLAIM_CORE, 1, world_slot());
	invariants_check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_core_asks_of_its_own_slot, world_setup),
		cmocka_unit_test_setup(a_spent_slot_that_is_gone, world_setup),
		cmocka_unit_test_setup(queues_are_counted, world_setup),
		cmocka_unit_test_setup(a_notification_with_a_waiter_stays, world_setup),
		cmocka_unit_test_setup(memory_in_use_becomes_no_thread, world_setup),
		cmocka_unit_test_setup(lines_that_there_are_not, world_setup),
		cmocka_unit_test(a_vmm_looks_at_its_own_cores_lines),
		cmocka_unit_test(two_levels_end_at_once),
		cmocka_unit_test(active_lines_end_no_halt),
		cmocka_unit_test(no_routes_change_while_a_vcpu_sleeps),
		cmocka_unit_test(an_answer_blocks_no_paused_vcpu),
		cmocka_unit_test(paused_on_its_own_turn),
		cmocka_unit_test_setup(methods_of_another_interface, world_setup),
		cmocka_unit_test(exits_are_answered_from_another_core),
		cmocka_unit_test(boot_images_with_more),
		cmocka_unit_test(no_room_for_a_core),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
