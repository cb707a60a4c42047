/*
 * Cores: on and off, with and without virtualisation, and what may be on one then.
 */
#define _GNU_SOURCE /* fork() and what goes with it */
#include "world.h"
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define TAG SK_TAG_METHOD(0x42, 7)

static int one_core_online(void **state)
{
	(void)state;
	world_boot_with(3, 1, 1024);
	return 0;
}

static void claimed(void **state)
{
	(void)state;
	uint32_t dest = world_slot();
	uint32_t again = world_slot();
	K_REFUSED(SK_BAD_ARG, SK_BOOT_SLOT_MACHINE, MACHINE_TAG_CLAIM_CORE, 3, dest);
	K_REFUSED(SK_BAD_ARG, SK_BOOT_SLOT_MACHINE, MACHINE_TAG_CLAIM_CORE, UINT32_MAX, dest);
	K_REFUSED(SK_BAD_ARG, SK_BOOT_SLOT_MACHINE, MACHINE_TAG_CLAIM_CORE, 1ull << 32, dest);
	K_REFUSED(SK_BAD_ARG, SK_BOOT_SLOT_MACHINE, MACHINE_TAG_CLAIM_CORE, 0, 0);
	K_REFUSED(SK_NO_SLOT, SK_BOOT_SLOT_MACHINE, MACHINE_TAG_CLAIM_CORE, 0, world.core[0]);
	uint32_t free_objects = object_free_count;
	K_OK(SK_BOOT_SLOT_MACHINE, MACHINE_TAG_CLAIM_CORE, 1, dest);
	K_OK(SK_BOOT_SLOT_MACHINE, MACHINE_TAG_CLAIM_CORE, 1, again);
	assert_ptr_equal(world_object(dest), world_object(again));
	assert_int_equal(object_free_count, free_objects);
}

static void on_and_off(void **state)
{
	(void)state;
	K_OK(world.core[1], CORE_TAG_IS_ENABLED);
	assert_int_equal(world.reply.w[0], 0);
	assert_int_equal(world.reply.w[1], 1);
	K_REFUSED(SK_BAD_STATE, world.core[1], CORE_TAG_OFFLINE);
	K_REFUSED(SK_BAD_STATE, world.core[1], CORE_TAG_HARDWARE_ENABLE);
	K_REFUSED(SK_BAD_STATE, world.core[1], CORE_TAG_HARDWARE_DISABLE);
	for (uint32_t i = 0; i < 3; i++) {
		K_OK(world.core[1], CORE_TAG_ONLINE);
		assert_true(core_at(1)->online && core_at(1)->enabled);
		assert_true(world_idle(1));
		K_REFUSED(SK_BAD_STATE, world.core[1], CORE_TAG_ONLINE);
		invariants_check();
		mock_log_clear();
		K_OK(world.core[1], CORE_TAG_OFFLINE);
		assert_false(core_at(1)->online);
		assert_int_equal(mock_count(MOCK_OFFLINE), 1);
		K_REFUSED(SK_BAD_STATE, world.core[1], CORE_TAG_OFFLINE);
		mock_settle();
		invariants_check();
	}
	/* The core of the caller stays on. */
	K_REFUSED(SK_BAD_STATE, world.core[0], CORE_TAG_OFFLINE);
	/* Firmware may refuse. */
	mock.online_status = SK_UNSUPPORTED;
	K_REFUSED(SK_UNSUPPORTED, world.core[2], CORE_TAG_ONLINE);
}

