/*
 * Priorities: who comes first, who is masked, who preempts. IHI 0069, 4.8. Sixteen levels are enough for any
 * implementation: only the upper four bits are used here.
 */
#include "exits.h"

#include <guest/gic.h>
#include <guest/tap.h>
#include <guest/timer.h>

#define PATIENCE_MS 1000u
#define QUIET_MS 5u
#define LOW 1u
#define MIDDLE 2u
#define HIGH 4u
#define PEER 6u

static void send(uint32_t sgi)
{
	gic_send(gic_sgi_value(cpus[0].mpidr, sgi));
}

static void set_mask(uint64_t priority)
{
	WRITE_SYSREG(icc_pmr_el1, priority);
	cpu_isb();
}

static uint32_t take(void)
{
	uint32_t intid = gic_poll(timer_ms(PATIENCE_MS));
	gic_end(intid);
	return intid;
}

static void check_order(void)
{
	send(LOW);
	send(HIGH);
	send(MIDDLE);
	uint32_t first = take();
	uint32_t second = take();
	uint32_t third = take();
	tap_ok(first == HIGH && second == MIDDLE && third == LOW,
	       "three pending ones come in order of priority (%u %u %u)", first, second, third);
}

static void check_mask(void)
{
	set_mask(0x80);
	tap_is(READ_SYSREG(icc_pmr_el1), 0x80, "the priority mask is kept");
	send(MIDDLE);
	tap_is(gic_poll_none(timer_ms(QUIET_MS)), INTID_NONE, "one at the mask's priority doesn't come");
	send(HIGH);
	tap_is(take(), HIGH, "one above the mask comes");
	set_mask(0xff);
	tap_is(take(), MIDDLE, "the mask lifted, the other comes");
	set_mask(0);
	send(HIGH);
	tap_is(gic_poll_none(timer_ms(QUIET_MS)), INTID_NONE, "mask 0 lets nothing through");
	set_mask(0xff);
	tap_is(take(), HIGH, "the mask lifted, it comes");
}

static uint32_t nested[4];
static uint32_t depth;
static uint32_t entered;

/* Acknowledges, and while the low one is active lets others in. */
static void on_irq(void)
{
	uint32_t intid = gic_acknowledge();
	if (entered < 4u) {
		nested[entered] = intid;
	}
	entered++;
	depth++;
	if (intid == LOW) {
		uint64_t elr = READ_SYSREG(elr_el1);
		uint64_t spsr = READ_SYSREG(spsr_el1);
		send(PEER);
		send(HIGH);
		cpu_irq_enable();
		uint64_t end = timer_now() + timer_ms(PATIENCE_MS);
		while (entered < 2u && timer_now() < end) {
		}
		timer_spin(timer_ms(1));
		cpu_irq_disable();
		WRITE_SYSREG(elr_el1, elr);
		WRITE_SYSREG(spsr_el1, spsr);
	}
	depth--;
	gic_end(intid);
}

static void check_preemption(void)
{
	entered = 0;
	depth = 0;
	gic_set_priority(PEER, 0xc0);
	cpu_self()->irq = on_irq;
	send(LOW);
	cpu_irq_enable();
	uint64_t end = timer_now() + timer_ms(PATIENCE_MS);
	while (__atomic_load_n(&entered, __ATOMIC_RELAXED) < 3u && timer_now() < end) {
	}
	cpu_irq_disable();
	cpu_self()->irq = 0;
	tap_ok(entered == 3 && nested[0] == LOW && nested[1] == HIGH && nested[2] == PEER,
	       "a higher priority preempts, an equal one waits (%u: %u %u %u)", entered, nested[0], nested[1],
	       nested[2]);
	tap_is(READ_SYSREG(icc_rpr_el1), 0xff, "after both, the running priority is idle");
}

/*
 * The binary point takes bits out of the comparison: what differs only below it does not preempt. At 7, bit 7 alone
 * is compared.
 */
static void check_binary_point(void)
{
	gic_set_priority(HIGH, 0x90);
	WRITE_SYSREG(icc_bpr1_el1, 7);
	cpu_isb();
	tap_is(READ_SYSREG(icc_bpr1_el1), 7, "the binary point can be chosen");
	send(LOW);
	uint32_t low = gic_poll(timer_ms(PATIENCE_MS));
	send(HIGH);
	tap_is(gic_poll_none(timer_ms(QUIET_MS)), INTID_NONE, "a higher priority in the same group doesn't preempt");
	gic_end(low);
	tap_is(take(), HIGH, "it comes afterwards");
	gic_set_priority(HIGH, 0x40);
	WRITE_SYSREG(icc_bpr1_el1, 0);
	cpu_isb();
	tap_ok(READ_SYSREG(icc_bpr1_el1) <= 4, "the binary point has a minimum");
}

static void check_active_priorities(void)
{
	send(LOW);
	uint32_t low = gic_poll(timer_ms(PATIENCE_MS));
	send(HIGH);
	uint32_t high = gic_poll(timer_ms(PATIENCE_MS));
	tap_ok(low == LOW && high == HIGH, "two are active at once");
	tap_is(READ_SYSREG(icc_rpr_el1), 0x40, "the running priority is the higher one's");
	uint64_t bits = READ_SYSREG(icc_ap1r0_el1);
	tap_ok((bits & (bits - 1)) != 0, "two active priorities are shown");
	gic_end(high);
	tap_is(READ_SYSREG(icc_rpr_el1), 0xc0, "the higher one ended, the running priority is the lower one's");
	gic_end(low);
	tap_is(READ_SYSREG(icc_ap1r0_el1), 0, "no active priority is left");
}

void test_gic_priorities(void)
{
	tap_note("interrupt priorities");
	gic_set_priority(LOW, 0xc0);
	gic_set_priority(MIDDLE, 0x80);
	gic_set_priority(HIGH, 0x40);
	gic_enable(LOW);
	gic_enable(MIDDLE);
	gic_enable(HIGH);
	gic_enable(PEER);
	check_order();
	check_mask();
	check_preemption();
	check_binary_point();
	check_active_priorities();
	gic_disable(LOW);
	gic_disable(MIDDLE);
	gic_disable(HIGH);
	gic_disable(PEER);
}
