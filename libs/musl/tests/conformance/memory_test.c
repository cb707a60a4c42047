/*
 * The heap: contents survive, nothing overlaps, everything comes back.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

enum {
	BLOCKS = 40,
	BLOCK_MAX = 700,
	STEPS = 3000,
};

struct block {
	unsigned char *at;
	size_t bytes;
	unsigned char mark;
};

static struct block blocks[BLOCKS];
static uint32_t state;

static uint32_t next_random(void)
{
	state = state * 1664525u + 1013904223u;
	return state >> 8;
}

static bool intact(const struct block *block)
{
	for (size_t i = 0; i < block->bytes; i++) {
		if (block->at[i] != block->mark) {
			return false;
		}
	}
	return true;
}

static void mark(struct block *block)
{
	block->mark = (unsigned char)next_random();
	memset(block->at, block->mark, block->bytes);
}

static void resize(struct block *block)
{
	size_t bytes = next_random() % BLOCK_MAX + 1;
	unsigned char *at = realloc(block->at, bytes);

	if (at == NULL) {
		return;
	}
	block->at = at;
	block->bytes = bytes < block->bytes ? bytes : block->bytes;
	CHECK(intact(block));
	block->bytes = bytes;
	mark(block);
}

static void step(struct block *block)
{
	switch (next_random() % 3) {
	case 0:
		CHECK(intact(block));
		free(block->at);
		*block = (struct block){ .at = NULL };
		break;
	case 1:
		resize(block);
		break;
	default:
		CHECK(intact(block));
		break;
	}
	if (block->at == NULL) {
		block->bytes = next_random() % BLOCK_MAX + 1;
		block->at = malloc(block->bytes);
		CHECK(block->at != NULL && (uintptr_t)block->at % 16 == 0);
		if (block->at == NULL) {
			block->bytes = 0;
			return;
		}
		mark(block);
	}
}

static void stress(void)
{
	state = 1;
	for (unsigned i = 0; i < STEPS; i++) {
		step(&blocks[next_random() % BLOCKS]);
	}
	for (unsigned i = 0; i < BLOCKS; i++) {
		CHECK(intact(&blocks[i]));
		free(blocks[i].at);
	}
}

static void zeroed(void)
{
	unsigned char *dirty = malloc(600);

	CHECK(dirty != NULL);
	if (dirty != NULL) {
		memset(dirty, 0xff, 600);
	}
	free(dirty);

	unsigned char *clean = calloc(6, 100);

	CHECK(clean != NULL && clean[0] == 0 && memcmp(clean, clean + 1, 599) == 0);
	free(clean);
}

static void aligned(void)
{
	void *at = aligned_alloc(1024, 2048);

	CHECK(at != NULL && (uintptr_t)at % 1024 == 0);
	free(at);
}

/* Sizes the compiler can't see, for it would refuse them itself. */
static volatile size_t huge = SIZE_MAX;

static void exhausted(void)
{
	errno = 0;
	CHECK(malloc(huge - 4096) == NULL && errno == ENOMEM);
	CHECK(calloc(huge / 2, 4) == NULL);
	CHECK(malloc((size_t)1 << 40) == NULL);

	void *at = malloc(16);

	CHECK(at != NULL);
	CHECK(realloc(at, huge - 4096) == NULL);
	free(at);
	free(NULL);
}

/* A large block comes and goes as often as it likes. */
static void returned(void)
{
	size_t bytes = 128 * 1024;

	while (bytes > 4096) {
		void *at = malloc(bytes);
		if (at != NULL) {
			free(at);
			break;
		}
		bytes /= 2;
	}
	for (unsigned i = 0; i < 100; i++) {
		unsigned char *at = malloc(bytes);
		CHECK(at != NULL);
		if (at == NULL) {
			return;
		}
		at[0] = 1;
		at[bytes - 1] = 2;
		free(at);
	}
}

void check_memory(void)
{
	static const struct check_case cases[] = {
		{ "blocks keep their contents under stress", stress },
		{ "calloc clears", zeroed },
		{ "aligned_alloc aligns", aligned },
		{ "what can't be had is refused", exhausted },
		{ "memory comes back", returned },
	};

	CHECK_CASES("memory", cases);
}
