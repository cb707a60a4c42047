/*
 * Lines into a guest: from a device's level or edge to a list register, as the
 * line table says, and whatever a hostile VMM writes there.
 */
#include "world.h"
#include <string.h>

#define SHARED 100u
#define LEVEL SK_LINE_LEVEL
#define ENABLED SK_LINE_ENABLED
#define PRIORITY(p) ((uint32_t)(p) << SK_LINE_PRIORITY_SHIFT)
#define TARGET(v) ((uint32_t)(v) << SK_LINE_VCPU_SHIFT)

/* A VM with two vCPUs: 0 on core 1, 1 on core 2; both run. */
static struct actor vmm;
static uint32_t vm, vcpus[2], virqs[SK_PRIVATE_LINES + SHARED];
static struct vcpu *v[2];
static struct sk_line *lines;

static void make(void)
{
	world_boot(3);
	memset(virqs, 0, sizeof virqs);
	actor_make(&vmm, 1);
	actor_serve(&vmm);
	vm = world_vm(SHARED);
	lines = world_lines(vm);
	for (uint32_t i = 0; i < 2; i++) {
		vcpus[i] = world_vcpu(vm, i + 1u);
		v[i] = world_vcpu_at(vcpus[i]);
		K_OK(vcpus[i], VCPU_TAG_ROUTE, 0, vmm.endpoint);
		world_vcpu_prepare(vcpus[i]);
	}
	world_plan(1, vmm.thread, vcpus[0], 0);
	world_plan(2, vcpus[1], 0);
	actor_start(&vmm);
	actor_reply_wait(&vmm, 0, 0, 0);
	K_OK(vcpus[0], VCPU_TAG_RUN);
	K_OK(vcpus[1], VCPU_TAG_RUN);
}

static int setup(void **state)
{
	(void)state;
	make();
	return 0;
}

static struct sk_line *shared(uint32_t line)
{
	return &lines[sk_line_index(0, line)];
}

static uint32_t virq_of(uint32_t line)
{
	if (virqs[line] == 0) {
		virqs[line] = world_slot();
		K_OK(vm, SPACE_TAG_CREATE_VIRQ, line, virqs[line]);
	}
	return virqs[line];
}

static void set_level(uint32_t line, bool high)
{
	K_OK(virq_of(line), VIRQ_TAG_SET_LEVEL, high);
	mock_settle();
}

static void pulse(uint32_t line)
{
	mock_syscall(0, SK_SYS_SIGNAL, (const uint64_t[8]){ virq_of(line), 0 });
	assert_int_equal(world.supervisor->registers.x[0], SK_OK);
	mock_settle();
}

static void update(uint32_t line, uint32_t vcpu, uint32_t change)
{
	K_OK(vm, SPACE_TAG_LINE_UPDATE, line, vcpu, change);
	mock_settle();
}

/* The guest takes the line and ends it at once. */
static void taken(uint32_t vcpu, int32_t line)
{
	assert_int_equal(mock_guest_take(vcpu + 1u), line);
	if (line >= 0) {
		mock_guest_end(vcpu + 1u, (uint32_t)line);
		mock_settle();
	}
}

static uint32_t state_of(uint32_t line)
{
	return shared(line)->state & (SK_LINE_PENDING | SK_LINE_ASSERTED | SK_LINE_ACTIVE);
}

static void edges(void **state)
{
	(void)state;
	shared(40)->config = ENABLED;
	pulse(40);
	pulse(40); /* it is latched already */
	assert_int_equal(state_of(40), SK_LINE_PENDING);
	assert_int_equal(mock_guest_take(1), 40);
	taken(0, -1);
	/* Again while the guest handles it: it comes once more. */
	pulse(40);
	pulse(40);
	taken(0, -1);
	mock_guest_end(1, 40);
	taken(0, 40);
	update(40, 0, 0);
	taken(0, -1);
	assert_int_equal(state_of(40), 0);
	/* A level that rises is an edge here; falling is nothing. */
	set_level(40, true);
	set_level(40, true);
	taken(0, 40);
	set_level(40, false);
	taken(0, -1);
	set_level(40, true);
	taken(0, 40);
	invariants_check();
}

