#include <gpt/crc32.h>

#include <string.h>

#define POLYNOMIAL 0xedb88320u /* 0x04c11db7, its bits reversed */

/*
 * The CRC of a byte is the sum of those of its bits: 8 are computed, the others are put together from them. Slice n
 * holds the CRCs of a byte with n zero bytes behind it.
 */
void crc32_init(struct crc32_tables *tables)
{
	uint32_t crc = 1;

	tables->slices[0][0] = 0;
	for (uint32_t bit = 128; bit != 0; bit >>= 1) {
		crc = crc >> 1 ^ ((crc & 1) != 0 ? POLYNOMIAL : 0);
		for (uint32_t i = 0; i < 256; i += 2 * bit) {
			tables->slices[0][i + bit] = crc ^ tables->slices[0][i];
		}
	}
	for (uint32_t n = 1; n < CRC32_SLICES; n++) {
		for (uint32_t i = 0; i < 256; i++) {
			uint32_t before = tables->slices[n - 1][i];

			tables->slices[n][i] = before >> 8 ^ tables->slices[0][before & 0xff];
		}
	}
}

static uint32_t add_word(const struct crc32_tables *tables, uint64_t word)
{
	uint32_t crc = 0;

	for (uint32_t n = 0; n < CRC32_SLICES; n++) {
		crc ^= tables->slices[CRC32_SLICES - 1 - n][word >> (8 * n) & 0xff];
	}
	return crc;
}

uint32_t crc32_add(const struct crc32_tables *tables, uint32_t crc, const void *data, size_t bytes)
{
	const uint8_t *at = data;

	crc = ~crc;
	for (; bytes >= CRC32_SLICES; bytes -= CRC32_SLICES) {
		uint64_t word; /* little-endian, as every machine that Skink is for */

		memcpy(&word, at, sizeof(word));
		crc = add_word(tables, word ^ crc);
		at += CRC32_SLICES;
	}
	for (; bytes > 0; bytes--) {
		crc = crc >> 8 ^ tables->slices[0][(crc ^ *at++) & 0xff];
	}
	return ~crc;
}
