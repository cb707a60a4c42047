/* Pictures in SVG, and text, for a page. */
#ifndef INJECT_PLOT_H
#define INJECT_PLOT_H

#include <stdint.h>
#include <stdio.h>

/* Text with what HTML would take for its own. */
void plot_text(FILE *file, const char *text);

/*
 * A bar for each of `rows` names, cut into parts: `counts` has `parts` numbers for each row, of which `colours` are the
 * colours. Bars show shares: each is as long as the next.
 */
void plot_bars(FILE *file, const char *const *names, const uint64_t *counts, uint32_t rows, uint32_t parts,
	       const char *const *colours);

void plot_sort(uint64_t *values, size_t count);

/* How many of the `count` sorted values (ns) fall into each tenth of a decade: a histogram on a logarithmic axis. */
void plot_distribution(FILE *file, const uint64_t *values, size_t count);

#endif
