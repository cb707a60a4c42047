/*
 * `skink trace`: runs a system with its trace on from one text of the guest's to another, and writes what the monitor
 * dumps then; or only decodes such a dump.
 */
#include "trace.h"

#include <errno.h>
#include <string.h>

#include "../run/session.h"
#include "../system.h"

#define MONITOR_STREAM 'M'
#define LOG_MAX (256u << 20)
#define DEFAULT_OUTPUT "trace.json"
#define DEFAULT_SPAN_US 60u

/* What the monitor says. */
static void listen(void *context, char stream, const uint8_t *data, size_t size)
{
	if (stream == MONITOR_STREAM) {
		bytes_append(context, data, size);
	}
}

/* The command line's own monitor commands come between the trace's beginning and its end. */
static void order(struct options *options)
{
	uint32_t count = options->monitor_count;

	if (count + 4u > OPTIONS_LIST) {
		fatal(TOOL_BAD_INPUT, "%u times --monitor; expected at most %u", (unsigned)count, OPTIONS_LIST - 4u);
	}
	memmove(&options->monitor[1], &options->monitor[0], count * sizeof(options->monitor[0]));
	memmove(&options->when[1], &options->when[0], count * sizeof(options->when[0]));
	options->monitor[0] = "trace on";
	options->when[0] = options->from;
	options->monitor[count + 1u] = "trace off";
	options->when[count + 1u] = options->until;
	options->monitor[count + 2u] = "trace-dump";
	options->monitor[count + 3u] = "poweroff";
	options->monitor_count = count + 4u;
}

static void run(const struct options *given, struct bytes *said)
{
	static struct options options;

	options = *given;
	if (options.until == NULL) {
		fatal(TOOL_BAD_INPUT, "no --until is given; expected the text of the first VM's console that ends the trace (or "
		      "--decode FILE)");
	}
	order(&options);
	options.batch = true;
	options.icount = true;
	options.trace = true;
	options.log = options.log != NULL ? options.log : "/dev/null"; /* the dump is long */
	int status = run_observed(&options, listen, said);
	if (status == TOOL_TIMEOUT) {
		fatal(TOOL_TIMEOUT, "the guest did not print '%s' in time", options.until);
	}
	if (status == TOOL_PANIC || status == TOOL_BAD_INPUT) {
		fatal((enum tool_status)status, "the run failed; --log FILE tells more");
	}
}

static bool ends_in(const char *path, const char *ending)
{
	const char *end = strrchr(path, '.');

	return end != NULL && strcmp(end, ending) == 0;
}

int trace_main(const struct options *options)
{
	const char *output = options->output != NULL ? options->output : DEFAULT_OUTPUT;
	uint64_t span_us = options->span != 0 ? options->span : DEFAULT_SPAN_US;
	struct bytes text = { 0 };
	struct bytes out = { 0 };
	struct trace trace;

	if (options->decode == NULL) {
		run(options, &text);
	} else if (!file_read(options->decode, LOG_MAX, &text)) {
		fatal(TOOL_BAD_INPUT, "'%s' can't be read: %s", options->decode, strerror(errno));
	}
	trace_read(&trace, (const char *)text.data, text.size, options->decode != NULL ? options->decode : "the monitor");
	if (options->around != NULL && !trace_cut(&trace, options->around, span_us)) {
		fatal(TOOL_BAD_INPUT, "no event of %zu shows '%s'; expected a part of a line as in NAME.txt", trace.count,
		      options->around);
	}
	if (ends_in(output, ".txt")) {
		trace_write_text(&trace, &out);
	} else if (ends_in(output, ".svg")) {
		trace_write_picture(&trace, &out);
	} else {
		trace_write_chrome(&trace, &out);
	}
	file_write(output, &out);
	notice("%zu events in %s%s", trace.count, output,
	       ends_in(output, ".json") ? "; chrome://tracing and https://ui.perfetto.dev show it" : "");
	return TOOL_OK;
}