static void virtualisation_on_and_off(void **state)
{
	(void)state;
	K_OK(world.core[1], CORE_TAG_ONLINE);
	struct actor actor;
	uint32_t vm = world_vm(0);
	uint32_t vcpu = world_vcpu(vm, 1);
	for (uint32_t i = 0; i < 2; i++) {
		K_REFUSED(SK_BAD_STATE, world.core[1], CORE_TAG_HARDWARE_ENABLE);
		mock_log_clear();
		K_OK(world.core[1], CORE_TAG_HARDWARE_DISABLE);
		assert_int_equal(mock_count(MOCK_DISABLE), 1);
		assert_false(core_at(1)->arch.vectors);
		K_OK(world.core[1], CORE_TAG_IS_ENABLED);
		assert_int_equal(world.reply.w[0], 0);
		K_REFUSED(SK_BAD_STATE, world.core[1], CORE_TAG_HARDWARE_DISABLE);
		/* Nothing runs there meanwhile. */
		assert_int_equal(world_commit(1, 0, 0, NULL), SK_BAD_STATE);
		if (i == 0) {
			K_OK(vcpu, VCPU_TAG_SETUP, 0);
		}
		K_REFUSED(SK_BAD_ARG, vcpu, VCPU_TAG_BIND, 1);
		K_OK(world.core[1], CORE_TAG_HARDWARE_ENABLE);
		assert_true(core_at(1)->arch.vectors && core_at(1)->enabled);
	}
	actor_make(&actor, 1);
	K_REFUSED(SK_BAD_STATE, world.core[1], CORE_TAG_HARDWARE_DISABLE);
	K_OK(actor.thread, THREAD_TAG_DESTROY);
	K_OK(vcpu, VCPU_TAG_BIND, 1);
	K_REFUSED(SK_BAD_STATE, world.core[1], CORE_TAG_HARDWARE_DISABLE);
	K_OK(vcpu, VCPU_TAG_UNBIND);
	/* A plan may name a vCPU that is not bound yet. */
	world_plan(1, vcpu, 0);
	K_REFUSED(SK_BAD_STATE, world.core[1], CORE_TAG_HARDWARE_DISABLE);
	K_REFUSED(SK_BAD_STATE, world.core[1], CORE_TAG_OFFLINE);
	assert_int_equal(world_commit(1, 0, 0, NULL), SK_OK);
	K_OK(world.core[1], CORE_TAG_HARDWARE_DISABLE);
	mock.unsupported = true;
	K_REFUSED(SK_UNSUPPORTED, world.core[1], CORE_TAG_HARDWARE_ENABLE);
	K_OK(world.core[1], CORE_TAG_IS_ENABLED);
	assert_int_equal(world.reply.w[0], 0);
	assert_int_equal(world.reply.w[1], 0);
}

static void a_core_in_use_stays_on(void **state)
{
	(void)state;
	struct actor actor;
	uint32_t vm = world_vm(0);
	uint32_t vcpu = world_vcpu(vm, 1);
	K_OK(vcpu, VCPU_TAG_SETUP, 0);
	K_REFUSED(SK_BAD_ARG, vcpu, VCPU_TAG_BIND, 1);
	uint32_t page = world_memory(1);
	uint32_t buffer = world_memory(1);
	uint32_t process = world_space(SK_SPACE_KIND_PROCESS, 1);
	K_REFUSED(SK_BAD_ARG, page, MEMORY_TAG_CREATE_THREAD, process, 1, buffer, page);
	assert_int_equal(world_commit(1, 0, 0, NULL), SK_BAD_STATE);
	K_REFUSED(SK_BAD_STATE, world.core[1], CORE_TAG_SET_WAKE_TIME, 1000000);
	K_OK(world.core[1], CORE_TAG_ONLINE);
	actor_make(&actor, 1); /* need not have started */
	K_REFUSED(SK_BAD_STATE, world.core[1], CORE_TAG_OFFLINE);
	K_OK(actor.thread, THREAD_TAG_DESTROY);
	K_OK(vcpu, VCPU_TAG_BIND, 1);
	K_REFUSED(SK_BAD_STATE, world.core[1], CORE_TAG_OFFLINE);
	K_REFUSED(SK_BAD_STATE, vm, SPACE_TAG_DESTROY);
	K_OK(vcpu, VCPU_TAG_DESTROY);
	K_OK(vm, SPACE_TAG_DESTROY);
	K_OK(world.core[1], CORE_TAG_OFFLINE);
	assert_int_equal(world_commit(1, 0, 0, NULL), SK_BAD_STATE);
	K_REFUSED(SK_BAD_STATE, world.core[1], CORE_TAG_HARDWARE_DISABLE);
	invariants_check();
}

