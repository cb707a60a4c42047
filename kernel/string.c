/*
 * The few functions that the compiler and freestanding code expect of a C
 * library. Words where both sides allow it: the kernel copies messages and
 * supervisor segments, nothing on the way of an exit.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* What is copied at once, as long as there is so much. */
typedef struct { uint64_t words[8]; } block;
#define BLOCK sizeof(block)

static int words(const void *a, const void *b)
{
	return (((uintptr_t)a | (uintptr_t)b) & 7u) == 0;
}

void *memcpy(void *restrict target, const void *restrict source, size_t bytes)
{
	uint8_t *to = target;
	const uint8_t *from = source;
	if (words(to, from)) {
		for (; bytes >= BLOCK; bytes -= BLOCK, to += BLOCK, from += BLOCK) {
			*(block *)(void *)to = *(const block *)(const void *)from;
		}
		for (; bytes >= 8; bytes -= 8, to += 8, from += 8) {
			*(uint64_t *)(void *)to = *(const uint64_t *)(const void *)from;
		}
	}
	for (; bytes != 0; bytes--) {
		*to++ = *from++;
	}
	return target;
}

void *memset(void *target, int value, size_t bytes)
{
	uint8_t *to = target;
	uint64_t pattern = (uint8_t)value * 0x0101010101010101ull;
	if (words(to, to)) {
		for (; bytes >= 8; bytes -= 8, to += 8) {
			*(uint64_t *)(void *)to = pattern;
		}
	}
	for (; bytes != 0; bytes--) {
		*to++ = (uint8_t)value;
	}
	return target;
}
