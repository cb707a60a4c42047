/*
 * Exits of a vCPU and their replies: what the guest gets, and what becomes of the
 * vCPU.
 */
#include "guest.h"

static void replies_act(void **state)
{
	(void)state;
	struct guest guest;
	guest_make(&guest);
	guest_run(&guest);
	struct arch_frame *frame = guest.v->context.frame;
	/* Past the instruction, or not, by the reason. */
	uint64_t pc = mock_pc(&guest.v->context);
	guest_exit(VM_EXIT_METHOD_HYPERCALL, 1);
	guest_reply(&guest, 0, 0);
	assert_int_equal(mock_pc(&guest.v->context), pc + 4);
	guest_exit(VM_EXIT_METHOD_EXCEPTION, 1);
	guest_reply(&guest, 0, 0);
	assert_int_equal(mock_pc(&guest.v->context), pc + 4);
	guest_exit(VM_EXIT_METHOD_EXCEPTION, 1);
	guest_reply(&guest, SK_EXIT_ACTION_ADVANCE, 0);
	assert_int_equal(mock_pc(&guest.v->context), pc + 8);
	/* What the VMM wrote into the state page counts. */
	guest_exit(VM_EXIT_METHOD_HYPERCALL, 1);
	frame->x[0] = 0x99;
	frame->pc = 0x50000000;
	guest_reply(&guest, 0, 0);
	assert_int_equal(mock_pc(&guest.v->context), 0x50000000);
	/* A system register: whole, denied, or by an error zero. */
	guest_exit(VM_EXIT_METHOD_SYSREG_READ, 6); /* into x7 */
	guest_reply(&guest, 0xfedcba9876543210ull, 0);
	assert_true(frame->x[7] == 0xfedcba9876543210ull);
	guest_exit(VM_EXIT_METHOD_SYSREG_READ, 6);
	guest_reply(&guest, 1, SK_EXIT_ACTION_UNDEFINED);
	assert_true(guest.v->arch.undefined_taken);
	assert_true(frame->x[7] == 0xfedcba9876543210ull);
	guest_exit(VM_EXIT_METHOD_SYSREG_READ, 6);
	actor_syscall(&guest.vmm, SK_SYS_REPLY_WAIT, actor_token(&guest.vmm), 9, 5, 0);
	assert_int_equal(frame->x[7], 0);
	guest.v->arch.undefined_taken = false;
	guest_exit(VM_EXIT_METHOD_SYSREG_WRITE, 1);
	pc = mock_pc(&guest.v->context);
	guest_reply(&guest, 0, 0);
	assert_int_equal(mock_pc(&guest.v->context), pc + 4);
	guest_exit(VM_EXIT_METHOD_SYSREG_WRITE, 1);
	guest_reply(&guest, SK_EXIT_ACTION_UNDEFINED, 0);
	assert_true(guest.v->arch.undefined_taken);
	assert_int_equal(mock_pc(&guest.v->context), pc + 4);
	guest_exit(VM_EXIT_METHOD_SYSREG_WRITE, 1);
	actor_syscall(&guest.vmm, SK_SYS_REPLY_WAIT, actor_token(&guest.vmm), 9, SK_EXIT_ACTION_UNDEFINED, 0);
	assert_int_equal(mock_pc(&guest.v->context), pc + 8);
	/* Memory where nothing is. */
	mock_mmio(1, 0x7000, false, 4, 1);
	actor_syscall(&guest.vmm, SK_SYS_REPLY_WAIT, actor_token(&guest.vmm), 1, 0, 0);
	assert_true(guest.v->arch.abort_taken);
	guest.v->arch.abort_taken = false;
	mock_mmio(1, 0x7000, true, 4, 1);
	guest_reply(&guest, SK_EXIT_ACTION_DATA_ABORT, 0);
	assert_true(guest.v->arch.abort_taken);
	/* To READY, from the reply. */
	guest_exit(VM_EXIT_METHOD_HYPERCALL, 1);
	guest_reply(&guest, SK_EXIT_ACTION_STOP, 0);
	assert_int_equal(guest.v->life, VCPU_STATE_READY);
	assert_true(world_idle(1));
	K_OK(guest.vcpu, VCPU_TAG_RUN);
	assert_true(runs(&guest.v->context));
	/* Nonsense in the action is ignored. */
	guest_exit(VM_EXIT_METHOD_HYPERCALL, 1);
	guest_reply(&guest, ~0x3full, 0);
	assert_true(runs(&guest.v->context));
	guest_exit(VM_EXIT_METHOD_HYPERCALL, 1);
	guest_reply(&guest, SK_EXIT_ACTION_INJECT, UINT64_MAX);
	assert_true(runs(&guest.v->context));
	invariants_check();
}

