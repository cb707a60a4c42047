/*
 * The parts of the system-call layer beneath syscall.c, by subject. Each returns
 * what Linux's call of that name does: a result or a negative errno.
 */
#ifndef SK_PORT_H
#define SK_PORT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>
#include <time.h>

#include "syscall_arch.h" /* sk_syscall, as musl sees it */

/* memory.c: anonymous, private, wherever there is room. */
long port_mmap(uintptr_t wanted, size_t bytes, int protection, int flags, int fd);
long port_munmap(void *at, size_t bytes);
long port_madvise(void *at, size_t bytes, int advice);

/* streams.c: descriptors 0 to 2 and, beyond, files.c. */
long port_read(int fd, const struct iovec *parts, int count);
long port_write(int fd, const struct iovec *parts, int count);
long port_ioctl(int fd, unsigned long request, void *argument);
long port_fcntl(int fd, int command);
long port_stat(int fd, const char *path, void *kstat, int flags);
long port_access(const char *path, int mode);

/* clock.c: one clock, ns since the machine's counter started. */
long port_clock_gettime(clockid_t clock, struct timespec *now);
long port_clock_getres(clockid_t clock, struct timespec *resolution);
long port_sleep(clockid_t clock, int flags, const struct timespec *request, struct timespec *remaining);

/* futex.c */
long port_futex(const int *word, int operation, int value);

#endif
