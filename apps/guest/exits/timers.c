/*
 * The virtual timer (line 27) and the physical one (line 30): they fire not before their time and not much after, and
 * their lines follow the timer's condition as levels do. Arm ARM, D11.2.4.
 *
 * The tolerance is a slow host's; how late the handler really is, `bench` measures.
 */
#include "exits.h"

#include <guest/gic.h>
#include <guest/tap.h>
#include <guest/timer.h>

#define TOLERANCE_MS 50u
#define PATIENCE_MS 1000u

/* One timer's registers, so that both are tested alike. */
#define TIMER_ACCESS(prefix) \
	static void prefix##_arm(uint64_t deadline, uint64_t control) \
	{ \
		/* Off first: a deadline that has passed mustn't fire before its mask is set. */ \
		WRITE_SYSREG(prefix##_ctl_el0, 0); \
		WRITE_SYSREG(prefix##_cval_el0, deadline); \
		WRITE_SYSREG(prefix##_ctl_el0, control); \
		cpu_isb(); \
	} \
	static void prefix##_arm_relative(uint64_t ticks) \
	{ \
		WRITE_SYSREG(prefix##_tval_el0, ticks); \
		WRITE_SYSREG(prefix##_ctl_el0, TIMER_ENABLE); \
		cpu_isb(); \
	} \
	static uint64_t prefix##_control(void) \
	{ \
		return READ_SYSREG(prefix##_ctl_el0); \
	}
TIMER_ACCESS(cntv)
TIMER_ACCESS(cntp)

static uint64_t virtual_now(void)
{
	return timer_now();
}

static uint64_t physical_now(void)
{
	cpu_isb();
	return READ_SYSREG(cntpct_el0);
}

struct timer {
	const char *name;
	uint32_t intid;
	void (*arm)(uint64_t deadline, uint64_t control);
	void (*arm_relative)(uint64_t ticks);
	uint64_t (*control)(void);
	uint64_t (*now)(void);
};

static void check_deadline(const struct timer *timer, uint64_t milliseconds)
{
	uint64_t deadline = timer->now() + timer_ms(milliseconds);
	timer->arm(deadline, TIMER_ENABLE);
	uint32_t intid = gic_poll(timer_ms(PATIENCE_MS));
	uint64_t fired = timer->now();
	bool condition = (timer->control() & TIMER_FIRED) != 0;
	timer->arm(0, 0);
	gic_end(intid);
	tap_is(intid, timer->intid, "%s timer interrupts after %llu ms", timer->name, (unsigned long long)milliseconds);
	tap_ok(fired >= deadline, "%s timer: not too early", timer->name);
	tap_ok(fired < deadline + timer_ms(TOLERANCE_MS), "%s timer: not too late", timer->name);
	tap_ok(condition, "%s timer: its condition is shown", timer->name);
}

static void check_conditions(const struct timer *timer)
{
	timer->arm(timer->now() + timer_ms(600000), TIMER_ENABLE);
	tap_is(gic_poll_none(timer_ms(5)), INTID_NONE, "%s timer far ahead doesn't interrupt", timer->name);
	timer->arm(0, TIMER_ENABLE | TIMER_MASKED);
	tap_is(gic_poll_none(timer_ms(5)), INTID_NONE, "%s timer masked doesn't interrupt", timer->name);
	tap_is(timer->control() & 7u, TIMER_ENABLE | TIMER_MASKED | TIMER_FIRED, "%s timer masked shows its condition",
	       timer->name);
	timer->arm(0, 0);
	tap_is(gic_poll_none(timer_ms(5)), INTID_NONE, "%s timer disabled doesn't interrupt", timer->name);

	timer->arm_relative(timer_ms(1));
	uint32_t intid = gic_poll(timer_ms(PATIENCE_MS));
	timer->arm(0, 0);
	gic_end(intid);
	tap_is(intid, timer->intid, "%s timer by its relative register", timer->name);

	/* A level: ended without being quenched, it comes again; quenched, it doesn't. */
	timer->arm(1, TIMER_ENABLE);
	intid = gic_poll(timer_ms(PATIENCE_MS));
	gic_end(intid);
	uint32_t again = gic_poll(timer_ms(PATIENCE_MS));
	timer->arm(0, 0);
	gic_end(again);
	tap_ok(intid == timer->intid && again == timer->intid, "%s timer's line is a level: it comes again",
	       timer->name);
	tap_is(gic_poll_none(timer_ms(5)), INTID_NONE, "%s timer quenched doesn't come again", timer->name);

	gic_disable(timer->intid);
	timer->arm(1, TIMER_ENABLE);
	tap_is(gic_poll_none(timer_ms(5)), INTID_NONE, "%s timer's line disabled doesn't interrupt", timer->name);
	tap_ok(gic_is_pending(timer->intid), "%s timer's line disabled is shown pending", timer->name);
	gic_enable(timer->intid);
	intid = gic_poll(timer_ms(PATIENCE_MS));
	timer->arm(0, 0);
	gic_end(intid);
	tap_is(intid, timer->intid, "%s timer's line enabled again interrupts", timer->name);
}

static void check_timer(const struct timer *timer)
{
	gic_enable(timer->intid);
	check_deadline(timer, 1);
	check_deadline(timer, 10);
	check_conditions(timer);
	gic_disable(timer->intid);
}

void test_timers(void)
{
	static const struct timer virtual = {
		"virtual", INTID_TIMER_VIRTUAL, cntv_arm, cntv_arm_relative, cntv_control, virtual_now,
	};
	static const struct timer physical = {
		"physical", INTID_TIMER_PHYSICAL, cntp_arm, cntp_arm_relative, cntp_control, physical_now,
	};

	tap_note("timers");
	check_timer(&virtual);
	check_timer(&physical);
}