static void levels(void **state)
{
	(void)state;
	shared(40)->config = ENABLED | LEVEL;
	set_level(40, true);
	assert_int_equal(mock_guest_take(1), 40);
	mock_guest_end(1, 40);
	/* Still high: it comes again, until it is low. */
	assert_int_equal(mock_guest_take(1), 40);
	set_level(40, false);
	mock_guest_end(1, 40);
	taken(0, -1);
	assert_int_equal(state_of(40), 0);
	/* It falls before the guest looks. */
	set_level(40, true);
	set_level(40, false);
	taken(0, -1);
	/* A signal latches a level line too, once. */
	pulse(40);
	taken(0, 40);
	taken(0, -1);
	invariants_check();
}

static void disabled_lines_wait(void **state)
{
	(void)state;
	shared(40)->config = LEVEL;
	shared(41)->config = 0;
	set_level(40, true);
	pulse(41);
	taken(0, -1);
	shared(40)->config |= ENABLED;
	shared(41)->config |= ENABLED;
	taken(0, -1); /* the kernel is to be told */
	update(40, 0, 0);
	update(41, 0, 0);
	assert_int_equal(mock_guest_take(1), 40);
	taken(0, 41);
	set_level(40, false);
	mock_guest_end(1, 40);
	/* Disabled while it waits in a list register. */
	pulse(41);
	shared(41)->config = 0;
	update(41, 0, 0);
	taken(0, -1);
	shared(41)->config = ENABLED;
	update(41, 0, 0);
	taken(0, 41);
	invariants_check();
}

static void the_most_urgent_first(void **state)
{
	(void)state;
	static const uint8_t priorities[] = { 0x80, 0x10, 0xf0, 0x20, 0xa0, 0x00, 0x90, 0x18 };
	static const int32_t order[] = { 37, 33, 39, 35, 32, 38, 36, 34 };
	for (uint32_t i = 0; i < 8; i++) {
		shared(32 + i)->config = ENABLED | LEVEL | PRIORITY(priorities[i]);
		set_level(32 + i, true);
	}
	for (uint32_t i = 0; i < 8; i++) {
		assert_int_equal(mock_guest_take(1), order[i]);
		set_level((uint32_t)order[i], false);
		mock_guest_end(1, (uint32_t)order[i]);
		mock_settle();
	}
	taken(0, -1);
	for (uint32_t i = 0; i < 8; i++) {
		assert_int_equal(state_of(32 + i), 0);
	}
	invariants_check();
}

/* More lines than list registers: all come, none twice. */
static void more_than_fit(void **state)
{
	(void)state;
	uint32_t seen[SK_PRIVATE_LINES + SHARED] = { 0 };
	for (uint32_t i = 32; i < 32 + SHARED; i++) {
		shared(i)->config = ENABLED | PRIORITY(i);
		pulse(i);
	}
	assert_true(v[0]->arch.underflow_notice);
	for (uint32_t i = 0; i < SHARED; i++) {
		int32_t line = mock_guest_take(1);
		assert_true(line >= 32);
		seen[line]++;
		mock_guest_end(1, (uint32_t)line);
	}
	taken(0, -1);
	for (uint32_t i = 32; i < 32 + SHARED; i++) {
		assert_int_equal(seen[i], 1);
	}
	assert_false(v[0]->arch.underflow_notice);
	invariants_check();
}

/* As many lines as there are list registers, one inside the other: whatever comes or is made active, they are ended. */
static void active_lines_keep_their_registers(void **state)
{
	(void)state;
	for (uint32_t i = 32; i < 32 + mock.list_registers; i++) {
		shared(i)->config = ENABLED | PRIORITY(0x80 - i);
		pulse(i);
		assert_int_equal(mock_guest_take(1), i);
	}
	shared(50)->config = ENABLED;
	pulse(50);
	update(51, 0, SPACE_LINE_CHANGE_SET_ACTIVE);
	taken(0, -1);
	for (uint32_t i = 32 + mock.list_registers; i-- > 32;) {
		assert_int_equal(state_of(i), SK_LINE_ACTIVE);
		mock_guest_end(1, i);
		mock_settle();
		update(i, 0, 0);
		assert_int_equal(state_of(i), 0);
	}
	taken(0, 50);
	assert_int_equal(state_of(51), SK_LINE_ACTIVE);
	mock_guest_end(1, 51);
	update(51, 0, 0);
	assert_int_equal(state_of(51), 0);
	invariants_check();
}

