/*
 * How much of a core this guest gets, and in what turns, as it sees them itself: it does nothing but read the counter,
 * and whenever that has moved on by more than a read takes, somebody else had the core.
 *
 * Arguments: ms=N how long it looks (after wait=N ms); ran=N us that it is to get in that time; turn=N us that each
 * turn is to last; within=N us by which both may differ; say=N: it tells every N ms that it is there; nap=N: it sleeps
 * that many us after each ms; spin: it never ends.
 */
#include <guest/boot.h>
#include <guest/cpu.h>
#include <guest/gic.h>
#include <guest/print.h>
#include <guest/program.h>
#include <guest/tap.h>
#include <guest/timer.h>

#define AWAY_US 2u /* more than that between two reads is somebody else's */

static struct {
	uint64_t ran;
	uint64_t turns; /* that were whole: seen from their beginning to their end */
	uint64_t shortest_turn, longest_turn;
	uint64_t longest_gap;
} seen;

static uint64_t ticks_to_us(uint64_t ticks)
{
	return ticks * 1000000u / READ_SYSREG(cntfrq_el0);
}

static uint64_t us_to_ticks(uint64_t us)
{
	return us * READ_SYSREG(cntfrq_el0) / 1000000u;
}

static void note_turn(uint64_t ticks)
{
	seen.turns++;
	seen.shortest_turn = seen.turns == 1 || ticks < seen.shortest_turn ? ticks : seen.shortest_turn;
	seen.longest_turn = ticks > seen.longest_turn ? ticks : seen.longest_turn;
}

static void look(uint64_t ticks)
{
	uint64_t away = us_to_ticks(AWAY_US);
	uint64_t say = timer_ms(boot_number("say", 0));
	uint64_t before = timer_now();
	uint64_t end = before + ticks;
	uint64_t next = say != 0 ? before + say : end;
	uint64_t began = 0; /* the turn; 0: before we looked */

	while (before < end) {
		uint64_t now = timer_now();
		uint64_t step = now - before;

		if (step <= away) {
			seen.ran += step;
		} else {
			if (began != 0) {
				note_turn(before - began);
			}
			began = now;
			seen.longest_gap = step > seen.longest_gap ? step : seen.longest_gap;
		}
		if (now >= next) {
			print("at %llu ms\n", (unsigned long long)(ticks_to_us(next - end + ticks) / 1000u));
			next += say;
			seen.ran += timer_now() - now;
			now = timer_now();
		}
		before = now;
	}
}

static bool near(uint64_t value, uint64_t wanted)
{
	uint64_t within = boot_number("within", 10);

	return value + within >= wanted && value <= wanted + within;
}

/* Asleep for `nap` us after each ms, to come back in the middle of somebody's turn. */
static void nap_and_spin(uint64_t nap)
{
	gic_enable(INTID_TIMER_VIRTUAL);
	for (;;) {
		timer_spin(timer_ms(1));
		timer_set(timer_now() + us_to_ticks(nap));
		cpu_wfi();
		timer_stop();
	}
}

void guest_main(void)
{
	uint64_t nap = boot_number("nap", 0);

	if (nap != 0) {
		nap_and_spin(nap);
	}
	timer_spin(timer_ms(boot_number("wait", 20)));
	look(timer_ms(boot_number("ms", 200)));

	uint64_t ran = ticks_to_us(seen.ran);
	uint64_t wanted = boot_number("ran", 0);
	uint64_t turn = boot_number("turn", 0);

	print("ran %llu us in %llu turns of %llu to %llu us, away for up to %llu us\n", (unsigned long long)ran,
	      (unsigned long long)seen.turns, (unsigned long long)ticks_to_us(seen.shortest_turn),
	      (unsigned long long)ticks_to_us(seen.longest_turn), (unsigned long long)ticks_to_us(seen.longest_gap));
	if (wanted != 0) {
		tap_ok(near(ran, wanted), "ran for %llu us", (unsigned long long)wanted);
	}
	if (turn != 0) {
		tap_ok(seen.turns != 0 && near(ticks_to_us(seen.shortest_turn), turn), "the shortest turn is that long");
		tap_ok(near(ticks_to_us(seen.longest_turn), turn), "the longest turn is no longer");
	}
	while (boot_has("spin")) {
		cpu_relax();
	}
}
