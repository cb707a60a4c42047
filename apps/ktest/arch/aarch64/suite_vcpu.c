/* vCPUs: their life cycle, their registers, and the ways to interfere with one that runs. */
#include <string.h>

#include <sk/idl/kernel_client.h>
#include <sk/idl/vm_exit.h>
#include <sk/process.h>

#include "machine.h"
#include "pool.h"
#include "suites.h"
#include "tap.h"

#define COUNTED 5u /* the register that the guest counts up */
#define CHANGING_NS 50000000ull

/* What is refused in which state, a bit for each state. */
struct refusal {
	const char *what;
	sk_status_t (*call)(const struct machine *machine);
	uint32_t states;
};

#define IN(state) (1u << VCPU_STATE_##state)

static sk_status_t call_set_entry(const struct machine *machine)
{
	return vcpu_set_entry(machine->vcpu[0], 0);
}

static sk_status_t call_set_space(const struct machine *machine)
{
	return vcpu_set_space(machine->vcpu[0], machine->vm);
}

static sk_status_t call_setup(const struct machine *machine)
{
	return vcpu_setup(machine->vcpu[0], 0);
}

static sk_status_t call_bind(const struct machine *machine)
{
	return vcpu_bind(machine->vcpu[0], pool.core_number);
}

static sk_status_t call_unbind(const struct machine *machine)
{
	return vcpu_unbind(machine->vcpu[0]);
}

static sk_status_t call_run(const struct machine *machine)
{
	return vcpu_run(machine->vcpu[0]);
}

static sk_status_t call_pause(const struct machine *machine)
{
	return vcpu_pause(machine->vcpu[0]);
}

static sk_status_t call_set_gpr(const struct machine *machine)
{
	return vcpu_set_gpr(machine->vcpu[0], 1, 1);
}

static sk_status_t call_set_return_value(const struct machine *machine)
{
	return vcpu_set_return_value(machine->vcpu[0], 1);
}

static sk_status_t call_read_state(const struct machine *machine)
{
	static uint64_t registers[64];

	return vcpu_read_state(machine->vcpu[0], VCPU_STATE_GROUP_EL1, registers);
}

static sk_status_t call_write_state(const struct machine *machine)
{
	static uint64_t registers[64];

	return vcpu_write_state(machine->vcpu[0], VCPU_STATE_GROUP_TIMER, registers);
}

static sk_status_t call_route(const struct machine *machine)
{
	return vcpu_route(machine->vcpu[0], VM_EXIT_METHOD_HYPERCALL, machine->endpoint);
}

static sk_status_t call_inject(const struct machine *machine)
{
	return vcpu_inject(machine->vcpu[0], 5);
}

static sk_status_t call_kick(const struct machine *machine)
{
	return vcpu_kick(machine->vcpu[0]);
}

static const struct refusal refusals[] = {
	{ "set_entry", call_set_entry, IN(FREE) | IN(READY) | IN(RUNNING) | IN(INVALID) },
	{ "set_space", call_set_space, IN(FREE) | IN(READY) | IN(RUNNING) | IN(INVALID) },
	{ "setup", call_setup, IN(FREE) | IN(READY) | IN(RUNNING) | IN(INVALID) },
	{ "bind", call_bind, IN(CREATED) | IN(READY) | IN(RUNNING) | IN(INVALID) },
	{ "unbind", call_unbind, IN(CREATED) | IN(FREE) | IN(RUNNING) | IN(INVALID) },
	{ "run", call_run, IN(CREATED) | IN(FREE) | IN(RUNNING) | IN(INVALID) },
	{ "pause", call_pause, IN(CREATED) | IN(FREE) | IN(READY) | IN(INVALID) },
	{ "set_gpr", call_set_gpr, IN(RUNNING) | IN(INVALID) },
	{ "set_return_value", call_set_return_value, IN(RUNNING) | IN(INVALID) },
	{ "read_state", call_read_state, IN(RUNNING) | IN(INVALID) },
	{ "write_state", call_write_state, IN(RUNNING) | IN(INVALID) },
	{ "route", call_route, IN(RUNNING) },
	{ "inject", call_inject, IN(CREATED) | IN(INVALID) },
	{ "kick", call_kick, IN(CREATED) | IN(FREE) | IN(READY) | IN(INVALID) },
};

static void check_refusals(const struct machine *machine, const char *name, uint32_t state)
{
	tap_is(machine_state(machine, 0), state, "%s: it is", name);
	for (uint32_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		if ((refusals[i].states >> state & 1u) != 0) {
			tap_status(refusals[i].call(machine), SK_BAD_STATE, "%s: no %s", name, refusals[i].what);
		}
	}
	tap_is(machine_state(machine, 0), state, "%s: it still is", name);
}