static void mmio_values_have_the_accesss_width(void **state)
{
	(void)state;
	struct guest guest;
	guest_make(&guest);
	K_OK(guest.vm, SPACE_TAG_ROUTE_RANGE, 0x1000, 0x1000, guest.vmm.endpoint);
	K_OK(guest.vm, SPACE_TAG_ROUTE_RANGE, 0x3000, 0x1000, guest.vmm.endpoint);
	guest_run(&guest);
	struct arch_frame *frame = guest.v->context.frame;
	for (uint32_t size = 1; size <= 8; size *= 2) {
		uint64_t mask = size == 8 ? UINT64_MAX : (1ull << 8u * size) - 1u;
		frame->x[4] = 0;
		mock_mmio(1, 0x1ff8, false, size, 4);
		assert_int_equal(actor_x(&guest.vmm, 2), 0x1ff8);
		guest_reply(&guest, 0x8877665544332211ull, 0);
		assert_true(frame->x[4] == (0x8877665544332211ull & mask));
		mock_mmio(1, 0x3000, true, size, 4);
		assert_true(actor_x(&guest.vmm, 4) == frame->x[4]);
		guest_reply(&guest, 0, 0);
	}
	mock_mmio(1, 0x1000, false, 4, 31); /* the zero register */
	guest_reply(&guest, 1, 0);
	K_OK(guest.vcpu, VCPU_TAG_EXIT_COUNTS);
	const uint64_t *counts = world_buffer();
	assert_int_equal(counts[VM_EXIT_METHOD_MMIO_READ], 5);
	assert_int_equal(counts[VM_EXIT_METHOD_MMIO_WRITE], 4);
	/* Ranges come only while nothing runs, also before the last one used, which is at another place then. */
	K_REFUSED(SK_BAD_STATE, guest.vm, SPACE_TAG_ROUTE_RANGE, 0, 0x1000, guest.vmm.endpoint);
	K_OK(guest.vcpu, VCPU_TAG_PAUSE);
	K_OK(guest.vm, SPACE_TAG_ROUTE_RANGE, 0, 0x1000, guest.vmm.endpoint);
	K_OK(guest.vcpu, VCPU_TAG_RUN);
	mock_mmio(1, 0x1000, false, 4, 4);
	assert_int_equal(actor_x(&guest.vmm, 1) & SK_TAG_METHOD_MASK, VM_EXIT_TAG_MMIO_READ);
	guest_reply(&guest, 0, 0);
	mock_mmio(1, 0x2000, false, 4, 4);
	assert_int_equal(actor_x(&guest.vmm, 1) & SK_TAG_METHOD_MASK, VM_EXIT_TAG_NESTED_PAGE_FAULT);
	invariants_check();
}

/*
 * A device's server is gone for good: while the guest runs, and waits for that server, the device's range goes to another.
 */
