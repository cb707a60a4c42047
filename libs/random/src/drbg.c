/*
 * Two uses of ChaCha20, told apart by the nonce: a mixing step takes one block with the input xored into the key,
 * an output takes as many as it needs, the first one's half for the next key.
 */
#include <string.h>

#include <random/chacha20.h>
#include <random/drbg.h>

#define NONCE_MIX 1u
#define NONCE_OUTPUT 2u

/* The first half of `block` is the key from now on. */
static void take_key(struct random_drbg *drbg, uint32_t block[CHACHA20_BLOCK_WORDS])
{
	memcpy(drbg->key, block, sizeof(drbg->key));
	memset(block, 0, CHACHA20_BLOCK_WORDS * sizeof(*block));
}

/* One step takes up to 32 bytes; their number goes in too, so that no input is another one with zeroes behind it. */
static void mix_piece(struct random_drbg *drbg, const uint8_t *input, uint32_t bytes)
{
	const uint32_t tail[4] = { bytes, NONCE_MIX, 0, 0 };
	uint32_t block[CHACHA20_BLOCK_WORDS];
	uint32_t words[8] = { 0 };

	memcpy(words, input, bytes);
	for (uint32_t i = 0; i < 8; i++) {
		drbg->key[i] ^= words[i];
	}
	chacha20_block(drbg->key, tail, block);
	take_key(drbg, block);
}

void random_drbg_mix(struct random_drbg *drbg, const void *input, size_t bytes)
{
	const uint8_t *at = input;

	while (bytes != 0) {
		uint32_t piece = bytes < CHACHA20_KEY_BYTES ? (uint32_t)bytes : CHACHA20_KEY_BYTES;

		mix_piece(drbg, at, piece);
		at += piece;
		bytes -= piece;
	}
}

void random_drbg_fill(struct random_drbg *drbg, void *output, size_t bytes)
{
	uint32_t tail[4] = { 0, NONCE_OUTPUT, 0, 0 };
	uint32_t next[CHACHA20_BLOCK_WORDS];
	uint32_t block[CHACHA20_BLOCK_WORDS];
	uint8_t *at = output;

	chacha20_block(drbg->key, tail, next);
	while (bytes != 0) {
		size_t piece = bytes < sizeof(block) ? bytes : sizeof(block);

		tail[0]++;
		chacha20_block(drbg->key, tail, block);
		memcpy(at, block, piece);
		at += piece;
		bytes -= piece;
	}
	memset(block, 0, sizeof(block));
	take_key(drbg, next);
}