#define TRIES 200u /* to catch it running on a slow machine */

/* Runs it, READY, until it has counted on; it is READY again then. */
static bool counts(const struct machine *machine)
{
	uint64_t before = machine->state[0]->x[COUNTED];

	for (uint32_t i = 0; i < TRIES && machine->state[0]->x[COUNTED] == before; i++) {
		if (vcpu_run(machine->vcpu[0]) != SK_OK) {
			return false;
		}
		agent_linger();
		if (vcpu_pause(machine->vcpu[0]) != SK_OK) {
			return false;
		}
	}
	return machine->state[0]->x[COUNTED] > before;
}

static void case_life(void)
{
	struct machine machine;
	struct machine other;

	pool_begin("vcpu: life cycle");
	agent_begin();
	machine_make(&machine);
	machine_make(&other);
	check_refusals(&machine, "created", VCPU_STATE_CREATED);
	tap_status(vcpu_set_entry(machine.vcpu[0], machine_address(code_guest_count)), SK_OK, "its entry is set");
	tap_status(vcpu_set_entry(machine.vcpu[0], 0), SK_BAD_STATE, "once");
	tap_status(vcpu_set_space(machine.vcpu[0], pool.space), SK_BAD_ARG, "a process is no VM");
	tap_status(vcpu_set_space(machine.vcpu[0], other.vm), SK_BAD_ARG, "another VM isn't its own");
	tap_status(vcpu_set_space(machine.vcpu[0], machine.endpoint), SK_BAD_TYPE, "nor is an endpoint");
	tap_status(vcpu_set_space(machine.vcpu[0], machine.vm), SK_OK, "its own VM is named");
	tap_status(vcpu_set_space(machine.vcpu[0], machine.vm), SK_BAD_STATE, "once");
	tap_status(vcpu_setup(machine.vcpu[0], 2), SK_BAD_ARG, "set-up has one flag");
	tap_status(vcpu_setup(machine.vcpu[0], UINT64_MAX), SK_BAD_ARG, "not 64");
	tap_status(vcpu_setup(machine.vcpu[0], 0), SK_OK, "it is set up");
	check_refusals(&machine, "free", VCPU_STATE_FREE);
	tap_status(vcpu_bind(machine.vcpu[0], 99), SK_BAD_ARG, "there is no core 99");
	tap_status(vcpu_bind(machine.vcpu[0], UINT32_MAX), SK_BAD_ARG, "nor 2^32 - 1");
	tap_status(vcpu_bind(machine.vcpu[0], pool.core_number), SK_OK, "it is bound");
	check_refusals(&machine, "ready", VCPU_STATE_READY);
	agent_plan_slots(1, machine.vcpu);
	tap_status(vcpu_run(machine.vcpu[0]), SK_OK, "it runs");
	check_refusals(&machine, "running", VCPU_STATE_RUNNING);
	tap_status(vcpu_pause(machine.vcpu[0]), SK_OK, "it is paused");
	tap_ok(counts(&machine), "the guest does something while it runs");
	uint64_t stood = machine.state[0]->x[COUNTED];
	agent_linger();
	tap_is(machine.state[0]->x[COUNTED], stood, "and nothing while it is paused");
	tap_status(vcpu_unbind(machine.vcpu[0]), SK_OK, "it is unbound");
	tap_is(machine_state(&machine, 0), VCPU_STATE_FREE, "and free again");
	tap_status(vcpu_bind(machine.vcpu[0], pool.core_number), SK_OK, "bound again");
	agent_plan_slots(1, machine.vcpu);
	tap_ok(counts(&machine), "it goes on from where it was");
	tap_status(vcpu_run(machine.vcpu[0]), SK_OK, "it runs");
	tap_status(vcpu_destroy(machine.vcpu[0]), SK_OK, "and is destroyed as it does");
	pool_end();
}

