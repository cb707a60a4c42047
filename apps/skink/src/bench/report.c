/* The figures as a table for people and as JSON for programs. */
#include "bench.h"

#include <stdio.h>

/* Counts have decimals where they need them, everything else is whole. */
static char *number(double value)
{
	bool whole = value == (double)(int64_t)value;
	return whole ? text_print("%lld", (long long)value) : text_print("%.2f", value);
}

static char *figure(const struct bench_row *row, double value)
{
	return row->measured ? number(value) : text_print("-");
}

static char *limit(double target)
{
	return target < 0 ? text_print("%s", "") : number(target);
}

static const char *verdict(const struct bench_row *row)
{
	if (row->target < 0) {
		return "";
	}
	return bench_row_missed(row) ? "MISSED" : row->aim >= 0 && row->median <= row->aim ? "aim" : "ok";
}

void bench_print_table(const char *cpu)
{
	printf("%s, -icount shift=0,sleep=off: 1 instruction = 1 ns\n\n", cpu);
	printf("%-24s %-12s %10s %10s %10s %10s %8s  %-6s  %s\n", "figure", "unit", "min", "median", "max",
	       "must reach", "aim", "", "what");
	for (size_t i = 0; i < bench_row_count; i++) {
		const struct bench_row *row = &bench_rows[i];
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
		       number(row->min));
		printf("\"median\": %s, \"max\": %s, \"target\": %s}", number(row->median), number(row->max),
		       row->target < 0 ? "null" : number(row->target));
		separator = ",";
	}
	printf("\n]\n");
}
