/*
 * ChaCha20's block function (RFC 8439, section 2.3): 64 bytes of key stream.
 */
#ifndef RANDOM_CHACHA20_H
#define RANDOM_CHACHA20_H

#include <stdint.h>

/* Of a key; of a block, in 32-bit words. */
#define CHACHA20_KEY_BYTES 32u
#define CHACHA20_BLOCK_WORDS 16u

/*
 * `tail` are the state's last four words: the block counter and the nonce. Words are the machine's own: in the
 * RFC's octets they are little-endian.
 */
void chacha20_block(const uint32_t key[8], const uint32_t tail[4], uint32_t out[CHACHA20_BLOCK_WORDS]);

#endif
