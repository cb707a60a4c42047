/*
 * A vCPU's life: every operation in every state against the table of what is
 * allowed; what exits and their replies do; where its registers are meanwhile.
 */
#include "world.h"
#include <string.h>

struct scene {
	struct actor vmm;     /* serves every exit, on core 1 */
	uint32_t vm, vcpu;
	struct vcpu *v;
};

enum place { CREATED, FREE, READY, RUNNING, PREEMPTED, SERVED, SERVED_PAUSED, BLOCKED, INVALID, PLACES };
static const char *const place_names[PLACES] = { "created", "free", "ready", "running", "preempted", "served",
						 "served, paused", "blocked", "invalid" };

static void scene_make(struct scene *scene)
{
	actor_make(&scene->vmm, 1);
	actor_serve(&scene->vmm);
	scene->vm = world_vm(16);
	scene->vcpu = world_vcpu(scene->vm, 1);
	scene->v = world_vcpu_at(scene->vcpu);
}

static void scene_run(struct scene *scene)
{
	K_OK(scene->vcpu, VCPU_TAG_ROUTE, 0, scene->vmm.endpoint);
	world_vcpu_prepare(scene->vcpu);
	world_plan(1, scene->vmm.thread, scene->vcpu, 0);
	actor_start(&scene->vmm);
	actor_reply_wait(&scene->vmm, 0, 0, 0);
	K_OK(scene->vcpu, VCPU_TAG_RUN);
	assert_true(runs(&scene->v->context));
}

static void guest_exit(uint32_t reason, uint64_t w0)
{
	mock_exit(1, reason, (const uint64_t[6]){ w0, w0 + 1, w0 + 2, w0 + 3 });
}

static void vmm_reply(const struct scene *scene, uint64_t action, uint64_t line)
{
	actor_syscall(&scene->vmm, SK_SYS_REPLY_WAIT, actor_token(&scene->vmm), 0, action, line);
}

static void bring_to(struct scene *scene, enum place place)
{
	world_boot(3);
	scene_make(scene);
	switch (place) {
	case CREATED:
		return;
	case FREE:
		K_OK(scene->vcpu, VCPU_TAG_SETUP, 0);
		return;
	case READY:
		world_vcpu_prepare(scene->vcpu);
		return;
	case INVALID:
		world_vcpu_prepare(scene->vcpu);
		world_plan(1, scene->vcpu, 0);
		K_OK(scene->vcpu, VCPU_TAG_RUN);
		guest_exit(VM_EXIT_METHOD_HYPERCALL, 1); /* nobody answers for it */
		return;
	default:
		break;
	}
	scene_run(scene);
	if (place == PREEMPTED) {
		struct actor other;
		actor_make(&other, 1);
		world_plan(1, scene->vmm.thread, other.thread, scene->vcpu, 0);
		actor_start(&other);
		assert_runs(&other);
	} else if (place != RUNNING) {
		guest_exit(VM_EXIT_METHOD_HALT, 1);
		assert_runs(&scene->vmm);
	}
	if (place == SERVED_PAUSED) {
		K_OK(scene->vcpu, VCPU_TAG_PAUSE);
	} else if (place == BLOCKED) {
		vmm_reply(scene, SK_EXIT_ACTION_BLOCK, 0);
	}
}

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

static const uint8_t lives[PLACES] = { VCPU_CREATED, VCPU_FREE, VCPU_READY, VCPU_RUNNING, VCPU_RUNNING, VCPU_RUNNING,
				       VCPU_READY, VCPU_BLOCKED, VCPU_INVALID };

static uint8_t life_after(const struct operation *operation, enum place place)
{
	switch (operation->tag) {
	case VCPU_TAG_SETUP: case VCPU_TAG_UNBIND: return VCPU_FREE;
	case VCPU_TAG_BIND: case VCPU_TAG_PAUSE: return VCPU_READY;
	case VCPU_TAG_RUN: return VCPU_RUNNING;
	case VCPU_TAG_KICK: return VCPU_RUNNING;
	default: return lives[place];
	}
}

