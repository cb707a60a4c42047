/*
 * The report: one HTML page that needs nothing else. Its pictures are SVG: how long a crash took to be noticed and to
 * be over, and what came of faults by type and by target. The figures in it are the table's rows, counted. See
 * campaign.h.
 */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "campaign.h"
#include "plot.h"

#define NAMES_MAX 64u
#define FAILURES_MAX 1000u /* listed; the CSV has all */

static const char *const colours[OUTCOMES] = {
	"#d0d0d0", "#a8c8e8", "#6aa0d8", "#58a858", "#e0c040", "#e88830", "#d04848", "#a02878", "#202020",
};

static const char style[] =
	"body{font:15px/1.5 sans-serif;max-width:64em;margin:2em auto;padding:0 1em;color:#222}"
	"table{border-collapse:collapse;margin:1em 0}td,th{padding:.15em .8em;border-bottom:1px solid "
	"#ddd;text-align:left}"
	"td.n,th.n{text-align:right}svg{max-width:100%}text{font:12px sans-serif}code{background:#f4f4f4}"
	".k{display:inline-block;width:.8em;height:.8em;margin-right:.4em}";

/* Different values of a column, and how many rows of each outcome they have. */
struct group {
	const char *names[NAMES_MAX];
	uint64_t counts[NAMES_MAX][OUTCOMES];
	uint32_t count;
};

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static uint32_t group_find(const struct group *group, const char *name)
{
	uint32_t i = 0;
	while (i < group->count && strcmp(group->names[i], name) != 0) {
		i++;
	}
	return i;
}

/* `column`: offset of the text in struct row. */
static void group_make(struct group *group, const struct table *table, size_t column)
{
	*group = (struct group) { .count = 0 };
	for (size_t i = 0; i < table->count; i++) {
		const char *name = (const char *)&table->rows[i] + column;
		if (*name != '\0' && group_find(group, name) == group->count && group->count < NAMES_MAX) {
			group->names[group->count++] = name;
		}
	}
	qsort(group->names, group->count, sizeof(group->names[0]), compare_names);
	for (size_t i = 0; i < table->count; i++) {
		uint32_t at = group_find(group, (const char *)&table->rows[i] + column);
		if (at < group->count) {
			group->counts[at][table->rows[i].outcome]++;
		}
	}
}

static void put_group(FILE *file, const struct group *group, const char *title)
{
	fprintf(file, "<h2>%s</h2>\n<table><tr><th></th>", title);
	for (unsigned i = 0; i < OUTCOMES; i++) {
		fprintf(file, "<th class=n>%s</th>", outcome_name((enum outcome)i));
	}
	fprintf(file, "</tr>\n");
	for (uint32_t i = 0; i < group->count; i++) {
		fprintf(file, "<tr><td>%s</td>", group->names[i]);
		for (unsigned j = 0; j < OUTCOMES; j++) {
			fprintf(file, group->counts[i][j] == 0 ? "<td class=n></td>" : "<td class=n>%" PRIu64 "</td>",
				group->counts[i][j]);
		}
		fprintf(file, "</tr>\n");
	}
	fprintf(file, "</table>\n");
	plot_bars(file, group->names, &group->counts[0][0], group->count, OUTCOMES, colours);
}

static void put_summary(FILE *file, const struct table *table)
{
	fprintf(file, "<h1>Fault injection: %zu faults</h1>\n<table>", table->count);
	for (unsigned i = 0; i < OUTCOMES; i++) {
		size_t count = table_outcomes(table, (enum outcome)i);
		fprintf(file, "<tr><td><span class=k style=\"background:%s\"></span>%s</td><td class=n>%zu</td></tr>\n",
			colours[i], outcome_name((enum outcome)i), count);
	}
	struct detected detected = table_detected(table);
	fprintf(file, "</table>\n<p>%zu faults were detected; %zu of them (%.2f %%) recovered.</p>\n", detected.count,
		detected.recovered,
		detected.count == 0 ? 100.0 : 100.0 * (double)detected.recovered / (double)detected.count);
}

