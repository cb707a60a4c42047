/*
 * Values of properties: type, number of cells, range. See reader.h.
 */
#include "reader.h"

#define ADDRESS_END (1ull << 48)

static const char *section_expected(const struct section *section, const char *name)
{
	for (uint32_t i = 0; i < section->schema->property_count; i++) {
		if (text_equal(section->schema->properties[i].name, name)) {
			return section->schema->properties[i].expected;
		}
	}
	return "another value";
}

static const void *value_bytes(const struct section *section, const char *name, uint32_t *bytes)
{
	int length = 0;
	const void *value = fdt_getprop(section->reader->fdt, section->node, name, &length);
	*bytes = value != NULL ? (uint32_t)length : 0;
	return value;
}

static void value_fail(const struct section *section, const char *name, const char *what)
{
	reader_fail(section->reader, section->node, name, "%s; expected %s", what, section_expected(section, name));
}

static uint64_t cells_at(const uint8_t *value, uint32_t cell, uint32_t cells)
{
	uint64_t number = 0;
	for (uint32_t i = 0; i < cells * 4; i++) {
		number = number << 8 | value[cell * 4 + i];
	}
	return number;
}

/* Number of values of `cells` cells each; 0 (reported, unless absent) if it isn't 1 to `capacity` whole ones. */
static uint32_t value_count(const struct section *section, const char *name, uint32_t cells, uint32_t capacity,
			    const uint8_t **value)
{
	uint32_t bytes;
	*value = value_bytes(section, name, &bytes);
	if (*value == NULL) {
		return 0;
	}
	uint32_t count = bytes / (cells * 4);
	if (bytes % (cells * 4) != 0 || count == 0 || count > capacity) {
		reader_fail(section->reader, section->node, name, "has %u bytes; expected %s", bytes,
			    section_expected(section, name));
		return 0;
	}
	return count;
}

static bool value_in_bounds(const struct section *section, const char *name, struct bounds bounds, uint64_t value)
{
	if (value >= bounds.min && value <= bounds.max) {
		return true;
	}
	reader_fail(section->reader, section->node, name, value > 65535 ? "is %lx; expected %s" : "is %lu; expected %s",
		    (unsigned long)value, section_expected(section, name));
	return false;
}

void value_u32_list(const struct section *section, const char *name, struct bounds bounds, uint32_t *values,
		    uint32_t capacity, uint32_t *count)
{
	const uint8_t *value;
	uint32_t n = value_count(section, name, 1, capacity, &value);
	for (uint32_t i = 0; i < n; i++) {
		uint64_t number = cells_at(value, i, 1);
		if (!value_in_bounds(section, name, bounds, number)) {
			return;
		}
		values[i] = (uint32_t)number;
	}
	*count = n != 0 ? n : *count;
}

void value_u64_list(const struct section *section, const char *name, uint64_t *values, uint32_t capacity,
		    uint32_t *count)
{
	const uint8_t *value;
	uint32_t n = value_count(section, name, 2, capacity, &value);
	for (uint32_t i = 0; i < n; i++) {
		values[i] = cells_at(value, i * 2, 2);
	}
	*count = n != 0 ? n : *count;
}

void value_u32(const struct section *section, const char *name, struct bounds bounds, uint32_t *value)
{
	uint32_t count = 0;
	value_u32_list(section, name, bounds, value, 1, &count);
}

void value_u64(const struct section *section, const char *name, struct bounds bounds, uint64_t *value)
{
	uint64_t number = 0;
	uint32_t count = 0;
	value_u64_list(section, name, &number, 1, &count);
	if (count == 1 && value_in_bounds(section, name, bounds, number)) {
		*value = number;
	}
}

void value_ranges(const struct section *section, const char *name, uint64_t align, struct manifest_range *ranges,
		  uint32_t capacity, uint32_t *count)
{
	const uint8_t *value;
	uint32_t n = value_count(section, name, 4, capacity, &value);
	for (uint32_t i = 0; i < n; i++) {
		struct manifest_range range = { cells_at(value, i * 4, 2), cells_at(value, i * 4 + 2, 2) };
		if (range.base % align != 0 || range.bytes % align != 0 || range.bytes == 0 ||
		    range.base >= ADDRESS_END || range.bytes > ADDRESS_END - range.base) {
			reader_fail(section->reader, section->node, name,
				    "names base %lx and size %lx; expected %s, in multiples of %lx, below %lx",
				    (unsigned long)range.base, (unsigned long)range.bytes,
				    section_expected(section, name), (unsigned long)align, (unsigned long)ADDRESS_END);
			return;
		}
		ranges[i] = range;
	}
	*count = n != 0 ? n : *count;
}

void value_flag(const struct section *section, const char *name, bool *value)
{
	uint32_t bytes;
	if (value_bytes(section, name, &bytes) == NULL) {
		return;
	}
	if (bytes != 0) {
		value_fail(section, name, "has a value");
		return;
	}
	*value = true;
}

const char *value_strings(const struct section *section, const char *name, uint32_t *bytes)
{
	const char *value = value_bytes(section, name, bytes);
	if (value == NULL) {
		return NULL;
	}
	bool good = *bytes != 0 && value[*bytes - 1] == '\0';
	for (uint32_t i = 0; good && i + 1 < *bytes; i++) {
		/* No control characters, and no empty string, which would end a list of them. */
		good = (uint8_t)value[i] >= ' ' || value[i] == '\t' ||
		       (value[i] == '\0' && value[i + 1] != '\0' && i > 0);
	}
	if (!good) {
		value_fail(section, name, "is no text");
		*bytes = 0;
		return NULL;
	}
	return value;
}

void value_string(const struct section *section, const char *name, const char **value)
{
	uint32_t bytes;
	const char *string = value_strings(section, name, &bytes);
	if (string == NULL) {
		return;
	}
	if (strings_at(string, bytes, 1) != NULL) {
		value_fail(section, name, "holds several strings");
		return;
	}
	*value = string;
}

uint32_t value_word(const struct section *section, const char *name, const char *const *words, uint32_t fallback)
{
	const char *word = NULL;
	value_string(section, name, &word);
	if (word == NULL) {
		return fallback;
	}
	uint32_t count = 0;
	for (; words[count] != NULL; count++) {
		if (text_equal(word, words[count])) {
			return count;
		}
	}
	const char *nearest = text_nearest(word, words, count);
	reader_fail(section->reader, section->node, name, "is `%s`; expected %s%s%s%s", word,
		    section_expected(section, name), nearest != NULL ? "; did you mean `" : "",
		    nearest != NULL ? nearest : "", nearest != NULL ? "`?" : "");
	return fallback;
}

const char *strings_at(const char *strings, uint32_t bytes, uint32_t index)
{
	uint32_t number = 0;
	for (uint32_t i = 0; i < bytes; i++) {
		if (number == index) {
			return strings + i;
		}
		number += strings[i] == '\0' ? 1 : 0;
	}
	return NULL;
}
