/* Exits: each kind that a guest of a few instructions can make, what is told of it, and what the answer does. */
#include <string.h>

#include <sk/idl/kernel_client.h>
#include <sk/idl/vm_exit.h>
#include <sk/mmio.h>

#include "machine.h"
#include "pool.h"
#include "suites.h"
#include "tap.h"

#define CALL_NUMBER 0xc6000123ull
#define FIRMWARE_NUMBER 0x84000000ull
#define ID_AA64PFR0 0xc020u
#define ACTLR_EL1 0xc081u
#define STOP SK_EXIT_ACTION_STOP

static struct machine machine;

static void begin(const char *name, const uint8_t *entry)
{
	pool_begin(name);
	agent_begin();
	machine_make(&machine);
	machine_ready(&machine, entry);
}

static void check_exit(const char *what, uint64_t tag)
{
	tap_ok(machine_step(&machine), "%s: an exit", what);
	tap_is(machine_exit(&machine)->msg.tag & SK_TAG_METHOD_MASK, tag, "%s: for its reason", what);
	tap_is(machine_exit(&machine)->badge, MACHINE_BADGE, "%s: with the route's badge", what);
}

static void check_word(uint32_t index, uint64_t value, const char *what)
{
	tap_is(machine_exit(&machine)->msg.w[index], value, "%s", what);
}

static void case_calls(void)
{
	begin("exits: a hypercall", code_guest_hypercall);
	for (uint32_t i = 0; i < 6; i++) {
		machine.state[0]->x[i] = i == 0 ? CALL_NUMBER : 100 + i;
	}
	check_exit("hypercall", VM_EXIT_TAG_HYPERCALL);
	check_word(0, CALL_NUMBER, "with its number");
	check_word(1, 101, "its first argument");
	check_word(5, 105, "and its fifth");
	tap_is(machine.state[0]->pc, machine_address(code_guest_hypercall) + 4, "the guest stands behind it");
	tap_status(vcpu_set_return_value(machine.vcpu[0], CALL_NUMBER + 1), SK_OK, "its result is set");
	check_exit("the next one", VM_EXIT_TAG_HYPERCALL);
	check_word(0, CALL_NUMBER + 1, "the guest has it");
	pool_end();

	begin("exits: firmware calls", code_guest_firmware);
	machine.state[0]->x[0] = FIRMWARE_NUMBER;
	machine.state[0]->x[3] = 33;
	check_exit("by SMC", VM_EXIT_TAG_FIRMWARE_CALL);
	check_word(0, FIRMWARE_NUMBER, "with its function");
	check_word(3, 33, "and its third argument");
	check_word(4, 0, "and nothing else");
	tap_is(machine.state[0]->pc, machine_address(code_guest_firmware) + 4, "the guest stands behind it");
	machine.state[0]->pc = machine_address(code_guest_hypercall);
	check_exit("by HVC", VM_EXIT_TAG_FIRMWARE_CALL);
	pool_end();
}

