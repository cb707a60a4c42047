#include "slots.h"

#define WORD_BITS 64u
#define WORDS ((SK_CAP_SLOTS + WORD_BITS) / WORD_BITS)

/* Bit s is set while slot s is taken. Slot 0 and what lies beyond the table always are. */
static uint64_t taken[WORDS];

void slots_init(uint32_t reserved)
{
	for (uint32_t slot = 0; slot < WORDS * WORD_BITS; slot++) {
		uint64_t bit = 1ull << slot % WORD_BITS;

		if (slot == 0 || slot < reserved || slot > SK_CAP_SLOTS) {
			taken[slot / WORD_BITS] |= bit;
		} else {
			taken[slot / WORD_BITS] &= ~bit;
		}
	}
}

sk_cap_t slots_take(void)
{
	for (uint32_t word = 0; word < WORDS; word++) {
		if (taken[word] != UINT64_MAX) {
			uint32_t bit = (uint32_t)__builtin_ctzll(~taken[word]);

			taken[word] |= 1ull << bit;
			return word * WORD_BITS + bit;
		}
	}
	return SK_CAP_NONE;
}

void slots_give(sk_cap_t slot)
{
	if (slot != SK_CAP_NONE && slot <= SK_CAP_SLOTS) {
		taken[slot / WORD_BITS] &= ~(1ull << slot % WORD_BITS);
	}
}

uint32_t slots_used(void)
{
	uint32_t used = 0;

	for (uint32_t slot = 1; slot <= SK_CAP_SLOTS; slot++) {
		used += (uint32_t)(taken[slot / WORD_BITS] >> slot % WORD_BITS & 1u);
	}
	return used;
}
