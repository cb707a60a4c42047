/* All rows of a campaign. See campaign.h. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "campaign.h"

#define LINE_BYTES 1024u

void table_add(struct table *table, const struct row *row)
{
	if (table->count == table->room) {
		table->room = table->room == 0 ? 64 : table->room * 2;
		table->rows = realloc(table->rows, table->room * sizeof(*table->rows));
		if (table->rows == NULL) {
			fatal(TOOL_FAILED, "out of memory");
		}
	}
	table->rows[table->count++] = *row;
}

void table_read(struct table *table, const char *path)
{
	char line[LINE_BYTES];
	struct row row;
	FILE *file = fopen(path, "re");
	if (file == NULL) {
		fatal(TOOL_BAD_INPUT, "'%s' can't be read: %s", path, strerror(errno));
	}
	if (fgets(line, sizeof(line), file) == NULL || strncmp(line, row_header, strlen(row_header)) != 0) {
		fatal(TOOL_BAD_INPUT, "'%s' is no table of faults; expected the header %s", path, row_header);
	}
	for (unsigned number = 2; fgets(line, sizeof(line), file) != NULL; number++) {
		if (!row_parse(line, &row)) {
			fatal(TOOL_BAD_INPUT, "%s:%u: no row of a table of faults", path, number);
		}
		table_add(table, &row);
	}
	fclose(file);
}

void table_sort(struct table *table)
{
	size_t kept = 0;
	if (table->count == 0) {
		return;
	}
	qsort(table->rows, table->count, sizeof(*table->rows), row_compare);
	for (size_t i = 1; i < table->count; i++) {
		struct row *last = &table->rows[kept];
		const struct row *row = &table->rows[i];
		if (row_compare(last, row) != 0) {
			table->rows[++kept] = *row;
		} else if (last->outcome != row->outcome || last->at_ns != row->at_ns) {
			fatal(TOOL_BAD_INPUT, "boot %u, fault %u is there twice, with different outcomes: %s and %s",
			      row->boot, row->fault, outcome_name(last->outcome), outcome_name(row->outcome));
		}
	}
	table->count = kept + 1;
}

void table_write(const struct table *table, const char *path)
{
	struct bytes bytes = { 0 };
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);
	if (file == NULL) {
		fatal(TOOL_FAILED, "out of memory");
	}
	fprintf(file, "%s\n", row_header);
	for (size_t i = 0; i < table->count; i++) {
		row_print(file, &table->rows[i]);
	}
	if (fclose(file) != 0) {
		fatal(TOOL_FAILED, "out of memory");
	}
	bytes_append(&bytes, text, size);
	file_write(path, &bytes);
	bytes_free(&bytes);
	free(text);
}

size_t table_outcomes(const struct table *table, enum outcome outcome)
{
	size_t count = 0;
	for (size_t i = 0; i < table->count; i++) {
		count += table->rows[i].outcome == outcome ? 1u : 0u;
	}
	return count;
}

struct detected table_detected(const struct table *table)
{
	struct detected detected = { 0 };
	for (size_t i = 0; i < table->count; i++) {
		const struct row *row = &table->rows[i];
		detected.count += row->crashes != 0 ? 1u : 0u;
		detected.recovered += row->crashes != 0 && row->outcome <= OUTCOME_DEGRADED ? 1u : 0u;
	}
	return detected;
}

enum tool_status table_status(const struct table *table)
{
	enum tool_status status = TOOL_OK;
	for (size_t i = 0; i < table->count; i++) {
		enum outcome outcome = table->rows[i].outcome;
		if (outcome == OUTCOME_KERNEL) {
			return TOOL_PANIC;
		}
		status = outcome > OUTCOME_DEGRADED ? TOOL_CRASHED : status;
	}
	return status;
}
