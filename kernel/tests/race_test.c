/*
 * Two cores at once: while core 0 takes something apart and waits for the others,
 * one of these does what it may do at that moment. Each case is run with the
 * other core's step at the first, the second, … time that core 0 waits, until it
 * waits no more often.
 */
#include "world.h"
#include <string.h>

#define TAG SK_TAG_METHOD(0x42, 7)

static uint32_t waits, step_at;
static void (*step)(void);

static void meanwhile(void)
{
	if (++waits == step_at) {
		void (*now)(void) = step;
		mock.meanwhile = NULL;
		now();
		mock.meanwhile = meanwhile;
	}
}

/* False: core 0 did not wait that often, and the step was not made. */
static bool race(void (*other)(void), uint32_t at, sk_status_t wanted, uint32_t slot, uint64_t tag)
{
	waits = 0;
	step_at = at;
	step = other;
	mock.meanwhile = meanwhile;
	sk_status_t status = K(slot, tag);
	mock.meanwhile = NULL;
	assert_int_equal(status, wanted);
	return waits >= at;
}

/* Memory that has been given back is somebody else's. */
static void scribble(void *body)
{
	memset(body, 0xa5, SK_PAGE_BYTES);
}

static struct actor server, client, other;
static uint32_t client_slot, other_slot, virq_slot, vm, vcpu;

static void other_signals(void)
{
	actor_syscall(&other, SK_SYS_SIGNAL, other_slot, 1, 0, 0);
}

/* A thread that waits for signals is destroyed; one comes. */
static void signals_to_a_thread_that_goes(void **state)
{
	(void)state;
	for (uint32_t bound = 0; bound < 2; bound++) {
		bool made = true;
		for (uint32_t at = 1; made; at++) {
			world_boot(3);
			actor_make(&server, 1);
			actor_serve(&server);
			actor_listen(&server);
			actor_make(&other, 2);
			uint32_t notification = bound != 0 ? server.notification : world_notification();
			uint32_t waiting = actor_give(&server, notification, SK_RIGHT_WAIT, 0);
			other_slot = actor_give(&other, notification, SK_RIGHT_CALL, 0);
			world_plan(1, server.thread, 0);
			world_plan(2, other.thread, 0);
			actor_start(&other);
			actor_start(&server);
			actor_syscall(&server, SK_SYS_WAIT, bound != 0 ? SK_WAIT_ENDPOINT : waiting, 0, 0, 0);
			made = race(other_signals, at, SK_OK, server.thread, THREAD_TAG_DESTROY);
			scribble(server.t);
			mock_settle();
			invariants_check();
			other_signals();
			K_OK(notification, NOTIFICATION_TAG_DESTROY);
			mock_settle();
			invariants_check();
		}
	}
}

static void client_calls(void)
{
	actor_call(&client, client_slot, TAG, 1);
}

static void server_replies(void)
{
	if (server.c->caller != NULL && runs(server.c)) {
		actor_reply_wait(&server, server.c->caller->token, 0, 7);
	}
}

static void server_defers(void)
{
	if (server.c->caller != NULL && runs(server.c)) {
		actor_wait(&server);
	}
}

static void pair_make(uint32_t server_core, uint32_t client_core)
{
	world_boot(4);
	actor_make(&server, server_core);
	actor_serve(&server);
	actor_make(&client, client_core);
	client_slot = actor_client(&client, &server, 1);
	if (server_core == client_core) {
		world_plan(server_core, server.thread, client.thread, 0);
	} else {
		world_plan(server_core, server.thread, 0);
		world_plan(client_core, client.thread, 0);
	}
	actor_start(&server);
	actor_reply_wait(&server, 0, 0, 0);
	actor_start(&client);
}

/* The caller's core does what it is asked; the answer gets there before who asked looks. */
static void server_replies_late(void)
{
	(void)mock_interrupt(client.c->core);
	server_replies();
	(void)mock_interrupt(client.c->core);
}

