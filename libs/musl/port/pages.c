/*
 * The page allocator (see pages.h). A process's heap is small (tens to hundreds of
 * pages), so a search by bits is shorter than any structure kept for it.
 */
#include <string.h>

#include "pages.h"

enum { WORD_BITS = 64 };

static bool is_taken(const struct pages *pages, size_t page)
{
	return (pages->taken[page / WORD_BITS] >> page % WORD_BITS & 1) != 0;
}

static void mark(struct pages *pages, size_t first, size_t count, bool taken)
{
	for (size_t page = first; page < first + count; page++) {
		uint64_t bit = 1ull << page % WORD_BITS;
		if (taken) {
			pages->taken[page / WORD_BITS] |= bit;
		} else {
			pages->taken[page / WORD_BITS] &= ~bit;
		}
	}
}

void pages_open(struct pages *pages, void *memory, size_t bytes)
{
	size_t all = bytes / PAGES_BYTES;
	size_t bitmap_bytes = (all + WORD_BITS - 1) / WORD_BITS * sizeof(uint64_t);
	size_t bitmap_pages = (bitmap_bytes + PAGES_BYTES - 1) / PAGES_BYTES;

	*pages = (struct pages){ .base = memory };
	if (all <= bitmap_pages) {
		return;
	}
	memset(memory, 0, bitmap_bytes);
	pages->taken = memory;
	pages->base = (uint8_t *)memory + bitmap_pages * PAGES_BYTES;
	pages->count = all - bitmap_pages;
	pages->free = pages->count;
}

/* The first of `count` free pages in a row at `from` or above; pages->count if there are none. */
static size_t find_run(const struct pages *pages, size_t from, size_t count)
{
	size_t run = 0;

	for (size_t page = from; page < pages->count; page++) {
		if (run == 0 && page % WORD_BITS == 0 && pages->taken[page / WORD_BITS] == UINT64_MAX) {
			page += WORD_BITS - 1;
			continue;
		}
		run = is_taken(pages, page) ? 0 : run + 1;
		if (run == count) {
			return page + 1 - count;
		}
	}
	return pages->count;
}

void *pages_take(struct pages *pages, size_t count)
{
	if (count == 0 || count > pages->free) {
		return NULL;
	}

	size_t first = find_run(pages, pages->low, count);

	if (first == pages->count) {
		return NULL;
	}
	mark(pages, first, count, true);
	pages->free -= count;
	if (first == pages->low) {
		pages->low = first + count;
	}

	void *at = pages->base + first * PAGES_BYTES;

	memset(at, 0, count * PAGES_BYTES);
	return at;
}

bool pages_give(struct pages *pages, const void *at, size_t count)
{
	uintptr_t base = (uintptr_t)pages->base;
	uintptr_t address = (uintptr_t)at;

	if (address < base || (address - base) % PAGES_BYTES != 0) {
		return false;
	}

	size_t first = (address - base) / PAGES_BYTES;

	if (count == 0 || first >= pages->count || count > pages->count - first) {
		return false;
	}
	for (size_t page = first; page < first + count; page++) {
		if (!is_taken(pages, page)) {
			return false;
		}
	}
	mark(pages, first, count, false);
	pages->free += count;
	if (first < pages->low) {
		pages->low = first;
	}
	return true;
}
