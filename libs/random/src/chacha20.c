/*
 * The sixteen words stay in registers: their numbers are constants once the quarter rounds are part of the loop.
 */
#include <random/chacha20.h>

#define DOUBLE_ROUNDS 10u

static inline uint32_t rotate(uint32_t word, uint32_t by)
{
	return word << by | word >> (32u - by);
}

__attribute__((always_inline)) static inline void quarter_round(uint32_t *s, uint32_t a, uint32_t b, uint32_t c,
								 uint32_t d)
{
	s[a] += s[b];
	s[d] = rotate(s[d] ^ s[a], 16);
	s[c] += s[d];
	s[b] = rotate(s[b] ^ s[c], 12);
	s[a] += s[b];
	s[d] = rotate(s[d] ^ s[a], 8);
	s[c] += s[d];
	s[b] = rotate(s[b] ^ s[c], 7);
}

void chacha20_block(const uint32_t key[8], const uint32_t tail[4], uint32_t out[CHACHA20_BLOCK_WORDS])
{
	/* "expand 32-byte k" */
	const uint32_t start[CHACHA20_BLOCK_WORDS] = {
		0x61707865u, 0x3320646eu, 0x79622d32u, 0x6b206574u, key[0], key[1], key[2], key[3],
		key[4], key[5], key[6], key[7], tail[0], tail[1], tail[2], tail[3],
	};
	uint32_t s[CHACHA20_BLOCK_WORDS] = {
		start[0], start[1], start[2], start[3], start[4], start[5], start[6], start[7],
		start[8], start[9], start[10], start[11], start[12], start[13], start[14], start[15],
	};

	for (uint32_t i = 0; i < DOUBLE_ROUNDS; i++) {
		quarter_round(s, 0, 4, 8, 12);
		quarter_round(s, 1, 5, 9, 13);
		quarter_round(s, 2, 6, 10, 14);
		quarter_round(s, 3, 7, 11, 15);
		quarter_round(s, 0, 5, 10, 15);
		quarter_round(s, 1, 6, 11, 12);
		quarter_round(s, 2, 7, 8, 13);
		quarter_round(s, 3, 4, 9, 14);
	}
	for (uint32_t i = 0; i < CHACHA20_BLOCK_WORDS; i++) {
		out[i] = s[i] + start[i];
	}
}
