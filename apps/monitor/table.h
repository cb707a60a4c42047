/* Tables of text with columns as wide as they need to be. One at a time. */
#ifndef MONITOR_TABLE_H
#define MONITOR_TABLE_H

#include <stdint.h>

/*
 * Begins a table. `columns` names them, separated by '|'; a name that begins with '>'
 * is a column of numbers, aligned to the right.
 */
void table_begin(const char *columns);

/* The next cell; rows follow from the number of columns. Cells beyond the table's room are dropped, and said so. */
__attribute__((format(printf, 1, 2))) void table_cell(const char *format, ...);

/* Prints it, or `empty` if there is no row. */
void table_end(const char *empty);

#endif
