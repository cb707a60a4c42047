/* Finding the figures in what a system printed. See bench.h. */
#include "bench.h"

#include <stdio.h>
#include <string.h>

#define LINE_BYTES 200u

static const char intro[] = "bench ";

/* Behind "[SERVER] ", which a log has before each line. */
static const char *skip_server(const char *line)
{
	const char *end = *line == '[' ? strstr(line, "] ") : NULL;
	return end != NULL ? end + 2 : line;
}

static bool take_line(const char *line, enum bench_machine machine)
{
	double min;
	double median;
	double max;
	line = skip_server(line);
	if (strncmp(line, intro, sizeof(intro) - 1) != 0) {
		return false;
	}
	line += sizeof(intro) - 1;
	size_t length = strcspn(line, " ");
	if (sscanf(line + length, " %lf %lf %lf", &min, &median, &max) != 3) {
		return false;
	}
	struct bench_row *row = bench_row_named(line, length);
	if (row != NULL && !bench_row_at(row, machine)->measured) {
		bench_row_set(row, machine, min, median, max);
	}
	return row != NULL;
}

uint32_t bench_lines_take(const char *text, size_t size, enum bench_machine machine)
{
	char line[LINE_BYTES];
	uint32_t taken = 0;
	size_t length = 0;
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '\n') {
			line[length] = '\0';
			taken += take_line(line, machine) ? 1u : 0u;
			length = 0;
		} else if (text[i] != '\r' && length < LINE_BYTES - 1) {
			line[length++] = text[i];
		}
	}
	return taken;
}
