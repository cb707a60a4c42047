#include "table.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "screen.h"

#define TABLE_COLUMNS 12u
#define TABLE_CELLS 640u
#define TABLE_CELL_BYTES 48u
#define TABLE_GAP 2u

static struct {
	uint32_t columns;
	uint32_t cells; /* the headings are the first row */
	uint32_t dropped;
	bool right[TABLE_COLUMNS];
	char text[TABLE_CELLS][TABLE_CELL_BYTES];
} table;

static void add(const char *text, size_t bytes)
{
	char *cell = table.text[table.cells];

	bytes = bytes < TABLE_CELL_BYTES ? bytes : TABLE_CELL_BYTES - 1;
	memcpy(cell, text, bytes);
	cell[bytes] = '\0';
	table.cells++;
}

void table_begin(const char *columns)
{
	table.columns = 0;
	table.cells = 0;
	table.dropped = 0;
	for (const char *next = columns; next != NULL && table.columns < TABLE_COLUMNS;) {
		size_t bytes = strcspn(next, "|");
		bool right = *next == '>';

		table.right[table.columns++] = right;
		add(next + (right ? 1 : 0), bytes - (right ? 1 : 0));
		next = next[bytes] == '|' ? next + bytes + 1 : NULL;
	}
}

void table_cell(const char *format, ...)
{
	char text[TABLE_CELL_BYTES];
	va_list arguments;

	if (table.cells == TABLE_CELLS - TABLE_CELLS % table.columns) {
		table.dropped++;
		return;
	}
	va_start(arguments, format);
	int n = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	add(text, n > 0 ? (size_t)n : 0);
}

static uint32_t width_of(uint32_t column)
{
	size_t width = 0;

	for (uint32_t i = column; i < table.cells; i += table.columns) {
		size_t length = strlen(table.text[i]);

		width = length > width ? length : width;
	}
	return (uint32_t)width;
}

static void print_row(uint32_t first, const uint32_t *widths)
{
	char line[TABLE_COLUMNS * (TABLE_CELL_BYTES + TABLE_GAP) + 2];
	size_t used = 0;

	for (uint32_t column = 0; column < table.columns && first + column < table.cells; column++) {
		int width = (int)widths[column];

		(void)snprintf(line + used, sizeof(line) - used, table.right[column] ? "%*s" : "%-*s", width,
			       table.text[first + column]);
		used += widths[column];
		memset(line + used, ' ', TABLE_GAP);
		used += TABLE_GAP;
	}
	while (used != 0 && line[used - 1] == ' ') {
		used--;
	}
	line[used++] = '\n';
	screen_write(line, used);
}

void table_end(const char *empty)
{
	uint32_t widths[TABLE_COLUMNS];

	if (table.cells <= table.columns) {
		screen_print("%s\n", empty);
		return;
	}
	for (uint32_t column = 0; column < table.columns; column++) {
		widths[column] = width_of(column);
	}
	for (uint32_t first = 0; first < table.cells; first += table.columns) {
		print_row(first, widths);
	}
	if (table.dropped != 0) {
		screen_print("(%u rows more)\n", (unsigned)(table.dropped / table.columns + 1));
	}
}
