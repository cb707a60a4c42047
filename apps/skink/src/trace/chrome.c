/* A trace in the Trace Event Format, which chrome://tracing and ui.perfetto.dev show. */
#include "walk.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define TIME "%" PRIu64 ".%03" PRIu64
#define TIME_OF(ns) (ns) / 1000u, (ns) % 1000u

static const struct trace *shown;
static struct bytes *json;
static uint64_t arrows;

__attribute__((format(printf, 1, 2))) static void event(const char *format, ...)
{
	char text[512];
	va_list list;

	va_start(list, format);
	(void)vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	bytes_text(json, json->size > 2 ? ",\n{" : "\n{");
	bytes_text(json, text);
	bytes_text(json, "}");
}

/* Track 0 is nobody's in this format. */
static uint32_t track_of(enum trace_group group, uint32_t track)
{
	return group == TRACE_CORES_GROUP ? track + 1 : track;
}

static void slice_event(const struct trace_slice *slice)
{
	char details[160] = "";

	if (slice->caller != NULL) {
		(void)snprintf(details, sizeof(details), ",\"args\":{\"caller\":\"%s\",\"word\":\"0x%" PRIx64 "\"}",
			       slice->caller, slice->word);
	} else if (slice->answered) {
		(void)snprintf(details, sizeof(details),
			       ",\"args\":{\"word\":\"0x%" PRIx64 "\",\"status\":%d,\"answer\":\"0x%" PRIx64 "\"}", slice->word,
			       slice->status, slice->answer);
	}
	event("\"ph\":\"X\",\"pid\":%d,\"tid\":%" PRIu32 ",\"ts\":" TIME ",\"dur\":" TIME ",\"name\":\"%s\"%s",
	      (int)slice->group, track_of(slice->group, slice->track), TIME_OF(slice->from_ns),
	      TIME_OF(slice->to_ns - slice->from_ns), slice->name, details);
}

static void arrow_event(uint32_t caller, uint32_t server, uint64_t ns)
{
	arrows++;
	event("\"ph\":\"s\",\"pid\":%d,\"tid\":%" PRIu32 ",\"ts\":" TIME ",\"id\":%" PRIu64
	      ",\"name\":\"call\",\"cat\":\"call\"",
	      (int)trace_group_of(shown, caller), caller, TIME_OF(ns), arrows);
	event("\"ph\":\"f\",\"bp\":\"e\",\"pid\":%d,\"tid\":%" PRIu32 ",\"ts\":" TIME ",\"id\":%" PRIu64
	      ",\"name\":\"call\",\"cat\":\"call\"",
	      (int)trace_group_of(shown, server), server, TIME_OF(ns), arrows);
}

static void instant_event(uint32_t core, uint64_t ns, uint32_t kind, const char *name, uint64_t word)
{
	(void)kind;
	event("\"ph\":\"i\",\"s\":\"t\",\"pid\":%d,\"tid\":%" PRIu32 ",\"ts\":" TIME
	      ",\"name\":\"%s\",\"args\":{\"word\":\"0x%" PRIx64 "\"}",
	      (int)TRACE_CORES_GROUP, core + 1, TIME_OF(ns), name, word);
}

static void name_tracks(const struct trace *trace)
{
	static const char *const groups[] = {
		[TRACE_CORES_GROUP] = "cores", [TRACE_SERVERS] = "servers", [TRACE_VCPUS] = "vCPUs",
	};

	for (int i = TRACE_CORES_GROUP; i <= TRACE_VCPUS; i++) {
		event("\"ph\":\"M\",\"pid\":%d,\"name\":\"process_name\",\"args\":{\"name\":\"%s\"}", i, groups[i]);
		event("\"ph\":\"M\",\"pid\":%d,\"name\":\"process_sort_index\",\"args\":{\"sort_index\":%d}", i, i);
	}
	for (uint32_t i = 0; i < trace->cores; i++) {
		event("\"ph\":\"M\",\"pid\":%d,\"tid\":%" PRIu32
		      ",\"name\":\"thread_name\",\"args\":{\"name\":\"core %" PRIu32 "\"}",
		      (int)TRACE_CORES_GROUP, i + 1, i);
	}
	for (uint32_t i = 0; i < TRACE_OBJECTS; i++) {
		if (trace->who[i].kind != 0) {
			event("\"ph\":\"M\",\"pid\":%d,\"tid\":%" PRIu32
			      ",\"name\":\"thread_name\",\"args\":{\"name\":\"%s\"}",
			      (int)trace_group_of(trace, i), i, trace->who[i].name);
		}
	}
}

void trace_write_chrome(const struct trace *trace, struct bytes *out)
{
	static const struct trace_sink sink = { slice_event, arrow_event, instant_event };

	shown = trace;
	json = out;
	arrows = 0;
	bytes_text(out, "[");
	name_tracks(trace);
	trace_walk(trace, &sink);
	bytes_text(out, "\n]\n");
}
