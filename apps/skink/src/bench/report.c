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

static char *figure(const struct bench_figure *of, double value)
{
	return of->measured ? bench_number(value) : text_print("-");
}

/* What another machine has of it; "" if nobody has. */
static char *beside(const struct bench_row *row, enum bench_machine machine)
{
	return row->other[machine].measured ? bench_number(row->other[machine].median) : text_print("%s", "");
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
	return bench_row_missed(row) ? "MISSED" : row->aim >= 0 && row->skink.median <= row->aim ? "aim" : "ok";
}

void bench_print_table(const char *cpu, bool all)
{
	printf("%s, -icount shift=0,sleep=off: 1 instruction = 1 ns\n\n", cpu);
	printf("%-24s %-12s %10s %10s %10s %10s %8s  %-6s %10s %8s  %s\n", "figure", "unit", "min", "median", "max",
	       "must reach", "aim", "", bench_machines[BENCH_BARE],
	       bench_machines[BENCH_KVM], "what");
	for (size_t i = 0; i < bench_row_count; i++) {
		const struct bench_row *row = &bench_rows[i];
		if (!row->skink.measured && (!all || row->optional)) {
			continue;
		}
		const struct bench_figure *skink = &row->skink;
		printf("%-24s %-12s %10s %10s %10s %10s %8s  %-6s %10s %8s  %s\n", row->name, row->unit, figure(skink, skink->min),
		       figure(skink, skink->median), figure(skink, skink->max), limit(row->target), limit(row->aim),
		       verdict(row), beside(row, BENCH_BARE), beside(row, BENCH_KVM), row->what);
	}
}

void bench_print_json(void)
{
	const char *separator = "";
	printf("[");
	for (size_t i = 0; i < bench_row_count; i++) {
		const struct bench_row *row = &bench_rows[i];
		if (!row->skink.measured) {
			continue;
		}
		printf("%s\n\t{\"name\": \"%s\", \"unit\": \"%s\", \"min\": %s, ", separator, row->name, row->unit,
		       bench_number(row->skink.min));
		printf("\"median\": %s, \"max\": %s, \"target\": %s, ", bench_number(row->skink.median), bench_number(row->skink.max),
		       row->target < 0 ? "null" : bench_number(row->target));
		printf("\"exact\": %s, \"baseline\": %s", row->exact ? "true" : "false",
		       row->baseline < 0 ? "null" : bench_number(row->baseline));
		for (enum bench_machine machine = 0; machine < BENCH_OTHERS; machine++) {
			printf(", \"%s\": %s", bench_machines[machine],
			       row->other[machine].measured ? bench_number(row->other[machine].median) : "null");
		}
		printf("}");
		separator = ",";
	}
	printf("\n]\n");
}
