/* Every method of idl/kernel.idl by its tag, for the suites that try arguments wholesale. */
#ifndef METHODS_H
#define METHODS_H

#include <stdbool.h>
#include <stdint.h>

struct method {
	uint32_t tag;
	bool words_only; /* does not end, stop or switch off anything that others need */
};

extern const struct method methods[];
extern const uint32_t method_count;

/* Numbers that programs get wrong: around powers of two, negative, misaligned. */
extern const uint64_t nasty_numbers[];
extern const uint32_t nasty_count;

#endif
