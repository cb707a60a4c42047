/*
 * A trace as a picture: time goes to the right, a row for each core, vCPU and server that has anything to show. For a
 * few dozen microseconds; a longer one is for a viewer.
 */
#include "walk.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ROWS 32u
#define WIDTH 1100u
#define LEFT 90u      /* of the names */
#define RIGHT 12u
#define TOP 24u	      /* of the axis */
#define ROW 30u
#define BAR 20u
#define CHARACTER 6u  /* of a small text, in pixels */
#define TICKS 12u     /* at most */

struct row {
	enum trace_group group;
	uint32_t track;
};

static struct {
	const struct trace *trace;
	struct bytes *out;
	struct row rows[ROWS];
	uint32_t count;
	uint64_t span_ns;
	uint32_t labels_to; /* where the last label over the axis ends */
} picture;

__attribute__((format(printf, 1, 2))) static void draw(const char *format, ...)
{
	char text[640];
	va_list list;

	va_start(list, format);
	(void)vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	bytes_text(picture.out, text);
}

static double x_of(uint64_t ns)
{
	return LEFT + (double)ns * (WIDTH - LEFT - RIGHT) / (double)picture.span_ns;
}

static uint32_t row_of(enum trace_group group, uint32_t track)
{
	uint32_t row = 0;

	while (row < picture.count && (picture.rows[row].group != group || picture.rows[row].track != track)) {
		row++;
	}
	return row;
}

static void find_row(enum trace_group group, uint32_t track)
{
	uint32_t row = row_of(group, track);

	if (row == picture.count && row < ROWS) {
		picture.rows[picture.count++] = (struct row){ group, track };
	}
}

static void find_slice(const struct trace_slice *slice)
{
	find_row(slice->group, slice->track);
}

static void find_arrow(uint32_t caller, uint32_t server, uint64_t ns)
{
	(void)ns;
	find_row(trace_group_of(picture.trace, caller), caller);
	find_row(trace_group_of(picture.trace, server), server);
}

static void no_instant(uint32_t core, uint64_t ns, uint32_t kind, const char *name, uint64_t word)
{
	(void)core;
	(void)ns;
	(void)kind;
	(void)name;
	(void)word;
}

/* Cores, then vCPUs, then servers, each as they came. */
static void sort_rows(void)
{
	static const enum trace_group order[] = { TRACE_CORES_GROUP, TRACE_VCPUS, TRACE_SERVERS };
	struct row sorted[ROWS];
	uint32_t count = 0;

	for (uint32_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		for (uint32_t j = 0; j < picture.count; j++) {
			if (picture.rows[j].group == order[i]) {
				sorted[count++] = picture.rows[j];
			}
		}
	}
	memcpy(picture.rows, sorted, count * sizeof(sorted[0]));
}

static uint32_t y_of(uint32_t row)
{
	return TOP + row * ROW + (ROW - BAR) / 2;
}

/* The same name has the same colour. */
static unsigned hue_of(const char *name)
{
	unsigned hue = 7;

	for (; *name != '\0'; name++) {
		hue = hue * 31u + (unsigned char)*name;
	}
	return hue * 137u % 360u;
}

static void draw_slice(const struct trace_slice *slice)
{
	uint32_t row = row_of(slice->group, slice->track);
	double x = x_of(slice->from_ns);
	double width = x_of(slice->to_ns) - x;
	const char *dot = strrchr(slice->name, '.');
	const char *label = dot != NULL ? dot + 1 : slice->name;

	if (row == picture.count) {
		return;
	}
	draw("<rect x=\"%.1f\" y=\"%u\" width=\"%.1f\" height=\"%u\" fill=\"hsl(%u,60%%,%s)\" stroke=\"#fff\" "
	     "stroke-width=\".5\"><title>%s, %" PRIu64 " ns</title></rect>\n",
	     x, (unsigned)y_of(row), width, BAR, hue_of(slice->name), slice->answered ? "85%" : "70%", slice->name,
	     slice->to_ns - slice->from_ns);
	if (width > (double)(strlen(label) * CHARACTER)) {
		draw("<text x=\"%.1f\" y=\"%u\">%s</text>\n", x + 3, (unsigned)(y_of(row) + 14), label);
	}
}