static void case_routes(void)
{
	struct machine_route {
		uint64_t address;
		uint64_t size;
		sk_status_t status;
		const char *what;
	};
	static const struct machine_route routes[] = {
		{ 0x1000, 0, SK_BAD_ARG, "an empty range" },
		{ UINT64_MAX - 0xfff, 0x2000, SK_BAD_ARG, "one around 2^64" },
		{ 0x1000, UINT64_MAX, SK_BAD_ARG, "one of everything" },
		{ MACHINE_NOTHING - 8, 16, SK_OVERLAP, "one over another's beginning" },
		{ MACHINE_NOTHING + 0xff8, 16, SK_OVERLAP, "one over its end" },
		{ MACHINE_NOTHING + 8, 8, SK_OVERLAP, "one inside it" },
		{ MACHINE_NOTHING - 8, 0x2000, SK_OVERLAP, "one around it" },
		{ MACHINE_NOTHING - 8, 8, SK_OK, "one just below it" },
		{ MACHINE_NOTHING + 0x1000, 8, SK_OK, "one just above it" },
	};
	uint32_t more = 0;

	begin("exits: routed ranges", code_guest_count);

	sk_cap_t plain = pool_copy(machine.endpoint, SK_RIGHT_WAIT, 0);

	tap_status(space_route_range(machine.vm, MACHINE_NOTHING, 0x1000, machine.endpoint), SK_OK,
		   "a range is routed");
	for (uint32_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		tap_status(space_route_range(machine.vm, routes[i].address, routes[i].size, machine.endpoint),
			   routes[i].status, "%s", routes[i].what);
	}
	tap_status(space_route_range(pool.space, 0x1000, 8, machine.endpoint), SK_BAD_ARG, "a process has no routes");
	tap_status(space_route_range(machine.vm, 0x1000, 8, pool.core), SK_BAD_TYPE, "a core takes no exits");
	tap_ok(space_route_range(machine.vm, 0x1000, 8, plain) == SK_NO_RIGHT, "nor what may not be called");
	while (more < 100 && space_route_range(machine.vm, 0x100000 + 16 * more, 8, machine.endpoint) == SK_OK) {
		more++;
	}
	tap_is(more + 3, 64, "a VM has 64 of them");
	tap_status(space_route_range(machine.vm, 0x1000, 8, machine.endpoint), SK_NO_MEMORY, "and no more");
	tap_status(space_route_range(machine.vm, 0x100010, 8, machine.endpoint), SK_OK, "one that is there may be changed");
	pool_end();
}

/* The device is another endpoint than the VMM's, served by the same agent. */
static void route_device(void)
{
	tap_need(space_route_range(machine.vm, MACHINE_NOTHING, 0x1000, machine.endpoint), "the device's range");
}

static void case_device(void)
{
	begin("exits: a load from a device", code_guest_load);
	route_device();
	machine.state[0]->x[9] = MACHINE_NOTHING + 0x18;
	machine.state[0]->x[1] = UINT64_MAX;
	tap_ok(machine_step(&machine), "the guest loads, and makes a hypercall");
	const struct agent_message *load = &machine.server->seen[0];
	tap_is(load->msg.tag & SK_TAG_METHOD_MASK, VM_EXIT_TAG_MMIO_READ, "the load is a read");
	tap_ok((load->msg.tag & SK_TAG_IDEMPOTENT) != 0, "that may be served again");
	tap_is(load->msg.w[0], MACHINE_NOTHING + 0x18, "at its address");
	tap_is(sk_mmio_size(load->msg.w[1]), 4, "of four bytes");
	tap_is(sk_mmio_register(load->msg.w[1]), 1, "into register 1");
	tap_is(load->msg.w[2] | load->msg.w[3] | load->msg.w[4] | load->msg.w[5], 0, "nothing else is told");
	tap_is(machine.state[0]->x[1], STOP, "the register has what the device answered");
	pool_end();

	begin("exits: a store to a device", code_guest_store);
	route_device();
	machine.state[0]->x[9] = MACHINE_NOTHING + 0x20;
	machine.state[0]->x[1] = 0xffffffff12345678;
	tap_ok(machine_step(&machine), "the guest stores, and makes a hypercall");
	const struct agent_message *store = &machine.server->seen[0];
	tap_is(store->msg.tag & SK_TAG_METHOD_MASK, VM_EXIT_TAG_MMIO_WRITE, "the store is a write");
	tap_is(store->msg.w[0], MACHINE_NOTHING + 0x20, "at its address");
	tap_is(store->msg.w[2], 0x12345678, "of the bytes that it stores, no more");
	pool_end();

	begin("exits: a device whose server fails", code_guest_load);
	route_device();
	machine.state[0]->x[9] = MACHINE_NOTHING;
	machine.state[0]->x[1] = UINT64_MAX;
	machine.server->answer = (struct sk_msg){ .tag = sk_reply_tag(SK_BAD_ARG), .w = { STOP } };
	tap_status(vcpu_run(machine.vcpu[0]), SK_OK, "the guest loads");
	tap_ok(agent_saw(machine.server, 1), "and gets an error for an answer");
	agent_linger();
	tap_status(vcpu_pause(machine.vcpu[0]), SK_OK, "it goes on");
	tap_is(machine.state[0]->x[1], 0, "with zero");
	pool_end();
}