/* A caller is stopped or destroyed; meanwhile it calls, or its call is answered or deferred. */
static void callers_that_go(void **state)
{
	(void)state;
	static void (*const steps[])(void) = { client_calls, server_replies, server_defers, server_replies_late };
	for (uint32_t client_core = 1; client_core < 3; client_core++) {
		for (uint32_t i = 0; i < 8; i++) {
			bool made = true;
			for (uint32_t at = 1; made && at < 20; at++) {
				pair_make(1, client_core);
				if (i % 4u != 0) {
					client_calls();
					mock_settle();
				}
				bool destroyed = i >= 4;
				uint64_t tag = destroyed ? THREAD_TAG_DESTROY : THREAD_TAG_STOP;
				if (i % 4u == 0 && at > 1) {
					break; /* once it is stopped it doesn't call */
				}
				made = race(steps[i % 4u], at, SK_OK, client.thread, tag);
				if (destroyed) {
					scribble(client.t);
				} else {
					assert_state(&client, CONTEXT_STOPPED);
				}
				mock_settle();
				invariants_check();
				if (server.c->caller != NULL) {
					server_replies();
				}
				invariants_check();
			}
		}
	}
}

/* A server is stopped or destroyed; meanwhile it is called, or it answers. */
static void servers_that_go(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		bool made = true;
		for (uint32_t at = 1; made; at++) {
			pair_make(1, 2);
			bool replies = i % 2u == 1;
			if (replies) {
				client_calls();
				mock_settle();
			}
			bool destroyed = i >= 2;
			made = race(replies ? server_replies : client_calls, at, SK_OK, server.thread,
				    destroyed ? THREAD_TAG_DESTROY : THREAD_TAG_STOP);
			if (destroyed) {
				scribble(server.t);
			}
			mock_settle();
			invariants_check();
			assert_true(client.c->state == CONTEXT_READY || client.c->state == CONTEXT_QUEUED);
		}
	}
}

/* Nobody hangs at an endpoint that is given up, however late they call. */
static void calls_to_an_endpoint_that_goes(void **state)
{
	(void)state;
	static const uint64_t tags[] = { ENDPOINT_TAG_ABANDON, ENDPOINT_TAG_DESTROY };
	for (size_t i = 0; i < 2; i++) {
		bool made = true;
		for (uint32_t at = 1; made; at++) {
			pair_make(1, 2);
			K_OK(server.thread, THREAD_TAG_DESTROY);
			uint32_t control = world_copy(server.endpoint, SK_RIGHTS_ALL & ~SK_RIGHT_CALL, 0);
			struct endpoint *endpoint = world_body(control);
			made = race(client_calls, at, SK_OK, control, tags[i]);
			if (!made) {
				client_calls();
			}
			if (tags[i] == ENDPOINT_TAG_DESTROY) {
				scribble(endpoint);
			}
			mock_settle();
			assert_state(&client, CONTEXT_READY);
			assert_true(actor_status(&client) == SK_SERVER_DIED || actor_status(&client) == SK_STALE);
			invariants_check();
		}
	}
}

static void device_pulses(void)
{
	actor_syscall(&other, SK_SYS_SIGNAL, virq_slot, 0, 0, 0);
}

static void vm_make(void)
{
	world_boot(3);
	actor_make(&server, 1);
	actor_serve(&server);
	actor_make(&other, 2);
	vm = world_vm(8);
	vcpu = world_vcpu(vm, 1);
	K_OK(vcpu, VCPU_TAG_ROUTE, 0, server.endpoint);
	world_lines(vm)[sk_line_index(0, 33)].config = SK_LINE_ENABLED;
	uint32_t virq = world_slot();
	K_OK(vm, SPACE_TAG_CREATE_VIRQ, 33, virq);
	virq_slot = actor_give(&other, virq, SK_RIGHT_CALL, 0);
	world_vcpu_prepare(vcpu);
	world_plan(1, server.thread, vcpu, 0);
	world_plan(2, other.thread, 0);
	actor_start(&other);
	actor_start(&server);
	actor_reply_wait(&server, 0, 0, 0);
	K_OK(vcpu, VCPU_TAG_RUN);
}

