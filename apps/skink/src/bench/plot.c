/*
 * The figures as a picture: what each that has a target needs of it, and where other machines are. Scales are logarithmic, as
 * figures reach from a hundredth of their target to above it.
 */
#define _POSIX_C_SOURCE 200809L /* open_memstream */
#include "bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../inject/plot.h"

#define WIDTH 1000u
#define NAMES 220u /* to the bars' left */
#define BAR_WIDTH 520u
#define LINE 18u
#define TOP 48u
#define LEAST 0.01 /* of the target: the bars' left end */
#define MOST 20.0  /* and their right end */

static double place(double share)
{
	double at = share < LEAST ? LEAST : share > MOST ? MOST : share;
	return NAMES + BAR_WIDTH * log(at / LEAST) / log(MOST / LEAST);
}

static void draw_scale(FILE *file, uint32_t height)
{
	static const struct {
		double share;
		const char *text;
	} marks[] = { { 0.01, "1 %" }, { 0.1, "10 %" }, { 1, "must reach" }, { 10, "10 x" } };
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		double x = place(marks[i].share);
		fprintf(file, "<line x1=\"%.1f\" y1=\"%u\" x2=\"%.1f\" y2=\"%u\" stroke=\"%s\"/>\n", x, TOP - 12, x, height - 8,
			marks[i].share == 1 ? "#333" : "#ddd");
		fprintf(file, "<text x=\"%.1f\" y=\"%u\" text-anchor=\"middle\">%s</text>\n", x, TOP - 16, marks[i].text);
	}
}

static void draw_row(FILE *file, const struct bench_row *row, uint32_t y)
{
	static const char *const colours[BENCH_OTHERS] = { "#444", "#d08020" };
	char *now = bench_number(row->skink.median);
	char *target = bench_number(row->target);
	/* Nothing at all is no place on a logarithmic scale; where nothing is allowed, one is too much. */
	double share = row->skink.median <= 0 ? 0 : row->target <= 0 ? MOST : row->skink.median / row->target;
	fprintf(file, "<text x=\"%u\" y=\"%u\" text-anchor=\"end\">", NAMES - 6, y + LINE - 6);
	plot_text(file, row->name);
	fprintf(file, "<title>");
	plot_text(file, row->what);
	fprintf(file, "</title></text>\n<rect x=\"%u\" y=\"%u\" width=\"%.1f\" height=\"%u\" fill=\"%s\"/>\n", NAMES, y + 2,
		place(share) - NAMES, LINE - 5, bench_row_missed(row) ? "#c84848" : "#58a858");
	for (enum bench_machine machine = 0; machine < BENCH_OTHERS; machine++) {
		if (row->other[machine].measured && row->target > 0) {
			fprintf(file, "<circle cx=\"%.1f\" cy=\"%u\" r=\"4\" fill=\"%s\"><title>%s</title></circle>\n",
				place(row->other[machine].median / row->target), y + LINE / 2, colours[machine],
				bench_machines[machine]);
		}
	}
	fprintf(file, "<text x=\"%u\" y=\"%u\">%s of %s ", NAMES + BAR_WIDTH + 8, y + LINE - 6, now, target);
	plot_text(file, row->unit);
	fprintf(file, "</text>\n");
	free(now);
	free(target);
}

void bench_plot(const char *path)
{
	char *text = NULL;
	size_t size = 0;
	uint32_t height = TOP + 8;
	uint32_t y = TOP;
	FILE *file = open_memstream(&text, &size);
	if (file == NULL) {
		fatal(TOOL_FAILED, "no memory for a picture");
	}
	for (size_t i = 0; i < bench_row_count; i++) {
		height += bench_rows[i].skink.measured && bench_rows[i].target >= 0 ? LINE : 0;
	}
	fprintf(file, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %u %u\" width=\"%u\" ", WIDTH, height, WIDTH);
	fprintf(file, "font-family=\"sans-serif\" font-size=\"11\">\n<rect width=\"%u\" height=\"%u\" fill=\"#fff\"/>\n", WIDTH,
		height);
	draw_scale(file, height);
	for (size_t i = 0; i < bench_row_count; i++) {
		if (bench_rows[i].skink.measured && bench_rows[i].target >= 0) {
			draw_row(file, &bench_rows[i], y);
			y += LINE;
		}
	}
	fprintf(file, "</svg>\n");
	fclose(file);
	struct bytes bytes = { 0 };
	bytes_append(&bytes, text, size);
	file_write(path, &bytes);
	bytes_free(&bytes);
	free(text);
}