static void case_invalid(void)
{
	struct machine machine;

	pool_begin("vcpu: nobody takes its exits");
	agent_begin();
	machine_make(&machine);
	machine_ready(&machine, code_guest_hypercall);
	tap_status(vcpu_route(machine.vcpu[0], 0, 0), SK_OK, "no exit has a route");
	tap_status(vcpu_run(machine.vcpu[0]), SK_OK, "it runs");
	tap_ok(machine_becomes(&machine, VCPU_STATE_INVALID), "its first exit makes it invalid");
	check_refusals(&machine, "invalid", VCPU_STATE_INVALID);
	tap_status(vcpu_destroy(machine.vcpu[0]), SK_OK, "only destroying it helps");
	pool_end();

	pool_begin("vcpu: a state that the hardware refuses");
	agent_begin();
	machine_make(&machine);
	machine_ready(&machine, code_guest_count);
	machine.state[0]->pstate = 0x3c9; /* EL2 */
	tap_ok(machine_step(&machine), "it doesn't run with a state that names another level");
	tap_is(machine_exit(&machine)->msg.tag & SK_TAG_METHOD_MASK, VM_EXIT_TAG_FAIL_ENTRY, "its VMM is told so");
	tap_is(machine_exit(&machine)->msg.w[0] & 0xf, 0x9, "and why");
	machine.state[0]->pstate = 0x3d5; /* AArch32 */
	tap_ok(machine_step(&machine), "nor in AArch32");
	tap_is(machine_exit(&machine)->msg.tag & SK_TAG_METHOD_MASK, VM_EXIT_TAG_FAIL_ENTRY, "likewise");
	machine.state[0]->pstate = 0x3c5;
	machine.state[0]->pc = machine_address(code_guest_hypercall);
	tap_ok(machine_step(&machine), "put right, it runs");
	tap_is(machine_exit(&machine)->msg.tag & SK_TAG_METHOD_MASK, VM_EXIT_TAG_HYPERCALL, "and makes its call");
	pool_end();

	/* PSTATE must be read once: what is checked is what is loaded. Its exits and replies are the straight run's. */
	pool_begin("vcpu: a state that changes while it is loaded");
	agent_begin();
	machine_make(&machine);
	machine_ready(&machine, code_guest_hypercall);
	tap_status(vcpu_route(machine.vcpu[0], VM_EXIT_METHOD_HYPERCALL, machine.endpoint), SK_OK, "its calls' own route");
	machine.server->answer.w[0] = 0;
	tap_status(vcpu_run(machine.vcpu[0]), SK_OK, "it makes one call after the other");
	volatile uint64_t *pstate = &machine.state[0]->pstate;
	for (uint64_t end = sk_now_ns() + CHANGING_NS; sk_now_ns() < end;) {
		for (uint32_t i = 0; i < 100; i++) {
			*pstate = 0x3c9; /* EL2 */
			*pstate = 0x3c5;
		}
	}
	machine.server->answer.w[0] = SK_EXIT_ACTION_STOP;
	tap_ok(machine_becomes(&machine, VCPU_STATE_READY), "whatever another core writes there meanwhile");
	pool_end();
}

static void case_registers(void)
{
	struct machine machine;
	uint64_t registers[64];
	uint64_t value;

	pool_begin("vcpu: registers");
	agent_begin();
	machine_make(&machine);
	machine_ready(&machine, code_guest_hypercall);
	tap_is(machine.state[0]->pc, machine_address(code_guest_hypercall), "the state page has its entry");
	tap_status(vcpu_set_gpr(machine.vcpu[0], 3, 0x333), SK_OK, "a general register is set");
	tap_is(machine.state[0]->x[3], 0x333, "in the state page");
	tap_status(vcpu_set_gpr(machine.vcpu[0], 31, 1), SK_BAD_ARG, "there is no register 31");
	tap_status(vcpu_set_gpr(machine.vcpu[0], UINT32_MAX, 1), SK_BAD_ARG, "nor 2^32 - 1");
	tap_status(vcpu_set_return_value(machine.vcpu[0], 0xc6000055), SK_OK, "so is the one for results");
	tap_is(machine.state[0]->x[0], 0xc6000055, "there too");

	memset(registers, 0, sizeof(registers));
	tap_status(vcpu_read_state(machine.vcpu[0], VCPU_STATE_GROUP_EL1, registers), SK_OK,
		   "system registers are read");
	tap_is(registers[SK_EL1_VMPIDR] & 0xffffff, 0, "its affinity is what it was made with");
	registers[SK_EL1_VBAR] = 0x40000800;
	registers[SK_EL1_TPIDR] = 0x1234567890;
	registers[SK_EL1_VMPIDR] = UINT64_MAX;
	tap_status(vcpu_write_state(machine.vcpu[0], VCPU_STATE_GROUP_EL1, registers), SK_OK, "and written");
	tap_ok(machine_step(&machine), "the guest runs with them");
	memset(registers, 0, sizeof(registers));
	(void)vcpu_read_state(machine.vcpu[0], VCPU_STATE_GROUP_EL1, registers);
	tap_is(registers[SK_EL1_VBAR], 0x40000800, "they are as they were written");
	tap_is(registers[SK_EL1_TPIDR], 0x1234567890, "all of them");
	for (uint32_t i = 0; i < 34; i++) {
		registers[i] = 0x0101010101010101ull * i;
	}
	tap_status(vcpu_write_state(machine.vcpu[0], VCPU_STATE_GROUP_FP_HIGH, registers), SK_OK,
		   "floating-point registers are written");
	memset(registers, 0xff, sizeof(registers));
	tap_status(vcpu_read_state(machine.vcpu[0], VCPU_STATE_GROUP_FP_HIGH, registers), SK_OK, "and read");
	tap_is(registers[17], 0x1111111111111111, "the same");
	tap_status(vcpu_read_state(machine.vcpu[0], (enum vcpu_state_group)0, registers), SK_BAD_ARG,
		   "there is no group 0");
	tap_status(vcpu_read_state(machine.vcpu[0], (enum vcpu_state_group)7, registers), SK_BAD_ARG, "nor 7");
	tap_status(vcpu_write_state(machine.vcpu[0], VCPU_STATE_GROUP_GIC, registers), SK_OK,
		   "the interrupt interface is reset");
	tap_status(vcpu_read_id(machine.vcpu[0], UINT32_MAX, &value), SK_BAD_ARG, "an encoding that is none");
	tap_status(vcpu_read_id(machine.vcpu[0], 0xc000, &value), SK_OK, "the CPU's main identification");
	tap_ok(value != 0, "is told");
	pool_end();
}

