/*
 * Threads: every operation in every state, and what start, stop and registers do.
 * Then notifications and physical interrupts, which wake them.
 */
#include "world.h"
#include <string.h>

#define TAG SK_TAG_METHOD(0x42, 7)
#define REGISTERS (34u * 8u)

enum place { NEW, RUNNING, PREEMPTED, RECEIVING, WAITING, QUEUED, SERVED, DEFERRED, FAULTED, PLACES };
static const char *const place_names[PLACES] = { "new", "running", "preempted", "receiving", "waiting", "queued",
						 "served", "deferred", "faulted" };

struct scene {
	struct actor actor, server;
	uint32_t endpoint, notification; /* free ones */
};

static void bring_to(struct scene *scene, enum place place)
{
	world_boot(3);
	actor_make(&scene->actor, 1);
	actor_make(&scene->server, 1);
	actor_serve(&scene->server);
	scene->endpoint = world_endpoint();
	scene->notification = world_notification();
	uint32_t slot = actor_client(&scene->actor, &scene->server, 1);
	uint32_t waiting = actor_give(&scene->actor, world_notification(), SK_RIGHT_WAIT, 0);
	K_OK(scene->actor.thread, THREAD_TAG_SET_FAULT_ENDPOINT, scene->server.endpoint);
	if (place == RECEIVING) {
		actor_serve(&scene->actor);
	}
	world_plan(1, scene->server.thread, scene->actor.thread, 0);
	if (place == NEW) {
		return;
	}
	if (place != QUEUED) {
		actor_start(&scene->server);
		actor_reply_wait(&scene->server, 0, 0, 0);
	}
	actor_start(&scene->actor);
	switch (place) {
	case PREEMPTED: {
		struct actor other;
		actor_make(&other, 1);
		world_plan(1, other.thread, scene->actor.thread, 0);
		actor_start(&other);
		break;
	}
	case RECEIVING: actor_wait(&scene->actor); break;
	case WAITING: actor_syscall(&scene->actor, SK_SYS_WAIT, waiting, 0, 0, 0); break;
	case QUEUED: case SERVED: actor_call(&scene->actor, slot, TAG, 1); break;
	case DEFERRED:
		actor_call(&scene->actor, slot, TAG, 1);
		actor_wait(&scene->server);
		break;
	case FAULTED: mock_fault(1, THREAD_FAULT_REASON_MEMORY, 0); break;
	default: break;
	}
}

struct operation {
	const char *name;
	uint64_t tag;
	const char *status; /* by place: '0' is success, '-' is BAD_STATE */
};

static const struct operation operations[] = {
	/*                                                                    nrprwqsdf */
	{ "configure", THREAD_TAG_CONFIGURE,                                 "0--------" },
	{ "bind_endpoint", THREAD_TAG_BIND_ENDPOINT,                         "0--------" },
	{ "bind_notification", THREAD_TAG_BIND_NOTIFICATION,                 "0--------" },
	{ "set_fault_endpoint", THREAD_TAG_SET_FAULT_ENDPOINT,               "000000000" },
	{ "set_receive_window", THREAD_TAG_SET_RECEIVE_WINDOW,               "000000000" },
	{ "set_call_budget", THREAD_TAG_SET_CALL_BUDGET,                     "000000000" },
	{ "start", THREAD_TAG_START,                                         "0--------" },
	{ "stop", THREAD_TAG_STOP,                                           "000000000" },
	{ "read_registers", THREAD_TAG_READ_REGISTERS,                       "000000000" },
	{ "write_registers", THREAD_TAG_WRITE_REGISTERS | SK_TAG_BYTES(REGISTERS), "0-------0" },
	{ "info", THREAD_TAG_INFO,                                           "000000000" },
	{ "destroy", THREAD_TAG_DESTROY,                                     "000000000" },
	{ "take_over", THREAD_TAG_TAKE_OVER,                                 "0--------" },
};