static void a_range_goes_to_another_server(void **state)
{
	(void)state;
	struct guest guest;
	struct actor other;
	guest_make(&guest);
	K_OK(guest.vm, SPACE_TAG_ROUTE_RANGE, 0x1000, 0x1000, guest.vmm.endpoint);
	guest_run(&guest);
	actor_make(&other, 1);
	actor_serve(&other);
	actor_start(&other);
	world_plan(1, other.thread, guest.vmm.thread, guest.vcpu, 0);
	actor_wait(&other);
	mock_mmio(1, 0x1000, false, 4, 4);
	assert_runs(&guest.vmm);
	uint64_t pc = mock_pc(&guest.v->context);
	guest.v->context.frame->x[4] = 1;
	K_OK(guest.vm, SPACE_TAG_ROUTE_RANGE, 0x1000, 0x1000, world_copy(other.endpoint, SK_RIGHT_CALL, 0x42));
	K_OK(guest.vmm.thread, THREAD_TAG_STOP);
	K_OK(world_copy(guest.vmm.endpoint, SK_RIGHTS_ALL & ~SK_RIGHT_CALL, 0), ENDPOINT_TAG_ABANDON);
	mock_settle();
	assert_true(runs(&guest.v->context));
	assert_int_equal(mock_pc(&guest.v->context), pc + 4);
	assert_int_equal(guest.v->context.frame->x[4], 0);
	mock_mmio(1, 0x1004, false, 4, 4);
	assert_runs(&other);
	assert_int_equal(actor_status(&other), 0x42);
	assert_int_equal(actor_x(&other, 2), 0x1004);
	invariants_check();
}

