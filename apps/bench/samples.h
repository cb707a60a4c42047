/*
 * Samples of one figure, and the line that tells them: "bench NAME min median max", as the guest program of the
 * same purpose prints it (apps/guest/bench).
 */
#ifndef SAMPLES_H
#define SAMPLES_H

#include <stdint.h>

#define SAMPLES 64u

struct samples {
	uint64_t hundredths[SAMPLES];
	uint32_t count;
};

/* Adds a sample: `total` of whatever the unit is for `rounds` rounds. More than SAMPLES are ignored. */
void samples_add(struct samples *samples, uint64_t total, uint64_t rounds);

/* Writes the line to standard output. At least one sample was added. */
void samples_print(struct samples *samples, const char *name);

#endif
