/*
 * The numbers that decide everything: splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators,
 * OOPSLA 2014). 64 bits of state, every seed is as good as any other, and it is the same everywhere: who knows a
 * campaign's seed and the boot's number knows each fault.
 */
#ifndef INJECT_DRAW_H
#define INJECT_DRAW_H

#include <stdbool.h>
#include <stdint.h>

struct draw {
	uint64_t state;
};

/* 64 bits. */
static inline uint64_t draw_next(struct draw *draw)
{
	draw->state += 0x9e3779b97f4a7c15u;

	uint64_t z = draw->state;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* A number below `limit`, which is not 0: the upper half of a product, whose bias is below limit / 2^64. */
static inline uint64_t draw_below(struct draw *draw, uint64_t limit)
{
	return (uint64_t)((unsigned __int128)draw_next(draw) * limit >> 64);
}

/* Once in `times`. */
static inline bool draw_once_in(struct draw *draw, uint64_t times)
{
	return draw_below(draw, times) == 0;
}

/* The sequence of one boot of a campaign. */
static inline struct draw draw_begin(uint64_t seed, uint64_t boot)
{
	struct draw first = { seed };
	struct draw second = { draw_next(&first) + boot };

	return (struct draw) { draw_next(&second) };
}

#endif
