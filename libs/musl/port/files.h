/*
 * Open files: the boot archive's, read-only. Descriptors 0 to 2 are the
 * process's input and log and never in this table. All functions return a negative
 * errno on failure, as a system call does, and may be called from every thread.
 */
#ifndef SK_PORT_FILES_H
#define SK_PORT_FILES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include <sk/archive.h>

#define FILES_FIRST 3 /* lowest descriptor */
#define FILES_MAX 16  /* open at the same time */

/* `flags`: open()'s; only reading is possible (EROFS). ENOENT, EMFILE; EIO: the archive is damaged. */
long files_open(const char *path, int flags);
long files_close(int fd);
long files_read(int fd, void *to, size_t bytes);
long files_readv(int fd, const struct iovec *parts, int count);
long files_pread(int fd, void *to, size_t bytes, int64_t offset);
long files_seek(int fd, int64_t offset, int whence);

/* What stat() tells, of an open file and by name. */
long files_describe(int fd, struct sk_archive_file *file);
long files_describe_path(const char *path, struct sk_archive_file *file);

#endif
