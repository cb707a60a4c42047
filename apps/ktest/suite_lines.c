/*
 * Lines into a VM: the table that VMM and kernel share, the capabilities to raise one, and what a change does. That a
 * guest then takes its interrupts is shown by the guest programs (apps/guest).
 */
#include <string.h>

#include <sk/idl/kernel_client.h>
#include <sk/idl/vm_exit.h>

#include "machine.h"
#include "pool.h"
#include "suites.h"
#include "tap.h"

#define SHARED 8u
#define LINE 35u

static struct machine machine;
static struct sk_line *table;
static sk_cap_t table_memory;

static void begin(const char *name)
{
	pool_begin(name);
	agent_begin();
	machine_make(&machine);
	table_memory = pool_seen(2, &table);
}

static struct sk_line *line(uint32_t number)
{
	return &table[sk_line_index(0, number)];
}

static uint32_t state(uint32_t number)
{
	return __atomic_load_n(&line(number)->state, __ATOMIC_ACQUIRE) &
	       (SK_LINE_PENDING | SK_LINE_ASSERTED | SK_LINE_ACTIVE);
}

static void case_table(void)
{
	begin("lines: the table");

	sk_cap_t dest = pool_slot();
	sk_cap_t small = pool_ram(1);

	tap_status(space_create_virq(machine.vm, 32, dest), SK_BAD_ARG, "without a table there are no lines");
	tap_ok(space_line_update(machine.vm, 0, 0, SPACE_LINE_CHANGE_NONE) != SK_OK, "nor anything to update");
	tap_status(vcpu_inject(machine.vcpu[0], 0), SK_BAD_STATE, "nor to inject");
	tap_status(space_set_lines(machine.vm, table_memory, SK_SHARED_LINES_MAX + 1), SK_BAD_ARG, "too many lines");
	tap_status(space_set_lines(machine.vm, table_memory, UINT32_MAX), SK_BAD_ARG, "far too many");
	tap_status(space_set_lines(machine.vm, small, SK_SHARED_LINES_MAX), SK_BAD_ARG, "a table that is too small");
	tap_status(space_set_lines(machine.vm, pool.core, SHARED), SK_BAD_TYPE, "a core");
	tap_status(space_set_lines(pool.space, table_memory, SHARED), SK_BAD_ARG, "a table for a process");
	tap_status(space_set_lines(machine.vm, table_memory, SHARED), SK_OK, "a good one");
	tap_status(space_set_lines(machine.vm, table_memory, SHARED), SK_BAD_STATE, "once");
	tap_status(memory_split(table_memory, 4096, dest), SK_BAD_STATE, "it keeps its bounds");

	tap_status(space_create_virq(machine.vm, 31, dest), SK_BAD_ARG, "a private line is no device's");
	tap_status(space_create_virq(machine.vm, 32 + SHARED, dest), SK_BAD_ARG, "nor one that there isn't");
	tap_status(space_create_virq(machine.vm, UINT32_MAX, dest), SK_BAD_ARG, "nor 2^32 - 1");
	tap_status(space_create_virq(pool.space, 32, dest), SK_BAD_ARG, "a process has none");
	tap_status(space_create_virq(machine.vm, 32, pool.core), SK_NO_SLOT, "not into a slot that is taken");
	tap_status(space_create_virq(machine.vm, 32, dest), SK_OK, "a line is given out");
	tap_status(vcpu_destroy(machine.vcpu[0]), SK_OK, "the VM's vCPU goes");
	tap_status(space_destroy(machine.vm), SK_BAD_STATE, "the VM stays while a line is given out");
	tap_status(virq_destroy(dest), SK_OK, "the line is given up");
	tap_status(space_destroy(machine.vm), SK_OK, "then it may go");
	tap_status(memory_split(table_memory, 4096, dest), SK_BAD_STATE, "its table is only mapped now");
	pool_end();
}

static void case_levels(void)
{
	begin("lines: levels and edges");

	sk_cap_t device = pool_slot();
	sk_cap_t reader;

	tap_need(space_set_lines(machine.vm, table_memory, SHARED), "lines");
	tap_need(space_create_virq(machine.vm, LINE, device), "a device's line");
	reader = pool_copy(device, SK_RIGHT_READ, 0);
	machine_ready(&machine, code_guest_count);
	line(LINE)->config = SK_LINE_LEVEL | SK_LINE_GROUP1;
	tap_status(space_line_update(machine.vm, LINE, 0, SPACE_LINE_CHANGE_NONE), SK_OK, "a level line, not enabled");
	tap_status(virq_set_level(reader, true), SK_NO_RIGHT, "raising it takes the right to call");
	tap_status(virq_set_level(device, true), SK_OK, "it is raised");
	tap_is(state(LINE) & SK_LINE_ASSERTED, SK_LINE_ASSERTED, "the table says so");
	tap_is(state(LINE - 1) | state(LINE + 1), 0, "of this line alone");
	tap_status(virq_set_level(device, false), SK_OK, "it is lowered");
	tap_is(state(LINE) & SK_LINE_ASSERTED, 0, "the table says so");
	tap_status(sk_signal(device, 1), SK_OK, "an edge");
	tap_is(state(LINE) & SK_LINE_PENDING, SK_LINE_PENDING, "is latched");
	tap_status(space_line_update(machine.vm, LINE, 0, SPACE_LINE_CHANGE_CLEAR_PENDING), SK_OK, "and cleared");
	tap_is(state(LINE) & SK_LINE_PENDING, 0, "so it is");
	tap_status(space_line_update(machine.vm, LINE, 0, SPACE_LINE_CHANGE_SET_PENDING), SK_OK, "and set");
	tap_is(state(LINE) & SK_LINE_PENDING, SK_LINE_PENDING, "so it is");
	tap_status(space_line_update(machine.vm, 32 + SHARED, 0, SPACE_LINE_CHANGE_NONE), SK_BAD_ARG, "no such line");
	tap_status(space_line_update(machine.vm, UINT32_MAX, 0, SPACE_LINE_CHANGE_NONE), SK_BAD_ARG, "nor 2^32 - 1");
	tap_status(space_line_update(machine.vm, 3, 1, SPACE_LINE_CHANGE_NONE), SK_BAD_ARG, "no such vCPU");
	tap_status(space_line_update(machine.vm, 3, UINT32_MAX, SPACE_LINE_CHANGE_NONE), SK_BAD_ARG, "nor 2^32 - 1");
	tap_status(space_line_update(machine.vm, LINE, 0, (enum space_line_change)9), SK_BAD_ARG, "no such change");
	tap_status(vcpu_inject(machine.vcpu[0], 32), SK_BAD_ARG, "what is injected is a private line");
	tap_status(vcpu_inject(machine.vcpu[0], UINT32_MAX), SK_BAD_ARG, "not 2^32 - 1");
	tap_status(vcpu_inject(machine.vcpu[0], 7), SK_OK, "one is");
	tap_is(state(7) & SK_LINE_PENDING, SK_LINE_PENDING, "it is latched");
	pool_end();
}

