/*
 * Time: the generic timer's physical counter, and EL2's own timer (CNTHP) for
 * the plan's deadlines. Guests have the virtual timer; the physical one and its
 * counter trap (Arm ARM, D11).
 */
#include <arch/machine.h>
#include <arch/sysreg.h>

#define NS_PER_SECOND 1000000000ull

static uint64_t hz; /* fits in 32 bits, as CNTFRQ_EL0 does */

void timer_init(void)
{
	hz = (uint32_t)read_sysreg(cntfrq_el0);
	if (hz == 0) {
		panic("the counter has no frequency");
	}
}

void timer_core_init(void)
{
	write_sysreg(cnthctl_el2, 0);
	write_sysreg(cntkctl_el1, CNTKCTL_SERVER);
	write_sysreg(cntvoff_el2, 0);
	write_sysreg(cntv_ctl_el0, 0);
	write_sysreg(cnthp_cval_el2, UINT64_MAX);
	write_sysreg(cnthp_ctl_el2, 0);
	isb();
}

uint64_t arch_ticks(void)
{
	isb(); /* the counter may be read early otherwise */
	return read_sysreg(cntpct_el0);
}

/* Whole seconds and the rest apart: exact, and no product of a rest overflows. */
uint64_t arch_ticks_to_ns(uint64_t ticks)
{
	return ticks / hz * NS_PER_SECOND + ticks % hz * NS_PER_SECOND / hz;
}

uint64_t arch_ns_to_ticks(uint64_t ns)
{
	uint64_t ticks;
	uint64_t rest = (ns % NS_PER_SECOND * hz + NS_PER_SECOND - 1u) / NS_PER_SECOND;
	if (__builtin_mul_overflow(ns / NS_PER_SECOND, hz, &ticks) || __builtin_add_overflow(ticks, rest, &ticks)) {
		return UINT64_MAX;
	}
	return ticks;
}

/*
 * Off without a deadline: a machine that jumps to its next one while it is idle, as QEMU does when it counts instructions,
 * would find itself at the end of time.
 */
void arch_timer_set(uint64_t ticks)
{
	write_sysreg(cnthp_cval_el2, ticks);
	write_sysreg(cnthp_ctl_el2, ticks != UINT64_MAX ? CNT_CTL_ENABLE : 0);
}
