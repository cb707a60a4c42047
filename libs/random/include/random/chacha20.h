/*
 * ChaCha20's block function (RFC 8439, section 2.3): 64 bytes of key stream.
 */
#ifndef RANDOM_CHACHA20_H
#define RANDOM_CHACHA20_H

#include <stdint.h>

#define CHACHA20_KEY_BYTES 32u
#define CHACHA20_BLOCK_BYTES 64u

/* `key` is eight little-endian words; `tail` are the state's last four: the block counter and the nonce. */
void chacha20_block(const uint32_t key[8], const uint32_t tail[4], uint8_t out[CHACHA20_BLOCK_BYTES]);

#endif
