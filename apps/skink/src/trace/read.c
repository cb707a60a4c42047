/* From the lines of trace-dump (apps/monitor/command_trace.c) to events in order of time. */
#include "trace.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sk/idl/supervisor.h>

#define NS_PER_S 1000000000ull
#define EVENTS_MAX (TRACE_CORES * SK_TRACE_RECORDS)

/* The next line of the dump from `at` on, behind whatever is before "trace " in it; NULL: there is none. */
static const char *next_line(const char **at)
{
	const char *line = strstr(*at, "trace ");

	if (line != NULL) {
		*at = line + strcspn(line, "\n");
	}
	return line;
}

static bool read_who(struct trace *trace, const char *line)
{
	uint32_t object;
	uint32_t kind;
	uint32_t index;
	char name[24];

	if (sscanf(line, "trace who %" SCNu32 " %" SCNu32 " %" SCNu32 " %23[!-~]", &object, &kind, &index, name) != 4 ||
	    object >= TRACE_OBJECTS || kind == 0) {
		return false;
	}
	struct trace_who *who = &trace->who[object];

	who->kind = kind;
	if (kind == (uint32_t)SK_TRACED_KIND_VCPU || index != 0) {
		(void)snprintf(who->name, sizeof(who->name), "%s/%" PRIu32, name, index % 1000u);
	} else {
		(void)snprintf(who->name, sizeof(who->name), "%s", name);
	}
	return true;
}

static bool read_event(struct trace *trace, const char *line)
{
	struct trace_event event = { .order = (uint32_t)trace->count };
	struct sk_trace_record *record = &event.record;

	if (trace->count == EVENTS_MAX ||
	    sscanf(line, "trace %" SCNu32 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64, &event.core, &record->time,
		   &record->token, &record->what, &record->word) != 5 ||
	    event.core >= trace->cores) {
		return false;
	}
	trace->events[trace->count++] = event;
	return true;
}

static int by_time(const void *a, const void *b)
{
	const struct trace_event *x = a;
	const struct trace_event *y = b;

	if (x->record.time != y->record.time) {
		return x->record.time < y->record.time ? -1 : 1;
	}
	return x->order < y->order ? -1 : 1;
}

/* One dump; true if it is whole. */
static bool read_dump(struct trace *trace, const char **at)
{
	const char *line = next_line(at);
	uint32_t total;

	trace->count = 0;
	memset(trace->who, 0, TRACE_OBJECTS * sizeof(trace->who[0]));
	if (line == NULL || sscanf(line, "trace begin %" SCNu32 " %" SCNu64, &trace->cores, &trace->hz) != 2 ||
	    trace->cores > TRACE_CORES || trace->hz == 0) {
		return false;
	}
	for (;;) {
		const char *before = *at;

		line = next_line(at);
		if (line == NULL) {
			return false;
		}
		if (sscanf(line, "trace end %" SCNu32, &total) == 1) {
			return total == trace->count;
		}
		if (strncmp(line, "trace begin ", 12) == 0) {
			*at = before;
			return false; /* another one, before this one ended: the monitor was restarted */
		}
		(void)(read_who(trace, line) || read_event(trace, line));
	}
}

static void *get(size_t count, size_t size)
{
	void *memory = calloc(count, size);

	if (memory == NULL) {
		fatal(TOOL_FAILED, "no memory for a trace of %zu entries", count);
	}
	return memory;
}

void trace_read(struct trace *trace, const char *text, size_t size, const char *source)
{
	char *copy = get(size + 1, 1);
	const char *at = copy;
	const char *begin;
	bool whole = false;

	*trace = (struct trace){ .events = get(EVENTS_MAX, sizeof(struct trace_event)),
				 .who = get(TRACE_OBJECTS, sizeof(struct trace_who)) };
	memcpy(copy, text, size);
	for (size_t i = 0; i < size; i++) {
		copy[i] = copy[i] == '\0' || copy[i] == '\r' ? ' ' : copy[i];
	}
	while ((begin = strstr(at, "trace begin ")) != NULL) {
		at = begin;
		whole = read_dump(trace, &at);
	}
	free(copy);
	if (!whole) {
		fatal(TOOL_BAD_INPUT, "%s: no complete trace; expected what the monitor's `trace-dump` prints, from \"trace "
		      "begin\" to \"trace end\"", source);
	}
	qsort(trace->events, trace->count, sizeof(trace->events[0]), by_time);
}

void trace_name(const struct trace *trace, char name[TRACE_NAME_BYTES], uint32_t object)
{
	if (object < TRACE_OBJECTS && trace->who[object].kind != 0) {
		memcpy(name, trace->who[object].name, TRACE_NAME_BYTES);
	} else {
		(void)snprintf(name, TRACE_NAME_BYTES, "#%" PRIu32, object);
	}
}

uint64_t trace_ns(const struct trace *trace, uint64_t ticks)
{
	uint64_t since = ticks - trace->events[0].record.time;

	return since / trace->hz * NS_PER_S + since % trace->hz * NS_PER_S / trace->hz;
}
