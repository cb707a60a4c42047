/*
 * A PL031 real-time clock as a guest sees it (Arm DDI 0224C). Seconds are the
 * machine's counter plus an epoch (the count at counter 0), plus the offset that a
 * guest's write of RTCLR makes. All state is in `struct sk_rtc_state`, changed by single-word
 * stores: a server killed between two of them goes on with a consistent clock.
 *
 * Every function that needs the time gets `now_ns`, the counter in ns. Not thread-safe: the caller serialises.
 */
#ifndef DEVICES_PL031_H
#define DEVICES_PL031_H

#include <stdbool.h>
#include <stdint.h>

#include <sk/idl/rtc.h>

enum pl031_register {
	PL031_DR = 0x000,  /* data: seconds */
	PL031_MR = 0x004,  /* match */
	PL031_LR = 0x008,  /* load */
	PL031_CR = 0x00c,  /* control: bit 0 enables, and only reset disables */
	PL031_IMSC = 0x010,
	PL031_RIS = 0x014,
	PL031_MIS = 0x018,
	PL031_ICR = 0x01c,
	PL031_PERIPH_ID0 = 0xfe0, /* eight identification registers, one byte each */
	PL031_BYTES = 0x1000,
};

struct pl031 {
	struct sk_rtc_state *state;
	uint64_t epoch_s; /* what RTCDR shows at counter 0, until the guest loads another time */
};

/* Attaches the model to its state; state that was never used gets the reset values. */
void pl031_open(struct pl031 *rtc, struct sk_rtc_state *state, uint64_t epoch_s);

/* As after power-on; the guest's own setting of the time is forgotten. */
void pl031_reset(struct pl031 *rtc);

/*
 * `offset` is below PL031_BYTES; where no register begins reads as zero and ignores writes. Registers are words: a
 * narrower access has the word's low bytes, a wider one is two.
 */
uint32_t pl031_read(const struct pl031 *rtc, uint32_t offset, uint64_t now_ns);
void pl031_write(struct pl031 *rtc, uint32_t offset, uint32_t value, uint64_t now_ns);

/* Raises the interrupt if the alarm is due. */
void pl031_poll(struct pl031 *rtc, uint64_t now_ns);

/* When pl031_poll() has to be called next: ns of the counter; 0: never. */
static inline uint64_t pl031_alarm_ns(const struct pl031 *rtc)
{
	return rtc->state->alarm_ns;
}

/* The interrupt output RTCINTR. */
static inline bool pl031_line(const struct pl031 *rtc)
{
	return (rtc->state->raw & rtc->state->mask) != 0;
}

#endif