static void try_in(const struct operation *operation, enum place place)
{
	struct scene scene;
	bring_to(&scene, place);
	invariants_check();
	memset(world_buffer(), 0, SK_PAGE_BYTES);
	uint64_t w[SK_WORDS] = { 0 };
	if (operation->tag == THREAD_TAG_BIND_ENDPOINT || operation->tag == THREAD_TAG_SET_FAULT_ENDPOINT) {
		w[0] = scene.endpoint;
	} else if (operation->tag == THREAD_TAG_BIND_NOTIFICATION) {
		w[0] = scene.notification;
	} else if (operation->tag == THREAD_TAG_SET_RECEIVE_WINDOW) {
		w[0] = 100;
		w[1] = 4;
	} else if (operation->tag == THREAD_TAG_TAKE_OVER) {
		struct actor other;
		actor_make(&other, 1);
		actor_serve(&other);
		w[0] = other.thread;
	}
	if (operation->status[place] == '-') {
		world_refused(operation->name, SK_BAD_STATE, scene.actor.thread, operation->tag, w);
		return;
	}
	sk_status_t status = world_call(scene.actor.thread, operation->tag, w);
	if (status != SK_OK) {
		fail_msg("%s of a thread that is %s: %d", operation->name, place_names[place], (int)status);
	}
	if (operation->tag == THREAD_TAG_INFO) {
		static const uint8_t states[PLACES] = {
			THREAD_STATE_STOPPED, THREAD_STATE_READY, THREAD_STATE_READY, THREAD_STATE_RECEIVING,
			THREAD_STATE_WAITING, THREAD_STATE_CALLING, THREAD_STATE_CALLING,
			THREAD_STATE_CALLING, THREAD_STATE_FAULTED,
		};
		assert_int_equal(world.reply.w[0], states[place]);
		assert_int_equal(world.reply.w[1], 1);
	} else if (operation->tag == THREAD_TAG_DESTROY) {
		memset(scene.actor.t, 0xa5, SK_PAGE_BYTES);
	} else if (operation->tag == THREAD_TAG_STOP) {
		assert_state(&scene.actor, CONTEXT_STOPPED);
	} else if (operation->tag == THREAD_TAG_START) {
		assert_runs(&scene.actor);
	}
	mock_settle();
	invariants_check();
}

/* A second thread takes the place of a stopped server's, with all who wait for it; and back again. */
static void a_place_taken_over(void **state)
{
	(void)state;
	struct actor servers[2];
	struct actor clients[2];
	actor_make(&servers[0], 1);
	actor_serve(&servers[0]);
	actor_listen(&servers[0]);
	actor_make(&servers[1], 1);
	actor_make(&clients[0], 1);
	actor_make(&clients[1], 2);
	uint32_t slots[2] = { actor_client(&clients[0], &servers[0], 1), actor_client(&clients[1], &servers[0], 2) };
	world_plan(1, servers[0].thread, servers[1].thread, clients[0].thread, 0);
	world_plan(2, clients[1].thread, 0);
	actor_start(&servers[0]);
	actor_reply_wait(&servers[0], 0, 0, 0);
	actor_start(&clients[0]);
	actor_start(&clients[1]);
	for (uint32_t i = 0; i < 4; i++) {
		struct actor *old = &servers[i % 2];
		struct actor *new = &servers[(i + 1) % 2];
		actor_call(&clients[0], slots[0], TAG | SK_TAG_IDEMPOTENT, 7);
		assert_runs(old);
		actor_call(&clients[1], slots[1], TAG | SK_TAG_IDEMPOTENT, 8);
		mock_settle();
		K_REFUSED(SK_BAD_STATE, new->thread, THREAD_TAG_TAKE_OVER, old->thread);
		K_OK(old->thread, THREAD_TAG_STOP);
		mock_syscall(0, SK_SYS_SIGNAL, (const uint64_t[8]){ servers[0].notification, 4 });
		mock_settle();
		K_OK(new->thread, THREAD_TAG_TAKE_OVER, old->thread);
		invariants_check();
		actor_start(new);
		assert_runs(new);
		/* What came meanwhile, then the call that was in service, then the one behind it. */
		actor_wait(new);
		assert_int_equal(actor_x(new, 0), SK_BADGE_SIGNAL);
		assert_int_equal(actor_x(new, 2), 4);
		actor_wait(new);
		assert_int_equal(actor_x(new, 0), 1);
		assert_int_equal(actor_x(new, 1), TAG | SK_TAG_IDEMPOTENT | SK_TAG_REDELIVERED);
		actor_reply_wait(new, actor_token(new), 0, 70);
		assert_int_equal(actor_x(new, 0), 2);
		actor_reply_wait(new, actor_token(new), 0, 80);
		mock_settle();
		assert_runs(&clients[0]);
		assert_int_equal(actor_x(&clients[0], 2), 70);
		assert_runs(&clients[1]);
		assert_int_equal(actor_x(&clients[1], 2), 80);
		invariants_check();
	}
}

