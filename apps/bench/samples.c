#include "samples.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void samples_add(struct samples *samples, uint64_t total, uint64_t rounds)
{
	if (samples->count < SAMPLES) {
		samples->hundredths[samples->count++] = total * 100u / rounds;
	}
}

static int ascending(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a;
	uint64_t right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

static uint64_t whole(uint64_t hundredths)
{
	return (hundredths + 50u) / 100u;
}

void samples_print(struct samples *samples, const char *name)
{
	const uint64_t *sorted = samples->hundredths;

	qsort(samples->hundredths, samples->count, sizeof(samples->hundredths[0]), ascending);
	printf("bench %s %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", name, whole(sorted[0]),
	       whole(sorted[samples->count / 2]), whole(sorted[samples->count - 1]));
}
