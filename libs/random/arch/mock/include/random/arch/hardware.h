/*
 * For machines without a source of random bits that a process can read.
 */
#ifndef RANDOM_ARCH_HARDWARE_H
#define RANDOM_ARCH_HARDWARE_H

#include <stdbool.h>
#include <stdint.h>

static inline bool random_hardware(uint64_t *value)
{
	*value = 0;
	return false;
}

#endif