static void no_place_to_take_over(void **state)
{
	(void)state;
	struct actor server;
	struct actor other;
	struct actor elsewhere;
	struct actor spare;
	actor_make(&server, 1);
	actor_serve(&server);
	actor_make(&other, 1);
	actor_serve(&other);
	actor_make(&elsewhere, 2);
	actor_make(&spare, 1);
	uint32_t weak = world_copy(server.thread, SK_RIGHT_READ | SK_RIGHT_WRITE, 0);
	K_REFUSED(SK_BAD_STATE, other.thread, THREAD_TAG_TAKE_OVER, server.thread);
	K_REFUSED(SK_BAD_STATE, elsewhere.thread, THREAD_TAG_TAKE_OVER, server.thread);
	K_REFUSED(SK_NO_RIGHT, spare.thread, THREAD_TAG_TAKE_OVER, weak);
	K_REFUSED(SK_BAD_TYPE, spare.thread, THREAD_TAG_TAKE_OVER, server.space);
	K_REFUSED(SK_BAD_CAP, spare.thread, THREAD_TAG_TAKE_OVER, 0);
	struct actor unbound;
	actor_make(&unbound, 1);
	K_REFUSED(SK_BAD_STATE, spare.thread, THREAD_TAG_TAKE_OVER, unbound.thread);
	K_REFUSED(SK_BAD_STATE, spare.thread, THREAD_TAG_TAKE_OVER, spare.thread);
	actor_listen(&spare);
	K_REFUSED(SK_BAD_STATE, spare.thread, THREAD_TAG_TAKE_OVER, server.thread);
	/* Nothing keeps hold of a place that was left. */
	struct actor last;
	actor_make(&last, 1);
	K_OK(last.thread, THREAD_TAG_TAKE_OVER, server.thread);
	K_OK(server.thread, THREAD_TAG_DESTROY);
	invariants_check();
	world_plan(1, last.thread, 0);
	actor_start(&last);
	actor_wait(&last);
	assert_state(&last, CONTEXT_RECEIVING);
}

static void every_operation_in_every_state(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
		for (enum place place = NEW; place < PLACES; place++) {
			try_in(&operations[i], place);
		}
	}
}

static void bindings_are_exclusive(void **state)
{
	(void)state;
	struct actor first;
	struct actor second;
	actor_make(&first, 1);
	actor_make(&second, 1);
	actor_serve(&first);
	actor_listen(&first);
	uint32_t endpoint = world_endpoint();
	uint32_t notification = world_notification();
	uint32_t callable = world_copy(endpoint, SK_RIGHT_CALL, 0);
	K_REFUSED(SK_BAD_STATE, first.thread, THREAD_TAG_BIND_ENDPOINT, endpoint);
	K_REFUSED(SK_BAD_STATE, second.thread, THREAD_TAG_BIND_ENDPOINT, first.endpoint);
	K_REFUSED(SK_NO_RIGHT, second.thread, THREAD_TAG_BIND_ENDPOINT, callable);
	K_REFUSED(SK_BAD_TYPE, second.thread, THREAD_TAG_BIND_ENDPOINT, notification);
	K_REFUSED(SK_BAD_STATE, first.thread, THREAD_TAG_BIND_NOTIFICATION, notification);
	K_REFUSED(SK_BAD_STATE, second.thread, THREAD_TAG_BIND_NOTIFICATION, first.notification);
	K_REFUSED(SK_BAD_TYPE, second.thread, THREAD_TAG_BIND_NOTIFICATION, endpoint);
	K_OK(first.thread, THREAD_TAG_BIND_ENDPOINT, first.endpoint); /* its own again is nothing new */
	K_REFUSED(SK_BAD_STATE, first.notification, NOTIFICATION_TAG_DESTROY);
	K_OK(first.thread, THREAD_TAG_DESTROY);
	K_OK(second.thread, THREAD_TAG_BIND_ENDPOINT, first.endpoint);
	K_OK(second.thread, THREAD_TAG_BIND_NOTIFICATION, first.notification);
	invariants_check();
	/* Nobody destroys the thread that asks for it. */
	K_REFUSED(SK_BAD_STATE, SK_BOOT_SLOT_THREAD, THREAD_TAG_DESTROY);
}

