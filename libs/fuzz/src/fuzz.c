/* The input, and the memory of a harness. */
#include <fuzz/fuzz.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "hooks.h"

#define PAGE 4096u
#define GUARD (1u << 24) /* on each side: an index that is wrong by far faults too */
#define SLOTS 4u

static const uint8_t *at;
static size_t left;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	at = data;
	left = bytes;
	hooks_forget();
	fuzz_one();
	return 0;
}

void fuzz_fail(const char *file, int line, const char *what)
{
	(void)fprintf(stderr, "%s:%d: expected: %s\n", file, line, what);
	abort();
}

bool fuzz_more(void)
{
	return left != 0;
}

void fuzz_bytes(void *to, size_t bytes)
{
	size_t there = bytes < left ? bytes : left;

	memset(to, 0, bytes);
	if (there != 0) {
		memcpy(to, at, there);
	}
	at += there;
	left -= there;
}

uint8_t fuzz_u8(void)
{
	uint8_t value;

	fuzz_bytes(&value, sizeof(value));
	return value;
}

uint16_t fuzz_u16(void)
{
	uint16_t value;

	fuzz_bytes(&value, sizeof(value));
	return value;
}

uint32_t fuzz_u32(void)
{
	uint32_t value;

	fuzz_bytes(&value, sizeof(value));
	return value;
}

uint64_t fuzz_u64(void)
{
	uint64_t value;

	fuzz_bytes(&value, sizeof(value));
	return value;
}

uint32_t fuzz_below(uint32_t limit)
{
	if (limit <= 1) {
		return 0;
	}
	if (limit <= 0x100) {
		return fuzz_u8() % limit;
	}
	return limit <= 0x10000 ? fuzz_u16() % limit : fuzz_u32() % limit;
}

/* The highest values: a mutation that adds bytes, and an input that ends, give the usual case. */
bool fuzz_once_in(uint32_t many)
{
	return fuzz_below(many) == many - 1;
}

uint64_t fuzz_edge(void)
{
	uint8_t kind = fuzz_u8();
	uint64_t near = (uint64_t)(int64_t)(int8_t)fuzz_u8();

	switch (kind % 4u) {
	case 0:
		return kind / 4u;
	case 1:
		return (1ull << (kind / 4u)) + near;
	case 2:
		return (kind & 4u) != 0 ? near : fuzz_u16();
	default:
		return (kind & 4u) != 0 ? fuzz_u32() : fuzz_u64();
	}
}

const uint8_t *fuzz_rest(size_t *bytes)
{
	const uint8_t *rest = at;

	*bytes = left;
	at += left;
	left = 0;
	return rest;
}

uint8_t *fuzz_pages(uint32_t slot, size_t bytes)
{
	static uint8_t *pages[SLOTS];

	FUZZ_EXPECT(slot < SLOTS && bytes % PAGE == 0);
	if (pages[slot] == NULL) {
		uint8_t *all = mmap(NULL, bytes + 2 * GUARD, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		FUZZ_EXPECT(all != MAP_FAILED && mprotect(all + GUARD, bytes, PROT_READ | PROT_WRITE) == 0);
		pages[slot] = all + GUARD;
	}
	return pages[slot];
}