static void targets(void **state)
{
	(void)state;
	shared(40)->config = ENABLED | TARGET(1);
	pulse(40);
	taken(0, -1);
	taken(1, 40);
	/* Retargeted while it waits, while it is listed, while it is active. */
	shared(41)->config = TARGET(1);
	pulse(41);
	shared(41)->config = ENABLED | TARGET(0);
	update(41, 0, 0);
	taken(1, -1);
	taken(0, 41);
	shared(42)->config = ENABLED | LEVEL | TARGET(0);
	set_level(42, true);
	shared(42)->config = ENABLED | LEVEL | TARGET(1);
	update(42, 0, 0);
	taken(0, -1);
	assert_int_equal(mock_guest_take(2), 42);
	shared(42)->config = ENABLED | LEVEL | TARGET(0);
	update(42, 0, 0);
	taken(0, -1); /* one has it */
	mock_guest_end(2, 42);
	mock_settle();
	assert_int_equal(mock_guest_take(1), 42);
	set_level(42, false);
	mock_guest_end(1, 42);
	taken(0, -1);
	taken(1, -1);
	/* Latched anew by then: the new target has to wait until the old one has ended it. */
	shared(44)->config = ENABLED | TARGET(0);
	pulse(44);
	assert_int_equal(mock_guest_take(1), 44);
	shared(44)->config = ENABLED | TARGET(1);
	update(44, 0, 0);
	pulse(44);
	taken(1, -1);
	mock_guest_end(1, 44);
	mock_settle();
	taken(0, -1);
	taken(1, 44);
	update(44, 0, 0);
	assert_int_equal(state_of(44), 0);
	/* Latched for the old target while the VMM names a new one: as if by a core that had read the table before. */
	shared(45)->config = ENABLED | TARGET(1);
	update(45, 0, 0);
	shared(45)->state |= SK_LINE_PENDING;
	v[0]->waiting[0] |= 1ull << 45;
	core_post(&v[0]->context, REMOTE_VIRQ);
	mock_settle();
	taken(0, -1);
	taken(1, 45);
	/* Nobody, by one or by many: it waits until there is somebody. */
	shared(44)->config = ENABLED | TARGET(2);
	pulse(44);
	update(44, 0, 0);
	taken(0, -1);
	shared(44)->config = ENABLED | TARGET(1);
	update(44, 0, SPACE_LINE_CHANGE_SET_PENDING);
	taken(1, 44);
	/* The first shared line is one. */
	shared(32)->config = ENABLED | TARGET(1);
	pulse(32);
	shared(32)->config = ENABLED | TARGET(0);
	update(32, 0, 0);
	taken(1, -1);
	taken(0, 32);
	shared(43)->config = ENABLED | LEVEL | TARGET(9);
	set_level(43, true);
	taken(0, -1);
	shared(43)->config = ENABLED | LEVEL | TARGET(1);
	update(43, 0, 0);
	taken(1, 43);
	set_level(43, false);
	invariants_check();
}

static void changes_asked_for(void **state)
{
	(void)state;
	shared(40)->config = ENABLED;
	update(40, 0, SPACE_LINE_CHANGE_SET_PENDING);
	taken(0, 40);
	update(40, 0, SPACE_LINE_CHANGE_SET_PENDING);
	update(40, 0, SPACE_LINE_CHANGE_CLEAR_PENDING);
	taken(0, -1);
	/* Active without having been taken: it can be ended. */
	update(40, 0, SPACE_LINE_CHANGE_SET_ACTIVE);
	assert_int_equal(state_of(40), SK_LINE_ACTIVE);
	taken(0, -1);
	pulse(40);
	taken(0, -1);
	mock_guest_end(1, 40);
	mock_settle();
	taken(0, 40);
	/* Ended by the VMM. */
	pulse(40);
	assert_int_equal(mock_guest_take(1), 40);
	update(40, 0, SPACE_LINE_CHANGE_CLEAR_ACTIVE);
	pulse(40);
	taken(0, 40);
	/* A level that is high can't be cleared. */
	shared(41)->config = ENABLED | LEVEL;
	set_level(41, true);
	update(41, 0, SPACE_LINE_CHANGE_CLEAR_PENDING);
	assert_int_equal(mock_guest_take(1), 41);
	set_level(41, false);
	mock_guest_end(1, 41);
	mock_settle();
	/* Private lines, each vCPU's own. */
	lines[sk_line_index(1, 5)].config = ENABLED;
	update(5, 1, SPACE_LINE_CHANGE_SET_PENDING);
	taken(0, -1);
	taken(1, 5);
	static const struct {
		uint64_t line, vcpu, change;
	} bad[] = {
		{ 32 + SHARED, 0, 0 }, { UINT32_MAX, 0, 0 }, { 5, 2, 0 }, { 5, UINT32_MAX, 0 }, { 40, 0, 5 },
		{ 40, 0, UINT32_MAX }, { 1ull << 32, 0, 0 },
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		K_REFUSED(SK_BAD_ARG, vm, SPACE_TAG_LINE_UPDATE, bad[i].line, bad[i].vcpu, bad[i].change);
	}
	invariants_check();
}

