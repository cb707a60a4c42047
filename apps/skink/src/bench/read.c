/* Figures out of a file that `skink bench --json` wrote, a line each. See bench.h. */
#include "bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Behind "KEY": in the line; NULL: it has no such key. */
static const char *value_of(const char *line, const char *key)
{
	char *wanted = text_print("\"%s\": ", key);
	const char *at = strstr(line, wanted);
	at = at != NULL ? at + strlen(wanted) : NULL;
	free(wanted);
	return at;
}

/* False: it has no such number; null is none. */
static bool number_of(const char *line, const char *key, double *number)
{
	const char *at = value_of(line, key);
	return at != NULL && sscanf(at, "%lf", number) == 1;
}

static bool take_line(const char *line)
{
	struct bench_figure figure = { .measured = true };
	const char *name = value_of(line, "name");
	struct bench_row *row = name != NULL && *name == '"' ? bench_row_named(name + 1, strcspn(name + 1, "\"")) : NULL;
	if (row == NULL || !number_of(line, "min", &figure.min) || !number_of(line, "median", &figure.median) ||
	    !number_of(line, "max", &figure.max)) {
		return false;
	}
	row->skink = figure;
	for (enum bench_machine machine = 0; machine < BENCH_OTHERS; machine++) {
		double median;
		if (number_of(line, bench_machines[machine], &median)) {
			bench_row_set(row, machine, median, median, median);
		}
	}
	return true;
}

void bench_read(const char *path)
{
	struct bytes text = { 0 };
	uint32_t number = 1;
	if (!file_read(path, MIB, &text)) {
		fatal(TOOL_BAD_INPUT, "the figures '%s' can't be read: %s", path, strerror(errno));
	}
	bytes_append(&text, "", 1);
	for (char *line = strtok((char *)text.data, "\n"); line != NULL; line = strtok(NULL, "\n"), number++) {
		if (strchr(line, '{') != NULL && !take_line(line)) {
			fatal(TOOL_BAD_INPUT, "%s:%u: '%s'; expected a figure as `skink bench --json` writes them", path, number, line);
		}
	}
	bytes_free(&text);
}