static void no_slice(const struct trace_slice *slice)
{
	(void)slice;
}

static void draw_arrow(uint32_t caller, uint32_t server, uint64_t ns)
{
	uint32_t from = row_of(trace_group_of(picture.trace, caller), caller);
	uint32_t to = row_of(trace_group_of(picture.trace, server), server);

	if (from != picture.count && to != picture.count) {
		draw("<path d=\"M%.1f %uV%u\" stroke=\"#333\" marker-end=\"url(#tip)\"/>\n", x_of(ns),
		     (unsigned)(y_of(from) + (from < to ? BAR : 0)), (unsigned)(y_of(to) + (from < to ? 0 : BAR)));
	}
}

static void draw_instant(uint32_t core, uint64_t ns, uint32_t kind, const char *name, uint64_t word)
{
	uint32_t row = row_of(TRACE_CORES_GROUP, core);
	uint32_t x = (uint32_t)x_of(ns);
	bool frequent = kind == SK_TRACE_SIGNAL || kind == SK_TRACE_INTERRUPT; /* their names show when pointed at */

	(void)word;
	if (row == picture.count) {
		return;
	}
	draw("<path d=\"M%u %ul-3 -5h6z\" fill=\"%s\"><title>%s</title></path>\n", x, (unsigned)y_of(row),
	     frequent ? "#888" : "#c00", name);
	if (!frequent && x >= picture.labels_to) {
		draw("<text x=\"%u\" y=\"%u\" fill=\"#c00\">%s</text>\n", x + 3, (unsigned)(y_of(row) - 1), name);
		picture.labels_to = x + (uint32_t)strlen(name) * CHARACTER;
	}
}

static void draw_axis(void)
{
	uint64_t step = 1000;

	while (picture.span_ns / step > TICKS) {
		step *= picture.span_ns / step > 5 * TICKS ? 10 : picture.span_ns / step > 2 * TICKS ? 5 : 2;
	}
	for (uint64_t ns = 0; ns <= picture.span_ns; ns += step) {
		draw("<path d=\"M%.1f %uV%u\" stroke=\"#ddd\"/><text x=\"%.1f\" y=\"12\">%" PRIu64 " us</text>\n", x_of(ns),
		     TOP - 8, (unsigned)(TOP + picture.count * ROW), x_of(ns), ns / 1000);
	}
}

static void draw_names(void)
{
	char name[TRACE_NAME_BYTES];

	for (uint32_t row = 0; row < picture.count; row++) {
		if (picture.rows[row].group == TRACE_CORES_GROUP) {
			(void)snprintf(name, sizeof(name), "core %" PRIu32, picture.rows[row].track);
		} else {
			trace_name(picture.trace, name, picture.rows[row].track);
		}
		draw("<text x=\"4\" y=\"%u\" font-weight=\"bold\">%s</text>\n", (unsigned)(y_of(row) + 14), name);
	}
}

void trace_write_picture(const struct trace *trace, struct bytes *out)
{
	static const struct trace_sink find = { find_slice, find_arrow, no_instant };
	static const struct trace_sink slices = { draw_slice, find_arrow, draw_instant };
	static const struct trace_sink arrows = { no_slice, draw_arrow, no_instant };
	uint64_t end = trace->count == 0 ? 0 : trace_ns(trace, trace->events[trace->count - 1].record.time);

	memset(&picture, 0, sizeof(picture));
	picture.trace = trace;
	picture.out = out;
	picture.span_ns = end == 0 ? 1 : end;
	trace_walk(trace, &find);
	sort_rows();
	draw("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %u %u\" width=\"%u\" font-family=\"sans-serif\" "
	     "font-size=\"10\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
	     "<marker id=\"tip\" markerWidth=\"6\" markerHeight=\"6\" refX=\"5\" refY=\"3\" orient=\"auto\">"
	     "<path d=\"M0 0L6 3L0 6z\" fill=\"#333\"/></marker>\n",
	     WIDTH, (unsigned)(TOP + picture.count * ROW + 6), WIDTH);
	draw_axis();
	draw_names();
	trace_walk(trace, &slices);
	trace_walk(trace, &arrows);
	draw("</svg>\n");
}