/* A line that is routed to a core would be heard by nobody there. */
static void a_core_with_interrupts_stays_on(void **state)
{
	(void)state;
	uint32_t line = world_slot();
	uint32_t notification = world_notification();
	K_OK(SK_BOOT_SLOT_MACHINE, MACHINE_TAG_CLAIM_INTERRUPT, 40, 0, line);
	K_REFUSED(SK_BAD_ARG, line, INTERRUPT_TAG_BIND, notification, 1, 1);
	K_OK(world.core[1], CORE_TAG_ONLINE);
	K_OK(world.core[2], CORE_TAG_ONLINE);
	K_OK(line, INTERRUPT_TAG_BIND, notification, 1, 1);
	K_REFUSED(SK_BAD_STATE, world.core[1], CORE_TAG_OFFLINE);
	K_REFUSED(SK_BAD_STATE, world.core[1], CORE_TAG_HARDWARE_DISABLE);
	K_OK(line, INTERRUPT_TAG_MASK); /* which is no binding elsewhere */
	K_REFUSED(SK_BAD_STATE, world.core[1], CORE_TAG_OFFLINE);
	K_OK(line, INTERRUPT_TAG_BIND, notification, 1, 2);
	K_OK(world.core[1], CORE_TAG_OFFLINE);
	K_REFUSED(SK_BAD_STATE, world.core[2], CORE_TAG_OFFLINE);
	mock_line_raise(40);
	mock_settle();
	mock_syscall(0, SK_SYS_POLL, (const uint64_t[8]){ notification });
	assert_int_equal(world.supervisor->registers.x[2], 1);
	K_OK(line, INTERRUPT_TAG_DESTROY);
	K_OK(world.core[2], CORE_TAG_OFFLINE);
	invariants_check();
}

/* A core that is off is a server that is away: its callers wait, and can leave. */
static void callers_of_a_core_that_is_off(void **state)
{
	(void)state;
	K_OK(world.core[1], CORE_TAG_ONLINE);
	K_OK(world.core[2], CORE_TAG_ONLINE);
	struct actor server;
	struct actor clients[4];
	uint32_t slots[4];
	actor_make(&server, 1);
	actor_serve(&server);
	uint32_t control = world_copy(server.endpoint, SK_RIGHTS_ALL & ~SK_RIGHT_CALL, 0);
	K_OK(server.thread, THREAD_TAG_DESTROY);
	struct core_plan_slot plan[SK_PLAN_SLOTS] = { 0 };
	for (uint32_t i = 0; i < 4; i++) {
		actor_make(&clients[i], 2);
		slots[i] = actor_client(&clients[i], &server, i);
		plan[i].task = clients[i].thread;
	}
	assert_int_equal(world_commit(2, 0, 4, plan), SK_OK);
	for (uint32_t i = 0; i < 4; i++) {
		actor_start(&clients[i]);
		actor_call(&clients[i], slots[i], TAG, i);
		if (i == 1) {
			mock_settle();
			K_OK(world.core[1], CORE_TAG_OFFLINE);
		}
	}
	mock_settle();
	K_OK(clients[0].thread, THREAD_TAG_STOP);   /* in the queue */
	K_OK(clients[2].thread, THREAD_TAG_DESTROY); /* still on its way */
	memset(clients[2].t, 0xa5, sizeof *clients[2].t);
	invariants_check();
	K_OK(world.core[1], CORE_TAG_ONLINE);
	struct actor next;
	actor_make(&next, 1);
	actor_join(&next, &server);
	world_plan(1, next.thread, 0);
	actor_start(&next);
	actor_reply_wait(&next, 0, 0, 0);
	assert_ptr_equal(next.c->caller, clients[1].c);
	actor_reply_wait(&next, actor_token(&next), 0, 0);
	assert_ptr_equal(next.c->caller, clients[3].c);
	mock_settle();
	invariants_check();
	/* And learn that nobody will come. */
	actor_call(&clients[1], slots[1], TAG, 1);
	mock_settle();
	K_OK(next.thread, THREAD_TAG_DESTROY);
	K_OK(world.core[1], CORE_TAG_OFFLINE);
	K_OK(control, ENDPOINT_TAG_ABANDON);
	mock_settle();
	assert_int_equal(actor_status(&clients[1]), SK_SERVER_DIED);
	assert_int_equal(actor_status(&clients[3]), SK_SERVER_DIED);
	K_OK(control, ENDPOINT_TAG_DESTROY);
	invariants_check();
}

