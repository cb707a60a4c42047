/* Counting and printing only: what is wrong is known where it is found. */
#include "diagnostic.h"

#include <stdarg.h>
#include <stdio.h>

static unsigned count;

void diagnostic_error(struct location at, const char *format, ...)
{
	count++;
	if (count > DIAGNOSTIC_LIMIT) {
		if (count == DIAGNOSTIC_LIMIT + 1) {
			fprintf(stderr, "idlc: more than %d errors, the rest are not shown\n", DIAGNOSTIC_LIMIT);
		}
		return;
	}
	va_list arguments;
	va_start(arguments, format);
	fprintf(stderr, "%s:%d:%d: error: ", at.file, at.line, at.column);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
}

unsigned diagnostic_count(void)
{
	return count;
}
