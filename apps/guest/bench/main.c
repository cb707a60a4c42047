/* See bench.h. */
#include "bench.h"

#include <guest/boot.h>
#include <guest/cpu.h>
#include <guest/print.h>
#include <guest/program.h>
#include <guest/tap.h>

#define NS_PER_SECOND 1000000000ull

void bench_add(struct bench *bench, uint64_t ticks, uint64_t bare_ticks, uint64_t rounds)
{
	uint64_t hundredths_per_tick = NS_PER_SECOND * 100u / READ_SYSREG(cntfrq_el0);
	uint64_t net = ticks > bare_ticks ? ticks - bare_ticks : 0;
	if (bench->count < BENCH_SAMPLES) {
		bench->sample[bench->count++] = net * hundredths_per_tick / rounds;
	}
}

void bench_add_ratio(struct bench *bench, uint64_t count, uint64_t rounds)
{
	if (bench->count < BENCH_SAMPLES) {
		bench->sample[bench->count++] = count * 100u / rounds;
	}
}

static void sort(uint64_t *values, uint32_t count)
{
	for (uint32_t i = 1; i < count; i++) {
		uint64_t value = values[i];
		uint32_t at = i;
		while (at > 0 && values[at - 1] > value) {
			values[at] = values[at - 1];
			at--;
		}
		values[at] = value;
	}
}

static unsigned long long whole(uint64_t hundredths)
{
	return (hundredths + 50u) / 100u;
}

void bench_report(struct bench *bench)
{
	if (!tap_ok(bench->count > 0, "%s was measured", bench->name)) {
		return;
	}
	sort(bench->sample, bench->count);
	const uint64_t *sorted = bench->sample;
	unsigned long long least = sorted[0], middle = sorted[bench->count / 2], most = sorted[bench->count - 1];
	if (bench->counts) {
		print("bench %s %llu.%02llu %llu.%02llu %llu.%02llu\n", bench->name, least / 100u, least % 100u,
		      middle / 100u, middle % 100u, most / 100u, most % 100u);
		return;
	}
	print("bench %s %llu %llu %llu\n", bench->name, whole(bench->sample[0]), whole(bench->sample[bench->count / 2]),
	      whole(bench->sample[bench->count - 1]));
}

void guest_main(void)
{
	if (boot_has("scale")) { /* most of such VMs have no console */
		bench_scale();
		return;
	}
	tap_note("bench: instructions if QEMU counts them (-icount shift=0), else nanoseconds");
	if (boot_has("disk")) {
		bench_disk();
		return;
	}
	if (boot_has("net")) {
		bench_net();
		return;
	}
	if (!boot_has("standby")) {
		bench_exits();
		bench_interrupts();
	}
	bench_probe();
}
