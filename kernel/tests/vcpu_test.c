/*
 * A vCPU's life: every operation in every state against the table of what is
 * allowed, and where its registers are meanwhile.
 */
#include "guest.h"
#include <string.h>

struct operation {
	const char *name;
	uint64_t tag;
	uint64_t w0, w1;
	const char *status; /* by place: '0' is success, '-' is BAD_STATE */
};

static const struct operation operations[] = {
	/*                                               CFRrpsPBI */
	{ "set_entry", VCPU_TAG_SET_ENTRY, 0x1000, 0,   "0--------" },
	{ "setup", VCPU_TAG_SETUP, 1, 0,                "0--------" },
	{ "bind", VCPU_TAG_BIND, 1, 0,                  "-0-------" },
	{ "unbind", VCPU_TAG_UNBIND, 0, 0,              "--0------" },
	{ "run", VCPU_TAG_RUN, 0, 0,                    "--0---00-" },
	{ "pause", VCPU_TAG_PAUSE, 0, 0,                "---000-0-" },
	{ "set_gpr", VCPU_TAG_SET_GPR, 3, 77,           "000--000-" },
	{ "set_return", VCPU_TAG_SET_RETURN_VALUE, 9, 0, "000--000-" },
	{ "read_state", VCPU_TAG_READ_STATE, 1, 0,      "000--000-" },
	{ "write_state", VCPU_TAG_WRITE_STATE | SK_TAG_BYTES(512), 1, 0, "000--000-" },
	{ "route", VCPU_TAG_ROUTE, 5, 0,                "000---0-0" },
	{ "inject", VCPU_TAG_INJECT, 7, 0,              "-0000000-" },
	{ "kick", VCPU_TAG_KICK, 0, 0,                  "---000-0-" },
	{ "info", VCPU_TAG_INFO, 0, 0,                  "000000000" },
	{ "exit_counts", VCPU_TAG_EXIT_COUNTS, 0, 0,    "000000000" },
	{ "read_id", VCPU_TAG_READ_ID, 3, 0,            "000000000" },
	{ "destroy", VCPU_TAG_DESTROY, 0, 0,            "000000000" },
};

static const uint8_t lives[PLACES] = {
	VCPU_STATE_CREATED, VCPU_STATE_FREE, VCPU_STATE_READY, VCPU_STATE_RUNNING, VCPU_STATE_RUNNING,
	VCPU_STATE_RUNNING, VCPU_STATE_READY, VCPU_STATE_BLOCKED, VCPU_STATE_INVALID,
};

static uint8_t life_after(const struct operation *operation, enum place place)
{
	switch (operation->tag) {
	case VCPU_TAG_SETUP: case VCPU_TAG_UNBIND: return VCPU_STATE_FREE;
	case VCPU_TAG_BIND: case VCPU_TAG_PAUSE: return VCPU_STATE_READY;
	case VCPU_TAG_RUN: return VCPU_STATE_RUNNING;
	case VCPU_TAG_KICK: return VCPU_STATE_RUNNING;
	default: return lives[place];
	}
}

static void try_in(const struct operation *operation, enum place place)
{
	struct guest guest;
	guest_bring_to(&guest, place);
	assert_int_equal(guest.v->life, lives[place]);
	invariants_check();
	memset(world_buffer(), 0, SK_PAGE_BYTES);
	const uint64_t w[SK_WORDS] = { operation->w0, operation->w1 };
	if (operation->status[place] == '-') {
		world_refused(operation->name, SK_BAD_STATE, guest.vcpu, operation->tag, w);
		return;
	}
	sk_status_t status = world_call(guest.vcpu, operation->tag, w);
	if (status != SK_OK) {
		fail_msg("%s of a vCPU that is %s: %d", operation->name, guest_place_names[place], (int)status);
	}
	if (operation->tag != VCPU_TAG_DESTROY && guest.v->life != life_after(operation, place)) {
		fail_msg("%s of a vCPU that is %s makes it %u", operation->name, guest_place_names[place], guest.v->life);
	}
	if (operation->tag == VCPU_TAG_DESTROY) {
		memset(guest.v, 0xa5, sizeof *guest.v);
		assert_int_equal(((struct space *)world_body(guest.vm))->vcpu_count, 0);
	}
	mock_settle();
	invariants_check();
}

