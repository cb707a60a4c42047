/* See tool.h. */
#define _GNU_SOURCE /* vasprintf */
#include "tool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void print_line(const char *format, va_list arguments)
{
	fputs("skink: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
}

void fatal(enum tool_status status, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	print_line(format, arguments);
	va_end(arguments);
	exit((int)status);
}

void notice(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	print_line(format, arguments);
	va_end(arguments);
}

static void bytes_grow(struct bytes *bytes, size_t size)
{
	if (size <= bytes->capacity - bytes->size) {
		return;
	}
	size_t capacity = bytes->capacity < 4096 ? 4096 : bytes->capacity;
	while (capacity - bytes->size < size) {
		if (capacity > SIZE_MAX / 2) {
			fatal(TOOL_FAILED, "out of memory");
		}
		capacity *= 2;
	}
	uint8_t *data = realloc(bytes->data, capacity);
	if (data == NULL) {
		fatal(TOOL_FAILED, "out of memory (%zu bytes were wanted)", capacity);
	}
	bytes->data = data;
	bytes->capacity = capacity;
}

void bytes_append(struct bytes *bytes, const void *data, size_t size)
{
	bytes_grow(bytes, size);
	if (size != 0) {
		memcpy(bytes->data + bytes->size, data, size);
	}
	bytes->size += size;
}

void bytes_zeroes(struct bytes *bytes, size_t size)
{
	bytes_grow(bytes, size);
	if (size != 0) {
		memset(bytes->data + bytes->size, 0, size);
	}
	bytes->size += size;
}

void bytes_align(struct bytes *bytes, size_t align)
{
	bytes_zeroes(bytes, (align - bytes->size % align) % align);
}

void bytes_text(struct bytes *bytes, const char *text)
{
	bytes_append(bytes, text, strlen(text));
}

void bytes_free(struct bytes *bytes)
{
	free(bytes->data);
	*bytes = (struct bytes){ 0 };
}

char *text_print(const char *format, ...)
{
	char *text = NULL;
	va_list arguments;
	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0) {
		fatal(TOOL_FAILED, "out of memory");
	}
	va_end(arguments);
	return text;
}

static bool file_read_open(int file, size_t max, struct bytes *bytes)
{
	struct stat info;
	if (fstat(file, &info) != 0) {
		return false;
	}
	if (S_ISDIR(info.st_mode)) {
		errno = EISDIR;
		return false;
	}
	uint8_t piece[65536];
	for (;;) {
		ssize_t n = read(file, piece, sizeof(piece));
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			return n == 0;
		}
		if ((size_t)n > max - bytes->size) {
			errno = EFBIG;
			return false;
		}
		bytes_append(bytes, piece, (size_t)n);
	}
}

bool file_read(const char *path, size_t max, struct bytes *bytes)
{
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (file < 0) {
		return false;
	}
	*bytes = (struct bytes){ 0 };
	bool good = file_read_open(file, max, bytes);
	int why = errno;
	close(file);
	if (!good) {
		bytes_free(bytes);
	}
	errno = why;
	return good;
}

void file_write(const char *path, const struct bytes *bytes)
{
	char *scratch = text_print("%s.new", path);
	FILE *file = fopen(scratch, "wbe");
	bool good = file != NULL && fwrite(bytes->data, 1, bytes->size, file) == bytes->size;
	if (file != NULL && fclose(file) != 0) {
		good = false;
	}
	if (!good || rename(scratch, path) != 0) {
		int why = errno;
		unlink(scratch);
		fatal(TOOL_FAILED, "can't write '%s': %s", path, strerror(why));
	}
	free(scratch);
}
