/*
 * What each figure was when somebody last said that it may be so: see bench.h. The file is in the tree, so that a change
 * that costs more than BENCH_TOLERANCE shows in its own diff, or fails. In all figures that are kept less is better.
 */
#include "bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX MIB
#define NAME_MAX_BYTES 64

static const char heading[] = "# The median of each figure that repeats exactly, for the test `bench`, which fails when one is worse by "
			      "more than 2 %.\n# skink bench --baseline apps/bench/baseline.txt --update writes it anew.\n";

static void take_line(const char *path, uint32_t number, const char *line)
{
	char name[NAME_MAX_BYTES];
	char rest;
	double median;
	if (*line == '#' || *line == '\0') {
		return;
	}
	if (sscanf(line, "%63s %lf %c", name, &median, &rest) != 2 || median < 0) {
		fatal(TOOL_BAD_INPUT, "%s:%u: '%s'; expected NAME MEDIAN", path, number, line);
	}
	struct bench_row *row = bench_row_named(name, strlen(name));
	if (row == NULL || !bench_row_kept(row)) {
		fatal(TOOL_BAD_INPUT, "%s:%u: '%s' is no figure with a baseline; --update leaves it out", path, number, name);
	}
	row->baseline = median;
}

void bench_baseline_read(const char *path)
{
	struct bytes text = { 0 };
	uint32_t number = 1;
	if (!file_read(path, FILE_BYTES_MAX, &text)) {
		fatal(TOOL_BAD_INPUT, "the baseline '%s' can't be read: %s; --update writes one", path, strerror(errno));
	}
	bytes_append(&text, "", 1);
	for (char *line = (char *)text.data; line != NULL; number++) {
		char *end = strchr(line, '\n');
		if (end != NULL) {
			*end++ = '\0';
		}
		take_line(path, number, line);
		line = end;
	}
	bytes_free(&text);
}

/* By how many per cent `now` is more than `before`. */
static char *per_cent(double before, double now)
{
	return before == 0 ? text_print("all") : text_print("%.1f %%", (now - before) / before * 100);
}

static void tell(const struct bench_row *row, const char *path, bool worse)
{
	char *now = bench_number(row->skink.median);
	char *before = bench_number(row->baseline);
	char *by = worse ? per_cent(row->baseline, row->skink.median) : per_cent(row->skink.median, row->baseline);
	if (worse) {
		notice("%s is worse by %s: now %s, baseline %s %s, and %g %% are allowed; if that has to be, --update writes '%s'",
		       row->name, by, now, before, row->unit, BENCH_TOLERANCE * 100, path);
	} else {
		notice("%s is better: now %s, baseline %s %s, more by %s; --update keeps it so in '%s'", row->name, now, before,
		       row->unit, by, path);
	}
	free(now);
	free(before);
	free(by);
}

bool bench_baseline_compare(const char *path)
{
	bool good = true;
	for (size_t i = 0; i < bench_row_count; i++) {
		const struct bench_row *row = &bench_rows[i];
		if (!row->skink.measured || !bench_row_kept(row)) {
			continue;
		}
		if (row->baseline < 0) {
			char *now = bench_number(row->skink.median);
			notice("%s has no baseline: now %s %s; --update puts it into '%s'", row->name, now, row->unit, path);
			free(now);
			good = false;
		} else if (row->skink.median > row->baseline * (1 + BENCH_TOLERANCE)) {
			tell(row, path, true);
			good = false;
		} else if (row->skink.median < row->baseline * (1 - BENCH_TOLERANCE)) {
			tell(row, path, false);
		}
	}
	return good;
}

void bench_baseline_write(const char *path)
{
	struct bytes text = { 0 };
	bytes_text(&text, heading);
	for (size_t i = 0; i < bench_row_count; i++) {
		const struct bench_row *row = &bench_rows[i];
		if (bench_row_kept(row) && (row->skink.measured || row->baseline >= 0)) {
			char *median = bench_number(row->skink.measured ? row->skink.median : row->baseline);
			char *line = text_print("%s %s\n", row->name, median);
			bytes_text(&text, line);
			free(line);
			free(median);
		}
	}
	file_write(path, &text);
	bytes_free(&text);
}
