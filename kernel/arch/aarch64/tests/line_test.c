/*
 * Lines into a guest, through real list registers: what the guest acknowledges
 * is what should have come, in the right order, and not once more.
 */
#include "fixture.h"

#include <sk/idl/kernel.h>

#define SGI 3u
#define LEVEL 33u            /* a shared line, configured as a level */
#define EDGE 34u
#define MANY 20u             /* more than any machine's list registers */
#define ON SK_LINE_ENABLED
#define PRIORITY(n) ((uint32_t)(n) << SK_LINE_PRIORITY_SHIFT)
#define TARGET(n) ((uint32_t)(n) << SK_LINE_VCPU_SHIFT)
#define STATES (SK_LINE_PENDING | SK_LINE_ASSERTED | SK_LINE_ACTIVE)

static void configure(uint32_t line, uint32_t config)
{
	line_table[sk_line_index(0, line)].config = config;
	CHECK(virq_update(&vm, 0, line, SPACE_LINE_CHANGE_NONE), SK_OK);
}

static void change(uint32_t line, uint32_t how)
{
	CHECK(virq_update(&vm, 0, line, how), SK_OK);
}

static uint32_t state_now(uint32_t line)
{
	change(line, SPACE_LINE_CHANGE_NONE);
	return line_table[sk_line_index(0, line)].state & STATES;
}

static void check_taken(uint32_t line)
{
	CHECK(guest_do(GUEST_ACKNOWLEDGE, 0), line);
}

static void end(uint32_t line)
{
	(void)guest_do(GUEST_END, line);
}

static void check_taken_and_end(uint32_t line)
{
	check_taken(line);
	end(line);
}

static void check_nothing(void)
{
	check_taken(NO_INTERRUPT);
}

static void edges(void)
{
	virq_pend(&vm, &vcpu, SGI);
	check_nothing();
	CHECK(state_now(SGI), SK_LINE_PENDING);
	configure(SGI, ON | PRIORITY(0xa0));
	check_taken(SGI);
	CHECK(state_now(SGI), SK_LINE_ACTIVE);
	virq_pend(&vm, &vcpu, SGI);
	virq_pend(&vm, &vcpu, SGI);
	check_nothing();
	end(SGI);
	check_taken_and_end(SGI);
	check_nothing();
	CHECK(state_now(SGI), 0);
	configure(EDGE, ON | PRIORITY(0x80));
	virq_pend(&vm, NULL, EDGE);
	check_taken_and_end(EDGE);
	virq_set_level(&vm, EDGE, true);
	check_taken_and_end(EDGE);
	virq_set_level(&vm, EDGE, true);
	virq_set_level(&vm, EDGE, false);
	check_nothing();
}

static void changes_by_the_vmm(void)
{
	virq_pend(&vm, &vcpu, SGI);
	change(SGI, SPACE_LINE_CHANGE_CLEAR_PENDING);
	check_nothing();
	virq_pend(&vm, &vcpu, SGI);
	virq_flush(&vcpu);
	change(SGI, SPACE_LINE_CHANGE_CLEAR_PENDING);
	CHECK(state_now(SGI), 0);
	check_nothing();
	change(SGI, SPACE_LINE_CHANGE_SET_PENDING);
	check_taken(SGI);
	change(SGI, SPACE_LINE_CHANGE_CLEAR_ACTIVE);
	CHECK(state_now(SGI), 0);
	end(SGI);
	change(EDGE, SPACE_LINE_CHANGE_SET_ACTIVE);
	CHECK(state_now(EDGE), SK_LINE_ACTIVE);
	check_nothing();
	change(EDGE, SPACE_LINE_CHANGE_CLEAR_ACTIVE);
	CHECK(state_now(EDGE), 0);
	virq_pend(&vm, &vcpu, SGI);
	virq_flush(&vcpu);
	configure(SGI, PRIORITY(0xa0));
	CHECK(virq_pending(&vcpu), false);
	check_nothing();
	configure(SGI, ON | PRIORITY(0xa0));
	CHECK(virq_pending(&vcpu), true);
	check_taken_and_end(SGI);
}

