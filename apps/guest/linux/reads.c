/*
 * What a read of the disk costs in a Linux guest, from a program's system call to its end, Linux's own part included:
 * 4 KiB at a random place, past the page cache (O_DIRECT), one at a time. A Linux program without a C library, run
 * by the guest's init (manifest/bench-linux.dts); it prints a line as the guest program bench does.
 *
 * The counter is read around the call: under -icount shift=0 it goes on by one every 16 instructions. While nobody has
 * anything to do it jumps to the next timer of whoever has set one, and a machine that waits for the host's disk sees
 * as many of Linux's timers as fit in. The kernel's counter of idle time, which the system's probe shows at a
 * physical address, tells such a sample: it is taken again. The others are of two kinds, and each is a figure: those
 * that were answered before everybody slept, and those for which the machine woke up again.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <asm/unistd.h>
#include <linux/fcntl.h>
#include <linux/mman.h>

#include "../../bench/probe.h"

#define DISK "/dev/vda"
#define BLOCK_BYTES 4096u
#define SAMPLES 64u
#define SAMPLES_MIN 16u
#define WARM_UP 64u
#define TRIES 20000u
#define IDLE_NS_MAX 10000u
#define COUNTER_IDLE_NS 11u
#define SEEK_END 2
#define STANDARD_OUTPUT 1

static _Alignas(BLOCK_BYTES) uint8_t block[BLOCK_BYTES];
static const volatile uint64_t *probe;
static uint64_t random_state = 1;

static long system_call(long number, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;
	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
	return x0;
}

static uint64_t counter(void)
{
	uint64_t value;
	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(value) : : "memory");
	return value;
}

static uint64_t counter_hz(void)
{
	uint64_t value;
	__asm__ volatile("mrs %0, cntfrq_el0" : "=r"(value));
	return value;
}

static uint64_t idle_ns(void)
{
	return probe[(PROBE_COUNTERS + COUNTER_IDLE_NS * 8u) / 8u];
}

static void print(const char *text)
{
	size_t length = 0;
	while (text[length] != '\0') {
		length++;
	}
	(void)system_call(__NR_write, STANDARD_OUTPUT, (long)text, (long)length, 0, 0, 0);
}

static void print_number(uint64_t value)
{
	char digits[24] = {0};
	uint32_t at = sizeof(digits) - 1;
	do {
		digits[--at] = (char)('0' + value % 10u);
		value /= 10u;
	} while (value != 0);
	print(digits + at);
}

static long open_file(const char *path, int flags)
{
	return system_call(__NR_openat, AT_FDCWD, (long)path, flags, 0, 0, 0);
}

static bool read_block(long disk, uint64_t blocks)
{
	random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
	uint64_t at = (random_state >> 33) % blocks * BLOCK_BYTES;
	return system_call(__NR_pread64, disk, (long)block, BLOCK_BYTES, (long)at, 0, 0) == BLOCK_BYTES;
}

struct samples {
	uint64_t values[SAMPLES];
	uint32_t count;
};

static void add(struct samples *samples, uint64_t value)
{
	if (samples->count < SAMPLES) {
		samples->values[samples->count++] = value;
	}
}

/* False: a read failed. */
static bool take_samples(long disk, uint64_t blocks, struct samples *awake, struct samples *asleep)
{
	uint64_t ns_per_tick = 1000000000u / counter_hz();
	for (uint32_t i = 0; (awake->count < SAMPLES || asleep->count < SAMPLES_MIN) && i < TRIES; i++) {
		uint64_t idle = idle_ns();
		uint64_t start = counter();
		if (!read_block(disk, blocks)) {
			return false;
		}
		uint64_t ticks = counter() - start;
		idle = idle_ns() - idle;
		if (i >= WARM_UP && idle < IDLE_NS_MAX) {
			add(idle == 0 ? awake : asleep, ticks * ns_per_tick);
		}
	}
	return true;
}

static void sort(uint64_t *values, uint32_t count)
{
	for (uint32_t i = 1; i < count; i++) {
		uint64_t value = values[i];
		uint32_t at = i;
		for (; at > 0 && values[at - 1] > value; at--) {
			values[at] = values[at - 1];
		}
		values[at] = value;
	}
}

static void report(const char *name, struct samples *samples)
{
	if (samples->count == 0) {
		return;
	}
	sort(samples->values, samples->count);
	print("bench ");
	print(name);
	print(" ");
	print_number(samples->values[0]);
	print(" ");
	print_number(samples->values[samples->count / 2]);
	print(" ");
	print_number(samples->values[samples->count - 1]);
	print("\n");
}

static bool run(void)
{
	static struct samples awake;
	static struct samples asleep;
	long disk = open_file(DISK, O_RDONLY | O_DIRECT);
	long memory = open_file("/dev/mem", O_RDONLY | O_SYNC);
	if (disk < 0 || memory < 0) {
		return false;
	}
	probe = (const volatile uint64_t *)system_call(__NR_mmap, 0, PROBE_BYTES, PROT_READ, MAP_SHARED, memory,
						       PROBE_BASE);
	uint64_t blocks = (uint64_t)system_call(__NR_lseek, disk, 0, SEEK_END, 0, 0, 0) / BLOCK_BYTES;
	if ((intptr_t)probe < 0 || blocks == 0 || !take_samples(disk, blocks, &awake, &asleep)) {
		return false;
	}
	report("blk_read_linux", &awake);
	report("blk_read_linux_asleep", &asleep);
	return true;
}

_Noreturn void _start(void);

_Noreturn void _start(void)
{
	bool done = run();
	if (!done) {
		print("reads: no disk, no probe, or a read that failed\n");
	}
	(void)system_call(__NR_exit_group, done ? 0 : 1, 0, 0, 0, 0, 0);
	__builtin_unreachable();
}
