/* The pool is a chain of blocks; texts that grow outside it are the output buffers only. */
#include "text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES ((size_t)64 * 1024)

struct block {
	struct block *next;
	size_t used;
	size_t room;
	_Alignas(16) unsigned char bytes[];
};

static struct block *pool;

static void out_of_memory(void)
{
	fputs("idlc: out of memory\n", stderr);
	exit(1);
}

void *memory_take(size_t bytes)
{
	size_t need = (bytes + 15u) & ~(size_t)15u;
	if (pool == NULL || pool->room - pool->used < need) {
		size_t room = need > BLOCK_BYTES ? need : BLOCK_BYTES;
		struct block *block = calloc(1, sizeof(*block) + room);
		if (block == NULL) {
			out_of_memory();
		}
		block->next = pool;
		block->room = room;
		pool = block;
	}
	void *taken = pool->bytes + pool->used;
	pool->used += need;
	return taken;
}

void memory_release(void)
{
	while (pool != NULL) {
		struct block *next = pool->next;
		free(pool);
		pool = next;
	}
}

static void text_make_room(struct text *text, size_t more)
{
	if (text->room - text->length > more) {
		return;
	}
	size_t room = text->room == 0 ? 256 : text->room;
	while (room - text->length <= more) {
		room *= 2;
	}
	char *grown = realloc(text->bytes, room);
	if (grown == NULL) {
		out_of_memory();
	}
	text->bytes = grown;
	text->room = room;
}

void text_add_bytes(struct text *text, const char *bytes, size_t count)
{
	text_make_room(text, count);
	memcpy(text->bytes + text->length, bytes, count);
	text->length += count;
	text->bytes[text->length] = '\0';
}

static void text_add_va(struct text *text, const char *format, va_list arguments)
{
	va_list again;
	va_copy(again, arguments);
	int need = vsnprintf(NULL, 0, format, arguments);
	text_make_room(text, (size_t)need);
	vsnprintf(text->bytes + text->length, (size_t)need + 1, format, again);
	text->length += (size_t)need;
	va_end(again);
}

void text_add(struct text *text, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	text_add_va(text, format, arguments);
	va_end(arguments);
}

void text_free(struct text *text)
{
	free(text->bytes);
	*text = (struct text){0};
}

const char *text_copy(const char *bytes, size_t count)
{
	char *copy = memory_take(count + 1);
	memcpy(copy, bytes, count);
	return copy;
}

const char *text_format(const char *format, ...)
{
	struct text text = {0};
	va_list arguments;
	va_start(arguments, format);
	text_add_va(&text, format, arguments);
	va_end(arguments);
	const char *copy = text_copy(text.bytes, text.length);
	text_free(&text);
	return copy;
}

const char *text_upper(const char *from)
{
	size_t length = strlen(from);
	char *copy = memory_take(length + 1);
	for (size_t i = 0; i < length; i++) {
		copy[i] = (char)toupper((unsigned char)from[i]);
	}
	return copy;
}

void list_add(struct list *list, void *item)
{
	if (list->count == list->room) {
		size_t room = list->room == 0 ? 8 : list->room * 2;
		void **items = memory_take(room * sizeof(*items));
		if (list->count != 0) {
			memcpy(items, list->items, list->count * sizeof(*items));
		}
		list->items = items;
		list->room = room;
	}
	list->items[list->count] = item;
	list->count++;
}
