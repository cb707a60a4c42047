/*
 * The pages behind malloc and mmap: a process's heap region, handed out in runs
 * of pages, first fit. One bit a page, at the region's own start. Not locked: the
 * caller serialises.
 */
#ifndef SK_PORT_PAGES_H
#define SK_PORT_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGES_BYTES 4096u

struct pages {
	uint8_t *base;   /* of page 0 */
	size_t count;
	uint64_t *taken; /* a bit a page */
	size_t low;      /* no page below this one is free */
	size_t free;
};

/* `memory` is page-aligned; its first page(s) become the bitmap. Less than two pages: nothing to give. */
void pages_open(struct pages *pages, void *memory, size_t bytes);

/* `count` zeroed pages in a row, or NULL. */
void *pages_take(struct pages *pages, size_t count);

/* Gives back `count` pages at `at`, any part of what was taken. False, and nothing changed, if one of them is not taken. */
bool pages_give(struct pages *pages, const void *at, size_t count);

#endif