static void case_stale(void)
{
	begin("exits: a device whose endpoint is gone", code_guest_load);
	sk_cap_t endpoint = pool_endpoint();
	sk_cap_t control = pool_copy(endpoint, SK_RIGHTS_ALL & ~SK_RIGHT_CALL, 0);
	tap_need(space_route_range(machine.vm, MACHINE_NOTHING, 0x1000, endpoint), "the device's range");
	tap_status(endpoint_destroy(control), SK_OK, "the endpoint is destroyed");
	machine.state[0]->x[9] = MACHINE_NOTHING;
	machine.state[0]->x[1] = UINT64_MAX;
	check_exit("the guest goes on to its hypercall", VM_EXIT_TAG_HYPERCALL);
	tap_is(machine.state[0]->x[1], 0, "having read zero");
	pool_end();
}

static void case_faults(void)
{
	begin("exits: a load from nothing", code_guest_load);
	machine.state[0]->x[9] = 0x8877665544ull;
	machine.server->answer.w[0] = STOP | SK_EXIT_ACTION_ADVANCE;
	check_exit("load", VM_EXIT_TAG_NESTED_PAGE_FAULT);
	check_word(0, 0x8877665544ull, "its address");
	check_word(1, SK_ACCESS_READ, "it was a read");
	check_word(2, SK_FAULT_CAUSE_UNMAPPED, "nothing is there");
	tap_is(machine.state[0]->pc, machine_address(code_guest_load) + 4, "the answer moves the guest on");
	machine.state[0]->pc = machine_address(code_guest_store);
	check_exit("store", VM_EXIT_TAG_NESTED_PAGE_FAULT);
	check_word(1, SK_ACCESS_WRITE, "it was a write");
	machine.state[0]->pc = machine_address(code_guest_fetch);
	machine.server->answer.w[0] = STOP;
	check_exit("fetch", VM_EXIT_TAG_NESTED_PAGE_FAULT);
	check_word(1, SK_ACCESS_FETCH, "it was a fetch");
	check_word(0, 0x8877665544ull, "of its address");
	pool_end();

	begin("exits: a store to what is read-only", code_guest_store);
	tap_status(space_unmap(machine.vm, MACHINE_CODE), SK_OK, "the guest's memory is unmapped");
	tap_status(space_map(machine.vm, machine.memory, MACHINE_CODE, 0, 4096,
			     SK_MAP_FLAGS_READ | SK_MAP_FLAGS_EXECUTE), SK_OK, "its code is mapped again");
	tap_status(space_map(machine.vm, machine.memory, MACHINE_DATA, 4096, 4096, SK_MAP_FLAGS_READ), SK_OK,
		   "its data for reading only");
	machine.data[1] = 77;
	machine.state[0]->x[9] = MACHINE_DATA + 8;
	machine.server->answer.w[0] = STOP;
	check_exit("store", VM_EXIT_TAG_NESTED_PAGE_FAULT);
	check_word(1, SK_ACCESS_WRITE, "it was a write");
	check_word(2, SK_FAULT_CAUSE_PERMISSION, "that is not permitted");
	tap_is(machine.data[1], 77, "and did nothing");
	tap_status(space_unmap(machine.vm, MACHINE_DATA), SK_OK, "the data is unmapped");
	tap_status(space_map(machine.vm, machine.memory, MACHINE_DATA, 4096, 4096,
			     SK_MAP_FLAGS_READ | SK_MAP_FLAGS_WRITE), SK_OK, "and mapped for writing");
	machine.state[0]->x[1] = 78;
	check_exit("the store goes through, and the guest on to", VM_EXIT_TAG_HYPERCALL);
	tap_is(machine.data[1], 78, "it is there");
	pool_end();

	begin("exits: an abort for the guest", code_guest_load);
	uint64_t registers[64] = { 0 };
	(void)vcpu_read_state(machine.vcpu[0], VCPU_STATE_GROUP_EL1, registers);
	/* Nothing is at its vectors: that it stands there is all that is looked at. */
	registers[SK_EL1_VBAR] = 0x60000000;
	(void)vcpu_write_state(machine.vcpu[0], VCPU_STATE_GROUP_EL1, registers);
	machine.state[0]->x[9] = MACHINE_NOTHING;
	machine.server->answer.w[0] = STOP | SK_EXIT_ACTION_DATA_ABORT;
	check_exit("load", VM_EXIT_TAG_NESTED_PAGE_FAULT);
	tap_is(machine.state[0]->pc, 0x60000200, "the guest is at its vector");
	(void)vcpu_read_state(machine.vcpu[0], VCPU_STATE_GROUP_EL1, registers);
	tap_is(registers[SK_EL1_ELR], machine_address(code_guest_load), "and knows where it was");
	tap_is(registers[SK_EL1_ESR] >> 26, 0x25, "and why");
	tap_is(registers[SK_EL1_FAR], MACHINE_NOTHING, "and for which address");
	pool_end();
}