/* Lines 0 to 9, the higher the more urgent: more than there are list registers. */
static void priorities(void)
{
	for (uint32_t line = 0; line < 10u; line++) {
		configure(line, ON | PRIORITY(0x20u + (9u - line) * 8u));
	}
	for (uint32_t line = 0; line < 10u; line++) {
		virq_pend(&vm, &vcpu, line);
	}
	for (uint32_t line = 10; line-- > 0;) {
		check_taken_and_end(line);
	}
	check_nothing();
	/* All list registers full of less urgent ones. */
	for (uint32_t line = 0; line < 6u; line++) {
		virq_pend(&vm, &vcpu, line);
	}
	virq_flush(&vcpu);
	virq_pend(&vm, &vcpu, 9);
	check_taken_and_end(9);
	for (uint32_t line = 6; line-- > 0;) {
		check_taken_and_end(line);
	}
	/* One inside the other. */
	virq_pend(&vm, &vcpu, 0);
	check_taken(0);
	virq_pend(&vm, &vcpu, 9);
	check_taken_and_end(9);
	end(0);
	check_nothing();
}

static void levels(void)
{
	configure(LEVEL, ON | SK_LINE_LEVEL | PRIORITY(0x80));
	guest_interrupts = 0;
	virq_set_level(&vm, LEVEL, true);
	check_taken(LEVEL);
	CHECK(state_now(LEVEL), SK_LINE_ASSERTED | SK_LINE_ACTIVE);
	end(LEVEL);
	check_taken(LEVEL);
	virq_set_level(&vm, LEVEL, false);
	end(LEVEL);
	check_nothing();
	CHECK(state_now(LEVEL), 0);
	CHECK(guest_interrupts, 2); /* one notice of an end each time */
	/* Lowered before the guest took it: waiting, or in a list register. */
	virq_set_level(&vm, LEVEL, true);
	virq_set_level(&vm, LEVEL, false);
	check_nothing();
	virq_set_level(&vm, LEVEL, true);
	virq_flush(&vcpu);
	virq_set_level(&vm, LEVEL, false);
	check_nothing();
	/* Raised while off; and software can't clear what the device holds. */
	configure(LEVEL, SK_LINE_LEVEL | PRIORITY(0x80));
	virq_set_level(&vm, LEVEL, true);
	check_nothing();
	configure(LEVEL, ON | SK_LINE_LEVEL | PRIORITY(0x80));
	change(LEVEL, SPACE_LINE_CHANGE_CLEAR_PENDING);
	check_taken(LEVEL);
	virq_set_level(&vm, LEVEL, false);
	end(LEVEL);
	/* A pulse on it is latched. */
	virq_pend(&vm, NULL, LEVEL);
	virq_flush(&vcpu);
	virq_flush(&vcpu);
	check_taken_and_end(LEVEL);
	check_nothing();
}

/* A private level: who ended it is noted for the VMM, which alone knows whether it is still high. */
static void private_levels(void)
{
	configure(20, ON | SK_LINE_LEVEL | PRIORITY(0x80));
	CHECK(vcpu.work & VCPU_WORK_ENDED, 0);
	virq_pend(&vm, &vcpu, 20);
	check_taken(20);
	CHECK(vcpu.work & VCPU_WORK_ENDED, 0);
	end(20);
	CHECK(vcpu.work & VCPU_WORK_ENDED, VCPU_WORK_ENDED);
	CHECK(virq_ended(&vcpu), 20);
	CHECK(vcpu.work & VCPU_WORK_ENDED, 0);
	configure(20, ON | PRIORITY(0x80));
	virq_pend(&vm, &vcpu, 20);
	check_taken_and_end(20);
	CHECK(vcpu.work & VCPU_WORK_ENDED, 0);
	check_nothing();
}