/* A thread may stop itself; when it is started again, its call has been made. */
static void stops_itself(void **state)
{
	(void)state;
	struct actor actor;
	actor_make(&actor, 1);
	uint32_t own = actor_give(&actor, actor.thread, SK_RIGHTS_ALL, 0);
	world_plan(1, actor.thread, 0);
	actor_start(&actor);
	uint64_t pc = mock_pc(actor.c);
	actor_call(&actor, own, THREAD_TAG_STOP, 0);
	assert_state(&actor, CONTEXT_STOPPED);
	assert_true(world_idle(1));
	invariants_check();
	actor_start(&actor);
	assert_runs(&actor);
	assert_int_equal(mock_pc(actor.c), pc + 4);
	assert_int_equal(sk_reply_status(actor_x(&actor, 0)), SK_OK);
}

static void registers_of_a_running_thread(void **state)
{
	(void)state;
	struct actor actor;
	actor_make(&actor, 1);
	world_plan(1, actor.thread, 0);
	actor_start(&actor);
	for (uint32_t i = 0; i < 3; i++) {
		actor_syscall(&actor, SK_SYS_POLL, 0, 0, 0, 0);
	}
	K_OK(actor.thread, THREAD_TAG_READ_REGISTERS);
	const uint64_t *registers = world_buffer();
	assert_int_equal(registers[32], 0x400000 + 12);
	assert_int_equal(registers[30], 0x300000);
	assert_runs(&actor);
	assert_int_equal(mock_pc(actor.c), 0x400000 + 12);
	/* No state of the processor's comes from outside. */
	K_OK(actor.thread, THREAD_TAG_STOP);
	memset(world_buffer(), 0xff, REGISTERS);
	K_OK(actor.thread, THREAD_TAG_WRITE_REGISTERS | SK_TAG_BYTES(REGISTERS));
	assert_int_equal(actor.t->registers.pstate & MOCK_PSTATE_ILLEGAL, 0);
	K_REFUSED(SK_BAD_ARG, actor.thread, THREAD_TAG_WRITE_REGISTERS | SK_TAG_BYTES(REGISTERS - 8u));
}

