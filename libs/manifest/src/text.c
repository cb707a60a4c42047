/*
 * Words for error messages, without stdio: the reader also runs where there is
 * none yet.
 */
#include "reader.h"

#include <stdarg.h>

#define NAME_MAX_COMPARED 40u

struct text {
	char *at;
	char *end; /* where the terminating NUL may be at the latest */
};

static void text_character(struct text *text, char c)
{
	if (text->at < text->end) {
		*text->at++ = c;
	}
}

static void text_string(struct text *text, const char *string)
{
	while (*string != '\0') {
		char c = *string++;
		text_character(text, c >= ' ' && c <= '~' ? c : '?');
	}
}

static void text_number(struct text *text, uint64_t value, unsigned base)
{
	char digits[20];
	uint32_t n = 0;
	do {
		digits[n++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value != 0);
	while (n > 0) {
		text_character(text, digits[--n]);
	}
}

static void text_conversion(struct text *text, const char **format, va_list *arguments)
{
	bool is_long = **format == 'l';
	*format += is_long ? 1 : 0;
	char conversion = **format;
	if (conversion == 's') {
		text_string(text, va_arg(*arguments, const char *));
	} else if (conversion == 'x' || conversion == 'u') {
		uint64_t value = is_long ? va_arg(*arguments, unsigned long) : va_arg(*arguments, unsigned int);
		text_string(text, conversion == 'x' ? "0x" : "");
		text_number(text, value, conversion == 'x' ? 16 : 10);
	} else {
		text_character(text, conversion);
	}
}

static void text_vformat(struct text *text, const char *format, va_list *arguments)
{
	for (; *format != '\0'; format++) {
		if (*format == '%' && format[1] != '\0') {
			format++;
			text_conversion(text, &format, arguments);
		} else {
			text_character(text, *format);
		}
	}
	*text->at = '\0';
}

void text_format(char *out, size_t bytes, const char *format, ...)
{
	struct text text = { out, out + bytes - 1 };
	va_list arguments;
	va_start(arguments, format);
	text_vformat(&text, format, &arguments);
	va_end(arguments);
}

void reader_fail(struct reader *reader, int node, const char *property, const char *format, ...)
{
	struct manifest_error error = { .property = property };
	struct text text = { error.text, error.text + sizeof(error.text) - 1 };
	va_list arguments;
	va_start(arguments, format);
	text_vformat(&text, format, &arguments);
	va_end(arguments);
	if (node < 0 || fdt_get_path(reader->fdt, node, error.path, sizeof(error.path)) != 0) {
		text_format(error.path, sizeof(error.path), "/");
	}
	reader->errors++;
	if (reader->report != NULL) {
		reader->report(reader->context, &error);
	}
}

bool text_equal(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

static uint32_t text_length(const char *string)
{
	uint32_t n = 0;
	while (n < NAME_MAX_COMPARED && string[n] != '\0') {
		n++;
	}
	return n;
}

/* Levenshtein's distance of the first NAME_MAX_COMPARED characters. */
static uint32_t text_distance(const char *a, const char *b)
{
	uint32_t row[NAME_MAX_COMPARED + 1];
	uint32_t length = text_length(b);
	for (uint32_t j = 0; j <= length; j++) {
		row[j] = j;
	}
	for (uint32_t i = 0; i < text_length(a); i++) {
		uint32_t diagonal = row[0];
		row[0] = i + 1;
		for (uint32_t j = 0; j < length; j++) {
			uint32_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
			uint32_t shorter = (row[j] < row[j + 1] ? row[j] : row[j + 1]) + 1;
			diagonal = row[j + 1];
			row[j + 1] = replaced < shorter ? replaced : shorter;
		}
	}
	return row[length];
}

const char *text_nearest(const char *name, const char *const *candidates, uint32_t count)
{
	const char *nearest = NULL;
	uint32_t best =
		text_length(name) / 3 + 1; /* a third of the letters wrong is a misspelling, more is another word */
	for (uint32_t i = 0; i < count; i++) {
		uint32_t distance = text_distance(name, candidates[i]);
		if (distance <= best) {
			best = distance == 0 ? 0 : distance - 1;
			nearest = candidates[i];
		}
	}
	return nearest;
}
