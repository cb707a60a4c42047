/*
 * Time: the generic timer's physical counter, and EL2's own timer (CNTHP) for
 * the plan's deadlines. Guests have the virtual timer; the physical one and its
 * counter trap (Arm ARM, D11).
 */
#include <arch/machine.h>
#include <arch/sysreg.h>

#define NS_PER_SECOND 1000000000ull

/* A factor: whole + fraction / 2^64. */
struct factor {
	uint64_t whole;
	uint64_t fraction;
};

static uint64_t hz;
static struct factor ns_per_tick;
static struct factor ticks_per_ns;

/* numerator / denominator, rounded down; no library division of 128 bits is to be had. */
static struct factor factor_of(uint64_t numerator, uint64_t denominator)
{
	struct factor factor = {.whole = numerator / denominator, .fraction = 0};
	uint64_t rest = numerator % denominator;
	for (uint32_t bit = 0; bit < 64u; bit++) {
		rest *= 2u;
		factor.fraction *= 2u;
		if (rest >= denominator) {
			rest -= denominator;
			factor.fraction++;
		}
	}
	return factor;
}

void timer_init(void)
{
	hz = read_sysreg(cntfrq_el0);
	if (hz == 0) {
		machine_fail("the counter has no frequency");
	}
	ns_per_tick = factor_of(NS_PER_SECOND, hz);
	ticks_per_ns = factor_of(hz, NS_PER_SECOND);
}

void timer_core_init(void)
{
	write_sysreg(cnthctl_el2, 0);
	write_sysreg(cntvoff_el2, 0);
	write_sysreg(cntv_ctl_el0, 0);
	write_sysreg(cnthp_cval_el2, UINT64_MAX);
	write_sysreg(cnthp_ctl_el2, CNT_CTL_ENABLE);
	isb();
}

uint64_t arch_ticks(void)
{
	isb(); /* the counter may be read early otherwise */
	return read_sysreg(cntpct_el0);
}

uint64_t arch_ticks_hz(void)
{
	return hz;
}

uint64_t arch_ticks_to_ns(uint64_t ticks)
{
	return ticks * ns_per_tick.whole + (uint64_t)((unsigned __int128)ticks * ns_per_tick.fraction >> 64);
}

uint64_t arch_ns_to_ticks(uint64_t ns)
{
	unsigned __int128 part = (unsigned __int128)ns * ticks_per_ns.fraction;
	unsigned __int128 ticks = (unsigned __int128)ns * ticks_per_ns.whole + (uint64_t)(part >> 64);
	ticks += (uint64_t)part != 0 ? 1u : 0u;
	return ticks >> 64 != 0 ? UINT64_MAX : (uint64_t)ticks;
}

/* The timer stays on: a deadline that never comes is one at the end of time. */
void arch_timer_set(uint64_t ticks)
{
	write_sysreg(cnthp_cval_el2, ticks);
}
