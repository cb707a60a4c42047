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

/* Bytes that follow a lead byte, and the smallest code point that may need them; -1: no lead byte. */
static int utf8_followers(unsigned char lead, uint32_t *least)
{
	if (lead >= 0xc2 && lead <= 0xdf) {
		*least = 0x80;
		return 1;
	}
	if (lead >= 0xe0 && lead <= 0xef) {
		*least = 0x800;
		return 2;
	}
	if (lead >= 0xf0 && lead <= 0xf4) {
		*least = 0x10000;
		return 3;
	}
	*least = 0;
	return lead < 0x80 && (lead >= 0x20 || lead == '\t') && lead != 0x7f ? 0 : -1;
}

bool text_is_utf8(const char *bytes, size_t count)
{
	size_t i = 0;
	while (i < count) {
		uint32_t least;
		unsigned char lead = (unsigned char)bytes[i];
		int followers = utf8_followers(lead, &least);
		if (followers < 0 || count - i <= (size_t)followers) {
			return false;
		}
		uint32_t code = followers == 0 ? lead : lead & (0x3fu >> followers);
		for (int j = 1; j <= followers; j++) {
			unsigned char next = (unsigned char)bytes[i + (size_t)j];
			if ((next & 0xc0) != 0x80) {
				return false;
			}
			code = code << 6 | (next & 0x3f);
		}
		if (code < least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
			return false;
		}
		i += (size_t)followers + 1;
	}
	return true;
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
