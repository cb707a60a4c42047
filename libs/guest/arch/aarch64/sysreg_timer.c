/*
 * The physical timer (DDI 0487, D11.2). The virtual one is the hardware's; few
 * guests use this one, so it is emulated: a timer of the scheduler's, and line 30.
 *
 * The line is a level. Here it is latched when the condition becomes true, latched
 * again if it is still true when the guest ends the interrupt, and taken back when the guest
 * makes it false before it took the interrupt.
 */
#include "sysreg_timer.h"

#include <guest/port.h>
#include <sk/idl/kernel.h>

#define CTL_ENABLE 1u
#define CTL_IMASK 2u
#define CTL_ISTATUS 4u
#define TVAL_MASK 0xffffffffull

uint64_t sysreg_counter(const struct guest *guest)
{
	return port_counter() - guest->counter_offset;
}

uint64_t sysreg_set_counter(struct guest *guest, uint64_t value)
{
	guest->counter_offset = port_counter() - value;
	return guest->counter_offset;
}

static bool timer_met(const struct guest_vcpu *v, uint64_t now)
{
	return (v->timer_control & CTL_ENABLE) != 0 && now >= v->timer_compare;
}

/* After every change: the line and the next deadline follow from the registers. */
static void timer_settle(struct guest *guest, uint32_t vcpu)
{
	const struct guest_vcpu *v = &guest->vcpu[vcpu];
	uint64_t now = sysreg_counter(guest);
	bool met = timer_met(v, now);
	bool wanted = (v->timer_control & (CTL_ENABLE | CTL_IMASK)) == CTL_ENABLE;
	uint32_t state = guest->gic.lines[sk_line_index(vcpu, GUEST_LINE_PHYSICAL_TIMER)].state;

	if (met && wanted) {
		port_line_update(GUEST_LINE_PHYSICAL_TIMER, vcpu, SPACE_LINE_CHANGE_SET_PENDING);
	} else if ((state & SK_LINE_PENDING) != 0) {
		port_line_update(GUEST_LINE_PHYSICAL_TIMER, vcpu, SPACE_LINE_CHANGE_CLEAR_PENDING);
	}
	/* A deadline that the machine's counter does not reach in its lifetime is none. */
	uint64_t deadline = v->timer_compare + guest->counter_offset;
	bool ahead = wanted && !met && deadline >= v->timer_compare;
	port_timer_set(vcpu, ahead ? deadline : UINT64_MAX);
}

/* The line as hardware drives it. */
static bool timer_line(const struct guest *guest, uint32_t vcpu)
{
	const struct guest_vcpu *v = &guest->vcpu[vcpu];

	return timer_met(v, sysreg_counter(guest)) && (v->timer_control & CTL_IMASK) == 0;
}

bool sysreg_line_ended(const struct guest *guest, uint32_t vcpu, uint32_t line)
{
	return line == GUEST_LINE_PHYSICAL_TIMER && timer_line(guest, vcpu);
}

void sysreg_timer_due(struct guest *guest, uint32_t vcpu)
{
	if (timer_line(guest, vcpu)) {
		port_line_update(GUEST_LINE_PHYSICAL_TIMER, vcpu, SPACE_LINE_CHANGE_SET_PENDING);
	}
}

void sysreg_timer_restore(struct guest *guest, uint32_t vcpu)
{
	timer_settle(guest, vcpu);
}

uint64_t timer_read(struct guest *guest, uint32_t vcpu, uint32_t encoding, uint64_t *value)
{
	const struct guest_vcpu *v = &guest->vcpu[vcpu];
	uint64_t now = sysreg_counter(guest);

	switch (encoding) {
	case SYSREG_CNTPCT_EL0:
		*value = now;
		return 0;
	case SYSREG_CNTP_TVAL_EL0:
		*value = (v->timer_compare - now) & TVAL_MASK;
		return 0;
	case SYSREG_CNTP_CTL_EL0:
		*value = v->timer_control | (timer_met(v, now) ? CTL_ISTATUS : 0);
		return 0;
	case SYSREG_CNTP_CVAL_EL0:
		*value = v->timer_compare;
		return 0;
	default:
		return SK_EXIT_ACTION_UNDEFINED;
	}
}

uint64_t timer_write(struct guest *guest, uint32_t vcpu, uint32_t encoding, uint64_t value)
{
	struct guest_vcpu *v = &guest->vcpu[vcpu];

	switch (encoding) {
	case SYSREG_CNTP_TVAL_EL0:
		v->timer_compare = sysreg_counter(guest) + (uint64_t)(int64_t)(int32_t)(uint32_t)value;
		break;
	case SYSREG_CNTP_CTL_EL0:
		v->timer_control = (uint32_t)value & (CTL_ENABLE | CTL_IMASK);
		break;
	case SYSREG_CNTP_CVAL_EL0:
		v->timer_compare = value;
		break;
	default:
		return SK_EXIT_ACTION_UNDEFINED;
	}
	timer_settle(guest, vcpu);
	return 0;
}