/* A reply makes a private line pending, of its own vCPU or of another one of the VM. */
static void replies_inject(void **state)
{
	(void)state;
	struct guest guest;
	guest_make(&guest);
	uint32_t second = world_vcpu(guest.vm, 2);
	struct vcpu *other = world_vcpu_at(second);
	for (uint32_t i = 0; i < 2; i++) {
		world_lines(guest.vm)[sk_line_index(i, 9)].config = SK_LINE_ENABLED;
	}
	world_vcpu_prepare(second);
	world_plan(2, second, 0);
	K_OK(second, VCPU_TAG_RUN);
	guest_run(&guest);
	const struct {
		uint64_t line;
		int32_t mine, its;
	} rows[] = {
		{ 9, 9, -1 }, { 1u << 8 | 9u, 9, -1 }, { 2u << 8 | 9u, -1, 9 }, { 3u << 8 | 9u, -1, -1 }, { 32, -1, -1 },
		{ UINT64_MAX, -1, -1 }, { 1ull << 40 | 9u, -1, -1 }, { 2u << 8 | 40u, -1, -1 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		guest_exit(VM_EXIT_METHOD_SEND_IPI, 1);
		guest_reply(&guest, SK_EXIT_ACTION_INJECT, rows[i].line);
		mock_settle();
		assert_true(runs(&guest.v->context) && runs(&other->context));
		for (uint32_t core = 1; core < 3; core++) {
			int32_t wanted = core == 1 ? rows[i].mine : rows[i].its;
			assert_int_equal(mock_guest_take(core), wanted);
			if (wanted >= 0) {
				mock_guest_end(core, (uint32_t)wanted);
			}
		}
		invariants_check();
	}
}

static void paused_in_service(void **state)
{
	(void)state;
	struct guest guest;
	guest_bring_to(&guest, SERVED_PAUSED);
	/* Its answer comes, and it rests. */
	guest_reply(&guest, 0, 0);
	assert_int_equal(guest.v->life, VCPU_STATE_READY);
	assert_int_equal(guest.v->context.state, CONTEXT_STOPPED);
	assert_true(world_idle(1));
	invariants_check();
	K_OK(guest.vcpu, VCPU_TAG_RUN);
	assert_true(runs(&guest.v->context));
	/* Resumed before the answer comes. */
	guest_exit(VM_EXIT_METHOD_HALT, 1);
	K_OK(guest.vcpu, VCPU_TAG_PAUSE);
	K_OK(guest.vcpu, VCPU_TAG_RUN);
	invariants_check();
	guest_reply(&guest, 0, 0);
	assert_true(runs(&guest.v->context));
	/* An answer that blocks or stops it finds it paused. */
	guest_exit(VM_EXIT_METHOD_HALT, 1);
	K_OK(guest.vcpu, VCPU_TAG_PAUSE);
	guest_reply(&guest, SK_EXIT_ACTION_BLOCK | SK_EXIT_ACTION_STOP, 0);
	assert_int_equal(guest.v->life, VCPU_STATE_READY);
	invariants_check();
}

static void blocked_until_a_line_is_pending(void **state)
{
	(void)state;
	struct guest guest;
	guest_bring_to(&guest, BLOCKED);
	struct sk_line *lines = world_lines(guest.vm);
	lines[sk_line_index(0, 7)].config = 0;
	K_OK(guest.vcpu, VCPU_TAG_INJECT, 7); /* not enabled */
	assert_int_equal(guest.v->life, VCPU_STATE_BLOCKED);
	lines[sk_line_index(0, 8)].config = SK_LINE_ENABLED;
	K_OK(guest.vcpu, VCPU_TAG_INJECT, 8);
	mock_settle();
	assert_int_equal(guest.v->life, VCPU_STATE_RUNNING);
	assert_true(runs(&guest.v->context));
	assert_int_equal(mock_guest_take(1), 8);
	invariants_check();
	/* With one pending it doesn't block, nor is the halt told. */
	lines[sk_line_index(0, 9)].config = SK_LINE_ENABLED;
	guest_exit(VM_EXIT_METHOD_HYPERCALL, 1);
	K_OK(guest.vcpu, VCPU_TAG_INJECT, 9);
	mock_settle();
	guest_reply(&guest, SK_EXIT_ACTION_BLOCK, 0);
	assert_true(runs(&guest.v->context));
	mock_log_clear();
	guest_exit(VM_EXIT_METHOD_HALT, 1);
	assert_true(runs(&guest.v->context));
	assert_int_equal(mock_count(MOCK_FAST), 0);
	invariants_check();
}

static void kicks(void **state)
{
	(void)state;
	struct guest guest;
	guest_bring_to(&guest, RUNNING);
	/* Without a route of its own: a trip through the kernel. */
	K_OK(guest.vcpu, VCPU_TAG_KICK);
	assert_true(runs(&guest.v->context));
	K_OK(guest.vcpu, VCPU_TAG_PAUSE);
	K_OK(guest.vcpu, VCPU_TAG_ROUTE, VM_EXIT_METHOD_EXTERNAL_INTERRUPT, guest.vmm.endpoint);
	K_OK(guest.vcpu, VCPU_TAG_RUN);
	K_OK(guest.vcpu, VCPU_TAG_KICK);
	mock_settle();
	assert_runs(&guest.vmm);
	assert_int_equal(actor_x(&guest.vmm, 1) & SK_TAG_METHOD_MASK, VM_EXIT_TAG_EXTERNAL_INTERRUPT);
	guest_reply(&guest, 0, 0);
	assert_true(runs(&guest.v->context));
	/* While an exit is served, it comes after. */
	guest_exit(VM_EXIT_METHOD_HALT, 1);
	K_OK(guest.vcpu, VCPU_TAG_KICK);
	mock_settle();
	guest_reply(&guest, SK_EXIT_ACTION_BLOCK, 0);
	mock_settle();
	assert_runs(&guest.vmm);
	assert_int_equal(actor_x(&guest.vmm, 1) & SK_TAG_METHOD_MASK, VM_EXIT_TAG_EXTERNAL_INTERRUPT);
	invariants_check();
}

/* A state that the hardware would refuse is an exit, and never entered. */
static void refused_states(void **state)
{
	(void)state;
	struct guest guest;
	guest_bring_to(&guest, SERVED);
	guest.v->context.frame->pstate |= MOCK_PSTATE_ILLEGAL;
	guest_reply(&guest, 0, 0);
	assert_runs(&guest.vmm);
	assert_int_equal(actor_x(&guest.vmm, 1) & SK_TAG_METHOD_MASK, VM_EXIT_TAG_FAIL_ENTRY);
	invariants_check();
	guest.v->context.frame->pstate &= ~MOCK_PSTATE_ILLEGAL;
	guest_reply(&guest, 0, 0);
	assert_true(runs(&guest.v->context));
	/* A VMM that doesn't repair it is asked again and again, each time by a call of its own. */
	guest_exit(VM_EXIT_METHOD_HALT, 1);
	guest.v->context.frame->pstate |= MOCK_PSTATE_ILLEGAL;
	for (uint32_t i = 0; i < 5; i++) {
		guest_reply(&guest, 0, 0);
		assert_runs(&guest.vmm);
	}
	K_OK(guest.vcpu, VCPU_TAG_DESTROY);
	invariants_check();
}

/* When nobody will repair it, only its end helps: the kernel must not ask for ever. */
static void refused_states_of_a_dead_vmm(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		struct guest guest;
		guest_bring_to(&guest, SERVED);
		guest.v->context.frame->pstate |= MOCK_PSTATE_ILLEGAL;
		if (i == 0) {
			guest_reply(&guest, 0, 0);
			actor_syscall(&guest.vmm, SK_SYS_REPLY_WAIT, actor_token(&guest.vmm), 1, 0, 0);
		} else {
			uint32_t control = world_copy(guest.vmm.endpoint, SK_RIGHTS_ALL & ~SK_RIGHT_CALL, 0);
			K_OK(guest.vmm.thread, THREAD_TAG_DESTROY);
			K_OK(control, i == 1 ? ENDPOINT_TAG_ABANDON : ENDPOINT_TAG_DESTROY);
		}
		mock_settle();
		assert_int_equal(guest.v->life, VCPU_STATE_INVALID);
		assert_true(world_idle(1));
		invariants_check();
		K_OK(guest.vcpu, VCPU_TAG_DESTROY);
		invariants_check();
	}
}

