/*
 * What every part of the host tool uses: exit statuses, growing byte buffers,
 * files, and ending with a message. The tool ends on the first thing that makes
 * going on pointless; nothing has been started by then but what `cleanup` ends.
 */
#ifndef TOOL_H
#define TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit statuses, as build/run documents them. */
enum tool_status {
	TOOL_OK = 0,
	TOOL_FAILED = 1,    /* of the machine that the tool runs on: a missing program, a full disk */
	TOOL_BAD_INPUT = 2, /* arguments, manifest, images */
	TOOL_TIMEOUT = 3,
	TOOL_CRASHED = 4, /* a VM, or a server that could not be restarted */
	TOOL_PANIC = 5,	  /* the kernel's */
};

struct bytes {
	uint8_t *data; /* NULL while empty; aligned for any type */
	size_t size;
	size_t capacity;
};

/* Prints "skink: …" on standard error and exits. */
void fatal(enum tool_status status, const char *format, ...) __attribute__((format(printf, 2, 3), noreturn));
/* Prints "skink: …" on standard error. */
void notice(const char *format, ...) __attribute__((format(printf, 1, 2)));

void bytes_append(struct bytes *bytes, const void *data, size_t size);
/* Zero bytes up to the next multiple of `align`, a power of two. */
void bytes_align(struct bytes *bytes, size_t align);
void bytes_zeroes(struct bytes *bytes, size_t size);
void bytes_text(struct bytes *bytes, const char *text); /* without its NUL */
void bytes_free(struct bytes *bytes);

/* A new string; ends the tool when there is no memory. */
char *text_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The whole file, of at most `max` bytes. On false errno tells why (EFBIG: larger; EISDIR). */
bool file_read(const char *path, size_t max, struct bytes *bytes);
/* Replaces the file at once, or leaves it as it was and ends the tool. */
void file_write(const char *path, const struct bytes *bytes);

/*
 * Runs a program found by PATH with `input` (may be NULL) on its standard input and collects what it
 * prints. Returns its exit status; 127 if it could not be started, 128 + n if signal n ended it.
 */
int program_run(const char *const argv[], const struct bytes *input, struct bytes *output, struct bytes *errors);

#endif
