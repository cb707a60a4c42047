/* The figures as a table for people and as JSON for programs. */
#include "bench.h"

#include <stdio.h>
#include <string.h>

char *bench_number(double value)
{
	char *text = text_print("%.4f", value);
	size_t length = strlen(text);
	while (text[length - 1] == '0') {
		text[--length] = '\0';
	}
	if (text[length - 1] == '.') {
		text[length - 1] = '\0';
	}
	return text;
}

static char *figure(const struct bench_row *row, double value)
{
	return row->measured ? bench_number(value) : text_print("-");
}

static char *limit(double target)
{
	return target < 0 ? text_print("%s", "") : bench_number(target);
}

static const char *verdict(const struct bench_row *row)
{
	if (row->target < 0) {
		return "";
	}
	return bench_row_missed(row) ? "MISSED" : row->aim >= 0 && row->median <= row->aim ? "aim" : "ok";
}

void bench_print_table(const char *cpu, bool all)
{
	printf("%s, -icount shift=0,sleep=off: 1 instruction = 1 ns\n\n", cpu);
	printf("%-24s %-12s %10s %10s %10s %10s %8s  %-6s  %s\n", "figure", "unit", "min", "median", "max",
	       "must reach", "aim", "", "what");
	for (size_t i = 0; i < bench_row_count; i++) {
		const struct bench_row *row = &bench_rows[i];
		if (!row->measured && !all) {
			continue;
		}
		printf("%-24s %-12s %10s %10s %10s %10s %8s  %-6s  %s\n", row->name, row->unit, figure(row, row->min),
		       figure(row, row->median), figure(row, row->max), limit(row->target), limit(row->aim),
		       verdict(row), row->what);
	}
}

void bench_print_json(void)
{
	const char *separator = "";
	printf("[");
	for (size_t i = 0; i < bench_row_count; i++) {
		const struct bench_row *row = &bench_rows[i];
		if (!row->measured) {
			continue;
		}
		printf("%s\n\t{\"name\": \"%s\", \"unit\": \"%s\", \"min\": %s, ", separator, row->name, row->unit,
		       bench_number(row->min));
		printf("\"median\": %s, \"max\": %s, \"target\": %s, ", bench_number(row->median), bench_number(row->max),
		       row->target < 0 ? "null" : bench_number(row->target));
		printf("\"exact\": %s, \"baseline\": %s}", row->exact ? "true" : "false",
		       row->baseline < 0 ? "null" : bench_number(row->baseline));
		separator = ",";
	}
	printf("\n]\n");
}