static void try_in(const struct operation *operation, enum place place)
{
	struct scene scene;
	bring_to(&scene, place);
	assert_int_equal(scene.v->life, lives[place]);
	invariants_check();
	memset(world_buffer(), 0, SK_PAGE_BYTES);
	const uint64_t w[SK_WORDS] = { operation->w0, operation->w1 };
	if (operation->status[place] == '-') {
		world_refused(operation->name, SK_BAD_STATE, scene.vcpu, operation->tag, w);
		return;
	}
	sk_status_t status = world_call(scene.vcpu, operation->tag, w);
	if (status != SK_OK) {
		fail_msg("%s of a vCPU that is %s: %d", operation->name, place_names[place], (int)status);
	}
	if (operation->tag != VCPU_TAG_DESTROY && scene.v->life != life_after(operation, place)) {
		fail_msg("%s of a vCPU that is %s makes it %u", operation->name, place_names[place], scene.v->life);
	}
	if (operation->tag == VCPU_TAG_DESTROY) {
		memset(scene.v, 0xa5, sizeof *scene.v);
		assert_int_equal(((struct space *)world_body(scene.vm))->vcpu_count, 0);
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
	struct scene scene;
	scene_make(&scene);
	uint32_t other_vm = world_vm(0);
	uint32_t other = world_vcpu(other_vm, 1);
	uint32_t weak = world_copy(scene.vcpu, SK_RIGHT_READ, 0);
	uint32_t uncallable = world_copy(scene.vmm.endpoint, SK_RIGHT_WAIT, 0);
	K_REFUSED(SK_BAD_ARG, scene.vcpu, VCPU_TAG_SETUP, 2);
	K_REFUSED(SK_BAD_ARG, scene.vcpu, VCPU_TAG_SETUP, UINT64_MAX);
	K_REFUSED(SK_BAD_ARG, scene.vcpu, VCPU_TAG_SET_SPACE, other_vm);
	K_REFUSED(SK_BAD_TYPE, scene.vcpu, VCPU_TAG_SET_SPACE, other);
	K_REFUSED(SK_BAD_CAP, scene.vcpu, VCPU_TAG_SET_SPACE, 0);
	K_OK(scene.vcpu, VCPU_TAG_SET_SPACE, scene.vm);
	K_REFUSED(SK_BAD_STATE, scene.vcpu, VCPU_TAG_SET_SPACE, scene.vm);
	K_OK(scene.vcpu, VCPU_TAG_SET_ENTRY, 1);
	K_REFUSED(SK_BAD_STATE, scene.vcpu, VCPU_TAG_SET_ENTRY, 1);
	K_REFUSED(SK_BAD_ARG, scene.vcpu, VCPU_TAG_SET_GPR, 31, 1);
	K_REFUSED(SK_BAD_ARG, scene.vcpu, VCPU_TAG_SET_GPR, UINT32_MAX, 1);
	K_REFUSED(SK_BAD_ARG, scene.vcpu, VCPU_TAG_READ_STATE, 0);
	K_REFUSED(SK_BAD_ARG, scene.vcpu, VCPU_TAG_READ_STATE, 7);
	assert_int_equal(K(scene.vcpu, VCPU_TAG_READ_STATE, 6), SK_UNSUPPORTED);
	assert_int_equal(K(scene.vcpu, VCPU_TAG_WRITE_STATE | SK_TAG_BYTES(512), 6), SK_UNSUPPORTED);
	K_REFUSED(SK_BAD_ARG, scene.vcpu, VCPU_TAG_WRITE_STATE | SK_TAG_BYTES(511), 1);
	K_REFUSED(SK_BAD_ARG, scene.vcpu, VCPU_TAG_READ_ID, 8);
	K_REFUSED(SK_BAD_ARG, scene.vcpu, VCPU_TAG_ROUTE, EXIT_REASONS, scene.vmm.endpoint);
	K_REFUSED(SK_BAD_ARG, scene.vcpu, VCPU_TAG_ROUTE, UINT32_MAX, scene.vmm.endpoint);
	K_REFUSED(SK_BAD_TYPE, scene.vcpu, VCPU_TAG_ROUTE, 5, scene.vm);
	K_REFUSED(SK_NO_RIGHT, scene.vcpu, VCPU_TAG_ROUTE, 5, uncallable);
	K_REFUSED(SK_NO_RIGHT, weak, VCPU_TAG_SETUP, 0);
	K_REFUSED(SK_NO_RIGHT, weak, VCPU_TAG_RUN);
	K_REFUSED(SK_NO_RIGHT, weak, VCPU_TAG_DESTROY);
	K_OK(scene.vcpu, VCPU_TAG_SETUP, 0);
	K_REFUSED(SK_BAD_ARG, scene.vcpu, VCPU_TAG_BIND, 3);
	K_REFUSED(SK_BAD_ARG, scene.vcpu, VCPU_TAG_BIND, UINT32_MAX);
	K_REFUSED(SK_BAD_ARG, scene.vcpu, VCPU_TAG_INJECT, SK_PRIVATE_LINES);
	K_REFUSED(SK_BAD_ARG, scene.vcpu, VCPU_TAG_INJECT, UINT32_MAX);
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
	struct scene scene;
	scene_make(&scene);
	mock_log_clear();
	scene_run(&scene);
	guest_exit(VM_EXIT_METHOD_HYPERCALL, 1);
	vmm_reply(&scene, 0, 0);
	K_OK(scene.vcpu, VCPU_TAG_PAUSE);
	K_OK(scene.vcpu, VCPU_TAG_WRITE_STATE | SK_TAG_BYTES(512), MOCK_EL1);
	K_OK(scene.vcpu, VCPU_TAG_RUN);
	K_OK(scene.vcpu, VCPU_TAG_PAUSE);
	K_OK(scene.vcpu, VCPU_TAG_UNBIND);
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
	struct scene scene;
	scene_make(&scene);
	scene_run(&scene);
	core_at(1)->arch.registers[3] = 0x33;
	guest_exit(VM_EXIT_METHOD_HYPERCALL, 1);
	assert_ptr_equal(core_at(1)->resident, scene.v);
	vmm_reply(&scene, 0, 0);
	assert_int_equal(mock_count(MOCK_VCPU_SAVE), 0);
	uint32_t second = world_vcpu(scene.vm, 1);
	world_vcpu_prepare(second);
	world_plan(1, scene.vmm.thread, second, scene.vcpu, 0);
	K_OK(second, VCPU_TAG_RUN);
	assert_ptr_equal(core_at(1)->resident, world_vcpu_at(second));
	assert_int_equal(core_at(1)->arch.registers[3], 0);
	assert_int_equal(scene.v->arch.registers[3], 0x33);
	K_OK(second, VCPU_TAG_PAUSE);
	assert_int_equal(core_at(1)->arch.registers[3], 0x33);
	/* Read and written while its exit is served. */
	guest_exit(VM_EXIT_METHOD_HYPERCALL, 1);
	K_OK(scene.vcpu, VCPU_TAG_READ_STATE, MOCK_EL1);
	uint64_t *registers = world_buffer();
	assert_int_equal(registers[3], 0x33);
	registers[3] = 0x44;
	K_OK(scene.vcpu, VCPU_TAG_WRITE_STATE | SK_TAG_BYTES(512), MOCK_EL1);
	vmm_reply(&scene, 0, 0);
	assert_int_equal(core_at(1)->arch.registers[3], 0x44);
}

static void floating_point_is_switched_at_use(void **state)
{
	(void)state;
	struct scene scene;
	scene_make(&scene);
	scene_run(&scene);
	(void)mock_use_fp(1, 2, 0x11);
	guest_exit(VM_EXIT_METHOD_HYPERCALL, 1);
	assert_ptr_equal(core_at(1)->fp_owner, &scene.v->context);
	assert_int_equal(mock_use_fp(1, 2, 0x22), 0);
	vmm_reply(&scene, 0, 0);
	assert_ptr_equal(core_at(1)->fp_owner, scene.vmm.c);
	assert_int_equal(mock_use_fp(1, 2, 0x33), 0x11);
	guest_exit(VM_EXIT_METHOD_HYPERCALL, 1);
	vmm_reply(&scene, 0, 0);
	assert_int_equal(core_at(1)->counters[COUNT_FP_SWITCHES], 3);
	/* It leaves with its owner. */
	K_OK(scene.vcpu, VCPU_TAG_PAUSE);
	assert_null(core_at(1)->fp_owner);
	assert_int_equal(scene.v->fp_state.v[2], 0x33);
}

static void replies_act(void **state)
{
	(void)state;
	struct scene scene;
	scene_make(&scene);
	scene_run(&scene);
	struct arch_frame *frame = scene.v->context.frame;
	/* Past the instruction, or not, by the reason. */
	uint64_t pc = mock_pc(&scene.v->context);
	guest_exit(VM_EXIT_METHOD_HYPERCALL, 1);
	vmm_reply(&scene, 0, 0);
	assert_int_equal(mock_pc(&scene.v->context), pc + 4);
	guest_exit(VM_EXIT_METHOD_EXCEPTION, 1);
	vmm_reply(&scene, 0, 0);
	assert_int_equal(mock_pc(&scene.v->context), pc + 4);
	guest_exit(VM_EXIT_METHOD_EXCEPTION, 1);
	vmm_reply(&scene, SK_EXIT_ACTION_ADVANCE, 0);
	assert_int_equal(mock_pc(&scene.v->context), pc + 8);
	/* What the VMM wrote into the state page counts. */
	guest_exit(VM_EXIT_METHOD_HYPERCALL, 1);
	frame->x[0] = 0x99;
	frame->pc = 0x50000000;
	vmm_reply(&scene, 0, 0);
	assert_int_equal(mock_pc(&scene.v->context), 0x50000000);
	/* A system register: whole, denied, or by an error zero. */
	guest_exit(VM_EXIT_METHOD_SYSREG_READ, 6); /* into x7 */
	vmm_reply(&scene, 0xfedcba9876543210ull, 0);
	assert_true(frame->x[7] == 0xfedcba9876543210ull);
	guest_exit(VM_EXIT_METHOD_SYSREG_READ, 6);
	vmm_reply(&scene, 1, SK_EXIT_ACTION_UNDEFINED);
	assert_true(scene.v->arch.undefined_taken);
	assert_true(frame->x[7] == 0xfedcba9876543210ull);
	guest_exit(VM_EXIT_METHOD_SYSREG_READ, 6);
	actor_syscall(&scene.vmm, SK_SYS_REPLY_WAIT, actor_token(&scene.vmm), 9, 5, 0);
	assert_int_equal(frame->x[7], 0);
	scene.v->arch.undefined_taken = false;
	guest_exit(VM_EXIT_METHOD_SYSREG_WRITE, 1);
	pc = mock_pc(&scene.v->context);
	vmm_reply(&scene, 0, 0);
	assert_int_equal(mock_pc(&scene.v->context), pc + 4);
	guest_exit(VM_EXIT_METHOD_SYSREG_WRITE, 1);
	vmm_reply(&scene, SK_EXIT_ACTION_UNDEFINED, 0);
	assert_true(scene.v->arch.undefined_taken);
	assert_int_equal(mock_pc(&scene.v->context), pc + 4);
	guest_exit(VM_EXIT_METHOD_SYSREG_WRITE, 1);
	actor_syscall(&scene.vmm, SK_SYS_REPLY_WAIT, actor_token(&scene.vmm), 9, SK_EXIT_ACTION_UNDEFINED, 0);
	assert_int_equal(mock_pc(&scene.v->context), pc + 8);
	/* Memory where nothing is. */
	mock_mmio(1, 0x7000, false, 4, 1);
	actor_syscall(&scene.vmm, SK_SYS_REPLY_WAIT, actor_token(&scene.vmm), 1, 0, 0);
	assert_true(scene.v->arch.abort_taken);
	scene.v->arch.abort_taken = false;
	mock_mmio(1, 0x7000, true, 4, 1);
	vmm_reply(&scene, SK_EXIT_ACTION_DATA_ABORT, 0);
	assert_true(scene.v->arch.abort_taken);
	/* To READY, from the reply. */
	guest_exit(VM_EXIT_METHOD_HYPERCALL, 1);
	vmm_reply(&scene, SK_EXIT_ACTION_STOP, 0);
	assert_int_equal(scene.v->life, VCPU_READY);
	assert_true(world_idle(1));
	K_OK(scene.vcpu, VCPU_TAG_RUN);
	assert_true(runs(&scene.v->context));
	/* Nonsense in the action is ignored. */
	guest_exit(VM_EXIT_METHOD_HYPERCALL, 1);
	vmm_reply(&scene, ~0x3full, 0);
	assert_true(runs(&scene.v->context));
	guest_exit(VM_EXIT_METHOD_HYPERCALL, 1);
	vmm_reply(&scene, SK_EXIT_ACTION_INJECT, UINT64_MAX);
	assert_true(runs(&scene.v->context));
	invariants_check();
}

static void mmio_values_have_the_accesss_width(void **state)
{
	(void)state;
	struct scene scene;
	scene_make(&scene);
	K_OK(scene.vm, SPACE_TAG_ROUTE_RANGE, 0x1000, 0x1000, scene.vmm.endpoint);
	K_OK(scene.vm, SPACE_TAG_ROUTE_RANGE, 0x3000, 0x1000, scene.vmm.endpoint);
	scene_run(&scene);
	struct arch_frame *frame = scene.v->context.frame;
	for (uint32_t size = 1; size <= 8; size *= 2) {
		uint64_t mask = size == 8 ? UINT64_MAX : (1ull << 8u * size) - 1u;
		frame->x[4] = 0;
		mock_mmio(1, 0x1ff8, false, size, 4);
		assert_int_equal(actor_x(&scene.vmm, 2), 0x1ff8);
		vmm_reply(&scene, 0x8877665544332211ull, 0);
		assert_true(frame->x[4] == (0x8877665544332211ull & mask));
		mock_mmio(1, 0x3000, true, size, 4);
		assert_true(actor_x(&scene.vmm, 4) == frame->x[4]);
		vmm_reply(&scene, 0, 0);
	}
	mock_mmio(1, 0x1000, false, 4, 31); /* the zero register */
	vmm_reply(&scene, 1, 0);
	K_OK(scene.vcpu, VCPU_TAG_EXIT_COUNTS);
	const uint64_t *counts = world_buffer();
	assert_int_equal(counts[VM_EXIT_METHOD_MMIO_READ], 5);
	assert_int_equal(counts[VM_EXIT_METHOD_MMIO_WRITE], 4);
	/* Ranges change only while nothing runs, and the last one used is forgotten with them. */
	K_REFUSED(SK_BAD_STATE, scene.vm, SPACE_TAG_UNROUTE_RANGE, 0x1000);
	K_REFUSED(SK_BAD_STATE, scene.vm, SPACE_TAG_ROUTE_RANGE, 0x5000, 0x1000, scene.vmm.endpoint);
	K_OK(scene.vcpu, VCPU_TAG_PAUSE);
	K_OK(scene.vm, SPACE_TAG_UNROUTE_RANGE, 0x1000);
	K_OK(scene.vm, SPACE_TAG_UNROUTE_RANGE, 0x3000);
	K_OK(scene.vcpu, VCPU_TAG_RUN);
	mock_mmio(1, 0x1000, false, 4, 4);
	assert_int_equal(actor_x(&scene.vmm, 1) & SK_TAG_METHOD_MASK, VM_EXIT_TAG_NESTED_PAGE_FAULT);
	invariants_check();
}

/* A reply makes a private line pending, of its own vCPU or of another one of the VM. */
static void replies_inject(void **state)
{
	(void)state;
	struct scene scene;
	scene_make(&scene);
	uint32_t second = world_vcpu(scene.vm, 2);
	struct vcpu *other = world_vcpu_at(second);
	for (uint32_t i = 0; i < 2; i++) {
		world_lines(scene.vm)[sk_line_index(i, 9)].config = SK_LINE_ENABLED;
	}
	world_vcpu_prepare(second);
	world_plan(2, second, 0);
	K_OK(second, VCPU_TAG_RUN);
	scene_run(&scene);
	const struct {
		uint64_t line;
		int32_t mine, its;
	} rows[] = {
		{ 9, 9, -1 }, { 1u << 8 | 9u, 9, -1 }, { 2u << 8 | 9u, -1, 9 }, { 3u << 8 | 9u, -1, -1 }, { 32, -1, -1 },
		{ UINT64_MAX, -1, -1 }, { 1ull << 40 | 9u, -1, -1 }, { 2u << 8 | 40u, -1, -1 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		guest_exit(VM_EXIT_METHOD_SEND_IPI, 1);
		vmm_reply(&scene, SK_EXIT_ACTION_INJECT, rows[i].line);
		mock_settle();
		assert_true(runs(&scene.v->context) && runs(&other->context));
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
	struct scene scene;
	bring_to(&scene, SERVED_PAUSED);
	/* Its answer comes, and it rests. */
	vmm_reply(&scene, 0, 0);
	assert_int_equal(scene.v->life, VCPU_READY);
	assert_int_equal(scene.v->context.state, CONTEXT_STOPPED);
	assert_true(world_idle(1));
	invariants_check();
	K_OK(scene.vcpu, VCPU_TAG_RUN);
	assert_true(runs(&scene.v->context));
	/* Resumed before the answer comes. */
	guest_exit(VM_EXIT_METHOD_HALT, 1);
	K_OK(scene.vcpu, VCPU_TAG_PAUSE);
	K_OK(scene.vcpu, VCPU_TAG_RUN);
	invariants_check();
	vmm_reply(&scene, 0, 0);
	assert_true(runs(&scene.v->context));
	/* An answer that blocks or stops it finds it paused. */
	guest_exit(VM_EXIT_METHOD_HALT, 1);
	K_OK(scene.vcpu, VCPU_TAG_PAUSE);
	vmm_reply(&scene, SK_EXIT_ACTION_BLOCK | SK_EXIT_ACTION_STOP, 0);
	assert_int_equal(scene.v->life, VCPU_READY);
	invariants_check();
}

static void blocked_until_a_line_is_pending(void **state)
{
	(void)state;
	struct scene scene;
	bring_to(&scene, BLOCKED);
	struct sk_line *lines = world_lines(scene.vm);
	lines[sk_line_index(0, 7)].config = 0;
	K_OK(scene.vcpu, VCPU_TAG_INJECT, 7); /* not enabled */
	assert_int_equal(scene.v->life, VCPU_BLOCKED);
	lines[sk_line_index(0, 8)].config = SK_LINE_ENABLED;
	K_OK(scene.vcpu, VCPU_TAG_INJECT, 8);
	mock_settle();
	assert_int_equal(scene.v->life, VCPU_RUNNING);
	assert_true(runs(&scene.v->context));
	assert_int_equal(mock_guest_take(1), 8);
	invariants_check();
	/* With one pending it doesn't block, nor is the halt told. */
	lines[sk_line_index(0, 9)].config = SK_LINE_ENABLED;
	guest_exit(VM_EXIT_METHOD_HYPERCALL, 1);
	K_OK(scene.vcpu, VCPU_TAG_INJECT, 9);
	mock_settle();
	vmm_reply(&scene, SK_EXIT_ACTION_BLOCK, 0);
	assert_true(runs(&scene.v->context));
	mock_log_clear();
	guest_exit(VM_EXIT_METHOD_HALT, 1);
	assert_true(runs(&scene.v->context));
	assert_int_equal(mock_count(MOCK_FAST), 0);
	invariants_check();
}

static void kicks(void **state)
{
	(void)state;
	struct scene scene;
	bring_to(&scene, RUNNING);
	/* Without a route of its own: a trip through the kernel. */
	K_OK(scene.vcpu, VCPU_TAG_KICK);
	assert_true(runs(&scene.v->context));
	K_OK(scene.vcpu, VCPU_TAG_PAUSE);
	K_OK(scene.vcpu, VCPU_TAG_ROUTE, VM_EXIT_METHOD_EXTERNAL_INTERRUPT, scene.vmm.endpoint);
	K_OK(scene.vcpu, VCPU_TAG_RUN);
	K_OK(scene.vcpu, VCPU_TAG_KICK);
	mock_settle();
	assert_runs(&scene.vmm);
	assert_int_equal(actor_x(&scene.vmm, 1) & SK_TAG_METHOD_MASK, VM_EXIT_TAG_EXTERNAL_INTERRUPT);
	vmm_reply(&scene, 0, 0);
	assert_true(runs(&scene.v->context));
	/* While an exit is served, it comes after. */
	guest_exit(VM_EXIT_METHOD_HALT, 1);
	K_OK(scene.vcpu, VCPU_TAG_KICK);
	mock_settle();
	vmm_reply(&scene, SK_EXIT_ACTION_BLOCK, 0);
	mock_settle();
	assert_runs(&scene.vmm);
	assert_int_equal(actor_x(&scene.vmm, 1) & SK_TAG_METHOD_MASK, VM_EXIT_TAG_EXTERNAL_INTERRUPT);
	invariants_check();
}

/* A state that the hardware would refuse is an exit, and never entered. */
static void refused_states(void **state)
{
	(void)state;
	struct scene scene;
	bring_to(&scene, SERVED);
	scene.v->context.frame->pstate |= MOCK_PSTATE_ILLEGAL;
	vmm_reply(&scene, 0, 0);
	assert_runs(&scene.vmm);
	assert_int_equal(actor_x(&scene.vmm, 1) & SK_TAG_METHOD_MASK, VM_EXIT_TAG_FAIL_ENTRY);
	invariants_check();
	scene.v->context.frame->pstate &= ~MOCK_PSTATE_ILLEGAL;
	vmm_reply(&scene, 0, 0);
	assert_true(runs(&scene.v->context));
	/* A VMM that doesn't repair it is asked again and again, each time by a call of its own. */
	guest_exit(VM_EXIT_METHOD_HALT, 1);
	scene.v->context.frame->pstate |= MOCK_PSTATE_ILLEGAL;
	for (uint32_t i = 0; i < 5; i++) {
		vmm_reply(&scene, 0, 0);
		assert_runs(&scene.vmm);
	}
	K_OK(scene.vcpu, VCPU_TAG_DESTROY);
	invariants_check();
}

/* When nobody will repair it, only its end helps: the kernel must not ask for ever. */
static void refused_states_of_a_dead_vmm(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		struct scene scene;
		bring_to(&scene, SERVED);
		scene.v->context.frame->pstate |= MOCK_PSTATE_ILLEGAL;
		if (i == 0) {
			vmm_reply(&scene, 0, 0);
			actor_syscall(&scene.vmm, SK_SYS_REPLY_WAIT, actor_token(&scene.vmm), 1, 0, 0);
		} else {
			uint32_t control = world_copy(scene.vmm.endpoint, SK_RIGHTS_ALL & ~SK_RIGHT_CALL, 0);
			K_OK(scene.vmm.thread, THREAD_TAG_DESTROY);
			K_OK(control, i == 1 ? ENDPOINT_TAG_ABANDON : ENDPOINT_TAG_DESTROY);
		}
		mock_settle();
		assert_int_equal(scene.v->life, VCPU_INVALID);
		assert_true(world_idle(1));
		invariants_check();
		K_OK(scene.vcpu, VCPU_TAG_DESTROY);
		invariants_check();
	}
}

/* Exits that the kernel makes before the guest goes on, and that nobody takes: it goes on. */
static void kicks_for_a_dead_vmm(void **state)
{
	(void)state;
	struct scene scene;
	bring_to(&scene, RUNNING);
	struct actor other;
	actor_make(&other, 1);
	actor_serve(&other);
	uint32_t control = world_copy(other.endpoint, SK_RIGHTS_ALL & ~SK_RIGHT_CALL, 0);
	K_OK(scene.vcpu, VCPU_TAG_PAUSE);
	K_OK(scene.vcpu, VCPU_TAG_ROUTE, VM_EXIT_METHOD_EXTERNAL_INTERRUPT, other.endpoint);
	K_OK(scene.vcpu, VCPU_TAG_RUN);
	K_OK(other.thread, THREAD_TAG_DESTROY);
	K_OK(control, ENDPOINT_TAG_ABANDON);
	uint64_t pc = mock_pc(&scene.v->context);
	K_OK(scene.vcpu, VCPU_TAG_KICK);
	mock_settle();
	assert_true(runs(&scene.v->context));
	assert_ptr_equal(core_at(1)->loaded, &scene.v->context);
	assert_int_equal(mock_pc(&scene.v->context), pc);
	invariants_check();
}

/* Whoever took the exits is gone, and the guest is as it would be without: it goes on. */
static void stale_routes(void **state)
{
	(void)state;
	struct scene scene;
	bring_to(&scene, RUNNING);
	K_OK(scene.vmm.thread, THREAD_TAG_DESTROY);
	K_OK(world_copy(scene.vmm.endpoint, SK_RIGHTS_ALL & ~SK_RIGHT_CALL, 0), ENDPOINT_TAG_DESTROY);
	uint64_t pc = mock_pc(&scene.v->context);
	guest_exit(VM_EXIT_METHOD_HYPERCALL, 1);
	assert_true(runs(&scene.v->context));
	assert_int_equal(mock_pc(&scene.v->context), pc + 4);
	invariants_check();
}

/* It moves to another core, and is on one at a time. */
static void moves_between_cores(void **state)
{
	(void)state;
	struct scene scene;
	bring_to(&scene, RUNNING);
	core_at(1)->arch.registers[1] = 0x77;
	K_OK(scene.vcpu, VCPU_TAG_PAUSE);
	K_OK(scene.vcpu, VCPU_TAG_UNBIND);
	assert_int_equal(core_at(1)->plan.count, 1);
	K_OK(scene.vcpu, VCPU_TAG_BIND, 2);
	world_plan(2, scene.vcpu, 0);
	K_OK(scene.vcpu, VCPU_TAG_RUN);
	assert_true(runs(&scene.v->context));
	assert_int_equal(scene.v->context.core, 2);
	assert_int_equal(core_at(2)->arch.registers[1], 0x77);
	invariants_check();
	mock_exit(2, VM_EXIT_METHOD_HYPERCALL, (const uint64_t[6]){ 1 });
	mock_settle();
	assert_runs(&scene.vmm);
	vmm_reply(&scene, 0, 0);
	mock_settle();
	assert_true(runs(&scene.v->context));
	invariants_check();
}

/* A plan may name it before it is bound; bound elsewhere, it is in that plan no more. */
static void bound_elsewhere_than_planned(void **state)
{
	(void)state;
	struct scene scene;
	scene_make(&scene);
	world_plan(1, scene.vcpu, 0);
	K_OK(scene.vcpu, VCPU_TAG_SETUP, 0);
	K_OK(scene.vcpu, VCPU_TAG_BIND, 2);
	invariants_check();
	K_OK(scene.vcpu, VCPU_TAG_RUN);
	mock_settle();
	assert_true(world_idle(1));
	invariants_check();
	world_plan(2, scene.vcpu, 0);
	assert_true(runs(&scene.v->context));
	assert_true(world_idle(1));
	invariants_check();
}

/* Its exit is with a server of its core: where the answer goes must not change meanwhile. */
static void not_unbound_while_served(void **state)
{
	(void)state;
	struct scene scene;
	bring_to(&scene, SERVED_PAUSED);
	K_REFUSED(SK_BAD_STATE, scene.vcpu, VCPU_TAG_UNBIND);
	vmm_reply(&scene, SK_EXIT_ACTION_STOP, 0);
	K_OK(scene.vcpu, VCPU_TAG_UNBIND);
	assert_int_equal(scene.v->life, VCPU_FREE);
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
		cmocka_unit_test_setup(replies_act, world_setup),
		cmocka_unit_test_setup(mmio_values_have_the_accesss_width, world_setup),
		cmocka_unit_test_setup(replies_inject, world_setup),
		cmocka_unit_test(paused_in_service),
		cmocka_unit_test(blocked_until_a_line_is_pending),
		cmocka_unit_test(kicks),
		cmocka_unit_test(refused_states),
		cmocka_unit_test(refused_states_of_a_dead_vmm),
		cmocka_unit_test(kicks_for_a_dead_vmm),
		cmocka_unit_test(stale_routes),
		cmocka_unit_test(moves_between_cores),
		cmocka_unit_test_setup(bound_elsewhere_than_planned, world_setup),
		cmocka_unit_test(not_unbound_while_served),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