static void every_operation_in_every_state(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
		for (enum place place = CREATED; place < PLACES; place++) {
			try_in(&operations[i], place);
		}
	}
}

static void arguments_are_checked(void **state)
{
	(void)state;
	struct guest guest;
	guest_make(&guest);
	uint32_t other_vm = world_vm(0);
	uint32_t other = world_vcpu(other_vm, 1);
	uint32_t weak = world_copy(guest.vcpu, SK_RIGHT_READ, 0);
	uint32_t uncallable = world_copy(guest.vmm.endpoint, SK_RIGHT_WAIT, 0);
	K_REFUSED(SK_BAD_ARG, guest.vcpu, VCPU_TAG_SETUP, 2);
	K_REFUSED(SK_BAD_ARG, guest.vcpu, VCPU_TAG_SETUP, UINT64_MAX);
	K_REFUSED(SK_BAD_ARG, guest.vcpu, VCPU_TAG_SET_SPACE, other_vm);
	K_REFUSED(SK_BAD_TYPE, guest.vcpu, VCPU_TAG_SET_SPACE, other);
	K_REFUSED(SK_BAD_CAP, guest.vcpu, VCPU_TAG_SET_SPACE, 0);
	K_OK(guest.vcpu, VCPU_TAG_SET_SPACE, guest.vm);
	K_REFUSED(SK_BAD_STATE, guest.vcpu, VCPU_TAG_SET_SPACE, guest.vm);
	K_OK(guest.vcpu, VCPU_TAG_SET_ENTRY, 1);
	K_REFUSED(SK_BAD_STATE, guest.vcpu, VCPU_TAG_SET_ENTRY, 1);
	K_REFUSED(SK_BAD_ARG, guest.vcpu, VCPU_TAG_SET_GPR, 31, 1);
	K_REFUSED(SK_BAD_ARG, guest.vcpu, VCPU_TAG_SET_GPR, UINT32_MAX, 1);
	K_REFUSED(SK_BAD_ARG, guest.vcpu, VCPU_TAG_READ_STATE, 0);
	K_REFUSED(SK_BAD_ARG, guest.vcpu, VCPU_TAG_READ_STATE, 7);
	assert_int_equal(K(guest.vcpu, VCPU_TAG_READ_STATE, 6), SK_UNSUPPORTED);
	assert_int_equal(K(guest.vcpu, VCPU_TAG_WRITE_STATE | SK_TAG_BYTES(512), 6), SK_UNSUPPORTED);
	K_REFUSED(SK_BAD_ARG, guest.vcpu, VCPU_TAG_WRITE_STATE | SK_TAG_BYTES(511), 1);
	K_REFUSED(SK_BAD_ARG, guest.vcpu, VCPU_TAG_READ_ID, 8);
	K_REFUSED(SK_BAD_ARG, guest.vcpu, VCPU_TAG_ROUTE, EXIT_REASONS, guest.vmm.endpoint);
	K_REFUSED(SK_BAD_ARG, guest.vcpu, VCPU_TAG_ROUTE, UINT32_MAX, guest.vmm.endpoint);
	K_REFUSED(SK_BAD_TYPE, guest.vcpu, VCPU_TAG_ROUTE, 5, guest.vm);
	K_REFUSED(SK_NO_RIGHT, guest.vcpu, VCPU_TAG_ROUTE, 5, uncallable);
	K_REFUSED(SK_NO_RIGHT, weak, VCPU_TAG_SETUP, 0);
	K_REFUSED(SK_NO_RIGHT, weak, VCPU_TAG_RUN);
	K_REFUSED(SK_NO_RIGHT, weak, VCPU_TAG_DESTROY);
	K_OK(guest.vcpu, VCPU_TAG_SETUP, 0);
	K_REFUSED(SK_BAD_ARG, guest.vcpu, VCPU_TAG_BIND, 3);
	K_REFUSED(SK_BAD_ARG, guest.vcpu, VCPU_TAG_BIND, UINT32_MAX);
	K_REFUSED(SK_BAD_ARG, guest.vcpu, VCPU_TAG_INJECT, SK_PRIVATE_LINES);
	K_REFUSED(SK_BAD_ARG, guest.vcpu, VCPU_TAG_INJECT, UINT32_MAX);
	K_REFUSED(SK_BAD_STATE, other, VCPU_TAG_INJECT, 1); /* its VM has no lines */
	K_OK(other, VCPU_TAG_SETUP, 0);
	K_REFUSED(SK_BAD_STATE, other, VCPU_TAG_INJECT, 1);
}