/* A private level is the VMM's to look after: it is asked when the guest ends it. */
static void private_levels_end_at_the_vmm(void **state)
{
	(void)state;
	lines[sk_line_index(0, 23)].config = ENABLED | LEVEL;
	K_OK(vcpus[0], VCPU_TAG_INJECT, 23);
	mock_settle();
	assert_int_equal(mock_guest_take(1), 23);
	mock_guest_end(1, 23);
	mock_settle();
	if (!runs(vmm.c)) { /* without a route of its own it is not asked */
		K_OK(vcpus[0], VCPU_TAG_PAUSE);
		K_OK(vcpus[0], VCPU_TAG_ROUTE, VM_EXIT_METHOD_INTERRUPT_END, vmm.endpoint);
		K_OK(vcpus[0], VCPU_TAG_RUN);
		K_OK(vcpus[0], VCPU_TAG_INJECT, 23);
		mock_settle();
		assert_int_equal(mock_guest_take(1), 23);
		mock_guest_end(1, 23);
		mock_settle();
	}
	assert_runs(&vmm);
	assert_int_equal(actor_x(&vmm, 1) & SK_TAG_METHOD_MASK, VM_EXIT_TAG_INTERRUPT_END);
	assert_int_equal(actor_x(&vmm, 2), 23);
	actor_reply_wait(&vmm, actor_token(&vmm), 0, 0);
	assert_true(runs(&v[0]->context));
	/* It halts before the notice of the end comes: asked all the same, first. */
	K_OK(vcpus[0], VCPU_TAG_INJECT, 23);
	mock_settle();
	assert_int_equal(mock_guest_take(1), 23);
	v[0]->arch.lists[0].notice = false;
	mock_guest_end(1, 23);
	mock_exit(1, VM_EXIT_METHOD_HALT, (const uint64_t[6]){ 0 });
	assert_runs(&vmm);
	assert_int_equal(actor_x(&vmm, 1) & SK_TAG_METHOD_MASK, VM_EXIT_TAG_INTERRUPT_END);
	assert_int_equal(actor_x(&vmm, 2), 23);
	actor_reply_wait(&vmm, actor_token(&vmm), 0, 0);
	assert_true(runs(&v[0]->context));
	invariants_check();
}

static void the_guests_timer(void **state)
{
	(void)state;
	lines[sk_line_index(0, MOCK_TIMER_LINE)].config = ENABLED | LEVEL | SK_LINE_PHYSICAL;
	mock_guest_timer(1);
	taken(0, MOCK_TIMER_LINE);
	/* Set anew before the guest looked: the machine says that it wants no interrupt. */
	mock.refused_line = MOCK_TIMER_LINE;
	mock_guest_timer(1);
	taken(0, -1);
	assert_int_equal(lines[sk_line_index(0, MOCK_TIMER_LINE)].state & SK_LINE_PENDING, 0);
	mock.refused_line = -1;
	/* It wakes a sleeper. */
	mock_exit(1, VM_EXIT_METHOD_HALT, (const uint64_t[6]){ 0 });
	actor_syscall(&vmm, SK_SYS_REPLY_WAIT, actor_token(&vmm), 0, SK_EXIT_ACTION_BLOCK, 0);
	assert_true(world_idle(1));
	mock_guest_timer(1);
	taken(0, MOCK_TIMER_LINE);
	invariants_check();
}