static void counters_and_clock(void **state)
{
	(void)state;
	K_OK(world.core[0], CORE_TAG_COUNTERS);
	uint64_t entries = ((const uint64_t *)world_buffer())[CORE_COUNTER_ENTRIES];
	K_OK(world.core[0], CORE_TAG_COUNTERS);
	assert_int_equal(((const uint64_t *)world_buffer())[CORE_COUNTER_ENTRIES], entries + 1);
	K_OK(world.core[1], CORE_TAG_ONLINE);
	mock_advance(arch_ns_to_ticks(1000000));
	K_OK(world.core[1], CORE_TAG_SET_WAKE_TIME, 1); /* so that its idle time is counted */
	mock_advance(1);
	K_OK(world.core[1], CORE_TAG_COUNTERS);
	assert_in_range(((const uint64_t *)world_buffer())[CORE_COUNTER_IDLE_NS], 1000000, 1000100);
}

static void the_machines_end(void **state)
{
	(void)state;
	memcpy(world_buffer(), "hello", 5);
	mock.console_length = 0;
	K_OK(SK_BOOT_SLOT_MACHINE, MACHINE_TAG_PRINT | SK_TAG_BYTES(5), 5);
	assert_string_equal(mock.console, "hello");
	K_REFUSED(SK_BAD_ARG, SK_BOOT_SLOT_MACHINE, MACHINE_TAG_PRINT | SK_TAG_BYTES(257), 257);
	const uint64_t reset[8] = { SK_BOOT_SLOT_MACHINE, MACHINE_TAG_RESET };
	mock_syscall(0, SK_SYS_CALL, reset);
	assert_true(mock.reset && !mock.off);
	world_boot(1);
	const uint64_t off[8] = { SK_BOOT_SLOT_MACHINE, MACHINE_TAG_POWER_OFF };
	mock_syscall(0, SK_SYS_CALL, off);
	assert_true(mock.off && !mock.reset);
}

static void ask_on(void *argument)
{
	core_run_on(2, ask_on, argument);
}

/* Nothing that is done on another core may have something done on a third: the mock machine ends a test that does. */
static void one_core_asks_one_other(void **state)
{
	(void)state;
	pid_t child = fork();
	if (child == 0) {
		struct rlimit none = { 0, 0 };
		(void)setrlimit(RLIMIT_CORE, &none);
		(void)signal(SIGABRT, SIG_DFL);
		mock_this = core_at(0);
		if (kernel_lock(core_at(0), core_at(0)->current)) {
			core_run_on(1, ask_on, NULL);
		}
		_exit(0);
	}
	int status = 0;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(claimed, one_core_online),
		cmocka_unit_test_setup(on_and_off, one_core_online),
		cmocka_unit_test_setup(virtualisation_on_and_off, one_core_online),
		cmocka_unit_test_setup(a_core_in_use_stays_on, one_core_online),
		cmocka_unit_test_setup(a_core_with_interrupts_stays_on, one_core_online),
		cmocka_unit_test_setup(callers_of_a_core_that_is_off, one_core_online),
		cmocka_unit_test_setup(counters_and_clock, one_core_online),
		cmocka_unit_test_setup(the_machines_end, one_core_online),
		cmocka_unit_test_setup(one_core_asks_one_other, world_setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