/* One latency of all rows with a crash, in ns, ascending. Returns how many. */
static size_t latencies(const struct table *table, uint64_t *values, size_t column)
{
	size_t count = 0;
	for (size_t i = 0; i < table->count; i++) {
		uint64_t value;
		memcpy(&value, (const char *)&table->rows[i] + column, sizeof(value));
		if (table->rows[i].crashes != 0 && value != 0) {
			values[count++] = value;
		}
	}
	plot_sort(values, count);
	return count;
}

static void put_latency(FILE *file, const struct table *table, const char *title, size_t column)
{
	uint64_t *values = calloc(table->count + 1, sizeof(*values));
	if (values == NULL) {
		fatal(TOOL_FAILED, "out of memory");
	}
	size_t count = latencies(table, values, column);
	fprintf(file, "<h2>%s</h2>\n", title);
	if (count == 0) {
		fprintf(file, "<p>No crash.</p>\n");
	} else {
		fprintf(file,
			"<p>%zu crashes; median %.1f us, 90 %% within %.1f us, 99 %% within %.1f us, the longest %.1f "
			"us.</p>\n",
			count, (double)values[count / 2] / 1e3, (double)values[count * 9 / 10] / 1e3,
			(double)values[count * 99 / 100] / 1e3, (double)values[count - 1] / 1e3);
		plot_distribution(file, values, count);
	}
	free(values);
}

static void put_failures(FILE *file, const struct table *table)
{
	size_t shown = 0;
	fprintf(file, "<h2>Worse than degraded</h2>\n<table><tr><th>boot</th><th>fault</th><th>type</th><th>target</th>"
		      "<th>outcome</th><th></th></tr>\n");
	for (size_t i = 0; i < table->count && shown < FAILURES_MAX; i++) {
		const struct row *row = &table->rows[i];
		if (row->outcome > OUTCOME_DEGRADED) {
			fprintf(file,
				"<tr><td>%" PRIu32 "</td><td>%" PRIu32 "</td><td>%s</td><td>%s</td><td>%s</td><td>",
				row->boot, row->fault, row->type, row->target, outcome_name(row->outcome));
			plot_text(file, row->detail);
			fprintf(file, "</td></tr>\n");
			shown++;
		}
	}
	fprintf(file,
		"</table>\n<p>Each of them has a file in <code>failures/</code> where it was found, with the command "
		"that runs its boot again.</p>\n");
}

static void put_page(FILE *file, const struct table *table)
{
	struct group *group = calloc(1, sizeof(*group));
	if (group == NULL) {
		fatal(TOOL_FAILED, "out of memory");
	}
	fprintf(file,
		"<!DOCTYPE html>\n<html lang=en><head><meta charset=utf-8><title>Fault injection</title>\n"
		"<style>%s</style></head><body>\n",
		style);
	put_summary(file, table);
	put_latency(file, table, "Recovery: from the crash to the start of the new instance",
		    offsetof(struct row, recovery_ns));
	put_latency(file, table, "Detection: from the fault to the crash", offsetof(struct row, detect_ns));
	group_make(group, table, offsetof(struct row, type));
	put_group(file, group, "Outcome by type of fault");
	group_make(group, table, offsetof(struct row, target));
	put_group(file, group, "Outcome by target");
	put_failures(file, table);
	fprintf(file, "</body></html>\n");
	free(group);
}

void report_write(const struct table *table, const char *path)
{
	struct bytes bytes = { 0 };
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);
	if (file == NULL) {
		fatal(TOOL_FAILED, "out of memory");
	}
	put_page(file, table);
	if (fclose(file) != 0) {
		fatal(TOOL_FAILED, "out of memory");
	}
	bytes_append(&bytes, text, size);
	file_write(path, &bytes);
	bytes_free(&bytes);
	free(text);
}
