/*
 * What Linux's own work costs: the first process of a guest, or of the bare machine, that says how long the kernel's boot
 * took, does what programs do, and switches the machine off. The same on both: what a guest pays shows as the ratio.
 *
 * Arguments (behind "--" in the kernel's command line): the name of the boot's figure; `work` for the others. A
 * guest's counter is 0 when it is entered, as the bare machine's is at its reset, ten instructions of QEMU's before.
 */
#include "linux.h"

#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/random.h>
#include <linux/reboot.h>
#include <linux/wait.h>
#include <asm/signal.h>

#define ROUNDS_LOOP 5000000u /* of two instructions */
#define ROUNDS_GETPPID 20000u
#define ROUNDS_PIPE 1000u
#define ROUNDS_FORK 500u
#define TIMES 7u /* samples; each takes several of Linux's ticks */
#define PAGE_BYTES 4096u
#define POOL_BYTES 64
#define TOUCHED_BYTES (16u << 20)
#define TOUCHES 5u /* each of 16 MiB that nobody has touched before: what is freed would come back */

static bool right = true;

static bool same(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

static bool has(const char *const *arguments, const char *word)
{
	while (*arguments != NULL && !same(*arguments, word)) {
		arguments++;
	}
	return *arguments != NULL;
}

static void measure(const char *name, uint32_t times, uint32_t rounds, void (*work)(uint32_t rounds))
{
	struct samples samples = {.hundredths = true};
	for (uint32_t i = 0; i < times; i++) {
		uint64_t start = counter();
		work(rounds);
		add(&samples, ticks_to_ns(counter() - start) * 100u / rounds);
	}
	report(name, &samples);
}

static void run_loop(uint32_t rounds)
{
	uint64_t left = rounds;
	__asm__ volatile("1:\n\tsubs %0, %0, #1\n\tb.ne 1b" : "+r"(left) : : "cc");
}

static void call_getppid(uint32_t rounds)
{
	for (uint32_t i = 0; i < rounds; i++) {
		right = right && system_call0(__NR_getppid) == 0;
	}
}

static void touch_pages(uint32_t rounds)
{
	volatile uint8_t *pages = (volatile uint8_t *)system_call(__NR_mmap, 0, TOUCHED_BYTES, PROT_READ | PROT_WRITE,
								  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	right = right && system_call4(__NR_madvise, (long)pages, TOUCHED_BYTES, MADV_NOHUGEPAGE, 0) == 0;
	for (uint32_t i = 0; right && i < rounds; i++) {
		pages[(size_t)i * PAGE_BYTES] = 1;
	}
}

static long fork_process(void)
{
	return system_call4(__NR_clone, SIGCHLD, 0, 0, 0);
}

static _Noreturn void exit_process(void)
{
	(void)system_call2(__NR_exit_group, 0, 0);
	__builtin_unreachable();
}

static void fork_and_wait(uint32_t rounds)
{
	for (uint32_t i = 0; i < rounds; i++) {
		long child = fork_process();
		if (child == 0) {
			exit_process();
		}
		right = right && child > 0 && system_call4(__NR_wait4, child, 0, __WALL, 0) == child;
	}
}

static int to_child[2];
static int to_parent[2];

static bool pass(int from, int to)
{
	uint8_t byte = 0;
	return system_call4(__NR_read, from, (long)&byte, 1, 0) == 1 && system_call4(__NR_write, to, (long)&byte, 1, 0) == 1;
}

static void play_ping_pong(uint32_t rounds)
{
	uint8_t byte = 1;
	right = right && system_call4(__NR_write, to_child[1], (long)&byte, 1, 0) == 1;
	for (uint32_t i = 0; right && i + 1 < rounds; i++) {
		right = pass(to_parent[0], to_child[1]);
	}
	right = right && system_call4(__NR_read, to_parent[0], (long)&byte, 1, 0) == 1;
}

static void measure_pipes(void)
{
	right = right && system_call2(__NR_pipe2, (long)to_child, 0) == 0 && system_call2(__NR_pipe2, (long)to_parent, 0) == 0;
	long child = right ? fork_process() : -1;
	if (child == 0) {
		while (pass(to_child[0], to_parent[1])) {
		}
		exit_process();
	}
	right = right && child > 0;
	measure("linux_pipe", TIMES, ROUNDS_PIPE, play_ping_pong);
	(void)system_call2(__NR_kill, child, SIGKILL);
}

/* Until the pool of entropy is full, at some time, each random number, of which a fork takes one, costs thousands more. */
static void fill_pool(void)
{
	static struct {
		struct rand_pool_info info;
		uint32_t bytes[POOL_BYTES / sizeof(uint32_t)];
	} entropy = {.info = {.entropy_count = POOL_BYTES * 8, .buf_size = POOL_BYTES}};
	long file = open_file("/dev/random", O_WRONLY);
	right = right && file >= 0 && system_call4(__NR_ioctl, file, RNDADDENTROPY, (long)&entropy, 0) == 0;
}

/* Of the boot, that ended with this process's first instruction: where it began the counter was 0. */
static void report_boot(const char *const *arguments, uint64_t now)
{
	struct samples boot = {0};
	add(&boot, ticks_to_ns(now));
	report(arguments[0], &boot);
}

static void run(const char *const *arguments, uint64_t now)
{
	right = system_call(__NR_mount, (long)"none", (long)"/dev", (long)"devtmpfs", 0, 0, 0) == 0 && *arguments != NULL;
	if (!right) {
		return;
	}
	report_boot(arguments, now);
	if (has(arguments, "work")) {
		fill_pool();
		measure("linux_loop", TIMES, ROUNDS_LOOP, run_loop);
		measure("linux_getppid", TIMES, ROUNDS_GETPPID, call_getppid);
		measure_pipes();
		measure("linux_fork", TIMES, ROUNDS_FORK, fork_and_wait);
		/* At the end: a fork takes longer with it. */
		measure("linux_pages", TOUCHES, TOUCHED_BYTES / PAGE_BYTES, touch_pages);
	}
}

_Noreturn void start(const long *stack);

/* The stack at the start: how many arguments there are, then they, the program's name first, then NULL. */
_Noreturn void start(const long *stack)
{
	uint64_t now = counter();
	run((const char *const *)(stack + 2), now);
	if (!right) {
		print("work: something was not as it should be\n");
	}
	(void)system_call4(__NR_reboot, (long)LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, (long)LINUX_REBOOT_CMD_POWER_OFF, 0);
	exit_process();
}

__asm__(".global _start\n_start:\n\tmov x0, sp\n\tb start\n");