static void case_wakes(void)
{
	begin("lines: wake who waits");

	sk_cap_t device = pool_slot();

	tap_need(space_set_lines(machine.vm, table_memory, SHARED), "lines");
	tap_need(space_create_virq(machine.vm, LINE, device), "a device's line");
	machine_ready(&machine, code_guest_halt);
	machine.server->answer.w[0] = SK_EXIT_ACTION_BLOCK;
	tap_status(vcpu_run(machine.vcpu[0]), SK_OK, "the guest waits for an interrupt");
	tap_ok(machine_becomes(&machine, VCPU_STATE_BLOCKED), "it is blocked");
	line(LINE)->config = SK_LINE_LEVEL | SK_LINE_GROUP1 | 0xa0u << SK_LINE_PRIORITY_SHIFT;
	(void)space_line_update(machine.vm, LINE, 0, SPACE_LINE_CHANGE_NONE);
	tap_status(virq_set_level(device, true), SK_OK, "a line that is not enabled is raised");
	agent_linger();
	tap_is(machine_state(&machine, 0), VCPU_STATE_BLOCKED, "and wakes nobody");
	machine.server->answer.w[0] = SK_EXIT_ACTION_STOP;
	line(LINE)->config |= SK_LINE_ENABLED;
	tap_status(space_line_update(machine.vm, LINE, 0, SPACE_LINE_CHANGE_NONE), SK_OK, "it is enabled");
	tap_ok(machine_becomes(&machine, VCPU_STATE_READY), "the guest wakes, and its hypercall stops it");
	tap_is(machine_exit(&machine)->msg.tag & SK_TAG_METHOD_MASK, VM_EXIT_TAG_HYPERCALL, "that hypercall");
	tap_status(virq_set_level(device, false), SK_OK, "the line is lowered");

	machine.server->answer.w[0] = SK_EXIT_ACTION_BLOCK;
	machine.state[0]->pc = machine_address(code_guest_halt);
	tap_status(vcpu_run(machine.vcpu[0]), SK_OK, "it waits again");
	tap_ok(machine_becomes(&machine, VCPU_STATE_BLOCKED), "with no line high it is blocked");
	machine.server->answer.w[0] = SK_EXIT_ACTION_STOP;
	tap_status(virq_set_level(device, true), SK_OK, "the enabled line is raised");
	tap_ok(machine_becomes(&machine, VCPU_STATE_READY), "and wakes it");
	tap_status(virq_destroy(device), SK_OK, "the device goes away with its line high");
	tap_is(state(LINE) & SK_LINE_ASSERTED, 0, "which lowers it");
	pool_end();
}

/* The VMM may write anything into its table, at any time. */
static void case_hostile_table(void)
{
	begin("lines: a hostile table");

	sk_cap_t device = pool_slot();

	tap_need(space_set_lines(machine.vm, table_memory, SHARED), "lines");
	tap_need(space_create_virq(machine.vm, LINE, device), "a device's line");
	machine_ready(&machine, code_guest_count);
	tap_status(vcpu_run(machine.vcpu[0]), SK_OK, "the guest runs");
	for (uint32_t i = 0; i < 64; i++) {
		memset(table, (int)(i * 37u + 0xc3u), 8192);
		(void)virq_set_level(device, (i & 1u) != 0);
		(void)sk_signal(device, 1);
		(void)vcpu_inject(machine.vcpu[0], i % 32u);
		(void)space_line_update(machine.vm, i % (32u + SHARED), 0, (enum space_line_change)(i % 5u));
	}
	tap_status(vcpu_pause(machine.vcpu[0]), SK_OK, "whatever is in the table, it runs and is paused");
	memset(table, 0, 8192);
	tap_status(vcpu_destroy(machine.vcpu[0]), SK_OK, "and destroyed");
	pool_end();
}

void suite_lines(void)
{
	case_table();
	case_levels();
	case_wakes();
	case_hostile_table();
}