/* More than there are list registers, made active by the VMM and not by the guest. */
static void many_active(void)
{
	for (uint32_t line = EDGE; line < EDGE + MANY; line++) {
		configure(line, ON | PRIORITY(0x20u + (line - EDGE) * 8u));
		change(line, SPACE_LINE_CHANGE_SET_ACTIVE);
	}
	for (uint32_t line = EDGE; line < EDGE + MANY; line++) {
		CHECK(state_now(line), SK_LINE_ACTIVE);
		change(line, SPACE_LINE_CHANGE_SET_PENDING);
	}
	check_nothing();
	for (uint32_t line = EDGE; line < EDGE + MANY; line++) {
		change(line, SPACE_LINE_CHANGE_CLEAR_ACTIVE);
		CHECK(state_now(line), SK_LINE_PENDING);
	}
	for (uint32_t line = EDGE; line < EDGE + MANY; line++) {
		check_taken_and_end(line);
		CHECK(state_now(line), 0);
	}
	/* Undone before it ever found a list register: nothing is left of it. */
	for (uint32_t line = EDGE; line < EDGE + MANY; line++) {
		change(line, SPACE_LINE_CHANGE_SET_ACTIVE);
	}
	for (uint32_t line = EDGE + MANY; line-- > EDGE;) {
		change(line, SPACE_LINE_CHANGE_CLEAR_ACTIVE);
	}
	check_nothing();
	for (uint32_t line = EDGE; line < EDGE + MANY; line++) {
		CHECK(state_now(line), 0);
		configure(line, 0);
	}
}

/* The vCPU's state comes into the hardware, instead of another's. */
static void make_resident(struct vcpu *to)
{
	gic_vcpu_save(core_this()->resident);
	gic_vcpu_load(to);
	core_this()->resident = to;
}

static void targets(void)
{
	configure(EDGE, ON | TARGET(200));
	virq_pend(&vm, NULL, EDGE);
	check_nothing();
	configure(EDGE, ON | TARGET(0));
	virq_pend(&vm, NULL, EDGE);
	check_taken_and_end(EDGE);
	/* Waits at one vCPU, and moves to another. */
	vm.vcpus[1] = &other_vcpu;
	vm.vcpu_count = 2;
	other_vcpu.context.space = &vm;
	other_vcpu.index = 1;
	configure(EDGE, ON | TARGET(1));
	virq_pend(&vm, NULL, EDGE);
	CHECK(virq_pending(&other_vcpu), true);
	make_resident(&other_vcpu);
	virq_flush(&other_vcpu);
	CHECK(other_vcpu.arch.list_used, 1);
	CHECK(virq_pending(&other_vcpu), true);
	virq_flush(&other_vcpu);
	make_resident(&vcpu);
	CHECK(other_vcpu.arch.list_used, 0);
	check_nothing();
	configure(EDGE, ON | TARGET(0));
	CHECK(virq_pending(&other_vcpu), false);
	check_taken_and_end(EDGE);
	vm.vcpu_count = 1;
}

static void wrong_arguments(void)
{
	CHECK(virq_update(&vm, 0, SK_PRIVATE_LINES + vm.shared_lines, 0), SK_BAD_ARG);
	CHECK(virq_update(&vm, 1, SGI, 0), SK_BAD_ARG);
	CHECK(virq_update(&vm, 0, SGI, SPACE_LINE_CHANGE_CLEAR_ACTIVE + 1u), SK_BAD_ARG);
	virq_set_level(&vm, SGI, true);
	virq_pend(&vm, NULL, UINT32_MAX);
	virq_pend(&vm, &vcpu, UINT32_MAX);
	check_nothing();
	vm.lines = NULL;
	virq_pend(&vm, &vcpu, SGI);
	CHECK(virq_update(&vm, 0, SGI, 0), SK_BAD_STATE);
	vm.lines = line_table;
	check_nothing();
}

static void wakes(void)
{
	vcpu.context.state = CONTEXT_BLOCKED;
	vcpu.life = VCPU_STATE_BLOCKED;
	configure(20, 0);
	virq_pend(&vm, &vcpu, 20);
	CHECK(vcpu.context.state, CONTEXT_BLOCKED);
	configure(20, ON);
	CHECK(vcpu.context.state, CONTEXT_READY);
	CHECK(vcpu.life, VCPU_STATE_RUNNING);
	CHECK(wakes_seen, 1);
	check_taken_and_end(20);
	vcpu.context.state = CONTEXT_BLOCKED;
	virq_pend(&vm, &vcpu, SGI);
	CHECK(wakes_seen, 2);
	check_taken_and_end(SGI);
}

void line_tests(void)
{
	check_nothing();
	edges();
	changes_by_the_vmm();
	priorities();
	levels();
	private_levels();
	many_active();
	targets();
	wrong_arguments();
	wakes();
}
