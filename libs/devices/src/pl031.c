#include <devices/pl031.h>

#define NS_PER_S 1000000000ull
#define STORE(field, value) __atomic_store_n(&(field), (value), __ATOMIC_RELEASE)

static const uint8_t identification[8] = { 0x31, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

static uint32_t seconds(const struct pl031 *rtc, uint64_t now_ns)
{
	return (uint32_t)(rtc->epoch_s + now_ns / NS_PER_S) + rtc->state->offset;
}

/*
 * The counter meets the match value after (match - count) seconds, modulo 2^32: equal now is due now. Seconds tick on
 * whole seconds of the machine's counter, so the alarm does too.
 */
static void set_alarm(struct pl031 *rtc, uint64_t now_ns)
{
	uint32_t wait_s = rtc->state->match - seconds(rtc, now_ns);

	if (wait_s == 0) {
		STORE(rtc->state->raw, 1);
		STORE(rtc->state->alarm_ns, 0);
		return;
	}
	STORE(rtc->state->alarm_ns, (now_ns / NS_PER_S + wait_s) * NS_PER_S);
}

void pl031_poll(struct pl031 *rtc, uint64_t now_ns)
{
	if (rtc->state->alarm_ns != 0 && rtc->state->alarm_ns <= now_ns) {
		STORE(rtc->state->raw, 1);
		STORE(rtc->state->alarm_ns, 0);
	}
}

void pl031_write(struct pl031 *rtc, uint32_t offset, uint32_t value, uint64_t now_ns)
{
	struct sk_rtc_state *state = rtc->state;

	switch (offset) {
	case PL031_MR:
		STORE(state->match, value);
		set_alarm(rtc, now_ns);
		break;
	case PL031_LR:
		STORE(state->load, value);
		STORE(state->offset, value - (uint32_t)(rtc->epoch_s + now_ns / NS_PER_S));
		set_alarm(rtc, now_ns);
		break;
	case PL031_CR:
		STORE(state->control, state->control | (value & 1u));
		break;
	case PL031_IMSC:
		STORE(state->mask, value & 1u);
		break;
	case PL031_ICR:
		if ((value & 1u) != 0) {
			STORE(state->raw, 0);
		}
		break;
	default:
		break;
	}
}

uint32_t pl031_read(const struct pl031 *rtc, uint32_t offset, uint64_t now_ns)
{
	const struct sk_rtc_state *state = rtc->state;

	if ((offset & 3u) != 0) {
		return 0;
	}
	if (offset >= PL031_PERIPH_ID0 && offset < PL031_BYTES) {
		return identification[(offset - PL031_PERIPH_ID0) / 4];
	}
	switch (offset) {
	case PL031_DR:
		return seconds(rtc, now_ns);
	case PL031_MR:
		return state->match;
	case PL031_LR:
		return state->load;
	case PL031_CR:
		return state->control;
	case PL031_IMSC:
		return state->mask;
	case PL031_RIS:
		return state->raw;
	case PL031_MIS:
		return state->raw & state->mask;
	default:
		return 0;
	}
}

void pl031_reset(struct pl031 *rtc)
{
	STORE(rtc->state->valid, 0);
	/* The clock runs from power-on: nobody has to set the enable bit that reset clears on the real one. */
	*rtc->state = (struct sk_rtc_state){ .control = 1 };
	STORE(rtc->state->valid, 1);
}

void pl031_open(struct pl031 *rtc, struct sk_rtc_state *state, uint64_t epoch_s)
{
	rtc->state = state;
	rtc->epoch_s = epoch_s;
	if (state->valid != 1) {
		pl031_reset(rtc);
	}
}
