/*
 * A deterministic generator of random bytes: a 256-bit key, from which ChaCha20 makes
 * output, and which each use replaces ("fast key erasure"), so that who sees the state later can't tell what
 * came out before. What is mixed in is kept: the generator is at least as unpredictable as the best of it. It makes
 * no entropy of its own, and does not count how much it was given.
 *
 * Not thread-safe.
 */
#ifndef RANDOM_DRBG_H
#define RANDOM_DRBG_H

#include <stddef.h>
#include <stdint.h>

struct random_drbg {
	uint32_t key[8]; /* all zero: nothing was mixed in yet, and output is the same everywhere */
};

/* Mixes `bytes` bytes of input into the key: what they are decides about all further output. */
void random_drbg_mix(struct random_drbg *drbg, const void *input, size_t bytes);

/* Makes `bytes` bytes of output. */
void random_drbg_fill(struct random_drbg *drbg, void *output, size_t bytes);

#endif
