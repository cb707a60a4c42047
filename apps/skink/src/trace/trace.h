/*
 * A trace as the monitor's trace-dump prints it, and what is made of it: text, or
 * the JSON that Chrome's and Perfetto's viewers read.
 */
#ifndef TOOL_TRACE_H
#define TOOL_TRACE_H

#include <skink/trace.h>

#include "../tool.h"

#define TRACE_OBJECTS 65536u
#define TRACE_CORES 64u

struct trace_event {
	struct sk_trace_record record;
	uint32_t core;
	uint32_t order; /* in which it was printed: of the same tick the first happened first, on its core */
};

struct trace_who {
	uint32_t kind; /* enum traced_kind; 0: never named */
	char name[TRACE_NAME_BYTES];
};

struct trace {
	uint64_t hz;
	uint32_t cores;
	struct trace_event *events; /* by time */
	size_t count;
	struct trace_who *who; /* TRACE_OBJECTS of them */
};

/*
 * Reads the last complete dump in `text`, whose lines may have other text before and between them. A dump that is not
 * there, or not whole, ends the tool with a message that names `source`.
 */
void trace_read(struct trace *trace, const char *text, size_t size, const char *source);

/* "#9" for who was never named. */
void trace_name(const struct trace *trace, char name[TRACE_NAME_BYTES], uint32_t object);

/*
 * Leaves what happened within `span_us` around the first event that shows `text` in its line: a quarter before it, the
 * rest behind it. False if there is none.
 */
bool trace_cut(struct trace *trace, const char *text, uint64_t span_us);

/* Nanoseconds from the first event of the trace. */
uint64_t trace_ns(const struct trace *trace, uint64_t ticks);

void trace_write_text(const struct trace *trace, struct bytes *out);
void trace_write_chrome(const struct trace *trace, struct bytes *out);
void trace_write_picture(const struct trace *trace, struct bytes *out);

#endif
