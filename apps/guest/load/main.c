/*
 * See load.h. Arguments: until-ms=N of the guest's clock; seed=N; the parts: console (always), blk, net, entropy,
 * lines, hostile. Between rounds the guest sleeps: what it does not do costs nothing.
 */
#include "load.h"

#include <guest/boot.h>
#include <guest/gic.h>
#include <guest/mmio.h>
#include <guest/print.h>
#include <guest/program.h>

#define ROUND_US 6000u
#define CLOCK_ROUNDS 4u	/* the clock is read in each of so many */
#define FINISH_MS 200u
#define ORDERS_INTID 62u /* the server `inject` asserts it: now be hostile */
#define MODULUS 1000003u
#define CHATTER "the quick brown fox jumps over the lazy dog 0123456789"

struct random load_random;
static uint64_t line_number;
static uint64_t line_sum = 1;

struct part {
	const char *name;
	bool (*begin)(void);
	void (*round)(void);
	void (*look)(void);
	struct device *devices;
	uint32_t count;
	bool on;
};

static void console_round(void);

static struct part parts[] = {
	{.name = "console", .round = console_round},
	{"blk", disk_begin, disk_round, disk_look, &disk_device, 1, false},
	{"net", net_begin, net_round, net_look, net_devices, 2, false},
	{"entropy", entropy_begin, entropy_round, entropy_look, &entropy_device, 1, false},
	{"lines", lines_begin, lines_round, lines_look, &lines_device, 1, false},
	{"hostile", hostile_begin, hostile_round, NULL, &hostile_device, 1, false},
};

#define PARTS (sizeof(parts) / sizeof(parts[0]))

void say(const char *format, ...)
{
	va_list list;
	line_number++;
	line_sum = (line_sum * 31u + line_number) % MODULUS;
	print("load %llu %llu ", (unsigned long long)line_number, (unsigned long long)line_sum);
	va_start(list, format);
	print_list(format, list);
	va_end(list);
	print("\n");
}

void patience_renew(struct patience *patience, bool waiting)
{
	if (patience->late) {
		patience->late = patience->lost = false;
		say("goes on %s", patience->name);
	}
	patience->since = waiting ? timer_now() : 0;
}

bool patience_is_over(struct patience *patience)
{
	uint64_t waited = patience->since != 0 ? timer_now() - patience->since : 0;
	if (waited > timer_ms(LATE_MS) && !patience->late) {
		patience->late = true;
		say("waits %s", patience->name);
	}
	if (waited <= timer_ms(LOST_MS)) {
		return false;
	}
	if (!patience->lost) {
		patience->lost = true;
		say("lost %s", patience->name);
	}
	patience->since = timer_now();
	return true;
}

static void console_round(void)
{
	static uint32_t rounds;
	if (rounds++ % CLOCK_ROUNDS == 0) {
		say("clock %u", mmio_read32(RTC_BASE));
	} else {
		say(CHATTER);
	}
}

static void take_interrupt(uint32_t intid)
{
	if (intid == ORDERS_INTID) {
		hostile_order();
	} else if (intid == INTID_TIMER_VIRTUAL) {
		timer_stop();
	}
	for (uint32_t i = 0; i < PARTS; i++) {
		for (uint32_t j = 0; parts[i].on && j < parts[i].count; j++) {
			if (parts[i].devices[j].intid == intid) {
				device_interrupt(&parts[i].devices[j]);
			}
		}
	}
	gic_end(intid);
}

/* Sleeps until an interrupt or the time comes, and handles all that came. */
static void sleep_until(uint64_t deadline)
{
	timer_set(deadline);
	cpu_wfi();
	for (uint32_t intid = gic_acknowledge(); intid < INTID_NONE - 3u; intid = gic_acknowledge()) {
		take_interrupt(intid);
	}
	for (uint32_t i = 0; i < PARTS; i++) {
		if (parts[i].on && parts[i].look != NULL) {
			parts[i].look();
		}
	}
}

/* Looking at a register again and again is the most expensive thing that a guest can do. */
static void nap(void)
{
	timer_set(timer_now() + timer_ms(1));
	cpu_wfi();
}

static void begin(void)
{
	print_pause = nap;
	for (uint32_t i = 0; i < PARTS; i++) {
		struct part *part = &parts[i];
		part->on = part->begin == NULL;
		if (!part->on && boot_has(part->name)) {
			part->on = part->begin();
		}
	}
	if (boot_has("hostile")) {
		gic_set_edge(ORDERS_INTID, true);
		gic_enable(ORDERS_INTID);
	}
}

static void rounds(uint64_t end)
{
	uint64_t ticks = READ_SYSREG(cntfrq_el0) * ROUND_US / 1000000u;
	uint64_t next = timer_now();
	while (timer_now() < end) {
		if (timer_now() >= next) {
			for (uint32_t i = 0; i < PARTS; i++) {
				if (parts[i].on) {
					parts[i].round();
				}
			}
			next += ticks;
			next = next < timer_now() ? timer_now() + ticks : next;
		}
		sleep_until(next);
	}
}

void guest_main(void)
{
	uint64_t end = timer_ms(boot_number("until-ms", 1000));
	load_random.state = boot_number("seed", 1) | 1u << 20;
	gic_enable(INTID_TIMER_VIRTUAL);
	print("load begins\n");
	begin();
	rounds(end);
	end = timer_now() + timer_ms(FINISH_MS);
	while (parts[1].on && !disk_finish() && timer_now() < end) {
		sleep_until(timer_now() + timer_ms(1));
	}
	print("load ends %llu %llu\n", (unsigned long long)line_number, (unsigned long long)line_sum);
}