/* Bits collect until somebody looks; a waiter in a wait of its own comes before a bound thread. */
static void notifications(void **state)
{
	(void)state;
	struct actor bound;
	struct actor waiter;
	struct actor late;
	actor_make(&bound, 1);
	actor_serve(&bound);
	actor_listen(&bound);
	actor_make(&waiter, 1);
	actor_make(&late, 1);
	uint32_t slot = actor_give(&waiter, bound.notification, SK_RIGHT_WAIT, 0);
	uint32_t late_slot = actor_give(&late, bound.notification, SK_RIGHT_WAIT | SK_RIGHT_CALL, 0);
	uint32_t badged = actor_give(&late, bound.notification, SK_RIGHT_CALL, 0x0f0);
	uint32_t waits_only = actor_give(&late, bound.notification, SK_RIGHT_WAIT, 0);
	world_plan(1, bound.thread, waiter.thread, late.thread, 0);
	actor_start(&bound);
	actor_wait(&bound);
	actor_start(&waiter);
	actor_syscall(&waiter, SK_SYS_POLL, slot, 0, 0, 0);
	assert_int_equal(actor_status(&waiter), SK_WOULD_BLOCK);
	actor_syscall(&waiter, SK_SYS_WAIT, slot, 0, 0, 0);
	actor_start(&late);
	/* There is one waiter. */
	actor_syscall(&late, SK_SYS_WAIT, late_slot, 0, 0, 0);
	assert_int_equal(actor_status(&late), SK_BAD_STATE);
	K_REFUSED(SK_BAD_STATE, bound.notification, NOTIFICATION_TAG_DESTROY);
	actor_syscall(&late, SK_SYS_SIGNAL, waits_only, 1, 0, 0);
	assert_int_equal(actor_status(&late), SK_NO_RIGHT);
	actor_syscall(&late, SK_SYS_SIGNAL, late_slot, 0, 0, 0); /* no bits wake nobody */
	assert_runs(&late);
	actor_syscall(&late, SK_SYS_SIGNAL, late_slot, 5, 0, 0);
	assert_runs(&waiter);
	assert_true(actor_x(&waiter, 0) == SK_BADGE_SIGNAL);
	assert_int_equal(actor_x(&waiter, 2), 5);
	actor_syscall(&waiter, SK_SYS_POLL, slot, 0, 0, 0);
	assert_int_equal(actor_status(&waiter), SK_WOULD_BLOCK);
	K_OK(waiter.thread, THREAD_TAG_STOP);
	/* The badge is the mask; bits that are set while nobody looks add up. */
	actor_syscall(&late, SK_SYS_SIGNAL, badged, UINT64_MAX, 0, 0);
	assert_runs(&bound);
	assert_true(actor_x(&bound, 0) == SK_BADGE_SIGNAL);
	assert_int_equal(actor_x(&bound, 1), 0);
	assert_int_equal(actor_x(&bound, 2), 0x0f0);
	assert_int_equal(actor_token(&bound), 0);
	K_OK(waiter.thread, THREAD_TAG_START);
	for (uint32_t i = 0; i < 3; i++) {
		mock_syscall(0, SK_SYS_SIGNAL, (const uint64_t[8]){ bound.notification, 1ull << (i * 31u) });
	}
	mock_settle();
	actor_wait(&bound);
	assert_runs(&bound);
	assert_true(actor_x(&bound, 2) == (1ull | 1ull << 31 | 1ull << 62));
	actor_syscall(&bound, SK_SYS_REPLY_WAIT, 0, 0, 0, 0);
	assert_state(&bound, CONTEXT_RECEIVING);
	invariants_check();
}

/* Bits that were on their way to a waiter on another core go to who is bound, when it is stopped. */
static void signals_of_a_waiter_that_stops(void **state)
{
	(void)state;
	struct actor bound;
	struct actor waiter;
	actor_make(&bound, 1);
	actor_serve(&bound);
	actor_listen(&bound);
	actor_make(&waiter, 2);
	uint32_t slot = actor_give(&waiter, bound.notification, SK_RIGHT_WAIT, 0);
	world_plan(1, bound.thread, 0);
	world_plan(2, waiter.thread, 0);
	actor_start(&bound);
	actor_wait(&bound);
	actor_start(&waiter);
	actor_syscall(&waiter, SK_SYS_WAIT, slot, 0, 0, 0);
	struct core *core = core_at(2);
	mock_syscall(0, SK_SYS_SIGNAL, (const uint64_t[8]){ bound.notification, 1 });
	core->inbox = NULL; /* it has not heard yet when it is stopped */
	waiter.c->remote = 0;
	K_OK(waiter.thread, THREAD_TAG_STOP);
	mock_settle();
	assert_runs(&bound);
	assert_int_equal(actor_x(&bound, 2), 1);
	invariants_check();
}

