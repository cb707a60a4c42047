/*
 * Memory and text for a program that runs once: everything is taken from one
 * pool that is given back at exit, so no other module frees anything, and a
 * pointer into the syntax tree stays valid as long as the program runs.
 */
#ifndef IDLC_TEXT_H
#define IDLC_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed memory from the pool. Ends the program with status 1 when there is none. */
void *memory_take(size_t bytes);
void memory_release(void);

/* A growing text. All zero is an empty one; `bytes` ends in NUL once something was added. */
struct text {
	char *bytes;
	size_t length;
	size_t room;
};

void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_add_bytes(struct text *text, const char *bytes, size_t count);
void text_free(struct text *text);

/* Formatted text in the pool. */
const char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *text_copy(const char *bytes, size_t count);
const char *text_upper(const char *from);

/* Whether bytes are well-formed UTF-8 (no surrogates, nothing overlong) without control characters but tabs. */
bool text_is_utf8(const char *bytes, size_t count);

/* A growing list of pointers. All zero is an empty one. */
struct list {
	void **items;
	size_t count;
	size_t room;
};

void list_add(struct list *list, void *item);

static inline void *list_at(const struct list *list, size_t index)
{
	return list->items[index];
}

#endif
