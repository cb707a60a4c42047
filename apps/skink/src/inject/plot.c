/* See plot.h. */
#include "plot.h"

#include <inttypes.h>
#include <stdlib.h>

#define NAME_WIDTH 120u
#define BAR_WIDTH 560u
#define BAR_HEIGHT 18u
#define PLOT_HEIGHT 180u
#define STEPS 10u  /* of a decade */
#define DECADES 8u /* 100 ns to 10 s */
#define BINS (STEPS * DECADES)
#define BIN_WIDTH 9u

void plot_text(FILE *file, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '<' || *text == '>' || *text == '&' || *text == '"') {
			fprintf(file, "&#%d;", *text);
		} else {
			fputc(*text, file);
		}
	}
}

static void bar(FILE *file, uint32_t y, const uint64_t *counts, uint32_t parts, const char *const *colours)
{
	uint64_t total = 0;
	double x = NAME_WIDTH;
	for (uint32_t i = 0; i < parts; i++) {
		total += counts[i];
	}
	for (uint32_t i = 0; i < parts; i++) {
		double width = total == 0 ? 0 : (double)counts[i] * BAR_WIDTH / (double)total;
		if (counts[i] != 0) {
			fprintf(file, "<rect x=\"%.1f\" y=\"%u\" width=\"%.1f\" height=\"%u\" fill=\"%s\"/>\n", x, y,
				width, BAR_HEIGHT - 3, colours[i]);
		}
		x += width;
	}
	fprintf(file, "<text x=\"%u\" y=\"%u\">%" PRIu64 "</text>\n", NAME_WIDTH + BAR_WIDTH + 6, y + BAR_HEIGHT - 6,
		total);
}

void plot_bars(FILE *file, const char *const *names, const uint64_t *counts, uint32_t rows, uint32_t parts,
	       const char *const *colours)
{
	fprintf(file, "<svg viewBox=\"0 0 740 %u\" width=\"740\">\n", rows * BAR_HEIGHT + 4);
	for (uint32_t i = 0; i < rows; i++) {
		uint32_t y = i * BAR_HEIGHT;
		fprintf(file, "<text x=\"%u\" y=\"%u\" text-anchor=\"end\">", NAME_WIDTH - 6, y + BAR_HEIGHT - 6);
		plot_text(file, names[i]);
		fprintf(file, "</text>\n");
		bar(file, y, counts + (size_t)i * parts, parts, colours);
	}
	fprintf(file, "</svg>\n");
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

void plot_sort(uint64_t *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
}

/* Lower ends of the bins, in ns: the ten steps of a decade are rounded, so that no two libraries differ about them. */
static uint64_t bin_end(uint32_t bin)
{
	static const uint64_t steps[STEPS] = { 1000, 1259, 1585, 1995, 2512, 3162, 3981, 5012, 6310, 7943 };
	uint64_t scale = 1;
	for (uint32_t i = 0; i < bin / STEPS; i++) {
		scale *= 10;
	}
	return steps[bin % STEPS] * scale / 10;
}

static uint32_t bin_of(uint64_t value)
{
	uint32_t bin = 0;
	while (bin + 1 < BINS && value >= bin_end(bin + 1)) {
		bin++;
	}
	return bin;
}

static void axis(FILE *file)
{
	static const char *const labels[DECADES + 1] = { "100 ns", "1 us",   "10 us", "100 us", "1 ms",
							 "10 ms",  "100 ms", "1 s",   "10 s" };
	for (uint32_t i = 0; i <= DECADES; i++) {
		uint32_t x = i * STEPS * BIN_WIDTH + 20;
		fprintf(file, "<line x1=\"%u\" y1=\"0\" x2=\"%u\" y2=\"%u\" stroke=\"#ddd\"/>", x, x, PLOT_HEIGHT);
		fprintf(file, "<text x=\"%u\" y=\"%u\" text-anchor=\"middle\">%s</text>\n", x, PLOT_HEIGHT + 16,
			labels[i]);
	}
}

void plot_distribution(FILE *file, const uint64_t *values, size_t count)
{
	uint64_t bins[BINS] = { 0 };
	uint64_t most = 1;
	for (size_t i = 0; i < count; i++) {
		uint32_t bin = bin_of(values[i]);
		bins[bin]++;
		most = bins[bin] > most ? bins[bin] : most;
	}
	fprintf(file, "<svg viewBox=\"0 0 780 %u\" width=\"780\">\n", PLOT_HEIGHT + 24);
	axis(file);
	for (uint32_t i = 0; i < BINS; i++) {
		double height = (double)bins[i] * (PLOT_HEIGHT - 16) / (double)most;
		if (bins[i] != 0) {
			fprintf(file,
				"<rect x=\"%u\" y=\"%.1f\" width=\"%u\" height=\"%.1f\" "
				"fill=\"#58a858\"><title>%" PRIu64 "</title></rect>\n",
				i * BIN_WIDTH + 20, (double)PLOT_HEIGHT - height, BIN_WIDTH - 1, height, bins[i]);
		}
	}
	fprintf(file, "<text x=\"0\" y=\"12\">%" PRIu64 "</text>\n</svg>\n", most);
}