static void vcpu_exits(void)
{
	if (runs(&world_vcpu_at(vcpu)->context)) {
		mock_exit(1, VM_EXIT_METHOD_HYPERCALL, (const uint64_t[6]){ 1 });
	}
}

/* Lines come, it exits, its exit is answered, while it is paused, unbound or destroyed. */
static void vcpus_that_go(void **state)
{
	(void)state;
	static void (*const steps[])(void) = { device_pulses, vcpu_exits, server_replies, server_defers };
	static const uint64_t tags[] = { VCPU_TAG_PAUSE, VCPU_TAG_DESTROY, VCPU_TAG_KICK };
	for (uint32_t i = 0; i < 12; i++) {
		bool made = true;
		for (uint32_t at = 1; made && at < 20; at++) {
			vm_make();
			struct vcpu *body = world_vcpu_at(vcpu);
			uint64_t tag = tags[i / 4u];
			if (i % 4u >= 2) {
				vcpu_exits();
			}
			if (steps[i % 4u] == vcpu_exits && at > 1) {
				break;
			}
			made = race(steps[i % 4u], at, SK_OK, vcpu, tag);
			if (tag == VCPU_TAG_DESTROY) {
				scribble(body);
			}
			mock_settle();
			invariants_check();
			server_replies();
			device_pulses();
			mock_settle();
			invariants_check();
		}
	}
}

/* Word that was left for it on its old core finds it on the new one. */
static void lines_follow_a_vcpu_to_another_core(void **state)
{
	(void)state;
	vm_make();
	struct vcpu *body = world_vcpu_at(vcpu);
	mock_exit(1, VM_EXIT_METHOD_HALT, (const uint64_t[6]){ 0 });
	actor_syscall(&server, SK_SYS_REPLY_WAIT, actor_token(&server), 0, SK_EXIT_ACTION_STOP, 0);
	K_OK(vcpu, VCPU_TAG_UNBIND);
	device_pulses();
	K_OK(vcpu, VCPU_TAG_BIND, 2);
	world_plan(2, vcpu, other.thread, 0);
	K_OK(vcpu, VCPU_TAG_RUN);
	mock_settle();
	assert_true(runs(&body->context));
	assert_int_equal(mock_guest_take(2), 33);
	invariants_check();
	/* It sleeps there already when the old core hears: the word was left between its leaving and its coming. */
	mock_guest_end(2, 33);
	mock_exit(2, VM_EXIT_METHOD_HALT, (const uint64_t[6]){ 0 });
	mock_settle();
	actor_syscall(&server, SK_SYS_REPLY_WAIT, actor_token(&server), 0, SK_EXIT_ACTION_BLOCK, 0);
	mock_settle();
	assert_int_equal(body->life, VCPU_STATE_BLOCKED);
	body->waiting[0] |= 1ull << 33;
	world_lines(vm)[sk_line_index(0, 33)].state |= SK_LINE_PENDING;
	body->context.core = 1;
	core_post(&body->context, REMOTE_VIRQ);
	body->context.core = 2;
	mock_settle();
	assert_true(runs(&body->context));
	invariants_check();
}

/* A core that found the vCPU on core 1 leaves word there; core 1 waits for the kernel lock and hears of it later. */
static void word_is_left_where_it_was(void)
{
	struct context *context = &world_vcpu_at(vcpu)->context;
	context->core = 1;
	core_post(context, REMOTE_VIRQ);
	context->core = 2;
	core_at(1)->arch.poked = 0;
}

