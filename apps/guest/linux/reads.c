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
#include "linux.h"

#include <linux/fcntl.h>

#include "../../bench/probe.h"

#define DISK "/dev/vda"
#define BLOCK_BYTES 4096u
#define SAMPLES_MIN 16u
#define WARM_UP 64u
#define TRIES 20000u
#define IDLE_NS_MAX 10000u
#define COUNTER_IDLE_NS 11u
#define SEEK_END 2

static _Alignas(BLOCK_BYTES) uint8_t block[BLOCK_BYTES];
static const volatile uint64_t *probe;
static uint64_t random_state = 1;

static uint64_t idle_ns(void)
{
	return probe[(PROBE_COUNTERS + COUNTER_IDLE_NS * 8u) / 8u];
}

static bool read_block(long disk, uint64_t blocks)
{
	random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
	uint64_t at = (random_state >> 33) % blocks * BLOCK_BYTES;
	return system_call(__NR_pread64, disk, (long)block, BLOCK_BYTES, (long)at, 0, 0) == BLOCK_BYTES;
}

/* False: a read failed. */
static bool take_samples(long disk, uint64_t blocks, struct samples *awake, struct samples *asleep)
{
	for (uint32_t i = 0; (awake->count < SAMPLES || asleep->count < SAMPLES_MIN) && i < TRIES; i++) {
		uint64_t idle = idle_ns();
		uint64_t start = counter();
		if (!read_block(disk, blocks)) {
			return false;
		}
		uint64_t ticks = counter() - start;
		idle = idle_ns() - idle;
		if (i >= WARM_UP && idle < IDLE_NS_MAX) {
			add(idle == 0 ? awake : asleep, ticks_to_ns(ticks));
		}
	}
	return true;
}

static bool run(void)
{
	static struct samples awake;
	static struct samples asleep;
	long disk = open_file(DISK, O_RDONLY | O_DIRECT);
	probe = map_probe();
	if (disk < 0 || probe == NULL) {
		return false;
	}
	uint64_t blocks = (uint64_t)system_call(__NR_lseek, disk, 0, SEEK_END, 0, 0, 0) / BLOCK_BYTES;
	if (blocks == 0 || !take_samples(disk, blocks, &awake, &asleep)) {
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
