/* WFI sleeps until an interrupt is pending, masked or not; WFE never hangs as long as an event comes. */
#include "exits.h"

#include <guest/gic.h>
#include <guest/tap.h>
#include <guest/timer.h>

#define CNTKCTL_EVENTS (1ull << 2)

static volatile uint64_t handled;

static void on_irq(void)
{
	uint32_t intid = gic_acknowledge();
	timer_stop();
	gic_end(intid);
	if (intid == INTID_TIMER_VIRTUAL) {
		handled++;
	}
}

void test_idle(void)
{
	tap_note("idling");
	gic_enable(INTID_TIMER_VIRTUAL);

	uint64_t deadline = timer_now() + timer_ms(3);
	timer_set(deadline);
	while ((READ_SYSREG(isr_el1) & 0x80u) == 0) {
		cpu_wfi();
	}
	uint64_t woken = timer_now();
	uint32_t intid = gic_acknowledge();
	timer_stop();
	gic_end(intid);
	tap_ok(woken >= deadline && intid == INTID_TIMER_VIRTUAL, "wfi with interrupts masked wakes by the timer");

	cpu_self()->irq = on_irq;
	handled = 0;
	cpu_irq_enable();
	for (unsigned i = 0; i < 20; i++) {
		uint64_t seen = handled;
		timer_set(timer_now() + timer_ms(1));
		while (handled == seen) {
			cpu_irq_disable();
			if (handled == seen) {
				cpu_wfi();
			}
			cpu_irq_enable();
		}
	}
	cpu_irq_disable();
	tap_is(handled, 20, "twenty sleeps, twenty timer interrupts");

	timer_set(1);
	cpu_wfi();
	cpu_wfi();
	intid = gic_acknowledge();
	timer_stop();
	gic_end(intid);
	tap_is(intid, INTID_TIMER_VIRTUAL, "wfi with an interrupt pending returns at once");

	__asm__ volatile("sevl\n\twfe\n\tsev\n\twfe" : : : "memory");
	tap_ok(true, "wfe after an event returns");
	WRITE_SYSREG(cntkctl_el1, READ_SYSREG(cntkctl_el1) | CNTKCTL_EVENTS);
	cpu_isb();
	for (unsigned i = 0; i < 10; i++) {
		__asm__ volatile("wfe" : : : "memory");
	}
	tap_ok(true, "wfe with the counter's event stream returns");
	WRITE_SYSREG(cntkctl_el1, READ_SYSREG(cntkctl_el1) & ~CNTKCTL_EVENTS);
	timer_set(timer_now() + timer_ms(1));
	while ((READ_SYSREG(isr_el1) & 0x80u) == 0) {
		__asm__ volatile("wfe" : : : "memory");
	}
	timer_stop();
	tap_ok(true, "wfe with an interrupt on its way returns");
	cpu_self()->irq = 0;
	(void)gic_poll_none(timer_ms(1));
	gic_disable(INTID_TIMER_VIRTUAL);
}