/* It came to core 2, and is destroyed there: nobody finds it in the inbox of core 1 after that. */
static void vcpus_that_moved_and_go(void **state)
{
	(void)state;
	vm_make();
	struct vcpu *body = world_vcpu_at(vcpu);
	mock_exit(1, VM_EXIT_METHOD_HALT, (const uint64_t[6]){ 0 });
	actor_syscall(&server, SK_SYS_REPLY_WAIT, actor_token(&server), 0, SK_EXIT_ACTION_STOP, 0);
	K_OK(vcpu, VCPU_TAG_UNBIND);
	K_OK(vcpu, VCPU_TAG_BIND, 2);
	/* While core 0 waits for core 2 to leave the kernel: that is the third time. */
	assert_true(race(word_is_left_where_it_was, 3, SK_OK, vcpu, VCPU_TAG_DESTROY));
	assert_null(core_at(1)->inbox);
	scribble(body);
	arch_core_poke(1);
	mock_settle();
	invariants_check();
}

/* Core 0 has the kernel lock; what it does to the caller that waits for it. */
static void lock_holder_stops(void)
{
	mock.meanwhile = NULL;
	client.c->state = CONTEXT_STOPPED;
	core_at(1)->reschedule = true;
	kernel_unlock();
}

static void lock_holder_destroys(void)
{
	mock.meanwhile = NULL;
	plan_forget(core_at(1), client.c);
	scribble(client.t);
	kernel_unlock();
}

static void lock_holder_stays(void)
{
	mock.meanwhile = NULL;
}

static void lock_holder_leaves(void)
{
	mock.meanwhile = NULL;
	kernel_unlock();
}

/* Whoever waits for the kernel lock may be gone when it has it: then its call is not made. */
static void callers_that_wait_for_the_lock(void **state)
{
	(void)state;
	static void (*const holders[])(void) = { lock_holder_leaves, lock_holder_stops, lock_holder_destroys, lock_holder_stays };
	for (uint32_t i = 0; i < 4; i++) {
		world_boot(3);
		actor_make(&client, 1);
		uint32_t memory = world_memory(1);
		uint32_t slot = actor_give(&client, memory, SK_RIGHTS_ALL, 0);
		memset((void *)(uintptr_t)world_object(memory)->base, 1, SK_PAGE_BYTES);
		world_plan(1, client.thread, 0);
		actor_start(&client);
		uint64_t pc = mock_pc(client.c);
		assert_true(kernel_lock(core_at(1), client.c)); /* in the holder's place */
		mock.meanwhile = holders[i];
		mock.polls_to_interrupt = i == 3 ? 1 : 0;
		actor_syscall(&client, SK_SYS_CALL, slot, MEMORY_TAG_CLEAR, 0, SK_PAGE_BYTES);
		mock.polls_to_interrupt = 0;
		const uint8_t *byte = (const uint8_t *)(uintptr_t)world_object(memory)->base;
		assert_int_equal(*byte, i == 0 ? 0 : 1);
		assert_int_equal(world_idle(1), i == 1 || i == 2);
		if (i == 1 || i == 3) {
			assert_int_equal(mock_pc(client.c), pc); /* it is made when the thread goes on */
		}
		if (i == 3) {
			kernel_unlock(); /* an interrupt did not wait for that */
			actor_syscall(&client, SK_SYS_CALL, slot, MEMORY_TAG_CLEAR, 0, SK_PAGE_BYTES);
			assert_int_equal(*byte, 0);
			assert_int_equal(mock_pc(client.c), pc + 4);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signals_to_a_thread_that_goes),
		cmocka_unit_test(callers_that_go),
		cmocka_unit_test(servers_that_go),
		cmocka_unit_test(calls_to_an_endpoint_that_goes),
		cmocka_unit_test(vcpus_that_go),
		cmocka_unit_test(lines_follow_a_vcpu_to_another_core),
		cmocka_unit_test(vcpus_that_moved_and_go),
		cmocka_unit_test(callers_that_wait_for_the_lock),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
