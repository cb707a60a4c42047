/*
 * The table of open files (see files.h). A read is a copy out of the archive; nothing blocks, so a spin
 * lock covers each operation.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <sk/spin.h>

#include "files.h"

#define TYPE_MASK 0170000u
#define TYPE_DIRECTORY 0040000u

struct open_file {
	bool used;
	struct sk_archive_file file;
	uint64_t position;
};

static struct sk_spin lock;
static struct open_file table[FILES_MAX];

/* With the lock held. */
static struct open_file *find(int fd)
{
	if (fd < FILES_FIRST || fd >= FILES_FIRST + FILES_MAX || !table[fd - FILES_FIRST].used) {
		return NULL;
	}
	return &table[fd - FILES_FIRST];
}

long files_describe_path(const char *path, struct sk_archive_file *file)
{
	struct sk_archive archive = sk_archive_granted();

	switch (sk_archive_find(&archive, path, file)) {
	case SK_ARCHIVE_FILE:
		return 0;
	case SK_ARCHIVE_DAMAGED:
		return -EIO;
	default:
		return -ENOENT;
	}
}

/* With the lock held. */
static long occupy(const struct sk_archive_file *file)
{
	for (int i = 0; i < FILES_MAX; i++) {
		if (!table[i].used) {
			table[i] = (struct open_file){ .used = true, .file = *file };
			return FILES_FIRST + i;
		}
	}
	return -EMFILE;
}

long files_open(const char *path, int flags)
{
	struct sk_archive_file file;
	long status = files_describe_path(path, &file);

	if (status == -ENOENT && (flags & O_CREAT) != 0) {
		return -EROFS;
	}
	if (status != 0) {
		return status;
	}
	if ((flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC) != 0) {
		return -EROFS;
	}
	if ((flags & O_DIRECTORY) != 0 && (file.mode & TYPE_MASK) != TYPE_DIRECTORY) {
		return -ENOTDIR;
	}
	sk_spin_lock(&lock);
	status = occupy(&file);
	sk_spin_unlock(&lock);
	return status;
}

long files_close(int fd)
{
	sk_spin_lock(&lock);

	struct open_file *open = find(fd);

	if (open != NULL) {
		open->used = false;
	}
	sk_spin_unlock(&lock);
	return open == NULL ? -EBADF : 0;
}

static long copy_from(const struct open_file *open, uint64_t position, void *to, size_t bytes)
{
	if ((open->file.mode & TYPE_MASK) == TYPE_DIRECTORY) {
		return -EISDIR;
	}
	if (position >= open->file.bytes || bytes == 0) {
		return 0;
	}

	uint64_t left = open->file.bytes - position;
	size_t count = bytes < left ? bytes : (size_t)left;

	memcpy(to, open->file.data + position, count);
	return (long)count;
}

/* With the lock held. */
static long read_on(struct open_file *open, void *to, size_t bytes)
{
	long count = copy_from(open, open->position, to, bytes);

	if (count > 0) {
		open->position += (uint64_t)count;
	}
	return count;
}

long files_read(int fd, void *to, size_t bytes)
{
	sk_spin_lock(&lock);

	struct open_file *open = find(fd);
	long count = open == NULL ? -EBADF : read_on(open, to, bytes);

	sk_spin_unlock(&lock);
	return count;
}

/* With the lock held. */
static long read_parts(struct open_file *open, const struct iovec *parts, int parts_count)
{
	long sum = 0;

	for (int i = 0; i < parts_count; i++) {
		long count = read_on(open, parts[i].iov_base, parts[i].iov_len);
		if (count < 0) {
			return count;
		}
		sum += count;
		if ((size_t)count < parts[i].iov_len) {
			break;
		}
	}
	return sum;
}

long files_readv(int fd, const struct iovec *parts, int count)
{
	if (count < 0 || count > IOV_MAX) {
		return -EINVAL;
	}
	sk_spin_lock(&lock);

	struct open_file *open = find(fd);
	long sum = open == NULL ? -EBADF : read_parts(open, parts, count);

	sk_spin_unlock(&lock);
	return sum;
}

long files_pread(int fd, void *to, size_t bytes, int64_t offset)
{
	if (offset < 0) {
		return -EINVAL;
	}
	sk_spin_lock(&lock);

	struct open_file *open = find(fd);
	long count = open == NULL ? -EBADF : copy_from(open, (uint64_t)offset, to, bytes);

	sk_spin_unlock(&lock);
	return count;
}

/* With the lock held. */
static long move_to(struct open_file *open, int64_t offset, int whence)
{
	int64_t base = 0;

	if (whence == SEEK_CUR) {
		base = (int64_t)open->position;
	} else if (whence == SEEK_END) {
		base = (int64_t)open->file.bytes;
	} else if (whence != SEEK_SET) {
		return -EINVAL;
	}

	int64_t position;

	if (__builtin_add_overflow(base, offset, &position)) {
		return -EOVERFLOW;
	}
	if (position < 0) {
		return -EINVAL;
	}
	open->position = (uint64_t)position;
	return position;
}

long files_seek(int fd, int64_t offset, int whence)
{
	sk_spin_lock(&lock);

	struct open_file *open = find(fd);
	long position = open == NULL ? -EBADF : move_to(open, offset, whence);

	sk_spin_unlock(&lock);
	return position;
}

long files_describe(int fd, struct sk_archive_file *file)
{
	sk_spin_lock(&lock);

	struct open_file *open = find(fd);

	if (open != NULL) {
		*file = open->file;
	}
	sk_spin_unlock(&lock);
	return open == NULL ? -EBADF : 0;
}
