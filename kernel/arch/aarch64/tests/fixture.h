/*
 * On-target tests of the machine side: a kernel image in which fixture.c stands
 * in for the generic files, and a guest of a few instructions (guest.S) does at EL1
 * what it is told to. kernel_main() runs all tests on the boot core, prints each
 * failed check and a last line, and powers the machine off.
 */
#ifndef TESTS_FIXTURE_H
#define TESTS_FIXTURE_H

#include <arch/machine.h>
#include <arch/sysreg.h>

#define NO_INTERRUPT 1023u   /* what a read of ICC_IAR1_EL1 says when nothing waits */

enum guest_operation {
	GUEST_ACKNOWLEDGE = 1, /* reads ICC_IAR1_EL1 */
	GUEST_END,             /* writes ICC_EOIR1_EL1 */
	GUEST_SET_TIMER,       /* virtual timer in `argument` ticks, on */
	GUEST_OPEN,            /* priority mask and group 1 open */
	GUEST_SPIN,            /* `argument` rounds */
	GUEST_TIMER_CONTROL,   /* CNTV_CTL_EL0 */
};

/* Runs the guest for one operation, through whatever interrupts come; returns its x0. */
uint64_t guest_do(enum guest_operation operation, uint64_t argument);
/* Physical interrupts taken while the guest ran. */
extern uint32_t guest_interrupts;
/* The vCPU that runs it, resident on core 0; another one; their VM's line table. */
extern struct vcpu vcpu, other_vcpu;
extern struct space vm;
extern struct sk_line line_table[];

extern volatile uint32_t ticks_seen;             /* plan_tick() calls */
extern volatile uint32_t drains_seen[SK_MAX_CORES];
extern volatile uint32_t cores_entered;          /* bit per core */
extern volatile uint32_t interrupt_seen;         /* last shared line that arrived */
extern uint32_t wakes_seen;                      /* plan_wake() calls */
extern uint32_t tables_taken, tables_given;

void check_equal(uint64_t got, uint64_t wanted, const char *what, const char *file, uint32_t line);
#define CHECK(got, wanted) check_equal((uint64_t)(got), (uint64_t)(wanted), #got, __FILE__, __LINE__)

void machine_tests(void);
void space_tests(void);
void line_tests(void);
void timer_line_tests(void);

#endif