static void case_registers(void)
{
	begin("exits: an identification register", code_guest_identify);
	machine.state[0]->x[1] = UINT64_MAX;
	tap_ok(machine_step(&machine), "the guest reads it, and makes a hypercall");
	const struct agent_message *read = &machine.server->seen[0];
	tap_is(read->msg.tag & SK_TAG_METHOD_MASK, VM_EXIT_TAG_SYSREG_READ, "the read is told");
	tap_is(read->msg.w[0], ID_AA64PFR0, "with its encoding");
	tap_is(machine.state[0]->x[1], STOP, "the register has what the VMM answered");
	pool_end();

	begin("exits: a hidden register", code_guest_hidden);
	uint64_t registers[64] = { 0 };
	(void)vcpu_read_state(machine.vcpu[0], VCPU_STATE_GROUP_EL1, registers);
	registers[SK_EL1_VBAR] = MACHINE_CODE;
	(void)vcpu_write_state(machine.vcpu[0], VCPU_STATE_GROUP_EL1, registers);
	/* What the guest executes at its vector: a hypercall. */
	memcpy((uint8_t *)machine.data - 4096 + 0x200, code_guest_hypercall, 8);
	tap_need(memory_sync(machine.memory, 0, 4096), "the guest's code");
	machine.server->answer = (struct sk_msg){ .tag = SK_OK, .w = { STOP, SK_EXIT_ACTION_UNDEFINED } };
	tap_ok(machine_step(&machine), "the guest reads it, is told that it is none, and makes a hypercall");
	tap_is(machine.server->seen[0].msg.w[0], ACTLR_EL1, "the read is told with its encoding");
	tap_is(machine.state[0]->pc, MACHINE_CODE + 0x204, "the hypercall is at its vector");
	(void)vcpu_read_state(machine.vcpu[0], VCPU_STATE_GROUP_EL1, registers);
	tap_is(registers[SK_EL1_ELR], machine_address(code_guest_hidden), "the guest knows where it was");
	tap_is(registers[SK_EL1_ESR] >> 26, 0, "and that it is undefined");
	pool_end();
}

