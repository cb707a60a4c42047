/*
 * Descriptors 0 to 2 (no input, the log, the log) and what is asked about any descriptor or path.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <kstat.h> /* musl's own: the layout that its stat() reads */

#include <sk/log.h>

#include "files.h"
#include "port.h"

enum {
	COLUMNS = 80,
	ROWS = 24,
	BLOCK_BYTES = 512,
	STREAM_BLOCK_BYTES = 1024,
};

static bool is_stream(int fd)
{
	return fd >= 0 && fd < FILES_FIRST;
}

long port_read(int fd, const struct iovec *parts, int count)
{
	return fd == STDIN_FILENO ? 0 : files_readv(fd, parts, count);
}

long port_write(int fd, const struct iovec *parts, int count)
{
	size_t sum = 0;

	if (fd != STDOUT_FILENO && fd != STDERR_FILENO) {
		return -EBADF;
	}
	if (count < 0 || count > IOV_MAX) {
		return -EINVAL;
	}
	for (int i = 0; i < count; i++) {
		sk_log_write(parts[i].iov_base, parts[i].iov_len);
		sum += parts[i].iov_len;
	}
	return (long)sum;
}

/* The streams pass for a terminal, so that stdio writes a line when it is complete. */
long port_ioctl(int fd, unsigned long request, void *argument)
{
	if (!is_stream(fd) || request != TIOCGWINSZ) {
		return -ENOTTY;
	}
	*(struct winsize *)argument = (struct winsize){ .ws_row = ROWS, .ws_col = COLUMNS };
	return 0;
}

long port_fcntl(int fd, int command)
{
	struct sk_archive_file file;

	if (!is_stream(fd) && files_describe(fd, &file) != 0) {
		return -EBADF;
	}
	switch (command) {
	case F_GETFD:
	case F_SETFD:
		return 0;
	case F_GETFL:
		return fd == STDOUT_FILENO || fd == STDERR_FILENO ? O_WRONLY : O_RDONLY;
	default:
		return -EINVAL;
	}
}

static void fill_stat(struct kstat *stat, const struct sk_archive_file *file)
{
	*stat = (struct kstat){
		.st_ino = file->number,
		.st_mode = (mode_t)(file->mode & ~0222u), /* nobody can write */
		.st_nlink = 1,
		.st_size = (off_t)file->bytes,
		.st_blksize = BLOCK_BYTES,
		.st_blocks = (blkcnt_t)((file->bytes + BLOCK_BYTES - 1) / BLOCK_BYTES),
		.st_atime_sec = (long)file->modified,
		.st_mtime_sec = (long)file->modified,
		.st_ctime_sec = (long)file->modified,
	};
}

long port_stat(int fd, const char *path, void *kstat, int flags)
{
	struct sk_archive_file file;
	long status;

	(void)flags; /* there are no links to follow, and an empty path always means `fd` */
	if (path[0] == '\0' && is_stream(fd)) {
		*(struct kstat *)kstat = (struct kstat){
			.st_mode = S_IFCHR | 0600, .st_nlink = 1, .st_blksize = STREAM_BLOCK_BYTES
		};
		return 0;
	}
	status = path[0] == '\0' ? files_describe(fd, &file) : files_describe_path(path, &file);
	if (status == 0) {
		fill_stat(kstat, &file);
	}
	return status;
}

long port_access(const char *path, int mode)
{
	struct sk_archive_file file;
	long status = files_describe_path(path, &file);

	if (status == 0 && (mode & W_OK) != 0) {
		status = -EROFS;
	}
	return status;
}