static void case_interfere(void)
{
	struct machine machine;
	uint64_t counts_by_reason[32];

	pool_begin("vcpu: kicked and paused while it runs");
	agent_begin();
	machine_make(&machine);
	machine_ready(&machine, code_guest_count);
	tap_ok(vcpu_run(machine.vcpu[0]) == SK_OK, "it runs, and makes no exits");
	agent_linger();
	tap_is(machine.server->seen_count, 0, "none at all");
	tap_status(vcpu_kick(machine.vcpu[0]), SK_OK, "it is kicked");
	agent_linger();
	tap_is(machine.server->seen_count, 0, "without a route of its own for that nobody hears of it");
	tap_status(vcpu_pause(machine.vcpu[0]), SK_OK, "paused");
	tap_status(vcpu_route(machine.vcpu[0], VM_EXIT_METHOD_EXTERNAL_INTERRUPT, machine.endpoint), SK_OK,
		   "it gets one");
	tap_status(vcpu_route(machine.vcpu[0], 32, machine.endpoint), SK_BAD_ARG, "there are 32 reasons");
	tap_status(vcpu_route(machine.vcpu[0], UINT32_MAX, machine.endpoint), SK_BAD_ARG, "not 2^32");
	tap_status(vcpu_route(machine.vcpu[0], 4, pool.core), SK_BAD_TYPE, "a core takes no exits");
	tap_status(vcpu_run(machine.vcpu[0]), SK_OK, "it runs");
	agent_linger();
	tap_status(vcpu_kick(machine.vcpu[0]), SK_OK, "it is kicked");
	tap_ok(agent_saw(machine.server, 1), "now the server hears of it");
	tap_is(machine_exit(&machine)->badge, MACHINE_BADGE, "with the route's badge");
	tap_is(machine_exit(&machine)->msg.tag & SK_TAG_METHOD_MASK, VM_EXIT_TAG_EXTERNAL_INTERRUPT, "as an interrupt");
	tap_ok(machine_becomes(&machine, VCPU_STATE_READY), "whose answer stops it");
	tap_status(vcpu_exit_counts(machine.vcpu[0], counts_by_reason), SK_OK, "exits are counted");
	tap_is(counts_by_reason[VM_EXIT_METHOD_EXTERNAL_INTERRUPT], 1, "this one too");
	for (uint32_t i = 0; i < 200; i++) {
		(void)vcpu_run(machine.vcpu[0]);
		(void)vcpu_pause(machine.vcpu[0]);
	}
	tap_is(machine_state(&machine, 0), VCPU_STATE_READY, "200 times run and paused");
	pool_end();

	pool_begin("vcpu: two of a VM");
	agent_begin();
	machine_make(&machine);
	machine_second(&machine);
	tap_status(vcpu_destroy(machine.vcpu[0]), SK_BAD_STATE, "the first stays while there is a second");
	tap_status(space_destroy(machine.vm), SK_BAD_STATE, "and so does the VM");
	tap_status(vcpu_destroy(machine.vcpu[1]), SK_OK, "the second goes");
	tap_status(vcpu_destroy(machine.vcpu[0]), SK_OK, "then the first");
	tap_status(space_destroy(machine.vm), SK_OK, "then the VM");
	pool_end();
}

void suite_vcpu(void)
{
	case_life();
	case_invalid();
	case_registers();
	case_interfere();
}