static void case_halt(void)
{
	begin("exits: halt", code_guest_halt);
	machine.server->answer.w[0] = SK_EXIT_ACTION_BLOCK;
	tap_status(vcpu_run(machine.vcpu[0]), SK_OK, "the guest waits for an interrupt");
	tap_ok(agent_saw(machine.server, 1), "its server hears of it");
	tap_is(machine_exit(&machine)->msg.tag & SK_TAG_METHOD_MASK, VM_EXIT_TAG_HALT, "as a halt");
	check_word(0, UINT64_MAX, "without a timer to wait for");
	tap_ok(machine_becomes(&machine, VCPU_STATE_BLOCKED), "the answer blocks it");
	tap_status(space_route_range(machine.vm, MACHINE_NOTHING, 0x1000, machine.endpoint), SK_BAD_STATE,
		   "no new routes come into its VM");
	tap_status(vcpu_route(machine.vcpu[0], VM_EXIT_METHOD_HALT, machine.endpoint), SK_BAD_STATE,
		   "and so do its own");
	machine.server->answer.w[0] = STOP;
	tap_status(vcpu_run(machine.vcpu[0]), SK_OK, "it is resumed");
	tap_ok(agent_saw(machine.server, 2), "and makes its hypercall");
	tap_ok(machine_becomes(&machine, VCPU_STATE_READY), "which stops it");
	machine.server->answer.w[0] = SK_EXIT_ACTION_BLOCK;
	machine.state[0]->pc = machine_address(code_guest_halt);
	tap_status(vcpu_run(machine.vcpu[0]), SK_OK, "it waits again");
	tap_ok(machine_becomes(&machine, VCPU_STATE_BLOCKED), "blocked");
	tap_status(vcpu_pause(machine.vcpu[0]), SK_OK, "a blocked one is paused");
	tap_is(machine_state(&machine, 0), VCPU_STATE_READY, "and ready");
	pool_end();
}

/* The exit is with its server while other things happen to the vCPU. */
static void case_in_service(void)
{
	sk_cap_t bell;

	begin("exits: in service", code_guest_hypercall);
	bell = pool_notification();
	machine.server->run = agent_keep;
	tap_need(thread_stop(machine.server->thread), "the server");
	tap_need(thread_bind_notification(machine.server->thread, bell), "its notification");
	agent_start(machine.server);
	tap_status(vcpu_run(machine.vcpu[0]), SK_OK, "the guest makes a hypercall");
	tap_ok(agent_saw(machine.server, 1), "which its server keeps");
	tap_is(machine_state(&machine, 0), VCPU_STATE_RUNNING, "the vCPU counts as running");
	tap_status(vcpu_set_gpr(machine.vcpu[0], 7, 0x777), SK_OK, "but its registers may be set");
	tap_status(vcpu_pause(machine.vcpu[0]), SK_OK, "it is paused meanwhile");
	tap_status(vcpu_unbind(machine.vcpu[0]), SK_BAD_STATE, "but not unbound while its exit is served");
	machine.server->in[1] = machine.server->seen[0].token;
	machine.server->answer = (struct sk_msg){ .tag = SK_OK };
	tap_status(sk_signal(bell, 1), SK_OK, "the server answers: go on");
	tap_ok(agent_saw(machine.server, 2), "it has");
	tap_status(machine.server->status, SK_OK, "and was heard");
	tap_is(machine_state(&machine, 0), VCPU_STATE_READY, "the vCPU stays paused");
	tap_status(vcpu_run(machine.vcpu[0]), SK_OK, "it runs");
	tap_ok(agent_saw(machine.server, 3), "and makes the next hypercall");
	tap_status(thread_destroy(machine.server->thread), SK_OK, "its server is destroyed with that in service");
	tap_status(vcpu_destroy(machine.vcpu[0]), SK_OK, "and so is the vCPU");
	pool_end();
}

void suite_exits(void)
{
	case_calls();
	case_routes();
	case_device();
	case_stale();
	case_faults();
	case_registers();
	case_halt();
	case_in_service();
}