/* Youngest first, so that indices keep their meaning. */
static void destroyed_in_reverse(void **state)
{
	(void)state;
	uint32_t vm = world_vm(8);
	uint32_t vcpus[SK_VM_VCPUS_MAX];
	for (uint32_t i = 0; i < SK_VM_VCPUS_MAX; i++) {
		vcpus[i] = world_vcpu(vm, 1 + i % 2u);
		assert_int_equal(world_vcpu_at(vcpus[i])->index, i);
	}
	uint32_t page = world_memory(1);
	K_REFUSED(SK_BAD_ARG, page, MEMORY_TAG_CREATE_VCPU, vm, 1, world_memory(1), 0, page);
	K_REFUSED(SK_BAD_STATE, vcpus[0], VCPU_TAG_DESTROY);
	for (uint32_t i = SK_VM_VCPUS_MAX; i-- > 0;) {
		K_OK(vcpus[i], VCPU_TAG_DESTROY);
		invariants_check();
	}
	K_OK(vm, SPACE_TAG_DESTROY);
}

/* What the machine is asked on the way through a life, in order. */
static void a_life_in_machine_calls(void **state)
{
	(void)state;
	struct guest guest;
	guest_make(&guest);
	mock_log_clear();
	guest_run(&guest);
	guest_exit(VM_EXIT_METHOD_HYPERCALL, 1);
	guest_reply(&guest, 0, 0);
	K_OK(guest.vcpu, VCPU_TAG_PAUSE);
	K_OK(guest.vcpu, VCPU_TAG_WRITE_STATE | SK_TAG_BYTES(512), MOCK_EL1);
	K_OK(guest.vcpu, VCPU_TAG_RUN);
	K_OK(guest.vcpu, VCPU_TAG_PAUSE);
	K_OK(guest.vcpu, VCPU_TAG_UNBIND);
	static const enum mock_event wanted[] = {
		MOCK_VCPU_ENTRY, MOCK_VCPU_SETUP, MOCK_VCPU_LOAD, MOCK_VCPU_SAVE, MOCK_VCPU_WRITE, MOCK_VCPU_LOAD,
		MOCK_VCPU_SAVE,
	};
	size_t at = 0;
	for (uint32_t i = 0; i < mock.log_count; i++) {
		enum mock_event event = mock.log[i].event;
		if (event >= MOCK_VCPU_SAVE && event <= MOCK_VCPU_WRITE) {
			assert_true(at < sizeof wanted / sizeof wanted[0]);
			assert_int_equal(event, wanted[at++]);
		}
	}
	assert_int_equal(at, sizeof wanted / sizeof wanted[0]);
}

/* Its registers stay in the hardware until another takes the core. */
static void registers_leave_when_another_takes_the_core(void **state)
{
	(void)state;
	struct guest guest;
	guest_make(&guest);
	guest_run(&guest);
	core_at(1)->arch.registers[3] = 0x33;
	guest_exit(VM_EXIT_METHOD_HYPERCALL, 1);
	assert_ptr_equal(core_at(1)->resident, guest.v);
	guest_reply(&guest, 0, 0);
	assert_int_equal(mock_count(MOCK_VCPU_SAVE), 0);
	uint32_t second = world_vcpu(guest.vm, 1);
	world_vcpu_prepare(second);
	world_plan(1, guest.vmm.thread, second, guest.vcpu, 0);
	K_OK(second, VCPU_TAG_RUN);
	assert_ptr_equal(core_at(1)->resident, world_vcpu_at(second));
	assert_int_equal(core_at(1)->arch.registers[3], 0);
	assert_int_equal(guest.v->arch.registers[3], 0x33);
	K_OK(second, VCPU_TAG_PAUSE);
	assert_int_equal(core_at(1)->arch.registers[3], 0x33);
	/* Read and written while its exit is served. */
	guest_exit(VM_EXIT_METHOD_HYPERCALL, 1);
	K_OK(guest.vcpu, VCPU_TAG_READ_STATE, MOCK_EL1);
	uint64_t *registers = world_buffer();
	assert_int_equal(registers[3], 0x33);
	registers[3] = 0x44;
	K_OK(guest.vcpu, VCPU_TAG_WRITE_STATE | SK_TAG_BYTES(512), MOCK_EL1);
	guest_reply(&guest, 0, 0);
	assert_int_equal(core_at(1)->arch.registers[3], 0x44);
}

