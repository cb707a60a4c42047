#include <random/chacha20.h>

#define WORDS 16u
#define DOUBLE_ROUNDS 10u

static uint32_t rotate(uint32_t word, uint32_t by)
{
	return word << by | word >> (32u - by);
}

static void quarter_round(uint32_t s[WORDS], uint32_t a, uint32_t b, uint32_t c, uint32_t d)
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

void chacha20_block(const uint32_t key[8], const uint32_t tail[4], uint8_t out[CHACHA20_BLOCK_BYTES])
{
	/* "expand 32-byte k" */
	uint32_t start[WORDS] = { 0x61707865u, 0x3320646eu, 0x79622d32u, 0x6b206574u };
	uint32_t s[WORDS];

	for (uint32_t i = 0; i < 8; i++) {
		start[4 + i] = key[i];
	}
	for (uint32_t i = 0; i < 4; i++) {
		start[12 + i] = tail[i];
	}
	for (uint32_t i = 0; i < WORDS; i++) {
		s[i] = start[i];
	}
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
	for (uint32_t i = 0; i < WORDS; i++) {
		uint32_t word = s[i] + start[i];

		for (uint32_t j = 0; j < sizeof(word); j++) {
			out[i * sizeof(word) + j] = (uint8_t)(word >> (8 * j));
		}
	}
}