/* Exits that the kernel makes before the guest goes on, and that nobody takes: it goes on. */
static void kicks_for_a_dead_vmm(void **state)
{
	(void)state;
	struct guest guest;
	guest_bring_to(&guest, RUNNING);
	struct actor other;
	actor_make(&other, 1);
	actor_serve(&other);
	uint32_t control = world_copy(other.endpoint, SK_RIGHTS_ALL & ~SK_RIGHT_CALL, 0);
	K_OK(guest.vcpu, VCPU_TAG_PAUSE);
	K_OK(guest.vcpu, VCPU_TAG_ROUTE, VM_EXIT_METHOD_EXTERNAL_INTERRUPT, other.endpoint);
	K_OK(guest.vcpu, VCPU_TAG_RUN);
	K_OK(other.thread, THREAD_TAG_DESTROY);
	K_OK(control, ENDPOINT_TAG_ABANDON);
	uint64_t pc = mock_pc(&guest.v->context);
	K_OK(guest.vcpu, VCPU_TAG_KICK);
	mock_settle();
	assert_true(runs(&guest.v->context));
	assert_ptr_equal(core_at(1)->loaded, &guest.v->context);
	assert_int_equal(mock_pc(&guest.v->context), pc);
	invariants_check();
}

/* Whoever took the exits is gone, and the guest is as it would be without: it goes on. */
static void stale_routes(void **state)
{
	(void)state;
	struct guest guest;
	guest_bring_to(&guest, RUNNING);
	K_OK(guest.vmm.thread, THREAD_TAG_DESTROY);
	K_OK(world_copy(guest.vmm.endpoint, SK_RIGHTS_ALL & ~SK_RIGHT_CALL, 0), ENDPOINT_TAG_DESTROY);
	uint64_t pc = mock_pc(&guest.v->context);
	guest_exit(VM_EXIT_METHOD_HYPERCALL, 1);
	assert_true(runs(&guest.v->context));
	assert_int_equal(mock_pc(&guest.v->context), pc + 4);
	invariants_check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(replies_act, world_setup),
		cmocka_unit_test_setup(mmio_values_have_the_accesss_width, world_setup),
		cmocka_unit_test_setup(a_range_goes_to_another_server, world_setup),
		cmocka_unit_test_setup(replies_inject, world_setup),
		cmocka_unit_test(paused_in_service),
		cmocka_unit_test(blocked_until_a_line_is_pending),
		cmocka_unit_test(kicks),
		cmocka_unit_test(refused_states),
		cmocka_unit_test(refused_states_of_a_dead_vmm),
		cmocka_unit_test(kicks_for_a_dead_vmm),
		cmocka_unit_test(stale_routes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
