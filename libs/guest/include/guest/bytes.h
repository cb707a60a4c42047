/* Little-endian fields of a file's header, at any alignment. */
#ifndef GUEST_BYTES_H
#define GUEST_BYTES_H

#include <stdint.h>

/* The two bytes at `p`. */
static inline uint16_t le16_at(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

/* The four bytes at `p`. */
static inline uint32_t le32_at(const uint8_t *p)
{
	return (uint32_t)le16_at(p) | (uint32_t)le16_at(p + 2) << 16;
}

/* The eight bytes at `p`. */
static inline uint64_t le64_at(const uint8_t *p)
{
	return (uint64_t)le32_at(p) | (uint64_t)le32_at(p + 4) << 32;
}

#endif