/* Signals and calls at once: the signal first, and no call is lost. */
static void signals_before_calls(void **state)
{
	(void)state;
	struct actor server;
	struct actor client;
	actor_make(&server, 1);
	actor_serve(&server);
	actor_listen(&server);
	actor_make(&client, 1);
	uint32_t slot = actor_client(&client, &server, 3);
	world_plan(1, server.thread, client.thread, 0);
	actor_start(&client);
	actor_call(&client, slot, TAG, 1);
	mock_syscall(0, SK_SYS_SIGNAL, (const uint64_t[8]){ server.notification, 2 });
	actor_start(&server);
	mock_settle();
	actor_wait(&server);
	assert_true(actor_x(&server, 0) == SK_BADGE_SIGNAL);
	actor_wait(&server);
	assert_int_equal(actor_x(&server, 0), 3);
	/* A reply that finds a signal goes, and the server hears the signal. */
	mock_syscall(0, SK_SYS_SIGNAL, (const uint64_t[8]){ server.notification, 4 });
	mock_settle();
	actor_reply_wait(&server, actor_token(&server), 0, 9);
	assert_runs(&server);
	assert_int_equal(actor_x(&server, 2), 4);
	assert_state(&client, CONTEXT_READY);
	assert_int_equal(actor_x(&client, 2), 9);
	invariants_check();
}

static void interrupts_become_signals(void **state)
{
	(void)state;
	struct actor driver;
	actor_make(&driver, 2);
	actor_serve(&driver);
	actor_listen(&driver);
	world_plan(2, driver.thread, 0);
	actor_start(&driver);
	actor_wait(&driver);
	uint32_t edge = world_slot();
	uint32_t level = world_slot();
	K_OK(SK_BOOT_SLOT_MACHINE, MACHINE_TAG_CLAIM_INTERRUPT, 40, 0, edge);
	K_OK(SK_BOOT_SLOT_MACHINE, MACHINE_TAG_CLAIM_INTERRUPT, 41, 1, level);
	mock_line_raise(40);
	assert_false(mock_interrupt(2)); /* masked until somebody is bound */
	K_OK(edge, INTERRUPT_TAG_BIND, driver.notification, 0x10, 2);
	K_OK(level, INTERRUPT_TAG_BIND, driver.notification, 0x20, 2);
	mock_line_raise(40);
	assert_true(mock_interrupt(2));
	assert_runs(&driver);
	assert_int_equal(actor_x(&driver, 2), 0x10);
	/* Quiet until acknowledged. */
	mock_line_raise(40);
	assert_false(mock_interrupt(2));
	uint32_t ack = actor_give(&driver, edge, SK_RIGHT_WRITE, 0);
	actor_call(&driver, ack, INTERRUPT_TAG_ACKNOWLEDGE, 0);
	assert_int_equal(sk_reply_status(actor_x(&driver, 0)), SK_OK);
	mock_settle();
	actor_wait(&driver);
	assert_int_equal(actor_x(&driver, 2), 0x10);
	K_OK(edge, INTERRUPT_TAG_ACKNOWLEDGE);
	/* A level comes again as long as it is high. */
	actor_wait(&driver);
	mock_line_raise(41);
	mock_settle();
	assert_int_equal(actor_x(&driver, 2), 0x20);
	K_OK(level, INTERRUPT_TAG_ACKNOWLEDGE);
	mock_settle();
	actor_wait(&driver);
	assert_int_equal(actor_x(&driver, 2), 0x20);
	mock_line_lower(41);
	K_OK(level, INTERRUPT_TAG_ACKNOWLEDGE);
	mock_settle();
	actor_wait(&driver);
	assert_true(world_idle(2));
	K_OK(level, INTERRUPT_TAG_MASK);
	mock_line_raise(41);
	assert_false(mock_interrupt(2));
	invariants_check();
}