static void floating_point_is_switched_at_use(void **state)
{
	(void)state;
	struct guest guest;
	guest_make(&guest);
	guest_run(&guest);
	(void)mock_use_fp(1, 2, 0x11);
	guest_exit(VM_EXIT_METHOD_HYPERCALL, 1);
	assert_ptr_equal(core_at(1)->fp_owner, &guest.v->context);
	assert_int_equal(mock_use_fp(1, 2, 0x22), 0);
	guest_reply(&guest, 0, 0);
	assert_ptr_equal(core_at(1)->fp_owner, guest.vmm.c);
	assert_int_equal(mock_use_fp(1, 2, 0x33), 0x11);
	guest_exit(VM_EXIT_METHOD_HYPERCALL, 1);
	guest_reply(&guest, 0, 0);
	assert_int_equal(core_at(1)->counters[COUNT_FP_SWITCHES], 3);
	/* It leaves with its owner. */
	K_OK(guest.vcpu, VCPU_TAG_PAUSE);
	assert_null(core_at(1)->fp_owner);
	assert_int_equal(guest.v->fp_state.v[2], 0x33);
}

/* It moves to another core, and is on one at a time. */
static void moves_between_cores(void **state)
{
	(void)state;
	struct guest guest;
	guest_bring_to(&guest, RUNNING);
	core_at(1)->arch.registers[1] = 0x77;
	K_OK(guest.vcpu, VCPU_TAG_PAUSE);
	K_OK(guest.vcpu, VCPU_TAG_UNBIND);
	assert_int_equal(core_at(1)->plan.count, 1);
	K_OK(guest.vcpu, VCPU_TAG_BIND, 2);
	world_plan(2, guest.vcpu, 0);
	K_OK(guest.vcpu, VCPU_TAG_RUN);
	assert_true(runs(&guest.v->context));
	assert_int_equal(guest.v->context.core, 2);
	assert_int_equal(core_at(2)->arch.registers[1], 0x77);
	invariants_check();
	mock_exit(2, VM_EXIT_METHOD_HYPERCALL, (const uint64_t[6]){ 1 });
	mock_settle();
	assert_runs(&guest.vmm);
	guest_reply(&guest, 0, 0);
	mock_settle();
	assert_true(runs(&guest.v->context));
	invariants_check();
}

/* A plan may name it before it is bound; bound elsewhere, it is in that plan no more. */
static void bound_elsewhere_than_planned(void **state)
{
	(void)state;
	struct guest guest;
	guest_make(&guest);
	world_plan(1, guest.vcpu, 0);
	K_OK(guest.vcpu, VCPU_TAG_SETUP, 0);
	K_OK(guest.vcpu, VCPU_TAG_BIND, 2);
	invariants_check();
	K_OK(guest.vcpu, VCPU_TAG_RUN);
	mock_settle();
	assert_true(world_idle(1));
	invariants_check();
	world_plan(2, guest.vcpu, 0);
	assert_true(runs(&guest.v->context));
	assert_true(world_idle(1));
	invariants_check();
}

/* Its exit is with a server of its core: where the answer goes must not change meanwhile. */
static void not_unbound_while_served(void **state)
{
	(void)state;
	struct guest guest;
	guest_bring_to(&guest, SERVED_PAUSED);
	K_REFUSED(SK_BAD_STATE, guest.vcpu, VCPU_TAG_UNBIND);
	guest_reply(&guest, SK_EXIT_ACTION_STOP, 0);
	K_OK(guest.vcpu, VCPU_TAG_UNBIND);
	assert_int_equal(guest.v->life, VCPU_STATE_FREE);
	invariants_check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_operation_in_every_state),
		cmocka_unit_test_setup(arguments_are_checked, world_setup),
		cmocka_unit_test_setup(destroyed_in_reverse, world_setup),
		cmocka_unit_test_setup(a_life_in_machine_calls, world_setup),
		cmocka_unit_test_setup(registers_leave_when_another_takes_the_core, world_setup),
		cmocka_unit_test_setup(floating_point_is_switched_at_use, world_setup),
		cmocka_unit_test(moves_between_cores),
		cmocka_unit_test_setup(bound_elsewhere_than_planned, world_setup),
		cmocka_unit_test(not_unbound_while_served),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
