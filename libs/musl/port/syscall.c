/*
 * What musl takes for the kernel: its system calls by Linux's numbers, answered
 * inside the process. Files come from the boot archive, memory from the heap region,
 * output goes to the log, time comes from the counter. What has no meaning here (signals,
 * users, other processes) is accepted where a program can't tell, and the rest is ENOSYS.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>

#include <sk/process.h>

#include "files.h"
#include "port.h"

enum {
	PROCESS_ID = 1,
	EXIT_BY_SIGNAL = 128,
	SIGNAL_SET_BYTES = 8,
};

static void *pointer(long word)
{
	return (void *)(uintptr_t)word;
}

static long write_bytes(int fd, long from, long bytes)
{
	struct iovec part = { .iov_base = pointer(from), .iov_len = (size_t)bytes };

	return port_write(fd, &part, 1);
}

static long read_bytes(int fd, long to, long bytes)
{
	struct iovec part = { .iov_base = pointer(to), .iov_len = (size_t)bytes };

	return port_read(fd, &part, 1);
}

static long identify_system(struct utsname *name)
{
	*name = (struct utsname){ .sysname = "Skink", .release = "1", .version = "1", .machine = "aarch64" };
	memcpy(name->nodename, sk_start()->name, SK_NAME_BYTES);
	return 0;
}

static long working_directory(char *to, size_t bytes)
{
	if (bytes < 2) {
		return -ERANGE;
	}
	to[0] = '/';
	to[1] = '\0';
	return 2;
}

/* No signal is ever blocked or pending. */
static long signal_mask(void *old)
{
	if (old != NULL) {
		memset(old, 0, SIGNAL_SET_BYTES);
	}
	return 0;
}

static long file_call(long number, long a, long b, long c, long d)
{
	int fd = (int)a;

	switch (number) {
	case SYS_openat:
		return files_open(pointer(b), (int)c);
	case SYS_close:
		return fd >= 0 && fd < FILES_FIRST ? 0 : files_close(fd);
	case SYS_lseek:
		return fd < FILES_FIRST ? -ESPIPE : files_seek(fd, b, (int)c);
	case SYS_read:
		return read_bytes(fd, b, c);
	case SYS_readv:
		return port_read(fd, pointer(b), (int)c);
	case SYS_pread64:
		return files_pread(fd, pointer(b), (size_t)c, d);
	case SYS_write:
		return write_bytes(fd, b, c);
	case SYS_writev:
		return port_write(fd, pointer(b), (int)c);
	case SYS_fstat:
		return port_stat(fd, "", pointer(b), 0);
	case SYS_newfstatat:
		return port_stat(fd, pointer(b), pointer(c), (int)d);
	case SYS_faccessat:
		return port_access(pointer(b), (int)c);
	case SYS_ioctl:
		return port_ioctl(fd, (unsigned long)b, pointer(c));
	case SYS_fcntl:
		return port_fcntl(fd, (int)b);
	case SYS_getcwd:
		return working_directory(pointer(a), (size_t)b);
	default:
		return -ENOSYS;
	}
}

static long memory_call(long number, long a, long b, long c, long d, long e)
{
	switch (number) {
	case SYS_mmap:
		return port_mmap((uintptr_t)a, (size_t)b, (int)c, (int)d, (int)e);
	case SYS_munmap:
		return port_munmap(pointer(a), (size_t)b);
	case SYS_madvise:
		return port_madvise(pointer(a), (size_t)b, (int)c);
	case SYS_mprotect:
		return 0; /* everything is readable and writable; a guard page is a wish */
	case SYS_brk:
		return 0; /* a break that can't be moved: musl's heap then uses mmap */
	default:
		return file_call(number, a, b, c, d);
	}
}

static long process_call(long number, long a, long b, long c, long d, long e)
{
	switch (number) {
	case SYS_exit:
	case SYS_exit_group:
		sk_exit((int)a, NULL);
	case SYS_kill:
	case SYS_tkill:
		sk_exit(EXIT_BY_SIGNAL + (int)b, "raise");
	case SYS_tgkill:
		sk_exit(EXIT_BY_SIGNAL + (int)c, "raise");
	case SYS_getpid:
		return PROCESS_ID;
	case SYS_gettid:
	case SYS_set_tid_address:
		return PROCESS_ID + (long)sk_thread_index();
	case SYS_getppid:
	case SYS_getuid:
	case SYS_geteuid:
	case SYS_getgid:
	case SYS_getegid:
	case SYS_set_robust_list:
	case SYS_rt_sigaction:
	case SYS_sched_yield:
		return 0;
	case SYS_rt_sigprocmask:
		return signal_mask(pointer(c));
	case SYS_futex:
		return port_futex(pointer(a), (int)b, (int)c);
	case SYS_uname:
		return identify_system(pointer(a));
	default:
		return memory_call(number, a, b, c, d, e);
	}
}

long sk_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	(void)f; /* mmap's offset: only files have one */
	switch (number) {
	case SYS_clock_gettime:
		return port_clock_gettime((clockid_t)a, pointer(b));
	case SYS_clock_getres:
		return port_clock_getres((clockid_t)a, pointer(b));
	case SYS_clock_nanosleep:
		return port_sleep((clockid_t)a, (int)b, pointer(c), pointer(d));
	case SYS_nanosleep:
		return port_sleep(CLOCK_MONOTONIC, 0, pointer(a), pointer(b));
	default:
		return process_call(number, a, b, c, d, e);
	}
}