static void interrupts_of_nobody(void **state)
{
	(void)state;
	uint32_t line = world_slot();
	uint32_t notification = world_notification();
	uint32_t weak = world_copy(notification, SK_RIGHT_WAIT, 0);
	K_REFUSED(SK_BAD_ARG, SK_BOOT_SLOT_MACHINE, MACHINE_TAG_CLAIM_INTERRUPT, 31, 0, line);
	K_REFUSED(SK_BAD_ARG, SK_BOOT_SLOT_MACHINE, MACHINE_TAG_CLAIM_INTERRUPT, 32 + MOCK_LINES, 0, line);
	K_REFUSED(SK_BAD_ARG, SK_BOOT_SLOT_MACHINE, MACHINE_TAG_CLAIM_INTERRUPT, 1020, 0, line);
	K_REFUSED(SK_BAD_ARG, SK_BOOT_SLOT_MACHINE, MACHINE_TAG_CLAIM_INTERRUPT, UINT32_MAX, 0, line);
	K_REFUSED(SK_BAD_ARG, SK_BOOT_SLOT_MACHINE, MACHINE_TAG_CLAIM_INTERRUPT, 40, 2, line);
	K_REFUSED(SK_NO_SLOT, SK_BOOT_SLOT_MACHINE, MACHINE_TAG_CLAIM_INTERRUPT, 40, 0, notification);
	K_OK(SK_BOOT_SLOT_MACHINE, MACHINE_TAG_CLAIM_INTERRUPT, 40, 1, line);
	K_REFUSED(SK_OVERLAP, SK_BOOT_SLOT_MACHINE, MACHINE_TAG_CLAIM_INTERRUPT, 40, 0, world_slot());
	K_REFUSED(SK_BAD_ARG, line, INTERRUPT_TAG_BIND, notification, 0, 1);
	K_REFUSED(SK_BAD_ARG, line, INTERRUPT_TAG_BIND, notification, 1, 3);
	K_REFUSED(SK_BAD_ARG, line, INTERRUPT_TAG_BIND, notification, 1, UINT32_MAX);
	K_REFUSED(SK_NO_RIGHT, line, INTERRUPT_TAG_BIND, weak, 1, 1);
	K_REFUSED(SK_BAD_TYPE, line, INTERRUPT_TAG_BIND, line, 1, 1);
	/* Its notification goes: the line falls silent, and storms nobody. */
	K_OK(line, INTERRUPT_TAG_BIND, notification, 1, 1);
	K_OK(notification, NOTIFICATION_TAG_DESTROY);
	mock_line_raise(40);
	mock_settle();
	assert_false(mock.lines[8].enabled);
	/* Another that is made in its place is not the one that was bound. */
	K_OK(notification, MEMORY_TAG_CREATE_NOTIFICATION, notification);
	mock_line_raise(40);
	arch_interrupt_enable(40);
	mock_settle();
	assert_int_equal(((const struct notification *)world_body(notification))->bits, 0);
	assert_false(mock.lines[8].enabled);
	/* The line itself goes, and can be had again. */
	uint32_t again = world_notification();
	K_OK(line, INTERRUPT_TAG_BIND, again, 1, 1);
	K_OK(line, INTERRUPT_TAG_DESTROY);
	assert_false(mock.lines[8].enabled);
	K_OK(SK_BOOT_SLOT_MACHINE, MACHINE_TAG_CLAIM_INTERRUPT, 40, 0, line);
	/* One that came before it went: nobody's. */
	K_OK(line, INTERRUPT_TAG_BIND, again, 1, 1);
	interrupt_owner[40] = 0;
	mock_line_raise(40);
	mock_settle();
	assert_false(mock.lines[8].enabled);
	invariants_check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_place_taken_over, world_setup),
		cmocka_unit_test_setup(no_place_to_take_over, world_setup),
		cmocka_unit_test(every_operation_in_every_state),
		cmocka_unit_test_setup(bindings_are_exclusive, world_setup),
		cmocka_unit_test_setup(stops_itself, world_setup),
		cmocka_unit_test_setup(registers_of_a_running_thread, world_setup),
		cmocka_unit_test_setup(notifications, world_setup),
		cmocka_unit_test_setup(signals_of_a_waiter_that_stops, world_setup),
		cmocka_unit_test_setup(signals_before_calls, world_setup),
		cmocka_unit_test_setup(interrupts_become_signals, world_setup),
		cmocka_unit_test_setup(interrupts_of_nobody, world_setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
