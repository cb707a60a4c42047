/*
 * The guest's timer: its virtual line is linked to the hardware's own, which must
 * be active exactly while the guest owes an end, and only for the vCPU that does.
 */
#include "fixture.h"

#include <sk/idl/kernel.h>

#define SGI 3u
#define SOON 10u             /* ticks */
#define SPINS 100u
#define OFF 0u
#define REDISTRIBUTOR_ACTIVE 0x10300u
#define CONFIG (SK_LINE_LEVEL | SK_LINE_PHYSICAL | 0x40u << SK_LINE_PRIORITY_SHIFT)

static void configure(uint32_t config)
{
	line_table[sk_line_index(0, TIMER_LINE)].config = config;
	CHECK(virq_update(&vm, 0, TIMER_LINE, SPACE_LINE_CHANGE_NONE), SK_OK);
}

static void enable(bool on)
{
	configure(on ? CONFIG | SK_LINE_ENABLED : CONFIG);
}

/* Is the physical line active on this core? */
static bool is_held(void)
{
	uint64_t address = core_this()->arch.redistributor + REDISTRIBUTOR_ACTIVE;
	return (*(volatile uint32_t *)address & 1u << TIMER_LINE) != 0;
}

static void check_taken(uint32_t line)
{
	CHECK(guest_do(GUEST_ACKNOWLEDGE, 0), line);
}

static void end(void)
{
	(void)guest_do(GUEST_END, TIMER_LINE);
}

static void stop_timer(void)
{
	(void)guest_do(GUEST_TIMER_CONTROL, OFF);
}

/* Sets the guest's timer and lets the guest run until the physical interrupt has come. */
static void fire(void)
{
	uint32_t before = guest_interrupts;
	(void)guest_do(GUEST_SET_TIMER, SOON);
	while (guest_interrupts == before) {
		(void)guest_do(GUEST_SPIN, SPINS);
	}
}

static void comes_and_goes(void)
{
	enable(true);
	fire();
	check_taken(TIMER_LINE);
	CHECK(is_held(), true);
	stop_timer();
	end();
	CHECK(is_held(), false);
	check_taken(NO_INTERRUPT);
	/* Ended without having been stopped: again. */
	fire();
	check_taken(TIMER_LINE);
	end();
	check_taken(TIMER_LINE);
	stop_timer();
	end();
	check_taken(NO_INTERRUPT);
}

static void waits_while_off(void)
{
	enable(false);
	fire();
	check_taken(NO_INTERRUPT);
	CHECK(is_held(), true);
	CHECK(virq_update(&vm, 0, TIMER_LINE, SPACE_LINE_CHANGE_CLEAR_PENDING), SK_OK);
	enable(true);
	check_taken(TIMER_LINE);
	stop_timer();
	end();
	CHECK(is_held(), false);
	/* Stopped while it waited: nothing comes. */
	enable(false);
	fire();
	stop_timer();
	enable(true);
	check_taken(NO_INTERRUPT);
	CHECK(is_held(), false);
	CHECK(line_table[sk_line_index(0, TIMER_LINE)].state & SK_LINE_PENDING, 0);
}

enum moment { LISTED, TAKEN, WAITING, MOMENTS };

/* Another vCPU takes the core at each stage; the physical line's state leaves and comes back with the vCPU. */
static void moves_with_its_vcpu(enum moment moment)
{
	struct core *core = core_this();
	enable(moment != WAITING);
	fire();
	if (moment == TAKEN) {
		check_taken(TIMER_LINE);
	}
	uint64_t control = read_sysreg(cntv_ctl_el0);
	write_sysreg(cntv_ctl_el0, 0);
	gic_vcpu_save(&vcpu);
	core->resident = NULL;
	CHECK(is_held(), false);
	gic_vcpu_load(&other_vcpu);
	core->resident = &other_vcpu;
	CHECK(is_held(), false);
	CHECK(arch_interrupt_pending(), false);
	gic_vcpu_save(&other_vcpu);
	core->resident = NULL;
	enable(true); /* it is not resident */
	virq_pend(&vm, &vcpu, SGI);
	gic_vcpu_load(&vcpu);
	core->resident = &vcpu;
	write_sysreg(cntv_ctl_el0, control);
	CHECK(is_held(), true);
	if (moment != TAKEN) {
		check_taken(TIMER_LINE);
	}
	stop_timer();
	end();
	CHECK(is_held(), false);
	check_taken(SGI);
	(void)guest_do(GUEST_END, SGI);
	check_taken(NO_INTERRUPT);
}

/* Whatever the VMM does to the line, the physical one never stays active for good. */
static void survives_its_vmm(void)
{
	enable(true);
	fire();
	check_taken(TIMER_LINE);
	virq_pend(&vm, &vcpu, TIMER_LINE);
	stop_timer();
	end();
	while (guest_do(GUEST_ACKNOWLEDGE, 0) == TIMER_LINE) {
		end();
	}
	CHECK(is_held(), false);
	fire();
	check_taken(TIMER_LINE);
	CHECK(virq_update(&vm, 0, TIMER_LINE, SPACE_LINE_CHANGE_CLEAR_ACTIVE), SK_OK);
	stop_timer();
	end();
	while (guest_do(GUEST_ACKNOWLEDGE, 0) == TIMER_LINE) {
		end();
	}
	CHECK(is_held(), false);
	/* Neither a level nor physical. */
	configure(SK_LINE_ENABLED);
	fire();
	check_taken(TIMER_LINE);
	stop_timer();
	end();
	CHECK(is_held(), false);
}

void timer_line_tests(void)
{
	comes_and_goes();
	waits_while_off();
	for (enum moment moment = LISTED; moment < MOMENTS; moment++) {
		moves_with_its_vcpu(moment);
	}
	survives_its_vmm();
	comes_and_goes();
}
