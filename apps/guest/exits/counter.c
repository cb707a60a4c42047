/* The guest's counter: its own, from nearly zero, never backwards, at a stated rate. */
#include "exits.h"

#include <guest/boot.h>
#include <guest/exception.h>
#include <guest/mmio.h>
#include <guest/smccc.h>
#include <guest/tap.h>
#include <guest/timer.h>

static bool monotonic(unsigned rounds)
{
	uint64_t last = timer_now();
	for (unsigned i = 0; i < rounds; i++) {
		uint64_t now;
		if (i % 16 == 0) {
			(void)mmio_read32(UART_BASE + 0x18u);
		}
		now = timer_now();
		if (now < last) {
			tap_note("from %llu to %llu", (unsigned long long)last, (unsigned long long)now);
			return false;
		}
		last = now;
	}
	return true;
}

void test_counter(void)
{
	uint64_t frequency = READ_SYSREG(cntfrq_el0);

	tap_note("the counter");
	tap_ok(frequency >= 1000000u && frequency <= 1000000000u, "frequency is sensible (%llu Hz)",
	       (unsigned long long)frequency);
	/* The tests so far take less than a second of work; a slow host is given a minute. */
	tap_ok(timer_now() < frequency * 60u, "the counter began near zero (now %llu)",
	       (unsigned long long)timer_now());
	tap_ok(monotonic(2000), "the counter never goes back, across exits too");

	catch_begin();
	cpu_isb();
	uint64_t physical = READ_SYSREG(cntpct_el0);
	tap_is(catch_end().count, 0, "the physical counter can be read");
	tap_ok(physical != 0, "the physical counter runs");
	uint64_t first = READ_SYSREG(cntpct_el0);
	timer_spin(timer_ms(1));
	tap_ok(READ_SYSREG(cntpct_el0) >= first + timer_ms(1),
	       "both counters run at the same rate or the physical is ahead");

	uint64_t clock = mmio_read32(RTC_BASE);
	uint64_t start = timer_now();
	while (mmio_read32(RTC_BASE) == clock && timer_now() < start + 3u * frequency) {
	}
	tap_ok(mmio_read32(RTC_BASE) == clock + 1u, "the real-time clock moves on within its second");
}