static void lines_of_a_destroyed_virq_fall(void **state)
{
	(void)state;
	shared(40)->config = ENABLED | LEVEL;
	uint32_t slot = virq_of(40);
	uint32_t copy = world_copy(slot, SK_RIGHT_CALL, 0);
	set_level(40, true);
	K_OK(slot, VIRQ_TAG_DESTROY);
	mock_settle();
	taken(0, -1);
	assert_int_equal(state_of(40), 0);
	assert_int_equal(K(copy, VIRQ_TAG_SET_LEVEL, 1), SK_STALE);
	mock_syscall(0, SK_SYS_SIGNAL, (const uint64_t[8]){ copy, 0 });
	assert_int_equal((int64_t)world.supervisor->registers.x[0], SK_STALE);
	K_REFUSED(SK_BAD_CAP, slot, VIRQ_TAG_SET_LEVEL, 1);
	uint32_t weak = world_copy(virq_of(41), SK_RIGHT_READ, 0);
	K_REFUSED(SK_NO_RIGHT, weak, VIRQ_TAG_SET_LEVEL, 1);
	K_REFUSED(SK_BAD_ARG, virq_of(41), VIRQ_TAG_SET_LEVEL, 2);
	K_REFUSED(SK_NO_RIGHT, weak, VIRQ_TAG_DESTROY);
	invariants_check();
}

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* Anything in the table, at any time: that VM's trouble alone. */
static void hostile_table(void **state)
{
	(void)state;
	uint64_t seed = 0x9e3779b97f4a7c15ull;
	for (uint32_t i = 0; i < 8; i++) {
		(void)virq_of(32 + i);
	}
	for (uint32_t i = 0; i < 20000; i++) {
		uint64_t random = next_random(&seed);
		uint32_t line = (uint32_t)(random >> 8) % 8u;
		switch (random % 8u) {
		case 0: case 1: {
			struct sk_line *entry = (random & 64u) != 0 ? shared(32 + line)
								      : &lines[sk_line_index((uint32_t)(random >> 7) & 1u, line)];
			entry->config = (uint32_t)next_random(&seed);
			entry->state = (uint32_t)next_random(&seed);
			break;
		}
		case 2:
			set_level(32 + line, (random & 32u) != 0);
			break;
		case 3:
			pulse(32 + line);
			break;
		case 4:
			update((random & 32u) != 0 ? 32 + line : line, (uint32_t)(random >> 7) & 1u, (uint32_t)(random >> 20) % 5u);
			break;
		case 5:
			K_OK(vcpus[random >> 7 & 1u], VCPU_TAG_INJECT, line);
			mock_settle();
			break;
		default: {
			uint32_t core = 1u + (random >> 7 & 1u);
			if (core_at(core)->current == &v[core - 1u]->context && !world_idle(core)) {
				int32_t got = mock_guest_take(core);
				if (got >= 0) {
					mock_guest_end(core, (uint32_t)got);
				}
			}
			if (runs(vmm.c)) {
				actor_reply_wait(&vmm, vmm.c->caller->token, 0, 0);
			}
			mock_settle();
			break;
		}
		}
		if (i % 64u == 0) {
			invariants_check();
		}
	}
}

/* On another core a VMM turns the priorities round as fast as lines are listed: the kernel comes to an end. */
static uint32_t turns;

static void turn_round(void)
{
	turns++;
	assert_true(turns < 1000);
	for (uint32_t i = 0; i < 40; i++) {
		bool listed = false;
		for (uint32_t j = 0; j < v[0]->arch.list_used; j++) {
			listed |= v[0]->arch.lists[j].line == 32 + i;
		}
		shared(32 + i)->config = ENABLED | PRIORITY(listed ? 0xff - turns % 2u : turns % 16u);
	}
}

static void priorities_that_turn(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 40; i++) {
		shared(32 + i)->config = PRIORITY(0x80);
		pulse(32 + i);
		shared(32 + i)->config = ENABLED | PRIORITY(0x80);
	}
	turns = 0;
	mock.listing = turn_round;
	update(32, 0, 0);
	mock.listing = NULL;
	assert_int_equal(turns, mock.list_registers); /* each was filled once */
	assert_true(v[0]->arch.underflow_notice);
	invariants_check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(edges, setup),
		cmocka_unit_test_setup(levels, setup),
		cmocka_unit_test_setup(disabled_lines_wait, setup),
		cmocka_unit_test_setup(the_most_urgent_first, setup),
		cmocka_unit_test_setup(more_than_fit, setup),
		cmocka_unit_test_setup(active_lines_keep_their_registers, setup),
		cmocka_unit_test_setup(targets, setup),
		cmocka_unit_test_setup(changes_asked_for, setup),
		cmocka_unit_test_setup(private_levels_end_at_the_vmm, setup),
		cmocka_unit_test_setup(the_guests_timer, setup),
		cmocka_unit_test_setup(lines_of_a_destroyed_virq_fall, setup),
		cmocka_unit_test_setup(hostile_table, setup),
		cmocka_unit_test_setup(priorities_that_turn, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
