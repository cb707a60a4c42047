/* The generic timer: Arm ARM, D11. Times are ticks of the counter, CNTFRQ_EL0 of them a second. */
#ifndef GUEST_TIMER_H
#define GUEST_TIMER_H

#include <guest/cpu.h>

#define TIMER_ENABLE 1u
#define TIMER_MASKED 2u
#define TIMER_FIRED 4u

static inline uint64_t timer_now(void)
{
	cpu_isb();
	return READ_SYSREG(cntvct_el0);
}

static inline uint64_t timer_ms(uint64_t milliseconds)
{
	return READ_SYSREG(cntfrq_el0) * milliseconds / 1000u;
}

static inline void timer_set(uint64_t deadline)
{
	WRITE_SYSREG(cntv_cval_el0, deadline);
	WRITE_SYSREG(cntv_ctl_el0, TIMER_ENABLE);
	cpu_isb();
}

static inline void timer_stop(void)
{
	WRITE_SYSREG(cntv_ctl_el0, 0);
	cpu_isb();
}

static inline void timer_spin(uint64_t ticks)
{
	uint64_t end = timer_now() + ticks;
	while (timer_now() < end) {
		cpu_relax();
	}
}

#endif
